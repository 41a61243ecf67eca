"""Waitlists and limits at the command line: what is sent, and what is shown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import enrolments_pb2, quotas_pb2, waitlist_pb2
from openpyxl import load_workbook

Run = Callable[..., Any]
BUDGET = "quotas/budget-371526-2026-employment-subsidy"


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (
            ["waitlist", "move", "E", "--before", "F", "--reason", "r"],
            "MoveOnWaitlist",
            {"name": "enrolments/E", "before": "enrolments/F", "reason": "r"},
        ),
        (["waitlist", "move", "E", "--reason", "r"], "MoveOnWaitlist", {"before": "", "reason": "r"}),
        (["waitlist", "accept", "E", "--etag", "3"], "AcceptOffer", {"name": "enrolments/E", "etag": '"3"'}),
        (["waitlist", "decline", "E", "--reason", "r"], "DeclineOffer", {"reason": "r"}),
    ],
)
def test_what_is_done_to_somebody_who_waits(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[method] = lambda *_: enrolments_pb2.Enrolment(name="enrolments/E", waitlist_position=2)
    done = liancai(*words, "--request-id", "again-0001")
    assert done.code == 0, done.err
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields
    assert ["候补位次", "2"] in [line.split() for line in done.out.splitlines()]


def test_who_waits_in_order(server: Any, liancai: Run, tmp_path: Path) -> None:
    people = [
        enrolments_pb2.Enrolment(name="enrolments/E", waitlist_position=1, masked_name="张*", category="DIF"),
        enrolments_pb2.Enrolment(name="enrolments/F", waitlist_position=2, masked_name="李*", party="P1"),
    ]
    server.answers["ListWaitlist"] = lambda *_: waitlist_pb2.ListWaitlistResponse(enrolments=people)
    done = liancai("waitlist", "list", "--class", "7")
    assert server.requests("ListWaitlist")[0].class_name == "classes/7"
    lines = [line.split() for line in done.out.splitlines()]
    assert ["1", "enrolments/E", "张*", "DIF", "就业困难人员"] in lines
    assert ["2", "enrolments/F", "李*", "P1"] in lines
    assert liancai("waitlist", "list").code == 2
    assert liancai("waitlist", "list", "--class", "7", "--export", str(tmp_path / "候补.xlsx")).code == 0
    sheet: Any = load_workbook(tmp_path / "候补.xlsx").worksheets[0]
    assert sheet.max_row == 3


def place(**more: Any) -> waitlist_pb2.PlaceExplanation:
    explained = waitlist_pb2.PlaceExplanation(
        name="enrolments/E", position=3, waiting=5, priority=1, category="DIF", priority_source="建议值",
        priority_confidence="unconfirmed", ahead_by_priority=0, ahead_by_time=1, ahead_by_lottery=1,
        lottery_seed="5eed", lottery_number=42, sentence="候补第 3 位，共 5 人等候。", **more,
    )  # fmt: skip
    explained.waits_since.FromJsonString("2026-11-01T01:30:00Z")
    return explained


def test_a_place_is_a_sentence_first_and_then_why(server: Any, liancai: Run) -> None:
    server.answers["ExplainPlace"] = lambda *_: place()
    done = liancai("waitlist", "why", "E")
    lines = [line.split() for line in done.out.splitlines()]
    assert done.out.startswith("候补第 3 位，共 5 人等候。\n")
    assert lines[1:] == [
        ["因优先组在前", "0"],
        ["因等候更久在前", "1"],
        ["因抽签在前", "1"],
        ["优先组", "1", "·", "DIF", "就业困难人员", "·", "建议值", "·", "待确认"],
        ["候补时间", "2026-11-01", "09:30:00"],
        ["抽签号", "42（种子", "5eed）"],
    ]
    read = json.loads(liancai("waitlist", "why", "E", "-o", "json").out)
    assert (read["position"], read["sentence"], read["moves"]) == (3, "候补第 3 位，共 5 人等候。", [])


def test_moves_by_hand_a_party_and_what_keeps_the_seats(server: Any, liancai: Run) -> None:
    move = waitlist_pb2.PlaceExplanation.Move(actor="甲\x1b[31m", reason="集体研究", source=4, target=3)
    move.record_time.FromJsonString("2026-11-02T01:00:00Z")
    server.answers["ExplainPlace"] = lambda *_: place(moves=[move], party_size=2, blocked_by=BUDGET)
    done = liancai("waitlist", "why", "E")
    assert "2026-11-02 09:00:00  甲\\x1b[31m  4 → 3  集体研究" in done.out
    assert "种子" not in done.out  # a number given by hand was not drawn
    lines = [line.split() for line in done.out.splitlines()]
    assert ["同行人数", "2"] in lines
    assert ["受限于", BUDGET] in lines
    assert f"liancai quota show {BUDGET}" in done.err


# ---- limits ----------------------------------------------------------------------------------------


def quota(**fields: Any) -> quotas_pb2.Quota:
    values = {
        "name": BUDGET, "kind": quotas_pb2.DIVISION_BUDGET, "division": "371526", "year": 2026,
        "fund": quotas_pb2.EMPLOYMENT_SUBSIDY, "granted": 120_000_005, "taken": 0, "left": 120_000_005,
        "source": "文号",
    }  # fmt: skip
    return quotas_pb2.Quota(**{**values, **fields})


@pytest.mark.parametrize(
    ("yuan", "fen"), [("1200000.00", 120_000_000), ("1200000", 120_000_000), ("0.5", 50), ("0", 0)]
)
def test_a_budget_is_yuan_here_and_fen_on_the_wire(server: Any, liancai: Run, yuan: str, fen: int) -> None:
    server.answers["SetQuota"] = lambda *_: quota()
    done = liancai(
        "quota", "set", "budget", "--division", "371526", "--year", "2026", "--fund", "Employment_Subsidy",
        "--yuan", yuan, "--source", "文号",
    )  # fmt: skip
    assert done.code == 0, done.err
    (request,) = server.requests("SetQuota")
    assert (request.kind, request.fund, request.granted) == (
        quotas_pb2.DIVISION_BUDGET,
        quotas_pb2.EMPLOYMENT_SUBSIDY,
        fen,
    )
    assert (request.division, request.year, request.source) == ("371526", 2026, "文号")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["限额（人或元）", "1200000.05"] in lines
    assert ["已用", "0.00"] in lines


def test_heads_are_persons(server: Any, liancai: Run) -> None:
    made = quota(name="quotas/heads-91X-2026", kind=quotas_pb2.INSTITUTION_HEADS, granted=30, left=30, fund=0)
    server.answers["SetQuota"] = lambda *_: made
    words = ["--division", "371526", "--year", "2026", "--persons", "30", "--source", "文号", "--etag", "2"]
    for option in ("--institution", "--institution-code"):
        done = liancai("quota", "set", "heads", option, "91X", *words)
        assert done.code == 0, done.err
    request = server.requests("SetQuota")[-1]
    assert (request.kind, request.institution_credit_code, request.granted, request.etag) == (
        quotas_pb2.INSTITUTION_HEADS,
        "91X",
        30,
        '"2"',
    )
    assert ["限额（人或元）", "30"] in [line.split() for line in done.out.splitlines()]


def test_limits_as_a_list_a_file_and_for_programs(server: Any, liancai: Run, tmp_path: Path) -> None:
    heads = quota(name="quotas/heads-91X-2026", kind=quotas_pb2.INSTITUTION_HEADS, granted=30, left=30, fund=0)
    server.answers["ListQuotas"] = lambda *_: quotas_pb2.ListQuotasResponse(quotas=[quota(), heads])
    server.answers["GetQuota"] = lambda *_: quota()
    done = liancai("quota", "list", "--year", "2026", "--institution", "91X")
    asked = server.requests("ListQuotas")[0].filter
    assert (asked.year, asked.institution_credit_code) == (2026, "91X")
    assert "1200000.05" in done.out
    read = list(csv.DictReader(io.StringIO(liancai("quota", "list", "-o", "csv").out)))
    assert [line["granted"] for line in read] == ["120000005", "30"]  # the contract's own numbers
    assert liancai("quota", "list", "--export", str(tmp_path / "限额.csv")).code == 0
    written = (tmp_path / "限额.csv").read_text(encoding="utf-8-sig")
    assert "1200000.05" in written
    assert liancai("quota", "show", BUDGET.removeprefix("quotas/")).code == 0
    assert server.requests("GetQuota")[0].name == BUDGET


def lattice(binding: str) -> quotas_pb2.SeatLattice:
    limits = [
        quotas_pb2.SeatLattice.Limit(
            name="classes/7", known=True, granted=30, taken=2, left=28, per_seat=1, seats=28, title="班级容量"
        ),
        quotas_pb2.SeatLattice.Limit(name="quotas/heads-91X-2026", per_seat=1, title="机构人数"),
        quotas_pb2.SeatLattice.Limit(
            name=BUDGET, known=True, granted=500_000, taken=0, left=500_000, per_seat=120_000, seats=4, title="资金"
        ),
    ]
    return quotas_pb2.SeatLattice(class_name="classes/7", limits=limits, seats=4, binding=binding)


def test_every_limit_of_a_class_with_the_one_that_binds_marked(server: Any, liancai: Run) -> None:
    server.answers["ExplainSeats"] = lambda *_: lattice(BUDGET)
    done = liancai("quota", "seats", "7")
    assert server.requests("ExplainSeats")[0].class_name == "classes/7"
    lines = [line.split() for line in done.out.splitlines()]
    assert ["班级容量", "classes/7", "30", "2", "28", "1", "28"] in lines
    assert ["*", "资金", BUDGET, "5000.00", "0.00", "5000.00", "1200.00", "4"] in lines
    # what nobody has set is no number
    assert ["机构人数", "quotas/heads-91X-2026", *["未设定"] * 3, "1", "未设定"] in lines
    assert "还可录 4 人" in done.err
    assert BUDGET in done.err
    assert "liancai quota set" in done.err
    assert json.loads(liancai("quota", "seats", "7", "-o", "json").out)["limits"][2]["left"] == "500000"
    server.answers["ExplainSeats"] = lambda *_: lattice("")
    assert "*" not in liancai("quota", "seats", "7").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["quota", "set", "bugdet"], "budget"),
        (["quota", "set", "budget", "--fund", "none"], "unemployment-insurance"),
        (["quota", "set", "budget", "--yuan", "1200000.005"], "1200000.005"),
        (["quota", "set", "budget", "--yuan", "1,200,000"], "1,200,000"),
        (["quota", "set", "budget", "--yuan", "-1"], "--yuan"),
        (["quota", "set", "heads", "--persons", "many"], "many"),
        (["quota", "set", "heads"], "缺少"),
        (["quota", "show", "orders/7"], "quotas/…"),
        (["quota", "sets", "7"], "set"),
        (["waitlist", "move", "E"], "--reason"),
        (["waitlist", "move", "E", "--before", "classes/7"], "enrolments/…"),
        (["waitlst"], "waitlist"),
    ],
)
def test_what_cannot_be_meant(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
