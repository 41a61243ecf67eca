"""Rows of a roster: each code with a row that earns it, and a clean row that earns none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.reference import resident_id
from services.training.rules.roster import Cells, Level, name_duplicates, read, read_date

TODAY = date(2026, 11, 23)
NUMBER = resident_id.make("370103", date(1990, 1, 1), 1)  # a man: the sequence is odd
CLEAN = Cells(4, "王样例", NUMBER, "13800000001", "男", "1990-01-01")


def codes(cells: Cells) -> list[str]:
    return [finding.code for finding in read(cells, TODAY).findings]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sex": "", "birth_date": ""},
        {"full_name": " 王 样 例 "},
        {"full_name": "阿卜杜拉·样例"},
        {"full_name": "Anna-Maria Sample"},
        {"phone": "+86 138 0000 0001"},
        {"phone": "１３８００００００００"},
        {"birth_date": "1990年1月1日"},
        {"birth_date": "1990/1/1"},
        {"birth_date": "19900101"},
        {"birth_date": "1990-01-01 00:00:00"},
        {"sex": "M"},
        {"resident_id": f" {NUMBER[:6]} {NUMBER[6:]}\u3000"},
    ],
)
def test_rows_that_are_only_written_differently_are_clean(change: dict[str, str]) -> None:
    assert codes(replace(CLEAN, **change)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"full_name": ""}, "TR-NAME-MISSING"),
        ({"full_name": "王3"}, "TR-NAME-CHARACTERS"),
        ({"full_name": "王"}, "TR-NAME-CHARACTERS"),
        ({"full_name": "王" * 51}, "TR-NAME-CHARACTERS"),
        ({"phone": ""}, "TR-PHONE-MISSING"),
        ({"phone": "12800000001"}, "TR-PHONE-FORMAT"),
        ({"phone": "1380000000"}, "TR-PHONE-FORMAT"),
        ({"resident_id": ""}, "TR-ID-MISSING"),
        ({"resident_id": NUMBER[:-1]}, "TR-ID-LENGTH"),
        ({"resident_id": "A" + NUMBER[1:]}, "TR-ID-CHARACTERS"),
        ({"resident_id": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, "TR-ID-CHECKSUM"),
        ({"resident_id": "370103900101001"}, "TR-ID-FIFTEEN"),
        ({"resident_id": "3.70103199001E+17"}, "TR-ID-EXCEL"),
        ({"resident_id": resident_id.make("370103", date(2030, 1, 1), 1)}, "TR-ID-FUTURE"),
        ({"sex": "女"}, "TR-SEX-MISMATCH"),
        ({"sex": "不详"}, "TR-SEX-UNKNOWN"),
        ({"birth_date": "1990-01-02"}, "TR-BIRTH-MISMATCH"),
        ({"birth_date": "一九九〇"}, "TR-BIRTH-UNREADABLE"),
        ({"birth_date": "1990-02-30"}, "TR-BIRTH-UNREADABLE"),
        ({"full_name": "王" * 201}, "TR-CELL-TOO-LONG"),
    ],
)
def test_each_fault_has_its_code(change: dict[str, str], code: str) -> None:
    assert codes(replace(CLEAN, **change)) == [code]


def test_every_fault_of_a_row_is_found_at_once() -> None:
    spoilt = Cells(4, "", "370103", "1", "女", "x")
    assert codes(spoilt) == ["TR-NAME-MISSING", "TR-PHONE-FORMAT", "TR-ID-LENGTH"]


def test_a_valid_number_that_ends_in_zeros_is_a_warning() -> None:
    rounded = next(
        number
        for number in (
            f"{body}000"
            for body in (
                f"370103{year}0{month}{day:02}0"
                for year in range(1970, 2000)
                for month in range(1, 10)
                for day in range(1, 29)
            )
        )
        if resident_id.make(number[:6], date(int(number[6:10]), int(number[10:12]), int(number[12:14])), 0) == number
    )
    row = read(replace(CLEAN, resident_id=rounded, sex="", birth_date=""), TODAY)
    assert [(finding.code, finding.level) for finding in row.findings] == [("TR-ID-ROUNDED", Level.WARNING)]


def test_the_first_of_equal_rows_counts_and_every_one_names_the_others() -> None:
    rows = [read(replace(CLEAN, row_number=number), TODAY) for number in (4, 9, 12)]
    name_duplicates(rows)
    assert [row.refused for row in rows] == [False, True, True]
    assert [row.findings[0].others for row in rows] == [("row 9", "row 12"), ("row 4", "row 12"), ("row 4", "row 9")]


def test_dates_as_rosters_write_them() -> None:
    assert read_date("1990.1.1") == date(1990, 1, 1)
    assert read_date("199011") is None
