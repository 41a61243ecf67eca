"""Taking jobs: each once, the oldest first; whoever was taken for dead can write nothing more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from services.platform.database import Database
from services.platform.job_process import Run
from services.platform.jobs import Jobs, Lost, Outcome, State, Verdict
from services.platform.transaction import Tx
from tests.platform.conftest import Open
from tests.platform.small import JOBS, THING
from tests.platform.test_jobs import CALL, claim, lapse, of, submit, things


def test_a_job_is_taken_once_and_the_oldest_first(open_small: Open) -> None:
    database = open_small(lanes=1)
    asked = [submit(database, total=1) for _ in range(3)]
    other = submit(database, "somebody else's")
    taken = [claim(database, f"h{number}") for number in range(4)]
    assert [row.id if row else None for row in taken] == [*asked, None]
    assert of(database, other).state == State.QUEUED, "a kind that this version does not know"
    row = of(database, asked[0])
    assert (row.state, row.holder, row.attempts) == (State.RUNNING, "h0", 1)


def test_many_who_take_at_once_take_each_job_once(open_small: Open) -> None:
    databases = [open_small(lanes=1), open_small(lanes=0)]
    asked = {submit(databases[0], total=1) for _ in range(40)}
    barrier, taken = threading.Barrier(8), []

    def take(number: int) -> None:
        barrier.wait(timeout=30)
        while row := claim(databases[number % 2], f"h{number}"):
            taken.append(row.id)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(take, number) for number in range(8)]:
            done.result(timeout=60)
    assert sorted(taken) == sorted(asked)


@pytest.mark.parametrize("open_small", ["postgresql"], indirect=True)
def test_a_job_that_is_just_being_taken_keeps_nobody_waiting(open_small: Open) -> None:
    database = open_small(lanes=0)
    first, second = submit(database, total=1), submit(database, total=1)
    with database.writing_engine.begin() as connection:
        connection.execute(select(JOBS.table.c.id).where(JOBS.table.c.id == first).with_for_update())
        row = claim(database, "other")
        assert row is not None
        assert row.id == second


def test_a_job_whose_holder_shows_no_life_is_taken_by_another(open_small: Open) -> None:
    database = open_small(lanes=0)
    job = submit(database, total=1)
    assert claim(database, "old")
    assert claim(database, "new") is None, "it is held"
    assert not database.write_again(CALL, lambda tx: JOBS.keep(tx, job, "old"))
    lapse(database)
    row = claim(database, "new")
    assert row is not None
    assert (row.id, row.holder, row.attempts) == (job, "new", 2)


def a_run(database: Database, row: Row[Any]) -> Run:
    return Run(database, "small", JOBS, row, threading.Event())


def old_and_new(database: Database) -> tuple[Run, Run]:
    """One who was taken for dead, and who has the job now."""
    submit(database, total=1)
    old = claim(database, "old")
    lapse(database)
    new = claim(database, "new")
    assert old is not None
    assert new is not None
    return a_run(database, old), a_run(database, new)


def store(tx: Tx) -> list[Verdict]:
    tx.connection.execute(THING.insert().values(name="x", size=1))
    return [Verdict("things/x", Outcome.DONE)]


def test_whoever_was_taken_for_dead_and_wakes_up_can_write_nothing(open_small: Open) -> None:
    database = open_small(lanes=0)
    old, new = old_and_new(database)
    writes: list[Callable[[], object]] = [
        lambda: old.step(store, {"done": 1}),
        lambda: old.save({"done": 1}, result={"best": 1}),
        lambda: old.report(done=1),
        lambda: old.finish(State.SUCCEEDED),
        lambda: database.write_again(CALL, lambda tx: JOBS.keep(tx, new.name.removeprefix("jobs/"), "old")),
        lambda: database.write_again(
            CALL, lambda tx: JOBS.release(tx, new.name.removeprefix("jobs/"), holder="old", died=True)
        ),
    ]
    for write in writes:
        with pytest.raises(Lost):
            write()
    assert things(database) == {}, "what it did was undone"
    row = of(database, new.name.removeprefix("jobs/"))
    assert (row.state, row.holder, row.checkpoint, row.result, row.progress) == (State.RUNNING, "new", {}, {}, {})
    new.step(store, {"done": 1})
    assert things(database) == {"x": 1}


def test_without_the_fence_it_would_write(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""

    def unfenced(self: Jobs, tx: Tx, job_id: str, _held_by: str, **values: Any) -> Row[Any]:
        return tx.connection.execute(
            update(self.table).where(self.table.c.id == job_id).values(**values).returning(*self.table.c)
        ).one()

    database = open_small(lanes=0)
    old, _ = old_and_new(database)
    monkeypatch.setattr(Jobs, "write", unfenced)
    old.step(store, {"done": 1})
    assert things(database) == {"x": 1}


def test_a_job_that_has_ended_can_be_written_no_more(open_small: Open) -> None:
    database = open_small(lanes=0)
    submit(database, total=1)
    row = claim(database, "h")
    assert row is not None
    run = a_run(database, row)
    run.finish(State.SUCCEEDED, result={"best": 1})
    for write in (lambda: run.save({}), lambda: run.finish(State.FAILED)):
        with pytest.raises(Lost):
            write()
    assert of(database, row.id).result == {"best": 1}


def test_how_far_it_is_is_written_now_and_then(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_small(lanes=0)
    submit(database, total=1)
    row = claim(database, "h")
    assert row is not None
    run = a_run(database, row)
    for number in range(1, 50):
        run.report(done=number, total=100, stage="a", gap=1 / number)
    assert of(database, row.id).progress["done"] < 49, "not each time"
    monkeypatch.setattr("services.platform.job_process.TELL", 0.0)
    run.report(stage="b", bound=2.0)
    progress = of(database, row.id).progress
    assert progress == {"done": 49, "total": 100, "stage": "b", "figures": {"gap": 1 / 49, "bound": 2.0}}
