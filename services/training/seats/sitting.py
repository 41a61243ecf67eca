"""Who gets a seat: lists of applications decided one after the other, while their classes are held.

Nothing is written here. Counters are counted on from list to list, so that a class is read once in a transaction.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.rules import waitlist
from services.training.rules.eligibility import Ruleset
from services.training.rules.states import EnrolmentState, free
from services.training.seats import known, limits, promotion
from services.training.seats.appraisal import Appraisal, Timetables
from services.training.seats.decisions import Application, Decision, Enrolled
from services.training.seats.known import ClassFacts, Glance
from services.training.seats.limits import Share
from services.training.seats.people import Person

_NOWHERE = (0, None, 0)  # on the waitlist


class Rulebook:
    """What is remembered between transactions: rules by division and day, timetables by their version."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.timetables = Timetables()
        self._rulesets: dict[tuple[str, date], Ruleset] = {}

    def rules(self, division: str, on: date) -> Ruleset:
        """The rules in force."""
        rules = self._rulesets.get((division, on))
        if rules is None:
            if len(self._rulesets) > 4096:
                self._rulesets.clear()
            rules = self._rulesets[division, on] = Ruleset(self.pack, division, on)
        return rules

    def priority(self, category: str, division: str, on: date) -> int:
        """The group of the waitlist that a category belongs to; 1 is served first."""
        groups = self.pack.find("waitlist.priority", division, on)
        return waitlist.priority_of(category, groups.value if groups else None)


@dataclass(slots=True)
class Held:
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


class Decided(NamedTuple):
    """A list that was decided: what comes of each application, in order, and what is to be written."""

    decisions: list[Decision]
    newcomers: list[Person]  # of whom there is no record yet
    enrolments: list[tuple[Application, Enrolled]]


class Sitting:
    """Decisions on some classes, made in one transaction at `now`. It locks what it reads if it is to."""

    def __init__(
        self, connection: Connection, book: Rulebook, class_ids: Collection[str], now: datetime, *, lock: bool
    ) -> None:
        self._connection = connection
        self._book = book
        self._now = now
        self._lock = lock
        rows = known.classes(connection, class_ids, lock=lock)
        self.held = {
            row.id: Held(row, limits.shares(row), row.enrolled, row.waitlisted, row.arrivals, row.last_arrival)
            for row in rows
        }
        self.limits = limits.read(connection, rows, lock=lock)
        self._setting = known.setting(connection, rows)

    def decide(self, applications: Sequence[Application], seen: Glance | None = None) -> Decided:
        """Seats whoever may, in the order given, and the waitlist for whoever comes when the class is full.

        `seen` spares looking for people of whom there was no record a moment ago.
        """
        persons = [application.person for application in applications]
        appraisal = Appraisal(
            self._connection, self._book.timetables, self._setting, persons, lock=self._lock, seen=seen
        )
        decisions: list[Decision] = []
        for unit in _units(applications):
            entry = self.held[unit[0].class_id]
            answers = [self._answer(appraisal, entry, application) for application in unit]
            decisions += answers
            refused = [each.judgement.blocked or bool(each.unaccepted) for each in answers]
            if True in refused:
                for each, out in zip(answers, refused, strict=True):
                    each.partners = not out
            else:
                self._place(appraisal, entry, unit, answers)
        placed = [
            (application, enrolment)
            for application, decision in zip(applications, decisions, strict=True)
            if (enrolment := decision.enrolment) is not None
        ]
        newcomers = {
            each.person.index: each.person
            for each, _ in reversed(placed)
            if each.person.index not in appraisal.on_record
        }
        return Decided(decisions, list(newcomers.values()), placed)

    def _answer(self, appraisal: Appraisal, entry: Held, application: Application) -> Decision:
        """What the rules say of one application, before anybody looks for a seat."""
        row, person = entry.row, application.person
        facts = appraisal.facts(row, person)
        rules = entry.rules.get(application.occur_time)
        if rules is None:
            rules = self._book.rules(row.division, day_of(application.occur_time))
            entry.rules[application.occur_time] = rules
        judgement = rules.judged(facts)
        decision = Decision(facts, rules, judgement, row.capacity, entry.enrolled)
        if facts.present and (present := appraisal.present(row, person)) is not None:
            decision.present = (present.enrolment_id, EnrolmentState(present.state), present.place)
        if judgement.warnings and not judgement.blocked:
            decision.unaccepted = tuple(code for code in judgement.warnings if code not in application.accepted)
        return decision

    def _place(
        self, appraisal: Appraisal, entry: Held, unit: Sequence[Application], answers: Sequence[Decision]
    ) -> None:
        """Seats for a unit if those that are left reach it, else the waitlist: nobody passes who stands before."""
        row, size = entry.row, len(unit)
        standing = None
        if entry.waitlisted == 0:
            seated = entry.free >= size
            if seated and (binding := limits.binding(self.limits, entry.shares, size)) is not None:
                for each in answers:
                    each.binding = binding
                return
        else:
            seats_left = limits.seats_left(self.limits, entry.shares, entry.free)
            standing = self._standing(entry, unit) if seats_left else None
            seated = standing is not None and self._reached(entry, standing, seats_left)
        if not seated and unit[0].seat_only:
            for each in answers:
                each.full = True
            return
        if seated:
            limits.reserve(self.limits, entry.shares, size)
        else:
            standing = standing or self._standing(entry, unit)
            entry.last_arrival = standing.waits_since
            if entry.free:  # else nobody will ask
                insort(entry.standings, standing)
        state = EnrolmentState.ENROLLED if seated else EnrolmentState.WAITLISTED
        written, where = state.value, None if seated else standing
        for application, decision in zip(unit, answers, strict=True):
            trainee_id, _ = appraisal.trainee(application.person)
            enrolment = _enrolled(entry, application, decision, trainee_id, written, where, self._now)
            decision.state, decision.enrolment = state, enrolment
            appraisal.add(application.person, row, enrolment)
        if seated:
            entry.enrolled += size
        else:
            entry.waitlisted += size

    def _standing(self, entry: Held, unit: Sequence[Application]) -> waitlist.Standing:
        """Where somebody who comes now stands on the waitlist; a party in the last of its members' groups."""
        row, arrived, today = entry.row, unit[0].arrived or self._now, day_of(self._now)
        return waitlist.Standing(
            max(self._book.priority(each.person.category, row.division, today) for each in unit),
            max(arrived, entry.last_arrival or arrived),
            waitlist.lottery_number(row.lottery_seed, min(each.person.index for each in unit)),
            len(unit),
        )

    def _reached(self, entry: Held, standing: waitlist.Standing, seats_left: int) -> bool:
        """Whether the seats that are left reach somebody who comes when others wait."""
        if not entry.known:
            # Of a series, what earlier lists wrote is read here, and none of it is remembered as well: somebody alone
            # waits beside a free seat only where a limit is used up, and then nobody asks whether they are reached.
            entry.standings = sorted([*known.standings(self._connection, entry.row.id), *entry.standings])
            entry.known = True
        pass_over = promotion.terms(self._book.pack, entry.row, self._now).pass_over
        return waitlist.reached(entry.standings, standing, seats_left, pass_over=pass_over)


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


def _reasons(application: Application, decision: Decision) -> list[dict[str, str]]:
    """Why each warning is let pass."""
    return [{"code": code, "reason": application.accepted[code]} for code in decision.judgement.warnings]


def _enrolled(
    entry: Held,
    application: Application,
    decision: Decision,
    trainee_id: str,
    state: str,
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
        state,
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
        _reasons(application, decision) if decision.judgement.warnings else [],
        f'{decision.judgement.stored[:-1]}, "capacity": {row.capacity}, "enrolled": {entry.enrolled},'
        f' "waitlisted": {entry.waitlisted}, "result": "{state}"}}',
        decision.rules.pack.fingerprint,
        application.occur_time,
        now,
    )
