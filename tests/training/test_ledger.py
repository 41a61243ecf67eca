"""At every moment headcount = the sum of the seats' states: proven after every step of an order's life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from liancai.training.v1 import classes_pb2, enrolments_pb2, orders_pb2

from services.platform.database import Database
from tests.office import ENTERPRISE, Office, a_class, request_id
from tests.training.journal import prove

Step = Callable[..., dict[str, int]]


@pytest.fixture
def after(database: Database) -> Callable[[str], dict[str, int]]:
    """The balances after a step, proven."""
    return lambda order: prove(database, order)


def seats(**states: int) -> dict[str, int]:
    """Balances; what is not named is zero."""
    return {state: states.get(state.lower(), 0) for state in ("OPEN", "COMMITTED", "ENROLLED", "HIRED", "LOST")}


def test_an_order_from_draft_to_shortfall(office: Office, after: Callable[[str], dict[str, int]]) -> None:
    order = office.contracted(headcount=10).name
    assert after(order) == seats(open=10)

    held = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order, capacity=3), request_id=request_id())
    ).name
    assert after(order) == seats(open=10), "a draft holds no seats"

    step(office.classes, "FileClass", held)
    assert after(order) == seats(open=7, committed=3)
    step(office.classes, "ReturnClass", held, reason="缺教学计划; 缺教师资格证明")
    assert after(order) == seats(open=10)
    opened = office.bring(held, "File", "Review", "Approve", "Open")
    assert opened.state == classes_pb2.Class.OPEN
    assert get(office, order).state == orders_pb2.Order.TRAINING

    people = [office.enrol(held) for _ in range(5)]
    assert after(order) == seats(open=7, enrolled=3)
    office.withdraw(people[0].name)
    assert after(order) == seats(open=7, enrolled=3), "the head of the waitlist has the seat"

    capacity(office, held, 2)
    assert after(order) == seats(open=7, enrolled=3), "nobody is thrown out"
    assert office.enrol(held).state == enrolments_pb2.Enrolment.WAITLISTED, "nobody new gets in"
    office.withdraw(people[1].name)
    assert after(order) == seats(open=8, enrolled=2), "a seat above the capacity goes back to the order"
    capacity(office, held, 6)
    assert after(order) == seats(open=4, committed=2, enrolled=4), "a larger class fills from its waitlist"

    step(office.classes, "CloseClass", held)
    assert after(order) == seats(open=6, enrolled=4)
    in_class = listed(office, held, enrolments_pb2.Enrolment.ENROLLED)
    office.withdraw(in_class[0].name, reason="中途退出")
    assert after(order) == seats(open=6, enrolled=3, lost=1)
    for each in in_class[1:]:
        office.enrolments.ConfirmHire(
            enrolments_pb2.ConfirmHireRequest(
                name=each.name, employer_credit_code=ENTERPRISE, contract_start="2026-11-02", request_id=request_id()
            )
        )
    assert after(order) == seats(open=6, hired=3, lost=1)

    closed = step(office.orders, "CloseOrder", order, reason="报名人数不足")
    assert closed.state == orders_pb2.Order.SHORTFALL
    assert after(order) == seats(hired=3, lost=7)
    ledger = office.ledger(order)
    assert [(loss.reason, loss.seats) for loss in ledger.losses] == [("报名人数不足", 6), ("中途退出", 1)]
    assert [(each.hired, each.committed) for each in ledger.classes] == [(3, 0)]


def test_an_order_is_fulfilled_when_every_seat_is_hired(office: Office, after: Callable[[str], dict[str, int]]) -> None:
    order = office.contracted(headcount=1).name
    held = office.open_class(order, capacity=1).name
    person = office.enrol(held)
    step(office.classes, "CloseClass", held)
    office.enrolments.ConfirmHire(
        enrolments_pb2.ConfirmHireRequest(
            name=person.name, employer_credit_code=ENTERPRISE, contract_start="2026-11-02", request_id=request_id()
        )
    )
    assert step(office.orders, "CloseOrder", order).state == orders_pb2.Order.FULFILLED
    assert after(order) == seats(hired=1)


def test_classes_cannot_take_more_seats_than_the_order_has(
    office: Office, after: Callable[[str], dict[str, int]]
) -> None:
    order = office.contracted(headcount=10).name
    office.open_class(order, capacity=8)
    second = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order, capacity=3), request_id=request_id())
    ).name
    with pytest.raises(grpc.RpcError) as refusal:
        step(office.classes, "FileClass", second)
    assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "2" in refusal.value.details()
    assert after(order) == seats(open=2, committed=8)


def test_a_cancelled_order_loses_its_seats_with_the_reason(
    office: Office, after: Callable[[str], dict[str, int]]
) -> None:
    order = office.contracted(headcount=4).name
    step(office.orders, "CancelOrder", order, reason="企业搬迁")
    assert after(order) == seats(lost=4)
    assert [(loss.reason, loss.seats) for loss in office.ledger(order).losses] == [("企业搬迁", 4)]


def step(stub: Any, verb: str, name: str, **fields: Any) -> Any:
    """One verb on one resource."""
    module = orders_pb2 if verb.endswith("Order") else classes_pb2
    return getattr(stub, verb)(getattr(module, f"{verb}Request")(name=name, request_id=request_id(), **fields))


def capacity(office: Office, name: str, to: int) -> classes_pb2.Class:
    changed: classes_pb2.Class = office.classes.ChangeClassCapacity(
        classes_pb2.ChangeClassCapacityRequest(name=name, capacity=to, reason="教室调整", request_id=request_id())
    )
    return changed


def get(office: Office, name: str) -> orders_pb2.Order:
    found: orders_pb2.Order = office.orders.GetOrder(orders_pb2.GetOrderRequest(name=name))
    return found


def listed(office: Office, name: str, state: Any) -> list[enrolments_pb2.Enrolment]:
    wanted = enrolments_pb2.ListEnrolmentsRequest.Filter(class_name=name, states=[state])
    return list(office.enrolments.ListEnrolments(enrolments_pb2.ListEnrolmentsRequest(filter=wanted)).enrolments)
