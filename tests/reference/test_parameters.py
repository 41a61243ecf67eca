from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference.divisions import DivisionFault
from services.reference.parameters import (
    EVERYWHERE,
    Confidence,
    Effect,
    FileFaults,
    Pack,
    Parameter,
    ParameterUnknown,
    Title,
)

PACK = """\
pack: training
version: 2025-03-01
title: {zh: 订单式培训参数, en: Order-type training}
parameters:
- {key: class.max_size, value: 50, unit: persons, division: "*", effective_from: 2020-01-01,
   effective_to: 2024-12-31, source: 通行做法, confidence: unconfirmed, note: ask both bureaus}
- {key: class.max_size, value: 45, unit: persons, division: "*",
   effective_from: 2025-01-01, source: 通知, confidence: confirmed}
- {key: class.max_size, value: 40, unit: persons, division: 370000,
   effective_from: 2025-01-01, source: 省, confidence: confirmed}
- {key: class.max_size, value: 35, unit: persons, division: "370100",
   effective_from: 2025-01-01, effective_to: 2025-06-30,
   source: 市, confidence: confirmed}
- {key: attendance.min, value: 0.80, unit: share, division: "*",
   effective_from: 2025-01-01, source: 通行, confidence: unconfirmed}
- {key: subsidy.rate, value: null, unit: fen, division: "370103",
   effective_from: 2025-01-01, source: 待定, confidence: unconfirmed}
- {key: hours.min, value: {5: 40, 4: 56}, unit: hours, division: "*",
   effective_from: 2025-01-01, source: 样本, confidence: unconfirmed}
- {key: tranches, value: [0.7, {on: hired, pct: 0.3}], unit: share, division: "*",
   effective_from: 2025-01-01, source: 样本, confidence: unconfirmed}
- {key: overlap.strict, value: true, unit: flag, division: "*",
   effective_from: 2025-01-01, source: 内部, confidence: confirmed}
- {key: repeat.window, value: lifetime, unit: window, division: "*",
   effective_from: 2025-01-01, source: 通知, confidence: unconfirmed}
rules:
- {key: YEAR_CAP, code: TR-YEAR-CAP, effect: block, parameters: [class.max_size],
   source: 鲁人社字〔2022〕72号, confidence: confirmed,
   effective_from: 2022-01-01, effective_to: 2025-12-31, title: {zh: 年度次数, en: Yearly cap}}
- {key: YEAR_CAP, code: TR-YEAR-CAP, effect: warn, division: "371526", source: 县,
   confidence: unconfirmed, effective_from: 2025-01-01, title: {zh: 年度次数, en: Yearly cap}}
- {key: AGE_MAX, code: TR-AGE-MAX, effect: note, source: 济南, confidence: unconfirmed,
   effective_from: 2025-01-01, title: 年龄上限}
"""
DAY = date(2025, 3, 1)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Pack.load(PACK)


def line_of(text: str, fragment: str) -> int:
    return text[: text.index(fragment)].count("\n") + 1


def faults_of(text: str) -> list[str]:
    with pytest.raises(FileFaults) as caught:
        Pack.load(text)
    return [str(fault) for fault in caught.value.faults]


def test_the_header(pack: Pack) -> None:
    assert (pack.name, pack.version) == ("training", "2025-03-01")
    assert pack.title == Title("订单式培训参数", "Order-type training")
    assert (len(pack.parameters), len(pack.rules)) == (10, 3)


@pytest.mark.parametrize(
    ("division", "on", "value"),
    [
        (EVERYWHERE, date(2024, 12, 31), 50),
        (EVERYWHERE, date(2025, 1, 1), 45),
        ("110101", DAY, 45),
        ("371526", DAY, 40),
        ("370000", DAY, 40),
        ("370103", DAY, 35),
        ("370103002", DAY, 35),
        ("370103", date(2025, 6, 30), 35),
        ("370103", date(2025, 7, 1), 40),
        ("370103", date(2024, 6, 1), 50),
    ],
)
def test_the_most_specific_entry_in_force_wins(pack: Pack, division: str, on: date, value: int) -> None:
    assert pack.value("class.max_size", division, on).integer() == value


def test_an_entry_says_where_it_comes_from(pack: Pack) -> None:
    entry = pack.value("class.max_size", "370103", date(2024, 1, 1))
    assert entry == Parameter(
        key="class.max_size",
        value=50,
        unit="persons",
        division=EVERYWHERE,
        effective_from=date(2020, 1, 1),
        effective_to=date(2024, 12, 31),
        source="通行做法",
        confidence=Confidence.UNCONFIRMED,
        note="ask both bureaus",
    )


@pytest.mark.parametrize(
    ("key", "division", "on"),
    [
        ("class.max_size", EVERYWHERE, date(2019, 12, 31)),
        ("subsidy.rate", "371526", DAY),
        ("subsidy.rate", EVERYWHERE, DAY),
        ("no.such", "370103", DAY),
    ],
)
def test_what_nobody_laid_down_is_refused(pack: Pack, key: str, division: str, on: date) -> None:
    with pytest.raises(ParameterUnknown) as caught:
        pack.value(key, division, on)
    assert (caught.value.key, caught.value.division, caught.value.on) == (key, division, on)


def test_a_damaged_division_is_refused_even_where_everywhere_would_do(pack: Pack) -> None:
    with pytest.raises(DivisionFault):
        pack.value("attendance.min", "37010", DAY)
    with pytest.raises(DivisionFault):
        pack.rules_on(DAY, "")


def test_values_keep_their_type_and_their_digits(pack: Pack) -> None:
    def value(key: str) -> Parameter:
        return pack.value(key, "370103", DAY)

    assert str(value("attendance.min").decimal()) == "0.80"
    assert value("class.max_size").decimal() == Decimal(35)
    assert value("overlap.strict").flag() is True
    assert value("repeat.window").text() == "lifetime"
    assert value("hours.min").value == {"5": 40, "4": 56}
    assert value("tranches").value == (Decimal("0.7"), {"on": "hired", "pct": Decimal("0.3")})
    unknown = value("subsidy.rate")
    assert [unknown.integer(), unknown.decimal(), unknown.text(), unknown.flag()] == [None] * 4


def test_a_value_of_another_type_is_refused(pack: Pack) -> None:
    def value(key: str) -> Parameter:
        return pack.value(key, "370103", DAY)

    for ask in (
        value("attendance.min").integer,
        value("overlap.strict").integer,
        value("overlap.strict").decimal,
        value("repeat.window").decimal,
        value("class.max_size").text,
        value("class.max_size").flag,
    ):
        with pytest.raises(TypeError, match="is n"):
            ask()


def test_rules_in_force(pack: Pack) -> None:
    here = pack.rules_on(DAY, "370103")
    assert [(r.key, r.effect, r.parameters) for r in here] == [
        ("YEAR_CAP", Effect.BLOCK, ("class.max_size",)),
        ("AGE_MAX", Effect.NOTE, ()),
    ]
    assert here[1].title == Title("年龄上限", "年龄上限")
    assert [r.effect for r in pack.rules_on(DAY, "371526")] == [Effect.WARN, Effect.NOTE]
    assert [r.key for r in pack.rules_on(date(2022, 1, 1), "370103")] == ["YEAR_CAP"]
    assert [r.key for r in pack.rules_on(date(2026, 1, 1), "370103")] == ["AGE_MAX"]
    assert pack.rules_on(date(2021, 12, 31), "370103") == ()


def test_the_fingerprint_follows_the_content(pack: Pack, tmp_path: Path) -> None:
    assert pack.fingerprint.startswith("training@2025-03-01+")
    assert len(pack.fingerprint.rpartition("+")[2]) == 12
    file = tmp_path / "training.yaml"
    file.write_bytes(PACK.replace("\n", "\r\n").encode())
    assert Pack.load(file).fingerprint == pack.fingerprint
    assert Pack.load(PACK.replace("value: 45", "value: 46")).fingerprint != pack.fingerprint


def test_every_fault_is_reported_with_its_place(tmp_path: Path) -> None:
    bad = (
        PACK.replace("version: 2025-03-01", "version: latest")
        .replace("value: 45", "valeu: 45")
        .replace('division: "370100"', 'division: "370199"')
        .replace("effective_to: 2025-12-31", "effective_to: 2021-02-29")
        .replace("code: TR-AGE-MAX", "code: TR-YEAR-CAP")
    )
    file = tmp_path / "bad.yaml"
    file.write_text(bad, encoding="utf-8")
    with pytest.raises(FileFaults) as caught:
        Pack.load(file)
    found = [(f.where, f.line, f.message.split(":")[0].split(";")[0]) for f in caught.value.faults]
    assert found == [
        ("bad.yaml", line_of(bad, "latest"), "version"),
        ("bad.yaml", line_of(bad, "valeu"), "field value is missing"),
        ("bad.yaml", line_of(bad, "valeu"), "unknown field"),
        ("bad.yaml", line_of(bad, "370199"), "division"),
        ("bad.yaml", line_of(bad, "2021-02-29"), "effective_to"),
        ("bad.yaml", line_of(bad, "{key: AGE_MAX"), "code TR-YEAR-CAP already belongs to rule YEAR_CAP"),
    ]
    assert str(caught.value).count("\n") == 5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 45", "value: null", "a value nobody knows (null) cannot be confirmed"),
        ("value: 45", "value: .inf", "want a plain decimal number"),
        ("value: 45", "value: 1:30", "want a plain decimal number"),
        ("value: {5: 40, 4: 56}", "value: {5: 40, 5: 56}", "5 is given twice"),
        ("unit: flag", 'unit: ""', "unit: want a text"),
        ("unit: flag", "unit: [flag]", "unit: want a text"),
        ("unit: flag", "unit: flag, unit: flag", "field unit is given twice"),
        (
            "confidence: confirmed}\n- {key: repeat",
            "confidence: maybe}\n- {key: repeat",
            "want confirmed or unconfirmed",
        ),
        ("effect: note", "effect: shout", "want block or warn or note"),
        ("effective_to: 2025-06-30", "effective_to: 2024-06-30", "effective_to is before effective_from"),
        ("effective_to: 2025-06-30", "effective_to: soon", "want a date YYYY-MM-DD"),
        ("effective_to: 2025-06-30", "effective_to: 2025-W01-1", "want a date YYYY-MM-DD"),
        (
            "parameters: [class.max_size]",
            "parameters: [class.min_size]",
            "class.min_size is no parameter of this pack",
        ),
        ("parameters: [class.max_size]", "parameters: class.max_size", "parameters: want a list"),
        ("key: AGE_MAX", "key: age max", "want a rule key"),
        ("title: 年龄上限", "title: {zh: 年龄上限}", "want a text, or {zh: ..., en: ...}"),
        ("pack: training", "pack: Training!", "want a name"),
        (
            "effective_to: 2024-12-31",
            "effective_to: 2025-01-01",
            f"overlaps in time with the entry of line {line_of(PACK, 'value: 50')}",
        ),
        (
            'division: "371526"',
            'division: "*"',
            f"YEAR_CAP for * overlaps in time with the entry of line {line_of(PACK, '{key: YEAR_CAP')}",
        ),
        ("- {key: AGE_MAX", "- AGE_MAX\n- {key: AGE_MAX", "an entry is a mapping"),
    ],
)
def test_each_fault(old: str, new: str, message: str) -> None:
    assert old in PACK
    faults = faults_of(PACK.replace(old, new, 1))
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text"])
def test_what_is_no_pack(text: str) -> None:
    assert faults_of(text) == ["<text>:1:1: a pack is a mapping of pack, version, title, parameters and rules"]


@pytest.mark.parametrize("text", ["pack: [\n", "pack: a\n\tversion: 1", "pack: \x00"])
def test_what_is_no_yaml(text: str) -> None:
    [fault] = faults_of(text)
    assert "not YAML" in fault


@given(st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), min_size=2, max_size=6, unique=True), st.data())
def test_on_each_day_the_span_that_holds_it_answers(starts: list[date], data: st.DataObject) -> None:
    starts.sort()
    ends = [later - timedelta(days=1) for later in starts[1:]]
    entries = "".join(
        f'- {{key: n, value: {i}, unit: wd, division: "*", effective_from: {start}, effective_to: {end},'
        " source: s, confidence: confirmed}\n"
        for i, (start, end) in enumerate(zip(starts[:-1], ends, strict=True))
    )
    pack = Pack.load(f"pack: p\nversion: 1.0.0\ntitle: t\nparameters:\n{entries}")
    day = data.draw(st.dates(starts[0], ends[-1]))
    expected = sum(start <= day for start in starts[:-1]) - 1
    assert pack.value("n", "370103", day).integer() == expected
