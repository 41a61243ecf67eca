"""How long each side held cases, counted by the database.

A stretch of holding begins when the case is opened or its hand-over is accepted, and ends when the other side accepts
it or the case is closed. The last stretch of a case is told by the case, those before it by its accepted hand-overs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    extract,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from services.platform.boundary import Call
from services.platform.types import UtcTime
from services.platform.ways import Unindexed
from services.talent.queries import filtered_by_reach
from services.talent.tables import CaseRow, HandoverRow

# written out: by a value that comes later SQLite does not see that the index of accepted ones has them
_ACCEPTED: ColumnElement[str] = literal_column("'ACCEPTED'")
# nobody else was let in where nothing was handed over: such a case is one stretch, and most cases are such
_STAYED = Unindexed(CaseRow.partner_division) == ""


def custody(call: Call, first: datetime, end: datetime, *, sqlite: bool) -> CompoundSelect[Any]:
    """Division, side, cases, seconds and hand-overs given, of the cases within reach and a span of instants.

    A division and side may come several times, each time with other cases: they add up.
    """
    least, greatest = (func.min, func.max) if sqlite else (func.least, func.greatest)
    from_, to = literal(first, UtcTime), literal(end, UtcTime)
    closed = func.coalesce(CaseRow.close_time, to)
    seen = (Unindexed(CaseRow.open_time) < to, filtered_by_reach(call))
    # by two ranges of one index, where an OR would read every case
    open_in = (CaseRow.close_time.is_(None), CaseRow.close_time > from_)

    def last(when: ColumnElement[bool], stayed: ColumnElement[bool], begun: Any) -> Select[Any]:
        return select(
            CaseRow.id.label("id"),
            CaseRow.division.label("division"),
            CaseRow.custody.label("side"),
            greatest(begun, from_).label("begun"),
            least(closed, to).label("ended"),
            literal(0).label("given"),
        ).where(when, stayed, *seen)

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
        .where(HandoverRow.state == _ACCEPTED, HandoverRow.settle_time >= from_, *seen)
    )
    stayed = union_all(*(last(when, _STAYED, CaseRow.open_time) for when in open_in))
    passed_on = union_all(*(last(when, ~_STAYED, _since()) for when in open_in), before)
    return union_all(_summed(stayed, once=True), _summed(passed_on, once=False))


def _summed(stretches: CompoundSelect[Any], *, once: bool) -> Select[Any]:
    """By division and side; `once`: no case has a second stretch, so that nothing has to be sorted to count them."""
    found = stretches.subquery()
    held = found.c.ended > found.c.begun
    cases = case((held, found.c.id))
    seconds = extract("epoch", found.c.ended) - extract("epoch", found.c.begun)
    return select(
        found.c.division,
        found.c.side,
        func.count(cases if once else cases.distinct()),
        func.sum(case((held, seconds), else_=0)),
        func.sum(found.c.given),
    ).group_by(found.c.division, found.c.side)


def _since(until: Any = None) -> ColumnElement[Any]:
    """When the stretch of a case began that ended with a hand-over accepted at `until`; without one, its last one."""
    earlier = aliased(HandoverRow)
    accepted = and_(earlier.case_id == CaseRow.id, earlier.state == _ACCEPTED)
    if until is not None:
        accepted = and_(accepted, earlier.settle_time < until)
    latest = select(func.max(earlier.settle_time)).where(accepted).correlate(CaseRow, HandoverRow).scalar_subquery()
    return func.coalesce(latest, CaseRow.open_time)
