"""The best plan of a few commissioners and the requests given to them, as a time-indexed integer programme.

First its linear relaxation; then only the slots whose reduced cost leaves room for something better than what stands
(nothing better is lost by that); then the integer programme on these. SciPy's HiGHS does both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from services.placement.planning.draft import worth
from services.placement.planning.problem import Floats, Ints, Problem

LEAST = 0.25  # points: half the step of the load


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """`slots` of the better plan or None, and the `bound` of every plan made of the slots that were offered."""

    slots: Ints | None
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Least cost of columns (slots, then load steps) with `matrix` @ x <= `right`, 0 <= x <= `upper`."""

    cost: Floats
    matrix: csc_array
    right: Floats
    upper: Floats


def solve(
    problem: Problem, slots: Ints, standing: Ints, *, gap: float, nodes: int | None, seconds: float | None
) -> Found:
    """Looks for a better plan than `standing` (slots, all among the sorted `slots`) of their commissioners alone.

    `gap` relative, at which the search ends; `nodes` and `seconds` at most.
    """
    model = _model(problem, slots)
    count = len(slots)
    held = np.isin(slots, standing)
    value = worth(problem, standing)
    relaxed = linprog(
        model.cost,
        A_ub=model.matrix,
        b_ub=model.right,
        bounds=np.column_stack([np.zeros(len(model.upper)), model.upper]),
        method="highs-ds",
        options={} if seconds is None else {"time_limit": seconds},
    )
    if relaxed.status != 0:
        return Found(None, np.inf)
    room = -relaxed.fun - value
    if room < LEAST:
        return Found(None, max(value, -float(relaxed.fun)))
    reduced = model.cost - model.matrix.T @ relaxed.ineqlin.marginals
    kept = np.flatnonzero(
        np.concatenate([(reduced[:count] <= room + LEAST) | held, np.ones(len(reduced) - count, bool)])
    )
    options: dict[str, float] = {"mip_rel_gap": gap}
    if nodes is not None:
        options["node_limit"] = nodes
    if seconds is not None:
        options["time_limit"] = seconds
    result = milp(
        model.cost[kept],
        constraints=LinearConstraint(model.matrix[:, kept], -np.inf, model.right),
        bounds=Bounds(0, model.upper[kept]),
        integrality=(kept < count).astype(np.int64),
        options=options,
    )
    proven = -float(relaxed.fun)
    if result.mip_dual_bound is not None:
        proven = min(proven, -float(result.mip_dual_bound))
    bound = max(value, proven)
    if result.x is None:
        return Found(None, bound)
    columns = kept[(result.x > 0.5) & (kept < count)]
    better = slots[columns]
    return Found(better if worth(problem, better) > value + LEAST else None, bound)


def _model(problem: Problem, slots: Ints) -> _Model:
    people, who = np.unique(problem.slot_commissioner[slots].astype(np.int64), return_inverse=True)
    requests, what = np.unique(problem.slot_request[slots], return_inverse=True)
    stay = problem.slot_stay[slots].astype(np.int64)
    count = len(slots)
    # the days of each slot, and their numbers among the days that any slot binds
    column = np.repeat(np.arange(count), stay)
    offset = np.arange(len(column)) - np.repeat(np.cumsum(stay) - stay, stay)
    days, day = np.unique(who[column] * problem.days + problem.slot_day[slots][column] + offset, return_inverse=True)
    step_of, width, price = _steps(problem, people)
    once, apart = len(requests), len(requests) + len(days)
    rows = np.concatenate([what, once + day, apart + who, apart + step_of])
    columns = np.concatenate([np.arange(count), column, np.arange(count), count + np.arange(len(step_of))])
    entries = np.concatenate([np.ones(count + len(column)), stay, -np.ones(len(step_of))])
    shape = (apart + len(people), count + len(step_of))
    return _Model(
        cost=np.concatenate([-problem.slot_value[slots], price]),
        matrix=csc_array((entries, (rows, columns)), shape=shape),
        right=np.concatenate([np.ones(apart), np.zeros(len(people))]),
        upper=np.concatenate([np.ones(count), width]),
    )


def _steps(problem: Problem, people: Ints) -> tuple[Ints, Floats, Floats]:
    """The load as steps of whole days: whose, how many days wide, what a day costs.

    It is convex: cheap steps fill first.
    """
    whose: list[int] = []
    width: list[float] = []
    price: list[float] = []
    for number, who in enumerate(people.tolist()):
        rises = np.diff(problem.load[who, : problem.limit[who] + 1])
        prices, days = np.unique(rises, return_counts=True)
        whose += [number] * len(prices)
        price += prices.tolist()
        width += days.tolist()
    return np.array(whose, dtype=np.int64), np.array(width, dtype=np.float64), np.array(price, dtype=np.float64)
