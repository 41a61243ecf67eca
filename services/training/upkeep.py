"""What the service does by itself, every so often and on every replica.

Each thing is a small transaction of its own, done only if the row is still as it was found: of several replicas exactly
one does it.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.conditions import Level
from services.reference.parameters import Pack, Parameter
from services.reference.workdays import CalendarNotPublished, published
from services.training.classes import filing
from services.training.classes.filing_facts import found_gaps, number
from services.training.rules import filing as rules
from services.training.rules.findings import Finding
from services.training.rules.states import ClassState
from services.training.seats import promotion
from services.training.tables import ClassRow

IDLE = "TF-IDLE"  # the code of a filing that nobody looked at

log = logging.getLogger("liancai.training.upkeep")


def still_waits(row: ClassRow, version: int) -> bool:
    """Whether nobody has looked at a filing since it was found, and no other replica was here."""
    return row.state == ClassState.FILED and row.version == version


class Upkeep:
    """The rounds of one process."""

    def __init__(self, database: Database, pack: Pack) -> None:
        self._database = database
        self._pack = pack
        self._said: set[str] = set()

    def run(self, now: datetime) -> None:
        """One round."""
        self._return_idle_filings(now)
        if count := promotion.expire_all(self._database, self._pack):
            log.info("%d offers were not answered in time", count)
        if count := promotion.fill_all(self._database, self._pack):
            log.info("%d seats were given that a limit had kept free", count)

    def _return_idle_filings(self, now: datetime) -> None:
        """Returns the filings that nobody reviewed within the working days of class.review, oldest first."""
        wanted = (
            select(ClassRow.id, ClassRow.version, ClassRow.division, ClassRow.file_time)
            .where(ClassRow.state == ClassState.FILED, ClassRow.file_time < now - timedelta(days=1))
            .order_by(ClassRow.file_time)
        )
        with self._database.reading() as session:
            waiting = session.execute(wanted).all()
        for class_id, version, division, filed in waiting:
            if filed is None:
                continue
            limit = number(self._pack, "class.review", division, day_of(now))
            if limit is not None and self._is_idle(class_id, limit, day_of(filed), day_of(now)):
                self._return(class_id, version, limit, now)

    def _is_idle(self, class_id: str, limit: Parameter, filed: date, today: date) -> bool:
        """Whether the days to look at it are over; days of a year whose holidays nobody knows yet end no period."""
        days = limit.integer()
        if days is None:
            self._say_once(f"class.review is not known: filings in {limit.division} are not returned by themselves")
            return False
        try:
            return published().has(filed, today, days + 1)
        except CalendarNotPublished as fault:
            self._say_once(f"the holiday notice for {fault.year} is not loaded: classes/{class_id} is not returned")
            return False

    def _return(self, class_id: str, version: int, limit: Parameter, now: datetime) -> None:
        def work(tx: Tx) -> bool:
            row = tx.session.get(ClassRow, class_id, with_for_update=True, populate_existing=True)
            if row is None or not still_waits(row, version):
                return False
            idle = {"limit": str(limit.value), "source": limit.source, "confidence": limit.confidence.value}
            found = [each for each in found_gaps(tx.session, self._pack, row, now) if rules.is_gap(each)]
            gaps = [filing.stored(each) for each in (Finding(Level.WARNING, IDLE, values=idle), *found)]
            call = Call.by_system("training", "training.class.review", row.division)
            for column, value in {**filing.give_back(tx, row, gaps, ""), "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            detail = {"state": row.state, "gaps": [gap["code"] for gap in gaps]}
            tx.record(call, f"classes/{class_id}", event="class.returned", detail=detail)
            return True

        call = Call.by_system("training", "training.class.review", "")
        try:
            if self._database.write_again(call, work, key=f"classes/{class_id}"):
                log.info("classes/%s was returned: nobody looked at it", class_id)
        except Exception as error:  # noqa: BLE001  one that cannot be returned does not keep the others
            log.error("classes/%s was not returned: error=%s", class_id, type(error).__name__)

    def _say_once(self, words: str) -> None:
        """Logs a sentence once a process: the rounds come every minute."""
        if words not in self._said:
            self._said.add(words)
            log.warning("%s", words)
