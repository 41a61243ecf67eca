"""Every field of every request, one at a time, holds what no client should send: never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.training.v1 import agreements_pb2, classes_pb2, enrolments_pb2, institutions_pb2, orders_pb2, rosters_pb2

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import (
    BUREAU,
    ENTERPRISE,
    FILE,
    INSTITUTION,
    Office,
    a_class,
    an_agreement,
    an_institution,
    an_order,
    request_id,
    somebody,
)
from tests.races.books import TABLES
from tests.test_contract import PATHS, ROLES, RPCS, called

WHOLE = (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64)
NASTY: dict[int, list[Any]] = {
    FieldDescriptor.TYPE_STRING: ["x\x00y", "高" * 700, "'; DROP TABLE orders; -- %_\\{0}", "\u202e\r\n"],
    FieldDescriptor.TYPE_INT32: [-(2**31), 2**31 - 1, -1],
    FieldDescriptor.TYPE_INT64: [-(2**63), 2**63 - 1, -1],
    FieldDescriptor.TYPE_ENUM: [99, -1],
}
MOMENTS = [Timestamp(seconds=10**14), Timestamp(seconds=-(10**14)), Timestamp(nanos=-5), Timestamp(seconds=1)]


def variants(message: Message) -> Iterator[Message]:
    """Copies of a message with one field changed, however deep; the last yields leave the original as it was."""
    for field in message.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if field.message_type.full_name == "google.protobuf.Timestamp":
                for moment in MOMENTS:
                    copy = _copy(message)
                    getattr(copy, field.name).CopyFrom(moment)
                    yield copy
            elif not field.is_repeated:
                for inner in variants(getattr(message, field.name)):
                    copy = _copy(message)
                    getattr(copy, field.name).CopyFrom(inner)
                    yield copy
            elif len(getattr(message, field.name)):
                for inner in variants(getattr(message, field.name)[0]):
                    copy = _copy(message)
                    getattr(copy, field.name)[0].CopyFrom(inner)
                    yield copy
            continue
        for value in NASTY.get(field.type, []):
            copy = _copy(message)
            if field.is_repeated:
                getattr(copy, field.name).append(value)
            else:
                setattr(copy, field.name, value)
            yield copy


def _copy(message: Message) -> Message:
    copy = type(message)()
    copy.CopyFrom(message)
    if "request_id" in message.DESCRIPTOR.fields_by_name:
        copy.request_id = request_id()  # type: ignore[attr-defined]
    return copy


def good_requests(office: Office) -> dict[str, Message]:
    """A request of each RPC that would be taken, or refused for the state of things alone."""
    order = office.contracted(headcount=90)
    agreement = office.agreement(order)
    held = office.open_class(order.name, capacity=30)
    person = office.enrol(held.name)
    texts = {
        "reason": "理由",
        "etag": "",
        "institution_credit_code": INSTITUTION,
        "employer_credit_code": ENTERPRISE,
        "purpose": "核对身份",
        "contract_start": "2026-11-02",
        "class_name": held.name,
        "late_reason": "补录",
        "date": "2026-11-02",
        "start_date": "2026-11-02",
        "end_date": "2026-11-12",
        "text": "电工",
        "order": order.name,
        "institution": f"institutions/{INSTITUTION}",
        "credit_code": BUREAU,
        "sign_date": "2026-11-02",
        "file_sha256": FILE,
        "full_name": "样例教师",
        "resident_id": somebody().resident_id,
    }
    names = {
        "orders": order.name,
        "agreements": agreement.name,
        "institutions": f"institutions/{INSTITUTION}",
        "classes": held.name,
        "enrolments": person.name,
    }
    found: dict[str, Message] = {}
    for rpc in RPCS:
        request = GetMessageClass(rpc.input_type)()
        for field in rpc.input_type.fields:
            if field.name in texts and field.type == FieldDescriptor.TYPE_STRING:
                setattr(request, field.name, texts[field.name])
        service = rpc.containing_service.name.lower()
        if "name" in rpc.input_type.fields_by_name and service in names:
            request.name = names[service]  # type: ignore[attr-defined]
        found[called(rpc)] = request
    found["ChangeOrderHeadcount"].headcount = 85  # type: ignore[attr-defined]
    found["CreateAgreement"] = agreements_pb2.CreateAgreementRequest(agreement=an_agreement(order))
    found["UpdateAgreement"] = agreements_pb2.UpdateAgreementRequest(
        agreement=an_agreement(order, name=agreement.name), update_mask={"paths": ["title", "parties", "orders"]}
    )
    found["SignAgreement"].role = agreements_pb2.Agreement.Party.BUREAU_PARTY  # type: ignore[attr-defined]
    found["RegisterInstitution"] = institutions_pb2.RegisterInstitutionRequest(institution=an_institution())
    found["UpdateInstitution"] = institutions_pb2.UpdateInstitutionRequest(
        institution=an_institution(name=f"institutions/{INSTITUTION}"), update_mask={"paths": ["licence_number"]}
    )
    session = classes_pb2.Session(date="2026-12-07", start="08:30", end="11:30", place="实训室")
    found["CreateOrder"] = orders_pb2.CreateOrderRequest(order=an_order(), late_reason="补录")
    found["UpdateOrder"] = orders_pb2.UpdateOrderRequest(
        order=an_order(name=order.name), update_mask={"paths": ["place", "headcount"]}
    )
    found["CreateClass"] = classes_pb2.CreateClassRequest(training_class=a_class(order.name, sessions=[session]))
    draft = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order.name), request_id=request_id())
    )
    document = classes_pb2.Attachment(kind=1, file_name="证.pdf", sha256="0" * 64)
    found["UpdateClass"] = classes_pb2.UpdateClassRequest(
        training_class=a_class(order.name, name=draft.name, sessions=[session], attachments=[document]),
        update_mask={"paths": ["title", "sessions", "attachments", "fund", "subsidy_fen"]},
    )
    found["ChangeClassCapacity"].capacity = 30  # type: ignore[attr-defined]
    found["ListEnrolments"] = enrolments_pb2.ListEnrolmentsRequest(filter={"class_name": held.name})
    for name in ("Enrol", "CheckEnrolment"):
        found[name].applicant.CopyFrom(somebody())  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def requests(office: Office) -> dict[str, Message]:
    return good_requests(office)


@pytest.mark.parametrize("rpc", [rpc for rpc in RPCS if not rpc.client_streaming], ids=called)
def test_no_field_of_a_request_can_make_the_server_fail(
    rpc: Any, requests: dict[str, Message], grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    metadata = [("authorization", f"Bearer {token_of(settings, roles=ROLES)}")]
    call = grpc_channel.unary_unary(PATHS[rpc.full_name])
    sent, failed = 0, []
    for request in variants(requests[called(rpc)]):
        try:
            call(request.SerializeToString(), metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE):
                failed.append(repr(request)[:120])
        sent += 1
    assert sent > 3
    assert not failed


def test_no_field_of_a_roster_can_make_the_server_fail(
    office: Office, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    held = office.open_class(office.contracted().name)
    part = rosters_pb2.ImportRosterRequest
    person = somebody()
    row = rosters_pb2.RosterRow(
        row_number=2,
        full_name=person.full_name,
        resident_id=person.resident_id,
        phone=person.phone,
        sex="男",
        birth_date="1990-01-01",
    )
    header = part.Header(class_name=held.name, mode=part.Header.VALID_ROWS, file_sha256="0" * 64, unknown_columns=["x"])
    pairs = [(_copy(header), each) for each in variants(row)] + [(each, row) for each in variants(header)]
    failed = []
    for head, line in pairs:
        parts = [part(header=head), part(chunk=part.Chunk(rows=[line])), part(end=part.End())]
        try:
            list(office.rosters.ImportRoster(iter(parts)))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                failed.append((error.code(), repr(head)[:120], repr(line)[:120]))
    assert len(pairs) > 30
    assert not failed


@pytest.mark.parametrize("reason", ["x" * 5000, "forged\r\n2026-11-23 INFO line", "x\x00", "\u202ex"])
def test_a_reason_for_being_late_is_never_stored_unchecked(office: Office, database: Database, reason: str) -> None:
    held = office.open_class(office.contracted().name)
    mine = office.enrol(held.name)
    moment = Timestamp()
    moment.GetCurrentTime()
    pb = enrolments_pb2
    asks = [
        lambda: office.orders.CreateOrder(
            orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id(), late_reason=reason)
        ),
        lambda: office.enrolments.Enrol(
            pb.EnrolRequest(
                class_name=held.name,
                applicant=somebody(),
                request_id=request_id(),
                late_reason=reason,
                occur_time=moment,
            )
        ),
        lambda: office.enrolments.WithdrawEnrolment(
            pb.WithdrawEnrolmentRequest(name=mine.name, reason="x", request_id=request_id(), late_reason=reason)
        ),
    ]
    codes = set()
    for ask in asks:
        try:
            ask()
        except grpc.RpcError as error:
            codes.add(error.code())
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT}
    with database.reading() as session:
        for table in ("audit_entry", "outbox_event"):
            stored = [value for row in session.execute(TABLES[table].select()) for value in row]
            assert not [value for value in stored if reason in (value if isinstance(value, str) else str(value))]
            kept = [value for value in stored if isinstance(value, dict)]
            assert all(reason not in value.values() for value in kept)
