"""Who may do what in dispatch, asked of a running server; the table is that of tests/platform/test_policy_table.py."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import access_pb2
from liancai.placement.v1 import (
    assignments_pb2,
    commissioners_pb2,
    evaluations_pb2,
    imports_pb2,
    plans_pb2,
    requests_pb2,
    service_agreements_pb2,
    visits_pb2,
)

from docs import policies
from docs.policies import DISPATCH_STANDPOINTS, ENTERPRISE, HOME, INSTITUTION, PARTNER, Answer
from services import host
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.identity import issue
from services.platform.policy import Policy
from tests.office import FILE, TODAY, request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import a_commissioner, a_request, a_row, a_transfer, a_visit, accepted, an_agreement
from tests.placement.plan_desk import a_plan
from tests.platform.policy_tables import EXPECTED
from tests.platform.test_policy_table import STALE, as_expected, has_handler
from tests.test_contract import PATHS, RPCS, called

ASKED = [rpc for rpc in RPCS if policies.standpoints(rpc) is DISPATCH_STANDPOINTS]
Ask = Callable[[MethodDescriptor, str], tuple[grpc.StatusCode, bytes]]
OURS: dict[str, Any] = {
    "home_unit_credit_code": INSTITUTION,
    "division": HOME,
    "partner_division": PARTNER,
    "home_place": HOME,
}


ASKED_BY_US: dict[str, Any] = {
    "host_credit_code": ENTERPRISE,
    "division": HOME,
    "partner_division": PARTNER,
    "place": HOME,
}
# whom the institution sends from Shizhong, and with whom the enterprise of Gaotang agrees
SENT: dict[str, Any] = {**OURS, "division": PARTNER, "partner_division": HOME, "home_place": PARTNER}
AGREED_WITH_US: dict[str, Any] = {"host_credit_code": ENTERPRISE, "division": HOME}


@dataclass(frozen=True)
class Things:
    """What the institution of Gaotang sends to Shizhong, what its enterprise asks for, and what it has agreed on.

    To `request` the commissioner `sent` is assigned, and has come once.
    """

    commissioner: str
    request: str
    sent: str
    agreement: str
    assignment: str
    visit: str
    transfer: str
    plan: str
    job: str


@pytest.fixture(scope="module")
def things(new_desk: NewDesk, placement_database: Database) -> Things:
    desk, partner = new_desk(HOME, "science_officer"), new_desk(PARTNER, "science_officer")
    sender = new_desk(PARTNER, "institution", unit=INSTITUTION)
    sent = partner.apply(**SENT).name
    commissioner = desk.apply(full_name="样例甲乙", **OURS).name
    desk.evaluations.RecordEvaluation(_graded(commissioner, 2025))
    desk.evaluations.RecordSubsidy(_paid(commissioner))
    asked = accepted(desk, **ASKED_BY_US)
    call = Call.by_system("placement", "placement.plan.publish", HOME)
    booking = Booking(asked.partition("/")[2], sent.partition("/")[2], (TODAY,))
    (number,) = placement_database.write_again(call, lambda tx: assigning.create(tx, call, [booking]))
    assignment = sender.answer("Accept", f"assignments/{number}").name
    draft = plans_pb2.CreatePlanRequest(plan=_planned(), request_id=request_id())
    plan = desk.plans.CreatePlan(draft).name
    return Things(
        commissioner=commissioner,
        request=desk.ask(**ASKED_BY_US).name,
        sent=sent,
        agreement=desk.agree(sent, **AGREED_WITH_US).name,
        assignment=assignment,
        visit=sender.log(assignment).name,
        transfer=partner.transfers.RecordTechnologyTransfer(a_transfer(sent, **AGREED_WITH_US)).name,
        plan=plan,
        job=desk.plans.SolvePlan(plans_pb2.SolvePlanRequest(name=plan, request_id=request_id())).job,
    )


def filled(rpc: MethodDescriptor, things: Things) -> Message:
    """A request that is good but for its etag: each field by its name."""
    resource = rpc.GetOptions().Extensions[access_pb2.access].resource
    message = GetMessageClass(rpc.input_type)()
    values: dict[str, Any] = {
        "name": {
            "Commissioner": things.commissioner,
            "Request": things.request,
            "ServiceAgreement": things.agreement,
            "ServiceAgreementText": things.agreement,
            "Plan": things.plan,
            "Job": things.job,
        }.get(resource, "")
        or {
            "Assignments": things.assignment,
            "Visits": things.visit,
            "TechnologyTransfers": things.transfer,
        }.get(rpc.containing_service.name, ""),
        "etag": STALE,
        "request_id": request_id(),
        "reason": "说明理由",
        "purpose": "核对身份",
        "query": "样例甲乙",
        "certificate_number": "样例-1",
        "term_start": "2026-11-20",
        "role": service_agreements_pb2.ServiceAgreement.Signature.COMMISSIONER,
        "sign_date": "2026-11-20",
        "last_day": "2026-12-20",
        "file_sha256": FILE,
        "stop_at_end": True,
        "rating": assignments_pb2.Assignment.FAIR,
        **({"request": things.request, "commissioner": things.commissioner} if resource == "Plan" else {}),
    }
    for field in rpc.input_type.fields:
        if field.type != FieldDescriptor.TYPE_MESSAGE and not field.is_repeated and field.name in values:
            setattr(message, field.name, values[field.name])
    SPECIAL.get(called(rpc), lambda *_: None)(message, things)
    return message


def _apply(message: Any, _: Things) -> None:
    message.commissioner.CopyFrom(a_commissioner(**OURS))


def _import(message: Any, _: Things) -> None:
    message.mode = imports_pb2.ImportCommissionersRequest.VALID_ROWS
    message.rows.append(a_row(**OURS))


def _update(message: Any, things: Things) -> None:
    message.commissioner.CopyFrom(commissioners_pb2.Commissioner(name=things.commissioner, etag=STALE, days_a_year=50))
    message.update_mask.CopyFrom(FieldMask(paths=["days_a_year"]))


def _create(message: Any, _: Things) -> None:
    message.request.CopyFrom(a_request(**ASKED_BY_US))


def _change(message: Any, things: Things) -> None:
    message.request.CopyFrom(requests_pb2.Request(name=things.request, etag=STALE, working_days=3))
    message.update_mask.CopyFrom(FieldMask(paths=["working_days"]))


def _agree(message: Any, things: Things) -> None:
    message.service_agreement.CopyFrom(an_agreement(things.sent, **AGREED_WITH_US))


def _rewrite(message: Any, things: Things) -> None:
    changed = service_agreements_pb2.ServiceAgreement(name=things.agreement, etag=STALE, min_days_a_year=10)
    message.service_agreement.CopyFrom(changed)
    message.update_mask.CopyFrom(FieldMask(paths=["min_days_a_year"]))


def _assign(message: Any, things: Things) -> None:
    message.assignment.CopyFrom(
        assignments_pb2.Assignment(request=things.request, commissioner=things.sent, days=["2026-12-01", "2026-12-02"])
    )


def _log(message: Any, things: Things) -> None:
    message.visit.CopyFrom(a_visit(things.assignment))


def _correct(message: Any, things: Things) -> None:
    message.visit.CopyFrom(visits_pb2.Visit(name=things.visit, etag=STALE, beneficiaries=3))
    message.update_mask.CopyFrom(FieldMask(paths=["beneficiaries"]))


def _graded(commissioner: str, year: int) -> evaluations_pb2.RecordEvaluationRequest:
    return evaluations_pb2.RecordEvaluationRequest(
        commissioner=commissioner, year=year, grade=evaluations_pb2.Evaluation.QUALIFIED, reason="达到要求",
        request_id=request_id(),
    )  # fmt: skip


def _paid(commissioner: str) -> evaluations_pb2.RecordSubsidyRequest:
    subsidy = evaluations_pb2.Subsidy(
        commissioner=commissioner, amount_fen=1, pay_date=TODAY.isoformat(), basis="样科字〔2026〕3号"
    )
    return evaluations_pb2.RecordSubsidyRequest(subsidy=subsidy, request_id=request_id())


def _inputs(message: Any, things: Things) -> None:
    message.commissioner, message.year = things.commissioner, 2026


def _planned() -> plans_pb2.Plan:
    return a_plan("210", division=HOME, partner_division=PARTNER)


def _plan(message: Any, _: Things) -> None:
    message.plan.CopyFrom(_planned())


def _draw(message: Any, things: Things) -> None:
    message.visits.add(request=things.request, commissioner=things.commissioner, days=["2026-12-01"])


def _again(message: Any, _: Things) -> None:
    message.title = "病假后重排"


def _replan(message: Any, things: Things) -> None:
    message.plan.CopyFrom(plans_pb2.Plan(name=things.plan, etag=STALE, title="改过的计划"))
    message.update_mask.CopyFrom(FieldMask(paths=["title"]))


SPECIAL: dict[str, Callable[[Any, Things], None]] = {
    "ApplyCommissioner": _apply,
    "ImportCommissioners": _import,
    "UpdateCommissioner": _update,
    "CreateRequest": _create,
    "UpdateRequest": _change,
    "CreateServiceAgreement": _agree,
    "UpdateServiceAgreement": _rewrite,
    "CreatePlan": _plan,
    "UpdatePlan": _replan,
    "PinVisit": lambda message, _: message.days.append("2026-12-01"),
    "CheckVisits": _draw,
    "ExtendRequest": lambda message, _: message.MergeFrom(requests_pb2.ExtendRequestRequest(working_days=2)),
    "ImproveVisits": _draw,
    "ReplanPlan": _again,
    "CreateAssignment": _assign,
    "LogVisit": _log,
    "CorrectVisit": _correct,
    "RecordTechnologyTransfer": lambda message, things: message.CopyFrom(a_transfer(things.sent, **AGREED_WITH_US)),
    "GetEvaluationInputs": _inputs,
    "RecordEvaluation": lambda message, things: message.CopyFrom(_graded(things.commissioner, 2026)),
    "RecordSubsidy": lambda message, things: message.CopyFrom(_paid(things.commissioner)),
}
# lists: what of ours is in them
MARKS: dict[str, Callable[[Things], str]] = {
    "ImportCommissioners": lambda _: "commissioners/",  # what has become of the row
    "ListCommissioners": lambda things: things.commissioner,
    "SearchCommissioners": lambda things: things.commissioner,
    "ListRequests": lambda things: things.request,
    "ListPlacementTrail": lambda things: things.commissioner,
    "ListServiceAgreements": lambda things: things.agreement,
    "DispatchEvents.WatchEvents": lambda things: things.agreement,
    "ListPlans": lambda things: things.plan,
    "PlacementJobs.ListJobs": lambda things: things.job,
    "ListAssignments": lambda things: things.assignment,
    "ListVisits": lambda things: things.visit,
    "ListTechnologyTransfers": lambda things: things.transfer,
    "ListEvaluations": lambda things: things.commissioner,
    "ListSubsidies": lambda things: things.commissioner,
}


@pytest.fixture(scope="module")
def ask(grpc_channel: grpc.Channel, settings: host.Settings, things: Things) -> Ask:
    """Asks an RPC from a standpoint: the code, and the reply as bytes."""

    @functools.cache
    def token(name: str) -> str:
        return issue(host.local_key(settings), DISPATCH_STANDPOINTS[name], valid_for=timedelta(hours=1))

    def asked(rpc: MethodDescriptor, name: str) -> tuple[grpc.StatusCode, bytes]:
        raw, metadata = filled(rpc, things).SerializeToString(), (("authorization", f"Bearer {token(name)}"),)
        try:
            if called(rpc) == "PlacementJobs.WatchJob":
                first = next(watched := grpc_channel.unary_stream(PATHS[rpc.full_name])(raw, metadata=metadata))
                watched.cancel()
                return grpc.StatusCode.OK, first
            if rpc.server_streaming:
                stream = grpc_channel.unary_stream(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=30)
                return grpc.StatusCode.OK, b"".join(stream)
            call = grpc_channel.unary_unary(PATHS[rpc.full_name])
            return grpc.StatusCode.OK, call(raw, metadata=metadata, timeout=30)
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
        if not as_expected(expected, code, reply, mark):
            wrong.append(f"{name}: {code.name}, expected {expected}")
    assert not wrong, f"{called(rpc)}: {wrong}"


def test_a_server_with_another_policy_would_not_pass(
    ask: Ask, grpc_interceptors: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: everybody may do everything."""
    monkeypatch.setattr(grpc_interceptors[0], "_policy", Policy("permit (principal, action, resource);"))
    for rpc in ASKED:
        if EXPECTED[called(rpc)]["another enterprise"] is Answer.NO:
            assert not as_expected(Answer.NO, *ask(rpc, "another enterprise"), b""), called(rpc)
