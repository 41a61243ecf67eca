"""What a dispatch plan (派驻计划) is made of: commissioners, requests, what binds them, and assignments.

Days are working days of the plan, numbered from 0; `working_days` makes the numbers of dates. A plan lies in one
quarter. Places are kilometres east and north of a point that all share, distances are straight lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor, sqrt

from services.reference.workdays import Calendar

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Commissioner:
    """Someone to be sent. `skills` discipline to level; `available` and `in_force` (agreement) are day numbers.

    `quarter_days` and `year_days`: the days that may still be given in the plan's quarter and year, travel included.
    `owed_days`: those that the least a year still lacks, counted like these. `members` makes it a team: the names of
    all who go along, its leader too. A visit of a team binds them; its days count for the team's limits, not theirs.
    """

    name: str
    skills: Mapping[str, int]
    home: Place
    quarter_days: int
    year_days: int
    available: frozenset[int]
    in_force: frozenset[int]
    owed_days: int = 0
    members: frozenset[str] = frozenset()

    @property
    def people(self) -> frozenset[str]:
        """Who can be in one place at a time only."""
        return self.members | {self.name}


@dataclass(frozen=True, slots=True)
class Request:
    """`days` working days inside [`earliest`, `latest`], both included, at `place`, all by one commissioner.

    They are in a row, or with `split` any days. `team`: only a team may come.
    """

    name: str
    discipline: str
    level: int
    days: int
    earliest: int
    latest: int
    priority: int
    place: Place
    previous: str | None = None
    refused: frozenset[str] = frozenset()
    split: bool = False
    team: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """A commissioner serves a request from day `start` on, in a row; a split visit on the days `on`, `start` the first.

    `visit` makes it of days, so that the same visit is always told the same way.
    """

    request: str
    commissioner: str
    start: int
    on: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Worth:
    """The parameters of the objective, in points. `load_steps` (f, w): a day above f of `quarter_days` costs w.

    `per_owed_day`: what each day up to `owed_days` brings.
    """

    per_priority: int = 1000
    continuity: int = 150
    per_km: float = 0.5
    load_steps: tuple[tuple[float, float], ...] = ((0.5, 20), (0.8, 40))
    per_owed_day: float = 0.0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The inputs of a plan. `travel_day_km`: from this distance on the working day before is for travel; None never."""

    days: int
    commissioners: Mapping[str, Commissioner]
    requests: Mapping[str, Request]
    worth: Worth = field(default_factory=Worth)
    travel_day_km: float | None = None
    pins: tuple[Assignment, ...] = ()
    bans: frozenset[tuple[str, str]] = frozenset()

    def lead(self, request: Request, commissioner: Commissioner) -> int:
        """Days on the way before a visit, and before each block of a split one: 0 or 1."""
        return int(self.travel_day_km is not None and distance(commissioner.home, request.place) >= self.travel_day_km)

    def days_of(self, assignment: Assignment) -> Sequence[int]:
        """The days at the host's."""
        if assignment.on:
            return assignment.on
        return range(assignment.start, assignment.start + self.requests[assignment.request].days)

    def bound_days(self, assignment: Assignment) -> Sequence[int]:
        """The days an assignment binds its commissioner, in order, travel included; day -1 is before the plan.

        From a split visit one comes home between its blocks: each has a day on the way of its own where the first has.
        """
        lead = self.lead(self.requests[assignment.request], self.commissioners[assignment.commissioner])
        return with_way(self.days_of(assignment), lead)


@dataclass(frozen=True, slots=True)
class Points:
    """What an assignment is worth, term by term; `travel` is 0 or less."""

    priority: int
    continuity: int
    travel: int

    @property
    def total(self) -> int:
        """Their sum."""
        return self.priority + self.continuity + self.travel


@dataclass(frozen=True, slots=True)
class Account:
    """The objective of a plan: the points of the visits, less what the load of each commissioner costs, and what the
    days bring that each of them `owed`.
    """

    visits: Mapping[str, Points]
    loads: Mapping[str, float]
    owed: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """The objective."""
        visits = sum(points.total for points in self.visits.values())
        return visits - sum(self.loads.values()) + sum(self.owed.values())


def visit(request: str, commissioner: str, days: Iterable[int]) -> Assignment:
    """The assignment on these days; those in a row are told by the first alone."""
    on = tuple(sorted(days))
    row = on == tuple(range(on[0], on[0] + len(on)))
    return Assignment(request, commissioner, on[0], () if row else on)


def with_way(days: Sequence[int], lead: int) -> Sequence[int]:
    """The days with those on the way before each block of them."""
    if isinstance(days, range):
        return range(days.start - lead, days.stop)
    return sorted({*days, *(day - 1 for day in days)}) if lead else days


def distance(one: Place, other: Place) -> float:
    """Kilometres."""
    east, north = one[0] - other[0], one[1] - other[1]
    return sqrt(east * east + north * north)


def points(worth: Worth, request: Request, commissioner: Commissioner) -> Points:
    """What it is worth that this commissioner serves this request."""
    return Points(
        priority=worth.per_priority * request.priority,
        continuity=worth.continuity if request.previous == commissioner.name else 0,
        travel=-floor(worth.per_km * distance(commissioner.home, request.place)),
    )


def load_cost(worth: Worth, commissioner: Commissioner, used: int) -> float:
    """What `used` days cost, so that a few do not carry all."""
    return sum(weight * max(0.0, used - part * commissioner.quarter_days) for part, weight in worth.load_steps)


def owed_points(worth: Worth, commissioner: Commissioner, used: int) -> float:
    """What `used` days bring towards the least that the commissioner gives in a year."""
    return worth.per_owed_day * min(used, commissioner.owed_days)


def day_cost(worth: Worth, commissioner: Commissioner, used: int) -> float:
    """Both together: convex in the days."""
    return load_cost(worth, commissioner, used) - owed_points(worth, commissioner, used)


def account(dispatch: Dispatch, assignments: Iterable[Assignment]) -> Account:
    """The objective of a plan, recomputed from nothing but the inputs."""
    visits: dict[str, Points] = {}
    used: dict[str, int] = {}
    for each in assignments:
        commissioner = dispatch.commissioners[each.commissioner]
        visits[each.request] = points(dispatch.worth, dispatch.requests[each.request], commissioner)
        used[each.commissioner] = used.get(each.commissioner, 0) + len(dispatch.bound_days(each))
    costs = {name: load_cost(dispatch.worth, dispatch.commissioners[name], days) for name, days in used.items()}
    owed = {name: owed_points(dispatch.worth, dispatch.commissioners[name], days) for name, days in used.items()}
    loads = {name: cost for name, cost in costs.items() if cost}
    return Account(visits, loads, {name: points for name, points in owed.items() if points})


def working_days(calendar: Calendar, first: date, last: date) -> tuple[date, ...]:
    """The working days from `first` to `last`; the index is the day number. Raises CalendarNotPublished."""
    span = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return tuple(day for day in span if calendar.is_workday(day))


def available_days(
    dates: tuple[date, ...], weekdays_off: Iterable[int] = (), away: Iterable[tuple[date, date]] = ()
) -> frozenset[int]:
    """The numbers of `dates` that are left after `weekdays_off` (0 is Monday) and leaves (`away`, ends included)."""
    off, leaves = frozenset(weekdays_off), tuple(away)
    return frozenset(_left(dates, off, leaves))


def _left(dates: tuple[date, ...], off: frozenset[int], leaves: tuple[tuple[date, date], ...]) -> Iterator[int]:
    for number, day in enumerate(dates):
        if day.weekday() not in off and not any(first <= day <= last for first, last in leaves):
            yield number
