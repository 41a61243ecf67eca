"""Handler that corrects who somebody is (身份信息更正)."""

from __future__ import annotations

import grpc
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.reference import resident_id
from services.reference.clock import day_of
from services.reference.resident_id import ResidentId, ResidentIdFault
from services.training import known, messages, names, people, queries
from services.training.clerk import Clerk, found
from services.training.enrolling import Application
from services.training.rules import roster
from services.training.rules.eligibility import ALWAYS
from services.training.rules.states import ACTIVE
from services.training.tables import EnrolmentRow, TraineeRow


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
        reading.name("name", request.name, "enrolments")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.CorrectIdentityResponse:
            row, _ = queries.enrolment_with_class(tx.session, call, request.name)
            # the classes of the person before the person, as everywhere
            known.classes(tx.connection, _classes_of(tx.session, row.trainee_id), lock=True)
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            trainee = tx.session.get_one(TraineeRow, row.trainee_id, with_for_update=True, populate_existing=True)
            if number is not None:
                trainee = self._renumber(tx, trainee, number)
            if name:
                trainee.full_name = name
                trainee.name_pinyin, trainee.name_initials = names.pinyin(name)
            tx.session.flush()
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

    def _renumber(self, tx: Tx, trainee: TraineeRow, number: ResidentId) -> TraineeRow:
        """Gives a person another number; if somebody has it already, both become one."""
        vault = self._database.vault
        index = vault.index("resident_id", number.number)
        other = tx.session.scalars(
            select(TraineeRow).where(TraineeRow.resident_id_index == index).with_for_update()
        ).one_or_none()
        if other is None or other.id == trainee.id:
            trainee.resident_id_index = index
            trainee.resident_id_sealed = vault.seal(number.number, f"trainees/{trainee.id}", "resident_id")
            return trainee
        both = set(_classes_of(tx.session, trainee.id)) & set(_classes_of(tx.session, other.id))
        if both:
            class_id = min(both)
            theirs = tx.session.scalars(
                select(EnrolmentRow.id).where(
                    EnrolmentRow.class_id == class_id,
                    EnrolmentRow.trainee_id == other.id,
                    EnrolmentRow.state.in_(ACTIVE),
                )
            ).one()
            raise Refused("IDENTITY_TAKEN", class_name=f"classes/{class_id}", enrolment=f"enrolments/{theirs}")
        tx.session.execute(
            update(EnrolmentRow)
            .where(EnrolmentRow.trainee_id == trainee.id)
            .values(trainee_id=other.id, version=EnrolmentRow.version + 1),
            execution_options={"synchronize_session": "fetch"},
        )
        return other

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
        return [
            messages.enrolment(
                row,
                self.masked(row, trainee),
                findings=found(call, [each for each in decision.objections if each.declaration.key not in ALWAYS]),
            )
            for row, decision in zip(rows, decisions, strict=True)
        ]


def _classes_of(session: Session, trainee_id: str) -> list[str]:
    """The classes a person is in."""
    wanted = select(EnrolmentRow.class_id).where(EnrolmentRow.trainee_id == trainee_id, EnrolmentRow.state.in_(ACTIVE))
    return list(session.scalars(wanted.order_by(EnrolmentRow.class_id)))
