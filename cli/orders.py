"""`liancai order`: training orders from draft to fulfilled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import orders_pb2 as pb
from liancai.training.v1.orders_pb2_grpc import OrdersStub

from cli import show, wire
from cli.acts import Acts
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    InDivision,
    LateReason,
    Limit,
    Mistake,
    Noun,
    Occurred,
    OrderName,
    Output,
    Reason,
    RequestId,
    Wage,
    day,
    moment,
    option,
    states,
    wage,
    whole,
)
from cli.texts import t

app = Noun("order")
COLUMNS = (
    "name", "state", "enterprise_name", "division", "occupation_name", "headcount", "wage_min_fen",
    "wage_max_fen", "valid_until",
)  # fmt: skip

EnterpriseCode = Annotated[str | None, option("enterprise_code", "--enterprise-code", metavar="CODE")]
EnterpriseName = Annotated[str | None, option("enterprise_name", "--enterprise-name", metavar="TEXT")]
Division = Annotated[str | None, option("division", "--division", metavar="CODE")]
Partner = Annotated[str | None, option("partner", "--partner", metavar="CODE")]
Park = Annotated[str | None, option("park", "--park", metavar="TEXT")]
Occupation = Annotated[str | None, option("occupation", "--occupation", metavar="CODE")]
SkillLevel = Annotated[int | None, option("skill_level", "--skill-level", metavar="0-7", parser=whole)]
Certificate = Annotated[int | None, option("certificate_level", "--certificate-level", metavar="0-5", parser=whole)]
Headcount = Annotated[int | None, option("headcount", "--headcount", metavar="N", parser=whole)]
Pay = Annotated[Wage | None, option("wage", "--wage", metavar="YUAN[-YUAN]", parser=wage)]
Months = Annotated[int | None, option("contract_months", "--contract-months", metavar="N", parser=whole)]
Start = Annotated[str | None, option("start", "--start", metavar="YYYY-MM-DD", parser=day)]
Place = Annotated[str | None, option("place", "--place", metavar="TEXT")]
ValidUntil = Annotated[str | None, option("valid_until", "--valid-until", metavar="YYYY-MM-DD", parser=day)]
ChainTag = Annotated[str | None, option("chain_tag", "--chain-tag", metavar="TEXT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(OrdersStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an order among a verb's options: those that were given, by the contract's names."""
    known = pb.Order.DESCRIPTOR.fields_by_name
    fields = {name: value for name, value in options.items() if name in known and value is not None}
    pay: Wage | None = options["pay"]
    return fields | ({"wage_min_fen": pay.low, "wage_max_fen": pay.high} if pay else {})


_acts = Acts(app, OrderName, _do)


@app.verb("create")
def create(
    ctx: typer.Context,
    enterprise_credit_code: EnterpriseCode = None,
    enterprise_name: EnterpriseName = None,
    division: Division = None,
    partner_division: Partner = None,
    park: Park = None,
    occupation_code: Occupation = None,
    skill_level: SkillLevel = None,
    certificate_level: Certificate = None,
    headcount: Headcount = None,
    pay: Pay = None,
    contract_months: Months = None,
    start_date: Start = None,
    place: Place = None,
    valid_until: ValidUntil = None,
    chain_tag: ChainTag = None,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    order = pb.Order(**_given(locals()))
    request = pb.CreateOrderRequest(
        order=order, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    _do(ctx, request, output)


@app.verb("show")
def show_(ctx: typer.Context, name: OrderName, output: Output = Format.table) -> None:
    """Shows one order."""
    _do(ctx, pb.GetOrderRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("order_state", "--state", metavar="STATE", parser=states(pb.Order.State))
    ] = None,
    enterprise_code: EnterpriseCode = None,
    occupation: Occupation = None,
    division: InDivision = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists orders, newest first."""
    wanted = pb.ListOrdersRequest.Filter(
        states=state or [],
        enterprise_credit_code=enterprise_code or "",
        occupation_code=occupation or "",
        division=division,
    )
    request = pb.ListOrdersRequest(filter=wanted)
    listed(ctx, OrdersStub, request, "orders", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: OrderName,
    enterprise_credit_code: EnterpriseCode = None,
    enterprise_name: EnterpriseName = None,
    division: Division = None,
    partner_division: Partner = None,
    park: Park = None,
    occupation_code: Occupation = None,
    skill_level: SkillLevel = None,
    certificate_level: Certificate = None,
    headcount: Headcount = None,
    pay: Pay = None,
    contract_months: Months = None,
    start_date: Start = None,
    place: Place = None,
    valid_until: ValidUntil = None,
    chain_tag: ChainTag = None,
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
    _do(ctx, pb.UpdateOrderRequest(order=pb.Order(**fields), update_mask=mask, request_id=request_id), output)


_acts.step("submit", pb.SubmitOrderRequest)
_acts.reasoned("return", pb.ReturnOrderRequest)
_acts.step("verify", pb.VerifyOrderRequest)


@app.verb("match")
def match(
    ctx: typer.Context,
    name: OrderName,
    institution_code: Annotated[str, option("institution_code", "--institution-code", metavar="CODE")],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Verified -> matched."""
    request = pb.MatchOrderRequest(
        name=name, etag=etag, request_id=request_id, institution_credit_code=institution_code
    )
    _do(ctx, request, output)


@app.verb("close")
def close(
    ctx: typer.Context,
    name: OrderName,
    reason: Annotated[str, option("shortfall_reason", "--reason", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Training -> fulfilled or shortfall."""
    request = pb.CloseOrderRequest(name=name, etag=etag, request_id=request_id, reason=reason)
    _do(ctx, request, output)


_acts.reasoned("cancel", pb.CancelOrderRequest)


@app.verb("headcount")
def headcount_(
    ctx: typer.Context,
    name: OrderName,
    headcount: Annotated[int, typer.Argument(help=t("option.headcount"), metavar="N", parser=whole)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the workers wanted after submission."""
    request = pb.ChangeOrderHeadcountRequest(
        name=name, etag=etag, request_id=request_id, headcount=headcount, reason=reason
    )
    _do(ctx, request, output)


@app.verb("ledger")
def ledger(ctx: typer.Context, name: OrderName, output: Output = Format.table) -> None:
    """Shows where each seat is."""
    _do(ctx, pb.GetOrderLedgerRequest(name=name), output)


@app.verb("report")
def report(
    ctx: typer.Context,
    by: Annotated[str, option("by", "--by", metavar="occupation|enterprise|division|state")] = "occupation",
    output: Output = Format.table,
) -> None:
    """Adds up the ledgers of every order the caller sees."""
    from cli import reports  # brings pandas, half a second that no other command pays

    reports.check(by)
    link = wire.of(ctx)
    found = list(link.pages(OrdersStub, pb.ListOrdersRequest(), "orders", 0))
    ledgers = [link.ask(OrdersStub, pb.GetOrderLedgerRequest(name=order.name)) for order in found]
    lines = reports.fill(found, ledgers, by)
    show.rows(lines, list(lines[0]) if lines else [by], output)
