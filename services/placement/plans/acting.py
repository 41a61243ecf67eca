"""What every act on a plan goes through: its state, no job at it, who made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1 import plans_pb2_grpc
from sqlalchemy import select

from services.placement import queries
from services.placement.plans import messages
from services.placement.plans.collecting import Ground
from services.placement.rules.states import PLAN_VERBS, PlanState
from services.placement.tables import JOBS, PlanRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.jobs import ENDED
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx

Change = Callable[[Tx, PlanRow], dict[str, Any]]  # changes the row, and tells what the trail shall say of it


class PlanDesk(plans_pb2_grpc.PlansServicer):
    """What the parts of the service of plans share."""

    def __init__(self, database: Database, pages: Pages, ground: Ground) -> None:
        self._database = database
        self._pages = pages
        self._ground = ground

    def _act(
        self,
        call: Call,
        request: Any,
        verb: str,
        change: Change,
        reading: Reading,
        *,
        event: str,
        etag: str | None = None,
        name: str | None = None,
        reason: str = "",
    ) -> pb.Plan:
        """One act on a plan of the request: `change` may refuse. `reading` has what else the request says."""
        if name is None:
            name = reading.name("name", request.name, "plans")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.Plan:
            row = queries.for_change(tx, call, PlanRow, name, request.etag if etag is None else etag)
            state = allow(row, verb)
            at_rest(tx, row)
            detail = change(tx, row)
            row.state, row.update_time = state, tx.now
            tx.session.flush()
            tx.record(call, name, event=f"plan.{event}", reason=reason, detail=detail)
            return messages.plan(tx.session, row)

        return self._database.write(call, request, work, key=name)


def allow(row: PlanRow, verb: str) -> PlanState:
    """The state that `verb` leads the plan to. Raises Refused PLAN_STATE if it may not be done now."""
    allowed, target = PLAN_VERBS[verb]
    if row.state not in allowed:
        raise Refused("PLAN_STATE", plan=f"plans/{row.id}", state=row.state, allowed=", ".join(allowed))
    return target


def at_rest(tx: Tx, row: PlanRow) -> None:
    """Raises Refused PLAN_SOLVING while a job is at the plan, which is locked."""
    if not row.job:
        return
    table = JOBS.table.c
    state = tx.session.execute(select(table.state).where(table.id == row.job.partition("/")[2])).scalar()
    if state is not None and state not in ENDED:
        raise Refused("PLAN_SOLVING", plan=f"plans/{row.id}", job=row.job)


def made_by(row: PlanRow, call: Call) -> None:
    """Notes that the caller had a hand in the plan, and so does not review it."""
    if call.caller.subject not in row.makers:
        row.makers = [*row.makers, call.caller.subject]


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names for a refusal, at most so many."""
    return ", ".join(names[:most])
