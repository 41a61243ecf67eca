"""Handler that corrects who somebody is (身份信息更正)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import grpc
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from services.fields import tells_a_number
from services.platform.boundary import Call
from services.platform.errors import Invalid, Refused, Violation
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Conflict, Tx
from services.reference import names, resident_id
from services.reference.clock import day_of
from services.reference.resident_id import ResidentId, ResidentIdFault
from services.training import queries
from services.training.enrolments import messages
from services.training.enrolments.clerk import Clerk, found
from services.training.rules import roster
from services.training.rules.eligibility import ALWAYS
from services.training.rules.states import ACTIVE
from services.training.seats import known, people
from services.training.seats.decisions import Application
from services.training.tables import ClassRow, EnrolmentRow, TraineeRow


class Identities(Clerk):
    """A name or a number that was wrong."""

    def CorrectIdentity(
        self, request: pb.CorrectIdentityRequest, context: grpc.ServicerContext
    ) -> pb.CorrectIdentityResponse:
        """The right name or number, for every enrolment of the person."""
        call = Call.of(context)
        reading = Reading()
        name, number = self._read_correction(reading, request)
        proof = reading.text("proof", request.proof, 1, 100)
        reason = reading.text("reason", request.reason, 1, 500)
        _keep_out(reading, {"proof": proof, "reason": reason}, [name])
        reading.name("name", request.name, "enrolments")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.CorrectIdentityResponse:
            row, _ = queries.enrolment_with_class(tx.session, call, request.name)
            index = self._database.vault.index("resident_id", number.number) if number else b""
            # the classes of all who are touched before the people, as everywhere
            touched = tx.session.scalars(select(TraineeRow.id).where(_either(row.trainee_id, index))).all()
            known.classes(tx.connection, {row.class_id, *_classes_of(tx.session, touched)}, lock=True)
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            trainee, other = _locked(tx.session, row.trainee_id, index)
            private = Reading()
            _keep_out(private, {"proof": proof, "reason": reason}, [trainee.full_name])
            private.done()
            if other is not None and other.full_name != (name or trainee.full_name):
                raise Invalid(Violation("resident_id", "FIELD_OTHER_PERSON"))
            if other is not None:
                trainee = _merge(tx.session, trainee, other)
            elif number is not None:
                trainee.resident_id_index = index
                trainee.resident_id_sealed = self._database.vault.seal(
                    number.number, f"trainees/{trainee.id}", "resident_id"
                )
            if name and name != trainee.full_name:
                trainee.full_name = name
                trainee.name_pinyin, trainee.name_initials = names.pinyin(name)
            tx.session.flush()
            _renew_etags(tx.session, trainee.id)
            changed = [each for each, new in (("full_name", name), ("resident_id", number)) if new]
            detail = {"class": f"classes/{held.id}", "changed": changed, "proof": proof}
            tx.record(call, request.name, event="enrolment.corrected", reason=reason, detail=detail)
            return pb.CorrectIdentityResponse(
                enrolment=self.message(tx.session, call, row, held.division),
                enrolments=self._judged_again(tx, call, trainee),
            )

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def _read_correction(self, reading: Reading, request: pb.CorrectIdentityRequest) -> tuple[str, ResidentId | None]:
        name = roster.normalise_name(request.full_name)
        if request.full_name and not roster.NAME.fullmatch(name):
            reading.wrong("full_name", "TR-NAME-CHARACTERS")
        number = None
        if request.resident_id:
            try:
                number = resident_id.parse(request.resident_id, day_of(self._database.clock()))
            except ResidentIdFault as fault:
                reading.wrong("resident_id", roster.code_of(fault))
        if not (request.full_name or request.resident_id):
            reading.wrong("full_name", "FIELD_REQUIRED")
        return name, number

    def _judged_again(self, tx: Tx, call: Call, trainee: TraineeRow) -> list[pb.Enrolment]:
        """The active enrolments of a person, with what the rules say of who they really are. Nothing changes by it."""
        rows = tx.session.scalars(
            select(EnrolmentRow)
            .where(EnrolmentRow.trainee_id == trainee.id, EnrolmentRow.state.in_(ACTIVE))
            .order_by(EnrolmentRow.class_id)
            .execution_options(populate_existing=True)
        ).all()
        today = day_of(tx.now)
        applications = [
            Application(call, row.class_id, people.again(self._database.vault, row, trainee, today), row.occur_time)
            for row in rows
        ]
        decisions = self._desk.judge(tx.connection, applications, tx.now)
        held = select(ClassRow).where(ClassRow.id.in_([row.class_id for row in rows]))
        classes = {each.id: each for each in tx.session.scalars(held)}
        return [
            messages.enrolment(
                row,
                self.masked(row, trainee),
                findings=found(call, [each for each in decision.objections if each.declaration.key not in ALWAYS]),
            )
            for row, decision in zip(rows, decisions, strict=True)
            # the person may be in classes that this officer may not see
            if call.may("training.enrolment.read", queries.scope_of(classes[row.class_id]))
        ]


def _keep_out(reading: Reading, said: Mapping[str, str], names: Iterable[str]) -> None:
    """Notes each text that tells who somebody is: the trail keeps it, and the events tell everybody."""
    for field, text in said.items():
        if tells_a_number(text) or any(name and name in text for name in names):
            reading.wrong(field, "FIELD_PERSONAL")


def _either(trainee_id: str, index: bytes) -> ColumnElement[bool]:
    """The person, and whoever has the right number already."""
    return or_(TraineeRow.id == trainee_id, TraineeRow.resident_id_index == index)


def _locked(session: Session, trainee_id: str, index: bytes) -> tuple[TraineeRow, TraineeRow | None]:
    """The person and, if it is somebody else, who has the right number; locked in the order of everywhere.

    Conflict if the person has just become another one.
    """
    rows = session.scalars(
        select(TraineeRow)
        .where(_either(trainee_id, index))
        .order_by(TraineeRow.resident_id_index)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    mine = next((each for each in rows if each.id == trainee_id), None)
    if mine is None:
        raise Conflict
    return mine, next((each for each in rows if each.id != trainee_id), None)


def _merge(session: Session, trainee: TraineeRow, other: TraineeRow) -> TraineeRow:
    """Makes both one person: who has the right number. The wrong number is not kept. Refused IDENTITY_TAKEN."""
    both = set(_classes_of(session, [trainee.id])) & set(_classes_of(session, [other.id]))
    if both:
        class_id = min(both)
        theirs = session.scalars(
            select(EnrolmentRow.id).where(
                EnrolmentRow.class_id == class_id,
                EnrolmentRow.trainee_id == other.id,
                EnrolmentRow.state.in_(ACTIVE),
            )
        ).one()
        raise Refused("IDENTITY_TAKEN", class_name=f"classes/{class_id}", enrolment=f"enrolments/{theirs}")
    session.execute(
        update(EnrolmentRow).where(EnrolmentRow.trainee_id == trainee.id).values(trainee_id=other.id),
        execution_options={"synchronize_session": "fetch"},
    )
    session.delete(trainee)
    return other


def _renew_etags(session: Session, trainee_id: str) -> None:
    """Every enrolment of the person shows another one now: whoever saw the old one looks again."""
    session.execute(
        update(EnrolmentRow).where(EnrolmentRow.trainee_id == trainee_id).values(version=EnrolmentRow.version + 1),
        execution_options={"synchronize_session": "fetch"},
    )


def _classes_of(session: Session, trainee_ids: Collection[str]) -> list[str]:
    """The classes these people are in."""
    mine = EnrolmentRow.trainee_id.in_(trainee_ids)
    return list(session.scalars(select(EnrolmentRow.class_id).where(mine, EnrolmentRow.state.in_(ACTIVE))))
