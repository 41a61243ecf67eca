"""An empty table to fill in: headings, cells that keep digits as text, lists to choose from, and what goes where."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cli.columns import COMMISSIONERS, ROSTER, Column
from cli.texts import t
from cli.verdicts import AUTHOR, as_text, save

CHOICES = Path(__file__).with_name("choices.toml")
ROWS = 2_000  # that the lists and checks reach
BASIC = (
    *("full_name", "resident_id", "phone", "sex", "ethnicity", "education", "political_status", "address"),
    *("emergency_contact", "emergency_phone", "signed", "remark"),
)
# what a subsidised class wants too; bank accounts are asked for only where money goes to the person
SUBSIDISED = (
    *("full_name", "resident_id", "phone", "sex", "category", "proof_kind", "proof_number", "proof_date"),
    *("employment_card", "ethnicity", "education", "political_status", "household_kind", "household_division"),
    *("residence_division", "address", "employment_status", "employer_name", "employer_credit_code", "insured"),
    *("emergency_contact", "emergency_phone", "signed", "remark"),
)
_WANTED = frozenset({"category", "proof_kind", "proof_number"})
# what a commissioner of any kind must have
_OF_ANY_KIND = frozenset(
    {"kind", "direction", "field", "home_unit_name", "division", "home_place", "days_a_year"},
)
_LENGTHS = {"resident_id": 18, "phone": 11, "employer_credit_code": 18, "home_unit_credit_code": 18}
_HEADING = PatternFill("solid", fgColor="FFD9E1F2")


@dataclass(frozen=True)
class Form:
    """A table to fill in: which of the known columns it has, those that must be filled, and where its words are."""

    sheet: str
    known: Mapping[str, Column]
    columns: Sequence[str]
    wanted: Collection[str]
    choices: Mapping[str, list[str]]
    howto: str = "howto"

    def title(self, name: str) -> str:
        """The heading of a column, with a star where it must be filled."""
        column = self.known[name]
        return t(column.title) + ("*" if column.required or name in self.wanted else "")

    def explanation(self, name: str) -> str:
        """What goes into a column; what is the same in every table is said once."""
        return t.word(f"{self.howto}.{name}", "") or t(f"howto.{name}")


def roster(subsidised: bool) -> Form:
    """A roster."""
    columns, wanted = (SUBSIDISED, _WANTED) if subsidised else (BASIC, frozenset[str]())
    return Form(t("template.sheet"), ROSTER, columns, wanted, choices("roster"))


def commissioners() -> Form:
    """A list of commissioners."""
    return Form(
        t("template.commissioners"), COMMISSIONERS, list(COMMISSIONERS), _OF_ANY_KIND, choices("commissioner"),
        "howto.commissioner",
    )  # fmt: skip


def write(target: Path, form: Form) -> None:
    """Writes the workbook: the table, a sheet that explains the columns, and a hidden one with the lists."""
    book = Workbook()
    sheet: Any = book.worksheets[0]
    sheet.title = form.sheet
    for position, name in enumerate(form.columns, start=1):
        _heading(sheet.cell(1, position), name, form)
        dimension = sheet.column_dimensions[get_column_letter(position)]
        dimension.width, dimension.number_format = 22, "@"
    sheet.freeze_panes = "A2"
    for rule, cells in _rules(book, form):
        rule.add(cells)
        sheet.add_data_validation(rule)
    _explain(book, form)
    save(book, target)


def _heading(cell: Any, name: str, form: Form) -> None:
    as_text(cell, form.title(name))
    cell.font, cell.fill = Font(bold=True), _HEADING
    cell.comment = Comment(form.explanation(name), AUTHOR, height=80, width=260)


def choices(table: str) -> dict[str, list[str]]:
    """What the cells of a column may be chosen from, by column."""
    found: dict[str, list[str]] = tomllib.loads(CHOICES.read_text(encoding="utf-8"))[table]
    return found


def _rules(book: Workbook, form: Form) -> Iterator[tuple[DataValidation, str]]:
    """Lists and lengths, each with the cells it holds for. A list is too long for a rule: it has its own cells."""
    lists: Any = book.create_sheet(t("template.lists"))
    lists.sheet_state = "hidden"
    known = form.choices
    for position, name in enumerate(form.columns, start=1):
        letter = get_column_letter(position)
        cells = f"{letter}2:{letter}{ROWS}"
        if name in known:
            for place, word in enumerate(known[name], start=1):
                as_text(lists.cell(place, position), word)
            source = f"'{lists.title}'!${letter}$1:${letter}${len(known[name])}"
            yield (
                DataValidation(
                    type="list", formula1=source, allow_blank=True, showErrorMessage=True, error=t("template.choice")
                ),
                cells,
            )
        elif name in _LENGTHS:
            yield (
                DataValidation(
                    type="textLength", operator="equal", formula1=str(_LENGTHS[name]), allow_blank=True,
                    showErrorMessage=True, error=t("template.length", length=_LENGTHS[name]),
                ),
                cells,
            )  # fmt: skip


def _explain(book: Workbook, form: Form) -> None:
    sheet: Any = book.create_sheet(t("template.notes"), 1)
    lines = [("", t("template.intro"))] + [(form.title(name), form.explanation(name)) for name in form.columns]
    for number, line in enumerate(lines, start=1):
        for position, words in enumerate(line, start=1):
            if words:
                as_text(sheet.cell(number, position), words).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 90
