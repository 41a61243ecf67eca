"""One row of a register of another bureau."""

from __future__ import annotations

from datetime import date

import pytest

from services.reference import resident_id
from services.training.rules.register import Entry, Kind, Line, read

TODAY = date(2026, 11, 23)
NUMBER = resident_id.make("371526", date(1960, 3, 4), 21)


def codes(kind: Kind = Kind.PENSION, **cells: str | int) -> list[str]:
    """What is wrong with a row that is good but for these cells."""
    values: dict[str, str | int] = {
        "resident_id": NUMBER, "since": "2020-04-01", "until": "", "occupation_code": "", "certificate_level": 0,
    }  # fmt: skip
    found = read(Line(**{**values, **cells}), kind, TODAY)  # type: ignore[arg-type]
    return [] if isinstance(found, Entry) else [each.code for each in found]


def test_a_good_row_is_read_as_spreadsheets_write_it() -> None:
    full_width = NUMBER.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    line = Line(f" {full_width}\u3000", "2020/4/1", "20261231", " 6-31-01-03 ", 4)
    assert read(line, Kind.CERTIFICATE, TODAY) == Entry(NUMBER, date(2020, 4, 1), date(2026, 12, 31), "6-31-01-03", 4)
    assert read(Line(NUMBER, "", "", "", 0), Kind.PENSION, TODAY) == Entry(NUMBER, None, None, "", 0)


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        ({"resident_id": ""}, ["TR-ID-MISSING"]),
        ({"resident_id": "3.71526E+17"}, ["TR-ID-EXCEL"]),
        ({"since": "去年"}, ["TR-REGISTER-DATE"]),
        ({"until": "2020-13-01"}, ["TR-REGISTER-DATE"]),
        ({"until": "2020-03-31"}, ["TR-REGISTER-PERIOD"]),
        ({"until": "2020-04-01"}, []),
        ({"occupation_code": "电工"}, ["TR-REGISTER-OCCUPATION"]),
        ({"occupation_code": "6-31-01-03-02"}, []),
        ({"occupation_code": "6-31-01-03-02-0001"}, ["TR-REGISTER-OCCUPATION"]),
        ({"certificate_level": -1}, ["TR-REGISTER-LEVEL"]),
        ({"certificate_level": 6}, ["TR-REGISTER-LEVEL"]),
        ({"certificate_level": 5}, []),
        ({"since": "1" * 201}, ["TR-CELL-TOO-LONG"]),
        (
            {"resident_id": "x", "since": "x", "until": "x", "occupation_code": "电工", "certificate_level": 9},
            ["TR-ID-LENGTH", "TR-REGISTER-DATE", "TR-REGISTER-DATE", "TR-REGISTER-OCCUPATION", "TR-REGISTER-LEVEL"],
        ),
    ],
)
def test_everything_wrong_is_found_at_once(cells: dict[str, str | int], wrong: list[str]) -> None:
    assert codes(**cells) == wrong


def test_a_training_wants_its_first_day() -> None:
    assert codes(Kind.SUBSIDISED_TRAINING, since="") == ["TR-REGISTER-NO-DATE"]
    assert codes(Kind.SUBSIDISED_TRAINING) == []
    assert codes(Kind.CERTIFICATE, since="") == []


def test_what_is_said_and_what_is_printed_hold_no_number() -> None:
    wrong = NUMBER[:17] + ("0" if NUMBER[17] != "0" else "1")
    slipped = read(Line(wrong, NUMBER, NUMBER, NUMBER + "张三", 0), Kind.PENSION, TODAY)
    assert isinstance(slipped, list)
    assert len(slipped) == 4
    assert NUMBER[:17] not in str(slipped)
    assert NUMBER[6:14] not in str(slipped)
    assert NUMBER not in repr(read(Line(NUMBER, "", "", "", 0), Kind.PENSION, TODAY))
