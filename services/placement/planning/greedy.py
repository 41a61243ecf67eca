"""Greedy plans: slots in order of a score, each taken if it still fits."""

from __future__ import annotations

import numpy as np

from services.placement.planning.draft import NOBODY
from services.placement.planning.problem import Floats, Ints, Problem


def greedy(problem: Problem, scores: Floats, least: float = -np.inf) -> Ints:
    """The slots taken, by falling score down to `least`; of equal scores the earlier slot."""
    slots = np.flatnonzero(scores >= least)
    slots = slots[np.argsort(-scores[slots], kind="stable")]
    bound = [0] * problem.commissioners
    left: list[int] = problem.limit.tolist()
    served = [NOBODY] * problem.requests
    of = (problem.slot_request, problem.slot_commissioner, problem.slot_day, problem.slot_stay)
    columns = (slots.tolist(), *(each[slots].tolist() for each in of))
    for slot, request, who, day, stay in zip(*columns, strict=True):
        if served[request] != NOBODY or stay > left[who]:
            continue
        days = ((1 << stay) - 1) << day
        if bound[who] & days:
            continue
        bound[who] |= days
        left[who] -= stay
        served[request] = slot
    return np.array([slot for slot in served if slot != NOBODY], dtype=np.int64)


def plain(problem: Problem) -> Ints:
    """By worth, as one does by hand: the dearest visit first, and of equal ones the shorter."""
    return greedy(problem, problem.slot_value - problem.slot_stay / (problem.longest + 1), least=0.0)
