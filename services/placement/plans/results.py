"""Handlers of what came of a plan: its visits, what it leaves unserved, and all of it to be counted again."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import select

from services.placement import queries
from services.placement.plans import messages, planned
from services.placement.plans.acting import PlanDesk
from services.placement.rules.inputs import canonical
from services.placement.tables import PlanRow, PlanUnservedRow, PlanVisitRow
from services.platform.boundary import Call
from services.platform.requests import Reading

CHUNK = 256 * 1024  # bytes


class Results(PlanDesk):
    """Reads what jobs stored."""

    def ListPlanVisits(
        self, request: pb.ListPlanVisitsRequest, context: grpc.ServicerContext
    ) -> pb.ListPlanVisitsResponse:
        """A page of visits."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        reading.name("name", request.name, "plans")
        who = reading.optional_name("commissioner", request.commissioner, "commissioners").partition("/")[2]
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, request.name)
            wanted = select(PlanVisitRow).where(PlanVisitRow.plan_id == row.id).order_by(PlanVisitRow.request_id)
            if who:
                wanted = wanted.where(PlanVisitRow.commissioner_id == who)
            if page.after is not None:
                wanted = wanted.where(PlanVisitRow.request_id > page.after[0])
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListPlanVisitsResponse(
            visits=[messages.visit(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "request_id"),
        )

    def ListPlanUnserved(
        self, request: pb.ListPlanUnservedRequest, context: grpc.ServicerContext
    ) -> pb.ListPlanUnservedResponse:
        """A page of requests that are not served."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        reading.name("name", request.name, "plans")
        causes = reading.choices("causes", request.causes, pb.PlanUnserved.Cause)
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, request.name)
            wanted = select(PlanUnservedRow).where(PlanUnservedRow.plan_id == row.id)
            wanted = wanted.order_by(PlanUnservedRow.request_id)
            if causes:
                wanted = wanted.where(PlanUnservedRow.cause.in_(causes))
            if page.after is not None:
                wanted = wanted.where(PlanUnservedRow.request_id > page.after[0])
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListPlanUnservedResponse(
            unserved=[messages.unserved(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "request_id"),
        )

    def ExportPlan(
        self, request: pb.ExportPlanRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportPlanResponse]:
        """The inputs as they were kept, with the solution beside."""
        call, reading = Call.of(context), Reading()
        reading.name("name", request.name, "plans")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, request.name)
            text = canonical(planned.export(row, planned.load(session, row)))
        for first in range(0, len(text), CHUNK):
            yield pb.ExportPlanResponse(chunk=text[first : first + CHUNK])
