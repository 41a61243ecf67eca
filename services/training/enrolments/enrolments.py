"""Handlers of enrolments (报名)."""

from __future__ import annotations

import grpc
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import enrolments_pb2_grpc
from sqlalchemy import select

from services.fields import read_credit_code
from services.platform.boundary import Call
from services.platform.errors import Fault, Refused
from services.platform.ids import new_id
from services.platform.later import Answer, answers_later
from services.platform.requests import Reading, check_etag, stamp
from services.platform.transaction import Conflict, Tx
from services.reference.clock import day_of
from services.training import queries
from services.training.enrolments import messages, searching
from services.training.enrolments.clerk import objections, read_accepted, refusal, shown, wrong_state
from services.training.enrolments.exchanges import Exchanges
from services.training.enrolments.identities import Identities
from services.training.rules.facts import Facts
from services.training.rules.states import ClassState, EnrolmentState, Seat
from services.training.seats import known, ledger, people, promotion
from services.training.seats.decisions import Application, Decision
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, TraineeRow

PARTY = (2, 20)  # people


class Enrolments(Exchanges, Identities, enrolments_pb2_grpc.EnrolmentsServicer):
    """Unary enrolments go through the same list path as rosters: the writer lane puts neighbours together."""

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
        reading.name("class_name", request.class_name, "classes")
        person = self.read_person(reading, request.applicant)
        accepted = read_accepted(reading, "accepted", request.accepted) if request.accepted else {}
        reading.done()
        assert person is not None
        class_id = request.class_name.partition("/")[2]
        return Application(
            call, class_id, person, occurred, late_reason, accepted, seat_only=request.seat_only, arrived=now
        )

    def EnrolParty(self, request: pb.EnrolPartyRequest, context: grpc.ServicerContext) -> pb.EnrolPartyResponse:
        """Seats for all of them, the waitlist for all of them, or why not."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        reading.name("class_name", request.class_name, "classes")
        accepted = read_accepted(reading, "accepted", request.accepted)
        if not PARTY[0] <= len(request.applicants) <= PARTY[1]:
            reading.wrong("applicants", "FIELD_PARTY", least=PARTY[0], most=PARTY[1])
        persons = [
            self.read_person(reading, applicant, f"applicants[{index}]")
            for index, applicant in enumerate(request.applicants[: PARTY[1]])
        ]
        known_persons = [person for person in persons if person is not None]
        if len({person.index for person in known_persons}) < len(known_persons):
            reading.wrong("applicants", "FIELD_TWICE")
        reading.done()
        self._scopes.require(call, request.class_name)
        now, party = self._database.clock(), new_id()
        class_id = request.class_name.partition("/")[2]
        applications = [
            Application(
                *(call, class_id, person, now),
                accepted=accepted,
                seat_only=request.seat_only,
                party=party,
                arrived=now,
            )
            for person in known_persons
        ]

        def work(tx: Tx) -> pb.EnrolPartyResponse:
            decisions = self._desk.enrol_many(tx, applications)
            replies = [self.reply(*pair) for pair in zip(applications, decisions, strict=True)]
            if any(each.state is None for each in decisions):
                raise _party_refusal(applications, decisions)
            return pb.EnrolPartyResponse(enrolments=[each for each in replies if isinstance(each, pb.Enrolment)])

        return self._database.write(call, request, work, key=request.class_name)

    def CheckEnrolment(self, request: pb.CheckEnrolmentRequest, context: grpc.ServicerContext) -> pb.EnrolmentDecision:
        """Every rule's verdict; nothing is stored."""
        call = Call.of(context)
        now = self._database.clock()
        reading = Reading()
        reading.name("class_name", request.class_name, "classes")
        person = self.read_person(reading, request.applicant)
        reading.done()
        assert person is not None
        application = Application(call, request.class_name.partition("/")[2], person, now)
        with self._database.reading() as session:
            queries.visible(session, call, ClassRow, request.class_name)
            decision = self._desk.judge(session.connection(), [application], now)[0]
        return shown(call, decision, {})

    def GetEnrolment(self, request: pb.GetEnrolmentRequest, context: grpc.ServicerContext) -> pb.Enrolment:
        """One enrolment, masked, with its place on the waitlist."""
        call = Call.of(context)
        _read_name(Reading(), request.name)
        with self._database.reading() as session:
            row, held = queries.enrolment_with_class(session, call, request.name)
            position = queries.waiting_before(session, row) + 1 if row.state == EnrolmentState.WAITLISTED else 0
            return self.message(session, call, row, held.division, position)

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
            .order_by(EnrolmentRow.place)
        )
        reading = Reading()
        class_name = reading.optional_name("filter.class_name", asked.class_name, "classes")
        order = reading.optional_name("filter.order", asked.order, "orders")
        states_asked = reading.choices("filter.states", asked.states, pb.Enrolment.State)
        if not (class_name or order):
            reading.wrong("filter.class_name", "FIELD_REQUIRED")
        reading.done()
        if order:
            wanted = wanted.where(EnrolmentRow.order_id == order.partition("/")[2])
        if states_asked:
            wanted = wanted.where(EnrolmentRow.state.in_(states_asked))
        with self._database.reading() as session:
            if class_name:
                queries.visible(session, call, ClassRow, class_name)
                classes = [class_name.partition("/")[2]]
            else:
                queries.visible(session, call, OrderRow, order)
                classes = queries.classes_of(session, order.partition("/")[2])
            rows = queries.in_classes(session, wanted, classes, page)
        keyed = [row for row, _ in rows]
        return pb.ListEnrolmentsResponse(
            enrolments=[messages.enrolment(row, self.masked(row, trainee)) for row, trainee in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, keyed, "class_id", "place"),
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
            lambda row, trainee: messages.enrolment(row, self.masked(row, trainee)),
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
            if before not in promotion.LEAVES:
                raise wrong_state(row, promotion.LEAVES)
            [facts] = known.classes(tx.connection, [held.id], lock=True)
            promotion.leave(tx, facts, row, reason)
            tx.record(
                call,
                request.name,
                event=f"enrolment.{row.state.lower()}",
                occur_time=occurred,
                reason=reason,
                detail={"class": f"classes/{held.id}", "from": before, "late_reason": late_reason},
            )
            promoted = promotion.promote(tx, call, self._packs.current, held.id, reason=request.name)
            return pb.WithdrawEnrolmentResponse(
                enrolment=self.message(tx.session, call, row, held.division),
                promoted=self.message(tx.session, call, promoted[0], held.division) if promoted else None,
            )

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def ConfirmHire(self, request: pb.ConfirmHireRequest, context: grpc.ServicerContext) -> pb.Enrolment:
        """Enrolled -> hired by the order's enterprise, after the class."""
        call = Call.of(context)
        reading = Reading()
        employer = read_credit_code(reading, "employer_credit_code", request.employer_credit_code)
        began = reading.day("contract_start", request.contract_start)
        reading.request_id(request.request_id)
        if began > day_of(self._database.clock()):
            reading.wrong("contract_start", "FIELD_FUTURE")
        _read_name(reading, request.name)

        def work(tx: Tx) -> pb.Enrolment:
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            if row.state != EnrolmentState.ENROLLED:
                raise wrong_state(row, [EnrolmentState.ENROLLED])
            if held.state != ClassState.CLOSED:
                raise Refused("CLASS_STATE", class_name=f"classes/{held.id}", state=held.state, allowed="CLOSED")
            if held.enterprise_credit_code != employer:
                raise Refused("EMPLOYER_MISMATCH", enrolment=request.name, order=f"orders/{held.order_id}")
            row.state = EnrolmentState.HIRED
            tx.session.flush()
            queries.count_people(tx, held.id, enrolled=-1, hired=1)
            ledger.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.HIRED, 1, "")
            detail = {"class": f"classes/{held.id}", "employer": employer, "contract_start": began.isoformat()}
            tx.record(call, request.name, event="enrolment.hired", detail=detail)
            return self.message(tx.session, call, row, held.division)

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def ExplainEnrolment(
        self, request: pb.ExplainEnrolmentRequest, context: grpc.ServicerContext
    ) -> pb.EnrolmentDecision:
        """The decision made again from the facts and the pack that are stored with it."""
        call = Call.of(context)
        _read_name(Reading(), request.name)
        with self._database.reading() as session:
            row, held = queries.enrolment_with_class(session, call, request.name)
            rules = self.rules_of(session, row, held.division)
        facts = Facts.restored(row.facts)
        return pb.EnrolmentDecision(
            result=pb.Enrolment.State.Value(row.facts.get("result", row.state)),
            verdicts=[messages.verdict(call, said) for said in rules.verdicts(facts)],
            rule_pack=row.rule_pack,
            capacity=row.facts["capacity"],
            enrolled=row.facts["enrolled"],
            record_time=stamp(row.record_time),
            accepted=[pb.AcceptedWarning(**each) for each in row.accepted],
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
            trainee = tx.session.get(TraineeRow, row.trainee_id)
            if trainee is None:  # a correction has just made them another person
                raise Conflict
            name, number, phone = people.unseal(self._database.vault, row, trainee)
            return pb.RevealEnrolmentResponse(applicant=pb.Applicant(full_name=name, resident_id=number, phone=phone))

        return self._database.write_again(call, work, seconds=call.seconds_left)

    def _enrol(self, tx: Tx, applications: list[Application]) -> list[pb.Enrolment | Fault]:
        """Replies to unary enrolments that the lane has put together."""
        decisions = self._desk.enrol_many(tx, applications)
        return [self.reply(*pair) for pair in zip(applications, decisions, strict=True)]


def _party_refusal(applications: list[Application], decisions: list[Decision]) -> Fault:
    """Why a party is not taken: one refusal as for one person, or the list of those who may not come."""
    refused = [pair for pair in zip(applications, decisions, strict=True) if not pair[1].partners]
    if not any(each.blocked or each.unaccepted for each in decisions):  # it is about seats, and so about all of them
        return refusal(*refused[0])
    numbers = [str(place) for place, each in enumerate(decisions, start=1) if not each.partners]
    return Refused(
        "PARTY_REFUSED",
        details=[objections(application.call, decision, application.accepted) for application, decision in refused],
        class_name=f"classes/{applications[0].class_id}",
        refused=", ".join(numbers),
    )


def _read_name(reading: Reading, name: str) -> None:
    reading.name("name", name, "enrolments")
    reading.done()
