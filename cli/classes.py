"""`liancai class`: training classes from draft to closed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1.classes_pb2_grpc import ClassesStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    ClassName,
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    OfOrder,
    Output,
    Reason,
    RequestId,
    day,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("class")
COLUMNS = ("name", "state", "title", "institution_name", "order", "occupation_name", "start_date", "end_date",
           "capacity", "enrolled", "waitlisted")  # fmt: skip


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(ClassesStub, request), output)


def _step(verb: str, request: Any) -> None:
    """Makes the verb of a transition that wants nothing but the class."""

    @app.verb(verb)
    def step(
        ctx: typer.Context,
        name: ClassName,
        etag: Etag = "",
        *,
        request_id: RequestId,
        output: Output = Format.table,
    ) -> None:
        _do(ctx, request(name=name, etag=etag, request_id=request_id), output)


def session(word: str) -> pb.Session:
    """A session from "2026-12-01 08:30-11:30 教室一"; the place may be left out."""
    match = re.fullmatch(r"(\S+)\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(?:\s+(.*\S))?\s*", word)
    if match is None:
        raise Mistake(t("usage.session", word=word))
    date, start, end, place = match.groups(default="")
    return pb.Session(date=day(date), start=start.zfill(5), end=end.zfill(5), place=place)


@app.verb("create")
def create(
    ctx: typer.Context,
    order: Annotated[str, option("for_order", "--order", metavar="ORDER", parser=resource("orders"))],
    institution_code: Annotated[str, option("institution_code", "--institution-code", metavar="CODE")],
    institution_name: Annotated[str, option("institution_name", "--institution-name", metavar="TEXT")],
    title: Annotated[str, option("title", "--title", metavar="TEXT")],
    start: Annotated[str, option("first_day", "--start", metavar="YYYY-MM-DD", parser=day)],
    end: Annotated[str, option("last_day", "--end", metavar="YYYY-MM-DD", parser=day)],
    capacity: Annotated[int, option("capacity", "--capacity", metavar="N", parser=whole)],
    minimum: Annotated[int, option("minimum", "--minimum", metavar="N", parser=whole)] = 0,
    sessions: Annotated[
        list[pb.Session] | None,
        option("session", "--session", metavar="'DATE HH:MM-HH:MM PLACE'", parser=session),
    ] = None,
    timetable: Annotated[Path | None, option("timetable", "--timetable", metavar="FILE")] = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft with its timetable."""
    held = list(sessions or ())
    if timetable is not None:
        from cli.workbook import read_timetable  # only this needs a spreadsheet

        held += [pb.Session(**row) for row in read_timetable(timetable)]
    wanted = pb.Class(
        order=order, institution_credit_code=institution_code, institution_name=institution_name, title=title,
        start_date=start, end_date=end, capacity=capacity, minimum=minimum, sessions=held,
    )  # fmt: skip
    _do(ctx, pb.CreateClassRequest(training_class=wanted, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: ClassName, output: Output = Format.table) -> None:
    """Shows one class with its timetable."""
    _do(ctx, pb.GetClassRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("class_state", "--state", metavar="STATE", parser=states(pb.Class.State))
    ] = None,
    order: OfOrder = "",
    institution_code: Annotated[
        str, option("institution_code", "--institution-code", metavar="CODE", show_default=False)
    ] = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists classes, newest first."""
    wanted = pb.ListClassesRequest.Filter(
        states=state or [],
        order=order,
        institution_credit_code=institution_code,
    )
    request = pb.ListClassesRequest(filter=wanted)
    listed(ctx, ClassesStub, request, "classes", COLUMNS, limit=limit, output=output, target=export, force=force)


_step("file", pb.FileClassRequest)


@app.verb("return")
def return_(
    ctx: typer.Context,
    name: ClassName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Filed -> draft, with every gap at once."""
    request = pb.ReturnClassRequest(name=name, etag=etag, request_id=request_id, reason=reason)
    _do(ctx, request, output)


_step("approve", pb.ApproveClassRequest)
_step("open", pb.OpenClassRequest)


@app.verb("capacity")
def capacity_(
    ctx: typer.Context,
    name: ClassName,
    capacity: Annotated[int, typer.Argument(help=t("option.capacity"), metavar="N", parser=whole)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the number of seats."""
    request = pb.ChangeClassCapacityRequest(
        name=name, etag=etag, request_id=request_id, capacity=capacity, reason=reason
    )
    _do(ctx, request, output)


_step("close", pb.CloseClassRequest)
