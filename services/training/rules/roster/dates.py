"""Dates as rosters write them (日期写法): 1990-01-01, 1990/1/1, 1990.1.1, 19900101, 1990年1月1日, or a day count."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import Enum, auto
from functools import lru_cache

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?|(\d{4})(\d{2})")
_SHORT_YEAR = re.compile(r"\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?")
# a spreadsheet counts days from here; the days between stand for 1927 to 2064
_EPOCH, _FIRST_SERIAL, _LAST_SERIAL = date(1899, 12, 30), 10_000, 60_000


class Shape(Enum):
    """What a text turned out to be."""

    DAY = auto()
    SERIAL = auto()  # the number of days that a spreadsheet keeps
    MONTH = auto()  # a year and a month; the day given is the first
    SHORT_YEAR = auto()  # two digits of a year: which century is anybody's guess
    IMPOSSIBLE = auto()  # written as a date, and no such day
    UNREADABLE = auto()


@lru_cache(4096)  # a roster has few days and many rows
def read(text: str) -> tuple[Shape, date | None]:
    """What a text is, and the day it names; None where it names none."""
    text = text.strip().partition(" ")[0].partition("T")[0]
    if len(text) == 5 and text.isascii() and text.isdigit():
        days = int(text)
        if _FIRST_SERIAL <= days <= _LAST_SERIAL:
            return Shape.SERIAL, _EPOCH + timedelta(days=days)
        return Shape.UNREADABLE, None
    for shape, pattern in ((Shape.DAY, _DAY), (Shape.MONTH, _MONTH)):
        match = pattern.fullmatch(text)
        if match is not None:
            year, month, *day = (int(part) for part in match.groups() if part is not None)
            try:
                return shape, date(year, month, day[0] if day else 1)
            except ValueError:
                return Shape.IMPOSSIBLE, None
    return (Shape.SHORT_YEAR if _SHORT_YEAR.fullmatch(text) else Shape.UNREADABLE), None


def read_date(text: str) -> date | None:
    """The day that a text names, None when it names none exactly."""
    shape, day = read(text)
    return day if shape in (Shape.DAY, Shape.SERIAL) else None
