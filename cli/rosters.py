"""`liancai roster`: many people for one class from one file, and the file back with a verdict a row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from liancai.training.v1 import rosters_pb2 as pb
from liancai.training.v1.rosters_pb2_grpc import RostersStub

from cli import show, wire
from cli.accepting import Accepted
from cli.grammar import FORMS, Format, Mistake, Noun, RequestId, argument, form, option, resource, whole
from cli.progress import bar
from cli.texts import t
from cli.workbook import ROSTER, Table, open_table

app = Noun("roster")
CHUNK = 1_000
MOST_TITLES = 100  # unknown columns that are named
Header = pb.ImportRosterRequest.Header
CHECK, THRESHOLD = "check", "threshold"
MODES = {
    CHECK: Header.CHECK_ONLY,
    "all-or-nothing": Header.ALL_OR_NOTHING,
    "valid-rows": Header.VALID_ROWS,
    THRESHOLD: Header.THRESHOLD,
}
UNSET = -1


def _mode(word: str) -> str:
    if word and word not in MODES:
        raise Mistake(t("usage.mode", word=word, known=", ".join(MODES)))
    return word


def _percent(word: str | int) -> int:
    value = whole(str(word).removesuffix("%"))
    if value != UNSET and not 0 <= value <= 100:
        raise Mistake(t("usage.percent", word=word))
    return value


RosterFile = Annotated[Path, argument("roster_file", metavar="FILE")]
OfClass = Annotated[str, option("of_class", "--class", metavar="CLASS", parser=resource("classes"))]
Sheet = Annotated[str, option("sheet", "--sheet", metavar="NAME", show_default=False)]
Annotate = Annotated[Path | None, option("annotated", "--output", "-o", metavar="FILE.xlsx|csv")]
SummaryForm = Annotated[Format, option("output", "--format", metavar=FORMS, parser=form)]


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
            for number, cells, numeric in self.table.lines():
                chunk.rows.add(row_number=number, numeric_columns=numeric, **cells)
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
        with bar(t("roster.progress")) as progress:
            try:
                for answer in answers:
                    if answer.HasField("progress"):
                        progress(answer.progress.decided, answer.progress.received)
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


@app.verb("import")
def import_(
    ctx: typer.Context,
    file: RosterFile,
    class_name: OfClass,
    mode: Annotated[str, option("mode", "--mode", metavar="|".join(MODES), parser=_mode, show_default="check")] = "",
    threshold: Annotated[
        int, option("threshold", "--threshold", metavar="PERCENT", parser=_percent, show_default=False)
    ] = UNSET,
    accept: Accepted = None,
    sheet: Sheet = "",
    output: Annotate = None,
    summary_form: SummaryForm = Format.table,
    *,
    request_id: RequestId,
) -> None:
    """Imports a roster and writes the annotated workbook."""
    if (mode not in ("", THRESHOLD) and threshold != UNSET) or (mode == THRESHOLD and threshold == UNSET):
        raise Mistake(t("usage.threshold"))
    mode = mode or (CHECK if threshold == UNSET else THRESHOLD)
    header = Header(
        class_name=class_name, mode=MODES[mode], threshold_percent=max(threshold, 0), accepted=accept or (),
        request_id=request_id,
    )  # fmt: skip
    _import(ctx, file, header, mode, sheet, output, summary_form)


@app.verb("check")
def check(
    ctx: typer.Context,
    file: RosterFile,
    class_name: OfClass,
    accept: Accepted = None,
    sheet: Sheet = "",
    output: Annotate = None,
    summary_form: SummaryForm = Format.table,
    *,
    request_id: RequestId,
) -> None:
    """Says what an import would come to; nothing is stored."""
    header = Header(class_name=class_name, mode=Header.CHECK_ONLY, accepted=accept or (), request_id=request_id)
    _import(ctx, file, header, CHECK, sheet, output, summary_form)


def _import(
    ctx: typer.Context, file: Path, header: Header, mode: str, sheet: str, output: Path | None, form_: Format
) -> None:
    from cli import verdicts  # openpyxl

    header.file_sha256 = _sha256(file)
    target = verdicts.check_path(output or verdicts.default_path(file), file)
    with open_table(file, ROSTER, sheet) as table:
        header.unknown_columns.extend(table.layout.unknown[:MOST_TITLES])
        header.missing_columns.extend(table.missing)
        header.remarks.extend(_remarks(table))
        running = Import(table, header)
        summary = running.run(wire.of(ctx))
    show.one(summary, form_)
    for line in _words(summary, mode):
        show.note(line)
    verdicts.annotate(file, table.layout, running.verdicts, mode == CHECK, target)
    show.note(t("roster.written", path=target))
    if _nothing(summary, mode):
        raise typer.Exit(1)


def _remarks(table: Table) -> Sequence[pb.ImportRosterRequest.FileRemark]:
    return [pb.ImportRosterRequest.FileRemark(code=code, about=about) for code, about in table.remarks()]


def _nothing(summary: pb.RosterSummary, mode: str) -> bool:
    """Whether a mode that takes all, or most, took nobody because of some rows."""
    left_out = summary.refused + summary.not_taken + summary.needs_reason + summary.no_quota
    return mode in ("all-or-nothing", THRESHOLD) and not summary.changed and left_out > 0


def _words(summary: pb.RosterSummary, mode: str) -> Iterator[str]:
    if mode == CHECK:
        yield t("roster.checked")
    elif _nothing(summary, mode):
        yield t("roster.over_threshold") if mode == THRESHOLD else t("roster.nothing_stored")
    elif summary.seen_before and not summary.changed:
        yield t("roster.seen_before")
    elif not summary.changed:
        yield t("roster.unchanged")
    if summary.needs_reason:
        yield t("roster.needs_reason", count=summary.needs_reason)
    if summary.no_quota:
        yield t("roster.no_quota", count=summary.no_quota, quota=summary.binding_quota)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@app.verb("template")
def template(
    target: Annotated[Path, argument("template_file", metavar="OUT.xlsx")],
    subsidised: Annotated[bool, option("subsidised", "--subsidised", show_default=False)] = False,
) -> None:
    """Writes an empty roster to fill in."""
    from cli import templates, verdicts

    if verdicts.check_path(target, csv=False).exists():
        raise Mistake(t("file.exists", path=target))
    templates.write(target, templates.roster(subsidised))
    show.note(t("roster.template_written", path=target))
