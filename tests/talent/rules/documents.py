"""A small catalogue document that tests change a line of."""

from __future__ import annotations

from services.talent.rules.catalogue import Catalogue
from services.talent.rules.catalogue_file import load

HEAD = """\
catalogue: sample
version: 1.0.0
title: {zh: 样例目录, en: Sample}
bureaus:
- {key: sic, title: {zh: 社保经办, en: Agency}, unit: hrss}
- {key: edu, title: {zh: 教育局, en: Education}, unit: edu}
suspensions:
- {kind: supplement, source: 行政许可法32}
- {kind: expert, source: 行政许可法45}
- {kind: window, source: 招生通知}
"""
FIRST = """\
---
matter: first
title: {zh: 甲事项, en: First}
applicant: person
pool: city
scopes:
  same_pool: not_required
  same_province: {skips: [money], source: 省内}
total: {n: 20, unit: working_days, basis: policy, source: 文件1}
steps:
- step: check
  title: {zh: 核对, en: Check}
  side: destination
  bureau: sic
  limit: {n: 5, unit: working_days, basis: law, source: 法1}
  promises: [{division: "371526", n: 3, source: 承诺}]
  suspensions: [supplement, expert]
  documents:
  - {key: identity, title: {zh: 身份证, en: Identity card}, rank: identity}
  - {key: extra, title: {zh: 附件, en: Annex}, rank: secondary, deferrable: true, source: 容缺清单}
  outcomes:
  - {key: needed, title: {zh: 需要, en: Needed}}
  - {key: needless, title: {zh: 无需, en: Needless}, ends: not_required}
  - {key: moneyless, title: {zh: 无需划款, en: Without money}, skips: [money]}
  result: [{key: verdict, title: {zh: 结果, en: Verdict}}]
- step: out
  title: {zh: 转出, en: Out}
  side: origin
  bureau: sic
  limit: {n: 10, unit: working_days, basis: policy, source: 文件1}
  result: [{key: sheet, title: {zh: 信息表, en: Sheet}}]
- step: money
  title: {zh: 划款, en: Money}
  side: origin
  bureau: sic
  limit: {n: 1, unit: months, basis: sample, source: 外地}
  result: [{key: voucher, title: {zh: 凭证, en: Voucher}}]
- step: side_track
  title: {zh: 并行, en: Beside}
  side: applicant
  after: [check]
  limit: {n: 10, unit: days, basis: law, source: 法2, variants: {city: 3}}
  starts_on: {zh: 到达之日, en: Arrival}
  result: [{key: came, title: {zh: 到达, en: Arrived}, type: date}]
- step: in
  title: {zh: 转入, en: In}
  side: destination
  bureau: sic
  after: [money, side_track]
  limit: {n: 15, unit: days, basis: law, source: 法3, extension: {n: 15, source: 法3}}
  result: [{key: months, title: {zh: 月数, en: Months}, type: integer, required: false}]
"""
SECOND = """\
---
matter: second
title: {zh: 乙事项, en: Second}
applicant: guardian
after: [first]
windows:
- {division: "*", opens: 07-01, closes: 08-31, source: 通知, confidence: confirmed}
- {division: "371526", opens: 12-15, closes: 01-15, usual: 寒假, source: 通知, confidence: unconfirmed}
steps:
- step: seat
  title: {zh: 学位, en: Seat}
  side: destination
  bureau: edu
  limit: {n: null, unit: working_days, basis: unknown}
  suspensions: [supplement, window]
  documents:
  - {key: guardianship, title: {zh: 监护关系证明, en: Guardianship}, rank: guardianship}
  result: [{key: letter, title: {zh: 通知, en: Letter}}]
"""
DOCUMENT = HEAD + FIRST + SECOND


def changed(*pairs: tuple[str, str]) -> Catalogue:
    """The document with each text replaced by another, once."""
    return load(("sample.yaml", text(*pairs)))


def text(*pairs: tuple[str, str]) -> str:
    document = DOCUMENT
    for before, after in pairs:
        assert before in document, before
        document = document.replace(before, after, 1)
    return document
