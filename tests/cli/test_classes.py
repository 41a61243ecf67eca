"""Classes from the command line: written in a file or typed, changed, checked, with attachments that stay at home."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import quotas_pb2

from cli import class_files
from cli.grammar import Mistake

Run = Callable[..., Any]
WRITTEN = """\
order: 20261100001
institution_credit_code: 52370103MJE0001019
institution_name: 市中区样例职业培训学校
title: 电工中级班
start_date: 2026-12-07
end_date: 2026-12-31
capacity: 30
training_kind: post-skills
certificate_kind: SKILL_LEVEL
fund: employment-subsidy
subsidy_fen: 120000
project_number: 007
hours_theory: 40
sessions:
- 2026-12-07 8:30-11:30 实训楼 201
- {date: 2026-12-08, start: 14:00, end: 17:00, place: 201, teacher: 01JAB, topic: 电工基础, practice: 是}
attachments:
- {kind: teaching-plan, path: plans/plan.txt}
- {kind: COMMITMENT, file_name: 承诺书.pdf, sha256: abab, size: 12}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A class in a file, with a document beside it."""
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "plan.txt").write_text("教学计划", encoding="utf-8")
    (tmp_path / "class.yaml").write_text(WRITTEN, encoding="utf-8")
    return tmp_path / "class.yaml"


def create(server: Any, liancai: Run, *words: str) -> pb.Class:
    server.answers["CreateClass"] = lambda request, _: request.training_class
    done = liancai("class", "create", *words)
    assert done.code == 0, done.err
    sent: pb.Class = server.requests("CreateClass")[-1].training_class
    return sent


def test_a_class_from_a_file(server: Any, liancai: Run, written: Path) -> None:
    sent = create(server, liancai, "--file", str(written))
    assert (sent.order, sent.title, sent.capacity) == ("orders/20261100001", "电工中级班", 30)
    assert (sent.training_kind, sent.certificate_kind) == (pb.Class.POST_SKILLS, pb.Class.SKILL_LEVEL)
    assert (sent.fund, sent.subsidy_fen, sent.project_number) == (quotas_pb2.EMPLOYMENT_SUBSIDY, 120_000, "007")
    assert list(sent.sessions) == [
        pb.Session(date="2026-12-07", start="08:30", end="11:30", place="实训楼 201"),
        pb.Session(
            date="2026-12-08", start="14:00", end="17:00", place="201", teacher="teachers/01JAB", topic="电工基础",
            practice=True,
        ),
    ]  # fmt: skip
    content = "教学计划".encode()
    assert list(sent.attachments) == [
        pb.Attachment(
            kind=pb.Attachment.TEACHING_PLAN, file_name="plan.txt", sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        ),
        pb.Attachment(kind=pb.Attachment.COMMITMENT, file_name="承诺书.pdf", sha256="abab", size=12),
    ]  # fmt: skip


def test_what_is_typed_stands_over_the_file(server: Any, liancai: Run, written: Path) -> None:
    plan = written.parent / "plans" / "plan.txt"
    sent = create(
        *(server, liancai, "--file", str(written), "--capacity", "20", "--subsidy", "950.50", "--kind", "project"),
        *("--session", "2026-12-09 08:30-09:30", "--attach", f"textbooks={plan}", "--attach", f"Site_Proof={plan}"),
    )
    assert (sent.capacity, sent.subsidy_fen, sent.training_kind) == (20, 95_050, pb.Class.PROJECT)
    assert [each.date for each in sent.sessions] == ["2026-12-09"]
    assert [each.kind for each in sent.attachments] == [pb.Attachment.TEXTBOOKS, pb.Attachment.SITE_PROOF]


def test_every_field_may_be_typed(server: Any, liancai: Run) -> None:
    sent = create(
        *(server, liancai, "--order", "7", "--fund", "none", "--subsidy-standard", "B1", "--project", "X1"),
        *("--theory", "40", "--practice", "60", "--site", "样例路", "--head-teacher", "样例老师"),
        *("--assessment", "笔试", "--certificate", "special-ability", "--minimum", "5"),
    )
    assert sent == pb.Class(
        order="orders/7", fund=quotas_pb2.NONE, subsidy_standard="B1", project_number="X1", hours_theory=40,
        hours_practice=60, site_address="样例路", head_teacher="样例老师", assessment_plan="笔试",
        certificate_kind=pb.Class.SPECIAL_ABILITY, minimum=5,
    )  # fmt: skip


def test_an_update_sends_a_mask_of_what_was_given(server: Any, liancai: Run, written: Path) -> None:
    server.answers["UpdateClass"] = lambda request, _: request.training_class
    assert liancai("class", "update", "7", "--head-teacher", "", "--etag", "3").code == 0
    assert liancai("class", "update", "7", "--session", "2026-12-09 08:30-09:30").code == 0
    assert liancai("class", "update", "7", "--file", str(written), "--title", "别的班").code == 0
    typed, timetable, whole = server.requests("UpdateClass")
    assert (typed.training_class.name, typed.training_class.etag) == ("classes/7", '"3"')
    assert list(typed.update_mask.paths) == ["head_teacher"]
    assert list(timetable.update_mask.paths) == ["sessions"]
    assert {"order", "title", "sessions", "attachments", "fund"} <= set(whole.update_mask.paths)
    assert (whole.training_class.name, whole.training_class.title) == ("classes/7", "别的班")
    assert liancai("class", "update", "7").code == 2


def test_what_a_filing_lacks_is_a_table(server: Any, liancai: Run) -> None:
    gap = types_pb2.Finding(level=types_pb2.Finding.ERROR, code="TF-SITE", field="site_address", message="缺地址。")
    server.answers["CheckFiling"] = lambda request, _: pb.FilingReport(class_name=request.name, gaps=[gap])
    shown = liancai("class", "check", "7").out
    assert "TF-SITE" in shown
    assert "错误" in shown
    assert "缺地址。" in shown
    server.answers["ReturnClass"] = lambda request, _: pb.Class(name=request.name, state=pb.Class.RETURNED, gaps=[gap])
    returned = liancai("class", "return", "7", "--gap", "缺教材").out
    assert "已退回" in returned
    assert "TF-SITE" in returned
    assert json.loads(liancai("class", "check", "7", "-o", "json").out)["complete"] is False


def test_a_timetable_with_teachers(server: Any, liancai: Run, tmp_path: Path) -> None:
    head = "日期,开始时间,结束时间,地点,教师编号,课别,实操"
    rows = ("2026/12/3,14:00,17:00,车间,01JAB,接线,√", "2026/12/4,8:30,9:30,,,,")
    (tmp_path / "t.csv").write_text("\n".join((head, *rows)), encoding="utf-8")
    sent = create(server, liancai, "--timetable", str(tmp_path / "t.csv"))
    assert list(sent.sessions) == [
        pb.Session(
            date="2026-12-03", start="14:00", end="17:00", place="车间", teacher="teachers/01JAB", topic="接线",
            practice=True,
        ),
        pb.Session(date="2026-12-04", start="08:30", end="09:30"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title: x\nsessions: [y\n", "第 3 行"),
        ("- a\n- b\n", "字段: 值"),
        ("", "字段: 值"),
        ("nonsense: 3", "nonsense"),
        ("capacity: many", "capacity"),
        ("sessions: [tomorrow]", "tomorrow"),
        ("sessions: [[a]]", "不是培训班"),
        ("ordr: orders/1", "没有“ordr”这个字段"),
        ("sessions: [{wrong: 1}]", "不是培训班"),
        ("sessions: 7", "7"),
        ("attachments: [x]", "不是培训班"),
        ("attachments: [{kind: book, path: x}]", "textbooks"),
        ("attachments: [{kind: roster, size: big}]", "不是培训班"),
        ("attachments: [{path: x}]", "textbooks"),
        ("training_kind: sport", "post-skills"),
        ("fund: gold", "skills-action"),
        ("order: classes/3", "orders/…"),
    ],
)
def test_a_file_that_is_no_class_is_a_mistake(run: Run, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "c.yaml").write_text(content, encoding="utf-8")
    done = run("class", "create", "--file", str(tmp_path / "c.yaml"))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--attach", "plan.pdf"], "teaching-plan=教学计划.pdf"),
        (["--attach", "book=plan.pdf"], "textbooks"),
        (["--attach", "roster= "], "roster= "),
        (["--attach", "roster=no-such-file.pdf"], "no-such-file.pdf"),
        (["--file", "no-such-file.yaml"], "no-such-file.yaml"),
        (["--kind", "sport"], "post-skills"),
        (["--certificate", "x"], "skill-level"),
        (["--fund", "gold"], "unemployment-insurance"),
        (["--subsidy", "1.005"], "1.005"),
        (["--theory", "many"], "many"),
    ],
)
def test_what_cannot_be_meant(run: Run, words: list[str], said: str) -> None:
    done = run("class", "create", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_file_in_another_encoding_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes("title: 电工班".encode("gbk"))
    with pytest.raises(Mistake, match="UTF-8"):
        class_files.read(tmp_path / "c.yaml")


def test_a_file_can_only_be_data(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("title: !!python/object/apply:os.system [exit]", encoding="utf-8")
    with pytest.raises(Mistake):
        class_files.read(tmp_path / "c.yaml")


def test_the_example_is_a_class() -> None:
    held, named = class_files.read(Path(__file__).parents[2] / "examples" / "class.yaml")
    assert (held.capacity, len(held.sessions), held.sessions[1].start) == (40, 2, "14:00")
    assert [each.file_name for each in held.attachments] == ["roster.xlsx"]
    assert set(named) <= set(pb.Class.DESCRIPTOR.fields_by_name)
