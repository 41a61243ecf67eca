"""Greedy plans: slots in order of a score, each taken if it still fits."""

from __future__ import annotations

import numpy as np

from services.placement.planning.draft import NOBODY, ByRequest, Draft
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


def plain(problem: Problem, by_request: ByRequest) -> Draft:
    """As one does by hand: the dearest request first, of equal ones the shorter, each where it adds most."""
    draft = Draft(problem)
    top, stay = np.zeros(problem.requests), np.zeros(problem.requests)
    np.maximum.at(top, problem.slot_request, problem.slot_value)
    stay[problem.slot_request] = problem.slot_stay
    for request in np.lexsort((stay, -top)).tolist():
        gains, free = draft.gains(by_request.slots(request))
        if len(free) and gains.max() > 0:
            draft.place(int(free[np.argmax(gains)]))
    return draft
