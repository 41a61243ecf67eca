"""What is done to many: a verdict for each, by the rights of each, dry or not, gone on with after a death."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from liancai.common.v1 import job_pb2
from liancai.talent.v1 import audit_pb2, cases_pb2
from liancai.talent.v1 import bulk_pb2 as pb

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.ids import new_id
from services.platform.job_process import Run, do
from services.platform.jobs import State
from services.talent import jobs as module
from services.talent.jobs import KINDS
from services.talent.tables import JOBS
from tests.office import request_id
from tests.platform.test_jobs import lapse_of
from tests.statuses import refused
from tests.talent.desk import Desk

Item = job_pb2.JobItem


def checks(desk: Desk, count: int) -> list[str]:
    """So many steps that are ready."""
    return [f"{desk.open('pension').name}/matters/pension/steps/check" for _ in range(count)]


def submit(desk: Desk, **fields: Any) -> pb.SubmitBulkResponse:
    asked: pb.SubmitBulkResponse = desk.bulk.SubmitBulk(pb.SubmitBulkRequest(request_id=request_id(), **fields))
    return asked


def run_next(database: Database) -> Run:
    """Takes the oldest job, as a process does."""
    row = database.write_again(
        Call.by_system("talent", "talent.bulk.submit", "371526"),
        lambda tx: JOBS.claim(tx, tuple(KINDS.kinds), new_id()),
    )
    assert row is not None
    return Run(database, "talent", JOBS, row, threading.Event())


def items(desk: Desk, job: str) -> list[job_pb2.JobItem]:
    return list(desk.jobs.ListJobItems(job_pb2.ListJobItemsRequest(name=job)).items)


def assignee(desk: Desk, step: str) -> str:
    case = desk.case(step.partition("/matters")[0])
    return next(each.assignee for matter in case.matters for each in matter.steps if each.name == step)


def test_many_steps_are_given_to_somebody_each_with_its_verdict(desk: Desk, talent_database: Database) -> None:
    steps = checks(desk, 3)
    desk.cases.WithdrawMatter(_withdrawal(steps[1]))
    absent = steps[0].replace("/check", "/nothing")
    asked = submit(desk, reassign=pb.BulkReassign(assignee="new hand"), names=[*steps, absent])
    assert asked.items == 4
    do(run_next(talent_database), KINDS)
    found = items(desk, asked.job)
    assert [each.outcome for each in found] == [Item.DONE, Item.REFUSED, Item.DONE, Item.REFUSED]
    assert [each.code for each in found] == ["BULK_DONE", "STEP_STATE", "BULK_DONE", "NOT_FOUND"]
    assert all(each.message for each in found)
    assert [assignee(desk, step) for step in steps] == ["new hand", "", "new hand"]
    job = desk.jobs.GetJob(job_pb2.GetJobRequest(name=asked.job))
    assert (job.state, job.creator) == (job_pb2.Job.SUCCEEDED, "caseworker")


def _withdrawal(step: str) -> Any:
    return cases_pb2.WithdrawMatterRequest(name=step.partition("/steps")[0], reason="放弃", request_id=request_id())


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk, talent_database: Database) -> None:
    steps = checks(desk, 2)
    desk.act("AssignStep", steps[0], assignee="old hand")
    trail = audit_pb2.ListCaseTrailRequest(resource=steps[0].partition("/matters")[0])
    before = len(desk.trail.ListCaseTrail(trail).entries)
    asked = submit(desk, reassign=pb.BulkReassign(assignee="new hand"), of_assignee="old hand", dry_run=True)
    do(run_next(talent_database), KINDS)
    assert [each.outcome for each in items(desk, asked.job)] == [Item.DONE]
    assert assignee(desk, steps[0]) == "old hand"
    assert len(desk.trail.ListCaseTrail(trail).entries) == before


def test_rights_are_asked_of_each(desk: Desk, other_side: Desk, talent_database: Database) -> None:
    steps = checks(desk, 1)
    asked = submit(other_side, reassign=pb.BulkReassign(assignee="thief"), names=steps)
    do(run_next(talent_database), KINDS)
    assert [each.code for each in items(other_side, asked.job)] == ["NOT_FOUND"]
    assert assignee(desk, steps[0]) == ""


def test_a_job_whose_process_died_goes_on_and_does_nothing_twice(
    desk: Desk, talent_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOGETHER", 1)
    steps = checks(desk, 3)
    asked = submit(desk, notify=pb.BulkNotify(message="系统升级"), names=steps)
    run = run_next(talent_database)
    real, times = run.step, []

    def dies(*given: Any, **more: Any) -> None:
        times.append(1)
        if len(times) == 3:
            raise SystemExit
        real(*given, **more)

    monkeypatch.setattr(run, "step", dies)
    with pytest.raises(SystemExit):
        KINDS.kinds[run.kind](run)
    assert len(items(desk, asked.job)) == 2
    lapse_of(talent_database, JOBS)
    again = run_next(talent_database)
    assert (again.name, again.attempt) == (asked.job, 2)
    do(again, KINDS)
    assert [each.outcome for each in items(desk, asked.job)] == [Item.DONE] * 3
    for step in steps:
        trail = audit_pb2.ListCaseTrailRequest(resource=step.partition("/matters")[0])
        told = [each for each in desk.trail.ListCaseTrail(trail).entries if "系统升级" in str(each.detail)]
        assert len(told) == 1


def test_clocks_are_stopped_where_the_catalogue_allows_it(desk: Desk, talent_database: Database) -> None:
    steps = checks(desk, 1)
    desk.act("StartStep", steps[0])
    asked = submit(
        desk, names=steps,
        suspend=pb.BulkSuspend(legal_basis="样例依据", evidence="停机公告", reason="系统停机", approver="head"),
    )  # fmt: skip
    do(run_next(talent_database), KINDS)
    # finding out whether anything has to be transferred knows no pause
    assert [each.code for each in items(desk, asked.job)] == ["STEP_SUSPENSION"]


def test_what_is_asked_for_is_checked_at_once(desk: Desk) -> None:
    step = checks(desk, 1)
    for fields in (
        {"names": step},
        {"reassign": pb.BulkReassign(assignee="x")},
        {"reassign": pb.BulkReassign(assignee="x"), "names": step, "of_unit": "371526-sic"},
        {"reassign": pb.BulkReassign(assignee="x"), "names": [step[0].partition("/matters")[0]]},
        {"suspend": pb.BulkSuspend(reason="x"), "names": step},
    ):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            submit(desk, **fields)


def test_a_job_that_waits_is_cancelled(desk: Desk) -> None:
    asked = submit(desk, notify=pb.BulkNotify(message="不发"), names=checks(desk, 1))
    cancelled = desk.jobs.CancelJob(job_pb2.CancelJobRequest(name=asked.job, request_id=request_id()))
    assert job_pb2.Job.State.Name(cancelled.state) == State.CANCELLED
