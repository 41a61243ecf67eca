"""The bound, computed beside the search: in a process of its own, or in this one where a problem is small.

Prices are handed over at fixed counts of steps (`MARKS`), so that a search which waits for a mark goes the same way
each time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

import numpy as np

from services.placement.planning.prices import Prices
from services.placement.planning.problem import Floats, Problem

MARKS = (40, 80, 160, 320, 640, 1280, 2560)
TELL = 20  # steps between two words about the bound


class Bound(Protocol):
    """Where the search gets its prices and its bound from."""

    @property
    def value(self) -> float:
        """The least bound proven so far; infinite before the first."""

    def look(self) -> Floats | None:
        """Prices of a later mark than the last that were given, if there are any by now."""

    @property
    def exhausted(self) -> bool:
        """Whether every step is made and its prices given."""

    def await_mark(self, seconds: float) -> Floats | None:
        """Prices of the next mark, none passed over; None when there are none within `seconds`."""

    def close(self) -> None:
        """Ends it."""


class Within:
    """In this process: steps are made when a mark is asked for."""

    def __init__(self, problem: Problem, steps: int) -> None:
        self._prices = Prices(problem)
        self._steps = steps
        self._marks = list(MARKS)

    @property
    def value(self) -> float:
        """The bound so far."""
        return self._prices.bound

    def look(self) -> Floats | None:
        """The next mark's prices: here nothing happens unless it is asked for."""
        return self.await_mark(0)

    @property
    def exhausted(self) -> bool:
        """Whether no step is left."""
        return self._prices.settled or self._prices.iterations >= self._steps or not self._marks

    def await_mark(self, seconds: float) -> Floats | None:
        """The next mark's prices, the steps made now."""
        if self.exhausted:
            return None
        mark = min(self._marks.pop(0), self._steps)
        while self._prices.iterations < mark and not self._prices.settled:
            self._prices.advance()
        return self._prices.best

    def close(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What the other process tells: the bound, the prices at a mark, whether it is done."""

    bound: float
    prices: Floats | None
    done: bool


class Apart:
    """In a process of its own. `steps` at most."""

    def __init__(self, problem: Problem, steps: int) -> None:
        self._value = np.inf
        self._done = False
        self._waiting: list[Floats] = []
        context = get_context("spawn")  # a server has threads, which a fork would copy locked
        self._here, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there, steps), daemon=True)
        self._process.start()
        there.close()
        self._here.send(problem)

    @property
    def value(self) -> float:
        """The bound that was heard of last."""
        return self._value

    def look(self) -> Floats | None:
        """The latest prices that have come."""
        while not self._done and self._here.poll():
            self._hear()
        latest = self._waiting[-1] if self._waiting else None
        self._waiting.clear()
        return latest

    @property
    def exhausted(self) -> bool:
        """Whether the other is done and all it sent is given."""
        return self._done and not self._waiting

    def await_mark(self, seconds: float) -> Floats | None:
        """The next prices, in order, none passed over."""
        while not self._waiting and not self._done and self._here.poll(seconds):
            self._hear()
        return self._waiting.pop(0) if self._waiting else None

    def close(self) -> None:
        """Ends the other process."""
        self._here.close()
        self._process.terminate()
        self._process.join()
        self._process.close()

    def _hear(self) -> None:
        try:
            word: _Word = self._here.recv()
        except EOFError:  # it died; what it proved until then holds
            self._done = True
            return
        self._value = min(self._value, word.bound)
        self._done = word.done
        if word.prices is not None:
            self._waiting.append(word.prices)


def _work(pipe: Connection, steps: int) -> None:
    with suppress(BrokenPipeError, ConnectionResetError, EOFError):
        prices = Prices(pipe.recv())
        pipe.send(_Word(prices.bound, None, False))
        while prices.iterations < steps and not prices.settled:
            prices.advance()
            marked = prices.iterations in MARKS
            if marked or prices.iterations % TELL == 0:
                pipe.send(_Word(prices.bound, prices.best if marked else None, False))
        pipe.send(_Word(prices.bound, prices.best, True))
