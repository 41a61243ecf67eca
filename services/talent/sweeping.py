"""What is in the store of documents and belongs to nobody: left by an upload that came to nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select

from services.platform.blobs import Blobs
from services.platform.database import Database
from services.talent.tables import DocumentRow

AGE = timedelta(hours=1)  # no upload takes as long
_AT_ONCE = 500

log = logging.getLogger("liancai.talent.documents")


class Sweep:
    """The rounds of one process."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def run(self, now: datetime) -> None:
        """One round."""
        if count := self._blobs.sweep(now - AGE, self._noted):
            log.info("%d files were removed that no document has", count)

    def _noted(self, names: Collection[str]) -> Collection[str]:
        """Those of the names that a document has."""
        wanted, found = list(names), set[str]()
        with self._database.reading() as session:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                found |= set(session.scalars(select(DocumentRow.blob).where(DocumentRow.blob.in_(some)).distinct()))
        return found
