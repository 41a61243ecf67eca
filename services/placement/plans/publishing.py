"""Handlers of the way of a plan out of the draft: reviewed by another, published whole or not at all, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import select

from services.placement.plans import planned, register
from services.placement.plans.acting import PlanDesk, listed
from services.placement.plans.collecting import collect
from services.placement.rules.checker import violations
from services.placement.rules.inputs import Inputs, changes
from services.placement.rules.states import AssignmentState
from services.placement.tables import AssignmentRow, CommissionerRow, PlanRow, RequestRow
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of

PROMISED = (AssignmentState.ASSIGNED, AssignmentState.ACCEPTED)
SHOWN = 20  # inputs and requests that a refusal names


class Publishing(PlanDesk):
    """Steps of a plan's life."""

    def ReviewPlan(self, request: pb.ReviewPlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Draft -> reviewed, by none of those who made it."""
        call = Call.of(context)

        def change(_: Tx, row: PlanRow) -> dict[str, Any]:
            if call.caller.subject in row.makers:
                raise Refused("SAME_PLANNER", plan=request.name)
            _worked_out(row)
            row.reviewer, row.reason = call.caller.subject, ""
            return {"digest": row.summary["digest"]}

        return self._act(call, request, "review", change, Reading(), event="reviewed")

    def ReturnPlan(self, request: pb.ReturnPlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Reviewed -> draft."""
        return self._end(Call.of(context), request, "return", "returned")

    def DiscardPlan(self, request: pb.DiscardPlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Draft or reviewed -> discarded."""
        return self._end(Call.of(context), request, "discard", "discarded")

    def PublishPlan(self, request: pb.PublishPlanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Reviewed -> published, on the inputs it was worked out from, and by the rules."""
        call = Call.of(context)

        def change(tx: Tx, row: PlanRow) -> dict[str, Any]:
            _worked_out(row)
            found = planned.load(tx.session, row)
            self._unchanged(tx, row, found.inputs)
            bookings = _changed(tx, call, row, _bookings(found)) if row.replaces else _bookings(found)
            _in_time(row, bookings, day_of(tx.now))
            require_rules(row, found)
            row.publish_time = tx.now
            if bookings:
                assigning.create(tx, call, bookings, plan=request.name)
            return {"digest": row.summary["digest"], "assignments": len(bookings)}

        return self._act(call, request, "publish", change, Reading(), event="published")

    def _end(self, call: Call, request: pb.ReturnPlanRequest | pb.DiscardPlanRequest, verb: str, event: str) -> pb.Plan:
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, row: PlanRow) -> dict[str, Any]:
            row.reason = reason
            return {}

        return self._act(call, request, verb, change, reading, event=event, reason=reason)

    def _unchanged(self, tx: Tx, row: PlanRow, then: Inputs) -> None:
        """Raises Refused PLAN_INPUTS_CHANGED unless all is as it was; it then stays so until this is committed."""
        assigning.locked(tx, [name.partition("/")[2] for name in then.dispatch.requests])
        people = [name.partition("/")[2] for name in then.versions if name.startswith("commissioners/")]
        tx.session.execute(
            select(CommissionerRow.id)
            .where(CommissionerRow.id.in_(people))
            .order_by(CommissionerRow.id)
            .with_for_update()
        )
        now = collect(tx.session, row, self._ground, then.as_of)
        if changed := changes(then, now):
            raise Refused(
                "PLAN_INPUTS_CHANGED", plan=f"plans/{row.id}", count=len(changed), inputs=listed(changed, SHOWN)
            )


def require_rules(row: PlanRow, found: planned.Planned) -> None:
    """Raises Refused PLAN_INVALID unless the plan keeps every rule."""
    if broken := violations(found.inputs.dispatch, found.assignments):
        codes = ", ".join(sorted({each.code for each in broken}))
        raise Refused("PLAN_INVALID", plan=f"plans/{row.id}", count=len(broken), rules=codes)


def _worked_out(row: PlanRow) -> None:
    """Raises Refused PLAN_UNSOLVED unless it was worked out as it is now."""
    if not row.summary or row.outdated:
        raise Refused("PLAN_UNSOLVED", plan=f"plans/{row.id}")


def _bookings(found: planned.Planned) -> list[Booking]:
    dates, dispatch = found.inputs.dates, found.inputs.dispatch
    bookings = []
    for each in found.assignments:
        days = dispatch.days_of(each)
        way = sorted(set(dispatch.bound_days(each)) - set(days))
        bookings.append(
            Booking(
                each.request.partition("/")[2],
                each.commissioner.partition("/")[2],
                tuple(dates[day] for day in days),
                tuple(dates[day] for day in way),
            )
        )
    return bookings


def _changed(tx: Tx, call: Call, row: PlanRow, bookings: Sequence[Booking]) -> list[Booking]:
    """What a re-plan books anew: promises that stay as they are become its own, the others are called off."""
    wanted = {each.request: each for each in bookings}
    joined = select(AssignmentRow).join(RequestRow, RequestRow.id == AssignmentRow.request_id)
    promised = joined.where(register.replaced(row), AssignmentRow.state.in_(PROMISED)).order_by(AssignmentRow.id)
    ended: dict[str, AssignmentState] = {}
    for each in tx.session.scalars(promised.with_for_update(of=AssignmentRow)):
        booking = wanted.get(each.request_id)
        if booking is not None and _same(each, booking):
            each.plan = f"plans/{row.id}"
            del wanted[each.request_id]
            continue
        each.disrupted = each.state == AssignmentState.ACCEPTED
        assigning.end(tx, call, each, AssignmentState.CANCELLED, f"plans/{row.id}")
        ended[each.request_id] = AssignmentState.CANCELLED
    if ended:
        assigning.follow(tx, call, assigning.locked(tx, ended), ended)
    return list(wanted.values())


def _same(row: AssignmentRow, booking: Booking) -> bool:
    days, way = ([day.isoformat() for day in each] for each in (booking.days, booking.travel_days))
    return (row.commissioner_id, row.days, row.travel_days) == (booking.commissioner, days, way)


def _in_time(row: PlanRow, bookings: Sequence[Booking], today: date) -> None:
    """Raises Refused PLAN_VISITS_PAST for visits that would have begun by today."""
    if late := [f"requests/{each.request}" for each in bookings if each.bound[0] <= today]:
        raise Refused("PLAN_VISITS_PAST", plan=f"plans/{row.id}", count=len(late), requests=listed(late, SHOWN))
