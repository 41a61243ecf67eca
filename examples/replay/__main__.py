"""`python -m examples.replay`: replays the dataset twice and holds the services against the dataset and the model.

Run 1 has room for everybody: what is left at the end must be what the dataset says. Run 2 has seats for four in five:
who is in and who waits must be what the model says, person by person. Exit code 1 if anything differs.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc
import pandas as pd

from examples.replay import events, oulad, server
from examples.replay.model import Outcome, expected
from examples.replay.run import Bureau, Mismatch, Task

THREADS = 16
SCARCE = 0.8  # seats for each dated registration in run 2
REPORT = Path(__file__).parents[2] / "build" / "replay.csv"
UNLIMITED, LIMITED = "run1", "run2"


def tasks(run: str) -> list[Task]:
    """One task a presentation, by name."""
    lengths, found = oulad.lengths(), []
    for presentation, rows in sorted(oulad.registrations().items()):
        taken = rows if run == UNLIMITED else events.dated(rows)
        capacity = len(taken) if run == UNLIMITED else int(len(taken) * SCARCE)
        found.append(Task(run, presentation, lengths[presentation], capacity, events.in_order(taken)))
    return found


class Progress:
    """Counts events over all threads, and stops the threads once one of them has failed."""

    def __init__(self) -> None:
        self.stopped = False
        self._events: list[None] = []  # appending is atomic, adding to a number is not

    def __call__(self) -> None:
        """One more event. CancelledError if there is no use in going on."""
        if self.stopped:
            raise CancelledError
        self._events.append(None)

    def __int__(self) -> int:
        return len(self._events)


def replay(bureau: Bureau, wanted: Sequence[Task], threads: int = THREADS) -> list[Outcome]:
    """The outcome of each task, in their order: presentations side by side, each strictly in order of its events."""
    progress, total, began = Progress(), sum(len(task.events) for task in wanted), time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        # the longest first: none of them is left to run alone at the end
        by_size = sorted(range(len(wanted)), key=lambda place: -len(wanted[place].events))
        running = {place: pool.submit(bureau.replay, wanted[place], progress) for place in by_size}
        waiting = set(running.values())
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=10, return_when=FIRST_EXCEPTION)
                for each in ended:
                    each.result()
                _say(f"{int(progress)} of {total} events, {time.monotonic() - began:.0f} s")
        finally:
            progress.stopped = True
            pool.shutdown(cancel_futures=True)
        return [running[place].result() for place in range(len(wanted))]


def table(wanted: Sequence[Task], outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row a presentation."""
    rows = (
        {"code_module": task.presentation.module, "code_presentation": task.presentation.code, **outcome.row()}
        for task, outcome in zip(wanted, outcomes, strict=True)
    )
    return pd.DataFrame(rows)


def differences(wanted: Sequence[Task], outcomes: Sequence[Outcome]) -> list[str]:
    """Where the services differ from the model and, with room for everybody, from the dataset."""
    found, truth = [], oulad.active_at_end()
    for task, outcome in zip(wanted, outcomes, strict=True):
        model, where = expected(task.events, task.capacity), f"{task.run}, {task.presentation}"
        if outcome.row() != model.row():
            found.append(f"{where}: the services say {outcome.row()}, the model {model.row()}")
        elif outcome != model:
            found.append(f"{where}: the numbers agree with the model, the people do not")
        if task.run == UNLIMITED and len(outcome.enrolled) != truth[task.presentation]:
            found.append(f"{where}: {len(outcome.enrolled)} enrolled, {truth[task.presentation]} in the dataset")
    return found


def main() -> int:
    """Starts a server, replays both runs, prints and writes the table; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with us
    began = time.monotonic()
    unlimited, limited = tasks(UNLIMITED), tasks(LIMITED)
    try:
        with server.running() as (channel, tokens):
            outcomes = replay(Bureau(channel, *tokens), [*unlimited, *limited])
    except (Mismatch, RuntimeError) as fault:
        _say(str(fault))
        return 1
    except grpc.RpcError as error:
        _say(f"refused: {error}")
        return 1
    first, second = outcomes[: len(unlimited)], outcomes[len(unlimited) :]
    wrong = differences([*unlimited, *limited], outcomes)
    report = table(limited, second)
    REPORT.parent.mkdir(exist_ok=True)
    report.to_csv(REPORT, index=False)
    truth = oulad.active_at_end()
    agreed = sum(
        len(outcome.enrolled) == truth[task.presentation] for task, outcome in zip(unlimited, first, strict=True)
    )
    print(
        f"run 1, seats for everybody: active enrolments at the end agree with the dataset for {agreed} of {len(truth)} "
        f"presentations ({sum(len(outcome.enrolled) for outcome in first)} of {sum(truth.values())} in all)"
    )
    print(f"run 2, seats for {SCARCE:.0%} of the dated registrations ({REPORT.relative_to(REPORT.parents[1])}):")
    print(report.to_string(index=False))
    calls = sum(len(task.events) for task in (*unlimited, *limited))
    print(f"{calls} enrolments and withdrawals in {time.monotonic() - began:.0f} s; {len(wrong)} differences")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _say(words: str) -> None:
    print(f"replay: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
