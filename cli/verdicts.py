"""Gives the user's own workbook back with a verdict a row: the same sheets and layout, red where it is wrong.

Nothing that was text becomes a formula: every text cell written here is typed as text.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import Any

from liancai.common.v1 import types_pb2
from liancai.training.v1 import rosters_pb2 as pb
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from cli.grammar import Mistake
from cli.grids import csv_records, is_csv, quiet_excel
from cli.texts import t
from cli.workbook import ROSTER, Layout

RED, YELLOW = "FFFFC7CE", "FFFFEB9C"
_FILLS = {
    types_pb2.Finding.ERROR: PatternFill("solid", fgColor=RED),
    types_pb2.Finding.WARNING: PatternFill("solid", fgColor=YELLOW),
}
_FORMULA = ("=", "+", "-", "@")


def default_path(source: Path) -> Path:
    """Beside the input, `<stem>-verdicts.xlsx`; numbered when there is one, as it may hold corrections."""
    stem = source.stem.partition("-verdicts")[0] or source.stem
    path, number = source.with_name(f"{stem}-verdicts.xlsx"), 1
    while path.exists():
        number += 1
        path = source.with_name(f"{stem}-verdicts-{number}.xlsx")
    return path


def check_path(path: Path, source: Path | None = None) -> Path:
    """The path to write to. Mistake when it is the input, no .xlsx, or cannot be written."""
    if path.suffix.lower() != ".xlsx":
        raise Mistake(t("file.not_xlsx", path=path))
    if source is not None and path.exists() and path.samefile(source):
        raise Mistake(t("file.is_input", path=path))
    if not os.access(path.parent, os.W_OK):
        raise Mistake(t("file.no_folder", path=path.parent))
    return path


def annotate(source: Path, layout: Layout, verdicts: Mapping[int, pb.RowVerdict], check: bool, target: Path) -> None:
    """Writes `source` with the verdicts by row number to `target`; a CSV becomes a workbook of text cells."""
    if is_csv(source):
        book, sheet = _from_csv(source, layout)
    else:
        with source.open("rb") as file, quiet_excel(source):
            book = load_workbook(file, rich_text=True)
            sheet = book[layout.sheet]
    column = layout.verdict_column or _first_free(sheet, layout)
    _head(sheet, layout, column)
    for row in range(layout.header_row + 1, sheet.max_row + 1):
        _clear(sheet, layout, column, row)
    for row, verdict in verdicts.items():
        _mark(sheet, layout, column, row, verdict, check)
    with quiet_excel(source):
        save(book, target)


def save(book: Workbook, target: Path) -> None:
    """Writes a workbook whole or not at all."""
    handle, temporary = tempfile.mkstemp(suffix=".xlsx", dir=target.parent)
    os.close(handle)
    try:
        book.save(temporary)
        # a temporary file is its owner's alone; keep it so: the workbook names people
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _from_csv(source: Path, layout: Layout) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.worksheets[0]
    for number, record in enumerate(csv_records(source, layout.sheet), start=1):
        for column, words in enumerate(record, start=1):
            if words:
                _write(sheet, number, column, words)
    return book, sheet


def _write(sheet: Worksheet, row: int, column: int, words: str) -> Cell | None:
    """Writes text that stays text, whatever it begins with. None inside a merged area."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        return None
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", words)
    cell.data_type = "s"
    cell.number_format = "@"
    if words.startswith(_FORMULA):
        # as if typed with a leading apostrophe, so that editing the cell does not make it a formula either
        cell.quotePrefix = True
    return cell


def _first_free(sheet: Worksheet, layout: Layout) -> int:
    """The column after everything the user wrote, also in columns without a heading."""
    rows = sheet.iter_rows(min_row=layout.header_row)
    used = (cell.column for row in rows for cell in row if cell.value not in (None, ""))
    return max(layout.last_column, max(used, default=0)) + 1


def _head(sheet: Worksheet, layout: Layout, column: int) -> None:
    pattern = sheet.cell(layout.header_row, layout.columns["full_name"])
    for offset, (key, width) in enumerate((("verdict.result", 14), ("verdict.findings", 60))):
        cell = _write(sheet, layout.header_row, column + offset, t(key))
        if cell is not None and pattern.has_style:
            for look in ("font", "fill", "border", "alignment"):
                setattr(cell, look, copy(getattr(pattern, look)))
        sheet.column_dimensions[get_column_letter(column + offset)].width = width


def _clear(sheet: Worksheet, layout: Layout, column: int, row: int) -> None:
    """Takes away what an earlier run said of a row."""
    for position in (column, column + 1):
        cell = sheet.cell(row, position)
        if not isinstance(cell, MergedCell) and cell.value is not None:
            cell.value = None
    for position in (*layout.columns.values(), column):
        cell = sheet.cell(row, position)
        if cell.has_style and cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in (RED, YELLOW):
            cell.fill = PatternFill()


def _mark(sheet: Worksheet, layout: Layout, column: int, row: int, verdict: pb.RowVerdict, check: bool) -> None:
    name = pb.RowVerdict.Result.Name(verdict.result)
    word = t.word(f"value.RowVerdict.Result.{name}", name)
    result = _write(sheet, row, column, t("verdict.would", word=word) if check else word)
    findings = _write(sheet, row, column + 1, "\n".join(map(_line, verdict.findings)))
    if findings is not None:
        findings.alignment = Alignment(wrap_text=True, vertical="top")
    # errors last, so that red covers yellow where a cell has both
    for finding in sorted(verdict.findings, key=lambda finding: -finding.level):
        fill = _FILLS.get(finding.level)
        position = layout.columns.get(finding.field, 0)
        cell = sheet.cell(row, position) if position else result
        if fill is not None and cell is not None:
            cell.fill = fill


def _line(finding: types_pb2.Finding) -> str:
    return f"{finding.code} {finding.message}"


def write_template(target: Path) -> None:
    """An empty roster with the right headings, whose number columns are text, so that nothing is rounded."""
    book = Workbook()
    sheet = book.worksheets[0]
    for position, column in enumerate(ROSTER.values(), start=1):
        cell = _write(sheet, 1, position, t(column.title) + ("*" if column.required else ""))
        if cell is not None:
            cell.font = Font(bold=True)
        dimension: Any = sheet.column_dimensions[get_column_letter(position)]
        dimension.width, dimension.number_format = 22, "@"
    sheet.freeze_panes = "A2"
    for rule, cells in _rules():
        rule.add(cells)
        sheet.add_data_validation(rule)
    save(book, target)


def _rules() -> Iterable[tuple[DataValidation, str]]:
    yield (
        DataValidation(type="textLength", operator="equal", formula1="18", error=t("template.id")),
        "B2:B2000",
    )
    yield (
        DataValidation(type="textLength", operator="equal", formula1="11", error=t("template.phone")),
        "C2:C2000",
    )
    yield (
        DataValidation(type="list", formula1='"男,女"', allow_blank=True, error=t("template.sex")),
        "D2:D2000",
    )
