"""Orders over the wire: what is checked, who sees what, what happens twice."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from liancai.training.v1 import orders_pb2 as pb

from services import host
from tests.conftest import token_of
from tests.office import ENTERPRISE, INSTITUTION, Office, an_order, request_id


def create(office: Office, **fields: object) -> pb.Order:
    made: pb.Order = office.orders.CreateOrder(pb.CreateOrderRequest(order=an_order(**fields), request_id=request_id()))
    return made


def refusal(call: object, *arguments: object) -> tuple[grpc.StatusCode, str, set[str]]:
    """Status code, reason and the fields that are wrong."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments)  # type: ignore[operator]
    status = rpc_status.from_call(raised.value)
    reason, fields = "", set()
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        if detail.Unpack(bad):
            fields = {violation.field for violation in bad.field_violations}
    return raised.value.code(), reason, fields


def test_every_wrong_field_is_named_at_once(office: Office) -> None:
    wrong = an_order(
        enterprise_credit_code=ENTERPRISE[:-1] + ("0" if ENTERPRISE[-1] != "0" else "1"),
        enterprise_name="",
        division="370000",
        partner_division="999999",
        occupation_code="6-31",
        skill_level=8,
        headcount=0,
        wage_min_fen=5000,
        wage_max_fen=4000,
        start_date="2026-02-30",
        valid_until="",
    )
    code, reason, fields = refusal(office.orders.CreateOrder, pb.CreateOrderRequest(order=wrong, request_id="short"))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert fields == {"request_id"} | {
        f"order.{name}"
        for name in (
            *("enterprise_credit_code", "enterprise_name", "division", "partner_division", "occupation_code"),
            *("skill_level", "certificate_level", "headcount", "wage_max_fen", "start_date", "valid_until"),
        )
    }


def test_the_same_request_twice_makes_one_order(office: Office) -> None:
    request = pb.CreateOrderRequest(order=an_order(headcount=7), request_id=request_id())
    first, second = office.orders.CreateOrder(request), office.orders.CreateOrder(request)
    assert first == second
    request.order.headcount = 8
    assert refusal(office.orders.CreateOrder, request)[:2] == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_a_stale_etag_is_aborted_with_the_current_one(office: Office) -> None:
    order = create(office)
    office.orders.SubmitOrder(pb.SubmitOrderRequest(name=order.name, etag=order.etag, request_id=request_id()))
    code, reason, _ = refusal(
        office.orders.VerifyOrder,
        pb.VerifyOrderRequest(name=order.name, etag=order.etag, request_id=request_id()),
    )
    assert (code, reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")


def test_a_draft_changes_only_where_the_mask_says(office: Office) -> None:
    order = create(office, headcount=10)
    wished = pb.Order(name=order.name, headcount=12, place="别处")
    changed = office.orders.UpdateOrder(
        pb.UpdateOrderRequest(order=wished, update_mask=FieldMask(paths=["headcount"]), request_id=request_id())
    )
    assert (changed.headcount, changed.place) == (12, order.place)
    assert office.ledger(order.name).open == 12
    for paths in (["state"], ["etag"], ["nonsense"], []):
        request = pb.UpdateOrderRequest(order=wished, update_mask=FieldMask(paths=paths), request_id=request_id())
        assert refusal(office.orders.UpdateOrder, request)[2] == {"update_mask"}


def test_verbs_out_of_their_order_are_refused_with_what_is_allowed(office: Office) -> None:
    order = create(office)
    request = pb.VerifyOrderRequest(name=order.name, request_id=request_id())
    assert refusal(office.orders.VerifyOrder, request)[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "ORDER_STATE")
    office.orders.SubmitOrder(pb.SubmitOrderRequest(name=order.name, request_id=request_id()))
    returned = office.orders.ReturnOrder(
        pb.ReturnOrderRequest(name=order.name, reason="缺营业执照; 缺岗位说明", request_id=request_id())
    )
    assert (returned.state, returned.reason) == (pb.Order.DRAFT, "缺营业执照; 缺岗位说明")


def test_an_expired_order_cannot_be_submitted(office: Office) -> None:
    order = create(office, valid_until="2020-01-01")
    request = pb.SubmitOrderRequest(name=order.name, request_id=request_id())
    assert refusal(office.orders.SubmitOrder, request)[1] == "ORDER_EXPIRED"


def test_lists_follow_their_pages_and_their_filter(office: Office) -> None:
    made = [create(office, enterprise_name=f"分页样例{number}") for number in range(5)]
    seen: list[str] = []
    request = pb.ListOrdersRequest(page_size=2, filter=pb.ListOrdersRequest.Filter(states=[pb.Order.DRAFT]))
    while True:
        page = office.orders.ListOrders(request)
        assert len(page.orders) <= 2
        seen += [order.name for order in page.orders]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == sorted(set(seen), reverse=True)
    assert {order.name for order in made} <= set(seen)


def test_each_side_sees_what_it_has_a_part_in(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    order = create(office)
    other = create(office, partner_division="")

    def seen_by(**claims: object) -> set[str]:
        desk = Office(grpc_channel, token_of(settings, subject="reader", **claims))  # type: ignore[arg-type]
        listed = desk.orders.ListOrders(pb.ListOrdersRequest(page_size=1000)).orders
        names = {each.name for each in listed}
        for name in (order.name, other.name):
            look = pb.GetOrderRequest(name=name)
            if name in names:
                assert desk.orders.GetOrder(look).name == name
            else:
                assert refusal(desk.orders.GetOrder, look)[0] == grpc.StatusCode.NOT_FOUND
        return names & {order.name, other.name}

    both = {order.name, other.name}
    assert seen_by(division="371526") == both
    assert seen_by(division="370103") == {order.name}
    assert seen_by(division="370000") == both
    assert seen_by(division="371500") == both
    assert seen_by(division="440106") == set()
    assert seen_by(division="440106", roles=("enterprise",), unit=ENTERPRISE) == both
    assert seen_by(division="371526", roles=("enterprise",), unit=INSTITUTION) == set()


def test_only_the_bureau_where_the_work_is_may_verify(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    order = create(office)
    office.orders.SubmitOrder(pb.SubmitOrderRequest(name=order.name, request_id=request_id()))
    partner = Office(grpc_channel, token_of(settings, division="370103"))
    request = pb.VerifyOrderRequest(name=order.name, request_id=request_id())
    assert refusal(partner.orders.VerifyOrder, request)[0] == grpc.StatusCode.PERMISSION_DENIED
    enterprise = Office(grpc_channel, token_of(settings, roles=("enterprise",), unit=ENTERPRISE))
    assert refusal(enterprise.orders.VerifyOrder, request)[0] == grpc.StatusCode.PERMISSION_DENIED
    assert office.orders.VerifyOrder(request).state == pb.Order.VERIFIED


def test_an_enterprise_orders_for_itself_only(settings: host.Settings, grpc_channel: grpc.Channel) -> None:
    enterprise = Office(grpc_channel, token_of(settings, roles=("enterprise",), unit=ENTERPRISE, subject="boss"))
    assert create(enterprise).state == pb.Order.DRAFT
    request = pb.CreateOrderRequest(order=an_order(enterprise_credit_code=INSTITUTION), request_id=request_id())
    assert refusal(enterprise.orders.CreateOrder, request)[0] == grpc.StatusCode.PERMISSION_DENIED
