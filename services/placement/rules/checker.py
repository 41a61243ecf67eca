"""The hard rules of a dispatch, and the check that a plan meets them, whoever made it.

Each rule has a stable code PD-... and looks at the whole plan by itself. The planner knows the rules in another way
(what it never offers), so that a plan it made and this check are independent of one another; a plan drawn up by hand
passes the same check. No rule may fail on input that another one objects to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request, with_way


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an assignment breaks; `detail` are the numbers and names that show it."""

    code: str
    request: str
    commissioner: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """An assignment whose request and commissioner are known."""

    assignment: Assignment
    request: Request
    commissioner: Commissioner
    lead: int

    @property
    def days(self) -> Sequence[int]:
        """The days at the host's."""
        return self.assignment.on or range(self.assignment.start, self.assignment.start + self.request.days)

    @property
    def bound(self) -> Sequence[int]:
        """The days at the host's and on the way."""
        return with_way(self.days, self.lead)

    @property
    def order(self) -> tuple[int, Assignment]:
        """Of two in one another's way the later is at fault."""
        return min(self.days, default=self.assignment.start) - self.lead, self.assignment


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan to check: all of it, and those of its assignments whose names are known."""

    dispatch: Dispatch
    assignments: Sequence[Assignment]
    visits: Sequence[Visit]


Finding = tuple[Assignment, dict[str, str]]
Rule = Callable[[Drawn], Iterator[Finding]]


def violations(
    dispatch: Dispatch, assignments: Iterable[Assignment], rules: Mapping[str, Rule] | None = None
) -> list[Violation]:
    """Every violation, in order of rule; of an empty list one may say that the plan can be stored."""
    listed = tuple(assignments)
    drawn = Drawn(dispatch, listed, tuple(_visits(dispatch, listed)))
    return [
        Violation(code, assignment.request, assignment.commissioner, detail)
        for code, rule in (RULES if rules is None else rules).items()
        for assignment, detail in rule(drawn)
    ]


def _visits(dispatch: Dispatch, assignments: Sequence[Assignment]) -> Iterator[Visit]:
    for each in assignments:
        request = dispatch.requests.get(each.request)
        commissioner = dispatch.commissioners.get(each.commissioner)
        if request is not None and commissioner is not None:
            yield Visit(each, request, commissioner, dispatch.lead(request, commissioner))


def _unknown(drawn: Drawn) -> Iterator[Finding]:
    for each in drawn.assignments:
        if each.request not in drawn.dispatch.requests or each.commissioner not in drawn.dispatch.commissioners:
            yield each, {}


def _twice(drawn: Drawn) -> Iterator[Finding]:
    times = Counter(each.request for each in drawn.assignments)
    for each in drawn.assignments:
        if times[each.request] > 1:
            yield each, {"times": str(times[each.request])}


def _qualification(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        request, held = visit.request, visit.commissioner.skills.get(visit.request.discipline, 0)
        if held < request.level:
            yield visit.assignment, {"discipline": request.discipline, "level": str(request.level), "held": str(held)}


def _team(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        if visit.request.team and not visit.commissioner.members:
            yield visit.assignment, {}


def _days(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        on, request = visit.assignment.on, visit.request
        if not on:
            continue
        in_order = list(on) == sorted(set(on)) and on[0] == visit.assignment.start
        if not (request.split and in_order and len(on) == request.days and on[-1] - on[0] >= len(on)):
            yield visit.assignment, {"days": str(request.days), "on": _listed(on)}


def _window(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        first, last = max(0, visit.request.earliest), min(visit.request.latest, drawn.dispatch.days - 1)
        if any(not first <= day <= last for day in visit.days):
            yield visit.assignment, {"earliest": str(visit.request.earliest), "latest": str(visit.request.latest)}


def _availability(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        if missing := [day for day in visit.days if day not in visit.commissioner.available]:
            yield visit.assignment, {"days": _listed(missing)}


def _agreement(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        if missing := [day for day in visit.bound if day >= 0 and day not in visit.commissioner.in_force]:
            yield visit.assignment, {"days": _listed(missing)}


def _travel_day(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        if visit.lead:
            way = frozenset(visit.bound) - frozenset(visit.days)
            if missing := sorted(day for day in way if day < 0 or day not in visit.commissioner.available):
                yield visit.assignment, {"days": _listed(missing)}


def _one_place(drawn: Drawn) -> Iterator[Finding]:
    held: dict[tuple[str, int], Visit] = {}
    for visit in sorted(drawn.visits, key=lambda visit: visit.order):
        others = {
            other.request.name
            for day in visit.bound
            if (other := held.setdefault((visit.commissioner.name, day), visit)) is not visit
            and other.request.name != visit.request.name
        }
        if others:
            yield visit.assignment, {"others": ", ".join(sorted(others))}


def _member(drawn: Drawn) -> Iterator[Finding]:
    if not any(visit.commissioner.members for visit in drawn.visits):
        return
    held: dict[tuple[str, int], list[Visit]] = defaultdict(list)
    for visit in sorted(drawn.visits, key=lambda visit: visit.order):
        others: set[str] = set()
        for key in ((name, day) for name in visit.commissioner.people for day in visit.bound):
            others |= {
                other.request.name
                for other in held[key]
                if other.commissioner.name != visit.commissioner.name and other.request.name != visit.request.name
            }
            held[key].append(visit)
        if others:
            yield visit.assignment, {"others": ", ".join(sorted(others))}


def _limit(limit: Callable[[Commissioner], int]) -> Rule:
    def over(drawn: Drawn) -> Iterator[Finding]:
        of: dict[str, list[Visit]] = defaultdict(list)
        for visit in drawn.visits:
            of[visit.commissioner.name].append(visit)
        for visits in of.values():
            used, most = sum(len(visit.bound) for visit in visits), limit(visits[0].commissioner)
            if used > most:
                last = max(visits, key=lambda visit: visit.order)
                yield last.assignment, {"used": str(used), "limit": str(most)}

    return over


def _ban(drawn: Drawn) -> Iterator[Finding]:
    for each in drawn.assignments:
        if (each.request, each.commissioner) in drawn.dispatch.bans:
            yield each, {}


def _refused(drawn: Drawn) -> Iterator[Finding]:
    for visit in drawn.visits:
        if visit.commissioner.name in visit.request.refused:
            yield visit.assignment, {}


def _pin(drawn: Drawn) -> Iterator[Finding]:
    planned = frozenset(drawn.assignments)
    for pin in drawn.dispatch.pins:
        if pin not in planned:
            yield pin, {"start": str(pin.start)}


def _listed(days: Iterable[int]) -> str:
    return ", ".join(str(day) for day in days)


RULES: Mapping[str, Rule] = {
    "PD-UNKNOWN": _unknown,
    "PD-TWICE": _twice,
    "PD-QUALIFICATION": _qualification,
    "PD-TEAM": _team,
    "PD-AGREEMENT": _agreement,
    "PD-AVAILABILITY": _availability,
    "PD-ONE-PLACE": _one_place,
    "PD-MEMBER": _member,
    "PD-QUARTER-LIMIT": _limit(lambda commissioner: commissioner.quarter_days),
    "PD-YEAR-LIMIT": _limit(lambda commissioner: commissioner.year_days),
    "PD-DAYS": _days,
    "PD-WINDOW": _window,
    "PD-TRAVEL-DAY": _travel_day,
    "PD-BAN": _ban,
    "PD-REFUSED": _refused,
    "PD-PIN": _pin,
}
