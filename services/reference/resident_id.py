"""The citizen identification number (公民身份号码), GB 11643-1999.

Eighteen characters: six digits of division (地址码), birth date YYYYMMDD (出生日期码), a sequence of three
digits whose last is odd for a man and even for a woman (顺序码), and an ISO 7064 MOD 11-2 check character
(校验码, X stands for ten). The residence permits of residents of Hong Kong, Macao and Taiwan (港澳台居民
居住证, prefixes 810000, 820000, 830000) and the 2023 permanent resident card of foreigners (外国人永久居留
身份证, prefix 9) carry numbers of the same build.

Faults never carry any part of the number, and a ResidentId prints masked.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from enum import StrEnum
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from services.reference import divisions
from services.reference.text import compact, is_spreadsheet_number

# ISO 7064 MOD 11-2 written as weights: 2^(17-i) mod 11. stdnum.iso7064.mod_11_2 computes the same check
# character at three times the cost; a test holds the two equal.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_ZEROS = ord("0") * sum(_WEIGHTS)
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_PERMITS = frozenset({"810000", "820000", "830000"})
# Older than anybody ever was: such a date is a typing slip, not a birth.
_OLDEST = 130


class Code(StrEnum):
    """Why a text is not a citizen identification number. The values are stable."""

    MISSING = "MISSING"
    LENGTH = "LENGTH"
    CHARACTERS = "CHARACTERS"
    CHECKSUM = "CHECKSUM"
    BIRTH_DATE = "BIRTH_DATE"
    FUTURE = "FUTURE"
    FIFTEEN = "FIFTEEN"
    EXCEL = "EXCEL"


_MESSAGES = {
    Code.MISSING: "the identification number is missing",
    Code.LENGTH: "the identification number must have 18 characters",
    Code.CHARACTERS: "the identification number must be 17 digits and a digit or X",
    Code.CHECKSUM: "the check character of the identification number does not fit: a digit is wrong",
    Code.BIRTH_DATE: "the identification number holds no possible birth date",
    Code.FUTURE: "the birth date in the identification number is in the future",
    Code.FIFTEEN: "this is the old number of 15 digits, void since 2013: enter the one of 18",
    Code.EXCEL: "a spreadsheet rounded the identification number: format the column as text, enter it again",
}


class ResidentIdFault(ValueError):
    """The text is not a valid number; `code` says why. The message holds no part of the number."""

    def __init__(self, code: Code) -> None:
        super().__init__(_MESSAGES[code])
        self.code = code


class Sex(StrEnum):
    """性别, GB/T 2261.1."""

    MALE = "MALE"
    FEMALE = "FEMALE"

    @property
    def zh(self) -> str:
        """男 or 女."""
        return "男" if self is Sex.MALE else "女"


class ResidentId(NamedTuple):
    """A number that checks, and what it says: `division` is where it was first issued (签发地), for life."""

    number: str
    division: str
    birth: date
    sex: Sex

    def __repr__(self) -> str:
        return f"ResidentId({mask(self.number)})"


def normalise(text: str) -> str:
    """Half-width and upper-case, without any space, invisible character or leading apostrophe."""
    return compact(text)


def parse(text: str, today: date) -> ResidentId:
    """Read a number as a roster holds it; `today` is the date (Asia/Shanghai) that no birth may follow.

    Raises ResidentIdFault. The division is not judged here: ask `division_known` and warn.
    """
    number = compact(text)
    if not _SHAPE.fullmatch(number):
        raise ResidentIdFault(_malformed(number))
    if number[17] != _check_character(number):
        # Excel keeps 15 significant digits and writes zeros for the other three.
        raise ResidentIdFault(Code.EXCEL if number.endswith("000") else Code.CHECKSUM)
    try:
        birth = _day(number[6:14])
    except ValueError:
        raise ResidentIdFault(Code.BIRTH_DATE) from None
    if birth > today:
        raise ResidentIdFault(Code.FUTURE)
    if birth.year < today.year - _OLDEST:
        raise ResidentIdFault(Code.BIRTH_DATE)
    return _born(number, birth)


def parsed(number: str) -> ResidentId:
    """What a number says that `parse` gave once; it is not judged again."""
    return _born(number, _day(number[6:14]))


def _born(number: str, birth: date) -> ResidentId:
    return ResidentId(number, sys.intern(number[:6]), birth, Sex.MALE if number[16] in "13579" else Sex.FEMALE)


@lru_cache(maxsize=65536)  # every day that anybody alive was born on
def _day(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _malformed(number: str) -> Code:
    if not number:
        return Code.MISSING
    if is_spreadsheet_number(number):
        return Code.EXCEL
    if len(number) == 15 and number.isascii() and number.isdigit():
        return Code.FIFTEEN
    return Code.CHARACTERS if len(number) == 18 else Code.LENGTH


def _check_character(number: str) -> str:
    """The check character that belongs to the first 17 digits."""
    return _CHECK[(sum(map(mul, _WEIGHTS, number.encode())) - _ZEROS) % 11]


def division_known(rid: ResidentId) -> bool:
    """Whether the first six digits are a division code of today or of any time, or a permit's prefix.

    A caller should warn, not refuse: the code is the one at issue, so it is never compared with the
    birth year, and the shipped lists end before the newest districts (see ``data/SOURCES.md``).
    """
    return rid.division[0] == "9" or rid.division in _PERMITS or divisions.is_known(rid.division)


def maybe_rounded(rid: ResidentId) -> bool:
    """Whether a valid number ends in 000: one in eleven of those that Excel rounded still checks. Warn."""
    return rid.number.endswith("000")


def age_on(birth: date, day: date) -> int:
    """Full years (周岁) on `day`: a year is full on the birthday itself.

    Who was born on 29 February completes a year on 1 March in a common year. Raises ValueError when
    `day` is before `birth`.
    """
    if day < birth:
        raise ValueError("the day is before the birth")
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def mask(number: str) -> str:
    """The number as replies and reports show it: first 6, 8 stars, last 4.

    An old number of 15 keeps its first 6 and last 3; a text of any other length shows nothing.
    """
    if len(number) == 18:
        return f"{number[:6]}********{number[14:]}"
    if len(number) == 15:
        return f"{number[:6]}******{number[12:]}"
    return "*" * min(len(number), 18)


def make(division: str, birth: date, sequence: int) -> str:
    """A synthetic number that checks, for samples and tests; `sequence` 0..999, odd for a man.

    Raises ValueError when `division` is not six digits or `sequence` is out of range.
    """
    if not re.fullmatch(r"[0-9]{6}", division) or not 0 <= sequence <= 999:
        raise ValueError("want a division of six digits and a sequence of 0 to 999")
    body = f"{division}{birth:%Y%m%d}{sequence:03}"
    return body + _check_character(body)
