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
