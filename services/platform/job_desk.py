"""What stands behind the `Jobs` of a service: look at jobs, watch one, cancel one, read what became of each thing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import grpc
from liancai.common.v1 import job_pb2 as pb
from sqlalchemy import ColumnElement, Row, false, or_, select, update
from sqlalchemy.orm import Session

from services.platform import later
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused, TooMuch
from services.platform.jobs import ENDED, Jobs, State, progress_of
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx

WATCHERS = 32  # streams of one service at once in one server
LONGEST_WATCH = 20 * 60.0  # seconds; a token may expire and rights may change
LOOK = 0.5  # seconds between two looks at a job that is watched

Range: TypeAlias = Callable[[str], tuple[str, str]]


class JobDesk:
    """The jobs of one service. `scope_range` gives the lowest and highest division that a division covers."""

    def __init__(self, database: Database, pages: Pages, jobs: Jobs, scope_range: Range) -> None:
        self._database = database
        self._pages = pages
        self._jobs = jobs
        self._scope_range = scope_range
        self._places = threading.BoundedSemaphore(WATCHERS)

    def get(self, request: pb.GetJobRequest, call: Call) -> pb.Job:
        """One job. NotFound, or Denied, as policy says."""
        return message(self._seen(request.name, call))

    def list(self, request: pb.ListJobsRequest, call: Call) -> pb.ListJobsResponse:
        """A page of the jobs within reach, newest first."""
        page, table = self._pages.read(call, request), self._jobs.table.c
        wanted = select(self._jobs.table).where(self._within_reach(call)).order_by(table.id.desc())
        reading, of = Reading(), request.filter
        if kind := reading.text("filter.kind", of.kind, 0, 40):
            wanted = wanted.where(table.kind == kind)
        if subject := reading.text("filter.subject", of.subject, 0, 64):
            wanted = wanted.where(table.subject == subject)
        if states := reading.choices("filter.states", of.states, pb.Job.State):
            wanted = wanted.where(table.state.in_(states))
        reading.done()
        if page.after is not None:
            wanted = wanted.where(table.id < page.after[0])
        with self._database.reading() as session:
            rows = session.execute(wanted.limit(page.size + 1)).all()
        return pb.ListJobsResponse(
            jobs=[message(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def items(self, request: pb.ListJobItemsRequest, call: Call) -> pb.ListJobItemsResponse:
        """A page of what became of each thing, in order of place."""
        page, table = self._pages.read(call, request), self._jobs.items.c
        reading = Reading()
        outcomes = reading.choices("outcomes", request.outcomes, pb.JobItem.Outcome)
        reading.done()
        row = self._seen(request.name, call)
        wanted = select(self._jobs.items).where(table.job_id == row.id).order_by(table.place)
        if outcomes:
            wanted = wanted.where(table.outcome.in_(outcomes))
        if page.after is not None:
            wanted = wanted.where(table.place > page.after[0])
        with self._database.reading() as session:
            rows = session.execute(wanted.limit(page.size + 1)).all()
        return pb.ListJobItemsResponse(
            items=[_item(each, call) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "place"),
        )

    def cancel(self, request: pb.CancelJobRequest, call: Call) -> pb.Job:
        """Has a job stop: at once if nobody works on it, else as soon as whoever does hears of it."""
        reading = Reading()
        name = reading.name("name", request.name, "jobs")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.Job:
            row = self._row(tx.session, name, call, lock=True)
            check_etag(request.etag, name, row.version)
            if row.state in ENDED:
                raise Refused("JOB_ENDED", job=name, state=row.state)
            if row.cancel:
                return message(row)
            values: dict[str, Any] = {"cancel": True, "version": row.version + 1, "update_time": tx.now}
            if row.state == State.QUEUED:
                values |= {"state": State.CANCELLED, "end_time": tx.now}
            table = self._jobs.table
            changed = update(table).where(table.c.id == row.id).values(**values).returning(*table.c)
            tx.record(call, name, detail={"kind": row.kind, "state": row.state})
            return message(tx.connection.execute(changed).one())

        return self._database.write(call, request, work, key=name)

    def watch(self, request: pb.WatchJobRequest, call: Call) -> Iterator[pb.WatchJobResponse]:
        """The job now, and each time it has gone on, until it has ended. Raises TooMuch for one too many."""
        if not self._places.acquire(blocking=False):
            raise TooMuch("TOO_MANY_WATCHERS", most=WATCHERS)
        gone = threading.Event()
        call.when_over(gone.set)
        try:
            until, told = time.monotonic() + LONGEST_WATCH, None
            while not gone.is_set() and not self._database.tail.closed:
                job = message(self._seen(request.name, call))
                if job != told:
                    yield pb.WatchJobResponse(job=job)
                    told = job
                if pb.Job.State.Name(job.state) in ENDED or time.monotonic() >= until:
                    return
                gone.wait(LOOK)
        finally:
            self._places.release()

    def _seen(self, name: str, call: Call) -> Row[Any]:
        reading = Reading()
        reading.name("name", name, "jobs")
        reading.done()
        with self._database.reading() as session:
            return self._row(session, name, call)

    def _row(self, session: Session, name: str, call: Call, *, lock: bool = False) -> Row[Any]:
        table = self._jobs.table
        wanted = select(table).where(table.c.id == name.partition("/")[2])
        row = session.execute(wanted.with_for_update() if lock else wanted).first()
        if row is None:
            raise NotFound(name)
        call.require(Scope((row.division,), (row.unit,) if row.unit else ()), name)
        return row

    def _within_reach(self, call: Call) -> ColumnElement[bool]:
        reach, table = call.reach(), self._jobs.table.c
        terms: list[ColumnElement[bool]] = []
        if reach.division is not None:
            terms.append(table.division.between(*self._scope_range(reach.division)))
        if reach.unit is not None:
            terms.append(table.unit == reach.unit)
        return or_(*terms) if terms else false()


class JobHandlers:
    """The RPCs of a service's jobs, for the servicer that its contract names."""

    def __init__(self, database: Database, pages: Pages, jobs: Jobs, scope_range: Range) -> None:
        self._desk = JobDesk(database, pages, jobs, scope_range)

    def GetJob(self, request: pb.GetJobRequest, context: grpc.ServicerContext) -> pb.Job:
        """One job."""
        return self._desk.get(request, Call.of(context))

    def ListJobs(self, request: pb.ListJobsRequest, context: grpc.ServicerContext) -> pb.ListJobsResponse:
        """Newest first."""
        return self._desk.list(request, Call.of(context))

    def ListJobItems(self, request: pb.ListJobItemsRequest, context: grpc.ServicerContext) -> pb.ListJobItemsResponse:
        """What became of each thing."""
        return self._desk.items(request, Call.of(context))

    def CancelJob(self, request: pb.CancelJobRequest, context: grpc.ServicerContext) -> pb.Job:
        """Has a job stop."""
        return self._desk.cancel(request, Call.of(context))

    @later.lasts
    def WatchJob(self, request: pb.WatchJobRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchJobResponse]:
        """Until it has ended."""
        return self._desk.watch(request, Call.of(context))


def message(row: Any) -> pb.Job:
    """A job as the contract has it."""
    return pb.Job(
        name=f"jobs/{row.id}",
        kind=row.kind,
        state=pb.Job.State.Value(row.state),
        subject=row.subject,
        progress=progress_of(row.progress),
        result=json.dumps(row.result, ensure_ascii=False, sort_keys=True) if row.result else "",
        error=row.error,
        cancel_requested=row.cancel,
        attempts=row.attempts,
        creator=row.caller["subject"],
        create_time=stamp(row.create_time),
        start_time=stamp(row.start_time),
        update_time=stamp(row.update_time),
        end_time=stamp(row.end_time),
        etag=etag_of(row.version),
    )


def _item(row: Any, call: Call) -> pb.JobItem:
    return pb.JobItem(
        place=row.place,
        subject=row.subject,
        outcome=pb.JobItem.Outcome.Value(row.outcome),
        code=row.code,
        message=call.say(row.code, row.given) if row.code else "",
    )
