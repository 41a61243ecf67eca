"""`liancai assignment`: who serves which request on which days."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.placement.v1 import assignments_pb2 as pb
from liancai.placement.v1.assignments_pb2_grpc import AssignmentsStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Noun,
    OfCommissioner,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    one_of,
    option,
    resource,
    states,
)

app = Noun("assignment")
COLUMNS = ("name", "state", "request", "commissioner", "days", "host_name", "plan", "disrupted", "rating")
LEVELS = "very-satisfied|satisfied|fair|dissatisfied|very-dissatisfied"

Name = Annotated[str, argument("assignment", metavar="ASSIGNMENT", parser=resource("assignments"))]
HostCode = Annotated[str, option("of_host", "--host-code", metavar="CODE", show_default=False)]
FromDay = Annotated[str, option("from_day", "--from", metavar="YYYY-MM-DD", parser=day, show_default=False)]
ToDay = Annotated[str, option("to_day", "--to", metavar="YYYY-MM-DD", parser=day, show_default=False)]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(AssignmentsStub, request), output)


@app.verb("create")
def create(
    ctx: typer.Context,
    request: Annotated[str, option("assigned_request", "--request", metavar="REQUEST", parser=resource("requests"))],
    commissioner: Annotated[
        str, option("assigned_commissioner", "--commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))
    ],
    days: Annotated[list[str], option("assigned_day", "--day", metavar="YYYY-MM-DD", parser=day)],
    travel_days: Annotated[
        list[str] | None, option("travel_day", "--travel-day", metavar="YYYY-MM-DD", parser=day)
    ] = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Sends a commissioner by hand; the server names every hard rule that is broken, all at once."""
    assignment = pb.Assignment(request=request, commissioner=commissioner, days=days, travel_days=travel_days or [])
    _do(ctx, pb.CreateAssignmentRequest(assignment=assignment, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: Name, output: Output = Format.table) -> None:
    """Shows one assignment."""
    _do(ctx, pb.GetAssignmentRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("assignment_state", "--state", metavar="STATE", parser=states(pb.Assignment.State))
    ] = None,
    commissioner: OfCommissioner = "",
    request: Annotated[
        str, option("of_request", "--request", metavar="REQUEST", parser=resource("requests"), show_default=False)
    ] = "",
    plan: Annotated[
        str, option("of_plan", "--plan", metavar="PLAN", parser=resource("plans"), show_default=False)
    ] = "",
    host_code: HostCode = "",
    from_day: FromDay = "",
    to_day: ToDay = "",
    disrupted: Annotated[bool, option("only_disrupted", "--disrupted", show_default=False)] = False,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists assignments, newest first."""
    wanted = pb.ListAssignmentsRequest.Filter(
        states=state or [],
        commissioner=commissioner,
        request=request,
        plan=plan,
        host_credit_code=host_code,
        from_day=from_day,
        to_day=to_day,
        disrupted=disrupted,
    )
    asked = pb.ListAssignmentsRequest(filter=wanted)
    listed(ctx, AssignmentsStub, asked, "assignments", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("accept")
def accept(
    ctx: typer.Context, name: Name, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Agrees to it (assigned -> accepted)."""
    _do(ctx, pb.AcceptAssignmentRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("decline")
def decline(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Declines it, with a reason."""
    _do(ctx, pb.DeclineAssignmentRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("cancel")
def cancel(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Calls it off, with a reason."""
    _do(ctx, pb.CancelAssignmentRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("rate")
def rate(
    ctx: typer.Context,
    name: Name,
    rating: Annotated[Any, option("host_rating", "--rating", metavar=LEVELS, parser=one_of(pb.Assignment.Level))],
    comment: Annotated[str, option("rating_comment", "--comment", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Says how satisfied the host is (confirmed -> rated)."""
    request = pb.RateAssignmentRequest(name=name, etag=etag, request_id=request_id, rating=rating, comment=comment)
    _do(ctx, request, output)
