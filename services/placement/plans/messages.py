"""Rows of plans to messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.placement.tables import PlanBanRow, PlanPinRow, PlanRow, PlanUnservedRow, PlanVisitRow
from services.platform.requests import etag_of, stamp


def plan(session: Session, row: PlanRow) -> pb.Plan:
    """A plan as its readers see it."""
    return plans(session, [row])[0]


def plans(session: Session, rows: Sequence[PlanRow]) -> list[pb.Plan]:
    """Plans as their readers see them."""
    ids = [row.id for row in rows]
    pins, bans = (_counts(session, table, ids) for table in (PlanPinRow, PlanBanRow))
    return [_plan(row, pins.get(row.id, 0), bans.get(row.id, 0)) for row in rows]


def pin(row: PlanPinRow) -> pb.PlanPin:
    """A pin."""
    return pb.PlanPin(
        request=f"requests/{row.request_id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        days=row.days,
        author=row.author,
        reason=row.reason,
        create_time=stamp(row.create_time),
        cost=row.cost,
    )


def ban(row: PlanBanRow) -> pb.PlanBan:
    """A ban."""
    return pb.PlanBan(
        request=f"requests/{row.request_id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        author=row.author,
        reason=row.reason,
        create_time=stamp(row.create_time),
        cost=row.cost,
    )


def visit(row: PlanVisitRow) -> pb.PlanVisit:
    """A visit."""
    return pb.PlanVisit(
        request=f"requests/{row.request_id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        days=row.days,
        travel_days=row.travel_days,
        priority_points=row.priority_points,
        continuity_points=row.continuity_points,
        travel_points=row.travel_points,
        pinned=row.pinned,
    )


def unserved(row: PlanUnservedRow) -> pb.PlanUnserved:
    """A request that is not served."""
    return pb.PlanUnserved(request=f"requests/{row.request_id}", cause=pb.PlanUnserved.Cause.Value(row.cause))


def _counts(session: Session, table: type[PlanPinRow | PlanBanRow], ids: Sequence[str]) -> dict[str, int]:
    """How many rows each plan has."""
    wanted = select(table.plan_id, func.count()).where(table.plan_id.in_(ids)).group_by(table.plan_id)
    return {plan_id: int(count) for plan_id, count in session.execute(wanted)}


def _plan(row: PlanRow, pins: int, bans: int) -> pb.Plan:
    return pb.Plan(
        name=f"plans/{row.id}",
        state=pb.Plan.State.Value(row.state),
        title=row.title,
        division=row.division,
        partner_division=row.partner_division,
        disciplines=row.disciplines,
        first_day=row.first_day.isoformat(),
        last_day=row.last_day.isoformat(),
        objective=_objective(row.objective),
        pins=pins,
        bans=bans,
        replaces=f"plans/{row.replaces}" if row.replaces else "",
        summary=_summary(row) if row.summary else None,
        job=row.job,
        makers=row.makers,
        reviewer=row.reviewer,
        reason=row.reason,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
        publish_time=stamp(row.publish_time),
    )


def _objective(stored: dict[str, Any]) -> pb.Plan.Objective:
    steps = [pb.Plan.Objective.LoadStep(above=above, cost=cost) for above, cost in stored["load_steps"]]
    return pb.Plan.Objective(**{**stored, "load_steps": steps})


def _summary(row: PlanRow) -> pb.Plan.Summary:
    stored = row.summary
    values = {name: value for name, value in stored.items() if name not in ("limits", "solve_time")}
    return pb.Plan.Summary(
        **values,
        limits=pb.SolveLimits(**stored["limits"]),
        solve_time=stamp(datetime.fromisoformat(stored["solve_time"])),
        outdated=row.outdated,
    )
