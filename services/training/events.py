"""Handler of the events: who may see what became of what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import grpc
from liancai.common.v1 import event_pb2 as common_pb
from liancai.training.v1 import events_pb2_grpc
from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from services.platform import later
from services.platform.boundary import Call
from services.platform.watching import Watching
from services.training import queries, registers
from services.training.agreements import agreements
from services.training.seats import quotas
from services.training.tables import (
    AgreementRow,
    ClassRow,
    EnrolmentRow,
    InstitutionRow,
    OrderRow,
    QuotaRow,
    RegisterRow,
    SubstitutionRow,
    TeacherRow,
)

Ids: TypeAlias = Callable[[Call], Select[Any]]


def _of_class(table: type[EnrolmentRow] | type[SubstitutionRow]) -> Ids:
    """What belongs to a class is seen by whoever sees the class."""

    def wanted(call: Call) -> Select[Any]:
        classes = queries.within_reach(call, ClassRow, "training.enrolment.read")
        return select(table.id).join(ClassRow, ClassRow.id == table.class_id).where(classes)

    return wanted


def _public(table: type[InstitutionRow] | type[TeacherRow]) -> Ids:
    """The register of institutions is open to whoever works here."""
    return lambda call: select(table.id).where(literal(call.may("training.institution.read")))


# the ids within a caller's reach, by collection
VISIBLE: dict[str, Ids] = {
    "orders": lambda call: select(OrderRow.id).where(queries.within_reach(call, OrderRow, "training.order.read")),
    "agreements": lambda call: select(AgreementRow.id).where(agreements.within_reach(call, "training.agreement.read")),
    "classes": lambda call: select(ClassRow.id).where(queries.within_reach(call, ClassRow, "training.class.read")),
    "enrolments": _of_class(EnrolmentRow),
    "substitutions": _of_class(SubstitutionRow),
    "quotas": lambda call: select(QuotaRow.id).where(quotas.within_reach(call, "training.quota.read")),
    "institutions": _public(InstitutionRow),
    "teachers": _public(TeacherRow),
}


def sees(session: Session, call: Call, subjects: Sequence[str]) -> set[str]:
    """Those of the resources that the caller may see now."""
    by_collection: dict[str, list[str]] = {}
    for collection, _, row_id in (subject.partition("/") for subject in subjects):
        by_collection.setdefault(collection, []).append(row_id)
    seen = _registers(session, call) if "registers" in by_collection else set()
    for collection, ids in by_collection.items():
        if collection in VISIBLE:
            wanted = VISIBLE[collection](call)
            found = session.scalars(wanted.where(wanted.selected_columns[0].in_(ids)))
            seen |= {f"{collection}/{row_id}" for row_id in found}
    return seen


def _registers(session: Session, call: Call) -> set[str]:
    wanted = select(RegisterRow.kind, RegisterRow.division)
    found = session.execute(wanted.where(registers.within_reach(call, "training.register.read")))
    return {registers.name_of(kind, division) for kind, division in found}


class Events(events_pb2_grpc.EventsServicer):
    """What became of orders, classes, enrolments and the rest."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    @later.lasts
    def WatchEvents(
        self, request: common_pb.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[common_pb.WatchEventsResponse]:
        """The events after a position, then each new one."""
        return self._watching.stream(request, Call.of(context))
