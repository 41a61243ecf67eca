"""Handlers of dispatch plans (派驻计划): made, read, changed while they are drafts."""

from __future__ import annotations

from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1 import plans_pb2_grpc
from sqlalchemy import Select, select

from services.fields import read_scope
from services.placement import queries
from services.placement.plans import fields, messages
from services.placement.plans.acting import made_by
from services.placement.plans.pins import Pins
from services.placement.plans.publishing import Publishing
from services.placement.plans.results import Results
from services.placement.plans.solving import Solving
from services.placement.rules import objective
from services.placement.rules.states import PlanState
from services.placement.tables import PlanRow
from services.platform.boundary import Call
from services.platform.errors import Denied
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of


class Plans(Pins, Results, Solving, Publishing, plans_pb2_grpc.PlansServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def CreatePlan(self, request: pb.CreatePlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """A draft of which nothing is worked out."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        values = self._read(reading, request.plan)
        places = tuple(code for code in (values["division"], values["partner_division"]) if code)
        if not call.may(call.action, Scope(places)):
            raise Denied(call.action)

        def work(tx: Tx) -> pb.Plan:
            number = queries.next_number(tx, f"plans/{day_of(tx.now):%Y%m}")
            row = PlanRow(
                id=number,
                state=PlanState.DRAFT,
                makers=[call.caller.subject],
                create_time=tx.now,
                update_time=tx.now,
                **values,
            )
            tx.session.add(row)
            tx.session.flush()
            detail = {"division": row.division, "partner_division": row.partner_division}
            tx.record(call, f"plans/{number}", event="plan.created", detail=detail)
            return messages.plan(tx.session, row)

        return self._database.write(call, request, work)

    def GetPlan(self, request: pb.GetPlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """One plan."""
        reading = Reading()
        reading.name("name", request.name, "plans")
        reading.done()
        with self._database.reading() as session:
            return messages.plan(session, queries.visible(session, Call.of(context), PlanRow, request.name))

    def ListPlans(self, request: pb.ListPlansRequest, context: grpc.ServicerContext) -> pb.ListPlansResponse:
        """A page of the plans within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = _filtered(request.filter).where(queries.within_reach(call, PlanRow)).order_by(PlanRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(PlanRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            shown = messages.plans(session, rows[: page.size])
        return pb.ListPlansResponse(
            plans=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdatePlan(self, request: pb.UpdatePlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """New values for the fields of a draft that the mask names; pins stay, and are looked at when it is solved."""
        call, reading = Call.of(context), Reading()
        name = reading.name("plan.name", request.plan.name, "plans")
        paths = reading.mask(request.update_mask.paths, fields.EDITABLE)

        def change(tx: Tx, row: PlanRow) -> dict[str, Any]:
            wished = messages.plan(tx.session, row)
            request.update_mask.MergeMessage(
                request.plan, wished, replace_message_field=True, replace_repeated_field=True
            )
            for column, value in self._read(Reading(), wished).items():
                setattr(row, column, value)
            made_by(row, call)
            row.outdated = bool(row.summary) and (row.outdated or set(paths) != {"title"})
            return {"fields": sorted(paths)}

        return self._act(call, request, "update", change, reading, event="updated", etag=request.plan.etag, name=name)

    def _read(self, reading: Reading, asked: pb.Plan) -> dict[str, Any]:
        """The values of a plan's row. Raises Invalid with everything that is wrong, and Refused PLAN_CALENDAR."""
        values = fields.read(reading, asked, day_of(self._database.clock()), self._usual)
        reading.done()
        fields.check_days(self._ground.calendar, values["first_day"], values["last_day"], reading)
        reading.done()
        return values

    def _usual(self, division: str, on: date) -> objective.Objective:
        return objective.defaults(self._ground.pack, division, on)


def _filtered(asked: pb.ListPlansRequest.Filter) -> Select[PlanRow]:
    """The plans that a filter asks for."""
    reading = Reading()
    wanted = select(PlanRow)
    if states := reading.choices("filter.states", asked.states, pb.Plan.State):
        wanted = wanted.where(PlanRow.state.in_(states))
    if asked.on:
        day = reading.day("filter.on", asked.on)
        wanted = wanted.where(PlanRow.first_day <= day, PlanRow.last_day >= day)
    if asked.division:
        covered = read_scope(reading, "filter.division", asked.division)
        wanted = wanted.where(PlanRow.division.between(*covered))
    reading.done()
    return wanted
