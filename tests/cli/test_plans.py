"""`liancai plan`: what is sent, how far a job is shown, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import plans_pb2 as pb

Run = Callable[..., Any]
Job = job_pb2.Job


def test_a_draft_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["CreatePlan"] = lambda request, _: request.plan
    done = liancai(
        "plan", "create", "--title", "十二月派驻计划", "--division", "371526", "--partner", "370103",
        "--discipline", "210", "--from", "2026-12-01", "--to", "2026-12-31", "--per-km", "0", "--load-step", "0.5=20",
    )  # fmt: skip
    assert done.code == 0, done.err
    plan = server.requests("CreatePlan")[0].plan
    assert (plan.title, plan.division, plan.partner_division) == ("十二月派驻计划", "371526", "370103")
    assert (list(plan.disciplines), plan.first_day, plan.last_day) == (["210"], "2026-12-01", "2026-12-31")
    assert plan.objective.HasField("per_km")
    assert not plan.objective.HasField("per_priority")
    assert [(each.above, each.cost) for each in plan.objective.load_steps] == [(0.5, 20)]
    assert liancai("plan", "create", "--load-step", "half=20").code == 2


def test_an_update_sends_a_mask_of_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["UpdatePlan"] = lambda request, _: request.plan
    assert liancai("plan", "update", "7", "--title", "新名", "--per-priority", "0", "--travel-day-km", "80").code == 0
    (request,) = server.requests("UpdatePlan")
    assert request.plan.name == "plans/7"
    assert sorted(request.update_mask.paths) == ["objective.per_priority", "objective.travel_day_km", "title"]
    assert liancai("plan", "update", "7").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (
            ["pin", "7", "1", "2", "--day", "2026-12-01", "--day", "2026-12-02", "--reason", "r"],
            "PinVisit",
            {"request": "requests/1", "commissioner": "commissioners/2", "days": ["2026-12-01", "2026-12-02"]},
        ),
        (["unpin", "7", "1"], "UnpinVisit", {"request": "requests/1"}),
        (["ban", "7", "1", "2", "--reason", "r"], "BanPair", {"commissioner": "commissioners/2", "reason": "r"}),
        (["lift", "7", "1", "2"], "LiftBan", {"request": "requests/1"}),
        (["review", "7", "--etag", "e"], "ReviewPlan", {"etag": '"e"'}),
        (["return", "7", "--reason", "r"], "ReturnPlan", {"reason": "r"}),
        (["publish", "7"], "PublishPlan", {}),
        (["discard", "7", "--reason", "r"], "DiscardPlan", {"reason": "r"}),
    ],
)
def test_each_verb_sends_its_request(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[method] = lambda request, _: pb.Plan(name=request.name)
    done = liancai("plan", *words)
    assert done.code == 0, done.err
    (request,) = server.requests(method)
    assert request.name == "plans/7"
    assert request.request_id
    for name, value in fields.items():
        sent = getattr(request, name)
        assert (list(sent) if isinstance(value, list) else sent) == value


def figures(state: Any, **values: float) -> job_pb2.WatchJobResponse:
    progress = Job.Progress(stage="clusters", figures=values)
    return job_pb2.WatchJobResponse(job=Job(name="jobs/1", state=state, subject="plans/7", progress=progress))


def test_a_job_is_waited_for_and_taken_up_again_when_the_stream_ends(server: Any, liancai: Run) -> None:
    streams: list[Iterator[job_pb2.WatchJobResponse]] = [
        iter([figures(Job.QUEUED), figures(Job.RUNNING, objective=1e6, gap=1.0, served=7, seconds=1)]),
        iter([figures(Job.SUCCEEDED, objective=1e6, bound=1.1e6, gap=0.1, served=7, seconds=2)]),
    ]
    server.answers["SolvePlan"] = lambda *_: pb.SolvePlanResponse(job="jobs/1")
    server.answers["WatchJob"] = lambda *_: streams.pop(0)
    server.answers["GetPlan"] = lambda *_: pb.Plan(name="plans/7", summary=pb.Plan.Summary(served=7, bound=1.1e6))
    done = liancai("plan", "solve", "7", "--rounds", "40", "--steps", "320", "--seed", "3", "-o", "json")
    assert done.code == 0, done.err
    (request,) = server.requests("SolvePlan")
    assert (request.limits.rounds, request.limits.steps, request.limits.seed) == (40, 320, 3)
    assert json.loads(done.out)["summary"]["served"] == 7
    assert len(server.requests("WatchJob")) == 2


def test_a_job_that_failed_is_shown_itself(server: Any, liancai: Run) -> None:
    failed = Job(name="jobs/1", state=Job.FAILED, error="PLAN_INVALID", subject="plans/7")
    server.answers["GetPlan"] = lambda *_: pb.Plan(name="plans/7", job="jobs/1")
    server.answers["WatchJob"] = lambda *_: iter([job_pb2.WatchJobResponse(job=failed)])
    done = liancai("plan", "watch", "7", "-o", "json")
    assert (done.code, json.loads(done.out)["error"]) == (1, "PLAN_INVALID")
    server.answers["ListJobItems"] = lambda *_: job_pb2.ListJobItemsResponse(
        items=[job_pb2.JobItem(place=1, subject="requests/1", code="PD-ONE-PLACE")]
    )
    assert "PD-ONE-PLACE" in liancai("plan", "broken", "jobs/1").out


def test_a_job_is_asked_for_without_waiting_and_stopped(server: Any, liancai: Run) -> None:
    server.answers["SolvePlan"] = lambda *_: pb.SolvePlanResponse(job="jobs/1")
    server.answers["GetJob"] = lambda *_: Job(name="jobs/1", state=Job.QUEUED)
    assert "jobs/1" in liancai("plan", "solve", "7", "--no-wait").out
    server.answers["GetPlan"] = lambda request, _: pb.Plan(job="jobs/1" if request.name == "plans/7" else "")
    server.answers["CancelJob"] = lambda request, _: Job(name=request.name, cancel_requested=True)
    assert liancai("plan", "stop", "7").code == 0
    assert [each.name for each in server.requests("CancelJob")] == ["jobs/1"]
    assert liancai("plan", "stop", "8").code == 2
    server.answers["ListJobs"] = lambda *_: job_pb2.ListJobsResponse(jobs=[Job(name="jobs/1")])
    assert "jobs/1" in liancai("plan", "jobs", "--plan", "7").out
    assert server.requests("ListJobs")[0].filter.subject == "plans/7"


def test_what_came_of_it_is_listed(server: Any, liancai: Run) -> None:
    visit = pb.PlanVisit(request="requests/1", commissioner="commissioners/2", days=["2026-12-01", "2026-12-02"])
    server.answers["ListPlanVisits"] = lambda *_: pb.ListPlanVisitsResponse(visits=[visit])
    server.answers["ListPlanUnserved"] = lambda *_: pb.ListPlanUnservedResponse(
        unserved=[pb.PlanUnserved(request="requests/3", cause=pb.PlanUnserved.AGREEMENT)]
    )
    server.answers["ListPlanPins"] = lambda *_: pb.ListPlanPinsResponse(pins=[pb.PlanPin(request="requests/4")])
    server.answers["ListPlanBans"] = lambda *_: pb.ListPlanBansResponse(bans=[pb.PlanBan(request="requests/5")])
    server.answers["ListPlans"] = lambda *_: pb.ListPlansResponse(plans=[pb.Plan(name="plans/7")])
    assert "2026-12-01, 2026-12-02" in liancai("plan", "visits", "7", "--commissioner", "2").out
    assert server.requests("ListPlanVisits")[0].commissioner == "commissioners/2"
    told = liancai("plan", "unserved", "7", "--cause", "agreement")
    assert list(server.requests("ListPlanUnserved")[0].causes) == [pb.PlanUnserved.AGREEMENT]
    assert "协议" in told.out
    assert "requests/4" in liancai("plan", "pins", "7").out
    assert "requests/5" in liancai("plan", "bans", "7").out
    assert "plans/7" in liancai("plan", "list", "--state", "draft", "--on", "2026-12-01").out


def test_an_export_is_written_whole_and_replaces_nothing_by_itself(server: Any, liancai: Run, tmp_path: Path) -> None:
    parts = [b'{"days":', b"22}"]
    server.answers["ExportPlan"] = lambda *_: iter(pb.ExportPlanResponse(chunk=part) for part in parts)
    target = tmp_path / "plan.json"
    assert liancai("plan", "export", "7", "-o", target).code == 0
    assert json.loads(target.read_text()) == {"days": 22}
    assert liancai("plan", "export", "7", "-o", target).code == 2
    parts[:] = [b"{}"]
    assert liancai("plan", "export", "7", "-o", target, "--force").code == 0
    assert target.read_text() == "{}"
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]
