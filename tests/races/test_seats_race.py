"""64 clients want the seats of one class: exactly its capacity are enrolled, the rest wait, and every book agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Engine, delete, insert, update

from services import host
from tests.conftest import fresh_settings
from tests.races.books import TABLES, assert_books_balance
from tests.races.crowd import Crowd, a_hot_class, a_wish
from tests.races.servers import engine_of, office_at, replica, served

NewSettings = Callable[..., host.Settings]


@pytest.mark.parametrize("lanes", ["", "0"], ids=["lanes", "no-lanes"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_64_clients_fill_a_class_exactly_and_nobody_is_overbooked(
    kind: str, lanes: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind, **({"LIANCAI_LANES": lanes} if lanes else {}))
    with replica(settings, next(folders)) as (office, _), engine_of(settings) as engine:
        crowd = Crowd([office], a_hot_class(office), each=1 if lanes else 3)
        replies = crowd.run()
        assert len(replies) == (64 if lanes else 64 * 3)
        assert_books_balance(engine, crowd.wishes[0][0].class_name, replies)


def test_64_clients_of_two_server_processes_fill_a_class_exactly(
    new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings("postgresql")
    with served(settings, next(folders), next(folders)) as servers, ExitStack() as stack:
        offices = [stack.enter_context(office_at(server.address, settings)) for server in servers]
        crowd = Crowd(offices, a_hot_class(offices[0]))
        replies = crowd.run()
        engine = stack.enter_context(engine_of(settings))
        assert_books_balance(engine, crowd.wishes[0][0].class_name, replies)


classes, enrolments, orders, moves, audit, events, kept = (
    TABLES[name]
    for name in ("classes", "enrolments", "orders", "seat_movements", "audit_entry", "outbox_event", "reply")
)
WAITING = enrolments.c.state == "WAITLISTED"
FRAUDS = {
    "one more is enrolled than there are seats": [update(enrolments).where(WAITING).values(state="ENROLLED")],
    "the counter of the class is off": [update(classes).values(waitlisted=classes.c.waitlisted + 1)],
    "the order counts another seat": [
        update(orders).values(seats_enrolled=orders.c.seats_enrolled + 1, seats_committed=orders.c.seats_committed - 1)
    ],
    "a movement is missing": [delete(moves).where(moves.c.target == "ENROLLED", moves.c.seats == 1)],
    "an audit entry is missing": [delete(audit).where(audit.c.action == "training.enrolment.enrol")],
    "an event is missing": [delete(events).where(events.c.type == "liancai.training.enrolment.waitlisted")],
    "a stored reply is missing": [delete(kept)],
    "a place was skipped": [update(enrolments).where(WAITING).values(place=99)],
    "an enrolment is told twice in the trail": [
        insert(audit).from_select(
            [column.name for column in audit.c if column.name != "sequence"],
            audit.select()
            .with_only_columns(*[column for column in audit.c if column.name != "sequence"])
            .where(audit.c.action == "training.enrolment.enrol"),
        )
    ],
}


@pytest.fixture(scope="module")
def sound(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, dict[str, pb.Enrolment]]]:
    """A class of two seats whose books balance, with three who came."""
    settings = fresh_settings(request, tmp_path_factory, "sqlite")
    with replica(settings, tmp_path_factory.mktemp("r")) as (office, _):
        name = a_hot_class(office, capacity=2, headcount=9)
        wishes = [a_wish(name) for _ in range(3)]
        replies = {wish.request_id: office.enrolments.Enrol(wish) for wish in wishes}
    with engine_of(settings) as engine:
        yield engine, replies


@pytest.mark.parametrize("fraud", FRAUDS)
def test_the_books_are_seen_not_to_balance_when(fraud: str, sound: tuple[Engine, dict[str, pb.Enrolment]]) -> None:
    engine, replies = sound
    name = next(iter(replies.values())).class_name
    assert_books_balance(engine, name, replies)
    with engine.connect() as connection:
        for statement in FRAUDS[fraud]:
            assert connection.execute(statement).rowcount
        with pytest.raises(AssertionError):
            assert_books_balance(_Same(connection), name, replies)  # type: ignore[arg-type]
        connection.rollback()
    assert_books_balance(engine, name, replies)


class _Same:
    """An engine that gives one connection, open transaction and all: what was forged there is rolled back later."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    def connect(self) -> _Same:
        return self

    def __enter__(self) -> object:
        return self._connection

    def __exit__(self, *_: object) -> None:
        return None
