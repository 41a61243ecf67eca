"""`WatchEvents`: the events of one service as a stream that goes on from any position."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeAlias

from liancai.common.v1 import event_pb2 as pb
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Pruned, TooMuch
from services.platform.outbox import after, floor_of, message
from services.platform.requests import Reading

WATCHERS = 32  # streams of one service at once in one server
LONGEST_WATCH = 20 * 60.0  # seconds; a token may expire and rights may change
PAGE = 200  # events in one response
TELL_AFTER = 1000  # events of others that went by, until the position is told without any of the caller's own
FIND_OUT = 10.0  # seconds to find out how far there are events
LAST_POSITION = 2**63 - 1

Sees: TypeAlias = Callable[[Session, Call, Sequence[str]], Collection[str]]


class Watching:
    """What stands behind the `WatchEvents` of one service.

    `sees(session, call, subjects)` gives those of the resource names that the caller may see; what it does not know
    nobody sees.
    """

    def __init__(self, database: Database, source: str, sees: Sees) -> None:
        self._database = database
        self._source = source
        self._sees = sees
        self._places = threading.BoundedSemaphore(WATCHERS)

    def stream(self, request: pb.WatchEventsRequest, call: Call) -> Iterator[pb.WatchEventsResponse]:
        """The responses, until the caller has gone, the time is up or the server ends. Raises TooMuch for one too
        many, and Pruned where events after the position are kept no longer.
        """
        reading = Reading()
        position = reading.number("position", request.position, 0, LAST_POSITION)
        subject = reading.text("subject", request.subject, 0, 64)
        reading.done()
        if not self._places.acquire(blocking=False):
            raise TooMuch("TOO_MANY_WATCHERS", most=WATCHERS)
        try:
            yield from self._follow(call, position, subject, stop_at_end=request.stop_at_end)
        finally:
            self._places.release()

    def _follow(
        self, call: Call, position: int, subject: str, *, stop_at_end: bool
    ) -> Iterator[pb.WatchEventsResponse]:
        tail = self._database.tail
        call.when_over(tail.nudge)
        until = time.monotonic() + LONGEST_WATCH
        reached = tail.fresh(FIND_OUT)
        told = -1
        while not call.over and not tail.closed:
            events, position = self._read(call, position, reached, subject)
            at_end = position >= reached
            if events or told < 0 or position - told >= TELL_AFTER or (at_end and stop_at_end and position > told):
                yield pb.WatchEventsResponse(events=events, position=position)
                told = position
            if at_end:
                left = until - time.monotonic()
                if stop_at_end or left <= 0:
                    return
                reached = tail.beyond(position, left, lambda: call.over)

    def _read(self, call: Call, position: int, reached: int, subject: str) -> tuple[list[pb.Event], int]:
        """The next events that the caller may see, and how far they go."""
        outbox = self._database.books.outbox
        wanted = after(outbox, position, reached, PAGE)
        if subject:
            wanted = wanted.where(outbox.c.subject == subject)
        with self._database.reading() as session:
            floor = floor_of(session.connection(), self._database.books.floor)
            if position < floor:
                raise Pruned(position, floor)
            rows = session.execute(wanted).all()
            seen = self._sees(session, call, list({row.subject for row in rows})) if rows else ()
        last = rows[-1].sequence if len(rows) == PAGE else max(position, reached)
        return [message(row, self._source) for row in rows if row.subject in seen], last
