"""What is kept for a time and then no more: stored replies, and events where a setting says for how long.

In small transactions, every so often, on every replica. Events go from the oldest on and without a gap, only what every
receiver has taken, never the newest one (numbers go on from it). How far they are gone is noted in the transaction
that deletes them: whoever reads finds either an event or that it is kept no longer. The row of that note is also the
turn: of several replicas one deletes at a time (docs/decisions/0018-how-long-events-are-kept.md).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx

BATCH = 500  # rows of one transaction
BATCHES = 100  # transactions of one round at most: other things are waiting
FIND_OUT = 10.0  # seconds to find out how far events may be read

log = logging.getLogger("liancai.pruning")


class Pruning:
    """The rounds of one process in one database. `kept` is how long events are kept, None for ever; `receivers` are the
    names of the endpoints that the settings have.
    """

    def __init__(self, database: Database, source: str, kept: timedelta | None, receivers: Collection[str]) -> None:
        self._database = database
        self._source = source
        self._kept = kept
        self._receivers = receivers
        self._call = Call.by_system("platform", "platform.store.prune", "")
        self._said: set[str] = set()

    def run(self, now: datetime) -> None:
        """One round."""
        self._replies(now)
        if self._kept is not None:
            self._events(now - self._kept)

    def _replies(self, now: datetime) -> None:
        once = self._database.books.once
        with self._database.reading() as session:  # only to spare a write
            if session.execute(once.stale(now, 1)).first() is None:
                return
        count = self._again_and_again(lambda tx: once.forget(tx.connection, now, BATCH))
        log.info("source=%s replies=%d were forgotten", self._source, count)

    def _events(self, before: datetime) -> None:
        """Deletes what was stored before an instant and told to everybody."""
        if not self._due(0, before):
            return
        reached = self._database.tail.fresh(FIND_OUT)
        for name, told in self._told().items():
            if told < reached:
                reached = told
                if name not in self._said and self._due(told, before):
                    self._said.add(name)
                    log.warning(
                        "source=%s endpoint=%s no event after %d goes before it is told", self._source, name, told
                    )
        count = self._again_and_again(lambda tx: self._some(tx, before, reached))
        if count:
            log.info("source=%s events=%d were pruned", self._source, count)

    def _due(self, position: int, before: datetime) -> bool:
        """Whether there is an event after a position that is old enough to go, and a newer one."""
        outbox = self._database.books.outbox
        place = outbox.c.sequence
        wanted = select(outbox.c.record_time).where(place > position).order_by(place).limit(2)
        with self._database.reading() as session:
            stored = session.scalars(wanted).all()
        return len(stored) == 2 and stored[0] < before

    def _told(self) -> dict[str, int]:
        """How far each receiver has been told, also one that the settings of another replica have, or had."""
        deliveries = self._database.books.deliveries.c
        with self._database.reading() as session:
            noted = session.execute(select(deliveries.endpoint, deliveries.position)).all()
        return dict.fromkeys(self._receivers, 0) | {row.endpoint: row.position for row in noted}

    def _again_and_again(self, work: Callable[[Tx], int]) -> int:
        """Does it in a transaction after the other while there is more, as often as a round may."""
        total = 0
        for _ in range(BATCHES):
            count = self._database.write_again(self._call, work, key="prune")
            total += count
            if count < BATCH:
                break
        return total

    def _some(self, tx: Tx, before: datetime, reached: int) -> int:
        """Deletes the oldest events; returns how many, 0 also while another replica does."""
        books, connection = self._database.books, tx.connection
        floor, place = books.floor, books.outbox.c.sequence
        if connection.execute(select(floor.c.id)).first() is None:  # the first time; else this would wait for the other
            insert = sqlite.insert if self._database.sqlite else postgresql.insert
            connection.execute(insert(floor).values(id=1, position=0).on_conflict_do_nothing())
        gone = connection.execute(select(floor.c.position).with_for_update(skip_locked=True)).scalar()
        if gone is None:
            return 0
        newest = select(func.max(place)).scalar_subquery()
        found = connection.execute(
            select(place, books.outbox.c.record_time)
            .where(place > gone, place <= reached, place < newest)
            .order_by(place)
            .limit(BATCH)
        )
        old = [number for number, stored in takewhile(lambda row: row[1] < before, found)]
        if old:
            connection.execute(delete(books.outbox).where(place > gone, place <= old[-1]))
            connection.execute(update(floor).values(position=old[-1]))
        return len(old)
