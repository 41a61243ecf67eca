"""Handlers of visits (服务日志)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from liancai.placement.v1 import visits_pb2 as pb
from liancai.placement.v1 import visits_pb2_grpc
from sqlalchemy import Select, select

from services.fields import read_credit_code, read_words
from services.placement import queries
from services.placement.rules import serving
from services.placement.rules.states import VISIT_CONFIRMED, VISIT_VERBS, AssignmentState, VisitState
from services.placement.tables import AssignmentRow, VisitRow
from services.placement.visits import assigning, fields
from services.placement.visits.assignments import HOST, SENDER, allow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Invalid, Refused, Violation
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack

Change = Callable[[Tx, VisitRow, AssignmentRow, assigning.Asked], None]


class Visits(visits_pb2_grpc.VisitsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def LogVisit(self, request: pb.LogVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """A visit that the host has not seen yet."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        name = reading.name("visit.assignment", request.visit.assignment, "assignments")
        values = fields.read(reading, request.visit, day_of(self._database.clock()))
        reading.done()

        def work(tx: Tx) -> pb.Visit:
            found = queries.visible(tx.session, call, AssignmentRow, name)
            asked = assigning.locked(tx, [found.request_id])[found.request_id]
            assignment = queries.for_change(tx, call, AssignmentRow, name, "", acting=SENDER)
            allow(assignment, "log")
            number = queries.next_number(tx, f"visits/{day_of(tx.now):%Y%m}")
            row = VisitRow(
                id=number,
                state=VisitState.LOGGED,
                assignment_id=assignment.id,
                commissioner_id=assignment.commissioner_id,
                host_credit_code=assignment.host_credit_code,
                home_unit_credit_code=assignment.home_unit_credit_code,
                division=assignment.division,
                partner_division=assignment.partner_division,
                create_time=tx.now,
                update_time=tx.now,
                rule_pack=self._pack.fingerprint,
                **values,
            )
            self._judge(row, assignment)
            tx.session.add(row)
            tx.session.flush()
            detail = {"assignment": name, "day": row.day.isoformat(), "late": row.late}
            tx.record(call, f"visits/{number}", event="visit.logged", reason=row.late_reason, detail=detail)
            if assignment.state == AssignmentState.ACCEPTED:
                _take(tx, call, assignment, asked, AssignmentState.IN_SERVICE)
            return fields.message(row)

        return self._database.write(call, request, work, key=name)

    def GetVisit(self, request: pb.GetVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """One visit."""
        reading = Reading()
        reading.name("name", request.name, "visits")
        reading.done()
        with self._database.reading() as session:
            return fields.message(queries.visible(session, Call.of(context), VisitRow, request.name))

    def ListVisits(self, request: pb.ListVisitsRequest, context: grpc.ServicerContext) -> pb.ListVisitsResponse:
        """A page of the visits within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = _filtered(request.filter).where(queries.within_reach(call, VisitRow)).order_by(VisitRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(VisitRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListVisitsResponse(
            visits=[fields.message(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def ConfirmVisit(self, request: pb.ConfirmVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """Logged -> confirmed; with the last day the assignment is."""
        call = Call.of(context)

        def change(tx: Tx, row: VisitRow, assignment: AssignmentRow, asked: assigning.Asked) -> None:
            row.confirmed_by, row.confirm_time = call.caller.subject, tx.now
            row.countersign_due = serving.countersign_due(self._pack, row.division, day_of(tx.now))
            tx.session.flush()
            confirmed = select(VisitRow.day).where(
                VisitRow.assignment_id == assignment.id, VisitRow.state.in_(VISIT_CONFIRMED)
            )
            days = {day.isoformat() for day in tx.session.scalars(confirmed)}
            if assignment.state == AssignmentState.IN_SERVICE and serving.served(assignment.days, days):
                _take(tx, call, assignment, asked, AssignmentState.CONFIRMED)

        return self._step(call, request, "confirm", change, acting=HOST)

    def DisputeVisit(self, request: pb.DisputeVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """Logged -> disputed."""
        call, reading = Call.of(context), Reading()
        reason = read_words(reading, "reason", request.reason, 1, 500)

        def change(tx: Tx, row: VisitRow, *_: Any) -> None:
            row.confirmed_by, row.confirm_time, row.reason = call.caller.subject, tx.now, reason

        return self._step(call, request, "dispute", change, reading, acting=HOST, reason=reason)

    def CorrectVisit(self, request: pb.CorrectVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """Logged or disputed -> logged, with other values."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        name = reading.name("visit.name", request.visit.name, "visits")
        reading.mask(request.update_mask.paths, fields.EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.Visit:
            row, assignment, _ = _held(tx, call, name, request.visit.etag, SENDER)
            row.state = _allow(row, "correct")
            wished = fields.message(row)
            request.update_mask.MergeMessage(request.visit, wished, replace_repeated_field=True)
            checked = Reading()
            values = fields.read(checked, wished, day_of(tx.now))
            checked.done()
            for column, value in {**values, "update_time": tx.now, "rule_pack": self._pack.fingerprint}.items():
                setattr(row, column, value)
            row.confirmed_by, row.confirm_time, row.reason = "", None, ""
            self._judge(row, assignment)
            tx.session.flush()
            detail = {"assignment": f"assignments/{assignment.id}", "fields": sorted(request.update_mask.paths)}
            tx.record(call, name, event="visit.corrected", detail=detail)
            return fields.message(row)

        return self._database.write(call, request, work, key=name)

    def CountersignVisit(self, request: pb.CountersignVisitRequest, context: grpc.ServicerContext) -> pb.Visit:
        """Confirmed -> countersigned."""
        call = Call.of(context)

        def change(tx: Tx, row: VisitRow, *_: Any) -> None:
            row.countersigned_by, row.countersign_time = call.caller.subject, tx.now
            row.countersign_late = row.countersign_due is not None and day_of(tx.now) > row.countersign_due

        return self._step(call, request, "countersign", change)

    def _step(
        self,
        call: Call,
        request: Any,
        verb: str,
        change: Change,
        reading: Reading | None = None,
        *,
        acting: str = "",
        reason: str = "",
    ) -> pb.Visit:
        """One step of a visit's life; its request and its assignment are locked before it."""
        checked = reading or Reading()
        name = checked.name("name", request.name, "visits")
        checked.request_id(request.request_id)
        checked.done()

        def work(tx: Tx) -> pb.Visit:
            row, assignment, asked = _held(tx, call, name, request.etag, acting)
            row.state, row.update_time = _allow(row, verb), tx.now
            change(tx, row, assignment, asked)
            tx.session.flush()
            detail = {"assignment": f"assignments/{assignment.id}", "state": row.state}
            tx.record(call, name, event=f"visit.{row.state.lower()}", reason=reason, detail=detail)
            return fields.message(row)

        return self._database.write(call, request, work, key=name)

    def _judge(self, row: VisitRow, assignment: AssignmentRow) -> None:
        """Whether it is late, and whether it can be a visit of this assignment."""
        wrong = []
        if not row.remote and not row.place.startswith(row.division):
            wrong.append(Violation("visit.place", "FIELD_PLACE"))
        row.late = serving.late(self._pack, row.division, row.day, day_of(row.create_time))
        if row.late and not row.late_reason:
            wrong.append(Violation("visit.late_reason", "FIELD_LATE_REASON"))
        if wrong:
            raise Invalid(*wrong)
        if not row.remote and row.day.isoformat() not in assignment.days:
            days = ", ".join(assignment.days)
            raise Refused("VISIT_DAY", assignment=f"assignments/{assignment.id}", day=row.day.isoformat(), days=days)


def _held(tx: Tx, call: Call, name: str, etag: str, acting: str) -> tuple[VisitRow, AssignmentRow, assigning.Asked]:
    """A visit, its assignment and its request, locked from the last to the first."""
    found = queries.visible(tx.session, call, VisitRow, name)
    assignment = tx.session.get_one(AssignmentRow, found.assignment_id)
    asked = assigning.locked(tx, [assignment.request_id])[assignment.request_id]
    tx.session.refresh(assignment, with_for_update=True)
    return queries.for_change(tx, call, VisitRow, name, etag, acting=acting), assignment, asked


def _allow(row: VisitRow, verb: str) -> VisitState:
    """The state that `verb` leads to. Raises Refused VISIT_STATE if it may not be done now."""
    allowed, target = VISIT_VERBS[verb]
    if row.state not in allowed:
        raise Refused("VISIT_STATE", visit=f"visits/{row.id}", state=row.state, allowed=", ".join(allowed))
    return target


def _take(tx: Tx, call: Call, row: AssignmentRow, asked: assigning.Asked, state: AssignmentState) -> None:
    """Takes an assignment and its request on."""
    row.state, row.update_time = state, tx.now
    tx.session.flush()
    assigning.told(tx, call, row)
    assigning.follow(tx, call, {asked.number: asked}, {asked.number: state})


def _filtered(asked: pb.ListVisitsRequest.Filter) -> Select[VisitRow]:
    """The visits that a filter asks for."""
    reading = Reading()
    wanted = select(VisitRow)
    for field, column, collection in (
        ("assignment", VisitRow.assignment_id, "assignments"),
        ("commissioner", VisitRow.commissioner_id, "commissioners"),
    ):
        if name := reading.optional_name(f"filter.{field}", getattr(asked, field), collection):
            wanted = wanted.where(column == name.partition("/")[2])
    if asked.host_credit_code:
        code = read_credit_code(reading, "filter.host_credit_code", asked.host_credit_code)
        wanted = wanted.where(VisitRow.host_credit_code == code)
    if states := reading.choices("filter.states", asked.states, pb.Visit.State):
        wanted = wanted.where(VisitRow.state.in_(states))
    if asked.from_day:
        wanted = wanted.where(VisitRow.day >= reading.day("filter.from_day", asked.from_day))
    if asked.to_day:
        wanted = wanted.where(VisitRow.day <= reading.day("filter.to_day", asked.to_day))
    if asked.late:
        wanted = wanted.where(VisitRow.late)
    reading.done()
    return wanted
