"""Fields that several services have, in the civic vocabulary: read from a message and checked."""

from __future__ import annotations

from services.platform.requests import Reading
from services.reference import credit_code, divisions


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
        reading.wrong(field, "FIELD_DIVISION")
    return code
