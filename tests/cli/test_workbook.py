"""Roster and timetable files as offices keep them, and files made to harm."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cli import grids, workbook
from cli.grammar import Mistake
from cli.texts import t
from cli.workbook import ROSTER, Layout, cell_text, open_table, read_timetable

HEADER = ("姓名", "公民身份号码", "联系电话")
PERSON = ("张三", "110101199001010016", "13800000000")


@pytest.fixture(autouse=True)
def chinese() -> None:
    t.speak("zh")


def naive(*parts: int) -> datetime:
    """A time as a spreadsheet has it: without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def xlsx(path: Path, *rows: Sequence[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    book.save(path)
    return path


def read(path: Path) -> tuple[Layout, list[tuple[int, dict[str, str]]]]:
    with open_table(path, ROSTER) as table:
        return table.layout, list(table.rows())


def refused(path: Path) -> str:
    with pytest.raises(Mistake) as caught:
        read(path)
    return caught.value.message


def test_merged_titles_stand_above_the_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = "高唐县订单式培训花名册"
    sheet.merge_cells("A1:F1")
    sheet.append([])
    sheet.append(["填报单位：", None, "2026年11月"])
    sheet.append(["序号", *HEADER, "性别", "备注"])
    sheet.append([1, *PERSON, "女", ""])
    book.save(tmp_path / "r.xlsx")
    layout, rows = read(tmp_path / "r.xlsx")
    assert layout.header_row == 4
    assert layout.columns == {"full_name": 2, "resident_id": 3, "phone": 4, "sex": 5, "remark": 6}
    assert layout.unknown == []
    assert rows == [
        (5, {"full_name": "张三", "resident_id": PERSON[1], "phone": PERSON[2], "sex": "女", "remark": ""}),
    ]


@pytest.mark.parametrize(
    "header",
    [
        ("姓 名", "身份证号", "手机号"),
        ("姓名*", "身份证号码（必填）", "手机"),
        ("＊姓名", "证件号码\n(18位)", "联系\n电话"),
        ("full_name", "resident_id", "phone"),
        ("Full Name", "ID number", "Mobile"),
        ("\ufeff姓名：", "公民身份号码", "电话"),
    ],
)
def test_the_usual_names_of_columns(tmp_path: Path, header: Sequence[str]) -> None:
    layout, rows = read(xlsx(tmp_path / "r.xlsx", header, PERSON))
    assert list(layout.columns) == ["full_name", "resident_id", "phone"]
    assert len(rows) == 1


def test_the_second_sheet_and_not_the_hidden_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "填表说明"
    hidden, shown = book.create_sheet("旧"), book.create_sheet("名单")
    hidden.sheet_state = "hidden"
    for sheet, name in ((hidden, "旧人"), (shown, "张三")):
        sheet.append(HEADER)
        sheet.append((name, *PERSON[1:]))
    book.save(tmp_path / "r.xlsx")
    layout, rows = read(tmp_path / "r.xlsx")
    assert layout.sheet == "名单"
    assert rows[0][1]["full_name"] == "张三"


def test_blank_rows_keep_the_numbers_of_the_spreadsheet(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", HEADER, PERSON, (), (None, "  ", None), PERSON)
    assert [number for number, _ in read(path)[1]] == [2, 5]
    (tmp_path / "r.csv").write_text("姓名,身份证号,手机\na,1,2\n\n , ,\nb,3,4\n", encoding="utf-8")
    assert [number for number, _ in read(tmp_path / "r.csv")[1]] == [2, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_in_every_encoding_and_with_every_delimiter(tmp_path: Path, encoding: str, mark: str) -> None:
    lines = [mark.join(HEADER), mark.join(PERSON), mark.join(('"李' + mark + '四"', *PERSON[1:]))]
    (tmp_path / "r.csv").write_bytes("\r\n".join(lines).encode(encoding))
    _, rows = read(tmp_path / "r.csv")
    assert [row["full_name"] for _, row in rows] == ["张三", f"李{mark}四"]


def test_csv_of_a_rare_name(tmp_path: Path) -> None:
    """𬭎 is in GB 18030 and not in GBK."""
    (tmp_path / "r.csv").write_bytes("\n".join(map(",".join, (HEADER, ("王𬭎", *PERSON[1:])))).encode("gb18030"))
    assert read(tmp_path / "r.csv")[1][0][1]["full_name"] == "王𬭎"


def test_csv_numbers_wrapped_against_excel(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f'姓名,身份证号,手机\na,"=""{PERSON[1]}""",13800000000.0\n', encoding="utf-8")
    row = read(tmp_path / "r.csv")[1][0][1]
    assert (row["resident_id"], row["phone"]) == (PERSON[1], "13800000000")


def test_numbers_keep_what_they_hold(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "r.xlsx",
        (*HEADER, "出生日期"),
        ("a", 1.10101199001011e17, 13800000000.0, naive(1990, 1, 1)),
    )
    assert read(path)[1][0][1] == {
        "full_name": "a",
        "resident_id": "110101199001011000",
        "phone": "13800000000",
        "birth_date": "1990-01-01",
    }


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (None, "", ""),
        ("  张 三 ", "full_name", "  张 三 "),
        ("１１０", "resident_id", "１１０"),
        (110101199001010016, "resident_id", "110101199001010016"),
        (1.10101199001011e17, "resident_id", "110101199001011000"),
        (3.7e5, "resident_id", "370000"),
        (0.1, "", "0.1"),
        (float("inf"), "", "inf"),
        (True, "", "TRUE"),
        ("13800000000.0", "phone", "13800000000"),
        (13800000000, "phone", "13800000000"),
        (32874, "birth_date", "32874"),  # the server converts it, and says so
        (32874, "since", "1990-01-01"),
        (19900101, "birth_date", "19900101"),
        (date(1990, 1, 1), "birth_date", "1990-01-01"),
        (time(8, 30), "start", "08:30"),
        (naive(1899, 12, 30, 8, 30), "start", "08:30"),
    ],
)
def test_cells(value: Any, name: str, text: str) -> None:
    assert cell_text(value, name) == text


def test_a_formula_is_its_value_or_nothing(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", HEADER, ('=CONCATENATE("张","三")', *PERSON[1:]))
    assert read(path)[1][0][1]["full_name"] == ""  # nobody has computed it


def test_long_cells_are_cut(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", HEADER, ("x" * 5000, *PERSON[1:]))
    assert len(read(path)[1][0][1]["full_name"]) == 200


def test_unknown_columns_are_named_and_verdicts_of_an_earlier_run_are_not(tmp_path: Path) -> None:
    layout, _ = read(
        xlsx(tmp_path / "r.xlsx", ("序号", *HEADER, "鞋码", "手机号", "备注", "结果", "说明"), (1, *PERSON))
    )
    assert (layout.unknown, layout.twice) == (["鞋码"], ["手机号"])
    assert layout.verdict_column == 8
    layout, _ = read(xlsx(tmp_path / "s.xlsx", (*HEADER, "说明"), PERSON))
    assert (layout.unknown, layout.verdict_column) == (["说明"], 0)


def test_a_missing_column_is_named_with_those_found(tmp_path: Path) -> None:
    said = refused(xlsx(tmp_path / "r.xlsx", ("姓名", "身份证号", "年龄"), ("a", "b", 1)))
    assert "联系电话" in said
    assert "年龄" in said
    said = refused(xlsx(tmp_path / "s.xlsx", ("标题",), ("姓名", "手机", "年龄")))
    assert "公民身份号码" in said
    assert "姓名、手机、年龄" in said


def test_no_row_of_the_file_is_in_an_error(tmp_path: Path) -> None:
    """A file without a header: what is named is the widest of its first rows, so it is cut short."""
    said = refused(xlsx(tmp_path / "r.xlsx", *[[n] for n in range(30)]))
    assert "找到的列：0" in said


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("r.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "另存为 .xlsx"),
        ("r.pdf", b"%PDF-1.7", "不是 .xlsx 或 .csv"),
        ("r.xlsx", b"", "不是 .xlsx 或 .csv"),
        ("r.xlsx", b"PK\x03\x04broken", "已损坏"),
        ("r.csv", b"\xff\xff\xff\x80", "GBK"),
        ("r.csv", b"", "没有找到表头"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refused(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.xlsx")


def archive(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = {"xl/workbook.xml": b"<x/>"}
    ratio = archive(tmp_path / "a.xlsx", book | {"xl/worksheets/sheet1.xml": b"0" * (6 << 20)})
    many = archive(tmp_path / "b.xlsx", book | {f"xl/p{n}.xml": b"" for n in range(200)})
    assert "过大" in refused(ratio)
    assert "过大" in refused(many)
    assert "不是 .xlsx" in refused(archive(tmp_path / "c.xlsx", {"word/document.xml": b""}))
    monkeypatch.setattr(grids, "MAX_UNZIPPED", 1000)
    assert "过大" in refused(xlsx(tmp_path / "d.xlsx", HEADER))
    (tmp_path / "e.csv").write_text("x" * 1001)
    assert "过大" in refused(tmp_path / "e.csv")


def test_a_lying_directory_and_hostile_xml(tmp_path: Path) -> None:
    """A part longer than the directory says ends in a checksum error; entities are not expanded."""
    good = xlsx(tmp_path / "good.xlsx", HEADER, PERSON)
    with zipfile.ZipFile(good) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    path = archive(tmp_path / "r.xlsx", parts | {"xl/worksheets/sheet1.xml": b" " * 100_000})
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        name = bytes(raw[at + 46 : at + 46 + int.from_bytes(raw[at + 28 : at + 30], "little")])
        if name == b"xl/worksheets/sheet1.xml":
            raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = raw.find(b"PK\x01\x02", at + 4)
    path.write_bytes(raw)
    assert "已损坏" in refused(path)
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet><sheetData>&b;</sheetData></worksheet>'
    said = refused(archive(tmp_path / "s.xlsx", parts | {"xl/worksheets/sheet1.xml": laughs}))
    assert "已损坏" in said or "没有找到表头" in said


def test_a_cell_in_the_far_corner_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    sheet.append(PERSON)
    sheet["XFD100000"] = 1
    book.save(tmp_path / "r.xlsx")
    layout, rows = read(tmp_path / "r.xlsx")
    assert (layout.last_column, len(rows)) == (3, 1)


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    (tmp_path / "r.csv").write_text("\n".join(map(",".join, [HEADER, *[PERSON] * 4])), encoding="utf-8")
    assert "超过 3 行" in refused(tmp_path / "r.csv")


def test_timetables(tmp_path: Path) -> None:
    expected = [
        {"date": "2026-12-01", "start": "08:30", "end": "11:30", "place": "教室一"},
        {"date": "2026-12-02", "start": "14:00", "end": "17:00", "place": ""},
    ]
    book = xlsx(
        tmp_path / "t.xlsx",
        ("上课日期", "上课开始时间", "上课结束时间", "上课地点"),
        (naive(2026, 12, 1), time(8, 30), time(11, 30), "教室一"),
        ("2026年12月2日", "14:00", "17：00", None),
    )
    assert read_timetable(book) == expected
    (tmp_path / "t.csv").write_text(
        "date,start,end,place\n2026/12/1,8:30,11:30,教室一\n2026-12-02,14:00,17:00,\n", encoding="utf-8"
    )
    assert read_timetable(tmp_path / "t.csv") == expected
    (tmp_path / "u.csv").write_text("date,start,end\n2026/12/1,上午,下午\n", encoding="utf-8")
    with pytest.raises(Mistake, match="第 2 行"):
        read_timetable(tmp_path / "u.csv")
