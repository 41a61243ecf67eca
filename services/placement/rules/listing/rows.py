"""Reads a row of a list of commissioners, and holds rows against one another."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.placement.rules.listing import conditions as c
from services.placement.rules.listing.columns import TITLES
from services.placement.rules.listing.words import AMBIGUOUS, CHOICES
from services.reference import divisions
from services.reference.conditions import (
    CELL_DITTO,
    CELL_EXCEL_ERROR,
    CELL_TOO_LONG,
    COLUMN_MISSING,
    FILE_EMPTY,
    Condition,
    Finding,
    Level,
    blank_rows,
    masked,
)
from services.reference.text import DITTO, EXCEL_ERRORS, NOTHING, compact

LONGEST_CELL = 200  # characters
MOST_SKILLS = 40  # that are read of a cell: more than an application may have
MOST_NAMED = 20  # other rows in one finding
_SHOWN = 40  # characters of a title
_AS_IT_STANDS = frozenset({"full_name", "resident_id", "phone", "home_unit_credit_code"})
_ON_ONE_LINE = frozenset({"group_name", "home_unit_name"})
_BETWEEN = re.compile(r"[、,，;；\s]+")
_SKILL = re.compile(r"([0-9]{3,7})[=:/(-]([0-9])级?\)?")
_POINTS = re.compile(r"(?<=[0-9])\.(?=[0-9])")
_DAYS = re.compile(r"([0-9]{1,4})(?:\.0+)?天?")
_NUMBER = re.compile(r"(?:commissioners/)?([0-9]{11,16})")


@dataclass(slots=True, repr=False)
class Row:
    """A row that was read: its cells, and in `values` what they mean by the contract's names of fields. Personal.

    `disciplines` are pairs of code and level, `leader` and `members` numbers of the register. What a choice means is a
    name of the contract's enum, "" where the cell says nothing.
    """

    row_number: int
    cells: Mapping[str, str]
    numeric: Collection[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unreadable: bool = False  # a cell that is too long says enough of the row

    def wrong(self, condition: Condition, column: str = "", *others: str, **values: str | int) -> None:
        """Notes a finding."""
        said = {key: str(each) for key, each in values.items()}
        text = self.cells.get(column, "")
        self.findings.append(Finding(condition, column, masked(column, text) if text else "", others, said))

    def spoilt(self, column: str) -> bool:
        """Whether the cell was found to be wrong already."""
        return any(each.column == column and each.level is Level.ERROR for each in self.findings)

    @property
    def refused(self) -> bool:
        """Whether anything found keeps it out."""
        return any(each.level is Level.ERROR for each in self.findings)


def read(row_number: int, cells: Mapping[str, str], numeric: Collection[str]) -> Row:
    """Reads a row of filled cells by column; `numeric` names those whose cell was stored as a number."""
    row = Row(row_number, cells, numeric)
    for column, raw in cells.items():
        if len(raw) > LONGEST_CELL:
            row.wrong(CELL_TOO_LONG, column, longest=LONGEST_CELL)
            row.unreadable = True
    if row.unreadable:
        return row
    for column in TITLES:
        _read(row, column, cells.get(column, ""))
    number = compact(cells.get("resident_id", ""))
    if "resident_id" in numeric and len(number) == 18 and number.endswith("000"):
        row.wrong(c.CONDITIONS["TR-ID-EXCEL"], "resident_id")
    return row


def _read(row: Row, column: str, raw: str) -> None:
    text = " ".join(unicodedata.normalize("NFKC", raw).split())
    if text in NOTHING and column not in CHOICES:
        text = ""
    if text in DITTO:
        row.wrong(CELL_DITTO, column)
    elif text.upper() in EXCEL_ERRORS:
        row.wrong(CELL_EXCEL_ERROR, column)
    elif column in CHOICES:
        row.values[column] = _choice(row, column, text)
    elif column in _AS_IT_STANDS:
        row.values[column] = raw.strip() if text else ""
    elif column in _ON_ONE_LINE:
        row.values[column] = " ".join(raw.split()) if text else ""
    elif column == "disciplines":
        row.values[column] = _skills(row, text)
    elif column in ("leader", "members"):
        _register_numbers(row, column, text)
    elif column == "days_a_year":
        found = _DAYS.fullmatch(text)
        if text and found is None:
            row.wrong(c.DAYS_UNREADABLE, column)
        row.values[column] = int(found[1]) if found else 0
    else:
        row.values[column] = _place(row, column, text.removesuffix(".0"))


def _choice(row: Row, column: str, text: str) -> str:
    """The enum's name that a word stands for."""
    known, offered = CHOICES[column]
    word = text.replace(" ", "").lower()
    if not word or (word in NOTHING and word not in known):
        return ""
    value = known.get(word, "")
    if value == AMBIGUOUS:
        row.wrong(c.WORD_GRADE, column, allowed=offered)
        return ""
    if not value:
        row.wrong(c.WORD_UNKNOWN, column, allowed=offered)
    return value


def _skills(row: Row, text: str) -> list[tuple[str, int]]:
    """Codes with levels: "21020=2、210.30(1级)"."""
    words = [each for each in _BETWEEN.split(_POINTS.sub("", text)) if each]
    found = [_SKILL.fullmatch(each) for each in words[:MOST_SKILLS]]
    if None in found:
        row.wrong(c.SKILL_UNREADABLE, "disciplines", place=found.index(None) + 1)
        return []
    return [(each[1], int(each[2])) for each in found if each]


def _register_numbers(row: Row, column: str, text: str) -> None:
    words = [each for each in _BETWEEN.split(text) if each]
    found = [_NUMBER.fullmatch(each) for each in words]
    if None in found or (column == "leader" and len(words) > 1):
        row.wrong(c.NUMBER_UNREADABLE, column)
        found = []
    numbers = [f"commissioners/{each[1]}" for each in found if each]
    row.values[column] = numbers if column == "members" else "".join(numbers)


def _place(row: Row, column: str, text: str) -> str:
    """The code of a place: as it stands, or of a name that only one has."""
    if not text or text.isascii():
        return text
    found = divisions.codes_of(text.replace(" ", ""))
    if len(found) != 1:
        row.wrong(c.PLACE_NAME, column)
        return ""
    return found[0]


# ---- rows against one another ----------------------------------------------------------------------


def compare(rows: Sequence[tuple[Row, str]]) -> None:
    """Adds what rows say of one another to their findings; each comes with its identity number, "" for none.

    Of one person, or one team or unit by the name it has in its home unit, the first row counts; of one number
    under two names none does.
    """
    for same in _alike(rows):
        one_name = len({_name_of(row, "full_name") for row in same}) == 1
        said = (c.ROW_DUPLICATE_KEPT, c.ROW_DUPLICATE) if one_name else (c.ROW_DUPLICATE_NAME,) * 2
        _clash(same, said, "resident_id")
    for same in _alike((row, _group(row)) for row, _ in rows):
        _clash(same, (c.GROUP_DUPLICATE_KEPT, c.GROUP_DUPLICATE), "group_name")


def _alike(keyed: Iterable[tuple[Row, str]]) -> Iterable[list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row, key in keyed:
        if key:
            groups[key].append(row)
    return [same for same in groups.values() if len(same) > 1]


def _name_of(row: Row, column: str) -> str:
    return compact(str(row.values.get(column, "")))


def _group(row: Row) -> str:
    """What two rows of one team, or of one unit, have in common."""
    name, unit = _name_of(row, "group_name"), _name_of(row, "home_unit_credit_code")
    return f"{row.values['kind']} {unit} {name}" if name and unit and row.values.get("kind") else ""


def _clash(same: Sequence[Row], conditions: tuple[Condition, Condition], column: str) -> None:
    for place, row in enumerate(same):
        others = [str(other.row_number) for other in same if other is not row][:MOST_NAMED]
        row.wrong(conditions[place > 0], column, *(f"row {each}" for each in others), rows=", ".join(others))


# ---- the file --------------------------------------------------------------------------------------


def whole(numbers: Sequence[int], unknown: Sequence[str], missing: Sequence[str], language: str) -> list[Finding]:
    """What the header and the numbers of the rows let see."""
    place = 0 if language == "zh" else 1
    join: Callable[[Iterable[str]], str] = ("、" if language == "zh" else ", ").join
    found = [] if numbers else [Finding(FILE_EMPTY)]
    if unknown:
        found.append(Finding(c.COLUMN_UNKNOWN, values={"columns": join(each[:_SHOWN] for each in unknown)}))
    if known := [TITLES[each][place] for each in missing if each in TITLES]:
        found.append(Finding(COLUMN_MISSING, values={"columns": join(known)}))
    return [*found, *blank_rows(numbers)]
