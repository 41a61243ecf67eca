"""What happens to a class while it runs (情况变更): moved, split, merged, cancelled. Nobody who has a seat loses it
unless the class is cancelled.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import case, update

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training import messages, queries
from services.training.classes import bookings, clashes
from services.training.classes.cancelling import cancel_class
from services.training.classes.doubles import Both, one_place_each
from services.training.classes.fields import Planned, read_dates, read_sessions, sessions_of, store_sessions
from services.training.classes.steps import Steps, read_verb, require_state
from services.training.enrolments.clerk import quota_binds, wrong_state
from services.training.rules.states import (
    ACTIVE,
    BEFORE_CLOSING,
    MOST_HEADS,
    ClassState,
    EnrolmentState,
    Seat,
    unfilled,
)
from services.training.seats import known, ledger, limits
from services.training.seats.appraisal import Timetables
from services.training.seats.known import ClassFacts
from services.training.seats.promotion import promote
from services.training.tables import ClassRow, EnrolmentRow, SessionRow

SEATED = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED)


class Circumstances(Steps):
    """Each change is one transaction over the class, its seats, its waitlist and the limits beside it."""

    def __init__(self, database: Database, pack: Pack) -> None:
        super().__init__(database, pack)
        self._timetables = Timetables()

    def move(self, call: Call, request: pb.MoveClassRequest) -> pb.MoveClassResponse:
        """Other days, hours or rooms."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        accepted = reading.text("accept_clashes", request.accept_clashes, 0, 500)
        site = reading.text("site_address", request.site_address, 0, 200)
        start, end = read_dates(reading, request.start_date, request.end_date, "")
        planned = read_sessions(reading, request, start, end, "")
        read_verb(reading, request)

        def work(tx: Tx) -> pb.MoveClassResponse:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            require_state(row, (ClassState.APPROVED, ClassState.OPEN))
            [before] = known.classes(tx.connection, [row.id], lock=True)
            was = {"start": row.start_date.isoformat(), "end": row.end_date.isoformat()}
            row.start_date, row.end_date, row.update_time = start, end, tx.now
            row.site_address = site or row.site_address
            row.timetable_version += 1
            sessions = self._replace_sessions(tx, row, planned)
            self._another_year(tx, call, before, row)
            people = queries.people_of(tx, row.id, ACTIVE)
            met = clashes.found(tx, self._timetables, people, sessions, {row.id})
            if met and not accepted:
                raise clashes.refuse(request.name, met)
            row.remarks = self.remarks(row, day_of(tx.now))
            tx.session.flush()
            detail = {"from": was, "to": {"start": request.start_date, "end": request.end_date}, "clashes": len(met)}
            tx.record(call, request.name, event="class.moved", reason=_both(reason, accepted), detail=detail)
            tx.session.refresh(row)
            return pb.MoveClassResponse(
                training_class=messages.training_class(call, row, sessions),
                clashes=clashes.messages(met),
            )

        return self._database.write(call, request, work, key=request.name)

    def split(self, call: Call, request: pb.SplitClassRequest) -> pb.SplitClassResponse:
        """Part of a class becomes one of its own."""
        reading = Reading()
        title = reading.text("title", request.title, 2, 100)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.number("capacity", request.capacity, max(1, len(request.enrolments)), MOST_HEADS)
        names = [
            reading.name(f"enrolments[{index}]", name, "enrolments") for index, name in enumerate(request.enrolments)
        ]
        if len(set(names)) < len(names):
            reading.wrong("enrolments", "FIELD_TWICE")
        read_verb(reading, request)

        def work(tx: Tx) -> pb.SplitClassResponse:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            require_state(row, (ClassState.OPEN,))
            queries.active_institution(tx.session, row.institution_credit_code)
            if request.capacity >= row.capacity:
                raise Refused(
                    "CLASS_FULL", class_name=request.name, capacity=row.capacity - 1, enrolled=request.capacity
                )
            checked = Reading()
            planned = read_sessions(checked, request, row.start_date, row.end_date, "")
            checked.done()
            moved = _named(tx, row.id, names)
            [before] = known.classes(tx.connection, [row.id], lock=True)
            number = queries.next_number(tx, f"classes/{day_of(tx.now):%Y%m}")
            target = _copy_of(row, title, request.capacity, number, tx.now)
            tx.session.add(target)
            tx.session.flush()
            sessions = self._new_sessions(tx, row, target, planned)
            met = clashes.found(tx, self._timetables, moved, sessions, {row.id})
            if met and planned:  # in the old hours nobody comes to be where they were not before
                raise clashes.refuse(request.name, met)
            row.capacity -= request.capacity
            row.minimum, row.update_time = min(row.minimum, row.capacity), tx.now
            _move_people(tx, call, moved, target.id, 0, reason)
            counts = Counter(each.state for each in moved)
            gone, offered = counts[EnrolmentState.ENROLLED], counts[EnrolmentState.OFFERED]
            queries.count_people(tx, row.id, enrolled=-gone, offered=-offered)
            _arrive(tx, target.id, counts, len(moved))
            after = unfilled(row.capacity, before.enrolled - gone, before.offered - offered) + unfilled(
                target.capacity, gone, offered
            )
            _level(tx, row, after - unfilled(before.capacity, before.enrolled, before.offered), reason)
            for held, event in ((row, "class.split"), (target, "class.open")):
                detail = {
                    "order": f"orders/{held.order_id}",
                    "state": held.state,
                    "capacity": held.capacity,
                    "source": request.name,
                    "target": f"classes/{target.id}",
                    "moved": len(moved),
                }
                tx.record(call, f"classes/{held.id}", event=event, reason=reason, detail=detail)
            promote(tx, call, self._pack, row.id, reason=request.name)
            tx.session.refresh(row)
            tx.session.refresh(target)
            return pb.SplitClassResponse(
                source=messages.training_class(call, row, sessions_of(tx.session, row.id)),
                target=messages.training_class(call, target, sessions),
            )

        return self._database.write(call, request, work, key=request.name)

    def merge(self, call: Call, request: pb.MergeClassRequest) -> pb.MergeClassResponse:
        """One class goes into another of the same order."""
        reading = Reading()
        into = reading.name("into", request.into, "classes")
        reason = reading.text("reason", request.reason, 1, 500)
        accepted = reading.text("accept_clashes", request.accept_clashes, 0, 500)
        if request.into == request.name:
            reading.wrong("into", "FIELD_ANOTHER_CLASS")
        read_verb(reading, request)

        def work(tx: Tx) -> pb.MergeClassResponse:
            ids = [name.partition("/")[2] for name in (request.name, into)]
            known.classes(tx.connection, ids, lock=True)  # both, in order, before either is changed
            source = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            target = queries.visible(tx.session, call, ClassRow, into, lock=True)
            for row in (source, target):
                require_state(row, (ClassState.OPEN,))
            if source.order_id != target.order_id:
                raise Refused("CLASS_ORDERS_DIFFER", class_name=request.name, other_class=into)
            before, goal = (known.classes(tx.connection, [each], lock=True)[0] for each in ids)
            both = one_place_each(tx, call, source, target, reason)
            moved, doubled = both.moved, both.doubled
            sessions = sessions_of(tx.session, target.id)
            met = clashes.found(tx, self._timetables, moved, sessions, set(ids))
            if met and not accepted:
                raise clashes.refuse(into, met)
            more = sum(each.state in SEATED for each in moved) - both.given_up[EnrolmentState.OFFERED]
            bound = limits.shift(tx, before, before.enrolled + before.offered, goal, more)
            if bound is not None:
                raise quota_binds(call, bound)
            self._pour(tx, call, source, target, both, (before, goal), reason)
            detail = {"source": request.name, "target": into, "moved": len(moved), "doubled": doubled}
            for row, event, why in (
                (source, "class.cancelled", _both(reason, accepted)),
                (target, "class.merged", reason),
            ):
                told = {**detail, "state": row.state, "capacity": row.capacity}
                tx.record(call, f"classes/{row.id}", event=event, reason=why, detail=told)
            promote(tx, call, self._pack, target.id, reason=request.name)
            tx.session.refresh(source)
            tx.session.refresh(target)
            return pb.MergeClassResponse(
                source=messages.training_class(call, source),
                target=messages.training_class(call, target, sessions),
                moved=len(moved),
                doubled=doubled,
            )

        return self._database.write(call, request, work, key=request.name)

    def cancel(self, call: Call, request: pb.CancelClassRequest) -> pb.Class:
        """The class is not held."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        read_verb(reading, request)

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            require_state(row, BEFORE_CLOSING)
            cancel_class(tx, call, row, reason)
            tx.session.refresh(row)
            return messages.training_class(call, row, sessions_of(tx.session, row.id))

        return self._database.write(call, request, work, key=request.name)

    def _replace_sessions(self, tx: Tx, row: ClassRow, planned: Sequence[Planned]) -> list[SessionRow]:
        """Another timetable, with its teachers and rooms instead of those it had."""
        sessions = store_sessions(tx, row.id, row.institution_credit_code, planned)
        bookings.book(tx, row, sessions)
        return sessions

    def _new_sessions(
        self, tx: Tx, source: ClassRow, target: ClassRow, planned: Sequence[Planned]
    ) -> Sequence[SessionRow]:
        """The timetable of a class that is split off; without one of its own it has the other's hours and no rooms."""
        if planned:
            return self._replace_sessions(tx, target, planned)
        rows = [
            SessionRow(
                class_id=target.id,
                day=each.day,
                start_minute=each.start_minute,
                end_minute=each.end_minute,
                place="",
                teacher_id=None,
                topic=each.topic,
                practice=each.practice,
            )
            for each in sessions_of(tx.session, source.id)
        ]
        tx.session.add_all(rows)
        tx.session.flush()
        return rows

    def _another_year(self, tx: Tx, call: Call, before: ClassFacts, row: ClassRow) -> None:
        """A class that begins in another year takes its seats from the limits of that year."""
        if before.year == row.start_date.year:
            return
        held = before.enrolled + before.offered
        limits.move(tx, before, -held)
        _take_limits(tx, call, before._replace(start_date=row.start_date), held)

    def _pour(
        self,
        tx: Tx,
        call: Call,
        source: ClassRow,
        target: ClassRow,
        both: Both,
        counted: tuple[ClassFacts, ClassFacts],
        reason: str,
    ) -> None:
        """Moves people, capacity and seats; the source is over. `counted` is what the two classes had before."""
        before, goal = counted
        counts = Counter(each.state for each in both.moved)
        enrolled, offered = counts[EnrolmentState.ENROLLED], counts[EnrolmentState.OFFERED]
        _move_people(tx, call, both.moved, target.id, goal.arrivals, reason)
        for each in both.moved:
            each.subsidy_fen = target.subsidy_fen
        target.capacity += source.capacity
        source.state, source.reason = ClassState.CANCELLED, reason
        source.update_time = target.update_time = tx.now
        tx.session.flush()
        queries.count_people(
            tx, source.id, enrolled=-before.enrolled, offered=-before.offered, waitlisted=-before.waitlisted
        )
        counts.subtract(both.given_up)
        _arrive(tx, target.id, counts, len(both.moved), before.last_arrival)
        bookings.free(tx, source.id)
        gone = before.enrolled - enrolled  # who had a seat in both keeps one
        ledger.move(tx, source.order_id, source.id, Seat.ENROLLED, Seat.COMMITTED, gone, reason)
        kept = unfilled(goal.capacity, goal.enrolled, goal.offered) + gone
        kept += unfilled(before.capacity, before.enrolled, before.offered)
        offered -= both.given_up[EnrolmentState.OFFERED]
        wanted = unfilled(target.capacity, goal.enrolled + enrolled, goal.offered + offered)
        _level(tx, target, wanted - kept, reason)


def _named(tx: Tx, class_id: str, names: Sequence[str]) -> list[EnrolmentRow]:
    """The enrolments of a class with these names, each of which must hold a seat."""
    by_name = {f"enrolments/{row.id}": row for row in queries.people_of(tx, class_id, ACTIVE)}
    for name in names:
        if name not in by_name:
            raise NotFound(name)
        if by_name[name].state not in SEATED:
            raise wrong_state(by_name[name], SEATED)
    return [by_name[name] for name in names]


def _move_people(
    tx: Tx, call: Call, people: Sequence[EnrolmentRow], target_id: str, arrivals: int, reason: str
) -> None:
    """Into another class, at its end."""
    for place, row in enumerate(people, start=arrivals + 1):
        detail = {
            "class": f"classes/{target_id}",
            "from": f"classes/{row.class_id}",
            "state": row.state,
            "place": place,
        }
        tx.record(call, f"enrolments/{row.id}", event="enrolment.transferred", reason=reason, detail=detail)
        row.class_id, row.place = target_id, place
    tx.session.flush()


def _arrive(
    tx: Tx, class_id: str, counts: Mapping[str, int], arrivals: int, last_arrival: datetime | None = None
) -> None:
    """Counts people in who came from another class."""
    queries.count_people(
        tx,
        class_id,
        enrolled=counts[EnrolmentState.ENROLLED],
        offered=counts[EnrolmentState.OFFERED],
        waitlisted=counts[EnrolmentState.WAITLISTED],
    )
    table = ClassRow.__table__.c
    later: dict[str, Any] = {}
    if last_arrival is not None:
        earlier = table.last_arrival.is_(None) | (table.last_arrival < last_arrival)
        later["last_arrival"] = case((earlier, last_arrival), else_=table.last_arrival)
    tx.connection.execute(
        update(ClassRow).where(table.id == class_id).values(arrivals=table.arrivals + arrivals, **later)
    )


def _level(tx: Tx, row: ClassRow, seats_wanted: int, reason: str) -> None:
    """Takes so many open seats of the order for a class, or gives them back when negative."""
    if seats_wanted > 0:
        ledger.move(tx, row.order_id, row.id, Seat.OPEN, Seat.COMMITTED, seats_wanted, reason)
    else:
        ledger.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, -seats_wanted, reason)


def _take_limits(tx: Tx, call: Call, held: ClassFacts, count: int) -> None:
    """Takes seats of the limits of a class. Raises QUOTA_BINDS if one has too little left."""
    limited = limits.read(tx.connection, [held], lock=True)
    bound = limits.binding(limited, limits.shares(held), count)
    if bound is not None:
        raise quota_binds(call, bound)
    limits.move(tx, held, count, limited)


def _copy_of(row: ClassRow, title: str, capacity: int, number: str, now: datetime) -> ClassRow:
    """A class like another: the same order, filing and days."""
    skipped = {
        *("id", "title", "capacity", "minimum", "enrolled", "offered", "waitlisted", "hired", "arrivals"),
        *("last_arrival", "lottery_seed", "timetable_version", "create_time", "update_time", "version", "reason"),
    }
    same = {
        column.name: getattr(row, column.name) for column in ClassRow.__table__.columns if column.name not in skipped
    }
    return ClassRow(
        **same,
        id=number,
        title=title,
        capacity=capacity,
        minimum=0,
        lottery_seed=secrets.token_hex(8),
        create_time=now,
        update_time=now,
    )


def _both(reason: str, accepted: str) -> str:
    return f"{reason}；{accepted}"[:500] if accepted else reason
