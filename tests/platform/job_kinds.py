"""Kinds of jobs to test with. Those that must be met in the middle wait for a file in the folder of their arguments."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from services.platform.errors import Refused
from services.platform.job_process import Kinds, Run
from services.platform.jobs import Json, Outcome, Verdict
from services.platform.transaction import Tx
from tests.platform.small import BOOKS, JOBS, THING

PLACE = "tests.platform.job_kinds:KINDS"
LONGEST = 60.0  # seconds that anybody waits for anything


def meet(folder: str, name: str, *, check: Run | None = None) -> None:
    """Shows that it has come to `name`, and waits until `name` is let go, or it is cancelled."""
    if not folder:
        return
    (Path(folder) / f"at-{name}").touch()
    until = time.monotonic() + LONGEST
    while not (Path(folder) / f"go-{name}").exists():
        if check is not None:
            check.check()
        assert time.monotonic() < until
        time.sleep(0.005)


def count(run: Run) -> Json:
    """Stores things, one a step; each can be stored once only. `total` of them, met at `stop`."""
    folder, total = str(run.arguments.get("folder", "")), int(run.arguments["total"])
    dry = bool(run.arguments.get("dry"))
    for number in range(int(run.checkpoint.get("done", 0)) + 1, total + 1):
        run.check()
        if number == run.arguments.get("stop"):
            meet(folder, f"{number}.{run.attempt}", check=run)

        def work(tx: Tx, number: int = number) -> list[Verdict]:
            subject = f"{run.arguments.get('prefix', 'thing')}/{number}"
            if number % 10 == 0:
                return [Verdict(subject, Outcome.REFUSED, "NOT_FOUND", {"resource": subject})]
            if not dry:
                tx.connection.execute(insert(THING).values(name=subject, size=run.attempt))
            return [Verdict(subject, Outcome.DONE)]

        run.step(work, {"done": number}, first=number, done=number, total=total, stage="counting", half=number / 2)
    return {"counted": total, "by": run.caller.subject}


def improve(run: Run) -> Json:
    """Has a better result each round, until it is told to stop."""
    best = int(run.result.get("best", 0))
    while best < int(run.arguments["until"]):
        best += 1
        run.save({"round": best}, result={"best": best}, objective=best, gap=1 / best)
        if best == run.arguments.get("stop"):
            meet(str(run.arguments["folder"]), f"{best}.{run.attempt}", check=run)
    return {"best": best, "proven": True}


def spin(run: Run) -> Json:
    """Never hears that it should stop."""
    (Path(run.arguments["folder"]) / f"at-spin.{run.attempt}").touch()
    while True:
        time.sleep(0.05)


def fail(run: Run) -> Json:
    raise Refused("NOT_FOUND", resource="x") if run.arguments.get("fault") else KeyError("张三")


def die(run: Run) -> Json:
    run.save({"died": run.attempt}, result={"best": run.attempt})
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def who(run: Run) -> Json:
    return {"process": os.getpid(), "kind": run.kind, "subject": run.subject, "holder_of": run.name}


_KINDS: dict[str, Any] = {
    "count": count, "improve": improve, "spin": spin, "fail": fail, "die": die, "who": who,
}  # fmt: skip
KINDS = Kinds(BOOKS, JOBS, _KINDS)
