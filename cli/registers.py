"""`liancai register`: lists of other bureaus (比对数据) that enrolments are checked against."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.training.v1 import registers_pb2 as pb
from liancai.training.v1.registers_pb2_grpc import RegistersStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import Format, Limit, Mistake, Noun, Output, RequestId, argument, day, option
from cli.texts import t
from cli.workbook import REGISTER, Table, open_table

app = Noun("register")
CHUNK = 1_000
MOST_ROWS = 2_000_000
COLUMNS = ("kind", "division", "as_of", "rows", "source", "record_time")
FAULTS = ("row_number", "code", "field", "value", "message")
KINDS = {name.lower().replace("_", "-"): number for name, number in pb.RegisterKind.items() if number}
NO_LEVEL = -1  # what is written there is no level: the server names the row
_LEVELS = {"": 0, "无": 0, "-": 0} | {
    word: level
    for level, words in enumerate(
        ("高级技师 一级", "技师 二级", "高级工 高级 三级", "中级工 中级 四级", "初级工 初级 五级"), start=1
    )
    for word in (*words.split(), f"{level}", f"{level}级")
}


def _kind(word: str | int) -> int:
    if isinstance(word, int):
        return word
    if word not in KINDS:
        raise Mistake(t("usage.kind", word=word, known=", ".join(KINDS)))
    return KINDS[word]


def level(text: str) -> int:
    """A certificate level as registers write it: "4", "四级", "中级工", "四级/中级工"; NO_LEVEL when it is none."""
    parts = re.split(r"[/、()\s]+", unicodedata.normalize("NFKC", text).strip())
    found = {_LEVELS.get(part, NO_LEVEL) for part in parts if part or len(parts) == 1}
    return found.pop() if len(found) == 1 else NO_LEVEL


def entry(number: int, cells: Mapping[str, str]) -> pb.RegisterEntry:
    """One row as it is sent."""
    known = {name: value for name, value in cells.items() if name != "certificate_level"}
    return pb.RegisterEntry(row_number=number, certificate_level=level(cells.get("certificate_level", "")), **known)


class Import:
    """One import under way."""

    def __init__(self, table: Table, header: pb.ImportRegisterRequest.Header) -> None:
        self.table, self.header = table, header
        self.broken: Exception | None = None

    def parts(self) -> Iterator[pb.ImportRegisterRequest]:
        """The caller's side, read from the file as it is sent. A fault of the file ends it and is kept."""
        try:
            yield pb.ImportRegisterRequest(header=self.header)
            chunk = pb.ImportRegisterRequest.Chunk()
            for number, cells in self.table.rows(MOST_ROWS):
                chunk.rows.append(entry(number, cells))
                if len(chunk.rows) == CHUNK:
                    yield pb.ImportRegisterRequest(chunk=chunk)
                    chunk = pb.ImportRegisterRequest.Chunk()
            if chunk.rows:
                yield pb.ImportRegisterRequest(chunk=chunk)
            yield pb.ImportRegisterRequest(end=pb.ImportRegisterRequest.End())
        except Exception as error:  # noqa: BLE001  grpc reads this in its own thread and would log it; without End nothing is taken
            self.broken = error

    def run(self, link: wire.Wire) -> pb.ImportRegisterResponse.Summary:
        """Sends the file; the summary. Refused, or Mistake for a fault of the file."""
        answers = link.stream(link.stub(RegistersStub).ImportRegister, self.parts(), self.header.request_id)
        summary = None
        with _bar() as progress:
            try:
                for answer in answers:
                    progress(answer.progress.received)
                    summary = answer.summary if answer.HasField("summary") else summary
            except wire.Refused:
                if self.broken is None:
                    raise
        if self.broken is not None:
            raise self.broken
        if summary is None:
            show.note(t("register.cut_off"))
            raise typer.Exit(1)
        return summary


@contextmanager
def _bar() -> Iterator[Callable[[int], None]]:
    """The rows received so far, on standard error when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(t("register.progress"), total=None)
        yield lambda received: bar.update(task, completed=received) if received else None


@app.verb("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, argument("register_file", metavar="FILE")],
    kind: Annotated[int, option("register_kind", "--kind", metavar="KIND", parser=_kind)],
    division: Annotated[str, option("register_division", "--division", metavar="CODE")],
    as_of: Annotated[str, option("as_of", "--as-of", metavar="YYYY-MM-DD", parser=day)],
    source: Annotated[str, option("source", "--source", metavar="TEXT")],
    older: Annotated[bool, option("older", "--older", show_default=False)] = False,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Replaces one register by a file; nothing changes when a row of it cannot be read."""
    link = wire.of(ctx)
    header = pb.ImportRegisterRequest.Header(
        kind=pb.RegisterKind.ValueType(kind), division=division, as_of=as_of, source=source,
        file_sha256=_sha256(file), request_id=request_id,
    )  # fmt: skip
    with open_table(file, REGISTER) as table:
        if not older:
            _refuse_older(link, header)
        summary = Import(table, header).run(link)
    _show(summary, output)
    if summary.faults:
        show.note(t("register.faults", count=len(summary.faults)))
        raise typer.Exit(1)
    show.note(t("register.replaced" if summary.changed else "register.unchanged"))


def _refuse_older(link: wire.Wire, header: pb.ImportRegisterRequest.Header) -> None:
    """Mistake when the register in force shows a later day: most likely the wrong file."""
    for found in link.pages(RegistersStub, pb.ListRegistersRequest(), "registers", 0):
        if (found.kind, found.division) == (header.kind, header.division) and found.as_of > header.as_of:
            raise Mistake(t("register.older", as_of=found.as_of))


def _show(summary: pb.ImportRegisterResponse.Summary, output: Format) -> None:
    """The register as it is now; for people the faults as a table of their own."""
    if output is not Format.table:
        show.one(summary, output)
        return
    if summary.HasField("register"):
        show.one(summary.register, output)
    if summary.faults:
        lines: list[Any] = [
            {
                "row_number": each.row_number,
                "code": each.finding.code,
                "field": t.word(f"column.{each.finding.field}", each.finding.field),
                "value": each.finding.value,
                "message": each.finding.message,
            }
            for each in summary.faults
        ]
        show.rows(lines, FAULTS, output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the registers there are, and of which day."""
    request = pb.ListRegistersRequest()
    listed(ctx, RegistersStub, request, "registers", COLUMNS, limit=limit, output=output, target=export, force=force)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
