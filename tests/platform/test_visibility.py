"""What belongs to others is not there: in a look, in a list, in the trail."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from liancai.training.v1 import (
    agreements_pb2,
    audit_pb2,
    classes_pb2,
    enrolments_pb2,
    orders_pb2,
    quotas_pb2,
    rosters_pb2,
    waitlist_pb2,
)

from services import host
from tests.conftest import token_of
from tests.office import (
    BUREAU,
    ENTERPRISE,
    INSTITUTION,
    Office,
    a_class,
    a_party,
    a_signature,
    an_agreement,
    an_order,
    request_id,
    somebody,
)
from tests.statuses import status_of
from tests.test_contract import RPCS


def same_answer(office: Office, ask: Any, theirs: str, missing: str) -> None:
    """A resource of others is refused with the very bytes of one that is not there, but for its name."""
    answers = []
    for name in (theirs, missing):
        with pytest.raises(grpc.RpcError) as refused:
            ask(office, name)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND, ask
        answers.append(status_of(refused.value).SerializeToString().replace(name.encode(), b"*"))
    assert answers[0] == answers[1]


pb = enrolments_pb2
ORDER_CALLS = [
    lambda office, name: office.orders.GetOrder(orders_pb2.GetOrderRequest(name=name)),
    lambda office, name: office.orders.GetOrderLedger(orders_pb2.GetOrderLedgerRequest(name=name)),
    lambda office, name: office.orders.SubmitOrder(orders_pb2.SubmitOrderRequest(name=name, request_id=request_id())),
    lambda office, name: office.orders.ReturnOrder(
        orders_pb2.ReturnOrderRequest(name=name, request_id=request_id(), reason="x")
    ),
    lambda office, name: office.orders.VerifyOrder(orders_pb2.VerifyOrderRequest(name=name, request_id=request_id())),
    lambda office, name: office.orders.MatchOrder(
        orders_pb2.MatchOrderRequest(name=name, request_id=request_id(), institution_credit_code=INSTITUTION)
    ),
    lambda office, name: office.orders.CloseOrder(
        orders_pb2.CloseOrderRequest(name=name, request_id=request_id(), reason="x", etag='"99"')
    ),
    lambda office, name: office.orders.CancelOrder(
        orders_pb2.CancelOrderRequest(name=name, request_id=request_id(), reason="x")
    ),
    lambda office, name: office.orders.UpdateOrder(
        orders_pb2.UpdateOrderRequest(
            order=an_order(name=name), update_mask={"paths": ["place"]}, request_id=request_id()
        )
    ),
    lambda office, name: office.orders.ChangeOrderHeadcount(
        orders_pb2.ChangeOrderHeadcountRequest(name=name, request_id=request_id(), headcount=9, reason="x")
    ),
    lambda office, name: office.agreements.ExplainCoverage(agreements_pb2.ExplainCoverageRequest(order=name)),
    lambda office, name: office.agreements.CreateAgreement(
        agreements_pb2.CreateAgreementRequest(agreement=an_agreement(an_order(name=name)), request_id=request_id())
    ),
    lambda office, name: office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(name), request_id=request_id())
    ),
    lambda office, name: office.enrolments.ListEnrolments(
        pb.ListEnrolmentsRequest(filter=pb.ListEnrolmentsRequest.Filter(order=name))
    ),
]
AGREEMENT_CALLS = [
    lambda office, name: office.agreements.GetAgreement(agreements_pb2.GetAgreementRequest(name=name)),
    lambda office, name: office.agreements.UpdateAgreement(
        agreements_pb2.UpdateAgreementRequest(
            agreement=agreements_pb2.Agreement(name=name), update_mask={"paths": ["title"]}, request_id=request_id()
        )
    ),
    lambda office, name: office.agreements.SignAgreement(
        a_signature(name, a_party(agreements_pb2.Agreement.Party.BUREAU_PARTY, BUREAU))
    ),
    lambda office, name: office.agreements.TerminateAgreement(
        agreements_pb2.TerminateAgreementRequest(name=name, request_id=request_id(), reason="x")
    ),
]
CLASS_CALLS = [
    lambda office, name: office.classes.GetClass(classes_pb2.GetClassRequest(name=name)),
    *(
        lambda office, name, verb=verb, more=more: getattr(office.classes, f"{verb}Class")(  # type: ignore[misc]
            getattr(classes_pb2, f"{verb}ClassRequest")(name=name, request_id=request_id(), **more)
        )
        for verb, more in (("File", {}), ("Return", {"reason": "x"}), ("Approve", {}), ("Open", {}), ("Close", {}))
    ),
    lambda office, name: office.classes.ReviewClass(classes_pb2.ReviewClassRequest(name=name, request_id=request_id())),
    lambda office, name: office.classes.CheckFiling(classes_pb2.CheckFilingRequest(name=name)),
    lambda office, name: office.classes.UpdateClass(
        classes_pb2.UpdateClassRequest(
            training_class=classes_pb2.Class(name=name), update_mask={"paths": ["title"]}, request_id=request_id()
        )
    ),
    lambda office, name: office.classes.ChangeClassCapacity(
        classes_pb2.ChangeClassCapacityRequest(name=name, request_id=request_id(), capacity=9, reason="x")
    ),
    lambda office, name: office.enrol(name),
    lambda office, name: office.enrolments.CheckEnrolment(
        pb.CheckEnrolmentRequest(class_name=name, applicant=somebody())
    ),
    lambda office, name: office.enrolments.ListEnrolments(
        pb.ListEnrolmentsRequest(filter=pb.ListEnrolmentsRequest.Filter(class_name=name))
    ),
    lambda office, name: list(
        office.rosters.ImportRoster(
            iter(
                [
                    rosters_pb2.ImportRosterRequest(
                        header=rosters_pb2.ImportRosterRequest.Header(
                            class_name=name, mode=1, file_sha256="0" * 64, request_id=request_id()
                        )
                    )
                ]
            )
        )
    ),
]
CLASS_CALLS += [
    lambda office, name: office.classes.MoveClass(
        classes_pb2.MoveClassRequest(
            name=name, request_id=request_id(), start_date="2027-01-04", end_date="2027-02-04", reason="x"
        )
    ),
    lambda office, name: office.classes.SplitClass(
        classes_pb2.SplitClassRequest(
            name=name, request_id=request_id(), title="电工乙班", capacity=5, enrolments=["enrolments/1"], reason="x"
        )
    ),
    lambda office, name: office.classes.MergeClass(
        classes_pb2.MergeClassRequest(name=name, request_id=request_id(), into="classes/1", reason="x")
    ),
    lambda office, name: office.classes.CancelClass(
        classes_pb2.CancelClassRequest(name=name, request_id=request_id(), reason="x")
    ),
]
ENROLMENT_CALLS = [
    lambda office, name: office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=name)),
    lambda office, name: office.enrolments.ExplainEnrolment(pb.ExplainEnrolmentRequest(name=name)),
    lambda office, name: office.withdraw(name),
    lambda office, name: office.enrolments.RevealEnrolment(
        pb.RevealEnrolmentRequest(name=name, purpose="核对身份", request_id=request_id())
    ),
    lambda office, name: office.enrolments.ConfirmHire(
        pb.ConfirmHireRequest(
            name=name,
            request_id=request_id(),
            employer_credit_code=ENTERPRISE,
            contract_start="2026-11-02",
        )
    ),
]

CLASS_CALLS += [
    lambda office, name: office.enrolments.EnrolParty(
        pb.EnrolPartyRequest(class_name=name, applicants=[somebody(), somebody()], request_id=request_id())
    ),
    lambda office, name: office.enrolments.ListSubstitutions(pb.ListSubstitutionsRequest(class_name=name)),
    lambda office, name: office.waitlist.ListWaitlist(waitlist_pb2.ListWaitlistRequest(class_name=name)),
    lambda office, name: office.quotas.ExplainSeats(quotas_pb2.ExplainSeatsRequest(class_name=name)),
]
ENROLMENT_CALLS += [
    lambda office, name: office.enrolments.TransferEnrolment(
        pb.TransferEnrolmentRequest(name=name, into="classes/20991199999", reason="x", request_id=request_id())
    ),
    lambda office, name: office.enrolments.SubstituteTrainee(
        pb.SubstituteTraineeRequest(name=name, coming="enrolments/1", reason="x", request_id=request_id())
    ),
    lambda office, name: office.enrolments.CorrectIdentity(
        pb.CorrectIdentityRequest(name=name, full_name="样例更", proof="x", reason="x", request_id=request_id())
    ),
    lambda office, name: office.waitlist.ExplainPlace(waitlist_pb2.ExplainPlaceRequest(name=name)),
    lambda office, name: office.waitlist.MoveOnWaitlist(
        waitlist_pb2.MoveOnWaitlistRequest(name=name, reason="x", request_id=request_id())
    ),
    lambda office, name: office.waitlist.AcceptOffer(
        waitlist_pb2.AcceptOfferRequest(name=name, request_id=request_id())
    ),
    lambda office, name: office.waitlist.DeclineOffer(
        waitlist_pb2.DeclineOfferRequest(name=name, reason="x", request_id=request_id())
    ),
]


@pytest.fixture(scope="module")
def theirs(office: Office) -> tuple[str, str, str, str]:
    """An order, an agreement, a class and an enrolment of Gaotang and Shizhong."""
    order = office.contracted()
    held = office.open_class(order.name)
    return order.name, office.agreement(order).name, held.name, office.enrol(held.name).name


STRANGERS = {
    "the neighbouring county": {"division": "371525"},
    "another province": {"division": "110101"},
    "another enterprise": {"division": "371526", "roles": ("enterprise",), "unit": "91371526MA3C00018X"},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_belongs_to_others_is_not_there(
    stranger: str, theirs: tuple[str, str, str, str], grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    who: dict[str, Any] = STRANGERS[stranger]
    office = Office(grpc_channel, token_of(settings, **who))
    missing = (
        *("orders/20991199999", "agreements/20991199999", "classes/20991199999"),
        "enrolments/01ZZZZZZZZZZZZZZZZZZZZZZZZ",
    )
    asked = 0
    for calls, theirs_name, missing_name in zip(
        (ORDER_CALLS, AGREEMENT_CALLS, CLASS_CALLS, ENROLMENT_CALLS), theirs, missing, strict=True
    ):
        for call in calls:
            if "roles" in who and denied(office, call, missing_name):
                continue
            asked += 1
            same_answer(office, call, theirs_name, missing_name)
    assert asked >= 7


def denied(office: Office, call: Any, name: str) -> bool:
    """Whether the role may not do this to anything at all."""
    try:
        call(office, name)
    except grpc.RpcError as error:
        return error.code() is grpc.StatusCode.PERMISSION_DENIED
    return False


class Asked(Exception):
    """Says which RPC was called."""


class Asking:
    """Stands in for every stub of an Office: a call of any RPC raises Asked with its name."""

    def __getattr__(self, rpc: str) -> Any:
        def call(*_: Any) -> None:
            raise Asked(rpc)

        return call


def rpc_of(call: Any) -> str:
    """Which RPC a call asks."""
    office = Office.__new__(Office)
    office.__dict__ = dict.fromkeys(
        ("orders", "agreements", "institutions", "classes", "enrolments", "rosters", "waitlist", "quotas"), Asking()
    )
    with pytest.raises(Asked) as asked:
        call(office, "x/1")
    return str(asked.value)


# these name no resource that could be another's, or answer with what is within reach
NOBODYS = {
    *("ListOrders", "ListAgreements", "ListClasses", "ListAuditEntries", "CreateOrder"),
    *("SearchEnrolments", "ListRegisters", "ImportRegister", "WatchEvents"),
    # the register of institutions is public
    *("RegisterInstitution", "GetInstitution", "ListInstitutions", "UpdateInstitution", "SuspendInstitution"),
    *("ReinstateInstitution", "AddTeacher", "ListTeachers"),
    *("ListQuotas", "SetQuota"),
    # tried where what they are about is made: test_substitutions.py, test_quotas.py
    *("AnswerSubstitution", "GetQuota"),
}


def test_every_rpc_on_a_named_resource_is_among_those() -> None:
    calls = [*ORDER_CALLS, *AGREEMENT_CALLS, *CLASS_CALLS, *ENROLMENT_CALLS]
    named = {rpc.name for rpc in RPCS if rpc.full_name.startswith("liancai.training.")}
    assert {rpc_of(call) for call in calls} == named - NOBODYS


def test_lists_and_the_trail_show_nothing_of_others(
    theirs: tuple[str, str, str, str], grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    for who in ({"division": "371525"}, {"division": "110000"}):
        office = Office(grpc_channel, token_of(settings, **who))  # type: ignore[arg-type]
        assert not office.orders.ListOrders(orders_pb2.ListOrdersRequest()).orders
        assert not office.classes.ListClasses(classes_pb2.ListClassesRequest()).classes
        assert not office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=theirs[0])).entries
    for division in ("371526", "371500", "370000", "370103"):
        office = Office(grpc_channel, token_of(settings, division=division))
        assert office.orders.ListOrders(orders_pb2.ListOrdersRequest()).orders
