"""`liancai handover`: a case goes from one side to the other (移交)."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.talent.v1 import handovers_pb2 as pb
from liancai.talent.v1.handovers_pb2_grpc import HandoversStub

from cli import show, wire
from cli.cases import CaseName
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Noun,
    Output,
    Reason,
    RequestId,
    argument,
    handover,
    option,
    resource,
    states,
)
from cli.texts import t

app = Noun("handover")
COLUMNS = ("name", "state", "sender_division", "receiver_division", "offered", "settled")

HandoverName = Annotated[str, argument("handover", metavar="CASE/N", parser=handover)]
OfCase = Annotated[str, option("of_case", "--case", metavar="CASE", parser=resource("cases"), show_default=False)]
State = Annotated[
    list[Any] | None, option("handover_state", "--state", metavar="STATE", parser=states(pb.Handover.State))
]


def _do(ctx: typer.Context, request: Any, output: Format) -> Any:
    """One call, and the hand-over that it answered."""
    answer = wire.of(ctx).ask(HandoversStub, request)
    show.one(answer, output)
    return answer


@app.verb("offer")
def offer(
    ctx: typer.Context,
    name: CaseName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Offers a case to the other side."""
    made = _do(ctx, pb.OfferHandoverRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)
    show.note(t("handover.offered", name=made.name))


@app.verb("accept")
def accept(
    ctx: typer.Context,
    name: HandoverName,
    owner: Annotated[str, option("new_owner", "--owner", metavar="OFFICER", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Takes the case over."""
    _do(ctx, pb.AcceptHandoverRequest(name=name, owner=owner, etag=etag, request_id=request_id), output)


@app.verb("return")
def return_(
    ctx: typer.Context,
    name: HandoverName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Does not take the case, and says why."""
    _do(ctx, pb.ReturnHandoverRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("recall")
def recall(
    ctx: typer.Context,
    name: HandoverName,
    reason: Annotated[str, option("reason", "--reason", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Takes an offer back."""
    _do(ctx, pb.RecallHandoverRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: HandoverName, output: Output = Format.table) -> None:
    """Shows a hand-over: its summary, and its manifest to those who were let in."""
    _do(ctx, pb.GetHandoverRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    case: OfCase = "",
    state: State = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists hand-overs from and to one's own side."""
    asked = pb.ListHandoversRequest(filter=pb.ListHandoversRequest.Filter(case_name=case, states=state or []))
    listed(ctx, HandoversStub, asked, "handovers", COLUMNS, limit=limit, output=output, target=export, force=force)
