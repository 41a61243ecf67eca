"""Handler of the events: who may see what became of whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import grpc
from liancai.common.v1 import event_pb2 as common_pb
from liancai.placement.v1 import events_pb2_grpc
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.tables import CommissionerRow, RequestRow, ServiceAgreementRow
from services.platform import later
from services.platform.boundary import Call
from services.platform.watching import Watching

# by collection: its rows, and the action that reads them
VISIBLE: dict[str, tuple[type[queries.Row], str]] = {
    "commissioners": (CommissionerRow, "placement.commissioner.read"),
    "requests": (RequestRow, "placement.request.read"),
    "serviceAgreements": (ServiceAgreementRow, "placement.agreement.read"),
}


def sees(session: Session, call: Call, subjects: Sequence[str]) -> set[str]:
    """Those of the resources that the caller may see now."""
    by_collection: dict[str, list[str]] = {}
    for collection, _, row_id in (subject.partition("/") for subject in subjects):
        by_collection.setdefault(collection, []).append(row_id)
    seen: set[str] = set()
    for collection, ids in by_collection.items():
        if collection in VISIBLE:
            table, action = VISIBLE[collection]
            wanted = select(table.id).where(table.id.in_(ids), queries.within_reach(call, table, action))
            seen |= {f"{collection}/{row_id}" for row_id in session.scalars(wanted)}
    return seen


class DispatchEvents(events_pb2_grpc.DispatchEventsServicer):
    """What became of commissioners, requests and agreements."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    @later.lasts
    def WatchEvents(
        self, request: common_pb.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[common_pb.WatchEventsResponse]:
        """The events after a position, then each new one."""
        return self._watching.stream(request, Call.of(context))
