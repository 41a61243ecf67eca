"""A dispatch as arrays: the eligible pairs, every visit that could stand in a plan, and what it is worth.

Names of sizes: R requests, C commissioners, D days of the plan, L the longest stay in days, U the most days that one
commissioner may give, plus one. A *slot* is one request with one commissioner from one day on; slots are sorted by
commissioner, day and length, and the slots that share all three are a *group*: a plan takes one of a group at most.

A visit is one slot. A split visit is several, with as many days at the host's together as it has (`parts`): slots of
one day, or where there is a way blocks of any length with a day on the way before each. Each has its share of points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    `first` and `last` the days the stay may begin on, both included. Of a split visit of `parts` days a block of it.
    """

    request: Ints
    commissioner: Ints
    value: Floats
    stay: Ints
    lead: Ints
    first: Ints
    last: Ints
    parts: Ints


@dataclass(frozen=True, slots=True)
class Teams:
    """Who goes together. `bodies` of each team: all who can be in one place only, by number, the team itself too.

    `beside` of those who share one with others: all whose visits keep them from their own, themselves included.
    `shared` of the same: which of the `count` bodies that more than one needs are theirs.
    """

    bodies: Mapping[int, tuple[int, ...]]
    beside: Mapping[int, Ints]
    shared: Mapping[int, Ints]
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What the planner works on. `free` C x D, `load` C x U points that u days cost (NEVER-sized past the limit).

    `parts` R the days of a split visit, 1 of others; `slot_share` of its visit.
    """

    requests: int
    commissioners: int
    days: int
    longest: int
    free: Flags
    limit: Ints
    load: Floats
    parts: Ints
    teams: Teams
    slot_request: Narrow
    slot_commissioner: Narrow
    slot_day: Narrow
    slot_stay: Narrow
    slot_lead: Narrow
    slot_value: Floats
    slot_share: Floats
    group_first: Ints
    group_commissioner: Ints
    group_day: Ints
    group_stay: Ints

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.slot_request)

    @property
    def slot_start(self) -> Ints:
        """The day each slot is at the host's from."""
        return self.slot_day.astype(np.int64) + self.slot_lead

    @property
    def slot_whole(self) -> Floats:
        """What the visit that each slot is of is worth."""
        return self.slot_value / self.slot_share

    def bodies_paid(self, prices: Floats) -> Floats | None:
        """C x (D + 1): what the days before each cost whoever needs a body that others need too, if that has a price.

        `prices` are of the R requests, and after them those of the shared bodies on each day, if any.
        """
        if len(prices) == self.requests:
            return None
        of_bodies = prices[self.requests :].reshape(self.teams.count, self.days)
        paid = np.zeros((self.commissioners, self.days + 1))
        for who, shared in self.teams.shared.items():
            np.cumsum(of_bodies[shared].sum(axis=0), out=paid[who, 1:])
        return paid

    def net(self, prices: Floats) -> Floats:
        """What each slot is worth once its share of its request's price is paid."""
        return self.slot_value - prices[self.slot_request] * self.slot_share

    def visits(self, slots: Iterable[int]) -> list[tuple[int, ...]]:
        """The slots by visit: those of a split one together."""
        found: dict[int, list[int]] = {}
        whole: list[tuple[int, ...]] = []
        for slot in slots:
            request = int(self.slot_request[slot])
            if self.parts[request] == 1:
                whole.append((slot,))
            else:
                found.setdefault(request, []).append(slot)
        return [*whole, *(tuple(sorted(each)) for each in found.values())]


def assemble(pairs: Pairs, free: Flags, limit: Ints, load: Floats, parts: Ints, teams: Teams) -> Problem:
    """Lays out every slot. `load` C x U: what u days cost, for u up to each one's `limit`. `parts` R."""
    commissioners, days = free.shape
    run = _runs(free)
    width = np.maximum(pairs.last - pairs.first + 1, 0)
    pair = np.repeat(np.arange(len(width)), width)
    offset = np.arange(len(pair)) - np.repeat(np.cumsum(width) - width, width)
    day = pairs.first[pair] + offset
    fits = run[pairs.commissioner[pair], day] >= pairs.stay[pair]
    whole = np.where(pairs.parts > 1, pairs.parts + pairs.lead, pairs.stay)
    fits &= whole[pair] <= limit[pairs.commissioner[pair]]
    pair, day = pair[fits], day[fits]
    if (pairs.parts > 1).any():
        # a split visit needs as many days as it has, wherever they are
        of = pairs.request * commissioners + pairs.commissioner
        _, number = np.unique(of, return_inverse=True)
        single = (pairs.stay - pairs.lead)[pair] == 1
        enough = (np.bincount(number[pair[single]], minlength=len(of))[number] >= pairs.parts) | (pairs.parts == 1)
        pair, day = pair[enough[pair]], day[enough[pair]]
    longest = int(pairs.stay[pair].max(initial=1))
    key = (pairs.commissioner[pair] * days + day) * longest + pairs.stay[pair] - 1
    order = np.argsort(key, kind="stable")
    pair, day, key = pair[order], day[order], key[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    who = pairs.commissioner[pair]
    return Problem(
        requests=len(parts),
        commissioners=commissioners,
        days=days,
        longest=longest,
        free=free,
        limit=limit,
        load=np.where(np.arange(load.shape[1])[None, :] > limit[:, None], -NEVER, load),
        parts=parts,
        teams=teams,
        slot_request=pairs.request[pair].astype(np.int32),
        slot_commissioner=who.astype(np.int32),
        slot_day=day.astype(np.int32),
        slot_stay=pairs.stay[pair].astype(np.int32),
        slot_lead=pairs.lead[pair].astype(np.int32),
        slot_value=pairs.value[pair],
        slot_share=np.where(pairs.parts > 1, (pairs.stay - pairs.lead) / pairs.parts, 1.0)[pair],
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
