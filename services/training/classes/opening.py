"""A class once it is approved: opened, made larger or smaller, closed."""

from __future__ import annotations

from typing import Any

from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import update

from services.platform.boundary import Call
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.training import messages, queries
from services.training.classes import cancelling
from services.training.classes.fields import sessions_of
from services.training.classes.steps import Steps, read_verb, require_order, require_state
from services.training.rules import states
from services.training.rules.states import MOST_HEADS, ORDER_VERBS, ClassState, EnrolmentState, OrderState, Seat
from services.training.seats import known, ledger, limits
from services.training.seats.promotion import promote
from services.training.tables import ClassRow, OrderRow

CLOSED = "班级报名结束 · the class has closed"


class Opening(Steps):
    """From approved to closed."""

    def open(self, call: Call, request: pb.OpenClassRequest) -> pb.Class:
        """Approved -> open; the order is in training."""

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            queries.active_institution(tx.session, row.institution_credit_code)
            require_order(tx.session.get_one(OrderRow, row.order_id, with_for_update=True, populate_existing=True))
            _begin_training(tx, call, row.order_id)
            return {}

        return self.advance(call, request, "open", work)

    def change_capacity(self, call: Call, request: pb.ChangeClassCapacityRequest) -> pb.Class:
        """Another capacity: takes or gives back seats of the order, and fills new ones from the waitlist."""
        reading = Reading()
        reading.number("capacity", request.capacity, 1, MOST_HEADS)
        reason = reading.text("reason", request.reason, 1, 500)
        read_verb(reading, request)

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            require_state(row, states.HOLDS_SEATS)
            before, after = (
                states.unfilled(row.capacity, row.enrolled, row.offered),
                states.unfilled(request.capacity, row.enrolled, row.offered),
            )
            old, row.capacity, row.update_time = row.capacity, request.capacity, tx.now
            row.minimum = min(row.minimum, row.capacity)
            row.remarks = self.remarks(row, day_of(tx.now))
            if row.state == ClassState.REVIEWED:
                # what was reviewed is not what is there now
                row.state, row.reviewer, row.file_time = ClassState.FILED, "", tx.now
            tx.session.flush()
            if after >= before:
                ledger.move(tx, row.order_id, row.id, Seat.OPEN, Seat.COMMITTED, after - before, reason)
            else:
                ledger.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, before - after, reason)
            tx.record(
                call,
                request.name,
                event="class.capacity_changed",
                reason=reason,
                detail={"from": old, "to": row.capacity, "state": row.state},
            )
            promote(tx, call, self._pack, row.id, reason=reason)
            tx.session.refresh(row)
            return messages.training_class(call, row, sessions_of(tx.session, row.id))

        return self._database.write(call, request, work, key=request.name)

    def close(self, call: Call, request: pb.CloseClassRequest) -> pb.Class:
        """Open -> closed: unfilled seats go back, nobody waits any more. It is still taught: it keeps its rooms."""

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            left = states.unfilled(row.capacity, row.enrolled, row.offered)
            [held] = known.classes(tx.connection, [row.id], lock=True)
            cancelling.dissolve(tx, call, row, CLOSED, (EnrolmentState.OFFERED, EnrolmentState.WAITLISTED))
            limits.move(tx, held, -held.offered)
            queries.count_people(tx, row.id, offered=-held.offered, waitlisted=-held.waitlisted)
            ledger.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, left, CLOSED)
            return {}

        return self.advance(call, request, "close", work)


def _begin_training(tx: Tx, call: Call, order_id: str) -> None:
    """Contracted -> training, when the first class opens; nothing if it trains already."""
    target = ORDER_VERBS["train"][1]
    statement = (
        update(OrderRow)
        .where(OrderRow.id == order_id, OrderRow.state == OrderState.CONTRACTED)
        .values(state=target, update_time=tx.now, version=OrderRow.version + 1)
    )
    if tx.connection.execute(statement).rowcount == 1:
        tx.record(
            call,
            f"orders/{order_id}",
            action="training.order.train",
            event="order.training",
            detail={"state": target},
        )
