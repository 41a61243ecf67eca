"""`liancai plan`, continued: who would be where, in the terminal, as a chart and as calendars."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import typer
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1.plans_pb2_grpc import PlansStub

from cli import export, show, stays, views, wire
from cli.export import Force
from cli.plans import PlanName
from cli.replans import app
from cli.views import OnlyCommissioner, OnlyHost, View

__all__ = ["app"]  # others add to it
FIGURES = ("state", "division", "partner_division")
SUMMARY = ("requests", "served", "commissioners", "objective", "bound", "gap", "calendar", "as_of")


def _plan(ctx: typer.Context, name: str) -> pb.Plan:
    """The plan."""
    answer: pb.Plan = wire.of(ctx).ask(PlansStub, pb.GetPlanRequest(name=name))
    return answer


def _span(plan: pb.Plan) -> tuple[date, date]:
    return date.fromisoformat(plan.first_day), date.fromisoformat(plan.last_day)


def _figures(plan: pb.Plan) -> Iterator[tuple[str, str]]:
    """What a chart says of the plan as a whole: words and figures of its own fields."""
    for name in FIGURES:
        yield show.heading(name, "Plan"), show.text(plan, name)
    if plan.HasField("summary"):
        told = {each: show.text(plan.summary, each) for each in SUMMARY}
        if not plan.summary.HasField("bound"):
            told["bound"] = told["gap"] = ""
        yield from ((show.heading(each, "Summary"), words) for each, words in told.items())


@app.verb("calendar")
def calendar(ctx: typer.Context, name: PlanName, commissioner: OnlyCommissioner = "") -> None:
    """Shows who would be where: the months of one commissioner, or a line for each."""
    plan = _plan(ctx, name)
    found = stays.of_plan(wire.of(ctx), plan, commissioner)
    views.some(found)
    views.tell(wire.of(ctx), found, *_span(plan), alone=bool(commissioner))


@app.verb("gantt")
def gantt(ctx: typer.Context, name: PlanName, target: View, force: Force = False) -> None:
    """Writes a chart with the figures of the plan and the requests that it does not serve."""
    export.check(target, force, views.CHART)
    plan, link = _plan(ctx, name), wire.of(ctx)
    found = stays.of_plan(link, plan)
    figures = ((name, words) for name, words in _figures(plan) if words)
    views.chart(link, target, force, found, _span(plan), plan.title, figures, stays.unserved(link, plan))


@app.verb("ics")
def ics(
    ctx: typer.Context,
    name: PlanName,
    target: View,
    commissioner: OnlyCommissioner = "",
    host_code: OnlyHost = "",
    force: Force = False,
) -> None:
    """Writes a calendar file: all of the plan, or what is one commissioner's or one host's."""
    export.check(target, force, views.CALENDAR)
    plan = _plan(ctx, name)
    found = stays.of_plan(wire.of(ctx), plan, commissioner, host_code)
    views.some(found)
    views.events(target, force, found, plan.title)
