"""Registrations as a sequence of events: what happened, in the order a bureau would have met it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from examples.replay.oulad import Registration


class Kind(StrEnum):
    """What a student did."""

    REGISTER = "register"
    WITHDRAW = "withdraw"


class Event(NamedTuple):
    """Something a student did on a day, counted from the start of the presentation."""

    day: int
    kind: Kind
    student: int


def in_order(registrations: Iterable[Registration]) -> list[Event]:
    """Events by day; within a day those who leave, then those who come, then those who came and left; each by student.

    A registration without a day counts as made on the day before anything else happened.
    """
    rows = list(registrations)
    first = min((day for row in rows for day in (row.registered, row.withdrew) if day is not None), default=0)
    events: list[tuple[tuple[int, int, int], Kind]] = []
    for student, registered, withdrew in rows:
        came = first - 1 if registered is None else registered
        events.append(((came, 1, student), Kind.REGISTER))
        if withdrew is not None:
            events.append(((withdrew, 2 if withdrew == came else 0, student), Kind.WITHDRAW))
    return [Event(day, kind, student) for (day, _, student), kind in sorted(events)]


def dated(registrations: Iterable[Registration]) -> list[Registration]:
    """The registrations that have a day."""
    return [row for row in registrations if row.registered is not None]
