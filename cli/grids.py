"""The cells of a .xlsx or .csv file, row by row, refusing files made to harm before they are unpacked.

A CSV may be UTF-8, UTF-16 or GBK (GB 18030), and may use commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from cli.grammar import Mistake
from cli.texts import t

MAX_UNZIPPED = 100 << 20
MAX_RATIO, RATIO_FROM = 100, 5 << 20  # small parts compress well by nature
MAX_ENTRIES = 200
MAX_COLUMNS = 256
HEAD = 20  # lines in which the delimiter is looked for


class Grid(Protocol):
    """The cells of a file, sheet by sheet."""

    @property
    def sheets(self) -> Sequence[str]:
        """What the sheets are called, the likeliest first."""

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        """The rows of a sheet from row `first`, each with at most `width` cells."""


@contextmanager
def open_grid(path: Path) -> Iterator[Grid]:
    """Opens a file by what it is, not by what it is called. Mistake for what cannot, or should not, be read."""
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
    worst = max((e.file_size / max(e.compress_size, 1) for e in entries if e.file_size > RATIO_FROM), default=0.0)
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
        except Exception:  # noqa: BLE001  whatever a damaged part makes of the parser; the text could hold a person's data
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
        head = "\n".join(self._text.split("\n", HEAD)[:HEAD])
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
