"""Handlers of assignments (派驻任务)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import assignments_pb2 as pb
from liancai.placement.v1 import assignments_pb2_grpc
from sqlalchemy import Select, select

from services.fields import read_credit_code, read_words
from services.placement import messages, queries
from services.placement.rules import byhand
from services.placement.rules.states import ASSIGNMENT_VERBS, AssignmentState, RequestState
from services.placement.tables import AssignmentRow, CommissionerRow, RequestRow, VisitRow
from services.placement.visits import assigning, guarding
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, NotFound, Refused, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.reference.places import Places
from services.reference.workdays import CalendarNotPublished

MOST_DAYS = 60
SENDER, HOST = "home_unit_credit_code", "host_credit_code"
Change = Callable[[Tx, AssignmentRow, assigning.Asked], None]


class Assignments(assignments_pb2_grpc.AssignmentsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack, places: Places) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack
        self._places = places

    def CreateAssignment(self, request: pb.CreateAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """One made by hand, if no hard rule is broken."""
        call = Call.of(context)
        asked, reading = request.assignment, Reading()
        reading.request_id(request.request_id)
        wanted = reading.name("assignment.request", asked.request, "requests").partition("/")[2]
        who = reading.name("assignment.commissioner", asked.commissioner, "commissioners").partition("/")[2]
        days, travel = read_days(reading, asked, day_of(self._database.clock()))
        reading.done()

        def work(tx: Tx) -> pb.Assignment:
            if not assigning.locked(tx, [wanted]):
                raise NotFound(asked.request)
            needed, sent = self._parties(tx, call, wanted, who)
            if needed.state != RequestState.ACCEPTED:
                state = RequestState.ACCEPTED.value
                raise Refused("REQUEST_STATE", request=asked.request, state=needed.state, allowed=state)
            rows = guarding.together(tx, who)
            travels = bool(travel) or guarding.far(self._pack, self._places, sent, needed, days[0])
            found = guarding.broken(tx.session, self._pack, rows, needed, who, days, travels=travels)
            if found:
                violations = [Violation("assignment", each.code, dict(each.values)) for each in found]
                codes = ", ".join(each.code for each in found)
                raise Refused("ASSIGNMENT_RULES", violations=violations, codes=codes, count=len(found))
            way = byhand.days_before(guarding.dates_of(days[0].year), days) if travels else ()
            (number,) = assigning.create(tx, call, [Booking(wanted, who, days, way)])
            return messages.assignment(tx.session.get_one(AssignmentRow, number))

        return self._database.write(call, request, work, key=asked.commissioner)

    def GetAssignment(self, request: pb.GetAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """One assignment."""
        reading = Reading()
        reading.name("name", request.name, "assignments")
        reading.done()
        with self._database.reading() as session:
            return messages.assignment(queries.visible(session, Call.of(context), AssignmentRow, request.name))

    def ListAssignments(
        self, request: pb.ListAssignmentsRequest, context: grpc.ServicerContext
    ) -> pb.ListAssignmentsResponse:
        """A page of the assignments within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reach = queries.within_reach(call, AssignmentRow)
        wanted = _filtered(request.filter).where(reach).order_by(AssignmentRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(AssignmentRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListAssignmentsResponse(
            assignments=[messages.assignment(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def AcceptAssignment(self, request: pb.AcceptAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """Assigned -> accepted."""
        call = Call.of(context)

        def change(tx: Tx, row: AssignmentRow, _: assigning.Asked) -> None:
            _answer(tx, call, row)
            row.state = AssignmentState.ACCEPTED
            tx.session.flush()
            assigning.told(tx, call, row)

        return self._step(call, request, "accept", change, acting=SENDER)

    def DeclineAssignment(self, request: pb.DeclineAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """Assigned -> declined; somebody else may be sent."""
        call, reading = Call.of(context), Reading()
        reason = read_words(reading, "reason", request.reason, 1, 500)

        def change(tx: Tx, row: AssignmentRow, asked: assigning.Asked) -> None:
            _answer(tx, call, row)
            assigning.end(tx, call, row, AssignmentState.DECLINED, reason)
            assigning.follow(tx, call, {asked.number: asked}, {asked.number: AssignmentState.DECLINED})

        return self._step(call, request, "decline", change, reading, acting=SENDER)

    def CancelAssignment(self, request: pb.CancelAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """Before it is confirmed -> cancelled; a promise that was accepted and is not kept is counted."""
        call, reading = Call.of(context), Reading()
        reason = read_words(reading, "reason", request.reason, 1, 500)

        def change(tx: Tx, row: AssignmentRow, asked: assigning.Asked) -> None:
            row.disrupted = row.state != AssignmentState.ASSIGNED
            served = tx.session.scalars(select(VisitRow.day).where(VisitRow.assignment_id == row.id)).all()
            assigning.end(tx, call, row, AssignmentState.CANCELLED, reason, keep=served)
            assigning.follow(tx, call, {asked.number: asked}, {asked.number: AssignmentState.CANCELLED})

        return self._step(call, request, "cancel", change, reading)

    def RateAssignment(self, request: pb.RateAssignmentRequest, context: grpc.ServicerContext) -> pb.Assignment:
        """Confirmed -> rated."""
        call, reading = Call.of(context), Reading()
        reading.choices("rating", [request.rating], pb.Assignment.Level)
        comment = read_words(reading, "comment", request.comment, 0, 500)

        def change(tx: Tx, row: AssignmentRow, asked: assigning.Asked) -> None:
            row.rating, row.rating_comment, row.rate_time = request.rating, comment, tx.now
            row.state = AssignmentState.RATED
            tx.session.flush()
            assigning.told(tx, call, row)
            assigning.follow(tx, call, {asked.number: asked}, {asked.number: AssignmentState.RATED})

        return self._step(call, request, "rate", change, reading, acting=HOST)

    def _step(
        self, call: Call, request: Any, verb: str, change: Change, reading: Reading | None = None, *, acting: str = ""
    ) -> pb.Assignment:
        """One step of an assignment's life; its request is locked before it."""
        checked = reading or Reading()
        name = checked.name("name", request.name, "assignments")
        checked.request_id(request.request_id)
        checked.done()

        def work(tx: Tx) -> pb.Assignment:
            number = queries.visible(tx.session, call, AssignmentRow, name).request_id
            asked = assigning.locked(tx, [number])[number]
            row = queries.for_change(tx, call, AssignmentRow, name, request.etag, acting=acting)
            allow(row, verb)
            row.update_time = tx.now
            change(tx, row, asked)
            return messages.assignment(row)

        return self._database.write(call, request, work, key=name)

    def _parties(self, tx: Tx, call: Call, request: str, commissioner: str) -> tuple[RequestRow, CommissionerRow]:
        """The two that it joins. NotFound for what the caller may not see, Denied unless it may join them."""
        needed = tx.session.get_one(RequestRow, request, populate_existing=True)
        sent = tx.session.get(CommissionerRow, commissioner)
        if not call.may("placement.request.read", queries.scope_of(needed)):
            raise NotFound(f"requests/{request}")
        if sent is None or not call.may("placement.commissioner.read", queries.scope_of(sent)):
            raise NotFound(f"commissioners/{commissioner}")
        if not call.may(call.action, Scope((needed.division, sent.division))):
            raise Denied(call.action)
        return needed, sent


def allow(row: AssignmentRow, verb: str) -> None:
    """Raises Refused ASSIGNMENT_STATE if `verb` may not be done now."""
    allowed, _ = ASSIGNMENT_VERBS[verb]
    if row.state not in allowed:
        name = f"assignments/{row.id}"
        raise Refused("ASSIGNMENT_STATE", assignment=name, state=row.state, allowed=", ".join(allowed))


def read_days(reading: Reading, asked: pb.Assignment, today: date) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The days at the host's and on the way: working days of one year from today on, in order."""
    if not asked.days:
        reading.wrong("assignment.days", "FIELD_REQUIRED")
    if len(asked.days) > MOST_DAYS:
        reading.wrong("assignment.days", "FIELD_TOO_MANY", most=MOST_DAYS)
    days = _each(reading, "assignment.days", asked.days[:MOST_DAYS])
    travel = _each(reading, "assignment.travel_days", asked.travel_days[:MOST_DAYS])
    if reading.violations:
        return days, travel
    try:
        dates = guarding.dates_of(days[0].year)
    except CalendarNotPublished as unknown:
        reading.wrong("assignment.days[0]", "CALENDAR_NOT_PUBLISHED", year=unknown.year)
        return days, travel
    known = frozenset(dates)
    for place, day in enumerate(days):
        if day < today:
            reading.wrong(f"assignment.days[{place}]", "FIELD_PAST")
        elif day.year != days[0].year:
            reading.wrong(f"assignment.days[{place}]", "FIELD_ONE_YEAR")
        elif day not in known:
            reading.wrong(f"assignment.days[{place}]", "FIELD_WORKDAY")
    way = byhand.days_before(dates, days)
    for place, day in enumerate(travel):
        if day not in way:
            reading.wrong(f"assignment.travel_days[{place}]", "FIELD_TRAVEL_DAY")
    return days, travel


def _each(reading: Reading, field: str, texts: Sequence[str]) -> tuple[date, ...]:
    """Dates, each once and in order."""
    days = [reading.day(f"{field}[{place}]", text) for place, text in enumerate(texts)]
    for place, day in enumerate(days[1:], 1):
        if date.min not in (day, days[place - 1]) and day <= days[place - 1]:
            reading.wrong(f"{field}[{place}]", "FIELD_DAYS_ORDER")
    return tuple(days)


def _answer(tx: Tx, call: Call, row: AssignmentRow) -> None:
    """Who answers for the unit that sends, and when."""
    row.answered_by, row.answer_time = call.caller.subject, tx.now


def _filtered(asked: pb.ListAssignmentsRequest.Filter) -> Select[AssignmentRow]:
    """The assignments that a filter asks for."""
    reading = Reading()
    wanted = select(AssignmentRow)
    for field, column, collection in (
        ("commissioner", AssignmentRow.commissioner_id, "commissioners"),
        ("request", AssignmentRow.request_id, "requests"),
    ):
        if name := reading.optional_name(f"filter.{field}", getattr(asked, field), collection):
            wanted = wanted.where(column == name.partition("/")[2])
    if plan := reading.optional_name("filter.plan", asked.plan, "plans"):
        wanted = wanted.where(AssignmentRow.plan == plan)
    if asked.host_credit_code:
        code = read_credit_code(reading, "filter.host_credit_code", asked.host_credit_code)
        wanted = wanted.where(AssignmentRow.host_credit_code == code)
    if states := reading.choices("filter.states", asked.states, pb.Assignment.State):
        wanted = wanted.where(AssignmentRow.state.in_(states))
    if asked.from_day:
        wanted = wanted.where(AssignmentRow.last_day >= reading.day("filter.from_day", asked.from_day))
    if asked.to_day:
        wanted = wanted.where(AssignmentRow.first_day <= reading.day("filter.to_day", asked.to_day))
    if asked.disrupted:
        wanted = wanted.where(AssignmentRow.disrupted)
    reading.done()
    return wanted
