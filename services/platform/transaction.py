"""What one unit of work may touch: its session, its time, and the trail it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert
from sqlalchemy.orm import Session

from services.platform.boundary import Call


@dataclass(frozen=True, slots=True)
class Trail:
    """The statements that write audit entries and events; compiled once."""

    audit: Insert
    outbox: Insert


@dataclass(slots=True)
class Tx:
    """A unit of work inside the writer's transaction. It never commits: the lane does."""

    session: Session
    now: datetime  # the record_time of everything in it
    _trail: Trail
    _entries: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """For Core statements over many rows; the session knows nothing of them."""
        return self.session.connection()

    def record(
        self,
        call: Call,
        resource: str,
        *,
        event: str = "",
        action: str = "",
        occur_time: datetime | None = None,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes who did what to `resource`, and if `event` is given what became of it (`order.verified`).

        `detail` is what changed; it goes into both and must hold no personal data.
        """
        occurred = occur_time or self.now
        self._entries.append(
            {
                "record_time": self.now,
                "occur_time": occurred,
                "actor": call.caller.subject,
                "unit": call.caller.unit,
                "division": call.caller.division,
                "action": action or call.action,
                "resource": resource,
                "reason": reason,
                "request_id": call.request_id,
                "detail": detail or {},
            }
        )
        if event:
            self.announce(call, resource, event, occurred, detail or {})

    def announce(self, call: Call, resource: str, event: str, occur_time: datetime, data: Mapping[str, Any]) -> None:
        """Adds an event without an audit entry: what followed from an act, such as a promotion from the waitlist."""
        self._events.append(
            {
                "type": f"liancai.{call.method.service}.{event}",
                "subject": resource,
                "time": occur_time,
                "record_time": self.now,
                "data": data,
            }
        )

    def flush(self) -> None:
        """Writes what is pending: rows of the session, then the trail."""
        self.session.flush()
        if self._entries:
            self.connection.execute(self._trail.audit, self._entries)
            self._entries = []
        if self._events:
            self.connection.execute(self._trail.outbox, self._events)
            self._events = []
