"""What a case's readers see beside its matters: read by statements that are compiled once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, bindparam, cast, func, literal_column, null, select, union_all
from sqlalchemy.orm import aliased

from services.platform.prepared import Prepared, Row, any_of, together
from services.talent import casefiles
from services.talent.casefiles import CaseFile
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
    division: str
    partner_division: str
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
    events: int
    version: int
    resident_id_sealed: bytes
    full_name: str

    def __repr__(self) -> str:
        return f"CaseDetail({self.id})"


WIDTH = len(fields_of(CaseDetail))  # columns of what is selected
# what a CaseFile has of it
_own = attrgetter(*casefiles.OWN)


def _column(name: str) -> Any:
    return getattr(TalentRow if name in ("resident_id_sealed", "full_name") else CaseRow, name)


def _hanging(what: str, number: Any, kind: Any, other: Any = None, division: Any = None, sealed: Any = None) -> Any:
    """Columns of something that hangs on a case; what a kind of it does not have is empty."""
    empty: Any = literal_column("''")
    nothing = cast(null(), LargeBinary) if sealed is None else sealed
    return select(
        literal_column(f"'{what}'").label("what"),
        number.label("number"),
        kind.label("kind"),
        (empty if other is None else other).label("other"),
        (empty if division is None else division).label("division"),
        nothing.label("sealed"),
    )


def selected() -> Select[Any]:
    """Cases with their talents, in the order of the fields of a CaseDetail."""
    columns = [_column(each.name) for each in fields_of(CaseDetail)]
    return select(*columns).join(TalentRow, TalentRow.id == CaseRow.talent_id)


_DETAIL = Prepared(selected().where(CaseRow.id == bindparam("of")))
_step = StepRow.__table__.c
_TURNS = Prepared(
    select(_step.case_id, func.min(_step.yellow), func.min(_step.red))
    .where(any_of(_step.case_id, "ids"), _step.alarm.is_not(None))
    .group_by(_step.case_id)
)
_case = aliased(CaseRow)
_talent = select(_case.talent_id).where(_case.id == bindparam("of")).scalar_subquery()
# what hangs on a case, in one round trip: what it is, and its values, of which each kind has its own
_HANGING = Prepared(
    union_all(
        _hanging(
            "member", FamilyMemberRow.number, FamilyMemberRow.kind, sealed=FamilyMemberRow.name_sealed
        ).where(FamilyMemberRow.case_id == bindparam("of")),
        _hanging("relation", literal_column("0"), CaseRelationRow.kind, CaseRelationRow.other_id).where(
            CaseRelationRow.case_id == bindparam("of")
        ),
        select(
            _hanging("other", literal_column("0"), CaseRow.partner_division, CaseRow.id, CaseRow.division)
            .where(CaseRow.talent_id == _talent, CaseRow.id != bindparam("of"), CaseRow.state == CaseState.OPEN)
            .order_by(CaseRow.id)
            .limit(10)
            .subquery()
        ),
    )
)  # fmt: skip


@dataclass(slots=True)
class Hanging:
    """What hangs on a case."""

    family: list[tuple[int, str, bytes | None]] = field(default_factory=list)  # number, kind, sealed name
    relations: list[tuple[str, str]] = field(default_factory=list)  # the other case, and how
    others: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # open cases, and who sees them


@dataclass(frozen=True, slots=True)
class Whole:
    """A case with everything its readers see."""

    detail: CaseDetail
    file: CaseFile
    hanging: Hanging


def whole(connection: Connection, number: str) -> Whole | None:
    """The case with this number, with its matters and steps."""
    of = {"of": number}
    cases, matters, steps, others = together(connection, (_DETAIL, of), *casefiles.parts_of(number), (_HANGING, of))
    if not cases:
        return None
    detail = CaseDetail(*cases[0])
    file = CaseFile(*_own(detail))
    casefiles.gather([file], matters, steps)
    return Whole(detail, file, _hang(others))


def beside(connection: Connection, file: CaseFile) -> Whole:
    """A case whose matters and steps are read already, and perhaps changed."""
    of = {"of": file.id}
    [row], others = together(connection, (_DETAIL, of), (_HANGING, of))
    return Whole(CaseDetail(*row), file, _hang(others))


def _hang(rows: Iterable[Row]) -> Hanging:
    """The family, other cases it has to do with, and other open cases of the same talent."""
    found = Hanging()
    for what, number, kind, other, division, sealed in rows:
        if what == "member":
            found.family.append((number, kind, sealed))
        elif what == "relation":
            found.relations.append((other, kind))
        else:
            found.others.append((other, tuple(code for code in (division, kind) if code)))
    found.family.sort()
    found.relations.sort()
    found.others.sort()
    return found


def turns(connection: Connection, ids: list[str]) -> dict[str, Turns]:
    """When the first of the steps that are on a desk turns yellow, and red, of each case that has any."""
    return {row[0]: Turns(row[1], row[2]) for row in _TURNS.rows(connection, {"ids": ids})} if ids else {}
