"""What a new calendar or a new rule would move: of open clocks, which dates, from what to what, in which direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.reference.workdays import Calendar
from services.talent.rules.clock import Deadline, Due, Which, deadline
from services.talent.rules.ledger import Entry
from services.talent.rules.reading import Terms


class Direction(StrEnum):
    """How a date changes."""

    EARLIER = "EARLIER"
    LATER = "LATER"
    SETTLED = "SETTLED"  # the same day, no longer provisional
    UNSETTLED = "UNSETTLED"  # the same day, provisional now, or on other grounds
    APPEARED = "APPEARED"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class OpenClock:
    """A clock that is running. `renewed` are its terms under the new rule; None where the rule stays."""

    name: str
    terms: Terms
    entries: tuple[Entry, ...]
    renewed: Terms | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One date of one clock that changes."""

    name: str
    which: Which
    direction: Direction
    before: Due
    after: Due


def moves(clocks: Iterable[OpenClock], old: Calendar, new: Calendar) -> Iterator[Move]:
    """The dates that change, clock by clock. A clock that is finished does not move, whatever it comes to now."""
    for clock in clocks:
        before = deadline(clock.terms, clock.entries, old)
        if before.finished is None:
            yield from changed(clock.name, before, deadline(clock.renewed or clock.terms, clock.entries, new))


def changed(name: str, before: Deadline, after: Deadline) -> Iterator[Move]:
    """The dates in which two deadlines differ."""
    return between(name, {which: before.of(which) for which in Which}, {which: after.of(which) for which in Which})


def between(name: str, before: Mapping[Which, Due], after: Mapping[Which, Due]) -> Iterator[Move]:
    """The dates that differ, of three before and three after."""
    for which in Which:
        was, becomes = before[which], after[which]
        if was != becomes:
            yield Move(name, which, _direction(was, becomes), was, becomes)


def _direction(was: Due, becomes: Due) -> Direction:
    if was.day is None or becomes.day is None:
        return Direction.APPEARED if was.day is None else Direction.GONE
    if was.day != becomes.day:
        return Direction.EARLIER if becomes.day < was.day else Direction.LATER
    return Direction.UNSETTLED if becomes.provisional else Direction.SETTLED
