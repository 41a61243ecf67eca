"""Slices of a roster, each prepared while the one before it is written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from services.training.seats.decisions import Application
from services.training.seats.known import Glance


class Prepared(NamedTuple):
    """The candidates of a slice by their row numbers, what each applies for, and what is known of them."""

    row_numbers: list[int]
    applications: list[Application]
    seen: Glance


class Ahead:
    """Prepares the slices that begin at `starts`, one ahead of the one asked for last, and keeps no other.

    A transaction that is run again asks for its slices again: they are prepared anew.
    """

    def __init__(self, prepare: Callable[[int], Prepared], starts: range) -> None:
        self._prepare = prepare
        self._starts = starts
        self._begun: dict[int, Future[Prepared]] = {}
        self._preparing = ThreadPoolExecutor(1)

    def __call__(self, start: int) -> Prepared:
        """The slice that begins here; people get new ids each time."""
        self._begin(start)
        ready = self._begun[start]
        self._begun.clear()
        self._begin(start + self._starts.step)
        return ready.result()

    def _begin(self, start: int) -> None:
        if start in self._starts and start not in self._begun:
            self._begun[start] = self._preparing.submit(self._prepare, start)

    def __enter__(self) -> Self:
        """Begins with the first."""
        self._begin(self._starts.start)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Waits for what was begun."""
        self._preparing.shutdown()
