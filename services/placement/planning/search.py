"""The planner: greedy by worth, greedy by prices, ejection, then clusters of commissioners planned anew.

Everything it does is decided by the problem, the seed and the counts in `Limits`; only `Limits.seconds` brings the
clock in. A plan is only ever replaced by a better one. The bound is computed beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy.sparse import coo_array

from services.placement.planning import cluster
from services.placement.planning.beside import Apart, Bound, Within
from services.placement.planning.draft import NOBODY, ByRequest, Draft
from services.placement.planning.ejection import Ejection
from services.placement.planning.greedy import greedy, plain
from services.placement.planning.layout import Layout
from services.placement.planning.prices import Prices, priced, slacks
from services.placement.planning.problem import Floats, Ints, Problem
from services.placement.rules.dispatch import Assignment

SMALL = 20_000  # slots up to which the bound needs no process of its own
WHOLE = 8_000  # slots up to which all of it is planned as one programme
PEOPLE = 30  # of a cluster
COLUMNS = 1500  # slots of a cluster
NEAR = 400.0  # slack in points that greedy still looks at
GAP, NODES = 5e-4, 50  # of a cluster's programme
EXACT_GAP, EXACT_NODES = 1e-6, 5000
PATIENCE = 3  # rounds over everyone without gain after which nothing is left to find
TRIES = 3  # of an ejection
RENEWED = (8, 24, 60, 150, 400)  # rounds before which prices are renewed where no clock decides
LEAST_SECONDS = 0.05
WAIT = 0.25  # seconds between two looks whether it shall stop


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop. Without `seconds` the same `seed`, `rounds` and `steps` give the same plan and bound again."""

    seconds: float | None = None
    rounds: int = 10_000
    steps: int = 5_000
    gap: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `gap` is (bound - objective) / bound, `seconds` since the start.

    `assignments()` are the best plan so far, to be asked for before the search goes on.
    """

    objective: float
    bound: float
    served: int
    seconds: float
    phase: str
    assignments: Callable[[], tuple[Assignment, ...]]

    @property
    def gap(self) -> float:
        """The proven gap, a share of the bound."""
        if not isfinite(self.bound):
            return 1.0
        return max(0.0, self.bound - self.objective) / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Solution:
    """The best plan seen, the bound proven and how it ended; the prices of the requests by name.

    `priced` is the bound that these prices prove by themselves: an auditor can count it again.
    """

    assignments: tuple[Assignment, ...]
    last: Progress
    prices: dict[str, float]
    priced: float


Told = Callable[[Progress], None]
Stopped = Callable[[], bool]


def solve(
    layout: Layout,
    limits: Limits,
    *,
    start: Iterable[Assignment] = (),
    told: Told = lambda _: None,
    stopped: Stopped = lambda: False,
) -> Solution:
    """Plans. `start` is a plan to go on from, `told` hears of progress, `stopped` is asked between two steps."""
    bound: Bound = (Within if layout.problem.slots <= SMALL else Apart)(layout.problem, limits.steps)
    with closing(bound):
        search = _Search(layout, limits, bound, told, stopped)
        search.run(layout.slots(start))
        return search.solution()


@dataclass(frozen=True, slots=True)
class Proof:
    """A bound of a dispatch by itself; the prices of requests alone prove `priced`, which may be higher."""

    bound: float
    prices: dict[str, float]
    priced: float


def prove(layout: Layout, limits: Limits, stopped: Stopped = lambda: False) -> Proof:
    """A bound by steps alone, for a plan that is not to be improved. Of the limits, steps and seconds count."""
    prices, began = Prices(layout.problem), time.monotonic()
    while prices.iterations < limits.steps and not prices.settled and not stopped():
        if limits.seconds is not None and time.monotonic() - began >= limits.seconds:
            break
        prices.advance()
    of_requests = prices.best[: layout.problem.requests]
    proven = layout.fixed + priced(layout.problem, of_requests)
    bound = min(proven, layout.fixed + prices.bound)
    return Proof(bound, dict(zip(layout.requests, of_requests.tolist(), strict=True)), proven)


class _Search:
    def __init__(self, layout: Layout, limits: Limits, bound: Bound, told: Told, stopped: Stopped) -> None:
        self._layout, self._limits, self._bound, self._told, self._stopped = layout, limits, bound, told, stopped
        self._problem: Problem = layout.problem
        self._began = time.monotonic()
        self._random = np.random.default_rng(limits.seed)
        self._draft = Draft(self._problem)
        self._prices: Floats = np.zeros(self._problem.requests)
        self._slack: Floats = np.zeros(self._problem.slots)
        self._proven = np.inf
        self._adopting = 0.0  # seconds that new prices took

    def run(self, start: Ints) -> None:
        """All of it."""
        self._draft = Draft(self._problem, start.tolist())
        by_request = ByRequest(self._problem)
        self._take(plain(self._problem, by_request), "greedy")
        if not self._problem.slots:
            self._proven = 0.0
            self._tell("done")
            return
        ejection = Ejection(self._problem, by_request)
        if (prices := self._next_prices()) is not None:
            self._adopt(prices, ejection)
        if self._problem.slots <= WHOLE:
            self._settle(ejection)
            self._whole()
        self._clusters(ejection)
        while self._limits.seconds is None and (prices := self._next_prices()) is not None:
            self._prices = prices
        self._tell("done")

    def solution(self) -> Solution:
        """What came of it."""
        of_requests = self._prices[: self._problem.requests]
        prices = dict(zip(self._layout.requests, of_requests.tolist(), strict=True))
        proven = self._layout.fixed + priced(self._problem, of_requests)
        return Solution(self._assignments(), self._progress("done"), prices, proven)

    def _left(self) -> float | None:
        return None if self._limits.seconds is None else self._limits.seconds - (time.monotonic() - self._began)

    def _few(self) -> float | None:
        """Seconds that one programme may take; a solver takes none that is not above 0."""
        left = self._left()
        return None if left is None else max(left, LEAST_SECONDS)

    def _over(self) -> bool:
        left = self._left()
        return self._stopped() or (left is not None and left <= 0) or self._progress("").gap <= self._limits.gap

    def _progress(self, phase: str) -> Progress:
        fixed, value = self._layout.fixed, self._draft.value
        bound = max(min(self._bound.value, self._proven), value)
        served = self._draft.served + len(self._layout.dispatch.pins)
        seconds = time.monotonic() - self._began
        return Progress(value + fixed, bound + fixed, served, seconds, phase, self._assignments)

    def _assignments(self) -> tuple[Assignment, ...]:
        return tuple(self._layout.assignments(self._draft.slots))

    def _tell(self, phase: str) -> None:
        self._told(self._progress(phase))

    def _take(self, draft: Draft, phase: str) -> None:
        if draft.value > self._draft.value:
            self._draft = draft
        self._tell(phase)

    def _adopt(self, prices: Floats, ejection: Ejection) -> None:
        """Takes new prices: a greedy plan by them, improved by ejection, may beat what stands."""
        began = time.monotonic()
        if (left := self._left()) is not None and left < 2 * self._adopting:
            return
        self._prices = prices
        self._slack = slacks(self._problem, prices)
        draft = Draft(self._problem, greedy(self._problem, self._slack, -NEAR).tolist())
        ejection.serve(draft, self._slack, TRIES)
        self._adopting = time.monotonic() - began
        self._take(draft, "prices")

    def _settle(self, ejection: Ejection) -> None:
        """Two marks more before the programme, where that takes a moment."""
        for _ in range(2):
            if (prices := self._next_prices()) is not None:
                self._adopt(prices, ejection)

    def _whole(self) -> None:
        """Everyone as one cluster: proves the best plan, or as much as it can."""
        if self._over():
            return
        everything = np.arange(self._problem.slots)
        found = cluster.solve(
            self._problem, everything, self._draft.slots, gap=EXACT_GAP, nodes=EXACT_NODES, seconds=self._few()
        )
        self._proven = min(self._proven, found.bound)
        if found.slots is not None:
            self._take(Draft(self._problem, found.slots.tolist()), "whole")
        self._tell("whole")

    def _clusters(self, ejection: Ejection) -> None:
        """Clusters around each commissioner in turn, until nothing gains any more."""
        people = self._problem.commissioners
        visits = np.zeros(people)
        related = _related(self._problem, self._slack)
        idle = 0
        size = min(PEOPLE, people)
        for round_ in range(self._limits.rounds):
            if self._over() or idle * size > PATIENCE * people:
                return
            if (prices := self._renewed(round_)) is not None:
                self._adopt(prices, ejection)
                related = _related(self._problem, self._slack)
                idle = 0
            centre = int(np.argmin(visits + self._random.random(people) / 2))
            nearness = related[centre] * self._random.random(people)
            nearness[centre] = np.inf
            members = np.argpartition(-nearness, size - 1)[:size]
            visits[members] += 1
            idle = 0 if self._improve(members) else idle + 1
            self._tell("clusters")

    def _renewed(self, round_: int) -> Floats | None:
        """New prices: whenever there are any, or without a clock in fixed rounds."""
        if self._limits.seconds is not None:
            return self._bound.look()
        return self._next_prices() if round_ in RENEWED else None

    def _next_prices(self) -> Floats | None:
        """Waits for the next mark; None when there is none any more, or it is over."""
        while not self._over() and not self._bound.exhausted:
            if (prices := self._bound.await_mark(WAIT)) is not None:
                return prices
            self._tell("bound")
        return None

    def _improve(self, members: Ints) -> bool:
        """Plans the members anew with what they serve and what nobody serves."""
        problem, draft = self._problem, self._draft
        chosen = np.zeros(problem.commissioners, dtype=np.bool_)
        chosen[members] = True
        standing = draft.slots[chosen[problem.slot_commissioner[draft.slots]]]
        open_ = draft.slot == NOBODY
        open_[problem.slot_request[standing]] = True
        slots = np.flatnonzero(chosen[problem.slot_commissioner] & open_[problem.slot_request])
        slots = draft.apart(slots, chosen)
        if len(slots) > COLUMNS:
            slots = slots[np.argpartition(-self._slack[slots], COLUMNS)[:COLUMNS]]
        slots = np.union1d(slots, standing)
        found = cluster.solve(problem, slots, standing, gap=GAP, nodes=NODES, seconds=self._few())
        if found.slots is None:
            return False
        for request in dict.fromkeys(problem.slot_request[standing].tolist()):
            draft.remove(request)
        for visit in problem.visits(found.slots.tolist()):
            draft.place(*visit)
        return True


def _related(problem: Problem, slack: Floats) -> Floats:
    """C x C: how many requests two commissioners could both serve without much loss."""
    near = np.flatnonzero(slack > -NEAR / 8)
    places = (problem.slot_commissioner[near], problem.slot_request[near])
    shape = (problem.commissioners, problem.requests)
    could = coo_array((np.ones(len(near)), places), shape=shape).tocsr()
    could.data[:] = 1.0
    shared: Floats = (could @ could.T).toarray()
    return shared
