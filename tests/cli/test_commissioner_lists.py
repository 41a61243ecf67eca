"""Lists of commissioners over the wire, the workbook that comes back, the template, and the list written to a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from liancai.common.v1.types_pb2 import Finding
from liancai.placement.v1 import commissioners_pb2
from liancai.placement.v1 import imports_pb2 as pb

from cli import commissioner_lists, show, templates, workbook
from cli.columns import COMMISSIONERS
from cli.commissioners import NEVER_SHOWN
from cli.texts import words
from cli.verdicts import RED
from services.placement.rules import listing
from services.placement.rules.listing.words import CHOICES

Run = Callable[..., Any]
HEADER = ("序号", "姓名", "身份证号码", "学科", "统一社会信用代码", "职称", "鞋码")
GOOD = (1, "张三", "110101199001010016", "21020=2", "12370103495573002X", "农艺师", 42)
Asked = pb.ImportCommissionersRequest


def a_list(path: Path, *rows: Sequence[Any], header: Sequence[str] = HEADER) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名册"
    sheet["A1"] = "科技特派员名册"
    sheet.merge_cells("A1:F1")
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def answer(request: Asked, _: Any) -> pb.ImportCommissionersResponse:
    """Refuses the number written "bad"."""
    made = pb.ImportCommissionersResponse(summary=pb.CommissionersSummary(rows=len(request.rows)))
    for row in request.rows:
        verdict = made.verdicts.add(row_number=row.row_number, result=pb.CommissionerVerdict.APPLIED)
        if row.resident_id == "bad":
            verdict.result = pb.CommissionerVerdict.REFUSED
            verdict.findings.add(level=Finding.ERROR, code="TR-ID-LENGTH", field="resident_id", message="=位数不对")
    made.summary.refused = sum(each.result == pb.CommissionerVerdict.REFUSED for each in made.verdicts)
    if request.mode == Asked.ALL_OR_NOTHING and made.summary.refused:
        made.summary.not_taken = made.summary.rows - made.summary.refused
    else:
        made.summary.applied = made.summary.rows - made.summary.refused
        made.summary.changed = request.mode != Asked.CHECK_ONLY
    return made


def test_the_file_goes_out_and_comes_back_with_verdicts(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ImportCommissioners"] = answer
    path = a_list(tmp_path / "m.xlsx", GOOD, (2, "李四", "bad", *GOOD[3:]), (3, "王五", 1.10101199001011e17, *GOOD[3:]))
    done = liancai("commissioner", "import", path, "--mode", "valid-rows", "--request-id", "again-0001")
    assert done.code == 0, done.err
    (request,) = server.requests("ImportCommissioners")
    assert (request.mode, request.request_id) == (Asked.VALID_ROWS, "again-0001")
    assert [(row.row_number, row.full_name, row.resident_id) for row in request.rows] == [
        (3, "张三", "110101199001010016"), (4, "李四", "bad"), (5, "王五", "110101199001011000"),
    ]  # fmt: skip
    assert (request.rows[0].disciplines, request.rows[0].title) == ("21020=2", "农艺师")
    assert list(request.rows[2].numeric_columns) == ["resident_id"]
    assert list(request.unknown_columns) == ["鞋码"]
    assert {"kind", "division", "days_a_year"} <= set(request.missing_columns)
    assert [(each.code, each.about) for each in request.remarks] == [("TR-FILE-TITLE", "1")]
    sheet = openpyxl.load_workbook(tmp_path / "m-verdicts.xlsx")["名册"]
    assert [cell.value for cell in sheet[2]][-2:] == ["结果", "说明"]
    assert [sheet.cell(row, 8).value for row in (3, 4, 5)] == ["申报", "不收", "申报"]
    assert (sheet["I4"].value, sheet["I4"].data_type) == ("TR-ID-LENGTH =位数不对", "s")
    assert sheet["C4"].fill.fgColor.rgb == RED
    assert "A1:F1" in [str(area) for area in sheet.merged_cells.ranges]
    assert "recommend" in done.err


def test_a_check_is_what_is_made_unless_asked_and_says_so(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ImportCommissioners"] = answer
    path = a_list(tmp_path / "m.xlsx", GOOD)
    done = liancai("commissioner", "import", path, "-o", tmp_path / "back.xlsx")
    assert done.code == 0
    assert server.requests("ImportCommissioners")[0].mode == Asked.CHECK_ONLY
    assert "--mode valid-rows" in done.err
    assert openpyxl.load_workbook(tmp_path / "back.xlsx")["名册"].cell(3, 8).value == "预检：申报"


def test_a_csv_of_a_chinese_office_comes_back_as_a_workbook(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ImportCommissioners"] = answer
    path = tmp_path / "名册.csv"
    with path.open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows([["科技特派员名册"], HEADER, GOOD])
    assert liancai("commissioner", "import", path).code == 0
    assert "TR-FILE-CHARSET" in [each.code for each in server.requests("ImportCommissioners")[0].remarks]
    assert openpyxl.load_workbook(tmp_path / "名册-verdicts.xlsx").active.cell(3, 8).value == "预检：申报"


def test_all_or_nothing_that_took_nothing_is_a_failure(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ImportCommissioners"] = answer
    path = a_list(tmp_path / "m.xlsx", GOOD, (2, "李四", "bad", *GOOD[3:]))
    assert liancai("commissioner", "import", path, "--mode", "all-or-nothing").code == 1
    assert (tmp_path / "m-verdicts.xlsx").exists()


@pytest.mark.parametrize(
    ("rows", "header", "more", "code"),
    [
        ([GOOD], ("姓名", "身份证号码"), (), "TR-FILE-NO-HEADER"),
        ([GOOD] * 3, HEADER, (), "TR-FILE-TOO-MANY-ROWS"),
        ([GOOD], HEADER, ("--mode", "threshold"), "threshold"),
        ([GOOD], HEADER, ("--sheet", "没有"), "TR-FILE-NO-SHEET"),
    ],
)
def test_what_cannot_be_read_is_not_sent(
    server: Any,
    liancai: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Any,
    header: Any,
    more: Any,
    code: str,
) -> None:
    monkeypatch.setattr(commissioner_lists, "MOST_ROWS", 2)
    done = liancai("commissioner", "import", a_list(tmp_path / "m.xlsx", *rows, header=header), *more)
    assert done.code == 2
    assert code in done.err
    assert not server.calls
    assert not (tmp_path / "m-verdicts.xlsx").exists()


# ---- the template ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_filled_into_the_template_is_what_the_server_reads(run: Run, tmp_path: Path, language: str) -> None:
    path = tmp_path / "template.xlsx"
    assert run("--lang", language, "commissioner", "template", path).code == 0
    assert run("commissioner", "template", path).code == 2, "a file that is there is not replaced"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    assert len(sheet.data_validations.dataValidation) == len(templates.choices("commissioner")) + 3
    for column, (name, known) in enumerate(COMMISSIONERS.items(), start=1):
        offered = templates.choices("commissioner").get(name)
        sheet.cell(2, column, offered[0] if offered else f"{name}")
        assert sheet.cell(1, column).comment, known
    book.save(path)
    with workbook.open_table(path, COMMISSIONERS) as table:
        assert list(table.layout.columns) == list(COMMISSIONERS)
        request = commissioner_lists.asked(table)
    assert not request.unknown_columns
    assert not request.missing_columns
    cells = {name: getattr(request.rows[0], name) for name in listing.TITLES}
    assert all(cells.values())
    row = listing.read(2, cells, ())
    assert {each.column for each in row.findings} == {"leader", "members", "disciplines", "days_a_year"}


def test_every_choice_of_the_template_is_a_word_the_server_knows() -> None:
    offered = templates.choices("commissioner")
    assert set(offered) == set(CHOICES)
    for column, names in offered.items():
        known = CHOICES[column][0]
        meant = [known[name] for name in names]
        assert len(set(meant)) == len(meant)


def test_the_columns_of_the_client_are_those_of_the_server() -> None:
    assert list(COMMISSIONERS) == list(listing.TITLES)
    for place, language in enumerate(("zh", "en")):
        known = words(language)
        for name, column in COMMISSIONERS.items():
            assert workbook.normalised(known[column.title]) in column.names, name
            assert known[column.title] == listing.TITLES[name][place] or name in ("full_name", "resident_id", "phone")
            assert known[f"howto.commissioner.{name}"]
    names = [name for column in COMMISSIONERS.values() for name in column.names]
    assert len(names) == len(set(names))
    assert all(workbook.normalised(name) == name for name in names)


# ---- the list as a file ----------------------------------------------------------------------------


def a_commissioner() -> commissioners_pb2.Commissioner:
    made = commissioners_pb2.Commissioner
    skills = [commissioners_pb2.Discipline(code=code, level=level) for code, level in (("210", 2), ("21020", 3))]
    away = commissioners_pb2.Absence(first_day="2026-12-01", last_day="2026-12-05")
    return made(
        name="commissioners/20261100001", state=made.FILED, kind=made.INDIVIDUAL, direction=made.FORWARD,
        field=made.AGRICULTURE, masked_name="张*", masked_resident_id="110101********0016", masked_phone="138****0000",
        disciplines=skills,
        home_unit_credit_code="123701034955730028", home_unit_name="=HYPERLINK(1)", title=made.SENIOR,
        education=made.DOCTOR, division="370103", partner_division="371526", home_place="371526001", days_a_year=40,
        unavailable_weekdays=[6, 7], absences=[away],
        certificate_number="鲁科特-1", term_start="2026-11-23", term_end="2029-11-22", etag='"3"',
    )  # fmt: skip


@pytest.mark.parametrize("verb", [["list"], ["search", "zs"]])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "json"])
def test_an_export_has_everything_that_is_shown_and_nothing_that_is_not(
    server: Any, liancai: Run, tmp_path: Path, verb: list[str], suffix: str
) -> None:
    found = commissioners_pb2.ListCommissionersResponse(commissioners=[a_commissioner()])
    server.answers |= {"ListCommissioners": lambda *_: found, "SearchCommissioners": lambda *_: found}
    target = tmp_path / f"名册.{suffix}"
    assert liancai("commissioner", *verb, "--export", target).code == 0
    fields = [each.name for each in commissioners_pb2.Commissioner.DESCRIPTOR.fields]
    wanted = [name for name in fields if name not in (*NEVER_SHOWN, "etag")]
    if suffix == "json":
        (row,) = json.loads(target.read_text(encoding="utf-8"))
        assert list(row) == wanted
        assert row["disciplines"] == [{"code": "210", "level": 2}, {"code": "21020", "level": 3}]
        assert (row["state"], row["days_a_year"], row["masked_name"]) == ("FILED", 40, "张*")
        assert row["absences"] == [{"first_day": "2026-12-01", "last_day": "2026-12-05"}]
        return
    if suffix == "csv":
        with target.open(encoding="utf-8-sig", newline="") as file:
            heads, line = csv.reader(file)
    else:
        heads, line = openpyxl.load_workbook(target).active.iter_rows(values_only=True)
    assert list(heads) == [show.heading(name, "Commissioner") for name in wanted]
    row = dict(zip(wanted, line, strict=True))
    assert row["disciplines"] == "210=2\n21020=3"
    assert row["absences"] == "2026-12-01..2026-12-05"
    assert str(row["days_a_year"]) == "40"
    assert row["home_unit_name"] == ("'=HYPERLINK(1)" if suffix == "csv" else "=HYPERLINK(1)")
    assert row["home_unit_credit_code"] == ("'" if suffix == "csv" else "") + "123701034955730028"


def test_an_empty_list_is_an_empty_array(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ListCommissioners"] = lambda *_: commissioners_pb2.ListCommissionersResponse()
    target = tmp_path / "a.json"
    assert liancai("commissioner", "list", "--export", target).code == 0
    assert json.loads(target.read_text(encoding="utf-8")) == []
