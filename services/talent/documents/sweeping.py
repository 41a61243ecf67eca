"""What is in the store of documents and belongs to nobody: left by an upload that came to nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select

from services.platform.blobs import Store
from services.platform.database import Database
from services.talent.tables import DocumentRow

AGE = timedelta(hours=1)  # no upload takes as long
EVERY = timedelta(hours=1)  # a store is gone through, which may be long and, in a bucket, has a price
_AT_ONCE = 500

log = logging.getLogger("liancai.talent.documents")


class Sweep:
    """The rounds of one process."""

    def __init__(self, database: Database, store: Store, age: timedelta = AGE) -> None:
        self._database = database
        self._store = store
        self._age = age
        self._next: datetime | None = None

    def run(self, now: datetime) -> None:
        """One round, if it is time for one."""
        if self._next is not None and now < self._next:
            return
        if count := self._store.sweep(self._age, self._noted):
            log.info("%d files were removed that no document has", count)
        self._next = now + EVERY

    def _noted(self, names: Collection[str]) -> Collection[str]:
        """Those of the names that a document has."""
        wanted, found = list(names), set[str]()
        with self._database.reading() as session:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                found |= set(session.scalars(select(DocumentRow.blob).where(DocumentRow.blob.in_(some)).distinct()))
        return found
