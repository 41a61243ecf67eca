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

MAX_UNZIPPED = 400 << 20
LARGE = 24 << 20  # bytes of sheets above which a workbook is not held in memory as a whole
MAX_RATIO, RATIO_FROM = 100, 5 << 20  # small parts compress well by nature
MAX_ENTRIES = 200
MAX_COLUMNS = 256
HEAD = 20  # lines in which the delimiter is looked for
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream of an old container that holds a new workbook
_PAGE = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|html|head|meta|table|style|\?xml)", re.IGNORECASE)
# a cell that is not empty, as the sheet of a workbook has it: <c r="AB12" s="1"><v>
_COLUMN = re.compile(rb'<c [^>]*?\br="([A-Z]{1,3})[0-9]+"[^>]*(?<!/)>')
_DELIMITERS = {";": ";", "\t": "Tab"}


def fault(code: str, key: str, **values: object) -> Mistake:
    """What is wrong with a file, with its code of docs/verdicts.md."""
    return Mistake(f"{code} {t(key, **values)}")


class Grid(Protocol):
    """The cells of a file, sheet by sheet."""

    @property
    def sheets(self) -> Sequence[str]:
        """What the sheets are called, the likeliest first."""

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """What there is to know of the file as a whole: codes, and what each is about."""

    @property
    def since_1904(self) -> bool:
        """Whether its dates count from 1904 instead of 1900."""

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        """The rows of a sheet from row `first`, each with at most `width` cells."""

    def has(self, sheet: str) -> bool:
        """Whether there is such a sheet, hidden or not."""

    def about(self, sheet: str) -> list[tuple[str, str]]:
        """What there is to know because this sheet is read."""


@contextmanager
def open_grid(path: Path) -> Iterator[Grid]:
    """Opens a file by what it is, not by what it is called. Mistake for what cannot, or should not, be read."""
    magic = _magic(path)
    if magic.startswith(b"PK"):
        preflight(path)
        with _xlsx(path) as grid:
            yield grid
    elif magic.startswith(b"\xd0\xcf\x11\xe0"):
        encrypted = _ENCRYPTED in path.read_bytes()
        if encrypted:
            raise fault("TR-FILE-ENCRYPTED", "file.encrypted", path=path.name)
        raise fault("TR-FILE-OLD-EXCEL", "file.old_excel", path=path.name)
    elif path.suffix.lower() in (".csv", ".txt", ".tsv"):
        yield _Csv(path)
    else:
        if _PAGE.match(_magic(path, 200)):
            raise fault("TR-FILE-WEB-PAGE", "file.web_page", path=path.name)
        raise fault("TR-FILE-KIND", "file.kind", path=path.name)


def _magic(path: Path, size: int = 8) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def is_csv(path: Path) -> bool:
    """Whether a file that could be opened is text, not a workbook, whatever it is called."""
    return not _magic(path).startswith(b"PK")


def is_large(path: Path) -> bool:
    """Whether a workbook is better read row by row than as a whole: it would take gigabytes."""
    with zipfile.ZipFile(path) as archive:
        return sum(each.file_size for each in archive.infolist() if "/worksheets/" in each.filename) > LARGE


def widest(path: Path, sheet: str) -> int:
    """The last column in which any row has something."""
    if is_csv(path):
        return max((_filled(cells) for cells in csv_records(path, sheet)), default=0)
    with _xlsx(path) as grid:
        part = grid.part(sheet)
    found: set[bytes] = set()
    with zipfile.ZipFile(path) as archive, archive.open(part) as raw:
        rest = b""
        while block := raw.read(1 << 20):
            block = rest + block
            found.update(_COLUMN.findall(block))
            rest = block[-200:]
    return max((_place(letters.decode()) for letters in found), default=0)


def _filled(cells: Sequence[Any]) -> int:
    return max((place for place, cell in enumerate(cells, start=1) if cell not in (None, "")), default=0)


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place


def preflight(path: Path) -> None:
    """Looks at the directory of a zip before anything is unpacked. Mistake for a bomb or a broken file."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise fault("TR-FILE-BROKEN", "file.broken", path=path.name) from None
    size = sum(entry.file_size for entry in entries)
    worst = max((e.file_size / max(e.compress_size, 1) for e in entries if e.file_size > RATIO_FROM), default=0.0)
    if len(entries) > MAX_ENTRIES or size > MAX_UNZIPPED or worst > MAX_RATIO:
        raise fault("TR-FILE-TOO-LARGE", "file.bomb", path=path.name, megabytes=MAX_UNZIPPED >> 20)
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise fault("TR-FILE-KIND", "file.kind", path=path.name)


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
            raise fault("TR-FILE-BROKEN", "file.broken", path=path.name) from None


class _Xlsx:
    def __init__(self, path: Path, book: Any) -> None:
        self._path, self._book = path, book
        self.sheets = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        self.since_1904 = book.epoch.year == 1904
        self.remarks = []
        if path.suffix.lower() == ".xlsm" or book.vba_archive is not None or _has_macros(path):
            self.remarks.append(("TR-FILE-MACRO", path.name))
        if self.since_1904:
            self.remarks.append(("TR-FILE-1904", path.name))
        if is_large(path):
            self.remarks.append(("TR-FILE-LARGE", path.name))

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

    def part(self, sheet: str) -> str:
        """The name of a sheet's part of the archive."""
        return str(self._book[sheet]._worksheet_path).lstrip("/")

    def has(self, sheet: str) -> bool:
        return any(each.title == sheet for each in self._book.worksheets)

    def about(self, sheet: str) -> list[tuple[str, str]]:
        hidden = [each.title for each in self._book.worksheets if each.sheet_state != "visible"]
        found = [("TR-FILE-HIDDEN-SHEET", "、".join(each for each in hidden if each != sheet))]
        found += [("TR-FILE-SHEETS", sheet)] if len(self.sheets) > 1 else []
        return [(code, about) for code, about in found if about]


def _has_macros(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return "xl/vbaProject.bin" in archive.namelist()


@contextmanager
def _xlsx(path: Path) -> Iterator[_Xlsx]:
    from openpyxl import load_workbook  # a fifth of a second that only files of people pay

    # a file of our own: openpyxl leaves one open when it fails
    with path.open("rb") as file:
        with quiet_excel(path):
            book = load_workbook(file, read_only=True, data_only=True)
        yield _Xlsx(path, book)


class _Csv:
    def __init__(self, path: Path) -> None:
        if path.stat().st_size > MAX_UNZIPPED:
            raise fault("TR-FILE-TOO-LARGE", "file.bomb", path=path.name, megabytes=MAX_UNZIPPED >> 20)
        self._path = path
        self._text, encoding = _decoded(path)
        self.since_1904 = False
        self.remarks = [] if encoding == "utf-8-sig" else [("TR-FILE-CHARSET", encoding.upper())]
        # each delimiter is tried as if it were a sheet; the one that makes the most columns first
        head = "\n".join(self._text.split("\n", HEAD)[:HEAD])
        self.sheets = sorted((",", ";", "\t"), key=lambda mark: -head.count(mark))

    def rows(self, sheet: str, first: int = 1, width: int = MAX_COLUMNS) -> Iterator[Sequence[Any]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=sheet)
        try:
            for row in islice(reader, first - 1, None):
                yield [_unwrapped(cell) for cell in row[:width]]
        except csv.Error:
            raise fault("TR-FILE-BROKEN", "file.broken", path=self._path.name) from None

    def has(self, sheet: str) -> bool:
        return sheet in self.sheets

    def about(self, sheet: str) -> list[tuple[str, str]]:
        return [("TR-FILE-DELIMITER", _DELIMITERS[sheet])] if sheet in _DELIMITERS else []


def _decoded(path: Path) -> tuple[str, str]:
    raw = path.read_bytes()
    bom = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if bom else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise fault("TR-FILE-ENCODING", "file.encoding", path=path.name)


def _unwrapped(cell: str) -> str:
    """`="110101…"`, written by systems that keep Excel from rounding a number, is that number."""
    match = re.fullmatch(r'="([^"]*)"', cell)
    return match[1] if match else cell


def csv_records(path: Path, delimiter: str) -> Iterator[Sequence[str]]:
    """Every record of a CSV file, for writing it out again."""
    return _Csv(path).rows(delimiter)
