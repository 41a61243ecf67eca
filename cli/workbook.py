"""Reads rosters and timetables from .xlsx and .csv as offices keep them, refusing files made to harm.

Titles may stand above the header, columns may have any of their usual names, a CSV may be UTF-8 or GBK.
Cells become text without losing what they hold; nothing is normalised: the server judges what the file says.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from cli.grammar import Mistake
from cli.texts import t

MAX_ROWS = 200_000
MAX_CELL = 200  # characters of a cell that are sent; no field allows more
MAX_UNZIPPED = 100 << 20
MAX_RATIO, RATIO_FROM = 100, 5 << 20  # small parts compress well by nature
MAX_ENTRIES = 200
HEADER_WITHIN = 20
MAX_COLUMNS = 256


@dataclass(frozen=True)
class Column:
    """A column that is known: what it may be called, its title in words, and whether it must be there."""

    title: str
    names: frozenset[str]
    required: bool = True


def _column(key: str, names: str, required: bool = True) -> Column:
    return Column(key, frozenset(names.split()), required)


# names are compared after `normalised`: half-width, lower case, without spaces, marks and underscores
ROSTER = {
    "full_name": _column("column.full_name", "姓名 学员姓名 fullname name"),
    "resident_id": _column(
        "column.resident_id",
        "公民身份号码 公民身份证号码 身份证号 身份证号码 身份证 证件号码 residentid idnumber id",
    ),
    "phone": _column("column.phone", "联系电话 手机号 手机号码 手机 电话 联系方式 phone mobile phonenumber"),
    "sex": _column("column.sex", "性别 sex gender", required=False),
    "birth_date": _column(
        "column.birth_date", "出生日期 出生年月日 birthdate dateofbirth birthday", required=False
    ),
}
TIMETABLE = {
    "date": _column("column.date", "上课日期 日期 date"),
    "start": _column("column.start", "上课开始时间 开始时间 start"),
    "end": _column("column.end", "上课结束时间 结束时间 end"),
    "place": _column("column.place", "上课地点 地点 place room", required=False),
}
# columns that say nothing about a person and are no surprise
_IGNORED = frozenset("序号 编号 备注 no number remark remarks note notes".split())
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


class Grid(Protocol):
    """The cells of a file, sheet by sheet."""

    @property
    def sheets(self) -> Sequence[str]:
        """What the sheets are called, the likeliest first."""

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        """The rows of a sheet from row `first`, each with at most `width` cells."""


@dataclass(frozen=True)
class Table:
    """A file whose header was found; rows are read as they are asked for."""

    grid: Grid
    layout: Layout

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number and known cells as text; rows without any are skipped. Mistake over 200,000 rows."""
        columns, count = self.layout.columns, 0
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
                if count > MAX_ROWS:
                    raise Mistake(t("file.too_many_rows", limit=MAX_ROWS))
                yield number, row


@contextmanager
def open_table(path: Path, known: Mapping[str, Column]) -> Iterator[Table]:
    """Opens a .xlsx or .csv file with a table of `known` columns. Mistake when it has none, or lacks one."""
    with _grid(path) as grid:
        yield Table(grid, _find_header(grid, known))


def read_timetable(path: Path) -> list[dict[str, str]]:
    """The sessions of a timetable file: date, start, end, place as the contract wants them."""
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
                }
            )
    return sessions


# ---- files ---------------------------------------------------------------------------------------


@contextmanager
def _grid(path: Path) -> Iterator[Grid]:
    magic = _magic(path)
    if magic.startswith(b"PK"):
        preflight(path)
        with _xlsx(path) as grid:
            yield grid
    elif magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise Mistake(t("file.old_excel", path=path.name))
    elif path.suffix.lower() in (".csv", ".txt", ".tsv"):
        yield _Csv(path)
    else:
        raise Mistake(t("file.kind", path=path.name))


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def is_csv(path: Path) -> bool:
    """Whether a file that could be opened is text, not a workbook, whatever it is called."""
    return not _magic(path).startswith(b"PK")


def preflight(path: Path) -> None:
    """Looks at the directory of a zip before anything is unpacked. Mistake for a bomb or a broken file."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Mistake(t("file.broken", path=path.name)) from None
    size = sum(entry.file_size for entry in entries)
    worst = max(
        (e.file_size / max(e.compress_size, 1) for e in entries if e.file_size > RATIO_FROM), default=0.0
    )
    if len(entries) > MAX_ENTRIES or size > MAX_UNZIPPED or worst > MAX_RATIO:
        raise Mistake(t("file.bomb", path=path.name, megabytes=MAX_UNZIPPED >> 20))
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise Mistake(t("file.kind", path=path.name))


@contextmanager
def quiet_excel(path: Path) -> Iterator[None]:
    """Hushes openpyxl, whose warnings no user can act on; its failure on a damaged file is a Mistake."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (Mistake, OSError):
            raise
        except Exception:  # whatever a damaged part makes of the parser; the text could hold a person's data
            raise Mistake(t("file.broken", path=path.name)) from None


class _Xlsx:
    def __init__(self, path: Path, book: Any) -> None:
        self._path, self._book = path, book
        self.sheets = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        with quiet_excel(self._path):
            found = self._book[sheet]
            # the size the file claims may be wrong, or a trap
            found.reset_dimensions()
            rows = found.iter_rows(min_row=first, max_col=width, values_only=True)
        while True:
            with quiet_excel(self._path):
                batch = list(islice(rows, 500))
            if not batch:
                return
            yield from batch


@contextmanager
def _xlsx(path: Path) -> Iterator[Grid]:
    from openpyxl import load_workbook  # a fifth of a second that only files of people pay

    # a file of our own: openpyxl leaves one open when it fails
    with path.open("rb") as file:
        with quiet_excel(path):
            book = load_workbook(file, read_only=True, data_only=True)
        yield _Xlsx(path, book)


class _Csv:
    def __init__(self, path: Path) -> None:
        if path.stat().st_size > MAX_UNZIPPED:
            raise Mistake(t("file.bomb", path=path.name, megabytes=MAX_UNZIPPED >> 20))
        self._path, self._text = path, _decoded(path)
        # each delimiter is tried as if it were a sheet; the one that makes the most columns first
        head = "\n".join(self._text.split("\n", HEADER_WITHIN)[:HEADER_WITHIN])
        self.sheets = sorted((",", ";", "\t"), key=lambda mark: -head.count(mark))

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=sheet)
        try:
            for row in islice(reader, first - 1, None):
                yield [_unwrapped(cell) for cell in row[:width]]
        except csv.Error:
            raise Mistake(t("file.broken", path=self._path.name)) from None


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    bom = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if bom else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Mistake(t("file.encoding", path=path.name))


def _unwrapped(cell: str) -> str:
    """`="110101…"`, written by systems that keep Excel from rounding a number, is that number."""
    match = re.fullmatch(r'="([^"]*)"', cell)
    return match[1] if match else cell


def csv_records(path: Path, delimiter: str) -> Iterator[Sequence[str]]:
    """Every record of a CSV file, for writing it out again."""
    return _Csv(path).rows(delimiter)


# ---- headers -------------------------------------------------------------------------------------


def normalised(value: Any) -> str:
    """A header cell to compare: "＊姓　名（必填）" is "姓名", "Full_Name" is "fullname"."""
    words = re.sub(
        r"[\s_\u200b\ufeff]+", "", unicodedata.normalize("NFKC", "" if value is None else str(value))
    )
    return re.sub(r"^[*:]+|(\([^()]*\)|[*:])+$", "", words).lower()


def _find_header(grid: Grid, known: Mapping[str, Column]) -> Layout:
    """The first row, within the first 20 of a sheet, with the two columns that make it a header."""
    first, second = [name for name, column in known.items() if column.required][:2]
    best: tuple[int, list[str]] = (0, [])
    for sheet in grid.sheets:
        for number, cells in enumerate(islice(grid.rows(sheet), HEADER_WITHIN), start=1):
            layout = _layout(sheet, number, cells, known)
            if first in layout.columns and second in layout.columns:
                _check(layout, cells, known)
                return layout
            titles = _titles(cells)
            if (len(layout.columns) * 1000 + len(titles)) > best[0]:
                best = (len(layout.columns) * 1000 + len(titles), titles)
    missing = [t(known[name].title) for name in (first, second)]
    raise Mistake(t("file.no_header", missing="、".join(missing), found="、".join(best[1]) or "-"))


def _layout(sheet: str, number: int, cells: Sequence[Any], known: Mapping[str, Column]) -> Layout:
    columns: dict[str, int] = {}
    unknown: list[str] = []
    names = [normalised(cell) for cell in cells]
    last = max((position for position, name in enumerate(names, start=1) if name), default=0)
    # an earlier run's verdicts stand last, side by side
    verdicts = last - 1 if last > 1 and (names[last - 2], names[last - 1]) in VERDICT_PAIRS else 0
    for position, name in enumerate(names, start=1):
        field_name = next((key for key, column in known.items() if name in column.names), "")
        if field_name and field_name not in columns:
            columns[field_name] = position
        elif name and name not in _IGNORED and not (verdicts and position >= verdicts):
            unknown.append(str(cells[position - 1]).strip()[:MAX_CELL])
    return Layout(sheet, number, columns, last, unknown, verdicts)


def _check(layout: Layout, cells: Sequence[Any], known: Mapping[str, Column]) -> None:
    missing = [
        t(column.title) for name, column in known.items() if column.required and name not in layout.columns
    ]
    if missing:
        raise Mistake(t("file.no_column", missing="、".join(missing), found="、".join(_titles(cells))))


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
    if name == "birth_date" and 1_000 < value < 80_000:
        # a date whose cell lost its format: days since 1899-12-30
        return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat()
    if isinstance(value, float) and value - value == 0:
        # the shortest digits that name this number, written out: 1.10101199001011e+17 is 110101199001011000
        digits = format(Decimal(repr(value)), "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)
