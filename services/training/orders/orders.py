"""Handlers of training orders (用工订单)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import grpc
from liancai.training.v1 import orders_pb2 as pb
from liancai.training.v1 import orders_pb2_grpc
from sqlalchemy import select

from services.fields import read_credit_code, read_scope
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, Refused, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training import messages, queries
from services.training.agreements import covering
from services.training.classes import cancelling
from services.training.orders import headcount
from services.training.orders.fields import EDITABLE, read_order
from services.training.rules import states
from services.training.rules.states import MOST_HEADS, ORDER_VERBS, ClassState, OrderState, Seat
from services.training.seats import ledger
from services.training.tables import ClassRow, OrderRow


class Verb(Protocol):
    """A request that moves an order along."""

    name: str
    etag: str
    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # noqa: D102


class Orders(orders_pb2_grpc.OrdersServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def CreateOrder(self, request: pb.CreateOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """A draft, with all its seats open."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        values = read_order(reading, request.order)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()
        if not call.may(call.action, _scope(values)):
            raise Denied(call.action)

        def work(tx: Tx) -> pb.Order:
            number = queries.next_number(tx, f"orders/{day_of(tx.now):%Y%m}")
            row = OrderRow(
                id=number,
                state=OrderState.DRAFT,
                seats_open=values["headcount"],
                create_time=tx.now,
                update_time=tx.now,
                **values,
            )
            tx.session.add(row)
            tx.session.flush()
            ledger.note(tx, number, None, ledger.NEW, Seat.OPEN, row.headcount, "")
            tx.record(
                call,
                f"orders/{number}",
                event="order.created",
                occur_time=occurred,
                reason=late_reason,
                detail={"headcount": row.headcount},
            )
            return messages.order(row)

        return self._database.write(call, request, work)

    def GetOrder(self, request: pb.GetOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """One order."""
        with self._database.reading() as session:
            return messages.order(queries.visible(session, Call.of(context), OrderRow, _name(request.name)))

    def ListOrders(self, request: pb.ListOrdersRequest, context: grpc.ServicerContext) -> pb.ListOrdersResponse:
        """A page of the orders within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked = request.filter
        wanted = select(OrderRow).where(queries.within_reach(call, OrderRow)).order_by(OrderRow.id.desc())
        reading = Reading()
        states_asked = reading.choices("filter.states", asked.states, pb.Order.State)
        enterprise = reading.text("filter.enterprise_credit_code", asked.enterprise_credit_code, 0, 18)
        occupation = reading.text("filter.occupation_code", asked.occupation_code, 0, 16)
        if asked.division:
            covered = read_scope(reading, "filter.division", asked.division)
            wanted = wanted.where(OrderRow.division.between(*covered))
        reading.done()
        if states_asked:
            wanted = wanted.where(OrderRow.state.in_(states_asked))
        if enterprise:
            wanted = wanted.where(OrderRow.enterprise_credit_code == enterprise)
        if occupation:
            wanted = wanted.where(OrderRow.occupation_code == occupation)
        if page.after is not None:
            wanted = wanted.where(OrderRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListOrdersResponse(
            orders=[messages.order(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateOrder(self, request: pb.UpdateOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """New values for the fields of a draft that the mask names."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        reading.name("order.name", request.order.name, "orders")
        reading.mask(request.update_mask.paths, EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.Order:
            row = queries.for_change(tx, call, OrderRow, request.order.name, request.order.etag)
            state = allow(row, "update")
            wished = messages.order(row)
            request.update_mask.MergeMessage(request.order, wished)
            checked = Reading()
            values = read_order(checked, wished)
            checked.done()
            if not call.may(call.action, _scope(values)):
                raise Denied(call.action)
            grown = values["headcount"] - row.headcount
            _set(row, {**values, "seats_open": values["headcount"], "state": state, "update_time": tx.now})
            tx.session.flush()
            if grown:
                source, target = (ledger.NEW, Seat.OPEN) if grown > 0 else (Seat.OPEN, ledger.NEW)
                ledger.note(tx, row.id, None, source, target, abs(grown), "")
            detail = {"fields": sorted(request.update_mask.paths), "headcount": row.headcount}
            tx.record(call, request.order.name, event="order.updated", detail=detail)
            return messages.order(row)

        return self._database.write(call, request, work, key=request.order.name)

    def SubmitOrder(self, request: pb.SubmitOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Draft -> submitted."""
        return self._advance(Call.of(context), request, "submit", reason="")

    def ReturnOrder(self, request: pb.ReturnOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Submitted -> draft, with the gaps."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        return self._advance(Call.of(context), request, "return", reading, reason=reason)

    def VerifyOrder(self, request: pb.VerifyOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Submitted -> verified."""
        return self._advance(Call.of(context), request, "verify")

    def MatchOrder(self, request: pb.MatchOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Verified -> matched with an institution; contracted at once if signed agreements cover it."""
        reading = Reading()
        code = read_credit_code(reading, "institution_credit_code", request.institution_credit_code)
        return self._advance(Call.of(context), request, "match", reading, institution_credit_code=code)

    def CloseOrder(self, request: pb.CloseOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Training -> fulfilled or shortfall: no class may hold seats any more; those that never filled are lost."""
        call = Call.of(context)
        reading = Reading()
        reason = reading.text("reason", request.reason, 0, 500)
        _read_verb(reading, request)

        def work(tx: Tx) -> pb.Order:
            row = queries.for_change(tx, call, OrderRow, request.name, request.etag)
            allow(row, "close")
            running = tx.session.scalars(
                select(ClassRow.id)
                .where(ClassRow.order_id == row.id, ClassRow.state.in_(states.HOLDS_SEATS))
                .order_by(ClassRow.id)
            ).all()
            if running:
                raise Refused(
                    "ORDER_HAS_OPEN_CLASSES",
                    order=request.name,
                    classes=", ".join(f"classes/{each}" for each in running[:20]),
                )
            if row.seats_enrolled:
                raise Refused("ORDER_HAS_ENROLLED", order=request.name, enrolled=row.seats_enrolled)
            if row.seats_open and not reason:
                raise Invalid(Violation("reason", "FIELD_REQUIRED"))
            ledger.move(tx, row.id, None, Seat.OPEN, Seat.LOST, row.seats_open, reason)
            return _ended(tx, call, row, states.ended(row.headcount, row.seats_hired), reason)

        return self._database.write(call, request, work, key=request.name)

    def CancelOrder(self, request: pb.CancelOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Any state before the end -> cancelled, or shortfall when somebody is hired; its classes with it."""
        call = Call.of(context)
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        _read_verb(reading, request)

        def work(tx: Tx) -> pb.Order:
            # whether the caller may is asked before anything is locked, classes are locked before the order
            queries.visible(tx.session, call, OrderRow, request.name)
            classes = cancelling.classes_of(tx, request.name.partition("/")[2])
            row = queries.for_change(tx, call, OrderRow, request.name, request.etag)
            allow(row, "cancel")
            return _ended(tx, call, row, cancelling.cancel_order(tx, call, row, classes, reason), reason)

        return self._database.write(call, request, work, key=request.name)

    def ChangeOrderHeadcount(self, request: pb.ChangeOrderHeadcountRequest, context: grpc.ServicerContext) -> pb.Order:
        """Another headcount: new open seats, or seats given up that nobody has."""
        call = Call.of(context)
        reading = Reading()
        reading.number("headcount", request.headcount, 1, MOST_HEADS)
        reason = reading.text("reason", request.reason, 1, 500)
        _read_verb(reading, request)

        def work(tx: Tx) -> pb.Order:
            queries.visible(tx.session, call, OrderRow, request.name)
            classes = headcount.classes_for_change(tx, request.name)  # locked before the order
            row = queries.for_change(tx, call, OrderRow, request.name, request.etag)
            require_state(row, states.HEADCOUNT_CHANGES)
            before = row.headcount
            if request.headcount > before:
                headcount.enlarge(tx, self._pack, row, request.headcount, reason)
            elif request.headcount < before:
                headcount.cut(tx, call, self._pack, row, classes, request.headcount, reason)
            if row.headcount != before:
                detail = {"from": before, "to": row.headcount}
                tx.record(call, request.name, event="order.headcount_changed", reason=reason, detail=detail)
            covering.contract_if_covered(tx, call, self._pack, row)
            return messages.order(row)

        return self._database.write(call, request, work, key=request.name)

    def GetOrderLedger(self, request: pb.GetOrderLedgerRequest, context: grpc.ServicerContext) -> pb.OrderLedger:
        """Where each seat is, by class, and why seats were lost."""
        with self._database.reading() as session:
            row = queries.visible(session, Call.of(context), OrderRow, _name(request.name))
            classes = session.scalars(select(ClassRow).where(ClassRow.order_id == row.id).order_by(ClassRow.id)).all()
            losses = queries.losses(session, row.id)
        return pb.OrderLedger(
            order=request.name,
            headcount=row.headcount,
            open=row.seats_open,
            committed=row.seats_committed,
            enrolled=row.seats_enrolled,
            hired=row.seats_hired,
            lost=row.seats_lost,
            classes=[
                pb.OrderLedger.ClassSeats(
                    class_name=f"classes/{each.id}",
                    committed=states.unfilled(each.capacity, each.enrolled + each.hired)
                    if each.state in states.HOLDS_SEATS
                    else 0,
                    enrolled=each.enrolled,
                    hired=each.hired,
                    waitlisted=each.waitlisted,
                )
                for each in classes
                if each.state != ClassState.DRAFT
            ],
            losses=[pb.OrderLedger.Loss(reason=reason, seats=count) for reason, count in losses],
        )

    def _advance(
        self, call: Call, request: Verb, verb: str, reading: Reading | None = None, **changes: Any
    ) -> pb.Order:
        """One step of an order's life that touches no seat."""
        _read_verb(reading or Reading(), request)

        def work(tx: Tx) -> pb.Order:
            row = queries.for_change(tx, call, OrderRow, request.name, request.etag)
            state = allow(row, verb)
            if verb == "submit" and row.valid_until < day_of(tx.now):
                raise Refused("ORDER_EXPIRED", order=request.name, valid_until=row.valid_until.isoformat())
            if verb == "match":
                queries.active_institution(tx.session, changes["institution_credit_code"])
            _set(row, {**changes, "state": state, "update_time": tx.now})
            tx.session.flush()
            reason = str(changes.get("reason", ""))
            tx.record(call, request.name, event=f"order.{state.lower()}", reason=reason, detail={"state": state})
            covering.contract_if_covered(tx, call, self._pack, row)
            return messages.order(row)

        return self._database.write(call, request, work, key=request.name)


def _ended(tx: Tx, call: Call, row: OrderRow, state: OrderState, reason: str) -> pb.Order:
    """The order in its last state, with its trail."""
    tx.session.refresh(row)
    _set(row, {"reason": reason, "state": state, "update_time": tx.now})
    tx.session.flush()
    tx.record(call, f"orders/{row.id}", event=f"order.{state.lower()}", reason=reason, detail={"state": state})
    return messages.order(row)


def allow(row: OrderRow, verb: str) -> OrderState:
    """The state that `verb` leads the order to. Raises Refused ORDER_STATE if it may not be done now."""
    allowed, target = ORDER_VERBS[verb]
    require_state(row, allowed)
    return target


def require_state(row: OrderRow, allowed: Sequence[OrderState]) -> None:
    """Raises Refused ORDER_STATE unless the order is in one of these states."""
    if row.state not in allowed:
        raise Refused("ORDER_STATE", order=f"orders/{row.id}", state=row.state, allowed=", ".join(allowed))


def _read_verb(reading: Reading, request: Verb) -> None:
    reading.name("name", request.name, "orders")
    reading.request_id(request.request_id)
    reading.done()


def _name(name: str) -> str:
    reading = Reading()
    reading.name("name", name, "orders")
    reading.done()
    return name


def _scope(values: dict[str, Any]) -> Scope:
    divisions_of = tuple(code for code in (values["division"], values["partner_division"]) if code)
    return Scope(divisions_of, (values["enterprise_credit_code"],))


def _set(row: OrderRow, values: dict[str, Any]) -> None:
    for column, value in values.items():
        setattr(row, column, value)
