"""Handler of the audit trail."""

from __future__ import annotations

import grpc
from liancai.placement.v1 import audit_pb2 as pb
from liancai.placement.v1 import audit_pb2_grpc

from services.placement.tables import Base
from services.platform import audit
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.reference.divisions import scope_range


class PlacementTrail(audit_pb2_grpc.PlacementTrailServicer):
    """What was done by the units of the divisions the caller covers."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def ListPlacementTrail(
        self, request: pb.ListPlacementTrailRequest, context: grpc.ServicerContext
    ) -> pb.ListPlacementTrailResponse:
        """A page of entries in order of sequence."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        table = Base.metadata.tables["audit_entry"]
        reading = Reading()
        resource = reading.text("resource", request.resource, 0, 64)
        reading.done()
        within = scope_range(call.caller.division)
        with self._database.reading() as session:
            rows = audit.read(session, table, within, resource, page.after, page.size + 1)
        more = len(rows) > page.size
        return pb.ListPlacementTrailResponse(
            entries=[audit.message(row) for row in rows[: page.size]],
            next_page_token=self._pages.token(call, request, [rows[page.size - 1].sequence]) if more else "",
        )
