"""The same request twice is done once, and a stored reply says nothing about the request (AIP-155)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from liancai.training.v1 import orders_pb2
from sqlalchemy import insert, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Fault, Refused
from services.platform.transaction import Tx
from tests.platform.conftest import NewCall, Open
from tests.platform.small import METADATA, THING

REPLY = METADATA.tables["reply"]


class Maker:
    """Makes a thing, and counts how often."""

    def __init__(self, refuse: bool = False) -> None:
        self.done = 0
        self.refuse = refuse

    def __call__(self, tx: Tx) -> orders_pb2.Order:
        self.done += 1
        tx.connection.execute(insert(THING).values(name=f"thing {self.done}", size=1))
        if self.refuse:
            raise Refused("ORDER_STATE")
        return orders_pb2.Order(name=f"orders/{self.done}")


def a_request(name: str = "orders/1", request_id: str = "request-1") -> orders_pb2.SubmitOrderRequest:
    return orders_pb2.SubmitOrderRequest(name=name, request_id=request_id)


@pytest.fixture(params=[0, 1], ids=["no-lanes", "lane"])
def database(request: pytest.FixtureRequest, open_small: Open) -> Database:
    return open_small(lanes=request.param)


def test_the_second_sending_gets_the_first_reply_and_does_nothing(database: Database, new_call: NewCall) -> None:
    make = Maker()
    first = database.write(new_call(), a_request(), make)
    assert database.write(new_call(), a_request(), make) == first
    assert make.done == 1


@pytest.mark.parametrize("other", ["body", "method"])
def test_the_same_id_for_something_else_is_refused(database: Database, new_call: NewCall, other: str) -> None:
    make = Maker()
    database.write(new_call(), a_request(), make)
    path = "/liancai.training.v1.Orders/VerifyOrder"
    call, request = (new_call(), a_request("orders/2")) if other == "body" else (new_call(path=path), a_request())
    with pytest.raises(Exists) as refused:
        database.write(call, request, make)
    assert refused.value.reason == "REQUEST_ID_REUSED"
    assert make.done == 1


def test_another_caller_s_same_id_is_another_request(database: Database, new_call: NewCall) -> None:
    make = Maker()
    first = database.write(new_call(), a_request(), make)
    assert database.write(new_call(subject="colleague"), a_request(), make) != first
    assert make.done == 2


def test_a_refused_request_is_not_remembered(database: Database, new_call: NewCall) -> None:
    make = Maker(refuse=True)
    for _ in range(2):
        with pytest.raises(Refused):
            database.write(new_call(), a_request(), make)
    assert make.done == 2
    with database.reading() as session:
        assert session.execute(select(REPLY)).all() == []
        assert session.execute(select(THING)).all() == []


def test_the_body_of_a_request_is_kept_only_as_a_keyed_hash(database: Database, new_call: NewCall) -> None:
    database.write(new_call(), a_request("orders/secret-name"), Maker())
    with database.reading() as session:
        row: Any = session.execute(select(REPLY)).one()
    assert len(bytes(row.body)) == 32
    assert not any(b"secret" in bytes(value) for value in (row.body, row.reply))


class Together:
    """Makes things, many by one call, with a table that refuses none of them twice; `no` is refused."""

    def __init__(self) -> None:
        self.calls = 0
        self.made = 0

    def __call__(self, tx: Tx, items: Sequence[str]) -> list[orders_pb2.Order | Fault]:
        self.calls += 1
        answers: list[orders_pb2.Order | Fault] = []
        for item in items:
            if item == "no":
                answers.append(Refused("ORDER_STATE"))
                continue
            self.made += 1
            tx.connection.execute(insert(THING).values(name=f"thing {self.made}", size=1))
            answers.append(orders_pb2.Order(name=f"orders/{self.made}"))
        return answers


def tell(database: Database, call: Call, request: orders_pb2.SubmitOrderRequest, item: str, by: Together) -> str:
    reply: orders_pb2.Order = database.write_together(call, request, item, by, key="").wait(30)
    return reply.name


def things(database: Database) -> int:
    with database.reading() as session:
        return len(session.execute(select(THING)).all())


def test_what_is_done_in_hope_is_undone_where_it_was_done_before(database: Database, new_call: NewCall) -> None:
    make = Together()
    assert tell(database, new_call(), a_request(), "yes", make) == "orders/1"
    assert tell(database, new_call(), a_request(), "yes", make) == "orders/1"
    assert things(database) == 1
    assert make.calls == 2, "the control: it was done again, and undone"
    # whoever asks again is not alone: from then on it is looked up first
    assert tell(database, new_call(), a_request(), "yes", make) == "orders/1"
    assert make.calls == 2
    assert tell(database, new_call(), a_request(request_id="request-2"), "yes", make) == "orders/3"
    assert things(database) == 2


def test_what_is_refused_the_second_time_gets_the_first_reply(database: Database, new_call: NewCall) -> None:
    make = Together()
    assert tell(database, new_call(), a_request(), "yes", make) == "orders/1"
    assert tell(database, new_call(), a_request(), "no", make) == "orders/1"
    with pytest.raises(Refused):
        tell(database, new_call(), a_request(request_id="request-2"), "no", make)
    assert things(database) == 1


def test_hope_does_not_take_one_id_for_two_requests(database: Database, new_call: NewCall) -> None:
    make = Together()
    tell(database, new_call(), a_request(), "yes", make)
    for item in ("yes", "no"):
        with pytest.raises(Exists) as refused:
            tell(database, new_call(), a_request("orders/2"), item, make)
        assert refused.value.reason == "REQUEST_ID_REUSED"
    assert things(database) == 1
