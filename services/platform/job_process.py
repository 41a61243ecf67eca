"""The process that does one job: started by a server, which tells it on its standard input what to do.

It has an interpreter of its own, so that computing keeps no call waiting. The end of its input means that the server
has died: then it ends too, and another server goes on from what it saved.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Row

from services.platform.boundary import Call
from services.platform.database import Books, Database
from services.platform.errors import Fault, Unavailable
from services.platform.identity import Caller
from services.platform.jobs import Jobs, Json, Lost, State, Verdict, caller_of
from services.platform.policy import Policy
from services.platform.transaction import Tx
from services.platform.vault import Vault

CANCEL = b"cancel"
CALLS_FIRST = 5  # how much nicer a job is than the server
TELL = 0.5  # seconds between two writings of how far it is
# exit codes: the server has died; the job is another's; the database cannot be reached
ORPHANED, LOST, UNREACHABLE = 3, 4, 5

log = logging.getLogger("liancai.jobs")


class Cancelled(Exception):
    """Somebody wants the job cancelled, and it has stopped."""


class Run:
    """One job being done. For one thread, but for `cancelled`, which any may ask."""

    def __init__(self, database: Database, service: str, jobs: Jobs, row: Row[Any], cancel: threading.Event) -> None:
        self.database = database
        self.service = service
        self.name = f"jobs/{row.id}"
        self.kind: str = row.kind
        self.subject: str = row.subject
        self.arguments: Json = row.arguments
        self.checkpoint: Json = row.checkpoint  # what was saved last, {} at first
        self.result: Json = row.result  # likewise
        self.attempt: int = row.attempts
        self.caller: Caller = caller_of(row)
        self._jobs, self._id, self._holder = jobs, row.id, row.holder
        self._progress: dict[str, Any] = dict(row.progress)
        self._told = 0.0
        self._cancel = cancel
        self._system = Call.by_system(service, row.kind, row.division)

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it cancelled."""
        return self._cancel.is_set()

    def check(self) -> None:
        """Raises Cancelled if somebody wants it cancelled."""
        if self.cancelled:
            raise Cancelled

    def call(self, action: str, policy: Policy) -> Call:
        """A call by whoever asked for the job, with their rights: for what is decided and recorded item by item."""
        return Call.on_behalf(self.service, action, self.caller, policy, self.name)

    def report(self, *, done: int | None = None, total: int | None = None, stage: str = "", **figures: float) -> None:
        """Shows how far it is; what is not given stays. Cheap: it is written now and then. Raises Lost."""
        self._merge(done, total, stage, figures)
        if time.monotonic() - self._told >= TELL:
            self.write(lambda _: None)

    def save(self, checkpoint: Json, *, result: Json | None = None, **progress: Any) -> None:
        """Saves where to go on from and, if given, the best result so far; `progress` as in `report`. Raises Lost."""
        self.step(lambda _: (), checkpoint, result=result, **progress)

    def step(
        self,
        work: Callable[[Tx], Sequence[Verdict]],
        checkpoint: Json,
        *,
        first: int = 1,
        result: Json | None = None,
        **progress: Any,
    ) -> None:
        """Does a piece of the work in one transaction with the note that it is done: it happens once, whoever dies.

        The verdicts that `work(tx)` returns are noted from place `first` on. Raises Lost, with nothing done.
        """
        known = ("done", "total", "stage")
        given = {name: progress.pop(name) for name in known if name in progress}
        self._merge(given.get("done"), given.get("total"), given.get("stage", ""), progress)
        values: dict[str, Any] = {"checkpoint": dict(checkpoint)}
        if result is not None:
            values["result"] = dict(result)

        def noted(tx: Tx) -> None:
            self._jobs.judge(tx, self._id, first, work(tx))

        self.write(noted, **values)
        self.checkpoint = checkpoint
        self.result = self.result if result is None else result

    def write(self, work: Callable[[Tx], None], **values: Any) -> None:
        """Does `work` in the transaction that writes `values` and the progress into the job's row. Raises Lost."""
        progress = dict(self._progress)

        def held(tx: Tx) -> None:
            # first, so that nobody else takes the job before this is committed
            self._jobs.write(tx, self._id, self._holder, progress=progress, update_time=tx.now, **values)
            work(tx)

        self.database.write_again(self._system, held, key=self.name)
        self._told = time.monotonic()

    def finish(self, state: State, error: str = "", **values: Any) -> None:
        """Ends the job. Raises Lost."""
        progress = dict(self._progress)

        def work(tx: Tx) -> None:
            self._jobs.finish(tx, self._id, self._holder, state, error, progress=progress, **values)

        self.database.write_again(self._system, work, key=self.name)

    def _merge(self, done: int | None, total: int | None, stage: str, figures: Json) -> None:
        given = {"done": done, "total": total, "stage": stage or None}
        self._progress.update({key: value for key, value in given.items() if value is not None})
        if figures:
            self._progress["figures"] = {**self._progress.get("figures", {}), **figures}


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a service hands to the processes that do its jobs: a module names it, `services.placement.jobs:KINDS`.

    Each kind is a function that does the work of a Run and returns its result, JSON without personal data.
    """

    books: Books
    jobs: Jobs
    kinds: Mapping[str, Callable[[Run], Json]]


def do(run: Run, kinds: Kinds) -> None:
    """Does the job to whatever end. Raises Lost, and Unavailable where the end cannot be written."""
    try:
        result = kinds.kinds[run.kind](run)
    except Cancelled:
        run.finish(State.CANCELLED)
    except (Lost, Unavailable):
        raise
    except Fault as fault:
        run.finish(State.FAILED, fault.reason)
    except Exception as error:  # noqa: BLE001  where, never what: its text may hold anything
        frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
        places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
        log.error("%s kind=%s error=%s at=%s", run.name, run.kind, type(error).__name__, places)
        run.finish(State.FAILED, "INTERNAL")
    else:
        run.finish(State.SUCCEEDED, result=dict(result))


def kinds_of(place: str) -> Kinds:
    """The Kinds that `module:NAME` names."""
    module, _, name = place.partition(":")
    return cast(Kinds, getattr(import_module(module), name))


def _listen(server: FileIO, cancel: threading.Event) -> None:
    """Hears what the server says, until it has died."""
    for line in iter(server.readline, b""):
        if line.strip() == CANCEL:
            cancel.set()
    os._exit(ORPHANED)


def main() -> int:
    """Reads from standard input which job to do, and does it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    os.nice(CALLS_FIRST)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the server, which decides what becomes of the job
    server, cancel = FileIO(0, closefd=False), threading.Event()
    asked = json.loads(server.readline())
    threading.Thread(target=_listen, args=(server, cancel), daemon=True).start()
    kinds = kinds_of(asked["kinds"])
    vault = Vault.open(Path(asked["keys"]), create=False)
    database = Database(asked["url"], asked["service"], kinds.books, vault, lanes=0)
    try:
        with database.reading() as session:
            table = kinds.jobs.table
            row = session.execute(table.select().where(table.c.id == asked["job"])).one()
        if row.holder != asked["holder"]:
            return LOST
        if row.cancel:
            cancel.set()
        do(Run(database, asked["service"], kinds.jobs, row, cancel), kinds)
    except Lost:
        return LOST
    except Unavailable:
        return UNREACHABLE
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
