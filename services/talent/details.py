"""What a case's readers see beside its matters: read by statements that are compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from services.platform.prepared import Prepared, any_of
from services.talent.rules.lights import Turns
from services.talent.rules.states import CaseState
from services.talent.tables import CaseRelationRow, CaseRow, FamilyMemberRow, StepRow, TalentRow


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case and its talent; the fields are columns of their rows."""

    id: str
    state: str
    origin: str
    destination: str
    custody: str
    catalogue_id: str
    talent_id: str
    phone_sealed: bytes
    employer_credit_code: str
    employer_name: str
    brought_by: str
    levels: list[str]
    owner: str
    result: str
    reason: str
    merged_into: str
    open_time: datetime
    close_time: datetime | None
    create_time: datetime
    update_time: datetime
    version: int
    resident_id_sealed: bytes
    full_name: str

    def __repr__(self) -> str:
        return f"CaseDetail({self.id})"


def _column(name: str) -> Any:
    return getattr(TalentRow if name in ("resident_id_sealed", "full_name") else CaseRow, name)


def selected() -> Select[Any]:
    """Cases with their talents, in the order of the fields of a CaseDetail."""
    columns = [_column(each.name) for each in fields_of(CaseDetail)]
    return select(*columns).join(TalentRow, TalentRow.id == CaseRow.talent_id)


_DETAIL = Prepared(selected().where(CaseRow.id == bindparam("of")))
_FAMILY = Prepared(
    select(FamilyMemberRow.number, FamilyMemberRow.kind, FamilyMemberRow.name_sealed)
    .where(FamilyMemberRow.case_id == bindparam("of"))
    .order_by(FamilyMemberRow.number)
)
_RELATIONS = Prepared(
    select(CaseRelationRow.other_id, CaseRelationRow.kind)
    .where(CaseRelationRow.case_id == bindparam("of"))
    .order_by(CaseRelationRow.other_id)
)
_OTHERS = Prepared(
    select(CaseRow.id, CaseRow.division, CaseRow.partner_division)
    .where(CaseRow.talent_id == bindparam("talent"), CaseRow.id != bindparam("of"), CaseRow.state == CaseState.OPEN)
    .order_by(CaseRow.id)
    .limit(10)
)
_step = StepRow.__table__.c
_TURNS = Prepared(
    select(_step.case_id, func.min(_step.yellow), func.min(_step.red))
    .where(any_of(_step.case_id, "ids"), _step.alarm.is_not(None))
    .group_by(_step.case_id)
)


def read(connection: Connection, number: str) -> CaseDetail:
    """The case with this number, which must be there."""
    [row] = _DETAIL.rows(connection, {"of": number})
    return CaseDetail(*row)


def family(connection: Connection, number: str) -> list[tuple[int, str, bytes | None]]:
    """Number, kind and sealed name of every member of the family."""
    return [(row[0], row[1], row[2]) for row in _FAMILY.rows(connection, {"of": number})]


def relations(connection: Connection, number: str) -> list[tuple[str, str]]:
    """The other cases it has to do with, and how."""
    return [(row[0], row[1]) for row in _RELATIONS.rows(connection, {"of": number})]


def others_of(connection: Connection, detail: CaseDetail) -> list[tuple[str, tuple[str, ...]]]:
    """Other open cases of the same talent, with the divisions that may see each."""
    rows = _OTHERS.rows(connection, {"talent": detail.talent_id, "of": detail.id})
    return [(row[0], tuple(code for code in row[1:] if code)) for row in rows]


def turns(connection: Connection, ids: list[str]) -> dict[str, Turns]:
    """When the first of the steps that are on a desk turns yellow, and red, of each case that has any."""
    return {row[0]: Turns(row[1], row[2]) for row in _TURNS.rows(connection, {"ids": ids})} if ids else {}
