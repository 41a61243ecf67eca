"""Replaying over the wire: a class for a presentation, then every event as the bureau's own call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.training.v1 import agreements_pb2, classes_pb2, enrolments_pb2, institutions_pb2, orders_pb2
from liancai.training.v1.agreements_pb2_grpc import AgreementsStub
from liancai.training.v1.classes_pb2_grpc import ClassesStub
from liancai.training.v1.enrolments_pb2 import Enrolment
from liancai.training.v1.enrolments_pb2_grpc import EnrolmentsStub
from liancai.training.v1.institutions_pb2_grpc import InstitutionsStub
from liancai.training.v1.orders_pb2_grpc import OrdersStub

from examples.replay.events import Event, Kind
from examples.replay.model import Outcome
from examples.replay.oulad import Presentation
from examples.replay.people import trainee
from services.reference import credit_code

ENTERPRISE = credit_code.make("91", "371526", "MA3C0001")
INSTITUTION = credit_code.make("52", "370103", "MJE00010")
ENTERPRISE_NAME, INSTITUTION_NAME = "高唐样例机械有限公司", "市中区样例职业培训学校"
LATE = "补录历史数据"  # why it is entered years after it happened
DEADLINE = 30.0  # seconds a call
PAGE = 1000


class Mismatch(Exception):
    """The services say two things that do not agree."""


@dataclass(frozen=True)
class Task:
    """One presentation to replay. `run` keeps the request ids of two runs apart."""

    run: str
    presentation: Presentation
    days: int
    capacity: int
    events: Sequence[Event]


@dataclass
class Class:
    """A class as its answers have told so far: who has which enrolment, in which state."""

    order: str
    name: str
    enrolments: dict[int, str] = field(default_factory=dict)
    students: dict[str, int] = field(default_factory=dict)
    states: dict[str, Enrolment.State.ValueType] = field(default_factory=dict)
    promotions: int = 0
    withdrawn_from_class: int = 0
    withdrawn_from_waitlist: int = 0

    def took(self, student: int, enrolment: Enrolment) -> None:
        """Notes an enrolment."""
        self.enrolments[student] = enrolment.name
        self.students[enrolment.name] = student
        self.states[enrolment.name] = enrolment.state

    def lost(self, answer: enrolments_pb2.WithdrawEnrolmentResponse) -> None:
        """Notes a withdrawal, from the state the services had told of, and who got the seat."""
        if self.states.pop(answer.enrolment.name) == Enrolment.ENROLLED:
            self.withdrawn_from_class += 1
        else:
            self.withdrawn_from_waitlist += 1
        if answer.HasField("promoted"):
            self.promotions += 1
            self.states[answer.promoted.name] = answer.promoted.state


class Bureau:
    """An HR bureau at the services' doors: one officer does everything but approve. Threads may share it."""

    def __init__(self, channel: grpc.Channel, token: str, second: str) -> None:
        self._orders = OrdersStub(channel)
        self._agreements = AgreementsStub(channel)
        self._institutions = InstitutionsStub(channel)
        self._classes = ClassesStub(channel)
        self._enrolments = EnrolmentsStub(channel)
        self._metadata, self._second = ((("authorization", f"Bearer {each}"),) for each in (token, second))

    def replay(self, task: Task, done: Callable[[], object] = lambda: None) -> Outcome:
        """One presentation from the order to the last event; `done` is called after each event. Raises Mismatch."""
        held = self._open(task)
        for event in task.events:
            if event.kind is Kind.REGISTER:
                held.took(event.student, self._enrol(task, held, event))
            else:
                held.lost(self._withdraw(task, held, event))
            done()
        return self._outcome(task, held)

    def _open(self, task: Task) -> Class:
        """An order of as many seats as the class wants, and the class, enrolling."""

        def once(step: str) -> str:
            return f"{task.run}.{task.presentation.module}.{task.presentation.code}.{step}"

        institution = institutions_pb2.Institution(
            credit_code=INSTITUTION,
            institution_name=INSTITUTION_NAME,
            division="371526",
            licence_number="OULAD",
        )
        # one request for all presentations: whoever is first registers it, the others hear that it is
        self._ask(
            self._institutions,
            institutions_pb2.RegisterInstitutionRequest(institution=institution, request_id="institution"),
        )
        draft = orders_pb2.CreateOrderRequest(order=_order(task), request_id=once("order"))
        order = self._call(self._orders.CreateOrder, draft).name
        for request in (
            orders_pb2.SubmitOrderRequest(name=order, request_id=once("submit")),
            orders_pb2.VerifyOrderRequest(name=order, request_id=once("verify")),
            orders_pb2.MatchOrderRequest(name=order, request_id=once("match"), institution_credit_code=INSTITUTION),
        ):
            self._ask(self._orders, request)
        self._contract(task, order, once)
        wanted = classes_pb2.CreateClassRequest(training_class=_class(task, order), request_id=once("class"))
        name = self._call(self._classes.CreateClass, wanted).name
        for step in (
            classes_pb2.FileClassRequest(name=name, request_id=once("file")),
            classes_pb2.ReviewClassRequest(name=name, request_id=once("review")),
        ):
            self._ask(self._classes, step)
        approval = classes_pb2.ApproveClassRequest(name=name, request_id=once("approve"))
        self._classes.ApproveClass(approval, timeout=DEADLINE, metadata=self._second)
        self._ask(self._classes, classes_pb2.OpenClassRequest(name=name, request_id=once("open")))
        return Class(order, name)

    def _contract(self, task: Task, order: str, once: Callable[[str], str]) -> None:
        """Enterprise and institution agree on all heads of the order, on the first day of the presentation."""
        drawn = agreements_pb2.CreateAgreementRequest(agreement=_agreement(task, order), request_id=once("agreement"))
        agreement = self._call(self._agreements.CreateAgreement, drawn)
        for party in agreement.parties:
            signature = agreements_pb2.SignAgreementRequest(
                name=agreement.name,
                role=party.role,
                credit_code=party.credit_code,
                sign_date=f"{task.presentation.start}",
                file_sha256=agreement.file_sha256,
                request_id=once(f"sign.{party.credit_code}"),
            )
            self._ask(self._agreements, signature)

    def _enrol(self, task: Task, held: Class, event: Event) -> Enrolment:
        request = enrolments_pb2.EnrolRequest(
            class_name=held.name,
            applicant=trainee(event.student),
            request_id=_request_id(task, event),
            occur_time=_stamp(task, event),
            late_reason=LATE,
        )
        answer: Enrolment = self._call(self._enrolments.Enrol, request)
        return answer

    def _withdraw(self, task: Task, held: Class, event: Event) -> enrolments_pb2.WithdrawEnrolmentResponse:
        request = enrolments_pb2.WithdrawEnrolmentRequest(
            name=held.enrolments[event.student],
            request_id=_request_id(task, event),
            reason="退课",
            occur_time=_stamp(task, event),
            late_reason=LATE,
        )
        answer: enrolments_pb2.WithdrawEnrolmentResponse = self._call(self._enrolments.WithdrawEnrolment, request)
        return answer

    def _outcome(self, task: Task, held: Class) -> Outcome:
        """How the class stands, read back from the services; class and ledger must agree with the enrolments."""
        enrolled, waiting = self._members(held)
        now = self._call(self._classes.GetClass, classes_pb2.GetClassRequest(name=held.name))
        ledger = self._call(self._orders.GetOrderLedger, orders_pb2.GetOrderLedgerRequest(name=held.order))
        moved = (ledger.open, ledger.committed, ledger.enrolled, ledger.hired, ledger.lost)
        found = {
            "enrolled of the class": (now.enrolled, len(enrolled)),
            "waitlisted of the class": (now.waitlisted, len(waiting)),
            "headcount of the ledger": (ledger.headcount, task.capacity),
            "sum of the ledger": (sum(moved), ledger.headcount),
            "ledger": (moved, (0, task.capacity - len(enrolled), len(enrolled), 0, 0)),
        }
        if wrong := [f"{what} is {said}, not {is_}" for what, (said, is_) in found.items() if said != is_]:
            raise Mismatch(f"{task.run}, {task.presentation}: {'; '.join(wrong)}")
        return Outcome(
            capacity=now.capacity,
            enrolled=frozenset(enrolled),
            waitlisted=tuple(waiting),
            promotions=held.promotions,
            withdrawn_from_class=held.withdrawn_from_class,
            withdrawn_from_waitlist=held.withdrawn_from_waitlist,
        )

    def _members(self, held: Class) -> tuple[list[int], list[int]]:
        """The students who hold a seat and who wait, each in order of arrival."""
        members: dict[Enrolment.State.ValueType, list[int]] = {Enrolment.ENROLLED: [], Enrolment.WAITLISTED: []}
        wanted = enrolments_pb2.ListEnrolmentsRequest.Filter(class_name=held.name, states=list(members))
        request = enrolments_pb2.ListEnrolmentsRequest(filter=wanted, page_size=PAGE)
        while True:
            page = self._call(self._enrolments.ListEnrolments, request)
            for each in page.enrolments:
                members[each.state].append(held.students[each.name])
            if not page.next_page_token:
                return members[Enrolment.ENROLLED], members[Enrolment.WAITLISTED]
            request.page_token = page.next_page_token

    def _ask(self, stub: Any, request: Any) -> Any:
        """The call that takes this request: SubmitOrder takes a SubmitOrderRequest."""
        return self._call(getattr(stub, type(request).__name__.removesuffix("Request")), request)

    def _call(self, method: Any, request: Any) -> Any:
        return method(request, timeout=DEADLINE, metadata=self._metadata)


def _order(task: Task) -> orders_pb2.Order:
    return orders_pb2.Order(
        enterprise_credit_code=ENTERPRISE,
        enterprise_name=ENTERPRISE_NAME,
        division="371526",
        partner_division="370103",
        occupation_code="6-31-01-03",
        headcount=task.capacity,
        wage_min_fen=450_000,
        wage_max_fen=650_000,
        start_date=f"{task.presentation.start + timedelta(days=task.days)}",
        valid_until="2099-12-31",
    )


def _agreement(task: Task, order: str) -> agreements_pb2.Agreement:
    party = agreements_pb2.Agreement.Party
    title = f"OULAD {task.presentation}"
    return agreements_pb2.Agreement(
        title=title,
        division="371526",
        parties=[
            party(role=party.ENTERPRISE_PARTY, credit_code=ENTERPRISE, party_name=ENTERPRISE_NAME),
            party(role=party.INSTITUTION_PARTY, credit_code=INSTITUTION, party_name=INSTITUTION_NAME),
        ],
        orders=[agreements_pb2.Agreement.Cover(order=order, headcount=task.capacity)],
        fee_bearer=agreements_pb2.Agreement.ENTERPRISE,
        valid_from=f"{task.presentation.start}",
        valid_to="2099-12-31",
        file_sha256=sha256(title.encode()).hexdigest(),
    )


def _class(task: Task, order: str) -> classes_pb2.Class:
    return classes_pb2.Class(
        order=order,
        institution_credit_code=INSTITUTION,
        institution_name=INSTITUTION_NAME,
        title=f"OULAD {task.presentation}",
        start_date=f"{task.presentation.start}",
        end_date=f"{task.presentation.start + timedelta(days=task.days)}",
        capacity=task.capacity,
        # what a review wants, of which the dataset knows nothing
        training_kind=classes_pb2.Class.POST_SKILLS,
        certificate_kind=classes_pb2.Class.TRAINING_CERTIFICATE,
        hours_theory=task.days,
        site_address=f"OULAD {task.presentation}",
        head_teacher="OULAD",
        assessment_plan="OULAD",
    )


def _request_id(task: Task, event: Event) -> str:
    return f"{task.run}.{task.presentation.module}.{task.presentation.code}.{event.kind}.{event.student}"


def _stamp(task: Task, event: Event) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(task.presentation.at(event.day))
    return stamp
