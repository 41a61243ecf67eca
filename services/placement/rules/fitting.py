"""Where one more visit could stand in a plan while all else stays, and the rule that keeps it from where it cannot.

Days are bits of a whole number, day 0 the lowest, so that all days of a window are looked at together: thousands of
visits a second. The rules themselves are in `checker`, which shares nothing with this and is asked about whatever is
proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.placement.rules.dispatch import (
    Assignment,
    Commissioner,
    Dispatch,
    Request,
    day_cost,
    points,
    visit,
    with_way,
)

# what a candidate is told first: what no calendar changes, then what one does
LASTING = ("PD-QUALIFICATION", "PD-TEAM", "PD-REFUSED", "PD-BAN")
ORDER = (
    *LASTING,
    *("PD-WINDOW", "PD-AGREEMENT", "PD-AVAILABILITY", "PD-TRAVEL-DAY"),
    *("PD-YEAR-LIMIT", "PD-QUARTER-LIMIT", "PD-ONE-PLACE", "PD-MEMBER"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit of a plan: the days it binds as bits, and how many they are."""

    assignment: Assignment
    bits: int
    days: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Either the `code` that keeps a visit out, or the `visit` that fits and the points it adds (`net`)."""

    code: str
    visit: Assignment | None = None
    net: float = 0.0


class Room:
    """The room that a plan leaves to each commissioner. `dispatch` of a question may be relaxed, the plan stays."""

    def __init__(self, dispatch: Dispatch, assignments: Iterable[Assignment]) -> None:
        self._of: dict[str, list[Standing]] = defaultdict(list)
        self._open: dict[str, tuple[int, int]] = {}
        for each in assignments:
            days = dispatch.bound_days(each)
            self._of[each.commissioner].append(Standing(each, bits(days), len(days)))
        going: dict[str, set[str]] = defaultdict(set)
        for commissioner in dispatch.commissioners.values():
            for name in commissioner.people:
                going[name].add(commissioner.name)
        teams = (each for each in dispatch.commissioners.values() if each.members)
        shared = {name for team in teams for name in team.people}
        self._beside: dict[str, frozenset[str]] = {
            commissioner.name: frozenset().union(*(going[name] for name in commissioner.people)) - {commissioner.name}
            for commissioner in dispatch.commissioners.values()
            if not shared.isdisjoint(commissioner.people)
        }

    def near(self, commissioner: str) -> list[Standing]:
        """The visits of a commissioner and of those it shares someone with."""
        found = list(self._of.get(commissioner, ()))
        for name in sorted(self._beside.get(commissioner, ())):
            found += self._of.get(name, ())
        return found

    def used(self, commissioner: str, without: Collection[str] = ()) -> int:
        """Days that are bound, but for the visits to the requests `without`."""
        return sum(each.days for each in self._of.get(commissioner, ()) if each.assignment.request not in without)

    def lasting(self, dispatch: Dispatch, wanted: Request, commissioner: Commissioner) -> str:
        """The rule that keeps a commissioner from a request on every day, or nothing."""
        if commissioner.skills.get(wanted.discipline, 0) < wanted.level:
            return "PD-QUALIFICATION"
        if wanted.team and not commissioner.members:
            return "PD-TEAM"
        if commissioner.name in wanted.refused:
            return "PD-REFUSED"
        return "PD-BAN" if (wanted.name, commissioner.name) in dispatch.bans else ""

    def fit(
        self,
        dispatch: Dispatch,
        wanted: Request,
        commissioner: Commissioner,
        *,
        more: int = 0,
        out: Collection[str] = (),
        kept: Assignment | None = None,
    ) -> Fit:
        """The earliest place of a request with a commissioner, or what is nearest to letting it be there.

        `more` days of each limit, the visits to `out` left out; `kept` is the place to keep if it is one.
        """
        code = self.lasting(dispatch, wanted, commissioner)
        if code:
            return Fit(code)
        without = {wanted.name, *out}
        lead = dispatch.lead(wanted, commissioner)
        code, here = self._calendar(dispatch, wanted, commissioner, lead)
        if code:
            return Fit(code)
        used = self.used(commissioner.name, without)
        limits = (("PD-YEAR-LIMIT", commissioner.year_days), ("PD-QUARTER-LIMIT", commissioner.quarter_days))
        if over := _over(limits, used + _least(wanted, here, lead), more):
            return Fit(over)
        own = self._taken(self._of.get(commissioner.name, ()), without)
        here &= _clear(wanted, own, lead)
        if not _enough(wanted, here):
            return Fit("PD-ONE-PLACE")
        for name in self._beside.get(commissioner.name, ()):
            here &= _clear(wanted, self._taken(self._of.get(name, ()), without), lead)
        if not _enough(wanted, here):
            return Fit("PD-MEMBER")
        if over := _over(limits, used + _least(wanted, here, lead), more):
            return Fit(over)
        placed = _placed(wanted, commissioner.name, here)
        if kept is not None and kept.commissioner == commissioner.name and _holds(wanted, here, kept):
            placed = kept
        worth = dispatch.worth
        # the request may be relaxed: its own days count, not those that the dispatch knows
        after = used + len(with_way(placed.on or range(placed.start, placed.start + wanted.days), lead))
        rises = day_cost(worth, commissioner, after) - day_cost(worth, commissioner, used)
        return Fit("", placed, points(worth, wanted, commissioner).total - rises)

    def starts(self, dispatch: Dispatch, wanted: Request, commissioner: Commissioner) -> Iterator[int]:
        """The days a visit in a row could begin on if nothing else stood in the plan, the limits apart."""
        code, here = self._calendar(dispatch, wanted, commissioner, dispatch.lead(wanted, commissioner))
        return iter(()) if code else _days(here)

    def _calendar(self, dispatch: Dispatch, wanted: Request, commissioner: Commissioner, lead: int) -> tuple[str, int]:
        """The rule of the calendars in the way, or the days (of a visit in a row: to begin on) that they leave."""
        stay = 1 if wanted.split else wanted.days
        first, last = max(0, wanted.earliest), min(wanted.latest, dispatch.days - 1) - stay + 1
        here = (1 << (last + 1)) - (1 << first) if first <= last else 0
        if not _enough(wanted, here):
            return "PD-WINDOW", 0
        if commissioner.name not in self._open:
            self._open[commissioner.name] = bits(commissioner.in_force), bits(commissioner.available)
        in_force, available = self._open[commissioner.name]
        # a way before the first day of the plan is no matter of the agreement, but there is none
        here &= _runs(in_force, stay) & (in_force << 1 | 1 if lead else -1)
        if not _enough(wanted, here):
            return "PD-AGREEMENT", 0
        here &= _runs(available, stay)
        if not _enough(wanted, here):
            return "PD-AVAILABILITY", 0
        here &= available << 1 if lead else -1
        return ("", here) if _enough(wanted, here) else ("PD-TRAVEL-DAY", 0)

    def _taken(self, standing: Iterable[Standing], without: Collection[str]) -> int:
        taken = 0
        for each in standing:
            if each.assignment.request not in without:
                taken |= each.bits
        return taken


def bits(days: Iterable[int]) -> int:
    """The days as bits; those before the plan are left out."""
    found = 0
    for day in days:
        if day >= 0:
            found |= 1 << day
    return found


def _days(here: int) -> Iterator[int]:
    while here:
        lowest = here & -here
        yield lowest.bit_length() - 1
        here ^= lowest


def _runs(days: int, stay: int) -> int:
    """The days from which on `stay` days in a row are set."""
    for _ in range(stay - 1):
        days &= days >> 1
    return days


def _clear(wanted: Request, taken: int, lead: int) -> int:
    """The days (of a visit in a row: to begin on) that what is taken leaves."""
    stay = 1 if wanted.split else wanted.days
    for _ in range(stay - 1):
        taken |= taken >> 1
    return ~(taken | taken << 1) if lead else ~taken


def _enough(wanted: Request, here: int) -> bool:
    return here.bit_count() >= wanted.days if wanted.split else bool(here)


def _least(wanted: Request, here: int, lead: int) -> int:
    """The fewest days that a visit on these binds."""
    return wanted.days + lead * (len(_chosen(wanted, here)) if wanted.split and lead else 1)


def _chosen(wanted: Request, here: int) -> list[range]:
    """The days of a split visit in the fewest blocks; of as many the earlier."""
    runs: list[range] = []
    for day in _days(here):
        if runs and runs[-1].stop == day:
            runs[-1] = range(runs[-1].start, day + 1)
        else:
            runs.append(range(day, day + 1))
    left, found = wanted.days, []
    for run in sorted(runs, key=lambda run: -len(run)):
        if left:
            found.append(run[:left])
            left -= len(found[-1])
    return found


def _over(limits: Iterable[tuple[str, int]], used: int, more: int) -> str:
    return next((code for code, most in limits if used > most + more), "")


def _placed(wanted: Request, commissioner: str, here: int) -> Assignment:
    if wanted.split:
        return visit(wanted.name, commissioner, (day for block in _chosen(wanted, here) for day in block))
    return Assignment(wanted.name, commissioner, next(_days(here)))


def _holds(wanted: Request, here: int, kept: Assignment) -> bool:
    if not wanted.split:
        return not kept.on and kept.start >= 0 and bool(here >> kept.start & 1)
    days = kept.on or range(kept.start, kept.start + wanted.days)
    return min(days) >= 0 and all(here >> day & 1 for day in days)
