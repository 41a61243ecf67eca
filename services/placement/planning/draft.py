"""A plan while it is worked on: which slots serve each request, who is where, and its value kept up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from services.placement.planning.problem import Flags, Floats, Ints, Problem

NOBODY = -1
LEAST = 1e-9  # of a share


class Draft:
    """A feasible plan. `slot` R (-1 unserved, of a split visit the first), `stay` R days that are bound by it;
    `owner` C x D the request of each bound day (-1 free), `used` C days.
    """

    def __init__(self, problem: Problem, slots: Iterable[int] = ()) -> None:
        """Takes each visit of `slots` that still fits, in order."""
        self.problem = problem
        self.slot: Ints = np.full(problem.requests, NOBODY, dtype=np.int64)
        self.stay: Ints = np.zeros(problem.requests, dtype=np.int64)
        self.owner: Ints = np.full((problem.commissioners, problem.days), NOBODY, dtype=np.int64)
        self.used: Ints = np.zeros(problem.commissioners, dtype=np.int64)
        self.value = 0.0
        self._parts: dict[int, tuple[int, ...]] = {}
        # how many days before each are taken, by oneself or one's team: a stay fits where the count does not rise
        self._before: Ints = np.zeros((problem.commissioners, problem.days + 1), dtype=np.int64)
        for visit in problem.visits(slots):
            if self.fits(*visit):
                self.place(*visit)

    @property
    def slots(self) -> Ints:
        """The slots it is made of."""
        served: Ints = self.slot[self.slot != NOBODY]
        if not self._parts:
            return served
        more = [slot for _, parts in sorted(self._parts.items()) for slot in parts[1:]]
        return np.concatenate([served, np.array(more, dtype=np.int64)])

    @property
    def served(self) -> int:
        """How many requests are."""
        return int(np.count_nonzero(self.slot != NOBODY))

    def visit(self, request: int) -> tuple[int, ...]:
        """The slots of a served request."""
        return self._parts.get(request) or (int(self.slot[request]),)

    def fits(self, *slots: int) -> bool:
        """Whether the visit is whole, its request unserved, the days are free and the limit holds."""
        problem = self.problem
        request, who = int(problem.slot_request[slots[0]]), int(problem.slot_commissioner[slots[0]])
        of = list(slots)
        if self.slot[request] != NOBODY or abs(problem.slot_share[of].sum() - 1) > LEAST:
            return False
        days = bound(problem, slots)
        alone = (problem.slot_commissioner[of] == who).all() and len(set(days)) == len(days)
        return bool(alone and self.used[who] + len(days) <= problem.limit[who] and self.free(np.array(of)).all())

    def free(self, slots: Ints) -> Flags:
        """Whether the days of each slot are free."""
        problem = self.problem
        who, day, stay = problem.slot_commissioner[slots], problem.slot_day[slots], problem.slot_stay[slots]
        flags: Flags = self._before[who, day + stay] == self._before[who, day]
        return flags

    def place(self, *slots: int) -> None:
        """Puts a visit that fits into the plan."""
        request = int(self.problem.slot_request[slots[0]])
        days = bound(self.problem, slots)
        who = self._mark(slots, days, request, 1)
        self.slot[request], self.stay[request] = slots[0], len(days)
        if len(slots) > 1:
            self._parts[request] = slots
        self._count(who)

    def remove(self, request: int) -> tuple[int, ...]:
        """Takes a served request out; its slots."""
        slots = self.visit(request)
        who = self._mark(slots, bound(self.problem, slots), NOBODY, -1)
        self.slot[request] = NOBODY
        self._parts.pop(request, None)
        self._count(who)
        return slots

    def gains(self, slots: Ints) -> tuple[Floats, Ints]:
        """Those of `slots` that fit, whole visits of requests taken to be unserved, with what each would add."""
        problem = self.problem
        who, day, stay = problem.slot_commissioner[slots], problem.slot_day[slots], problem.slot_stay[slots]
        fit = self._before[who, day + stay] == self._before[who, day]
        fit &= self.used[who] + stay <= problem.limit[who]
        slots, who, stay = slots[fit], who[fit], stay[fit]
        used = self.used[who]
        return problem.slot_value[slots] - problem.load[who, used + stay] + problem.load[who, used], slots

    def apart(self, slots: Ints, within: Flags) -> Ints:
        """Those of `slots` that no visit of those not `within` (C) keeps away: of a member, or of the team."""
        problem = self.problem
        kept = np.ones(len(slots), dtype=np.bool_)
        for who, rows in problem.teams.beside.items():
            others = rows[~within[rows]]
            mine = np.flatnonzero(problem.slot_commissioner[slots] == who)
            if not len(others) or not len(mine):
                continue
            taken = np.concatenate([[0], np.cumsum((self.owner[others] != NOBODY).any(axis=0))])
            day, stay = problem.slot_day[slots[mine]], problem.slot_stay[slots[mine]]
            kept[mine] = taken[day + stay] == taken[day]
        return slots[kept]

    def _mark(self, slots: Sequence[int], days: Sequence[int], owner: int, sign: int) -> int:
        problem = self.problem
        who = int(problem.slot_commissioner[slots[0]])
        used = int(self.used[who])
        after = used + sign * len(days)
        self.value += sign * value(problem, slots) - float(problem.load[who, after] - problem.load[who, used])
        self.used[who] = after
        self.owner[who, slice(days.start, days.stop) if isinstance(days, range) else list(days)] = owner
        return who

    def _count(self, who: int) -> None:
        beside = self.problem.teams.beside
        if who not in beside:
            np.cumsum(self.owner[who] != NOBODY, out=self._before[who, 1:])
            return
        for each in beside[who].tolist():
            taken = (self.owner[beside[each]] != NOBODY).any(axis=0)
            np.cumsum(taken, out=self._before[each, 1:])


class ByRequest:
    """The slots of each request."""

    def __init__(self, problem: Problem) -> None:
        self._order = np.argsort(problem.slot_request, kind="stable")
        self._begin = np.searchsorted(problem.slot_request[self._order], np.arange(problem.requests + 1))

    def slots(self, request: int) -> Ints:
        """Those of one."""
        return self._order[self._begin[request] : self._begin[request + 1]]


def bound(problem: Problem, slots: Sequence[int]) -> Sequence[int]:
    """The days that a visit binds."""
    if len(slots) == 1:
        day = int(problem.slot_day[slots[0]])
        return range(day, day + int(problem.slot_stay[slots[0]]))
    return [day for slot in slots for day in bound(problem, (slot,))]


def value(problem: Problem, slots: Sequence[int]) -> float:
    """What a visit is worth, the load apart."""
    if len(slots) == 1:
        return float(problem.slot_value[slots[0]])
    return float(problem.slot_value[list(slots)].sum())


def worth(problem: Problem, slots: Ints) -> float:
    """The objective of a set of slots, counted anew."""
    stays = problem.slot_stay[slots].astype(np.float64)
    used = np.bincount(problem.slot_commissioner[slots], stays, problem.commissioners).astype(np.int64)
    return float(problem.slot_value[slots].sum() - problem.load[np.arange(problem.commissioners), used].sum())
