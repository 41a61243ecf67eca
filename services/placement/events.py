"""Handler of the events: who may see what became of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
from liancai.common.v1 import event_pb2 as common_pb
from liancai.placement.v1 import events_pb2_grpc
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.other_placements import scopes
from services.placement.tables import (
    AssignmentRow,
    CommissionerRow,
    PlacementRow,
    PlanRow,
    RequestRow,
    ServiceAgreementRow,
    TechnologyTransferRow,
    VisitRow,
)
from services.platform import later
from services.platform.boundary import Call
from services.platform.watching import Watching

Reached = Callable[[Call], ColumnElement[bool]]


def _read_by(table: type[queries.Row], action: str) -> tuple[type[Any], Reached]:
    return table, lambda call: queries.within_reach(call, table, action)


# by collection: its rows, and which of them a caller may see
VISIBLE: dict[str, tuple[type[Any], Reached]] = {
    "commissioners": _read_by(CommissionerRow, "placement.commissioner.read"),
    "requests": _read_by(RequestRow, "placement.request.read"),
    "serviceAgreements": _read_by(ServiceAgreementRow, "placement.agreement.read"),
    "assignments": _read_by(AssignmentRow, "placement.assignment.read"),
    "visits": _read_by(VisitRow, "placement.visit.read"),
    "plans": _read_by(PlanRow, "placement.plan.read"),
    "technologyTransfers": _read_by(TechnologyTransferRow, "placement.transfer.read"),
    "placements": (PlacementRow, scopes.within_reach),  # not every kind is for everybody
}


def sees(session: Session, call: Call, subjects: Sequence[str]) -> set[str]:
    """Those of the resources that the caller may see now."""
    by_collection: dict[str, list[str]] = {}
    for collection, _, row_id in (subject.partition("/") for subject in subjects):
        by_collection.setdefault(collection, []).append(row_id)
    seen: set[str] = set()
    for collection, ids in by_collection.items():
        if collection in VISIBLE:
            table, reached = VISIBLE[collection]
            wanted = select(table.id).where(table.id.in_(ids), reached(call))
            seen |= {f"{collection}/{row_id}" for row_id in session.scalars(wanted)}
    return seen


class DispatchEvents(events_pb2_grpc.DispatchEventsServicer):
    """What became of commissioners, requests, agreements, plans, service and other placements."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    @later.lasts
    def WatchEvents(
        self, request: common_pb.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[common_pb.WatchEventsResponse]:
        """The events after a position, then each new one."""
        return self._watching.stream(request, Call.of(context))
