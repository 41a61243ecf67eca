"""The printer: every form, and data that tries to command a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import placements_pb2, plans_pb2, visits_pb2
from liancai.talent.v1 import cases_pb2, children_pb2, clock_pb2, handovers_pb2, matters_pb2
from liancai.training.v1 import audit_pb2, classes_pb2, enrolments_pb2, orders_pb2

from cli import show
from cli.grammar import Format
from cli.texts import t

ORDER = orders_pb2.Order(
    name="orders/20261100001", state=orders_pb2.Order.DRAFT, enterprise_name="高唐纸业", division="371526",
    headcount=30, wage_min_fen=450050, wage_max_fen=650000, skill_level=3,
)  # fmt: skip
ORDER.create_time.FromJsonString("2026-11-01T16:30:00Z")
HOSTILE = "a\nINFO forged\r\x1b[31m\x9b2J\u202e[red]x[/red]"
PAYLOADS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x",
    '=HYPERLINK("http://x")', "=cmd|' /C x'!A0",
]  # fmt: skip


@pytest.fixture(autouse=True)
def chinese() -> None:
    t.speak("zh")


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_table_speaks_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([ORDER], ("name", "state", "wage_min_fen", "headcount"), Format.table)
    said = capsys.readouterr()
    assert said.out.splitlines()[0].split() == ["编号", "状态", "月薪下限（元）", "人数"]
    assert said.out.splitlines()[-1].split() == ["orders/20261100001", "草稿", "4500.50", "30"]
    assert "共 1 条" in said.err
    t.speak("en")
    show.rows([ORDER], ("name", "state"), Format.table)
    assert printed(capsys).splitlines()[-1].split() == ["orders/20261100001", "draft"]


def test_one_thing_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    session = classes_pb2.Session(date="2026-12-01", start="08:30", end="11:30", place="教室一")
    show.one(classes_pb2.Class(name="classes/1", capacity=30, sessions=[session, session]), Format.table)
    said = printed(capsys)
    assert said.count("教室一") == 2
    assert "课表" in said
    assert "机构信用代码" not in said  # an empty field says nothing


def test_a_message_in_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    answer = enrolments_pb2.WithdrawEnrolmentResponse(
        enrolment=enrolments_pb2.Enrolment(name="enrolments/A", state=enrolments_pb2.Enrolment.WITHDRAWN),
        promoted=enrolments_pb2.Enrolment(name="enrolments/B", state=enrolments_pb2.Enrolment.ENROLLED),
    )
    show.one(answer, Format.table)
    said = printed(capsys)
    assert said.index("enrolments/A") < said.index("递补") < said.index("enrolments/B")


def test_time_is_shanghai_time() -> None:
    assert show.text(ORDER, "create_time") == "2026-11-02 00:30:00"
    assert show.text(ORDER, "update_time") == ""


def test_maps_lists_and_new_states() -> None:
    verdict = types_pb2.RuleVerdict(inputs={"b": "2", "a": "1"})
    assert show.text(verdict, "inputs") == "a=1; b=2"
    assert show.text(types_pb2.Finding(others=["row 1", "row 2"]), "others") == "row 1, row 2"
    assert show.text(orders_pb2.Order(state=99), "state") == "99"  # type: ignore[arg-type]


def test_numbers_have_no_more_digits_than_people_read() -> None:
    summary = plans_pb2.Plan.Summary(objective=107690, bound=107690.00000000001, gap=1.35e-16, seconds=5.754)
    told = {name: show.text(summary, name) for name in ("objective", "bound", "gap", "seconds")}
    assert told == {"objective": "107690", "bound": "107690", "gap": "0.00 %", "seconds": "5.75"}
    assert show.text(plans_pb2.Plan.Summary(), "bound") == "", "none was proven"
    assert show.text(plans_pb2.Plan.Objective(per_km=0), "per_km") == "0"


def test_json_has_the_names_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    show.one(ORDER, Format.json)
    read = json.loads(printed(capsys))
    assert read["wage_min_fen"] == "450050"  # 64 bits are text in ProtoJSON
    assert read["state"] == "DRAFT"
    assert read["certificate_level"] == 0  # also what is empty
    show.rows([ORDER, ORDER], ("name",), Format.json)
    assert len(json.loads(printed(capsys))) == 2


def test_jsonl_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([ORDER, orders_pb2.Order(name=HOSTILE)], ("name",), Format.jsonl)
    lines = printed(capsys).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["orders/20261100001", HOSTILE]


def test_csv_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([ORDER], ("name",), Format.csv)
    read = list(csv.DictReader(io.StringIO(printed(capsys))))
    assert list(read[0]) == [field.name for field in orders_pb2.Order.DESCRIPTOR.fields]
    assert read[0]["create_time"] == "2026-11-01T16:30:00Z"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_csv_is_no_formula(payload: str, capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([orders_pb2.Order(enterprise_name=payload)], (), Format.csv)
    cell = next(csv.DictReader(io.StringIO(printed(capsys))))["enterprise_name"]
    assert cell.startswith("'")


@pytest.mark.parametrize("output", list(Format))
def test_no_form_carries_a_control_character(output: Format, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = orders_pb2.Order(name="orders/1", enterprise_name=HOSTILE)
    show.rows([hostile], ("name", "enterprise_name"), output)
    show.one(hostile, output)
    said = printed(capsys)
    assert not set(said) & set("\r\x1b\x9b\u202e")
    if output in (Format.json, Format.jsonl):
        assert "\\u001b" in said
    else:
        assert "[red]x[/red]" in said  # markup is data too


def test_words_are_escaped_too(capsys: pytest.CaptureFixture[str]) -> None:
    show.note("\x1b]0;title\x07")
    assert capsys.readouterr().err == "\\x1b]0;title\\x07\n"


def test_a_limit_that_cut_off_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([ORDER, ORDER], ("name",), Format.jsonl, limit=2)
    assert "--limit 0" in capsys.readouterr().err
    show.rows([ORDER], ("name",), Format.jsonl, limit=2)
    assert capsys.readouterr().err == ""


def test_plain_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows([{"occupation": "电工", "headcount": 3}], ("occupation", "headcount"), Format.table)
    assert printed(capsys).splitlines()[-1].split() == ["电工", "3"]
    show.rows([{"occupation": "=x", "headcount": -3}], (), Format.csv)
    assert printed(capsys) == "occupation,headcount\n'=x,-3\n"


def test_a_name_stays_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    name = "cases/LT37010337152620261128000057"
    case = cases_pb2.Case(name=name, employer_name="高唐县样例纸业有限公司" * 3, owner="zhao" * 9, origin="370103")
    for columns, whole in ((80, True), (50, False)):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        show.rows([case], ("name", "employer_name", "owner", "origin"), Format.table)
        assert (name in terminal.getvalue()) == whole, "copied from there, unless nothing else would have room"


def test_an_empty_list_has_the_headings_of_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    none = show.Rows(visits_pb2.Visit.DESCRIPTOR, [])
    show.rows(none, ("category", "late"), Format.table)
    assert printed(capsys).splitlines()[0].split() == ["服务类别", "补录"], "as if there were a visit"
    show.rows(none, (), Format.csv)
    assert printed(capsys) == ",".join(field.name for field in visits_pb2.Visit.DESCRIPTOR.fields) + "\n"
    show.rows([], ("category",), Format.table)
    assert printed(capsys).splitlines()[0].split() == ["人员类别"], "what it is nobody said"


def test_states_and_acts_that_are_text_are_words() -> None:
    assert show.text(handovers_pb2.Manifest.Obligation(state="RUNNING"), "state") == "在办"
    assert show.text(children_pb2.ChildEntry(act="viewed"), "act") == "查看"
    assert show.text(children_pb2.ChildEntry(act="later"), "act") == "later", "a word of a newer server stays"


def test_sentences_stand_below_one_another() -> None:
    assert show.text(clock_pb2.Deadline(assumes=["一句。", "又一句。"]), "assumes") == "一句。\n又一句。"
    assert show.text(matters_pb2.Step(outcomes=["a", "b"]), "outcomes") == "a, b"
    for number in ("study_months", "host_staff", "host_interns"):
        assert show.text(placements_pb2.Placement(), number) == "", "not stated"
    assert show.text(matters_pb2.Matter(member=0), "member") == "", "it is for the talent"


def test_a_closed_pipe_is_quiet(server: Any) -> None:
    entries = [audit_pb2.ListAuditEntriesResponse().entries.add(sequence=n, detail="x" * 200) for n in range(900)]
    server.answers["ListAuditEntries"] = lambda *_: audit_pb2.ListAuditEntriesResponse(entries=entries)
    command = f"{sys.executable} -m cli --target {server.target} audit list -o jsonl --limit 0"
    command += " | head -n 1; echo ${PIPESTATUS[0]}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ)
    assert ran.stdout.splitlines()[-1] == "0"
    assert ran.stderr == ""
