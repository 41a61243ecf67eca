"""Makes examples/roster.xlsx: `python -m examples.make_roster`. The same file every time.

A real-name roster (实名制花名册) as an institution hands it in: 60 rows under two merged title lines, and the faults
that such rosters have. Everybody in it is invented; the identity numbers pass the checksum and are nobody's we know of.

    序号  what is wrong                                        verdict
       4  one digit of the identity number is wrong            TR-ID-CHECKSUM
       9  the spreadsheet made a number of it and rounded      TR-ID-EXCEL
      13  the old identity number of 15 digits                 TR-ID-FIFTEEN
      17  a child                                              TR-AGE-MIN
      21  month and day of the birth date swapped              TR-BIRTH-SWAPPED
      24  another sex than in the identity number              TR-SEX-MISMATCH
      28  no phone number                                      TR-PHONE-MISSING
      31  a phone number of 10 digits                          TR-PHONE-FORMAT
      35  no name                                              TR-NAME-MISSING
      38  the person of 12 once more                           TR-ROW-DUPLICATE (12: a note, it is kept)
      41  the identity number of 42 under another name         TR-ROW-DUPLICATE-NAME (both)
      45  a division that never was                            TR-ID-DIVISION (a note)
      55  the phone number of 56                               TR-PHONE-SHARED (both, until somebody says why)

Odd, but right: full-width digits (6), a lower-case x (10), spaces (15, 19), a phone number in a number cell (22), dates
as text (5, 16, 26), and a remark that looks like a formula (47); some of it is noted. 班组 is a column the roster does
not know: a note. So 46 of 60 may enrol, and 48 once the phone of 55 and 56 is explained; with 40 seats, 8 wait.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from services.reference import resident_id

TARGET = Path(__file__).with_name("roster.xlsx")
HEADER_ROW = 3
COLUMNS = {
    "序号": 6, "姓名": 10, "性别": 6, "民族": 6, "出生日期": 13, "公民身份号码": 22, "联系电话": 14, "文化程度": 10,
    "班组": 8, "备注": 24,
}  # fmt: skip
# the codes that each row must be answered with, by 序号; the other rows get none
FAULTS: dict[int, tuple[str, ...]] = {
    4: ("TR-ID-CHECKSUM",),
    6: ("TR-ID-FULL-WIDTH",),
    9: ("TR-ID-EXCEL",),
    10: ("TR-ID-LOWER-X",),
    12: ("TR-ROW-DUPLICATE-KEPT",),
    13: ("TR-ID-FIFTEEN",),
    15: ("TR-ID-SPACES",),
    17: ("TR-AGE-MIN",),
    21: ("TR-BIRTH-SWAPPED",),
    24: ("TR-SEX-MISMATCH",),
    28: ("TR-PHONE-MISSING",),
    31: ("TR-PHONE-FORMAT",),
    35: ("TR-NAME-MISSING",),
    38: ("TR-ROW-DUPLICATE",),
    41: ("TR-ROW-DUPLICATE-NAME",),
    42: ("TR-ROW-DUPLICATE-NAME",),
    45: ("TR-ID-DIVISION",),
    47: ("TR-CELL-FORMULA",),
    55: ("TR-PHONE-SHARED", "TR-NEEDS-REASON"),
    56: ("TR-PHONE-SHARED", "TR-NEEDS-REASON"),
}
NOTED = (6, 10, 12, 15, 45, 47)  # these are taken all the same
SHARING = (55, 56)  # and these with a reason

# three characters each
_MEN = (
    "王志远李国栋张文涛刘海波陈立新杨振华赵永康孙德明周庆林吴长河徐建峰马思齐朱广林胡兴旺郭传宝"
    "林茂森何光耀高树成梁玉柱郑方圆谢春雷宋祥瑞唐少杰许鸿飞邓连营冯晓东韩继业曹保国曾凡林彭克勤"
)
_WOMEN = (
    "王雅楠李春燕张月梅刘晓彤陈素云杨桂芝赵静怡孙玉洁周凤霞吴彩萍徐丽娜马兰花朱秋菊胡雪梅郭金凤"
    "林巧云何美琪高淑珍梁艳红郑佳慧谢小敏宋紫涵唐慧娟许晴晴邓桂香冯瑞雪韩冬梅曹文静曾庆芳彭丹丹"
)
_DIVISIONS = ("371526", "371526", "370103", "371526", "371502", "371526", "371523", "370103", "371525")
_SCHOOLING = ("初中", "高中", "中专", "大专", "高中", "初中", "本科")
_REMARKS = {3: "退役军人", 8: "脱贫人口", 14: "登记失业", 20: "脱贫人口", 33: "农村转移劳动力", 47: "=cmd|见纸质材料"}


@dataclass(frozen=True)
class Line:
    """One row as it is typed."""

    name: str
    sex: str
    born: date | str
    number: str | float
    phone: str | int
    schooling: str
    ethnicity: str
    group: str
    remark: str


def lines() -> list[Line]:
    """The 60 rows in order."""
    rows = {serial: _good(serial) for serial in range(1, 61)}

    def change(serial: int, **cells: object) -> None:
        rows[serial] = replace(rows[serial], **cells)  # type: ignore[arg-type]

    def number(serial: int) -> str:
        return str(rows[serial].number)

    # odd, but right
    change(5, born="1990/4/7", number=resident_id.make("371526", date(1990, 4, 7), 915))
    change(6, number=number(6).translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}))
    change(10, number=_ending_in_x(rows[10]).lower())
    change(15, number=f"{number(15)[:6]} {number(15)[6:14]} {number(15)[14:]}")
    change(16, born=f"{rows[16].born:%Y年%m月%d日}")
    change(19, phone="138 0000 0019", name=" ".join(rows[19].name))
    change(22, phone=int(rows[22].phone))
    change(26, born=f"{rows[26].born:%Y%m%d}")
    # faults
    change(4, number=number(4)[:13] + str((int(number(4)[13]) + 1) % 10) + number(4)[14:])
    change(9, number=float(f"{resident_id.make('371502', date(1997, 10, 16), 909)[:15]}000"))
    change(13, born=date(1981, 6, 4), number="371502810604913")
    change(17, born=date(2016, 5, 1), number=resident_id.make("371526", date(2016, 5, 1), 917), schooling="小学")
    change(21, born=date(1991, 12, 3), number=resident_id.make("370103", date(1991, 3, 12), 921))
    change(24, sex="男")
    change(28, phone="")
    change(31, phone=str(rows[31].phone)[:10])
    change(35, name="")
    rows[38] = replace(rows[12], remark="补交材料")
    change(41, number=number(42), sex=rows[42].sex, born=rows[42].born)
    change(55, phone=rows[56].phone)
    born = rows[45].born
    assert isinstance(born, date)
    change(45, number=resident_id.make("371599", born, 945))
    return [rows[serial] for serial in sorted(rows)]


def _good(serial: int) -> Line:
    """A row without faults."""
    man, place = serial % 2 == 1, (serial - 1) // 2 * 3
    born = date(1980 + serial * 7 % 23, serial * 5 % 12 + 1, serial * 11 % 28 + 1)
    return Line(
        name=(_MEN if man else _WOMEN)[place : place + 3],
        sex="男" if man else "女",
        born=born,
        # sequences from 900 on are hardly ever given out
        number=resident_id.make(_DIVISIONS[serial % len(_DIVISIONS)], born, 900 + serial),
        phone=f"1380000{serial:04}",
        schooling=_SCHOOLING[serial % len(_SCHOOLING)],
        ethnicity="回" if serial % 17 == 0 else "汉",
        group=f"{'甲乙丙'[serial % 3]}组",
        remark=_REMARKS.get(serial, ""),
    )


def _ending_in_x(line: Line) -> str:
    """A number for the same person whose check character is X."""
    assert isinstance(line.born, date)
    parity = 1 if line.sex == "男" else 0
    made = (resident_id.make(str(line.number)[:6], line.born, 900 + parity + step) for step in range(0, 100, 2))
    return next(number for number in made if number.endswith("X"))


def workbook(rows: Sequence[Line]) -> Workbook:
    """The rows under a title, a line of particulars and a header, as offices lay them out."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "花名册"
    last = len(COLUMNS)
    for row, words, size in (
        (1, "订单式技能培训学员花名册（实名制）", 16),
        (2, "培训机构：市中区样例职业培训学校   用工单位：高唐样例机械有限公司   工种：电工   等级：四级/中级工", 10),
    ):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=last)
        cell = sheet.cell(row, 1, words)
        cell.font, cell.alignment = Font(size=size, bold=row == 1), Alignment(horizontal="center", vertical="center")
    sheet.row_dimensions[1].height = 30
    thin = Side(style="thin")
    for column, (title, width) in enumerate(COLUMNS.items(), start=1):
        cell = sheet.cell(HEADER_ROW, column, title)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFD9E1F2")
        cell.alignment, cell.border = Alignment(horizontal="center"), Border(thin, thin, thin, thin)
        sheet.column_dimensions[cell.column_letter].width = width
    for serial, line in enumerate(rows, start=1):
        cells = (
            *(serial, line.name, line.sex, line.ethnicity, line.born, line.number, line.phone, line.schooling),
            *(line.group, line.remark),
        )
        for column, value in enumerate(cells, start=1):
            _write(sheet, HEADER_ROW + serial, column, value).border = Border(thin, thin, thin, thin)
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    return book


def _write(sheet: Worksheet, row: int, column: int, value: str | float | date) -> Cell:
    cell = sheet.cell(row, column, value)
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", "@"  # text, also where it begins with "="
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, float):
        cell.number_format = "0"
    return cell


def save(book: Workbook, target: Path) -> None:
    """Writes the workbook without the moment it was written, so that the same rows are the same file."""
    moment = datetime(2026, 11, 23)  # noqa: DTZ001 - a spreadsheet's properties have no zone
    book.properties.creator, book.properties.created = "liancai", moment
    raw = io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    save(workbook(lines()), TARGET)
    print(f"{TARGET}: {len(lines())} rows, {len(FAULTS)} with findings")
    for serial, codes in FAULTS.items():
        print(f"  {serial:3} {', '.join(codes)}")
