"""Who may do what to a case, asked of a running server; the table is that of tests/platform/test_policy_table.py."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import access_pb2
from liancai.talent.v1 import (
    bulk_pb2,
    cases_pb2,
    catalogue_pb2,
    children_pb2,
    clock_pb2,
    complaints_pb2,
    logs_pb2,
    matters_pb2,
    notes_pb2,
    ratings_pb2,
    supervision_pb2,
)

from docs import policies
from docs.policies import CASE_STANDPOINTS, Answer
from services import host
from services.platform.database import Database
from services.platform.identity import issue
from services.platform.policy import Policy
from services.reference.workdays import published
from services.talent.casework.editions import Editions
from services.talent.catalogue import document
from services.talent.supervision.reminding import Reminders
from tests.office import TODAY, request_id
from tests.platform.policy_tables import EXPECTED
from tests.platform.test_policy_table import STALE, as_expected, has_handler
from tests.talent.desk import CHILD, Desk, a_case, a_paper, upload_of
from tests.talent.handing import let_in, with_an_old_calendar
from tests.talent.test_children import add, ask_for, delete
from tests.test_contract import BY_NAME, PATHS, RPCS, called

ASKED = [rpc for rpc in RPCS if policies.standpoints(rpc) is CASE_STANDPOINTS]
Ask = Callable[[MethodDescriptor, str], tuple[grpc.StatusCode, bytes]]


@dataclass(frozen=True)
class Things:
    """A case that Gaotang holds and Jinan was let into, another one, and a draft of the catalogue."""

    case: str
    other: str
    step: str
    draft: str
    phone_tail: str
    handover: str
    child: str
    access: str
    certificate: str
    wanting: str
    document: str
    order: str
    ended: str
    code: str
    cover: str
    complaint: str
    job: str


@pytest.fixture(scope="module")
def things(desk: Desk, talent_database: Database, grpc_channel: grpc.Channel, settings: host.Settings) -> Things:
    # red since the 18th
    asked = a_case("pension", "school_new-1", family=[cases_pb2.FamilyMember(kind=CHILD)], at="2026-11-12")
    case, other = desk.cases.OpenCase(asked), desk.open("pension", "school_new-1", family=asked.family)
    # the bureau has a step of the child's own matter
    desk.act("AssignStep", f"{case.name}/matters/school_new-1/steps/intake", unit=policies.UNIT)
    child, gone = (add(desk, each.name, member=1).name for each in (case, other))
    signed = issue(host.local_key(settings), CASE_STANDPOINTS["bureau"], valid_for=timedelta(hours=1))
    access, certificate = ask_for(Desk(grpc_channel, signed), child).name, delete(desk, gone).name
    handover = desk.offer(case.name).name
    for each in (case, other):
        let_in(talent_database, each.name)
    with_an_old_calendar(talent_database, case.name)
    draft = desk.catalogues.CreateCatalogue(
        catalogue_pb2.CreateCatalogueRequest(content=document(), source="样例", request_id=request_id())
    )
    step = f"{case.name}/matters/pension/steps/check"
    third = desk.open("pension")
    let_in(talent_database, third.name)
    ended = desk.ended(third.name, "pension")
    code = desk.ratings.GetRatingCode(ratings_pb2.GetRatingCodeRequest(name=ended)).code
    desk.rate(ended, ratings_pb2.Rating.DISSATISFIED)
    complaint = complaints_pb2.FileComplaintRequest(
        case_name=case.name, channel=complaints_pb2.Complaint.HOTLINE, text="办理慢", request_id=request_id()
    )
    bulk = bulk_pb2.SubmitBulkRequest(
        notify=bulk_pb2.BulkNotify(message="样例通知"), names=[case.name], request_id=request_id()
    )
    wanting = f"{case.name}/matters/pension/steps/review"
    brought = desk.upload(wanting, "identity", a_paper()).name
    for key, outcome in (("check", "needed"), ("review", "accepted"), ("out", "")):
        desk.finish(f"{other.name}/matters/pension/steps/{key}", outcome=outcome)
    Reminders(talent_database, Editions()).run(datetime(2026, 11, 19, 1, tzinfo=UTC))
    order = desk.supervision.IssueSupervisionOrder(
        supervision_pb2.IssueSupervisionOrderRequest(
            step=step, requirement="请说明原因", new_date="2026-12-01", request_id=request_id()
        )
    )
    return Things(
        case=case.name, other=other.name, step=step, draft=draft.name, phone_tail=asked.talent.phone[-4:],
        handover=handover, child=child, access=access, certificate=certificate, wanting=wanting, document=brought,
        order=order.name, ended=ended, code=code,
        cover=desk.cover("371526-sic", "an absent officer", "a deputy").name,
        complaint=desk.complaints.FileComplaint(complaint).name, job=desk.bulk.SubmitBulk(bulk).job,
    )  # fmt: skip


def filled(rpc: MethodDescriptor, things: Things) -> Message:
    """A request that is good but for its etag: each field by its name."""
    resource = rpc.GetOptions().Extensions[access_pb2.access].resource
    names = {
        "Case": things.case,
        "Step": things.step,
        "Ledger": things.step,
        "Catalogue": things.draft,
        "Handover": things.handover,
        "Child": things.child,
        "SupervisionOrder": things.order,
        "Desk": things.cover,
        "Rating": things.ended,
        "Complaint": things.complaint,
        "Job": things.job,
    }
    message = GetMessageClass(rpc.input_type)()
    values: dict[str, Any] = {
        "name": names.get(resource, ""),
        "etag": STALE,
        "request_id": request_id(),
        "reason": "说明理由",
        "evidence": "样例-1",
        "legal_basis": "行政许可法第45条",
        "approver": "head",
        "source": "样例",
        "content": document(),
        "base": "catalogues/current",
        "other": things.other,
        "into": things.other,
        "owner": "another",
        "remedy": "行政复议",
        "receipt": things.case,
        "phone_tail": things.phone_tail,
        "case_name": things.case,
        "child": things.child,
        "member": 1,
        "grade": children_pb2.PRIMARY_1,
        "school": "样例小学",
        "purpose": "核对年级",
        "basis": "个人信息保护法47",
        "extension": 5,
        "corrects": 1,
        "valid_from": "2099-01-01",
        "start_date": "2026-11-20",
        "origin": "370103",
        "destination": "371526",
        "calendar_version": published().version,
        "resource": "",
        "step": things.wanting,
        "document": "identity",
        "due_date": str(TODAY + timedelta(days=9)),
        "requirement": "请说明原因",
        "new_date": "2026-12-01",
        "date": "2026-11-20",
        "query": things.case,
        "unit": "371526-sic",
        "officer": "an officer",
        "absent": "an absent officer",
        "deputy": "a deputy",
        "end_date": "2026-11-21",
        "text": "样例",
        "answer": "样例",
        "result": "样例",
        "code": things.code,
        "level": ratings_pb2.Rating.FAIR,
    }
    if rpc.input_type.name in ("RateMatterRequest", "RecordRatingRequest"):
        values["matter"] = things.ended
    for field in rpc.input_type.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE or field.is_repeated:
            continue
        if field.name in values:
            setattr(message, field.name, values[field.name])
    special = SPECIAL.get(called(rpc))
    if special is not None:
        special(message, things)
    return message


def _matter(message: Any, things: Things) -> None:
    message.name = f"{things.case}/matters/pension"


def _closing(message: Any, things: Things) -> None:
    _matter(message, things)
    message.state = matters_pb2.Matter.REFUSED


def _open(message: Any, _: Things) -> None:
    message.CopyFrom(a_case("pension"))


def _update(message: Any, things: Things) -> None:
    message.case.CopyFrom(cases_pb2.Case(name=things.case, etag=STALE, employer_name="别的单位"))
    message.update_mask.CopyFrom(FieldMask(paths=["employer_name"]))


def _access(message: Any, things: Things) -> None:
    message.name = things.access


def _child(message: Any, things: Things) -> None:
    message.child.CopyFrom(children_pb2.ChildData(name=things.child, etag=STALE, school="别的小学"))
    message.update_mask.CopyFrom(FieldMask(paths=["school"]))


def _document(message: Any, things: Things) -> None:
    message.name = things.document


def _with_span(message: Any, _: Things) -> None:
    message.span.from_date, message.span.to_date = "2026-11-01", "2026-11-30"


def _at_a_date(message: Any, _: Things) -> None:
    message.date = "2026-11-30"


def a_log() -> list[logs_pb2.ImportCaseLogRequest]:
    """A log without lines."""
    opens = logs_pb2.LogMapping.Activity(activity="受理", verb=logs_pb2.LogMapping.OPEN)
    mapping = logs_pb2.LogMapping(
        origin="370103", destination="371526", matters=["pension"], time_formats=["iso"], activities=[opens]
    )
    header = logs_pb2.ImportCaseLogRequest.Header(log="sample", mapping=mapping, request_id=request_id())
    return [
        logs_pb2.ImportCaseLogRequest(header=header),
        logs_pb2.ImportCaseLogRequest(end=logs_pb2.ImportCaseLogRequest.End()),
    ]


def _bulk(message: Any, things: Things) -> None:
    message.notify.message = "样例通知"
    message.names.append(things.case)


def _without_content(message: Any, _: Things) -> None:
    message.ClearField("content")


SPECIAL: dict[str, Callable[[Any, Things], None]] = {
    "OpenCase": _open,
    "UpdateCase": _update,
    "AddMatter": lambda message, _: message.matter.CopyFrom(cases_pb2.MatterChoice(type="medical")),
    "WithdrawMatter": _matter,
    "CloseMatter": _closing,
    "GetRelay": _matter,
    "OfferHandover": lambda message, things: setattr(message, "name", things.case),
    "RelateCase": lambda message, _: setattr(message, "kind", cases_pb2.Relation.SEE_ALSO),
    "NotifyGaps": lambda message, _: message.gaps.append("申请表"),
    "SuspendStep": lambda message, _: setattr(message, "suspension", clock_pb2.ClockEntry.EXPERT),
    "UpdateChild": _child,
    "ApproveChildAccess": _access,
    "RefuseChildAccess": _access,
    "ViewChild": _access,
    "GetDeletionCertificate": lambda message, things: setattr(message, "name", things.certificate),
    "DownloadDocument": _document,
    "GetDocument": _document,
    "AcceptDocument": _document,
    "RejectDocument": _document,
    "GetThroughput": _with_span,
    "GetHandOvers": _with_span,
    "GetCustody": _with_span,
    "GetLateness": _with_span,
    "GetWorkInProgress": _at_a_date,
    "SubmitBulk": _bulk,
    "AddNote": lambda message, _: setattr(message, "kind", notes_pb2.Note.REMARK),
    "FileComplaint": lambda message, _: setattr(message, "channel", complaints_pb2.Complaint.LETTER),
    "LintCatalogue": _without_content,
    "DiffCatalogues": _without_content,
    "SimulateCatalogue": _without_content,
    "CaseEvents.WatchEvents": lambda message, _: setattr(message, "stop_at_end", True),
}
# lists of whatever one may see: what of ours is in them
MARKS: dict[str, Callable[[Things], str]] = {
    "ListCases": lambda things: things.case,
    "ListCaseTrail": lambda things: things.case,
    "SearchCases": lambda things: things.case,
    "Jobs.ListJobs": lambda things: things.job,
    "ListRatings": lambda things: things.ended,
    "ListComplaints": lambda things: things.complaint,
    "ListCatalogues": lambda things: things.draft,
    "ListHandovers": lambda things: things.handover,
    "ListChildAccesses": lambda things: things.access,
    "ListMovingDeadlines": lambda things: things.step,
    "CaseEvents.WatchEvents": lambda things: things.case,
    "GetBoard": lambda _: "371526-sic",
    "ListWatchedSteps": lambda things: things.step,
    "ListReminders": lambda things: things.step,
    "ListSupervisionOrders": lambda things: things.order,
    "GetThroughput": lambda _: "pension",
    "GetHandOvers": lambda _: "370103-sic",
    "GetCustody": lambda _: "371526",
    "GetLateness": lambda _: "pension",
    "GetWorkInProgress": lambda _: "pension",
}


@pytest.fixture(scope="module")
def ask(grpc_channel: grpc.Channel, settings: host.Settings, things: Things) -> Ask:
    """Asks an RPC from a standpoint: the code, and the reply as bytes."""

    @functools.cache
    def metadata(name: str) -> tuple[tuple[str, str], ...]:
        if name == "without a token":
            return ()
        token = issue(host.local_key(settings), CASE_STANDPOINTS[name], valid_for=timedelta(hours=1))
        return (("authorization", f"Bearer {token}"),)

    def asked(rpc: MethodDescriptor, name: str) -> tuple[grpc.StatusCode, bytes]:
        try:
            if rpc.client_streaming:
                log = rpc.name == "ImportCaseLog"
                sent = a_log() if log else upload_of(things.wanting, "application", a_paper())
                stream = grpc_channel.stream_stream(PATHS[rpc.full_name])
                parts = iter([part.SerializeToString() for part in sent])
                return grpc.StatusCode.OK, b"".join(stream(parts, metadata=metadata(name), timeout=30))
            raw = filled(rpc, things).SerializeToString()
            if rpc.server_streaming:
                answers = grpc_channel.unary_stream(PATHS[rpc.full_name])(raw, metadata=metadata(name), timeout=30)
                if rpc.name.startswith("Watch"):
                    first: bytes = next(answers)
                    answers.cancel()
                    return grpc.StatusCode.OK, first
                return grpc.StatusCode.OK, b"".join(answers)
            call = grpc_channel.unary_unary(PATHS[rpc.full_name])
            return grpc.StatusCode.OK, call(raw, metadata=metadata(name), timeout=30)
        except grpc.RpcError as error:
            return error.code(), b""

    return asked


@pytest.mark.parametrize("rpc", ASKED, ids=called)
def test_the_server_answers_as_the_table_says(rpc: MethodDescriptor, ask: Ask, things: Things) -> None:
    assert has_handler(rpc), "declared and not served"
    mark = MARKS.get(called(rpc), lambda _: "")(things).encode()
    # whoever may do it comes last: what is done then is not in the others' way
    wrong = []
    for name, expected in sorted(EXPECTED[called(rpc)].items(), key=lambda item: item[1] is Answer.YES):
        code, reply = ask(rpc, name)
        if name == "without a token" and expected is Answer.NO:
            good = code is grpc.StatusCode.UNAUTHENTICATED
        else:
            good = as_expected(expected, code, reply, mark)
        if not good:
            wrong.append(f"{name}: {code.name}, expected {expected}")
    assert not wrong, f"{called(rpc)}: {wrong}"


def test_a_server_with_another_policy_would_not_pass(
    ask: Ask, grpc_interceptors: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: everybody may do everything."""
    monkeypatch.setattr(grpc_interceptors[0], "_policy", Policy("permit (principal, action, resource);"))
    for name in ("GetCase", "CloseCase", "StartStep", "PublishCatalogue"):
        code, reply = ask(BY_NAME[name], "caseworker, third")
        assert not as_expected(EXPECTED[name]["caseworker, third"], code, reply, b""), name
