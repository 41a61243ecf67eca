"""Greedy plans: visits in order of a score, each taken if it still fits."""

from __future__ import annotations

import numpy as np

from services.placement.planning.draft import LEAST, ByRequest, Draft, bound
from services.placement.planning.problem import Floats, Ints, Problem
from services.placement.planning.splitting import best, pick

NOT_SPLIT = -1


def greedy(problem: Problem, scores: Floats, least: float = -np.inf) -> Ints:
    """The slots taken, by falling score down to `least`; of equal scores the earlier slot.

    A split visit has the score of its best days together, and takes those that are left when its turn comes.
    """
    slots = np.flatnonzero(scores >= least)
    order = scores[slots]
    pairs: list[Ints] = []
    split = problem.parts[problem.slot_request[slots]] > 1
    of_pair = np.full(len(slots), NOT_SPLIT)
    if split.any():
        pairs, together = _pairs(problem, scores, least)
        slots = np.concatenate([slots[~split], np.array([pair[0] for pair in pairs], dtype=np.int64)])
        order = np.concatenate([order[~split], together])
        of_pair = np.concatenate([np.full(len(slots) - len(pairs), NOT_SPLIT), np.arange(len(pairs))])
    by_order = np.argsort(-order, kind="stable")
    slots, of_pair = slots[by_order], of_pair[by_order]
    taken = [0] * problem.commissioners
    left: list[int] = problem.limit.tolist()
    served: list[tuple[int, ...]] = [()] * problem.requests
    beside = {who: rows.tolist() for who, rows in problem.teams.beside.items()}
    of = (problem.slot_request, problem.slot_commissioner, problem.slot_day, problem.slot_stay)
    columns = (slots.tolist(), of_pair.tolist(), *(each[slots].tolist() for each in of))
    for slot, pair, request, who, day, stay in zip(*columns, strict=True):
        if served[request] or stay > left[who]:
            continue
        visit: tuple[int, ...] = (slot,)
        if pair == NOT_SPLIT:
            days = ((1 << stay) - 1) << day
            if taken[who] & days:
                continue
        else:
            visit = _left(problem, pairs[pair], taken[who], scores)
            on = bound(problem, visit) if visit else ()
            stay, days = len(on), sum(1 << each for each in on)
            if not visit or stay > left[who]:
                continue
        for each in beside.get(who, (who,)):
            taken[each] |= days
        left[who] -= stay
        served[request] = visit
    return np.array([slot for visit in served for slot in visit], dtype=np.int64)


def plain(problem: Problem, by_request: ByRequest) -> Draft:
    """As one does by hand: the dearest request first, of equal ones the shorter, each where it adds most."""
    draft = Draft(problem)
    top, stay = np.zeros(problem.requests), np.zeros(problem.requests)
    np.maximum.at(top, problem.slot_request, problem.slot_whole)
    stay[problem.slot_request] = problem.slot_stay
    for request in np.lexsort((np.maximum(stay, problem.parts), -top)).tolist():
        place = best(draft, by_request.slots(request))
        if place is not None and place.gain > 0:
            draft.place(*place.slots)
    return draft


def _pairs(problem: Problem, scores: Floats, least: float) -> tuple[list[Ints], Floats]:
    """Slots of split visits by request and commissioner, in order of day, and the score of the best visit of each,
    where there are slots enough for one whose score is not below `least`.
    """
    slots = np.flatnonzero(problem.parts[problem.slot_request] > 1)
    key = problem.slot_request[slots].astype(np.int64) * problem.commissioners + problem.slot_commissioner[slots]
    _, pair = np.unique(key, return_inverse=True)
    near = scores[slots] >= least
    enough = np.bincount(pair[near], problem.slot_share[slots[near]], pair.max(initial=-1) + 1) > 1 - LEAST
    slots, pair = slots[enough[pair]], pair[enough[pair]]
    order = np.argsort(pair, kind="stable")
    slots, pair = slots[order], pair[order]
    pairs = np.split(slots, np.flatnonzero(np.diff(pair)) + 1) if len(slots) else []
    together = [float(scores[list(pick(problem, each, scores))].sum()) for each in pairs]
    return pairs, np.array(together, dtype=np.float64)


def _left(problem: Problem, pair: Ints, taken: int, scores: Floats) -> tuple[int, ...]:
    """The split visit of the days that are left, if there are enough."""
    spans = zip(problem.slot_day[pair].tolist(), problem.slot_stay[pair].tolist(), strict=True)
    return pick(problem, pair[[not taken >> day & ((1 << stay) - 1) for day, stay in spans]], scores)
