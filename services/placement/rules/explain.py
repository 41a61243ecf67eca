"""Why a request went to whom it went, or to nobody, and what would get it served.

Everything is found by trying: a visit is put into the plan and the checker is asked. What is named as a remedy was
applied and checked, and the request was served by it with every other visit where it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.placement.rules.checker import RULES, violations
from services.placement.rules.dispatch import (
    Assignment,
    Commissioner,
    Dispatch,
    Points,
    Request,
    account,
    load_cost,
    points,
)

# whether one visit can stand says nothing of the pins, which are other visits
TRIED = {code: rule for code, rule in RULES.items() if code != "PD-PIN"}
# what a candidate is told first: what no calendar changes, then what one does
ORDER = (
    *(
        "PD-QUALIFICATION",
        "PD-TEAM",
        "PD-REFUSED",
        "PD-BAN",
        "PD-WINDOW",
        "PD-AGREEMENT",
        "PD-AVAILABILITY",
        "PD-TRAVEL-DAY",
    ),
    *("PD-YEAR-LIMIT", "PD-QUARTER-LIMIT", "PD-ONE-PLACE", "PD-MEMBER"),
)
LASTING = frozenset(ORDER[:4])  # the same on every day
MOST_LEVELS, MOST_MORE_DAYS = 3, 10
NEW = "-new"  # no name of the register ends so


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commissioner for a request. Either `excluded` is the rule that keeps him from it and `busy_with` the visits in
    the way, or `start` is the best day and `net` the points it adds after the load.
    """

    commissioner: str
    points: Points
    excluded: str = ""
    busy_with: tuple[str, ...] = ()
    start: int = -1
    net: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A request explained: `chosen` is None when it is unserved; candidates best first, those excluded last."""

    chosen: Candidate | None
    candidates: tuple[Candidate, ...]

    @property
    def second(self) -> Candidate | None:
        """The best of those not chosen who could have gone, all else as planned."""
        others = (each for each in self.candidates if not each.excluded and each != self.chosen)
        return next(others, None)


class Remedy(StrEnum):
    """A change that would get a request served."""

    NOTHING = "NOTHING"  # there is room already, at a loss of points or none
    LATER = "LATER"
    EARLIER = "EARLIER"
    LEVEL_LESS = "LEVEL_LESS"
    FEWER_DAYS = "FEWER_DAYS"
    MORE_LIMIT = "MORE_LIMIT"
    LIFT_BAN = "LIFT_BAN"
    GIVE_WAY = "GIVE_WAY"
    ONE_MORE = "ONE_MORE"


@dataclass(frozen=True, slots=True)
class Change:
    """A remedy that was tried: by how much (`amount` days, levels or visits), the visit it allows and what it adds.

    `net` are the points of the plan with it less those without.
    """

    remedy: Remedy
    amount: int
    visit: Assignment
    net: float
    giving_way: tuple[str, ...] = ()


class Planned:
    """A plan that is asked about. Built once for many questions."""

    def __init__(self, dispatch: Dispatch, assignments: Iterable[Assignment]) -> None:
        self.dispatch = dispatch
        self.assignments = tuple(assignments)
        self._of_request = {each.request: each for each in self.assignments}
        self._of: dict[str, list[Assignment]] = defaultdict(list)
        for each in self.assignments:
            self._of[each.commissioner].append(each)

    def choice(self, request: str) -> Choice:
        """Every commissioner with what kept him from the request, or the points it would have had."""
        wanted = self.dispatch.requests[request]
        chosen = self._of_request.get(request)
        found = [self._candidate(self.dispatch, wanted, each) for each in self.dispatch.commissioners.values()]
        found.sort(key=lambda each: (bool(each.excluded), -each.net, each.commissioner))
        if chosen is None:
            return Choice(None, tuple(found))
        kept = next(each for each in found if each.commissioner == chosen.commissioner)
        return Choice(kept, tuple(found))

    def changes(self, request: str) -> list[Change]:
        """What would get an unserved request served, the least first of each kind: each tried, and checked."""
        return [change for change in self._changes(self.dispatch.requests[request]) if self.serves(change, request)]

    def relaxed(self, change: Change, request: str) -> tuple[Dispatch, tuple[Assignment, ...]]:
        """The dispatch and the plan after a change."""
        dispatch, wanted = self.dispatch, self.dispatch.requests[request]
        kept = tuple(each for each in self.assignments if each.request not in change.giving_way)
        match change.remedy:
            case Remedy.LATER:
                wanted = replace(wanted, latest=wanted.latest + change.amount)
            case Remedy.EARLIER:
                wanted = replace(wanted, earliest=wanted.earliest - change.amount)
            case Remedy.LEVEL_LESS:
                wanted = replace(wanted, level=wanted.level - change.amount)
            case Remedy.FEWER_DAYS:
                wanted = replace(wanted, days=wanted.days - change.amount)
            case Remedy.MORE_LIMIT:
                dispatch = _with(dispatch, _longer(dispatch.commissioners[change.visit.commissioner], change.amount))
            case Remedy.LIFT_BAN:
                pair = (request, change.visit.commissioner)
                dispatch = replace(dispatch, bans=dispatch.bans - {pair})
                wanted = replace(wanted, refused=wanted.refused - {change.visit.commissioner})
            case Remedy.ONE_MORE:
                dispatch = _with(dispatch, _another(dispatch, wanted))
            case Remedy.NOTHING | Remedy.GIVE_WAY:
                pass
        dispatch = replace(dispatch, requests={**dispatch.requests, request: wanted})
        return dispatch, (*kept, change.visit)

    def serves(self, change: Change, request: str) -> bool:
        """Whether the whole plan keeps every rule once the change is made."""
        return not violations(*self.relaxed(change, request))

    def _changes(self, wanted: Request) -> Iterator[Change]:
        if found := self._best(self.dispatch, wanted):
            yield Change(Remedy.NOTHING, 0, *found)
            return
        for amount in range(1, self.dispatch.days):
            if found := self._best(self.dispatch, replace(wanted, latest=wanted.latest + amount)):
                yield Change(Remedy.LATER, amount, *found)
                break
        for amount in range(1, wanted.earliest + 1):
            if found := self._best(self.dispatch, replace(wanted, earliest=wanted.earliest - amount)):
                yield Change(Remedy.EARLIER, amount, *found)
                break
        for amount in range(1, min(wanted.level, MOST_LEVELS) + 1):
            if found := self._best(self.dispatch, replace(wanted, level=wanted.level - amount)):
                yield Change(Remedy.LEVEL_LESS, amount, *found)
                break
        for amount in range(1, wanted.days):
            if found := self._best(self.dispatch, replace(wanted, days=wanted.days - amount)):
                yield Change(Remedy.FEWER_DAYS, amount, *found)
                break
        for amount in range(1, MOST_MORE_DAYS + 1):
            longer = {name: _longer(each, amount) for name, each in self.dispatch.commissioners.items()}
            if found := self._best(replace(self.dispatch, commissioners=longer), wanted):
                yield Change(Remedy.MORE_LIMIT, amount, *found)
                break
        lifted = frozenset(pair for pair in self.dispatch.bans if pair[0] != wanted.name)
        if wanted.refused or len(lifted) != len(self.dispatch.bans):
            open_to_all = replace(self.dispatch, bans=lifted)
            if found := self._best(open_to_all, replace(wanted, refused=frozenset())):
                yield Change(Remedy.LIFT_BAN, 1, *found)
        if change := self._giving_way(wanted):
            yield change
        another = _another(self.dispatch, wanted)
        if found := self._best(_with(self.dispatch, another), wanted, [another]):
            yield Change(Remedy.ONE_MORE, 1, *found)

    def _giving_way(self, wanted: Request) -> Change | None:
        """The visit or visits of one commissioner that cost the least to leave out for this one."""
        best: Change | None = None
        pinned = {pin.request for pin in self.dispatch.pins}
        for each in self.dispatch.commissioners.values():
            for start in _starts(self.dispatch, wanted, each):
                visit = Assignment(wanted.name, each.name, start)
                bound = _bound(self.dispatch, wanted, each, start)
                out = [other for other in self._of[each.name] if _meet(bound, self.dispatch.bound_days(other))]
                if not out or pinned & {other.request for other in out}:
                    continue
                left = [other for other in self._of[each.name] if other not in out]
                if violations(self.dispatch, [*left, visit], TRIED):
                    continue
                net = self._worth([*left, visit]) - self._worth(self._of[each.name])
                if best is None or net > best.net:
                    names = tuple(sorted(other.request for other in out))
                    best = Change(Remedy.GIVE_WAY, len(out), visit, net, names)
        return best

    def _worth(self, assignments: Sequence[Assignment]) -> float:
        return account(self.dispatch, assignments).total

    def _best(
        self, dispatch: Dispatch, wanted: Request, people: Iterable[Commissioner] | None = None
    ) -> tuple[Assignment, float] | None:
        """The visit that adds most with every other visit where it is."""
        asked = replace(dispatch, requests={**dispatch.requests, wanted.name: wanted})
        best: tuple[Assignment, float] | None = None
        for each in people or dispatch.commissioners.values():
            if each.skills.get(wanted.discipline, 0) < wanted.level:
                continue
            found = self._candidate(asked, wanted, each)
            if not found.excluded and (best is None or found.net > best[1]):
                best = Assignment(wanted.name, each.name, found.start), found.net
        return best

    def _candidate(self, dispatch: Dispatch, wanted: Request, commissioner: Commissioner) -> Candidate:
        worth = points(dispatch.worth, wanted, commissioner)
        others = [each for each in self._of[commissioner.name] if each.request != wanted.name]
        used = sum(len(dispatch.bound_days(each)) for each in others)
        stay = wanted.days + dispatch.lead(wanted, commissioner)
        rises = load_cost(dispatch.worth, commissioner, used + stay) - load_cost(dispatch.worth, commissioner, used)
        planned = self._of_request.get(wanted.name)
        starts = list(_starts(dispatch, wanted, commissioner))
        if planned is not None and planned.commissioner == commissioner.name:
            starts.insert(0, planned.start)
        closest = "PD-WINDOW"
        for start in starts:
            code = self._broken(dispatch, Assignment(wanted.name, commissioner.name, start), others)
            if not code:
                return Candidate(commissioner.name, worth, start=start, net=worth.total - rises)
            if code in LASTING:
                closest = code
                break
            # of the days tried, the rule that stands nearest to letting it pass
            closest = max(closest, code, key=ORDER.index)
        busy = self._in_the_way(dispatch, wanted, commissioner, others) if closest == "PD-ONE-PLACE" else ()
        return Candidate(commissioner.name, worth, excluded=closest, busy_with=busy)

    def _broken(self, dispatch: Dispatch, visit: Assignment, others: Sequence[Assignment]) -> str:
        """The first rule in ORDER that the visit breaks, or nothing."""
        codes = {each.code for each in violations(dispatch, [*others, visit], TRIED)}
        return next((code for code in ORDER if code in codes), "")

    def _in_the_way(
        self, dispatch: Dispatch, wanted: Request, commissioner: Commissioner, others: Sequence[Assignment]
    ) -> tuple[str, ...]:
        bounds = [_bound(dispatch, wanted, commissioner, start) for start in _starts(dispatch, wanted, commissioner)]
        met = {other.request for other in others for bound in bounds if _meet(bound, dispatch.bound_days(other))}
        return tuple(sorted(met))


def _starts(dispatch: Dispatch, wanted: Request, commissioner: Commissioner) -> range:
    """The days a visit may start on as far as the window goes; one day if nothing but the qualification matters."""
    last = min(wanted.latest, dispatch.days - 1) - wanted.days + 1
    if commissioner.skills.get(wanted.discipline, 0) < wanted.level:
        last = min(last, max(0, wanted.earliest))
    return range(max(0, wanted.earliest), last + 1)


def _bound(dispatch: Dispatch, wanted: Request, commissioner: Commissioner, start: int) -> range:
    """The days a visit would bind."""
    return range(start - dispatch.lead(wanted, commissioner), start + wanted.days)


def _meet(one: Sequence[int], other: Sequence[int]) -> bool:
    return not frozenset(one).isdisjoint(other)


def _with(dispatch: Dispatch, commissioner: Commissioner) -> Dispatch:
    people: Mapping[str, Commissioner] = {**dispatch.commissioners, commissioner.name: commissioner}
    return replace(dispatch, commissioners=people)


def _longer(commissioner: Commissioner, days: int) -> Commissioner:
    quarter, year = commissioner.quarter_days + days, commissioner.year_days + days
    return replace(commissioner, quarter_days=quarter, year_days=year)


def _another(dispatch: Dispatch, wanted: Request) -> Commissioner:
    """One more of the discipline, at home where the request is."""
    every = frozenset(range(dispatch.days))
    skills = {wanted.discipline: wanted.level}
    return Commissioner(f"{wanted.discipline}{NEW}", skills, wanted.place, dispatch.days, dispatch.days, every, every)
