"""The unified social credit code (统一社会信用代码), GB 32100-2015.

Eighteen characters of ``0-9A-HJ-NPQRTUWXY``: registering department (登记管理部门), kind of body (机构类别),
six digits of division (登记管理机关行政区划码), the nine-character organisation code (主体标识码, GB 11714,
with a check character of its own) and a check character modulo 31. Codes are public data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.reference.text import compact, is_spreadsheet_number

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {c: i for i, c in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
# GB 11714 counts letters as A = 10 ... Z = 35, without the gaps that GB 32100 leaves.
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class Code(StrEnum):
    """Why a text is not a unified social credit code. The values are stable."""

    MISSING = "MISSING"
    LENGTH = "LENGTH"
    CHARACTERS = "CHARACTERS"
    DIVISION = "DIVISION"
    CHECKSUM = "CHECKSUM"
    ORGANISATION = "ORGANISATION"
    EXCEL = "EXCEL"


_MESSAGES = {
    Code.MISSING: "the credit code is missing",
    Code.LENGTH: "the credit code must have 18 characters",
    Code.CHARACTERS: "the credit code may hold only digits and letters, never I, O, S, V or Z",
    Code.DIVISION: "characters 3 to 8 of the credit code must be digits",
    Code.CHECKSUM: "the check character of the credit code does not fit: a character is wrong",
    Code.ORGANISATION: "the check character of the organisation code (characters 9 to 17) does not fit",
    Code.EXCEL: "a spreadsheet rounded the credit code: format the column as text and enter it again",
}


class CreditCodeFault(ValueError):
    """The text is not a valid credit code; `code` says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(_MESSAGES[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A code that checks: `kind` is department and kind of body ('91' a company), `organisation` GB 11714."""

    number: str
    kind: str
    division: str
    organisation: str


def parse(text: str) -> CreditCode:
    """Read a code as a form holds it. Raises CreditCodeFault. The division need not be in force."""
    number = compact(text)
    if not number:
        raise CreditCodeFault(Code.MISSING)
    if is_spreadsheet_number(number):
        raise CreditCodeFault(Code.EXCEL)
    if len(number) != 18:
        raise CreditCodeFault(Code.LENGTH)
    if not _VALUES.keys() >= set(number):
        raise CreditCodeFault(Code.CHARACTERS)
    division = number[2:8]
    if not division.isdigit():
        raise CreditCodeFault(Code.DIVISION)
    if number[17] != _check_character(number):
        # Excel keeps 15 significant digits of an all-digit code and writes zeros for the other three.
        rounded = number.isdigit() and number.endswith("000")
        raise CreditCodeFault(Code.EXCEL if rounded else Code.CHECKSUM)
    if number[16] != _organisation_check(number[8:16]):
        raise CreditCodeFault(Code.ORGANISATION)
    return CreditCode(number, number[:2], division, number[8:17])


def make(kind: str, division: str, body: str) -> str:
    """A synthetic code that checks, for samples and tests: kind '91', division '370103', body 'MA3C0001'.

    `kind` has 2 characters, `division` 6 digits, `body` the first 8 of the organisation code; all of the
    alphabet. Raises ValueError otherwise.
    """
    shape = rf"[{_ALPHABET}]{{2}}\|[0-9]{{6}}\|[{_ALPHABET}]{{8}}"
    if not re.fullmatch(shape, f"{kind}|{division}|{body}"):
        raise ValueError("want 2 characters of kind, 6 digits of division, 8 characters of organisation code")
    number = kind + division + body + _organisation_check(body)
    return number + _check_character(number)


def _check_character(number: str) -> str:
    """GB 32100: the check character that belongs to the first 17."""
    total = sum(_VALUES[c] * w for c, w in zip(number, _WEIGHTS, strict=False))
    return _ALPHABET[-total % 31]


def _organisation_check(body: str) -> str:
    """GB 11714: the check character that belongs to the first 8; ten is X, eleven is 0."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]
