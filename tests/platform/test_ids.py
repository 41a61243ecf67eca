"""Ids: each once, in the order of their making, singly or many at a time, on every thread."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise

import pytest

from services.platform import ids
from services.platform.ids import ALPHABET, new_id, new_ids


def test_ids_rise_however_they_are_asked_for() -> None:
    made = [new_id(), *new_ids(3), new_id(), *new_ids(1), *new_ids(0), *new_ids(20_000), new_id(), *new_ids(8192)]
    assert len(made) == 28_199
    assert all(one < other for one, other in pairwise(made))
    assert all(len(each) == 26 and set(each) <= set(ALPHABET) for each in made)


def test_ids_rise_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [new_id(), *new_ids(9_000)]
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    after = [*new_ids(9_000), new_id()]
    assert all(one < other for one, other in pairwise(before + after))


def test_no_two_threads_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        many = pool.map(lambda count: new_ids(count) if count % 2 else [new_id()], range(400))
        made = list(chain.from_iterable(many))
    assert len(set(made)) == len(made) == 200 + sum(range(1, 400, 2))


def test_two_processes_at_one_moment_begin_a_run_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 2**60)
    runs = []
    for _ in range(50):
        monkeypatch.setattr(ids, "_last", 0)  # as it begins
        runs.append(new_ids(8192))
    assert len(set(chain.from_iterable(runs))) == 50 * 8192
