"""Selects longer than a line, and who has a part in what."""

from __future__ import annotations

import re
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, exists, false, or_
from sqlalchemy.orm import Session

from services.platform import numbers
from services.platform.boundary import Call
from services.platform.errors import NotFound
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.platform.ways import Unindexed
from services.reference.divisions import scope_range
from services.talent import casefiles
from services.talent.casefiles import CaseFile, StepFile
from services.talent.rules.states import Side
from services.talent.tables import CaseRow, NumberRow, StepRow

_KEY = r"[a-z][a-z0-9_]{0,31}"
_MATTER_KEY = _KEY + r"(-[1-9][0-9]?)?"
_CASE_NAME = re.compile(r"cases/(LT[0-9]{26})")
_CHILD_NAME = re.compile(r"cases/(LT[0-9]{26})/children/([1-9][0-9]?)")
_HANDOVER_NAME = re.compile(r"cases/(LT[0-9]{26})/handovers/([1-9][0-9]{0,5})")
_MATTER_NAME = re.compile(rf"cases/(LT[0-9]{{26}})/matters/({_MATTER_KEY})")
_STEP_NAME = re.compile(rf"cases/(LT[0-9]{{26}})/matters/({_MATTER_KEY})/steps/({_KEY})")


def read_case(reading: Reading, field: str, name: str) -> str:
    """The number in the resource name of a case, "" with a violation noted."""
    found = _read(reading, field, name, _CASE_NAME, "FIELD_CASE_NAME")
    return found[1] if found else ""


def read_matter(reading: Reading, field: str, name: str) -> tuple[str, str]:
    """The case and the key in the resource name of a matter."""
    found = _read(reading, field, name, _MATTER_NAME, "FIELD_MATTER_NAME")
    return (found[1], found[2]) if found else ("", "")


def read_step(reading: Reading, field: str, name: str) -> tuple[str, str, str]:
    """The case, the key of the matter and the key of the step in the resource name of a step."""
    found = _read(reading, field, name, _STEP_NAME, "FIELD_STEP_NAME")
    return (found[1], found[2], found[4]) if found else ("", "", "")


def read_handover(reading: Reading, field: str, name: str) -> tuple[str, int]:
    """The case and the number in the resource name of a hand-over."""
    found = _read(reading, field, name, _HANDOVER_NAME, "FIELD_HANDOVER_NAME")
    return (found[1], int(found[2])) if found else ("", 0)


def read_child(reading: Reading, field: str, name: str) -> tuple[str, int]:
    """The case and the number among the family in the resource name of a child."""
    found = _read(reading, field, name, _CHILD_NAME, "FIELD_CHILD_NAME_OF")
    return (found[1], int(found[2])) if found else ("", 0)


def _read(reading: Reading, field: str, name: str, shape: re.Pattern[str], rule: str) -> re.Match[str] | None:
    found = shape.fullmatch(name)
    if not name:
        reading.wrong(field, "FIELD_REQUIRED")
    elif found is None:
        reading.wrong(field, rule)
    return found


def let_in(file: CaseFile | CaseRow) -> tuple[str, ...]:
    """The divisions that may see a case: the one that holds it, and the other one once it was let in."""
    return tuple(code for code in (file.division, file.partner_division) if code)


def scope_of(file: CaseFile | CaseRow) -> Scope:
    """Who has a part in a case as a whole: the sides that were let in."""
    return Scope(let_in(file))


def scope_of_reader(file: CaseFile) -> Scope:
    """Who may read a case: its sides, and the bureaus that have a step of it."""
    sides = let_in(file)
    units = sorted({step.unit for step in file.steps if step.unit and step.division in sides})
    return Scope(sides, tuple(units))


def scope_of_step(file: CaseFile, step: StepFile) -> Scope:
    """Who may work on a step: whoever holds the case, the side that does the step if it was let in, and its bureau."""
    sides = let_in(file)
    if step.side == Side.BOTH:
        return Scope(sides, (step.unit,) if step.unit else ())
    own = tuple(dict.fromkeys([file.division, *(code for code in sides if code == step.division)]))
    return Scope(own, (step.unit,) if step.unit and step.division in sides else ())


def scope_of_matter(file: CaseFile, matter: str) -> Scope:
    """Who may read the documents of a matter: the sides that were let in, and the bureaus that have a step of it."""
    sides = let_in(file)
    return Scope(sides, tuple(sorted({each.unit for each in file.steps_of(matter) if each.division in sides} - {""})))


def scope_of_ledger(file: CaseFile, step: StepFile) -> Scope:
    """Who may read the ledger of a step: the sides that were let in, and its bureau."""
    sides = let_in(file)
    return Scope(sides, (step.unit,) if step.unit and step.division in sides else ())


def within_reach(call: Call, action: str = "") -> ColumnElement[bool]:
    """The cases of a list that its caller may see; those they may do another `action` to, if it is given."""
    parts = parts_of_reach(call, action)
    return or_(*parts) if parts else false()


def parts_of_reach(call: Call, action: str = "") -> list[ColumnElement[bool]]:
    """The parts of what a caller may see, each of which one index has in the order of numbers: a list reads them by
    themselves and puts them together, where the database would sort all there is.
    """
    reach = call.reach(action)
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        if low == high:
            terms += [CaseRow.division == low, CaseRow.partner_division == low]
        else:
            terms.append(or_(CaseRow.division.between(low, high), CaseRow.partner_division.between(low, high)))
    if reach.unit is not None:
        terms.append(_of_unit(reach.unit))
    return terms


def _of_unit(unit: str) -> ColumnElement[bool]:
    """The cases that a bureau has a step of, on a side that was let in."""
    seen = or_(StepRow.division == CaseRow.division, StepRow.division == CaseRow.partner_division)
    return exists().where(StepRow.unit == unit, StepRow.case_id == CaseRow.id, seen)


def filtered_by_reach(call: Call) -> ColumnElement[bool]:
    """The cases within reach among those that are found by something else, such as a name or the time of opening."""
    reach = call.reach()
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        sides = (Unindexed(CaseRow.division), Unindexed(CaseRow.partner_division))
        terms += [side == low if low == high else side.between(low, high) for side in sides]
    if reach.unit is not None:
        terms.append(_of_unit(reach.unit))
    return or_(*terms) if terms else false()


def steps_within_reach(call: Call, unit: ColumnElement[str] | Any = StepRow.unit) -> ColumnElement[bool]:
    """The steps of a list that its caller may see, joined with their cases; a bureau sees those of `unit`, its own."""
    reach = call.reach()
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        terms += [CaseRow.division.between(low, high), CaseRow.partner_division.between(low, high)]
    if reach.unit is not None:
        let_in = or_(StepRow.division == CaseRow.division, StepRow.division == CaseRow.partner_division)
        terms.append(and_(unit == reach.unit, let_in))
    return or_(*terms) if terms else false()


def visible(session: Session, call: Call, number: str) -> CaseFile:
    """The case with this number. NotFound, or Denied, as policy says."""
    file = casefiles.read(session.connection(), [number]).get(number)
    if file is None:
        raise NotFound(f"cases/{number}")
    call.require(scope_of_reader(file), file.name)
    return file


def for_change(tx: Tx, call: Call, number: str, etag: str) -> CaseFile:
    """A case, locked; Stale if the caller has seen another version."""
    file = casefiles.read(tx.connection, [number], lock=True).get(number)
    if file is None:
        raise NotFound(f"cases/{number}")
    call.require(scope_of(file), file.name)
    check_etag(etag, file.name, file.version)
    return file


def next_in(tx: Tx, series: str) -> int:
    """The next number of a series, from 1; the series stays locked until the transaction ends."""
    return numbers.next_in(tx, cast(Table, NumberRow.__table__), series)


def next_number(tx: Tx, series: str) -> str:
    """The next number of a monthly series: `202611` and five digits, `20261100001`."""
    return f"{series.rpartition('/')[2]}{next_in(tx, series):05}"
