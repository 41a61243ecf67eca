"""Teachers and rooms while they are taken: half hours, each of which only one class can have.

A clash is looked for first, so that it can be named; that nobody is booked twice rests on the key of the table. Whoever
loses the race for it is run again, and then finds the clash.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.platform.errors import Refused
from services.platform.transaction import Tx
from services.training.rules.filing import Taken
from services.training.rules.timetable import HALF_HOUR, clock_of
from services.training.tables import BookingRow, ClassRow, SessionRow, TeacherRow

TEACHER, ROOM = "TEACHER", "ROOM"


class Hold(NamedTuple):
    """Half an hour of one teacher or one room. Sorted before they are taken, so that nobody waits in a circle."""

    kind: str
    subject: str
    day: date
    half_hour: int


def book(tx: Tx, row: ClassRow, sessions: Sequence[SessionRow]) -> None:
    """Takes the teachers and rooms of a class, whose row is locked, for these sessions instead of what it had.

    Raises Refused TIMETABLE_CLASH, naming the class that has one of them.
    """
    free(tx, row.id)
    wanted = holds(tx.session, row.site_address, sessions)
    if clash := first_taken(tx.session, row.id, wanted):
        taken = clash[0]
        raise Refused(
            "TIMETABLE_CLASH",
            class_name=f"classes/{row.id}",
            other_class=taken.other_class,
            kind=taken.kind,
            day=taken.day.isoformat(),
            time=taken.time,
        )
    if wanted:
        tx.connection.execute(insert(BookingRow), [{**hold._asdict(), "class_id": row.id} for hold in wanted])


def free(tx: Tx, class_id: str) -> None:
    """Gives back every teacher and room of a class."""
    tx.connection.execute(delete(BookingRow).where(BookingRow.class_id == class_id))


def holds(session: Session, site_address: str, sessions: Sequence[SessionRow]) -> list[Hold]:
    """What sessions at a site take, in order. Without an address rooms are not compared: theirs could be anywhere."""
    teachers = sorted({each.teacher_id for each in sessions if each.teacher_id})
    known = select(TeacherRow.id, TeacherRow.resident_id_index).where(TeacherRow.id.in_(teachers))
    people = dict(session.execute(known).all()) if teachers else {}
    found: set[Hold] = set()
    for each in sessions:
        subjects = []
        if each.teacher_id:
            subjects.append((TEACHER, hashlib.sha256(people[each.teacher_id]).hexdigest()))
        if each.place and site_address:
            subjects.append((ROOM, room(site_address, each.place)))
        for half_hour in range(each.start_minute // HALF_HOUR, each.end_minute // HALF_HOUR):
            found.update(Hold(kind, subject, each.day, half_hour) for kind, subject in subjects)
    return sorted(found)


def first_taken(session: Session, class_id: str, wanted: Sequence[Hold]) -> list[Taken]:
    """The first clash with each other class, by kind, in order of time; nothing if all is free."""
    if not wanted:
        return []
    asked = set(wanted)
    days = [hold.day for hold in wanted]
    taken = session.execute(
        select(BookingRow.kind, BookingRow.subject, BookingRow.day, BookingRow.half_hour, BookingRow.class_id)
        .where(
            BookingRow.subject.in_({hold.subject for hold in wanted}),
            BookingRow.day.between(min(days), max(days)),
            BookingRow.class_id != class_id,
        )
        .order_by(BookingRow.day, BookingRow.half_hour, BookingRow.kind)
    )
    first: dict[tuple[str, str], Taken] = {}
    for kind, subject, day, half_hour, other in taken:
        if (kind, other) not in first and Hold(kind, subject, day, half_hour) in asked:
            first[kind, other] = Taken(kind, f"classes/{other}", day, clock_of(half_hour * HALF_HOUR))
    return list(first.values())


def room(site_address: str, place: str) -> str:
    """One room, however its address and its name are spaced and in whatever width they are typed."""
    return hashlib.sha256("\0".join(map(_plain, (site_address, place))).encode()).hexdigest()


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
