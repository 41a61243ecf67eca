"""Handler of the events: who may see what became of which case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import grpc
from liancai.common.v1 import event_pb2 as common_pb
from liancai.talent.v1 import events_pb2_grpc
from sqlalchemy import Select, false, literal, select
from sqlalchemy.orm import Session

from services.platform import later
from services.platform.boundary import Call
from services.platform.watching import Watching
from services.reference.divisions import scope_range
from services.talent import queries
from services.talent.tables import Base, CaseRow, CatalogueRow

AUDIT = Base.metadata.tables["audit_entry"].c

Names: TypeAlias = Callable[[Call, Sequence[str]], Select[Any]]


def _cases(call: Call, names: Sequence[str]) -> Select[Any]:
    """Those of whoever may read the case."""
    seen = queries.within_reach(call, "talent.case.read")
    return select(literal("cases/") + CaseRow.id).where(CaseRow.id.in_(_numbers(names)), seen)


def _catalogues(call: Call, names: Sequence[str]) -> Select[Any]:
    """The catalogue is open to whoever works here."""
    may = literal(call.may("talent.catalogue.read"))
    return select(literal("catalogues/") + CatalogueRow.id).where(CatalogueRow.id.in_(_numbers(names)), may)


def _recalculations(call: Call, names: Sequence[str]) -> Select[Any]:
    """A run counts the cases within the reach of who ran it: it is seen by whoever covers that division."""
    reach = call.reach("talent.deadline.read")
    seen = false() if reach.division is None else AUDIT.division.between(*scope_range(reach.division))
    return select(AUDIT.resource).where(AUDIT.resource.in_(names), seen)


def _numbers(names: Sequence[str]) -> list[str]:
    return [name.partition("/")[2] for name in names]


# the names within a caller's reach, by collection
VISIBLE: dict[str, Names] = {"cases": _cases, "catalogues": _catalogues, "recalculations": _recalculations}


def sees(session: Session, call: Call, subjects: Sequence[str]) -> set[str]:
    """Those of the resources that the caller may see now."""
    by_collection: dict[str, list[str]] = {}
    for subject in subjects:
        by_collection.setdefault(subject.partition("/")[0], []).append(subject)
    seen: set[str] = set()
    for collection, names in by_collection.items():
        if collection in VISIBLE:
            seen |= set(session.scalars(VISIBLE[collection](call, names)))
    return seen


class CaseEvents(events_pb2_grpc.CaseEventsServicer):
    """What became of cases, catalogues and recalculations."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    @later.lasts
    def WatchEvents(
        self, request: common_pb.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[common_pb.WatchEventsResponse]:
        """The events after a position, then each new one."""
        return self._watching.stream(request, Call.of(context))
