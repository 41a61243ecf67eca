"""Writes a workbook of one sheet row by row, however long: text stays text, and a cell may be red or yellow.

The library that reads workbooks takes many times as long to write one, and holds every style of every cell.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# what a cell can look like: number format and alignment, then the same for each fill
_PLAIN, _TEXT, _QUOTED, _NUMBER, _DAY, _MOMENT, _WRAPPED, _HEADING = range(8)
LOOKS = 8
NO_FILL = 0
_XF = '<xf numFmtId="{}" fontId="{}" fillId="{{0}}" borderId="0" xfId="0" applyFill="1" applyNumberFormat="1"{}>'
_XFS = (
    _XF.format(0, 0, "/"),
    _XF.format(49, 0, "/"),
    _XF.format(49, 0, ' quotePrefix="1"/'),
    _XF.format(1, 0, "/"),
    _XF.format(14, 0, "/"),
    _XF.format(22, 0, "/"),
    _XF.format(49, 0, ' applyAlignment="1"') + '<alignment vertical="top" wrapText="1"/></xf>',
    _XF.format(49, 1, ' applyFont="1"/'),
)
_NO_XML = re.compile("[\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@")
_ROUNDED = 1e11  # from here on a spreadsheet shows a number with an exponent


@dataclass(slots=True)
class Cell:
    """A value, and how it is shown: `fill` counts from 1 in the list of colours given, 0 for none."""

    value: Any
    fill: int = NO_FILL
    heading: bool = False
    wrapped: bool = False


def write(
    file: IO[bytes],
    title: str,
    rows: Iterable[Sequence[Cell | None]],
    *,
    fills: Sequence[str],
    widths: Sequence[tuple[int, float]],
    frozen: int,
) -> None:
    """Writes the workbook: rows in order, colours as ARGB, widths by column, and how many rows stay in sight."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in _parts(title, fills):
            archive.writestr(name, _DECLARED + content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_head(widths, frozen).encode())
            buffer: list[str] = []
            for number, cells in enumerate(rows, start=1):
                buffer.append(_row(number, cells))
                if len(buffer) == 500:
                    sheet.write("".join(buffer).encode())
                    buffer.clear()
            sheet.write(("".join(buffer) + "</sheetData></worksheet>").encode())


def _row(number: int, cells: Sequence[Cell | None]) -> str:
    inner = "".join(
        _cell(f"{_letter(place)}{number}", cell) for place, cell in enumerate(cells, start=1) if cell is not None
    )
    return f'<row r="{number}">{inner}</row>' if inner else ""


def _cell(where: str, cell: Cell) -> str:
    value, base = cell.value, cell.fill * LOOKS
    if value is None or value == "":
        return f'<c r="{where}" s="{base}"/>'
    if isinstance(value, str):
        look = _HEADING if cell.heading else _WRAPPED if cell.wrapped else _TEXT
        if look == _TEXT and value.startswith(_FORMULA):
            look = _QUOTED  # as if typed with an apostrophe, so that editing it makes no formula of it either
        words = value if value.isprintable() else _NO_XML.sub("", ILLEGAL_CHARACTERS_RE.sub("", value))
        text = escape(words)
        return f'<c r="{where}" s="{base + look}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{where}" s="{base}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, (date, datetime, time, timedelta)):
        look = _MOMENT if isinstance(value, (datetime, time, timedelta)) and _has_time(value) else _DAY
        return f'<c r="{where}" s="{base + look}"><v>{_serial(value)}</v></c>'
    if isinstance(value, (int, float)):
        look = _NUMBER if abs(value) >= _ROUNDED else _PLAIN
        return f'<c r="{where}" s="{base + look}"><v>{value!r}</v></c>'
    return _cell(where, Cell(str(value), cell.fill))


def _serial(value: Any) -> float:
    """A date as the number of days that a spreadsheet counts."""
    return float(to_excel(value))  # type: ignore[no-untyped-call]


def _has_time(value: Any) -> bool:
    return not isinstance(value, datetime) or (value.hour, value.minute, value.second) != (0, 0, 0)


_LETTERS = [""] + [get_column_letter(place) for place in range(1, 400)]


def _letter(place: int) -> str:
    return _LETTERS[place] if place < len(_LETTERS) else get_column_letter(place)


def _head(widths: Sequence[tuple[int, float]], frozen: int) -> str:
    columns = "".join(f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>' for place, width in widths)
    pane = f'<pane ySplit="{frozen}" topLeftCell="A{frozen + 1}" activePane="bottomLeft" state="frozen"/>'
    view = f'<sheetView workbookViewId="0">{pane if frozen else ""}</sheetView>'
    columns = f"<cols>{columns}</cols>" if columns else ""
    return f'{_DECLARED}<worksheet xmlns="{MAIN}"><sheetViews>{view}</sheetViews>{columns}<sheetData>'


def _parts(title: str, fills: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Everything of a workbook but its sheet."""
    override = '<Override PartName="/xl/{}" ContentType="{}.{}+xml"/>'
    kinds = (("workbook.xml", "sheet.main"), ("styles.xml", "styles"), ("worksheets/sheet1.xml", "worksheet"))
    types = "".join(override.format(name, _OFFICE, kind) for name, kind in kinds)
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    default += '<Default Extension="xml" ContentType="application/xml"/>'
    yield "[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{default}{types}</Types>'
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    yield "xl/_rels/workbook.xml.rels", _relations([("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")])
    listed = f'<sheets><sheet name={quoteattr(title)} sheetId="1" r:id="rId1"/></sheets>'
    yield "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{listed}</workbook>'
    yield "xl/styles.xml", f'<styleSheet xmlns="{MAIN}">{"".join(_styles(fills))}</styleSheet>'


def _styles(fills: Sequence[str]) -> Iterator[str]:
    font = '<font>{}<sz val="11"/><name val="Calibri"/></font>'
    yield f'<fonts count="2">{font.format("")}{font.format("<b/>")}</fonts>'
    pattern = '<fill><patternFill patternType="{}">{}</patternFill></fill>'
    # the first two fills belong to the format itself
    made = [pattern.format("none", ""), pattern.format("gray125", "")]
    made += [pattern.format("solid", f'<fgColor rgb="{colour}"/>') for colour in fills]
    yield f'<fills count="{len(made)}">{"".join(made)}</fills>'
    yield '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    yield '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    places = [0, *range(2, len(made))]
    looks = "".join(xf.format(place) for place in places for xf in _XFS)
    yield f'<cellXfs count="{len(places) * LOOKS}">{looks}</cellXfs>'
    yield '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="rId{place}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'
