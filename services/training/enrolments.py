"""Handlers of enrolments (报名)."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import enrolments_pb2_grpc
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Fault, NotFound, Refused
from services.platform.later import Answer, answers_later
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag, stamp
from services.platform.transaction import Tx
from services.reference import resident_id
from services.reference.clock import day_of
from services.reference.resident_id import ResidentIdFault
from services.training import messages, orders, people, queries, searching, seats
from services.training.enrolling import Application, Decision, Desk
from services.training.packs import Packs
from services.training.people import Person
from services.training.rules import roster
from services.training.rules.eligibility import RULES, Facts, Outcome, Ruleset
from services.training.rules.states import ClassState, EnrolmentState, Seat, unfilled
from services.training.scopes import ClassScopes
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, TraineeRow
from services.training.waitlist import promote


class Enrolments(enrolments_pb2_grpc.EnrolmentsServicer):
    """Unary enrolments go through the same list path as rosters: the writer lane puts neighbours together."""

    def __init__(self, database: Database, pages: Pages, desk: Desk, packs: Packs, scopes: ClassScopes) -> None:
        self._database = database
        self._pages = pages
        self._desk = desk
        self._packs = packs
        self._scopes = scopes

    @answers_later
    def Enrol(self, request: pb.EnrolRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """A seat or the waitlist, or why neither."""
        call = Call.of(context)
        application = self.read_enrol(call, request)
        self._scopes.require(call, request.class_name)
        return self._database.write_together(call, request, application, self._enrol, key=request.class_name)

    def read_enrol(self, call: Call, request: pb.EnrolRequest) -> Application:
        """The application a request makes, checked and sealed. Raises Invalid."""
        reading = Reading()
        reading.request_id(request.request_id)
        now = self._database.clock()
        occurred, late_reason = reading.occurred(call, request, now)
        person = self._read_person(reading, request.class_name, request.applicant)
        class_id = request.class_name.partition("/")[2]
        return Application(call, class_id, person, occurred, late_reason)

    def CheckEnrolment(self, request: pb.CheckEnrolmentRequest, context: grpc.ServicerContext) -> pb.EnrolmentDecision:
        """Every rule's verdict; nothing is stored."""
        call = Call.of(context)
        now = self._database.clock()
        person = self._read_person(Reading(), request.class_name, request.applicant)
        application = Application(call, request.class_name.partition("/")[2], person, now)
        with self._database.reading() as session:
            queries.visible(session, call, ClassRow, request.class_name)
            decision = self._desk.judge(session.connection(), [application], now)[0]
        return _decision(call, decision)

    def GetEnrolment(self, request: pb.GetEnrolmentRequest, context: grpc.ServicerContext) -> pb.Enrolment:
        """One enrolment, masked, with its place on the waitlist."""
        call = Call.of(context)
        _read_name(Reading(), request.name)
        with self._database.reading() as session:
            row, held = queries.enrolment_with_class(session, call, request.name)
            position = queries.waiting_before(session, row) + 1 if row.state == EnrolmentState.WAITLISTED else 0
            return self._message(session, call, row, held.division, position)

    def ListEnrolments(
        self, request: pb.ListEnrolmentsRequest, context: grpc.ServicerContext
    ) -> pb.ListEnrolmentsResponse:
        """A page of a class or an order, in order of place."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked = request.filter
        wanted = (
            select(EnrolmentRow, TraineeRow)
            .join(TraineeRow, TraineeRow.id == EnrolmentRow.trainee_id)
            .order_by(EnrolmentRow.class_id, EnrolmentRow.place)
        )
        reading = Reading()
        class_name = reading.optional_name("filter.class_name", asked.class_name, "classes")
        order = reading.optional_name("filter.order", asked.order, "orders")
        states_asked = reading.choices("filter.states", asked.states, pb.Enrolment.State)
        if not (class_name or order):
            reading.wrong("filter.class_name", "FIELD_REQUIRED")
        reading.done()
        if class_name:
            wanted = wanted.where(EnrolmentRow.class_id == class_name.partition("/")[2])
        if order:
            wanted = wanted.where(EnrolmentRow.order_id == order.partition("/")[2])
        if states_asked:
            wanted = wanted.where(EnrolmentRow.state.in_(states_asked))
        if page.after is not None:
            wanted = wanted.where(queries.after_place(page.after))
        with self._database.reading() as session:
            if class_name:
                queries.visible(session, call, ClassRow, class_name)
            else:
                queries.visible(session, call, OrderRow, order)
            rows = session.execute(wanted.limit(page.size + 1)).all()
        more = len(rows) > page.size
        last = rows[page.size - 1][0] if more else None
        return pb.ListEnrolmentsResponse(
            enrolments=[messages.enrolment(row, self._masked(row, trainee)) for row, trainee in rows[: page.size]],
            next_page_token=self._pages.token(call, request, [last.class_id, last.place]) if last else "",
        )

    def SearchEnrolments(
        self, request: pb.SearchEnrolmentsRequest, context: grpc.ServicerContext
    ) -> pb.ListEnrolmentsResponse:
        """A page of the enrolments within reach of the people a query finds, masked."""
        call = Call.of(context)
        return searching.search(
            self._database,
            self._pages,
            call,
            request,
            lambda row, trainee: messages.enrolment(row, self._masked(row, trainee)),
        )

    def WithdrawEnrolment(
        self, request: pb.WithdrawEnrolmentRequest, context: grpc.ServicerContext
    ) -> pb.WithdrawEnrolmentResponse:
        """Leaves; the seat goes to the head of the waitlist, back to the order, or is lost."""
        call = Call.of(context)
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        reading.request_id(request.request_id)
        now = self._database.clock()
        occurred, late_reason = reading.occurred(call, request, now)
        _read_name(reading, request.name)

        def work(tx: Tx) -> pb.WithdrawEnrolmentResponse:
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            before = row.state
            promoted = _withdraw(tx, call, row, held, reason)
            tx.session.flush()
            tx.record(
                call,
                request.name,
                event=f"enrolment.{row.state.lower()}",
                occur_time=occurred,
                reason=reason,
                detail={"class": f"classes/{held.id}", "from": before, "late_reason": late_reason},
            )
            return pb.WithdrawEnrolmentResponse(
                enrolment=self._message(tx.session, call, row, held.division),
                promoted=self._message(tx.session, call, promoted, held.division) if promoted else None,
            )

        return self._database.write(call, request, work, key=self._class_of(call, request.name))

    def ConfirmHire(self, request: pb.ConfirmHireRequest, context: grpc.ServicerContext) -> pb.Enrolment:
        """Enrolled -> hired by the order's enterprise, after the class."""
        call = Call.of(context)
        reading = Reading()
        employer = orders.read_credit_code(reading, "employer_credit_code", request.employer_credit_code)
        began = reading.day("contract_start", request.contract_start)
        reading.request_id(request.request_id)
        if began > day_of(self._database.clock()):
            reading.wrong("contract_start", "FIELD_FUTURE")
        _read_name(reading, request.name)

        def work(tx: Tx) -> pb.Enrolment:
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            if row.state != EnrolmentState.ENROLLED:
                raise _wrong_state(row, [EnrolmentState.ENROLLED])
            if held.state != ClassState.CLOSED:
                raise Refused("CLASS_STATE", class_name=f"classes/{held.id}", state=held.state, allowed="CLOSED")
            if held.enterprise_credit_code != employer:
                raise Refused("EMPLOYER_MISMATCH", enrolment=request.name, order=f"orders/{held.order_id}")
            row.state = EnrolmentState.HIRED
            tx.session.flush()
            queries.count_people(tx, held.id, enrolled=-1, hired=1)
            seats.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.HIRED, 1, "")
            detail = {"class": f"classes/{held.id}", "employer": employer, "contract_start": began.isoformat()}
            tx.record(call, request.name, event="enrolment.hired", detail=detail)
            return self._message(tx.session, call, row, held.division)

        return self._database.write(call, request, work, key=self._class_of(call, request.name))

    def ExplainEnrolment(
        self, request: pb.ExplainEnrolmentRequest, context: grpc.ServicerContext
    ) -> pb.EnrolmentDecision:
        """The decision made again from the facts and the pack that are stored with it."""
        call = Call.of(context)
        _read_name(Reading(), request.name)
        with self._database.reading() as session:
            row, held = queries.enrolment_with_class(session, call, request.name)
            rules = self._rules_of(session, row, held.division)
        facts = Facts.restored(row.facts)
        capacity, filled = row.facts["capacity"], row.facts["enrolled"]
        seated = filled < capacity and row.facts["waitlisted"] == 0
        return pb.EnrolmentDecision(
            result=pb.Enrolment.ENROLLED if seated else pb.Enrolment.WAITLISTED,
            verdicts=[messages.verdict(call, said) for said in rules.verdicts(facts)],
            rule_pack=row.rule_pack,
            capacity=capacity,
            enrolled=filled,
            record_time=stamp(row.record_time),
        )

    def RevealEnrolment(
        self, request: pb.RevealEnrolmentRequest, context: grpc.ServicerContext
    ) -> pb.RevealEnrolmentResponse:
        """The person in full; the reply is not kept, the audit entry is."""
        call = Call.of(context)
        reading = Reading()
        purpose = reading.text("purpose", request.purpose, 4, 200)
        call.request_id = reading.request_id(request.request_id)
        _read_name(reading, request.name)

        def work(tx: Tx) -> pb.RevealEnrolmentResponse:
            row, _ = queries.enrolment_with_class(tx.session, call, request.name)
            tx.record(call, request.name, reason=purpose)
            trainee = tx.session.get_one(TraineeRow, row.trainee_id)
            name, number, phone = people.unseal(self._database.vault, row, trainee)
            return pb.RevealEnrolmentResponse(applicant=pb.Applicant(full_name=name, resident_id=number, phone=phone))

        return self._database.write_again(call, work, seconds=call.seconds_left)

    def _enrol(self, tx: Tx, applications: list[Application]) -> list[pb.Enrolment | Fault]:
        """Replies to unary enrolments that the lane has put together."""
        decisions = self._desk.enrol_many(tx, applications)
        return [self._reply(*pair) for pair in zip(applications, decisions, strict=True)]

    def _reply(self, application: Application, decision: Decision) -> pb.Enrolment | Fault:
        call = application.call
        if decision.enrolment is None:
            if decision.present is not None:
                enrolment_id, state, _ = decision.present
                return Exists("ALREADY_ENROLLED", enrolment=f"enrolments/{enrolment_id}", state=state)
            codes = [said.declaration.code for said in decision.objections if said.outcome is Outcome.BLOCKED]
            return Refused(
                "NOT_ELIGIBLE",
                details=[_decision(call, decision)],
                codes=", ".join(codes),
                class_name=f"classes/{application.class_id}",
            )
        person = application.person
        masked = _mask(person.full_name, person.number, person.phone)
        findings = [messages.finding(call, said, RULES[said.declaration.key].field) for said in decision.objections]
        return messages.enrolment(decision.enrolment, masked, findings=findings)

    def _read_person(self, reading: Reading, class_name: str, applicant: pb.Applicant) -> Person:
        """Who applies, sealed. Raises Invalid with every field that is wrong."""
        reading.name("class_name", class_name, "classes")
        name = roster.normalise_name(applicant.full_name)
        if not roster.NAME.fullmatch(name):
            reading.wrong("applicant.full_name", "TR-NAME-CHARACTERS" if name else "TR-NAME-MISSING")
        phone = roster.normalise_phone(applicant.phone)
        if not roster.PHONE.fullmatch(phone):
            reading.wrong("applicant.phone", "TR-PHONE-FORMAT" if phone else "TR-PHONE-MISSING")
        number = None
        try:
            number = resident_id.parse(applicant.resident_id, day_of(self._database.clock()))
        except ResidentIdFault as fault:
            reading.wrong("applicant.resident_id", roster.code_of(fault))
        reading.done()
        assert number is not None
        return people.seal(self._database.vault, name, number, phone)

    def _class_of(self, call: Call, name: str) -> str:
        """The class of an enrolment: works on one class share a lane."""
        with self._database.reading() as session:
            row = session.get(EnrolmentRow, name.partition("/")[2])
            if row is None:
                raise NotFound(name)
            return f"classes/{row.class_id}"

    def _rules_of(self, session: Session, row: EnrolmentRow, division: str) -> Ruleset:
        return self._packs.ruleset(session, row.rule_pack, division, day_of(row.occur_time))

    def _message(
        self, session: Session, call: Call, row: EnrolmentRow, division: str, position: int = 0
    ) -> pb.Enrolment:
        trainee = session.get_one(TraineeRow, row.trainee_id)
        rules = self._rules_of(session, row, division)
        findings = [
            messages.finding(call, said, RULES[said.declaration.key].field)
            for said in rules.objections(Facts.restored(row.facts))
        ]
        return messages.enrolment(row, self._masked(row, trainee), position=position, findings=findings)

    def _masked(self, row: EnrolmentRow, trainee: TraineeRow) -> tuple[str, str, str]:
        return _mask(*people.unseal(self._database.vault, row, trainee))


def _withdraw(tx: Tx, call: Call, row: EnrolmentRow, held: ClassRow, reason: str) -> EnrolmentRow | None:
    """Takes the person out of the class, whose row is locked; returns who got the seat."""
    if row.state == EnrolmentState.WAITLISTED:
        row.state, row.reason = EnrolmentState.WITHDRAWN, reason
        queries.count_people(tx, held.id, waitlisted=-1)
        return None
    if row.state != EnrolmentState.ENROLLED:
        raise _wrong_state(row, [EnrolmentState.ENROLLED, EnrolmentState.WAITLISTED])
    row.reason = reason
    queries.count_people(tx, held.id, enrolled=-1)
    if held.state != ClassState.OPEN:
        row.state = EnrolmentState.LOST
        seats.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.LOST, 1, reason)
        return None
    row.state = EnrolmentState.WITHDRAWN
    # a class above its capacity gives the seat back to the order instead of keeping it
    keeps = unfilled(held.capacity, held.enrolled - 1) > unfilled(held.capacity, held.enrolled)
    seats.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.COMMITTED if keeps else Seat.OPEN, 1, reason)
    tx.session.flush()
    promoted = promote(tx, call, held, freed=1, reason=f"enrolments/{row.id}")
    return promoted[0] if promoted else None


def _decision(call: Call, decision: Decision) -> pb.EnrolmentDecision:
    return pb.EnrolmentDecision(
        result=pb.Enrolment.State.Value(decision.state) if decision.state else pb.Enrolment.STATE_UNSPECIFIED,
        verdicts=[messages.verdict(call, said) for said in decision.rules.verdicts(decision.facts)],
        rule_pack=decision.rules.pack.fingerprint,
        capacity=decision.capacity,
        enrolled=decision.filled,
    )


def _mask(name: str, number: str, phone: str) -> tuple[str, str, str]:
    return messages.mask_name(name), resident_id.mask(number), messages.mask_phone(phone)


def _wrong_state(row: EnrolmentRow, allowed: Sequence[EnrolmentState]) -> Refused:
    return Refused("ENROLMENT_STATE", enrolment=f"enrolments/{row.id}", state=row.state, allowed=", ".join(allowed))


def _read_name(reading: Reading, name: str) -> None:
    reading.name("name", name, "enrolments")
    reading.done()
