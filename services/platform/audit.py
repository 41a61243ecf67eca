"""The audit trail: who did what to which resource, written in the transaction that does it. Append-only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from liancai.common.v1 import audit_pb2
from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, Row, String, Table, select
from sqlalchemy.orm import Session

from services.platform.requests import stamp
from services.platform.types import UtcTime

# SQLite numbers rows only for INTEGER PRIMARY KEY
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


def audit_table(metadata: MetaData) -> Table:
    """Entries in order of `sequence`; the clock may jump, the sequence may not. No personal data."""
    table = Table(
        "audit_entry",
        metadata,
        Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
        Column("record_time", UtcTime, nullable=False),
        Column("occur_time", UtcTime, nullable=False),
        Column("actor", String(200), nullable=False),
        Column("unit", String(64), nullable=False),
        Column("division", String(6), nullable=False),
        Column("action", String(64), nullable=False),
        Column("resource", String(64), nullable=False),
        Column("reason", String(500), nullable=False),
        Column("request_id", String(64), nullable=False),
        Column("detail", JSON, nullable=False),
    )
    Index("audit_entry_by_resource", table.c.resource, table.c.sequence)
    return table


def read(
    session: Session, table: Table, within: tuple[str, str], resource: str, after: Sequence[Any] | None, size: int
) -> list[Row[Any]]:
    """The first `size` entries by units of these divisions, of one resource if it is given, after the last key."""
    wanted = select(table).where(table.c.division.between(*within)).order_by(table.c.sequence).limit(size)
    if resource:
        wanted = wanted.where(table.c.resource == resource)
    if after is not None:
        wanted = wanted.where(table.c.sequence > after[0])
    return list(session.execute(wanted))


def message(row: Row[Any]) -> audit_pb2.AuditEntry:
    """An entry as its readers see it."""
    return audit_pb2.AuditEntry(
        sequence=row.sequence,
        record_time=stamp(row.record_time),
        occur_time=stamp(row.occur_time),
        actor=row.actor,
        unit=row.unit,
        division=row.division,
        action=row.action,
        resource=row.resource,
        reason=row.reason,
        request_id=row.request_id,
        detail=json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
    )
