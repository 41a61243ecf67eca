"""Another headcount over the wire: what it wants, what it takes, and what it never takes."""

from __future__ import annotations

import grpc
from liancai.training.v1 import agreements_pb2, classes_pb2
from liancai.training.v1 import orders_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.training.tables import SeatMovementRow
from tests.conftest import token_of
from tests.office import ENTERPRISE, Office, a_class, an_order, request_id
from tests.statuses import error_of, info_of, violations_of
from tests.training.journal import prove


def change(office: Office, name: str, headcount: int, reason: str = "企业调整用工", etag: str = "") -> pb.Order:
    changed: pb.Order = office.orders.ChangeOrderHeadcount(
        pb.ChangeOrderHeadcountRequest(
            name=name, headcount=headcount, reason=reason, etag=etag, request_id=request_id()
        )
    )
    return changed


def file_class(office: Office, order: str, capacity: int) -> str:
    made = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order, capacity=capacity), request_id=request_id())
    )
    office.classes.FileClass(classes_pb2.FileClassRequest(name=made.name, request_id=request_id()))
    name: str = made.name
    return name


def new_seats(database: Database, order: str) -> list[tuple[str, str, int, str]]:
    """The movements between the order and nowhere."""
    with database.reading() as session:
        rows = session.scalars(
            select(SeatMovementRow)
            .where(SeatMovementRow.order_id == order.partition("/")[2])
            .order_by(SeatMovementRow.sequence)
        ).all()
    return [(row.source, row.target, row.seats, row.reason) for row in rows if "NEW" in (row.source, row.target)]


def test_before_the_contract_an_order_grows_and_shrinks_freely(office: Office, database: Database) -> None:
    order = office.verified(headcount=40).name
    assert change(office, order, 55, "增加一条产线").headcount == 55
    assert change(office, order, 30, "推迟一条产线").headcount == 30
    assert prove(database, order)["OPEN"] == 30
    assert new_seats(database, order) == [
        ("NEW", "OPEN", 40, ""),
        ("NEW", "OPEN", 15, "增加一条产线"),
        ("OPEN", "NEW", 25, "推迟一条产线"),
    ]
    same = change(office, order, 30)
    assert change(office, order, 30) == same
    assert len(new_seats(database, order)) == 3


def test_a_contracted_order_grows_as_far_as_agreements_cover_it(office: Office, database: Database) -> None:
    order = office.contracted(headcount=40)
    error = error_of(change, office, order.name, 41)
    assert info_of(error) == ("ORDER_NOT_COVERED", {"order": order.name, "covered": "40", "headcount": "41"})
    more = [agreements_pb2.Agreement.Cover(order=order.name, headcount=10)]
    office.sign(office.agreement(order, orders=more).name)
    assert change(office, order.name, 50).headcount == 50
    assert office.ledger(order.name).open == 50
    held = office.open_class(order.name, capacity=50)
    assert change(office, order.name, 50).state == pb.Order.TRAINING
    assert info_of(error_of(change, office, order.name, 51))[0] == "ORDER_NOT_COVERED"
    assert office.the_class(held.name).capacity == 50
    prove(database, order.name)


def test_a_smaller_headcount_that_agreements_cover_contracts_the_order(office: Office) -> None:
    order = office.matched(headcount=40)
    half = [agreements_pb2.Agreement.Cover(order=order.name, headcount=20)]
    office.sign(office.agreement(order, orders=half).name)
    assert change(office, order.name, 21).state == pb.Order.MATCHED
    assert change(office, order.name, 20).state == pb.Order.CONTRACTED


def test_a_cut_takes_open_seats_then_the_unfilled_seats_of_the_newest_class(office: Office, database: Database) -> None:
    order = office.contracted(headcount=40).name
    old = office.open_class(order, capacity=10).name
    filed = file_class(office, order, 12)
    newest = office.open_class(order, capacity=8).name
    for held in (old, old, newest, newest, newest):
        office.enrol(held)
    before = {name: office.the_class(name).etag for name in (old, filed, newest)}
    assert change(office, order, 35).headcount == 35  # 10 were open
    assert [office.the_class(name).capacity for name in (old, filed, newest)] == [10, 12, 8]
    assert change(office, order, 26, "停一条产线").headcount == 26
    assert [office.the_class(name).capacity for name in (old, filed, newest)] == [10, 12, 4]
    assert {name for name, etag in before.items() if office.the_class(name).etag != etag} == {newest}
    # to the last seat nobody has: the filed class keeps one
    assert change(office, order, 6).headcount == 6
    assert [office.the_class(name).capacity for name in (old, filed, newest)] == [2, 1, 3]
    assert office.the_class(newest).enrolled == 3
    balances = prove(database, order)
    assert (balances["OPEN"], balances["COMMITTED"], balances["ENROLLED"]) == (0, 1, 5)
    error = error_of(change, office, order, 4)
    assert info_of(error) == ("ORDER_SEATS", {"order": order, "open": "0", "asked": "2"})
    [violation] = violations_of(error)
    assert violation.field == "headcount"
    assert "6" in violation.description
    assert office.ledger(order).headcount == 6
    returned = classes_pb2.ReturnClassRequest(name=filed, reason="不办了", request_id=request_id())
    office.classes.ReturnClass(returned)
    assert change(office, order, 5).headcount == 5
    prove(database, order)


def test_a_class_whose_capacity_fell_lowers_its_minimum_too(office: Office) -> None:
    order = office.contracted(headcount=10).name
    held = office.open_class(order, capacity=10, minimum=8).name
    change(office, order, 6)
    now = office.the_class(held)
    assert (now.capacity, now.minimum) == (6, 6)
    assert any("10" in remark for remark in now.remarks)  # below the size the parameters ask for


def test_nobody_who_waits_beside_a_cut_gets_a_seat(office: Office, database: Database) -> None:
    order = office.contracted(headcount=10).name
    held = office.open_class(order, capacity=3).name
    for _ in range(5):
        office.enrol(held)
    assert change(office, order, 3).headcount == 3
    now = office.the_class(held)
    assert (now.capacity, now.enrolled, now.waitlisted) == (3, 3, 2)
    assert info_of(error_of(change, office, order, 2))[0] == "ORDER_SEATS"
    prove(database, order)


def test_only_the_bureau_where_the_work_is_changes_it_and_only_after_the_submission(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    order = office.verified(headcount=10)
    for claims in ({"division": "370103"}, {"roles": ("enterprise",), "unit": ENTERPRISE}):
        stranger = Office(grpc_channel, token_of(settings, **claims))  # type: ignore[arg-type]
        assert error_of(change, stranger, order.name, 9).code() is grpc.StatusCode.PERMISSION_DENIED
    far = Office(grpc_channel, token_of(settings, division="371525"))
    assert error_of(change, far, order.name, 9).code() is grpc.StatusCode.NOT_FOUND
    draft = office.orders.CreateOrder(pb.CreateOrderRequest(order=an_order(), request_id=request_id()))
    assert info_of(error_of(change, office, draft.name, 9))[0] == "ORDER_STATE"
    office.orders.CancelOrder(pb.CancelOrderRequest(name=order.name, reason="停产", request_id=request_id()))
    assert info_of(error_of(change, office, order.name, 9))[0] == "ORDER_STATE"


def test_what_a_change_wants(office: Office) -> None:
    order = office.verified(headcount=10)
    for headcount, reason in ((0, "x"), (100_001, "x"), (-1, "x"), (9, "")):
        error = error_of(change, office, order.name, headcount, reason)
        assert {violation.field for violation in violations_of(error)} == {"reason" if not reason else "headcount"}
    assert error_of(lambda: change(office, order.name, 9, etag='"1"')).code() is grpc.StatusCode.ABORTED
    request = pb.ChangeOrderHeadcountRequest(name=order.name, headcount=9, reason="x", request_id=request_id())
    assert office.orders.ChangeOrderHeadcount(request) == office.orders.ChangeOrderHeadcount(request)
    assert office.ledger(order.name).headcount == 9
