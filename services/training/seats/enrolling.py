"""The one path by which anybody gets a seat: lists of applications, decided and written with a handful of statements.

The unary Enrol is a list of one that the writer lane puts together with its neighbours; a roster sends slices.
Nobody is ever seated beyond the capacity because three things hold, each by itself: the class's row is locked while it
is decided, the counter moves only under its condition, and a place in a class is given out once. The limits beside the
class are held the same way.

Rows are locked in one order everywhere, classes before quotas before people before orders, so that nobody waits in a
circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import cast

from sqlalchemy import Connection, Table

from services.platform.bulk import BulkInsert
from services.platform.transaction import Conflict, Tx
from services.reference.parameters import Pack
from services.training.rules.states import Seat
from services.training.seats import known, ledger, limits, trail
from services.training.seats.decisions import Application, Decision, Enrolled
from services.training.seats.known import TAKE_SEATS, Glance
from services.training.seats.people import Person
from services.training.seats.sitting import Rulebook, Sitting
from services.training.tables import EnrolmentRow, TraineeRow

_TRAINEE = BulkInsert(
    cast(Table, TraineeRow.__table__),
    ("id", "resident_id_index", "resident_id_sealed", "full_name", "name_pinyin", "name_initials", "record_time"),
)
# everybody inserts people in one order, so that nobody waits in a circle; and near the order of two of their indexes
_in_order = itemgetter(4, 1)

_ENROL = BulkInsert(cast(Table, EnrolmentRow.__table__), Enrolled._fields)


class Desk:
    """Decides and writes. It remembers only rules and timetables, by their version."""

    def __init__(self, pack: Pack) -> None:
        self._book = Rulebook(pack)

    def enrol_many(self, tx: Tx, applications: Sequence[Application]) -> list[Decision]:
        """Enrols whoever may, in the order given, and puts on the waitlist whoever comes when the class is full.

        Each class must exist. Answers every application, in order. Raises Conflict if another transaction got between.
        """
        sitting = Sitting(tx.connection, self._book, _classes(applications), tx.now, lock=True)
        decisions, newcomers, enrolments = sitting.decide(applications)
        if enrolments:
            _insert_people(tx, newcomers)
            _take(tx, sitting)
            tx.add(_ENROL, *(enrolment for _, enrolment in enrolments))
            for application, enrolment in enrolments:
                _record(tx, application, enrolment)
        return decisions

    def series(self, tx: Tx, class_id: str) -> Series:
        """For lists of one caller and class that come one after the other in one transaction."""
        return Series(tx, self._book, class_id)

    def judge(self, connection: Connection, applications: Sequence[Application], now: datetime) -> list[Decision]:
        """What `enrol_many` would answer now. Writes and locks nothing."""
        sitting = Sitting(connection, self._book, _classes(applications), now, lock=False)
        return sitting.decide(applications).decisions

    def glance(self, connection: Connection, applications: Sequence[Application]) -> Glance:
        """What would be read of these people, read before it is their turn. Locks nothing."""
        rows = known.classes(connection, _classes(applications), lock=False)
        setting, indexes = known.setting(connection, rows), {each.person.index for each in applications}
        people = known.people(connection, indexes, lock=False)
        return Glance(frozenset(people), setting.generations, known.entries(connection, setting, indexes))


class Series:
    """Lists of one caller for one class, each written as soon as it is decided; counters and trail move at the end.

    Raises Conflict if another transaction got between: what was seen of people is then to be read again.
    """

    def __init__(self, tx: Tx, book: Rulebook, class_id: str) -> None:
        self._tx = tx
        self._sitting = Sitting(tx.connection, book, {class_id}, tx.now, lock=True)
        self._ends: list[tuple[Application, Enrolled]] = []  # the first of all that were written, and the last

    def enrol(self, applications: Sequence[Application], seen: Glance) -> list[Decision]:
        """Enrols whoever may, and puts on the waitlist whoever comes when the class is full, in the order given."""
        decisions, newcomers, enrolments = self._sitting.decide(applications, seen)
        if enrolments:
            _insert_people(self._tx, newcomers)
            _ENROL(self._tx.connection, [enrolment for _, enrolment in enrolments])
            self._ends = [*self._ends[:1], enrolments[0], enrolments[-1]]
        return decisions

    def end(self) -> None:
        """Moves what all of them together move."""
        if self._ends:
            _take(self._tx, self._sitting)
            (application, first), (_, last) = self._ends[0], self._ends[-1]
            trail.record(self._tx, application, first.place, last.place)


def _classes(applications: Iterable[Application]) -> set[str]:
    return {application.class_id for application in applications}


def _insert_people(tx: Tx, newcomers: Sequence[Person]) -> None:
    """Where somebody else has just made one of them a trainee this fails, and everything is read again."""
    _TRAINEE(tx.connection, sorted([each.row(tx.now) for each in newcomers], key=_in_order))


def _take(tx: Tx, sitting: Sitting) -> None:
    """Moves the counters of the classes, then the limits, then the seats of the orders."""
    held = sitting.held
    for class_id in sorted(held):
        entry = held[class_id]
        counts = {
            "of": class_id,
            "seats": entry.seated,
            "waits": entry.waiting,
            "last": entry.last_arrival,
        }
        if (entry.seated or entry.waiting) and TAKE_SEATS.run(tx.connection, counts) != 1:
            raise Conflict
    for class_id in sorted(held):
        limits.move(tx, held[class_id].row, held[class_id].seated, sitting.limits)
    for class_id in sorted(held, key=lambda each: (held[each].row.order_id, each)):
        entry = held[class_id]
        ledger.move(tx, entry.row.order_id, class_id, Seat.COMMITTED, Seat.ENROLLED, entry.seated, "")


def _record(tx: Tx, application: Application, enrolment: Enrolled) -> None:
    detail: dict[str, object] = {
        "class": f"classes/{enrolment.class_id}",
        "state": enrolment.state,
        "place": enrolment.place,
    }
    if enrolment.accepted:
        detail["accepted"] = enrolment.accepted
    tx.record(
        application.call,
        f"enrolments/{enrolment.id}",
        event=f"enrolment.{enrolment.state.lower()}",
        occur_time=enrolment.occur_time,
        reason=application.late_reason,
        detail=detail,
    )
