"""Every condition of a file: one that has it, one that nearly does, and what is sent of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cli import workbook
from cli.columns import ROSTER
from cli.texts import t
from tests.cli.file_cases import FILES, HEADER, PERSON, Found


@pytest.fixture(autouse=True)
def chinese() -> None:
    t.speak("zh")


@pytest.mark.parametrize("code", FILES)
def test_a_file_that_has_it_and_a_file_that_nearly_has(code: str, tmp_path: Path) -> None:
    bad, good = FILES[code]
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    assert code in bad(tmp_path / "bad")
    assert code not in good(tmp_path / "good")


def test_a_plain_file_has_nothing(tmp_path: Path) -> None:
    makers: list[Callable[[Path], Found]] = [FILES["TR-FILE-TITLE"][1], FILES["TR-FILE-CHARSET"][1]]
    assert [make(tmp_path) for make in makers] == [[], []]


def rows(path: Path, sheet: str = "") -> list[tuple[int, dict[str, str], list[str]]]:
    with workbook.open_table(path, ROSTER, sheet) as table:
        return list(table.lines())


def test_columns_whose_digits_may_be_lost_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([*HEADER, "银行账号", "年龄", "鞋码"])
    sheet.append(["王样例", 1.10101199001011e17, 13800000001, 6222020000000070003, 36, 42])
    sheet.append([*PERSON, "6222020000000070003", "36"])
    sheet.append([None, "", "  "])
    book.save(tmp_path / "r.xlsx")
    first, second = rows(tmp_path / "r.xlsx")
    assert first[2] == ["resident_id", "bank_account"]
    assert first[1]["resident_id"] == "110101199001011000"
    assert first[1]["age"] == "36"
    assert second == (3, dict(zip(("full_name", "resident_id", "phone"), PERSON, strict=True))
                      | {"bank_account": "6222020000000070003", "age": "36"}, [])  # fmt: skip


def test_dates_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append([*HEADER, "出生日期"])
    sheet.append([*PERSON, (date(1990, 1, 1) - date(1904, 1, 1)).days])
    sheet.append([*PERSON, datetime(1990, 1, 1)])  # noqa: DTZ001
    book.save(tmp_path / "r.xlsx")
    assert [cells["birth_date"] for _, cells, _ in rows(tmp_path / "r.xlsx")] == ["32874", "1990-01-01"]


def test_a_sheet_that_is_named_is_read_even_when_it_is_hidden(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for number, name in enumerate(("一班", "二班", "旧")):
        sheet = book.worksheets[0] if number == 0 else book.create_sheet()
        sheet.title = name
        sheet.append(HEADER)
        sheet.append([f"王样{name}", *PERSON[1:]])
    book["旧"].sheet_state = "hidden"
    book.save(tmp_path / "r.xlsx")
    read = {name: rows(tmp_path / "r.xlsx", name)[0][1]["full_name"] for name in ("", "二班", "旧")}
    assert read == {"": "王样一班", "二班": "王样二班", "旧": "王样旧"}


def test_a_remark_shows_no_character_that_commands(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([*HEADER, "手机\u202e号"])
    sheet.append([*HEADER, "手机号\u200b"])
    book.save(tmp_path / "r.xlsx")
    with workbook.open_table(tmp_path / "r.xlsx", ROSTER) as table:
        assert all(about.isprintable() and len(about) <= 200 for _, about in table.remarks())


ALIASES: list[tuple[Any, str]] = [
    ("公民身份号码（18位）", "resident_id"),
    ("证件号码", "resident_id"),
    ("居民身份证号", "resident_id"),
    ("*联系 电话：", "phone"),
    ("学历", "education"),
    ("人员类型", "category"),
    ("就业失业登记证号码", "employment_card"),
    ("户口所在地区划", "household_division"),
    ("常住地址区划", "residence_division"),
    ("工作单位", "employer_name"),
    ("社会信用代码", "employer_credit_code"),
    ("是否参保", "insured"),
    ("工种", "occupation"),
    ("开户行", "bank_name"),
    ("银行卡号", "bank_account"),
    ("户名", "bank_account_name"),
    ("监护人电话", "emergency_phone"),
    ("学员签名", "signed"),
    ("E-mail", "email"),
]


@pytest.mark.parametrize(("title", "column"), ALIASES)
def test_the_usual_names_of_a_rosters_columns(title: str, column: str, tmp_path: Path) -> None:
    heading = [name for name, known in zip(HEADER, ROSTER, strict=False) if known != column] + [title]
    (tmp_path / "r.csv").write_text(",".join(heading) + "\n" + ",".join("a" * len(heading)), encoding="utf-8")
    with workbook.open_table(tmp_path / "r.csv", ROSTER) as table:
        assert column in table.layout.columns
        assert table.layout.unknown == []
        assert column not in table.missing
