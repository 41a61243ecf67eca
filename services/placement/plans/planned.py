"""A plan that was worked out, as the rules have it: what it came from, its visits, the prices of its bound."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement.plans.collecting import assignment_of
from services.placement.rules import instance
from services.placement.rules.dispatch import Assignment
from services.placement.rules.inputs import Inputs
from services.placement.tables import PlanInputsRow, PlanRow, PlanVisitRow
from services.platform.errors import Refused


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan's inputs (`inputs.dispatch`, `inputs.dates`), its visits by resource names, and the price of each request.

    `priced` is the bound that the prices prove by themselves; both are of the job that worked the plan out.
    """

    inputs: Inputs
    assignments: tuple[Assignment, ...]
    prices: dict[str, float]
    priced: float


def load(session: Session, plan: PlanRow) -> Planned:
    """What the last job stored. Raises Refused PLAN_UNSOLVED where none did."""
    digest = plan.summary.get("digest", "")
    row = session.get(PlanInputsRow, (plan.id, digest)) if digest else None
    if row is None or row.prices is None:
        raise Refused("PLAN_UNSOLVED", plan=f"plans/{plan.id}")
    inputs = Inputs.unpacked(row.inputs)
    proof = json.loads(zlib.decompress(row.prices))
    return Planned(inputs, _visits(session, plan, inputs), proof["prices"], proof["priced"])


def _visits(session: Session, plan: PlanRow, inputs: Inputs) -> tuple[Assignment, ...]:
    wanted = select(PlanVisitRow.request_id, PlanVisitRow.commissioner_id, PlanVisitRow.days)
    wanted = wanted.where(PlanVisitRow.plan_id == plan.id).order_by(PlanVisitRow.request_id)
    return tuple(
        assignment_of(
            f"requests/{request}", f"commissioners/{commissioner}", map(date.fromisoformat, days), inputs.dates
        )
        for request, commissioner, days in session.execute(wanted)
    )


def export(plan: PlanRow, found: Planned) -> dict[str, Any]:
    """All that anybody needs to count a plan again: the inputs, and under `solution` what came of them.

    Without `solution`, as canonical JSON, its SHA-256 is `solution.digest`. `solution.prices` by request prove
    `priced`: the best schedule of each commissioner when each request costs its price, and all the prices.
    """
    dates = found.inputs.dates
    visits = [
        {**instance.written(each), "days": [dates[day].isoformat() for day in found.inputs.dispatch.days_of(each)]}
        for each in found.assignments
    ]
    known = ("digest", "objective", "bound", "gap", "served", "limits", "seconds", "solve_time")
    solution = {
        **{name: plan.summary[name] for name in known if name in plan.summary},
        "plan": f"plans/{plan.id}",
        "assignments": visits,
        "prices": found.prices,
        "priced": found.priced,
    }
    return {**found.inputs.data(), "solution": solution}
