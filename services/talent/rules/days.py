"""Days as a clock sees them: what the calendar says, and beyond its last notice what is assumed, never silently."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.reference.workdays import Calendar, CalendarNotPublished, DayKind, DayNote, add_months
from services.talent.rules.limits import Span, Unit

ONE_DAY = timedelta(days=1)


class Guess(StrEnum):
    """What a provisional date takes for granted."""

    UNPUBLISHED = "UNPUBLISHED"  # no notice for the year: Monday to Friday are taken as worked, nothing else
    MAY_CHANGE = "MAY_CHANGE"  # the notice for the next year may still move days of this December
    DEEMED = "DEEMED"  # neither gaps named nor accepted so far: counts as accepted from receipt if it stays so
    LONGEST = "LONGEST"  # a suspension is not over: it is taken to last as long as it may


@dataclass(frozen=True, slots=True, order=True)
class Assumption:
    """One thing taken for granted: `year` for the calendar's, `subject` the kind of suspension for LONGEST."""

    guess: Guess
    year: int | None = None
    subject: str = ""


class Days:
    """The days of one calendar, and of the years after it under an assumption that `assumed` collects."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.assumed: set[Assumption] = set()

    def works(self, day: date) -> bool:
        """Whether people work on `day`. Raises CalendarNotPublished for a day before the calendar begins."""
        if day > self.calendar.last:
            self.assumed.add(Assumption(Guess.UNPUBLISHED, day.year))
            return day.weekday() < 5
        self._looked_at(day)
        return self.calendar.is_workday(day)

    def note(self, day: date) -> DayNote:
        """What `day` is; `provisional` when a notice that is still to come may say otherwise."""
        if day > self.calendar.last:
            return DayNote(day, DayKind.WORKDAY if day.weekday() < 5 else DayKind.WEEKEND, None, (), provisional=True)
        return self.calendar.explain(day)

    def next_workday(self, day: date) -> date:
        """`day`, or the next working day when it is off (民法典第203条)."""
        while not self.works(day):
            day += ONE_DAY
        return day

    def after(self, day: date, span: Span) -> date:
        """The last day of a span that begins with `day`, which is not counted (民法典第201条)."""
        if span.unit is not Unit.WORKING_DAYS:
            return self.next_workday(day + length(day, span))
        try:
            last = self.calendar.add(day, span.n)
        except CalendarNotPublished:  # past the last notice, or before the first: then `works` refuses it too
            left = span.n
            while left:
                day += ONE_DAY
                left -= self.works(day)
            return day
        self._looked_at(last)
        return last

    def _looked_at(self, day: date) -> None:
        if day.month == 12 and day.year == self.calendar.last.year:
            self.assumed.add(Assumption(Guess.MAY_CHANGE, day.year))


def length(day: date, span: Span) -> timedelta:
    """The calendar days of a span of days or months that begins with `day` (民法典第202条)."""
    return timedelta(days=span.n) if span.unit is Unit.DAYS else add_months(day, span.n) - day
