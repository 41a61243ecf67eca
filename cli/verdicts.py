"""Gives the user's own file back with a verdict a row: the same sheets and layout, red where it is wrong.

A workbook too large to be held as a whole comes back as one sheet with the same cells and the verdicts, without its
layout; so does a CSV, or as a CSV when asked for one. Nothing that was text becomes a formula: every text cell written
here is typed as text.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import IO, Any

from liancai.common.v1 import types_pb2
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from cli import sheets, show
from cli.export import pack
from cli.grammar import Mistake
from cli.grids import csv_records, is_csv, is_large, open_grid, quiet_excel, widest
from cli.texts import t
from cli.workbook import Layout

RED, YELLOW = "FFFFC7CE", "FFFFEB9C"
AUTHOR = "liancai"  # of the comments that are ours
MOST_COMMENTS = 2_000  # in one workbook: each is a drawing that Excel keeps in memory
WIDTHS = (14, 60)  # of the two columns of verdicts
_FILLS = {
    types_pb2.Finding.ERROR: PatternFill("solid", fgColor=RED),
    types_pb2.Finding.WARNING: PatternFill("solid", fgColor=YELLOW),
}
_COLOURS = {types_pb2.Finding.ERROR: 1, types_pb2.Finding.WARNING: 2}
_FORMULA = ("=", "+", "-", "@")

Verdict = Any  # a message of the contract with row_number, result and findings
Verdicts = Mapping[int, Verdict]


def default_path(source: Path) -> Path:
    """Beside the input, `<stem>-verdicts.xlsx`; numbered when there is one, as it may hold corrections."""
    stem = source.stem.partition("-verdicts")[0] or source.stem
    path, number = source.with_name(f"{stem}-verdicts.xlsx"), 1
    while path.exists():
        number += 1
        path = source.with_name(f"{stem}-verdicts-{number}.xlsx")
    return path


def check_path(path: Path, source: Path | None = None, *, csv: bool = True) -> Path:
    """The path to write to. Mistake when it is the input, of another kind, or cannot be written."""
    as_csv = csv and source is not None and path.suffix.lower() == ".csv" and source.exists() and is_csv(source)
    if path.suffix.lower() != ".xlsx" and not as_csv:
        raise Mistake(t("file.not_xlsx", path=path))
    if source is not None and path.exists() and path.samefile(source):
        raise Mistake(t("file.is_input", path=path))
    if not os.access(path.parent, os.W_OK):
        raise Mistake(t("file.no_folder", path=path.parent))
    return path


def annotate(source: Path, layout: Layout, verdicts: Verdicts, check: bool, target: Path) -> None:
    """Writes `source` with the verdicts by row number to `target`."""
    if target.suffix.lower() == ".csv":
        _save(target, lambda file: _write_csv(file, source, layout, verdicts, check))
    elif is_csv(source) or is_large(source):
        _stream(source, layout, verdicts, check, target)
    else:
        _mark_all(source, layout, verdicts, check, target)


def save(book: Workbook, target: Path) -> None:
    """Writes a workbook whole or not at all."""
    _save(target, lambda file: pack(book, file))


def _save(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    handle, temporary = tempfile.mkstemp(suffix=target.suffix, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        # a temporary file is its owner's alone; keep it so: the file names people
        os.replace(temporary, target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(target)  # nobody knows the temporary one
        raise


# ---- words ---------------------------------------------------------------------------------------


def _word(verdict: Verdict, check: bool) -> str:
    word = show.text(verdict, "result")
    return t("verdict.would", word=word) if check else word


def _line(finding: types_pb2.Finding) -> str:
    return f"{finding.code} {finding.message}"


def _lines(verdict: Verdict) -> str:
    return "\n".join(map(_line, verdict.findings))


def _by_cell(layout: Layout, verdict: Verdict) -> dict[int, list[types_pb2.Finding]]:
    """The findings of a row by the column they are about, 0 for the row itself; errors first in each."""
    found: defaultdict[int, list[types_pb2.Finding]] = defaultdict(list)
    for finding in sorted(verdict.findings, key=lambda each: each.level):
        found[layout.columns.get(finding.field, 0)].append(finding)
    return found


# ---- a workbook as a whole -----------------------------------------------------------------------


def _mark_all(source: Path, layout: Layout, verdicts: Verdicts, check: bool, target: Path) -> None:
    with source.open("rb") as file, quiet_excel(source):
        book = load_workbook(file, rich_text=True)
        sheet = book[layout.sheet]
    column = layout.verdict_column or _first_free(sheet, layout)
    _head(sheet, layout, column)
    if layout.verdict_column:
        for row in range(layout.header_row + 1, sheet.max_row + 1):
            _clear(sheet, layout, column, row)
    comments = 0
    for row, verdict in verdicts.items():
        comments += _mark(sheet, layout, column, row, verdict, check, comments < MOST_COMMENTS)
    with quiet_excel(source):
        save(book, target)


def write_cell(sheet: Worksheet, row: int, column: int, words: str) -> Cell | None:
    """Writes text that stays text, whatever it begins with. None inside a merged area."""
    cell = sheet.cell(row, column)
    return None if isinstance(cell, MergedCell) else as_text(cell, words)


def as_text(cell: Any, words: str) -> Any:
    """A cell that holds text and nothing else."""
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
    pattern = sheet.cell(layout.header_row, min(layout.columns.values()))
    for offset, (key, width) in enumerate(zip(("verdict.result", "verdict.findings"), WIDTHS, strict=True)):
        cell = write_cell(sheet, layout.header_row, column + offset, t(key))
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
        if cell.comment is not None and cell.comment.author == AUTHOR:
            cell.comment = None


def _mark(sheet: Worksheet, layout: Layout, column: int, row: int, verdict: Verdict, check: bool, comment: bool) -> int:
    """Marks one row; returns how many comments that took."""
    result = write_cell(sheet, row, column, _word(verdict, check))
    if not verdict.findings:
        return 0
    findings = write_cell(sheet, row, column + 1, _lines(verdict))
    if findings is not None:
        findings.alignment = Alignment(wrap_text=True, vertical="top")
    comments = 0
    for position, found in _by_cell(layout, verdict).items():
        cell: Any = sheet.cell(row, position) if position else result
        if cell is None:
            continue
        if (fill := _FILLS.get(found[0].level)) is not None:
            cell.fill = fill
            # a comment of the user's own stays
            if comment and position and not isinstance(cell, MergedCell) and cell.comment is None:
                cell.comment = _comment(found)
                comments += 1
    return comments


def _comment(found: Sequence[types_pb2.Finding]) -> Comment:
    words = "\n".join(map(_line, found))
    return Comment(
        ILLEGAL_CHARACTERS_RE.sub("", words), AUTHOR, height=40 + 20 * words.count("\n") + len(words), width=300
    )


# ---- row by row ----------------------------------------------------------------------------------


def _stream(source: Path, layout: Layout, verdicts: Verdicts, check: bool, target: Path) -> None:
    """One sheet with the cells and the verdicts, written as it is read."""
    column = _free_column(source, layout)

    def write(file: IO[bytes]) -> None:
        sheets.write(
            file,
            "Sheet" if is_csv(source) else layout.sheet,
            _marked(source, layout, verdicts, check, column),
            fills=(RED, YELLOW),
            widths=[(column + offset, width) for offset, width in enumerate(WIDTHS)],
            frozen=layout.header_row,
        )

    _save(target, write)


def _marked(
    source: Path, layout: Layout, verdicts: Verdicts, check: bool, column: int
) -> Iterator[Sequence[sheets.Cell | None]]:
    """The rows of the file as they are written."""
    for number, cells in enumerate(_records(source, layout.sheet), start=1):
        heading = number == layout.header_row
        line = [None if cell is None or cell == "" else sheets.Cell(cell, 0, heading) for cell in cells[: column - 1]]
        verdict = verdicts.get(number)
        if heading or verdict is not None:
            line += [None] * (column - 1 - len(line))
        if heading:
            line += [sheets.Cell(t(key), 0, heading=True) for key in ("verdict.result", "verdict.findings")]
        elif verdict is not None:
            result = sheets.Cell(_word(verdict, check))
            if not verdict.findings:
                yield [*line, result]
                continue
            for position, found in _by_cell(layout, verdict).items():
                if position:
                    line[position - 1] = line[position - 1] or sheets.Cell("")
                marked = line[position - 1] if position else result
                if marked is not None:
                    marked.fill = _COLOURS.get(found[0].level, 0)
            line += [result, sheets.Cell(_lines(verdict), wrapped=True)]
        yield line


def _free_column(source: Path, layout: Layout) -> int:
    """Where the verdicts go: over those of an earlier run, or after the widest row."""
    return layout.verdict_column or max(layout.last_column, widest(source, layout.sheet)) + 1


def _records(source: Path, sheet: str) -> Iterator[Sequence[Any]]:
    """Every row of the file as it stands."""
    if is_csv(source):
        yield from csv_records(source, sheet)
    else:
        with open_grid(source) as grid:
            yield from grid.rows(sheet)


def _harmless(words: str) -> str:
    """A CSV cell that no spreadsheet runs, otherwise as it was."""
    return f"'{words}" if show.guarded(words) != show.visible(words) else words


def _write_csv(file: IO[bytes], source: Path, layout: Layout, verdicts: Verdicts, check: bool) -> None:
    """UTF-8 with the mark by which Excel knows it, the two columns at the end of each row."""
    import csv
    import io

    words = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(words, lineterminator="\r\n")
    column = _free_column(source, layout)
    for number, cells in enumerate(csv_records(source, layout.sheet), start=1):
        line = [_harmless(cell) for cell in cells[: column - 1]]
        line += [""] * (column - 1 - len(line))
        if number == layout.header_row:
            line += [t("verdict.result"), t("verdict.findings")]
        elif (verdict := verdicts.get(number)) is not None:
            line += [_word(verdict, check), _harmless(_lines(verdict))]
        writer.writerow(line)
    words.flush()
    words.detach()
