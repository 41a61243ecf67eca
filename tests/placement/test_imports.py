"""Lists of commissioners: what is said of cells, rows and files; every condition has rows on either side."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from liancai.placement.v1 import commissioners_pb2
from liancai.placement.v1 import imports_pb2 as pb

from services import host
from services.placement.rules.listing import CONDITIONS, TITLES
from services.placement.rules.listing.words import AMBIGUOUS, CHOICES
from services.reference import credit_code, resident_id
from services.reference.conditions import Kind
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import (
    COUNTY,
    HOME_UNIT,
    OTHER_UNIT,
    SERVED,
    Desk,
    a_group_row,
    a_row,
)

Mode, Result = pb.ImportCommissionersRequest, pb.CommissionerVerdict
SENTENCES: dict[str, dict[str, str]] = {
    key: value
    for path in (host.HERE / "lookups.toml", host.HERE / "placement/texts.toml")
    for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()
}
NUMBER = resident_id.make("370103", date(1990, 1, 1), 1)
UNIT_WITH_LETTER = HOME_UNIT[:9] + "I" + HOME_UNIT[10:]
LONG = "样" * 101
Rows = tuple[pb.CommissionerRow, ...]


def one(**cells: str) -> Rows:
    return (a_row(**cells),)


def group(**cells: str) -> Rows:
    return (a_group_row(**cells),)


def as_number(**cells: str) -> Rows:
    return (pb.CommissionerRow(**_fields(a_row(**cells)), numeric_columns=["resident_id"]),)


def _fields(row: pb.CommissionerRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field, _ in row.ListFields()}


def _wrong_digit(number: str) -> str:
    return f"{(int(number[0]) + 1) % 10}{number[1:]}"


def _on_no_day() -> str:
    """A number that checks, of somebody born on 31 February."""
    for last in "0123456789X":
        try:
            resident_id.parse(f"37010319900231001{last}", date(2026, 11, 23))
        except resident_id.ResidentIdFault as fault:
            if fault.code == "BIRTH_DATE":
                return f"37010319900231001{last}"
    raise AssertionError("one of the digits fits")


def _other_organisation(code: str) -> str:
    """The code with another organisation's check character, and its own made to fit."""
    for last in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        other = f"{code[:16]}{'0' if code[16] != '0' else '1'}{last}"
        try:
            credit_code.parse(other)
        except credit_code.CreditCodeFault as fault:
            if fault.code == "ORGANISATION":
                return other
    raise AssertionError("one of the characters fits")


# code -> rows of which the first has it, rows of which none has
CELLS: Mapping[str, tuple[Rows, Rows]] = {
    "TR-CELL-TOO-LONG": (one(home_unit_name="样" * 201), one(home_unit_name="样" * 100)),
    "TR-CELL-EXCEL-ERROR": (one(home_unit_name="#REF!"), one(home_unit_name="#REF")),
    "TR-CELL-DITTO": (one(home_unit_name="同上"), one(home_unit_name="同上研究所")),
    "PC-WORD-UNKNOWN": (one(title="教练"), one(title="高级农艺师")),
    "PC-WORD-GRADE": (one(title="高级"), one(title="副高级")),
    "PC-SKILL-UNREADABLE": (one(disciplines="210=2、农学"), one(disciplines="210.30（2级），2103020：1")),
    "PC-PLACE-NAME": (one(division="市中区"), one(division="山东省济南市市中区")),
    "PC-DAYS-UNREADABLE": (one(days_a_year="一个月"), one(days_a_year="４０天")),
    "PC-NUMBER-UNREADABLE": (
        group(kind="团队", leader="张三", phone=""),
        group(kind="团队", leader="20261100001", phone=""),
    ),
    "TR-ID-EXCEL": (as_number(resident_id="370103199001011000"), as_number(resident_id=NUMBER)),
    "TR-NAME-MISSING": (one(full_name=""), one(full_name=" 王 样 例 ")),
    "TR-NAME-CHARACTERS": (one(full_name="王1"), one(full_name="阿卜杜拉·样例")),
    "TR-ID-MISSING": (one(resident_id=""), one(resident_id=NUMBER)),
    "TR-ID-LENGTH": (one(resident_id=NUMBER[:-1]), one(resident_id=f" {NUMBER[:6]} {NUMBER[6:]}")),
    "TR-ID-CHARACTERS": (one(resident_id=NUMBER[:-2] + "?1"), one(resident_id=f"\u200b{NUMBER}")),
    "TR-ID-CHECKSUM": (one(resident_id=_wrong_digit(NUMBER)), one(resident_id=NUMBER)),
    "TR-ID-BIRTH-DATE": (one(resident_id=_on_no_day()), one(resident_id=NUMBER)),
    "TR-ID-FUTURE": (one(resident_id=resident_id.make("370103", date(2030, 1, 1), 1)), one(resident_id=NUMBER)),
    "TR-ID-FIFTEEN": (one(resident_id="370103900101001"), one(resident_id=NUMBER)),
    "TR-PHONE-MISSING": (one(phone=""), one(phone="+86 138 0000 0001")),
    "TR-PHONE-FORMAT": (one(phone="0531-88880000"), one(phone="１３８００００００００")),
    "TR-USCC-MISSING": (one(home_unit_credit_code=""), one()),
    "TR-USCC-LENGTH": (one(home_unit_credit_code=HOME_UNIT[:-1]), one(home_unit_credit_code=HOME_UNIT.lower())),
    "TR-USCC-CHARACTERS": (one(home_unit_credit_code=UNIT_WITH_LETTER), one()),
    "TR-USCC-DIVISION": (one(home_unit_credit_code=HOME_UNIT[:2] + "A" + HOME_UNIT[3:]), one()),
    "TR-USCC-CHECKSUM": (one(home_unit_credit_code=HOME_UNIT[:-1] + ("0" if HOME_UNIT[-1] != "0" else "1")), one()),
    "TR-USCC-ORGANISATION": (one(home_unit_credit_code=_other_organisation(HOME_UNIT)), one()),
    "TR-USCC-EXCEL": (one(home_unit_credit_code="1.23701E+17"), one()),
    "PC-MISSING": (one(home_place=""), one()),
    "PC-CHOICE-MISSING": (one(kind=""), one(kind="自然人")),
    "PC-LENGTH": (one(home_unit_name=LONG), one(home_unit_name=LONG[1:])),
    "PC-CONTROL": (one(home_unit_name="样例\u2028所\u202e"), one(home_unit_name="样例\n所")),
    "PC-RANGE": (one(days_a_year="367"), one(days_a_year="366.0")),
    "PC-TOO-MANY": (
        one(disciplines="、".join(f"2{place:02}=1" for place in range(21))),
        one(disciplines="、".join(f"2{place:02}=1" for place in range(20))),
    ),
    "PC-DIVISION": (one(division="370199"), one(home_place="高唐县鱼邱湖街道")),
    "PC-DISCIPLINE": (one(disciplines="2102=1"), one(disciplines="210.20=1")),
    "PC-DISCIPLINE-TWICE": (one(disciplines="210=1、210=2"), one(disciplines="210=1；21020=2")),
    "PC-SAME-DIVISION": (one(partner_division="济南市市中区"), one(partner_division="高唐县")),
    "PC-NOT-OF-KIND": (one(group_name="样例团队"), one(group_name="/")),
}


def found(answer: pb.ImportCommissionersResponse, place: int = 0) -> list[str]:
    return [each.code for each in answer.verdicts[place].findings]


@pytest.mark.parametrize("code", CELLS)
def test_a_row_that_has_it_and_a_row_that_has_not(county: Desk, code: str) -> None:
    bad, good = CELLS[code]
    checked = county.bring(*bad, mode=Mode.CHECK_ONLY)
    assert code in found(checked)
    assert checked.verdicts[0].result == Result.REFUSED
    assert code not in found(county.bring(*good, mode=Mode.CHECK_ONLY))
    for finding in checked.verdicts[0].findings:
        columns = CONDITIONS[finding.code].columns
        assert finding.field in columns or (columns == ("*",) and finding.field in TITLES)
        for secret in (bad[0].resident_id, bad[0].phone):
            assert len(secret) < 10 or secret not in f"{finding.message}{finding.value}"


def a_team(desk: Desk, **cells: str) -> pb.CommissionerRow:
    people = [desk.apply().name.partition("/")[2] for _ in range(2)]
    return a_group_row(**{"kind": "团队", "phone": "", "leader": people[0], "members": people[1], **cells})


def _twice(desk: Desk) -> tuple[Rows, Rows]:
    team = a_team(desk)
    return (a_group_row(**{**cells_of(team), "members": f"{team.members}、{team.leader}"}),), (team,)


def _of_groups(desk: Desk) -> tuple[Rows, Rows]:
    team = a_team(desk)
    unit = desk.bring(a_group_row()).verdicts[0].commissioner
    return (a_group_row(**{**cells_of(team), "members": unit}),), (team,)


def _unknown_member(desk: Desk) -> tuple[Rows, Rows]:
    team = a_team(desk)
    return (a_group_row(**{**cells_of(team), "leader": "20201100001"}),), (team,)


def _elsewhere(desk: Desk) -> tuple[Rows, Rows]:
    row = a_row()
    desk.bring(row)
    return (a_row(**{**cells_of(row), "home_unit_credit_code": OTHER_UNIT}),), (row,)


def cells_of(row: pb.CommissionerRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in TITLES}


def _same(**cells: str) -> Rows:
    row = a_row()
    return row, a_row(3, **{**cells_of(row), **cells})


def _same_group(**cells: str) -> Rows:
    row = a_group_row()
    return row, a_group_row(3, **{**cells_of(row), **cells})


# the same where it takes the register, or more than one row, to have it
REGISTER: Mapping[str, Callable[[Desk], tuple[Rows, Rows]]] = {
    "PC-MEMBER-TWICE": _twice,
    "PC-NOT-INDIVIDUAL": _of_groups,
    "PC-NO-TEAMMATE": _unknown_member,
    "PC-NOT-YOURS": lambda _: (one(division=SERVED, partner_division=COUNTY), one()),
    "PC-ELSEWHERE": _elsewhere,
    "PC-NOT-QUALIFIED": lambda _: (one(title="助教", education="大专"), one(title="助教", education="本科")),
    "TR-ROW-DUPLICATE": lambda _: (_same()[::-1], (a_row(), a_row(3))),
    "TR-ROW-DUPLICATE-KEPT": lambda _: (_same(), (a_row(), a_row(3))),
    "TR-ROW-DUPLICATE-NAME": lambda _: (_same(full_name="王样例"), _same()),
    "PC-GROUP-DUPLICATE": lambda _: (_same_group()[::-1], (a_group_row(), a_group_row(3))),
    "PC-GROUP-DUPLICATE-KEPT": lambda _: (_same_group(), _same_group(home_unit_credit_code=OTHER_UNIT)),
    "PC-ALREADY": lambda desk: (_applied(desk), one()),
}


def _applied(desk: Desk) -> Rows:
    row = a_row()
    desk.bring(row)
    return (row,)


@pytest.mark.parametrize("code", REGISTER)
def test_what_the_register_and_other_rows_say(county: Desk, code: str) -> None:
    bad, good = REGISTER[code](county)
    rows = sorted(bad, key=lambda row: row.row_number)
    checked = county.bring(*rows, mode=Mode.CHECK_ONLY)
    assert code in found(checked, rows.index(bad[0]))
    clean = county.bring(*good, mode=Mode.CHECK_ONLY)
    assert all(code not in found(clean, place) for place in range(len(good)))


FILES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "TR-FILE-EMPTY": ({"rows": []}, {}),
    "TR-FILE-GAPS": ({"rows": [a_row(2), a_row(5)]}, {"rows": [a_row(2), a_row(3)]}),
    "TR-COLUMN-MISSING": ({"missing_columns": ["title"]}, {"missing_columns": ["shoe"]}),
    "PC-COLUMN-UNKNOWN": ({"unknown_columns": ["鞋码"]}, {"unknown_columns": []}),
    **{
        code: ({"remarks": [Mode.FileRemark(code=code, about="名单")]}, {})
        for code, each in CONDITIONS.items()
        if each.kind is Kind.READER
    },
}


@pytest.mark.parametrize("code", FILES)
def test_what_is_said_of_a_file(county: Desk, code: str) -> None:
    for fields, has in zip(FILES[code], (True, False), strict=True):
        request = pb.ImportCommissionersRequest(
            **{"mode": Mode.CHECK_ONLY, "rows": [a_row()], "request_id": request_id(), **fields}
        )
        answer = county.imports.ImportCommissioners(request)
        assert (code in [each.code for each in answer.summary.findings]) is has


def test_gaps_and_columns_are_named_in_both_languages(county: Desk, new_desk: NewDesk) -> None:
    fields = {"missing_columns": ["title", "home_place"], "unknown_columns": ["鞋码"]}
    rows = [a_row(2), a_row(4), a_row(8)]
    answer = county.bring(*rows, mode=Mode.CHECK_ONLY, **fields)
    said = {each.code: each.message for each in answer.summary.findings}
    assert "职称、出发地" in said["TR-COLUMN-MISSING"]
    assert "鞋码" in said["PC-COLUMN-UNKNOWN"]
    assert "3, 5-7" in said["TR-FILE-GAPS"]


def test_every_condition_has_a_case_on_either_side() -> None:
    """A condition that is added without rows that have it, and rows that have not, fails here."""
    assert {*CELLS, *REGISTER, *FILES} == set(CONDITIONS)


@pytest.mark.parametrize("code", CONDITIONS)
def test_every_condition_says_what_is_wrong_and_what_to_do(code: str) -> None:
    sentences = SENTENCES[code]
    assert re.search(r"[\u4e00-\u9fff]", sentences["zh"])
    assert sentences["zh"].endswith("。")
    assert sentences["en"].endswith(".")
    assert re.fullmatch(r"(TR|PC)(-[A-Z0-9]+)+", code)
    assert CONDITIONS[code].why


def test_the_columns_are_the_fields_of_a_row_and_of_a_commissioner() -> None:
    fields = [field.name for field in pb.CommissionerRow.DESCRIPTOR.fields]
    assert list(TITLES) == [name for name in fields if name not in ("row_number", "numeric_columns")]
    assert set(TITLES) <= set(commissioners_pb2.Commissioner.DESCRIPTOR.fields_by_name)


def test_every_word_means_a_value_of_the_contract() -> None:
    for column, (words, _) in CHOICES.items():
        enum = commissioners_pb2.Commissioner.DESCRIPTOR.fields_by_name[column].enum_type
        assert enum is not None
        assert set(words.values()) - {AMBIGUOUS} <= set(enum.values_by_name)
