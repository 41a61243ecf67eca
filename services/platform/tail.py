"""How far a service's events may be read without passing over one, and waiting for more.

On PostgreSQL a number is given out before its transaction commits: 8 may be seen while 7 is still on its way, and a
reader that went on from 8 would never see 7. So events are read only up to a number below which nothing is on its way:
the highest that was seen, once every transaction that was writing events right after has ended. Whoever writes events
holds a lock on their table from before it takes a number until it is seen, so `pg_locks` names them all
(docs/decisions/0011-no-event-is-passed-over.md). SQLite has one writer at a time: there what is seen is in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.platform.errors import Unavailable

POLL = 1.0  # seconds between two looks for what other replicas have committed
SOON = 0.01  # seconds until a transaction that was on its way may have ended
SPACING = 0.02  # seconds between two looks, however much is committed

_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'outbox_event'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

log = logging.getLogger("liancai.tail")


class Horizon:
    """Up to where events may be read: `reached`. One thread at a time."""

    def __init__(self, engine: Engine, outbox: Table) -> None:
        # what is locked and what is seen are of now, not of a snapshot
        self._postgresql = engine.dialect.name == "postgresql"
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT") if self._postgresql else engine
        self._last = select(func.max(outbox.c.sequence))
        self._awaited: tuple[int, frozenset[str]] | None = None
        self.reached = 0

    @property
    def settled(self) -> bool:
        """Whether the last number that was looked at may be read."""
        return self._awaited is None

    def look(self) -> None:
        """Moves `reached` as far as is safe now."""
        with self._engine.connect() as connection:
            if self._awaited is None:
                # the number first: whoever has taken a lower one and not ended is then among the writers
                last = connection.execute(self._last).scalar() or 0
                if last <= self.reached:
                    return
                on_their_way = self._writers(connection)
            else:
                last, before = self._awaited
                on_their_way = before & self._writers(connection)
        if on_their_way:
            self._awaited = last, on_their_way
        else:
            self._awaited, self.reached = None, last

    def _writers(self, connection: Connection) -> frozenset[str]:
        """The transactions that are writing events."""
        if not self._postgresql:
            return frozenset()
        return frozenset(connection.exec_driver_sql(_WRITERS).scalars())


class Tail:
    """Waits for events of one database: woken by a commit of this process, by a slow look for those of others.

    One thread looks, for all who wait; while nobody waits, it does nothing.
    """

    def __init__(self, reading: Engine, writing: Engine, outbox: Table) -> None:
        self._horizon = Horizon(reading, outbox)
        self._changed = threading.Condition()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting = 0
        self._begun = 0  # the last look that has begun
        self._settled = 0  # the last one that began with a new number and came to an end
        event.listen(writing, "checkin", self._committed)  # the commit event comes before the commit

    def fresh(self, seconds: float) -> int:
        """Up to where events may be read, and nothing that was committed before this call lies beyond.

        Raises Unavailable if that cannot be found out in time.
        """
        with self._needed():
            wanted = self._begun + 1
            self._woken.set()
            if not self._changed.wait_for(lambda: self._settled >= wanted or self._closing.is_set(), seconds):
                raise Unavailable
            return self._horizon.reached

    def beyond(self, position: int, seconds: float, over: Callable[[], bool] = lambda: False) -> int:
        """Up to where events may be read, as soon as that is beyond `position`; or as it is after `seconds`, when the
        tail is closed, or when `over()` says so after a nudge.
        """
        with self._needed():
            self._changed.wait_for(
                lambda: self._horizon.reached > position or self._closing.is_set() or over(), max(0.0, seconds)
            )
            return self._horizon.reached

    def nudge(self) -> None:
        """Has everybody who waits ask again whether it is over."""
        with self._changed:
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nobody waits any more."""
        return self._closing.is_set()

    def close(self) -> None:
        """Lets everybody who waits go, and stops."""
        self._closing.set()
        self._woken.set()
        self.nudge()
        if self._thread is not None:
            self._thread.join()

    def _committed(self, *_: Any) -> None:
        if self._thread is not None:
            self._woken.set()

    @contextmanager
    def _needed(self) -> Iterator[None]:
        with self._changed:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
                self._thread.start()
            self._waiting += 1
            self._changed.notify_all()
            try:
                yield
            finally:
                self._waiting -= 1

    def _run(self) -> None:
        number = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
                if self._closing.is_set():
                    return
                self._begun += 1
                number = self._begun if self._horizon.settled else number
            self._woken.clear()
            begun = time.monotonic()
            pause = self._look(number)
            self._woken.wait(pause)
            self._closing.wait(max(0.0, begun + SPACING - time.monotonic()))

    def _look(self, number: int) -> float:
        """Looks, tells those who wait, and says how long to pause."""
        try:
            self._horizon.look()
        except SQLAlchemyError as error:
            log.warning("error=%s", type(error).__name__)
            return POLL
        with self._changed:
            if self._horizon.settled:
                self._settled = number
            self._changed.notify_all()
        return POLL if self._horizon.settled else SOON
