"""A case that is offered and not accepted: the side it is offered to asks everything, and learns the summary alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import access_pb2
from liancai.talent.v1 import cases_pb2
from liancai.talent.v1 import handovers_pb2 as pb

from services import host
from services.reference import credit_code
from tests.conftest import token_of
from tests.office import request_id, somebody
from tests.talent.desk import CHILD, JINAN, SPOUSE, Desk, a_paper, upload_of
from tests.talent.test_children import add, ask_for
from tests.talent.test_policy_wire import Things, filled
from tests.test_contract import PATHS, ROLES, RPCS

OURS = [rpc for rpc in RPCS if rpc.full_name.startswith("liancai.talent.")]
# what changes the hand-over comes last; what needs no token needs the phone, which the other side does not know
SETTLES = ("AcceptHandover", "ReturnHandover", "RecallHandover")
EMPLOYER, CODE = "棠梨坞精密机械有限公司", credit_code.make("91", "371526", "MA3C0777")
WORDS = {
    "employer": EMPLOYER, "code": CODE, "brought": "orders/20261109999", "level": "山东惠才卡甲",
    "reason": "须由转出地盖章丁", "owner": "first-contact-owner", "school": "样例区雁栖小学",
    "purpose": "核对随迁入学戊", "result": "收件单丙第七号", "file": "身份证扫描己.pdf",
}  # fmt: skip
ALLOWED = {
    *("name", "state", "sender", "sender_division", "receiver", "receiver_division", "summary", "manifest_sha256"),
    *("offered", "etag"),
}


class Offered:
    """The case, and all that must not be seen of it."""

    def __init__(self, desk: Desk) -> None:
        person = somebody()
        family = [cases_pb2.FamilyMember(kind=SPOUSE, full_name="慕容丹青"), cases_pb2.FamilyMember(kind=CHILD)]
        her = cases_pb2.Talent(full_name="欧阳丹青瑶", resident_id=person.resident_id, phone=person.phone)
        case = desk.open(
            "school_new-2", "pension", talent=her, family=family, employer_name=EMPLOYER, employer_credit_code=CODE,
            brought_by=WORDS["brought"], levels=[WORDS["level"]], owner=WORDS["owner"],
        )  # fmt: skip
        self.case, self.child = case.name, add(desk, case.name, school=WORDS["school"]).name
        self.access = ask_for(desk, self.child, WORDS["purpose"]).name
        self.certificate = "certificates/20261100001"
        step = f"{self.case}/matters/school_new-2/steps/intake"
        desk.act("StartStep", step)
        desk.act("CompleteStep", step, result={"request": WORDS["result"]})
        self.step = f"{self.case}/matters/pension/steps/check"
        review = f"{self.case}/matters/pension/steps/review"
        self.document = desk.upload(review, "identity", a_paper(), file_name=WORDS["file"]).name
        self.handover = desk.offer(self.case, reason=WORDS["reason"]).name
        self.secrets = {
            **WORDS,
            "name": "欧阳丹青瑶",
            "spouse": "慕容丹青",
            "number": person.resident_id,
            "phone": person.phone,
            "masked name": case.masked_name,
            "masked number": case.masked_resident_id,
            "masked phone": case.masked_phone,
            "masked spouse": case.family[0].masked_name,
        }

    def found_in(self, data: bytes) -> set[str]:
        """Which of it is in a reply or a status."""
        return {
            kind
            for kind, word in self.secrets.items()
            if word.encode() in data or json.dumps(word).strip('"').encode() in data
        }


@pytest.fixture(scope="module")
def offered(desk: Desk) -> Offered:
    return Offered(desk)


def requests(rpc: MethodDescriptor, offered: Offered) -> Iterator[Message]:
    """An RPC asked with all that the other side could know: names in the hand-over, and those they lead to."""
    things = Things(
        case=offered.case, other=offered.case, step=offered.step, draft="catalogues/current", phone_tail="0000",
        handover=offered.handover, child=offered.child, access=offered.access, certificate=offered.certificate,
        wanting=offered.step, document=offered.document, order=offered.case, ended=f"{offered.case}/matters/pension",
        code=offered.case, cover=offered.case, complaint=offered.case, job=offered.case,
    )  # fmt: skip
    request: Any = filled(rpc, things)
    for name in ("etag", "resource"):
        if name in rpc.input_type.fields_by_name:
            request.ClearField(name)
    if "case" in rpc.input_type.fields_by_name and rpc.name == "UpdateCase":
        request.case.etag = ""
    yield request
    names = (offered.case, offered.step, offered.handover, offered.child, f"{offered.case}/matters/pension")
    for name in names:
        for field in rpc.input_type.fields:
            if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated and field.name in NAMED:
                other = GetMessageClass(rpc.input_type)()
                other.CopyFrom(request)
                setattr(other, field.name, name)
                yield other


NAMED = ("name", "case_name", "child", "resource", "into", "other")


class Probe:
    """The other side with every role that there is, at every RPC."""

    def __init__(self, channel: grpc.Channel, token: str, offered: Offered) -> None:
        self._channel, self._offered = channel, offered
        self._metadata = [("authorization", f"Bearer {token}"), ("accept-language", "zh-CN")]

    def _answers(self, rpc: MethodDescriptor, request: Message) -> list[bytes]:
        given: Any = {"metadata": self._metadata, "timeout": 30}
        path, raw = PATHS[rpc.full_name], request.SerializeToString()
        if rpc.client_streaming:
            parts = upload_of(self._offered.step, "application", a_paper())
            return list(self._channel.stream_stream(path)(iter([p.SerializeToString() for p in parts]), **given))
        if rpc.server_streaming:
            return list(self._channel.unary_stream(path)(raw, **given))
        return [self._channel.unary_unary(path)(raw, **given)]

    def ask(self, rpc: MethodDescriptor) -> Iterator[tuple[Message | None, bytes]]:
        """Each answer as a message, None for a refusal, and as bytes with all that came with it."""
        for request in requests(rpc, self._offered):
            if "request_id" in rpc.input_type.fields_by_name:
                request.request_id = request_id()  # type: ignore[attr-defined]
            try:
                replies = self._answers(rpc, request)
            except grpc.RpcError as error:
                told = [value for _, value in error.trailing_metadata() or ()]
                trailing = b"".join(value if isinstance(value, bytes) else value.encode() for value in told)
                yield None, (error.details() or "").encode() + trailing
            else:
                for raw in replies:
                    yield GetMessageClass(rpc.output_type).FromString(raw), raw


@pytest.fixture(scope="module")
def probe(grpc_channel: grpc.Channel, settings: host.Settings, offered: Offered) -> Probe:
    token = token_of(settings, division=JINAN, roles=ROLES, unit=f"{JINAN}-sic", subject="jinan")
    return Probe(grpc_channel, token, offered)


def tells(rpc: MethodDescriptor, reply: Message | None, offered: Offered) -> list[str]:
    """What a reply tells of the case beyond the summary."""
    if reply is None:
        return []
    if rpc.name in ("GetHandover", "ListHandovers"):
        shown = [reply] if rpc.name == "GetHandover" else list(reply.handovers)  # type: ignore[attr-defined]
        return [field.name for each in shown for field, _ in each.ListFields() if field.name not in ALLOWED]
    # a reply to anything else says nothing that is of the case at all
    return ["the case"] if offered.case.encode() in reply.SerializeToString() else []


@pytest.mark.parametrize("rpc", [r for r in OURS if r.name not in SETTLES], ids=lambda rpc: rpc.name)
def test_no_rpc_tells_the_other_side_more_than_the_summary(
    rpc: MethodDescriptor, probe: Probe, offered: Offered
) -> None:
    assert rpc.GetOptions().Extensions[access_pb2.access].action.startswith("talent.")
    for reply, raw in probe.ask(rpc):
        assert offered.found_in(raw) == set()
        assert tells(rpc, reply, offered) == []


def test_an_answer_that_is_no_acceptance_tells_no_more(desk: Desk, other_side: Desk) -> None:
    mine = Offered(desk)
    returned = other_side.settle("Return", mine.handover, reason="缺件")
    assert mine.found_in(returned.SerializeToString()) == set()
    assert not returned.HasField("summary")
    seen = other_side.handover(mine.handover)
    assert {field.name for field, _ in seen.ListFields()} <= ALLOWED - {"summary"} | {"settled", "answer"}


def test_after_acceptance_the_same_questions_are_answered(
    probe: Probe, offered: Offered, desk: Desk, other_side: Desk
) -> None:
    """The negative control: the probe finds what is there once it may be seen."""
    assert isinstance(other_side.settle("Accept", offered.handover, owner=WORDS["owner"]), pb.Handover)
    found: dict[str, set[str]] = {}
    told: set[str] = set()
    for rpc in OURS:
        if rpc.name in ("GetCase", "ListCases", "GetHandover", "ListHandovers", "ListToday", "ListChildren"):
            for reply, raw in probe.ask(rpc):
                found.setdefault(rpc.name, set()).update(offered.found_in(raw))
                if tells(rpc, reply, offered):
                    told.add(rpc.name)
    seen = {"employer", "code", "brought", "level", "owner", "masked name", "masked number", "masked phone"}
    assert seen <= found["ListCases"]
    assert {*seen, "masked spouse", "result"} <= found["GetCase"]
    assert found["GetHandover"] == {"reason"}
    assert {"GetCase", "ListCases", "GetHandover", "ListChildren"} <= told
    # and still nobody's number, and nothing of the child
    assert not {"number", "phone", "name", "spouse", "school"} & set().union(*found.values())
