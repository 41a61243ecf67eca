"""What pins and bans cost: found by the job that worked the plan out, and told with them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from services.placement.plan_jobs.solving import Task
from services.placement.planning.overrides import override_cost
from services.placement.planning.search import Limits
from services.placement.rules.dispatch import Assignment
from services.placement.tables import PlanBanRow, PlanPinRow
from services.platform.job_process import Run
from services.platform.jobs import Verdict
from services.platform.transaction import Tx

MOST = 20  # overrides whose cost is found; each has a part of the plan worked out again
PRICE = Limits(rounds=3, steps=40)


def tell_costs(run: Run, task: Task, plan: Sequence[Assignment]) -> None:
    """Finds what each pin and ban of a plan costs, the first `MOST` of them; the others have none told."""
    dispatch, inputs = task.inputs.dispatch, task.inputs
    pins = dict.fromkeys(dispatch.pins[:MOST], 0.0)
    bans = dict.fromkeys(sorted(dispatch.bans - inputs.uncovered)[: MOST - len(pins)], 0.0)
    if not pins and not bans:
        return
    for pin in pins:
        run.check()
        pins[pin] = override_cost(dispatch, plan, pins=[pin], limits=PRICE)
    for pair in bans:
        run.check()
        bans[pair] = override_cost(dispatch, plan, bans=[pair], limits=PRICE)

    def work(tx: Tx) -> Sequence[Verdict]:
        for table in (PlanPinRow, PlanBanRow):
            tx.session.execute(update(table).where(table.plan_id == task.plan.id).values(cost=None))
        for pin, cost in pins.items():
            of = PlanPinRow.plan_id == task.plan.id, PlanPinRow.request_id == _number(pin.request)
            tx.session.execute(update(PlanPinRow).where(*of).values(cost=cost))
        for (request, who), cost in bans.items():
            pair = PlanBanRow.request_id == _number(request), PlanBanRow.commissioner_id == _number(who)
            tx.session.execute(update(PlanBanRow).where(PlanBanRow.plan_id == task.plan.id, *pair).values(cost=cost))
        return ()

    run.step(work, run.checkpoint)


def _number(name: str) -> str:
    return name.partition("/")[2]
