"""Rows to messages, personal data masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from liancai.placement.v1 import assignments_pb2, commissioners_pb2, requests_pb2
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement.rules.registering import Kind
from services.placement.tables import AbsenceRow, AssignmentRow, CommissionerRow, MemberRow, RequestRow, SkillRow
from services.platform.requests import etag_of, stamp
from services.platform.vault import Vault
from services.reference import resident_id, writing

Shown = commissioners_pb2.Commissioner


def commissioner(session: Session, vault: Vault, row: CommissionerRow) -> Shown:
    """A commissioner as its readers see it."""
    return commissioners(session, vault, [row])[0]


def commissioners(session: Session, vault: Vault, rows: Sequence[CommissionerRow]) -> list[Shown]:
    """Commissioners as their readers see them, with what hangs on them."""
    ids = [row.id for row in rows]
    skills, members, absences = defaultdict(list), defaultdict(list), defaultdict(list)
    for skill in session.scalars(
        select(SkillRow).where(SkillRow.commissioner_id.in_(ids)).order_by(SkillRow.commissioner_id, SkillRow.code)
    ):
        skills[skill.commissioner_id].append(commissioners_pb2.Discipline(code=skill.code, level=skill.level))
    for member in session.scalars(
        select(MemberRow).where(MemberRow.team_id.in_(ids)).order_by(MemberRow.team_id, MemberRow.commissioner_id)
    ):
        members[member.team_id].append(f"commissioners/{member.commissioner_id}")
    for absence in session.scalars(
        select(AbsenceRow)
        .where(AbsenceRow.commissioner_id.in_(ids))
        .order_by(AbsenceRow.commissioner_id, AbsenceRow.first_day)
    ):
        absences[absence.commissioner_id].append(
            commissioners_pb2.Absence(first_day=f"{absence.first_day}", last_day=f"{absence.last_day}")
        )
    return [_commissioner(vault, row, skills[row.id], members[row.id], absences[row.id]) for row in rows]


def clear(vault: Vault, row: CommissionerRow) -> tuple[str, str, str]:
    """Name, identity number and phone in full; empty where there is none."""
    owner = f"commissioners/{row.id}"
    number = vault.unseal(row.resident_id_sealed, owner, "resident_id") if row.resident_id_sealed else ""
    return row.full_name, number, vault.unseal(row.phone_sealed, owner, "phone") if row.phone_sealed else ""


def _commissioner(
    vault: Vault,
    row: CommissionerRow,
    skills: Sequence[commissioners_pb2.Discipline],
    members: Sequence[str],
    absences: Sequence[commissioners_pb2.Absence],
) -> Shown:
    name, number, phone = clear(vault, row)
    individual = row.kind == Kind.INDIVIDUAL
    return Shown(
        name=f"commissioners/{row.id}",
        state=Shown.State.Value(row.state),
        kind=Shown.Kind.Value(row.kind),
        direction=Shown.Direction.Value(row.direction),
        field=Shown.Field.Value(row.field),
        masked_name=writing.mask_name(name) if individual else "",
        masked_resident_id=resident_id.mask(number) if number else "",
        masked_phone=writing.mask_phone(phone) if phone else "",
        group_name="" if individual else name,
        leader=f"commissioners/{row.leader_id}" if row.leader_id else "",
        members=members,
        disciplines=skills,
        home_unit_credit_code=row.home_unit_credit_code,
        home_unit_name=row.home_unit_name,
        title=Shown.Title.Value(row.title),
        education=Shown.Education.Value(row.education),
        division=row.division,
        partner_division=row.partner_division,
        home_place=row.home_place,
        days_a_year=row.days_a_year,
        unavailable_weekdays=row.unavailable_weekdays,
        absences=absences,
        certificate_number=row.certificate_number,
        term_start=row.term_start.isoformat() if row.term_start else "",
        term_end=row.term_end.isoformat() if row.term_end else "",
        reason=row.reason,
        rule_pack=row.rule_pack,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def request(row: RequestRow) -> requests_pb2.Request:
    """A request as its readers see it."""
    wished = row.wished_commissioner
    return requests_pb2.Request(
        name=f"requests/{row.id}",
        state=requests_pb2.Request.State.Value(row.state),
        kind=requests_pb2.Request.Kind.Value(row.kind),
        problem=row.problem,
        discipline=commissioners_pb2.Discipline(code=row.discipline, level=row.level),
        host_credit_code=row.host_credit_code,
        host_name=row.host_name,
        division=row.division,
        partner_division=row.partner_division,
        place=row.place,
        window_start=row.window_start.isoformat(),
        window_end=row.window_end.isoformat(),
        working_days=row.working_days,
        may_split=row.may_split,
        priority=row.priority,
        priority_reason=row.priority_reason,
        wished_commissioner=f"commissioners/{wished}" if wished else "",
        refused_commissioners=[f"commissioners/{each}" for each in row.refused_commissioners],
        team_needed=row.team_needed,
        reason=row.reason,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def assignment(row: AssignmentRow) -> assignments_pb2.Assignment:
    """An assignment as its readers see it."""
    return assignments_pb2.Assignment(
        name=f"assignments/{row.id}",
        state=assignments_pb2.Assignment.State.Value(row.state),
        request=f"requests/{row.request_id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        plan=row.plan,
        days=row.days,
        travel_days=row.travel_days,
        host_credit_code=row.host_credit_code,
        host_name=row.host_name,
        home_unit_credit_code=row.home_unit_credit_code,
        division=row.division,
        partner_division=row.partner_division,
        answered_by=row.answered_by,
        answer_time=stamp(row.answer_time),
        reason=row.reason,
        disrupted=row.disrupted,
        rating=row.rating,  # type: ignore[arg-type]
        rating_comment=row.rating_comment,
        rate_time=stamp(row.rate_time),
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )
