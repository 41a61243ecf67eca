"""`liancai placement`: the steps of its life, and what is reported of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from liancai.placement.v1 import audit_pb2, audit_pb2_grpc
from liancai.placement.v1 import placements_pb2 as pb
from liancai.placement.v1.placements_pb2_grpc import PlacementsStub

from cli import show, wire
from cli.acts import Acts
from cli.agreements import digest
from cli.commissioners import TRAIL
from cli.export import Export, Force, listed
from cli.grammar import Etag, Format, Limit, Output, Reason, RequestId, day, option, resource
from cli.placements import PlacementName, app, do

REPORTS = ("name", "first_day", "last_day", "unit", "text", "file_sha256")


_acts = Acts(app, PlacementName, do)


_acts.step("submit", pb.SubmitPlacementRequest)
_acts.step("consent", pb.ConsentPlacementRequest)
_acts.reasoned("return", pb.ReturnPlacementRequest)


@app.verb("approve")
def approve(
    ctx: typer.Context,
    name: PlacementName,
    reason: Annotated[str, option("despite", "--reason", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Submitted -> approved; a reason lets warnings pass."""
    do(ctx, pb.ApprovePlacementRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("begin")
def begin(
    ctx: typer.Context,
    name: PlacementName,
    begun_on: Annotated[str, option("begun_on", "--on", metavar="YYYY-MM-DD", parser=day)],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Approved -> running, from the day the person arrived."""
    do(ctx, pb.BeginPlacementRequest(name=name, etag=etag, request_id=request_id, begun_on=begun_on), output)


@app.verb("report")
def report(
    ctx: typer.Context,
    name: PlacementName,
    first_day: Annotated[str, option("report_from", "--from", metavar="YYYY-MM-DD", parser=day)],
    last_day: Annotated[str, option("report_to", "--to", metavar="YYYY-MM-DD", parser=day)],
    text: Annotated[str, option("report_text", "--text", metavar="TEXT", show_default=False)] = "",
    file: Annotated[Path | None, option("report_file", "--file", metavar="FILE")] = None,
    sha256: Annotated[str, option("sha256", "--sha256", metavar="HEX", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes a report on some days of it."""
    said = pb.PlacementReport(first_day=first_day, last_day=last_day, text=text, file_sha256=digest(file, sha256))
    do(ctx, pb.AddPlacementReportRequest(name=name, etag=etag, request_id=request_id, report=said), output)


@app.verb("reports")
def reports(
    ctx: typer.Context,
    name: PlacementName,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the reports of one placement, newest first."""
    request = pb.ListPlacementReportsRequest(name=name)
    listed(ctx, PlacementsStub, request, "reports", REPORTS, limit=limit, output=output, target=export, force=force)


@app.verb("extend")
def extend(
    ctx: typer.Context,
    name: PlacementName,
    end_date: Annotated[str, option("placement_end", "--to", metavar="YYYY-MM-DD", parser=day)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives it a later last day."""
    request = pb.ExtendPlacementRequest(name=name, etag=etag, request_id=request_id, end_date=end_date, reason=reason)
    do(ctx, request, output)


@app.verb("end")
def end(
    ctx: typer.Context,
    name: PlacementName,
    ended_on: Annotated[str, option("ended_on", "--on", metavar="YYYY-MM-DD", parser=day)],
    reason: Annotated[str, option("ended_early", "--reason", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Running -> ended."""
    do(
        ctx,
        pb.EndPlacementRequest(name=name, etag=etag, request_id=request_id, ended_on=ended_on, reason=reason),
        output,
    )


_acts.reasoned("cancel", pb.CancelPlacementRequest)


@app.verb("trail")
def trail(
    ctx: typer.Context,
    name: Annotated[
        str,
        option("of_placement", "--placement", metavar="PLACEMENT", parser=resource("placements"), show_default=False),
    ] = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists who did what, oldest first."""
    request = audit_pb2.ListPlacementTrailRequest(resource=name)
    found = wire.of(ctx).pages(audit_pb2_grpc.PlacementTrailStub, request, "entries", limit)
    show.rows(found, TRAIL, output, limit)
