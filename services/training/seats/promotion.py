"""Free seats go to the waitlist (递补): at once, or as offers that expire, in the transaction that frees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training import queries
from services.training.rules import waitlist
from services.training.rules.facts import NO_FUND
from services.training.rules.states import ClassState, EnrolmentState, Seat, free, unfilled
from services.training.seats import eligible_still, known, ledger, limits
from services.training.seats.known import ClassFacts
from services.training.tables import ClassRow, EnrolmentRow

ORDER: tuple[ColumnElement[object], ...] = (
    EnrolmentRow.__table__.c.priority,
    EnrolmentRow.__table__.c.waits_since,
    EnrolmentRow.__table__.c.tie,
    EnrolmentRow.__table__.c.place,
)
LAPSED = "递补通知逾期未答复 · the offer was not answered in time"
ROOM = "名额恢复后递补 · a limit has room again"
LEAVES = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.WAITLISTED)
LOOKED_AT = 500  # of those who wait, beyond the seats there are: more than that many too large parties stand still


class Terms(NamedTuple):
    """How a division gives out freed seats."""

    offer: timedelta | None  # how long an offer stands; None fills seats at once
    pass_over: bool  # a party that does not fit lets others by


def terms(pack: Pack, held: ClassFacts, now: datetime) -> Terms:
    """By the parameters in force today; at once, and nobody passes, where there are none."""
    today = day_of(now)
    offer = pack.find("waitlist.offer_hours", held.division, today)
    hours = None if offer is None else offer.integer()
    passing = pack.find("waitlist.pass_over_party", held.division, today)
    return Terms(None if hours is None else timedelta(hours=hours), bool(passing and passing.flag()))


def promote(tx: Tx, call: Call, pack: Pack, class_id: str, *, reason: str) -> list[EnrolmentRow]:
    """Gives the free seats of a class, whose row is locked, to those who wait; returns who got or was offered one.

    Nothing while the institution is suspended, and no more than the limits beside the class have left.
    """
    tx.session.flush()
    [held] = known.classes(tx.connection, [class_id], lock=True)
    count = free(held.capacity, held.enrolled, held.offered)
    if held.state != ClassState.OPEN or held.suspended or min(count, held.waitlisted) == 0:
        return []
    limited = limits.read(tx.connection, [held], lock=True)
    count = limits.seats_left(limited, limits.shares(held), count)
    if count == 0:
        return []
    given = terms(pack, held, tx.now)
    waiting = tx.session.scalars(
        select(EnrolmentRow)
        .where(EnrolmentRow.class_id == class_id, EnrolmentRow.state == EnrolmentState.WAITLISTED)
        .order_by(*ORDER)
        .limit(count + LOOKED_AT)
        .with_for_update()
    ).all()
    promoted = _served(tx, call, pack, held, waiting, count, pass_over=given.pass_over)
    if not promoted:
        return []
    for row in promoted:
        row.state = EnrolmentState.ENROLLED if given.offer is None else EnrolmentState.OFFERED
        row.offer_expire_time = None if given.offer is None else tx.now + given.offer
        row.subsidy_fen = held.subsidy_fen
        detail = {"class": f"classes/{class_id}", "state": row.state, "place": row.place}
        tx.record(
            call,
            f"enrolments/{row.id}",
            action="training.enrolment.promote",
            event="enrolment.promoted" if given.offer is None else "enrolment.offered",
            reason=reason,
            detail=detail,
        )
    tx.session.flush()
    count = len(promoted)
    limits.move(tx, held, count, limited)
    if given.offer is None:
        queries.count_people(tx, class_id, enrolled=count, waitlisted=-count)
        ledger.move(tx, held.order_id, class_id, Seat.COMMITTED, Seat.ENROLLED, count, "")
    else:
        queries.count_people(tx, class_id, offered=count, waitlisted=-count)
    return promoted


def _served(
    tx: Tx, call: Call, pack: Pack, held: ClassFacts, waiting: Sequence[EnrolmentRow], count: int, *, pass_over: bool
) -> list[EnrolmentRow]:
    """Who of those waiting gets the `count` seats that are free.

    Of a class with public money each is asked again: whoever has meanwhile been trained elsewhere as often as the law
    allows leaves the waitlist with the rule as the reason, and the next is served.
    """
    by_id = {row.id: row for row in waiting}
    asked: set[str] = set()
    while True:
        units = waitlist.units((row.id, row.party) for row in by_id.values())
        served = waitlist.served(units, count, pass_over=pass_over)
        promoted = [by_id[member] for unit in served for member in unit.members]
        fresh = [row for row in promoted if row.id not in asked] if held.fund != NO_FUND else []
        if not fresh:
            return promoted
        asked.update(row.id for row in fresh)
        for row, codes in eligible_still.refused(tx, pack, held, fresh):
            del by_id[row.id]
            leave(tx, held, row, codes)
            tx.record(
                call,
                f"enrolments/{row.id}",
                action="training.enrolment.promote",
                event="enrolment.withdrawn",
                reason=codes,
                detail={"class": f"classes/{held.id}", "from": EnrolmentState.WAITLISTED},
            )


def accept(tx: Tx, held: ClassFacts, row: EnrolmentRow) -> None:
    """Offered -> enrolled: the seat is there, the offer kept it."""
    row.state, row.offer_expire_time = EnrolmentState.ENROLLED, None
    tx.session.flush()
    queries.count_people(tx, held.id, enrolled=1, offered=-1)
    ledger.move(tx, held.order_id, held.id, Seat.COMMITTED, Seat.ENROLLED, 1, "")


def leave(tx: Tx, held: ClassFacts, row: EnrolmentRow, reason: str) -> None:
    """Takes somebody who waits, is offered a seat or has one out of a class, whose row is locked.

    What the seat took of the limits is given back. While the class is open the seat stays with it unless the class is
    above its capacity; once it is closed the seat is lost to the order.
    """
    before = row.state
    row.reason, row.offer_expire_time = reason, None
    lost = before == EnrolmentState.ENROLLED and held.state != ClassState.OPEN
    row.state = EnrolmentState.LOST if lost else EnrolmentState.WITHDRAWN
    tx.session.flush()
    if before == EnrolmentState.WAITLISTED:
        queries.count_people(tx, held.id, waitlisted=-1)
        return
    enrolled = held.enrolled - (before == EnrolmentState.ENROLLED)
    offered = held.offered - (before == EnrolmentState.OFFERED)
    queries.count_people(tx, held.id, enrolled=enrolled - held.enrolled, offered=offered - held.offered)
    limits.move(tx, held, -1)
    kept = unfilled(held.capacity, enrolled, offered) - unfilled(held.capacity, held.enrolled, held.offered)
    if lost:
        ledger.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.LOST, 1, reason)
    elif before == EnrolmentState.ENROLLED:
        ledger.move(tx, held.order_id, held.id, Seat.ENROLLED, Seat.COMMITTED if kept else Seat.OPEN, 1, reason)
    else:  # an offer above the capacity gives its seat back to the order
        ledger.move(tx, held.order_id, held.id, Seat.COMMITTED, Seat.OPEN, -kept, reason)


def expire(tx: Tx, call: Call, pack: Pack, class_id: str) -> list[EnrolmentRow]:
    """Takes back the offers of a class whose time is past, and gives their seats to the next; returns whose."""
    known.classes(tx.connection, [class_id], lock=True)
    late = tx.session.scalars(
        select(EnrolmentRow)
        .where(
            EnrolmentRow.class_id == class_id,
            EnrolmentRow.state == EnrolmentState.OFFERED,
            EnrolmentRow.offer_expire_time <= tx.now,
        )
        .order_by(EnrolmentRow.id)
        .with_for_update()
    ).all()
    for row in late:
        [held] = known.classes(tx.connection, [class_id], lock=True)
        leave(tx, held, row, LAPSED)
        detail = {"class": f"classes/{class_id}", "from": EnrolmentState.OFFERED}
        tx.record(
            call,
            f"enrolments/{row.id}",
            action="training.waitlist.expire",
            event="enrolment.withdrawn",
            reason=LAPSED,
            detail=detail,
        )
    if late:
        promote(tx, call, pack, class_id, reason=LAPSED)
    return list(late)


def expire_all(database: Database, pack: Pack) -> int:
    """Takes back every offer whose time is past, a class at a time; of several replicas one does each. How many."""
    with database.reading() as session:
        late = session.execute(
            select(ClassRow.id, ClassRow.division)
            .join(EnrolmentRow, EnrolmentRow.class_id == ClassRow.id)
            .where(EnrolmentRow.state == EnrolmentState.OFFERED, EnrolmentRow.offer_expire_time <= database.clock())
            .distinct()
            .order_by(ClassRow.id)
        ).all()
    count = 0
    for class_id, division in late:
        call = Call.by_system("training", "training.waitlist.expire", division)
        work = partial(expire, call=call, pack=pack, class_id=class_id)
        count += len(database.write_again(call, work, key=f"classes/{class_id}"))
    return count


def fill_all(database: Database, pack: Pack) -> int:
    """Gives seats that stayed free beside a waitlist, a class at a time; of several replicas one gives each. How many.

    A limit that one class gives back to may have kept the seats of another, and whoever gives back has locked only
    the one.
    """
    with database.reading() as session:
        short = session.execute(
            select(ClassRow.id, ClassRow.division)
            .where(
                ClassRow.state == ClassState.OPEN,
                ~ClassRow.suspended,
                ClassRow.waitlisted > 0,
                ClassRow.enrolled + ClassRow.offered < ClassRow.capacity,
            )
            .order_by(ClassRow.id)
        ).all()
    count = 0
    for class_id, division in short:
        call = Call.by_system("training", "training.enrolment.promote", division)
        work = partial(promote, call=call, pack=pack, class_id=class_id, reason=ROOM)
        count += len(database.write_again(call, work, key=f"classes/{class_id}"))
    return count
