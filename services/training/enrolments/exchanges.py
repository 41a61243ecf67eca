"""Handlers that put one person in another's place, or into another class."""

from __future__ import annotations

from datetime import date, timedelta

import grpc
from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.errors import Fault, Invalid, NotFound, Refused, Violation
from services.platform.ids import new_id
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.divisions import covers
from services.training import queries
from services.training.enrolments.clerk import Clerk, read_accepted, wrong_state
from services.training.rules.states import ClassState, EnrolmentState, SubstitutionState
from services.training.seats import known, limits, people, promotion
from services.training.seats.decisions import Application
from services.training.seats.known import ClassFacts
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, SubstitutionRow, TraineeRow


class Exchanges(Clerk):
    """Transfers between classes, and substitutions with the other side's consent."""

    def TransferEnrolment(
        self, request: pb.TransferEnrolmentRequest, context: grpc.ServicerContext
    ) -> pb.TransferEnrolmentResponse:
        """Out of one class and into another, or neither."""
        call = Call.of(context)
        reading = Reading()
        into = reading.name("into", request.into, "classes").partition("/")[2]
        reason = reading.text("reason", request.reason, 1, 500)
        accepted = read_accepted(reading, "accepted", request.accepted)
        _read(reading, request, "enrolments")
        now = self._database.clock()

        def work(tx: Tx) -> pb.TransferEnrolmentResponse:
            row, held = queries.enrolment_with_class(tx.session, call, request.name)
            source = held.id
            if source == into:
                raise Invalid(Violation("into", "FIELD_SAME_CLASS"))
            queries.visible(tx.session, call, ClassRow, request.into)
            classes = _lock(tx, {source, into}, row.trainee_id)
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            if row.state not in promotion.LEAVES:
                raise wrong_state(row, promotion.LEAVES)
            if held.state != ClassState.OPEN:
                raise Refused("CLASS_STATE", class_name=f"classes/{source}", state=held.state, allowed="OPEN")
            trainee = tx.session.get_one(TraineeRow, row.trainee_id)
            person = people.again(self._database.vault, row, trainee, day_of(now))
            before = row.state
            promotion.leave(tx, classes[source], row, reason)
            detail = {"class": f"classes/{source}", "from": before, "into": request.into}
            tx.record(call, request.name, event="enrolment.withdrawn", reason=reason, detail=detail)
            application = Application(call, into, person, now, accepted=accepted, seat_only=True, arrived=now)
            [decision] = self._desk.enrol_many(tx, [application])
            answer = self.reply(application, decision)
            if isinstance(answer, Fault):
                raise answer
            promoted = promotion.promote(tx, call, self._packs.current, source, reason=request.name)
            return pb.TransferEnrolmentResponse(
                source=self.message(tx.session, call, row, held.division),
                target=answer,
                promoted=self.message(tx.session, call, promoted[0], held.division) if promoted else None,
            )

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def SubstituteTrainee(self, request: pb.SubstituteTraineeRequest, context: grpc.ServicerContext) -> pb.Substitution:
        """Asks the other side."""
        call = Call.of(context)
        reading = Reading()
        reading.name("coming", request.coming, "enrolments")
        reason = reading.text("reason", request.reason, 1, 500)
        _read(reading, request, "enrolments")

        def work(tx: Tx) -> pb.Substitution:
            leaving, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, leaving.version)
            coming = tx.session.get(EnrolmentRow, request.coming.partition("/")[2], with_for_update=True)
            if coming is None or coming.class_id != held.id:
                raise NotFound(request.coming)
            if leaving.state != EnrolmentState.ENROLLED:
                raise wrong_state(leaving, [EnrolmentState.ENROLLED])
            if coming.state != EnrolmentState.WAITLISTED:
                raise wrong_state(coming, [EnrolmentState.WAITLISTED])
            self._replaceable(call, held, day_of(tx.now))
            row = SubstitutionRow(
                id=new_id(),
                class_id=held.id,
                leaving_id=leaving.id,
                coming_id=coming.id,
                state=SubstitutionState.ASKED,
                reason=reason,
                answer="",
                asked_by=call.caller.subject,
                asked_division=call.caller.division,
                record_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            detail = {"class": f"classes/{held.id}", "leaving": request.name, "coming": request.coming}
            tx.record(call, f"substitutions/{row.id}", event="substitution.asked", reason=reason, detail=detail)
            return _message(row)

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def AnswerSubstitution(
        self, request: pb.AnswerSubstitutionRequest, context: grpc.ServicerContext
    ) -> pb.Substitution:
        """With consent the one leaves and the other takes the seat."""
        call = Call.of(context)
        reading = Reading()
        answer = reading.text("answer", request.answer, 0 if request.consent else 1, 500)
        _read(reading, request, "substitutions")
        with self._database.reading() as session:
            class_id = _substitution(session, request.name).class_id

        def work(tx: Tx) -> pb.Substitution:
            # the class before what is in it, as everywhere
            held = tx.session.get_one(ClassRow, class_id, with_for_update=True)
            call.require(queries.scope_of(held), request.name)
            row = _substitution(tx.session, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            if row.state != SubstitutionState.ASKED:
                raise Refused("SUBSTITUTION_STATE", substitution=request.name, state=row.state)
            if not _other_side(call, held, row):
                raise Refused("SAME_SIDE", substitution=request.name)
            row.answer = answer
            row.state = self._exchange(tx, call, held, row) if request.consent else SubstitutionState.REFUSED
            tx.session.flush()
            event = f"substitution.{row.state.lower()}"
            tx.record(call, request.name, event=event, reason=answer, detail={"class": f"classes/{held.id}"})
            return _message(row)

        return self._database.write(call, request, work, key=f"classes/{class_id}")

    def ListSubstitutions(
        self, request: pb.ListSubstitutionsRequest, context: grpc.ServicerContext
    ) -> pb.ListSubstitutionsResponse:
        """A page of a class's, newest first."""
        call = Call.of(context)
        reading = Reading()
        class_name = reading.name("class_name", request.class_name, "classes")
        reading.done()
        page = self._pages.read(call, request)
        wanted = (
            select(SubstitutionRow)
            .where(SubstitutionRow.class_id == class_name.partition("/")[2])
            .order_by(SubstitutionRow.id.desc())
        )
        if page.after is not None:
            wanted = wanted.where(SubstitutionRow.id < page.after[0])
        with self._database.reading() as session:
            queries.visible(session, call, ClassRow, class_name)
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListSubstitutionsResponse(
            substitutions=[_message(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def _exchange(self, tx: Tx, call: Call, held: ClassRow, row: SubstitutionRow) -> SubstitutionState:
        """The one leaves, the other takes the very seat; LAPSED if either is not where they were."""
        leaving = tx.session.get_one(EnrolmentRow, row.leaving_id, with_for_update=True, populate_existing=True)
        coming = tx.session.get_one(EnrolmentRow, row.coming_id, with_for_update=True, populate_existing=True)
        still = leaving.state == EnrolmentState.ENROLLED and coming.state == EnrolmentState.WAITLISTED
        here = leaving.class_id == coming.class_id == held.id  # neither was split off or merged meanwhile
        if not (still and here) or held.state != ClassState.OPEN:
            return SubstitutionState.LAPSED
        self._replaceable(call, held, day_of(tx.now))
        leaving.state, leaving.reason = EnrolmentState.WITHDRAWN, row.reason
        coming.state, coming.subsidy_fen, coming.party = EnrolmentState.ENROLLED, leaving.subsidy_fen, ""
        tx.session.flush()
        queries.count_people(tx, held.id, waitlisted=-1)
        for enrolment, event in ((leaving, "enrolment.withdrawn"), (coming, "enrolment.promoted")):
            detail = {
                "class": f"classes/{held.id}",
                "state": enrolment.state,
                "substitution": f"substitutions/{row.id}",
            }
            tx.record(call, f"enrolments/{enrolment.id}", event=event, reason=row.reason, detail=detail)
        # the others of a party need one seat fewer now
        promotion.promote(tx, call, self._packs.current, held.id, reason=f"substitutions/{row.id}")
        return SubstitutionState.DONE

    def _replaceable(self, call: Call, held: ClassRow, today: date) -> None:
        """Raises Refused if nobody new may come: NOT_ELIGIBLE while the institution is suspended, SUBSTITUTION_WINDOW
        after the days the parameter gives; unknown is no limit.
        """
        if held.suspended:
            code = "TR-INSTITUTION-SUSPENDED"
            finding = types_pb2.Finding(level=types_pb2.Finding.ERROR, code=code, message=call.say(code))
            raise Refused("NOT_ELIGIBLE", details=[finding], class_name=f"classes/{held.id}", codes=code)
        found = self._packs.current.find("class.substitute_days", held.division, today)
        days = None if found is None else found.integer()
        if days is not None and today > (last := held.start_date + timedelta(days=days)):
            raise Refused("SUBSTITUTION_WINDOW", class_name=f"classes/{held.id}", last_day=last.isoformat())


def _lock(tx: Tx, class_ids: set[str], trainee_id: str) -> dict[str, ClassFacts]:
    """Locks what a transfer touches, in the order of everywhere: classes, limits, the person, orders. The classes.

    One class is left before the other is entered: locked as they come, two transfers would wait in a circle.
    """
    found = {each.id: each for each in known.classes(tx.connection, class_ids, lock=True)}
    limits.read(tx.connection, found.values(), lock=True)
    tx.session.get(TraineeRow, trainee_id, with_for_update=True)
    orders = {each.order_id for each in found.values()}
    tx.session.execute(select(OrderRow.id).where(OrderRow.id.in_(orders)).order_by(OrderRow.id).with_for_update())
    return found


def _other_side(call: Call, held: ClassRow, row: SubstitutionRow) -> bool:
    """An officer who covers the other division; where there is only one, another officer of it."""
    if not held.partner_division:
        return call.caller.subject != row.asked_by
    asked_at_home = covers(row.asked_division, held.division)
    other = held.partner_division if asked_at_home else held.division
    return covers(call.caller.division, other) and call.caller.subject != row.asked_by


def _substitution(session: Session, name: str, *, lock: bool = False) -> SubstitutionRow:
    row = session.get(SubstitutionRow, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    return row


def _message(row: SubstitutionRow) -> pb.Substitution:
    return pb.Substitution(
        name=f"substitutions/{row.id}",
        state=pb.Substitution.State.Value(row.state),
        class_name=f"classes/{row.class_id}",
        leaving=f"enrolments/{row.leaving_id}",
        coming=f"enrolments/{row.coming_id}",
        reason=row.reason,
        answer=row.answer,
        asking_division=row.asked_division,
        etag=etag_of(row.version),
        record_time=stamp(row.record_time),
    )


def _read(
    reading: Reading,
    request: pb.TransferEnrolmentRequest | pb.SubstituteTraineeRequest | pb.AnswerSubstitutionRequest,
    collection: str,
) -> None:
    reading.name("name", request.name, collection)
    reading.request_id(request.request_id)
    reading.done()
