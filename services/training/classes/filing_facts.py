"""What is known of a filing when it is judged."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.reference.clock import day_of
from services.reference.parameters import Pack, Parameter, ParameterUnknown
from services.reference.workdays import published
from services.training.classes import bookings
from services.training.classes.fields import sessions_of
from services.training.rules import filing as rules
from services.training.rules.filing import Filing, Institution, Lesson, Order, Teacher
from services.training.rules.findings import Finding
from services.training.rules.states import HOLDS_SEATS, ClassState, InstitutionState
from services.training.rules.timetable import Slot
from services.training.tables import ClassRow, InstitutionRow, OrderRow, TeacherRow

UNFILED = (ClassState.DRAFT, ClassState.RETURNED)


def found_gaps(session: Session, pack: Pack, row: ClassRow, now: datetime) -> list[Finding]:
    """Every gap of a filing by the numbers in force on the day of `now`, errors first."""
    today = day_of(now)
    return rules.gaps(facts(session, row, today), numbers(pack, row.division, today), published())


def numbers(pack: Pack, division: str, today: date) -> dict[str, Parameter | None]:
    """The numbers in force, None for one that the pack does not know."""
    return {key: number(pack, key, division, today) for key in rules.PARAMETERS}


def number(pack: Pack, key: str, division: str, today: date) -> Parameter | None:
    """One number in force, None if the pack does not know it."""
    try:
        return pack.value(key, division, today)
    except ParameterUnknown:
        return None


def facts(session: Session, row: ClassRow, today: date) -> Filing:
    """The filing of a class as it stands."""
    order = session.get_one(OrderRow, row.order_id, populate_existing=True)
    held = session.get(InstitutionRow, row.institution_credit_code, populate_existing=True)
    sessions = sessions_of(session, row.id)
    teaching = sorted({each.teacher_id for each in sessions if each.teacher_id})
    teachers = session.scalars(select(TeacherRow).where(TeacherRow.id.in_(teaching))).all() if teaching else []
    mine = row.capacity if row.state in HOLDS_SEATS else 0
    wanted = bookings.holds(session, row.site_address, sessions)
    return Filing(
        institution_credit_code=row.institution_credit_code,
        institution_name=row.institution_name,
        institution=_institution(row, held),
        order=Order(
            state=order.state,
            institution_credit_code=order.institution_credit_code,
            start_date=order.start_date,
            valid_until=order.valid_until,
            contract_months=order.contract_months,
            seats=order.seats_open + mine,
        ),
        occupation_code=row.occupation_code,
        certificate_level=row.certificate_level,
        start_date=row.start_date,
        end_date=row.end_date,
        capacity=row.capacity,
        minimum=row.minimum,
        training_kind=row.training_kind,
        certificate_kind=row.certificate_kind,
        fund=row.fund,
        subsidy_standard=row.subsidy_standard,
        project_number=row.project_number,
        hours_theory=row.hours_theory,
        hours_practice=row.hours_practice,
        site_address=row.site_address,
        head_teacher=row.head_teacher,
        assessment_plan=row.assessment_plan,
        attached=frozenset(each["kind"] for each in row.attachments),
        lessons=[
            Lesson(
                slot=Slot(each.day, each.start_minute, each.end_minute),
                place=each.place,
                teacher=each.teacher_id or "",
                topic=each.topic,
                practice=each.practice,
            )
            for each in sessions
        ],
        teachers={f"teachers/{each.id}": Teacher(each.qualification, each.certificate_number) for each in teachers},
        filed_on=today if row.file_time is None or row.state in UNFILED else day_of(row.file_time),
        today=today,
        taken=bookings.first_taken(session, row.id, wanted),
    )


def _institution(row: ClassRow, held: InstitutionRow | None) -> Institution | None:
    if held is None:
        return None
    return Institution(
        institution_name=held.institution_name,
        suspended=row.suspended or held.state == InstitutionState.SUSPENDED,
        licence_number=held.licence_number,
        catalogue_number=held.catalogue_number,
        occupation_codes=tuple(held.occupation_codes),
    )
