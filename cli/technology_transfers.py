"""`liancai transfer`: technology transfers that commissioners brought about."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.placement.v1 import technology_transfers_pb2 as pb
from liancai.placement.v1.technology_transfers_pb2_grpc import TechnologyTransfersStub

from cli import show, wire
from cli.assignments import HostCode
from cli.export import Export, Force, listed
from cli.grammar import (
    Format,
    Limit,
    Noun,
    OfCommissioner,
    Output,
    RequestId,
    argument,
    day,
    fen,
    one_of,
    option,
    resource,
)

app = Noun("transfer")
COLUMNS = ("name", "stage", "stage_date", "commissioner", "host_name", "title", "amount_fen", "continued_by")
STAGES = "matched|bench-test|pilot-test|landed"


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(TechnologyTransfersStub, request), output)


@app.verb("record")
def record(
    ctx: typer.Context,
    commissioner: Annotated[
        str, option("transferring", "--commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))
    ],
    stage: Annotated[Any, option("stage", "--stage", metavar=STAGES, parser=one_of(pb.TechnologyTransfer.Stage))],
    stage_date: Annotated[str, option("stage_date", "--date", metavar="YYYY-MM-DD", parser=day)],
    title: Annotated[str, option("transfer_title", "--title", metavar="TEXT")],
    assignment: Annotated[
        str,
        option("in_assignment", "--assignment", metavar="ASSIGNMENT", parser=resource("assignments"),
               show_default=False),
    ] = "",
    host_code: Annotated[str, option("host_code", "--host-code", metavar="CODE", show_default=False)] = "",
    host_name: Annotated[str, option("host_name", "--host-name", metavar="TEXT", show_default=False)] = "",
    division: Annotated[str, option("host_division", "--division", metavar="CODE", show_default=False)] = "",
    contract: Annotated[str, option("contract_number", "--contract", metavar="TEXT", show_default=False)] = "",
    registration: Annotated[
        str, option("registration_number", "--registration", metavar="TEXT", show_default=False)
    ] = "",
    amount: Annotated[Any, option("transfer_amount", "--amount", metavar="YUAN", parser=fen, show_default=False)] = "0",
    intellectual_property: Annotated[
        str, option("intellectual_property", "--ip", metavar="TEXT", show_default=False)
    ] = "",
    site: Annotated[str, option("transfer_site", "--site", metavar="TEXT", show_default=False)] = "",
    continues: Annotated[
        str,
        option("continues", "--continues", metavar="TRANSFER", parser=resource("technologyTransfers"),
               show_default=False),
    ] = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:  # fmt: skip
    """Records a transfer at one of its stages; a further stage continues the record before."""
    transfer = pb.TechnologyTransfer(
        commissioner=commissioner,
        stage=stage,
        stage_date=stage_date,
        title=title,
        assignment=assignment,
        host_credit_code=host_code,
        host_name=host_name,
        division=division,
        contract_number=contract,
        registration_number=registration,
        amount_fen=amount,
        intellectual_property=intellectual_property,
        site=site,
        continues=continues,
    )
    _do(ctx, pb.RecordTechnologyTransferRequest(technology_transfer=transfer, request_id=request_id), output)


@app.verb("show")
def show_(
    ctx: typer.Context,
    name: Annotated[str, argument("transfer", metavar="TRANSFER", parser=resource("technologyTransfers"))],
    output: Output = Format.table,
) -> None:
    """Shows one record."""
    _do(ctx, pb.GetTechnologyTransferRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    stages: Annotated[
        list[Any] | None,
        option("of_stage", "--stage", metavar=STAGES, parser=one_of(pb.TechnologyTransfer.Stage)),
    ] = None,
    commissioner: OfCommissioner = "",
    host_code: HostCode = "",
    current: Annotated[bool, option("only_current", "--current", show_default=False)] = False,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists records, newest first."""
    wanted = pb.ListTechnologyTransfersRequest.Filter(
        stages=stages or [], commissioner=commissioner, host_credit_code=host_code, current=current
    )
    request, rows = pb.ListTechnologyTransfersRequest(filter=wanted), "technology_transfers"
    listed(ctx, TechnologyTransfersStub, request, rows, COLUMNS, limit=limit, output=output, target=export, force=force)
