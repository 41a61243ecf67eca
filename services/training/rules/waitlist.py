"""The order of a waitlist, and who gets a seat that is free: pure, so that anybody can reckon it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

LOTTERY = 1 << 62  # numbers drawn are below it
STEP = 1 << 32  # room left before the first and after the last when somebody is moved by hand


class Unit(NamedTuple):
    """People who get seats together or not at all: one person, or a party."""

    members: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many seats they need."""
        return len(self.members)


class Standing(NamedTuple):
    """Where a unit stands on a waitlist, and how many seats it needs: sorted, they are in order of service."""

    priority: int
    waits_since: datetime
    tie: int
    size: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody's lottery number, among those of one priority group who came at one moment."""

    same_moment: bool
    tie: int


def lottery_number(seed: str, who: bytes) -> int:
    """The number that `who` (a blind index, or a party's) draws in a class with this seed: the same whenever asked."""
    return int.from_bytes(hashlib.blake2b(who, digest_size=8, key=seed.encode()).digest()) % LOTTERY


def priority_of(category: str, groups: object) -> int:
    """The priority group of a category by the parameter waitlist.priority; `other` for those it does not name.

    Without the parameter everybody is in one group.
    """
    if not isinstance(groups, Mapping):
        return 0
    group = groups.get(category, groups["other"])
    if not isinstance(group, int):
        raise TypeError("waitlist.priority wants whole numbers")
    return group


def units(waiting: Iterable[tuple[str, str]]) -> list[Unit]:
    """Who waits, as (id, party) in order, put together into units; a unit stands where its first member does."""
    found: dict[str, list[str]] = {}
    for each, party in waiting:
        found.setdefault(party or each, []).append(each)
    return [Unit(tuple(members)) for members in found.values()]


def served(waiting: Sequence[Unit], seats: int, *, pass_over: bool) -> list[Unit]:
    """The units that get the `seats` there are, in order.

    A party that does not fit lets those behind it take what it cannot use if `pass_over`; else everybody waits with it.
    """
    found: list[Unit] = []
    for unit in waiting:
        if seats == 0:
            break
        if unit.size <= seats:
            found.append(unit)
            seats -= unit.size
        elif not pass_over:
            break
    return found


def reached(waiting: Iterable[Standing], newcomer: Standing, seats: int, *, pass_over: bool) -> bool:
    """Whether the `seats` there are reach somebody new, once those of `waiting`, in order, who stand before are served.

    Nobody who stands before is passed, but for a party that does not fit if `pass_over`.
    """
    for each in waiting:
        if each > newcomer:
            break
        if each.size <= seats:
            seats -= each.size
        elif not pass_over:
            return False
    return newcomer.size <= seats


def before(previous: Neighbour | None, target: int) -> int | None:
    """A lottery number just before `target`, after `previous`; None when there is no room between them."""
    low = previous.tie if previous and previous.same_moment else target - 2 * STEP
    middle = (low + target) // 2
    return middle if low < middle < target else None
