"""Handler of the audit trail."""

from __future__ import annotations

import grpc
from liancai.talent.v1 import audit_pb2 as pb
from liancai.talent.v1 import audit_pb2_grpc

from services.platform.audit_desk import AuditDesk
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.reference.divisions import scope_range
from services.talent.tables import Base


class CaseTrail(audit_pb2_grpc.CaseTrailServicer):
    """What was done by the units of the divisions the caller covers."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._desk = AuditDesk(database, pages, Base.metadata.tables["audit_entry"], scope_range)

    def ListCaseTrail(
        self, request: pb.ListCaseTrailRequest, context: grpc.ServicerContext
    ) -> pb.ListCaseTrailResponse:
        """A page of entries in order of sequence."""
        entries, token = self._desk.list(request, Call.of(context))
        return pb.ListCaseTrailResponse(entries=entries, next_page_token=token)
