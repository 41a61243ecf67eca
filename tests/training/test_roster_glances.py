"""What an import has seen of people before it is their turn, and what has come about since."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc
import pytest
from liancai.training.v1 import registers_pb2
from liancai.training.v1 import rosters_pb2 as pb
from sqlalchemy import Connection, func, select

from services.platform.database import Database
from services.training.rosters.ahead import Ahead, Prepared
from services.training.rosters.importing import Import
from services.training.seats import known
from services.training.seats.known import ClassFacts, Setting
from services.training.tables import EnrolmentRow, TraineeRow
from tests.office import Office, somebody
from tests.training import test_registers as registers
from tests.training.roster_desk import Result, bring, rows_of

Meanwhile = Callable[[], object]


@pytest.fixture
def before_its_turn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Meanwhile], None]:
    """Has something happen once, after the first slice was seen and before anything is written."""
    write = Import._write

    def happens(what: Meanwhile) -> None:
        waiting = [what]

        def first_seen(self: Import, starts: range, ahead: Ahead) -> object:
            ahead._begun[starts.start].result()
            while waiting:
                waiting.pop()()
            return write(self, starts, ahead)

        monkeypatch.setattr(Import, "_write", first_seen)

    return happens


def test_somebody_who_has_become_a_trainee_since_is_the_same_person(
    office: Office, database: Database, before_its_turn: Callable[[Meanwhile], None]
) -> None:
    order = office.contracted(headcount=30).name
    held, other = (office.open_class(order, capacity=8).name for _ in range(2))
    people = [somebody() for _ in range(3)]
    before_its_turn(lambda: office.enrol(other, people[1]))
    done = bring(office, held, rows_of(people))
    assert done.results == [Result.ENROLLED] * 3
    assert trainees_of(database, held, other) == [1, 2, 1]


def test_an_import_that_did_not_look_again_would_never_come_to_an_end(
    office: Office, before_its_turn: Callable[[Meanwhile], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what was seen first is taken for what is, each time."""
    order = office.contracted(headcount=30).name
    held, other = (office.open_class(order, capacity=8).name for _ in range(2))
    people = [somebody() for _ in range(3)]
    before_its_turn(lambda: office.enrol(other, people[1]))
    prepare, seen = Ahead.__call__, dict[int, Prepared]()
    monkeypatch.setattr(
        Ahead, "__call__", lambda self, start: seen.get(start) or seen.setdefault(start, prepare(self, start))
    )
    with pytest.raises(grpc.RpcError) as refused:
        bring(office, held, rows_of(people))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert office.the_class(held).enrolled == 0


def replaced(office: Office, before_its_turn: Callable[[Meanwhile], None]) -> list[str]:
    """The codes about somebody whom the register of pensioners names only since the slice was seen."""
    pensioner = somebody()
    registers.bring(office, registers.pensioners(1, first=9_000))
    held = office.paid_class(office.contracted(headcount=30).name).name
    entry = registers_pb2.RegisterEntry(row_number=2, resident_id=pensioner.resident_id, since="2010-01-01")
    before_its_turn(lambda: registers.bring(office, [entry]))
    (row,) = rows_of([pensioner])
    row.MergeFrom(
        pb.RosterRow(category="UNE", proof_kind="就业创业证", proof_number="3715262000000001", proof_date="2026-11-01")
    )
    done = bring(office, held, [row])
    return done.codes(row.row_number)


def test_a_register_that_was_replaced_since_is_asked_again(
    office: Office, before_its_turn: Callable[[Meanwhile], None]
) -> None:
    assert "TR-PENSIONER" in replaced(office, before_its_turn)


def test_without_that_the_register_before_would_be_believed(
    office: Office, before_its_turn: Callable[[Meanwhile], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the generations in force are taken for those that were seen."""
    setting, first = known.setting, list[frozenset[str]]()

    def as_seen(connection: Connection, held: Sequence[ClassFacts]) -> Setting:
        found = setting(connection, held)
        first.append(found.generations)
        return found._replace(generations=first[0])

    monkeypatch.setattr(known, "setting", as_seen)
    assert "TR-PENSIONER" not in replaced(office, before_its_turn)


def trainees_of(database: Database, *classes: str) -> list[int]:
    """In how many of these classes each of their trainees is, in order of coming to the first."""
    ids = [name.partition("/")[2] for name in classes]
    with database.reading() as session:
        first = select(EnrolmentRow.trainee_id).where(EnrolmentRow.class_id == ids[0]).order_by(EnrolmentRow.place)
        counts = (
            select(TraineeRow.id, func.count())
            .join(EnrolmentRow, EnrolmentRow.trainee_id == TraineeRow.id)
            .where(EnrolmentRow.class_id.in_(ids))
            .group_by(TraineeRow.id)
        )
        counted = dict(session.execute(counts).all())
        return [counted[each] for each in session.scalars(first)]
