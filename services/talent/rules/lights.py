"""Lights (红黄绿灯): green, yellow when little is left, red when the date has passed. The thresholds are parameters.

Both turns are dates, so that a list can be lit by comparing days; they are worked out anew when the ledger changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.reference.workdays import Calendar
from services.talent.rules.clock import Deadline, Which, left_at_most
from services.talent.rules.days import ONE_DAY, Days
from services.talent.rules.reading import Terms


class Light(StrEnum):
    """The colour of a clock on a day."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Yellow is when at most `days` units, or `share` of the limit, are left: whichever is more."""

    days: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class Turns:
    """The first day of yellow and of red, None for never: no date, or a suspension whose end nobody knows."""

    yellow: date | None
    red: date | None

    def light(self, on: date) -> Light:
        """The colour on a day, or on the day it was finished."""
        if self.red is not None and on >= self.red:
            return Light.RED
        return Light.YELLOW if self.yellow is not None and on >= self.yellow else Light.GREEN


def turns(terms: Terms, found: Deadline, calendar: Calendar, thresholds: Thresholds) -> Turns:
    """When a clock turns yellow and red if nothing else happens. It goes by the promised date, else by the planned.

    `found` is the deadline that `terms` and the ledger come to by `calendar`.
    """
    which = Which.PROMISED if terms.promise is not None else Which.PLANNED
    yellow = left_at_most(
        terms, found, which, lambda total: max(thresholds.days, int(total * thresholds.share)), calendar
    )
    due = found.of(which).day
    return Turns(yellow, due + ONE_DAY if due else None)


def overdue(due: date | None, on: date, calendar: Calendar) -> int:
    """Working days by which a date has passed on a day: 0 on the date itself, and for no date."""
    days, late = Days(calendar), 0
    while due is not None and due < on:
        due += ONE_DAY
        late += days.works(due)
    return late
