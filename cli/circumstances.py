"""`liancai class`, continued: what happens to a class while it runs (情况变更)."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1.classes_pb2_grpc import ClassesStub

from cli import class_files, show, wire
from cli.classes import Sessions, Timetable, app
from cli.grammar import ClassName, Etag, Format, Mistake, Output, Reason, RequestId, day, option, resource, whole
from cli.texts import t

_NAMED = re.compile(r"enrolments/[0-9A-Za-z-]+")
AcceptClashes = Annotated[str, option("accept_clashes", "--accept-clashes", metavar="TEXT", show_default=False)]
People = Annotated[
    list[str] | None, option("moving", "--enrolment", metavar="ENROLMENT", parser=resource("enrolments"))
]


def _do(ctx: typer.Context, request: Any, output: Format) -> Any:
    """One call, and what it answered."""
    answer = wire.of(ctx).ask(ClassesStub, request)
    show.one(answer, output)
    return answer


def _sessions(typed: Sequence[pb.Session] | None, file: Path | None) -> list[pb.Session]:
    """The sessions that were typed, then those of the file."""
    return [*(typed or ()), *(class_files.timetable(file) if file else ())]


@app.verb("move")
def move(
    ctx: typer.Context,
    name: ClassName,
    start_date: Annotated[str, option("new_first_day", "--start", metavar="YYYY-MM-DD", parser=day)],
    end_date: Annotated[str, option("new_last_day", "--end", metavar="YYYY-MM-DD", parser=day)],
    reason: Reason,
    session: Sessions = None,
    timetable: Timetable = None,
    no_timetable: Annotated[bool, option("no_timetable", "--no-timetable", show_default=False)] = False,
    site_address: Annotated[str, option("new_site", "--site", metavar="TEXT", show_default=False)] = "",
    accept_clashes: AcceptClashes = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Other days, hours, rooms or another site; the timetable is given anew, as a whole."""
    sessions = _sessions(session, timetable)
    if bool(sessions) is no_timetable:
        raise Mistake(t("usage.timetable"), ctx=ctx)
    request = pb.MoveClassRequest(
        name=name, etag=etag, request_id=request_id, start_date=start_date, end_date=end_date, sessions=sessions,
        site_address=site_address, reason=reason, accept_clashes=accept_clashes,
    )  # fmt: skip
    if _do(ctx, request, output).clashes:
        show.note(t("class.clashes"))


@app.verb("split")
def split(
    ctx: typer.Context,
    name: ClassName,
    title: Annotated[str, option("title", "--title", metavar="TEXT")],
    capacity: Annotated[int, option("split_capacity", "--capacity", metavar="N", parser=whole)],
    reason: Reason,
    enrolment: People = None,
    enrolments: Annotated[str, option("moving_file", "--enrolments", metavar="FILE|-", show_default=False)] = "",
    session: Sessions = None,
    timetable: Timetable = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Part of a class becomes a class of its own."""
    people = [*(enrolment or ()), *(_named(enrolments) if enrolments else ())]
    request = pb.SplitClassRequest(
        name=name, etag=etag, request_id=request_id, title=title, capacity=capacity, enrolments=dict.fromkeys(people),
        sessions=_sessions(session, timetable), reason=reason,
    )  # fmt: skip
    target = _do(ctx, request, output).target
    if not request.sessions and target.sessions:
        show.note(t("class.no_rooms", name=target.name))


def _named(source: str) -> list[str]:
    """The enrolments that a text names: a list, a .csv export, the output of `enrolment list`. Mistake for none."""
    raw = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8", errors="replace")
    if not (found := _NAMED.findall(raw)):
        raise Mistake(t("usage.names_nobody", path=source))
    return found


@app.verb("merge")
def merge(
    ctx: typer.Context,
    name: ClassName,
    into: Annotated[str, option("merge_into", "--into", metavar="CLASS", parser=resource("classes"))],
    reason: Reason,
    accept_clashes: AcceptClashes = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """A class goes into another of the same order, and ends."""
    request = pb.MergeClassRequest(
        name=name, etag=etag, request_id=request_id, into=into, reason=reason, accept_clashes=accept_clashes
    )
    _do(ctx, request, output)


@app.verb("cancel")
def cancel(
    ctx: typer.Context,
    name: ClassName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """The class is not held."""
    _do(ctx, pb.CancelClassRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)
