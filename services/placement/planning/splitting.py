"""Where a visit goes best while all else stays: one in a row by its slot, a split one by its days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.placement.planning.draft import NOBODY, Draft, bound
from services.placement.planning.problem import Flags, Floats, Ints, Problem


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
    free = _free(draft, slots)
    who, day = problem.slot_commissioner[slots], problem.slot_day[slots]
    for request in np.unique(draft.owner[who, day]).tolist():
        if request == NOBODY:
            continue
        visit = draft.remove(request)
        mine = problem.slot_commissioner[slots] == problem.slot_commissioner[visit[0]]
        found = _place(draft, slots[mine], slack)
        draft.place(*visit)
        if found is not None and not free[np.isin(slots, found.slots)].all():
            yield found.slots


def pick(problem: Problem, slots: Ints, count: int, scores: Floats | None) -> tuple[int, ...]:
    """`count` of the slots, in order of day, of one split request with one commissioner: by score, or in the fewest
    blocks where each has a way.
    """
    of = np.zeros(len(slots)) if scores is None else scores[slots]
    if not problem.slot_lead[slots[0]]:
        return tuple(sorted(slots[np.argsort(-of, kind="stable")[:count]].tolist()))
    runs = np.split(slots, np.flatnonzero(np.diff(problem.slot_day[slots]) != 1) + 1)
    runs.sort(key=lambda run: -len(run))  # stable: of equal ones the earlier
    enough = next((run for run in reversed(runs) if len(run) >= count), None)
    taken = enough if enough is not None else np.concatenate(runs)
    return tuple(sorted(taken[:count].tolist()))


def _free(draft: Draft, slots: Ints) -> Flags:
    """Whether each day of a split visit, and the day on the way before it, is free."""
    problem = draft.problem
    who, day = problem.slot_commissioner[slots], problem.slot_day[slots]
    return draft.free(who, day) & draft.free(who, day - problem.slot_lead[slots])


def _place(draft: Draft, slots: Ints, slack: Floats | None) -> Place | None:
    """The best place of a split request, its `slots` in order of commissioner."""
    problem = draft.problem
    free = _free(draft, slots)
    begins = np.flatnonzero(np.diff(problem.slot_commissioner[slots], prepend=-1))
    if not len(begins):
        return None
    parts = int(problem.parts[problem.slot_request[slots[0]]])
    room = np.add.reduceat(free.astype(np.int64), begins)
    heads = slots[begins]
    who = problem.slot_commissioner[heads]
    used = draft.used[who]
    least = parts + problem.slot_lead[heads]
    able = (room >= parts) & (used + least <= problem.limit[who])
    after = np.minimum(used + least, problem.load.shape[1] - 1)
    hoped = np.where(
        able, parts * problem.slot_value[heads] - problem.load[who, after] + problem.load[who, used], -np.inf
    )
    ends = np.append(begins[1:], len(slots))
    found: Place | None = None
    for number in np.argsort(-hoped, kind="stable").tolist():
        if not able[number] or (found is not None and hoped[number] <= found.gain):
            break
        mine = slots[begins[number] : ends[number]][free[begins[number] : ends[number]]]
        chosen = pick(problem, mine, parts, slack)
        gain = _gain(draft, chosen)
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
    value = len(slots) * float(problem.slot_value[slots[0]])
    return value - float(problem.load[who, after] - problem.load[who, used])
