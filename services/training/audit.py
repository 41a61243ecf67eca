"""Handler of the audit trail."""

from __future__ import annotations

import json

import grpc
from liancai.common.v1 import audit_pb2 as common_pb
from liancai.training.v1 import audit_pb2 as pb
from liancai.training.v1 import audit_pb2_grpc
from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp
from services.reference.divisions import scope_range
from services.training.tables import Base


class AuditTrail(audit_pb2_grpc.AuditTrailServicer):
    """What was done by the units of the divisions the caller covers."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListAuditEntriesResponse:
        """A page of entries in order of sequence."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        table = Base.metadata.tables["audit_entry"]
        low, high = scope_range(call.caller.division)
        wanted = select(table).where(table.c.division.between(low, high)).order_by(table.c.sequence)
        reading = Reading()
        if resource := reading.text("resource", request.resource, 0, 64):
            wanted = wanted.where(table.c.resource == resource)
        reading.done()
        if page.after is not None:
            wanted = wanted.where(table.c.sequence > page.after[0])
        with self._database.reading() as session:
            rows = session.execute(wanted.limit(page.size + 1)).all()
        more = len(rows) > page.size
        return pb.ListAuditEntriesResponse(
            entries=[
                common_pb.AuditEntry(
                    sequence=row.sequence,
                    record_time=stamp(row.record_time),
                    occur_time=stamp(row.occur_time),
                    actor=row.actor,
                    unit=row.unit,
                    division=row.division,
                    action=row.action,
                    resource=row.resource,
                    reason=row.reason,
                    request_id=row.request_id,
                    detail=json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
                )
                for row in rows[: page.size]
            ],
            next_page_token=self._pages.token(call, request, [rows[page.size - 1].sequence]) if more else "",
        )
