"""The roster import over the wire, and the workbook that comes back."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from liancai.common.v1.types_pb2 import Finding
from liancai.training.v1 import rosters_pb2 as pb
from openpyxl.styles import Font, PatternFill

from cli import rosters, workbook
from cli.verdicts import RED, YELLOW, default_path

Run = Callable[..., Any]
HEADER = ("序号", "姓名", "公民身份号码", "联系电话", "性别")
PAYLOADS = ["=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(1)", "\t=1", "＝1"]


class Desk:
    """Answers imports: refuses rows whose number is written "bad", warns of those whose phone is "odd"."""

    def __init__(self, seen_before: bool = False) -> None:
        self.headers: list[Any] = []
        self.rows: list[Any] = []
        self.chunks: list[int] = []
        self.seen_before = seen_before

    def __call__(self, parts: Iterator[Any], context: Any) -> Iterator[Any]:
        kinds = []
        for part in parts:
            kinds.append(part.WhichOneof("part"))
            if kinds[-1] == "header":
                self.headers.append(part.header)
            elif kinds[-1] == "chunk":
                self.chunks.append(len(part.chunk.rows))
                self.rows += part.chunk.rows
                yield pb.ImportRosterResponse(progress=pb.ImportRosterResponse.Progress(received=len(self.rows)))
        if kinds[-1] != "end":
            import grpc

            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no end")
        verdicts = [self.verdict(row) for row in self.rows]
        for start in range(0, len(verdicts), 70):
            yield pb.ImportRosterResponse(verdicts=pb.ImportRosterResponse.Verdicts(rows=verdicts[start : start + 70]))
        refused = sum(verdict.result == pb.RowVerdict.REFUSED for verdict in verdicts)
        taken = 0 if self.seen_before else len(verdicts) - refused
        summary = pb.RosterSummary(
            rows=len(verdicts), enrolled=taken, refused=refused, changed=bool(taken), seen_before=self.seen_before,
            codes=[pb.RosterSummary.CodeCount(code="TR-ID-CHECKSUM", level=Finding.ERROR, rows=refused)],
        )  # fmt: skip
        yield pb.ImportRosterResponse(summary=summary)

    def verdict(self, row: Any) -> pb.RowVerdict:
        made = pb.RowVerdict(row_number=row.row_number, result=pb.RowVerdict.ENROLLED)
        if row.resident_id == "bad":
            made.result = pb.RowVerdict.REFUSED
            made.findings.add(level=Finding.ERROR, code="TR-ID-CHECKSUM", field="resident_id", message="=校验码不对")
            made.findings.add(level=Finding.ERROR, code="TR-DUPLICATE", message="与他行重复", others=["row 3"])
        if row.phone == "odd":
            made.findings.add(level=Finding.WARNING, code="TR-PHONE", field="phone", message="号段少见")
        return made


@pytest.fixture
def desk(server: Any) -> Desk:
    made = Desk()
    server.answers["ImportRoster"] = made
    return made


def roster(path: Path, *rows: Sequence[Any]) -> Path:
    """A workbook with a merged title, styled headings, a second sheet and formulas."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名单"
    sheet["A1"] = "花名册"
    sheet.merge_cells("A1:E1")
    for row in (HEADER, *rows):
        sheet.append(list(row))
    for cell in sheet[2]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFDDEEFF")
    other = book.create_sheet("汇总")
    other["A1"] = "=COUNTA(名单!B3:B99)"
    other["A2"] = "手写"
    book.save(path)
    return path


def rows_of(path: Path, sheet: str = "名单") -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def fill_of(path: Path, cell: str) -> str:
    found = openpyxl.load_workbook(path)["名单"][cell].fill
    return str(found.fgColor.rgb) if found.fill_type == "solid" else ""


def formulas(path: Path) -> set[tuple[str, str]]:
    book = openpyxl.load_workbook(path)
    cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
    return {(cell.parent.title, cell.coordinate) for cell in cells if cell.data_type == "f"}


def test_the_file_goes_out_and_comes_back_with_verdicts(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(
        tmp_path / "r.xlsx",
        (1, "张三", "110101199001010016", "13800000000", "男"),
        (2, "李四", "bad", "odd", "女"),
        (),
        (3, "王五", 1.10101199001011e17, 13800000001.0, None),
    )
    before = path.read_bytes()
    done = liancai("roster", "import", str(path), "--class", "7", "--mode", "valid-rows")
    assert done.code == 0, done.err
    (header,) = desk.headers
    assert header.class_name == "classes/7"
    assert header.mode == pb.ImportRosterRequest.Header.VALID_ROWS
    assert header.file_sha256 == hashlib.sha256(before).hexdigest()
    assert [(row.row_number, row.resident_id, row.phone) for row in desk.rows] == [
        (3, "110101199001010016", "13800000000"),
        (4, "bad", "odd"),
        (6, "110101199001011000", "13800000001"),
    ]
    assert path.read_bytes() == before
    made = tmp_path / "r-verdicts.xlsx"
    assert str(made) in done.err
    rows = rows_of(made)
    assert rows[1] == (*HEADER, "结果", "说明")
    assert rows[2][5:] == ("录取", None)
    assert rows[3][5] == "不收"
    assert rows[3][6].splitlines() == [
        "TR-ID-CHECKSUM =校验码不对", "TR-DUPLICATE 与他行重复", "TR-PHONE 号段少见",
    ]  # fmt: skip
    assert [fill_of(made, cell) for cell in ("C4", "D4", "F4", "C3", "B4")] == [RED, YELLOW, RED, "", ""]
    assert rows[5][5] == "录取"
    assert "TR-ID-CHECKSUM" in done.out


def test_the_users_own_things_stay(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "110101199001010016", "13800000000", "男"))
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    book = openpyxl.load_workbook(tmp_path / "r-verdicts.xlsx")
    assert book.sheetnames == ["名单", "汇总"]
    assert book["汇总"]["A1"].value == "=COUNTA(名单!B3:B99)"
    sheet = book["名单"]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:E1"]
    assert sheet["F2"].font.bold
    assert sheet["F2"].fill.fgColor.rgb == sheet["E2"].fill.fgColor.rgb == "FFDDEEFF"


def test_text_never_becomes_a_formula(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    book = openpyxl.load_workbook(roster(path))
    sheet = book["名单"]
    for number, payload in enumerate(PAYLOADS, start=3):
        for column, words in enumerate((payload, payload, "bad", payload, payload), start=1):
            cell = sheet.cell(number, column, words)
            cell.data_type = "s"  # text in the user's file
    book.save(path)
    before = formulas(path)
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    made = tmp_path / "r-verdicts.xlsx"
    assert formulas(made) == before == {("汇总", "A1")}
    assert [row[1] for row in rows_of(made)[2:]] == PAYLOADS
    assert [row.full_name for row in desk.rows] == PAYLOADS


def test_a_csv_comes_back_as_a_workbook_of_text(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = tmp_path / "名单.csv"
    with path.open("w", encoding="gbk", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["花名册"], [], HEADER])
        writer.writerows([[n, payload, "bad", "13800000000", "男"] for n, payload in enumerate(PAYLOADS)])
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    made = tmp_path / "名单-verdicts.xlsx"
    assert formulas(made) == set()
    rows = rows_of(made, "Sheet")
    assert rows[2] == (*HEADER, "结果", "说明")
    assert [row[1] for row in rows[3:]] == PAYLOADS
    assert all(isinstance(cell, str) for row in rows for cell in row if cell is not None)
    assert rows[3][5] == "预检：不收"


def test_a_second_run_overwrites_its_own_columns(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "bad", "odd", "男"))
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    first = tmp_path / "r-verdicts.xlsx"
    book = openpyxl.load_workbook(first)
    book["名单"]["C3"] = "110101199001010016"
    book["名单"]["D3"] = "13800000000"
    book.save(first)
    done = liancai("--lang", "en", "roster", "import", str(first), "--class", "7")
    assert done.code == 0
    assert list(desk.headers[1].unknown_columns) == []
    second = tmp_path / "r-verdicts-2.xlsx"
    rows = rows_of(second)
    assert rows[1] == (*HEADER, "Result", "Findings")
    assert rows[2][5:] == ("would be enrolled", None)
    assert [fill_of(second, cell) for cell in ("C3", "D3", "F3")] == ["", "", ""]
    assert fill_of(second, "C2") == "FFDDEEFF"


def test_cells_beyond_the_header_are_not_written_over(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "bad", "1", "男", None, "旁注"))
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    rows = rows_of(tmp_path / "r-verdicts.xlsx")
    assert rows[2][6:8] == ("旁注", "预检：不收")


def test_merged_notes_below_the_table_do_no_harm(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "bad", "1", "男"), ("", "填表人：某某"))
    book = openpyxl.load_workbook(path)
    book["名单"].merge_cells("B4:H5")
    book.save(path)
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    assert rows_of(tmp_path / "r-verdicts.xlsx")[3][1] == "填表人：某某"


def test_rows_go_in_chunks(desk: Desk, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "CHUNK", 100)
    path = tmp_path / "r.csv"
    path.write_text("姓名,身份证号,手机\n" + "a,b,c\n" * 250, encoding="utf-8")
    done = liancai("roster", "import", str(path), "--class", "7", "--format", "json", "-o", str(tmp_path / "o.xlsx"))
    assert desk.chunks == [100, 100, 50]
    assert json.loads(done.out)["rows"] == 250
    assert len(rows_of(tmp_path / "o.xlsx", "Sheet")) == 251


def test_what_the_command_says_and_exits_with(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    bad = str(roster(tmp_path / "bad.xlsx", (1, "张三", "bad", "1", "男")))
    good = str(roster(tmp_path / "good.xlsx", (1, "张三", "x", "1", "男")))

    def run(path: str, mode: str) -> tuple[int, str]:
        desk.rows.clear()
        done = liancai("roster", "import", path, "--class", "7", "--mode", mode)
        return done.code, done.err

    assert run(bad, "valid-rows")[0] == 0
    code, said = run(bad, "all-or-nothing")
    assert (code, "什么都没有保存" in said) == (1, True)
    assert run(good, "all-or-nothing")[0] == 0
    assert "仅预检" in run(good, "check")[1]
    desk.seen_before = True
    code, said = run(good, "valid-rows")
    assert (code, "以前导入过" in said) == (0, True)


def test_unknown_columns_are_sent_for_the_summary_to_name(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("姓名,身份证号,手机,民族,鞋码\na,b,c,汉,42\n", encoding="utf-8")
    assert liancai("roster", "import", str(path), "--class", "7").code == 0
    assert list(desk.headers[0].unknown_columns) == ["鞋码"]
    assert "sex" in desk.headers[0].missing_columns
    assert "ethnicity" not in desk.headers[0].missing_columns
    assert desk.rows[0].ethnicity == "汉"


def test_a_fault_of_the_file_ends_the_import(
    desk: Desk, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 1500)
    path = tmp_path / "r.csv"
    path.write_text("姓名,身份证号,手机\n" + "a,b,c\n" * 1501, encoding="utf-8")
    done = liancai("roster", "import", str(path), "--class", "7", "--mode", "valid-rows")
    assert done.code == 2
    assert "超过 1500 行" in done.err
    assert not (tmp_path / "r-verdicts.xlsx").exists()


def test_a_refused_import(server: Any, liancai: Run, tmp_path: Path) -> None:
    import grpc

    def refuse(parts: Iterator[Any], context: Any) -> Iterator[Any]:
        next(parts)
        context.abort(grpc.StatusCode.NOT_FOUND, "no such class")
        yield

    server.answers["ImportRoster"] = refuse
    path = roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男"))
    done = liancai("roster", "import", str(path), "--class", "7")
    assert (done.code, "no such class" in done.err) == (1, True)
    server.answers["ImportRoster"] = lambda *_: iter(())
    done = liancai("roster", "import", str(path), "--class", "7")
    assert (done.code, "没有给出汇总" in done.err) == (1, True)


def test_progress_on_a_terminal(desk: Desk, server: Any, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男"))
    ours, theirs = os.openpty()
    command = [
        sys.executable,
        "-m",
        "cli",
        "--target",
        server.target,
        "roster",
        "import",
        str(path),
        "--class",
        "7",
    ]
    with os.fdopen(ours, "rb", buffering=0) as terminal, os.fdopen(theirs, "wb") as end:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=end, check=False, env=os.environ)
        said = terminal.read(100_000).decode()
    assert done.returncode == 0
    assert "核验中" in said
    assert "核验中" not in done.stdout.decode()


@pytest.mark.parametrize("output", ["r.xlsx", "none/o.xlsx", "o.csv"])
def test_where_it_cannot_be_written_nothing_is_sent(desk: Desk, liancai: Run, tmp_path: Path, output: str) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男"))
    done = liancai("roster", "import", str(path), "--class", "7", "--output", str(tmp_path / output))
    assert done.code == 2
    assert desk.headers == []


def test_a_missing_file_or_column_is_usage(liancai: Run, tmp_path: Path) -> None:
    done = liancai("roster", "import", str(tmp_path / "none.xlsx"), "--class", "7")
    assert (done.code, "none.xlsx" in done.err) == (2, True)
    (tmp_path / "r.csv").write_text("姓名,身份证号\na,b\n", encoding="utf-8")
    done = liancai("roster", "import", str(tmp_path / "r.csv"), "--class", "7")
    assert (done.code, "联系电话" in done.err) == (2, True)


def test_the_name_of_the_annotated_workbook(tmp_path: Path) -> None:
    assert default_path(tmp_path / "a.csv").name == "a-verdicts.xlsx"
    (tmp_path / "a-verdicts.xlsx").touch()
    assert default_path(tmp_path / "a.csv").name == "a-verdicts-2.xlsx"
    assert default_path(tmp_path / "a-verdicts.xlsx").name == "a-verdicts-2.xlsx"
