"""Handlers of other placements (挂职、交流、实习、兼职等): entering them, finding them, and why they lack something."""

from __future__ import annotations

import grpc
from liancai.placement.v1 import placements_pb2 as pb
from liancai.placement.v1 import placements_pb2_grpc
from sqlalchemy import Select, or_, select

from services.fields import read_credit_code, read_scope
from services.placement import queries, searching
from services.placement.other_placements import facts, fields, messages, scopes, steps
from services.placement.rules import placements as rules
from services.placement.rules.placements import Outcome
from services.placement.rules.states import PLACEMENT_OPEN, PlacementState
from services.placement.tables import PlacementRow
from services.platform import ways
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack


class Placements(steps.Steps, placements_pb2_grpc.PlacementsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which to which kind."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        super().__init__(database, pages, pack)

    def CreatePlacement(self, request: pb.CreatePlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """A draft."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        entry = fields.read(reading, request.placement, day_of(self._database.clock()))
        reading.done()
        scopes.may_enter(call, entry.values["kind"], entry.values)

        def work(tx: Tx) -> pb.Placement:
            number = queries.next_number(tx, f"placements/{day_of(tx.now):%Y%m}")
            columns = entry.columns(self._database.vault, number)
            steps.take_turn(tx, columns["resident_id_index"])
            row = PlacementRow(id=number, state=PlacementState.DRAFT, create_time=tx.now, update_time=tx.now, **columns)
            tx.session.add(row)
            tx.session.flush()
            tx.record(call, f"placements/{number}", event="placement.created", detail={"kind": row.kind})
            return self._shown(row)

        return self._database.write(call, request, work)

    def GetPlacement(self, request: pb.GetPlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """One placement."""
        reading = Reading()
        reading.name("name", request.name, "placements")
        reading.done()
        with self._database.reading() as session:
            return self._shown(scopes.visible(session, Call.of(context), request.name))

    def ListPlacements(
        self, request: pb.ListPlacementsRequest, context: grpc.ServicerContext
    ) -> pb.ListPlacementsResponse:
        """A page of the placements within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = _filtered(request.filter).where(scopes.within_reach(call)).order_by(PlacementRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(PlacementRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListPlacementsResponse(
            placements=[self._shown(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def SearchPlacements(
        self, request: pb.SearchPlacementsRequest, context: grpc.ServicerContext
    ) -> pb.ListPlacementsResponse:
        """A page of the placements within reach of people whom the query finds."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reading = Reading()
        today, vault = day_of(self._database.clock()), self._database.vault
        known = searching.read_query(reading, "query", request.query, vault, today, PlacementRow)
        reading.done()
        with self._database.reading() as session:
            wanted = select(PlacementRow).where(scopes.within_reach(call))
            rows, after = ways.search(session, wanted, known, page)
        return pb.ListPlacementsResponse(
            placements=[self._shown(row[0]) for row in rows],
            next_page_token=self._pages.token(call, request, after) if after else "",
        )

    def UpdatePlacement(self, request: pb.UpdatePlacementRequest, context: grpc.ServicerContext) -> pb.Placement:
        """New values for the fields that the mask names, before it is submitted or once it is returned."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("placement.name", request.placement.name, "placements")
        paths = reading.mask(request.update_mask.paths, fields.EDITABLE)
        reading.done()
        vault = self._database.vault

        def work(tx: Tx) -> pb.Placement:
            row = scopes.for_change(tx, call, name, request.placement.etag)
            steps.require_state(row, PLACEMENT_OPEN)
            wished = self._shown(row)
            wished.full_name, wished.resident_id, wished.phone = messages.clear(vault, row)
            request.update_mask.MergeMessage(
                request.placement, wished, replace_message_field=True, replace_repeated_field=True
            )
            checked = Reading()
            entry = fields.read(checked, wished, day_of(tx.now))
            checked.done()
            scopes.may_enter(call, row.kind, entry.values)
            columns = entry.columns(vault, row.id)
            steps.take_turn(tx, columns["resident_id_index"])
            for column, value in {**columns, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            tx.record(call, name, event="placement.updated", detail={"fields": sorted(paths)})
            return self._shown(row)

        return self._database.write(call, request, work, key=name)

    def ExplainPlacement(
        self, request: pb.ExplainPlacementRequest, context: grpc.ServicerContext
    ) -> pb.ExplainPlacementResponse:
        """What each rule finds today."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "placements")
        reading.done()
        with self._database.reading() as session:
            row = scopes.visible(session, call, request.name)
            today = day_of(self._database.clock())
            known = facts.of(session, call, self._database.vault, row, today)
        found = rules.verdicts(self._pack, known, row.division, row.host_division)
        return pb.ExplainPlacementResponse(
            verdicts=[messages.verdict(call, each) for each in found],
            blocked=any(each.outcome is Outcome.BLOCKED for each in found),
            open_codes=[each.declaration.code for each in found if each.open],
            rule_pack=self._pack.fingerprint,
        )

    def RevealPlacement(
        self, request: pb.RevealPlacementRequest, context: grpc.ServicerContext
    ) -> pb.RevealPlacementResponse:
        """The person in full; the reply is not kept, the audit entry is."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "placements")
        purpose = reading.text("purpose", request.purpose, 4, 200)
        call.request_id = reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.RevealPlacementResponse:
            row = scopes.visible(tx.session, call, request.name, scopes.home_side)
            tx.record(call, request.name, reason=purpose)
            full_name, number, phone = messages.clear(self._database.vault, row)
            return pb.RevealPlacementResponse(full_name=full_name, resident_id=number, phone=phone)

        return self._database.write_again(call, work, seconds=call.seconds_left)


def _filtered(asked: pb.ListPlacementsRequest.Filter) -> Select[PlacementRow]:
    """The placements that a filter asks for."""
    reading = Reading()
    wanted = select(PlacementRow)
    if states := reading.choices("filter.states", asked.states, pb.Placement.State):
        wanted = wanted.where(PlacementRow.state.in_(states))
    if kinds := reading.choices("filter.kinds", asked.kinds, pb.Placement.Kind):
        wanted = wanted.where(PlacementRow.kind.in_(kinds))
    for column in ("home_unit_credit_code", "host_credit_code"):
        if given := getattr(asked, column):
            code = read_credit_code(reading, f"filter.{column}", given)
            wanted = wanted.where(getattr(PlacementRow, column) == code)
    if asked.division:
        covered = read_scope(reading, "filter.division", asked.division)
        places = (PlacementRow.division, PlacementRow.host_division)
        wanted = wanted.where(or_(*(place.between(*covered) for place in places)))
    if asked.on_day:
        day = reading.day("filter.on_day", asked.on_day)
        wanted = wanted.where(PlacementRow.start_date <= day, PlacementRow.end_date >= day)
    reading.done()
    return wanted
