"""`liancai plan`, continued: why a plan is as it is, and plans drawn up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.placement.v1 import reasons_pb2 as pb
from liancai.placement.v1.reasons_pb2_grpc import PlanReasonsStub

from cli import drawn, show, wire
from cli.grammar import Format, Limit, Output, argument, option, resource, whole
from cli.plan_runs import app
from cli.plans import PlanName
from cli.texts import t

__all__ = ["app"]  # others add to it
CANDIDATES = ("chosen", "commissioner", "masked_name", "rule", "days", "total_points", "text")
EXCLUSIONS = ("rule", "count", "text")
PRICES = ("discipline", "first_day", "last_day", "points")
DIFFERENCES = ("request", "kind", "commissioner", "days", "other_commissioner", "other_days")
VIOLATIONS = ("rule", "request", "commissioner", "text")

RequestName = Annotated[str, argument("request", metavar="REQUEST", parser=resource("requests"))]
Drawn = Annotated[Path, argument("drawn", metavar="FILE.xlsx|csv")]


def _ask(ctx: typer.Context, request: Any) -> Any:
    """One question."""
    return wire.of(ctx).ask(PlanReasonsStub, request)


@app.verb("explain")
def explain(
    ctx: typer.Context,
    name: PlanName,
    request: RequestName,
    most: Annotated[int, option("most_candidates", "--most", metavar="N", parser=whole)] = 20,
    output: Output = Format.table,
) -> None:
    """Says why a request is served by whom it is, with every other candidate."""
    answer = _ask(ctx, pb.ExplainAssignmentRequest(name=name, request=request, most=most))
    if output is not Format.table:
        show.one(answer, output)
        return
    show.sentence(answer.text)
    show.rows(answer.candidates, CANDIDATES, output)
    show.rows(answer.exclusions, EXCLUSIONS, output)


@app.verb("why-not")
def why_not(ctx: typer.Context, name: PlanName, request: RequestName, output: Output = Format.table) -> None:
    """Says why a request is served by nobody, and what was tried and would get it served."""
    answer = _ask(ctx, pb.ExplainUnservedRequest(name=name, request=request))
    if output is not Format.table:
        show.one(answer, output)
        return
    show.sentence(answer.text)
    for each in answer.remedies:
        show.sentence(f"- {each.text}")
    show.rows(answer.exclusions, EXCLUSIONS, output)


@app.verb("prices")
def prices(ctx: typer.Context, name: PlanName, output: Output = Format.table) -> None:
    """Lists what one more expert would be worth, by discipline and week."""
    show.rows(_ask(ctx, pb.GetPriceListRequest(name=name)).prices, PRICES, output)


@app.verb("compare")
def compare(
    ctx: typer.Context,
    name: PlanName,
    other: Annotated[str, argument("other_plan", metavar="OTHER", parser=resource("plans"))],
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists what one plan does otherwise than another."""
    request = pb.ComparePlansRequest(name=name, other=other)
    show.rows(wire.of(ctx).pages(PlanReasonsStub, request, "differences", limit), DIFFERENCES, output, limit)
    told = _ask(ctx, pb.ComparePlansRequest(name=name, other=other, page_size=1))
    counts = {each: getattr(told, each) for each in ("moved", "shifted", "dropped", "added")}
    points = f"{told.objective:.0f}", f"{told.other_objective:.0f}"
    show.note(t("plan_words.compared", **counts, points=points[0], other_points=points[1]))
    if not told.same_inputs:
        show.note(t("plan_words.other_inputs"))


@app.verb("check")
def check(ctx: typer.Context, name: PlanName, file: Drawn, output: Output = Format.table) -> None:
    """Checks visits drawn up by hand: every rule they break, and what they leave on the table."""
    answer = _ask(ctx, pb.CheckVisitsRequest(name=name, visits=drawn.read(file)))
    show.rows(answer.violations, VIOLATIONS, output)
    told = {each: f"{getattr(answer, each):.0f}" for each in ("objective", "planned_objective", "bound")}
    left = max(0.0, answer.planned_objective - answer.objective)
    show.note(t("plan_words.checked", broken=answer.violation_count, served=answer.served, left=f"{left:.0f}", **told))
    if answer.violation_count:
        raise typer.Exit(1)
