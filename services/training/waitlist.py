"""The waitlist of a class (候补): whoever came first gets the next seat, in the transaction that frees it."""

from __future__ import annotations

from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.transaction import Tx
from services.training import queries, seats
from services.training.rules.states import ClassState, EnrolmentState, Seat, seats_to_fill
from services.training.tables import ClassRow, EnrolmentRow


def promote(tx: Tx, call: Call, held: ClassRow, *, freed: int = 0, reason: str) -> list[EnrolmentRow]:
    """Gives every free seat of a class, whose row is locked, to the head of its waitlist; returns who got one.

    `freed` is how many of `held.enrolled`, as it was read, have just left. Order of arrival is the `place`, which no
    clock can change.
    """
    if held.state != ClassState.OPEN or held.suspended:
        return []
    count = seats_to_fill(held.capacity, held.enrolled - freed, held.waitlisted)
    if count == 0:
        return []
    promoted = tx.session.scalars(
        select(EnrolmentRow)
        .where(EnrolmentRow.class_id == held.id, EnrolmentRow.state == EnrolmentState.WAITLISTED)
        .order_by(EnrolmentRow.place)
        .limit(count)
        .with_for_update()
    ).all()
    for row in promoted:
        row.state = EnrolmentState.ENROLLED
        detail = {"class": f"classes/{held.id}", "state": row.state, "place": row.place}
        tx.record(
            call,
            f"enrolments/{row.id}",
            action="training.enrolment.promote",
            event="enrolment.promoted",
            reason=reason,
            detail=detail,
        )
    tx.session.flush()
    queries.count_people(tx, held.id, enrolled=len(promoted), waitlisted=-len(promoted))
    seats.move(tx, held.order_id, held.id, Seat.COMMITTED, Seat.ENROLLED, len(promoted), "")
    return list(promoted)
