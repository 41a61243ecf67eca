"""What every service's audit trail shows: who may see which entries, in pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from liancai.common.v1 import audit_pb2
from sqlalchemy import Row, Table, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp


class AuditDesk:
    """Reads one service's trail. `scope_range` gives the first and last code of a division and its parts."""

    def __init__(
        self, database: Database, pages: Pages, table: Table, scope_range: Callable[[str], tuple[str, str]]
    ) -> None:
        self._database = database
        self._pages = pages
        self._table = table
        self._scope_range = scope_range

    def list(self, request: Any, call: Call) -> tuple[list[audit_pb2.AuditEntry], str]:
        """A page of entries by units of the divisions the caller covers, in order of sequence, and the next token.

        `request` has resource (empty for all), page_size and page_token.
        """
        page, table = self._pages.read(call, request), self._table.c
        reading = Reading()
        resource = reading.text("resource", request.resource, 0, 64)
        reading.done()
        within = table.division.between(*self._scope_range(call.caller.division))
        wanted = select(self._table).where(within).order_by(table.sequence)
        if resource:
            wanted = wanted.where(table.resource == resource)
        if page.after is not None:
            wanted = wanted.where(table.sequence > page.after[0])
        with self._database.reading() as session:
            rows = session.execute(wanted.limit(page.size + 1)).all()
        token = self._pages.next_token(call, request, page, rows, "sequence")
        return [_message(row) for row in rows[: page.size]], token


def _message(row: Row[Any]) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
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
