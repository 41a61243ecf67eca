"""kill -9 in the middle of a bulk job, of its process or of the server: each thing is done once and has its verdict."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1 import job_pb2
from liancai.talent.v1 import bulk_pb2 as pb
from sqlalchemy import Row, select

from services import host
from services.platform import foreman as foreman_module
from services.platform.database import Database
from services.platform.foreman import Foreman, Workshop
from services.platform.jobs import ENDED, State
from services.talent.tables import JOBS
from tests.platform.test_jobs import alive, another_server, at_work, lapse_of, processes_of, until
from tests.talent.bulk_kinds import FOLDER, PLACE, STOP, TOGETHER
from tests.talent.desk import Desk
from tests.talent.test_bulk import assignee, checks, items, submit
from tests.talent.test_events import events

COUNT = 23  # things: some before the kill, some in the transaction that is killed, some after
REFUSED = (3, 12, 20)  # places of things that are nobody's: one of each
ACTS: dict[str, tuple[dict[str, Any], str]] = {
    "notify": ({"notify": pb.BulkNotify(message="系统升级")}, "liancai.talent.case.notified"),
    "reassign": ({"reassign": pb.BulkReassign(assignee="new hand")}, "liancai.talent.step.assigned"),
}


def row_of(database: Database, job: str) -> Row[Any]:
    with database.reading() as session:
        return session.execute(select(JOBS.table).where(JOBS.table.c.id == job.partition("/")[2])).one()


@pytest.fixture
def shop(settings: host.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Jobs in processes that show in a folder how far they are; the second one is not held."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(foreman_module, "LOOK", 0.05)
    (tmp_path / f"go-{STOP}.2").touch()
    return Workshop(settings.database("talent"), "talent", settings.keys, PLACE)


def kill_its_process(desk: Desk, database: Database, shop: Workshop, half: Path, job: str) -> None:
    """The server that saw to it lives, and has it gone on with."""
    foreman = Foreman(database, shop, threading.Event())
    with at_work(foreman):
        until(half.exists)
        _half(desk, database, job)
        assert foreman.process is not None
        os.kill(foreman.process.pid, signal.SIGKILL)
        until(lambda: row_of(database, job).state in ENDED)


def kill_its_server(desk: Desk, database: Database, shop: Workshop, half: Path, job: str) -> None:
    """Its process ends with it, and another server goes on."""
    with another_server(shop) as server:
        until(half.exists)
        _half(desk, database, job)
        children = processes_of(server.pid)
        assert children
        server.kill()
    until(lambda: not any(alive(child) for child in children))
    another = Foreman(database, shop, threading.Event())
    assert not another.one(), "the job is still held"
    lapse_of(database, JOBS)
    assert another.one()


def _half(desk: Desk, database: Database, job: str) -> None:
    """It was met in the middle: what was committed has its verdicts, of what was not nothing is seen."""
    row = row_of(database, job)
    assert (row.state, row.checkpoint) == (State.RUNNING, {"done": STOP})
    assert [each.place for each in items(desk, job)] == list(range(1, STOP + 1))


@pytest.mark.parametrize("kill", [kill_its_process, kill_its_server])
@pytest.mark.parametrize("act", ACTS)
def test_a_bulk_job_killed_in_a_transaction_does_each_thing_once(
    desk: Desk, talent_database: Database, shop: Workshop, tmp_path: Path, act: str, kill: Any
) -> None:
    assert STOP < STOP + TOGETHER < COUNT
    wish, event = ACTS[act]
    steps = checks(desk, COUNT)
    absent = {place: f"cases/LT3701033715262026010100{place:04}/matters/pension/steps/check" for place in REFUSED}
    named = [absent.get(place, step) for place, step in enumerate(steps, start=1)]
    asked = submit(desk, names=named, **wish)
    kill(desk, talent_database, shop, tmp_path / f"at-{STOP}.1", asked.job)
    row = row_of(talent_database, asked.job)
    assert (row.state, row.attempts) == (State.SUCCEEDED, 2), "it was killed, once"
    assert (tmp_path / f"at-{STOP}.2").exists(), "what was not committed was done again"
    verdicts = items(desk, asked.job)
    assert [each.place for each in verdicts] == list(range(1, COUNT + 1)), "each has one"
    assert [each.subject for each in verdicts] == [name.partition("/matters")[0] for name in named]
    assert [each.place for each in verdicts if each.outcome == job_pb2.JobItem.REFUSED] == list(REFUSED)
    assert {each.code for each in verdicts} == {"BULK_DONE", "NOT_FOUND"}
    for name in named:
        if name in absent.values():
            continue
        told = events(desk, name.partition("/matters")[0])
        assert Counter(each.type for each in told)[event] == 1, "done once"
        assert [each.case_sequence for each in told] == list(range(1, len(told) + 1))
        if act == "reassign":
            assert assignee(desk, name) == "new hand"
