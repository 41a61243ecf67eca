"""Finds the table in a roster or timetable as offices keep them, and reads its rows.

Titles may stand above the header and columns may have any of their usual names. Cells become text without losing what
they hold; nothing is normalised: the server judges what the file says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from cli.grammar import Mistake
from cli.grids import Grid, open_grid
from cli.texts import t

MAX_ROWS = 200_000
MAX_CELL = 200  # characters of a cell that are sent; no field allows more
HEADER_WITHIN = 20


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
    "birth_date": _column("column.birth_date", "出生日期 出生年月日 birthdate dateofbirth birthday", required=False),
}
TIMETABLE = {
    "date": _column("column.date", "上课日期 日期 date"),
    "start": _column("column.start", "上课开始时间 开始时间 start"),
    "end": _column("column.end", "上课结束时间 结束时间 end"),
    "place": _column("column.place", "上课地点 地点 place room", required=False),
    "teacher": _column("column.teacher", "培训教师 教师 教师编号 teacher", required=False),
    "topic": _column("column.topic", "课别 上课内容 课程内容 内容 topic", required=False),
    "practice": _column("column.practice", "实操 是否实操 practice", required=False),
}
PARTY = {name: ROSTER[name] for name in ("full_name", "resident_id", "phone")} | {
    "category": _column("field.category", "人员类别 类别 category", required=False),
    "proof_kind": _column("field.proof_kind", "证明材料 证明名称 证明种类 proofkind proof", required=False),
    "proof_number": _column("field.proof_number", "证明编号 证明号码 证明材料编号 proofnumber", required=False),
}
REGISTER = {
    "resident_id": _column(
        "column.resident_id",
        "公民身份号码 公民身份证号码 身份证号 身份证号码 身份证 证件号码 社会保障号码 社会保障号 社保号 "
        "residentid idnumber id",
    ),
    "since": _column(
        "column.since",
        "起始日期 开始日期 开始时间 参保日期 领取日期 待遇领取日期 入编日期 开班日期 培训日期 发证日期 "
        "since from start startdate",
        required=False,
    ),
    "until": _column(
        "column.until", "终止日期 结束日期 结束时间 截止日期 停保日期 until to end enddate", required=False
    ),
    "occupation_code": _column(
        "column.occupation_code",
        "职业代码 职业编码 工种代码 职业工种代码 职业(工种)代码 occupationcode occupation",
        required=False,
    ),
    "certificate_level": _column(
        "column.certificate_level", "证书等级 技能等级 职业技能等级 等级 级别 certificatelevel level", required=False
    ),
}
# columns of a timetable that are told of only where they are filled
_OPTIONAL = ("teacher", "topic", "practice")
# columns that say nothing about a person and are no surprise
_IGNORED = frozenset(["序号", "编号", "备注", "no", "number", "remark", "remarks", "note", "notes"])
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


@dataclass(frozen=True)
class Table:
    """A file whose header was found; rows are read as they are asked for."""

    grid: Grid
    layout: Layout

    def rows(self, most: int = 0) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number and known cells as text; rows without any are skipped. Mistake over `most` rows, else 200,000."""
        columns, count, most = self.layout.columns, 0, most or MAX_ROWS
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
                if count > most:
                    raise Mistake(t("file.too_many_rows", limit=most))
                yield number, row


@contextmanager
def open_table(path: Path, known: Mapping[str, Column]) -> Iterator[Table]:
    """Opens a .xlsx or .csv file with a table of `known` columns. Mistake when it has none, or lacks one."""
    with open_grid(path) as grid:
        yield Table(grid, _find_header(grid, known))


def read_timetable(path: Path) -> list[dict[str, str]]:
    """The sessions of a timetable file: date, start, end, place as the contract wants them, the rest as it stands."""
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
                    **{name: said for name in _OPTIONAL if (said := row.get(name, "").strip())},
                }
            )
    return sessions


# ---- headers -------------------------------------------------------------------------------------


def normalised(value: Any) -> str:
    """A header cell to compare: "＊姓　名（必填）" is "姓名", "Full_Name" is "fullname"."""
    words = re.sub(r"[\s_\u200b\ufeff]+", "", unicodedata.normalize("NFKC", "" if value is None else str(value)))
    return re.sub(r"^[*:]+|(\([^()]*\)|[*:])+$", "", words).lower()


def _find_header(grid: Grid, known: Mapping[str, Column]) -> Layout:
    """The first row, within the first 20 of a sheet, with the columns, two at most, that make it a header."""
    telling = [name for name, column in known.items() if column.required][:2]
    best: tuple[int, list[str]] = (0, [])
    for sheet in grid.sheets:
        for number, cells in enumerate(islice(grid.rows(sheet), HEADER_WITHIN), start=1):
            layout = _layout(sheet, number, cells, known)
            if all(name in layout.columns for name in telling):
                _check(layout, cells, known)
                return layout
            titles = _titles(cells)
            if (len(layout.columns) * 1000 + len(titles)) > best[0]:
                best = (len(layout.columns) * 1000 + len(titles), titles)
    missing = [t(known[name].title) for name in telling]
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
    missing = [t(column.title) for name, column in known.items() if column.required and name not in layout.columns]
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
    if name in ("birth_date", "since", "until") and 1_000 < value < 80_000:
        # a date whose cell lost its format: days since 1899-12-30
        return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat()
    if isinstance(value, float) and value - value == 0:
        # the shortest digits that name this number, written out: 1.10101199001011e+17 is 110101199001011000
        digits = format(Decimal(repr(value)), "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)
