"""The time by which leases are measured: that of the database, for the clocks of replicas differ."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from services.platform.types import UtcTime


def moment(connection: Connection, here: datetime) -> datetime:
    """Now. On SQLite everybody is on one machine: the time here."""
    if connection.dialect.name == "sqlite":
        return here
    now: datetime = connection.execute(select(func.clock_timestamp(type_=UtcTime))).scalar_one()
    return now
