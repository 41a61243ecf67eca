"""A canary: one commissioner goes through every RPC of the service and is then looked for wherever she must not be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1.event_pb2 import WatchEventsRequest
from liancai.placement.v1 import commissioners_pb2 as pb
from liancai.placement.v1 import evaluations_pb2, imports_pb2
from liancai.placement.v1 import service_agreements_pb2 as agreements_pb2

from services import host
from services.placement.tables import Base
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from services.reference import resident_id
from tests.conftest import token_of
from tests.office import TODAY, request_id
from tests.placement.desk import CITY, SERVED, Desk, Role, a_commissioner, a_row, accepted
from tests.platform.test_canary import stuffed
from tests.test_contract import PATHS, ROLES, RPCS

NAME, PHONE = "欧阳丹青瑶", "13957246813"
NUMBER = resident_id.make("370103", date(1987, 6, 5), 432)
SECRETS = {
    "number": [NUMBER.encode()],
    "phone": [PHONE.encode()],
    "name": [NAME.encode(), json.dumps(NAME).strip('"').encode()],
}
OURS = [rpc for rpc in RPCS if rpc.full_name.startswith("liancai.placement.")]


def found_in(data: bytes) -> list[str]:
    """Which of her secrets are in it."""
    return [kind for kind, spellings in SECRETS.items() if any(each in data for each in spellings)]


@pytest.fixture(scope="module")
def heard(
    grpc_channel: grpc.Channel,
    settings: host.Settings,
    unit: Desk,
    served: Desk,
    host_desk: Desk,
    county: Desk,
    placement_database: Database,
) -> list[tuple[str, bytes]]:
    """Every reply and every status that came back while she went through everything."""
    said: list[tuple[str, bytes]] = []
    metadata = [("authorization", f"Bearer {token_of(settings, roles=ROLES, division=CITY, unit='370100-sci')}")]

    def ask(name: str, request: Message | bytes) -> None:
        rpc = next(each for each in OURS if each.name == name)
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        try:
            if rpc.server_streaming:
                # who watches waits for more until the time is over
                stream = grpc_channel.unary_stream(PATHS[rpc.full_name])
                said.extend((name, part) for part in stream(raw, metadata=metadata, timeout=5))
            else:
                said.append((name, grpc_channel.unary_unary(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=30)))
        except grpc.RpcError as error:
            said.append((name, (error.details() or "").encode()))
            for _, value in error.trailing_metadata() or ():
                said.append((name, value if isinstance(value, bytes) else value.encode()))

    her = {"full_name": NAME, "resident_id": NUMBER, "phone": PHONE}
    mine = unit.apply(**her)
    said.append(("ApplyCommissioner", mine.SerializeToString()))
    for wrong in ({}, {"full_name": PHONE, "phone": NAME}, {"resident_id": NUMBER[:-1] + "?"}, {"full_name": NAME * 9}):
        request = pb.ApplyCommissionerRequest(commissioner=a_commissioner(**{**her, **wrong}), request_id=request_id())
        ask("ApplyCommissioner", request)  # who is on the way already, or cannot be
    for row in (
        a_row(**her),
        a_row(**{**her, "phone": NUMBER}),
        a_row(**{**her, "full_name": PHONE, "disciplines": NAME}),
    ):
        spoilt = a_row(3, **{**her, "home_unit_name": NUMBER * 12, "home_place": NAME, "days_a_year": PHONE})
        rows = imports_pb2.ImportCommissionersRequest(mode=1, rows=[row, spoilt], request_id=request_id())
        ask("ImportCommissioners", rows)
    ask("GetCommissioner", pb.GetCommissionerRequest(name=mine.name))
    ask("ListCommissioners", pb.ListCommissionersRequest())
    for query in (NAME, NAME[:2], "ouyangdan", "oydqy", NUMBER, PHONE, NUMBER[:-1], PHONE[:-1]):
        ask("SearchCommissioners", pb.SearchCommissionersRequest(query=query, page_size=1))
    agreed = unit.agree(mine.name).name
    signed = unit.sign(agreed, Role.SENDING_UNIT, Role.COMMISSIONER)
    said.append(("SignServiceAgreement", signed.SerializeToString()))
    ask("GetServiceAgreement", agreements_pb2.GetServiceAgreementRequest(name=agreed))
    ask("ListServiceAgreements", agreements_pb2.ListServiceAgreementsRequest())
    ask("WatchEvents", WatchEventsRequest(stop_at_end=True))
    said.extend(_in_service(mine.name, unit, served, host_desk, county, placement_database))
    for rpc in OURS:
        request = stuffed(GetMessageClass(rpc.input_type)())
        ask(rpc.name, request)
        ask(rpc.name, request.SerializeToString()[:-1] + b"\xff")
    for verb, fields in (("Recommend", {}), ("Refuse", {"reason": "材料不实"})):
        request = getattr(pb, f"{verb}CommissionerRequest")(name=mine.name, request_id=request_id(), **fields)
        ask(f"{verb}Commissioner", request)
    return said


def _in_service(
    her: str, unit: Desk, served: Desk, host_desk: Desk, county: Desk, database: Database
) -> Iterator[tuple[str, bytes]]:
    """What is said while she is assigned, comes, is confirmed and counted; and of texts that would have told of her."""

    def of(name: str, act: Callable[[], Message]) -> tuple[str, bytes]:
        try:
            return name, act().SerializeToString()
        except grpc.RpcError as error:
            found = [value if isinstance(value, bytes) else value.encode() for _, value in error.trailing_metadata()]
            return name, b"".join([(error.details() or "").encode(), *found])

    asked = accepted(served)
    yield of("CreateAssignment", lambda: served.assign(asked, her))  # who is not on the register is not sent
    call = Call.by_system("placement", "placement.plan.publish", SERVED)
    booking = Booking(asked.partition("/")[2], her.partition("/")[2], (TODAY,))
    (number,) = database.write_again(call, lambda tx: assigning.create(tx, call, [booking]))
    name = f"assignments/{number}"
    yield of("DeclineAssignment", lambda: unit.answer("Decline", name, reason=f"请找{PHONE}"))
    yield of("AcceptAssignment", lambda: unit.answer("Accept", name))
    for wrong in ({"problem": NUMBER}, {"measure": f"电话{PHONE}"}, {"result": f"证号{NUMBER}"}, {"place": PHONE}):
        yield of("LogVisit", lambda wrong=wrong: unit.log(name, **wrong))  # type: ignore[misc]
    visit = unit.log(name)
    yield "LogVisit", visit.SerializeToString()
    yield of("DisputeVisit", lambda: host_desk.see("Dispute", visit.name, reason=NUMBER))
    yield of("ConfirmVisit", lambda: host_desk.see("Confirm", visit.name))
    yield of("RateAssignment", lambda: host_desk.answer("Rate", name, comment=f"谢谢{PHONE}"))
    wanted = evaluations_pb2.GetEvaluationInputsRequest(commissioner=her, year=2026)
    yield of("GetEvaluationInputs", lambda: county.evaluations.GetEvaluationInputs(wanted))
    grade = evaluations_pb2.RecordEvaluationRequest(
        commissioner=her, year=2026, grade=evaluations_pb2.Evaluation.QUALIFIED, reason=PHONE, request_id=request_id()
    )
    yield of("RecordEvaluation", lambda: county.evaluations.RecordEvaluation(grade))


def test_no_reply_and_no_status_shows_her(heard: list[tuple[str, bytes]]) -> None:
    assert {name for name, _ in heard} == {rpc.name for rpc in OURS}
    assert not {(rpc, kind) for rpc, data in heard for kind in found_in(data)}


def stored(database: Database) -> Iterator[tuple[str, Any]]:
    with database.writing_engine.begin() as connection:
        for table in Base.metadata.tables.values():
            for row in connection.execute(table.select()).mappings():
                yield from ((f"{table.name}.{column}", value) for column, value in row.items())


def spelled_in(value: Any) -> list[str]:
    """Which of her secrets are in a value of a column."""
    return found_in(bytes(value) if isinstance(value, bytes | memoryview) else json.dumps(value, default=str).encode())


def test_no_table_holds_her_in_clear_but_her_name(heard: list[tuple[str, bytes]], placement_database: Database) -> None:
    hits = {(column, kind) for column, value in stored(placement_database) for kind in spelled_in(value)}
    assert hits == {("commissioners.full_name", "name")}


def test_she_would_have_been_found(county: Desk, heard: list[tuple[str, bytes]]) -> None:
    name = county.commissioners.SearchCommissioners(pb.SearchCommissionersRequest(query=NUMBER)).commissioners[0].name
    request = pb.RevealCommissionerRequest(name=name, purpose="核对身份", request_id=request_id())
    shown = county.commissioners.RevealCommissioner(request)
    assert found_in(shown.SerializeToString()) == ["number", "phone", "name"]
    assert not found_in(pb.Commissioner(masked_name="欧****").SerializeToString())
