"""The days on which somebody's calendar (.ics, RFC 5545) says busy. Titles, places and notes are not even looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

from cli.grammar import SHANGHAI, Mistake
from cli.texts import t

LARGEST = 10 << 20  # bytes of a file
MOST_A_DAY = 48  # times that one event may come back on a day
Span: TypeAlias = tuple[date, date]  # first and last day, both included
# days more on either side that are asked of the library: whose midnight it is, and what ends early, is told here
AROUND = timedelta(days=3)
_OFTEN = frozenset({"HOURLY", "MINUTELY", "SECONDLY"})
_ALMOST = timedelta(microseconds=1)


def busy(path: Path, first: date, last: date) -> list[Span]:
    """The days from `first` to `last` that a busy event touches, by the calendar of Shanghai; those that touch are one.

    An event that is cancelled or leaves one free (TRANSP:TRANSPARENT) is none; a time without a zone is of Shanghai.
    Mistake for a file that is no calendar, or one with an event that comes back too often.
    """
    found = []
    for calendar in _calendars(path):
        for start, end in _occurrences(path, calendar, first, last):
            if end >= first and start <= last:
                found.append((max(start, first), min(end, last)))
    return merged(found)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap as one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def beyond(spans: Iterable[Span], known: Iterable[Span]) -> list[Span]:
    """What of some spans lies in none of the known ones."""
    held = merged(known)
    # the gaps between what is known, from the first day there is to the last
    edges = [(date.min, date.min), *held, (date.max, date.max)]
    gaps = [(before[1] + timedelta(days=1), after[0] - timedelta(days=1)) for before, after in pairwise(edges)]
    cut = [(max(first, low), min(last, high)) for first, last in spans for low, high in gaps]
    return merged((first, last) for first, last in cut if first <= last)


def _calendars(path: Path) -> list[Any]:
    from icalendar import Calendar  # a tenth of a second that only calendars pay

    if path.stat().st_size > LARGEST:
        raise Mistake(t("ics.too_large", path=path.name, megabytes=LARGEST >> 20))
    try:
        found = [each for each in Calendar.from_ical(path.read_bytes(), multiple=True) if each.name == "VCALENDAR"]
    except OSError:
        raise
    except Exception:  # noqa: BLE001  whatever a damaged part makes of the parser; the text could hold a person's data
        raise Mistake(t("ics.broken", path=path.name)) from None
    if not found:
        raise Mistake(t("ics.broken", path=path.name))
    return found


def _occurrences(path: Path, calendar: Any, first: date, last: date) -> list[Span]:
    """The days of the events that keep somebody busy, each time they come back."""
    import recurring_ical_events

    try:
        rules = [rule for event in calendar.walk("VEVENT") for rule in _listed(event.get("RRULE"))]
        often = any(map(_too_often, rules))
        found = [] if often else recurring_ical_events.of(calendar).between(first - AROUND, last + AROUND)
        spans = [_days(event) for event in found if _is_busy(event)]
    except Exception:  # noqa: BLE001  as above
        raise Mistake(t("ics.broken", path=path.name)) from None
    if often:
        raise Mistake(t("ics.too_often", path=path.name))
    return spans


def _listed(value: Any) -> list[Any]:
    """What an event has once, several times or not at all."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _too_often(rule: Any) -> bool:
    """Whether a rule could make more events than anybody has."""
    times = prod(max(1, len(rule.get(part, ()))) for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    return times > MOST_A_DAY or not _OFTEN.isdisjoint(map(str, rule.get("FREQ", ())))


def _is_busy(event: Any) -> bool:
    free = str(event.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT"
    return not free and str(event.get("STATUS", "")).upper() != "CANCELLED"


def _days(event: Any) -> Span:
    """The days in Shanghai that an occurrence touches. Its end, day or moment, is no part of it."""
    start, end = event.start, event.end
    if not isinstance(start, datetime):
        return start, max(start, end - timedelta(days=1))
    begun, over = _here(start), _here(end)
    return begun.date(), max(begun, over - _ALMOST).date()


def _here(at: datetime) -> datetime:
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI)
