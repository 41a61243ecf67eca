"""Events to other systems: at least once, in order, each endpoint by itself.

A thread an endpoint waits for events, takes the turn (a row of `outbox_delivery` that one replica holds for `LEASE`
seconds), sends one event after another and notes how far it came. What was sent and not yet noted when a process dies
is sent again, with the same id. An endpoint that does not answer is asked again and again, ever more rarely; nothing
passes it by, and no other endpoint waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.cloudevents import CloudEvent, cloud_event
from services.platform.database import Database
from services.platform.ids import new_id
from services.platform.leases import moment
from services.platform.outbox import after, floor_of
from services.platform.transaction import Tx

LEASE = 30.0  # seconds a replica has the turn before another may take it; longer than RENEW and any one sending
RENEW = LEASE / 3  # seconds after which it asks whether the turn is still its own
NOTE_EVERY = 50  # events sent until it notes how far it came: what is sent twice at most
PAGE = 200  # events read at once
LONGEST_PAUSE = 60.0  # seconds between two tries of an endpoint that does not answer
ASK_AGAIN = 5.0  # seconds after which a replica looks whether the turn of another is over
FIRST = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger("liancai.delivery")


class Undelivered(Exception):
    """The endpoint did not take the event. The text names a class of fault or a status and goes into the log."""


class Sink(Protocol):
    """A way to an endpoint. For one thread."""

    def send(self, event: CloudEvent) -> None:
        """Returns once the endpoint has taken it. Undelivered otherwise."""

    def close(self) -> None:
        """Ends the connection."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go. How far it was told is kept under its name."""

    name: str
    open: Callable[[], Sink]


@dataclass(slots=True)
class _Turn:
    """What a replica holds: nobody else sends until `renew` and well beyond it."""

    holder: str
    position: int
    failures: int
    renew: float  # time.monotonic()
    noted: int  # the position on record


class Deliverer:
    """Tells one endpoint of the events of one database."""

    def __init__(self, database: Database, source: str, endpoint: Endpoint, stop: threading.Event) -> None:
        self._database = database
        self._table = database.books.deliveries
        self._source = source
        self._endpoint = endpoint
        self._stop = stop
        self._call = Call.by_system("platform", "platform.event.deliver", "")
        self._told = 0  # as far as this replica knows

    def run(self) -> None:
        """Until it is told to stop."""
        sink = self._endpoint.open()
        try:
            while not self._over():
                try:
                    pause = self.round(sink)
                except Exception as fault:  # noqa: BLE001  such as a database that cannot be reached
                    self._say(logging.ERROR, "error=%s", type(fault).__name__)
                    pause = ASK_AGAIN
                self._stop.wait(pause)
        finally:
            sink.close()

    def round(self, sink: Sink) -> float:
        """Waits for events, and tells of them if it is this replica's turn; the seconds to pause before the next."""
        reached = self._database.tail.beyond(self._told, LEASE, self._over)
        if reached <= self._told or self._over():
            return 0.0
        turn = self._take(reached)
        if not isinstance(turn, _Turn):
            return turn
        try:
            return self._tell(sink, turn, reached)
        except _LostError:
            self._say(logging.WARNING, "the turn was taken by another replica")
            return 0.0

    def _tell(self, sink: Sink, turn: _Turn, reached: int) -> float:
        while True:
            rows = self._next(turn, reached)
            for row in rows:
                if time.monotonic() >= turn.renew or turn.position - turn.noted >= NOTE_EVERY:
                    self._note(turn, LEASE)
                try:
                    sink.send(cloud_event(row, self._source))
                except Undelivered as fault:
                    return self._failed(turn, row.sequence, fault)
                if turn.failures:
                    self._say(logging.INFO, "answers again")
                turn.position, turn.failures = row.sequence, 0
                if self._over():
                    break
            else:
                if len(rows) == PAGE:
                    continue
                turn.position = max(turn.position, reached)
                newer = self._database.tail.beyond(reached, 0.0)
                if newer > reached:
                    reached = newer
                    continue
            self._note(turn, 0.0)
            self._told = turn.position
            return 0.0

    def _next(self, turn: _Turn, reached: int) -> Sequence[Row[Any]]:
        """The next events. What it has not been told and is kept no longer is passed over, and the log says so."""
        books = self._database.books
        with self._database.reading() as session:
            floor = floor_of(session.connection(), books.floor)
            if turn.position < floor:
                self._say(logging.WARNING, "events up to %d are kept no longer: it begins after them", floor)
                turn.position = floor
            return session.execute(after(books.outbox, turn.position, reached, PAGE)).all()

    def _failed(self, turn: _Turn, sequence: int, fault: Undelivered) -> float:
        """Gives the turn back, for nobody to take before the pause is over; says how long that is."""
        turn.failures += 1
        pause = min(LONGEST_PAUSE, 2.0 ** min(turn.failures - 1, 10))
        self._say(
            logging.WARNING, "event=%d failures=%d error=%s again_in=%.0fs", sequence, turn.failures, fault, pause
        )
        self._note(turn, pause, holder="")
        return pause

    def _take(self, reached: int) -> _Turn | float:
        """The turn; or the seconds after which to ask again, none if everything was told already."""
        holder, table = new_id(), self._table
        begun = time.monotonic()

        def work(tx: Tx) -> tuple[int, int] | float:
            insert = sqlite.insert if self._database.sqlite else postgresql.insert
            blank = {"endpoint": self._endpoint.name, "position": 0, "failures": 0, "holder": "", "held_until": FIRST}
            tx.connection.execute(insert(table).values(**blank).on_conflict_do_nothing())
            now = moment(tx.connection, tx.now)
            free = (table.c.endpoint == self._endpoint.name) & (table.c.held_until <= now)
            taken = tx.connection.execute(
                update(table)
                .where(free)
                .values(holder=holder, held_until=now + timedelta(seconds=LEASE))
                .returning(table.c.position, table.c.failures)
            ).first()
            if taken is not None:
                return taken.position, taken.failures
            until = tx.connection.execute(
                select(table.c.held_until).where(table.c.endpoint == self._endpoint.name)
            ).scalar_one()
            return float((until - now).total_seconds())

        with self._database.reading() as session:
            told = session.execute(select(table.c.position).where(table.c.endpoint == self._endpoint.name)).scalar()
        if told is not None and told >= reached:
            self._told = told
            return 0.0
        found = self._database.write_again(self._call, work, key=self._key)
        if isinstance(found, float):
            return min(max(found, 0.0), ASK_AGAIN)
        position, failures = found
        return _Turn(holder, position, failures, begun + RENEW, position)

    def _note(self, turn: _Turn, seconds: float, *, holder: str | None = None) -> None:
        """Notes how far it came, and keeps the turn for so many seconds. Raises _LostError if it is another's."""
        begun, table = time.monotonic(), self._table

        def work(tx: Tx) -> int:
            mine = (table.c.endpoint == self._endpoint.name) & (table.c.holder == turn.holder)
            values: dict[str, Any] = {
                "position": turn.position,
                "failures": turn.failures,
                "holder": turn.holder if holder is None else holder,
                "held_until": moment(tx.connection, tx.now) + timedelta(seconds=seconds),
            }
            return tx.connection.execute(update(table).where(mine).values(**values)).rowcount

        if not self._database.write_again(self._call, work, key=self._key):
            raise _LostError
        turn.noted, turn.renew = turn.position, begun + RENEW

    @property
    def _key(self) -> str:
        return f"deliveries/{self._endpoint.name}"

    def _over(self) -> bool:
        return self._stop.is_set() or self._database.tail.closed

    def _say(self, level: int, words: str, *values: object) -> None:
        log.log(level, "source=%s endpoint=%s " + words, self._source, self._endpoint.name, *values)


class _LostError(Exception):
    """Another replica has the turn."""


@contextmanager
def delivering(of: Iterable[tuple[Database, str]], endpoints: Iterable[Endpoint], grace: float) -> Iterator[None]:
    """Tells every endpoint of the events of every (database, source), in a thread each, until the end."""
    stop = threading.Event()
    told = list(endpoints)
    pairs = [(database, source, endpoint) for database, source in of for endpoint in told]
    threads = [
        threading.Thread(
            target=Deliverer(database, source, endpoint, stop).run, name=f"deliver-{endpoint.name}", daemon=True
        )
        for database, source, endpoint in pairs
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for database, _, _ in pairs:
            database.tail.nudge()
        for thread in threads:
            thread.join(grace)
