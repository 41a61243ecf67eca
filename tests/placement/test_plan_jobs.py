"""The job that works a plan out: shown how far it is, cancelled, killed with its server, gone on with, never worse."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import Row, insert, select

from services import host
from services.placement.jobs import KINDS
from services.placement.plan_jobs import solving
from services.placement.planning.search import solve as search
from services.placement.rules.dispatch import Assignment, account
from services.placement.rules.inputs import Inputs
from services.placement.tables import (
    JOBS,
    Base,
    CommissionerRow,
    PlanInputsRow,
    RequestRow,
    ServiceAgreementRow,
    SkillRow,
)
from services.platform import foreman as foreman_module
from services.platform.database import Database
from services.platform.foreman import Foreman, Workshop
from services.platform.job_process import Run, do
from services.platform.jobs import ENDED, State
from tests.office import request_id
from tests.placement.plan_desk import Desks, fresh_discipline
from tests.platform.test_jobs import alive, another_server, at_work, lapse_of, processes_of, until
from tests.statuses import refused


def many(desks: Desks, code: str, people: int, requests: int) -> None:
    """Copies of one commissioner with an agreement, and of one request: more than is planned in a moment."""
    person = desks.expert(code).partition("/")[2]
    request = desks.wanted(code, working_days=2).partition("/")[2]

    def copies(table: Any, column: Any, like: str, count: int, **changed: Any) -> Iterator[dict[str, Any]]:
        row = dict(connection.execute(select(table.__table__).where(column == like)).mappings().one())
        for number in range(count):
            made = {key: value(number) for key, value in changed.items()}
            yield {**row, **made}

    def named(number: int) -> str:
        return f"20261200{code}{number:04}"

    with desks.database.writing_engine.begin() as connection:
        for table, column, like, count, changed in (
            (CommissionerRow, CommissionerRow.id, person, people, {"resident_id_index": _random}),
            (SkillRow, SkillRow.commissioner_id, person, people, {"commissioner_id": named}),
            (ServiceAgreementRow, ServiceAgreementRow.commissioner_id, person, people, {"commissioner_id": named}),
            (RequestRow, RequestRow.id, request, requests, {"working_days": lambda number: 1 + number % 4}),
        ):
            changed = {**changed, **({} if table is SkillRow else {"id": named})}
            connection.execute(insert(table), list(copies(table, column, like, count, **changed)))


def _random(_: int) -> bytes:
    return secrets.token_bytes(32)


def job_row(database: Database, name: str) -> Row[Any]:
    with database.reading() as session:
        return session.execute(select(JOBS.table).where(JOBS.table.c.id == name.partition("/")[2])).one()


def value_of(database: Database, plan: str, checkpoint: Any) -> float:
    """The objective of what a job has saved."""
    with database.reading() as session:
        row = session.get_one(PlanInputsRow, (plan.partition("/")[2], checkpoint["digest"]))
    visits = [
        Assignment(each["request"], each["commissioner"], each["start"], tuple(each.get("on", ())))
        for each in checkpoint["visits"]
    ]
    return account(Inputs.unpacked(row.inputs).dispatch, visits).total


def test_a_server_killed_in_the_middle_loses_nothing(
    desks: Desks, settings: host.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreman_module, "LOOK", 0.05)
    code, database = fresh_discipline(), desks.database
    many(desks, code, people=80, requests=900)
    name = desks.draft(code).name
    job = desks.ask(name, seconds=900)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_SOLVING"):
        desks.ask(name, seconds=900)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_SOLVING"):
        desks.turn("DiscardPlan", name)
    shop = Workshop(settings.database("placement"), "placement", settings.keys, "services.placement.jobs:KINDS")
    with another_server(shop) as server:
        until(lambda: job_row(database, job).checkpoint.get("bound"))
        watched = desks.served.jobs.WatchJob(job_pb2.WatchJobRequest(name=job))
        figures = next(each.job.progress.figures for each in watched if "bound" in each.job.progress.figures)
        watched.cancel()
        assert 0 < figures["objective"] <= figures["bound"]
        assert 0 <= figures["gap"] < 1
        children = processes_of(server.pid)
        children += [inner for child in children for inner in processes_of(child)]
        server.kill()
    until(lambda: not any(alive(child) for child in children))
    row = job_row(database, job)
    assert row.state == State.RUNNING
    saved = value_of(database, name, row.checkpoint)
    assert not desks.get(name).HasField("summary"), "nothing was stored yet"
    lapse_of(database, JOBS)
    with at_work(Foreman(database, shop, threading.Event())):
        until(lambda: desks.get(name).HasField("summary"))
        assert job_row(database, job).state == State.RUNNING, "it goes on; what was saved is safe already"
        assert desks.get(name).summary.objective >= saved
        desks.served.jobs.CancelJob(job_pb2.CancelJobRequest(name=job, request_id=request_id()))
        until(lambda: job_row(database, job).state in ENDED)
    row = job_row(database, job)
    assert (row.state, row.attempts) == (State.CANCELLED, 2)
    summary = desks.get(name).summary
    assert summary.objective >= saved
    assert summary.bound >= summary.objective
    assert summary.served == row.result["served"] > 0
    assert desks.turn("ReviewPlan", name).state == pb.Plan.REVIEWED


def test_by_counts_a_job_that_died_comes_to_the_same_plan(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    code = fresh_discipline()
    many(desks, code, people=6, requests=60)
    undisturbed = desks.solved(code)
    name = desks.draft(code).name
    asked = desks.ask(name)
    run = desks.next_run()
    real = run.save

    def dies(*given: Any, **more: Any) -> None:
        real(*given, **more)
        raise SystemExit

    monkeypatch.setattr(run, "save", dies)
    with pytest.raises(SystemExit):
        KINDS.kinds[run.kind](run)
    lapse_of(desks.database, JOBS)
    again = desks.next_run()
    assert (again.name, again.attempt) == (asked, 2)
    assert again.checkpoint["visits"]
    do(again, KINDS)
    found = desks.get(name).summary
    assert (found.digest, found.objective, found.bound) == (
        *(undisturbed.summary.digest, undisturbed.summary.objective, undisturbed.summary.bound),
    )
    assert desks.visits(name) == desks.visits(undisturbed.name)


def test_a_job_that_fails_keeps_the_best_it_has_seen(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    code = fresh_discipline()
    desks.expert(code)
    wanted = desks.wanted(code)

    def fails(*given: Any, **more: Any) -> Any:
        search(*given, **more)
        raise MemoryError

    monkeypatch.setattr(solving, "search", fails)
    name = desks.draft(code).name
    job = desks.solve(name)
    assert (job.state, job.error) == (job_pb2.Job.FAILED, "INTERNAL")
    assert [each.request for each in desks.visits(name)] == [wanted]
    assert len(list(desks.export(name))) == 1


def test_a_job_cancelled_before_it_begins_stores_nothing(desks: Desks) -> None:
    name = desks.draft(fresh_discipline()).name
    job = desks.ask(name)
    desks.served.jobs.CancelJob(job_pb2.CancelJobRequest(name=job, request_id=request_id()))
    assert not desks.get(name).HasField("summary")
    assert desks.solve(name).state == job_pb2.Job.SUCCEEDED, "and another can be asked for"


def test_a_job_is_seen_by_the_hosts_side_and_by_whoever_asked(desks: Desks) -> None:
    name = desks.draft(fresh_discipline()).name
    asked = pb.SolvePlanRequest(name=name, limits=pb.SolveLimits(rounds=1), request_id=request_id())
    job = desks.county.plans.SolvePlan(asked).job
    desks.do_next()
    for desk in (desks.served, desks.county):
        wanted = job_pb2.ListJobsRequest(filter=job_pb2.ListJobsRequest.Filter(subject=name))
        assert [each.name for each in desk.jobs.ListJobs(wanted).jobs] == [job]
    assert desks.get(name).makers == ["371526", "370103"]
    trail = Base.metadata.tables["audit_entry"]
    with desks.database.reading() as session:
        who = select(trail.c.actor).where(trail.c.resource == name, trail.c.action == "placement.plan.solve")
        assert set(session.execute(who).scalars()) == {"370103"}


def run_of(desks: Desks, name: str) -> Run:
    desks.ask(name)
    return desks.next_run()


def test_inputs_are_read_once(desks: Desks) -> None:
    """What changes while a job is at it is not half in the plan."""
    code = fresh_discipline()
    desks.expert(code)
    wanted = desks.wanted(code)
    name = desks.draft(code).name
    run = run_of(desks, name)
    task = solving.task_of(run)
    desks.served.turn("CancelRequest", wanted)
    assert run.checkpoint == {"digest": task.digest}
    assert solving.task_of(run).inputs == task.inputs
    run.finish(State.FAILED)
