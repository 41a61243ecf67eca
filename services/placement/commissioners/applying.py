"""An application for the register: whether it may be made, and the making; the same one by one and from a list."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.commissioners.fields import Entry
from services.placement.rules import states
from services.placement.rules.registering import Kind
from services.placement.rules.states import CommissionerState
from services.placement.tables import CommissionerRow, MemberRow, SkillRow
from services.platform.boundary import Call
from services.platform.errors import Denied, Exists, Invalid, NotFound, Violation
from services.platform.policy import Scope
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.reference.clock import day_of


def admit(session: Session, call: Call, vault: Vault, entry: Entry, number: str = "") -> None:
    """Raises Denied, NotFound, Invalid or Exists unless the caller may make it.

    `number` is that of the row it changes, if there is one.
    """
    may(call, entry)
    teammates(session, call, entry)
    known = present(session, vault, entry)
    if known is not None and known.id != number:
        raise Exists("COMMISSIONER_EXISTS", commissioner=f"commissioners/{known.id}")


def next_number(tx: Tx) -> str:
    """The number of the next application; nobody else gets one until the transaction ends."""
    return queries.next_number(tx, f"commissioners/{day_of(tx.now):%Y%m}")


def apply(tx: Tx, call: Call, vault: Vault, admitted: Sequence[tuple[str, Entry]]) -> list[CommissionerRow]:
    """The rows of applications that were admitted, each under its number."""
    rows = [
        CommissionerRow(
            id=number,
            state=CommissionerState.APPLIED,
            unavailable_weekdays=[],
            create_time=tx.now,
            update_time=tx.now,
            **entry.columns(vault, number),
        )
        for number, entry in admitted
    ]
    tx.session.add_all(rows)
    tx.session.flush()
    _insert_parts(tx, admitted)
    for row in rows:
        detail = {"kind": row.kind, "division": row.division}
        tx.record(call, f"commissioners/{row.id}", event="commissioner.applied", detail=detail)
    return rows


def may(call: Call, entry: Entry) -> None:
    """Raises Denied unless the caller may do this to a commissioner of these divisions and this unit."""
    places = tuple(code for code in (entry.values["division"], entry.values["partner_division"]) if code)
    if not call.may(call.action, Scope(places, (entry.values["home_unit_credit_code"],))):
        raise Denied(call.action)


def teammates(session: Session, call: Call, entry: Entry) -> None:
    """Raises NotFound for one of a team whom the caller may not see, Invalid for one who is no individual."""
    leader = entry.values["leader_id"]
    named = [("leader", leader)] if leader else []
    for field, number in [*named, *((f"members[{place}]", each) for place, each in enumerate(entry.members))]:
        row = session.get(CommissionerRow, number)
        if row is None or not call.may("placement.commissioner.read", queries.scope_of(row)):
            raise NotFound(f"commissioners/{number}")
        if row.kind != Kind.INDIVIDUAL:
            raise Invalid(Violation(f"commissioner.{field}", "FIELD_INDIVIDUAL"))


def present(session: Session, vault: Vault, entry: Entry) -> CommissionerRow | None:
    """The row of the same person, on the register or on the way to it."""
    if not entry.number:
        return None
    known: CommissionerRow | None = session.scalars(
        select(CommissionerRow).where(
            CommissionerRow.resident_id_index == vault.index("resident_id", entry.number),
            CommissionerRow.state.in_(states.LIVE),
        )
    ).first()
    return known


def group_present(session: Session, entry: Entry) -> CommissionerRow | None:
    """The row of the team, or unit as a whole, that has this name in this home unit."""
    known: CommissionerRow | None = session.scalars(
        select(CommissionerRow)
        .where(
            CommissionerRow.full_name == entry.full_name,
            CommissionerRow.kind == entry.values["kind"],
            CommissionerRow.home_unit_credit_code == entry.values["home_unit_credit_code"],
            CommissionerRow.state.in_(states.LIVE),
        )
        .order_by(CommissionerRow.id)
    ).first()
    return known


def write_parts(tx: Tx, number: str, entry: Entry) -> None:
    """Disciplines and members in place of those there were."""
    tx.session.execute(delete(SkillRow).where(SkillRow.commissioner_id == number))
    tx.session.execute(delete(MemberRow).where(MemberRow.team_id == number))
    _insert_parts(tx, [(number, entry)])


def _insert_parts(tx: Tx, entries: Sequence[tuple[str, Entry]]) -> None:
    skills = [
        {"commissioner_id": number, "code": code, "level": level}
        for number, entry in entries
        for code, level in entry.skills
    ]
    members = [{"team_id": number, "commissioner_id": member} for number, entry in entries for member in entry.members]
    for table, rows in ((SkillRow, skills), (MemberRow, members)):
        if rows:
            tx.session.execute(insert(table), rows)
