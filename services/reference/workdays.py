"""Working days (工作日) from the State Council's yearly notices on holidays (放假调休通知).

A Saturday or Sunday is off and another day is worked unless a notice says otherwise: a holiday (法定节假日
and the days swapped to lengthen it) or a make-up working day (调休上班). Years without a notice are refused,
never guessed. Data: ``data/special_days.csv``; see ``data/SOURCES.md``.

A notice for year Y may change the last days of December Y-1 (2018-12-29 became a working day in the notice
for 2019). Days up to 31 December of the last noticed year therefore count as published, but December of
that year is `provisional` until the next notice is loaded; a due date there should be computed again then.
"""

from __future__ import annotations

import calendar as months
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

from services.reference import files


class DayKind(StrEnum):
    """What a day is, and why."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make-up"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day a notice names: off, or worked although a weekend; `notice` holds the addresses of the notice."""

    day: date
    off: bool
    holiday: str
    notice: tuple[str, ...]
    notice_year: int


@dataclass(frozen=True, slots=True)
class DayNote:
    """Why a day is worked or not: `holiday` ('春节') and `notice` (URLs) when a notice names the day."""

    day: date
    kind: DayKind
    holiday: str | None
    notice: tuple[str, ...]
    provisional: bool

    @property
    def works(self) -> bool:
        """Whether the day is a working day."""
        return self.kind in (DayKind.WORKDAY, DayKind.MAKE_UP)


class CalendarNotPublished(LookupError):
    """The State Council's notice for `year` is not loaded, so its working days are not known."""

    code = "CALENDAR_NOT_PUBLISHED"

    def __init__(self, year: int) -> None:
        super().__init__(f"the holiday notice for {year} is not loaded")
        self.year = year


class Calendar:
    """The working days of a run of noticed years. Immutable; every call costs a binary search at most.

    Attributes: `first`, `last` the published span, both included; `version` such as '2026+3f2a90c11b7e', the
    last noticed year and a digest of the data, for a decision to store.
    """

    def __init__(self, special: Iterable[SpecialDay], digest: str = "") -> None:
        """Raises ValueError when there is no notice, or a year between two noticed years has none."""
        self._special = {entry.day: entry for entry in special}
        years = sorted({entry.notice_year for entry in self._special.values()})
        if not years or any(later != earlier + 1 for earlier, later in pairwise(years)):
            raise ValueError("the notices must cover a run of years without a gap")
        self.first = date(years[0], 1, 1)
        self.last = date(years[-1], 12, 31)
        self.version = f"{years[-1]}+{digest}" if digest else str(years[-1])
        span = range(self.first.toordinal(), self.last.toordinal() + 1)
        self._workdays = [n for n in span if self._works(date.fromordinal(n))]

    @classmethod
    def load(cls, path: Path) -> Calendar:
        """Read a CSV of notice_year, date, kind (off, work), holiday, notice (addresses, a space between)."""
        special = (
            SpecialDay(
                day=date.fromisoformat(row["date"]),
                off=_OFF[row["kind"]],
                holiday=row["holiday"],
                notice=tuple(row["notice"].split()),
                notice_year=int(row["notice_year"]),
            )
            for row in files.rows_of(path)
        )
        return cls(special, files.digest(path.read_text(encoding="utf-8")))

    def is_workday(self, day: date) -> bool:
        """Whether people work on `day`. Raises CalendarNotPublished, as every method here does."""
        self._check(day)
        return self._works(day)

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day`; `day` itself is not counted (民法典第201条).

        A negative `n` counts back: the n-th working day before `day`. `n` = 0 returns `day`, worked or not.
        """
        self._check(day)
        if n == 0:
            return day
        if n > 0:
            index = bisect_right(self._workdays, day.toordinal()) + n - 1
        else:
            index = bisect_left(self._workdays, day.toordinal()) + n
        if index < 0:
            raise CalendarNotPublished(self.first.year - 1)
        if index >= len(self._workdays):
            raise CalendarNotPublished(self.last.year + 1)
        return date.fromordinal(self._workdays[index])

    def count(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is before `start`.

        ``count(d, add(d, n)) == n`` for n > 0.
        """
        self._check(start)
        self._check(end)
        return bisect_right(self._workdays, end.toordinal()) - bisect_right(self._workdays, start.toordinal())

    def has(self, start: date, end: date, n: int) -> bool:
        """Whether there are `n` working days at least, 0 or more, after `start` up to and including `end`.

        The same as ``count(start, end) >= n``, but needs no notice for later years where the published ones are enough.
        """
        self._check(start)
        known = self.count(start, min(end, self.last))
        if known < n:
            self._check(end)
        return known >= n

    def next_workday(self, day: date) -> date:
        """`day` itself when it is worked, else the next working day: where a period that ends on a day off
        ends instead (民法典第203条).
        """
        return day if self.is_workday(day) else self.add(day, 1)

    def explain(self, day: date) -> DayNote:
        """What `day` is and which notice says so."""
        self._check(day)
        provisional = (day.year, day.month) == (self.last.year, 12)
        entry = self._special.get(day)
        if entry is None:
            kind = DayKind.WORKDAY if self._works(day) else DayKind.WEEKEND
            return DayNote(day, kind, None, (), provisional)
        kind = DayKind.HOLIDAY if entry.off else DayKind.MAKE_UP
        return DayNote(day, kind, entry.holiday, entry.notice, provisional)

    def _works(self, day: date) -> bool:
        entry = self._special.get(day)
        return day.weekday() < 5 if entry is None else not entry.off

    def _check(self, day: date) -> None:
        if not self.first.year <= day.year <= self.last.year:
            raise CalendarNotPublished(day.year)


_OFF = {"off": True, "work": False}


@cache
def published() -> Calendar:
    """The calendar that ships: every notice in ``data/special_days.csv``. Read once."""
    return Calendar.load(files.DATA / "special_days.csv")


def add_months(day: date, n: int) -> date:
    """The corresponding day `n` months later, else the month's last (民法典第202条): 01-31 + 1 is 02-28.

    `n` may be negative. Needs no notice; give the result to `Calendar.next_workday` for 第203条.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))
