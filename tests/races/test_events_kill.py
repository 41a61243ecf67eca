"""kill -9 while an event is being sent: it is sent again, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from liancai.common.v1 import event_pb2
from liancai.training.v1 import orders_pb2
from sqlalchemy import update

from services import host
from services.platform.delivery import FIRST
from tests.office import an_order, request_id
from tests.platform.receivers import Post, receiver
from tests.races.books import TABLES
from tests.races.servers import engine_of, office_at, served

NewSettings = Callable[..., host.Settings]
KILL_AT = 5


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_killed_between_sending_and_noting_sends_again_and_loses_nothing(
    kind: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    with receiver() as listening:
        settings = new_settings(kind, LIANCAI_EVENTS_WEBHOOK=listening.url)
        host.events_secret(settings, create=True)
        with served(settings, next(folders)) as (server,), engine_of(settings) as engine:

            def kill_once(post: Post) -> int:
                if post.event["id"] == str(KILL_AT) and server.process.poll() is None and not killed:
                    killed.append(post)
                    server.kill()
                return 204

            killed: list[Post] = []
            listening.answer = kill_once
            with office_at(server.address, settings) as office:
                created = orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id())
                name = office.orders.CreateOrder(created).name
                for verb in ("Submit", "Verify"):
                    request = getattr(orders_pb2, f"{verb}OrderRequest")(name=name, request_id=request_id())
                    getattr(office.orders, f"{verb}Order")(request)
                office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
                listening.until(lambda: len(listening.taken) == KILL_AT - 1)
                with suppress(grpc.RpcError):  # it dies during this event; whether this is answered does not matter
                    office.registered()
            listening.until(lambda: bool(killed))
            server.process.wait(timeout=10)
            with engine.begin() as connection:  # as if its turn had run out
                connection.execute(update(TABLES["outbox_delivery"]).values(held_until=FIRST))
            server.start()
            server.ready()
            listening.until(lambda: len(listening.posts) > KILL_AT and listening.sequences[-1] >= KILL_AT)
            with office_at(server.address, settings) as office:
                office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
                [*_, last] = office.events.WatchEvents(event_pb2.WatchEventsRequest(stop_at_end=True))
            listening.until(lambda: listening.sequences[-1] == last.position)
    sent = [int(post.event["id"]) for post in listening.posts]
    assert sent.count(KILL_AT) >= 2, "it was sent again"
    assert set(sent) == set(range(1, last.position + 1)), "none is lost"
    first_seen = sorted(set(sent), key=sent.index)
    assert first_seen == sorted(set(sent)), "in order"
