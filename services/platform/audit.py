"""The audit trail: who did what to which resource, written in the transaction that does it. Append-only."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Table

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
