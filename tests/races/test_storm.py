"""Enrolments, withdrawals and new capacities in one class, all at once: no seat is made, lost or left empty."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from liancai.training.v1 import classes_pb2, enrolments_pb2
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from services import host
from tests.conftest import fresh_settings
from tests.office import Office, request_id
from tests.races.books import assert_sound
from tests.races.crowd import a_hot_class, a_wish, together
from tests.races.servers import engine_of, replica
from tests.races.test_request_id_race import reason_of

NewSettings = Callable[..., host.Settings]
CLERKS, STEPS, MOST = 10, 14, 9
REFUSALS = {"ENROLMENT_STATE", "STALE_ETAG"}


def resize(office: Office, name: str, capacity: int) -> None:
    office.classes.ChangeClassCapacity(
        classes_pb2.ChangeClassCapacityRequest(name=name, capacity=capacity, request_id=request_id(), reason="调整")
    )


def clerk(office: Office, name: str, seed: int) -> list[str]:
    """Does what clerks do; the reasons of what was refused."""
    chance, mine, refused = random.Random(seed), [], []
    for _ in range(STEPS):
        luck = chance.random()
        try:
            if luck < 0.55 or not mine:
                mine.append(office.enrolments.Enrol(a_wish(name)).name)
            elif luck < 0.85:
                office.withdraw(mine.pop(chance.randrange(len(mine))))
            else:
                resize(office, name, chance.randint(2, MOST))
        except grpc.RpcError as error:
            refused.append(reason_of(error))
    return refused


@pytest.mark.parametrize(("kind", "replicas"), [("sqlite", 1), ("postgresql", 2)])
def test_a_storm_of_clerks_leaves_sound_books(
    kind: str, replicas: int, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind)
    with ExitStack() as stack:
        offices = [stack.enter_context(replica(settings, next(folders)))[0] for _ in range(replicas)]
        engine = stack.enter_context(engine_of(settings))
        name = a_hot_class(offices[0], capacity=6, headcount=6)
        order = offices[0].the_class(name).order
        assert offices[0].ledger(order).open == 0
        refused = together(
            *[
                lambda number=number: clerk(offices[number % replicas], name, number)  # type: ignore[misc]
                for number in range(CLERKS)
            ]
        )
        reasons = {reason for each in refused for reason in each}  # type: ignore[attr-defined]
        # a class may not grow beyond its order
        assert reasons <= REFUSALS | {"ORDER_SEATS"}, reasons
        assert_sound(engine, name)
        resize(offices[0], name, 1)
        assert_sound(engine, name)


BROKEN = {
    "a seat out of nothing": "UPDATE orders SET seats_enrolled = seats_enrolled + 1",
    "a seat that is not there": "UPDATE orders SET seats_open = -1, seats_lost = seats_lost + seats_open + 1",
    "a class that counts below zero": "UPDATE classes SET waitlisted = -1",
    "a class without seats": "UPDATE classes SET capacity = 0",
    "one person twice in a class": "UPDATE enrolments SET trainee_id = (SELECT min(trainee_id) FROM enrolments)",
    "one place for two": "UPDATE enrolments SET place = 1",
    "a movement of nothing": "UPDATE seat_movements SET seats = 0",
    "a movement to where it was": "UPDATE seat_movements SET target = source",
    "an enrolment of nobody": "UPDATE enrolments SET trainee_id = 'nobody'",
    "a person twice": "UPDATE trainees SET resident_id_index = (SELECT min(resident_id_index) FROM trainees)",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def two_enrolled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The database of a class with two who are enrolled."""
    settings = fresh_settings(request, tmp_path_factory, request.param)
    with replica(settings, tmp_path_factory.mktemp("r")) as (office, _):
        name = a_hot_class(office, capacity=2, headcount=2)
        states = [office.enrolments.Enrol(a_wish(name)).state for _ in range(2)]
        assert states == [enrolments_pb2.Enrolment.ENROLLED] * 2
    with engine_of(settings) as engine:
        yield engine


@pytest.mark.parametrize("wrong", BROKEN)
def test_the_schema_itself_refuses(wrong: str, two_enrolled: Engine) -> None:
    with two_enrolled.connect() as connection:
        if two_enrolled.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        with pytest.raises(IntegrityError):
            connection.execute(text(BROKEN[wrong]))
