"""Why a request went to whom it went, or to nobody, and what would get it served.

Everything is found by trying (`fitting`). What is named as a remedy was applied and the checker was asked, and the
request was served by it with every other visit where it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.placement.rules.checker import RULES, violations
from services.placement.rules.dispatch import (
    Assignment,
    Commissioner,
    Dispatch,
    Points,
    Request,
    day_cost,
    points,
)
from services.placement.rules.fitting import Room, bits

# whether one visit can stand says nothing of the pins, which are other visits
TRIED = {code: rule for code, rule in RULES.items() if code != "PD-PIN"}
Found = tuple[Assignment, float]  # a visit that fits and what it adds
MOST_LEVELS, MOST_MORE_DAYS = 3, 10
NEW = "-new"  # no name of the register ends so


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commissioner for a request. Either `excluded` is the rule that keeps him from it and `busy_with` the visits in
    the way, or `start` is the best day (`on` the days of a split visit) and `net` the points it adds after the load.
    """

    commissioner: str
    points: Points
    excluded: str = ""
    busy_with: tuple[str, ...] = ()
    start: int = -1
    net: float = 0.0
    on: tuple[int, ...] = ()


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
    SPLIT = "SPLIT"
    NO_TEAM = "NO_TEAM"
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
        self._room = Room(dispatch, self.assignments)
        self._pinned = frozenset(pin.request for pin in dispatch.pins)
        self._able: dict[str, list[Commissioner]] = defaultdict(list)
        for commissioner in dispatch.commissioners.values():
            for discipline in commissioner.skills:
                self._able[discipline].append(commissioner)

    def choice(self, request: str) -> Choice:
        """Every commissioner with what kept him from the request, or the points it would have had."""
        wanted = self.dispatch.requests[request]
        chosen = self._of_request.get(request)
        found = [self._candidate(wanted, each) for each in self.dispatch.commissioners.values()]
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
            case Remedy.SPLIT:
                wanted = replace(wanted, split=True)
            case Remedy.NO_TEAM:
                wanted = replace(wanted, team=False)
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
        """Whether every rule is kept once the change is made, by all whom it touches: the others are as they were."""
        dispatch, plan = self.relaxed(change, request)
        touched = {each.assignment for each in self._room.near(change.visit.commissioner)}
        near = [each for each in plan if each in touched or each.request == request]
        return self._pinned.isdisjoint(change.giving_way) and not violations(dispatch, near, TRIED)

    def _changes(self, wanted: Request) -> Iterator[Change]:
        if found := self._best(wanted):
            yield Change(Remedy.NOTHING, 0, *found)
            return

        def sooner(by: int) -> Request:
            return replace(wanted, earliest=wanted.earliest - by)

        def later(by: int) -> Request:
            return replace(wanted, latest=wanted.latest + by)

        def easier(by: int) -> Request:
            return replace(wanted, level=wanted.level - by)

        def shorter(by: int) -> Request:
            return replace(wanted, days=wanted.days - by)

        yield from self._least(Remedy.LATER, self.dispatch.days - 1, lambda by: self._best(later(by)))
        yield from self._least(Remedy.EARLIER, wanted.earliest, lambda by: self._best(sooner(by)))
        yield from self._least(Remedy.LEVEL_LESS, min(wanted.level - 1, MOST_LEVELS), lambda by: self._best(easier(by)))
        yield from self._least(Remedy.FEWER_DAYS, wanted.days - 1, lambda by: self._best(shorter(by)))
        may_split = 0 if wanted.split or wanted.days == 1 else 1
        yield from self._least(Remedy.SPLIT, may_split, lambda _: self._best(replace(wanted, split=True)))
        yield from self._least(Remedy.NO_TEAM, int(wanted.team), lambda _: self._best(replace(wanted, team=False)))
        yield from self._least(Remedy.MORE_LIMIT, MOST_MORE_DAYS, lambda by: self._best(wanted, more=by))
        lifted = frozenset(pair for pair in self.dispatch.bans if pair[0] != wanted.name)
        if wanted.refused or len(lifted) != len(self.dispatch.bans):
            open_to_all = replace(self.dispatch, bans=lifted)
            if found := self._best(replace(wanted, refused=frozenset()), open_to_all):
                yield Change(Remedy.LIFT_BAN, 1, *found)
        if change := self._giving_way(wanted):
            yield change
        if found := self._best(wanted, people=[_another(self.dispatch, wanted)]):
            yield Change(Remedy.ONE_MORE, 1, *found)

    def _least(self, remedy: Remedy, most: int, tried: Callable[[int], Found | None]) -> Iterator[Change]:
        """The least amount up to `most` that serves: what serves by one amount does by every greater one."""
        if most < 1 or (found := tried(most)) is None:
            return
        least, enough = 1, most
        while least < enough:
            middle = (least + enough) // 2
            if better := tried(middle):
                enough, found = middle, better
            else:
                least = middle + 1
        yield Change(remedy, enough, *found)

    def _giving_way(self, wanted: Request) -> Change | None:
        """The visit or visits of one commissioner, its team or its members, that cost the least to leave out."""
        best: Change | None = None
        for each in self._able[wanted.discipline]:
            for out in () if self._room.lasting(self.dispatch, wanted, each) else self._in_the_way(wanted, each):
                if not self._pinned.isdisjoint(out):
                    continue
                fit = self._room.fit(self.dispatch, wanted, each, out=out)
                if fit.visit is None:
                    continue
                net = fit.net - self._lost(out)
                if best is None or net > best.net:
                    best = Change(Remedy.GIVE_WAY, len(out), fit.visit, net, tuple(sorted(out)))
        return best

    def _in_the_way(self, wanted: Request, commissioner: Commissioner) -> set[frozenset[str]]:
        """The sets of requests whose visits stand in the way of a day; of a split visit each by itself."""
        near = self._room.near(commissioner.name)
        if wanted.split:
            return {frozenset({each.assignment.request}) for each in near}
        lead = self.dispatch.lead(wanted, commissioner)
        found: set[frozenset[str]] = set()
        for start in self._room.starts(self.dispatch, wanted, commissioner):
            bound = bits(range(start - lead, start + wanted.days))
            if out := frozenset(each.assignment.request for each in near if each.bits & bound):
                found.add(out)
        return found

    def _lost(self, out: Iterable[str]) -> float:
        """What the plan loses by visits that are left out."""
        lost, worth = 0.0, self.dispatch.worth
        fewer: dict[str, set[str]] = defaultdict(set)
        for name in out:
            whose = self._of_request[name].commissioner
            lost += points(worth, self.dispatch.requests[name], self.dispatch.commissioners[whose]).total
            fewer[whose].add(name)
        for whose, names in fewer.items():
            commissioner = self.dispatch.commissioners[whose]
            before, after = self._room.used(whose), self._room.used(whose, names)
            lost -= day_cost(worth, commissioner, before) - day_cost(worth, commissioner, after)
        return lost

    def _best(
        self,
        wanted: Request,
        dispatch: Dispatch | None = None,
        people: Iterable[Commissioner] | None = None,
        more: int = 0,
    ) -> Found | None:
        """The visit that adds most with every other visit where it is."""
        best: Found | None = None
        everyone = self._able[wanted.discipline] if wanted.level > 0 else self.dispatch.commissioners.values()
        for each in everyone if people is None else people:
            fit = self._room.fit(dispatch or self.dispatch, wanted, each, more=more)
            if fit.visit is not None and (best is None or fit.net > best[1]):
                best = fit.visit, fit.net
        return best

    def _candidate(self, wanted: Request, commissioner: Commissioner) -> Candidate:
        worth = points(self.dispatch.worth, wanted, commissioner)
        planned = self._of_request.get(wanted.name)
        fit = self._room.fit(self.dispatch, wanted, commissioner, kept=planned)
        if fit.visit is not None:
            return Candidate(commissioner.name, worth, start=fit.visit.start, net=fit.net, on=fit.visit.on)
        busy: set[str] = set()
        if fit.code in ("PD-ONE-PLACE", "PD-MEMBER"):
            busy = set().union(*self._in_the_way(wanted, commissioner)) - {wanted.name}
        return Candidate(commissioner.name, worth, excluded=fit.code, busy_with=tuple(sorted(busy)))


def _with(dispatch: Dispatch, commissioner: Commissioner) -> Dispatch:
    people: Mapping[str, Commissioner] = {**dispatch.commissioners, commissioner.name: commissioner}
    return replace(dispatch, commissioners=people)


def _longer(commissioner: Commissioner, days: int) -> Commissioner:
    quarter, year = commissioner.quarter_days + days, commissioner.year_days + days
    return replace(commissioner, quarter_days=quarter, year_days=year)


def _another(dispatch: Dispatch, wanted: Request) -> Commissioner:
    """One more of the discipline, at home where the request is; a team where one is wanted."""
    every, name = frozenset(range(dispatch.days)), f"{wanted.discipline}{NEW}"
    return Commissioner(
        name=name,
        skills={wanted.discipline: wanted.level},
        home=wanted.place,
        quarter_days=dispatch.days,
        year_days=dispatch.days,
        available=every,
        in_force=every,
        members=frozenset({f"{name}-1"}) if wanted.team else frozenset(),
    )
