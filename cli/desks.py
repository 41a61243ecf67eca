"""`liancai desk`: who works at a unit, who stands in for whom, and who gets the next step."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.talent.v1 import desks_pb2 as pb
from liancai.talent.v1.desks_pb2_grpc import DesksStub

from cli import show, wire
from cli.case_steps import StepName
from cli.grammar import Etag, Format, Limit, Noun, Output, Reason, RequestId, argument, day, option, resource, whole

app = Noun("desk")
OFFICERS = ("officer", "share", "open_steps", "overdue_steps", "deputy")
COVERS = ("name", "absent", "deputy", "start_date", "end_date", "reason")
CANDIDATES = ("officer", "share", "open_steps", "overdue_steps", "load", "text")

UnitName = Annotated[str, argument("desk_unit", metavar="UNIT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(DesksStub, request), output)


@app.verb("officer")
def officer(
    ctx: typer.Context,
    unit: UnitName,
    name: Annotated[str, argument("officer", metavar="OFFICER")],
    share: Annotated[int, option("share", "--share", metavar="0-100", parser=whole)] = 100,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Says that somebody works at a unit."""
    _do(ctx, pb.SetOfficerRequest(unit=unit, officer=name, share=share, request_id=request_id), output)


@app.verb("officers")
def officers(ctx: typer.Context, unit: UnitName, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists who works at a unit."""
    found = wire.of(ctx).pages(DesksStub, pb.ListOfficersRequest(unit=unit), "officers", limit)
    show.rows(found, OFFICERS, output, limit)


@app.verb("cover")
def cover(
    ctx: typer.Context,
    unit: UnitName,
    absent: Annotated[str, option("absent", "--absent", metavar="OFFICER")],
    deputy: Annotated[str, option("deputy", "--deputy", metavar="OFFICER")],
    start: Annotated[str, option("cover_from", "--from", metavar="YYYY-MM-DD", parser=day)],
    end: Annotated[str, option("cover_to", "--to", metavar="YYYY-MM-DD", parser=day)],
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Has somebody stand in for somebody absent."""
    request = pb.AddCoverRequest(
        unit=unit, absent=absent, deputy=deputy, start_date=start, end_date=end, reason=reason, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("uncover")
def uncover(
    ctx: typer.Context,
    name: Annotated[str, argument("cover", metavar="COVER", parser=resource("covers"))],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Ends it before its last day."""
    _do(ctx, pb.EndCoverRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("covers")
def covers(ctx: typer.Context, unit: UnitName, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists who stands in for whom."""
    found = wire.of(ctx).pages(DesksStub, pb.ListCoversRequest(unit=unit), "covers", limit)
    show.rows(found, COVERS, output, limit)


@app.verb("why")
def why(ctx: typer.Context, name: StepName, output: Output = Format.table) -> None:
    """Who would get a step, and why."""
    found = wire.of(ctx).ask(DesksStub, pb.ExplainAssignmentRequest(name=name))
    if output is not Format.table:
        show.one(found, output)
        return
    show.rows(found.candidates, CANDIDATES, output)


@app.verb("balance")
def balance(
    ctx: typer.Context,
    name: StepName,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives a step to whoever has least to do for the share."""
    _do(ctx, pb.BalanceStepRequest(name=name, etag=etag, request_id=request_id), output)
