"""Events are read in order and none is passed over, whoever commits when; whoever waits is woken, and nobody polls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, insert

from services.platform import tail as module
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Unavailable
from services.platform.outbox import after
from services.platform.tail import Horizon
from services.platform.transaction import Tx
from tests.platform.conftest import Open
from tests.platform.small import BOOKS

CALL = Call.by_system("small", "small.thing.change", "")
# SQLite has one writer at a time
on_postgresql = pytest.mark.parametrize("open_small", ["postgresql"], indirect=True)


def tell(database: Database, subject: str, number: int = 0) -> None:
    """Commits one event."""

    def work(tx: Tx) -> None:
        tx.announce(CALL, subject, "thing.changed", tx.now, {"number": number}, number)

    database.write_again(CALL, work, key=subject)


def put(connection: Connection, database: Database, subject: str) -> None:
    """One event in a transaction that is not committed."""
    now = database.clock()
    values = {"type": "t", "subject": subject, "time": now, "record_time": now, "data": {}}
    connection.execute(insert(BOOKS.outbox).values(**values))


def read(database: Database, position: int, reached: int) -> list[str]:
    with database.reading() as session:
        return [row.subject for row in session.execute(after(BOOKS.outbox, position, reached, 1000))]


def two_at_once(database: Database) -> Iterator[None]:
    """A takes a number, B the next one and commits; then A commits."""
    with database.writing_engine.connect() as first, database.writing_engine.connect() as second:
        put(first, database, "a")
        put(second, database, "b")
        second.commit()
        yield
        first.commit()
        yield


def reader(database: Database) -> tuple[list[list[str]], Horizon]:
    """What a reader who goes on from where it was got at each of three looks, while A and B commit."""
    horizon, got = Horizon(database.reading_engine, BOOKS.outbox), []
    steps = two_at_once(database)
    for _ in range(2):
        next(steps)
        before = horizon.reached
        for _ in range(3):
            horizon.look()
        got.append(read(database, before, horizon.reached))
    steps.close()
    return got, horizon


@on_postgresql
def test_an_event_whose_transaction_commits_late_is_not_passed_over(open_small: Open) -> None:
    got, _ = reader(open_small(lanes=0))
    assert got == [[], ["a", "b"]]


@on_postgresql
def test_without_asking_who_is_on_the_way_it_would_be(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Horizon, "_writers", lambda *_: frozenset())
    got, horizon = reader(open_small(lanes=0))
    assert got == [["b"], []], "a is lost"
    assert horizon.reached == 2


@on_postgresql
def test_who_writes_anything_else_holds_nobody_up(open_small: Open) -> None:
    database = open_small(lanes=0)
    horizon = Horizon(database.reading_engine, BOOKS.outbox)
    with database.writing_engine.connect() as idle:
        idle.exec_driver_sql("INSERT INTO thing VALUES ('x', 1)")
        tell(database, "a")
        horizon.look()
        assert horizon.settled
        assert read(database, 0, horizon.reached) == ["a"]


@on_postgresql
def test_who_begins_to_write_after_the_look_holds_nobody_up(open_small: Open) -> None:
    """Else a busy service would never be told of."""
    database = open_small(lanes=0)
    horizon = Horizon(database.reading_engine, BOOKS.outbox)
    steps = two_at_once(database)
    next(steps)
    horizon.look()
    assert not horizon.settled
    with database.writing_engine.connect() as later:
        put(later, database, "c")
        next(steps)
        horizon.look()
        assert read(database, 0, horizon.reached) == ["a", "b"]
    steps.close()


def test_many_writers_of_two_replicas_and_a_reader_that_misses_and_doubles_nothing(open_small: Open) -> None:
    writers = [open_small(lanes=None), open_small(lanes=None)]
    each, got, stop = 60, [], threading.Event()

    def write(number: int) -> None:
        for count in range(1, each + 1):
            tell(writers[count % 2], f"things/{number}", count)

    def follow() -> None:
        database, position = open_small(lanes=0), 0
        while len(got) < 8 * each and not stop.is_set():
            reached = database.tail.beyond(position, 5)
            with database.reading() as session:
                rows = session.execute(after(BOOKS.outbox, position, reached, 50)).all()
            got.extend((row.subject, row.number) for row in rows)
            position = rows[-1].sequence if rows else position

    with ThreadPoolExecutor(9) as pool:
        following = pool.submit(follow)
        try:
            for done in [pool.submit(write, number) for number in range(8)]:
                done.result(timeout=60)
            following.result(timeout=30)
        finally:
            stop.set()
    for number in range(8):
        assert [count for subject, count in got if subject == f"things/{number}"] == list(range(1, each + 1))


@pytest.fixture
def slow_looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody looks by itself but once a minute; when the looks were."""
    looks: list[float] = []
    look = Horizon.look

    def counted(horizon: Horizon) -> None:
        looks.append(time.monotonic())
        look(horizon)

    monkeypatch.setattr(module, "POLL", 60.0)
    monkeypatch.setattr(Horizon, "look", counted)
    return looks


def in_background(act: Callable[[], int]) -> tuple[threading.Thread, list[int]]:
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    return thread, results


@pytest.mark.parametrize("lanes", [0, 1])
def test_whoever_waits_is_woken_by_the_commit(open_small: Open, slow_looks: list[float], lanes: int) -> None:
    database = open_small(lanes=lanes)
    assert database.tail.fresh(10) == 0
    waiting, results = in_background(lambda: database.tail.beyond(0, 30))
    tell(database, "a")
    waiting.join(timeout=10)
    assert results == [1]


def test_what_another_replica_commits_is_seen_by_and_by(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.05)
    database, other = open_small(lanes=0), open_small(lanes=0)
    assert database.tail.fresh(10) == 0
    waiting, results = in_background(lambda: database.tail.beyond(0, 30))
    tell(other, "a")
    waiting.join(timeout=10)
    assert results == [1]


def test_a_fresh_look_sees_what_is_committed_anywhere(open_small: Open, slow_looks: list[float]) -> None:
    database, other = open_small(lanes=0), open_small(lanes=0)
    for number in range(1, 4):
        tell(other, "a")
        assert database.tail.fresh(10) == number


def test_nobody_looks_while_nobody_waits(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.001)
    monkeypatch.setattr(module, "SPACING", 0.001)
    database, looks = open_small(lanes=0), []
    look = Horizon.look
    monkeypatch.setattr(Horizon, "look", lambda horizon: (looks.append(1), look(horizon))[1])
    database.tail.beyond(0, 0.3)
    assert len(looks) > 5, "while somebody waits it looks"
    before = len(looks)
    for number in range(20):
        tell(database, f"{number}")
    assert len(looks) <= before + 1
    assert database.tail.fresh(10) == 20


def test_a_wait_ends_by_its_time_by_its_caller_and_by_closing(open_small: Open, slow_looks: list[float]) -> None:
    database, gone = open_small(lanes=0), threading.Event()
    assert database.tail.beyond(0, 0.01) == 0
    waiting, results = in_background(lambda: database.tail.beyond(0, 60, gone.is_set))
    gone.set()
    database.tail.nudge()
    waiting.join(timeout=10)
    closing, last = in_background(lambda: database.tail.beyond(0, 60))
    database.tail.close()
    closing.join(timeout=10)
    assert (results, last) == ([0], [0])
    assert database.tail.closed


@on_postgresql
def test_what_cannot_be_found_out_is_unavailable(open_small: Open) -> None:
    database = open_small(lanes=0)
    steps = two_at_once(database)
    next(steps)
    with pytest.raises(Unavailable):
        database.tail.fresh(0.2)
    next(steps)
    assert database.tail.fresh(10) == 2
    steps.close()


def test_a_database_that_cannot_be_asked_is_asked_again(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL", 0.01)
    database = open_small(lanes=0)
    with database.writing_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox_event RENAME TO elsewhere")
    assert database.tail.beyond(0, 0.1) == 0
    with database.writing_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO outbox_event")
    tell(database, "a")
    assert database.tail.fresh(10) == 1
