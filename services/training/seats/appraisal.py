"""What is known, put together as the facts of one decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import Connection

from services.reference.occupations import is_trainable
from services.reference.resident_id import age_on
from services.training.rules import timetable
from services.training.rules.facts import NO_FUND, Facts
from services.training.rules.states import EnrolmentState
from services.training.seats import known
from services.training.seats.decisions import Enrolled
from services.training.seats.known import ClassFacts, Entry, Glance, Setting, Taken
from services.training.seats.people import Person

REMEMBERED = 4096  # timetables
# a place on a waitlist may come to nothing: it is no training yet
TRAINED = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.HIRED)

Version = tuple[str, int]  # a class and its timetable's version


class Timetables:
    """Remembers timetables by their version, and which of them clash."""

    def __init__(self) -> None:
        self._slots: dict[Version, list[timetable.Slot]] = {}
        self._clashes: dict[tuple[Version, Version], bool] = {}

    def learn(self, connection: Connection, versions: Collection[Version]) -> None:
        """Reads the timetables that are compared now and were not before."""
        missing = {version[0]: version for version in versions if version not in self._slots}
        if not missing:
            return
        if len(self._slots) > REMEMBERED:
            self._slots.clear()
            self._clashes.clear()
            missing = {version[0]: version for version in versions}
        slots: dict[Version, list[timetable.Slot]] = {version: [] for version in missing.values()}
        for class_id, day, start, end in known.sessions(connection, sorted(missing)):
            slots[missing[class_id]].append(timetable.Slot(day, start, end))
        self._slots.update(slots)

    def slots(self, version: Version) -> list[timetable.Slot]:
        """The sessions of a timetable that was learned."""
        return self._slots[version]

    def clash(self, ours: Version, theirs: Version) -> bool:
        """Whether any session of the one overlaps one of the other."""
        key = (ours, theirs)
        if key not in self._clashes:
            self._clashes[key] = timetable.first_clash(self._slots[ours], self._slots[theirs]) is not None
        return self._clashes[key]


class Appraisal:
    """Everything a list of applications is decided by. It grows with what the list itself brings about."""

    def __init__(
        self,
        connection: Connection,
        timetables: Timetables,
        setting: Setting,
        persons: Iterable[Person],
        *,
        lock: bool,
        seen: Glance | None = None,
    ) -> None:
        """Reads what was not `seen` before of the people, and locks those on record if it is to."""
        indexes = {person.index for person in persons}
        wanted = indexes if seen is None else seen.people
        self.people = known.people(connection, wanted, lock=lock)
        self.on_record = frozenset(self.people)
        self.taken = known.taken(connection, [trainee_id for trainee_id, _ in self.people.values()])
        if seen is not None and seen.generations == setting.generations:
            self._entries = seen.entries
        else:
            self._entries = known.entries(connection, setting, indexes)
        self._listed, self._kinds = setting.listed, setting.kinds
        self._of_class: dict[str, dict[str, object]] = {
            row.id: {
                "class_state": row.state,
                "occupation_listed": is_trainable(row.occupation_code),
                "class_start": row.start_date.isoformat(),
                "institution_suspended": row.suspended,
            }
            for row in setting.held
        }
        self._strangers: dict[tuple[str, int, str, bool, bool], Facts] = {}
        self._given: dict[bytes, list[tuple[Person, ClassFacts, Enrolled]]] = {}
        self._timetables = timetables
        versions = {_version(place) for mine in self.taken.values() for place in mine.values()}
        timetables.learn(connection, versions | {(row.id, row.timetable_version) for row in setting.held})

    def trainee(self, person: Person) -> tuple[str, str]:
        """Id and name on record, or those the person comes with."""
        return self.people.get(person.index) or (person.trainee_id, person.full_name)

    def present(self, row: ClassFacts, person: Person) -> Taken | None:
        """The place the person has in this class."""
        return self.taken[self.trainee(person)[0]].get(row.id)

    def add(self, person: Person, row: ClassFacts, enrolment: Enrolled) -> None:
        """Notes a place given while the list is decided."""
        self._given.setdefault(person.index, []).append((person, row, enrolment))

    def facts(self, row: ClassFacts, person: Person) -> Facts:
        """What the rules are asked of. Strangers of one age and category are alike."""
        if person.index in self._given:
            self._remember(person.index)
        # somebody not yet born when the class began is of no age
        age = age_on(person.birth, row.start_date) if person.birth <= row.start_date else 0
        if person.index in self.people or person.index in self._entries:
            return self._facts(row, person, age)
        key = (row.id, age, person.category, person.division_known, bool(person.proof_sealed))
        facts = self._strangers.get(key)
        if facts is None:
            facts = self._strangers[key] = self._facts(row, person, age)
        return facts

    def _remember(self, index: bytes) -> None:
        """Makes what the list gave somebody part of what is known of them, now that they come again."""
        for person, row, enrolment in self._given.pop(index):
            trainee_id, _ = self.people.setdefault(index, (person.trainee_id, person.full_name))
            self.taken[trainee_id][row.id] = _taken(row, enrolment)

    def _facts(self, row: ClassFacts, person: Person, age: int) -> Facts:
        trainee_id, name = self.trainee(person)
        mine = self.taken.get(trainee_id, {})
        present = mine.get(row.id)
        others = [place for place in mine.values() if place.class_id != row.id]
        facts = {
            **self._of_class[row.id],
            "age_at_class_start": age,
            "division_known": person.division_known,
            # of somebody who comes for the first time no other name is on record
            "same_name": None if trainee_id == person.trainee_id else name == person.full_name,
            "present": f"enrolments/{present.enrolment_id}" if present else "",
            "clashes": tuple(sorted(f"classes/{each.class_id}" for each in others if self._clash(row, each))),
            "category": person.category,
        }
        if row.fund != NO_FUND:
            facts |= self._money(row, person, others)
        return Facts(**facts)  # type: ignore[arg-type]

    def _money(self, row: ClassFacts, person: Person, others: list[Taken]) -> dict[str, object]:
        """The facts that only public money asks for."""
        kinds = self._kinds.get(row.division, frozenset())
        entries = self._entries.get(person.index, ())
        paid = [each for each in others if each.fund != NO_FUND and each.state in TRAINED]
        same = [each for each in paid if _same(row, each)]
        past = [each for each in entries if each.kind == "SUBSIDISED_TRAINING"]
        higher = [each for each in entries if each.kind in ("CERTIFICATE", "SUBSIDISED_TRAINING") and _above(row, each)]
        began = [each.start_date for each in same] + [each.since or date.min for each in past if _same(row, each)]

        def said(kind: str) -> bool | None:
            if kind not in kinds:
                return None
            return any(each.kind == kind and _on(each, row.start_date) for each in entries)

        return {
            "fund": row.fund,
            "institution_listed": self._listed.get(row.id),
            "proof_given": bool(person.proof_sealed),
            "drawing_pension": said("PENSION"),
            "public_staff": said("PUBLIC_STAFF"),
            "insured_as_employee": said("INSURED_EMPLOYMENT"),
            "subsidised_this_year": sum(each.start_date.year == row.year for each in paid),
            "subsidised_elsewhere": sum(each.since is not None and each.since.year == row.year for each in past)
            if "SUBSIDISED_TRAINING" in kinds
            else None,
            "same_level": tuple(sorted(f"classes/{each.class_id}" for each in same)),
            "same_level_last": max(began).isoformat() if began else "",
            "same_level_elsewhere": any(_same(row, each) for each in past) if "SUBSIDISED_TRAINING" in kinds else None,
            "higher_level": tuple(sorted(f"classes/{each.class_id}" for each in paid if _above(row, each))),
            "higher_level_elsewhere": True if higher else False if "CERTIFICATE" in kinds else None,
            "skill_subsidy_drawn": any(each.kind == "SKILL_SUBSIDY" and _same(row, each) for each in entries)
            if "SKILL_SUBSIDY" in kinds
            else None,
        }

    def _clash(self, row: ClassFacts, place: Taken) -> bool:
        if place.start_date > row.end_date or place.end_date < row.start_date:
            return False
        return self._timetables.clash((row.id, row.timetable_version), _version(place))


def _taken(row: ClassFacts, enrolment: Enrolled) -> Taken:
    return Taken(
        enrolment.id,
        row.id,
        enrolment.state,
        enrolment.place,
        row.start_date,
        row.end_date,
        row.timetable_version,
        row.occupation_code,
        row.certificate_level,
        row.fund,
    )


def _version(place: Taken) -> Version:
    return place.class_id, place.timetable_version


def _same(row: ClassFacts, other: Taken | Entry) -> bool:
    return other.occupation_code == row.occupation_code and other.certificate_level == row.certificate_level


def _above(row: ClassFacts, other: Taken | Entry) -> bool:
    """A higher level of the same occupation: 1 is the highest certificate, 5 the lowest, 0 none."""
    return (
        other.occupation_code == row.occupation_code
        and 0 < other.certificate_level < row.certificate_level
        and row.certificate_level > 0
    )


def _on(entry: Entry, day: date) -> bool:
    """Whether a register's entry holds on a day; an open end holds on."""
    return (entry.since is None or entry.since <= day) and (entry.until is None or entry.until >= day)
