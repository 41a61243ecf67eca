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
from services.placement.planning.problem import Flags, Floats, Ints, Problem

LEAST = 0.25  # points: half the step of the load


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """`slots` of the better plan or None, and the `bound` of every plan made of the slots that were offered."""

    slots: Ints | None
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Least cost of columns (slots, what split visits add, load steps) with `matrix` @ x <= `right`, 0 <= x <= `upper`,
    the columns `whole` integers.
    """

    cost: Floats
    matrix: csc_array
    right: Floats
    upper: Floats
    whole: Flags


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
        integrality=model.whole[kept].astype(np.int64),
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
    # the days of each slot, and their numbers among the days that any slot binds, of each who goes
    column = np.repeat(np.arange(count), stay)
    offset = np.arange(len(column)) - np.repeat(np.cumsum(stay) - stay, stay)
    split = _split(problem, slots, who, what)
    on, bodies = _bodies(problem, column, problem.slot_day[slots][column] + offset, people[who][column])
    days, day = np.unique(bodies, return_inverse=True)
    base, step_of, width, price = _steps(problem, people)
    once, apart = len(requests), len(requests) + len(days)
    steps = split.columns + np.arange(len(step_of))
    whole = np.flatnonzero(~split.slot)
    matrix = (
        (what[whole], whole, np.ones(len(whole))),
        (split.once, split.pair, np.ones(len(split.pair))),
        (once + day, on, np.ones(len(on))),
        (apart + who, np.arange(count), stay),
        (apart + step_of, steps, -np.ones(len(step_of))),
        (apart + len(people) + split.row, split.column, split.entry),
    )
    rows, columns, entries = (np.concatenate([part[index] for part in matrix]) for index in range(3))
    ties = 2 * len(split.pair)
    shape = (apart + len(people) + ties, split.columns + len(step_of))
    return _Model(
        cost=np.concatenate([base[who] * stay - problem.slot_value[slots], np.zeros(len(split.pair)), price]),
        matrix=csc_array((entries, (rows, columns)), shape=shape),
        right=np.concatenate([np.ones(apart), np.zeros(len(people) + ties)]),
        upper=np.concatenate([np.ones(split.columns), width]),
        whole=np.arange(shape[1]) < split.columns,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """What split visits add to a model: after the columns of the slots one for each `pair` of a request and someone who
    may serve it, in the row `once` of its request; and rows of their own, two a pair: the days at the host's of its
    slots less those of the visit where the pair is taken are 0.
    """

    slot: Flags
    once: Ints
    pair: Ints
    row: Ints
    column: Ints
    entry: Floats
    columns: int


def _split(problem: Problem, slots: Ints, who: Ints, what: Ints) -> _Split:
    count = len(slots)
    split = problem.parts[problem.slot_request[slots]] > 1
    parts = np.flatnonzero(split)
    pairs, of = np.unique(what[parts] * (problem.commissioners + 1) + who[parts], return_inverse=True)
    size = np.zeros(len(pairs))
    size[of] = problem.parts[problem.slot_request[slots[parts]]]
    days = (problem.slot_stay - problem.slot_lead)[slots[parts]].astype(np.float64)
    pair, number = count + np.arange(len(pairs)), np.arange(len(pairs))
    return _Split(
        slot=split,
        once=pairs // (problem.commissioners + 1),
        pair=pair,
        row=np.concatenate([of, number, len(pairs) + of, len(pairs) + number]),
        column=np.concatenate([parts, pair, parts, pair]),
        entry=np.concatenate([days, -size, -days, size]),
        columns=count + len(pairs),
    )


def _bodies(problem: Problem, columns: Ints, days: Ints, people: Ints) -> tuple[Ints, Ints]:
    """Columns, and the day of each body that they bind: a team's are its members' too."""
    found = [(columns, people * problem.days + days)]
    for team, bodies in problem.teams.bodies.items():
        mine = people == team
        found += [(columns[mine], body * problem.days + days[mine]) for body in bodies if body != team]
    return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])


def _steps(problem: Problem, people: Ints) -> tuple[Floats, Ints, Floats, Floats]:
    """The load as steps of whole days: what each day costs anyway, below 0 if some are owed; then of the steps whose,
    how many days wide, what a day costs more.

    It is convex: cheap steps fill first.
    """
    base = np.zeros(len(people))
    whose: list[int] = []
    width: list[float] = []
    price: list[float] = []
    for number, who in enumerate(people.tolist()):
        rises = np.diff(problem.load[who, : problem.limit[who] + 1])
        base[number] = min(0.0, rises.min(initial=0.0))
        prices, days = np.unique(rises - base[number], return_counts=True)
        whose += [number] * len(prices)
        price += prices.tolist()
        width += days.tolist()
    return base, np.array(whose, dtype=np.int64), np.array(width, dtype=np.float64), np.array(price, dtype=np.float64)
