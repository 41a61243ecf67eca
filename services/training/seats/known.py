"""What is known when enrolments are decided: the classes, the people, what they are in, and what registers say of them.

A handful of statements for a whole list of applications, each compiled once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, or_, select, update

from services.platform.prepared import Prepared, any_of
from services.reference.divisions import covers
from services.training.rules.facts import NO_FUND
from services.training.rules.states import ACTIVE, EnrolmentState
from services.training.rules.waitlist import Standing
from services.training.tables import (
    ClassRow,
    EnrolmentRow,
    InstitutionRow,
    RegisterEntryRow,
    RegisterRow,
    SessionRow,
    TraineeRow,
)

SLICE = 1000  # values in one IN list


class ClassFacts(NamedTuple):
    """What is read of a class to decide who gets in."""

    id: str
    order_id: str
    state: str
    division: str
    partner_division: str
    institution_credit_code: str
    occupation_code: str
    certificate_level: int
    start_date: date
    end_date: date
    timetable_version: int
    fund: str
    subsidy_fen: int
    suspended: bool
    capacity: int
    enrolled: int
    offered: int
    waitlisted: int
    arrivals: int
    last_arrival: datetime | None
    lottery_seed: str

    @property
    def year(self) -> int:
        """The year whose limits its seats are taken from."""
        return self.start_date.year


class Taken(NamedTuple):
    """A place somebody has: their enrolment, and the class it is in."""

    enrolment_id: str
    class_id: str
    state: str
    place: int
    start_date: date
    end_date: date
    timetable_version: int
    occupation_code: str
    certificate_level: int
    fund: str


class Entry(NamedTuple):
    """What a register says of somebody."""

    kind: str
    since: date | None
    until: date | None
    occupation_code: str
    certificate_level: int


Entries = Mapping[bytes, Sequence[Entry]]  # by the blind index of a person


class Setting(NamedTuple):
    """What is known of some classes beside themselves.

    `listed` tells by class whether the directory has the institution for its occupation, `kinds` by the division of the
    work which registers cover it, `generations` is what is in force of those: what it holds never changes.
    """

    held: Sequence[ClassFacts]
    listed: Mapping[str, bool]
    kinds: Mapping[str, frozenset[str]]
    generations: frozenset[str]


class Glance(NamedTuple):
    """What was read of a list of people before it is their turn, so that nobody waits for it then.

    `people` are the blind indexes of those on record; whoever comes after is met by the unique index. `entries` is what
    the registers of these `generations` say.
    """

    people: frozenset[bytes]
    generations: frozenset[str]
    entries: Entries


_class, _enrolment, _trainee = ClassRow.__table__.c, EnrolmentRow.__table__.c, TraineeRow.__table__.c
_institution, _register, _entry = InstitutionRow.__table__.c, RegisterRow.__table__.c, RegisterEntryRow.__table__.c
_trainees = (
    select(_trainee.id, _trainee.resident_id_index, _trainee.full_name)
    .where(any_of(_trainee.resident_id_index, "indexes"))
    .order_by(_trainee.resident_id_index)
)
TRAINEES, LOCK_TRAINEES = Prepared(_trainees), Prepared(_trainees.with_for_update())
_classes = select(*(_class[name] for name in ClassFacts._fields)).where(any_of(_class.id, "ids")).order_by(_class.id)
CLASSES, LOCK_CLASSES = Prepared(_classes), Prepared(_classes.with_for_update())
_TAKEN = Prepared(
    select(
        _enrolment.trainee_id,
        _enrolment.id,
        _enrolment.class_id,
        _enrolment.state,
        _enrolment.place,
        _class.start_date,
        _class.end_date,
        _class.timetable_version,
        _class.occupation_code,
        _class.certificate_level,
        _class.fund,
    )
    .join(ClassRow.__table__, _class.id == _enrolment.class_id)
    .where(any_of(_enrolment.trainee_id, "trainees"), or_(*(_enrolment.state == state for state in ACTIVE)))
)
_SESSIONS = Prepared(
    select(SessionRow.class_id, SessionRow.day, SessionRow.start_minute, SessionRow.end_minute)
    .where(any_of(SessionRow.__table__.c.class_id, "classes"))
    .order_by(SessionRow.class_id, SessionRow.day, SessionRow.start_minute)
)
_INSTITUTIONS = Prepared(
    select(_institution.id, _institution.catalogue_number, _institution.occupation_codes).where(
        any_of(_institution.id, "ids")
    )
)
_REGISTERS = Prepared(select(_register.generation, _register.kind, _register.division))
# joined with what is in force in one statement: a register may be replaced between two. A file may repeat a line.
_ENTRIES = Prepared(
    select(
        _entry.person_index,
        _register.division,
        _entry.kind,
        _entry.since,
        _entry.until,
        _entry.occupation_code,
        _entry.certificate_level,
    )
    .distinct()
    .join(RegisterRow.__table__, _register.generation == _entry.generation)
    .where(any_of(_entry.person_index, "people"))
)
_PARTIES = Prepared(
    select(_enrolment.id, _enrolment.party, _enrolment.priority, _enrolment.waits_since, _enrolment.tie).where(
        _enrolment.class_id == bindparam("of"), _enrolment.state == EnrolmentState.WAITLISTED.value
    )
)
# the counter moves only where the seats are there: the second guard behind the row lock
TAKE_SEATS = Prepared(
    update(ClassRow)
    .where(
        _class.id == bindparam("of"),
        _class.state == "OPEN",
        or_(bindparam("seats") == 0, _class.enrolled + _class.offered + bindparam("seats") <= _class.capacity),
    )
    .values(
        enrolled=_class.enrolled + bindparam("seats"),
        waitlisted=_class.waitlisted + bindparam("waits"),
        arrivals=_class.arrivals + bindparam("seats") + bindparam("waits"),
        last_arrival=bindparam("last", type_=_class.last_arrival.type),
    )
)


def people(connection: Connection, indexes: Collection[bytes], *, lock: bool) -> dict[bytes, tuple[str, str]]:
    """Id and name of those who are known, by blind index."""
    wanted = LOCK_TRAINEES if lock else TRAINEES
    return {
        bytes(index): (trainee_id, name)
        for part in slices(sorted(indexes))
        for trainee_id, index, name in wanted.rows(connection, {"indexes": part})
    }


def classes(connection: Connection, ids: Collection[str], *, lock: bool) -> list[ClassFacts]:
    """The classes, in order of id."""
    wanted = LOCK_CLASSES if lock else CLASSES
    return list(itertools.starmap(ClassFacts, wanted.rows(connection, {"ids": sorted(ids)})))


def taken(connection: Connection, trainees: Collection[str]) -> defaultdict[str, dict[str, Taken]]:
    """What each person is in, by class."""
    found: defaultdict[str, dict[str, Taken]] = defaultdict(dict)
    for part in slices(list(trainees)):
        for trainee_id, *rest in _TAKEN.rows(connection, {"trainees": part}):
            place = Taken(*rest)
            found[trainee_id][place.class_id] = place
    return found


def sessions(connection: Connection, ids: Sequence[str]) -> Iterable[tuple[str, date, int, int]]:
    """Class, day, start and end of each session of these classes, in order."""
    for part in slices(ids):
        yield from _SESSIONS.rows(connection, {"classes": part})


def setting(connection: Connection, held: Sequence[ClassFacts]) -> Setting:
    """What is known of these classes beside themselves."""
    if all(row.fund == NO_FUND for row in held):  # no register is asked
        return Setting(held, _listed(connection, held), {}, frozenset())
    rows = _REGISTERS.rows(connection, {})
    homes = {row.division for row in held}
    kinds = {home: frozenset(kind for _, kind, where in rows if covers(where, home)) for home in homes}
    return Setting(held, _listed(connection, held), kinds, frozenset(generation for generation, _, _ in rows))


def _listed(connection: Connection, held: Iterable[ClassFacts]) -> dict[str, bool]:
    """Whether the institution of each class is in the directory for its occupation; without those of no register."""
    held = list(held)
    codes = sorted({each.institution_credit_code for each in held})
    known = {row[0]: row[1:] for row in _INSTITUTIONS.rows(connection, {"ids": codes})}
    return {
        each.id: bool(catalogue) and (not occupations or each.occupation_code in occupations)
        for each in held
        for catalogue, occupations in [known.get(each.institution_credit_code, (None, None))]
        if catalogue is not None
    }


def entries(connection: Connection, known: Setting, indexes: Collection[bytes]) -> Entries:
    """What the registers of both sides say of these people."""
    found: dict[bytes, list[Entry]] = {}
    if not any(known.kinds.values()):
        return found
    divisions = {each for row in known.held for each in (row.division, row.partner_division) if each}
    for part in slices(sorted(indexes)):
        for person, where, *rest in _ENTRIES.rows(connection, {"people": part}):
            if any(covers(where, each) for each in divisions):
                found.setdefault(bytes(person), []).append(Entry(*rest))
    return found


def standings(connection: Connection, class_id: str) -> list[Standing]:
    """Where each unit of a waitlist stands, in order of service."""
    found: dict[str, Standing] = {}
    for enrolment_id, party, priority, since, tie in _PARTIES.rows(connection, {"of": class_id}):
        unit = party or enrolment_id
        first = found.get(unit, Standing(priority, since, tie, 0))  # those of a party stand together
        found[unit] = first._replace(size=first.size + 1)
    return sorted(found.values())


def slices(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """At most SLICE values at a time."""
    return (values[start : start + SLICE] for start in range(0, len(values), SLICE))
