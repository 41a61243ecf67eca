"""Handlers of what is done to many steps or cases at once, and of the jobs that do it."""

from __future__ import annotations

import re
from typing import Any

import grpc
from liancai.talent.v1 import bulk_pb2 as pb
from liancai.talent.v1 import bulk_pb2_grpc
from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.job_desk import JobHandlers
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.divisions import scope_range
from services.talent.fields import read_approver
from services.talent.tables import JOBS, StepRow

MOST = 10_000  # steps or cases of one job
_NAME = re.compile(r"cases/(LT[0-9]{26})(?:/matters/([a-z0-9_-]{1,40})/steps/([a-z0-9_]{1,32}))?")


class Bulk(bulk_pb2_grpc.BulkServicer):
    """Settles what a job is about, and asks for the job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def SubmitBulk(self, request: pb.SubmitBulkRequest, context: grpc.ServicerContext) -> pb.SubmitBulkResponse:
        """The things are settled in the transaction that asks for the job."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        act = request.WhichOneof("act")
        values = _read_act(reading, call, request)
        named = _read_names(reading, request, whole_cases=act == "notify")
        ways = [bool(request.names), bool(request.of_assignee), bool(request.of_unit)]
        if sum(ways) != 1:
            reading.wrong("names", "FIELD_ONE_OF", allowed="names, of_assignee, of_unit")
        reading.done()

        def work(tx: Tx) -> pb.SubmitBulkResponse:
            things = named or _on_desks(tx, request)
            if act == "notify":
                things = list(dict.fromkeys((case, "", "") for case, _, _ in things))
            arguments = {"things": things, "dry": request.dry_run, **values}
            job = JOBS.submit(tx, call, f"bulk.{act}", arguments, unit=call.caller.unit)
            tx.record(call, job, detail={"act": act, "items": len(things), "dry": request.dry_run})
            return pb.SubmitBulkResponse(job=job, items=len(things))

        return self._database.write(call, request, work, key="bulk")


class TalentJobs(JobHandlers, bulk_pb2_grpc.JobsServicer):
    """The jobs of this service."""

    def __init__(self, database: Database, pages: Pages) -> None:
        super().__init__(database, pages, JOBS, scope_range)


def _read_act(reading: Reading, call: Call, request: pb.SubmitBulkRequest) -> dict[str, Any]:
    """What is done, checked once for all things."""
    which = request.WhichOneof("act")
    if which == "reassign":
        return {"assignee": reading.text("reassign.assignee", request.reassign.assignee, 0, 200)}
    if which == "suspend":
        asked = request.suspend
        return {
            "basis": reading.text("suspend.legal_basis", asked.legal_basis, 1, 200),
            "evidence": reading.text("suspend.evidence", asked.evidence, 1, 200),
            "reason": reading.text("suspend.reason", asked.reason, 1, 500),
            "approver": read_approver(reading, call, asked.approver, required=True),
        }
    if which == "notify":
        return {"message": reading.text("notify.message", request.notify.message, 1, 200)}
    reading.wrong("act", "FIELD_REQUIRED")
    return {}


def _read_names(reading: Reading, request: pb.SubmitBulkRequest, *, whole_cases: bool) -> list[tuple[str, str, str]]:
    """Case, matter and step of each name, once each."""
    if len(request.names) > MOST:
        reading.wrong("names", "FIELD_TOO_MANY", most=MOST)
    found: list[tuple[str, str, str]] = []
    for place, name in enumerate(request.names[:MOST]):
        read = _NAME.fullmatch(name)
        if read is None or (read[2] is None and not whole_cases):
            reading.wrong(f"names[{place}]", "FIELD_CASE_NAME" if whole_cases else "FIELD_STEP_NAME")
        else:
            found.append((read[1], read[2] or "", read[3] or ""))
    reading.text("of_assignee", request.of_assignee, 0, 200)
    reading.text("of_unit", request.of_unit, 0, 64)
    return list(dict.fromkeys(found))


def _on_desks(tx: Tx, request: pb.SubmitBulkRequest) -> list[tuple[str, str, str]]:
    """The open steps of an officer or a unit, what is due first first. Whether the caller may is asked of each."""
    of = StepRow.assignee == request.of_assignee if request.of_assignee else StepRow.unit == request.of_unit
    wanted = (
        select(StepRow.case_id, StepRow.matter, StepRow.key)
        .where(of, StepRow.alarm.is_not(None))
        .order_by(StepRow.alarm, StepRow.id)
        .limit(MOST)
    )
    return [(row[0], row[1], row[2]) for row in tx.session.execute(wanted)]
