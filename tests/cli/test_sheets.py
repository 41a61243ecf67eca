"""A workbook written row by row is one that others can read, with what was put into it."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from cli.grids import widest
from cli.sheets import Cell, write

RED, YELLOW = "FFFFC7CE", "FFFFEB9C"


def made(*rows: list[Cell | None], frozen: int = 0) -> io.BytesIO:
    file = io.BytesIO()
    write(file, "花 & <名册>", rows, fills=(RED, YELLOW), widths=[(2, 60)], frozen=frozen)
    return file


def test_every_kind_of_value_comes_back() -> None:
    moment = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001
    values = ["文字", "370103199001010016", 7, 13800000001, 110101199001011000, 0.5, True, date(2026, 11, 23), moment]
    sheet = openpyxl.load_workbook(made([Cell(value) for value in values])).worksheets[0]
    found = [cell.value for cell in sheet[1]]
    assert found == [*values[:7], datetime(2026, 11, 23), moment]  # noqa: DTZ001
    assert sheet["A1"].number_format == "@"
    assert sheet["E1"].number_format == "0"
    assert openpyxl.load_workbook(made([Cell(time(8, 30))])).worksheets[0]["A1"].value is not None


def test_colours_headings_gaps_and_panes() -> None:
    rows = [
        [Cell("姓名", heading=True), None, Cell("结果", heading=True)],
        [],
        [Cell("a", 1), Cell("", 2), Cell("b\nc", wrapped=True)],
    ]
    book = openpyxl.load_workbook(made(*rows, frozen=1))
    sheet = book.worksheets[0]
    assert sheet.title == "花 & <名册>"
    assert [sheet["A1"].font.bold, sheet["A3"].font.bold] == [True, False]
    assert [sheet["A3"].fill.fgColor.rgb, sheet["B3"].fill.fgColor.rgb] == [RED, YELLOW]
    assert sheet["B1"].value is None
    assert sheet["C3"].alignment.wrap_text
    assert sheet["C3"].value == "b\nc"
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["B"].width == 60


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0"])
def test_text_is_never_a_formula(words: str) -> None:
    cell = openpyxl.load_workbook(made([Cell(words)])).worksheets[0]["A1"]
    assert (cell.data_type, cell.value) == ("s", words)
    assert cell.quotePrefix


@given(st.lists(st.text(max_size=40), max_size=6))
def test_whatever_text_the_xml_is_well_formed(texts: list[str]) -> None:
    with zipfile.ZipFile(made([Cell(text) for text in texts])) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
    found = [
        cell.value or ""
        for row in openpyxl.load_workbook(made([Cell(text) for text in texts])).worksheets[0]
        for cell in row
    ]
    clean = [ILLEGAL_CHARACTERS_RE.sub("", text) for text in texts]
    assert [text.replace("\r\n", "\n").replace("\r", "\n") for text in clean][: len(found)] == found


def test_the_widest_row_is_found_without_reading_every_cell(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with path.open("wb") as file:
        write(
            file,
            "s",
            [[Cell("a")], [None] * 27 + [Cell("b")], [None] * 40 + [Cell("", 1)]],
            fills=(RED,),
            widths=[],
            frozen=0,
        )
    assert widest(path, "s") == 28
    book = openpyxl.Workbook()
    book.worksheets[0]["D7"] = 1
    book.save(path)
    assert widest(path, "Sheet") == 4
    (tmp_path / "r.csv").write_text("a,b\nc,,d,,\n", encoding="utf-8")
    assert widest(tmp_path / "r.csv", ",") == 3
