"""Handlers of a placement's life: submitted, consented to, approved, running, reported on, ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import placements_pb2 as pb
from liancai.placement.v1 import placements_pb2_grpc
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from services.fields import read_sha256
from services.placement.other_placements import facts, messages, scopes
from services.placement.other_placements.fields import LONGEST
from services.placement.rules import placements as rules
from services.placement.rules.placed import Kind
from services.placement.rules.placements import Outcome, Verdict
from services.placement.rules.states import PLACEMENT_VERBS, PlacementState
from services.placement.tables import PlacedPersonRow, PlacementReportRow, PlacementRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Invalid, Refused, Violation
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.reference.workdays import add_months

Change = Callable[[Tx, PlacementRow], None]
_State = PlacementState
_RUNS = (_State.RUNNING, _State.ENDED)


class Steps(placements_pb2_grpc.PlacementsServicer):
    """Steps of a placement's life. What decides about a person's days takes turns (`take_turn`)."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def SubmitPlacement(self, request: pb.SubmitPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Draft or returned -> submitted, without a gap that can be told now."""
        call = Call.of(context)

        def change(tx: Tx, row: PlacementRow) -> None:
            self._judge(tx, call, row, early=True)
            row.reason = ""

        return self._step(call, request, "submit", change)

    def ConsentPlacement(self, request: pb.ConsentPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """The host's side consents to what is submitted."""
        call = Call.of(context)
        reading = Reading()
        name = reading.name("name", request.name, "placements")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.Placement:
            row = scopes.for_change(tx, call, name, request.etag, scopes.host_side)
            require_state(row, (_State.SUBMITTED,))
            if row.consent_time is None:
                row.consent_time, row.consent_unit, row.update_time = tx.now, call.caller.unit, tx.now
                tx.session.flush()
                tx.record(call, name, event="placement.consented")
            return self._shown(row)

        return self._database.write(call, request, work, key=name)

    def ReturnPlacement(self, request: pb.ReturnPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Submitted -> returned, with the gaps; what the host consented to may change now."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, row: PlacementRow) -> None:
            row.reason, row.consent_time, row.consent_unit = reason, None, ""

        return self._step(Call.of(context), request, "return", change, reading, reason=reason)

    def ApprovePlacement(self, request: pb.ApprovePlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Submitted -> approved; a reason lets warnings pass."""
        call = Call.of(context)
        reading = Reading()
        reason = reading.text("reason", request.reason, 0, 500)

        def change(tx: Tx, row: PlacementRow) -> None:
            take_turn(tx, row.resident_id_index)
            self._decide(tx, call, row, reason)
            row.reason = reason

        return self._step(call, request, "approve", change, reading, reason=reason)

    def BeginPlacement(self, request: pb.BeginPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Approved -> running."""
        reading = Reading()
        begun_on = self._past(reading, "begun_on", request.begun_on)

        def change(_: Tx, row: PlacementRow) -> None:
            _within(row, row.start_date, row.end_date, begun_on)
            row.begun_on = begun_on

        return self._step(Call.of(context), request, "begin", change, reading)

    def ExtendPlacement(self, request: pb.ExtendPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """A later last day, by the rules of an approval."""
        call = Call.of(context)
        reading = Reading()
        name = reading.name("name", request.name, "placements")
        reading.request_id(request.request_id)
        end_date = reading.day("end_date", request.end_date)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.done()

        def work(tx: Tx) -> pb.Placement:
            row = scopes.for_change(tx, call, name, request.etag)
            require_state(row, (_State.APPROVED, _State.RUNNING))
            if not row.end_date < end_date < add_months(row.start_date, LONGEST):
                raise Invalid(Violation("end_date", "FIELD_LATER_DAY", {"day": row.end_date.isoformat()}))
            take_turn(tx, row.resident_id_index)
            self._decide(tx, call, row, reason, end_date)
            row.end_date, row.reason, row.update_time = end_date, reason, tx.now
            tx.session.flush()
            detail = {"end_date": end_date.isoformat()}
            tx.record(call, name, event="placement.extended", reason=reason, detail=detail)
            return self._shown(row)

        return self._database.write(call, request, work, key=name)

    def EndPlacement(self, request: pb.EndPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Running -> ended."""
        reading = Reading()
        ended_on = self._past(reading, "ended_on", request.ended_on)
        reason = reading.text("reason", request.reason, 0, 500)

        def change(_: Tx, row: PlacementRow) -> None:
            _within(row, _begun(row), row.end_date, ended_on)
            if ended_on < row.end_date and not reason:
                raise Invalid(Violation("reason", "FIELD_REQUIRED"))
            row.ended_on, row.reason = ended_on, reason

        return self._step(Call.of(context), request, "end", change, reading, reason=reason)

    def CancelPlacement(self, request: pb.CancelPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """Any state before it runs -> cancelled."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, row: PlacementRow) -> None:
            row.reason = reason

        return self._step(Call.of(context), request, "cancel", change, reading, reason=reason)

    def AddPlacementReport(
        self, request: pb.AddPlacementReportRequest, context: grpc.ServicerContext
    ) -> pb.PlacementReport:
        """A report on days that no other report is about."""
        call = Call.of(context)
        reading = Reading()
        name = reading.name("name", request.name, "placements")
        reading.request_id(request.request_id)
        asked = request.report
        first = reading.day("report.first_day", asked.first_day)
        last = self._past(reading, "report.last_day", asked.last_day)
        if date.min not in (first, last) and last < first:
            reading.wrong("report.last_day", "FIELD_LAST_DAY")
        text = reading.text("report.text", asked.text, 0, 1000)
        sha256 = read_sha256(reading, "report.file_sha256", asked.file_sha256, required=not text)
        reading.done()

        def work(tx: Tx) -> pb.PlacementReport:
            row = scopes.for_change(tx, call, name, request.etag, scopes.whole)
            require_state(row, _RUNS)
            if row.kind == Kind.SECONDMENT and text:
                raise Invalid(Violation("report.text", "FIELD_NO_APPRAISAL"))
            _within(row, _begun(row), row.ended_on or row.end_date, first, last)
            _not_reported(tx, row, first, last)
            row.report_count, row.update_time = row.report_count + 1, tx.now
            report = PlacementReportRow(
                placement_id=row.id,
                number=row.report_count,
                first_day=first,
                last_day=last,
                text=text,
                file_sha256=sha256,
                unit=call.caller.unit,
                create_time=tx.now,
            )
            tx.session.add(report)
            tx.session.flush()
            detail = {"report": report.number, "first_day": first.isoformat(), "last_day": last.isoformat()}
            tx.record(call, name, event="placement.reported", detail=detail)
            return messages.report(report)

        return self._database.write(call, request, work, key=name)

    def ListPlacementReports(
        self, request: pb.ListPlacementReportsRequest, context: grpc.ServicerContext
    ) -> pb.ListPlacementReportsResponse:
        """A page of the reports of one placement, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reading = Reading()
        reading.name("name", request.name, "placements")
        reading.done()
        with self._database.reading() as session:
            row = scopes.visible(session, call, request.name)
            wanted = select(PlacementReportRow).where(PlacementReportRow.placement_id == row.id)
            if page.after is not None:
                wanted = wanted.where(PlacementReportRow.number < page.after[0])
            rows = session.scalars(wanted.order_by(PlacementReportRow.number.desc()).limit(page.size + 1)).all()
        return pb.ListPlacementReportsResponse(
            reports=[messages.report(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "number"),
        )

    def _step(
        self,
        call: Call,
        request: Any,
        verb: str,
        change: Change,
        reading: Reading | None = None,
        *,
        reason: str = "",
    ) -> pb.Placement:
        """One step: `change` may refuse, and sets what the step brings."""
        checked = reading or Reading()
        name = checked.name("name", request.name, "placements")
        checked.request_id(request.request_id)
        checked.done()
        allowed, target = PLACEMENT_VERBS[verb]

        def work(tx: Tx) -> pb.Placement:
            row = scopes.for_change(tx, call, name, request.etag)
            require_state(row, allowed)
            change(tx, row)
            row.state, row.update_time = target, tx.now
            tx.session.flush()
            event = "placement.begun" if target is _State.RUNNING else f"placement.{target.lower()}"
            tx.record(call, name, event=event, reason=reason, detail={"state": target})
            return self._shown(row)

        return self._database.write(call, request, work, key=name)

    def _shown(self, row: PlacementRow) -> pb.Placement:
        return messages.placement(self._database.vault, self._pack, row)

    def _past(self, reading: Reading, field: str, value: str) -> date:
        """A day that is not in the future."""
        day = reading.day(field, value)
        if day > day_of(self._database.clock()):
            reading.wrong(field, "FIELD_FUTURE")
        return day

    def _judge(
        self, tx: Tx, call: Call, row: PlacementRow, last_day: date | None = None, *, early: bool = False
    ) -> list[Verdict]:
        """What the rules say now; keeps by which. Raises Refused PLACEMENT_GAPS with every rule that blocks."""
        known = facts.of(tx.session, call, self._database.vault, row, day_of(tx.now), last_day)
        found = rules.verdicts(self._pack, known, row.division, row.host_division, early=early)
        if blocked := [each for each in found if each.outcome is Outcome.BLOCKED]:
            raise Refused(
                "PLACEMENT_GAPS",
                placement=f"placements/{row.id}",
                codes=_codes(blocked),
                pack=self._pack.fingerprint,
                details=[messages.finding(call, each) for each in found if each.open or each in blocked],
            )
        row.rule_pack = self._pack.fingerprint
        return found

    def _decide(self, tx: Tx, call: Call, row: PlacementRow, reason: str, last_day: date | None = None) -> None:
        """Raises Refused unless the rules let it pass, or a reason does."""
        unsettled = [each for each in self._judge(tx, call, row, last_day) if each.open]
        if unsettled and not reason:
            raise Refused(
                "PLACEMENT_OPEN",
                placement=f"placements/{row.id}",
                codes=_codes(unsettled),
                pack=self._pack.fingerprint,
                details=[messages.finding(call, each) for each in unsettled],
            )


def take_turn(tx: Tx, index: bytes) -> None:
    """Waits until nobody else decides about this person's days; the turn ends with the transaction."""
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    tx.session.execute(insert(PlacedPersonRow).values(resident_id_index=index).on_conflict_do_nothing())
    tx.session.execute(
        select(PlacedPersonRow.resident_id_index).where(PlacedPersonRow.resident_id_index == index).with_for_update()
    )


def require_state(row: PlacementRow, allowed: Sequence[PlacementState]) -> None:
    """Raises Refused PLACEMENT_STATE unless the placement is in one of these states."""
    if row.state not in allowed:
        name = f"placements/{row.id}"
        raise Refused("PLACEMENT_STATE", placement=name, state=row.state, allowed=", ".join(allowed))


def _begun(row: PlacementRow) -> date:
    return row.begun_on or row.start_date  # whatever runs began on a day


def _within(row: PlacementRow, first: date, last: date, *days: date) -> None:
    """Raises Refused PLACEMENT_PERIOD unless each of the days is one of these."""
    if not all(first <= day <= last for day in days):
        raise Refused(
            "PLACEMENT_PERIOD",
            placement=f"placements/{row.id}",
            first_day=first.isoformat(),
            last_day=last.isoformat(),
        )


def _not_reported(tx: Tx, row: PlacementRow, first: date, last: date) -> None:
    """Raises Refused PLACEMENT_REPORTED for a day that another report is about."""
    known = tx.session.scalars(
        select(PlacementReportRow.number)
        .where(
            PlacementReportRow.placement_id == row.id,
            PlacementReportRow.first_day <= last,
            PlacementReportRow.last_day >= first,
        )
        .order_by(PlacementReportRow.number)
        .limit(1)
    ).first()
    if known is not None:
        name = f"placements/{row.id}"
        raise Refused("PLACEMENT_REPORTED", placement=name, report=f"{name}/reports/{known}")


def _codes(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(each.declaration.code for each in verdicts)
