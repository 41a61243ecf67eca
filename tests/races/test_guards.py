"""Three guards and a ledger keep a class from being overbooked. Each holds alone; without any, the class is overbooked.

Two replicas of PostgreSQL are made to meet: both have read the class before either writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Engine, bindparam, select, update

from services import host
from services.platform.prepared import Prepared
from services.training.seats import enrolling, known
from services.training.tables import ClassRow
from tests.office import Office
from tests.races.books import TABLES, assert_books_balance
from tests.races.crowd import Meeting, Meets, a_hot_class, a_wish, together
from tests.races.servers import engine_of, replica

NewSettings = Callable[..., host.Settings]
GUARDS = ("row lock", "condition", "place")

_class = ClassRow.__table__.c
UNCONDITIONAL = Prepared(
    update(ClassRow)
    .where(_class.id == bindparam("of"))
    .values(
        enrolled=_class.enrolled + bindparam("seats"),
        waitlisted=_class.waitlisted + bindparam("waits"),
        arrivals=_class.arrivals + bindparam("seats") + bindparam("waits"),
    )
)


def switch_off(guards: set[str], monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """Takes guards away."""
    if "row lock" in guards:
        monkeypatch.setattr(known, "LOCK_CLASSES", known.CLASSES)
    if "condition" in guards:
        monkeypatch.setattr(enrolling, "TAKE_SEATS", UNCONDITIONAL)
    if "place" in guards:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE enrolments DROP CONSTRAINT one_place_each")


def meet_when_the_class_is_read(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Two transactions meet right after they have read the class; where reading locks it, right before."""
    meeting, statement = Meeting(), known.LOCK_CLASSES
    monkeypatch.setattr(known, "LOCK_CLASSES", Meets(statement, meeting, before=statement is not known.CLASSES))
    return meeting


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[tuple[Office, Office, Engine]]:
    """Two replicas on one PostgreSQL database."""
    settings = new_settings("postgresql", LIANCAI_LANES="1")
    with ExitStack() as stack:
        one, other = (stack.enter_context(replica(settings, next(folders)))[0] for _ in range(2))
        yield one, other, stack.enter_context(engine_of(settings))


def race(replicas: tuple[Office, Office, Engine], name: str) -> dict[str, pb.Enrolment | grpc.RpcError]:
    """Two people at two replicas want the last seat."""
    wishes = [a_wish(name), a_wish(name)]
    answers = together(lambda: replicas[0].enrolments.Enrol(wishes[0]), lambda: replicas[1].enrolments.Enrol(wishes[1]))
    return {wish.request_id: answer for wish, answer in zip(wishes, answers, strict=True)}  # type: ignore[misc]


def seated(engine: Engine, name: str) -> int:
    table = TABLES["enrolments"].c
    wanted = select(table.id).where(table.class_id == name.partition("/")[2], table.state == "ENROLLED")
    with engine.connect() as connection:
        return len(connection.execute(wanted).all())


@pytest.mark.parametrize("guard", ["all", *GUARDS])
def test_one_guard_is_enough_to_keep_the_last_seat_from_two_replicas(
    guard: str, replicas: tuple[Office, Office, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_hot_class(replicas[0], capacity=1, headcount=9)
    off = set() if guard == "all" else set(GUARDS) - {guard}
    switch_off(off, monkeypatch, replicas[2])
    meeting = meet_when_the_class_is_read(monkeypatch)
    replies = race(replicas, name)
    assert meeting.happened
    assert seated(replicas[2], name) == 1
    assert_books_balance(replicas[2], name, replies)  # type: ignore[arg-type]


def test_the_order_s_ledger_alone_refuses_a_seat_that_the_order_does_not_have(
    replicas: tuple[Office, Office, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_hot_class(replicas[0], capacity=1, headcount=1)
    switch_off(set(GUARDS), monkeypatch, replicas[2])
    meeting = meet_when_the_class_is_read(monkeypatch)
    refused = [answer for answer in race(replicas, name).values() if isinstance(answer, grpc.RpcError)]
    assert meeting.happened
    assert [error.code() for error in refused] == [grpc.StatusCode.FAILED_PRECONDITION]
    assert seated(replicas[2], name) == 1


def test_without_any_guard_the_same_race_overbooks_the_class(
    replicas: tuple[Office, Office, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_hot_class(replicas[0], capacity=1, headcount=9)
    switch_off(set(GUARDS), monkeypatch, replicas[2])
    meeting = meet_when_the_class_is_read(monkeypatch)
    replies = race(replicas, name)
    assert meeting.happened
    assert seated(replicas[2], name) == 2
    with pytest.raises(AssertionError):
        assert_books_balance(replicas[2], name, replies)  # type: ignore[arg-type]
