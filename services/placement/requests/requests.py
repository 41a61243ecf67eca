"""Handlers of requests (科技需求)."""

from __future__ import annotations

from typing import Any

import grpc
from liancai.placement.v1 import requests_pb2 as pb
from liancai.placement.v1 import requests_pb2_grpc
from sqlalchemy import Select, select

from services.fields import read_credit_code, read_scope
from services.placement import messages, queries
from services.placement.commissioners.fields import DISCIPLINE
from services.placement.requests import fields
from services.placement.rules import requests as rules
from services.placement.rules.states import ENDED_BEFORE, EXTENDABLE, REQUEST_VERBS, AssignmentState, RequestState
from services.placement.tables import AssignmentRow, CommissionerRow, RequestRow
from services.placement.visits import assigning
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Refused
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.workdays import published


class Requests(requests_pb2_grpc.RequestsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def CreateRequest(self, request: pb.CreateRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """A draft."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        values = fields.read(reading, request.request)
        reading.done()
        _may(call, values)

        def work(tx: Tx) -> pb.Request:
            number = queries.next_number(tx, f"requests/{day_of(tx.now):%Y%m}")
            row = RequestRow(id=number, state=RequestState.DRAFT, create_time=tx.now, update_time=tx.now, **values)
            tx.session.add(row)
            tx.session.flush()
            detail = {"kind": row.kind, "discipline": row.discipline}
            tx.record(call, f"requests/{number}", event="request.created", detail=detail)
            return messages.request(row)

        return self._database.write(call, request, work)

    def GetRequest(self, request: pb.GetRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """One request."""
        reading = Reading()
        reading.name("name", request.name, "requests")
        reading.done()
        with self._database.reading() as session:
            return messages.request(queries.visible(session, Call.of(context), RequestRow, request.name))

    def ListRequests(self, request: pb.ListRequestsRequest, context: grpc.ServicerContext) -> pb.ListRequestsResponse:
        """A page of the requests within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reach = queries.within_reach(call, RequestRow)
        wanted = _filtered(request.filter).where(reach).order_by(RequestRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(RequestRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListRequestsResponse(
            requests=[messages.request(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateRequest(self, request: pb.UpdateRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """New values for the fields of a draft that the mask names."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("request.name", request.request.name, "requests")
        reading.mask(request.update_mask.paths, fields.EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.Request:
            row = queries.for_change(tx, call, RequestRow, name, request.request.etag)
            _allow(row, "update")
            wished = messages.request(row)
            request.update_mask.MergeMessage(
                request.request, wished, replace_message_field=True, replace_repeated_field=True
            )
            checked = Reading()
            values = fields.read(checked, wished)
            checked.done()
            _may(call, values)
            for column, value in {**values, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            tx.record(call, name, event="request.updated", detail={"fields": sorted(request.update_mask.paths)})
            return messages.request(row)

        return self._database.write(call, request, work, key=name)

    def SubmitRequest(self, request: pb.SubmitRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """Draft -> submitted."""
        return self._step(Call.of(context), request, "submit")

    def ReturnRequest(self, request: pb.ReturnRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """Submitted -> draft, with the gaps."""
        return self._step(Call.of(context), request, "return", event="returned")

    def AcceptRequest(self, request: pb.AcceptRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """Submitted -> accepted."""
        return self._step(Call.of(context), request, "accept")

    def CancelRequest(self, request: pb.CancelRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """Any state before the end -> cancelled."""
        return self._step(Call.of(context), request, "cancel")

    def MarkUnserved(self, request: pb.MarkUnservedRequest, context: grpc.ServicerContext) -> pb.Request:
        """Accepted -> unserved."""
        return self._step(Call.of(context), request, "unserved")

    def ExtendRequest(self, request: pb.ExtendRequestRequest, context: grpc.ServicerContext) -> pb.Request:
        """Other working days or another end of the window; the state stays."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "requests")
        reading.request_id(request.request_id)
        reason = reading.text("reason", request.reason, 1, 500)
        days = reading.number("working_days", request.working_days, 0, fields.MOST_DAYS)
        end = reading.day("window_end", request.window_end) if request.window_end else None
        if not days and end is None:
            reading.wrong("working_days", "FIELD_REQUIRED")
        reading.done()

        def work(tx: Tx) -> pb.Request:
            row = queries.for_change(tx, call, RequestRow, name, request.etag)
            if row.state not in EXTENDABLE:
                raise Refused("REQUEST_STATE", request=name, state=row.state, allowed=", ".join(EXTENDABLE))
            row.working_days, row.window_end = days or row.working_days, end or row.window_end
            checked = Reading()
            fields.check_window(checked, "window_end", row.window_start, row.window_end, row.working_days)
            checked.done()
            _in_time(row, tx)
            row.update_time = tx.now
            tx.session.flush()
            told = {"working_days": row.working_days, "window_end": row.window_end.isoformat()}
            tx.record(call, name, event="request.extended", reason=reason, detail=told)
            return messages.request(row)

        return self._database.write(call, request, work, key=name)

    def _step(self, call: Call, request: Any, verb: str, *, event: str = "") -> pb.Request:
        """One step of a request's life; what wants a reason has one."""
        reading = Reading()
        name = reading.name("name", request.name, "requests")
        reading.request_id(request.request_id)
        wants_reason = "reason" in request.DESCRIPTOR.fields_by_name
        reason = reading.text("reason", request.reason, 1, 500) if wants_reason else ""
        reading.done()

        def work(tx: Tx) -> pb.Request:
            row = queries.for_change(tx, call, RequestRow, name, request.etag)
            state = _allow(row, verb)
            if verb in ("submit", "accept"):
                _in_time(row, tx)
            if verb == "accept":
                _known(row, tx)
            if verb == "cancel":
                _call_off(tx, call, row, reason)
            row.state, row.reason, row.update_time = state, reason, tx.now
            tx.session.flush()
            told = f"request.{event or state.lower()}"
            tx.record(call, name, event=told, reason=reason, detail={"state": state})
            return messages.request(row)

        return self._database.write(call, request, work, key=name)


def _filtered(asked: pb.ListRequestsRequest.Filter) -> Select[RequestRow]:
    """The requests that a filter asks for."""
    reading = Reading()
    wanted = select(RequestRow)
    if states := reading.choices("filter.states", asked.states, pb.Request.State):
        wanted = wanted.where(RequestRow.state.in_(states))
    if kinds := reading.choices("filter.kinds", asked.kinds, pb.Request.Kind):
        wanted = wanted.where(RequestRow.kind.in_(kinds))
    if asked.host_credit_code:
        code = read_credit_code(reading, "filter.host_credit_code", asked.host_credit_code)
        wanted = wanted.where(RequestRow.host_credit_code == code)
    if asked.discipline:
        if not DISCIPLINE.fullmatch(asked.discipline):
            reading.wrong("filter.discipline", "FIELD_DISCIPLINE")
        wanted = wanted.where(RequestRow.discipline.between(asked.discipline, asked.discipline.ljust(7, "9")))
    if asked.division:
        covered = read_scope(reading, "filter.division", asked.division)
        wanted = wanted.where(RequestRow.division.between(*covered))
    reading.done()
    return wanted


def _may(call: Call, values: dict[str, Any]) -> None:
    """Raises Denied unless the caller may do this to a request of these divisions and this host."""
    places = tuple(code for code in (values["division"], values["partner_division"]) if code)
    if not call.may(call.action, Scope(places, (values["host_credit_code"],))):
        raise Denied(call.action)


def _allow(row: RequestRow, verb: str) -> RequestState:
    """The state that `verb` leads the request to. Raises Refused REQUEST_STATE if it may not be done now."""
    allowed, target = REQUEST_VERBS[verb]
    if row.state not in allowed:
        raise Refused("REQUEST_STATE", request=f"requests/{row.id}", state=row.state, allowed=", ".join(allowed))
    return target


def _call_off(tx: Tx, call: Call, row: RequestRow, reason: str) -> None:
    """Cancels the assignment of a request that is no longer wanted; the host may, and breaks no promise of a bureau."""
    wanted = select(AssignmentRow).where(
        AssignmentRow.request_id == row.id, AssignmentRow.state.not_in(ENDED_BEFORE)
    )  # fmt: skip
    for assignment in tx.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)):
        accepted = assignment.state != AssignmentState.ASSIGNED
        assignment.disrupted = accepted and call.caller.unit != row.host_credit_code
        assigning.end(tx, call, assignment, AssignmentState.CANCELLED, reason)


def _in_time(row: RequestRow, tx: Tx) -> None:
    """Raises Refused REQUEST_WINDOW when too few working days are left."""
    if not rules.fits(published(), row.window_start, row.window_end, row.working_days, day_of(tx.now)):
        raise Refused(
            "REQUEST_WINDOW",
            request=f"requests/{row.id}",
            window_end=row.window_end.isoformat(),
            working_days=row.working_days,
        )


def _known(row: RequestRow, tx: Tx) -> None:
    """Raises Refused REQUEST_COMMISSIONERS for whom nobody has registered."""
    named = {*row.refused_commissioners, *filter(None, [row.wished_commissioner])}
    found = tx.session.scalars(select(CommissionerRow.id).where(CommissionerRow.id.in_(named))).all()
    if missing := named - set(found):
        unknown = ", ".join(f"commissioners/{each}" for each in sorted(missing))
        raise Refused("REQUEST_COMMISSIONERS", request=f"requests/{row.id}", commissioners=unknown)
