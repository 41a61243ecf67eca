from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from services.talent import rules
from services.talent.rules.catalogue_file import load
from services.talent.rules.lint import CODES, Finding, Level, lint, publishable, reachable
from tests.talent.rules.documents import changed

TEXTS = tomllib.loads((Path(rules.__file__).parents[1] / "texts.toml").read_text(encoding="utf-8"))
KNOWN = ("n: null, unit: working_days, basis: unknown", "n: 3, unit: working_days, basis: internal")

# code, what it is about, and the change of the sample that has it
CASES: list[tuple[str, str, tuple[tuple[str, str], ...]]] = [
    ("CT-UNIT-UNKNOWN", "sic", (("unit: hrss", "unit: moon"),)),
    ("CT-BUREAU-UNKNOWN", "first.out", (("side: origin\n  bureau: sic", "side: origin\n  bureau: moon"),)),
    ("CT-MATTER-AFTER", "second", (("after: [first]", "after: [third]"),)),
    ("CT-MATTER-CYCLE", "first", (("pool: city", "after: [second]\npool: city"),)),
    ("CT-SCOPE-POOL", "first", (("pool: city\n", ""),)),
    ("CT-SCOPE-SKIPS", "first", (("skips: [money], source: 省内", "skips: [monkey], source: 省内"),)),
    ("CT-STEP-OWNER", "first.out", (("side: origin\n  bureau: sic", "side: origin"),)),
    ("CT-STEP-AFTER", "first.side_track", (("after: [check]", "after: [check, nothing]"),)),
    ("CT-STEP-CYCLE", "first.out", (("side: origin\n  bureau: sic", "side: origin\n  bureau: sic\n  after: [money]"),)),
    (
        "CT-STEP-UNREACHABLE",
        "first.money",
        (("same_province: {skips: [money]", "cross_province: {skips: [money]}\n  same_province: {skips: [money]"),),
    ),
    ("CT-STEP-RESULT", "first.out", (("  result: [{key: sheet, title: {zh: 信息表, en: Sheet}}]\n", ""),)),
    (
        "CT-OUTCOME-ONE",
        "first.check",
        (
            ("  - {key: needless, title: {zh: 无需, en: Needless}, ends: not_required}\n", ""),
            ("  - {key: moneyless, title: {zh: 无需划款, en: Without money}, skips: [money]}\n", ""),
        ),
    ),
    (
        "CT-OUTCOME-SKIPS",
        "first.check",
        (("en: Without money}, skips: [money]", "en: Without money}, skips: [check]"),),
    ),
    (
        "CT-LIMIT-BASIS",
        "first.out",
        (("n: 10, unit: working_days, basis: policy, source: 文件1", "n: 10, unit: working_days"),),
    ),
    ("CT-LIMIT-SOURCE", "first.check", (("basis: law, source: 法1", "basis: law"),)),
    (
        "CT-LIMIT-CLAIMED",
        "second.seat",
        (("n: 3, unit: working_days, basis: internal", "n: null, unit: working_days, basis: law, source: 法9"),),
    ),
    (
        "CT-LIMIT-UNKNOWN",
        "second.seat",
        (
            ("basis: internal", "basis: unknown"),
            ("n: 3, unit: working_days, basis", "n: null, unit: working_days, basis"),
        ),
    ),
    (
        "CT-EXTENSION",
        "first.in",
        (("n: 15, unit: days, basis: law, source: 法3", "n: null, unit: days, basis: unknown"),),
    ),
    ("CT-PROMISE-OVER", "first.check", (('division: "371526", n: 3', 'division: "371526", n: 6'),)),
    (
        "CT-PROMISE-OVER",
        "first.side_track",
        (("variants: {city: 3}}", 'variants: {city: 3}}\n  promises: [{division: "*", n: 5, source: 承诺}]'),),
    ),
    (
        "CT-PROMISE-UNBOUND",
        "first.check",
        (("n: 5, unit: working_days, basis: law, source: 法1", "n: null, unit: working_days, basis: internal"),),
    ),
    ("CT-TOTAL-SHORT", "first", (("total: {n: 20", "total: {n: 9"),)),
    (
        "CT-DOCUMENT-NONE",
        "second.seat",
        (("rank: guardianship", "rank: guardianship, needed: finish"),),
    ),
    ("CT-DOCUMENT-GUARDIAN", "second", (("rank: guardianship", "rank: main"),)),
    ("CT-DOCUMENT-NEVER", "first.check", (("rank: identity", "rank: identity, deferrable: true, source: 想当然"),)),
    (
        "CT-DOCUMENT-NEVER",
        "second.seat",
        (("rank: guardianship", "rank: guardianship, deferrable: true, source: 想当然"),),
    ),
    ("CT-DOCUMENT-MAIN", "first.check", (("rank: secondary, deferrable: true", "rank: main, deferrable: true"),)),
    ("CT-DOCUMENT-SOURCE", "first.check", (("deferrable: true, source: 容缺清单", "deferrable: true"),)),
    ("CT-DOCUMENT-RULE", "first.check", (("deferrable: true, source: 容缺清单", "deferrable: null"),)),
    ("CT-SUSPENSION-SOURCE", "first.check", (("- {kind: expert, source: 行政许可法45}", "- {kind: expert}"),)),
    ("CT-SUSPENSION-WINDOW", "first.check", (("[supplement, expert]", "[supplement, window]"),)),
    ("CT-WINDOW-HALF", "second", (("opens: 07-01", "opens: null"),)),
    ("CT-WINDOW-CONFIRMED", "second", (("opens: 07-01, closes: 08-31", "opens: null, closes: null"),)),
    ("CT-WINDOW-UNKNOWN", "second", (("opens: 12-15, closes: 01-15", "opens: null, closes: null"),)),
]


def findings(*pairs: tuple[str, str]) -> tuple[Finding, ...]:
    return lint(changed(KNOWN, *pairs))


def test_a_sound_catalogue_has_no_finding() -> None:
    assert findings() == ()
    assert publishable(())


@pytest.mark.parametrize(("code", "about", "pairs"), CASES, ids=[f"{code}-{about}" for code, about, _ in CASES])
def test_a_finding(code: str, about: str, pairs: tuple[tuple[str, str], ...]) -> None:
    found = [finding for finding in findings(*pairs) if finding.code == code]
    assert [finding.about for finding in found] == [about]
    assert found[0].level is CODES[code]
    assert publishable(tuple(found)) is (CODES[code] is Level.WARNING)


def test_a_matter_without_steps() -> None:
    empty = (
        "catalogue: x\nversion: 1.0.0\ntitle: x\nbureaus: []\n---\nmatter: m\ntitle: m\napplicant: person\nsteps: []\n"
    )
    assert [finding.code for finding in lint(load(("x", empty)))] == ["CT-MATTER-EMPTY"]


def test_every_code_has_a_case() -> None:
    assert {code for code, _, _ in CASES} | {"CT-MATTER-EMPTY"} == CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_that_its_facts_fill(code: str) -> None:
    pairs = next((pairs for known, _, pairs in CASES if known == code), None)
    facts = {"about": "x"}
    if pairs is not None:
        facts |= next(dict(finding.values) for finding in findings(*pairs) if finding.code == code)
    for language in ("zh", "en"):
        assert TEXTS[code][language].format(**facts)


def test_a_finding_says_where() -> None:
    (finding,) = findings(("basis: law, source: 法1", "basis: law"))
    assert finding.place == "sample.yaml:21"
    assert dict(finding.values) == {"basis": "LAW"}


def test_all_findings_at_once() -> None:
    found = findings(
        ("unit: hrss", "unit: moon"),
        ("basis: law, source: 法1", "basis: law"),
        ("after: [first]", "after: [third]"),
        ("rank: guardianship", "rank: main"),
    )
    assert [finding.code for finding in found] == [
        "CT-UNIT-UNKNOWN",
        "CT-MATTER-AFTER",
        "CT-LIMIT-SOURCE",
        "CT-DOCUMENT-GUARDIAN",
    ]


def test_what_can_be_reached() -> None:
    every = {"check", "out", "money", "side_track", "in"}
    assert reachable(changed().matter("first")) == every
    ends = (
        "- {key: needed, title: {zh: 需要, en: Needed}}",
        "- {key: needed, title: {zh: 需要, en: Needed}, ends: refused}",
    )
    other = ("en: Without money}, skips: [money]", "en: Without money}, ends: refused")
    assert reachable(changed(ends, other).matter("first")) == {"check"}
    skips = (
        "- {key: needed, title: {zh: 需要, en: Needed}}",
        "- {key: needed, title: {zh: 需要, en: Needed}, skips: [money]}",
    )
    assert reachable(changed(skips).matter("first")) == every - {"money"}
    nowhere = (
        "same_province: {skips: [money], source: 省内}",
        "same_province: not_required\n  cross_province: not_required",
    )
    assert reachable(changed(nowhere).matter("first")) == set()
