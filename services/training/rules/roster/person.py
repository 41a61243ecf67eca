"""民族、文化程度、政治面貌, 签名和备注: what else a roster tells of somebody."""

from __future__ import annotations

import re

from services.reference import codelists
from services.reference.codelists import Entry
from services.reference.conditions import Condition
from services.reference.resident_id import age_on
from services.training.rules.roster import conditions as c
from services.training.rules.roster.draft import Draft

COLUMNS = frozenset({"ethnicity", "education", "political_status", "signed", "remark"})

_ETHNICITIES = codelists.spellings("ethnicity")
_LEAGUE = "03"
_GONE = re.compile(r"退学|退出|退班|放弃|不参加|不来|未参加|取消报名|已取消|作废|除名|不培训")
_PERSONAL = re.compile(r"\d{17}[\dXx]|(?<!\d)1[3-9]\d{9}(?!\d)|\d{16,19}")
_SENSITIVE = re.compile(r"残疾|刑满|服刑|戒毒|吸毒|社区矫正|精神|艾滋|乙肝|疾病|病史")


def check(draft: Draft) -> None:
    """民族, 文化程度 and 政治面貌."""
    cells = draft.cells
    if "ethnicity" in cells and cells["ethnicity"] not in _ETHNICITIES:
        listed(draft, "ethnicity", c.ETHNICITY_UNKNOWN)
    if "education" in cells:
        draft.education = listed(draft, "education", c.EDUCATION_UNKNOWN)
    if "political_status" in cells:
        _politics(draft)
    if draft.education is not None and draft.number is not None and draft.education.youngest is not None:
        age = age_on(draft.number.birth, draft.about.today)
        if age < draft.education.youngest:
            draft.wrong(c.EDUCATION_AGE, education=draft.education.name, age=age)
    if "signed" in cells:
        _signed(draft)
    if "remark" in cells:
        _remark(draft)


def listed(draft: Draft, column: str, unknown: Condition) -> Entry | None:
    """The line of the column's code list that its cell means, None with a finding when it means none."""
    text = draft.text(column)
    if not text:
        return None
    entry = codelists.find(column, text)
    if entry is None:
        draft.wrong(unknown, column, text)
    return entry


def _politics(draft: Draft) -> None:
    entry = listed(draft, "political_status", c.POLITICS_UNKNOWN)
    if entry is None or draft.number is None:
        return
    age = age_on(draft.number.birth, draft.about.today)
    if entry.youngest is not None and age < entry.youngest:
        draft.wrong(c.POLITICS_AGE, status=entry.name, age=age)
    elif entry.oldest is not None and age > entry.oldest and entry.code == _LEAGUE:
        draft.wrong(c.POLITICS_LEAGUE_AGE, age=age)


def _signed(draft: Draft) -> None:
    raw = draft.cells["signed"].strip()
    entry = codelists.find("signed", raw)
    if entry is not None:
        if entry.code == "NO":
            draft.wrong(c.SIGNED_NO)
        return
    text = draft.text("signed")
    # a signature is the name itself
    if text and text.replace(" ", "") != draft.full_name:
        draft.wrong(c.SIGNED_UNKNOWN, value=text)


def _remark(draft: Draft) -> None:
    text = draft.text("remark")
    if not text:
        return
    if _GONE.search(text):
        draft.wrong(c.REMARK_WITHDRAWN)
    if _PERSONAL.search(text):
        draft.wrong(c.REMARK_PERSONAL)
    if _SENSITIVE.search(text):
        draft.wrong(c.REMARK_SENSITIVE)
