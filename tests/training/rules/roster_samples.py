"""People, numbers and classes of which the cases of rosters are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from services.reference import credit_code, resident_id
from services.training.rules.roster import About, Row, Rows, compare

TODAY = date(2026, 11, 23)
START, END = date(2026, 12, 1), date(2026, 12, 31)
ENTERPRISE = credit_code.make("91", "371526", "MA3C0001")
INSTITUTION = credit_code.make("52", "370103", "MJE00010")
OTHER_FIRM = credit_code.make("91", "371526", "MA3C0002")
BUREAU = credit_code.make("11", "371526", "MB000001")

FREE = About(
    TODAY,
    class_number="20261100001",
    title="电工中级班",
    start=START,
    end=END,
    occupation_code="6-31-01-03",
    occupation_name="电工",
    level=2,
    institution_code=INSTITUTION,
    enterprise_code=ENTERPRISE,
    divisions=("371526", "370103"),
    youngest=16,
)
PAID = About(
    **{name: getattr(FREE, name) for name in FREE.__slots__ if name not in ("subsidised", "adult_if_born_by")},
    subsidised=True,
)

Cells = Mapping[str, str | None]


def compared(rows: Iterable[Row]) -> list[Row]:
    """The rows of a file, with what they say of one another."""
    kept = Rows(rows)
    compare(kept)
    return list(kept)


def number(born: date = date(1990, 1, 1), sequence: int = 1, division: str = "370103") -> str:
    """A man's number by default: the sequence is odd."""
    return resident_id.make(division, born, sequence)


def ending(tail: str) -> str:
    """A number that checks and ends so."""
    for day in range(1, 29):
        for sequence in range(1000):
            made = number(date(1990, 1, day), sequence)
            if made.endswith(tail):
                return made
    raise AssertionError(tail)


def with_checks(body: str, check: Callable[[str], object], code: str) -> str:
    """`body` and the one last character with which the only fault is `code`."""
    for last in "0123456789ABCDEFGHJKLMNPQRTUWXYZ":
        try:
            check(body + last)
        except ValueError as fault:
            if getattr(fault, "code", "") == code:
                return body + last
    raise AssertionError(code)


def broken(digits: str) -> str:
    """The same number with another check character."""
    return digits[:-1] + ("1" if digits[-1] != "1" else "2")


NUMBER = number()
CLEAN: Cells = {"full_name": "王样例", "resident_id": NUMBER, "phone": "13800000001"}
CARD = "6222020000000070003"  # its last digit checks
ROUNDED_CARD = "6222020000000019000"  # checks too
PROVEN: Cells = {
    "category": "登记失业人员",
    "proof_kind": "就业创业证",
    "proof_number": "3701030018000001",
    "proof_date": "2026-11-01",
    "employment_card": "3701030018000001",
}
EMPLOYED: Cells = {
    "category": "EMP",
    "proof_kind": "劳动合同",
    "proof_number": "HT-2026-001",
    "proof_date": "2026-11-01",
    "employer_name": "高唐样例机械有限公司",
    "employer_credit_code": ENTERPRISE,
}
