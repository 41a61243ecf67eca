"""`liancai assignment`, `visit`, `transfer`, `evaluation` and `subsidy`: what is sent, and what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from liancai.placement.v1 import assignments_pb2, evaluations_pb2, technology_transfers_pb2, visits_pb2

Run = Callable[..., Any]
PHOTO = "ab" * 32


def test_an_assignment_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["CreateAssignment"] = lambda request, _: request.assignment
    done = liancai(
        "assignment", "create", "--request", "7", "--commissioner", "8", "--day", "2026-12-01", "--day", "2026-12-02",
        "--travel-day", "2026-11-30",
    )  # fmt: skip
    assert done.code == 0, done.err
    (request,) = server.requests("CreateAssignment")
    assert request.assignment == assignments_pb2.Assignment(
        request="requests/7",
        commissioner="commissioners/8",
        days=["2026-12-01", "2026-12-02"],
        travel_days=["2026-11-30"],
    )
    assert "2026-12-02" in done.out


def test_a_visit_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["LogVisit"] = lambda request, _: request.visit
    done = liancai(
        "visit", "log", "--assignment", "7", "--day", "2026-12-01", "--start", "09:00", "--end", "16:30", "--place",
        "371526001", "--category", "on-site-guidance", "--problem", "裂果", "--measure", "补钙", "--beneficiaries",
        "12", "--photo-sha256", PHOTO, "--remote",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("LogVisit")[0].visit
    assert (sent.assignment, sent.category, sent.beneficiaries, sent.remote) == ("assignments/7", 1, 12, True)
    assert (sent.start, sent.end, list(sent.photo_sha256)) == ("09:00", "16:30", [PHOTO])


def test_a_correction_sends_a_mask(server: Any, liancai: Run) -> None:
    server.answers["CorrectVisit"] = lambda request, _: request.visit
    assert liancai("visit", "correct", "7", "--on-site", "--beneficiaries", "3", "--etag", "e").code == 0
    (request,) = server.requests("CorrectVisit")
    assert (request.visit.name, request.visit.etag) == ("visits/7", '"e"')
    assert sorted(request.update_mask.paths) == ["beneficiaries", "remote"]
    assert liancai("visit", "correct", "7").code == 2


def test_a_transfer_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["RecordTechnologyTransfer"] = lambda request, _: request.technology_transfer
    done = liancai(
        "transfer", "record", "--commissioner", "8", "--stage", "landed", "--date", "2026-11-20", "--title",
        "水肥一体化", "--assignment", "7", "--contract", "1号", "--amount", "50000.50", "--continues", "6",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("RecordTechnologyTransfer")[0].technology_transfer
    assert (sent.stage, sent.amount_fen, sent.continues) == (4, 5_000_050, "technologyTransfers/6")
    assert (sent.assignment, sent.host_credit_code) == ("assignments/7", "")
    assert "50000.50" in done.out


def test_the_inputs_of_a_year_are_shown(server: Any, liancai: Run) -> None:
    found = evaluations_pb2.EvaluationInputs(
        commissioner="commissioners/8", year=2026, days=12, days_missing=18, subsidy_fen=200_000,
        ratings=[evaluations_pb2.EvaluationInputs.Ratings(level=5, count=2)],
        suggestions=[evaluations_pb2.EvaluationInputs.NO_LOG],
    )  # fmt: skip
    server.answers["GetEvaluationInputs"] = lambda *_: found
    done = liancai("evaluation", "inputs", "8", "--year", "2026")
    assert done.code == 0, done.err
    asked = server.requests("GetEvaluationInputs")[0]
    assert (asked.commissioner, asked.year) == ("commissioners/8", 2026)
    for words in ("计入天数", "18", "2000.00", "长期无服务日志"):
        assert words in done.out


def test_a_subsidy_sends_fen(server: Any, liancai: Run) -> None:
    server.answers["RecordSubsidy"] = lambda request, _: request.subsidy
    done = liancai("subsidy", "record", "8", "--amount", "2000", "--date", "2026-11-20", "--basis", "样科字〔2026〕3号")
    assert done.code == 0, done.err
    sent = server.requests("RecordSubsidy")[0].subsidy
    assert (sent.commissioner, sent.amount_fen, sent.pay_date) == ("commissioners/8", 200_000, "2026-11-20")


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["assignment", "show", "7"], "GetAssignment", {"name": "assignments/7"}),
        (["assignment", "accept", "7", "--etag", "e"], "AcceptAssignment", {"etag": '"e"'}),
        (["assignment", "decline", "7", "--reason", "r"], "DeclineAssignment", {"reason": "r"}),
        (["assignment", "cancel", "7", "--reason", "r"], "CancelAssignment", {"reason": "r"}),
        (["assignment", "rate", "7", "--rating", "satisfied", "--comment", "好"], "RateAssignment", {"rating": 4}),
        (["visit", "show", "7"], "GetVisit", {"name": "visits/7"}),
        (["visit", "confirm", "7"], "ConfirmVisit", {"name": "visits/7"}),
        (["visit", "dispute", "7", "--reason", "r"], "DisputeVisit", {"reason": "r"}),
        (["visit", "countersign", "7"], "CountersignVisit", {"name": "visits/7"}),
        (["transfer", "show", "7"], "GetTechnologyTransfer", {"name": "technologyTransfers/7"}),
        (
            ["evaluation", "record", "8", "--year", "2026", "--grade", "qualified", "--reason", "r"],
            "RecordEvaluation",
            {"commissioner": "commissioners/8", "year": 2026, "grade": 2, "reason": "r"},
        ),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    kinds = {
        "Assignment": assignments_pb2.Assignment(),
        "Visit": visits_pb2.Visit(),
        "Transfer": technology_transfers_pb2.TechnologyTransfer(),
        "Evaluation": evaluations_pb2.Evaluation(),
    }
    server.answers[method] = lambda *_: next(answer for end, answer in kinds.items() if method.endswith(end))
    reads = method.startswith("Get")
    assert liancai(*words, *([] if reads else ["--request-id", "again-0001"])).code == 0
    (request,) = server.requests(method)
    assert reads or request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_lists_ask_for_what_was_given(server: Any, liancai: Run) -> None:
    made = assignments_pb2.Assignment(name="assignments/7", state=assignments_pb2.Assignment.ACCEPTED)
    server.answers["ListAssignments"] = lambda *_: assignments_pb2.ListAssignmentsResponse(assignments=[made])
    done = liancai(
        "assignment", "list", "--state", "accepted", "--commissioner", "8", "--request", "9", "--plan", "3", "--from",
        "2026-12-01", "--to", "2026-12-31", "--disrupted", "--host-code", "91X",
    )  # fmt: skip
    assert (done.code, "已同意" in done.out) == (0, True)
    assert server.requests("ListAssignments")[0].filter == assignments_pb2.ListAssignmentsRequest.Filter(
        states=[2], commissioner="commissioners/8", request="requests/9", plan="plans/3", from_day="2026-12-01",
        to_day="2026-12-31", disrupted=True, host_credit_code="91X",
    )  # fmt: skip
    server.answers["ListVisits"] = lambda *_: visits_pb2.ListVisitsResponse()
    assert liancai("visit", "list", "--state", "disputed", "--assignment", "7", "--late").code == 0
    asked = server.requests("ListVisits")[0].filter
    assert (list(asked.states), asked.assignment, asked.late) == ([4], "assignments/7", True)
    answer = technology_transfers_pb2.ListTechnologyTransfersResponse()
    server.answers["ListTechnologyTransfers"] = lambda *_: answer
    assert liancai("transfer", "list", "--stage", "pilot-test", "--current").code == 0
    found = server.requests("ListTechnologyTransfers")[0].filter
    assert (list(found.stages), found.current) == ([3], True)
    server.answers["ListEvaluations"] = lambda *_: evaluations_pb2.ListEvaluationsResponse()
    server.answers["ListSubsidies"] = lambda *_: evaluations_pb2.ListSubsidiesResponse()
    for noun in ("evaluation", "subsidy"):
        assert liancai(noun, "list", "--commissioner", "8", "--year", "2026").code == 0
    for method in ("ListEvaluations", "ListSubsidies"):
        (request,) = server.requests(method)
        assert (request.commissioner, request.year) == ("commissioners/8", 2026)
