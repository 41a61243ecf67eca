"""A class that is not held: whoever is in it leaves, its seats, limits, teachers and rooms are free."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from services.platform.boundary import Call
from services.platform.transaction import Tx
from services.training import queries
from services.training.classes import bookings
from services.training.rules.states import (
    HOLDS_SEATS,
    ClassState,
    EnrolmentState,
    OrderState,
    Seat,
    unfilled,
)
from services.training.seats import known, ledger, limits
from services.training.tables import ClassRow, EnrolmentRow, OrderRow

LEFT = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.WAITLISTED)
ENDED = (ClassState.CLOSED, ClassState.CANCELLED)


def cancel_class(tx: Tx, call: Call, row: ClassRow, reason: str, *, lost: bool = False) -> None:
    """Cancels a class, whose row is locked and which has not closed.

    Its seats go back to the order as open ones, or are `lost` with the order.
    """
    target = Seat.LOST if lost else Seat.OPEN
    [held] = known.classes(tx.connection, [row.id], lock=True)
    dissolve(tx, call, row, reason, LEFT, lost=lost)
    limits.move(tx, held, -(held.enrolled + held.offered))
    queries.count_people(tx, row.id, enrolled=-held.enrolled, offered=-held.offered, waitlisted=-held.waitlisted)
    bookings.free(tx, row.id)
    if held.state in HOLDS_SEATS:
        left = unfilled(held.capacity, held.enrolled, held.offered)
        ledger.move(tx, row.order_id, row.id, Seat.COMMITTED, target, left, reason)
        ledger.move(tx, row.order_id, row.id, Seat.ENROLLED, target, held.enrolled, reason)
    row.state, row.reason, row.update_time = ClassState.CANCELLED, reason, tx.now
    tx.session.flush()
    tx.record(
        call,
        f"classes/{row.id}",
        event="class.cancelled",
        reason=reason,
        detail={"state": ClassState.CANCELLED, "enrolled": held.enrolled, "waitlisted": held.waitlisted},
    )


def dissolve(
    tx: Tx, call: Call, row: ClassRow, reason: str, wanted: Sequence[EnrolmentState], *, lost: bool = False
) -> None:
    """Everybody in these states leaves: whoever has a seat is LOST with it if it is, the others are WITHDRAWN."""
    enrolled = EnrolmentState.LOST if lost else EnrolmentState.WITHDRAWN
    people = tx.session.execute(
        select(EnrolmentRow.id, EnrolmentRow.state)
        .where(EnrolmentRow.class_id == row.id, EnrolmentRow.state.in_(wanted))
        .order_by(EnrolmentRow.id)
    ).all()
    for state in wanted:
        after = enrolled if state == EnrolmentState.ENROLLED else EnrolmentState.WITHDRAWN
        tx.session.execute(
            update(EnrolmentRow)
            .where(EnrolmentRow.class_id == row.id, EnrolmentRow.state == state)
            .values(state=after, reason=reason, offer_expire_time=None, version=EnrolmentRow.version + 1),
            execution_options={"synchronize_session": False},
        )
    for enrolment_id, before in people:
        after = enrolled if before == EnrolmentState.ENROLLED else EnrolmentState.WITHDRAWN
        detail = {"class": f"classes/{row.id}", "from": before}
        tx.record(call, f"enrolments/{enrolment_id}", event=f"enrolment.{after.lower()}", reason=reason, detail=detail)


def classes_of(tx: Tx, order_id: str) -> Sequence[ClassRow]:
    """The classes of an order, locked in order, before anybody locks the order."""
    return tx.session.scalars(
        select(ClassRow)
        .where(ClassRow.order_id == order_id)
        .order_by(ClassRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def cancel_order(tx: Tx, call: Call, order: OrderRow, held: Sequence[ClassRow], reason: str) -> OrderState:
    """Cancels what an order, whose row and classes are locked, still has; returns what becomes of it.

    Whoever was hired stays hired; every other seat is lost with the reason.
    """
    for row in held:
        if row.state not in ENDED:
            cancel_class(tx, call, row, reason, lost=True)
        elif row.enrolled:
            # the class is over, and nobody is going to hire them
            enrolled = row.enrolled
            dissolve(tx, call, row, reason, LEFT, lost=True)
            [facts] = known.classes(tx.connection, [row.id], lock=True)
            limits.move(tx, facts, -enrolled)
            queries.count_people(tx, row.id, enrolled=-enrolled)
            ledger.move(tx, order.id, row.id, Seat.ENROLLED, Seat.LOST, enrolled, reason)
    tx.session.refresh(order)
    ledger.move(tx, order.id, None, Seat.OPEN, Seat.LOST, order.seats_open, reason)
    return OrderState.SHORTFALL if order.seats_hired else OrderState.CANCELLED
