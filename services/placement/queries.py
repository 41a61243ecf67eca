"""Selects longer than a line, and the rows that handlers load to change."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import ColumnElement, Table, false, or_
from sqlalchemy.orm import Session

from services.placement.tables import (
    AssignmentRow,
    CommissionerRow,
    NumberRow,
    PlanRow,
    RequestRow,
    ServiceAgreementRow,
    TechnologyTransferRow,
    VisitRow,
)
from services.platform import numbers
from services.platform.boundary import Call
from services.platform.errors import Denied, NotFound
from services.platform.policy import Scope
from services.platform.requests import check_etag
from services.platform.transaction import Tx
from services.reference.divisions import scope_range

Served: TypeAlias = AssignmentRow | VisitRow | TechnologyTransferRow
Row: TypeAlias = CommissionerRow | RequestRow | ServiceAgreementRow | Served | PlanRow
Parted = TypeVar(
    "Parted", CommissionerRow, RequestRow, ServiceAgreementRow, AssignmentRow, VisitRow, TechnologyTransferRow, PlanRow
)
# the units that have a part in a row, beside those of its two divisions: the columns of their credit codes
UNITS: dict[type[Any], tuple[str, ...]] = {
    CommissionerRow: ("home_unit_credit_code",),
    RequestRow: ("host_credit_code",),
    ServiceAgreementRow: ("sending_unit_credit_code", "host_credit_code"),
    AssignmentRow: ("home_unit_credit_code", "host_credit_code"),
    VisitRow: ("home_unit_credit_code", "host_credit_code"),
    TechnologyTransferRow: ("home_unit_credit_code", "host_credit_code"),
    PlanRow: (),
}


def next_number(tx: Tx, series: str) -> str:
    """The next number of a monthly series: `202611` and five digits, `20261100001`."""
    return next_numbers(tx, series, 1)[0]


def next_numbers(tx: Tx, series: str, count: int) -> list[str]:
    """The next `count` numbers of a monthly series, in order."""
    last, month = numbers.next_in(tx, cast(Table, NumberRow.__table__), series, count), series.rpartition("/")[2]
    return [f"{month}{number:05}" for number in range(last - count + 1, last + 1)]


def scope_of(row: Row) -> Scope:
    """Who has a part in a row: both divisions, and the units that send or are served."""
    divisions = tuple(code for code in (row.division, row.partner_division) if code)
    return Scope(divisions, tuple(code for column in UNITS[type(row)] if (code := getattr(row, column))))


def within_reach(call: Call, table: type[Row], action: str = "") -> ColumnElement[bool]:
    """The rows of a list that its caller may see; of what `action` reads, if that is not this RPC."""
    reach = call.reach(action)
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        terms += [table.division.between(low, high), table.partner_division.between(low, high)]
    if reach.unit is not None:
        terms += [getattr(table, column) == reach.unit for column in UNITS[table]]
    return or_(*terms) if terms else false()


def visible(session: Session, call: Call, table: type[Parted], name: str, *, lock: bool = False) -> Parted:
    """The row with this resource name, locked if it will be changed. NotFound, or Denied, as policy says."""
    row = session.get(table, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    call.require(scope_of(row), name)
    return row


def for_change(tx: Tx, call: Call, table: type[Parted], name: str, etag: str, *, acting: str = "") -> Parted:
    """Like `visible`, locked, and Stale if the caller has seen another version.

    `acting` is the column of the one unit that does this: Denied for whoever has another part in it.
    """
    row = visible(tx.session, call, table, name, lock=True)
    if acting and not call.may(call.action, Scope((), (getattr(row, acting),))):
        raise Denied(call.action)
    check_etag(etag, name, row.version)
    return row
