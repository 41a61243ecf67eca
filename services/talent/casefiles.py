"""Cases as they are worked on (案卷): read with a few statements, changed in memory, written with a few more.

A case is locked by its row before anything of it is read to be changed. Rows of cases are locked in order of their
numbers, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, insert, literal_column, select, update

from services.platform.bulk import BulkInsert
from services.platform.bulkupdate import BulkUpdate
from services.platform.prepared import Asked, Prepared, Row, any_of, together
from services.platform.transaction import Conflict, Tx
from services.reference.clock import day_of
from services.talent.rules.states import MATTER_ENDED, STEP_ENDED, CaseState
from services.talent.tables import CaseRow, ClockEntryRow, MatterRow, StepRow


@dataclass(slots=True)
class StepFile:
    """A step; the fields are the columns of its row, but for `stored`: the row as it is in the database, if it is."""

    id: int
    case_id: str
    matter: str
    key: str
    position: int
    state: str
    side: str
    bureau: str
    division: str
    unit: str
    assignee: str
    owner: str
    outcome: str
    result: dict[str, str]
    reason: str
    received: date | None
    base: date | None
    begun: str
    planned: date | None
    promised: date | None
    statutory: date | None
    provisional: bool
    calendar: str
    alarm: date | None
    yellow: date | None
    red: date | None
    remind: date | None
    entries: int
    owed: date | None
    start_time: datetime | None
    finish_time: datetime | None
    update_time: datetime
    version: int
    stored: Row | None = field(default=None, repr=False, compare=False)

    @property
    def finish_date(self) -> date | None:
        """The Asia/Shanghai date it was finished, returned or skipped on."""
        return _day(self.finish_time)

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"cases/{self.case_id}/matters/{self.matter}/steps/{self.key}"

    @property
    def ended(self) -> bool:
        """Whether those after it may begin."""
        return self.state in STEP_ENDED


@dataclass(slots=True)
class MatterFile:
    """A matter; the fields are the columns of its row."""

    case_id: str
    key: str
    type: str
    member: int
    position: int
    state: str
    scope: str
    reason: str
    evidence: str
    start_time: datetime | None
    finish_time: datetime | None

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"cases/{self.case_id}/matters/{self.key}"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in it."""
        return self.state in MATTER_ENDED


@dataclass(slots=True)
class EntryFile:
    """An entry of a ledger; the fields are the columns of its row."""

    step_id: int
    number: int
    kind: str
    occur_time: datetime
    record_time: datetime
    actor: str
    unit: str
    reason: str
    evidence: str
    detail: dict[str, Any]


@dataclass(slots=True)
class CaseFile:
    """A case with its matters and steps in order. Ledgers are there for the steps they were asked for."""

    id: str
    state: str
    origin: str
    destination: str
    custody: str
    division: str
    partner_division: str
    catalogue_id: str
    owner: str
    open_time: datetime
    events: int
    version: int
    matters: list[MatterFile] = field(default_factory=list)
    steps: list[StepFile] = field(default_factory=list)
    ledgers: dict[int, list[EntryFile]] = field(default_factory=dict)
    changed_matters: dict[str, MatterFile] = field(default_factory=dict)
    changed_steps: dict[int, StepFile] = field(default_factory=dict)
    new_entries: list[EntryFile] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)  # columns of the case that change

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"cases/{self.id}"

    @property
    def open(self) -> bool:
        """Whether it is being worked on."""
        return self.state == CaseState.OPEN

    def matter(self, key: str) -> MatterFile | None:
        """The matter with this key."""
        return next((each for each in self.matters if each.key == key), None)

    def step(self, matter: str, key: str) -> StepFile | None:
        """The step with this key of that matter."""
        return next((each for each in self.steps if each.matter == matter and each.key == key), None)

    def steps_of(self, matter: str) -> list[StepFile]:
        """The steps of a matter, in order."""
        return [each for each in self.steps if each.matter == matter]

    def touch(self, step: StepFile, now: datetime, **values: Any) -> None:
        """Changes a step: once a transaction its version moves."""
        for name, value in values.items():
            setattr(step, name, value)
        if step.id not in self.changed_steps:
            step.version += 1
            self.changed_steps[step.id] = step
        step.update_time = now

    def change(self, matter: MatterFile, **values: Any) -> None:
        """Changes a matter."""
        for name, value in values.items():
            setattr(matter, name, value)
        self.changed_matters[matter.key] = matter

    def ledger(self, step: StepFile) -> list[EntryFile]:
        """The entries of a step; they must have been asked for, unless there are none."""
        if step.entries and step.id not in self.ledgers:
            raise LookupError("the ledger was not read")
        return self.ledgers.setdefault(step.id, [])

    def enter(self, step: StepFile, entry: EntryFile) -> None:
        """Adds an entry to a step's ledger."""
        self.ledger(step).append(entry)
        step.entries = entry.number
        self.new_entries.append(entry)

    def count_event(self) -> int:
        """The number of the next event of this case."""
        self.events += 1
        return self.events


def _columns(kind: type[Any], table: type[Any]) -> list[Any]:
    return [getattr(table, each.name) for each in fields_of(kind) if each.name in table.__table__.c]


_CASE, _MATTER, _STEP, _ENTRY = (cast(Table, row.__table__) for row in (CaseRow, MatterRow, StepRow, ClockEntryRow))
STEP_COLUMNS = tuple(each.name for each in fields_of(StepFile) if each.name in StepRow.__table__.c)
OWN = [each.name for each in fields_of(CaseFile) if each.name in CaseRow.__table__.c]
_CASES = select(*[getattr(CaseRow, name) for name in OWN]).where(any_of(_CASE.c.id, "ids")).order_by(CaseRow.id)
_READ_CASES = Prepared(_CASES)
_LOCK_CASES = Prepared(_CASES.with_for_update())
_MATTERS = select(*_columns(MatterFile, MatterRow)).order_by(MatterRow.case_id, MatterRow.position)
_STEPS = select(*_columns(StepFile, StepRow)).order_by(StepRow.case_id, StepRow.id)
_READ_MATTERS = Prepared(_MATTERS.where(any_of(_MATTER.c.case_id, "ids")))
_READ_STEPS = Prepared(_STEPS.where(any_of(_STEP.c.case_id, "ids")))
# of one case: PostgreSQL plans this once, and what wants one of a list anew each time
_MATTERS_OF = Prepared(_MATTERS.where(_MATTER.c.case_id == bindparam("of")))
_STEPS_OF = Prepared(_STEPS.where(_STEP.c.case_id == bindparam("of")))
_ENTRIES = select(*_columns(EntryFile, ClockEntryRow)).order_by(ClockEntryRow.step_id, ClockEntryRow.number)
_READ_ENTRIES = Prepared(_ENTRIES.where(any_of(_ENTRY.c.step_id, "ids")))
_ENTRIES_OF = Prepared(
    _ENTRIES.join(_STEP, _STEP.c.id == _ENTRY.c.step_id).where(
        any_of(_STEP.c.case_id, "ids"), any_of(_STEP.c.matter, "matters"), _STEP.c.entries > literal_column("0")
    )
)
_MATTER_VALUES = ("state", "reason", "evidence", "start_time", "finish_time")
_UPDATE_MATTERS = BulkUpdate(_MATTER, ("case_id", "key"), _MATTER_VALUES)
_COUNT_EVENTS = BulkUpdate(_CASE, ("id", "version"), ("events", "update_time"))
_step_row, _matter_row = attrgetter(*STEP_COLUMNS), attrgetter("case_id", "key", *_MATTER_VALUES)
MOST_WAYS = 4  # in which the steps of a batch change, each by a statement of its own
_ENTRY_COLUMNS = tuple(each.name for each in fields_of(EntryFile))
_ENTER = BulkInsert(_ENTRY, _ENTRY_COLUMNS)
_entry_row = attrgetter(*_ENTRY_COLUMNS)


def read(
    connection: Connection, ids: Iterable[str], *, lock: bool = False, ledgers_of: Iterable[tuple[str, str]] = ()
) -> dict[str, CaseFile]:
    """The cases with these numbers that there are; with the ledgers of these matters, by case and key."""
    wanted, entered = {"ids": sorted(set(ids))}, set(ledgers_of)
    # what is read after the lock is as it is once the lock is held
    asked = [(_LOCK_CASES if lock else _READ_CASES, wanted), (_READ_MATTERS, wanted), (_READ_STEPS, wanted)]
    if entered:
        asked.append((_ENTRIES_OF, {**wanted, "matters": sorted({matter for _, matter in entered})}))
    cases, matters, steps, *entries = together(connection, *asked)
    files = gather((CaseFile(*row) for row in cases), matters, steps)
    of = {step.id: file for file in files.values() for step in file.steps if (file.id, step.matter) in entered}
    for number, file in of.items():
        file.ledgers[number] = []
    for row in entries[0] if entries else ():
        if row[0] in of:
            of[row[0]].ledgers[row[0]].append(EntryFile(*row))
    return files


def parts_of(number: str) -> tuple[Asked, Asked]:
    """What is to be asked for the matters and the steps of one case."""
    return (_MATTERS_OF, {"of": number}), (_STEPS_OF, {"of": number})


def gather(cases: Iterable[CaseFile], matters: Iterable[Row], steps: Iterable[Row]) -> dict[str, CaseFile]:
    """Cases with the matters and steps that were found."""
    files = {file.id: file for file in cases}
    for row in matters:
        files[row[0]].matters.append(MatterFile(*row))
    for row in steps:
        step = StepFile(*row)
        step.stored = row
        files[row[1]].steps.append(step)
    return files


def read_ledgers(connection: Connection, files: Mapping[str, CaseFile], steps: Iterable[StepFile]) -> None:
    """Reads the ledgers of these steps into their cases."""
    wanted = {step.id: step for step in steps if step.entries}
    for step in wanted.values():
        files[step.case_id].ledgers[step.id] = []
    for row in _READ_ENTRIES.rows(connection, {"ids": sorted(wanted)}) if wanted else ():
        files[wanted[row[0]].case_id].ledgers[row[0]].append(EntryFile(*row))


def write(tx: Tx, files: Iterable[CaseFile]) -> None:
    """Writes what was changed, before anything else is read. Raises Conflict if another transaction got between,
    whatever the locks.
    """
    post(tx, files)
    tx.flush()


def post(tx: Tx, files: Iterable[CaseFile]) -> None:
    """Has what was changed written with the rest of the work, in one round trip: nothing in the work may read it."""
    held = list(files)
    for names, rows in _changed(step for file in held for step in file.changed_steps.values()):
        tx.change(_update_of(names), rows)
    tx.change(_UPDATE_MATTERS, [_matter_row(matter) for file in held for matter in file.changed_matters.values()])
    tx.change(_COUNT_EVENTS, [(file.id, file.version, file.events, tx.now) for file in held if not file.values])
    tx.add(_ENTER, *(_entry_row(entry) for file in held for entry in file.new_entries))
    for file in held:
        if file.values:
            _write_case(tx, file)
        file.changed_steps, file.changed_matters, file.new_entries = {}, {}, []


def _changed(steps: Iterable[StepFile]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """What of steps has changed, by the names of the columns: acts of one kind change a few, the same ones."""
    ways: dict[tuple[str, ...], list[StepFile]] = {}
    for step in steps:
        row = _step_row(step)
        assert step.stored is not None
        names = [name for name, old, new in zip(STEP_COLUMNS, step.stored, row, strict=True) if old != new]
        if "finish_time" in names:
            names.append("finish_date")
        step.stored = row
        ways.setdefault(tuple(names), []).append(step)
    if len(ways) > MOST_WAYS:
        every = tuple(sorted({name for names in ways for name in names}))
        ways = {every: [step for found in ways.values() for step in found]}
    return [(names, list(map(attrgetter("id", *names), found))) for names, found in ways.items()]


@cache
def _update_of(names: tuple[str, ...]) -> BulkUpdate:
    return BulkUpdate(_STEP, ("id",), names)


def _write_case(tx: Tx, file: CaseFile) -> None:
    """What changes of the case itself: that makes its etag stale."""
    values = {"events": file.events, "update_time": tx.now, **file.values, "version": file.version + 1}
    statement = update(CaseRow).where(_CASE.c.id == file.id, _CASE.c.version == file.version)
    if tx.connection.execute(statement.values(values)).rowcount != 1:
        raise Conflict
    file.version += 1
    for name, value in file.values.items():
        if name in OWN:
            setattr(file, name, value)
    file.values = {}


def _day(instant: datetime | None) -> date | None:
    return day_of(instant) if instant else None


def add_matter(tx: Tx, file: CaseFile, matter: MatterFile, steps: Sequence[Mapping[str, Any]]) -> None:
    """Stores a new matter with its steps, in order, and puts them into the file."""
    tx.connection.execute(insert(MatterRow), [{each.name: getattr(matter, each.name) for each in fields_of(matter)}])
    made = insert(_STEP).returning(_STEP.c.id, sort_by_parameter_order=True)
    rows = [{**values, "finish_date": _day(values["finish_time"])} for values in steps]
    numbers = tx.connection.execute(made, rows).scalars().all()
    file.matters.append(matter)
    for number, values in zip(numbers, steps, strict=True):
        step = StepFile(id=number, **values)
        step.stored = _step_row(step)
        file.steps.append(step)
