"""Lists, and the one writer of files that people open in a spreadsheet.

Every cell that was text stays text: a formula in the data is never run and a long number is never rounded. The file
appears whole or not at all, and another one is replaced only with --force.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile

from cli import show, wire
from cli.grammar import Format, Mistake, option
from cli.texts import t

MOST_IN_SHEET = 1_048_575  # rows of a .xlsx below its heading
Export = Annotated[Path | None, option("export", "--export", metavar="FILE.xlsx|csv|json", show_default=False)]
Force = Annotated[bool, option("force", "--force", show_default=False)]
Cell: TypeAlias = str | int | float | None
Written: TypeAlias = Any  # a cell, or of .json a value of the contract's own JSON

# what a spreadsheet would make a number, and so round or drop its zeros: long digits, 12345E678
_ROUNDED = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[Ee][0-9]+")
# messages that a cell holds as a word each, such as "210=2"
_ONE_WORD = ("Discipline", "Absence")
_NO_XML = re.compile("[\ufffe\uffff]")


def listed(
    ctx: Any,
    stub: Any,
    request: Any,
    field: str,
    columns: Sequence[str],
    *,
    limit: int,
    output: Format,
    target: Path | None,
    force: bool,
    without: Collection[str] = (),
) -> None:
    """Shows the rows of a list, or writes all of them to `target`; a limit holds there only if it was typed.

    `without` names fields that no row ever shows.
    """
    link = wire.of(ctx)
    if target is None:
        show.rows(link.pages(stub, request, field, limit), columns, output, limit)
        return
    check(target, force)
    if ctx.get_parameter_source("limit").name == "DEFAULT":
        limit = 0
    fields = [each for each in _fields(request, field) if each.name not in without]
    found = link.pages(stub, request, field, limit)
    lines: Iterable[Sequence[Written]]
    if target.suffix.lower() == ".json":
        heads = [each.name for each in fields]
        lines = ([plain.get(name) for name in heads] for plain in map(show.plain, found))
    else:
        heads = [show.heading(each.name, each.containing_type.name) for each in fields]
        lines = ([_cell(item, each) for each in fields] for item in found)
    count = write(target, heads, lines, force)
    show.note(t("export.written", count=count, path=target))
    if limit and count >= limit:
        show.note(t("list.limit", limit=limit))


def check(target: Path, force: bool, suffix: str = "") -> None:
    """Mistake for a file that cannot be written, or is there already; before anything is asked of the server.

    A file of a list may end in several ways, another one in its `suffix`.
    """
    if suffix and target.suffix.lower() != suffix:
        raise Mistake(t("file.suffix", path=target, suffix=suffix))
    if not suffix and target.suffix.lower() not in _WRITERS:
        raise Mistake(t("export.kind", path=target))
    if not os.access(target.parent, os.W_OK):
        raise Mistake(t("file.no_folder", path=target.parent))
    if target.exists() and not force:
        raise Mistake(t("export.exists", path=target))


@contextmanager
def whole(target: Path, force: bool) -> Iterator[IO[bytes]]:
    """A file to write that is its owner's alone, as it is about people; it stands there once all of it is written."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=target.suffix, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put(temporary, target, force)
    except OSError as error:
        error.filename = str(target)  # nobody knows the temporary one
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write(target: Path, heads: Sequence[str], lines: Iterable[Sequence[Written]], force: bool) -> int:
    """Writes a heading and the lines; returns how many lines."""
    count = 0

    def counted() -> Iterator[Sequence[Written]]:
        nonlocal count
        for line in lines:
            count += 1
            yield line

    with whole(target, force) as file:
        _WRITERS[target.suffix.lower()](file, heads, counted())
    return count


def _put(temporary: Path, target: Path, force: bool) -> None:
    if not force:
        # somebody may have made one meanwhile; a link, unlike a rename, does not replace it
        try:
            target.hardlink_to(temporary)
        except FileExistsError:
            raise Mistake(t("export.exists", path=target)) from None
        except OSError:  # a file system without links
            if target.exists():
                raise Mistake(t("export.exists", path=target)) from None
        else:
            return
    temporary.replace(target)


def _csv(file: IO[bytes], heads: Sequence[str], lines: Iterable[Sequence[Cell]]) -> None:
    """UTF-8 with the mark by which Excel knows it."""
    words = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(words, lineterminator="\r\n")
    for line in chain([heads], lines):
        writer.writerow([_csv_cell(cell) for cell in line])
    words.detach()


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return f"{cell:.2f}"
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if _ROUNDED.fullmatch(cell) else show.guarded(cell)


def _xlsx(file: IO[bytes], heads: Sequence[str], lines: Iterable[Sequence[Cell]]) -> None:
    """Row by row, so that a long list needs no more memory than a short one."""
    from openpyxl import Workbook  # a fifth of a second that only an export pays
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    for number in range(1, len(heads) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 20

    def ready(cell: Cell) -> Any:
        words = _NO_XML.sub("", show.visible(cell)) if isinstance(cell, str) else ""
        made: Any = WriteOnlyCell(sheet, (words or None) if isinstance(cell, str) else cell)
        if words:
            made.data_type, made.number_format = "s", "@"
            # as if typed with an apostrophe before it, so that editing the cell makes no formula of it either
            made.quotePrefix = show.guarded(words) != words
        elif isinstance(cell, float):
            made.number_format = "0.00"
        return made

    titles = [ready(head) for head in heads]
    for title in titles:
        title.font = Font(bold=True)
    sheet.append(titles)
    try:
        for count, line in enumerate(lines):
            if count == MOST_IN_SHEET:
                raise Mistake(t("export.too_many", limit=MOST_IN_SHEET))
            sheet.append([ready(cell) for cell in line])
    finally:
        sheet.close()  # the temporary file it writes to goes with it, whatever becomes of the workbook
    pack(book, file)


def pack(book: Any, file: IO[bytes]) -> None:
    """Writes a workbook into a file. OSError, and no more than that, if the disk is full."""
    from openpyxl.writer.excel import ExcelWriter

    archive = ZipFile(file, "w", ZIP_DEFLATED)
    try:
        ExcelWriter(book, archive).save()
    except BaseException:
        archive.fp = None  # else it writes its end when it is collected, and Python tells of that, too
        raise


def _json(file: IO[bytes], heads: Sequence[str], lines: Iterable[Sequence[Written]]) -> None:
    """One array, an object a line."""
    before = b"["
    for line in lines:
        file.write(before + b"\n" + show.dumps(dict(zip(heads, line, strict=True))).encode())
        before = b","
    file.write(b"[]\n" if before == b"[" else b"\n]\n")


_WRITERS: dict[str, Callable[[IO[bytes], Sequence[str], Iterable[Sequence[Written]]], None]] = {
    ".xlsx": _xlsx,
    ".csv": _csv,
    ".json": _json,
}


def _fields(request: Any, field: str) -> list[Any]:
    """The fields of a list's items that fit a cell; what belongs to the protocol alone is left out."""
    return [each for each in wire.kind_of(request, field).fields if each.name != "etag" and _fits(each)]


def _fits(field: Any) -> bool:
    return field.message_type is None or _is_time(field) or field.message_type.name in _ONE_WORD


def _is_time(field: Any) -> bool:
    return not field.is_repeated and field.message_type.full_name == "google.protobuf.Timestamp"


def _cell(item: Any, field: Any) -> Cell:
    """A number where people would add up, yuan for fen; else the words of a table."""
    value = getattr(item, field.name)
    if isinstance(value, int) and not isinstance(value, bool) and field.enum_type is None:
        return value / 100 if show.is_fen(item, field) else value
    return show.text(item, field.name)
