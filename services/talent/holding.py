"""How long each side held cases, counted by the database.

A stretch of holding begins when the case is opened or its hand-over is accepted, and ends when the other side accepts
it or the case is closed. The last stretch of a case is told by the case, those before it by its accepted hand-overs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, extract, func, literal, literal_column, select, union_all
from sqlalchemy.orm import aliased

from services.platform.boundary import Call
from services.platform.types import UtcTime
from services.platform.ways import Unindexed
from services.talent.queries import filtered_by_reach
from services.talent.tables import CaseRow, HandoverRow

# written out: by a value that comes later SQLite does not see that the index of accepted ones has them
_ACCEPTED: ColumnElement[str] = literal_column("'ACCEPTED'")


def custody(call: Call, first: datetime, end: datetime, *, sqlite: bool) -> Select[Any]:
    """Division, side, cases, seconds and hand-overs given, of the cases within reach, within a span of instants."""
    least, greatest = (func.min, func.max) if sqlite else (func.least, func.greatest)
    from_, to = literal(first, UtcTime), literal(end, UtcTime)
    closed = func.coalesce(CaseRow.close_time, to)
    opened = (Unindexed(CaseRow.open_time) < to, filtered_by_reach(call))
    # by two ranges of one index, where an OR would read every case
    last = [
        select(
            CaseRow.id.label("id"),
            CaseRow.division.label("division"),
            CaseRow.custody.label("side"),
            greatest(_since(), from_).label("begun"),
            least(closed, to).label("ended"),
            literal(0).label("given"),
        ).where(when, *opened)
        for when in (CaseRow.close_time.is_(None), CaseRow.close_time > from_)
    ]
    before = (
        select(
            CaseRow.id,
            HandoverRow.sender_division,
            HandoverRow.sender,
            greatest(_since(HandoverRow.settle_time), from_),
            least(HandoverRow.settle_time, closed, to),
            case((HandoverRow.settle_time < to, 1), else_=0),
        )
        .join(CaseRow, CaseRow.id == HandoverRow.case_id)
        .where(HandoverRow.state == _ACCEPTED, HandoverRow.settle_time >= from_, *opened)
    )
    found = union_all(*last, before).subquery()
    held = found.c.ended > found.c.begun
    seconds = extract("epoch", found.c.ended) - extract("epoch", found.c.begun)
    return (
        select(
            found.c.division,
            found.c.side,
            func.count(case((held, found.c.id)).distinct()),
            func.sum(case((held, seconds), else_=0)),
            func.sum(found.c.given),
        )
        .group_by(found.c.division, found.c.side)
        .order_by(found.c.division, found.c.side)
    )


def _since(until: Any = None) -> ColumnElement[Any]:
    """When the stretch of a case began that ended with a hand-over accepted at `until`; without one, its last one."""
    earlier = aliased(HandoverRow)
    accepted = and_(earlier.case_id == CaseRow.id, earlier.state == _ACCEPTED)
    if until is not None:
        accepted = and_(accepted, earlier.settle_time < until)
    latest = select(func.max(earlier.settle_time)).where(accepted).correlate(CaseRow, HandoverRow).scalar_subquery()
    # nobody else was let in where nothing was handed over: most cases are told without a look at hand-overs
    return case((CaseRow.partner_division == "", CaseRow.open_time), else_=func.coalesce(latest, CaseRow.open_time))
