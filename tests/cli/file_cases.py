"""For every condition that only the reader of a file sees: a file that has it, and a file that nearly does.

A case makes the file in a folder and reads it; what it answers is the codes found, or the code it was refused with.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cli import grids, workbook
from cli.columns import ROSTER
from cli.grammar import Mistake

HEADER = ("姓名", "身份证号", "手机")
PERSON = ("王样例", "370103199001010016", "13800000001")
Found = list[str]


def found(path: Path, sheet: str = "") -> Found:
    """The codes of the remarks on a file, or the one it is refused with."""
    try:
        with workbook.open_table(path, ROSTER, sheet) as table:
            list(table.lines())
            return [code for code, _ in table.remarks()]
    except Mistake as refused:
        return [refused.message.split(" ", 1)[0]]


def _book(
    path: Path, *rows: Sequence[Any], change: Callable[[Any], None] = lambda _: None, name: str = "r.xlsx"
) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    change(book)
    book.save(path / name)
    return path / name


def good(path: Path) -> Found:
    """A plain workbook."""
    return found(_book(path, HEADER, PERSON))


def good_csv(path: Path) -> Found:
    """A plain CSV."""
    return _text(path, ",".join(HEADER) + "\n" + ",".join(PERSON))


def _text(path: Path, words: str, encoding: str = "utf-8", name: str = "r.csv") -> Found:
    (path / name).write_bytes(words.encode(encoding))
    return found(path / name)


def _raw(path: Path, content: bytes, name: str) -> Found:
    (path / name).write_bytes(content)
    return found(path / name)


def _hidden(book: Any) -> None:
    book.create_sheet("旧").sheet_state = "hidden"


def _second(book: Any) -> None:
    book.create_sheet("填表说明")


def _since_1904(book: Any) -> None:
    book.epoch = CALENDAR_MAC_1904


def _macros(path: Path) -> Found:
    made = _book(path, HEADER, PERSON)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0" * 64)
    return found(made)


def _large(path: Path) -> Found:
    with patch.object(grids, "LARGE", 100):
        return good(path)


def _bomb(path: Path) -> Found:
    with patch.object(grids, "MAX_UNZIPPED", 1000):
        return good(path)


def _many(path: Path) -> Found:
    with patch.object(workbook, "MAX_ROWS", 1):
        return found(_book(path, HEADER, PERSON, PERSON))


def _just_enough(path: Path) -> Found:
    with patch.object(workbook, "MAX_ROWS", 2):
        return found(_book(path, HEADER, PERSON, PERSON))


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600

FILES: dict[str, tuple[Callable[[Path], Found], Callable[[Path], Found]]] = {
    "TR-FILE-TITLE": (lambda path: found(_book(path, ("花名册",), HEADER, PERSON)), good),
    "TR-FILE-HIDDEN-SHEET": (lambda path: found(_book(path, HEADER, PERSON, change=_hidden)), good),
    "TR-FILE-SHEETS": (
        lambda path: found(_book(path, HEADER, PERSON, change=_second)),
        lambda path: found(_book(path, HEADER, PERSON, change=_hidden)),
    ),
    "TR-FILE-DUPLICATE-COLUMN": (
        lambda path: found(_book(path, (*HEADER, "手机号"), (*PERSON, "1"))),
        lambda path: found(_book(path, (*HEADER, "紧急联系电话"), (*PERSON, "1"))),
    ),
    "TR-FILE-CHARSET": (lambda path: _text(path, ",".join(HEADER) + "\n" + ",".join(PERSON), "gbk"), good_csv),
    "TR-FILE-DELIMITER": (lambda path: _text(path, ";".join(HEADER) + "\n" + ";".join(PERSON)), good_csv),
    "TR-FILE-VERDICTS": (
        lambda path: found(_book(path, (*HEADER, "结果", "说明"), (*PERSON, "录取", ""))),
        lambda path: found(_book(path, (*HEADER, "说明"), (*PERSON, ""))),
    ),
    "TR-FILE-MACRO": (_macros, good),
    "TR-FILE-1904": (lambda path: found(_book(path, HEADER, PERSON, change=_since_1904)), good),
    "TR-FILE-LARGE": (_large, good),
    "TR-FILE-NO-HEADER": (lambda path: found(_book(path, ("花名册",), PERSON)), good),
    "TR-FILE-NO-COLUMN": (lambda path: found(_book(path, HEADER[:2], PERSON[:2])), good),
    "TR-FILE-NO-SHEET": (
        lambda path: found(_book(path, HEADER, PERSON), "名单"),
        lambda path: found(_book(path, HEADER, PERSON), "Sheet"),
    ),
    "TR-FILE-KIND": (lambda path: _raw(path, b"%PDF-1.7", "r.pdf"), good),
    "TR-FILE-BROKEN": (lambda path: _raw(path, b"PK\x03\x04broken", "r.xlsx"), good),
    "TR-FILE-OLD-EXCEL": (lambda path: _raw(path, _OLE, "r.xls"), good),
    "TR-FILE-WEB-PAGE": (lambda path: _raw(path, b"\r\n<html><table></table></html>", "r.xls"), good),
    "TR-FILE-ENCRYPTED": (
        lambda path: _raw(path, _OLE + "EncryptedPackage".encode("utf-16-le"), "r.xlsx"),
        lambda path: _raw(path, _OLE, "r.xls"),
    ),
    "TR-FILE-TOO-LARGE": (_bomb, good),
    "TR-FILE-TOO-MANY-ROWS": (_many, _just_enough),
    "TR-FILE-ENCODING": (lambda path: _raw(path, b"\xff\xff\xff\x80", "r.csv"), good_csv),
}
