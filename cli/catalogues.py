"""`liancai catalogue` and `liancai deadline`: the matters and their limits, and dates that move with a new calendar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.talent.v1 import catalogue_pb2 as pb
from liancai.talent.v1 import recalculation_pb2
from liancai.talent.v1.catalogue_pb2_grpc import CataloguesStub
from liancai.talent.v1.recalculation_pb2_grpc import RecalculationsStub

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
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("catalogue")
deadlines = Noun("deadline")
COLUMNS = ("name", "state", "title", "valid_from", "valid_to", "fingerprint", "source")
FINDINGS = ("level", "code", "field", "message", "others")
CHANGES = ("kind", "path", "before", "after")
PLAN = ("begin_date", "end_date", "statutory_date", "matter", "step", "title", "side", "bureau", "critical", "remarks")
LINES = ("matter", "matters", "earlier", "later", "same", "required_otherwise", "unknown")
MOVING = ("step", "moves", "stored_calendar")
LARGEST = 1024 * 1024

_NAME = resource("catalogues")
CatalogueName = Annotated[str, argument("catalogue", metavar="CATALOGUE", parser=_NAME)]
Either = Annotated[str, argument("catalogue_or_file", metavar="CATALOGUE|FILE.yaml")]
Files = Annotated[list[Path], argument("catalogue_files", metavar="FILE.yaml|FOLDER...")]


def document(paths: list[Path]) -> str:
    """The files as one document, those of a folder in the order of their names."""
    files = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    text = "\n---\n".join(file.read_text(encoding="utf-8") for file in files)
    if not text or len(text) > LARGEST:
        raise Mistake(t("usage.catalogue", most=LARGEST))
    return text


def either(word: str) -> dict[str, str]:
    """A stored version by its name, or the document of a file or folder."""
    path = Path(word)
    if path.suffix in (".yaml", ".yml") or path.is_dir():
        return {"content": document([path])}
    return {"name": _NAME(word)}


def _ask(ctx: typer.Context, request: Any) -> Any:
    return wire.of(ctx).ask(CataloguesStub, request)


@app.verb("lint")
def lint(ctx: typer.Context, what: Either, output: Output = Format.table) -> None:
    """Says what keeps a version from being published, and what nobody knows yet. Exit code 1 for errors."""
    found = _ask(ctx, pb.LintCatalogueRequest(**either(what)))
    show.rows(found.findings, FINDINGS, output)
    show.note(t("catalogue.linted" if found.publishable else "catalogue.faulty", steps=found.steps))
    if not found.publishable:
        raise typer.Exit(1)


@app.verb("diff")
def diff(
    ctx: typer.Context,
    what: Either,
    base: Annotated[str, option("catalogue_base", "--base", metavar="CATALOGUE", parser=_NAME)] = "catalogues/current",
    output: Output = Format.table,
) -> None:
    """Says how a version differs from another."""
    found = _ask(ctx, pb.DiffCataloguesRequest(base=base, **either(what)))
    show.rows(found.changes, CHANGES, output)


@app.verb("simulate")
def simulate(
    ctx: typer.Context,
    what: Either,
    start: Annotated[str, option("plan_start", "--start", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    origin: Annotated[str, option("case_origin", "--from", metavar="CODE", show_default=False)] = "",
    destination: Annotated[str, option("case_destination", "--to", metavar="CODE", show_default=False)] = "",
    matters: Annotated[list[str] | None, option("plan_matter", "--matter", metavar="MATTER")] = None,
    since: Annotated[str, option("cases_since", "--since", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    until: Annotated[str, option("cases_until", "--until", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    reminder: Annotated[int, option("reminder", "--reminder", metavar="N", parser=whole, show_default=False)] = 0,
    output: Output = Format.table,
) -> None:
    """Plans a case by a version, or compares the cases of a span of days with it."""
    request = pb.SimulateCatalogueRequest(
        start_date=start, origin=origin, destination=destination, matters=matters or [], open_from=since,
        open_to=until, reminder=reminder, **either(what),
    )  # fmt: skip
    found = _ask(ctx, request)
    if output is not Format.table:
        show.one(found, output)
        return
    if found.HasField("plan"):
        show.rows(found.plan.steps, PLAN, output)
        show.note(t("catalogue.planned", day=found.plan.end_date))
    if since:
        show.rows(found.lines, LINES, output)
        show.note(t("catalogue.compared", cases=found.cases))


@app.verb("create")
def create(
    ctx: typer.Context,
    files: Files,
    source: Annotated[str, option("catalogue_source", "--source", metavar="TEXT")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Stores a draft."""
    request = pb.CreateCatalogueRequest(content=document(files), source=source, request_id=request_id)
    _print(_ask(ctx, request), output)


@app.verb("publish")
def publish(
    ctx: typer.Context,
    name: CatalogueName,
    valid_from: Annotated[str, option("valid_from", "--from", metavar="YYYY-MM-DD", parser=day)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Draft -> published."""
    request = pb.PublishCatalogueRequest(
        name=name, valid_from=valid_from, reason=reason, etag=etag, request_id=request_id
    )
    _print(_ask(ctx, request), output)


@app.verb("show")
def show_(
    ctx: typer.Context,
    name: CatalogueName,
    content: Annotated[bool, option("catalogue_content", "--content", show_default=False)] = False,
    output: Output = Format.table,
) -> None:
    """Shows one version with its matters; `current` is the one in force."""
    found = _ask(ctx, pb.GetCatalogueRequest(name=name))
    if content:
        show.put(found.content)
        return
    _print(found, output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("catalogue_state", "--state", metavar="STATE", parser=states(pb.Catalogue.State))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the versions, newest first."""
    request = pb.ListCataloguesRequest(states=state or [])
    listed(ctx, CataloguesStub, request, "catalogues", COLUMNS, limit=limit, output=output, target=export, force=force)


@deadlines.verb("moving")
def moving(ctx: typer.Context, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists the steps whose dates would move with the calendar in force."""
    request = recalculation_pb2.ListMovingDeadlinesRequest()
    found = wire.of(ctx).pages(RecalculationsStub, request, "moving", limit)
    show.rows(found, MOVING, output, limit)


@deadlines.verb("recalculate")
def recalculate(
    ctx: typer.Context,
    calendar: Annotated[str, option("calendar_version", "--calendar", metavar="VERSION")],
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Stores the dates that move."""
    request = recalculation_pb2.RecalculateDeadlinesRequest(
        calendar_version=calendar, reason=reason, request_id=request_id
    )
    show.one(wire.of(ctx).ask(RecalculationsStub, request), output)


def _print(found: pb.Catalogue, output: Format) -> None:
    """A version; on a terminal without its document."""
    if output is Format.table:
        found.content = ""
    show.one(found, output)
