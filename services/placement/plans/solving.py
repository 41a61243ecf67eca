"""Handlers that have a plan worked out, and of the jobs that do it."""

from __future__ import annotations

import grpc
from liancai.placement.v1 import jobs_pb2_grpc
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import select

from services.placement import queries
from services.placement.plans import fields
from services.placement.plans.acting import PlanDesk, allow, at_rest, made_by
from services.placement.plans.collecting import Only, collect
from services.placement.plans.pins import refuse_contradictions
from services.placement.tables import JOBS, PlanPinRow, PlanRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.job_desk import JobHandlers
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.divisions import scope_range

SOLVE = "plan.solve"


class Solving(PlanDesk):
    """Asks for jobs."""

    def SolvePlan(self, request: pb.SolvePlanRequest, context: grpc.ServicerContext) -> pb.SolvePlanResponse:
        """Pins that break rules are refused at once; everything else is the job's."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "plans")
        reading.request_id(request.request_id)
        limits = fields.read_limits(reading, request.limits)
        reading.done()
        self._check_pins(call, name)

        def work(tx: Tx) -> pb.SolvePlanResponse:
            row = queries.for_change(tx, call, PlanRow, name, request.etag)
            allow(row, "solve")
            at_rest(tx, row)
            made_by(row, call)
            arguments = {"limits": limits, "as_of": day_of(tx.now).isoformat()}
            row.job = JOBS.submit(
                tx, call, SOLVE, arguments, subject=name, division=row.division, unit=call.caller.unit
            )
            row.update_time = tx.now
            tx.record(call, name, detail={"job": row.job, **limits})
            return pb.SolvePlanResponse(job=row.job)

        return self._database.write(call, request, work, key=name)

    def _check_pins(self, call: Call, name: str) -> None:
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, name)
            pins = session.scalars(select(PlanPinRow).where(PlanPinRow.plan_id == row.id)).all()
            if pins:
                requests, people = ({getattr(pin, key) for pin in pins} for key in ("request_id", "commissioner_id"))
                only = Only(frozenset(requests), frozenset(people))
                inputs = collect(session, row, self._ground, day_of(self._database.clock()), only)
                refuse_contradictions(row, inputs, inputs.dispatch)


class PlacementJobs(JobHandlers, jobs_pb2_grpc.PlacementJobsServicer):
    """The jobs of this service."""

    def __init__(self, database: Database, pages: Pages) -> None:
        super().__init__(database, pages, JOBS, scope_range)
