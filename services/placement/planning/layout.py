"""From the vocabulary of the rules to arrays and back.

Pins are taken out of the problem: they stand before it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.placement.planning.problem import Flags, Floats, Ints, Pairs, Problem, assemble
from services.placement.rules.checker import RULES, Violation, violations
from services.placement.rules.dispatch import Assignment, Dispatch, account, load_cost

MOST_PAIRS = 4_000_000  # past this the tables would not fit the memory that a plan may take


class Contradiction(ValueError):
    """The pins break rules by themselves, so that no plan can hold them."""

    def __init__(self, found: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{each.code} {each.request} {each.commissioner}" for each in found))
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
        problem = self.problem
        begun = problem.slot_day[slots] + problem.slot_lead[slots]
        rows = zip(problem.slot_request[slots], problem.slot_commissioner[slots], begun, strict=True)
        free = [Assignment(self.requests[request], self.commissioners[who], int(start)) for request, who, start in rows]
        return sorted([*self.dispatch.pins, *free])

    def slots(self, assignments: Iterable[Assignment]) -> Ints:
        """The slots of a plan; what no longer can stand is left out, and so are the pins."""
        problem = self.problem
        wanted = {(each.request, each.commissioner, each.start) for each in assignments}
        if not wanted:
            return np.zeros(0, dtype=np.int64)
        request_of = {name: number for number, name in enumerate(self.requests)}
        who_of = {name: number for number, name in enumerate(self.commissioners)}
        days = problem.days + 1
        keys = (problem.slot_request.astype(np.int64) * len(self.commissioners) + problem.slot_commissioner) * days
        keys += problem.slot_day + problem.slot_lead
        asked = [
            (request_of[request] * len(self.commissioners) + who_of[who]) * days + start
            for request, who, start in sorted(wanted)
            if request in request_of and who in who_of and 0 <= start < days
        ]
        return np.flatnonzero(np.isin(keys, np.array(asked, dtype=np.int64)))


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
            [load_cost(dispatch.worth, each, begun + used) for used in range(most)]
            for each, begun in zip(people, base.tolist(), strict=True)
        ]
    ).reshape(len(people), most)
    problem = assemble(_pairs(dispatch), free, limit, load - load[:, :1], len(requests))
    return Layout(dispatch, requests, commissioners, problem, account(dispatch, dispatch.pins).total)


def _calendars(dispatch: Dispatch) -> tuple[Flags, Ints]:
    """C x D days that are free, and the days of each that pins have taken."""
    free = np.zeros((len(dispatch.commissioners), dispatch.days), dtype=np.bool_)
    base = np.zeros(len(dispatch.commissioners), dtype=np.int64)
    row = {name: number for number, name in enumerate(dispatch.commissioners)}
    for number, each in enumerate(dispatch.commissioners.values()):
        free[number, [day for day in each.available & each.in_force if 0 <= day < dispatch.days]] = True
    for pin in dispatch.pins:
        bound = dispatch.bound_days(pin)
        free[row[pin.commissioner], list(bound)] = False
        base[row[pin.commissioner]] += len(bound)
    return free, base


def _pairs(dispatch: Dispatch) -> Pairs:
    requests, people = list(dispatch.requests.values()), list(dispatch.commissioners.values())
    disciplines = {name: number for number, name in enumerate(dict.fromkeys(each.discipline for each in requests))}
    levels = np.zeros((len(people), len(disciplines)), dtype=np.int64)
    for number, each in enumerate(people):
        for name, level in each.skills.items():
            if name in disciplines:
                levels[number, disciplines[name]] = level
    wanted = np.array([disciplines[each.discipline] for each in requests], dtype=np.int64)
    able = levels[:, wanted] >= np.array([each.level for each in requests], dtype=np.int64)
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
    return Pairs(
        request=what,
        commissioner=who,
        value=value,
        stay=days + lead,
        lead=lead,
        first=np.maximum(earliest - lead, 0),
        last=np.minimum(latest, dispatch.days - 1) - days + 1 - lead,
    )
