"""Who stands in for whom (代理). It gives no rights: it shows a deputy the other's work, and says whose it was."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, bindparam, select

from services.platform.prepared import Asked, Prepared
from services.talent.tables import CoverRow

_DAY = CoverRow.start_date.type
_IN_FORCE = (
    CoverRow.start_date <= bindparam("day", type_=_DAY),
    CoverRow.end_date >= bindparam("day", type_=_DAY),
    CoverRow.end_time.is_(None),
)
_COVERED = Prepared(
    select(CoverRow.absent).where(CoverRow.deputy == bindparam("me"), *_IN_FORCE).order_by(CoverRow.absent)
)
_DEPUTIES = Prepared(
    select(CoverRow.absent, CoverRow.deputy).where(CoverRow.unit == bindparam("unit"), *_IN_FORCE).order_by(CoverRow.id)
)


def asked_of(deputy: str, day: date) -> Asked:
    """What is to be asked for those that an officer stands in for on a day."""
    return _COVERED, {"me": deputy, "day": day}


def covered_by(connection: Connection, deputy: str, day: date) -> list[str]:
    """Those that an officer stands in for on a day."""
    statement, given = asked_of(deputy, day)
    return [row[0] for row in statement.rows(connection, given)]


def deputies_of(connection: Connection, unit: str, day: date) -> dict[str, str]:
    """The deputy of everybody at a unit who is absent on a day."""
    return {row[0]: row[1] for row in _DEPUTIES.rows(connection, {"unit": unit, "day": day})}
