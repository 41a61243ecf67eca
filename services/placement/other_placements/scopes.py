"""Who has a part in a placement, on which side; the rows of it that a caller may see or change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import Session

from services.placement.rules.placed import Kind
from services.placement.tables import PlacementRow
from services.platform.boundary import Call
from services.platform.errors import Denied, NotFound
from services.platform.policy import Reach, Scope
from services.platform.requests import check_etag
from services.platform.transaction import Tx
from services.reference.divisions import scope_range

READ, APPROVE = "placement.placement.read", "placement.placement.approve"

Side = Callable[[PlacementRow], Scope]


def whole(row: PlacementRow) -> Scope:
    """Both sides."""
    return Scope((row.division, row.host_division), (row.home_unit_credit_code, row.host_credit_code), row.kind)


def home_side(row: PlacementRow) -> Scope:
    """Who enters it and who decides: the home unit, its division, and the host's division beside it."""
    return Scope((row.division, row.host_division), (row.home_unit_credit_code,), row.kind)


def host_side(row: PlacementRow) -> Scope:
    """Who consents to it."""
    return Scope((row.host_division,), (row.host_credit_code,), row.kind)


def may_enter(call: Call, kind: str, values: dict[str, Any]) -> None:
    """Raises Denied unless the caller may do this to a placement of this home side."""
    divisions = (values["division"], values["host_division"])
    if not call.may(call.action, Scope(divisions, (values["home_unit_credit_code"],), kind)):
        raise Denied(call.action)


def within_reach(call: Call) -> ColumnElement[bool]:
    """The rows of a list that its caller may see: not every kind is for everybody."""
    kinds: dict[Reach, list[Kind]] = defaultdict(list)
    for kind in Kind:
        kinds[call.reach(READ, kind)].append(kind)
    terms: list[ColumnElement[bool]] = []
    for reach, those in kinds.items():
        places: list[ColumnElement[bool]] = []
        if reach.division is not None:
            low, high = scope_range(reach.division)
            places += [PlacementRow.division.between(low, high), PlacementRow.host_division.between(low, high)]
        if reach.unit is not None:
            places += [PlacementRow.home_unit_credit_code == reach.unit, PlacementRow.host_credit_code == reach.unit]
        if places:
            terms.append(and_(PlacementRow.kind.in_(those), or_(*places)))
    return or_(*terms) if terms else false()


def visible(session: Session, call: Call, name: str, side: Side = whole, *, lock: bool = False) -> PlacementRow:
    """The row with this resource name, locked if it will be changed. NotFound, or Denied, as policy says."""
    row = session.get(PlacementRow, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    if not call.may(call.action, side(row)):
        raise Denied(call.action) if call.may(READ, whole(row)) else NotFound(name)
    return row


def for_change(tx: Tx, call: Call, name: str, etag: str, side: Side = home_side) -> PlacementRow:
    """Like `visible`, locked, and Stale if the caller has seen another version."""
    row = visible(tx.session, call, name, side, lock=True)
    check_etag(etag, name, row.version)
    return row
