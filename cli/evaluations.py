"""`liancai evaluation` and `liancai subsidy`: what a year shows, the bureau's grade, and what was paid."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.placement.v1 import evaluations_pb2 as pb
from liancai.placement.v1.evaluations_pb2_grpc import EvaluationsStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    Format,
    Limit,
    Noun,
    OfCommissioner,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    fen,
    one_of,
    option,
    resource,
    whole,
)

app, subsidies = Noun("evaluation"), Noun("subsidy")
COLUMNS = ("commissioner", "year", "grade", "reason", "recorded_by", "record_time")
SUBSIDY_COLUMNS = ("name", "commissioner", "amount_fen", "pay_date", "basis", "recorded_by")
GRADES = "excellent|qualified|basically-qualified|unqualified"

Commissioner = Annotated[str, argument("commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))]
Year = Annotated[int, option("year", "--year", metavar="YYYY", parser=whole)]
OfYear = Annotated[int, option("of_year", "--year", metavar="YYYY", parser=whole, show_default=False)]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(EvaluationsStub, request), output)


@app.verb("inputs")
def inputs(ctx: typer.Context, commissioner: Commissioner, year: Year, output: Output = Format.table) -> None:
    """Shows what one year of a commissioner comes to; nothing of it is a grade."""
    _do(ctx, pb.GetEvaluationInputsRequest(commissioner=commissioner, year=year), output)


@app.verb("record")
def record(
    ctx: typer.Context,
    commissioner: Commissioner,
    year: Year,
    grade: Annotated[Any, option("year_grade", "--grade", metavar=GRADES, parser=one_of(pb.Evaluation.Grade))],
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Records the bureau's grade of a year, once."""
    request = pb.RecordEvaluationRequest(
        commissioner=commissioner, year=year, grade=grade, reason=reason, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    commissioner: OfCommissioner = "",
    year: OfYear = 0,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists grades, newest year first."""
    request = pb.ListEvaluationsRequest(commissioner=commissioner, year=year)
    listed(
        ctx, EvaluationsStub, request, "evaluations", COLUMNS, limit=limit, output=output, target=export, force=force
    )


@subsidies.verb("record")
def pay(
    ctx: typer.Context,
    commissioner: Commissioner,
    amount: Annotated[Any, option("subsidy_amount", "--amount", metavar="YUAN", parser=fen)],
    paid: Annotated[str, option("pay_date", "--date", metavar="YYYY-MM-DD", parser=day)],
    basis: Annotated[str, option("basis", "--basis", metavar="TEXT")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Records a subsidy as it was paid."""
    subsidy = pb.Subsidy(commissioner=commissioner, amount_fen=amount, pay_date=paid, basis=basis)
    _do(ctx, pb.RecordSubsidyRequest(subsidy=subsidy, request_id=request_id), output)


@subsidies.verb("list")
def paid_list(
    ctx: typer.Context,
    commissioner: OfCommissioner = "",
    year: OfYear = 0,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists subsidies, newest first."""
    request, columns = pb.ListSubsidiesRequest(commissioner=commissioner, year=year), SUBSIDY_COLUMNS
    listed(ctx, EvaluationsStub, request, "subsidies", columns, limit=limit, output=output, target=export, force=force)
