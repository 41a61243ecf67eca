"""Where a visit goes best while all else stays: one in a row by its slot, a split one by its days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.placement.planning.draft import NOBODY, Draft, bound, value
from services.placement.planning.problem import Floats, Ints, Problem


@dataclass(frozen=True, slots=True)
class Place:
    """The slots of a visit that fits, and what it adds."""

    gain: float
    slots: tuple[int, ...]


def best(draft: Draft, slots: Ints, slack: Floats | None = None) -> Place | None:
    """The place of a request, all of whose `slots` these are, that adds most. Days of a split visit by `slack`."""
    problem = draft.problem
    if not len(slots):
        return None
    if problem.parts[problem.slot_request[slots[0]]] == 1:
        gains, free = draft.gains(slots)
        if not len(free):
            return None
        top = int(np.argmax(gains))
        return Place(float(gains[top]), (int(free[top]),))
    return _place(draft, slots, slack)


def around(draft: Draft, slots: Ints, slack: Floats) -> Iterator[tuple[int, ...]]:
    """Split visits that would fit if one visit which stands were put out, the best of each such visit."""
    problem = draft.problem
    who, day = problem.slot_commissioner[slots], problem.slot_day[slots]
    for request in np.unique(draft.owner[who, day]).tolist():
        if request == NOBODY:
            continue
        visit = draft.remove(request)
        found = _place(draft, slots[who == problem.slot_commissioner[visit[0]]], slack)
        draft.place(*visit)
        if found is not None and not draft.free(np.array(found.slots)).all():
            yield found.slots


def pick(problem: Problem, slots: Ints, scores: Floats | None) -> tuple[int, ...]:
    """A split visit out of these slots, all that one commissioner could take now, in order of day; () if too few.

    Days of the best scores; where each block has a way, a single block of the best score or else the fewest.
    """
    of = np.zeros(len(slots)) if scores is None else scores[slots]
    count = int(problem.parts[problem.slot_request[slots[0]]]) if len(slots) else 0
    at_host = problem.slot_stay[slots] - problem.slot_lead[slots]
    single = slots[at_host == 1]
    if not count or len(single) < count:
        return ()
    if not problem.slot_lead[slots[0]]:
        return tuple(sorted(single[np.argsort(-of, kind="stable")[:count]].tolist()))
    if (at_host == count).any():
        at_once = np.flatnonzero(at_host == count)
        return (int(slots[at_once[np.argmax(of[at_once])]]),)
    block = {(day, days): slot for day, days, slot in zip(problem.slot_day[slots], at_host, slots, strict=True)}
    days = problem.slot_day[single]
    runs = sorted(np.split(days, np.flatnonzero(np.diff(days) != 1) + 1), key=lambda run: -len(run))
    chosen: list[int] = []
    for run in runs:
        taken = min(len(run), count)
        chosen += [int(block[run[0], taken])] if taken else []
        count -= taken
    return tuple(sorted(chosen))


def _place(draft: Draft, slots: Ints, slack: Floats | None) -> Place | None:
    """The best place of a split request, its `slots` in order of commissioner."""
    problem = draft.problem
    free = slots[draft.free(slots)]
    begins = np.flatnonzero(np.diff(problem.slot_commissioner[free], prepend=-1))
    heads = free[begins]
    who = problem.slot_commissioner[heads]
    used = draft.used[who]
    least = problem.parts[problem.slot_request[heads]] + problem.slot_lead[heads]
    after = np.minimum(used + least, problem.load.shape[1] - 1)
    hoped = problem.slot_whole[heads] - problem.load[who, after] + problem.load[who, used]
    ends = np.append(begins[1:], len(free))
    found: Place | None = None
    for number in np.argsort(-hoped, kind="stable").tolist():
        if found is not None and hoped[number] <= found.gain:
            break
        if used[number] + least[number] > problem.limit[who[number]]:
            continue
        chosen = pick(problem, free[begins[number] : ends[number]], slack)
        gain = _gain(draft, chosen) if chosen else None
        if gain is not None and (found is None or gain > found.gain):
            found = Place(gain, chosen)
    return found


def _gain(draft: Draft, slots: tuple[int, ...]) -> float | None:
    """What a visit on free days adds; None past the limit."""
    problem = draft.problem
    who = int(problem.slot_commissioner[slots[0]])
    used = int(draft.used[who])
    after = used + len(bound(problem, slots))
    if after > problem.limit[who]:
        return None
    return value(problem, slots) - float(problem.load[who, after] - problem.load[who, used])
