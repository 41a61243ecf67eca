"""How often PostgreSQL is asked for what a caseworker does all day, counted on the wire: it shall not creep back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import cases_pb2, steps_pb2, worklist_pb2
from psycopg.pq import Trace
from sqlalchemy import Engine, event

from services import host
from services.platform.database import Database
from services.talent import casefiles
from tests.conftest import fresh_settings, token_of
from tests.office import request_id
from tests.talent.desk import Desk

WARM = 8  # times that a statement is run until driver and server have settled how


@pytest.fixture(scope="module", params=["postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    return fresh_settings(request, tmp_path_factory, "postgresql")


@pytest.fixture
def bureau(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """A caseworker, whose work is looked at."""
    return Desk(grpc_channel, token_of(settings, roles=("caseworker",), unit="371526-tf", subject="caseworker"))


class Wire:
    """What was said to the server through the connections of an engine."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def text(self) -> str:
        """Everything, as libpq writes it down."""
        return self._file.read_text()

    @property
    def sent(self) -> list[str]:
        """The kinds of the messages."""
        found = (re.match(r"F\t\d+\t(\w+)", line) for line in self.text.splitlines())
        return [each[1] for each in found if each]

    @property
    def round_trips(self) -> int:
        """How often somebody waited for the server: after each Sync, and after each simple Query."""
        return sum(kind in ("Sync", "Query") for kind in self.sent)

    @property
    def statements(self) -> int:
        """How many statements were run, those that begin and end a transaction among them."""
        return sum(kind in ("Execute", "Query") for kind in self.sent)


@contextmanager
def tapped(engine: Engine, file: Path) -> Iterator[Wire]:
    """Listens in on every connection that is taken from the pool."""

    def begin(driver: Any, *_: Any) -> None:
        driver.pgconn.trace(stream.fileno())
        driver.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def end(driver: Any, *_: Any) -> None:
        driver.pgconn.untrace()

    with file.open("a") as stream:
        event.listen(engine, "checkout", begin)
        event.listen(engine, "checkin", end)
        try:
            yield Wire(file)
        finally:
            event.remove(engine, "checkout", begin)
            event.remove(engine, "checkin", end)


@pytest.fixture
def reading(talent_database: Database, tmp_path: Path) -> Callable[[Callable[[], Any]], Wire]:
    """What a read says to the server, once everything is warm."""

    def listen(ask: Callable[[], Any]) -> Wire:
        talent_database.reading_engine.dispose()  # one connection from here on: callers come one after the other
        for _ in range(WARM):
            ask()
        with tapped(talent_database.reading_engine, tmp_path / "wire") as wire:
            ask()
        return wire

    return listen


def test_a_case_is_read_in_one_round_trip(bureau: Desk, reading: Any) -> None:
    name = bureau.open("anchor_enrol", "pension").name
    wire = reading(lambda: bureau.case(name))
    assert (wire.round_trips, wire.statements) == (1, 4)


def test_progress_is_asked_for_in_one_round_trip(
    bureau: Desk, talent_database: Database, grpc_channel: grpc.Channel, tmp_path: Path
) -> None:
    case = bureau.open("pension")
    anybody = Desk(grpc_channel, "")
    asked = cases_pb2.QueryProgressRequest(receipt=case.name, phone_tail=case.masked_phone[-4:])
    anybody.cases.QueryProgress(asked)
    with tapped(talent_database.reading_engine, tmp_path / "wire") as wire:
        anybody.cases.QueryProgress(asked)
    assert wire.round_trips == 1


def test_the_first_page_of_today_takes_two(bureau: Desk, reading: Any) -> None:
    """What is on the desks, with who is away; then the steps of the page."""
    bureau.open("pension", owner="caseworker")
    wire = reading(lambda: bureau.worklist.ListToday(worklist_pb2.ListTodayRequest()))
    # who is away, two desks and the unit's; the steps
    assert (wire.round_trips, wire.statements) == (2, 5)


@pytest.mark.parametrize("together", [1, 8])
def test_steps_advance_in_four_however_many(
    bureau: Desk, talent_database: Database, tmp_path: Path, together: int
) -> None:
    """BEGIN, for which nobody waits; the cases with all of theirs; what has changed; COMMIT."""
    names = [bureau.open("pension").name for _ in range(3 * WARM + together)]

    def start(name: str) -> None:
        bureau.steps.StartStep(
            steps_pb2.StartStepRequest(name=f"{name}/matters/pension/steps/check", request_id=request_id())
        )

    talent_database.writing_engine.dispose()
    for name in names[together:]:  # one after the other, on either lane
        start(name)
    with (
        ThreadPoolExecutor(together) as callers,
        tapped(talent_database.writing_engine, tmp_path / "wire") as wire,
    ):
        list(callers.map(start, names[:together]))
    commits = wire.text.count('Query\t "COMMIT"')
    assert 1 <= commits <= together
    assert wire.round_trips == 4 * commits


def test_what_is_read_often_is_planned_once(bureau: Desk, talent_database: Database, reading: Any) -> None:
    """Neither by a glance nor in a transaction: at a rollback the driver would forget what it has prepared."""
    name = bureau.open("pension").name
    assert "Parse" not in reading(lambda: bureau.case(name)).sent

    def again() -> None:
        with talent_database.reading() as session:
            casefiles.read(session.connection(), [name.partition("/")[2]])

    # the driver's own BEGIN is parsed each time
    assert reading(again).sent.count("Parse") == 1


def test_the_count_sees_a_transaction_around_a_read(bureau: Desk, talent_database: Database, tmp_path: Path) -> None:
    """The control: a reading of one statement in a transaction takes three."""
    with tapped(talent_database.reading_engine, tmp_path / "wire") as wire, talent_database.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")
    assert (wire.round_trips, wire.statements) == (3, 3)
