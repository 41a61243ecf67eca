"""Supervision and statistics at the command line: what is sent, and what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from liancai.talent.v1 import clock_pb2, statistics_pb2
from liancai.talent.v1 import supervision_pb2 as pb

Run = Callable[..., Any]
STEP = "cases/LT1/matters/pension/steps/check"


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (
            ["issue", "LT1/pension/check", "--requirement", "说明原因", "--by", "2026-12-01"],
            "IssueSupervisionOrder",
            {"step": STEP, "requirement": "说明原因", "new_date": "2026-12-01"},
        ),
        (
            ["answer", "7", "--answer", "已办", "--etag", "3"],
            "AnswerSupervisionOrder",
            {"answer": "已办", "etag": '"3"'},
        ),
        (["return", "7", "--reason", "r"], "ReturnSupervisionOrder", {"reason": "r", "new_date": ""}),
        (["return", "7", "--reason", "r", "--by", "2026-12-02"], "ReturnSupervisionOrder", {"new_date": "2026-12-02"}),
        (["sign-off", "7"], "SignOffSupervisionOrder", {"name": "supervisionOrders/7", "remark": ""}),
        (
            ["withdraw", "7", "--reason", "r"],
            "WithdrawSupervisionOrder",
            {"name": "supervisionOrders/7", "reason": "r"},
        ),
    ],
)
def test_what_is_done_with_an_order(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    order = pb.SupervisionOrder(name="supervisionOrders/7", state=pb.SupervisionOrder.ANSWERED, officer="clerk")
    server.answers[method] = lambda *_: order
    done = liancai("supervision", *words, "--request-id", "again-0001")
    assert done.code == 0, done.err
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields
    assert ["状态", "已反馈"] in [line.split() for line in done.out.splitlines()]


def test_the_board_is_shown_with_what_it_counts(server: Any, liancai: Run) -> None:
    group = pb.Board.Group(key="371526-sic", green=3, yellow=2, red=1, orders=4)
    server.answers["GetBoard"] = lambda *_: pb.Board(date="2026-11-23", groups=[group], definition="口径说明")
    done = liancai("supervision", "board")
    assert server.requests("GetBoard")[0].by == pb.GetBoardRequest.UNIT
    assert ["371526-sic", "3", "2", "1", "0", "0", "4"] in [line.split() for line in done.out.splitlines()]
    assert "督办单" in done.out
    assert "口径说明" in done.err
    liancai("supervision", "board", "--by", "matter", "-o", "json")
    assert server.requests("GetBoard")[1].by == pb.GetBoardRequest.MATTER


def test_what_is_lit_and_what_was_reminded_of(server: Any, liancai: Run) -> None:
    server.answers["ListWatchedSteps"] = lambda *_: pb.ListWatchedStepsResponse()
    server.answers["ListReminders"] = lambda *_: pb.ListRemindersResponse(
        reminders=[pb.Reminder(step=STEP, light=clock_pb2.LIGHT_RED, told=["unit/371526-sic"])]
    )
    assert liancai("supervision", "watched", "--light", "red", "--unit", "371526-sic", "--unassigned").code == 0
    (asked,) = server.requests("ListWatchedSteps")
    assert (list(asked.lights), asked.unit, asked.unassigned) == ([clock_pb2.LIGHT_RED], "371526-sic", True)
    assert liancai("supervision", "watched", "--light", "green").code == 2
    done = liancai("supervision", "reminders", "--case", "LT1", "--mine")
    assert "红灯" in done.out
    (told,) = server.requests("ListReminders")
    assert (told.case_name, told.mine) == ("cases/LT1", True)


@pytest.mark.parametrize("verb", ["throughput", "hand-overs", "custody", "lateness"])
def test_a_span_is_of_dates_or_of_instants(server: Any, liancai: Run, verb: str) -> None:
    name = "".join(map(str.capitalize, verb.split("-")))
    server.answers[f"Get{name}"] = lambda *_: getattr(statistics_pb2, name)(definition="口径说明")
    done = liancai("case", "stats", verb, "--from", "2026-03-01", "--to", "2026-03-31")
    assert done.code == 0, done.err
    assert "口径说明" in done.out
    assert liancai("case", "stats", verb, "--from", "2026-03-01 08:00", "--to", "2026-03-31 08:00").code == 0
    dated, timed = server.requests(f"Get{name}")
    assert (dated.span.from_date, dated.span.to_date) == ("2026-03-01", "2026-03-31")
    assert timed.span.from_time.ToJsonString() == "2026-03-01T00:00:00Z"
    assert ("次数" in done.out) == (verb == "hand-overs"), "headings of what is counted, also of nothing"
    assert liancai("case", "stats", verb, "--from", "2026-03-01", "--to", "2026-03-31 08:00").code == 2


def test_who_held_cases_for_how_long(server: Any, liancai: Run) -> None:
    group = statistics_pb2.Custody.Group(
        division="371526", side=clock_pb2.DESTINATION, cases=3, held_seconds=604800, days_a_case=2.3, given=1
    )
    server.answers["GetCustody"] = lambda *_: statistics_pb2.Custody(definition="口径说明", groups=[group])
    done = liancai("case", "stats", "custody", "--from", "2026-03-01", "--to", "2026-03-31")
    assert "口径说明" in done.out
    assert ["371526", "转入地", "3", "2.3", "604800", "1"] in [line.split() for line in done.out.splitlines()]
    written = liancai("case", "stats", "custody", "--from", "2026-03-01", "--to", "2026-03-31", "-o", "csv")
    head, line = written.out.splitlines()
    assert dict(zip(head.split(","), line.split(","), strict=True))["held_seconds"] == "604800", "a line for each group"
    assert "口径说明" in written.err


def test_work_in_progress_at_a_date_or_an_instant(server: Any, liancai: Run) -> None:
    group = statistics_pb2.WorkInProgress.Group(matter="pension", matters=3, steps=2)
    server.answers["GetWorkInProgress"] = lambda *_: statistics_pb2.WorkInProgress(cases=4, groups=[group])
    done = liancai("case", "stats", "progress", "--at", "2026-03-01")
    assert ["pension", "3", "2"] in [line.split() for line in done.out.splitlines()]
    liancai("case", "stats", "progress", "--at", "2026-03-01 08:00")
    dated, timed = server.requests("GetWorkInProgress")
    assert (dated.date, dated.HasField("time"), timed.date) == ("2026-03-01", False, "")
