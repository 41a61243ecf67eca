"""Whether somebody who waits may still have the seat: what they did meanwhile counts when it is their turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.rules.eligibility import Outcome, ruleset
from services.training.rules.facts import Facts
from services.training.seats import known
from services.training.seats.appraisal import Appraisal, Timetables
from services.training.seats.known import ClassFacts
from services.training.seats.people import Person
from services.training.tables import EnrolmentRow, TraineeRow


def refused(tx: Tx, pack: Pack, held: ClassFacts, rows: Sequence[EnrolmentRow]) -> list[tuple[EnrolmentRow, str]]:
    """Of these enrolments of one class, those a rule refuses now, each with the codes. Locks the people."""
    wanted = select(TraineeRow).where(TraineeRow.id.in_({row.trainee_id for row in rows}))
    trainees = {each.id: each for each in tx.session.scalars(wanted)}
    persons = [_person(row, trainees[row.trainee_id]) for row in rows]
    appraisal = Appraisal(tx.connection, Timetables(), known.setting(tx.connection, [held]), persons, lock=True)
    found = []
    for row, person in zip(rows, persons, strict=True):
        was = Facts.restored(row.facts)
        now = appraisal.facts(held, person)
        # who they are was decided when they came, and that they are here is no second place
        facts = now._replace(
            age_at_class_start=was.age_at_class_start,
            division_known=was.division_known,
            same_name=was.same_name,
            present="",
        )
        rules = ruleset(pack, held.division, day_of(row.occur_time))
        if rules.blocks(facts):
            codes = [said.declaration.code for said in rules.objections(facts) if said.outcome is Outcome.BLOCKED]
            found.append((row, ", ".join(codes)))
    return found


def _person(row: EnrolmentRow, trainee: TraineeRow) -> Person:
    """Somebody on record, as far as the rules on training ask: nothing is unsealed."""
    return Person(
        full_name=trainee.full_name,
        number="",
        birth=date.min,
        division_known=True,
        phone="",
        index=trainee.resident_id_index,
        trainee_id="",
        enrolment_id="",
        number_sealed=b"",
        phone_sealed=b"",
        phone_index=b"",
        category=row.category,
        proof_sealed=row.proof_sealed or b"",
    )
