"""`liancai request`: what hosts need of commissioners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import requests_pb2 as pb
from liancai.placement.v1.requests_pb2_grpc import RequestsStub

from cli import show, wire
from cli.acts import Acts
from cli.commissioners import skill
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
    one_of,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("request")
COLUMNS = (
    "name", "state", "kind", "discipline", "host_name", "place", "window_start", "window_end", "working_days",
    "priority",
)  # fmt: skip
KINDS = "on-site-guidance|training|technology-transfer|survey|online-advice|other"

RequestName = Annotated[str, argument("request", metavar="REQUEST", parser=resource("requests"))]
Kind = Annotated[int | None, option("request_kind", "--kind", metavar=KINDS, parser=one_of(pb.Request.Kind))]
Problem = Annotated[str | None, option("problem", "--problem", metavar="TEXT")]
Wanted = Annotated[Any, option("wanted_skill", "--discipline", metavar="CODE=LEVEL", parser=skill)]
HostCode = Annotated[str | None, option("host_code", "--host-code", metavar="CODE")]
HostName = Annotated[str | None, option("host_name", "--host-name", metavar="TEXT")]
Division = Annotated[str | None, option("host_division", "--division", metavar="CODE")]
Partner = Annotated[str | None, option("asked_division", "--partner", metavar="CODE")]
Place = Annotated[str | None, option("request_place", "--place", metavar="CODE")]
From = Annotated[str | None, option("window_start", "--from", metavar="YYYY-MM-DD", parser=day)]
To = Annotated[str | None, option("window_end", "--to", metavar="YYYY-MM-DD", parser=day)]
Days = Annotated[int | None, option("working_days", "--days", metavar="N", parser=whole)]
Split = Annotated[bool | None, option("may_split", "--may-split/--in-a-row", show_default=False)]
Priority = Annotated[int | None, option("request_priority", "--priority", metavar="1-5", parser=whole)]
PriorityReason = Annotated[str | None, option("priority_reason", "--priority-reason", metavar="TEXT")]
Wished = Annotated[str | None, option("wished", "--wished", metavar="COMMISSIONER", parser=resource("commissioners"))]
NotWished = Annotated[
    list[str] | None, option("not_wished", "--refused", metavar="COMMISSIONER", parser=resource("commissioners"))
]
Team = Annotated[bool | None, option("team_needed", "--team/--no-team", show_default=False)]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(RequestsStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request among a verb's options: those that were given, by the contract's names."""
    known = pb.Request.DESCRIPTOR.fields_by_name
    return {name: value for name, value in options.items() if name in known and value is not None}


@app.verb("create")
def create(
    ctx: typer.Context,
    kind: Kind = None,
    problem: Problem = None,
    discipline: Wanted = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    division: Division = None,
    partner_division: Partner = None,
    place: Place = None,
    window_start: From = None,
    window_end: To = None,
    working_days: Days = None,
    may_split: Split = None,
    priority: Priority = None,
    priority_reason: PriorityReason = None,
    wished_commissioner: Wished = None,
    refused_commissioners: NotWished = None,
    team_needed: Team = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    _do(ctx, pb.CreateRequestRequest(request=pb.Request(**_given(locals())), request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: RequestName, output: Output = Format.table) -> None:
    """Shows one request."""
    _do(ctx, pb.GetRequestRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("request_state", "--state", metavar="STATE", parser=states(pb.Request.State))
    ] = None,
    kinds: Annotated[
        list[Any] | None, option("of_kind", "--kind", metavar=KINDS, parser=one_of(pb.Request.Kind))
    ] = None,
    discipline: Annotated[str, option("of_discipline", "--discipline", metavar="CODE", show_default=False)] = "",
    host_code: HostCode = None,
    division: InDivision = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists requests, newest first."""
    wanted = pb.ListRequestsRequest.Filter(
        states=state or [],
        kinds=kinds or [],
        discipline=discipline,
        host_credit_code=host_code or "",
        division=division,
    )
    request = pb.ListRequestsRequest(filter=wanted)
    listed(ctx, RequestsStub, request, "requests", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: RequestName,
    kind: Kind = None,
    problem: Problem = None,
    discipline: Wanted = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    division: Division = None,
    partner_division: Partner = None,
    place: Place = None,
    window_start: From = None,
    window_end: To = None,
    working_days: Days = None,
    may_split: Split = None,
    priority: Priority = None,
    priority_reason: PriorityReason = None,
    wished_commissioner: Wished = None,
    refused_commissioners: NotWished = None,
    team_needed: Team = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields of a draft."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    _do(ctx, pb.UpdateRequestRequest(request=pb.Request(**fields), update_mask=mask, request_id=request_id), output)


_acts = Acts(app, RequestName, _do)


_acts.step("submit", pb.SubmitRequestRequest)
_acts.reasoned("return", pb.ReturnRequestRequest)
_acts.step("accept", pb.AcceptRequestRequest)
_acts.reasoned("cancel", pb.CancelRequestRequest)
_acts.reasoned("unserved", pb.MarkUnservedRequest)


@app.verb("extend")
def extend(
    ctx: typer.Context,
    name: RequestName,
    reason: Reason,
    working_days: Days = None,
    window_end: To = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives an accepted or planned request other working days or another end."""
    request = pb.ExtendRequestRequest(
        name=name, reason=reason, working_days=working_days or 0, window_end=window_end or "", etag=etag,
        request_id=request_id,
    )  # fmt: skip
    _do(ctx, request, output)
