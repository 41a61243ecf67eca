"""`liancai case`, continued: search, counts, notes, and what applicants say."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.talent.v1 import cases_pb2, notes_pb2, ratings_pb2, worklist_pb2
from liancai.talent.v1.notes_pb2_grpc import NotesStub
from liancai.talent.v1.ratings_pb2_grpc import RatingsStub
from liancai.talent.v1.worklist_pb2_grpc import WorklistStub

from cli import show, wire
from cli.case_steps import app
from cli.cases import COLUMNS, CaseName, MatterName
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    LateReason,
    Limit,
    Occurred,
    Output,
    RequestId,
    argument,
    moment,
    one_of,
    option,
    states,
    typed_or_read,
)
from cli.texts import t

__all__ = ["app"]  # others add to it
NOTES = ("occur_time", "kind", "matter", "actor", "text")
RATINGS = ("matter", "level", "channel", "comment", "visit_due_date", "visit_time", "visit_result")

Level = Annotated[int, option("rating_level", "--level", metavar="LEVEL", parser=one_of(ratings_pb2.Rating.Level))]
Comment = Annotated[str, option("comment", "--comment", metavar="TEXT", show_default=False)]
OfMatter = Annotated[str, option("of_matter", "--matter", metavar="MATTER", show_default=False)]


def _rating(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call on a rating, and what it answered."""
    show.one(wire.of(ctx).ask(RatingsStub, request), output)


@app.verb("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, argument("case_query", metavar="TEXT|-", parser=typed_or_read)],
    of_states: Annotated[
        list[Any] | None, option("case_state", "--state", metavar="STATE", parser=states(cases_pb2.Case.State))
    ] = None,
    limit: Limit = 50,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Finds cases by receipt, name or number."""
    request = worklist_pb2.SearchCasesRequest(query=query, states=of_states or [])
    listed(ctx, WorklistStub, request, "cases", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("counts")
def counts(ctx: typer.Context, output: Output = Format.table) -> None:
    """How much is on today's list."""
    found = wire.of(ctx).ask(WorklistStub, worklist_pb2.GetTodayCountsRequest())
    if output not in (Format.table, Format.csv):
        show.one(found, output)
        return
    show.rows(show.rows_in(found, "counts"), ("why", "steps"), output)
    if found.more:
        show.note(t("case.more_today", count=found.steps))


@app.verb("note")
def note(
    ctx: typer.Context,
    name: CaseName,
    text: Annotated[str, option("note_text", "--text", metavar="TEXT|-", parser=typed_or_read)],
    kind: Annotated[Any, option("note_kind", "--kind", metavar="KIND", parser=one_of(notes_pb2.Note.Kind))] = "remark",
    matter: OfMatter = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Adds a note or a call."""
    request = notes_pb2.AddNoteRequest(
        case_name=name, matter=matter, kind=kind, text=text, request_id=request_id,
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    show.one(wire.of(ctx).ask(NotesStub, request), output)


@app.verb("notes")
def notes(ctx: typer.Context, name: CaseName, limit: Limit = 50, output: Output = Format.table) -> None:
    """Lists notes and calls."""
    found = wire.of(ctx).pages(NotesStub, notes_pb2.ListNotesRequest(case_name=name), "notes", limit)
    show.rows(found, NOTES, output, limit)


@app.verb("rating-code")
def rating_code(ctx: typer.Context, name: MatterName, output: Output = Format.table) -> None:
    """The code to rate a matter with."""
    _rating(ctx, ratings_pb2.GetRatingCodeRequest(name=name), output)


@app.verb("rate")
def rate(
    ctx: typer.Context,
    matter: MatterName,
    code: Annotated[str, option("rating_code", "--code", metavar="CODE|-", parser=typed_or_read)],
    level: Level,
    comment: Comment = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Rates a finished matter, without a token."""
    request = ratings_pb2.RateMatterRequest(
        matter=matter,
        code=code,
        level=level,  # type: ignore[arg-type]
        comment=comment,
        request_id=request_id,
    )
    _rating(ctx, request, output)


@app.verb("rated")
def rated(
    ctx: typer.Context,
    matter: MatterName,
    level: Level,
    comment: Comment = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Writes down a rating that was told on the phone."""
    request = ratings_pb2.RecordRatingRequest(
        matter=matter, level=level, comment=comment, request_id=request_id,  # type: ignore[arg-type]
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _rating(ctx, request, output)


@app.verb("visit")
def visit(
    ctx: typer.Context,
    name: MatterName,
    result: Annotated[str, option("visit_result", "--result", metavar="TEXT")],
    etag: Etag = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes the return visit after a bad rating."""
    request = ratings_pb2.VisitRatingRequest(
        name=name, result=result, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    _rating(ctx, request, output)


@app.verb("ratings")
def ratings(
    ctx: typer.Context,
    visit_due: Annotated[bool, option("visit_due", "--visit-due", show_default=False)] = False,
    limit: Limit = 50,
    output: Output = Format.table,
) -> None:
    """Lists ratings."""
    found = wire.of(ctx).pages(RatingsStub, ratings_pb2.ListRatingsRequest(visit_due=visit_due), "ratings", limit)
    show.rows(found, RATINGS, output, limit)
