"""A dispatch as arrays: the eligible pairs, every visit that could stand in a plan, and what it is worth.

Names of sizes: R requests, C commissioners, D days of the plan, L the longest stay in days, U the most days that one
commissioner may give, plus one. A *slot* is one request with one commissioner from one day on; slots are sorted by
commissioner, day and length, and the slots that share all three are a *group*: a plan takes one of a group at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Narrow = NDArray[np.int32]  # of what there are millions
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER = -1e15  # the worth of what must not be: far below any plan, far from overflow


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a request and a commissioner who may serve it, in order of commissioner.

    `value` points; `stay` days that the commissioner is bound, `lead` of them on the way before the visit begins;
    `first` and `last` the days the stay may begin on, both included.
    """

    request: Ints
    commissioner: Ints
    value: Floats
    stay: Ints
    lead: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What the planner works on. `free` C x D, `load` C x U points that u days cost (NEVER-sized past the limit)."""

    requests: int
    commissioners: int
    days: int
    longest: int
    free: Flags
    limit: Ints
    load: Floats
    slot_request: Narrow
    slot_commissioner: Narrow
    slot_day: Narrow
    slot_stay: Narrow
    slot_lead: Narrow
    slot_value: Floats
    group_first: Ints
    group_commissioner: Ints
    group_day: Ints
    group_stay: Ints

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.slot_request)


def assemble(pairs: Pairs, free: Flags, limit: Ints, load: Floats, requests: int) -> Problem:
    """Lays out every slot. `load` C x U: what u days cost, for u up to each one's `limit`."""
    commissioners, days = free.shape
    run = _runs(free)
    width = np.maximum(pairs.last - pairs.first + 1, 0)
    pair = np.repeat(np.arange(len(width)), width)
    offset = np.arange(len(pair)) - np.repeat(np.cumsum(width) - width, width)
    day = pairs.first[pair] + offset
    fits = run[pairs.commissioner[pair], day] >= pairs.stay[pair]
    fits &= pairs.stay[pair] <= limit[pairs.commissioner[pair]]
    pair, day = pair[fits], day[fits]
    longest = int(pairs.stay[pair].max(initial=1))
    key = (pairs.commissioner[pair] * days + day) * longest + pairs.stay[pair] - 1
    order = np.argsort(key, kind="stable")
    pair, day, key = pair[order], day[order], key[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    who = pairs.commissioner[pair]
    return Problem(
        requests=requests,
        commissioners=commissioners,
        days=days,
        longest=longest,
        free=free,
        limit=limit,
        load=np.where(np.arange(load.shape[1])[None, :] > limit[:, None], -NEVER, load),
        slot_request=pairs.request[pair].astype(np.int32),
        slot_commissioner=who.astype(np.int32),
        slot_day=day.astype(np.int32),
        slot_stay=pairs.stay[pair].astype(np.int32),
        slot_lead=pairs.lead[pair].astype(np.int32),
        slot_value=pairs.value[pair],
        group_first=begins,
        group_commissioner=who[begins],
        group_day=day[begins],
        group_stay=pairs.stay[pair][begins],
    )


def _runs(free: Flags) -> Ints:
    """C x (D + 1): how many days in a row are free from each day on."""
    run = np.zeros((free.shape[0], free.shape[1] + 1), dtype=np.int64)
    for day in range(free.shape[1] - 1, -1, -1):
        run[:, day] = np.where(free[:, day], run[:, day + 1] + 1, 0)
    return run
