"""Finds the table in a roster or timetable as offices keep them, and reads its rows.

Titles may stand above the header and columns may have any of their usual names. Cells become text without losing what
they hold; nothing is normalised: the server judges what the file says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from cli.columns import COMMISSIONERS, IGNORED, PARTY, REGISTER, ROSTER, TIMETABLE, Column
from cli.grammar import Mistake
from cli.grids import Grid, fault, open_grid
from cli.texts import t

__all__ = [
    "COMMISSIONERS",
    "PARTY",
    "REGISTER",
    "ROSTER",
    "TIMETABLE",
    "Layout",
    "Table",
    "cell_text",
    "open_table",
    "read_timetable",
]

MAX_ROWS = 200_000
MAX_CELL = 200  # characters of a cell that any field allows
HEADER_WITHIN = 20
SINCE_1904 = 1462  # days between the two calendars of spreadsheets


# columns whose digits a spreadsheet loses when it takes them for a number, and those it counts days in
NUMBERS = frozenset(
    {"resident_id", "bank_account", "employment_card", "proof_number", "employer_credit_code", "home_unit_credit_code"}
)
DATES = frozenset({"birth_date", "proof_date", "start_date", "end_date"})
LAST_DAY = 80_000
# columns of a timetable that are told of only where they are filled
_OPTIONAL = ("teacher", "topic", "practice")
# the pair that annotating adds on the right, in either language; only together and adjacent are they ours
VERDICT_PAIRS = frozenset({("结果", "说明"), ("result", "findings")})


@dataclass(frozen=True)
class Layout:
    """Where things are in a table file. Rows and columns count from 1, as a spreadsheet shows them."""

    sheet: str
    header_row: int
    columns: dict[str, int]
    last_column: int
    unknown: list[str] = field(default_factory=list)
    verdict_column: int = 0
    twice: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A file whose header was found; rows are read as they are asked for."""

    grid: Grid
    layout: Layout
    known: Mapping[str, Column] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Columns that are known and not there."""
        return [name for name in self.known if name not in self.layout.columns]

    def remarks(self) -> list[tuple[str, str]]:
        """What there is to know of the file as a whole: codes of docs/verdicts.md, and what each is about."""
        layout = self.layout
        found = [*self.grid.remarks, *self.grid.about(layout.sheet)]
        if layout.header_row > 1:
            found.append(("TR-FILE-TITLE", str(layout.header_row - 1)))
        if layout.twice:
            found.append(("TR-FILE-DUPLICATE-COLUMN", "、".join(layout.twice)))
        if layout.verdict_column:
            found.append(("TR-FILE-VERDICTS", f"{t('verdict.result')}、{t('verdict.findings')}"))
        return [(code, "".join(filter(str.isprintable, about))[:MAX_CELL]) for code, about in found]

    def lines(self, most: int = 0) -> Iterator[tuple[int, dict[str, str], list[str]]]:
        """Row number, filled cells as text, and the columns among NUMBERS that were stored as numbers."""
        count, most = 0, most or MAX_ROWS
        places = [(name, column - 1) for name, column in self.layout.columns.items()]
        first, width = self.layout.header_row + 1, max(self.layout.columns.values())
        days = SINCE_1904 if self.grid.since_1904 else 0
        for number, cells in enumerate(self.grid.rows(self.layout.sheet, first, width), start=first):
            row: dict[str, str] = {}
            numeric: list[str] = []
            for name, place in places:
                value = cells[place] if place < len(cells) else None
                if value is None or value == "":
                    continue
                if type(value) is not str and isinstance(value, (int, float)):
                    if name in NUMBERS:
                        numeric.append(name)
                    elif days and name in DATES and 0 < value < LAST_DAY:
                        value += days
                # one more than is allowed, so that the server sees that it was more
                row[name] = cell_text(value, name)[: MAX_CELL + 1]
            if row and any(text.strip() for text in row.values()):
                count += 1
                if count > most:
                    raise fault("TR-FILE-TOO-MANY-ROWS", "file.too_many_rows", limit=most)
                yield number, row, numeric

    def rows(self, most: int = 0) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number and known cells as text; rows without any are skipped. Mistake over `most` rows, else 200,000."""
        columns, count, most = self.layout.columns, 0, most or MAX_ROWS
        first = self.layout.header_row + 1
        wanted = self.grid.rows(self.layout.sheet, first, max(columns.values()))
        for number, cells in enumerate(wanted, start=first):
            row = {
                name: cell_text(cells[column - 1], name)[:MAX_CELL]
                for name, column in columns.items()
                if column <= len(cells)
            }
            if any(value.strip() for value in row.values()):
                count += 1
                if count > most:
                    raise fault("TR-FILE-TOO-MANY-ROWS", "file.too_many_rows", limit=most)
                yield number, row


@contextmanager
def open_table(path: Path, known: Mapping[str, Column], sheet: str = "") -> Iterator[Table]:
    """Opens a .xlsx or .csv file with a table of `known` columns. Mistake when it has none, or lacks one.

    Without `sheet` it is the first visible one with such a table.
    """
    with open_grid(path) as grid:
        if sheet and not grid.has(sheet):
            raise fault("TR-FILE-NO-SHEET", "file.no_sheet", sheet=sheet, known="、".join(grid.sheets))
        yield Table(grid, _find_header(grid, known, [sheet] if sheet else grid.sheets), known)


def read_timetable(path: Path) -> list[dict[str, str]]:
    """The sessions of a timetable file: date, start, end, place as the contract wants them, the rest as it stands."""
    sessions = []
    with open_table(path, TIMETABLE) as table:
        for number, row in table.rows():
            parts = re.fullmatch(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\s*", row["date"])
            hours = [re.match(r"\s*(\d{1,2})[:：](\d{2})", row[name]) for name in ("start", "end")]
            if parts is None or hours[0] is None or hours[1] is None:
                raise Mistake(t("file.session", row=number))
            year, month, day = map(int, parts.groups())
            start, end = (f"{int(hour[1]):02}:{hour[2]}" for hour in hours if hour)
            sessions.append(
                {
                    "date": f"{year:04}-{month:02}-{day:02}",
                    "start": start,
                    "end": end,
                    "place": row.get("place", ""),
                    **{name: said for name in _OPTIONAL if (said := row.get(name, "").strip())},
                }
            )
    return sessions


# ---- headers -------------------------------------------------------------------------------------


def normalised(value: Any) -> str:
    """A header cell to compare: "＊姓　名（必填）" is "姓名", "Full_Name" is "fullname"."""
    words = re.sub(r"[\s_\u200b\ufeff]+", "", unicodedata.normalize("NFKC", "" if value is None else str(value)))
    return re.sub(r"^[*:]+|(\([^()]*\)|[*:])+$", "", words).lower()


def _find_header(grid: Grid, known: Mapping[str, Column], sheets: Sequence[str]) -> Layout:
    """The first row, within the first 20 of a sheet, with the columns, two at most, that make it a header."""
    telling = [name for name, column in known.items() if column.required][:2]
    best: tuple[int, list[str]] = (0, [])
    for sheet in sheets:
        for number, cells in enumerate(islice(grid.rows(sheet), HEADER_WITHIN), start=1):
            layout = _layout(sheet, number, cells, known)
            if all(name in layout.columns for name in telling):
                _check(layout, cells, known)
                return layout
            titles = _titles(cells)
            if (len(layout.columns) * 1000 + len(titles)) > best[0]:
                best = (len(layout.columns) * 1000 + len(titles), titles)
    missing = [t(known[name].title) for name in telling]
    raise fault("TR-FILE-NO-HEADER", "file.no_header", missing="、".join(missing), found="、".join(best[1]) or "-")


def _layout(sheet: str, number: int, cells: Sequence[Any], known: Mapping[str, Column]) -> Layout:
    columns: dict[str, int] = {}
    unknown: list[str] = []
    twice: list[str] = []
    names = [normalised(cell) for cell in cells]
    last = max((position for position, name in enumerate(names, start=1) if name), default=0)
    # an earlier run's verdicts stand last, side by side
    verdicts = last - 1 if last > 1 and (names[last - 2], names[last - 1]) in VERDICT_PAIRS else 0
    for position, name in enumerate(names, start=1):
        field_name = next((key for key, column in known.items() if name in column.names), "")
        if field_name and field_name not in columns:
            columns[field_name] = position
        elif field_name:
            twice.append(str(cells[position - 1]).strip()[:MAX_CELL])
        elif name and name not in IGNORED and not (verdicts and position >= verdicts):
            unknown.append(str(cells[position - 1]).strip()[:MAX_CELL])
    return Layout(sheet, number, columns, last, unknown, verdicts, twice)


def _check(layout: Layout, cells: Sequence[Any], known: Mapping[str, Column]) -> None:
    missing = [t(column.title) for name, column in known.items() if column.required and name not in layout.columns]
    if missing:
        raise fault("TR-FILE-NO-COLUMN", "file.no_column", missing="、".join(missing), found="、".join(_titles(cells)))


def _titles(cells: Sequence[Any]) -> list[str]:
    return [str(cell).strip()[:30] for cell in cells if cell is not None and str(cell).strip()][:30]


# ---- cells ---------------------------------------------------------------------------------------


def cell_text(value: Any, name: str = "") -> str:
    """A cell as text. Numbers keep every digit the file has; dates are YYYY-MM-DD, times HH:MM."""
    if value is None:
        return ""
    if isinstance(value, str):
        # a number that some table library wrote out as a fraction
        return re.sub(r"^(\d{11})\.0+$", r"\1", value) if name == "phone" else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number(value, name)
    if isinstance(value, datetime):
        return value.strftime("%H:%M") if name in ("start", "end") else f"{value:%Y-%m-%d}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60:02}:{minutes % 60:02}"
    return str(value)


def _number(value: float, name: str) -> str:
    if name in ("since", "until") and 1_000 < value < LAST_DAY:
        # a date whose cell lost its format: days since 1899-12-30
        return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat()
    if isinstance(value, float) and value - value == 0:
        # the shortest digits that name this number, written out: 1.10101199001011e+17 is 110101199001011000
        digits = format(Decimal(repr(value)), "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)
