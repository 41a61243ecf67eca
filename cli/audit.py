"""`liancai audit`: who did what."""

from __future__ import annotations

from typing import Annotated

import typer
from liancai.training.v1 import audit_pb2 as pb
from liancai.training.v1.audit_pb2_grpc import AuditTrailStub

from cli import show, wire
from cli.grammar import Format, Limit, Noun, Output, option

app = Noun("audit")
COLUMNS = ("sequence", "record_time", "actor", "unit", "division", "action", "resource", "reason", "detail")


@app.verb("list")
def list_(
    ctx: typer.Context,
    resource: Annotated[str, option("audit_resource", "--resource", metavar="NAME", show_default=False)] = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists audit entries, oldest first."""
    found = wire.of(ctx).pages(AuditTrailStub, pb.ListAuditEntriesRequest(resource=resource), "entries", limit)
    show.rows(found, COLUMNS, output, limit)
