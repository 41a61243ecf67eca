"""What one unit of work may touch: its session, its time, and the trail it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.bulk import BulkInsert, Row, insert_all, one_insert
from services.platform.bulkupdate import BulkUpdate
from services.platform.prepared import in_pipeline

AUDIT_COLUMNS = (
    *("record_time", "occur_time", "actor", "unit", "division"),
    *("action", "resource", "reason", "request_id", "detail"),
)
OUTBOX_COLUMNS = ("type", "subject", "time", "record_time", "data", "number")


class Conflict(Exception):
    """The transaction cannot stand beside another one, or its connection is gone: run it again."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The statements that write audit entries and events."""

    audit: BulkInsert
    outbox: BulkInsert

    @classmethod
    def into(cls, audit: Table, outbox: Table) -> Trail:
        """For the tables of one service."""
        return cls(BulkInsert(audit, AUDIT_COLUMNS), BulkInsert(outbox, OUTBOX_COLUMNS))


@dataclass(slots=True)
class Tx:
    """A unit of work inside the writer's transaction. It never commits: the lane does."""

    connection: Connection  # for Core statements over many rows; the session knows nothing of them
    now: datetime  # the record_time of everything in it
    _trail: Trail
    _pending: dict[BulkInsert, list[Row]] = field(default_factory=dict)
    _changes: list[tuple[BulkUpdate, list[Row]]] = field(default_factory=list)
    _session: Session | None = None

    @property
    def session(self) -> Session:
        """For rows as objects; it is made for who asks for it."""
        if self._session is None:
            self._session = Session(self.connection, join_transaction_mode="rollback_only", expire_on_commit=False)
            self._session.connection()
        return self._session

    def beside(self) -> Tx:
        """Another one in the same session, with nothing pending, for work that may be undone."""
        return Tx(self.connection, self.now, self._trail, _session=self.session)

    def close(self) -> None:
        """Lets go of the rows of the session."""
        if self._session is not None:
            self._session.close()

    def add(self, into: BulkInsert, *rows: Row) -> None:
        """Rows to be inserted when the work is done, all tables in one go. Nothing in the work can read them."""
        self._pending.setdefault(into, []).extend(rows)

    def change(self, by: BulkUpdate, rows: list[Row]) -> None:
        """Rows to be updated when the work is done, every one of which must be there then."""
        if rows:
            self._changes.append((by, rows))

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
        noted: Mapping[str, Any] | None = None,
        number: int = 0,
    ) -> None:
        """Notes who did what to `resource`, and if `event` is given what became of it (`order.verified`).

        `detail` is what changed; it goes into both and must hold no personal data. `noted` goes into the trail alone:
        what somebody has written, such as evidence, a remedy or an officer. `number` is that of the event within its
        case, for a service that numbers them.
        """
        occurred = occur_time or self.now
        caller, said = call.caller, detail or {}
        self.add(
            self._trail.audit,
            (
                *(self.now, occurred, caller.subject, caller.unit, caller.division),
                *(action or call.action, resource, reason, call.request_id, {**said, **noted} if noted else said),
            ),
        )
        if event:
            self.announce(call, resource, event, occurred, said, number)

    def announce(
        self,
        call: Call,
        resource: str,
        event: str,
        occur_time: datetime,
        data: Mapping[str, Any],
        number: int = 0,
    ) -> None:
        """Adds an event without an audit entry: what followed from an act, such as a promotion from the waitlist."""
        kind = f"liancai.{call.method.service}.{event}"
        self.add(self._trail.outbox, (kind, resource, occur_time, self.now, data, number))

    def flush(self) -> None:
        """Writes what is pending: rows of the session, those that change, those that were added.

        Raises Conflict if one that changes is not there.
        """
        if self._session is not None:
            self._session.flush()
        connection, changes, pending = self.connection, self._changes, self._pending
        self._changes, self._pending = [], {}
        inserts = one_insert(connection, pending) if changes else None
        if connection.dialect.name == "postgresql" and changes:
            statements: list[tuple[str, Any]] = [by.statement(rows, "postgresql") for by, rows in changes]
            cursors = in_pipeline(connection, [*statements, *([inserts] if inserts else [])])
            found = [cursor.rowcount for cursor in cursors]
        else:
            found = [by(connection, rows) for by, rows in changes]
        if any(there != len(rows) for there, (_, rows) in zip(found, changes, strict=False)):
            raise Conflict
        if not inserts:
            insert_all(connection, pending)
