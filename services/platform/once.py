"""The same request twice is done once (AIP-155): the reply is stored in the transaction that does the work.

A request is known by its caller and its `request_id`. The body is kept only as a keyed hash: it holds personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Select, String, Table, delete, select, tuple_

from services.platform.bulk import BulkInsert
from services.platform.errors import Exists
from services.platform.prepared import Prepared, any_of
from services.platform.transaction import Tx
from services.platform.types import UtcTime

KEPT = timedelta(days=30)  # a request that comes again later than that is done again


def reply_table(metadata: MetaData) -> Table:
    """Replies by caller and request id."""
    return Table(
        "reply",
        metadata,
        Column("request_id", String(64), primary_key=True),
        Column("caller", String(200), primary_key=True),
        Column("body", LargeBinary(32), nullable=False),
        Column("reply", LargeBinary, nullable=False),
        Column("record_time", UtcTime, nullable=False, index=True),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A mutating request: whose, which, and the keyed hash of what it says."""

    caller: str
    request_id: str
    body: bytes
    reply: type[Message]


class Once:
    """The stored replies of one service."""

    def __init__(self, table: Table) -> None:
        self._table = table
        columns = table.c
        self._find = Prepared(
            select(columns.caller, columns.request_id, columns.body, columns.reply).where(
                any_of(columns.request_id, "request_ids")
            )
        )
        self._keep = BulkInsert(table, ("caller", "request_id", "body", "reply", "record_time"))

    def answered(self, tx: Connection, asked: Sequence[Asked]) -> dict[tuple[str, str], Message | Exists]:
        """The replies of those that were asked before; Exists where the same id came with another body."""
        found = self._find.rows(tx, {"request_ids": [each.request_id for each in asked]})
        if not found:
            return {}
        known = {(caller, request_id): (body, reply) for caller, request_id, body, reply in found}
        answers: dict[tuple[str, str], Message | Exists] = {}
        for each in asked:
            key = (each.caller, each.request_id)
            if key in known:
                body, reply = known[key]
                same = bytes(body) == each.body
                answers[key] = each.reply.FromString(bytes(reply)) if same else Exists("REQUEST_ID_REUSED")
        return answers

    def keep(self, tx: Tx, answers: Sequence[tuple[Asked, Message]]) -> None:
        """Stores the replies of work that was done, with the work."""
        rows = (
            (asked.caller, asked.request_id, asked.body, reply.SerializeToString(), tx.now) for asked, reply in answers
        )
        tx.add(self._keep, *rows)

    def stale(self, now: datetime, most: int) -> Select[Any]:
        """The oldest replies that were stored longer than `KEPT` ago: a retry comes within minutes, an auditor reads
        the trail.
        """
        columns = self._table.c
        old = columns.record_time < now - KEPT
        return select(columns.request_id, columns.caller).where(old).order_by(columns.record_time).limit(most)

    def forget(self, tx: Connection, now: datetime, most: int) -> int:
        """Deletes as many of those at most, but for those that another replica is just deleting; returns how many."""
        found = tx.execute(self.stale(now, most).with_for_update(skip_locked=True)).all()
        if found:
            key = tuple_(self._table.c.request_id, self._table.c.caller)
            tx.execute(delete(self._table).where(key.in_([tuple(row) for row in found])))
        return len(found)
