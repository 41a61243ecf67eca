"""`liancai visit`: the log of service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import visits_pb2 as pb
from liancai.placement.v1.visits_pb2_grpc import VisitsStub

from cli import show, wire
from cli.assignments import FromDay, HostCode, ToDay
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Mistake,
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
    whole,
)
from cli.texts import t

app = Noun("visit")
COLUMNS = ("name", "state", "assignment", "day", "start", "end", "remote", "category", "beneficiaries", "late")
CATEGORIES = "on-site-guidance|training|technology-transfer|survey|online-advice|other"

Name = Annotated[str, argument("visit", metavar="VISIT", parser=resource("visits"))]
Day = Annotated[str | None, option("visit_day", "--day", metavar="YYYY-MM-DD", parser=day)]
Start = Annotated[str | None, option("visit_start", "--start", metavar="HH:MM")]
End = Annotated[str | None, option("visit_end", "--end", metavar="HH:MM")]
Remote = Annotated[bool | None, option("remote", "--remote/--on-site", show_default=False)]
Place = Annotated[str | None, option("visit_place", "--place", metavar="CODE")]
Category = Annotated[
    int | None, option("visit_category", "--category", metavar=CATEGORIES, parser=one_of(pb.Visit.Category))
]
Problem = Annotated[str | None, option("visit_problem", "--problem", metavar="TEXT")]
Measure = Annotated[str | None, option("measure", "--measure", metavar="TEXT")]
Result = Annotated[str | None, option("service_result", "--result", metavar="TEXT")]
People = Annotated[int | None, option("beneficiaries", "--beneficiaries", metavar="N", parser=whole)]
Photos = Annotated[list[str] | None, option("photo_sha256", "--photo-sha256", metavar="HEX")]
WhyLate = Annotated[str | None, option("visit_late_reason", "--late-reason", metavar="TEXT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(VisitsStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a visit among a verb's options: those that were given, by the contract's names."""
    known = pb.Visit.DESCRIPTOR.fields_by_name
    return {name: value for name, value in options.items() if name in known and value is not None}


@app.verb("log")
def log(
    ctx: typer.Context,
    assignment: Annotated[
        str, option("visited_assignment", "--assignment", metavar="ASSIGNMENT", parser=resource("assignments"))
    ],
    day: Day = None,
    start: Start = None,
    end: End = None,
    remote: Remote = None,
    place: Place = None,
    category: Category = None,
    problem: Problem = None,
    measure: Measure = None,
    result: Result = None,
    beneficiaries: People = None,
    photo_sha256: Photos = None,
    late_reason: WhyLate = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Writes a visit down; the server names every field that is missing, all at once."""
    _do(ctx, pb.LogVisitRequest(visit=pb.Visit(**_given(locals())), request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: Name, output: Output = Format.table) -> None:
    """Shows one visit."""
    _do(ctx, pb.GetVisitRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("visit_state", "--state", metavar="STATE", parser=states(pb.Visit.State))
    ] = None,
    assignment: Annotated[
        str,
        option("of_assignment", "--assignment", metavar="ASSIGNMENT", parser=resource("assignments"),
               show_default=False),
    ] = "",
    commissioner: OfCommissioner = "",
    host_code: HostCode = "",
    from_day: FromDay = "",
    to_day: ToDay = "",
    late: Annotated[bool, option("only_late", "--late", show_default=False)] = False,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Lists visits, newest first."""
    wanted = pb.ListVisitsRequest.Filter(
        states=state or [],
        assignment=assignment,
        commissioner=commissioner,
        host_credit_code=host_code,
        from_day=from_day,
        to_day=to_day,
        late=late,
    )
    asked = pb.ListVisitsRequest(filter=wanted)
    listed(ctx, VisitsStub, asked, "visits", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("confirm")
def confirm(
    ctx: typer.Context, name: Name, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Says for the host that it was so (logged -> confirmed)."""
    _do(ctx, pb.ConfirmVisitRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("dispute")
def dispute(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Says for the host what is wrong (logged -> disputed)."""
    _do(ctx, pb.DisputeVisitRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("correct")
def correct(
    ctx: typer.Context,
    name: Name,
    day: Day = None,
    start: Start = None,
    end: End = None,
    remote: Remote = None,
    place: Place = None,
    category: Category = None,
    problem: Problem = None,
    measure: Measure = None,
    result: Result = None,
    beneficiaries: People = None,
    photo_sha256: Photos = None,
    late_reason: WhyLate = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields before it is confirmed (logged or disputed -> logged)."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    _do(ctx, pb.CorrectVisitRequest(visit=pb.Visit(**fields), update_mask=mask, request_id=request_id), output)


@app.verb("countersign")
def countersign(
    ctx: typer.Context, name: Name, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Countersigns it for the bureau (confirmed -> countersigned)."""
    _do(ctx, pb.CountersignVisitRequest(name=name, etag=etag, request_id=request_id), output)
