"""Calls that the thread which takes all calls answers at once, or another one where it would have to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from liancai.training.v1 import orders_pb2

from services.platform import later
from services.platform.database import Database
from services.platform.later import Behaviour, Waits
from services.platform.transaction import Tx
from tests.platform.conftest import NewCall, Open

PATH = "/small.Small/Do"
Ask = Callable[[bytes], bytes]


@contextmanager
def serving(behaviour: Behaviour, folder: Path) -> Iterator[grpc.Channel]:
    """A server whose only RPC is this."""
    handlers = {"Do": later.handler(behaviour)}
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, handlers=[grpc.method_handlers_generic_handler("small.Small", handlers)])
        server.add_insecure_port(f"unix:{folder}/s")
        server.start()
        with grpc.insecure_channel(f"unix:{folder}/s") as channel:
            yield channel
        server.stop(0).wait()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short one: addresses of sockets are."""
    return tmp_path_factory.mktemp("l")


class Waiting:
    """Answers with the name of its thread; a request of `slow` waits until it is let go, never at once."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, raw: bytes, context: grpc.ServicerContext, *, at_once: bool) -> None:
        if raw == b"slow":
            if at_once:
                raise Waits
            self.begun.set()
            assert self.go.wait(timeout=30)
        if raw == b"broken":
            raise ValueError
        later.reply(context, threading.current_thread().name.encode())


def test_what_would_wait_is_done_elsewhere_and_holds_nobody_up(folder: Path) -> None:
    behaviour = Waiting()
    with serving(behaviour, folder) as channel, ThreadPoolExecutor(1) as pool:
        ask: Ask = channel.unary_unary(PATH)
        slow = pool.submit(ask, b"slow")
        assert behaviour.begun.wait(timeout=30)
        assert len({ask(b"quick") for _ in range(5)}) == 1
        behaviour.go.set()
        assert slow.result(timeout=30).startswith(b"later")
        assert not ask(b"quick").startswith(b"later")


def test_an_exception_ends_its_own_call_alone(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(Waiting(), folder) as channel:
        ask: Ask = channel.unary_unary(PATH)
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(PATH)(b"broken", timeout=20)
        assert ask(b"quick")
    assert "error=ValueError" in caplog.text


def test_a_call_without_a_message_is_refused(folder: Path) -> None:
    with serving(Waiting(), folder) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.stream_unary(PATH)(iter(()), timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert channel.unary_unary(PATH)(b"quick")


def test_as_many_as_may_come_at_once_are_answered(folder: Path) -> None:
    """Each call is let go of: the bound on calls at once is not used up."""
    with ThreadPoolExecutor(1) as pool:
        handlers = {"Do": later.handler(Waiting())}
        server = grpc.server(
            pool, handlers=[grpc.method_handlers_generic_handler("small.Small", handlers)], maximum_concurrent_rpcs=2
        )
        server.add_insecure_port(f"unix:{folder}/s")
        server.start()
        with grpc.insecure_channel(f"unix:{folder}/s") as channel:
            ask: Ask = channel.unary_unary(PATH)
            assert len([ask(b"quick") for _ in range(10)]) == 10
        server.stop(0).wait()


def test_without_lanes_nothing_is_written_at_once(open_small: Open, new_call: NewCall) -> None:
    """For then whoever begins a work commits it."""
    request = orders_pb2.SubmitOrderRequest(name="orders/1", request_id="request-1")
    done = []

    def together(_: Tx, items: list[str]) -> list[orders_pb2.Order]:
        done.extend(items)
        return [orders_pb2.Order(name=item) for item in items]

    def write(database: Database, *, at_once: bool) -> str:
        call = new_call()
        call.at_once = at_once
        answer = database.write_together(call, request, "orders/1", together, key="")
        return str(answer.wait(30).name)

    with pytest.raises(Waits):
        write(open_small(lanes=0), at_once=True)
    assert not done
    assert write(open_small(lanes=0), at_once=False) == "orders/1"
    assert write(open_small(lanes=1), at_once=True) == "orders/1"
