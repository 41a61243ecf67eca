"""A plan while it is worked on: which slot serves each request, who is where, and its value kept up to date."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from services.placement.planning.problem import Floats, Ints, Problem

NOBODY = -1


class Draft:
    """A feasible plan. `slot` R (-1 unserved), `owner` C x D the request of each bound day (-1 free), `used` C days."""

    def __init__(self, problem: Problem, slots: Iterable[int] = ()) -> None:
        """Takes each of `slots` that still fits, in order."""
        self.problem = problem
        self.slot: Ints = np.full(problem.requests, NOBODY, dtype=np.int64)
        self.owner: Ints = np.full((problem.commissioners, problem.days), NOBODY, dtype=np.int64)
        self.used: Ints = np.zeros(problem.commissioners, dtype=np.int64)
        self.value = 0.0
        # how many days before each are taken: a stay fits where the count does not rise over it
        self._before: Ints = np.zeros((problem.commissioners, problem.days + 1), dtype=np.int64)
        for slot in slots:
            if self.fits(slot):
                self.place(slot)

    @property
    def slots(self) -> Ints:
        """The slots it is made of."""
        served: Ints = self.slot[self.slot != NOBODY]
        return served

    def fits(self, slot: int) -> bool:
        """Whether the request is unserved, the days are free and the limit holds."""
        problem = self.problem
        who, day, stay = problem.slot_commissioner[slot], problem.slot_day[slot], problem.slot_stay[slot]
        return bool(
            self.slot[problem.slot_request[slot]] == NOBODY
            and self.used[who] + stay <= problem.limit[who]
            and self._before[who, day + stay] == self._before[who, day]
        )

    def place(self, slot: int) -> None:
        """Puts a slot that fits into the plan."""
        who = self._mark(slot, int(self.problem.slot_request[slot]), 1)
        self.slot[self.problem.slot_request[slot]] = slot
        self._count(who)

    def remove(self, request: int) -> int:
        """Takes a served request out; its slot."""
        slot = int(self.slot[request])
        who = self._mark(slot, NOBODY, -1)
        self.slot[request] = NOBODY
        self._count(who)
        return slot

    def gains(self, slots: Ints) -> tuple[Floats, Ints]:
        """Those of `slots` that fit, their requests taken to be unserved, with what each would add."""
        problem = self.problem
        who, day, stay = problem.slot_commissioner[slots], problem.slot_day[slots], problem.slot_stay[slots]
        fit = self._before[who, day + stay] == self._before[who, day]
        fit &= self.used[who] + stay <= problem.limit[who]
        slots, who, stay = slots[fit], who[fit], stay[fit]
        used = self.used[who]
        return problem.slot_value[slots] - problem.load[who, used + stay] + problem.load[who, used], slots

    def _mark(self, slot: int, owner: int, sign: int) -> int:
        problem = self.problem
        who, day, stay = (int(each[slot]) for each in (problem.slot_commissioner, problem.slot_day, problem.slot_stay))
        used = int(self.used[who])
        after = used + sign * stay
        self.value += sign * float(problem.slot_value[slot]) - float(problem.load[who, after] - problem.load[who, used])
        self.used[who] = after
        self.owner[who, day : day + stay] = owner
        return who

    def _count(self, who: int) -> None:
        np.cumsum(self.owner[who] != NOBODY, out=self._before[who, 1:])


class ByRequest:
    """The slots of each request."""

    def __init__(self, problem: Problem) -> None:
        self._order = np.argsort(problem.slot_request, kind="stable")
        self._begin = np.searchsorted(problem.slot_request[self._order], np.arange(problem.requests + 1))

    def slots(self, request: int) -> Ints:
        """Those of one."""
        return self._order[self._begin[request] : self._begin[request + 1]]


def worth(problem: Problem, slots: Ints) -> float:
    """The objective of a set of slots, counted anew."""
    stays = problem.slot_stay[slots].astype(np.float64)
    used = np.bincount(problem.slot_commissioner[slots], stays, problem.commissioners).astype(np.int64)
    return float(problem.slot_value[slots].sum() - problem.load[np.arange(problem.commissioners), used].sum())
