"""Jobs over the wire's edge: who sees which, pages, watching until the end, cancelling once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, cast

import grpc
import pytest
from google.protobuf.message import Message
from liancai.common.v1 import job_pb2 as pb
from sqlalchemy import select, update

from services.platform import job_desk
from services.platform.boundary import Call, Method
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, NotFound, Refused, Stale, TooMuch
from services.platform.identity import Caller
from services.platform.job_desk import JobDesk
from services.platform.jobs import Outcome, State, Verdict
from services.platform.pages import Pages
from services.platform.policy import Policy
from services.platform.texts import Texts
from services.platform.vault import Vault
from services.reference.divisions import scope_range
from tests.office import request_id
from tests.platform.conftest import Open
from tests.platform.small import JOBS, METADATA
from tests.platform.test_job_claims import a_run
from tests.platform.test_jobs import claim

AUDIT = METADATA.tables["audit_entry"]
POLICY = Policy(
    """
    permit (principal, action in [Action::"small.job.read", Action::"small.job.cancel"], resource)
    when { principal.roles.contains("officer") && resource in principal.division };
    permit (principal, action == Action::"small.job.read", resource)
    when { principal.roles.contains("unit") && resource in principal.unit };
    permit (principal, action == Action::"small.job.read", resource)
    when { principal.roles.contains("reader") && resource in principal.division };
    """
)
HERE = Caller("officer", "371526-hrss", "371526", frozenset({"officer"}))
ELSEWHERE = Caller("other", "370103-hrss", "370103", frozenset({"officer"}))
PROVINCE = Caller("province", "370000-hrss", "370000", frozenset({"officer"}))
UNIT = Caller("company", "91X", "371502", frozenset({"unit"}))
READER = Caller("reader", "371526-audit", "371526", frozenset({"reader"}))


class Context:
    """What gRPC gives a handler, as far as a desk asks for it."""

    def __init__(self) -> None:
        self._acts: list[Callable[[], None]] | None = []

    def time_remaining(self) -> float:
        return 30.0

    def is_active(self) -> bool:
        return self._acts is not None

    def add_callback(self, act: Callable[[], None]) -> bool:
        if self._acts is None:
            return False
        self._acts.append(act)
        return True

    def end(self) -> None:
        acts, self._acts = self._acts or [], None
        for act in acts:
            act()


def call(caller: Caller, action: str = "read", context: Context | None = None) -> Call:
    method = Method(f"/small/{action}", "small", f"small.job.{action}", pb.Job)
    given = cast(grpc.ServicerContext, context or Context())
    return Call(method, caller, "en", POLICY, Texts.load(), given)


@pytest.fixture
def database(open_small: Open) -> Database:
    return open_small(lanes=1)


@pytest.fixture
def desk(database: Database, vault: Vault) -> JobDesk:
    return JobDesk(database, Pages(vault), JOBS, scope_range)


def submit(database: Database, by: Caller = HERE, kind: str = "count", **given: Any) -> str:
    asked = call(by, "cancel")
    return str(database.write_again(asked, lambda tx: JOBS.submit(tx, asked, kind, {"total": 3}, **given)))


def names(desk: JobDesk, by: Caller, **of: Any) -> list[str]:
    found = desk.list(pb.ListJobsRequest(filter=pb.ListJobsRequest.Filter(**of)), call(by))
    return [job.name for job in found.jobs]


def test_a_job_is_shown_as_it_is(database: Database, desk: JobDesk) -> None:
    name = submit(database, subject="plans/1")
    job = desk.get(pb.GetJobRequest(name=name), call(HERE))
    assert (job.state, job.kind, job.subject, job.creator) == (pb.Job.QUEUED, "count", "plans/1", "officer")
    assert (job.result, job.error, job.HasField("start_time"), job.etag) == ("", "", False, '"1"')
    row = claim(database, "h")
    assert row is not None
    run = a_run(database, row)
    run.save({}, result={"名": 1}, done=1, total=3, stage="a", gap=0.5)
    job = desk.get(pb.GetJobRequest(name=name), call(HERE))
    assert (job.state, json.loads(job.result), job.attempts, job.etag) == (pb.Job.RUNNING, {"名": 1}, 1, '"2"')
    assert job.progress == pb.Job.Progress(done=1, total=3, stage="a", figures={"gap": 0.5})
    run.finish(State.FAILED, "JOB_DIED")
    job = desk.get(pb.GetJobRequest(name=name), call(HERE))
    assert (job.state, job.error, job.HasField("end_time")) == (pb.Job.FAILED, "JOB_DIED", True)


def test_a_job_of_others_is_not_there(database: Database, desk: JobDesk) -> None:
    mine, theirs = submit(database), submit(database, ELSEWHERE)
    shared = submit(database, unit="91X")
    seen = {HERE: [shared, mine], ELSEWHERE: [theirs], PROVINCE: [shared, theirs, mine], UNIT: [shared]}
    for caller, expected in seen.items():
        assert names(desk, caller) == expected
        for name in (mine, theirs, shared):
            asks: list[Callable[[], object]] = [
                lambda name=name, caller=caller: desk.get(pb.GetJobRequest(name=name), call(caller)),  # type: ignore[misc]
                lambda name=name, caller=caller: desk.items(pb.ListJobItemsRequest(name=name), call(caller)),  # type: ignore[misc]
                lambda name=name, caller=caller: next(  # type: ignore[misc]
                    desk.watch(pb.WatchJobRequest(name=name), call(caller))
                ),
            ]
            for ask in asks:
                if name in expected:
                    ask()
                else:
                    with pytest.raises(NotFound):
                        ask()
    cancel = pb.CancelJobRequest(name=theirs, request_id=request_id())
    with pytest.raises(NotFound):
        desk.cancel(cancel, call(HERE, "cancel"))
    with pytest.raises(Denied):
        desk.cancel(pb.CancelJobRequest(name=mine, request_id=request_id()), call(READER, "cancel"))
    with pytest.raises(NotFound):
        desk.get(pb.GetJobRequest(name="jobs/1"), call(PROVINCE))


def test_lists_come_in_pages_and_by_kind_state_and_subject(database: Database, desk: JobDesk) -> None:
    made = [submit(database, subject=f"plans/{number % 2}") for number in range(5)]
    other = submit(database, kind="improve")
    row = claim(database, "h")
    assert row is not None
    assert names(desk, HERE, kind="improve") == [other]
    assert names(desk, HERE, subject="plans/1") == [made[3], made[1]]
    assert names(desk, HERE, states=[pb.Job.RUNNING]) == [made[0]]
    got, request = [], pb.ListJobsRequest(page_size=4)
    while True:
        page = desk.list(request, call(HERE))
        got.append([job.name for job in page.jobs])
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert got == [[other, *made[:1:-1]], made[1::-1]]


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("get", pb.GetJobRequest(name="plans/1")),
        ("get", pb.GetJobRequest()),
        ("list", pb.ListJobsRequest(filter={"states": [cast(Any, 99)]})),
        ("items", pb.ListJobItemsRequest(name="jobs/1", outcomes=[pb.JobItem.OUTCOME_UNSPECIFIED])),
        ("cancel", pb.CancelJobRequest(name="jobs/1")),
    ],
)
def test_a_request_that_cannot_be_is_refused(desk: JobDesk, method: str, request_: Message) -> None:
    with pytest.raises(Invalid):
        getattr(desk, method)(request_, call(HERE, "cancel" if method == "cancel" else "read"))


def test_what_became_of_each_thing_can_be_read(database: Database, desk: JobDesk) -> None:
    name = submit(database)
    row = claim(database, "h")
    assert row is not None
    verdicts = [Verdict(f"things/{number}", Outcome.DONE) for number in range(1, 4)]
    verdicts.append(Verdict("things/4", Outcome.REFUSED, "NOT_FOUND", {"resource": "things/4"}))
    a_run(database, row).step(lambda _: verdicts, {"done": 4})
    request = pb.ListJobItemsRequest(name=name, page_size=3)
    first = desk.items(request, call(HERE))
    assert [(item.place, item.subject, item.outcome) for item in first.items] == [
        (number, f"things/{number}", pb.JobItem.DONE) for number in range(1, 4)
    ]
    request.page_token = first.next_page_token
    [refused] = desk.items(request, call(HERE)).items
    assert (refused.place, refused.code) == (4, "NOT_FOUND")
    assert refused.message.startswith("things/4 was not found")
    only = desk.items(pb.ListJobItemsRequest(name=name, outcomes=[pb.JobItem.REFUSED]), call(HERE))
    assert list(only.items) == [refused]


def test_a_job_that_waits_is_cancelled_at_once_and_only_once(database: Database, desk: JobDesk) -> None:
    name = submit(database)
    request = pb.CancelJobRequest(name=name, request_id=request_id(), etag='"7"')
    with pytest.raises(Stale):
        desk.cancel(request, call(HERE, "cancel"))
    request = pb.CancelJobRequest(name=name, request_id=request_id(), etag='"1"')
    job = desk.cancel(request, call(HERE, "cancel"))
    assert (job.state, job.HasField("end_time")) == (pb.Job.CANCELLED, True)
    assert desk.cancel(request, call(HERE, "cancel")) == job, "the same request once more"
    with pytest.raises(Refused, match="JOB_ENDED"):
        desk.cancel(pb.CancelJobRequest(name=name, request_id=request_id()), call(HERE, "cancel"))
    assert claim(database, "h") is None
    with database.reading() as session:
        entries = session.execute(select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.resource)).all()
    assert [tuple(entry) for entry in entries] == [("officer", "small.job.cancel", name)]


def test_a_job_that_runs_is_asked_to_stop(database: Database, desk: JobDesk) -> None:
    name = submit(database)
    row = claim(database, "h")
    assert row is not None
    for _ in range(2):  # to ask again changes nothing
        job = desk.cancel(pb.CancelJobRequest(name=name, request_id=request_id()), call(HERE, "cancel"))
        assert (job.state, job.cancel_requested, job.etag) == (pb.Job.RUNNING, True, '"3"')
    assert database.write_again(call(HERE), lambda tx: JOBS.keep(tx, row.id, "h")), "whoever works on it hears"


def test_a_job_is_watched_until_it_has_ended(
    database: Database, desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_desk, "LOOK", 0.01)
    name = submit(database)
    watched = desk.watch(pb.WatchJobRequest(name=name), call(HERE))
    assert next(watched).job.state == pb.Job.QUEUED
    row = claim(database, "h")
    assert row is not None
    assert next(watched).job.state == pb.Job.RUNNING
    run = a_run(database, row)
    run.save({}, done=1)
    assert next(watched).job.progress.done == 1
    run.finish(State.SUCCEEDED, result={"a": 1})
    assert next(watched).job.state == pb.Job.SUCCEEDED
    assert list(watched) == []
    assert [part.job.state for part in desk.watch(pb.WatchJobRequest(name=name), call(HERE))] == [pb.Job.SUCCEEDED]


def test_a_watch_ends_with_its_caller_its_time_and_the_server(
    database: Database, desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, context = submit(database), Context()
    watched = desk.watch(pb.WatchJobRequest(name=name), call(HERE, context=context))
    next(watched)
    context.end()
    assert list(watched) == []
    monkeypatch.setattr(job_desk, "LONGEST_WATCH", 0.0)
    assert len(list(desk.watch(pb.WatchJobRequest(name=name), call(HERE)))) == 1
    monkeypatch.undo()
    lasting = desk.watch(pb.WatchJobRequest(name=name), call(HERE))
    next(lasting)
    database.tail.close()
    assert list(lasting) == []


def test_one_watcher_too_many_is_refused_and_a_place_is_free_again(
    database: Database, desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk._places = threading.BoundedSemaphore(2)
    name = submit(database)
    watching = [desk.watch(pb.WatchJobRequest(name=name), call(HERE)) for _ in range(3)]
    next(watching[0]), next(watching[1])
    with pytest.raises(TooMuch):
        next(watching[2])
    watching[0].close()
    assert next(desk.watch(pb.WatchJobRequest(name=name), call(HERE)))


def test_a_job_that_was_watched_while_it_lapsed_shows_who_went_on(database: Database, desk: JobDesk) -> None:
    name = submit(database)
    assert claim(database, "old")
    with database.writing_engine.begin() as connection:
        connection.execute(update(JOBS.table).values(held_until=database.clock()))
    assert claim(database, "new")
    job = desk.get(pb.GetJobRequest(name=name), call(HERE))
    assert (job.attempts, job.state, job.etag) == (2, pb.Job.RUNNING, '"3"')
