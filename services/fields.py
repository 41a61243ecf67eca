"""Fields that several services have, in the civic vocabulary: read from a message and checked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from services.platform.requests import Reading
from services.reference import credit_code, divisions, names, resident_id, writing
from services.reference.resident_id import ResidentIdFault
from services.reference.text import compact

LONGEST_QUERY = 50  # characters
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]+X?")  # once compacted
_BEGINNING = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·A-Za-zÀ-ǜ .'\-]+")
_LETTER = re.compile(r"[^ .'·\-]")
# an identity number or a mobile number, as one writes it into a sentence
_PERSONAL = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|1[3-9][0-9]{9})(?![0-9])")


class Sought(Enum):
    """What somebody looks for people by."""

    PHONE = auto()
    RESIDENT_ID = auto()
    NAME = auto()  # its beginning, as it is written
    LATIN = auto()  # the beginning of its pinyin or of its initials


@dataclass(frozen=True, slots=True)
class Query:
    """A query for people: a number whole, or the beginning of a name."""

    by: Sought
    text: str

    def __repr__(self) -> str:
        return f"Query({self.by.name})"


def tells_a_number(text: str) -> bool:
    """Whether a text has an identity number or a mobile number in it."""
    return _PERSONAL.search(unicodedata.normalize("NFKC", text)) is not None


def read_words(reading: Reading, field: str, text: str, shortest: int, longest: int) -> str:
    """Text that many will read: without an identity number or a phone number."""
    words = reading.text(field, text, shortest, longest)
    if tells_a_number(words):
        reading.wrong(field, "FIELD_PERSONAL")
    return words


def read_credit_code(reading: Reading, field: str, code: str) -> str:
    """A unified social credit code, normalised."""
    try:
        return credit_code.parse(code).number
    except credit_code.CreditCodeFault as fault:
        reading.wrong(field, f"TR-USCC-{fault.code}")
        return ""


def read_division(reading: Reading, field: str, code: str, *, required: bool) -> str:
    """The code of a county in force."""
    if not code and required:
        reading.wrong(field, "FIELD_REQUIRED")
    elif code and not (len(code) == 6 and code.isascii() and divisions.is_current(code) and not code.endswith("00")):
        reading.wrong(field, "FIELD_DIVISION")
    return code


def read_scope(reading: Reading, field: str, code: str) -> tuple[str, str]:
    """The lowest and the highest code that a division of any level covers: what a list is narrowed to."""
    try:
        return divisions.scope_range(code)
    except divisions.DivisionFault:
        reading.wrong(field, "FIELD_DIVISION")
        return "", ""


def read_place(reading: Reading, field: str, code: str) -> str:
    """The code of a town, or of a county in force. The towns of two counties are known, of others the shape is."""
    county, town = code[:6], len(code) == 9 and code.isascii() and code.isdigit()
    known = town and bool(divisions.towns_of(county))
    if not code:
        reading.wrong(field, "FIELD_REQUIRED")
    elif (
        not (len(code) == 6 or town)
        or county.endswith("00")
        or not divisions.is_current(county)
        or (known and not divisions.is_current(code))
    ):
        reading.wrong(field, "FIELD_TOWN")
    return code


def read_sha256(reading: Reading, field: str, value: str, *, required: bool) -> str:
    """The SHA-256 of a file as 64 lower-case hexadecimal digits; capitals are taken for small letters."""
    value = value.lower()
    if not value and required:
        reading.wrong(field, "FIELD_REQUIRED")
    elif value and not _SHA256.fullmatch(value):
        reading.wrong(field, "FIELD_SHA256")
    return value


def read_query(reading: Reading, field: str, query: str, today: date) -> Query | None:
    """What a query looks for; None, with a violation noted, if it is neither a number nor the beginning of a name."""
    faults = len(reading.violations)
    text = reading.text(field, query, 1, LONGEST_QUERY)
    if len(reading.violations) > faults:
        return None
    number = compact(text)
    phone = writing.normalise_phone(text)
    if writing.PHONE.fullmatch(phone):
        return Query(Sought.PHONE, phone)
    if _NUMBER.fullmatch(number):
        if len(number) != 18:
            reading.wrong(field, "FIELD_WHOLE_NUMBER")
            return None
        try:
            return Query(Sought.RESIDENT_ID, resident_id.parse(text, today).number)
        except ResidentIdFault as fault:
            reading.wrong(field, writing.code_of(fault))
            return None
    name = writing.normalise_name(text)
    if not (_BEGINNING.fullmatch(name) and _LETTER.search(name)):
        reading.wrong(field, "FIELD_SEARCH")
        return None
    typed = "" if any(character >= "\u2e80" for character in name) else names.latin(name)
    return Query(Sought.LATIN, typed) if typed else Query(Sought.NAME, name)
