"""Timetables (课时安排): when two sessions, and two classes, cannot be attended by one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

HALF_HOUR = 30  # minutes


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A session in time: a day, and minutes after midnight from `start` up to, not including, `end`."""

    day: date
    start: int
    end: int

    def meets(self, other: Slot) -> bool:
        """Whether they overlap: a.start < b.end and b.start < a.end on one day. Back to back is no overlap."""
        return self.day == other.day and self.start < other.end and other.start < self.end


def minute_of(clock: str) -> int:
    """Minutes after midnight of a time on the hour or half hour: "08:30" is 510, "24:00" is 1440. ValueError else."""
    if (
        len(clock) != 5
        or clock[2] != ":"
        or not (clock[:2] + clock[3:]).isascii()
        or not (clock[:2] + clock[3:]).isdigit()
    ):
        raise ValueError("time")
    minute = int(clock[:2]) * 60 + int(clock[3:])
    if minute % HALF_HOUR or minute > 24 * 60 or int(clock[3:]) > 59:
        raise ValueError("time")
    return minute


def clock_of(minute: int) -> str:
    """The time that `minute_of` reads: 510 is "08:30"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def first_clash(ours: Sequence[Slot], theirs: Sequence[Slot]) -> Slot | None:
    """The first of our sessions that overlaps one of theirs; both in order of time, neither clashing with itself."""
    mine = other = 0
    while mine < len(ours) and other < len(theirs):
        a, b = ours[mine], theirs[other]
        if a.meets(b):
            return a
        if (a.day, a.end) <= (b.day, b.start):
            mine += 1
        else:
            other += 1
    return None


def own_clash(slots: Sequence[Slot]) -> int | None:
    """The index of the first session, in order of time, that overlaps the one before it."""
    for index, (earlier, later) in enumerate(pairwise(slots), start=1):
        if earlier.meets(later):
            return index
    return None
