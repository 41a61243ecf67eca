"""`liancai plan` and `liancai assignment`: calendars, charts and calendar files, and what they ask for."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from liancai.placement.v1 import assignments_pb2, commissioners_pb2, plans_pb2, requests_pb2
from liancai.reference.v1 import reference_pb2

from services import lookups

Run = Callable[..., Any]
Request, Assignment, Plan = requests_pb2.Request, assignments_pb2.Assignment, plans_pb2.Plan


@pytest.fixture
def places(server: Any) -> Any:
    """A server with a plan of two visits and an unserved request, and with the two assignments that it became."""
    plan = Plan(
        name="plans/7", title="十二月派驻计划", division="371526", first_day="2026-12-01", last_day="2026-12-31",
        summary=Plan.Summary(requests=3, served=2, objective=7000.5, bound=7100, gap=0.0140),
    )  # fmt: skip
    requests = [
        Request(
            name=f"requests/{number}", host_name=f"样例{number}号社", host_credit_code=f"H{number}", place="371526101",
            kind=Request.ON_SITE_GUIDANCE, discipline=commissioners_pb2.Discipline(code="210", level=2),
            window_start="2026-12-01", window_end="2026-12-31",
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    days = {1: ["2026-12-02", "2026-12-03"], 2: ["2026-12-10"]}
    visits = [
        plans_pb2.PlanVisit(request=f"requests/{number}", commissioner=f"commissioners/{number}", days=each)
        for number, each in days.items()
    ]
    assignments = [
        Assignment(
            name=f"assignments/{number}", request=f"requests/{number}", commissioner=f"commissioners/{number}",
            days=each, state=Assignment.ACCEPTED, host_credit_code=f"H{number}",
        )
        for number, each in days.items()
    ]  # fmt: skip
    gone = Assignment(name="assignments/3", commissioner="commissioners/1", days=["2026-12-04"])
    gone.state = Assignment.CANCELLED
    answers = server.answers
    answers["GetPlan"] = lambda *_: plan
    answers["ListPlanVisits"] = lambda asked, _: plans_pb2.ListPlanVisitsResponse(
        visits=[each for each in visits if asked.commissioner in ("", each.commissioner)]
    )
    answers["ListPlanUnserved"] = lambda *_: plans_pb2.ListPlanUnservedResponse(
        unserved=[plans_pb2.PlanUnserved(request="requests/3", cause=plans_pb2.PlanUnserved.OUTWEIGHED)]
    )
    answers["ListRequests"] = lambda *_: requests_pb2.ListRequestsResponse(requests=requests)
    answers["ListCommissioners"] = lambda *_: commissioners_pb2.ListCommissionersResponse(
        commissioners=[
            commissioners_pb2.Commissioner(name="commissioners/1", masked_name="王**"),
            commissioners_pb2.Commissioner(name="commissioners/2", group_name="样例服务团"),
        ]
    )
    answers["ListAssignments"] = lambda *_: assignments_pb2.ListAssignmentsResponse(assignments=[*assignments, gone])
    answers["ListDays"] = lookups.Reference(lambda: None).ListDays  # type: ignore[arg-type,return-value]
    return server


def test_a_plan_is_told_by_line_and_one_commissioner_by_month(places: Any, liancai: Run) -> None:
    told = liancai("plan", "calendar", "7")
    assert told.code == 0, told.err
    assert "2026年12月" in told.out
    assert any(line.startswith("王** 1") and "·■■·" in line for line in told.out.splitlines())
    assert any(line.startswith("样例服务团 2") for line in told.out.splitlines())
    one = liancai("plan", "calendar", "7", "--commissioner", "2")
    assert "10 ■a" in one.out
    assert "样例2号社" in one.out
    assert "样例1号社" not in one.out
    assert [each.commissioner for each in places.requests("ListPlanVisits")] == ["", "commissioners/2"]


def test_the_chart_of_a_plan_has_its_figures_and_what_is_not_served(places: Any, liancai: Run, tmp_path: Path) -> None:
    target = tmp_path / "plan.html"
    done = liancai("plan", "gantt", "7", target)
    assert done.code == 0, done.err
    page = target.read_text(encoding="utf-8")
    assert page.count('<b class="bar planned"') == 2
    for each in (
        "十二月派驻计划",
        "7000.5",
        "7100",
        "1.40 %",
        "样例3号社",
        "2026-12-01..2026-12-31",
        "其他安排分值更高",
    ):
        assert each in page, each
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o600
    assert liancai("plan", "gantt", "7", target).code == 2, "it is there already"
    assert liancai("plan", "gantt", "7", target, "--force").code == 0
    assert liancai("plan", "gantt", "7", tmp_path / "plan.pdf").code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["plan.html"]


def test_a_plan_that_was_not_worked_out_has_a_chart_without_a_bound(places: Any, liancai: Run, tmp_path: Path) -> None:
    draft = Plan(name="plans/7", title="草稿计划", first_day="2026-12-01", last_day="2026-12-31")
    places.answers["GetPlan"] = lambda *_: draft
    places.answers["ListPlanVisits"] = lambda *_: plans_pb2.ListPlanVisitsResponse()
    places.answers["ListPlanUnserved"] = lambda *_: plans_pb2.ListPlanUnservedResponse()
    assert liancai("plan", "gantt", "7", tmp_path / "plan.html").code == 0
    assert "%" not in (tmp_path / "plan.html").read_text(encoding="utf-8").partition("</style>")[2]
    for words in (("calendar", "7"), ("ics", "7", tmp_path / "plan.ics")):
        told = liancai("plan", *words)
        assert told.code == 1
        assert "没有派驻" in told.err
    assert not (tmp_path / "plan.ics").exists()


@pytest.mark.parametrize(
    ("words", "hosts"),
    [
        ((), ["样例1号社", "样例2号社"]),
        (("--host-code", "H2"), ["样例2号社"]),
        (("--commissioner", "1"), ["样例1号社"]),
    ],
)
def test_the_calendar_file_of_a_plan_is_all_or_one_s(
    places: Any, liancai: Run, tmp_path: Path, words: tuple[str, ...], hosts: list[str]
) -> None:
    target = tmp_path / "plan.ics"
    done = liancai("plan", "ics", "7", target, *words)
    assert done.code == 0, done.err
    events = Calendar.from_ical(target.read_bytes()).walk("VEVENT")
    assert [str(event["summary"]).partition(":")[0].partition("：")[0] for event in events] == hosts


def test_assignments_that_stand_are_told_charted_and_written(places: Any, liancai: Run, tmp_path: Path) -> None:
    told = liancai("assignment", "calendar", "--from", "2026-12-01", "--to", "2026-12-15")
    assert told.code == 0, told.err
    line = next(each for each in told.out.splitlines() if each.startswith("王** 1"))
    assert line.endswith("·■■·  ·····  ··"), "what was called off is not there"
    wanted = places.requests("ListAssignments")[0].filter
    assert (wanted.from_day, wanted.to_day) == ("2026-12-01", "2026-12-15")
    assert liancai("assignment", "calendar", "--from", "2026-12-15", "--to", "2026-12-01").code == 2
    assert liancai("assignment", "gantt", tmp_path / "all.html", "--host-code", "H1").code == 0
    assert places.requests("ListAssignments")[-1].filter.host_credit_code == "H1"
    assert 'class="bar accepted"' in (tmp_path / "all.html").read_text(encoding="utf-8")
    assert liancai("assignment", "ics", tmp_path / "one.ics", "--commissioner", "1").code == 0
    assert places.requests("ListAssignments")[-1].filter.commissioner == "commissioners/1"
    assert (tmp_path / "one.ics").read_bytes().count(b"BEGIN:VEVENT") == 2


def test_a_span_is_asked_for_in_parts(places: Any, liancai: Run) -> None:
    assert liancai("assignment", "calendar", "--from", "2025-01-01", "--to", "2026-12-31").code == 0
    spans = [(each.start_date, each.end_date) for each in places.requests("ListDays")]
    assert spans == [("2025-01-01", "2026-02-05"), ("2026-02-06", "2026-12-31")]
    assert isinstance(places.requests("ListDays")[0], reference_pb2.ListDaysRequest)
