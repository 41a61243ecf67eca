"""Visits drawn up by hand in a workbook: the one that `plan visits --export` writes, or any with its columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from liancai.placement.v1 import reasons_pb2 as pb

from cli.grammar import Mistake, day, resource
from cli.grids import HEAD, open_grid
from cli.show import heading
from cli.texts import FILES, t, words

COLUMNS = ("request", "commissioner", "days")
_BETWEEN = re.compile(r"[\s,;，；、]+")


def read(path: Path) -> list[pb.DrawnVisit]:
    """The visits of a file. Mistake for a file without the columns, and for a cell that is no name or no day."""
    with open_grid(path) as grid:
        sheet = grid.sheets[0]
        lines = list(grid.rows(sheet))
    at, places = _head(lines, path)
    return [
        _visit(line, places, number)
        for number, line in enumerate(lines[at + 1 :], start=at + 2)
        if any(_text(cell) for cell in line)
    ]


def _head(lines: Sequence[Sequence[Any]], path: Path) -> tuple[int, dict[str, int]]:
    """The row with the columns' names, in either language or the contract's, and where each is."""
    known = {name: column for column in COLUMNS for name in _names(column)}
    for number, line in enumerate(lines[:HEAD]):
        found = {known[text]: place for place, cell in enumerate(line) if (text := _text(cell).lower()) in known}
        if len(found) == len(COLUMNS):
            return number, found
    raise Mistake(t("drawn.no_header", path=path, columns=", ".join(heading(name) for name in COLUMNS)))


def _names(column: str) -> Iterator[str]:
    yield column
    for language in FILES:
        spoken = words(language)
        for key in (f"field.PlanVisit.{column}", f"field.{column}"):
            if key in spoken:
                yield spoken[key].lower()


def _visit(line: Sequence[Any], places: dict[str, int], number: int) -> pb.DrawnVisit:
    cells = {column: line[place] if place < len(line) else None for column, place in places.items()}
    try:
        return pb.DrawnVisit(
            request=resource("requests")(_text(cells["request"])),
            commissioner=resource("commissioners")(_text(cells["commissioner"])),
            days=[day(word) for word in _BETWEEN.split(_text(cells["days"])) if word],
        )
    except Mistake as mistake:
        raise Mistake(t("drawn.line", line=number, why=mistake.message)) from None


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
