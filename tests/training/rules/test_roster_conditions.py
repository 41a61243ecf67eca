"""Every condition of the registry: rows that have it, rows that have not, and what is said of it in both languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

import pytest

from services import host
from services.reference.conditions import Level
from services.training.rules.roster import CONDITIONS, TITLES, About, Finding, Kind, Row, Rows, read, whole
from tests.cli.file_cases import FILES
from tests.training.roster_outcomes import OUTCOMES
from tests.training.rules.roster_cases import CELLS, STORED, Case
from tests.training.rules.roster_row_cases import ROWS, Several
from tests.training.rules.roster_samples import CARD, CLEAN, FREE, PAID, Cells, compared

SENTENCES = {
    key: value
    for path in (host.HERE / "lookups.toml", host.HERE / "training/texts.toml")
    for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()
}
LEAST = 100  # conditions of cells, rows and the file that the service knows, apart from readers and outcomes


def read_cells(cells: Cells, about: About = FREE, numeric: Iterable[str] = (), row_number: int = 4) -> Row:
    return read(row_number, {key: text for key, text in cells.items() if text is not None}, frozenset(numeric), about)


def said(finding: Finding) -> list[str]:
    """The finding in both languages, with its values."""
    sentences = SENTENCES[finding.code]
    return [sentences[language].format_map(dict(finding.values)) for language in ("zh", "en")]


def codes(found: Iterable[Finding]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize("about", [FREE, About(FREE.today)], ids=["a class", "no class"])
def test_a_clean_row_has_nothing(about: About) -> None:
    assert codes(read_cells(CLEAN, about).findings) == []


@pytest.mark.parametrize("case", [*CELLS, *STORED], ids=lambda case: case.code)
def test_a_row_that_has_it_and_a_row_that_nearly_has(case: Case) -> None:
    bad = read_cells({**case.base, **case.bad}, case.about, case.bad_numbers)
    good = read_cells({**case.base, **case.good}, case.about, case.good_numbers)
    assert case.code in codes(bad.findings)
    assert case.code not in codes(good.findings)
    _proper(bad, case.bad)


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.code)
def test_rows_that_have_it_and_rows_that_nearly_have(case: Several) -> None:
    def having(rows: list[Row]) -> tuple[int, ...]:
        rows[:] = compared(rows)
        return tuple(place for place, row in enumerate(rows) if case.code in codes(row.findings))

    bad = [read_cells(cells, row_number=place) for place, cells in enumerate(case.bad)]
    good = [read_cells(cells, row_number=place) for place, cells in enumerate(case.good)]
    assert having(bad) == case.having
    assert having(good) == ()
    for row in bad:
        for finding in row.findings:
            said(finding)
            # every row of a clash names the others, never itself
            assert f"row {row.row_number}" not in finding.others


def _proper(row: Row, cells: Cells) -> None:
    """Each finding can be said, is about its own column, and shows nothing of a person."""
    for finding in row.findings:
        words = said(finding)
        columns = CONDITIONS[finding.code].columns
        assert finding.column in (*columns, "") or columns == ("*",)
        assert finding.column == "" or finding.column in TITLES
        for secret in (cells.get("resident_id") or "", cells.get("phone") or "", cells.get("bank_account") or ""):
            if len(secret) > 10 and secret.isdigit():
                assert all(secret not in each for each in (*words, finding.value))


WHOLE = {
    "TR-FILE-EMPTY": (whole.rows(Rows()), whole.rows(Rows([read_cells(CLEAN)]))),
    "TR-FILE-GAPS": (
        whole.rows(Rows([read_cells(CLEAN, row_number=each) for each in (4, 5, 7, 8, 12)])),
        whole.rows(Rows([read_cells(CLEAN, row_number=each) for each in (4, 5, 6)])),
    ),
    "TR-FILE-NUMBERS": (
        whole.rows(Rows([read_cells(CLEAN, numeric=("resident_id",))])),
        whole.rows(Rows([read_cells(CLEAN)])),
    ),
    "TR-FILE-ONE-FAULT": (
        whole.rows(Rows([read_cells({**CLEAN, "phone": "1"}, row_number=each) for each in range(5)])),
        whole.rows(
            Rows([read_cells(CLEAN if each else {**CLEAN, "phone": "1"}, row_number=each) for each in range(5)])
        ),
    ),
    "TR-COLUMN-UNKNOWN": (whole.columns(["鞋码"], [], False, "zh"), whole.columns([], [], False, "zh")),
    "TR-COLUMN-MISSING": (whole.columns([], ["sex"], False, "en"), whole.columns([], ["email"], False, "en")),
    "TR-COLUMN-WANTED": (whole.columns([], ["category"], True, "zh"), whole.columns([], ["category"], False, "zh")),
}


@pytest.mark.parametrize("code", WHOLE)
def test_a_file_that_has_it_and_a_file_that_has_not(code: str) -> None:
    bad, good = WHOLE[code]
    assert code in codes(bad)
    assert code not in codes(good)
    for finding in bad:
        said(finding)


def test_blank_rows_are_named() -> None:
    (finding,) = WHOLE["TR-FILE-GAPS"][0]
    assert finding.values == {"rows": "6, 9-11"}


def test_missing_columns_are_named_by_their_titles() -> None:
    (finding,) = whole.columns([], ["sex", "email", "education", "category"], False, "zh")
    assert finding.values == {"columns": "性别、文化程度"}
    wanted, other = whole.columns([], ["email", "category", "insured", "shoe"], True, "en")
    assert (wanted.values["columns"], other.values["columns"]) == ("Category", "Social insurance")


def test_every_condition_has_a_case_on_either_side() -> None:
    """A condition that is added without a row that has it, and one that has not, fails here."""
    cased = {case.code for case in CELLS} | {case.code for case in ROWS} | set(WHOLE) | set(FILES) | set(OUTCOMES)
    assert cased == set(CONDITIONS)
    by_kind = {kind: {code for code, each in CONDITIONS.items() if each.kind is kind} for kind in Kind}
    assert set(FILES) == by_kind[Kind.READER]
    assert by_kind[Kind.OUTCOME] <= set(OUTCOMES)


def test_no_condition_is_declared_for_a_case_alone() -> None:
    for case in [*CELLS, *STORED, *ROWS]:
        assert case.code in CONDITIONS


@pytest.mark.parametrize("code", CONDITIONS)
def test_every_condition_says_what_is_wrong_and_what_to_do(code: str) -> None:
    sentences = SENTENCES[code]
    assert re.search(r"[\u4e00-\u9fff]", sentences["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"如|[\u4e00-\u9fff]", "", sentences["en"]))
    assert sentences["zh"].endswith("。")
    assert sentences["en"].endswith(".")
    assert not re.search(r"(?<![A-Za-z0-9%}])[,;:?!](?![0-9])", sentences["zh"]), "full-width punctuation"
    assert re.fullmatch(r"TR(-[A-Z0-9]+)+", code)


def test_there_are_enough_and_most_conditions_block_or_want_a_reason() -> None:
    ours = [each for each in CONDITIONS.values() if each.kind not in (Kind.READER, Kind.OUTCOME)]
    assert len(ours) >= LEAST
    assert sum(each.level is not Level.NOTE for each in ours) > LEAST
    assert all(each.why for each in CONDITIONS.values())


def test_no_code_of_the_pack_is_a_code_of_a_row() -> None:
    from services.training.packs import Packs

    assert {rule.code for rule in Packs().current.rules}.isdisjoint(CONDITIONS)


def test_every_column_of_the_contract_is_looked_at() -> None:
    from liancai.training.v1 import rosters_pb2

    fields = [field.name for field in rosters_pb2.RosterRow.DESCRIPTOR.fields]
    assert set(TITLES) == set(fields) - {"row_number", "numeric_columns"}
    looked_at = {column for each in CONDITIONS.values() for column in each.columns}
    assert set(TITLES) <= looked_at


def test_a_whole_row_of_a_subsidised_class_is_clean() -> None:
    cells = {
        **CLEAN,
        "sex": "男",
        "birth_date": "1990-01-01",
        "age": "36",
        "ethnicity": "汉族",
        "education": "高中",
        "political_status": "群众",
        "category": "登记失业人员",
        "proof_kind": "就业创业证",
        "proof_number": "3701030018000001",
        "proof_date": "2026-11-01",
        "employment_card": "3701030018000001",
        "household_kind": "农业",
        "household_division": "371526",
        "residence_division": "371526001",
        "address": "高唐县鱼邱湖街道某村1号",
        "employment_status": "失业",
        "insured": "居民养老保险",
        "occupation": "电工",
        "skill_level": "四级/中级工",
        "class_number": "20261100001",
        "start_date": "2026-12-01",
        "end_date": "2026-12-31",
        "bank_name": "中国农业银行高唐县支行",
        "bank_account_name": "王样例",
        "bank_account": CARD,
        "email": "sample@example.com",
        "postcode": "252800",
        "emergency_contact": "王家人",
        "emergency_phone": "13900000001",
        "signed": "已签",
        "remark": "补交材料",
    }
    row = read_cells(cells, PAID)
    assert codes(row.findings) == []
    assert row.category == "UNE"
    assert row.proof == ("就业创业证", "3701030018000001")
