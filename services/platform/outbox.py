"""Events for other systems, stored in the transaction that makes them true, with the attributes of CloudEvents 1.0.

An event tells what became of a resource, by resource name; it holds no personal data.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, MetaData, String, Table

from services.platform.audit import SEQUENCE
from services.platform.types import UtcTime


def outbox_table(metadata: MetaData) -> Table:
    """Events in order of `sequence`."""
    return Table(
        "outbox_event",
        metadata,
        Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
        Column("type", String(100), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("time", UtcTime, nullable=False),
        Column("record_time", UtcTime, nullable=False),
        Column("data", JSON, nullable=False),
    )
