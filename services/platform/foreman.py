"""Takes jobs and has each done by a process of its own, from a server that goes on answering calls."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Row, event, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.ids import new_id
from services.platform.job_process import CANCEL, kinds_of
from services.platform.jobs import LEASE, Lost, State
from services.platform.leases import moment
from services.platform.transaction import Tx

AT_ONCE = 2  # jobs of one service in one server
POLL = 2.0  # seconds between two looks for jobs that other replicas were asked for, or that lapsed
LOOK = 1.0  # seconds between two looks whether a job is to be cancelled
BEAT = LEASE / 6  # seconds between two signs of life
CANCEL_GRACE = 30.0  # seconds a job has to stop by itself

T = TypeVar("T")

log = logging.getLogger("liancai.jobs")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a process needs to do the jobs of a service: `kinds` is `module:NAME` of its Kinds."""

    url: str
    service: str
    keys: Path
    kinds: str


class Foreman:
    """Sees to the jobs of one service, one at a time; several may do so side by side."""

    def __init__(self, database: Database, workshop: Workshop, stop: threading.Event) -> None:
        self._database = database
        self._workshop = workshop
        self._stop = stop
        kinds = kinds_of(workshop.kinds)
        self._jobs, self._kinds = kinds.jobs, tuple(kinds.kinds)
        self._wake = threading.Event()
        self._call = Call.by_system(workshop.service, f"{workshop.service}.job.do", "")
        self.process: subprocess.Popen[bytes] | None = None  # of the job that is being done
        event.listen(database.writing_engine, "checkin", self._committed)

    def run(self) -> None:
        """Until it is told to stop; then the job goes back, to be gone on with elsewhere."""
        while not self._stop.is_set():
            self._wake.clear()
            try:
                done = self.one()
            except Exception as error:  # noqa: BLE001  such as a database that cannot be reached
                log.error("service=%s error=%s", self._workshop.service, type(error).__name__)
                done = False
            if not done:
                self._wake.wait(POLL)

    def stop_waiting(self) -> None:
        """Has it look at once whether to stop."""
        self._wake.set()

    def one(self) -> bool:
        """Takes a job and sees it through; False if none waits."""
        with self._database.reading() as session:  # only to spare a write
            now = moment(session.connection(), self._database.clock())
            if session.execute(self._jobs.waiting(self._kinds, now)).first() is None:
                return False
        holder = new_id()
        row = self._write(lambda tx: self._jobs.claim(tx, self._kinds, holder))
        if row is None:
            return False
        if row.state == State.RUNNING:
            self._see_through(row)
        else:
            log.error("jobs/%s kind=%s was given up: it ended every process that did it", row.id, row.kind)
        return True

    def _see_through(self, row: Row[Any]) -> None:
        asked = {
            "url": self._workshop.url,
            "service": self._workshop.service,
            "keys": str(self._workshop.keys),
            "kinds": self._workshop.kinds,
            "job": row.id,
            "holder": row.holder,
        }
        command = [sys.executable, "-m", "services.platform.job_process"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:  # noqa: S603  our own
            self.process = process
            try:
                self._tell(process, json.dumps(asked).encode())
                self._watch(process, row)
            except Lost:
                log.warning("jobs/%s is another's now, or has ended", row.id)
            finally:
                process.kill()  # if it has not ended
                self.process = None

    def _watch(self, process: subprocess.Popen[bytes], row: Row[Any]) -> None:
        """Until the process has ended, or is not to go on. Raises Lost."""
        beat, cancelled = time.monotonic(), 0.0
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=LOOK)
                break
            if self._stop.is_set():
                process.kill()
                process.wait()
                self._release(row, died=False)
                return
            if time.monotonic() - beat >= BEAT:
                self._write(lambda tx: self._jobs.keep(tx, row.id, row.holder))
                beat = time.monotonic()
            if not cancelled and self._is_cancelled(row):
                cancelled = time.monotonic()
                self._tell(process, CANCEL)
            if cancelled and time.monotonic() - cancelled >= CANCEL_GRACE:
                process.kill()
                process.wait()
                self._write(lambda tx: self._jobs.finish(tx, row.id, row.holder, State.CANCELLED))
                return
        if process.returncode:
            log.warning("jobs/%s kind=%s its process ended with %d", row.id, row.kind, process.returncode)
            self._release(row, died=True)

    def _is_cancelled(self, row: Row[Any]) -> bool:
        table = self._jobs.table.c
        with self._database.reading() as session:
            return bool(session.execute(select(table.cancel).where(table.id == row.id)).scalar())

    def _release(self, row: Row[Any], *, died: bool) -> None:
        self._write(lambda tx: self._jobs.release(tx, row.id, holder=row.holder, died=died))

    def _tell(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has just ended: that is seen next
            process.stdin.write(line + b"\n")
            process.stdin.flush()

    def _write(self, work: Callable[[Tx], T]) -> T:
        return self._database.write_again(self._call, work, key="jobs")

    def _committed(self, *_: Any) -> None:
        if self._jobs.submitted.is_set():
            self._jobs.submitted.clear()
            self._wake.set()


@contextmanager
def working(of: Iterable[tuple[Database, Workshop]], grace: float) -> Iterator[None]:
    """Does the jobs of every service, `AT_ONCE` each, until the end."""
    stop = threading.Event()
    foremen = [Foreman(database, workshop, stop) for database, workshop in of for _ in range(AT_ONCE)]
    threads = [threading.Thread(target=foreman.run, name="foreman", daemon=True) for foreman in foremen]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for foreman in foremen:
            foreman.stop_waiting()
        for thread in threads:
            thread.join(grace)
