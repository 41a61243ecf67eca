"""The jobs that change as little as they can: a published plan planned again, and a plan drawn up by hand made better.

Both begin anew after a death, on the inputs that were kept. What was stored for the draft before is not looked at: the
point is not the most points, but the fewest changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from services.placement.plan_jobs.solving import Found, Task, laid_out, store, task_of
from services.placement.planning.replan import Replanned, improve, price, replan
from services.placement.planning.search import Limits, Progress, prove
from services.placement.plans.collecting import Ground, assignment_of, drawn_of
from services.placement.plans.register import replaced
from services.placement.rules.dispatch import Assignment
from services.placement.rules.promises import Weights
from services.placement.rules.states import AssignmentState
from services.placement.tables import AssignmentRow, PlanRow, ReplanPromiseRow, ReplanRow, RequestRow
from services.platform.job_process import Run
from services.platform.jobs import Json
from services.platform.transaction import Tx

PRICE = Limits(rounds=3, steps=40)  # of one promise


def again(run: Run) -> Json:
    """Plans the published plan again that the job's subject replaces."""
    began = time.monotonic()
    task = replace(task_of(run), earlier=None)
    layout = laid_out(task)
    asked, dispatch = run.arguments, task.inputs.dispatch
    rows = _promised(run, task.plan)
    promised = [_visit(task, row) for row in rows]
    today = date.fromisoformat(asked["as_of"])
    weights = Weights.of(Ground.of(os.environ).pack, task.plan.partner_division or task.plan.division, today)
    weight = {
        f"requests/{row.request_id}": weights.weight(_first(row), today, accepted=row.state == AssignmentState.ACCEPTED)
        for row in rows
    }
    limits = Limits(**asked["limits"])
    found = replan(
        dispatch,
        promised,
        weight=weight,
        freed=asked["freed"],
        budget=asked["budget"],
        limits=limits,
        told=lambda progress: _report(run, progress),
        stopped=lambda: run.cancelled,
    )
    run.check()  # half a re-plan is none
    proof = prove(layout, limits, lambda: run.cancelled)
    prices = _prices(run, task, found, promised, weight, int(asked["prices"]))
    told = _told(task, rows, promised, found, weight, frozenset(asked["freed"]), prices)
    figures = {
        "promises": len(rows),
        "hit": list(found.hit),
        "freed": sorted(asked["freed"]),
        "budget": asked["budget"],
        "moved": len(found.differences.moved),
        "shifted": len(found.differences.shifted),
        "dropped": len(found.differences.dropped),
        "added": len(found.differences.added),
        "steps": [
            {"changed": each.changed, "weight": each.weight, "objective": each.objective, "served": each.served}
            for each in found.steps
        ],
    }

    def beside(tx: Tx) -> None:
        tx.session.execute(delete(ReplanPromiseRow).where(ReplanPromiseRow.plan_id == task.plan.id))
        tx.session.merge(ReplanRow(plan_id=task.plan.id, figures=figures))
        if told:
            tx.session.execute(insert(ReplanPromiseRow), told)

    plan = Found(found.assignments, proof.bound, proof.prices, proof.priced, time.monotonic() - began)
    return store(run, task, plan, beside)


def better(run: Run) -> Json:
    """Makes the visits that the job was given better, and puts them into the draft."""
    began = time.monotonic()
    task = replace(task_of(run), earlier=None)
    layout, dates = laid_out(task), task.inputs.dates
    drawn = [
        drawn_of(request, who, map(date.fromisoformat, days), dates, task.inputs.dispatch)
        for request, who, days in run.arguments["visits"]
    ]
    limits = Limits(**run.arguments["limits"])
    found = improve(
        task.inputs.dispatch,
        drawn,
        keep=run.arguments["keep"],
        limits=limits,
        told=lambda progress: _report(run, progress),
        stopped=lambda: run.cancelled,
    )
    proof = prove(layout, limits, lambda: run.cancelled)
    result = store(run, task, Found(found, proof.bound, proof.prices, proof.priced, time.monotonic() - began))
    run.check()
    same = len({*drawn} & {*found})
    return {**result, "drawn": len(drawn), "kept_visits": same}


def _report(run: Run, progress: Progress) -> None:
    """Shows how far it is: of what is planned anew, all else being fixed."""
    run.report(stage=progress.phase, objective=progress.objective, served=progress.served, seconds=progress.seconds)


def _promised(run: Run, plan: PlanRow) -> list[AssignmentRow]:
    """The assignments of the published plan that may still change, in order of request."""
    wanted = select(AssignmentRow).join(RequestRow, RequestRow.id == AssignmentRow.request_id).where(replaced(plan))
    standing = AssignmentRow.state.in_((AssignmentState.ASSIGNED, AssignmentState.ACCEPTED))
    with run.database.reading() as session:
        return list(session.scalars(wanted.where(standing).order_by(AssignmentRow.request_id)))


def _visit(task: Task, row: AssignmentRow) -> Assignment:
    request, who = f"requests/{row.request_id}", f"commissioners/{row.commissioner_id}"
    return assignment_of(request, who, map(date.fromisoformat, row.days), task.inputs.dates)


def _first(row: AssignmentRow) -> date:
    """The first day of an assignment, the way included."""
    return date.fromisoformat(min([*row.days, *row.travel_days]))


def _prices(
    run: Run,
    task: Task,
    found: Replanned,
    promised: Iterable[Assignment],
    weight: Mapping[str, float],
    most: int,
) -> Mapping[str, float]:
    """What keeping promises costs, of at most so many, the heaviest first."""
    kept = sorted({*promised} & {*found.assignments}, key=lambda each: (-weight[each.request], each))
    prices: dict[str, float] = {}
    for each in kept[:most]:
        run.check()
        prices[each.request] = price(task.inputs.dispatch, found.assignments, each.request, PRICE)
        run.report(stage="prices", done=len(prices), total=min(most, len(kept)))
    return prices


def _told(
    task: Task,
    rows: Iterable[AssignmentRow],
    promised: Iterable[Assignment],
    found: Replanned,
    weight: Mapping[str, float],
    freed: frozenset[str],
    prices: Mapping[str, float],
) -> list[dict[str, Any]]:
    """What became of each promise."""
    told = found.differences
    fates = dict.fromkeys(told.moved, "MOVED") | dict.fromkeys(told.shifted, "SHIFTED")
    fates |= dict.fromkeys(told.dropped, "DROPPED")
    now, hit = {each.request: each for each in found.assignments}, frozenset(found.hit)
    dates, dispatch = task.inputs.dates, task.inputs.dispatch
    lines = []
    for row, each in zip(rows, promised, strict=True):
        goes = now.get(each.request)
        lines.append(
            {
                "plan_id": task.plan.id,
                "request_id": row.request_id,
                "fate": fates.get(each.request, "KEPT"),
                "hit": each.request in hit,
                "freed": each.request in freed,
                "accepted": row.state == AssignmentState.ACCEPTED,
                "weight": weight[each.request],
                "commissioner_id": row.commissioner_id,
                "days": row.days,
                "new_commissioner_id": "" if goes is None else goes.commissioner.partition("/")[2],
                "new_days": [] if goes is None else [dates[day].isoformat() for day in dispatch.days_of(goes)],
                "price": prices.get(each.request),
            }
        )
    return lines
