"""Handlers of re-planning: drafts that change a published plan, and what their jobs did with its promises."""

from __future__ import annotations

from typing import Any

import grpc
from liancai.placement.v1 import plans_pb2, replanning_pb2_grpc
from liancai.placement.v1 import replanning_pb2 as pb
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.plans import fields
from services.placement.plans.acting import allow, at_rest, made_by
from services.placement.plans.reasons import read_visits
from services.placement.rules.states import PlanState
from services.placement.tables import JOBS, PlanBanRow, PlanRow, ReplanPromiseRow, ReplanRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of

MOST_FREED, MOST_BUDGET, MOST_PRICES = 1000, 10_000, 200
KEEP = 0.95


class Replanning(replanning_pb2_grpc.ReplanningServicer):
    """Asks for jobs, and reads what they stored."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def ReplanPlan(self, request: pb.ReplanPlanRequest, context: grpc.ServicerContext) -> pb.ReplanPlanResponse:
        """A draft of the same scope, with the bans of the plan, and its job."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "plans")
        reading.request_id(request.request_id)
        title = reading.text("title", request.title, 2, 100)
        if len(request.freed) > MOST_FREED:
            reading.wrong("freed", "FIELD_TOO_MANY", most=MOST_FREED)
        freed = sorted(
            {reading.name(f"freed[{at}]", each, "requests") for at, each in enumerate(request.freed[:MOST_FREED])}
        )
        budget = reading.number("budget", request.budget, 0, MOST_BUDGET)
        prices = reading.number("prices", request.prices, 0, MOST_PRICES)
        limits = fields.read_limits(reading, request.limits)
        reading.done()

        def work(tx: Tx) -> pb.ReplanPlanResponse:
            old = queries.for_change(tx, call, PlanRow, name, request.etag)
            if old.state != PlanState.PUBLISHED:
                raise Refused("PLAN_STATE", plan=name, state=old.state, allowed=PlanState.PUBLISHED)
            row = _draft(tx, call, old, title)
            made = f"plans/{row.id}"
            asked = {"limits": limits, "freed": freed, "budget": budget, "prices": prices}
            row.job = _submit(tx, call, "plan.replan", asked, row)
            tx.session.flush()
            tx.record(call, made, event="plan.created", detail={"replaces": name, "job": row.job, "budget": budget})
            return pb.ReplanPlanResponse(plan=made, job=row.job)

        return self._database.write(call, request, work, key=name)

    def ImproveVisits(
        self, request: pb.ImproveVisitsRequest, context: grpc.ServicerContext
    ) -> plans_pb2.SolvePlanResponse:
        """A job on visits drawn up by hand."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "plans")
        reading.request_id(request.request_id)
        drawn = read_visits(reading, request.visits)
        keep = request.keep or KEEP
        if not 0 < keep <= 1:
            reading.wrong("keep", "FIELD_RANGE", least=0, most=1)
        limits = fields.read_limits(reading, request.limits)
        reading.done()

        def work(tx: Tx) -> plans_pb2.SolvePlanResponse:
            row = queries.for_change(tx, call, PlanRow, name, request.etag)
            allow(row, "solve")
            at_rest(tx, row)
            made_by(row, call)
            visits = [[who, by, [day.isoformat() for day in days]] for who, by, days in drawn]
            row.job = _submit(tx, call, "plan.improve", {"limits": limits, "visits": visits, "keep": keep}, row)
            row.update_time = tx.now
            tx.record(call, name, detail={"job": row.job, "visits": len(visits), "keep": keep})
            return plans_pb2.SolvePlanResponse(job=row.job)

        return self._database.write(call, request, work, key=name)

    def GetReplan(self, request: pb.GetReplanRequest, context: grpc.ServicerContext) -> pb.Replan:
        """The figures."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "plans")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, name)
            return _replan(row, _figures(session, row))

    def ListReplanPromises(
        self, request: pb.ListReplanPromisesRequest, context: grpc.ServicerContext
    ) -> pb.ListReplanPromisesResponse:
        """A page of promises."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        name = reading.name("name", request.name, "plans")
        fates = reading.choices("fates", request.fates, pb.ReplanPromise.Fate)
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, name)
            _figures(session, row)
            wanted = select(ReplanPromiseRow).where(ReplanPromiseRow.plan_id == row.id)
            if fates:
                wanted = wanted.where(ReplanPromiseRow.fate.in_(fates))
            if page.after is not None:
                wanted = wanted.where(ReplanPromiseRow.request_id > page.after[0])
            rows = session.scalars(wanted.order_by(ReplanPromiseRow.request_id).limit(page.size + 1)).all()
        return pb.ListReplanPromisesResponse(
            promises=[_promise(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "request_id"),
        )


def _draft(tx: Tx, call: Call, old: PlanRow, title: str) -> PlanRow:
    """A draft with the scope, the objective and the bans of a plan; what it pinned is promised."""
    row = PlanRow(
        id=queries.next_number(tx, f"plans/{day_of(tx.now):%Y%m}"),
        state=PlanState.DRAFT,
        title=title,
        division=old.division,
        partner_division=old.partner_division,
        disciplines=old.disciplines,
        first_day=old.first_day,
        last_day=old.last_day,
        objective=old.objective,
        replaces=old.id,
        makers=[call.caller.subject],
        create_time=tx.now,
        update_time=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    for ban in tx.session.scalars(select(PlanBanRow).where(PlanBanRow.plan_id == old.id)):
        told = {name: getattr(ban, name) for name in ("request_id", "commissioner_id", "author", "reason")}
        tx.session.add(PlanBanRow(plan_id=row.id, create_time=ban.create_time, **told))
    return row


def _submit(tx: Tx, call: Call, kind: str, arguments: dict[str, Any], row: PlanRow) -> str:
    """Asks for a job on a plan, from today on."""
    arguments = {**arguments, "as_of": day_of(tx.now).isoformat()}
    return JOBS.submit(
        tx, call, kind, arguments, subject=f"plans/{row.id}", division=row.division, unit=call.caller.unit
    )


def _figures(session: Session, row: PlanRow) -> dict[str, Any]:
    """What the job noted. Raises Refused for a plan that re-plans none, or is not worked out yet."""
    if not row.replaces:
        raise Refused("PLAN_NO_REPLAN", plan=f"plans/{row.id}")
    found = session.get(ReplanRow, row.id)
    if found is None:
        raise Refused("PLAN_UNSOLVED", plan=f"plans/{row.id}")
    return found.figures


def _replan(row: PlanRow, figures: dict[str, Any]) -> pb.Replan:
    top = max(each["objective"] for each in figures["steps"])
    plain = {name: value for name, value in figures.items() if name != "steps"}
    return pb.Replan(
        name=f"plans/{row.id}",
        replaces=f"plans/{row.replaces}",
        steps=[pb.Replan.Step(**each, loss=top - each["objective"]) for each in figures["steps"]],
        **plain,
    )


def _promise(row: ReplanPromiseRow) -> pb.ReplanPromise:
    return pb.ReplanPromise(
        request=f"requests/{row.request_id}",
        fate=pb.ReplanPromise.Fate.Value(row.fate),
        hit=row.hit,
        freed=row.freed,
        accepted=row.accepted,
        weight=row.weight,
        commissioner=f"commissioners/{row.commissioner_id}",
        days=row.days,
        new_commissioner=f"commissioners/{row.new_commissioner_id}" if row.new_commissioner_id else "",
        new_days=row.new_days,
        price=row.price,
    )
