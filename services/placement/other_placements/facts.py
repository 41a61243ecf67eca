"""What is known of a placement, put together for its rules."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement.other_placements.scopes import APPROVE, READ, home_side, whole
from services.placement.rules.placed import Facts, Other
from services.placement.rules.registering import Education, Title
from services.placement.rules.states import PLACEMENT_TAKEN
from services.placement.tables import PlacementRow
from services.platform.boundary import Call
from services.platform.vault import Vault
from services.reference import resident_id


def of(
    session: Session, call: Call, vault: Vault, row: PlacementRow, today: date, last_day: date | None = None
) -> Facts:
    """The facts of a placement, as far as the caller may know them; `last_day` is another one than it has now."""
    others, all_others = _others(session, call, row)
    number = vault.unseal(row.resident_id_sealed, f"placements/{row.id}", "resident_id")
    birth = resident_id.parse(number, today).birth
    return Facts(
        kind=row.kind,
        first_day=row.start_date,
        last_day=last_day or row.end_date,
        home_body=row.home_unit_credit_code[:2],
        host_body=row.host_credit_code[:2],
        approved=bool(row.approval_number and row.approving_unit),
        agreement=bool(row.agreement_sha256),
        signed_on=row.agreement_signed_on,
        documents=frozenset(each["kind"] for each in row.documents),
        pay_bearer=row.pay_bearer,
        injury_bearer=row.injury_bearer,
        title=Title[row.title],
        education=Education[row.education],
        age=resident_id.age_on(birth, row.start_date) if birth <= row.start_date else 0,
        school=row.school,
        study_months=row.study_months,
        host_staff=row.host_staff,
        host_interns=row.host_interns,
        host_consents=row.consent_time is not None,
        others=others,
        all_others=all_others,
        today=today,
    )


def _others(session: Session, call: Call, row: PlacementRow) -> tuple[tuple[Other, ...], bool]:
    """The other placements of the person that the caller may know of, and whether these are all.

    Where somebody is placed is for those to know who may see it. Whoever decides is told that there are others, without
    their names; for anybody else it stays open whether there are.
    """
    rows = session.scalars(
        select(PlacementRow)
        .where(
            PlacementRow.resident_id_index == row.resident_id_index,
            PlacementRow.id != row.id,
            PlacementRow.state.in_(PLACEMENT_TAKEN),
        )
        .order_by(PlacementRow.id)
    ).all()
    seen = {each.id for each in rows if call.may(READ, whole(each))}
    decides = call.may(APPROVE, home_side(row))
    others = tuple(
        Other(
            f"placements/{each.id}" if each.id in seen else "",
            each.kind,
            each.begun_on or each.start_date,
            each.ended_on or each.end_date,
        )
        for each in rows
        if decides or each.id in seen
    )
    return others, decides
