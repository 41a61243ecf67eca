"""Requests over the wire, on both databases."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import commissioners_pb2
from liancai.placement.v1 import requests_pb2 as pb
from sqlalchemy import select

from services.placement.tables import Base
from services.platform.database import Database
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import AGRONOMY, COUNTY, HOST, OTHER_UNIT, SERVED, Desk, a_request
from tests.placement.test_commissioners import refused
from tests.statuses import info_of, violations_of

State = pb.Request


def update(desk: Desk, asked: pb.Request, *paths: str) -> pb.Request:
    request = pb.UpdateRequestRequest(request=asked, update_mask=FieldMask(paths=paths), request_id=request_id())
    found: pb.Request = desk.requests.UpdateRequest(request)
    return found


def test_the_way_of_a_request(host_desk: Desk, served: Desk, placement_database: Database) -> None:
    name = host_desk.ask().name
    assert host_desk.turn("SubmitRequest", name).state == State.SUBMITTED
    returned = served.turn("ReturnRequest", name, reason="缺现场情况")
    assert (returned.state, returned.reason) == (State.DRAFT, "缺现场情况")
    assert update(host_desk, pb.Request(name=name, problem="大棚番茄裂果两成"), "problem").problem == "大棚番茄裂果两成"
    assert host_desk.turn("SubmitRequest", name).reason == ""
    assert served.turn("AcceptRequest", name).state == State.ACCEPTED
    unserved = served.turn("MarkUnserved", name, reason="本季度无此学科人员")
    assert (unserved.state, unserved.reason) == (State.UNSERVED, "本季度无此学科人员")
    assert host_desk.requests.GetRequest(pb.GetRequestRequest(name=name)) == unserved
    table = Base.metadata.tables["outbox_event"]
    with placement_database.reading() as session:
        told = select(table.c.type).where(table.c.subject == name).order_by(table.c.sequence)
        assert [each.removeprefix("liancai.placement.request.") for each in session.execute(told).scalars()] == [
            *("created", "submitted", "returned", "updated", "submitted", "accepted", "unserved"),
        ]


def test_a_visit_may_turn_out_to_take_longer(host_desk: Desk, served: Desk) -> None:
    name = host_desk.ask(working_days=2).name
    assert refused(served.turn, "ExtendRequest", name, working_days=3)[1] == "REQUEST_STATE"
    host_desk.turn("SubmitRequest", name)
    before = served.turn("AcceptRequest", name)
    longer = served.turn("ExtendRequest", name, working_days=3, etag=before.etag)
    assert (longer.state, longer.working_days, longer.window_end) == (State.ACCEPTED, 3, before.window_end)
    later = served.turn("ExtendRequest", name, window_end="2027-01-15")
    assert (later.working_days, later.window_end) == (3, "2027-01-15")
    assert refused(served.turn, "ExtendRequest", name, working_days=4, etag=before.etag)[0] == grpc.StatusCode.ABORTED
    for wrong in ({}, {"window_end": "2026-01-01"}, {"working_days": 61}, {"working_days": 2, "window_end": "x"}):
        assert refused(served.turn, "ExtendRequest", name, **wrong)[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert refused(served.turn, "ExtendRequest", name, window_end="2026-12-01")[0] == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("verb", ["ReturnRequest", "AcceptRequest", "MarkUnserved"])
def test_no_step_is_skipped(served: Desk, verb: str) -> None:
    name = served.ask().name
    assert refused(served.turn, verb, name) == (grpc.StatusCode.FAILED_PRECONDITION, "REQUEST_STATE")


def test_a_request_ends_once(host_desk: Desk) -> None:
    name = host_desk.ask().name
    host_desk.turn("CancelRequest", name)
    for verb in ("CancelRequest", "SubmitRequest"):
        assert refused(host_desk.turn, verb, name)[1] == "REQUEST_STATE"
    assert refused(update, host_desk, pb.Request(name=name, problem="另一问题"), "problem")[1] == "REQUEST_STATE"


def test_every_wrong_field_is_told_at_once(host_desk: Desk) -> None:
    with pytest.raises(grpc.RpcError) as error:
        host_desk.ask(
            kind=0, problem="", discipline=commissioners_pb2.Discipline(code="x"), host_name="", place="370103",
            partner_division=SERVED, window_end="2026-11-30", working_days=61, priority=6,
            wished_commissioner="commissioners/1", refused_commissioners=["commissioners/1", "x"],
        )  # fmt: skip
    at = {each.field.removeprefix("request.") for each in violations_of(error.value)}
    assert at == {
        *("kind", "problem", "discipline.code", "discipline.level", "host_name", "place", "partner_division"),
        *("window_end", "working_days", "priority", "priority_reason", "refused_commissioners[0]"),
        "refused_commissioners[1]",
    }


@pytest.mark.parametrize(
    ("window_end", "days", "good"),
    [("2026-12-01", 1, True), ("2026-12-01", 2, False), ("2028-11-30", 60, True), ("2028-12-02", 1, False)],
)
def test_a_window_holds_its_days(host_desk: Desk, window_end: str, days: int, good: bool) -> None:
    if good:
        assert host_desk.ask(window_end=window_end, working_days=days).working_days == days
    else:
        code, _ = refused(host_desk.ask, window_end=window_end, working_days=days)
        assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_window_without_enough_working_days_is_not_submitted(host_desk: Desk) -> None:
    window = {"window_start": "2026-12-05", "window_end": "2026-12-06"}
    weekend = host_desk.ask(**window)
    with pytest.raises(grpc.RpcError) as error:
        host_desk.turn("SubmitRequest", weekend.name)
    about = {"request": weekend.name, "window_end": "2026-12-06", "working_days": "2"}
    assert info_of(error.value) == ("REQUEST_WINDOW", about)
    update(host_desk, pb.Request(name=weekend.name, window_end="2026-12-08"), "window_end")
    assert host_desk.turn("SubmitRequest", weekend.name).state == State.SUBMITTED
    past = host_desk.ask(window_start="2026-11-02", window_end="2026-11-20").name
    assert refused(host_desk.turn, "SubmitRequest", past)[1] == "REQUEST_WINDOW"


def test_whoever_is_named_is_on_the_register(host_desk: Desk, served: Desk, unit: Desk) -> None:
    known = unit.apply().name
    named = {"wished_commissioner": known, "refused_commissioners": ["commissioners/9"]}
    name = host_desk.ask(**named).name
    host_desk.turn("SubmitRequest", name)
    with pytest.raises(grpc.RpcError) as error:
        served.turn("AcceptRequest", name)
    assert info_of(error.value) == ("REQUEST_COMMISSIONERS", {"request": name, "commissioners": "commissioners/9"})
    served.turn("ReturnRequest", name)
    update(host_desk, pb.Request(name=name), "refused_commissioners")
    host_desk.turn("SubmitRequest", name)
    accepted = served.turn("AcceptRequest", name)
    assert (accepted.wished_commissioner, list(accepted.refused_commissioners)) == (known, [])


def test_the_same_request_is_done_once_and_a_stale_one_not_at_all(host_desk: Desk) -> None:
    request = pb.CreateRequestRequest(request=a_request(), request_id=request_id())
    first = host_desk.requests.CreateRequest(request)
    assert host_desk.requests.CreateRequest(request) == first
    request.request.priority = 2
    assert refused(host_desk.requests.CreateRequest, request)[0] is grpc.StatusCode.INVALID_ARGUMENT
    request.request.priority_reason = "汛期"
    assert refused(host_desk.requests.CreateRequest, request)[1] == "REQUEST_ID_REUSED"
    host_desk.turn("SubmitRequest", first.name, etag=first.etag)
    assert refused(host_desk.turn, "CancelRequest", first.name, etag=first.etag)[1] == "STALE_ETAG"


def test_a_host_asks_for_itself_only(host_desk: Desk, new_desk: NewDesk) -> None:
    stranger = new_desk(SERVED, "enterprise", unit=OTHER_UNIT)
    name = host_desk.ask().name
    assert refused(stranger.ask)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(stranger.turn, "SubmitRequest", name)[0] is grpc.StatusCode.NOT_FOUND
    asked = pb.Request(name=name, host_credit_code=OTHER_UNIT)
    assert refused(update, host_desk, asked, "host_credit_code")[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(host_desk.turn, "AcceptRequest", name)[0] is grpc.StatusCode.PERMISSION_DENIED


def test_lists_hold_what_is_within_reach_and_asked_for(
    host_desk: Desk, served: Desk, county: Desk, new_desk: NewDesk
) -> None:
    rare = {"discipline": commissioners_pb2.Discipline(code=f"{AGRONOMY}9910", level=1)}
    mine = [host_desk.ask(**rare).name for _ in range(3)]
    alone = host_desk.ask(**rare, partner_division="", kind=State.SURVEY).name

    def names(desk: Desk, size: int = 0, **filters: Any) -> list[str]:
        request = pb.ListRequestsRequest(
            filter=pb.ListRequestsRequest.Filter(discipline=f"{AGRONOMY}99", **filters), page_size=size
        )
        found: list[str] = []
        while True:
            page = desk.requests.ListRequests(request)
            found += [each.name for each in page.requests]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    everything = [alone, *reversed(mine)]
    assert names(served) == names(host_desk, 1) == everything
    assert names(county) == everything[1:]
    assert names(served, kinds=[State.SURVEY]) == [alone]
    assert names(served, states=[State.ACCEPTED]) == names(served, division=COUNTY) == []
    assert names(new_desk("410102", "science_officer")) == []
    assert names(served, host_credit_code=HOST, division="371500") == everything
