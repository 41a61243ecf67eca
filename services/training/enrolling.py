"""The one path by which anybody gets a seat: a list of applications, decided and written with a handful of statements.

The unary Enrol is a list of one that the writer lane puts together with its neighbours; the roster import sends chunks.
Nobody is ever seated beyond the capacity because three things hold, each by itself: the class's row is locked while it
is decided, the counter moves only under its condition, and a place in a class is given out once.

Rows are locked in one order everywhere, classes before people before orders, so that nobody waits in a circle.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, or_, select, update

from services.platform.boundary import Call
from services.platform.bulk import BulkInsert
from services.platform.prepared import Prepared, any_of
from services.platform.transaction import Tx
from services.platform.writer import Conflict
from services.reference.clock import day_of
from services.reference.occupations import is_trainable
from services.reference.parameters import Pack
from services.reference.resident_id import age_on
from services.training import seats
from services.training.people import Person
from services.training.rules import timetable
from services.training.rules.eligibility import Facts, Ruleset, Verdict
from services.training.rules.states import ACTIVE, EnrolmentState, Seat
from services.training.tables import ClassRow, EnrolmentRow, SessionRow, TraineeRow

SLICE = 1000  # values in one IN list


class ClassFacts(NamedTuple):
    """What is read of a class to decide who gets in."""

    id: str
    order_id: str
    state: str
    division: str
    occupation_code: str
    start_date: date
    end_date: date
    capacity: int
    enrolled: int
    waitlisted: int
    arrivals: int


_class, _enrolment, _trainee = ClassRow.__table__.c, EnrolmentRow.__table__.c, TraineeRow.__table__.c
_trainees = (
    select(_trainee.id, _trainee.resident_id_index, _trainee.full_name)
    .where(any_of(_trainee.resident_id_index, "indexes"))
    .order_by(_trainee.resident_id_index)
)
TRAINEES, LOCK_TRAINEES = Prepared(_trainees), Prepared(_trainees.with_for_update())
_classes = select(*(_class[name] for name in ClassFacts._fields)).where(any_of(_class.id, "ids")).order_by(_class.id)
CLASSES, LOCK_CLASSES = Prepared(_classes), Prepared(_classes.with_for_update())
_ACTIVE = Prepared(
    select(_enrolment.trainee_id, _enrolment.id, _enrolment.class_id, _enrolment.state, _enrolment.place)
    .join(ClassRow.__table__, _class.id == _enrolment.class_id)
    .where(
        any_of(_enrolment.trainee_id, "trainees"),
        or_(*(_enrolment.state == state for state in ACTIVE)),
        or_(
            any_of(_class.id, "classes"),
            (_class.start_date <= bindparam("last")) & (_class.end_date >= bindparam("first")),
        ),
    )
)
_SESSIONS = Prepared(
    select(SessionRow.class_id, SessionRow.day, SessionRow.start_minute, SessionRow.end_minute)
    .where(any_of(SessionRow.__table__.c.class_id, "classes"))
    .order_by(SessionRow.class_id, SessionRow.day, SessionRow.start_minute)
)
_TRAINEE = BulkInsert(
    cast(Table, TraineeRow.__table__),
    ("id", "resident_id_index", "resident_id_sealed", "full_name", "record_time"),
    unless="resident_id_index",
)
# the counter moves only where the seats are there: the second guard behind the row lock
TAKE_SEATS = Prepared(
    update(ClassRow)
    .where(
        _class.id == bindparam("of"),
        _class.state == "OPEN",
        or_(bindparam("seats") == 0, _class.enrolled + bindparam("seats") <= _class.capacity),
    )
    .values(
        enrolled=_class.enrolled + bindparam("seats"),
        waitlisted=_class.waitlisted + bindparam("waits"),
        arrivals=_class.arrivals + bindparam("seats") + bindparam("waits"),
    )
)


@dataclass(slots=True)
class Application:
    """One person's wish for one class. `late_reason` says why it is entered after `occur_time` (补录)."""

    call: Call
    class_id: str
    person: Person
    occur_time: datetime
    late_reason: str = ""


@dataclass(slots=True)
class Enrolled:
    """An enrolment as it is written."""

    id: str
    class_id: str
    order_id: str
    trainee_id: str
    state: str
    place: int
    phone_sealed: bytes
    facts: dict[str, object]
    rule_pack: str
    occur_time: datetime
    record_time: datetime
    reason: str = ""
    version: int = 1


_ENROL = BulkInsert(cast(Table, EnrolmentRow.__table__), Enrolled.__slots__)
_row = attrgetter(*Enrolled.__slots__)


@dataclass(slots=True)
class Decision:
    """What comes of an application: a new enrolment, the one the person has already, or neither when a rule blocks."""

    facts: Facts
    rules: Ruleset
    capacity: int
    filled: int
    state: EnrolmentState | None = None
    enrolment: Enrolled | None = None
    present: tuple[str, EnrolmentState, int] | None = None  # id, state and place of the active enrolment

    @property
    def blocked(self) -> bool:
        """Whether a rule refuses."""
        return self.rules.blocks(self.facts)

    @property
    def objections(self) -> list[Verdict]:
        """The rules that are not met."""
        return self.rules.objections(self.facts)


@dataclass(slots=True)
class _Held:
    """A class while it is decided."""

    row: ClassFacts
    enrolled: int
    waitlisted: int
    arrivals: int
    seated: list[Enrolled] = field(default_factory=list)
    waiting: list[Enrolled] = field(default_factory=list)


class Desk:
    """Decides and writes. It remembers only timetables, which never change once a class exists."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._rulesets: dict[tuple[str, date], Ruleset] = {}
        self._timetables: dict[str, Sequence[timetable.Slot]] = {}
        self._clashes: dict[tuple[str, str], bool] = {}

    def enrol_many(self, tx: Tx, applications: Sequence[Application]) -> list[Decision]:
        """Enrols whoever may, in the order given, and puts on the waitlist whoever comes when the class is full.

        Each class must exist. Answers every application, in order. Raises Conflict if another transaction got between.
        """
        connection = tx.connection
        held = _held(connection, LOCK_CLASSES, applications)
        found = _known(connection, LOCK_TRAINEES, applications)
        known = set(found)
        decisions = self._decide(connection, applications, found, held, tx.now)
        placed = [pair for pair in zip(applications, decisions, strict=True) if pair[1].enrolment is not None]
        if not placed:
            return decisions
        newcomers = {each.person.index: each.person for each, _ in reversed(placed) if each.person.index not in known}
        if _TRAINEE(connection, [newcomers[index].row(tx.now) for index in sorted(newcomers)]) != len(newcomers):
            raise Conflict  # somebody else has just made one of them a trainee: read again what they are in
        tx.add(_ENROL, *(_row(each.enrolment) for _, each in placed))
        _take(tx, held)
        for application, decision in placed:
            if decision.enrolment is not None:
                _record(tx, application, decision.enrolment)
        return decisions

    def judge(self, connection: Connection, applications: Sequence[Application], now: datetime) -> list[Decision]:
        """What `enrol_many` would answer now. Writes and locks nothing."""
        found = _known(connection, TRAINEES, applications)
        held = _held(connection, CLASSES, applications)
        return self._decide(connection, applications, found, held, now)

    def _decide(
        self,
        connection: Connection,
        applications: Sequence[Application],
        found: dict[bytes, tuple[str, str]],
        held: dict[str, _Held],
        now: datetime,
    ) -> list[Decision]:
        active = _active(connection, found.values(), held)
        self._learn_timetables(connection, {other for mine in active.values() for other in mine} | held.keys())
        decisions = []
        for application in applications:
            entry, person = held[application.class_id], application.person
            row = entry.row
            trainee_id, name = found.get(person.index, (person.trainee_id, person.full_name))
            mine = active[trainee_id]
            present = mine.get(row.id)
            clashes = sorted(f"classes/{other}" for other in mine if other != row.id and self._clash(row.id, other))
            facts = _facts(
                row,
                person,
                # of somebody who comes for the first time no other name is on record
                same_name=None if trainee_id == person.trainee_id else name == person.full_name,
                present=f"enrolments/{present[0]}" if present else "",
                clashes=tuple(clashes),
            )
            rules = self._rules(row, application)
            decision = Decision(facts, rules, row.capacity, entry.enrolled, present=present)
            decisions.append(decision)
            if rules.blocks(facts):
                continue
            enrolment = _place(entry, decision, application, trainee_id, now)
            found.setdefault(person.index, (trainee_id, name))
            mine[row.id] = (enrolment.id, EnrolmentState(enrolment.state), enrolment.place)
        return decisions

    def _rules(self, row: ClassFacts, application: Application) -> Ruleset:
        key = (row.division, day_of(application.occur_time))
        rules = self._rulesets.get(key)
        if rules is None:
            if len(self._rulesets) > 4096:
                self._rulesets.clear()
            rules = self._rulesets[key] = Ruleset(self._pack, *key)
        return rules

    def _learn_timetables(self, connection: Connection, classes: set[str]) -> None:
        """Reads the timetables that are compared now and were not before."""
        missing = sorted(classes - self._timetables.keys())
        if not missing:
            return
        if len(self._timetables) > 4096:
            self._timetables.clear()
            self._clashes.clear()
            missing = sorted(classes)
        slots: dict[str, list[timetable.Slot]] = {each: [] for each in missing}
        for part in _slices(missing):
            for class_id, day, start, end in _SESSIONS.rows(connection, {"classes": part}):
                slots[class_id].append(timetable.Slot(day, start, end))
        self._timetables.update(slots)

    def _clash(self, ours: str, theirs: str) -> bool:
        key = (ours, theirs)
        if key not in self._clashes:
            mine, other = self._timetables[ours], self._timetables[theirs]
            self._clashes[key] = timetable.first_clash(mine, other) is not None
        return self._clashes[key]


def _facts(
    row: ClassFacts, person: Person, *, same_name: bool | None = None, present: str = "", clashes: tuple[str, ...] = ()
) -> Facts:
    return Facts(
        class_state=row.state,
        # somebody not yet born when the class began is of no age
        age_at_class_start=age_on(person.birth, row.start_date) if person.birth <= row.start_date else 0,
        occupation_listed=is_trainable(row.occupation_code),
        division_known=person.division_known,
        same_name=same_name,
        present=present,
        clashes=clashes,
    )


def _place(entry: _Held, decision: Decision, application: Application, trainee_id: str, now: datetime) -> Enrolled:
    """A seat, or the end of the waitlist: nobody passes those who wait."""
    row, person = entry.row, application.person
    seated = entry.enrolled < row.capacity and entry.waitlisted == 0
    state = EnrolmentState.ENROLLED if seated else EnrolmentState.WAITLISTED
    entry.arrivals += 1
    enrolment = Enrolled(
        id=person.enrolment_id,
        class_id=row.id,
        order_id=row.order_id,
        trainee_id=trainee_id,
        state=state,
        place=entry.arrivals,
        phone_sealed=person.phone_sealed,
        facts={
            **decision.facts.stored(),
            "capacity": row.capacity,
            "enrolled": entry.enrolled,
            "waitlisted": entry.waitlisted,
        },
        rule_pack=decision.rules.pack.fingerprint,
        occur_time=application.occur_time,
        record_time=now,
    )
    if seated:
        entry.enrolled += 1
        entry.seated.append(enrolment)
    else:
        entry.waitlisted += 1
        entry.waiting.append(enrolment)
    decision.state, decision.enrolment = state, enrolment
    return enrolment


def _take(tx: Tx, held: dict[str, _Held]) -> None:
    """Moves the counters of the classes, then the seats of their orders."""
    for class_id in sorted(held):
        entry = held[class_id]
        counts = {"of": class_id, "seats": len(entry.seated), "waits": len(entry.waiting)}
        if (entry.seated or entry.waiting) and TAKE_SEATS.run(tx.connection, counts) != 1:
            raise Conflict
    for class_id in sorted(held, key=lambda each: (held[each].row.order_id, each)):
        entry = held[class_id]
        seats.move(tx, entry.row.order_id, class_id, Seat.COMMITTED, Seat.ENROLLED, len(entry.seated), "")


def _record(tx: Tx, application: Application, enrolment: Enrolled) -> None:
    tx.record(
        application.call,
        f"enrolments/{enrolment.id}",
        event=f"enrolment.{enrolment.state.lower()}",
        occur_time=enrolment.occur_time,
        reason=application.late_reason,
        detail={"class": f"classes/{enrolment.class_id}", "state": enrolment.state, "place": enrolment.place},
    )


def _known(
    connection: Connection, wanted: Prepared, applications: Sequence[Application]
) -> dict[bytes, tuple[str, str]]:
    """Id and name of those who are known, by blind index."""
    indexes = sorted({application.person.index for application in applications})
    return {
        bytes(index): (trainee_id, name)
        for part in _slices(indexes)
        for trainee_id, index, name in wanted.rows(connection, {"indexes": part})
    }


def _held(connection: Connection, wanted: Prepared, applications: Sequence[Application]) -> dict[str, _Held]:
    ids = sorted({application.class_id for application in applications})
    return {
        row.id: _Held(row, row.enrolled, row.waitlisted, row.arrivals)
        for row in itertools.starmap(ClassFacts, wanted.rows(connection, {"ids": ids}))
    }


def _active(
    connection: Connection, known: Iterable[tuple[str, str]], held: dict[str, _Held]
) -> defaultdict[str, dict[str, tuple[str, EnrolmentState, int]]]:
    """What each person is in already: in these classes, or in others whose dates meet theirs."""
    found: defaultdict[str, dict[str, tuple[str, EnrolmentState, int]]] = defaultdict(dict)
    first: date = min((entry.row.start_date for entry in held.values()), default=date.max)
    last: date = max((entry.row.end_date for entry in held.values()), default=date.min)
    for part in _slices([trainee_id for trainee_id, _ in known]):
        wanted = {"trainees": part, "classes": sorted(held), "first": first, "last": last}
        for trainee_id, enrolment_id, class_id, state, place in _ACTIVE.rows(connection, wanted):
            found[trainee_id][class_id] = (enrolment_id, EnrolmentState(state), place)
    return found


def _slices(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + SLICE] for start in range(0, len(values), SLICE))
