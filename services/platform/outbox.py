"""Events for other systems, stored in the transaction that makes them true, with the attributes of CloudEvents 1.0.

An event tells what became of a resource, by resource name; it holds no personal data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from liancai.common.v1 import event_pb2 as pb
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    select,
)

from services.platform.audit import SEQUENCE
from services.platform.requests import stamp
from services.platform.types import UtcTime


def outbox_table(metadata: MetaData) -> Table:
    """Events in order of `sequence`. `number` is their number within their case, 0 where nobody numbers them."""
    return Table(
        "outbox_event",
        metadata,
        Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
        Column("type", String(100), nullable=False),
        Column("subject", String(64), nullable=False),
        Column("time", UtcTime, nullable=False),
        Column("record_time", UtcTime, nullable=False),
        Column("data", JSON, nullable=False),
        Column("number", Integer, nullable=False, server_default="0"),
    )


def delivery_table(metadata: MetaData) -> Table:
    """How far each endpoint has been told, and which replica tells it until when."""
    return Table(
        "outbox_delivery",
        metadata,
        Column("endpoint", String(40), primary_key=True),
        Column("position", BigInteger, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("holder", String(26), nullable=False),
        Column("held_until", UtcTime, nullable=False),
    )


def floor_table(metadata: MetaData) -> Table:
    """Up to where events are kept no longer: one row, and none while all are kept."""
    return Table(
        "outbox_floor",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("position", BigInteger, nullable=False),
        CheckConstraint("id = 1", name="one_floor"),
    )


def floor_of(connection: Connection, floor: Table) -> int:
    """Up to where events are kept no longer. Read it on the snapshot on which events are read, and before them."""
    position: int | None = connection.execute(select(floor.c.position)).scalar()
    return position or 0


def after(outbox: Table, position: int, reached: int, most: int) -> Select[Any]:
    """The next events after `position`, none of them after `reached`."""
    place = outbox.c.sequence
    return select(outbox).where(place > position, place <= reached).order_by(place).limit(most)


def source_of(settings: Mapping[str, str], service: str) -> str:
    """The CloudEvents source of a service: LIANCAI_EVENTS_SOURCE tells one installation from another."""
    return f"{settings.get('LIANCAI_EVENTS_SOURCE') or '/liancai'}/{service}"


def message(row: Any, source: str) -> pb.Event:
    """An event as the contract has it."""
    return pb.Event(
        id=str(row.sequence),
        source=source,
        type=row.type,
        subject=row.subject,
        time=stamp(row.time),
        sequence=row.sequence,
        record_time=stamp(row.record_time),
        data=json.dumps(row.data, ensure_ascii=False, sort_keys=True),
        case_sequence=row.number,
    )
