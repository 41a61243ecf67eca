"""Receipt numbers (受理编号): they name a case, hold no personal data, and a slip of the pen does not fit.

`LT` + six digits of the origin + six of the destination + the day as yyyymmdd + the number of the case on that day in
five digits + a check digit by ISO/IEC 7064 MOD 11,10 over the twenty-five digits before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from stdnum.iso7064 import mod_11_10

from services.reference.text import compact

LAST_SEQUENCE = 99_999

_SHAPE = re.compile(r"LT([1-9][0-9]{5})([1-9][0-9]{5})([0-9]{8})([0-9]{5})([0-9])", re.ASCII)


class ReceiptFault(ValueError):
    """A text that is no receipt number."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt number says: two division codes, the day of intake, the number of the case on that day, from 1."""

    number: str
    origin: str
    destination: str
    day: date
    sequence: int


def make(origin: str, destination: str, day: date, sequence: int) -> str:
    """The receipt number of the `sequence`-th case of a day. ValueError past 99,999, or for no code of six digits."""
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise ValueError("a day has receipts 1 to 99999")
    body = f"{origin}{destination}{day:%Y%m%d}{sequence:05}"
    number = f"LT{body}{mod_11_10.calc_check_digit(body)}"
    if not _SHAPE.fullmatch(number):
        raise ValueError("a receipt is for two divisions of six digits")
    return number


def parse(text: str) -> Receipt:
    """Reads a number as somebody types it: spaces, hyphens, full-width digits and small letters do no harm.

    Raises ReceiptFault: not the shape, no such day, number 0, or a check digit that does not fit.
    """
    number = compact(text).replace("-", "")
    shape = _SHAPE.fullmatch(number)
    if not shape:
        raise ReceiptFault("a receipt number is LT and 26 digits")
    origin, destination, day, sequence, check = shape.groups()
    if mod_11_10.calc_check_digit(number[2:-1]) != check:
        raise ReceiptFault("the check digit does not fit: a digit is wrong")
    try:
        taken = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        raise ReceiptFault("there is no such day") from None
    if int(sequence) == 0:
        raise ReceiptFault("the first case of a day is number 1")
    return Receipt(number, origin, destination, taken, int(sequence))
