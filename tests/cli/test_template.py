"""The empty roster: what is in it, and that it can be read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cli import templates, workbook
from cli.columns import ROSTER
from cli.texts import t, words
from services.reference import codelists
from services.training.rules.roster import TITLES, read
from services.training.rules.roster.draft import About
from tests.training.rules.roster_samples import CLEAN, TODAY

Run = Callable[..., Any]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("subsidised", [False, True])
def test_the_template_can_be_imported(run: Run, tmp_path: Path, language: str, subsidised: bool) -> None:
    path = tmp_path / "template.xlsx"
    more = ["--subsidised"] if subsidised else []
    assert run("--lang", language, "roster", "template", *more, str(path)).code == 0
    with workbook.open_table(path, ROSTER) as table:
        assert list(table.layout.columns) == list(templates.SUBSIDISED if subsidised else templates.BASIC)
        assert (table.layout.unknown, table.layout.twice) == ([], [])
        assert list(table.rows()) == list(table.lines()) == []
    assert run("roster", "template", str(path)).code == 2  # it is there already
    t.speak("zh")


def test_what_is_in_the_template(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    assert run("roster", "template", "--subsidised", str(path)).code == 0
    book = openpyxl.load_workbook(path)
    assert [(sheet.title, sheet.sheet_state) for sheet in book] == [
        ("花名册", "visible"), ("填写说明", "visible"), ("选项", "hidden"),
    ]  # fmt: skip
    sheet = book["花名册"]
    headings = [cell.value for cell in sheet[1]]
    assert headings[:3] == ["姓名*", "公民身份号码*", "联系电话*"]
    assert "人员类别*" in headings
    assert all(cell.comment is not None for cell in sheet[1])
    # digits stay text in every column
    letters = [cell.column_letter for cell in sheet[1]]
    assert all(sheet.column_dimensions[letter].number_format == "@" for letter in letters)
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    category = sheet.cell(1, headings.index("人员类别*") + 1).column_letter
    rule = rules[f"{category}2:{category}2000"]
    assert rule.formula1 == f"'选项'!${category}$1:${category}$15"
    assert [book["选项"][f"{category}{row}"].value for row in (1, 15)] == ["脱贫人口", "其他"]
    assert rules["B2:B2000"].formula1 == "18"
    notes = [row[0].value for row in book["填写说明"].iter_rows()]
    assert notes[1:] == headings


def test_the_lists_are_those_of_the_server() -> None:
    """What can be chosen in the template is what the server takes, in both directions."""
    for column, offered in templates.choices("roster").items():
        if column == "category":
            known = [each.name for each in codelists.categories()]
        elif column == "sex":
            known = ["男", "女"]
        else:
            known = [each.name for each in codelists.entries(column)]
        assert offered == known


def test_every_choice_of_the_template_is_taken() -> None:
    for column, offered in templates.choices("roster").items():
        for word in offered:
            row = read(4, {**{k: str(v) for k, v in CLEAN.items()}, column: word}, (), About(TODAY))
            assert not [each.code for each in row.findings if each.code.endswith("-UNKNOWN")], (column, word)


def test_the_columns_of_the_client_are_those_of_the_server() -> None:
    assert list(ROSTER) == list(TITLES)
    for language in ("zh", "en"):
        known = words(language)
        for name, column in ROSTER.items():
            assert workbook.normalised(known[column.title]) in column.names, name
            assert known[f"howto.{name}"]


def test_no_name_means_two_columns() -> None:
    names = [name for column in ROSTER.values() for name in column.names]
    assert len(names) == len(set(names))
    assert all(workbook.normalised(name) == name for name in names)
