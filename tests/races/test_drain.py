"""SIGTERM with calls in flight: what was done was answered, what was not can be asked again, the exit is clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from liancai.common.v1 import event_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Engine, select

from services import host
from tests.office import Office
from tests.races.books import TABLES, assert_books_balance
from tests.races.crowd import CAPACITY, a_hot_class, a_wish
from tests.races.servers import engine_of, office_at, served

NewSettings = Callable[..., host.Settings]
BURST = 100


def burst(
    office: Office, wishes: list[pb.EnrolRequest], on_first: Callable[[], None]
) -> tuple[dict[str, pb.Enrolment], list[grpc.StatusCode]]:
    """All at once; `on_first` runs at the first answer. The replies, and how those fared who got none."""
    replies: dict[str, pb.Enrolment] = {}
    turned_away: list[grpc.StatusCode] = []
    first, lock = threading.Event(), threading.Lock()
    barrier = threading.Barrier(len(wishes))

    def ask(wish: pb.EnrolRequest) -> None:
        barrier.wait(timeout=30)
        try:
            reply = office.enrolments.Enrol(wish)
        except grpc.RpcError as error:
            turned_away.append(error.code())
            return
        with lock:
            replies[wish.request_id] = reply
            leads = not first.is_set()
            first.set()
        if leads:
            on_first()

    with ThreadPoolExecutor(len(wishes)) as pool:
        for done in [pool.submit(ask, wish) for wish in wishes]:
            done.result(timeout=60)
    return replies, turned_away


def done_requests(engine: Engine, wishes: list[pb.EnrolRequest]) -> set[str]:
    """Those that are done, whoever was told."""
    table = TABLES["reply"].c
    wanted = select(table.request_id).where(table.request_id.in_([wish.request_id for wish in wishes]))
    with engine.connect() as connection:
        return set(connection.scalars(wanted))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sigterm_during_a_burst_loses_no_reply_and_exits_cleanly(
    kind: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind)
    with served(settings, next(folders)) as (server,), ExitStack() as stack:
        engine = stack.enter_context(engine_of(settings))
        with office_at(server.address, settings) as office:
            name = a_hot_class(office, CAPACITY)
            wishes = [a_wish(name) for _ in range(BURST)]
            replies, turned_away = burst(office, wishes, server.terminate)
        assert server.process.wait(timeout=30) == 0
        assert len(replies) + len(turned_away) == BURST
        assert done_requests(engine, wishes) == set(replies), "something was done and nobody told"

        server.start()
        server.ready()
        with office_at(server.address, settings) as office:
            again = {wish.request_id: office.enrolments.Enrol(wish) for wish in wishes}
        assert {key: again[key] for key in replies} == replies
        assert_books_balance(engine, name, again)
        assert set(turned_away) <= {grpc.StatusCode.UNAVAILABLE}, "clients do not ask again after another code"


def test_sigterm_ends_a_watch_at_once_and_cleanly(new_settings: NewSettings, folders: Iterator[Path]) -> None:
    """It would else be waited for until the grace is over."""
    settings = new_settings("sqlite")
    with served(settings, next(folders)) as (server,), office_at(server.address, settings) as office:
        watched = office.events.WatchEvents(event_pb2.WatchEventsRequest())
        assert next(watched).position == 0
        begun = time.monotonic()
        server.terminate()
        assert list(watched) == [], "ended with OK"
        assert server.process.wait(timeout=30) == 0
        assert time.monotonic() - begun < host.GRACE / 2


def test_kill_9_in_the_same_burst_does_lose_replies(new_settings: NewSettings, folders: Iterator[Path]) -> None:
    settings = new_settings("sqlite", LIANCAI_LANES="0")  # one commit after another: the burst takes its time
    with served(settings, next(folders)) as (server,), office_at(server.address, settings) as office:
        name = a_hot_class(office, CAPACITY)
        wishes = [a_wish(name) for _ in range(BURST)]
        _, turned_away = burst(office, wishes, server.kill)
        assert turned_away
        assert server.process.returncode != 0
