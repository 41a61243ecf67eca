"""Replies that are made later, by another thread than the one that took the call.

A caller of the hot path waits for the writer lane. If its thread waited with it, a full batch would need as many
threads, and waking them one after another costs more than the work itself (docs/decisions/0003-replies-made-later.md).
So the thread goes back to the next call, and the lane sends the reply. It is the thread that takes the calls itself, as
long as nothing has to be waited for (docs/decisions/0019-what-a-step-costs.md).

gRPC for Python runs a handler marked `experimental_non_blocking` without waiting for it, for handlers that stream their
replies; one reply and a status on the wire are the same whichever way they were declared.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, cast

import grpc
from grpc import _server

from services.platform.errors import TooLate

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)
LASTING = 40  # streams of one RPC at once that go on for long; the handler refuses before that, in words
_NOTHING = object()
_grpc, _cygrpc = cast(Any, _server), cast(Any, _server).cygrpc  # its own parts, which have no other names

log = logging.getLogger("liancai.later")


class Behaviour(Protocol):
    """What is done with the bytes of a request."""

    def __call__(self, raw: bytes, context: grpc.ServicerContext, *, at_once: bool) -> None: ...  # noqa: D102


class Waits(Exception):
    """What comes next may wait for a database or a network: not on the thread that takes the calls."""


class Answer:
    """Where one caller waits for one outcome, or leaves word what to do with it."""

    __slots__ = ("_begun", "_expires", "_given", "_then", "outcome")

    def __init__(self, expires: float = math.inf) -> None:
        """`expires` is the time.monotonic() after which nobody waits any more."""
        self._expires = expires
        self._begun = threading.Lock()  # held by whoever came first: the lane that begins, or the caller that gives up
        self._given = threading.Lock()  # free once there is an outcome; whoever then takes it deals with it
        self._given.acquire()
        self._then: Callable[[Any], None] | None = None
        self.outcome: Any = _NOTHING

    def begin(self) -> bool:
        """Whether the work may begin: its caller has not given up. What came too late is answered here."""
        if not self._begun.acquire(blocking=False):
            return False
        if time.monotonic() > self._expires:
            self.give(TooLate())
            return False
        return True

    def give(self, outcome: Any) -> None:
        """Answers, once: a result, or the exception to raise."""
        self.outcome = outcome
        self._given.release()
        self._deal()

    def given(self) -> bool:
        """Whether there is an outcome."""
        return self.outcome is not _NOTHING

    def then(self, deal: Callable[[Any], None]) -> None:
        """Has `deal` called with the outcome, once: by the thread that gives it, or by this one if it is there."""
        self._then = deal
        self._deal()

    def wait(self, seconds: float) -> Any:
        """The result. Raises the exception that was given, or TooLate; what has not begun by then never will."""
        if not self._given.acquire(timeout=max(0.0, seconds)):
            self._begun.acquire(blocking=False)
            raise TooLate
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def _deal(self) -> None:
        if self._then is not None and self._given.acquire(blocking=False):
            try:
                self._then(self.outcome)
            except Exception as error:  # noqa: BLE001  one reply that cannot be sent must not stop the others
                log.error("error=%s", type(error).__name__)


def answers_later(method: F) -> F:
    """Marks a servicer method that returns an Answer instead of its reply."""
    cast(Any, method).answers_later = True
    return method


def is_later(method: Handler) -> bool:
    """Whether a servicer method is marked so."""
    return bool(getattr(method, "answers_later", False))


def lasts(method: F) -> F:
    """Marks a servicer method whose stream may go on for long: it gets threads of its own, `LASTING` at most."""
    cast(Any, method).lasts = True
    return method


def is_lasting(method: Handler) -> bool:
    """Whether a servicer method is marked so."""
    return bool(getattr(method, "lasts", False))


def handler(behaviour: Behaviour) -> Any:
    """A method handler that sees to it that `reply` or `refuse` is called, once: `behaviour(raw, context, at_once)`.

    At first it is called by the thread that takes every call of the server, `at_once`: it must not wait then, and
    raises Waits where it would have to. Then it is called again, by a thread that may.
    """

    def without_waiting(raw: bytes, context: grpc.ServicerContext, _send: Any) -> None:
        behaviour(raw, context, at_once=False)

    cast(Any, without_waiting).experimental_non_blocking = True
    cast(Any, without_waiting).experimental_thread_pool = _AtOnce(behaviour)
    return grpc.unary_stream_rpc_method_handler(without_waiting)


class _AtOnce(ThreadPoolExecutor):
    """Where gRPC hands a call over. It would have a thread wait for the request, which comes by the same queue as the
    calls: two threads woken for each call cost more than most of what is done in them.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        # for calls that wait; more threads would only queue for the interpreter's lock
        super().__init__(2, thread_name_prefix="later")
        self._behaviour = behaviour

    def submit(self, *given: Any) -> Future[None]:  # type: ignore[override]
        """Takes what gRPC would have a thread run: a runner, a function, the call, its state, and more."""
        _, _, event, state, *_ = given
        done: Future[None] = Future()

        def received(message: Any) -> Any:
            raw = _grpc._serialized_request(message)
            with state.condition:
                if raw is None and state.client is not _grpc._CANCELLED:
                    text = b"exactly one request message is wanted"
                    _grpc._abort(state, event.call, _cygrpc.StatusCode.unimplemented, text)
                after = _grpc._possibly_finish_call(state, _grpc._RECEIVE_MESSAGE_TOKEN)
            if raw is None:
                done.set_result(None)
            else:
                self._attend(raw, _grpc._Context(event, state, None), done)
            return after

        with state.condition:
            event.call.start_server_batch((_cygrpc.ReceiveMessageOperation(0),), received)
            state.due.add(_grpc._RECEIVE_MESSAGE_TOKEN)
        return done

    def _attend(self, raw: bytes, context: grpc.ServicerContext, done: Future[None]) -> None:
        try:
            self._behaviour(raw, context, at_once=True)
        except Waits:
            waiting = super().submit(self._behaviour, raw, context, at_once=False)
            waiting.add_done_callback(lambda _: done.set_result(None))
            return
        except Exception as error:  # noqa: BLE001  this thread serves everybody: it goes on, whatever happens
            log.error("error=%s", type(error).__name__)
            context.cancel()
        done.set_result(None)


def reply(context: grpc.ServicerContext, message: bytes | None) -> None:
    """Ends the call with a reply and OK in one go, or with the status that was set on `context`; from any thread."""
    inner = cast(Any, context)
    # the callback that gRPC offers here sends the reply alone and waits until it is sent
    _grpc._status(inner._rpc_event, inner._state, message)


def refuse(context: grpc.ServicerContext, status: grpc.Status) -> None:
    """Ends the call with a status; from any thread."""
    context.set_code(status.code)
    context.set_details(status.details)
    context.set_trailing_metadata(status.trailing_metadata)
    reply(context, None)
