"""`liancai roster`: many people for one class from one file, and the file back with a verdict a row."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from liancai.training.v1 import rosters_pb2 as pb
from liancai.training.v1.rosters_pb2_grpc import RostersStub

from cli import show, wire
from cli.grammar import FORMS, Format, Mistake, Noun, RequestId, argument, form, option, resource
from cli.texts import t
from cli.workbook import ROSTER, Table, open_table

app = Noun("roster")
CHUNK = 1_000
Header = pb.ImportRosterRequest.Header
MODES = {"check": Header.CHECK_ONLY, "all-or-nothing": Header.ALL_OR_NOTHING, "valid-rows": Header.VALID_ROWS}


def _mode(word: str) -> str:
    if word not in MODES:
        raise Mistake(t("usage.mode", word=word, known=", ".join(MODES)))
    return word


class Import:
    """One import under way: what is sent, and what has come back."""

    def __init__(self, table: Table, header: Header) -> None:
        self.table, self.header = table, header
        self.verdicts: dict[int, pb.RowVerdict] = {}
        self.summary: pb.RosterSummary | None = None
        self.broken: Exception | None = None

    def parts(self) -> Iterator[pb.ImportRosterRequest]:
        """The caller's side, read from the file as it is sent. A fault of the file ends it and is kept."""
        try:
            yield pb.ImportRosterRequest(header=self.header)
            chunk = pb.ImportRosterRequest.Chunk()
            for number, cells in self.table.rows():
                chunk.rows.add(row_number=number, **cells)
                if len(chunk.rows) == CHUNK:
                    yield pb.ImportRosterRequest(chunk=chunk)
                    chunk = pb.ImportRosterRequest.Chunk()
            if chunk.rows:
                yield pb.ImportRosterRequest(chunk=chunk)
            yield pb.ImportRosterRequest(end=pb.ImportRosterRequest.End())
        except Exception as error:  # noqa: BLE001  grpc reads this in its own thread and would log it; without End nothing is taken
            self.broken = error

    def run(self, link: wire.Wire) -> pb.RosterSummary:
        """Sends the file and collects the answers. Refused, or Mistake for a fault of the file."""
        answers = link.stream(link.stub(RostersStub).ImportRoster, self.parts(), self.header.request_id)
        with _bar() as progress:
            try:
                for answer in answers:
                    if answer.HasField("progress"):
                        progress(answer.progress)
                    elif answer.HasField("verdicts"):
                        self.verdicts.update({row.row_number: row for row in answer.verdicts.rows})
                    elif answer.HasField("summary"):
                        self.summary = answer.summary
            except wire.Refused:
                if self.broken is None:
                    raise
        if self.broken is not None:
            raise self.broken
        if self.summary is None:
            show.note(t("roster.cut_off"))
            raise typer.Exit(1)
        return self.summary


@contextmanager
def _bar() -> Iterator[Callable[[pb.ImportRosterResponse.Progress], None]]:
    """A progress bar on standard error when that is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(t("roster.progress"), total=None)
        yield lambda part: bar.update(task, total=part.received, completed=part.decided)


@app.verb("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, argument("roster_file", metavar="FILE")],
    class_name: Annotated[str, option("of_class", "--class", metavar="CLASS", parser=resource("classes"))],
    mode: Annotated[str, option("mode", "--mode", metavar="check|all-or-nothing|valid-rows", parser=_mode)] = "check",
    output: Annotated[Path | None, option("annotated", "--output", "-o", metavar="FILE.xlsx")] = None,
    summary_form: Annotated[Format, option("output", "--format", metavar=FORMS, parser=form)] = Format.table,
    *,
    request_id: RequestId,
) -> None:
    """Imports a roster and writes the annotated workbook."""
    from cli import verdicts  # openpyxl

    digest = _sha256(file)
    target = verdicts.check_path(output or verdicts.default_path(file), file)
    with open_table(file, ROSTER) as table:
        header = Header(
            class_name=class_name, mode=MODES[mode], file_sha256=digest, request_id=request_id,
            unknown_columns=table.layout.unknown[:100],
        )  # fmt: skip
        running = Import(table, header)
        summary = running.run(wire.of(ctx))
    show.one(summary, summary_form)
    for line in _remarks(summary, mode):
        show.note(line)
    verdicts.annotate(file, table.layout, running.verdicts, mode == "check", target)
    show.note(t("roster.written", path=target))
    if mode == "all-or-nothing" and (summary.refused or summary.not_taken):
        raise typer.Exit(1)


def _remarks(summary: pb.RosterSummary, mode: str) -> Iterator[str]:
    if mode == "check":
        yield t("roster.checked")
    elif mode == "all-or-nothing" and (summary.refused or summary.not_taken):
        yield t("roster.nothing_stored")
    elif summary.seen_before and not summary.changed:
        yield t("roster.seen_before")
    elif not summary.changed:
        yield t("roster.unchanged")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@app.verb("template")
def template(target: Annotated[Path, argument("template_file", metavar="OUT.xlsx")]) -> None:
    """Writes an empty roster to fill in."""
    from cli import verdicts

    if verdicts.check_path(target).exists():
        raise Mistake(t("file.exists", path=target))
    verdicts.write_template(target)
    show.note(t("roster.template_written", path=target))
