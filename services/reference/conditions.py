"""What may be said of a table that an office hands in (花名册、名册): conditions with stable codes, and findings.

Those that any such table may meet are declared here; each kind of table adds its own to a registry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from services.reference import resident_id

MOST_NAMED = 10  # gaps in one finding
# columns of names and phones, whatever the table
_NAMES = frozenset({"full_name", "bank_account_name", "emergency_contact"})
PHONES = frozenset({"phone", "emergency_phone"})


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    NOTE = "NOTE"


class Kind(StrEnum):
    """What is looked at."""

    CELL = "CELL"  # one cell by itself
    ROW = "ROW"  # cells of a row against one another
    CLASS = "CLASS"  # cells against the class
    ROWS = "ROWS"  # rows against one another
    FILE = "FILE"  # the file as a whole
    READER = "READER"  # the file, as only its reader sees it: a client says so or refuses
    OUTCOME = "OUTCOME"  # what became of a row


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `columns` is empty where it is about the whole row or file; "*" stands for any cell."""

    code: str
    level: Level
    kind: Kind
    columns: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition found. `value` is what stood there, masked; `others` the rows or classes it clashes with."""

    condition: Condition
    column: str = ""
    value: str = ""
    others: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """How much it weighs."""
        return self.condition.level

    @property
    def code(self) -> str:
        """Its stable code."""
        return self.condition.code


class Conditions(dict[str, Condition]):
    """A registry of conditions by code."""

    def declare(self, code: str, level: Level, kind: Kind, columns: str, why: str) -> Condition:
        """Declares one. ValueError for a code that stands here already."""
        if code in self:
            raise ValueError(f"{code} is declared twice")
        declared = self[code] = Condition(code, level, kind, tuple(columns.split()), why)
        return declared


OF_ANY_TABLE = Conditions()
_is = OF_ANY_TABLE.declare
_CELL, _FILE, _READER = Kind.CELL, Kind.FILE, Kind.READER
ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE

# any cell
CELL_TOO_LONG = _is("TR-CELL-TOO-LONG", ERROR, _CELL, "*", "错列、粘贴错误")
CELL_EXCEL_ERROR = _is("TR-CELL-EXCEL-ERROR", ERROR, _CELL, "*", "电子表格通病")
CELL_DITTO = _is("TR-CELL-DITTO", ERROR, _CELL, "*", "每行须自成一条记录")

# the file, as the server sees it
FILE_EMPTY = _is("TR-FILE-EMPTY", ERROR, _FILE, "", "没有可导入的行")
FILE_GAPS = _is("TR-FILE-GAPS", NOTE, _FILE, "", "空行已跳过")
COLUMN_MISSING = _is("TR-COLUMN-MISSING", NOTE, _FILE, "", "缺的列")

# the file, as its reader sees it
_is("TR-FILE-TITLE", NOTE, _READER, "", "表头之上的标题行")
_is("TR-FILE-HIDDEN-SHEET", NOTE, _READER, "", "隐藏的工作表不读")
_is("TR-FILE-SHEETS", NOTE, _READER, "", "多个工作表只读一个")
_is("TR-FILE-DUPLICATE-COLUMN", WARNING, _READER, "", "同名列只读第一个")
_is("TR-FILE-CHARSET", NOTE, _READER, "", "按 GB 18030 读取")
_is("TR-FILE-DELIMITER", NOTE, _READER, "", "分隔符不是逗号")
_is("TR-FILE-VERDICTS", NOTE, _READER, "", "上次导入加的两列")
_is("TR-FILE-MACRO", NOTE, _READER, "", "宏不执行，结果表不带宏")
_is("TR-FILE-1904", NOTE, _READER, "", "1904 日期系统")
_is("TR-FILE-LARGE", NOTE, _READER, "", "行数很多，结果表只留数据")
_is("TR-FILE-NO-HEADER", ERROR, _READER, "", "没有表头")
_is("TR-FILE-NO-COLUMN", ERROR, _READER, "", "缺必需的列")
_is("TR-FILE-NO-SHEET", ERROR, _READER, "", "没有这个工作表")
_is("TR-FILE-KIND", ERROR, _READER, "", "不是表格")
_is("TR-FILE-BROKEN", ERROR, _READER, "", "文件损坏")
_is("TR-FILE-OLD-EXCEL", ERROR, _READER, "", "旧版 .xls")
_is("TR-FILE-WEB-PAGE", ERROR, _READER, "", "改名为 .xls 的网页")
_is("TR-FILE-ENCRYPTED", ERROR, _READER, "", "加了密码")
_is("TR-FILE-TOO-LARGE", ERROR, _READER, "", "解压后过大")
_is("TR-FILE-TOO-MANY-ROWS", ERROR, _READER, "", "一次至多 200,000 行")
_is("TR-FILE-ENCODING", ERROR, _READER, "", "既不是 UTF-8 也不是 GB 18030")


def is_remark(code: str) -> bool:
    """Whether a reader may say this of a file."""
    return code in OF_ANY_TABLE and OF_ANY_TABLE[code].kind is Kind.READER


def remarks(said: Iterable[tuple[str, str]]) -> list[Finding]:
    """What the reader found out: code and what it is about, both checked before."""
    return [Finding(OF_ANY_TABLE[code], values={"about": about}) for code, about in said]


def blank_rows(numbers: Iterable[int]) -> list[Finding]:
    """The row numbers between those that were sent: blank rows, as "8" or "12-15"."""
    gaps = []
    for before, number in pairwise(numbers):
        if number > before + 1:
            gaps.append(str(before + 1) if number == before + 2 else f"{before + 1}-{number - 1}")
    if not gaps:
        return []
    shown = ", ".join(gaps[:MOST_NAMED]) + (" …" if len(gaps) > MOST_NAMED else "")
    return [Finding(FILE_GAPS, values={"rows": shown})]


def masked(column: str, text: str) -> str:
    """What stood in a cell, as a finding may show it: never a whole name, number, address or date of a person."""
    if column == "resident_id":
        return resident_id.mask(resident_id.normalise(text))
    if column in _NAMES:
        return f"{text.strip()[:1]}*"
    if column in PHONES:
        return "*" * min(len(text), 11)
    if len(text) <= 12 and text.isascii() and sum(each.isdigit() for each in text) < 6:
        return text
    return f"{text.strip()[:1]}{'*' * min(len(text.strip()) - 1, 8)}"
