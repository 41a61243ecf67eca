"""The law read a second time, a day at a time and without the service: what the labelled cases are held against.

The special days are typed from the State Council's notices for 2025 and 2026, not read from the calendar that ships.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

MAKE_UP = {
    date(2025, 1, 26),
    date(2025, 2, 8),
    date(2025, 4, 27),
    date(2025, 9, 28),
    date(2025, 10, 11),
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}
HOLIDAYS = [
    (date(2025, 1, 1), date(2025, 1, 1)),
    (date(2025, 1, 28), date(2025, 2, 4)),
    (date(2025, 4, 4), date(2025, 4, 6)),
    (date(2025, 5, 1), date(2025, 5, 5)),
    (date(2025, 5, 31), date(2025, 6, 2)),
    (date(2025, 10, 1), date(2025, 10, 8)),
    (date(2026, 1, 1), date(2026, 1, 3)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2026, 4, 4), date(2026, 4, 6)),
    (date(2026, 5, 1), date(2026, 5, 5)),
    (date(2026, 6, 19), date(2026, 6, 21)),
    (date(2026, 9, 25), date(2026, 9, 27)),
    (date(2026, 10, 1), date(2026, 10, 7)),
]
LAST_NOTICE = date(2026, 12, 31)


def span(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


OFF = {day for first, last in HOLIDAYS for day in span(first, last)}


def works(day: date) -> bool:
    if day in MAKE_UP:
        return True
    return day not in OFF and day.isoweekday() <= 5


def months_later(day: date, n: int) -> date:
    """民法典第202条: the corresponding day, else the last of the month."""
    year, month = day.year, day.month
    for _ in range(n):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError


def due(start: date, unit: str, n: int, left_out: set[date]) -> tuple[date, set[str]]:
    """The last day, and what it rests on that no notice has said."""
    looked_at = set()
    total = (months_later(start, n) - start).days if unit == "MONTHS" else n
    day = start
    while total:
        day += timedelta(days=1)
        if day in left_out:
            continue
        if unit == "WORKING_DAYS":
            looked_at.add(day)
            if not works(day):
                continue
        total -= 1
    if unit != "WORKING_DAYS":
        looked_at.add(day)
        while not works(day):
            day += timedelta(days=1)
            looked_at.add(day)
    return day, assumptions(looked_at)


def assumptions(looked_at: set[date]) -> set[str]:
    guesses = {f"UNPUBLISHED:{day.year}" for day in looked_at if day > LAST_NOTICE}
    return guesses | {f"MAY_CHANGE:{day.year}" for day in looked_at if (day.year, day.month) == (LAST_NOTICE.year, 12)}
