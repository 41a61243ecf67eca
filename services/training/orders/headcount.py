"""Another headcount for an order that was submitted: seats are made open, or given up that nobody has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.errors import Refused, Violation
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.agreements import covering
from services.training.classes.remarks import remarks
from services.training.rules import headcount as rules
from services.training.rules import states
from services.training.rules.headcount import Held
from services.training.rules.states import Seat
from services.training.seats import ledger
from services.training.tables import ClassRow, OrderRow


def classes_for_change(tx: Tx, order: str) -> Sequence[ClassRow]:
    """The classes that hold seats of an order, locked in order of number."""
    return tx.session.scalars(
        select(ClassRow)
        .where(ClassRow.order_id == order.partition("/")[2], ClassRow.state.in_(states.HOLDS_SEATS))
        .order_by(ClassRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def enlarge(tx: Tx, pack: Pack, row: OrderRow, wanted: int, reason: str) -> None:
    """More seats, open. Raises Refused ORDER_NOT_COVERED if classes may be filed and agreements cover fewer heads."""
    if row.state in states.TAKES_CLASSES:
        covered = covering.coverage(tx.session, pack, row, day_of(tx.now)).heads
        if covered < wanted:
            raise Refused("ORDER_NOT_COVERED", order=f"orders/{row.id}", covered=covered, headcount=wanted)
    grown = wanted - row.headcount
    row.headcount, row.seats_open, row.update_time = wanted, row.seats_open + grown, tx.now
    tx.session.flush()
    ledger.note(tx, row.id, None, ledger.NEW, Seat.OPEN, grown, reason)


def cut(tx: Tx, call: Call, pack: Pack, row: OrderRow, classes: Sequence[ClassRow], wanted: int, reason: str) -> None:
    """Fewer seats: open ones, then unfilled ones of the newest classes. The order and its classes are locked.

    Raises Refused ORDER_SEATS, naming the least headcount there can be, if seats that somebody has would be lost.
    """
    less = row.headcount - wanted
    held = [Held(each.id, each.capacity, each.enrolled, each.offered) for each in classes]
    found = rules.cut(less, row.seats_open, held)
    if found.missing:
        least = Violation("headcount", "FIELD_HEADCOUNT", {"least": str(wanted + found.missing)})
        raise Refused(
            "ORDER_SEATS", violations=[least], order=f"orders/{row.id}", open=less - found.missing, asked=less
        )
    for each in classes:
        if taken := found.from_classes.get(each.id, 0):
            _lower(tx, call, pack, each, each.capacity - taken, reason)
            ledger.move(tx, row.id, each.id, Seat.COMMITTED, Seat.OPEN, taken, reason)
    tx.session.refresh(row)
    row.headcount, row.seats_open, row.update_time = wanted, row.seats_open - less, tx.now
    tx.session.flush()
    ledger.note(tx, row.id, None, Seat.OPEN, ledger.NEW, less, reason)


def _lower(tx: Tx, call: Call, pack: Pack, held: ClassRow, capacity: int, reason: str) -> None:
    detail = {"from": held.capacity, "to": capacity}
    held.capacity, held.minimum, held.update_time = capacity, min(held.minimum, capacity), tx.now
    held.remarks = remarks(pack, held, day_of(tx.now))
    tx.session.flush()
    tx.record(
        call,
        f"classes/{held.id}",
        action="training.class.capacity",
        event="class.capacity_changed",
        reason=reason,
        detail=detail,
    )
