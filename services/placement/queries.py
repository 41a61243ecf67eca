"""Selects longer than a line, and the rows that handlers load to change."""

from __future__ import annotations

from typing import TypeVar, cast

from sqlalchemy import ColumnElement, Table, false, or_
from sqlalchemy.orm import Session

from services.placement.tables import CommissionerRow, NumberRow, RequestRow
from services.platform import numbers
from services.platform.boundary import Call
from services.platform.errors import NotFound
from services.platform.policy import Scope
from services.platform.requests import check_etag
from services.platform.transaction import Tx
from services.reference.divisions import scope_range

Parted = TypeVar("Parted", CommissionerRow, RequestRow)


def next_number(tx: Tx, series: str) -> str:
    """The next number of a monthly series: `202611` and five digits, `20261100001`."""
    return next_numbers(tx, series, 1)[0]


def next_numbers(tx: Tx, series: str, count: int) -> list[str]:
    """The next `count` numbers of a monthly series, in order."""
    last, month = numbers.next_in(tx, cast(Table, NumberRow.__table__), series, count), series.rpartition("/")[2]
    return [f"{month}{number:05}" for number in range(last - count + 1, last + 1)]


def scope_of(row: CommissionerRow | RequestRow) -> Scope:
    """Who has a part in a commissioner or a request: both divisions, and the unit that sends or is served."""
    divisions = tuple(code for code in (row.division, row.partner_division) if code)
    unit = row.home_unit_credit_code if isinstance(row, CommissionerRow) else row.host_credit_code
    return Scope(divisions, (unit,))


def within_reach(call: Call, table: type[CommissionerRow] | type[RequestRow]) -> ColumnElement[bool]:
    """The rows of a list that its caller may see."""
    reach = call.reach()
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        terms += [table.division.between(low, high), table.partner_division.between(low, high)]
    if reach.unit is not None:
        unit = CommissionerRow.home_unit_credit_code if table is CommissionerRow else RequestRow.host_credit_code
        terms.append(unit == reach.unit)
    return or_(*terms) if terms else false()


def visible(session: Session, call: Call, table: type[Parted], name: str, *, lock: bool = False) -> Parted:
    """The row with this resource name, locked if it will be changed. NotFound, or Denied, as policy says."""
    row = session.get(table, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    call.require(scope_of(row), name)
    return row


def for_change(tx: Tx, call: Call, table: type[Parted], name: str, etag: str) -> Parted:
    """Like `visible`, locked, and Stale if the caller has seen another version."""
    row = visible(tx.session, call, table, name, lock=True)
    check_etag(etag, name, row.version)
    return row
