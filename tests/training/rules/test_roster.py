"""Rows of a roster: what is only written differently is taken, and everything wrong is found at once."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import resident_id
from services.reference.conditions import Level
from services.training.rules.roster import TITLES, About, Row, Rows, normalise_name, normalise_phone, read, read_date
from services.training.rules.roster.bank import luhn
from services.training.rules.roster.conditions import CONDITIONS
from tests.training.rules.roster_samples import compared

TODAY = date(2026, 11, 23)
ABOUT = About(TODAY)
NUMBER = resident_id.make("370103", date(1990, 1, 1), 1)  # a man: the sequence is odd
CLEAN = {"full_name": "王样例", "resident_id": NUMBER, "phone": "13800000001", "sex": "男", "birth_date": "1990-01-01"}


def row_of(change: dict[str, str], row_number: int = 4) -> Row:
    return read(row_number, {key: text for key, text in {**CLEAN, **change}.items() if text}, (), ABOUT)


def codes(row: Row) -> list[str]:
    return [finding.code for finding in row.findings]


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        ({}, []),
        ({"sex": "", "birth_date": ""}, []),
        ({"full_name": " 王 样 例 "}, []),
        ({"full_name": "阿卜杜拉·样例"}, []),
        ({"phone": "+86 138 0000 0001"}, []),
        ({"phone": "１３８００００００００"}, []),
        ({"phone": "138-0000-0001"}, []),
        ({"birth_date": "1990年1月1日"}, []),
        ({"birth_date": "1990/1/1"}, []),
        ({"birth_date": "19900101"}, []),
        ({"birth_date": "1990-01-01 00:00:00"}, []),
        ({"sex": "M"}, []),
        ({"resident_id": f" {NUMBER[:6]} {NUMBER[6:]}\u3000"}, ["TR-ID-SPACES"]),
        ({"resident_id": f"\u200b{NUMBER}"}, ["TR-CELL-INVISIBLE"]),
    ],
)
def test_rows_that_are_only_written_differently_are_taken(change: dict[str, str], notes: list[str]) -> None:
    row = row_of(change)
    assert codes(row) == notes
    assert {finding.level for finding in row.findings} <= {Level.NOTE}
    assert (row.full_name[:1], row.number and row.number.number) in (("王", NUMBER), ("阿", NUMBER))
    assert len(row.phone) == 11


def test_every_fault_of_a_row_is_found_at_once() -> None:
    spoilt = row_of({"full_name": "", "resident_id": "370103", "phone": "1", "sex": "女", "birth_date": "x"})
    assert codes(spoilt) == ["TR-NAME-MISSING", "TR-ID-LENGTH", "TR-PHONE-FORMAT", "TR-BIRTH-UNREADABLE"]


def test_the_first_of_equal_rows_counts_and_every_one_names_the_others() -> None:
    rows = compared([row_of({}, number) for number in (4, 9, 12)])
    assert [row.refused for row in rows] == [False, True, True]
    assert [row.findings[0].others for row in rows] == [("row 9", "row 12"), ("row 4", "row 12"), ("row 4", "row 9")]


def test_a_phone_of_many_is_named_with_all_of_them() -> None:
    rows = [
        row_of(
            {"full_name": f"王样{name}", "resident_id": resident_id.make("370103", date(1990, 1, 1 + place), 1)}, place
        )
        for place, name in enumerate("甲乙丙丁")
    ]
    for row in rows:
        row.findings = ()
    rows = compared(rows)
    assert [codes(row) for row in rows] == [["TR-PHONE-SHARED"]] * 4
    assert rows[1].findings[0].others == ("row 0", "row 2", "row 3")
    assert rows[1].findings[0].values == {"rows": "0, 2, 3"}


def test_a_row_that_is_kept_small_is_the_row_that_was_read() -> None:
    change = {
        "category": "RUR",
        "proof_kind": "村委会证明",
        "proof_number": "A-1",
        "email": "a@sample.cn",
        "signed": "王样例",
    }
    clean, noted, odd = row_of(change, 4), row_of({**change, "phone": "1"}, 7), row_of({"signed": "王\x1f样例"}, 9)
    clean.findings = odd.findings = ()
    rows = Rows([clean, noted, odd])
    assert list(rows) == rows.part(0, 9) == [clean, noted, odd]
    assert clean.extra
    assert list(rows.numbers()) == [4, 7, 9]
    assert list(rows.noted()) == [noted]
    assert [place for place, *_ in rows.people()] == [0, 1, 2]
    assert dict(rows.extras())[0] == dict(clean.extra)
    rows.held(0).add(noted.findings[0])
    assert codes(rows.part(0, 1)[0]) == ["TR-PHONE-FORMAT"]


def test_what_is_masked_shows_no_person() -> None:
    for column in TITLES:
        for text in (NUMBER, "13800000001", "王样例王样例", "1990-01-01", "6222020000000070003"):
            for finding in read(4, {**CLEAN, column: text}, (), ABOUT).findings:
                assert text not in finding.value
                assert all(text not in each for each in finding.values.values())


def test_dates_as_rosters_write_them() -> None:
    assert read_date("1990.1.1") == date(1990, 1, 1)
    assert read_date("32874") == date(1990, 1, 1)
    assert read_date("199011") is None
    assert read_date("1990-01") is None
    assert read_date("9999999") is None


def test_names_and_phones_are_written_one_way() -> None:
    assert normalise_name("阿卜杜拉•样例\u200b") == "阿卜杜拉·样例"
    assert normalise_name(" Anna-Maria  Ｓample ") == "Anna-Maria Sample"
    assert normalise_phone("0086-138 0000 0001") == "13800000001"
    assert normalise_phone("8613800000001") == "13800000001"
    assert normalise_phone("86138") == "86138"


def test_the_check_digit_of_cards() -> None:
    assert luhn("6222020000000070003")
    assert not luhn("6222020000000070004")
    assert luhn("4111111111111111")


@given(st.dictionaries(st.sampled_from(sorted(TITLES)), st.text(max_size=210), max_size=8))
def test_no_text_makes_the_reader_fail(cells: dict[str, str]) -> None:
    filled = {column: text for column, text in cells.items() if text}
    row = read(4, filled, frozenset(cells), ABOUT)
    assert all(finding.code in CONDITIONS for finding in row.findings)
    if row.number is None:
        assert row.refused
    compared([row, row_of({}, 5)])


@given(st.text(max_size=60))
def test_a_name_that_is_read_again_is_the_same(text: str) -> None:
    once = normalise_name(text)
    assert normalise_name(once) == once
    assert unicodedata.normalize("NFKC", once) == once or not once.isascii()
