"""Jobs: done once, by one at a time, in a process of their own, whoever is killed; and cancelled when asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from services.platform import foreman as foreman_module
from services.platform import jobs as module
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.delivery import FIRST
from services.platform.foreman import Foreman, Workshop, working
from services.platform.identity import Caller
from services.platform.jobs import Jobs, Outcome, State
from services.platform.policy import Policy
from tests.platform.conftest import Open
from tests.platform.job_kinds import PLACE
from tests.platform.small import JOBS, THING
from tests.races.servers import ROOT

CALL = Call.on_behalf(
    "small", "small.job.submit", Caller("officer", "371526-hrss", "371526", frozenset({"hr_officer"})), Policy("")
)
KINDS = ("count", "improve")
LONGEST = 60.0


def submit(database: Database, kind: str = "count", **arguments: Any) -> str:
    """Asks for a job; its id."""
    name = database.write_again(CALL, lambda tx: JOBS.submit(tx, CALL, kind, arguments, subject="things/1"))
    return name.removeprefix("jobs/")


def claim(database: Database, holder: str) -> Row[Any] | None:
    return database.write_again(CALL, lambda tx: JOBS.claim(tx, KINDS, holder))


def of(database: Database, job_id: str) -> Row[Any]:
    with database.reading() as session:
        return session.execute(select(JOBS.table).where(JOBS.table.c.id == job_id)).one()


def things(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {row.name: row.size for row in session.execute(select(THING))}


def lapse(database: Database) -> None:
    """As if whoever holds a job had shown no sign of life for long."""
    lapse_of(database, JOBS)


def lapse_of(database: Database, jobs: Jobs) -> None:
    """Likewise, of the jobs of any service."""
    with database.writing_engine.begin() as connection:
        connection.execute(update(jobs.table).where(jobs.table.c.state == State.RUNNING).values(held_until=FIRST))


def until(enough: Callable[[], Any]) -> None:
    end = time.monotonic() + LONGEST
    while not enough():
        assert time.monotonic() < end
        time.sleep(0.01)


# ---- processes -------------------------------------------------------------------------------------


def workshop(database: Database, keys: Path) -> Workshop:
    service = "small"
    if not database.sqlite:
        with database.reading() as session:
            service = session.connection().exec_driver_sql("SHOW search_path").scalar_one()
    return Workshop(database.reading_engine.url.render_as_string(hide_password=False), service, keys, PLACE)


@pytest.fixture
def database(open_small: Open) -> Database:
    return open_small(lanes=1)


@pytest.fixture
def shop(database: Database, keys: Path, vault: object) -> Workshop:
    return workshop(database, keys)


@pytest.fixture
def foreman(database: Database, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Foreman:
    monkeypatch.setattr(foreman_module, "LOOK", 0.05)
    return Foreman(database, shop, threading.Event())


@contextmanager
def at_work(foreman: Foreman) -> Iterator[None]:
    """The foreman sees to jobs beside the test."""
    thread = threading.Thread(target=foreman.run)
    thread.start()
    try:
        yield
    finally:
        foreman._stop.set()
        foreman.stop_waiting()
        thread.join(timeout=LONGEST)
        assert not thread.is_alive()


@contextmanager
def another_server(shop: Workshop) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, which does jobs."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'protos'}{os.pathsep}{ROOT}"}
    asked = {"url": shop.url, "service": shop.service, "keys": str(shop.keys), "kinds": shop.kinds}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.platform.job_server"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        try:
            yield server
        finally:
            server.kill()


def test_a_job_is_done_by_a_process_of_its_own(database: Database, foreman: Foreman) -> None:
    job = submit(database, "who")
    assert foreman.one()
    assert not foreman.one(), "nothing waits any more"
    row = of(database, job)
    assert (row.state, row.attempts, row.error) == (State.SUCCEEDED, 1, "")
    assert row.result["process"] not in (os.getpid(), 0)
    assert row.result["subject"] == "things/1"
    assert row.create_time <= row.start_time <= row.end_time


def test_each_thing_of_many_has_its_verdict(database: Database, foreman: Foreman) -> None:
    job, dry = submit(database, total=25), submit(database, total=25, dry=True, prefix="dry")
    assert foreman.one()
    assert foreman.one()
    row = of(database, job)
    assert (row.state, row.result) == (State.SUCCEEDED, {"counted": 25, "by": "officer"})
    assert row.progress == {"done": 25, "total": 25, "stage": "counting", "figures": {"half": 12.5}}
    items = JOBS.items
    with database.reading() as session:
        found = session.execute(select(items).where(items.c.job_id == job).order_by(items.c.place)).all()
        rehearsed = session.execute(select(items).where(items.c.job_id == dry).order_by(items.c.place)).all()
    assert [each.place for each in found] == list(range(1, 26))
    assert [each.place for each in found if each.outcome == Outcome.REFUSED] == [10, 20]
    assert [(each.place, each.outcome, each.code) for each in rehearsed] == [
        (each.place, each.outcome, each.code) for each in found
    ]
    assert len(things(database)) == 23, "a dry run stores nothing"


@pytest.mark.parametrize(("fault", "error"), [(True, "NOT_FOUND"), (False, "INTERNAL")])
def test_a_job_that_fails_says_why_and_nothing_personal(
    database: Database, foreman: Foreman, capfd: pytest.CaptureFixture[str], fault: bool, error: str
) -> None:
    job = submit(database, "fail", fault=fault)
    assert foreman.one()
    row = of(database, job)
    assert (row.state, row.error, row.result) == (State.FAILED, error, {})
    said = capfd.readouterr().err
    assert ("KeyError" in said) is not fault
    assert "张三" not in said


def test_a_process_killed_in_the_middle_is_gone_on_from_and_nothing_is_done_twice(
    database: Database, foreman: Foreman, tmp_path: Path
) -> None:
    job = submit(database, total=30, folder=str(tmp_path), stop=13)
    (tmp_path / "go-13.2").touch()
    with at_work(foreman):
        until(lambda: (tmp_path / "at-13.1").exists())
        assert of(database, job).checkpoint == {"done": 12}
        assert foreman.process is not None
        os.kill(foreman.process.pid, signal.SIGKILL)
        until(lambda: of(database, job).state in module.ENDED)
    row = of(database, job)
    assert (row.state, row.attempts) == (State.SUCCEEDED, 2)
    expected = {f"thing/{number}": 1 if number < 13 else 2 for number in range(1, 31) if number % 10}
    assert things(database) == expected, "each once, from where it was"


def test_a_server_killed_takes_its_process_along_and_another_goes_on(
    database: Database, foreman: Foreman, shop: Workshop, tmp_path: Path
) -> None:
    job = submit(database, total=30, folder=str(tmp_path), stop=13)
    (tmp_path / "go-13.2").touch()
    with another_server(shop) as server:
        until(lambda: (tmp_path / "at-13.1").exists())
        children = processes_of(server.pid)
        assert children
        server.kill()
    until(lambda: not any(alive(child) for child in children))
    assert not foreman.one(), "the job is still held"
    lapse(database)
    assert foreman.one()
    row = of(database, job)
    assert (row.state, row.attempts) == (State.SUCCEEDED, 2)
    assert len(things(database)) == 27


def processes_of(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_replicas_do_each_job_once(open_small: Open, keys: Path, vault: object) -> None:
    databases = [open_small(lanes=1), open_small(lanes=1)]
    asked = [submit(databases[0], total=9, prefix=f"job{number}") for number in range(6)]
    with working([(database, workshop(database, keys)) for database in databases], 60):
        until(lambda: all(of(databases[0], job).state in module.ENDED for job in asked))
    rows = [of(databases[0], job) for job in asked]
    assert {(row.state, row.attempts) for row in rows} == {(State.SUCCEEDED, 1)}
    assert len({row.holder for row in rows}) == 6
    assert len(things(databases[0])) == 54


def test_a_job_is_begun_when_it_is_asked_for(
    database: Database, foreman: Foreman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreman_module, "POLL", 600.0)
    waited = threading.Event()
    wait = foreman._wake.wait

    def noticed(seconds: float) -> bool:
        waited.set()
        return wait(seconds)

    monkeypatch.setattr(foreman._wake, "wait", noticed)
    with at_work(foreman):
        assert waited.wait(30)
        job = submit(database, "who")
        until(lambda: of(database, job).state == State.SUCCEEDED)


def test_a_server_that_stops_gives_its_job_back_and_that_is_no_attempt(
    database: Database, foreman: Foreman, tmp_path: Path
) -> None:
    job = submit(database, total=30, folder=str(tmp_path), stop=13)
    with at_work(foreman):
        until(lambda: (tmp_path / "at-13.1").exists())
    row = of(database, job)
    assert (row.state, row.attempts, row.checkpoint) == (State.QUEUED, 0, {"done": 12})


def test_a_job_that_ends_every_process_is_given_up_with_the_best_it_had(
    database: Database, foreman: Foreman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ATTEMPTS", 2)
    job = submit(database, "die")
    for _ in range(2):
        assert foreman.one()
        assert of(database, job).state == State.QUEUED
    assert foreman.one()
    row = of(database, job)
    assert (row.state, row.error, row.attempts, row.result) == (State.FAILED, "JOB_DIED", 2, {"best": 2})
    assert not foreman.one()


# ---- cancelling ------------------------------------------------------------------------------------


def want_cancelled(database: Database, job: str) -> None:
    with database.writing_engine.begin() as connection:
        connection.execute(update(JOBS.table).where(JOBS.table.c.id == job).values(cancel=True))


def test_a_job_hears_that_it_is_to_stop_and_the_best_it_had_is_kept(
    database: Database, foreman: Foreman, tmp_path: Path
) -> None:
    job = submit(database, "improve", until=10, stop=4, folder=str(tmp_path))
    with at_work(foreman):
        until(lambda: (tmp_path / "at-4.1").exists())
        want_cancelled(database, job)
        until(lambda: of(database, job).state in module.ENDED)
    row = of(database, job)
    assert (row.state, row.result, row.error) == (State.CANCELLED, {"best": 4}, "")
    assert row.progress["figures"] == {"objective": 4, "gap": 0.25}


def test_a_job_that_does_not_hear_is_ended(
    database: Database, foreman: Foreman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreman_module, "CANCEL_GRACE", 0.1)
    job = submit(database, "spin", folder=str(tmp_path))
    with at_work(foreman):
        until(lambda: (tmp_path / "at-spin.1").exists())
        assert foreman.process is not None
        process = foreman.process.pid
        want_cancelled(database, job)
        until(lambda: of(database, job).state in module.ENDED)
        until(lambda: not alive(process))
    assert of(database, job).state == State.CANCELLED


def test_a_process_whose_job_is_another_s_is_ended(
    database: Database, foreman: Foreman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stood still for longer than the lease, and another took the job."""
    monkeypatch.setattr(foreman_module, "BEAT", 0.0)
    job = submit(database, "spin", folder=str(tmp_path))
    with at_work(foreman):
        until(lambda: (tmp_path / "at-spin.1").exists())
        assert foreman.process is not None
        process = foreman.process.pid
        with database.writing_engine.begin() as connection:
            connection.execute(update(JOBS.table).values(holder="another"))
        until(lambda: not alive(process))
    row = of(database, job)
    assert (row.state, row.holder) == (State.RUNNING, "another")


def test_while_its_process_lives_a_job_stays_held(
    database: Database, foreman: Foreman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreman_module, "BEAT", 0.0)
    job = submit(database, "spin", folder=str(tmp_path))
    with at_work(foreman):
        until(lambda: (tmp_path / "at-spin.1").exists())
        lapse(database)
        until(lambda: of(database, job).held_until > FIRST)
        want_cancelled(database, job)
        monkeypatch.setattr(foreman_module, "CANCEL_GRACE", 0.0)
        until(lambda: of(database, job).state == State.CANCELLED)


@pytest.mark.parametrize(
    "open_small", ["sqlite"], indirect=True
)  # where a missing table is a database one cannot reach
def test_a_job_whose_database_cannot_be_reached_is_tried_again(
    database: Database, foreman: Foreman, tmp_path: Path
) -> None:
    job = submit(database, total=3, folder=str(tmp_path), stop=2)
    with at_work(foreman):
        until(lambda: (tmp_path / "at-2.1").exists())
        with database.writing_engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE job_item RENAME TO elsewhere")
        (tmp_path / "go-2.1").touch()
        until(lambda: of(database, job).attempts == 2)
        with database.writing_engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO job_item")
        (tmp_path / "go-2.2").touch()
        until(lambda: of(database, job).state in module.ENDED)
    row = of(database, job)
    assert (row.state, row.attempts) == (State.SUCCEEDED, 2)
    assert len(things(database)) == 3
