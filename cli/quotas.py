"""`liancai quota`: the limits beside class and order. Money is yuan at the command line, fen on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from liancai.training.v1 import quotas_pb2 as pb
from liancai.training.v1.quotas_pb2_grpc import QuotasStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    ClassName,
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    Output,
    RequestId,
    argument,
    fen,
    option,
    resource,
    whole,
)
from cli.texts import t

app = Noun("quota")
setting = app.kinds("set")
COLUMNS = (
    "name", "kind", "institution_credit_code", "division", "year", "fund", "granted", "taken", "left", "source",
)  # fmt: skip
LATTICE = ("binds", "title", "name", "granted", "taken", "left", "per_seat", "seats")


FUNDS = "employment-subsidy|unemployment-insurance|skills-action"


def _fund(word: str) -> int:
    """A fund by name, in any case, with hyphens or underscores."""
    name = word.strip().lower().replace("_", "-")
    if name not in FUNDS.split("|"):
        raise Mistake(t("usage.choice", word=word, known=FUNDS.replace("|", ", ")))
    return int(pb.Fund.Value(name.upper().replace("-", "_")))


Division = Annotated[str, option("quota_division", "--division", metavar="CODE")]
Year = Annotated[int, option("quota_year", "--year", metavar="YYYY", parser=whole)]
Source = Annotated[str, option("quota_source", "--source", metavar="TEXT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(QuotasStub, request), output)


@setting.verb("heads")
def heads(
    ctx: typer.Context,
    institution: Annotated[str, option("institution_code", "--institution-code", "--institution", metavar="CODE")],
    division: Division,
    year: Year,
    persons: Annotated[int, option("persons", "--persons", metavar="N", parser=whole)],
    source: Source,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """How many subsidised trainees an institution may have in a year."""
    request = pb.SetQuotaRequest(
        kind=pb.INSTITUTION_HEADS, institution_credit_code=institution, division=division, year=year, granted=persons,
        source=source, etag=etag, request_id=request_id,
    )  # fmt: skip
    _do(ctx, request, output)


@setting.verb("budget")
def budget(
    ctx: typer.Context,
    division: Division,
    year: Year,
    fund: Annotated[Any, option("quota_fund", "--fund", metavar="FUND", parser=_fund)],
    yuan: Annotated[int, option("yuan", "--yuan", metavar="YUAN", parser=fen)],
    source: Source,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """How much a division may spend from one fund in a year."""
    request = pb.SetQuotaRequest(
        kind=pb.DIVISION_BUDGET, division=division, year=year, fund=fund, granted=yuan, source=source, etag=etag,
        request_id=request_id,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("show")
def show_(
    ctx: typer.Context,
    name: Annotated[str, argument("quota", metavar="QUOTA", parser=resource("quotas"))],
    output: Output = Format.table,
) -> None:
    """Shows one limit."""
    _do(ctx, pb.GetQuotaRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    year: Annotated[int, option("in_year", "--year", metavar="YYYY", parser=whole, show_default=False)] = 0,
    institution: Annotated[
        str,
        option("institution_code", "--institution-code", "--institution", metavar="CODE", show_default=False),
    ] = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the limits within reach."""
    wanted = pb.ListQuotasRequest.Filter(year=year, institution_credit_code=institution)
    request = pb.ListQuotasRequest(filter=wanted)
    listed(ctx, QuotasStub, request, "quotas", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("seats")
def seats(ctx: typer.Context, class_name: ClassName, output: Output = Format.table) -> None:
    """Shows every limit of a class, and which one binds."""
    lattice = wire.of(ctx).ask(QuotasStub, pb.ExplainSeatsRequest(class_name=class_name))
    if output is not Format.table:
        show.one(lattice, output)
        return
    show.rows([_limit(each, lattice.binding) for each in lattice.limits], LATTICE, output)
    key = "quota.binds" if lattice.binding else "quota.none_binds"
    show.note(t(key, seats=lattice.seats, quota=lattice.binding))
    if not all(each.known for each in lattice.limits):
        show.note(t("quota.unset"))


def _limit(limit: pb.SeatLattice.Limit, binding: str) -> Mapping[str, str]:
    """One limit of a class as people read it; one that nobody has set says so and binds nothing."""
    line = {field: show.text(limit, field) for field in LATTICE[1:]} | {"binds": "*" if limit.name == binding else ""}
    if not limit.known:
        line |= dict.fromkeys(("granted", "taken", "left", "seats"), t("quota.unknown"))
    return line
