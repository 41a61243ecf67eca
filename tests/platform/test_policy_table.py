"""Who may do what: a table written by hand, held against the policies and against a running server.

An RPC that is served and has no line here fails; so does one whose request below does not get as far as the policy.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import access_pb2
from liancai.training.v1 import (
    agreements_pb2,
    classes_pb2,
    enrolments_pb2,
    institutions_pb2,
    orders_pb2,
    quotas_pb2,
    registers_pb2,
    rosters_pb2,
)

from docs import policies
from docs.policies import STANDPOINTS, Answer
from services import host
from services.platform.identity import issue
from services.platform.policy import Policy
from services.reference import credit_code
from tests.office import (
    BUREAU,
    ENTERPRISE,
    FILE,
    INSTITUTION,
    TODAY,
    Office,
    a_class,
    an_agreement,
    an_institution,
    an_order,
    request_id,
    somebody,
)
from tests.platform.policy_tables import EXPECTED
from tests.test_contract import BY_NAME, PATHS, PROTOS, RPCS, called
from tests.training.test_registers import END, bring, chunk, pensioners

STALE = '"999999"'
ANOTHER = credit_code.make("52", "371526", "MJE00099")


def differences(policy: Policy) -> list[str]:
    """Where the policies decide otherwise than the table."""
    return [
        f"{called(rpc)}, {name}: {found}"
        for rpc in RPCS
        for name, caller in policies.standpoints(rpc).items()
        if (found := policies.answer(policy, rpc, caller)) is not EXPECTED[called(rpc)][name]
    ]


def test_every_rpc_that_is_served_is_in_the_table() -> None:
    assert BY_NAME.keys() == EXPECTED.keys()
    assert len(BY_NAME) == len(RPCS)
    declared = [name for path in PROTOS for name in re.findall(r"^  rpc (\w+)", path.read_text("utf-8"), re.M)]
    assert sorted(declared) == sorted(rpc.name for rpc in RPCS)


def test_the_policies_decide_as_the_table_says() -> None:
    assert differences(policies.policy()) == []


def test_a_policy_too_many_or_too_few_is_noticed() -> None:
    """The negative control."""
    text = "\n".join(
        path.read_text("utf-8") for path in (host.HERE / "policy.cedar", *(p.policy for p in host.parts()))
    )
    verify = 'permit (principal, action == Action::"training.order.verify", resource) when { '
    for more in (verify + 'principal.roles.contains("supervisor") };', verify + "resource in principal.division };"):
        assert differences(Policy(text + more))
    fewer = text.replace('Action::"training.enrolment.reveal", ', "")
    assert fewer != text
    assert {each.partition(",")[0] for each in differences(Policy(fewer))} == {"RevealEnrolment"}


def test_the_page_says_the_same() -> None:
    page = policies.page()
    for rpc in RPCS:
        section = page.partition(f"\n## {rpc.containing_service.full_name}\n")[2].partition("\n## ")[0]
        (line,) = re.findall(rf"^\| `{rpc.name}` \|(.*)\|$", section, re.M)
        cells = [cell.strip() for cell in line.split("|")]
        words = {Answer.YES: "**yes**", Answer.OWN: "own", Answer.NO: "."}
        assert cells == [words[each] for each in EXPECTED[called(rpc)].values()]
    assert "| `training.order.verify` | own division, where the work is | . | . | . | . |" in page
    assert "| `training.order.read` | own division, either side | own unit | own unit |" in page
    assert "| `reference.read` | everywhere |" in page


# ---- over the wire ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Things:
    """What belongs to Gaotang, Shizhong, the enterprise and the institution."""

    order: orders_pb2.Order
    agreement: str
    held: str
    other: str
    enrolment: str
    waiting: str
    substitution: str
    teacher: str
    quota: str
    applicant: Any

    def named(self, resource: str) -> str:
        """The one of this kind."""
        names = {
            "Order": self.order.name,
            "Agreement": self.agreement,
            "Institution": f"institutions/{INSTITUTION}",
            "Class": self.held,
            "Enrolment": self.enrolment,
            "Quota": self.quota,
        }
        return names.get(resource, "")


@pytest.fixture(scope="module")
def things(office: Office) -> Things:
    order, applicant = office.contracted(), somebody()
    held = office.open_class(order.name, start_date="2026-10-01", end_date="2026-10-31", capacity=1).name
    enrolment, waiting = office.enrol(held, applicant).name, office.enrol(held).name
    bring(office, pensioners(3))
    quota = quotas_pb2.SetQuotaRequest(
        kind=quotas_pb2.INSTITUTION_HEADS, institution_credit_code=INSTITUTION, division="371526", year=2026,
        granted=1000, source="样例文件", request_id=request_id(),
    )  # fmt: skip
    # people are replaced before a class begins, or in its first days
    first = TODAY + timedelta(days=30)
    days = {"start_date": f"{first}", "end_date": f"{first + timedelta(days=30)}"}
    later = office.open_class(order.name, **days, capacity=1).name
    leaving, coming = office.enrol(later).name, office.enrol(later).name
    exchange = enrolments_pb2.SubstituteTraineeRequest(
        name=leaving, coming=coming, reason="换人", request_id=request_id()
    )
    return Things(
        order=order,
        agreement=office.agreement(order).name,
        held=held,
        other=office.open_class(order.name).name,
        enrolment=enrolment,
        waiting=waiting,
        substitution=office.enrolments.SubstituteTrainee(exchange).name,
        teacher=office.teacher(),
        quota=office.quotas.SetQuota(quota).name,
        applicant=applicant,
    )


def filled(kind: Any, resource: str, things: Things) -> Message:
    """A request that is good but for its etag: each field by its name."""
    message = GetMessageClass(kind)()
    values: dict[str, Callable[[], Any]] = {
        "name": lambda: things.named(resource),
        "class_name": lambda: things.held,
        "into": lambda: things.other,
        "order": lambda: things.order.name,
        "institution": lambda: things.named("Institution"),
        "etag": lambda: STALE,
        "request_id": request_id,
        "reason": lambda: "说明理由",
        "purpose": lambda: "核对身份",
        "proof": lambda: "户籍证明",
        "employer_credit_code": lambda: ENTERPRISE,
        "institution_credit_code": lambda: INSTITUTION,
        "credit_code": lambda: ENTERPRISE,
        "contract_start": lambda: "2026-11-02",
        "full_name": lambda: "张三",
        "resident_id": lambda: things.applicant.resident_id,
        "coming": lambda: things.waiting,
        "answer": lambda: "同意",
        "sign_date": lambda: "2026-11-20",
        "file_sha256": lambda: FILE,
        "source": lambda: "样例文件",
        "granted": lambda: 1000,
        "capacity": lambda: 9,
        "headcount": lambda: 30,
        "year": lambda: 2026,
        "division": lambda: "371526",
        "date": lambda: "2026-11-20",
        "start_date": lambda: "2026-11-20",
        "end_date": lambda: "2026-11-21",
        "query": lambda: things.applicant.resident_id,
        "text": lambda: "电工",
    }
    for field in kind.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if field.name == "filter" and {each.name for each in field.message_type.fields} & {"class_name"}:
                getattr(message, field.name).class_name = things.held
            elif field.name == "applicant":
                getattr(message, field.name).CopyFrom(somebody())
            elif field.name == "applicants":
                getattr(message, field.name).extend([somebody(), somebody()])
        elif field.name in values and not field.is_repeated:
            setattr(message, field.name, values[field.name]())
    return message


# requests that names of fields do not make good: by RPC
SPECIAL: dict[str, Callable[[Things], dict[str, Any]]] = {
    "CreateOrder": lambda _: {"order": an_order()},
    "UpdateOrder": lambda things: {
        "order": an_order(name=things.order.name, etag=STALE),
        "update_mask": FieldMask(paths=["place"]),
    },
    "ListOrders": lambda _: {"filter": orders_pb2.ListOrdersRequest.Filter()},
    "CreateAgreement": lambda things: {"agreement": an_agreement(things.order)},
    "UpdateAgreement": lambda things: {
        "agreement": agreements_pb2.Agreement(name=things.agreement, title="别的协议", etag=STALE),
        "update_mask": FieldMask(paths=["title"]),
    },
    "ListAgreements": lambda _: {"filter": agreements_pb2.ListAgreementsRequest.Filter()},
    "SignAgreement": lambda _: {"role": agreements_pb2.Agreement.Party.BUREAU_PARTY, "credit_code": BUREAU},
    "RegisterInstitution": lambda _: {"institution": an_institution(credit_code=ANOTHER)},
    "UpdateInstitution": lambda things: {
        "institution": institutions_pb2.Institution(name=things.named("Institution"), licence_number="9", etag=STALE),
        "update_mask": FieldMask(paths=["licence_number"]),
    },
    "AnswerSubstitution": lambda things: {"name": things.substitution, "consent": True},
    "SetQuota": lambda _: {"kind": quotas_pb2.INSTITUTION_HEADS},
    "CreateClass": lambda things: {"training_class": a_class(things.order.name)},
    "UpdateClass": lambda things: {
        "training_class": a_class(things.order.name, name=things.held, etag=STALE),
        "update_mask": FieldMask(paths=["site_address"]),
    },
    "ListClasses": lambda _: {"filter": classes_pb2.ListClassesRequest.Filter()},
    "MoveClass": lambda _: {"start_date": "2027-01-04", "end_date": "2027-02-04"},
    "SplitClass": lambda things: {"title": "电工乙班", "enrolments": [things.enrolment]},
    "SearchEnrolments": lambda _: {"class_name": "", "order": ""},
    "Events.WatchEvents": lambda _: {"stop_at_end": True},
}
HEADERS: dict[str, Callable[[Things], Message]] = {
    "ImportRoster": lambda things: rosters_pb2.ImportRosterRequest(
        header=rosters_pb2.ImportRosterRequest.Header(
            class_name=things.held, mode=1, file_sha256="0" * 64, request_id=request_id()
        )
    ),
    "ImportRegister": lambda _: registers_pb2.ImportRegisterRequest(
        header=registers_pb2.ImportRegisterRequest.Header(
            kind=registers_pb2.CERTIFICATE,
            division="371526",
            as_of="2026-11-20",
            source="样例",
            file_sha256="0" * 64,
            request_id=request_id(),
        )
    ),
}
# what comes after them
REST: dict[str, list[Message]] = {
    "ImportRoster": [rosters_pb2.ImportRosterRequest(end=rosters_pb2.ImportRosterRequest.End())],
    "ImportRegister": [chunk(pensioners(1, occupation_code="6-31-01-03", certificate_level=4)), END],
}
# lists of whatever one may see: what of ours is in them
MARKS: dict[str, Callable[[Things], str]] = {
    "ListOrders": lambda things: things.order.name,
    "ListAgreements": lambda things: things.agreement,
    "ListInstitutions": lambda _: INSTITUTION,
    "ListTeachers": lambda things: things.teacher,
    "ListQuotas": lambda things: things.quota,
    "ListClasses": lambda things: things.held,
    "SearchEnrolments": lambda things: things.enrolment,
    "ListRegisters": lambda _: "371526",
    "ListAuditEntries": lambda things: things.enrolment,
    "Events.WatchEvents": lambda things: things.enrolment,
}


def request_of(rpc: MethodDescriptor, things: Things) -> Message:
    if called(rpc) in HEADERS:
        return HEADERS[called(rpc)](things)
    message = filled(rpc.input_type, rpc.GetOptions().Extensions[access_pb2.access].resource, things)
    for name, value in SPECIAL.get(called(rpc), lambda _: {})(things).items():
        message.ClearField(name)
        if isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


Ask = Callable[[MethodDescriptor, str], tuple[grpc.StatusCode, bytes]]


@pytest.fixture(scope="module")
def ask(grpc_channel: grpc.Channel, settings: host.Settings, things: Things) -> Ask:
    """Asks an RPC from a standpoint: the code, and the reply as bytes."""

    @functools.cache
    def token(name: str) -> str:
        return issue(host.local_key(settings), STANDPOINTS[name], valid_for=timedelta(hours=1))

    def asked(rpc: MethodDescriptor, name: str) -> tuple[grpc.StatusCode, bytes]:
        raw = request_of(rpc, things).SerializeToString()
        metadata = (("authorization", f"Bearer {token(name)}"),)
        try:
            if rpc.client_streaming:
                call = grpc_channel.stream_stream(PATHS[rpc.full_name])
                rest = [part.SerializeToString() for part in REST[called(rpc)]]
                return grpc.StatusCode.OK, b"".join(call(iter([raw, *rest]), metadata=metadata, timeout=30))
            if rpc.server_streaming:
                return grpc.StatusCode.OK, b"".join(
                    grpc_channel.unary_stream(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=30)
                )
            return grpc.StatusCode.OK, grpc_channel.unary_unary(PATHS[rpc.full_name])(
                raw, metadata=metadata, timeout=30
            )
        except grpc.RpcError as error:
            return error.code(), b""

    return asked


def has_handler(rpc: MethodDescriptor) -> bool:
    """Whether a servicer of ours has the method."""
    service = rpc.containing_service
    module = import_module(f"{service.file.name.removesuffix('.proto').replace('/', '.')}_pb2_grpc")
    base = getattr(module, f"{service.name}Servicer")
    ours = [each for each in base.__subclasses__() if each.__module__.startswith("services.")]
    return any(getattr(each, rpc.name) is not getattr(base, rpc.name) for each in ours)


REFUSALS = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND)
FAILURES = (
    *REFUSALS, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED,
)  # fmt: skip


def as_expected(expected: Answer, code: grpc.StatusCode, reply: bytes, mark: bytes) -> bool:
    """Whether an answer of the server is what the table says."""
    if expected is Answer.NO:
        return code is grpc.StatusCode.PERMISSION_DENIED
    if mark:
        return code is grpc.StatusCode.OK and (mark in reply) is (expected is Answer.YES)
    return code not in FAILURES if expected is Answer.YES else code in REFUSALS


# those of cases and of dispatch are asked in test_policy_wire.py of their services
ASKED = [rpc for rpc in RPCS if policies.standpoints(rpc) is STANDPOINTS]


@pytest.mark.parametrize("rpc", ASKED, ids=called)
def test_the_server_answers_as_the_table_says(rpc: MethodDescriptor, ask: Ask, things: Things) -> None:
    assert has_handler(rpc), "declared and not served"
    mark = MARKS.get(called(rpc), lambda _: "")(things).encode()
    # whoever may do it comes last: what is done then is not in the others' way
    wrong = []
    for name, expected in sorted(EXPECTED[called(rpc)].items(), key=lambda item: item[1] is Answer.YES):
        code, reply = ask(rpc, name)
        if not as_expected(expected, code, reply, mark):
            wrong.append(f"{name}: {code.name}, expected {expected}")
    assert not wrong, f"{called(rpc)}: {wrong}; if the request is not good enough, see SPECIAL, HEADERS and MARKS"


def test_a_server_with_another_policy_would_not_pass(
    ask: Ask, things: Things, grpc_interceptors: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control over the wire: everybody may do everything."""
    monkeypatch.setattr(grpc_interceptors[0], "_policy", Policy("permit (principal, action, resource);"))
    for name in ("GetOrder", "VerifyOrder", "GetEnrolment", "ImportRegister"):
        code, reply = ask(BY_NAME[name], "another enterprise")
        assert not as_expected(EXPECTED[name]["another enterprise"], code, reply, b"")
