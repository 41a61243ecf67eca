"""Group commit: many works, one commit, and each of them alone in its luck."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select

from services.platform import writer
from services.platform.database import Database
from services.platform.errors import Fault, Refused, TooLate, Unavailable
from services.platform.later import Answer
from services.platform.transaction import Conflict, Tx
from services.platform.writer import Work
from tests.platform.conftest import Open
from tests.platform.small import THING


def put(tx: Tx, items: Sequence[Any]) -> list[Any]:
    """Stores things; `bad...` is stored and then refused, `no...` is answered with a fault and not stored."""
    results: list[Any] = []
    for item in items:
        if item.startswith("no"):
            results.append(Refused("REFUSED"))
            continue
        tx.connection.execute(insert(THING).values(name=item, size=1))
        if item.startswith("bad"):
            raise Refused("BAD")
        results.append(item)
    return results


def things(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(THING.c.name)))


def run(database: Database, work: Work, seconds: float = 30, key: str = "") -> Any:
    return database._writer.run(work, key, seconds)


class Gate:
    """A work that holds its lane until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, tx: Tx, items: Sequence[Any]) -> list[Any]:
        self.begun.set()
        assert self.go.wait(timeout=30)
        return list(items)


@contextmanager
def queued(database: Database, works: Sequence[Work]) -> Iterator[list[Future[Any]]]:
    """`works` stand, in order, in the queue of a lane that is held; leaving lets it go and waits for all of them."""
    gate, queue = Gate(), database._writer._lanes[0].queue
    with ThreadPoolExecutor(len(works) + 1) as pool:
        try:
            holding = pool.submit(run, database, Work(gate))
            assert gate.begun.wait(timeout=30)
            futures = []
            for number, work in enumerate(works, start=1):
                futures.append(pool.submit(run, database, work))
                until = time.monotonic() + 30
                while queue.qsize() < number:
                    assert time.monotonic() < until
                    time.sleep(0.0005)
            yield futures
        finally:
            gate.go.set()
        holding.result(timeout=30)


def outcomes(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.exception(timeout=30) or future.result() for future in futures]


def test_what_has_queued_is_done_by_one_call_in_one_commit(open_small: Open) -> None:
    database, calls, commits = open_small(lanes=1), [], []

    def counted(tx: Tx, items: Sequence[Any]) -> list[Any]:
        calls.append(list(items))
        return put(tx, items)

    with queued(database, [Work(counted, f"t{number}") for number in range(20)]) as futures:
        event.listen(database.writing_engine, "commit", lambda _: commits.append(1))
    assert outcomes(futures) == [f"t{number}" for number in range(20)]
    assert calls == [[f"t{number}" for number in range(20)]]
    assert len(commits) == 2  # the gate's and theirs
    assert len(things(database)) == 20


def test_a_batch_is_never_longer_than_its_bound(open_small: Open) -> None:
    database, sizes = open_small(lanes=1), []

    def sized(tx: Tx, items: Sequence[Any]) -> list[Any]:
        sizes.append(len(items))
        return list(items)

    with queued(database, [Work(sized, number) for number in range(writer.BATCH + 10)]) as futures:
        pass
    outcomes(futures)
    assert max(sizes) == writer.BATCH
    assert sum(sizes) == writer.BATCH + 10


MIXED = ["a", "bad", "no", "b", "a", "c"]  # the second "a" breaks the primary key


def test_a_failing_work_undoes_only_itself(open_small: Open) -> None:
    database = open_small(lanes=1)
    with queued(database, [Work(put, item) for item in MIXED[:4]]) as futures:
        pass
    found = outcomes(futures)
    assert [each.reason if isinstance(each, Fault) else each for each in found] == ["a", "BAD", "REFUSED", "b"]
    assert things(database) == {"a", "b"}


def test_without_savepoints_a_failing_work_would_leave_its_traces(
    open_small: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoSavepoint:
        def rollback(self) -> None: ...

        def commit(self) -> None: ...

    database = open_small(lanes=1)
    monkeypatch.setattr(Connection, "begin_nested", lambda _: NoSavepoint())
    with queued(database, [Work(lambda tx, items: put(tx, items), item) for item in ("a", "bad", "b")]) as futures:
        pass
    outcomes(futures)
    assert things(database) == {"a", "bad", "b"}


def test_a_work_that_can_never_stand_is_refused_and_its_neighbours_are_done(open_small: Open) -> None:
    database = open_small(lanes=1)
    with queued(database, [Work(put, item) for item in MIXED]) as futures:
        pass
    found = outcomes(futures)
    assert [found[0], found[3], found[5]] == ["a", "b", "c"]
    assert isinstance(found[4], Unavailable)
    assert things(database) == {"a", "b", "c"}


@pytest.mark.parametrize("lanes", [0, 1])
def test_a_conflict_is_run_again_and_then_stands(open_small: Open, lanes: int) -> None:
    database, tries = open_small(lanes=lanes), []
    run(database, Work(put, "there"))

    def meets_another(tx: Tx, items: Sequence[Any]) -> list[Any]:
        tries.append(1)
        if len(tries) == 1:
            return put(tx, ["mine", "there"])  # a unique violation, as when another replica was first
        if len(tries) == 2:
            tx.connection.execute(insert(THING).values(name="half", size=1))
            raise Conflict
        return put(tx, ["mine"])

    assert run(database, Work(meets_another, "x")) == "mine"
    assert len(tries) == 3
    assert things(database) == {"there", "mine"}


@pytest.mark.parametrize("lanes", [0, 1])
def test_a_conflict_without_end_is_unavailable_and_not_for_ever(open_small: Open, lanes: int) -> None:
    database, tries = open_small(lanes=lanes), []

    def never(tx: Tx, items: Sequence[Any]) -> list[Any]:
        tries.append(1)
        raise Conflict

    with pytest.raises(Unavailable):
        run(database, Work(never))
    assert len(tries) == 5
    assert run(database, Work(put, "next")) == "next"


def test_an_exception_of_a_work_reaches_its_caller_and_the_lane_lives_on(open_small: Open) -> None:
    database = open_small(lanes=1)

    def broken(tx: Tx, items: Sequence[Any]) -> list[Any]:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        run(database, Work(broken))
    assert run(database, Work(put, "next")) == "next"


class Waits(SimpleQueue[Any]):
    """A lane's queue that remembers how long it was waited at for company."""

    lingered: list[float]

    def __new__(cls) -> Waits:
        queue = super().__new__(cls)
        queue.lingered = []
        return queue

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if timeout is not None:
            self.lingered.append(timeout)
        return super().get(block, timeout)


def test_a_lone_caller_never_waits_for_company_but_a_crowd_does(
    open_small: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SimpleQueue", Waits)
    database = open_small(lanes=1)
    waits = database._writer._lanes[0].queue
    assert isinstance(waits, Waits)
    for number in range(5):
        run(database, Work(put, f"alone{number}"))
    assert waits.lingered == []
    with queued(database, [Work(put, f"crowd{number}") for number in range(3)]) as futures:
        pass
    outcomes(futures)
    run(database, Work(put, "after"))
    assert waits.lingered
    assert max(waits.lingered) == pytest.approx(writer.LINGER, rel=0.01)


def test_a_work_that_is_late_before_it_begins_is_never_done(open_small: Open) -> None:
    database = open_small(lanes=1)
    with queued(database, []), pytest.raises(TooLate):
        run(database, Work(put, "late"), seconds=0.01)
    assert run(database, Work(put, "next")) == "next"
    assert things(database) == {"next"}


def test_a_work_whose_caller_waits_no_more_is_never_done(open_small: Open) -> None:
    database = open_small(lanes=1)
    with pytest.raises(TooLate):
        run(database, Work(put, "late", answer=Answer(expires=time.monotonic() - 1)))
    assert run(database, Work(put, "in time", answer=Answer(expires=time.monotonic() + 60))) == "in time"
    assert things(database) == {"in time"}


@pytest.mark.parametrize("first", ["outcome", "word"])
def test_word_left_is_dealt_with_once_whichever_comes_first(first: str) -> None:
    answer, dealt = Answer(), []
    acts = [lambda: answer.give("done"), lambda: answer.then(dealt.append)]
    for act in acts if first == "outcome" else reversed(acts):
        act()
    assert dealt == ["done"]


def test_a_reply_that_cannot_be_sent_stops_no_other(open_small: Open) -> None:
    database = open_small(lanes=1)
    works = [Work(put, "a"), Work(put, "b")]

    def unsendable(_: Any) -> None:
        raise RuntimeError

    with queued(database, []):
        for work in works:
            database._writer.begin(work, "")
        works[0].answer.then(unsendable)
    assert works[1].answer.wait(30) == "b"
    assert run(database, Work(put, "c")) == "c"
    assert things(database) == {"a", "b", "c"}


def test_a_work_that_is_late_once_begun_is_done_all_the_same(open_small: Open) -> None:
    database, gate = open_small(lanes=1), Gate()

    def slow(tx: Tx, items: Sequence[Any]) -> list[Any]:
        gate(tx, items)
        return put(tx, items)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run, database, Work(slow, "begun"), 0.2)
        assert gate.begun.wait(timeout=30)
        with pytest.raises(TooLate):
            waiting.result(timeout=30)
    gate.go.set()
    assert run(database, Work(put, "next")) == "next"
    assert things(database) == {"begun", "next"}


def test_closing_finishes_what_is_queued(open_small: Open) -> None:
    database = open_small(lanes=1)
    with ThreadPoolExecutor(1) as pool:
        with queued(database, [Work(put, f"t{number}") for number in range(10)]) as futures:
            closing = pool.submit(database._writer.close)
        closing.result(timeout=30)
    assert all(future.done() for future in futures)
    assert len(things(database)) == 10


def test_works_with_one_key_share_a_lane(open_small: Open) -> None:
    database, threads = open_small(lanes=4), set()

    def where(tx: Tx, items: Sequence[Any]) -> list[Any]:
        threads.add(threading.current_thread().name)
        return list(items)

    for _ in range(8):
        run(database, Work(where), key="classes/1")
    assert threads == {f"writer-{zlib.crc32(b'classes/1') % 4}"}
    for number in range(16):
        run(database, Work(where), key=f"classes/{number}")
    assert len(threads) > 1
