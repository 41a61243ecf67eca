"""Selects longer than a line, and the rows that handlers load to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from sqlalchemy import ColumnElement, Row, Select, Table, false, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from services.platform import numbers
from services.platform.boundary import Call
from services.platform.errors import NotFound, Refused
from services.platform.pages import Page
from services.platform.policy import Scope
from services.platform.requests import check_etag
from services.platform.transaction import Tx
from services.reference.divisions import scope_range
from services.training.rules.states import EnrolmentState, InstitutionState, Seat
from services.training.tables import (
    ClassRow,
    EnrolmentRow,
    InstitutionRow,
    NumberRow,
    OrderRow,
    SeatMovementRow,
    TraineeRow,
)

Parted = TypeVar("Parted", OrderRow, ClassRow)


def scope_of(row: OrderRow | ClassRow) -> Scope:
    """Who has a part in an order or a class: both divisions, the enterprise and the institution."""
    divisions = tuple(code for code in (row.division, row.partner_division) if code)
    units = tuple(code for code in (row.enterprise_credit_code, row.institution_credit_code) if code)
    return Scope(divisions, units)


def within_reach(call: Call, table: type[OrderRow] | type[ClassRow], action: str = "") -> ColumnElement[bool]:
    """The rows of a list that its caller may see; of what `action` reads, if that is not this RPC."""
    reach = call.reach(action)
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        terms += [table.division.between(low, high), table.partner_division.between(low, high)]
    if reach.unit is not None:
        terms += [table.enterprise_credit_code == reach.unit, table.institution_credit_code == reach.unit]
    return or_(*terms) if terms else false()


def visible(session: Session, call: Call, table: type[Parted], name: str, *, lock: bool = False) -> Parted:
    """The order or class with this resource name, locked if it will be changed. NotFound, or Denied, as policy says."""
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


def enrolment_with_class(
    session: Session, call: Call, name: str, *, lock: bool = False
) -> tuple[EnrolmentRow, ClassRow]:
    """An enrolment and its class. The class is locked before the enrolment, as everywhere, so that nobody deadlocks."""
    row = session.get(EnrolmentRow, name.partition("/")[2])
    if row is None:
        raise NotFound(name)
    held = session.get_one(ClassRow, row.class_id, with_for_update=lock or None, populate_existing=lock)
    call.require(scope_of(held), name)
    if lock:
        session.refresh(row, with_for_update=True)
    return row, held


def next_number(tx: Tx, series: str) -> str:
    """The next number of a monthly series: `202611` and five digits, `20261100001`."""
    return f"{series.rpartition('/')[2]}{next_in(tx, series):05}"


def next_in(tx: Tx, series: str) -> int:
    """The next number of a series, from 1; the series stays locked until the transaction ends."""
    return numbers.next_in(tx, cast(Table, NumberRow.__table__), series)


def count_people(
    tx: Tx, class_id: str, *, enrolled: int = 0, offered: int = 0, waitlisted: int = 0, hired: int = 0
) -> None:
    """Moves the counters of a class, whose row the caller has locked, without making its etag stale."""
    table = ClassRow.__table__.c
    tx.connection.execute(
        update(ClassRow)
        .where(table.id == class_id)
        .values(
            enrolled=table.enrolled + enrolled,
            offered=table.offered + offered,
            waitlisted=table.waitlisted + waitlisted,
            hired=table.hired + hired,
        )
    )


def waiting_before(session: Session, row: EnrolmentRow) -> int:
    """How many wait in the same class and will be served before somebody who waits."""
    return sum(waiting_ahead(session, row))


def waiting_ahead(session: Session, row: EnrolmentRow) -> tuple[int, int, int]:
    """Who is served before somebody who waits: for their priority group, for having waited longer, and by lottery."""
    same = EnrolmentRow.priority == row.priority
    drawn = same & (EnrolmentRow.waits_since == row.waits_since)
    luck = tuple_(EnrolmentRow.tie, EnrolmentRow.place) < tuple_(literal(row.tie), literal(row.place))
    waiting = (EnrolmentRow.class_id == row.class_id) & (EnrolmentRow.state == EnrolmentState.WAITLISTED)
    first, longer, lottery = (
        session.execute(select(func.count()).select_from(EnrolmentRow).where(waiting, term)).scalar_one()
        for term in (
            EnrolmentRow.priority < row.priority,
            same & (EnrolmentRow.waits_since < row.waits_since),
            drawn & luck,
        )
    )
    return first, longer, lottery


def people_of(tx: Tx, class_id: str, wanted: Sequence[EnrolmentState]) -> list[EnrolmentRow]:
    """The enrolments of a class in these states, locked in order of place."""
    return list(
        tx.session.scalars(
            select(EnrolmentRow)
            .where(EnrolmentRow.class_id == class_id, EnrolmentRow.state.in_(wanted))
            .order_by(EnrolmentRow.place)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def losses(session: Session, order_id: str) -> list[tuple[str, int]]:
    """Seats of an order that were lost, by reason, most first."""
    total = func.sum(SeatMovementRow.seats)
    rows = session.execute(
        select(SeatMovementRow.reason, total)
        .where(SeatMovementRow.order_id == order_id, SeatMovementRow.target == Seat.LOST)
        .group_by(SeatMovementRow.reason)
        .order_by(total.desc(), SeatMovementRow.reason)
    )
    return [(reason, int(count)) for reason, count in rows]


def classes_of(session: Session, order_id: str) -> list[str]:
    """The ids of an order's classes, in order."""
    return list(session.scalars(select(ClassRow.id).where(ClassRow.order_id == order_id).order_by(ClassRow.id)))


def in_classes(
    session: Session, wanted: Select[EnrolmentRow, TraineeRow], classes: Sequence[str], page: Page
) -> list[Row[EnrolmentRow, TraineeRow]]:
    """A page, and one more, of the enrolments in these classes: class by class, each read off its index by place."""
    first, place = page.after or ("", 0)
    rows: list[Row[EnrolmentRow, TraineeRow]] = []
    for class_id in classes:
        if class_id < first:
            continue
        here = wanted.where(EnrolmentRow.class_id == class_id)
        if class_id == first:
            here = here.where(EnrolmentRow.place > place)
        rows += session.execute(here.limit(page.size + 1 - len(rows)))
        if len(rows) > page.size:
            break
    return rows


def active_institution(session: Session, credit_code: str, *, keep: bool = False) -> InstitutionRow:
    """The institution with this credit code; with `keep` nobody suspends it before we commit.

    Institutions are locked after classes and before people. Raises Refused INSTITUTION_UNKNOWN, INSTITUTION_SUSPENDED.
    """
    name = f"institutions/{credit_code}"
    shared = {"read": True} if keep else None
    row = session.get(InstitutionRow, credit_code, with_for_update=shared, populate_existing=keep)
    if row is None:
        raise Refused("INSTITUTION_UNKNOWN", institution=name)
    if row.state != InstitutionState.ACTIVE:
        raise Refused("INSTITUTION_SUSPENDED", institution=name)
    return row
