"""The best schedule of every commissioner at once, for given prices of the requests: exact dynamic programme.

State: the day and the days used. `onward[d][u, c]` is the most that commissioner c can still gain from day d on with
u days used, the load at the end paid. What each stay may gain is the best slot of its group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.placement.planning.problem import NEVER, Floats, Ints, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The solved programme: `gain` D x L x C per stay, `onward` (D + 1) x U x C, `best` C."""

    gain: Floats
    onward: Floats
    best: Floats


def group_gains(problem: Problem, prices: Floats) -> Floats:
    """The best slot of each group, its request's price paid, and those of bodies that others need too."""
    if not len(problem.group_first):
        return np.zeros(0)
    gains: Floats = np.maximum.reduceat(problem.net(prices), problem.group_first)
    if (paid := problem.bodies_paid(prices)) is not None:
        who, day = problem.group_commissioner, problem.group_day
        gains -= paid[who, day + problem.group_stay] - paid[who, day]
    return gains


def tables(problem: Problem, gains: Floats) -> Tables:
    """Solves every commissioner for the `gains` of the groups."""
    days, longest, count = problem.days, problem.longest, problem.commissioners
    gain = np.full((days, longest, count), NEVER)
    gain[problem.group_day, problem.group_stay - 1, problem.group_commissioner] = gains
    most = problem.load.shape[1]
    onward = np.empty((days + 1, most, count))
    onward[days] = -problem.load.T
    room = np.empty((most, count))
    for day in range(days - 1, -1, -1):
        here = onward[day]
        here[:] = onward[day + 1]
        for stay in range(1, min(longest, days - day, most - 1) + 1):
            with_it = np.add(onward[day + stay][stay:], gain[day, stay - 1], out=room[: most - stay])
            np.maximum(here[: most - stay], with_it, out=here[: most - stay])
    return Tables(gain, onward, onward[0, 0].copy())


def chosen(problem: Problem, solved: Tables) -> tuple[Ints, Ints, Ints]:
    """(commissioner, day, stay) of every stay in the best schedules."""
    count, days = problem.commissioners, problem.days
    at = np.zeros(count, dtype=np.int64)
    used = np.zeros(count, dtype=np.int64)
    everyone = np.arange(count)
    found: list[tuple[Ints, Ints, Ints]] = []
    for day in range(days):
        here = everyone[at == day]
        value = solved.onward[day, used[here], here]
        idle = solved.onward[day + 1, used[here], here] >= value
        at[here[idle]] = day + 1
        here, value = here[~idle], value[~idle]
        for stay in range(1, min(problem.longest, days - day) + 1):
            if not len(here):
                break
            after = np.minimum(used[here] + stay, solved.onward.shape[1] - 1)
            hit = solved.gain[day, stay - 1, here] + solved.onward[day + stay, after, here] >= value
            hit &= used[here] + stay < solved.onward.shape[1]
            taken = here[hit]
            found.append((taken, np.full(len(taken), day), np.full(len(taken), stay)))
            at[taken] = day + stay
            used[taken] += stay
            here, value = here[~hit], value[~hit]
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    who, day_of, stay_of = (np.concatenate([part[index] for part in found]) for index in range(3))
    return who, day_of, stay_of
