"""Long work as rows: asked for in a transaction, taken by one server at a time, gone on with by another if that dies.

Whoever works on a job holds it (`holder`) until `held_until`, and longer while it lives. Everything it writes is
written under the condition that it still holds the job: one that was taken for dead and wakes up can write nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from liancai.common.v1 import job_pb2 as pb
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Select,
    String,
    Table,
    case,
    insert,
    select,
    update,
)

from services.platform.boundary import Call
from services.platform.identity import Caller
from services.platform.ids import new_id
from services.platform.leases import moment
from services.platform.transaction import Tx
from services.platform.types import UtcTime

LEASE = 30.0  # seconds a server holds a job without showing that it lives
MOST_ATTEMPTS = 5  # times a job is taken; one that has killed so many servers is given up

Json: TypeAlias = Mapping[str, Any]


class State(StrEnum):
    """Where a job is in its life: the names of the contract's Job.State."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class Outcome(StrEnum):
    """What became of one thing: the names of the contract's JobItem.Outcome."""

    DONE = "DONE"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a job over many things did with one of them; `values` fill the sentence of `code`, nothing personal."""

    subject: str
    outcome: Outcome
    code: str = ""
    values: Mapping[str, str] | None = None


class Lost(Exception):
    """The job is another's now, or has ended: nothing more may be written for it."""


def job_table(metadata: MetaData) -> Table:
    """Jobs. `caller` is who asked, with the rights of that moment; `division` and `unit` are who may see it."""
    table = Table(
        "job",
        metadata,
        Column("id", String(26), primary_key=True),
        Column("kind", String(40), nullable=False),
        Column("state", String(16), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("division", String(6), nullable=False),
        Column("unit", String(64), nullable=False),
        Column("caller", JSON, nullable=False),
        Column("arguments", JSON, nullable=False),
        Column("checkpoint", JSON, nullable=False),
        Column("progress", JSON, nullable=False),
        Column("result", JSON, nullable=False),
        Column("error", String(64), nullable=False),
        Column("cancel", Boolean, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("holder", String(26), nullable=False),
        Column("held_until", UtcTime),
        Column("create_time", UtcTime, nullable=False),
        Column("start_time", UtcTime),
        Column("update_time", UtcTime, nullable=False),
        Column("end_time", UtcTime),
        Column("version", Integer, nullable=False),
    )
    Index("job_by_state", table.c.state, table.c.id)
    Index("job_by_subject", table.c.subject, table.c.id)
    return table


def job_item_table(metadata: MetaData) -> Table:
    """What a job did with each of many things, in order of `place`."""
    return Table(
        "job_item",
        metadata,
        Column("job_id", String(26), ForeignKey("job.id"), nullable=False),
        Column("place", Integer, nullable=False),
        Column("subject", String(64), nullable=False),
        Column("outcome", String(16), nullable=False),
        Column("code", String(64), nullable=False),
        Column("given", JSON, nullable=False),
        PrimaryKeyConstraint("job_id", "place"),
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one service's schema."""

    table: Table
    items: Table
    submitted: threading.Event = field(default_factory=threading.Event)  # something may be waiting that nobody has seen

    @classmethod
    def in_schema(cls, metadata: MetaData) -> Jobs:
        """Adds the tables to `metadata`, once."""
        if "job" not in metadata.tables:
            job_table(metadata), job_item_table(metadata)
        return cls(metadata.tables["job"], metadata.tables["job_item"])

    def submit(
        self,
        tx: Tx,
        call: Call,
        kind: str,
        arguments: Json,
        *,
        subject: str = "",
        division: str | None = None,
        unit: str = "",
    ) -> str:
        """Asks for a job, which begins once the transaction is committed; returns its resource name.

        `arguments` are JSON without personal data. It is seen by whoever may see `division` (the caller's unless
        given) or belongs to `unit`.
        """
        job_id, caller = new_id(), call.caller
        tx.session.execute(
            insert(self.table).values(
                id=job_id,
                kind=kind,
                state=State.QUEUED,
                subject=subject,
                division=caller.division if division is None else division,
                unit=unit,
                caller=_stored(caller),
                arguments=dict(arguments),
                checkpoint={},
                progress={},
                result={},
                error="",
                cancel=False,
                attempts=0,
                holder="",
                create_time=tx.now,
                update_time=tx.now,
                version=1,
            )
        )
        self.submitted.set()
        return f"jobs/{job_id}"

    def waiting(self, kinds: Collection[str], now: datetime) -> Select[Any]:
        """The oldest job that waits, or whose holder no longer shows that it lives."""
        table = self.table.c
        free = (table.state == State.QUEUED) | ((table.state == State.RUNNING) & (table.held_until <= now))
        return select(table.id).where(free, table.kind.in_(kinds)).order_by(table.id).limit(1)

    def claim(self, tx: Tx, kinds: Collection[str], holder: str) -> Row[Any] | None:
        """Takes a job; None if none is free. One whose takers have all died is ended here, and has ended then."""
        table, now = self.table.c, moment(tx.connection, tx.now)
        # SQLite has no locks of rows and needs none: there this transaction is the only one that writes
        found = tx.connection.execute(self.waiting(kinds, now).with_for_update(skip_locked=True)).scalar()
        if found is None:
            return None
        given_up = table.attempts >= MOST_ATTEMPTS
        return tx.connection.execute(
            update(self.table)
            .where(table.id == found)
            .values(
                state=case((given_up, State.FAILED), else_=State.RUNNING),
                error=case((given_up, "JOB_DIED"), else_=""),
                end_time=case((given_up, now), else_=None),
                attempts=case((given_up, table.attempts), else_=table.attempts + 1),
                start_time=case((table.start_time.is_(None), now), else_=table.start_time),
                holder=holder,
                held_until=now + timedelta(seconds=LEASE),
                update_time=now,
                version=table.version + 1,
            )
            .returning(*table)
        ).first()

    def keep(self, tx: Tx, job_id: str, holder: str) -> bool:
        """Shows that the holder lives; says whether somebody wants it cancelled. Raises Lost."""
        now = moment(tx.connection, tx.now)
        row = self.write(tx, job_id, holder, held_until=now + timedelta(seconds=LEASE))
        return bool(row.cancel)

    def write(self, tx: Tx, job_id: str, held_by: str, **values: Any) -> Row[Any]:
        """Changes a job that the holder works on, and locks it until the end of the transaction. Raises Lost."""
        table = self.table.c
        held = (table.id == job_id) & (table.holder == held_by) & (table.state == State.RUNNING)
        row = tx.connection.execute(update(self.table).where(held).values(**values).returning(*table)).first()
        if row is None:
            raise Lost
        return row

    def finish(self, tx: Tx, job_id: str, holder: str, state: State, error: str = "", **values: Any) -> None:
        """Ends a job that the holder works on. Raises Lost."""
        now, version = moment(tx.connection, tx.now), self.table.c.version + 1
        ended = {"state": state, "error": error, "end_time": now, "update_time": now, "version": version}
        self.write(tx, job_id, holder, **ended, **values)

    def release(self, tx: Tx, job_id: str, *, holder: str, died: bool) -> None:
        """Gives a job back whose process has died, or which the server has ended, for anybody to take. Raises Lost."""
        table = self.table.c
        attempts = table.attempts if died else table.attempts - 1
        free = {"state": State.QUEUED, "holder": "", "version": table.version + 1, "attempts": attempts}
        self.write(tx, job_id, holder, **free)

    def judge(self, tx: Tx, job_id: str, first: int, verdicts: Sequence[Verdict]) -> None:
        """Notes what became of things, the first of them with place `first`."""
        if verdicts:
            rows = [
                {
                    "job_id": job_id,
                    "place": place,
                    "subject": each.subject,
                    "outcome": each.outcome,
                    "code": each.code,
                    "given": dict(each.values or {}),
                }
                for place, each in enumerate(verdicts, start=first)
            ]
            tx.connection.execute(insert(self.items), rows)


def caller_of(row: Any) -> Caller:
    """Who asked for a job, with the rights of that moment."""
    stored = row.caller
    return Caller(stored["subject"], stored["unit"], stored["division"], frozenset(stored["roles"]))


def _stored(caller: Caller) -> dict[str, Any]:
    return {
        "subject": caller.subject,
        "unit": caller.unit,
        "division": caller.division,
        "roles": sorted(caller.roles),
    }


def progress_of(stored: Json) -> pb.Job.Progress:
    """How far a job is, as the contract has it."""
    return pb.Job.Progress(
        done=stored.get("done", 0),
        total=stored.get("total", 0),
        stage=stored.get("stage", ""),
        figures=stored.get("figures", {}),
    )
