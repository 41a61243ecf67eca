"""What is kept for a time goes after it and not before, in small steps; nobody is ever passed over without a word."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from liancai.common.v1 import event_pb2 as pb
from sqlalchemy import delete, insert, select, update

from services.platform import pruning as module
from services.platform import watching
from services.platform.boundary import Call, Method
from services.platform.database import Database
from services.platform.delivery import FIRST, Deliverer, Endpoint
from services.platform.errors import Pruned, Unavailable
from services.platform.once import KEPT
from services.platform.outbox import floor_of
from services.platform.policy import Policy
from services.platform.pruning import Pruning
from services.platform.texts import Texts
from services.platform.watching import Watching
from tests.platform.conftest import NewCall, Open
from tests.platform.small import BOOKS
from tests.platform.test_delivery import SOURCE, Sink
from tests.platform.test_once import REPLY, Maker, a_request
from tests.platform.test_tail import on_postgresql, put, tell

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(open_small: Open, clock: Clock) -> Database:
    return open_small(lanes=1, clock=clock)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)


def told_daily(database: Database, clock: Clock, count: int) -> None:
    """So many events, one a day; the last one a day ago."""
    for number in range(1, count + 1):
        tell(database, f"things/{number}", number)
        clock.now += DAY


def prune(database: Database, clock: Clock, kept: timedelta | None = WEEK, *receivers: str) -> None:
    Pruning(database, SOURCE, kept, receivers).run(clock.now)


def left(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(BOOKS.outbox.c.sequence).order_by(BOOKS.outbox.c.sequence)))


def floor(database: Database) -> int:
    with database.reading() as session:
        return floor_of(session.connection(), BOOKS.floor)


def has_told(database: Database, name: str, position: int) -> None:
    """As if an endpoint had been told so far."""
    values = {"endpoint": name, "position": position, "failures": 0, "holder": "", "held_until": FIRST}
    with database.writing_engine.begin() as connection:
        connection.execute(delete(BOOKS.deliveries).where(BOOKS.deliveries.c.endpoint == name))
        connection.execute(insert(BOOKS.deliveries).values(**values))


# ---- replies ---------------------------------------------------------------------------------------


def replies(database: Database) -> int:
    with database.reading() as session:
        return len(session.execute(select(REPLY)).all())


def test_replies_are_forgotten_after_their_time_and_not_before(
    database: Database, clock: Clock, new_call: NewCall
) -> None:
    make = Maker()
    for number in range(8):
        database.write(new_call(), a_request(request_id=f"request-{number}"), make)
    clock.now += KEPT - timedelta(seconds=1)
    prune(database, clock)
    database.write(new_call(), a_request(request_id="request-0"), make)
    assert make.done == replies(database) == 8
    database.write(new_call(), a_request(request_id="request-new"), make)
    clock.now += timedelta(seconds=2)
    prune(database, clock)
    assert replies(database) == 1, "in steps, all that are old enough"
    database.write(new_call(), a_request(request_id="request-0"), make)
    assert make.done == 10, "it protects no longer"


def test_a_round_has_an_end(
    database: Database, clock: Clock, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCHES", 2)
    make = Maker()
    for number in range(10):
        database.write(new_call(), a_request(request_id=f"request-{number}"), make)
    clock.now += KEPT + DAY
    for rest in (4, 0):
        prune(database, clock)
        assert replies(database) == rest


@on_postgresql
def test_what_another_replica_is_just_forgetting_is_left_to_it(
    open_small: Open, clock: Clock, new_call: NewCall
) -> None:
    database = open_small(lanes=0, clock=clock)
    make = Maker()
    for number in range(5):
        database.write(new_call(), a_request(request_id=f"request-{number}"), make)
    clock.now += KEPT + DAY
    with database.writing_engine.connect() as other:
        assert BOOKS.once.forget(other, clock.now, 3) == 3
        prune(database, clock)
        assert replies(database) == 3, "nobody waited"
        other.rollback()
    prune(database, clock)
    assert replies(database) == 0


# ---- events ----------------------------------------------------------------------------------------


def test_events_are_kept_for_ever_unless_a_setting_says_for_how_long(database: Database, clock: Clock) -> None:
    told_daily(database, clock, 10)
    clock.now += 10_000 * DAY
    prune(database, clock, None)
    assert left(database) == list(range(1, 11))
    assert floor(database) == 0


def test_events_go_after_their_time_and_not_before(database: Database, clock: Clock) -> None:
    told_daily(database, clock, 20)
    clock.now -= timedelta(seconds=1)  # the 14th is not yet a week old
    prune(database, clock)
    assert (left(database), floor(database)) == (list(range(14, 21)), 13)
    prune(database, clock)
    assert floor(database) == 13, "once is enough"
    clock.now += timedelta(seconds=2)
    prune(database, clock)
    assert (left(database), floor(database)) == (list(range(15, 21)), 14)


def test_the_newest_event_stays_and_numbers_go_on(database: Database, clock: Clock) -> None:
    told_daily(database, clock, 5)
    clock.now += 100 * DAY
    prune(database, clock)
    assert (left(database), floor(database)) == ([5], 4)
    tell(database, "things/6")
    assert left(database) == [5, 6]


@pytest.mark.parametrize("open_small", ["sqlite"], indirect=True)
def test_without_it_a_number_would_be_given_twice(database: Database, clock: Clock) -> None:
    """The negative control."""
    told_daily(database, clock, 5)
    with database.writing_engine.begin() as connection:
        connection.execute(delete(BOOKS.outbox))
    tell(database, "things/6")
    assert left(database) == [1]


def test_an_event_goes_only_when_every_receiver_has_it(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    told_daily(database, clock, 20)
    has_told(database, "webhook", 9)
    rounds = Pruning(database, SOURCE, WEEK, ["webhook", "nats"])
    rounds.run(clock.now)
    assert floor(database) == 0, "nobody has told NATS of anything yet"
    has_told(database, "nats", 20)
    rounds.run(clock.now)
    assert (left(database)[0], floor(database)) == (10, 9)
    rounds.run(clock.now)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sorted(word for line in said for word in line.split() if word.startswith("endpoint=")) == [
        "endpoint=nats", "endpoint=webhook",
    ], "once each"  # fmt: skip
    has_told(database, "webhook", 20)
    rounds.run(clock.now)
    assert floor(database) == 13


def test_a_receiver_that_only_another_replica_knows_counts_too(database: Database, clock: Clock) -> None:
    told_daily(database, clock, 20)
    has_told(database, "city", 4)
    prune(database, clock)
    assert floor(database) == 4


def test_what_is_deleted_and_how_far_is_noted_together(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_daily(database, clock, 20)
    monkeypatch.setattr(module, "update", _fails)
    with pytest.raises(RuntimeError):
        prune(database, clock)
    assert (left(database), floor(database)) == (list(range(1, 21)), 0)


def _fails(*_: Any) -> None:
    raise RuntimeError


@on_postgresql
def test_an_event_that_is_still_on_its_way_keeps_all_after_it(
    open_small: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIND_OUT", 0.2)
    database = open_small(lanes=0, clock=clock)
    with database.writing_engine.connect() as slow:
        put(slow, database, "slow")
        told_daily(database, clock, 20)
        with pytest.raises(Unavailable):
            prune(database, clock)
        assert len(left(database)) == 20
        slow.commit()
    monkeypatch.setattr(module, "FIND_OUT", 10.0)
    prune(database, clock)
    assert floor(database) == 14


@on_postgresql
def test_one_replica_prunes_at_a_time_and_the_other_does_not_wait(open_small: Open, clock: Clock) -> None:
    database = open_small(lanes=0, clock=clock)
    told_daily(database, clock, 20)
    prune(database, clock, 18 * DAY)
    assert floor(database) == 2
    with database.writing_engine.connect() as other:
        other.execute(update(BOOKS.floor).values(position=2))
        prune(database, clock)
        assert floor(database) == 2
        other.rollback()
    prune(database, clock)
    assert floor(database) == 13


def test_many_replicas_prune_while_events_are_written_and_none_that_is_young_goes(
    open_small: Open, clock: Clock
) -> None:
    replicas = [open_small(lanes=None, clock=clock) for _ in range(3)]
    told_daily(replicas[0], clock, 200)
    with ThreadPoolExecutor(6) as pool:
        doing = [pool.submit(prune, replica, clock) for replica in replicas]
        doing += [pool.submit(tell, replica, "things/new") for replica in replicas for _ in range(5)]
        for done in doing:
            done.result(timeout=60)
    prune(replicas[0], clock)
    assert (floor(replicas[0]), len(left(replicas[0]))) == (193, 7 + 15)


# ---- whoever follows -------------------------------------------------------------------------------


@pytest.fixture
def call() -> Call:
    context = SimpleNamespace(time_remaining=lambda: None, is_active=lambda: True, add_callback=lambda _: True)
    method = Method("/small", "small", "small.event.read", pb.WatchEventsResponse)
    caller = Call.by_system("small", "small.event.read", "").caller
    return Call(method, caller, "zh", Policy(""), Texts({}), cast(grpc.ServicerContext, context))


def follow(database: Database, call: Call, position: int = 0, **fields: Any) -> Iterator[pb.WatchEventsResponse]:
    request = pb.WatchEventsRequest(position=position, stop_at_end=True, **fields)
    return Watching(database, SOURCE, lambda _session, _call, subjects: set(subjects)).stream(request, call)


def numbers(parts: Iterator[pb.WatchEventsResponse]) -> list[int]:
    return [event.sequence for part in parts for event in part.events]


def test_whoever_asks_for_what_is_gone_is_told_where_to_go_on(database: Database, clock: Clock, call: Call) -> None:
    told_daily(database, clock, 20)
    prune(database, clock)
    for position in (0, 1, 12):
        for subject in ("", "things/18"):
            with pytest.raises(Pruned) as refused:
                list(follow(database, call, position, subject=subject))
            assert refused.value.metadata == {"position": str(position), "resume": "13"}
            assert refused.value.code is grpc.StatusCode.OUT_OF_RANGE
    assert numbers(follow(database, call, 13)) == list(range(14, 21))
    assert numbers(follow(database, call, 17)) == list(range(18, 21))


def test_a_stream_that_is_overtaken_ends_with_it_and_passes_nothing_over(
    database: Database, clock: Clock, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PAGE", 5)
    told_daily(database, clock, 20)
    parts = follow(database, call)
    assert [event.sequence for event in next(parts).events] == [1, 2, 3, 4, 5]
    prune(database, clock)
    with pytest.raises(Pruned) as refused:
        next(parts)
    assert refused.value.metadata == {"position": "5", "resume": "13"}


def test_without_the_note_it_would_pass_them_over(
    database: Database, clock: Clock, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    told_daily(database, clock, 20)
    prune(database, clock)
    monkeypatch.setattr(watching, "floor_of", lambda *_: 0)
    assert numbers(follow(database, call, 5)) == list(range(14, 21))


def test_a_place_is_free_again_after_it(
    database: Database, clock: Clock, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "WATCHERS", 1)
    told_daily(database, clock, 20)
    prune(database, clock)
    behind = Watching(database, SOURCE, lambda _session, _call, subjects: set(subjects))
    for _ in range(2):
        with pytest.raises(Pruned):
            list(behind.stream(pb.WatchEventsRequest(stop_at_end=True), call))


def test_a_receiver_that_is_new_begins_with_what_is_kept_and_the_log_says_so(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    told_daily(database, clock, 20)
    prune(database, clock)
    sink = Sink()
    assert Deliverer(database, SOURCE, Endpoint("new", lambda: sink), threading.Event()).round(sink) == 0
    assert sink.sent == list(range(14, 21))
    assert "endpoint=new events up to 13 are kept no longer" in caplog.text
