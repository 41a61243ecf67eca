"""`liancai plan`: who goes where, worked out by a job, reviewed and published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1.plans_pb2_grpc import PlansStub

from cli import show, wire
from cli.acts import Acts
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    InDivision,
    Limit,
    Mistake,
    Noun,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("plan")
COLUMNS = ("name", "state", "title", "division", "partner_division", "first_day", "last_day", "job")
PINS = ("request", "commissioner", "days", "author", "reason", "cost", "create_time")
BANS = ("request", "commissioner", "author", "reason", "cost", "create_time")


def step(word: str) -> pb.Plan.Objective.LoadStep:
    """A load step: "0.5=20" costs 20 points for each day above half of what somebody may give."""
    above, equals, cost = word.partition("=")
    try:
        if equals:
            return pb.Plan.Objective.LoadStep(above=float(above), cost=float(cost))
    except ValueError:
        pass
    raise Mistake(t("plan.load_step", word=word))


def number(word: str | float) -> float:
    """A number."""
    try:
        return float(word)
    except ValueError:
        raise Mistake(t("plan.number", word=word)) from None


PlanName = Annotated[str, argument("plan", metavar="PLAN", parser=resource("plans"))]
Wanted = Annotated[str, argument("request", metavar="REQUEST", parser=resource("requests"))]
Who = Annotated[str, argument("commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))]
Title = Annotated[str | None, option("plan_title", "--title", metavar="TEXT")]
Disciplines = Annotated[list[str] | None, option("plan_discipline", "--discipline", metavar="CODE")]
From = Annotated[str | None, option("plan_from", "--from", metavar="YYYY-MM-DD", parser=day)]
To = Annotated[str | None, option("plan_to", "--to", metavar="YYYY-MM-DD", parser=day)]
PerPriority = Annotated[int | None, option("per_priority", "--per-priority", metavar="N", parser=whole)]
Continuity = Annotated[int | None, option("continuity", "--continuity", metavar="N", parser=whole)]
PerKm = Annotated[float | None, option("per_km", "--per-km", metavar="N", parser=number)]
Steps = Annotated[list[Any] | None, option("load_step", "--load-step", metavar="PART=POINTS", parser=step)]
PerOwedDay = Annotated[int | None, option("per_owed_day", "--per-owed-day", metavar="N", parser=whole)]
TravelDay = Annotated[float | None, option("travel_day_km", "--travel-day-km", metavar="KM", parser=number)]
OBJECTIVE = ("per_priority", "continuity", "per_km", "load_steps", "per_owed_day", "travel_day_km")


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(PlansStub, request), output)


def _objective(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the objective among a verb's options: those that were given."""
    return {name: options[name] for name in OBJECTIVE if options[name] not in (None, [])}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a plan among a verb's options: those that were given, by the contract's names."""
    known = ("title", "division", "partner_division", "disciplines", "first_day", "last_day")
    found = {name: options[name] for name in known if options.get(name) not in (None, [])}
    if objective := _objective(options):
        found["objective"] = pb.Plan.Objective(**objective)
    return found


@app.verb("create")
def create(
    ctx: typer.Context,
    title: Title = None,
    division: Annotated[str | None, option("host_division", "--division", metavar="CODE")] = None,
    partner_division: Annotated[str | None, option("sending_division", "--partner", metavar="CODE")] = None,
    disciplines: Disciplines = None,
    first_day: From = None,
    last_day: To = None,
    per_priority: PerPriority = None,
    continuity: Continuity = None,
    per_km: PerKm = None,
    load_steps: Steps = None,
    per_owed_day: PerOwedDay = None,
    travel_day_km: TravelDay = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    _do(ctx, pb.CreatePlanRequest(plan=pb.Plan(**_given(locals())), request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: PlanName, output: Output = Format.table) -> None:
    """Shows one plan and what came of it."""
    _do(ctx, pb.GetPlanRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("plan_state", "--state", metavar="STATE", parser=states(pb.Plan.State))
    ] = None,
    division: InDivision = "",
    on: Annotated[str, option("plan_on", "--on", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists plans, newest first."""
    request = pb.ListPlansRequest(filter=pb.ListPlansRequest.Filter(states=state or [], division=division, on=on))
    listed(ctx, PlansStub, request, "plans", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: PlanName,
    title: Title = None,
    disciplines: Disciplines = None,
    first_day: From = None,
    last_day: To = None,
    per_priority: PerPriority = None,
    continuity: Continuity = None,
    per_km: PerKm = None,
    load_steps: Steps = None,
    per_owed_day: PerOwedDay = None,
    travel_day_km: TravelDay = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields of a draft; of the objective only what is given."""
    fields = _given(locals())
    paths = [name for name in fields if name != "objective"]
    paths += [f"objective.{name}" for name in _objective(locals())]
    if not paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    plan = pb.Plan(name=name, etag=etag, **fields)
    _do(ctx, pb.UpdatePlanRequest(plan=plan, update_mask=FieldMask(paths=paths), request_id=request_id), output)


@app.verb("pin")
def pin(
    ctx: typer.Context,
    name: PlanName,
    wanted: Wanted,
    commissioner: Who,
    days: Annotated[list[str], option("pin_day", "--day", metavar="YYYY-MM-DD", parser=day)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Has a visit be as given."""
    request = pb.PinVisitRequest(
        name=name, request=wanted, commissioner=commissioner, days=days, reason=reason, etag=etag,
        request_id=request_id,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("unpin")
def unpin(
    ctx: typer.Context,
    name: PlanName,
    wanted: Wanted,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Takes a pin back."""
    _do(ctx, pb.UnpinVisitRequest(name=name, request=wanted, etag=etag, request_id=request_id), output)


@app.verb("pins")
def pins(ctx: typer.Context, name: PlanName, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists the pins."""
    found = wire.of(ctx).pages(PlansStub, pb.ListPlanPinsRequest(name=name), "pins", limit)
    show.rows(found, PINS, output, limit)


@app.verb("ban")
def ban(
    ctx: typer.Context,
    name: PlanName,
    wanted: Wanted,
    commissioner: Who,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Keeps a commissioner from a request."""
    request = pb.BanPairRequest(
        name=name, request=wanted, commissioner=commissioner, reason=reason, etag=etag, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("lift")
def lift(
    ctx: typer.Context,
    name: PlanName,
    wanted: Wanted,
    commissioner: Who,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Takes a ban back."""
    request = pb.LiftBanRequest(name=name, request=wanted, commissioner=commissioner, etag=etag, request_id=request_id)
    _do(ctx, request, output)


@app.verb("bans")
def bans(ctx: typer.Context, name: PlanName, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists the bans."""
    found = wire.of(ctx).pages(PlansStub, pb.ListPlanBansRequest(name=name), "bans", limit)
    show.rows(found, BANS, output, limit)


_acts = Acts(app, PlanName, _do)


_acts.step("review", pb.ReviewPlanRequest)
_acts.reasoned("return", pb.ReturnPlanRequest)
_acts.step("publish", pb.PublishPlanRequest)
_acts.reasoned("discard", pb.DiscardPlanRequest)
