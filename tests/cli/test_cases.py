"""Commands of the green channel: what is sent, and what is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1 import event_pb2, types_pb2
from liancai.talent.v1 import (
    audit_pb2,
    cases_pb2,
    catalogue_pb2,
    clock_pb2,
    complaints_pb2,
    matters_pb2,
    notes_pb2,
    recalculation_pb2,
    steps_pb2,
    worklist_pb2,
)

Run = Callable[..., Any]
CASE = "cases/LT1"
STEP = f"{CASE}/matters/pension/steps/review"


def test_open_sends_who_where_and_what(server: Any, liancai: Run) -> None:
    server.answers["OpenCase"] = lambda *_: cases_pb2.Case(name=CASE, state=cases_pb2.Case.OPEN)
    done = liancai(
        "case", "open", "--from", "370103", "--to", "371526", "--name", "张三", "--id", "1", "--phone", "2",
        "--brought-by", "orders/7", "--matter", "pension", "--matter", "school_new-2", "--family", "spouse:李四",
        "--family", "child", "--level", "惠才卡", "--occurred", "2026-11-01", "--late-reason", "补录",
    )  # fmt: skip
    assert done.code == 0, done.err
    (request,) = server.requests("OpenCase")
    assert (request.origin, request.destination, request.talent.full_name) == ("370103", "371526", "张三")
    assert [(each.type, each.member) for each in request.matters] == [("pension", 0), ("school_new", 2)]
    assert [each.full_name for each in request.family] == ["李四", ""]
    assert request.family[1].kind == cases_pb2.FamilyMember.CHILD
    assert request.occur_time.ToJsonString() == "2026-10-31T16:00:00Z"
    assert "在办" in done.out


def test_show_lists_the_steps_in_a_table_of_their_own(server: Any, liancai: Run) -> None:
    step = matters_pb2.Step(name=STEP, title="审核", state=matters_pb2.Step.READY)
    matter = matters_pb2.Matter(name=f"{CASE}/matters/pension", title="养老转移", steps=[step])
    server.answers["GetCase"] = lambda *_: cases_pb2.Case(name=CASE, matters=[matter])
    done = liancai("case", "show", "LT1")
    assert server.requests("GetCase")[0].name == CASE
    assert "养老转移" in done.out
    assert "待办" in done.out
    assert json.loads(liancai("case", "show", "LT1", "-o", "json").out)["matters"][0]["steps"][0]["name"] == STEP


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["add", "LT1", "medical"], "AddMatter", {"name": CASE}),
        (["withdraw", "LT1/pension", "--reason", "r"], "WithdrawMatter", {"name": f"{CASE}/matters/pension"}),
        (
            ["refuse", "LT1/pension", "--reason", "r", "--evidence", "e", "--remedy", "m"],
            "CloseMatter",
            {"state": matters_pb2.Matter.REFUSED, "remedy": "m"},
        ),
        (
            ["waive", "LT1/pension", "--reason", "r", "--evidence", "e"],
            "CloseMatter",
            {"state": matters_pb2.Matter.NOT_REQUIRED},
        ),
        (["close", "LT1", "--reason", "r"], "CloseCase", {"reason": "r"}),
        (["reopen", "LT1", "--reason", "r", "--etag", "3"], "ReopenCase", {"etag": '"3"'}),
        (["relate", "LT1", "LT2", "--as", "same-family"], "RelateCase", {"other": "cases/LT2"}),
        (["merge", "LT1", "LT2", "--reason", "r"], "MergeCase", {"into": "cases/LT2"}),
        (["owner", "LT1", "li", "--reason", "r"], "AssignCase", {"owner": "li"}),
    ],
)
def test_every_act_on_a_case_carries_its_fields(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[method] = lambda *_: cases_pb2.Case()
    assert liancai("case", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["receive", "LT1/pension/review", "--evidence", "e"], "ReceiveStep", {"evidence": "e"}),
        (["gaps", STEP, "--missing", "a", "--missing", "b", "--notice", "n"], "NotifyGaps", {"gaps": ["a", "b"]}),
        (["supply", STEP, "--item", "a"], "SupplyStep", {"items": ["a"]}),
        (["accept", STEP], "AcceptStep", {"name": STEP}),
        (
            ["suspend", STEP, "--for", "expert", "--basis", "45", "--notice", "n", "--reason", "r", "--at-most", "2m"],
            "SuspendStep",
            {
                "suspension": clock_pb2.ClockEntry.EXPERT,
                "maximum": clock_pb2.Span(n=2, unit=clock_pb2.Limit.MONTHS),
            },
        ),
        (["resume", STEP], "ResumeStep", {"suspension": 0}),
        (
            ["extend", STEP, "--by", "5", "--approver", "head", "--notice", "n", "--reason", "r"],
            "ExtendStep",
            {"extension": 5, "approver": "head"},
        ),
        (["correct", STEP, "--entry", "2", "--reason", "r"], "CorrectStep", {"corrects": 2}),
        (["return", STEP, "--reason", "r"], "ReturnStep", {"reason": "r"}),
        (["skip", STEP, "--reason", "r"], "SkipStep", {"reason": "r"}),
        (["assign", STEP, "li", "--unit", "371526-sic"], "AssignStep", {"assignee": "li", "unit": "371526-sic"}),
    ],
)
def test_every_act_on_a_step_carries_its_fields(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[method] = lambda *_: matters_pb2.Step(name=STEP)
    assert liancai("case", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert (request.request_id, request.name) == ("again-0001", STEP)
    assert {name: getattr(request, name) for name in fields} == fields


def test_advance_does_what_comes_next(server: Any, liancai: Run) -> None:
    step = matters_pb2.Step(name=STEP, state=matters_pb2.Step.READY)
    case = cases_pb2.Case(matters=[matters_pb2.Matter(steps=[step])])
    server.answers["GetCase"] = lambda *_: case
    server.answers["StartStep"] = server.answers["CompleteStep"] = lambda *_: step
    assert liancai("case", "advance", "LT1/pension/review").code == 0
    assert len(server.requests("StartStep")) == 1
    case.matters[0].steps[0].state = matters_pb2.Step.RUNNING
    assert liancai("case", "advance", STEP, "--outcome", "accepted", "--result", "letter=函1号").code == 0
    (request,) = server.requests("CompleteStep")
    assert (request.outcome, dict(request.result)) == ("accepted", {"letter": "函1号"})
    assert liancai("case", "advance", STEP, "--result", "letter").code == 2
    assert liancai("case", "advance", "pension/review").code == 2


def test_explain_says_day_by_day(server: Any, liancai: Run) -> None:
    line = clock_pb2.DerivationLine(
        date="2026-02-14", text="2026-02-14：春节调休上班，计入，第 2/15 个", count=2,
        stage=clock_pb2.DerivationLine.COMPLETENESS,
    )  # fmt: skip
    server.answers["ExplainDeadline"] = lambda *_: steps_pb2.DeadlineExplanation(
        step=STEP, remarks=["时限正在计算。"], lines=[line], limit=clock_pb2.Limit(n=15)
    )
    out = liancai("case", "explain", STEP).out
    assert "时限正在计算。" in out
    assert "调休上班，计入" in out
    assert "核对材料" in out, "what the day was counted for"


def test_today_relay_progress_and_trail(server: Any, liancai: Run) -> None:
    step = matters_pb2.Step(name=STEP)
    item = worklist_pb2.TodayItem(why=worklist_pb2.TodayItem.OVERDUE, case_name=CASE, masked_name="张*", step=step)
    server.answers["ListToday"] = lambda *_: worklist_pb2.ListTodayResponse(items=[item])
    shown = liancai("case", "today", "--due-by", "2026-12-01").out
    assert "逾期" in shown
    assert STEP in shown
    server.answers["GetRelay"] = lambda *_: steps_pb2.Relay(legs=[steps_pb2.Relay.Leg(title="审核", used=3)])
    assert "审核" in liancai("case", "relay", "LT1/pension").out
    line = cases_pb2.Progress.Line(title="养老转移", state=matters_pb2.Matter.RUNNING, steps=4, steps_done=1)
    server.answers["QueryProgress"] = lambda *_: cases_pb2.Progress(matters=[line])
    assert "养老转移" in liancai("case", "progress", "LT1", "--phone-tail", "1234").out
    assert server.requests("QueryProgress")[0].phone_tail == "1234"
    server.answers["ListCaseTrail"] = lambda *_: audit_pb2.ListCaseTrailResponse()
    assert liancai("case", "trail", "--case", "LT1").code == 0
    assert server.requests("ListCaseTrail")[0].resource == CASE


def test_counts_that_stop_and_complaints_without_a_limit_say_so(server: Any, liancai: Run) -> None:
    counts = worklist_pb2.TodayCounts(steps=5000, more=True)
    counts.counts.add(why=worklist_pb2.TodayItem.OVERDUE, steps=5000)
    server.answers["GetTodayCounts"] = lambda *_: counts
    assert "5000" in liancai("case", "counts").err
    counts.more = False
    assert liancai("case", "counts", "-o", "csv").out == "why,steps\nOVERDUE,5000\n"
    filed = complaints_pb2.Complaint(name="complaints/1")
    server.answers["FileComplaint"] = lambda *_: filed
    words = ("complaint", "file", "LT1", "--channel", "phone", "--text", "太慢")
    assert "complaint.answer" in liancai(*words).err
    filed.due_date = "2026-12-04"
    assert "complaint.answer" not in liancai(*words).err


def test_a_note_is_a_remark_unless_it_is_a_call(server: Any, liancai: Run) -> None:
    server.answers["AddNote"] = lambda *_: notes_pb2.Note()
    assert liancai("case", "note", "LT1", "--text", "已电话告知").code == 0
    assert liancai("case", "note", "LT1", "--text", "已电话告知", "--kind", "call-out").code == 0
    kinds = [each.kind for each in server.requests("AddNote")]
    assert kinds == [notes_pb2.Note.REMARK, notes_pb2.Note.CALL_OUT]
    assert "remark" in liancai("case", "note", "--help").out


def test_cases_show_their_light_and_ledgers_what_was_asked_for(server: Any, liancai: Run) -> None:
    case = cases_pb2.Case(name=CASE, light=clock_pb2.LIGHT_YELLOW)
    server.answers["ListCases"] = lambda *_: cases_pb2.ListCasesResponse(cases=[case])
    assert "黄灯" in liancai("case", "list").out
    entry = clock_pb2.ClockEntry(number=1, kind=clock_pb2.ClockEntry.GAPS, items=["转移申请", "社保卡"])
    server.answers["ExplainDeadline"] = lambda *_: steps_pb2.DeadlineExplanation(entries=[entry])
    assert "转移申请, 社保卡" in liancai("case", "explain", STEP).out


def test_a_catalogue_is_named_or_read_from_files(server: Any, liancai: Run, tmp_path: Path) -> None:
    (tmp_path / "00-head.yaml").write_text("catalogue: x\n", encoding="utf-8")
    (tmp_path / "01.yaml").write_text("matter: y\n", encoding="utf-8")
    error = types_pb2.Finding(level=types_pb2.Finding.ERROR, code="CT-STEP-OWNER", message="没有经办机构")
    good, bad = (catalogue_pb2.LintCatalogueResponse(publishable=each) for each in (True, False))
    bad.findings.append(error)
    answers = [bad, good]
    server.answers["LintCatalogue"] = lambda *_: answers.pop(0)
    faulty = liancai("catalogue", "lint", str(tmp_path))
    assert (faulty.code, "没有经办机构" in faulty.out) == (1, True)
    assert server.requests("LintCatalogue")[0].content == "catalogue: x\n\n---\nmatter: y\n"
    assert liancai("catalogue", "lint", "current").code == 0
    assert server.requests("LintCatalogue")[1].name == "catalogues/current"
    change = catalogue_pb2.DiffCataloguesResponse.Change(path="matters.pension", kind=1)
    server.answers["DiffCatalogues"] = lambda *_: catalogue_pb2.DiffCataloguesResponse(changes=[change])
    assert "matters.pension" in liancai("catalogue", "diff", "7").out
    server.answers["SimulateCatalogue"] = lambda *_: catalogue_pb2.SimulateCatalogueResponse(
        plan={"steps": [{"step": "review"}], "end_date": "2026-12-01"}, lines=[{"matter": "pension"}], cases=3
    )
    done = liancai("catalogue", "simulate", "7", "--start", "2026-11-01", "--from", "370103", "--to", "371526",
                   "--since", "2026-01-01", "--until", "2026-12-31")  # fmt: skip
    assert "review" in done.out
    assert "2026-12-01" in done.err
    server.answers["CreateCatalogue"] = lambda *_: catalogue_pb2.Catalogue(content="x")
    assert liancai("catalogue", "create", str(tmp_path), "--source", "样例").code == 0
    server.answers["PublishCatalogue"] = lambda *_: catalogue_pb2.Catalogue()
    assert liancai("catalogue", "publish", "7", "--from", "2026-12-01", "--reason", "r").code == 0
    assert server.requests("PublishCatalogue")[0].valid_from == "2026-12-01"
    server.answers["GetCatalogue"] = lambda *_: catalogue_pb2.Catalogue(content="catalogue: x\n")
    assert liancai("catalogue", "show", "7", "--content").out == "catalogue: x\n"
    server.answers["ListCatalogues"] = lambda *_: catalogue_pb2.ListCataloguesResponse()
    assert liancai("catalogue", "list", "--state", "draft").code == 0


def test_deadlines_are_seen_and_stored(server: Any, liancai: Run) -> None:
    move = recalculation_pb2.MovingDeadline.Move(text="提前")
    found = recalculation_pb2.MovingDeadline(step=STEP, moves=[move])
    server.answers["ListMovingDeadlines"] = lambda *_: recalculation_pb2.ListMovingDeadlinesResponse(moving=[found])
    assert "提前" in liancai("deadline", "moving").out
    server.answers["RecalculateDeadlines"] = lambda *_: recalculation_pb2.Recalculation(earlier=2)
    assert liancai("deadline", "recalculate", "--calendar", "2027+1", "--reason", "r").code == 0
    assert server.requests("RecalculateDeadlines")[0].calendar_version == "2027+1"


@pytest.mark.parametrize(("words", "subject"), [([], ""), (["LT1"], CASE)])
def test_watch_follows_one_case_or_all_from_a_position(
    server: Any, liancai: Run, words: list[str], subject: str
) -> None:
    events = [event_pb2.Event(sequence=n, subject=CASE, case_sequence=n, type="t", data="{}") for n in (8, 9)]

    def answer(request: event_pb2.WatchEventsRequest, _: Any) -> Any:
        positions.append(request.position)
        yield event_pb2.WatchEventsResponse(events=[each for each in events if each.sequence > request.position][:1])
        yield event_pb2.WatchEventsResponse(position=request.position + 1)

    positions: list[int] = []
    server.answers["WatchEvents"] = answer
    done = liancai("case", "watch", *words, "--from", "7", "--limit", "2")
    assert done.code == 0, done.err
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(each["subject"], each["case_sequence"]) for each in told] == [(CASE, "8"), (CASE, "9")]
    assert positions == [7, 8], "it goes on from where the stream ended"
    assert {each.subject for each in server.requests("WatchEvents")} == {subject}
    liancai("case", "watch", *words, "--once", "-o", "table")
    assert server.requests("WatchEvents")[-1].stop_at_end
