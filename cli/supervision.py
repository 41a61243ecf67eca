"""`liancai supervision`: the lights of a division, reminders, and supervision orders (督办单)."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.talent.v1 import clock_pb2
from liancai.talent.v1 import supervision_pb2 as pb
from liancai.talent.v1.supervision_pb2_grpc import SupervisionStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
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
    step,
)
from cli.texts import t

app = Noun("supervision")
GROUPS = ("key", "green", "yellow", "red", "without_date", "unassigned", "orders")
WATCHED = ("due_date", "days_over", "matter_title", "step")
REMINDERS = ("date", "rung", "light", "step", "due_date", "channel", "told", "record_time")
ORDERS = ("name", "state", "step", "unit", "officer", "requirement", "new_date", "overdue")

OrderName = Annotated[str, argument("supervision_order", metavar="ORDER", parser=resource("supervisionOrders"))]
StepName = Annotated[str, argument("step", metavar="CASE/MATTER/STEP", parser=step)]
OfCase = Annotated[str, option("of_case", "--case", metavar="CASE", parser=resource("cases"), show_default=False)]
OfUnit = Annotated[str, option("of_unit", "--unit", metavar="UNIT", show_default=False)]


def light(word: str) -> int:
    """A light by its colour: "red" or "yellow"."""
    if word.strip().lower() not in ("yellow", "red"):
        raise Mistake(t("usage.choice", word=word, known="yellow, red"))
    return int(clock_pb2.Light.Value(f"LIGHT_{word.strip().upper()}"))


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(SupervisionStub, request), output)


@app.verb("board")
def board(
    ctx: typer.Context,
    by: Annotated[
        Any, option("board_by", "--by", metavar="unit|matter", parser=one_of(pb.GetBoardRequest.By))
    ] = "unit",
    output: Output = Format.table,
) -> None:
    """How many steps are green, yellow and red today."""
    found = wire.of(ctx).ask(SupervisionStub, pb.GetBoardRequest(by=by))
    if output in (Format.table, Format.csv):
        show.rows(show.rows_in(found, "groups"), GROUPS, output)
        show.note(found.definition)
        return
    show.one(found, output)


@app.verb("watched")
def watched(
    ctx: typer.Context,
    lights: Annotated[list[Any] | None, option("light", "--light", metavar="yellow|red", parser=light)] = None,
    unit: OfUnit = "",
    unassigned: Annotated[bool, option("unassigned", "--unassigned", show_default=False)] = False,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists what is yellow or red today, due first."""
    request = pb.ListWatchedStepsRequest(lights=lights or [], unit=unit, unassigned=unassigned)
    listed(ctx, SupervisionStub, request, "steps", WATCHED, limit=limit, output=output, target=export, force=force)


@app.verb("reminders")
def reminders(
    ctx: typer.Context,
    case_name: OfCase = "",
    mine: Annotated[bool, option("mine", "--mine", show_default=False)] = False,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the reminders that were sent, newest first."""
    request = pb.ListRemindersRequest(case_name=case_name, mine=mine)
    listed(
        ctx, SupervisionStub, request, "reminders", REMINDERS, limit=limit, output=output, target=export, force=force
    )


@app.verb("issue")
def issue(
    ctx: typer.Context,
    name: StepName,
    requirement: Annotated[str, option("requirement", "--requirement", metavar="TEXT")],
    new_date: Annotated[str, option("new_date", "--by", metavar="YYYY-MM-DD", parser=day)],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Issues an order on a step."""
    request = pb.IssueSupervisionOrderRequest(
        step=name, requirement=requirement, new_date=new_date, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("show")
def show_(ctx: typer.Context, name: OrderName, output: Output = Format.table) -> None:
    """Shows one order."""
    _do(ctx, pb.GetSupervisionOrderRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None,
        option("supervision_state", "--state", metavar="STATE", parser=states(pb.SupervisionOrder.State)),
    ] = None,
    unit: OfUnit = "",
    case_name: OfCase = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists orders, newest first."""
    request = pb.ListSupervisionOrdersRequest(states=state or [], unit=unit, case_name=case_name)
    listed(ctx, SupervisionStub, request, "orders", ORDERS, limit=limit, output=output, target=export, force=force)


@app.verb("answer")
def answer(
    ctx: typer.Context,
    name: OrderName,
    said: Annotated[str, option("order_answer", "--answer", metavar="TEXT")],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Answers an order."""
    _do(ctx, pb.AnswerSupervisionOrderRequest(name=name, answer=said, etag=etag, request_id=request_id), output)


@app.verb("return")
def return_(
    ctx: typer.Context,
    name: OrderName,
    reason: Reason,
    new_date: Annotated[str, option("other_date", "--by", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives an answer back that does not do."""
    request = pb.ReturnSupervisionOrderRequest(
        name=name, reason=reason, new_date=new_date, etag=etag, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("sign-off")
def sign_off(
    ctx: typer.Context,
    name: OrderName,
    remark: Annotated[str, option("order_remark", "--remark", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Signs an order off."""
    _do(ctx, pb.SignOffSupervisionOrderRequest(name=name, remark=remark, etag=etag, request_id=request_id), output)


@app.verb("withdraw")
def withdraw(
    ctx: typer.Context,
    name: OrderName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Withdraws an order."""
    _do(ctx, pb.WithdrawSupervisionOrderRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)
