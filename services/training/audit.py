"""Handler of the audit trail."""

from __future__ import annotations

import grpc
from liancai.training.v1 import audit_pb2 as pb
from liancai.training.v1 import audit_pb2_grpc

from services.platform.audit_desk import AuditDesk
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.reference.divisions import scope_range
from services.training.tables import Base


class AuditTrail(audit_pb2_grpc.AuditTrailServicer):
    """What was done by the units of the divisions the caller covers."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._desk = AuditDesk(database, pages, Base.metadata.tables["audit_entry"], scope_range)

    def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListAuditEntriesResponse:
        """A page of entries in order of sequence."""
        entries, token = self._desk.list(request, Call.of(context))
        return pb.ListAuditEntriesResponse(entries=entries, next_page_token=token)
