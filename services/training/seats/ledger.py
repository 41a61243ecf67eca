"""The seats of an order, a conserved ledger: each movement takes from one state what it gives to another.

The balances stand on the order's row, where CHECKs hold their sum to the headcount and each at zero or more; the
journal says how they came about.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from sqlalchemy import BindParameter, Table, bindparam, update

from services.platform.bulk import BulkInsert
from services.platform.errors import Fault, Refused
from services.platform.prepared import Prepared
from services.platform.transaction import Tx
from services.training.rules.states import Seat
from services.training.tables import OrderRow, SeatMovementRow

NEW = "NEW"  # where seats come from when an order is made

_orders = OrderRow.__table__.c
BALANCES = {
    Seat.OPEN: _orders.seats_open,
    Seat.COMMITTED: _orders.seats_committed,
    Seat.ENROLLED: _orders.seats_enrolled,
    Seat.HIRED: _orders.seats_hired,
    Seat.LOST: _orders.seats_lost,
}
_JOURNAL = BulkInsert(
    cast(Table, SeatMovementRow.__table__),
    ("order_id", "class_id", "source", "target", "seats", "reason", "record_time"),
)


def move(tx: Tx, order_id: str, class_id: str | None, source: Seat, target: Seat, seats: int, reason: str) -> None:
    """Moves `seats` of an order. Raises Refused ORDER_SEATS, naming what is left, if `source` has not so many."""
    if seats == 0:
        return
    if _transfer(source, target).run(tx.connection, {"of": order_id, "seats": seats}) != 1:
        raise _short(tx, order_id, source, seats)
    note(tx, order_id, class_id, source, target, seats, reason)


def note(tx: Tx, order_id: str, class_id: str | None, source: str, target: str, seats: int, reason: str) -> None:
    """Writes the journal alone, for a balance that was set together with the order itself."""
    tx.add(_JOURNAL, (order_id, class_id, source, target, seats, reason, tx.now))


@cache
def _transfer(source: Seat, target: Seat) -> Prepared:
    seats: BindParameter[int] = bindparam("seats")
    taken, given = BALANCES[source], BALANCES[target]
    return Prepared(
        update(OrderRow)
        .where(_orders.id == bindparam("of"), taken >= seats)
        .values({taken: taken - seats, given: given + seats})
    )


def _short(tx: Tx, order_id: str, source: Seat, asked: int) -> Fault:
    order = tx.session.get_one(OrderRow, order_id, populate_existing=True)
    left = getattr(order, BALANCES[source].name)
    return Refused("ORDER_SEATS", order=f"orders/{order_id}", open=left, asked=asked)
