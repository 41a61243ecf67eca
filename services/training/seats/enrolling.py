"""The one path by which anybody gets a seat: a list of applications, decided and written with a handful of statements.

The unary Enrol is a list of one that the writer lane puts together with its neighbours; the roster import sends chunks.
Nobody is ever seated beyond the capacity because three things hold, each by itself: the class's row is locked while it
is decided, the counter moves only under its condition, and a place in a class is given out once. The limits beside the
class are held the same way.

Rows are locked in one order everywhere, classes before quotas before people before orders, so that nobody waits in a
circle.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import cast

from sqlalchemy import Connection, Table

from services.platform.bulk import BulkInsert
from services.platform.transaction import Conflict, Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.rules import waitlist
from services.training.rules.eligibility import Ruleset
from services.training.rules.states import EnrolmentState, Seat, free
from services.training.seats import known, ledger, limits, promotion, trail
from services.training.seats.appraisal import Appraisal, Timetables
from services.training.seats.decisions import Application, Decision, Enrolled
from services.training.seats.known import TAKE_SEATS, ClassFacts
from services.training.seats.limits import Limits, Share
from services.training.tables import EnrolmentRow, TraineeRow

_TRAINEE = BulkInsert(
    cast(Table, TraineeRow.__table__),
    ("id", "resident_id_index", "resident_id_sealed", "full_name", "name_pinyin", "name_initials", "record_time"),
)
_NOWHERE = (0, None, 0)  # on the waitlist
# everybody inserts people in one order, so that nobody waits in a circle; and near the order of three of their indexes
_in_order = itemgetter(4, 1)

_ENROL = BulkInsert(cast(Table, EnrolmentRow.__table__), Enrolled._fields)


@dataclass(slots=True)
class _Held:
    """A class while it is decided."""

    row: ClassFacts
    shares: tuple[Share, ...]  # what one seat takes, and of which limits
    enrolled: int
    waitlisted: int
    arrivals: int
    last_arrival: datetime | None
    standings: list[waitlist.Standing] = field(default_factory=list)  # of who waits while seats are free
    known: bool = False  # whether those who waited before are among them
    rules: dict[datetime, Ruleset] = field(default_factory=dict)  # by when it happened

    @property
    def free(self) -> int:
        """Seats that somebody could take now."""
        return free(self.row.capacity, self.enrolled, self.row.offered)

    @property
    def seated(self) -> int:
        """How many got a seat."""
        return self.enrolled - self.row.enrolled

    @property
    def waiting(self) -> int:
        """How many came to the waitlist."""
        return self.waitlisted - self.row.waitlisted


class Desk:
    """Decides and writes. It remembers only timetables, by their version."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._rulesets: dict[tuple[str, date], Ruleset] = {}
        self._timetables = Timetables()

    def enrol_many(self, tx: Tx, applications: Sequence[Application]) -> list[Decision]:
        """Enrols whoever may, in the order given, and puts on the waitlist whoever comes when the class is full.

        Each class must exist. Answers every application, in order. Raises Conflict if another transaction got between.
        """
        connection = tx.connection
        held = _held(connection, applications, lock=True)
        rows = [entry.row for entry in held.values()]
        limited = limits.read(connection, rows, lock=True)
        persons = [application.person for application in applications]
        appraisal = Appraisal(connection, self._timetables, rows, persons, lock=True)
        known_before = set(appraisal.people)
        decisions = self._decide(connection, applications, appraisal, held, limited, tx.now)
        placed = [
            (application, enrolment)
            for application, decision in zip(applications, decisions, strict=True)
            if (enrolment := decision.enrolment) is not None
        ]
        if not placed:
            return decisions
        newcomers = {each.person.index: each.person for each, _ in reversed(placed)}
        for index in known_before & newcomers.keys():
            del newcomers[index]
        # where somebody else has just made one of them a trainee this fails, and everything is read again
        _TRAINEE(connection, sorted([each.row(tx.now) for each in newcomers.values()], key=_in_order))
        _take(tx, held, limited)
        enrolments = [enrolment for _, enrolment in placed]
        if len(placed) >= trail.WORTH_IT and trail.alike(applications):
            _ENROL(connection, enrolments)
            trail.record(tx, applications[0], enrolments[0].place, enrolments[-1].place)
            return decisions
        tx.add(_ENROL, *enrolments)
        for application, enrolment in placed:
            _record(tx, application, enrolment)
        return decisions

    def judge(self, connection: Connection, applications: Sequence[Application], now: datetime) -> list[Decision]:
        """What `enrol_many` would answer now. Writes and locks nothing."""
        held = _held(connection, applications, lock=False)
        rows = [entry.row for entry in held.values()]
        limited = limits.read(connection, rows, lock=False)
        persons = [application.person for application in applications]
        appraisal = Appraisal(connection, self._timetables, rows, persons, lock=False)
        return self._decide(connection, applications, appraisal, held, limited, now)

    def priority(self, category: str, division: str, on: date) -> int:
        """The group of the waitlist that a category belongs to; 1 is served first."""
        groups = self._pack.find("waitlist.priority", division, on)
        return waitlist.priority_of(category, groups.value if groups else None)

    def _decide(
        self,
        connection: Connection,
        applications: Sequence[Application],
        appraisal: Appraisal,
        held: dict[str, _Held],
        limited: Limits,
        now: datetime,
    ) -> list[Decision]:
        decisions: list[Decision] = []
        for unit in _units(applications):
            entry = held[unit[0].class_id]
            answers = [self._answer(appraisal, entry, application) for application in unit]
            decisions += answers
            refused = [each.judgement.blocked or bool(each.unaccepted) for each in answers]
            if True in refused:
                for each, out in zip(answers, refused, strict=True):
                    each.partners = not out
            else:
                self._place(connection, appraisal, entry, limited, unit, answers, now)
        return decisions

    def _answer(self, appraisal: Appraisal, entry: _Held, application: Application) -> Decision:
        """What the rules say of one application, before anybody looks for a seat."""
        row, person = entry.row, application.person
        facts = appraisal.facts(row, person)
        rules = entry.rules.get(application.occur_time)
        if rules is None:
            rules = entry.rules[application.occur_time] = self._rules(row, application)
        judgement = rules.judged(facts)
        decision = Decision(facts, rules, judgement, row.capacity, entry.enrolled)
        if facts.present and (present := appraisal.present(row, person)) is not None:
            decision.present = (present.enrolment_id, EnrolmentState(present.state), present.place)
        if judgement.warnings and not judgement.blocked:
            decision.unaccepted = tuple(code for code in judgement.warnings if code not in application.accepted)
        return decision

    def _place(
        self,
        connection: Connection,
        appraisal: Appraisal,
        entry: _Held,
        limited: Limits,
        unit: Sequence[Application],
        answers: Sequence[Decision],
        now: datetime,
    ) -> None:
        """Seats for a unit if those that are left reach it, else the waitlist: nobody passes who stands before."""
        row, size = entry.row, len(unit)
        standing = None
        if entry.waitlisted == 0:
            seated = entry.free >= size
            if seated and (binding := limits.binding(limited, entry.shares, size)) is not None:
                for each in answers:
                    each.binding = binding
                return
        else:
            seats_left = limits.seats_left(limited, entry.shares, entry.free)
            standing = self._standing(entry, unit, now) if seats_left else None
            seated = standing is not None and self._reached(connection, entry, standing, seats_left, now)
        if not seated and unit[0].seat_only:
            for each in answers:
                each.full = True
            return
        if seated:
            limits.reserve(limited, entry.shares, size)
        else:
            standing = standing or self._standing(entry, unit, now)
            entry.last_arrival = standing.waits_since
            if entry.free:  # else nobody will ask
                insort(entry.standings, standing)
        state = EnrolmentState.ENROLLED if seated else EnrolmentState.WAITLISTED
        for application, decision in zip(unit, answers, strict=True):
            trainee_id, _ = appraisal.trainee(application.person)
            enrolment = _enrolled(entry, application, decision, trainee_id, state, None if seated else standing, now)
            decision.state, decision.enrolment = state, enrolment
            appraisal.add(application.person, row, enrolment)
        if seated:
            entry.enrolled += size
        else:
            entry.waitlisted += size

    def _standing(self, entry: _Held, unit: Sequence[Application], now: datetime) -> waitlist.Standing:
        """Where somebody who comes now stands on the waitlist; a party in the last of its members' groups."""
        row, arrived = entry.row, unit[0].arrived or now
        return waitlist.Standing(
            max(self.priority(each.person.category, row.division, day_of(now)) for each in unit),
            max(arrived, entry.last_arrival or arrived),
            waitlist.lottery_number(row.lottery_seed, min(each.person.index for each in unit)),
            len(unit),
        )

    def _reached(
        self, connection: Connection, entry: _Held, standing: waitlist.Standing, seats_left: int, now: datetime
    ) -> bool:
        """Whether the seats that are left reach somebody who comes when others wait."""
        if not entry.known:
            entry.standings = sorted([*known.standings(connection, entry.row.id), *entry.standings])
            entry.known = True
        pass_over = promotion.terms(self._pack, entry.row, now).pass_over
        return waitlist.reached(entry.standings, standing, seats_left, pass_over=pass_over)

    def _rules(self, row: ClassFacts, application: Application) -> Ruleset:
        key = (row.division, day_of(application.occur_time))
        rules = self._rulesets.get(key)
        if rules is None:
            if len(self._rulesets) > 4096:
                self._rulesets.clear()
            rules = self._rulesets[key] = Ruleset(self._pack, *key)
        return rules


def _units(applications: Sequence[Application]) -> Iterable[Sequence[Application]]:
    """Applications one by one, those of a party together."""
    unit: list[Application] = []
    for application in applications:
        if unit and not (application.party and application.party == unit[0].party):
            yield unit
            unit = []
        unit.append(application)
    if unit:
        yield unit


def _enrolled(
    entry: _Held,
    application: Application,
    decision: Decision,
    trainee_id: str,
    state: EnrolmentState,
    standing: waitlist.Standing | None,
    now: datetime,
) -> Enrolled:
    """An enrolment in its place, counted in; `standing` is its place on the waitlist."""
    row, person = entry.row, application.person
    priority, waits_since, tie = standing[:3] if standing is not None else _NOWHERE
    entry.arrivals += 1
    return Enrolled(
        person.enrolment_id,
        row.id,
        row.order_id,
        trainee_id,
        state.value,
        entry.arrivals,
        priority,
        waits_since,
        tie,
        application.party,
        person.phone_sealed,
        person.phone_index,
        person.category,
        person.proof_sealed,
        row.subsidy_fen,
        [{"code": code, "reason": application.accepted[code]} for code in decision.judgement.warnings],
        f'{decision.judgement.stored[:-1]}, "capacity": {row.capacity}, "enrolled": {entry.enrolled},'
        f' "waitlisted": {entry.waitlisted}, "result": "{state.value}"}}',
        decision.rules.pack.fingerprint,
        application.occur_time,
        now,
    )


def _take(tx: Tx, held: dict[str, _Held], limited: Limits) -> None:
    """Moves the counters of the classes, then the limits, then the seats of the orders."""
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
        limits.move(tx, held[class_id].row, held[class_id].seated, limited)
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


def _held(connection: Connection, applications: Sequence[Application], *, lock: bool) -> dict[str, _Held]:
    ids = {application.class_id for application in applications}
    return {
        row.id: _Held(row, limits.shares(row), row.enrolled, row.waitlisted, row.arrivals, row.last_arrival)
        for row in known.classes(connection, ids, lock=lock)
    }
