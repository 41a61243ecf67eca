"""The proven bound: what each request would have to pay, found by subgradients of the Lagrangian.

With the rule that a request is served once priced instead of held, every commissioner's best schedule is exact, and the
prices plus the best schedules are never less than the best plan. That holds for any prices: the bound needs no
convergence to be valid. It looks at each block of a split visit by itself, as if several could share it: all the more
a bound. That one of a team is in one place only is priced as well, by day. The prices also tell which slots a good plan
is made of (`slacks`).
"""

from __future__ import annotations

import numpy as np

from services.placement.planning.problem import NEVER, Floats, Ints, Problem
from services.placement.planning.schedules import chosen, group_gains, tables

GRID = 12  # prices of a day that are tried first
PATIENCE = 15  # steps without a better bound before they shrink
SHRINK, STEP, LAST_STEP = 0.7, 0.013, 1e-7  # steps in shares of the mean worth of a visit
STEADY, SPREAD = 0.9, 0.999  # moments of Adam (Kingma and Ba 2015)
MARGIN = 1e-9  # of rounding in sums of this size


class Prices:
    """Steps towards the least bound. Deterministic: the same problem gives the same steps."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.iterations = 0
        self.bound = np.inf
        size = problem.requests + problem.teams.count * problem.days
        self.best = np.zeros(size)
        self._first = np.zeros(size)
        self._second = np.zeros(size)
        self._waited = 0
        self._last_was_best = False
        self._group_key = (
            problem.group_commissioner.astype(np.int64) * problem.days + problem.group_day
        ) * problem.longest + problem.group_stay
        self._group_end = np.append(problem.group_first[1:], problem.slots)
        top = np.zeros(problem.requests)
        np.maximum.at(top, problem.slot_request, problem.slot_whole)
        stay = np.zeros(problem.requests)
        stay[problem.slot_request] = problem.slot_stay
        np.maximum(stay, problem.parts, out=stay)
        wanted = top[top > 0]
        self._scale = float(wanted.mean()) if len(wanted) else 1.0
        self._step = STEP * self._scale
        grid = np.linspace(0, self._scale / 2, GRID)
        for day_price in grid:
            self._weigh(self._start(top - day_price * stay))
        # where far more is wanted than can be served a day is dearer still
        dearest, day_price = float((top / stay.clip(1)).max(initial=0.0)), float(grid[-1])
        while self._last_was_best and day_price < dearest:
            day_price += grid[1]
            self._weigh(self._start(top - day_price * stay))
        self._now = self.best.copy()

    @property
    def settled(self) -> bool:
        """Whether more steps would change nothing that can be seen."""
        return self._step < LAST_STEP * self._scale

    def advance(self) -> None:
        """One step."""
        before = self.bound
        slope = self._weigh(self._now)
        self.iterations += 1
        self._waited = 0 if self.bound < before - 1e-6 * abs(before) else self._waited + 1
        if self._waited > PATIENCE:
            self._step *= SHRINK
            self._waited = 0
            self._now = self.best.copy()
        self._first = STEADY * self._first + (1 - STEADY) * slope
        self._second = SPREAD * self._second + (1 - SPREAD) * slope * slope
        first = self._first / (1 - STEADY**self.iterations)
        second = np.sqrt(self._second / (1 - SPREAD**self.iterations)) + 1e-8
        self._now = np.maximum(0, self._now - self._step * first / second)

    def _start(self, wanted: Floats) -> Floats:
        prices = np.zeros(len(self.best))
        prices[: len(wanted)] = np.maximum(0, wanted - self._step)
        return prices

    def _weigh(self, prices: Floats) -> Floats:
        """Notes the bound of these prices; its slope: 1 less how often each request is taken, or a body needed."""
        solved = tables(self.problem, group_gains(self.problem, prices))
        bound = float(solved.best.sum() + prices.sum())
        bound += MARGIN * abs(bound)
        self._last_was_best = bound < self.bound
        if self._last_was_best:
            self.bound, self.best = bound, prices.copy()
        stays = chosen(self.problem, solved)
        taken = self._taken(stays, prices)
        problem = self.problem
        times = np.bincount(problem.slot_request[taken], problem.slot_share[taken], minlength=problem.requests)
        slope: Floats = 1.0 - times.astype(np.float64)
        return np.concatenate([slope, 1.0 - self._needed(stays)]) if problem.teams.count else slope

    def _needed(self, stays: tuple[Ints, Ints, Ints]) -> Floats:
        """How often each shared body is needed on each day."""
        problem = self.problem
        begun = np.zeros((problem.commissioners, problem.days + 1))
        who, day, stay = stays
        np.add.at(begun, (who, day), 1.0)
        np.add.at(begun, (who, day + stay), -1.0)
        away = np.cumsum(begun, axis=1)[:, :-1]
        needed = np.zeros((problem.teams.count, problem.days))
        for each, shared in problem.teams.shared.items():
            needed[shared] += away[each]
        return needed.ravel()

    def _taken(self, stays: tuple[Ints, Ints, Ints], prices: Floats) -> Ints:
        """The slots of the best schedules."""
        problem = self.problem
        who, day, stay = stays
        group = np.searchsorted(self._group_key, (who * problem.days + day) * problem.longest + stay)
        begin = problem.group_first[group]
        width = self._group_end[group] - begin
        ends = np.cumsum(width)
        slots = np.repeat(begin - ends + width, width) + np.arange(int(width.sum()))
        if not len(slots):
            return slots
        net = problem.slot_value[slots] - prices[problem.slot_request[slots]] * problem.slot_share[slots]
        best = np.maximum.reduceat(net, ends - width)
        hits = np.flatnonzero(net >= np.repeat(best, width))
        _, first = np.unique(np.repeat(np.arange(len(width)), width)[hits], return_index=True)
        return slots[hits[first]]


def priced(problem: Problem, prices: Floats) -> float:
    """The bound that these prices prove."""
    return float(tables(problem, group_gains(problem, prices)).best.sum() + prices.sum())


def slacks(problem: Problem, prices: Floats) -> Floats:
    """For each slot the best schedule through it less the best schedule of its commissioner: 0 or less.

    In a plan of objective z no slot can stand whose slack is below z less the bound of these prices.
    """
    solved = tables(problem, group_gains(problem, prices))
    days, most = problem.days, problem.load.shape[1]
    until = np.full((days + 1, most, problem.commissioners), NEVER)
    until[0, 0] = 0
    through = np.full((days, problem.longest, problem.commissioners), NEVER)
    for day in range(days):
        np.maximum(until[day + 1], until[day], out=until[day + 1])
        for stay in range(1, min(problem.longest, days - day, most - 1) + 1):
            here = until[day][: most - stay]
            after = until[day + stay][stay:]
            np.maximum(after, here + solved.gain[day, stay - 1], out=after)
            through[day, stay - 1] = (here + solved.onward[day + stay][stay:]).max(axis=0)
    at = through[problem.slot_day, problem.slot_stay - 1, problem.slot_commissioner]
    if (paid := problem.bodies_paid(prices)) is not None:
        who, first = problem.slot_commissioner, problem.slot_day
        at -= paid[who, first + problem.slot_stay] - paid[who, first]
    found: Floats = problem.net(prices) + at - solved.best[problem.slot_commissioner]
    return found
