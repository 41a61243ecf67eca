"""The same request twice is done once, and a stored reply says nothing about the request (AIP-155)."""

from __future__ import annotations

from typing import Any

import pytest
from liancai.training.v1 import orders_pb2
from sqlalchemy import insert, select

from services.platform.database import Database
from services.platform.errors import Exists, Refused
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
