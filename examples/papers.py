"""What people hand in during `make demo`: class files, documents, a timetable, a roster, a register, and who walks in.

Everybody is invented; the identity numbers pass the checksum and are nobody's we know of. One of the ten on the roster,
a woman of 53, is on the register of pensioners; two share a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from services.reference import resident_id

ENTERPRISE, INSTITUTION, BUREAU = "91371526MA3C000119", "52370103MJE0001019", "11371526004370009B"
ENTERPRISE_NAME, INSTITUTION_NAME = "高唐样例机械有限公司", "市中区样例职业培训学校"
OCCUPATION = "6-31-01-03"
PENSIONER, SHARING = 9, ("13800000004", "13800000005")  # a row of the roster; the phone of both is the first
COLUMNS = {
    "序号": 6, "姓名": 10, "性别": 6, "公民身份号码": 22, "联系电话": 14, "人员类别": 18, "证明材料": 16,
    "证明编号": 20, "证明核验日期": 14,
}  # fmt: skip
DOCUMENTS = {
    "teaching-plan": "教学计划", "teachers": "教师名册", "textbooks": "教材目录", "assessment-plan": "考核方案",
    "commitment": "真实性承诺书", "licence": "办学许可证", "filing-form": "办班备案登记表",
    "site-proof": "场地设备证明", "agreement": "培训协议", "roster": "报名名册",
}  # fmt: skip
FORGOTTEN = ("teachers", "textbooks")  # by whoever files for the first time


class Person(NamedTuple):
    """Somebody who wants to be trained."""

    name: str
    born: date
    serial: int  # digits 15 to 17 of the number; an odd one is a man's
    phone: str
    code: str  # of the category

    @property
    def number(self) -> str:
        """The resident identity number."""
        return resident_id.make("371526", self.born, self.serial)

    @property
    def proof(self) -> tuple[str, str]:
        """What proves the category, and its number."""
        return CATEGORIES[self.code][1], f"371526{self.born:%Y}{self.serial:06}"


# 人员类别 and what proves it
CATEGORIES = {
    "RUR": ("农村转移就业劳动者", "村委会证明"),
    "UNE": ("登记失业人员", "就业创业证"),
    "DIF": ("就业困难人员", "就业创业证"),
    "VET": ("退役军人", "优待证"),
    "POV": ("脱贫人口", "脱贫户证明"),
}
TEACHER = Person("郑师傅", date(1978, 5, 9), 911, "13800000099", "RUR")
LISTED = (
    Person("王志远", date(1990, 3, 12), 901, "13800000001", "RUR"),
    Person("李春燕", date(1993, 7, 2), 902, "13800000002", "UNE"),
    Person("张文涛", date(1988, 11, 23), 903, "13800000003", "VET"),
    Person("刘海波", date(1985, 1, 30), 905, SHARING[0], "RUR"),
    Person("陈素云", date(1986, 9, 14), 904, SHARING[0], "RUR"),
    Person("杨振华", date(1997, 4, 5), 907, "13800000006", "UNE"),
    Person("孙德明", date(1982, 12, 8), 909, "13800000007", "POV"),
    Person("周凤霞", date(1991, 6, 19), 906, "13800000008", "RUR"),
    Person("吴彩萍", date(1973, 2, 25), 908, "13800000009", "RUR"),
    Person("徐建峰", date(1995, 10, 3), 913, "13800000010", "UNE"),
)
WALK_INS = (
    Person("马思齐", date(1994, 8, 21), 915, "13800000011", "RUR"),
    Person("胡兴旺", date(1989, 5, 17), 917, "13800000012", "RUR"),
    Person("郭金凤", date(1979, 3, 8), 910, "13800000013", "DIF"),
)


def hand_in(folder: Path, order: str, first: date, teacher: str, today: date) -> None:
    """Writes everything into `folder`: a class of `order` that begins on `first`, a Monday, with one teacher."""
    folder.mkdir(exist_ok=True)
    for name in DOCUMENTS.values():
        (folder / f"{name}.txt").write_text(f"{name}（样例）\n", encoding="utf-8")
    _yaml(folder / "class.yaml", a_class(order, first, teacher, FORGOTTEN))
    complete = a_class(order, first, teacher) | {"site_address": "济南市市中区样例路 1 号"}
    _yaml(folder / "class-complete.yaml", {key: complete[key] for key in ("site_address", "sessions", "attachments")})
    roster(today).save(folder / "roster.xlsx")
    rows = [
        f"{LISTED[PENSIONER - 1].number},2023-02-25",
        f"{resident_id.make('371526', date(1955, 1, 9), 921)},2015-01-09",
    ]
    (folder / "pensioners.csv").write_text("\n".join(("公民身份号码,起始日期", *rows, "")), encoding="utf-8")
    for person in WALK_INS:
        lines = (person.number, person.phone, person.proof[1], "")
        (folder / f"{person.name}.txt").write_text("\n".join(lines), encoding="utf-8")


def a_class(order: str, first: date, teacher: str, forgotten: tuple[str, ...] = ()) -> dict[str, Any]:
    """The class as its file has it. `forgotten` documents are not attached; then two sessions lack a teacher, too."""
    return {
        "order": order,
        "institution_credit_code": INSTITUTION,
        "institution_name": INSTITUTION_NAME,
        "title": "电工中级班",
        "start_date": f"{first}",
        "end_date": f"{first + timedelta(days=4)}",
        "capacity": 10,
        "minimum": 10,
        "training_kind": "post-skills",
        "certificate_kind": "skill-level",
        "fund": "employment-subsidy",
        "subsidy_fen": 120_000,
        "subsidy_standard": "电工-四级",
        "hours_theory": 16,
        "hours_practice": 24,
        "head_teacher": "样例老师",
        "assessment_plan": "理论笔试与实操考核各一次",
        "sessions": list(_sessions(first, teacher, missing=2 if forgotten else 0)),
        "attachments": [
            {"kind": kind, "path": f"{name}.txt"} for kind, name in DOCUMENTS.items() if kind not in forgotten
        ],
    }


def _sessions(first: date, teacher: str, missing: int) -> Iterator[Mapping[str, Any]]:
    """Five days, four class hours in the morning and four in the afternoon; the last `missing` have no teacher."""
    for number in range(10):
        start, end = ("14:00", "17:00") if number % 2 else ("08:30", "11:30")
        session: dict[str, Any] = {"date": f"{first + timedelta(days=number // 2)}", "start": start, "end": end}
        session |= {"place": "实训楼 201", "topic": "电工基础", "practice": "是" if number > 3 else "否"}
        yield session | ({"teacher": teacher} if number < 10 - missing else {})


def _yaml(path: Path, values: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False, default_flow_style=None, width=160)
    path.write_text(text, encoding="utf-8")


def roster(today: date) -> Workbook:
    """The roster of ten, under a title, as offices lay it out."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "花名册"
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(COLUMNS))
    title = sheet.cell(1, 1, "订单式技能培训学员花名册（实名制）")
    title.font, title.alignment = Font(size=16, bold=True), Alignment(horizontal="center")
    for column, (name, width) in enumerate(COLUMNS.items(), start=1):
        cell = sheet.cell(2, column, name)
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    for row, person in enumerate(LISTED, start=1):
        sex, checked = "女男"[person.serial % 2], f"{today - timedelta(days=14)}"
        cells: tuple[int | str, ...] = (
            row,
            person.name,
            sex,
            person.number,
            person.phone,
            CATEGORIES[person.code][0],
            *person.proof,
            checked,
        )
        for column, value in enumerate(cells, start=1):
            sheet.cell(row + 2, column, value).number_format = "@" if isinstance(value, str) else "0"
    return book
