"""Group commit: works queue for a lane, the lane commits many with one flush of the disk, and only then answers.

The lane is speed, never correctness: constraints, conditional updates and row locks hold between replicas and with the
lanes switched off (`lanes=0`: every caller commits for itself).
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError

from services.platform.errors import Exists, Fault, Unavailable
from services.platform.later import Answer
from services.platform.once import Asked, Once
from services.platform.transaction import Conflict, Trail, Tx

BATCH = 64  # works in one commit at most
BACKLOG = 2048  # works that may wait for one lane; more are turned away, to be sent again
LINGER = 0.002  # seconds a lane waits for more when others are about
WARY = 64  # batches after a conflict that do not hope
CONFLICTS = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available

log = logging.getLogger("liancai.writer")

Key = tuple[str, str]  # caller and request id
Together = Callable[[Tx, list[Any]], Sequence[Any]]


@dataclass(slots=True, eq=False)
class Work:
    """One caller's wish. Works next to one another with the same `together` are done by one call of it.

    `together(tx, items)` answers each item with a result or a Fault, in order. `asked` makes it done once: whether it
    was done before is looked up first, unless the work is `hopeful`: then it is done, and looked up where that is
    refused, or where its reply is there already. Most often nobody asks twice, and each look costs a round trip.
    """

    together: Together
    item: Any = None
    asked: Asked | None = None
    answer: Answer = field(default_factory=Answer)
    hopeful: bool = False


class Writer:
    """The lanes of one database."""

    def __init__(self, engine: Engine, once: Once, trail: Trail, clock: Callable[[], datetime], lanes: int) -> None:
        self._committer = Committer(engine, once, trail, clock)
        self._lanes = [Lane(self._committer, number) for number in range(lanes)]

    @property
    def immediate(self) -> bool:
        """Whether whoever begins a work does it."""
        return not self._lanes

    def run(self, work: Work, key: str, seconds: float) -> Any:
        """Does the work and returns its result, committed and on disk. Works with the same `key` share a lane.

        Raises the Fault the work was refused with; TooLate after `seconds`, when it may still come to be done: the same
        request_id tells.
        """
        return self.begin(work, key).wait(seconds)

    def begin(self, work: Work, key: str) -> Answer:
        """Has the work done; its outcome is in the answer once it is committed and on disk."""
        if not self._lanes:
            if work.answer.begin():
                self._committer.serve([work])
            return work.answer
        lane = self._lanes[zlib.crc32(key.encode()) % len(self._lanes)]
        if lane.queue.qsize() >= BACKLOG:
            raise Unavailable
        lane.queue.put(work)
        return work.answer

    def close(self) -> None:
        """Finishes what is queued and stops."""
        for lane in self._lanes:
            lane.queue.put(None)
        for lane in self._lanes:
            lane.join()


class Lane(threading.Thread):
    """Takes what has queued, commits it together, answers."""

    def __init__(self, committer: Committer, number: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self._committer = committer
        self._crowd = 1  # how many came together last time
        self.start()

    def run(self) -> None:
        """Until the None that ends it, and what was queued before."""
        while True:
            first = self.queue.get()
            if first is None:
                return
            batch, ended = self._gather(first)
            self._crowd = len(batch)
            if waiting := [work for work in batch if work.answer.begin()]:
                self._committer.serve(waiting)
            if ended:
                return

    def _gather(self, first: Work) -> tuple[list[Work], bool]:
        """The batch that begins with `first`. A lone caller never waits: to linger needs company, now or before."""
        batch = [first]
        until = 0.0
        while len(batch) < BATCH:
            try:
                work = self.queue.get_nowait()
            except Empty:
                now = time.monotonic()
                if until == 0.0:
                    if len(batch) == 1 and self._crowd == 1:
                        break
                    until = now + LINGER
                # the crowd of the last batch is all here: nobody to wait for
                if now >= until or len(batch) >= self._crowd > 1:
                    break
                try:
                    work = self.queue.get(timeout=until - now)
                except Empty:
                    break
            if work is None:
                return batch, True
            batch.append(work)
        return batch, False


class Committer:
    """Runs batches of works, each work in a savepoint of one transaction."""

    def __init__(self, engine: Engine, once: Once, trail: Trail, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._once = once
        self._trail = trail
        self._clock = clock
        self._wary = 0  # batches still to come in which to look first

    def serve(self, batch: list[Work]) -> None:
        """Answers every work of the batch, always. After a conflict: once more as a whole, then one by one."""
        try:
            hopeful, self._wary = not self._wary, max(0, self._wary - 1)
            if self._commit(batch, hopeful):
                return
            if hopeful:  # callers who ask again come in crowds
                self._wary = WARY
            if self._commit(batch):
                return
            for work in batch:
                if not any(self._commit([work]) for _ in range(3)):
                    work.answer.give(Unavailable())
        except BaseException as error:  # nobody may wait for ever
            log.error("error=%s", type(error).__name__)
            for work in batch:
                if not work.answer.given():
                    work.answer.give(Unavailable())
            if not isinstance(error, Exception):
                raise

    def _commit(self, batch: list[Work], hopeful: bool = False) -> bool:
        """Commits what can be and answers; False, with nothing stored and nobody answered, if it must be run again."""
        outcomes: list[tuple[Work, Any]] = []
        try:
            with self._engine.begin() as connection:
                groups = [list(group) for _, group in groupby(batch, key=lambda work: work.together)]
                alone = len(groups) == 1
                for group in groups:
                    outcomes += self._attempt(connection, group, alone, hopeful)
        except _Undone as undone:  # a lone group failed: its transaction was rolled back instead of a savepoint
            if len(batch) > 1:
                return False
            outcomes = [(batch[0], undone.reason)]
        except Conflict:
            return False
        except SQLAlchemyError as error:
            if _is_conflict(error):
                return False
            log.error("error=%s", type(error).__name__)
            outcomes = [(work, Unavailable()) for work in batch]
        for work, outcome in outcomes:
            work.answer.give(outcome)
        return True

    def _attempt(
        self, connection: Connection, group: list[Work], alone: bool, hopeful: bool = False
    ) -> list[tuple[Work, Any]]:
        """The outcomes of one group. If it fails as a whole, each of its works is tried by itself."""
        savepoint = None if alone else connection.begin_nested()
        try:
            outcomes = self._do(connection, group, hopeful)
        except Exception as error:  # noqa: BLE001  it is the answer to the work that failed
            if _is_conflict(error):
                raise Conflict from None
            if savepoint is None:
                raise _Undone(error) from None
            savepoint.rollback()
            if len(group) == 1:
                return [(group[0], error)]
            return [pair for work in group for pair in self._attempt(connection, [work], False)]
        if savepoint is not None:
            savepoint.commit()
        return list(zip(group, outcomes, strict=True))

    def _do(self, connection: Connection, group: list[Work], hopeful: bool) -> list[Any]:
        """Does each request that was not done before, once, and keeps its reply."""
        now = self._clock()
        answered = self._answered(connection, [work for work in group if not (hopeful and work.hopeful)])
        fresh: dict[int, Work] = {}
        first: dict[tuple[str, str], int] = {}
        for place, work in enumerate(group):
            key = _key(work.asked)
            if key is None or (key not in answered and first.setdefault(key, place) == place):
                fresh[place] = work
        with closing(Tx(connection, now, self._trail)) as tx:
            done = dict(zip(fresh, self._results(tx, list(fresh.values())), strict=True)) if fresh else {}
            if refused := [work for place, work in fresh.items() if isinstance(done[place], Fault)]:
                # another replica may have done it while we waited for its locks: then its reply is the answer
                answered |= self._answered(connection, refused)
            kept = [
                (work.asked, done[place])
                for place, work in fresh.items()
                if work.asked is not None and not isinstance(done[place], Fault)
            ]
            self._once.keep(tx, kept)
            tx.flush()
        return [
            done[place]
            if place in done and _key(work.asked) not in answered
            else _repeated(work, group, answered, first, done)
            for place, work in enumerate(group)
        ]

    def _results(self, tx: Tx, works: list[Work]) -> list[Any]:
        try:
            return list(works[0].together(tx, [work.item for work in works]))
        except Fault:
            if self._answered(tx.connection, works):
                raise Conflict from None
            raise

    def _answered(self, connection: Connection, works: Iterable[Work]) -> dict[Key, Any]:
        asked = [work.asked for work in works if work.asked is not None]
        return dict(self._once.answered(connection, asked)) if asked else {}


class _Undone(Exception):
    """A lone group's failure, on its way out of the transaction it rolls back."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self.reason = reason


def _key(asked: Asked | None) -> Key | None:
    return None if asked is None else (asked.caller, asked.request_id)


def _repeated(
    work: Work,
    group: list[Work],
    answered: dict[Key, Any],
    first: dict[tuple[str, str], int],
    done: dict[int, Any],
) -> Any:
    """The answer to a request that was made before, or is made twice in this very batch."""
    key = _key(work.asked)
    assert key is not None
    assert work.asked is not None
    if key in answered:
        return answered[key]
    original = group[first[key]]
    assert original.asked is not None
    return done[first[key]] if original.asked.body == work.asked.body else Exists("REQUEST_ID_REUSED")


def _is_conflict(error: Exception) -> bool:
    """Whether running it again may help. A unique violation is one: the loser then reads the winner's row."""
    if isinstance(error, Conflict | StaleDataError | IntegrityError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return (
        error.connection_invalidated
        or state in CONFLICTS
        or (isinstance(error, OperationalError) and (state is None or state.startswith(("08", "57"))))
    )
