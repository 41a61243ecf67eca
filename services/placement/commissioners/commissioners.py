"""Handlers of the register of commissioners (科技特派员): reading it, applying, and what may be changed."""

from __future__ import annotations

import grpc
from liancai.placement.v1 import commissioners_pb2 as pb
from liancai.placement.v1 import commissioners_pb2_grpc
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm.attributes import flag_modified

from services.fields import read_credit_code, read_scope
from services.placement import messages, queries, searching
from services.placement.commissioners import applying, fields, vetting
from services.placement.rules import states
from services.placement.rules.registering import Kind
from services.placement.rules.states import CommissionerState
from services.placement.tables import AbsenceRow, CommissionerRow, SkillRow
from services.platform import ways
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Page, Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack


class Commissioners(vetting.Vetting, commissioners_pb2_grpc.CommissionersServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        super().__init__(database, pack)
        self._pages = pages

    def ApplyCommissioner(self, request: pb.ApplyCommissionerRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """An application, of which nothing has been vetted."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        entry = fields.read(reading, request.commissioner, day_of(self._database.clock()))
        reading.done()
        vault = self._database.vault

        def work(tx: Tx) -> pb.Commissioner:
            applying.admit(tx.session, call, vault, entry)
            (row,) = applying.apply(tx, call, vault, [(applying.next_number(tx), entry)])
            return messages.commissioner(tx.session, vault, row)

        return self._database.write(call, request, work)

    def GetCommissioner(self, request: pb.GetCommissionerRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """One commissioner."""
        reading = Reading()
        reading.name("name", request.name, "commissioners")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, Call.of(context), CommissionerRow, request.name)
            return messages.commissioner(session, self._database.vault, row)

    def ListCommissioners(
        self, request: pb.ListCommissionersRequest, context: grpc.ServicerContext
    ) -> pb.ListCommissionersResponse:
        """A page of the commissioners within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = (
            _filtered(request.filter)
            .where(queries.within_reach(call, CommissionerRow))
            .order_by(CommissionerRow.id.desc())
        )
        if page.after is not None:
            wanted = wanted.where(CommissionerRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            shown = messages.commissioners(session, self._database.vault, rows[: page.size])
        return pb.ListCommissionersResponse(
            commissioners=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def SearchCommissioners(
        self, request: pb.SearchCommissionersRequest, context: grpc.ServicerContext
    ) -> pb.ListCommissionersResponse:
        """A page of the commissioners within reach whom the query finds."""
        call = Call.of(context)
        page: Page = self._pages.read(call, request)
        reading = Reading()
        today, vault = day_of(self._database.clock()), self._database.vault
        known = searching.read_query(reading, "query", request.query, vault, today)
        reading.done()
        with self._database.reading() as session:
            wanted = select(CommissionerRow).where(queries.within_reach(call, CommissionerRow))
            rows, after = ways.search(session, wanted, known, page)
            shown = messages.commissioners(session, vault, [row[0] for row in rows])
        return pb.ListCommissionersResponse(
            commissioners=shown, next_page_token=self._pages.token(call, request, after) if after else ""
        )

    def UpdateCommissioner(
        self, request: pb.UpdateCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.Commissioner:
        """New values for the fields that the mask names; of what was vetted none."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("commissioner.name", request.commissioner.name, "commissioners")
        paths = reading.mask(request.update_mask.paths, fields.EDITABLE)
        reading.done()
        vault = self._database.vault

        def work(tx: Tx) -> pb.Commissioner:
            row = queries.for_change(tx, call, CommissionerRow, name, request.commissioner.etag)
            vetting.require_state(row, states.LIVE if set(paths) <= fields.NOT_VETTED else (CommissionerState.APPLIED,))
            wished = messages.commissioner(tx.session, vault, row)
            full_name, wished.resident_id, wished.phone = messages.clear(vault, row)
            if row.kind == Kind.INDIVIDUAL:
                wished.full_name = full_name
            request.update_mask.MergeMessage(request.commissioner, wished, replace_repeated_field=True)
            checked = Reading()
            entry = fields.read(checked, wished, day_of(tx.now))
            checked.done()
            applying.admit(tx.session, call, vault, entry, row.id)
            columns = entry.columns(vault, row.id)
            for column, value in {**columns, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            applying.write_parts(tx, row.id, entry)
            tx.record(call, name, event="commissioner.updated", detail={"fields": sorted(paths)})
            return messages.commissioner(tx.session, vault, row)

        return self._database.write(call, request, work, key=name)

    def SetAvailability(self, request: pb.SetAvailabilityRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """Other weekdays and absences in place of those there were."""
        call = Call.of(context)
        reading = Reading()
        name = reading.name("name", request.name, "commissioners")
        reading.request_id(request.request_id)
        weekdays, absences = fields.read_availability(reading, request.unavailable_weekdays, request.absences)
        reading.done()

        def work(tx: Tx) -> pb.Commissioner:
            row = queries.for_change(tx, call, CommissionerRow, name, request.etag)
            vetting.require_state(row, states.LIVE)
            row.unavailable_weekdays, row.update_time = weekdays, tx.now
            flag_modified(row, "update_time")  # whoever saw other absences is stale, also at one and the same moment
            tx.session.flush()
            tx.session.execute(delete(AbsenceRow).where(AbsenceRow.commissioner_id == row.id))
            days = [{"commissioner_id": row.id, "first_day": first, "last_day": last} for first, last in absences]
            if days:
                tx.session.execute(insert(AbsenceRow), days)
            detail = {"weekdays": weekdays, "absences": len(absences)}
            tx.record(call, name, event="commissioner.availability_set", detail=detail)
            return messages.commissioner(tx.session, self._database.vault, row)

        return self._database.write(call, request, work, key=name)

    def RevealCommissioner(
        self, request: pb.RevealCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.RevealCommissionerResponse:
        """The person in full; the reply is not kept, the audit entry is."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "commissioners")
        purpose = reading.text("purpose", request.purpose, 4, 200)
        call.request_id = reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.RevealCommissionerResponse:
            row = queries.visible(tx.session, call, CommissionerRow, request.name)
            tx.record(call, request.name, reason=purpose)
            full_name, number, phone = messages.clear(self._database.vault, row)
            return pb.RevealCommissionerResponse(full_name=full_name, resident_id=number, phone=phone)

        return self._database.write_again(call, work, seconds=call.seconds_left)


def _filtered(asked: pb.ListCommissionersRequest.Filter) -> Select[CommissionerRow]:
    """The commissioners that a filter asks for."""
    reading = Reading()
    wanted = select(CommissionerRow)
    if states_asked := reading.choices("filter.states", asked.states, pb.Commissioner.State):
        wanted = wanted.where(CommissionerRow.state.in_(states_asked))
    if kinds := reading.choices("filter.kinds", asked.kinds, pb.Commissioner.Kind):
        wanted = wanted.where(CommissionerRow.kind.in_(kinds))
    if asked.home_unit_credit_code:
        code = read_credit_code(reading, "filter.home_unit_credit_code", asked.home_unit_credit_code)
        wanted = wanted.where(CommissionerRow.home_unit_credit_code == code)
    if asked.discipline:
        if not fields.DISCIPLINE.fullmatch(asked.discipline):
            reading.wrong("filter.discipline", "FIELD_DISCIPLINE")
        within = SkillRow.code.between(asked.discipline, asked.discipline.ljust(7, "9"))
        wanted = wanted.where(CommissionerRow.id.in_(select(SkillRow.commissioner_id).where(within)))
    if asked.division:
        covered = read_scope(reading, "filter.division", asked.division)
        wanted = wanted.where(CommissionerRow.division.between(*covered))
    reading.done()
    return wanted
