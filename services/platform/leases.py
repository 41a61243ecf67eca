"""The time by which leases are measured: that of the database, for the clocks of replicas differ."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from services.platform.transaction import Tx
from services.platform.types import UtcTime


def moment(tx: Tx) -> datetime:
    """Now. On SQLite everybody is on one machine: the time of the transaction."""
    if tx.connection.dialect.name == "sqlite":
        return tx.now
    now: datetime = tx.connection.execute(select(func.clock_timestamp(type_=UtcTime))).scalar_one()
    return now
