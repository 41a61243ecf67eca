"""`liancai commissioner import` and `template`: many applications from one file, the file back with a verdict a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from liancai.placement.v1 import imports_pb2 as pb
from liancai.placement.v1.imports_pb2_grpc import CommissionerImportsStub

from cli import show, wire
from cli.commissioners import app
from cli.grammar import Format, Mistake, RequestId, argument, option
from cli.rosters import MOST_TITLES, Annotate, Sheet, SummaryForm
from cli.texts import t
from cli.workbook import COMMISSIONERS, Table, open_table

__all__ = ["app"]

MOST_ROWS = 1_000  # in one file
Asked = pb.ImportCommissionersRequest
MODES = {
    "check": Asked.CHECK_ONLY,
    "all-or-nothing": Asked.ALL_OR_NOTHING,
    "valid-rows": Asked.VALID_ROWS,
}


def _mode(word: str) -> str:
    if word not in MODES:
        raise Mistake(t("usage.mode", word=word, known=", ".join(MODES)))
    return word


@app.verb("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, argument("commissioner_list", metavar="FILE")],
    mode: Annotated[str, option("list_mode", "--mode", metavar="|".join(MODES), parser=_mode)] = "check",
    sheet: Sheet = "",
    output: Annotate = None,
    summary_form: SummaryForm = Format.table,
    *,
    request_id: RequestId,
) -> None:
    """Imports a list and writes the annotated workbook."""
    from cli import verdicts  # openpyxl

    target = verdicts.check_path(output or verdicts.default_path(file), file)
    with open_table(file, COMMISSIONERS, sheet) as table:
        request = asked(table)
    request.mode, request.request_id = MODES[mode], request_id
    answer = wire.of(ctx).ask(CommissionerImportsStub, request)
    show.one(answer.summary, summary_form)
    for line in _words(answer.summary, request.mode):
        show.note(line)
    check = request.mode == Asked.CHECK_ONLY
    verdicts.annotate(file, table.layout, {each.row_number: each for each in answer.verdicts}, check, target)
    show.note(t("roster.written", path=target))
    if answer.summary.not_taken or (request.mode == Asked.ALL_OR_NOTHING and answer.summary.refused):
        raise typer.Exit(1)


def asked(table: Table) -> Asked:
    """What is sent of a file. Mistake for one with too many rows."""
    request = Asked(unknown_columns=table.layout.unknown[:MOST_TITLES], missing_columns=table.missing)
    for code, about in table.remarks():
        request.remarks.add(code=code, about=about)
    for number, cells, numeric in table.lines(MOST_ROWS):
        request.rows.add(row_number=number, numeric_columns=numeric, **cells)
    return request


def _words(summary: pb.CommissionersSummary, mode: Asked.Mode.ValueType) -> Iterator[str]:
    if mode == Asked.CHECK_ONLY:
        yield t("commissioner.checked")
    elif mode == Asked.ALL_OR_NOTHING and summary.refused:
        yield t("roster.nothing_stored")
    elif not summary.changed:
        yield t("roster.unchanged")
    else:
        yield t("commissioner.imported", count=summary.applied)


@app.verb("template")
def template(target: Annotated[Path, argument("template_file", metavar="OUT.xlsx")]) -> None:
    """Writes an empty list to fill in."""
    from cli import templates, verdicts

    if verdicts.check_path(target, csv=False).exists():
        raise Mistake(t("file.exists", path=target))
    templates.write(target, templates.commissioners())
    show.note(t("roster.template_written", path=target))
