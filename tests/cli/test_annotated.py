"""The file that comes back: comments, CSV, and rosters too large to be held as a whole; and what the options send."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from liancai.training.v1 import rosters_pb2 as pb
from openpyxl.comments import Comment

from cli import verdicts
from tests.cli.test_import import HEADER, PAYLOADS, Desk, fill_of, formulas, roster, rows_of

Run = Callable[..., Any]
Header = pb.ImportRosterRequest.Header


@pytest.fixture
def desk(server: Any) -> Desk:
    made = Desk()
    server.answers["ImportRoster"] = made
    return made


def comments(path: Path) -> dict[str, str]:
    sheet = openpyxl.load_workbook(path)["名单"]
    return {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}


def test_a_red_cell_says_why_in_a_comment(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "bad", "odd", "男"), (2, "李四", "x", "1", "女"))
    assert liancai("roster", "check", str(path), "--class", "7").code == 0
    made = tmp_path / "r-verdicts.xlsx"
    assert comments(made) == {"C3": "TR-ID-CHECKSUM =校验码不对", "D3": "TR-PHONE 号段少见"}
    # corrected and sent again: ours are gone
    book = openpyxl.load_workbook(made)
    book["名单"]["C3"], book["名单"]["D3"] = "x", "1"
    book.save(made)
    assert liancai("roster", "check", str(made), "--class", "7").code == 0
    assert comments(tmp_path / "r-verdicts-2.xlsx") == {}


def test_a_comment_of_the_users_own_stays(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "bad", "1", "男"))
    book = openpyxl.load_workbook(path)
    book["名单"]["C3"].comment = Comment("问过本人", "经办人")
    book["名单"]["B3"].comment = Comment("转班来的", "经办人")
    book.save(path)
    assert liancai("roster", "check", str(path), "--class", "7").code == 0
    assert comments(tmp_path / "r-verdicts.xlsx") == {"C3": "问过本人", "B3": "转班来的"}


def test_only_so_many_comments(desk: Desk, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST_COMMENTS", 2)
    path = roster(tmp_path / "r.xlsx", *[(n, "张三", "bad", "1", "男") for n in range(5)])
    assert liancai("roster", "check", str(path), "--class", "7").code == 0
    made = tmp_path / "r-verdicts.xlsx"
    assert len(comments(made)) == 2
    assert all("TR-ID-CHECKSUM" in row[6] for row in rows_of(made)[2:])


def test_a_csv_comes_back_as_a_csv_when_asked(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path, made = tmp_path / "r.csv", tmp_path / "back.csv"
    with path.open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows(
            [["花名册"], HEADER, *([n, words, "bad", "1", "男"] for n, words in enumerate(PAYLOADS))]
        )
    assert liancai("roster", "check", str(path), "--class", "7", "-o", str(made)).code == 0
    with made.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1] == [*HEADER, "结果", "说明"]
    assert rows[0][0] == "花名册"
    for row, words in zip(rows[2:], PAYLOADS, strict=True):
        assert row[1] == f"'{words}" or not words.startswith(("=", "+", "-", "@", "\t", "＝"))
        assert row[5] == "预检：不收"
        assert row[6].startswith("TR-ID-CHECKSUM")
    # what comes back goes out again without its two columns
    desk.rows.clear()
    assert liancai("roster", "check", str(made), "--class", "7").code == 0
    assert list(desk.headers[-1].unknown_columns) == []
    assert len(desk.rows) == len(PAYLOADS)


def test_a_workbook_does_not_come_back_as_a_csv(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男"))
    assert liancai("roster", "check", str(path), "--class", "7", "-o", str(tmp_path / "o.csv")).code == 2


def test_a_large_workbook_comes_back_row_by_row(
    desk: Desk, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells, the verdicts and the red; not the layout, which the remark says."""
    monkeypatch.setattr("cli.grids.LARGE", 100)
    path = roster(
        tmp_path / "r.xlsx",
        *[(n, words, "bad", 13800000001.0, "男") for n, words in enumerate(PAYLOADS)],
        (9, "李四", "x", "odd", None, None, "旁注"),
    )
    book = openpyxl.load_workbook(path)
    for row in book["名单"].iter_rows(min_row=3):
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    book.save(path)
    assert liancai("roster", "check", str(path), "--class", "7").code == 0
    assert "TR-FILE-LARGE" in [remark.code for remark in desk.headers[0].remarks]
    made = tmp_path / "r-verdicts.xlsx"
    assert formulas(made) == set()
    rows = rows_of(made)
    assert rows[0][0] == "花名册"
    assert rows[1] == (*HEADER, None, None, "结果", "说明")
    assert [row[1] for row in rows[2:]] == [*PAYLOADS, "李四"]
    assert rows[2][3] == 13800000001
    assert rows[2][7] == "预检：不收"
    assert rows[10][6] == "旁注"
    assert fill_of(made, "C3") == verdicts.RED
    assert fill_of(made, "D11") == verdicts.YELLOW


def test_a_blank_cell_that_is_missed_becomes_red_also_in_a_csv(server: Any, liancai: Run, tmp_path: Path) -> None:
    class Missing(Desk):
        def verdict(self, row: Any) -> pb.RowVerdict:
            made = super().verdict(row)
            made.findings.add(level=1, code="TR-PHONE-MISSING", field="phone", message="缺电话")
            return made

    server.answers["ImportRoster"] = Missing()
    (tmp_path / "r.csv").write_text("姓名,身份证号,手机\n张三,x,\n", encoding="utf-8")
    assert liancai("roster", "check", str(tmp_path / "r.csv"), "--class", "7").code == 0
    sheet = openpyxl.load_workbook(tmp_path / "r-verdicts.xlsx").worksheets[0]
    assert sheet["C2"].fill.fgColor.rgb == verdicts.RED


def test_what_the_options_send(desk: Desk, liancai: Run, tmp_path: Path) -> None:
    path = str(roster(tmp_path / "r.xlsx", (1, "张三", 1.10101199001011e17, "1", "男")))

    def header(*words: str) -> Any:
        done = liancai("roster", "import", path, "--class", "7", *words)
        assert done.code in (0, 1), done.err
        return desk.headers[-1]

    assert header().mode == Header.CHECK_ONLY
    assert header("--mode", "valid-rows").mode == Header.VALID_ROWS
    threshold = header("--threshold", "5%")
    assert (threshold.mode, threshold.threshold_percent) == (Header.THRESHOLD, 5)
    zero = header("--mode", "threshold", "--threshold", "0")
    assert (zero.mode, zero.threshold_percent) == (Header.THRESHOLD, 0)
    accepted = header("--accept", "tr-phone-shared=夫妻共用", "--accept", "TR-AGE-MAX=已核 = 未领")
    assert [(each.code, each.reason) for each in accepted.accepted] == [
        ("TR-PHONE-SHARED", "夫妻共用"), ("TR-AGE-MAX", "已核 = 未领"),
    ]  # fmt: skip
    assert "ethnicity" in accepted.missing_columns
    assert [(remark.code, remark.about) for remark in accepted.remarks] == [
        ("TR-FILE-SHEETS", "名单"), ("TR-FILE-TITLE", "1"),
    ]  # fmt: skip
    assert list(desk.rows[-1].numeric_columns) == ["resident_id"]
    assert header("--sheet", "名单").mode == Header.CHECK_ONLY


@pytest.mark.parametrize(
    "words",
    [
        ("--mode", "valid-rows", "--threshold", "5"),
        ("--mode", "threshold"),
        ("--threshold", "101"),
        ("--threshold", "five"),
        ("--accept", "TR-PHONE-SHARED"),
        ("--accept", "TR-PHONE-SHARED= "),
        ("--accept", "夫妻=夫妻共用"),
        ("--mode", "some"),
        ("--sheet", "没有"),
    ],
)
def test_what_cannot_be_meant_is_usage(desk: Desk, liancai: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = str(roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男")))
    assert liancai("roster", "import", path, "--class", "7", *words).code == 2
    assert desk.headers == []


def test_what_was_left_out_is_said(server: Any, liancai: Run, tmp_path: Path) -> None:
    def answer(parts: Any, context: Any) -> Any:
        list(parts)
        summary = pb.RosterSummary(rows=3, refused=1, needs_reason=1, no_quota=1, binding_quota="quotas/budget-1")
        yield pb.ImportRosterResponse(summary=summary)

    server.answers["ImportRoster"] = answer
    path = str(roster(tmp_path / "r.xlsx", (1, "张三", "x", "1", "男")))
    done = liancai("roster", "import", path, "--class", "7", "--threshold", "10")
    assert done.code == 1
    assert "超过阈值" in done.err
    assert "--accept" in done.err
    assert "quotas/budget-1" in done.err
    assert liancai("roster", "import", path, "--class", "7", "--mode", "valid-rows").code == 0
