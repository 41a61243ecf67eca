"""kill -9 in the middle of 64 clients' load: what was acknowledged is there, nothing is there twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services import host
from tests.races.books import assert_books_balance
from tests.races.crowd import CLIENTS, Crowd, a_hot_class
from tests.races.servers import Server, engine_of, office_at, served

NewSettings = Callable[..., host.Settings]
EACH = 8  # wishes of a client: the load must outlast the kill
ALL = CLIENTS * EACH
KILL_AFTER = 50  # answers of ALL


class Killing:
    """kill -9, and what was answered and still open when it fired."""

    def __init__(self, server: Server, *, restart: bool) -> None:
        self.crowd: Crowd | None = None
        self.answered = 0
        self.up_again = threading.Event()
        self._server = server
        self._restart = restart

    def __call__(self) -> None:
        assert self.crowd is not None
        self._server.kill()
        self.answered = len(self.crowd.replies)
        if self._restart:
            self._server.start()
            self._server.ready()
        self.up_again.set()


class Patient(Crowd):
    """Clients with one server, who wait until it is up again."""

    up_again: threading.Event

    def before_retry(self) -> None:
        assert self.up_again.wait(timeout=60)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_killed_under_load_and_started_again_has_lost_and_doubled_nothing(
    kind: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind)
    with served(settings, next(folders)) as (server,), ExitStack() as stack:
        office = stack.enter_context(office_at(server.address, settings))
        crowd = Patient([office], a_hot_class(office), each=EACH)
        killing = Killing(server, restart=True)
        killing.crowd, crowd.up_again = crowd, killing.up_again
        replies = crowd.run(KILL_AFTER, killing)
        assert KILL_AFTER <= killing.answered < len(replies) == ALL
        assert crowd.again > 0, "nobody was in the middle of a call"
        engine = stack.enter_context(engine_of(settings))
        assert_books_balance(engine, crowd.wishes[0][0].class_name, replies)


def test_of_two_replicas_one_is_killed_under_load_and_the_other_answers_for_both(
    new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings("postgresql")
    with served(settings, next(folders), next(folders)) as servers, ExitStack() as stack:
        offices = [stack.enter_context(office_at(server.address, settings)) for server in servers]
        crowd = Crowd(offices, a_hot_class(offices[0]), each=EACH)
        killing = Killing(servers[1], restart=False)
        killing.crowd = crowd
        replies = crowd.run(KILL_AFTER, killing)
        assert KILL_AFTER <= killing.answered < len(replies) == ALL
        assert crowd.again > 0, "nobody was in the middle of a call"
        assert servers[0].process.poll() is None
        engine = stack.enter_context(engine_of(settings))
        assert_books_balance(engine, crowd.wishes[0][0].class_name, replies)
