"""From the vocabulary of the rules to arrays and back.

Pins are taken out of the problem: they stand before it begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from services.placement.planning.problem import Flags, Floats, Ints, Pairs, Problem, Teams, assemble
from services.placement.rules.checker import RULES, Violation, violations
from services.placement.rules.dispatch import Assignment, Dispatch, account, day_cost, visit

MOST_PAIRS = 4_000_000  # past this the tables would not fit the memory that a plan may take


class Contradiction(ValueError):
    """The pins break rules by themselves, so that no plan can hold them."""

    def __init__(self, found: Sequence[Violation]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.violations = tuple(found)


class TooLarge(ValueError):
    """There are more pairs of a request and someone qualified than a plan can weigh at once: narrow its scope."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A dispatch and its problem. `fixed` is what the pins are worth, which every bound and objective includes."""

    dispatch: Dispatch
    requests: tuple[str, ...]
    commissioners: tuple[str, ...]
    problem: Problem
    fixed: float

    def assignments(self, slots: Ints) -> list[Assignment]:
        """What the `slots` mean, the pins with them, in order of request."""
        problem, found = self.problem, list(self.dispatch.pins)
        start = problem.slot_start
        for each in problem.visits(slots.tolist()):
            request = self.requests[problem.slot_request[each[0]]]
            who = self.commissioners[problem.slot_commissioner[each[0]]]
            if len(each) > 1:
                spans = (range(start[slot], problem.slot_day[slot] + problem.slot_stay[slot]) for slot in each)
                found.append(visit(request, who, chain.from_iterable(spans)))
            else:
                found.append(Assignment(request, who, int(start[each[0]])))
        return sorted(found)

    def slots(self, assignments: Iterable[Assignment]) -> Ints:
        """The slots of a plan; what no longer can stand is left out, and so are the pins."""
        problem = self.problem
        known = (self.dispatch.requests, self.dispatch.commissioners)
        wanted = {
            (each.request, each.commissioner, block.start, len(block))
            for each in assignments
            if each.request in known[0] and each.commissioner in known[1]
            for block in self._blocks(each)
        }
        if not wanted:
            return np.zeros(0, dtype=np.int64)
        request_of = {name: number for number, name in enumerate(self.requests)}
        who_of = {name: number for number, name in enumerate(self.commissioners)}
        days, most = problem.days + 1, problem.longest + 1
        keys = (problem.slot_request.astype(np.int64) * len(self.commissioners) + problem.slot_commissioner) * days
        keys = (keys + problem.slot_start) * most + problem.slot_stay - problem.slot_lead
        asked = [
            ((request_of[request] * len(self.commissioners) + who_of[who]) * days + start) * most + length
            for request, who, start, length in sorted(wanted)
            if 0 <= start < days and length < most
        ]
        return np.flatnonzero(np.isin(keys, np.array(asked, dtype=np.int64)))

    def _blocks(self, assignment: Assignment) -> list[range]:
        """The slots of a visit as days at the host's; none where it is split and must not be."""
        request = self.dispatch.requests[assignment.request]
        days = self.dispatch.days_of(assignment)
        if not request.split:
            return [days] if isinstance(days, range) else []
        if not self.dispatch.lead(request, self.dispatch.commissioners[assignment.commissioner]):
            return [range(day, day + 1) for day in days]
        begins = [day for day in days if day - 1 not in days]
        return [range(day, next(end for end in count(day) if end not in days)) for day in begins]


def lay_out(dispatch: Dispatch) -> Layout:
    """The arrays of a dispatch. Raises Contradiction when its pins are, TooLarge when it cannot be held."""
    alone = {code: rule for code, rule in RULES.items() if code != "PD-PIN"}
    if broken := violations(dispatch, dispatch.pins, alone):
        raise Contradiction(broken)
    requests, commissioners = tuple(dispatch.requests), tuple(dispatch.commissioners)
    free, base = _calendars(dispatch)
    people = list(dispatch.commissioners.values())
    given = np.array([min(each.quarter_days, each.year_days) for each in people], dtype=np.int64)
    # nobody can give more days than are free, and the tables are as tall as the most
    limit = np.minimum(given - base, free.sum(axis=1)).astype(np.int64)
    most = int(limit.max(initial=0)) + 1
    load: Floats = np.array(
        [
            [day_cost(dispatch.worth, each, begun + used) for used in range(most)]
            for each, begun in zip(people, base.tolist(), strict=True)
        ]
    ).reshape(len(people), most)
    parts = np.array([each.days if each.split else 1 for each in dispatch.requests.values()], dtype=np.int64)
    problem = assemble(_pairs(dispatch, parts), free, limit, load - load[:, :1], parts, _teams(dispatch))
    return Layout(dispatch, requests, commissioners, problem, account(dispatch, dispatch.pins).total)


def _calendars(dispatch: Dispatch) -> tuple[Flags, Ints]:
    """C x D days that are free, and the days of each that pins have taken."""
    free = np.zeros((len(dispatch.commissioners), dispatch.days), dtype=np.bool_)
    base = np.zeros(len(dispatch.commissioners), dtype=np.int64)
    row = {name: number for number, name in enumerate(dispatch.commissioners)}
    beside = _teams(dispatch).beside
    for number, each in enumerate(dispatch.commissioners.values()):
        free[number, [day for day in each.available & each.in_force if 0 <= day < dispatch.days]] = True
    for pin in dispatch.pins:
        bound = dispatch.bound_days(pin)
        who = row[pin.commissioner]
        free[np.ix_(beside.get(who, np.array([who])), np.array(bound))] = False
        base[row[pin.commissioner]] += len(bound)
    return free, base


def _teams(dispatch: Dispatch) -> Teams:
    row = {name: number for number, name in enumerate(dispatch.commissioners)}
    of: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(dispatch.commissioners.values()):
        for name in sorted(each.people):
            of[name].append(number)
    bodies = {name: row.setdefault(name, len(row)) for name, rows in of.items() if len(rows) > 1}
    found: dict[int, set[int]] = defaultdict(set)
    for rows in of.values():
        for number in rows if len(rows) > 1 else ():
            found[number].update(rows)
    place = {name: number for number, name in enumerate(bodies)}
    people = enumerate(dispatch.commissioners.values())
    return Teams(
        {
            number: tuple(sorted({number, *(bodies[name] for name in each.people if name in bodies)}))
            for number, each in people
            if each.members
        },
        {number: np.array(sorted(rows), dtype=np.int64) for number, rows in sorted(found.items())},
        {
            number: np.array([place[name] for name in sorted(each.people) if name in place], dtype=np.int64)
            for number, each in enumerate(dispatch.commissioners.values())
            if number in found
        },
        len(place),
    )


def _pairs(dispatch: Dispatch, parts: Ints) -> Pairs:
    requests, people = list(dispatch.requests.values()), list(dispatch.commissioners.values())
    disciplines = {name: number for number, name in enumerate(dict.fromkeys(each.discipline for each in requests))}
    levels = np.zeros((len(people), len(disciplines)), dtype=np.int64)
    for number, each in enumerate(people):
        for name, level in each.skills.items():
            if name in disciplines:
                levels[number, disciplines[name]] = level
    wanted = np.array([disciplines[each.discipline] for each in requests], dtype=np.int64)
    able = levels[:, wanted] >= np.array([each.level for each in requests], dtype=np.int64)
    teams = np.array([bool(each.members) for each in people], dtype=np.bool_)
    able &= teams[:, None] | ~np.array([each.team for each in requests], dtype=np.bool_)
    row = {each.name: number for number, each in enumerate(people)}
    pinned = {pin.request for pin in dispatch.pins}
    column = {each.name: number for number, each in enumerate(requests)}
    for number, request in enumerate(requests):
        if request.name in pinned:
            able[:, number] = False
        for name in request.refused & row.keys():
            able[row[name], number] = False
    for name, banned in dispatch.bans:
        if name in column and banned in row:
            able[row[banned], column[name]] = False
    if able.sum() > MOST_PAIRS:
        raise TooLarge(f"{able.sum()} pairs")
    who, what = np.nonzero(able)
    homes = np.array([each.home for each in people], dtype=np.float64).reshape(-1, 2)[who]
    places = np.array([each.place for each in requests], dtype=np.float64).reshape(-1, 2)[what]
    east, north = (homes - places).T
    apart = np.sqrt(east * east + north * north)
    worth = dispatch.worth
    previous = np.array([row.get(each.previous or "", -1) for each in requests], dtype=np.int64)[what]
    value = worth.per_priority * np.array([each.priority for each in requests], dtype=np.float64)[what]
    value += worth.continuity * (previous == who) - np.floor(worth.per_km * apart)
    lead = np.zeros(len(who), dtype=np.int64)
    if dispatch.travel_day_km is not None:
        lead += apart >= dispatch.travel_day_km
    days = np.array([each.days for each in requests], dtype=np.int64)[what]
    earliest = np.array([each.earliest for each in requests], dtype=np.int64)[what]
    latest = np.array([each.latest for each in requests], dtype=np.int64)[what]
    # of a split visit a slot is a day, or a block of any length where each has a way
    split = parts[what] > 1
    several = np.where(split, np.where(lead > 0, days, 1), 1)
    pair = np.repeat(np.arange(len(what)), several)
    block = np.arange(len(pair)) - np.repeat(np.cumsum(several) - several, several) + 1
    at_host = np.where(split[pair], block, days[pair])
    what, lead = what[pair], lead[pair]
    return Pairs(
        request=what,
        commissioner=who[pair],
        value=value[pair] * np.where(split[pair], at_host / parts[what], 1.0),
        stay=at_host + lead,
        lead=lead,
        first=np.maximum(earliest[pair] - lead, 0),
        last=np.minimum(latest[pair], dispatch.days - 1) - at_host + 1 - lead,
        parts=parts[what],
    )
