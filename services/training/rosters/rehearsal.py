"""A long list judged slice by slice, as if the slices before had been taken: seats and limits are counted down."""

from __future__ import annotations

from sqlalchemy import Connection

from services.training.rules.states import EnrolmentState, free
from services.training.seats import known, limits
from services.training.seats.decisions import Decision


class Rehearsal:
    """The seats of one class and the limits beside it, while decisions on it are only judged."""

    def __init__(self, connection: Connection, class_id: str) -> None:
        (self._row,) = known.classes(connection, {class_id}, lock=False)
        self._limits = limits.read(connection, [self._row], lock=False)
        self._shares = limits.shares(self._row)
        self._free = free(self._row.capacity, self._row.enrolled, self._row.offered)
        self._waiting = self._row.waitlisted > 0

    def follow(self, decision: Decision) -> None:
        """Corrects a decision that was made as if nobody in the slices before had come."""
        if decision.state is None and decision.binding is None:
            return
        seats = limits.seats_left(self._limits, self._shares, self._free)
        if decision.state is EnrolmentState.WAITLISTED or self._free == 0 or (self._waiting and seats == 0):
            self._waiting = True
            decision.state, decision.binding = EnrolmentState.WAITLISTED, None
            return
        decision.binding = limits.binding(self._limits, self._shares, 1)
        if decision.binding is not None:
            decision.state = None
            return
        limits.reserve(self._limits, self._shares, 1)
        self._free -= 1
        decision.state = EnrolmentState.ENROLLED
