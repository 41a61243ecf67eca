"""The job that works a plan out: reads its inputs, plans, checks, and stores the best it has seen.

The inputs are read once and kept: whoever goes on after a death goes on with the same. By the clock it goes on from the
best plan saved; by counts it begins anew, so that it comes to the same plan, and what was saved is kept until then.
"""

from __future__ import annotations

import logging
import os
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from math import isfinite
from typing import Any

from sqlalchemy import delete, insert, update

from services.placement.planning.layout import MOST_PAIRS, Contradiction, Layout, TooLarge, lay_out
from services.placement.planning.search import Limits, Progress, Solution
from services.placement.planning.search import solve as search
from services.placement.plans import planned
from services.placement.plans.collecting import Ground, collect
from services.placement.plans.pins import contradiction
from services.placement.rules import instance
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, account, points
from services.placement.rules.inputs import Inputs, canonical, sentence_values
from services.placement.rules.unserved import causes
from services.placement.tables import PlanInputsRow, PlanRow, PlanUnservedRow, PlanVisitRow
from services.platform.errors import Refused, Unavailable
from services.platform.job_process import Run
from services.platform.jobs import Json, Lost, Outcome, Verdict
from services.platform.policy import Policy
from services.platform.transaction import Tx
from services.reference.workdays import CalendarNotPublished

SAVE = 5.0  # seconds between two savings of the best plan

log = logging.getLogger("liancai.jobs")


@dataclass(frozen=True, slots=True)
class Task:
    """What a job works on. `earlier` is the plan that another job stored of the same inputs."""

    plan: PlanRow
    inputs: Inputs
    digest: str
    earlier: planned.Planned | None

    @property
    def name(self) -> str:
        """The resource name of the plan."""
        return f"plans/{self.plan.id}"

    def value(self, assignments: Sequence[Assignment]) -> float:
        """The objective of a plan of these inputs."""
        return account(self.inputs.dispatch, assignments).total


@dataclass(frozen=True, slots=True)
class Found:
    """A plan to be stored, what proves it, and how it came about; `base` is the summary of whoever found it before."""

    assignments: tuple[Assignment, ...]
    bound: float | None
    prices: dict[str, float]
    priced: float | None
    seconds: float
    base: dict[str, Any] | None = None


def solve(run: Run, afterwards: Callable[[Run, Task, Sequence[Assignment]], None] = lambda *_: None) -> Json:
    """Works the plan out that is the subject of the job, then does `afterwards`. Raises Refused where it cannot be."""
    run.check()
    task = task_of(run)
    layout = laid_out(task)
    limits = Limits(**run.arguments["limits"])
    saved = tuple(map(_assignment, run.checkpoint.get("visits", ())))
    if run.attempt > 1 and saved:  # what ended the last attempt may end this one
        store(run, task, _best(run, task, [saved], None))
    keeper = _Keeper(run, task, saved)
    known = [saved, *([task.earlier.assignments] if task.earlier else [])]
    start = () if limits.seconds is None else max(known, key=task.value)
    try:
        solution = search(layout, limits, start=start, told=keeper.told, stopped=lambda: run.cancelled)
    except (Lost, Unavailable):
        raise
    except Exception:
        store(run, task, _best(run, task, [keeper.assignments], None))
        raise
    best = _best(run, task, [saved, solution.assignments], solution)
    result = store(run, task, best)
    run.check()
    afterwards(run, task, best.assignments)
    return result


class _Keeper:
    """Shows how far the search is, and saves its best plan now and then."""

    def __init__(self, run: Run, task: Task, saved: tuple[Assignment, ...]) -> None:
        self.assignments = saved
        self._run, self._task = run, task
        self._value = task.value(saved) if saved else float("-inf")
        self._bound = run.checkpoint.get("bound") or float("inf")
        self._due = time.monotonic()

    def told(self, progress: Progress) -> None:
        """Hears from the search. Raises Lost."""
        figures = {name: getattr(progress, name) for name in ("objective", "gap", "served", "seconds")}
        if isfinite(progress.bound):
            figures["bound"] = progress.bound
        better = progress.objective > self._value
        proven = isfinite(progress.bound) and not isfinite(self._bound)  # the search may be silent for long after
        if not proven and (time.monotonic() < self._due or not (better or progress.bound < self._bound)):
            self._run.report(stage=progress.phase, **figures)
            return
        if better:
            self.assignments, self._value = progress.assignments(), progress.objective
        self._bound = min(self._bound, progress.bound)
        visits = [instance.written(each) for each in self.assignments]
        bound = self._bound if isfinite(self._bound) else None
        checkpoint = {"digest": self._task.digest, "visits": visits, "bound": bound}
        self._run.save(checkpoint, stage=progress.phase, **figures)
        self._due = time.monotonic() + SAVE


def task_of(run: Run) -> Task:
    """The inputs: those that an attempt before has kept, or as they are now, which are kept."""
    number = run.subject.partition("/")[2]
    kept = run.checkpoint.get("digest")
    with run.database.reading() as session:
        plan = session.get_one(PlanRow, number)
        if kept:
            inputs, digest = Inputs.unpacked(session.get_one(PlanInputsRow, (number, kept)).inputs), str(kept)
        else:
            as_of = date.fromisoformat(run.arguments["as_of"])
            try:
                inputs = collect(session, plan, Ground.of(os.environ), as_of)
            except CalendarNotPublished as unknown:
                raise Refused("PLAN_CALENDAR", year=unknown.year) from None
            packed, digest = inputs.packed()
        earlier = planned.load(session, plan) if plan.summary.get("digest") == digest else None
    task = Task(plan, inputs, digest, earlier)
    if not kept:
        laid_out(task)  # what cannot be planned is not kept

        def keep(tx: Tx) -> Sequence[Verdict]:
            tx.session.merge(PlanInputsRow(plan_id=number, digest=digest, inputs=packed))
            return ()

        run.step(keep, {"digest": digest})
        task = Task(plan, Inputs.unpacked(packed), digest, earlier)  # the same as whoever goes on will have
    return task


def laid_out(task: Task) -> Layout:
    """The arrays of the task. Raises Refused for pins that contradict one another, and for too large a plan."""
    try:
        return lay_out(task.inputs.dispatch)
    except Contradiction as found:
        raise contradiction(task.plan, found.violations, task.inputs.dispatch, task.inputs.dates) from None
    except TooLarge:
        raise Refused("PLAN_TOO_LARGE", plan=task.name, most=MOST_PAIRS) from None


def _best(run: Run, task: Task, plans: Sequence[tuple[Assignment, ...]], solution: Solution | None) -> Found:
    """The best plan known of these inputs, with the least bound known; of plans worth the same, the one stored."""
    bounds = [run.checkpoint.get("bound")]
    seconds, prices, priced = 0.0, dict[str, float](), None
    if solution is not None:
        seconds, prices, priced = solution.last.seconds, solution.prices, solution.priced
        bounds.append(solution.last.bound)
    best, base, earlier = max(plans, key=task.value), None, task.earlier
    if earlier is not None:
        bounds.append(task.plan.summary.get("bound"))
        if priced is None or (earlier.priced is not None and earlier.priced < priced):
            prices, priced = earlier.prices, earlier.priced
        if task.value(earlier.assignments) >= task.value(best):
            best, base = earlier.assignments, dict(task.plan.summary)
    finite = [bound for bound in bounds if bound is not None and isfinite(bound)]
    return Found(best, min(finite, default=None), prices, priced, seconds, base)


def store(run: Run, task: Task, found: Found, beside: Callable[[Tx], None] = lambda _: None) -> Json:
    """Puts a plan into the rows, if it keeps every rule, and does `beside` in the same transaction.

    Raises Refused PLAN_INVALID, with nothing stored.
    """
    dispatch, dates = task.inputs.dispatch, task.inputs.dates
    if broken := violations(dispatch, found.assignments):
        codes = ", ".join(sorted({each.code for each in broken}))
        log.error("%s kind=%s plan breaks %s", run.name, run.kind, codes)
        verdicts = [
            Verdict(
                *(each.request, Outcome.REFUSED, each.code),
                sentence_values(each, dispatch, found.assignments, dates),
            )
            for each in broken
        ]
        run.step(lambda _: verdicts, run.checkpoint)
        raise Refused("PLAN_INVALID", plan=task.name, count=len(broken), rules=codes)
    pinned = frozenset(dispatch.pins)
    visits = []
    for each in found.assignments:
        days = dispatch.days_of(each)
        worth = points(dispatch.worth, dispatch.requests[each.request], dispatch.commissioners[each.commissioner])
        visits.append(
            {
                "plan_id": task.plan.id,
                "request_id": _number(each.request),
                "commissioner_id": _number(each.commissioner),
                "days": [dates[day].isoformat() for day in days],
                "travel_days": [dates[day].isoformat() for day in sorted(set(dispatch.bound_days(each)) - set(days))],
                "priority_points": worth.priority,
                "continuity_points": worth.continuity,
                "travel_points": worth.travel,
                "pinned": each in pinned,
            }
        )
    left = [
        {"plan_id": task.plan.id, "request_id": _number(name), "cause": cause}
        for name, cause in causes(dispatch, found.assignments, task.inputs.uncovered)
    ]
    summary = _summary(run, task, found)
    proof = zlib.compress(canonical({"prices": found.prices, "priced": found.priced}))
    call = run.call("placement.plan.solve", Policy(""))
    known = ("digest", "objective", "bound", "served")
    told: dict[str, Any] = {"job": run.name, **{name: summary[name] for name in known if name in summary}}

    def work(tx: Tx) -> Sequence[Verdict]:
        row = tx.session.get_one(PlanRow, task.plan.id, with_for_update=True, populate_existing=True)
        for table in (PlanVisitRow, PlanUnservedRow):
            tx.session.execute(delete(table).where(table.plan_id == row.id))
        others = delete(PlanInputsRow).where(PlanInputsRow.plan_id == row.id, PlanInputsRow.digest != task.digest)
        tx.session.execute(others)
        same = update(PlanInputsRow).where(PlanInputsRow.plan_id == row.id, PlanInputsRow.digest == task.digest)
        tx.session.execute(same.values(prices=proof))
        for table, rows in ((PlanVisitRow, visits), (PlanUnservedRow, left)):
            if rows:
                tx.session.execute(insert(table), rows)
        row.summary = {**summary, "solve_time": tx.now.astimezone(UTC).isoformat()} if not found.base else summary
        row.outdated, row.update_time = False, tx.now
        beside(tx)
        tx.record(call, task.name, event="plan.solved", detail=told)
        return ()

    result = {name: value for name, value in summary.items() if name not in ("limits", "job", "solve_time")}
    result["kept"] = found.base is not None
    run.step(work, run.checkpoint, result=result)
    return result


def _summary(run: Run, task: Task, found: Found) -> dict[str, Any]:
    """What the plan's row says of it; a plan that was found before keeps who found it, and how."""
    objective, dispatch = task.value(found.assignments), task.inputs.dispatch
    summary = {
        "requests": len(dispatch.requests),
        "commissioners": len(dispatch.commissioners),
        "served": len(found.assignments),
        "objective": objective,
        "gap": 1.0,
        "seconds": round(found.seconds, 3),
        "digest": task.digest,
        "limits": dict(run.arguments["limits"]),
        "job": run.name,
        "unknown_places": len(task.inputs.unknown_places),
        "calendar": task.inputs.calendar,
        "as_of": task.inputs.as_of.isoformat(),
        **(found.base or {}),
    }
    if found.bound is not None:
        bound = max(found.bound, objective)
        summary |= {"bound": bound, "gap": (bound - objective) / bound if bound > 0 else 0.0}
    return summary


def _assignment(told: Json) -> Assignment:
    return Assignment(told["request"], told["commissioner"], told["start"], tuple(told.get("on", ())))


def _number(name: str) -> str:
    return name.partition("/")[2]
