"""Matters that wait for a window (窗口期), such as that of enrolment: they begin by themselves once it is open.

Each is a small transaction of its own, done only if the case is still as it was found: of several replicas exactly one
does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casework.editions import Editions
from services.talent.rules.catalogue import WindowState, window_on
from services.talent.rules.states import CaseState, MatterState
from services.talent.tables import CaseRow, CatalogueRow, MatterRow

log = logging.getLogger("liancai.talent.windows")


class Windows:
    """The rounds of one process."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions

    def run(self, now: datetime) -> None:
        """One round: begins what waited for a window that is open today."""
        for case_id, division in self._waiting(day_of(now)):
            try:
                if self._database.write_again(_call(division), self._begin(case_id), key=f"cases/{case_id}"):
                    log.info("cases/%s: a window is open and matters have begun", case_id)
            except Exception as error:  # noqa: BLE001  one that cannot begin does not keep the others
                log.error("cases/%s: no matter has begun: error=%s", case_id, type(error).__name__)

    def _waiting(self, today: date) -> list[tuple[str, str]]:
        """Open cases with a matter that waits and whose window is open, with the division that holds each."""
        found: dict[str, str] = {}
        with self._database.reading() as session:
            for number in session.scalars(select(CatalogueRow.id).where(CatalogueRow.valid_from.is_not(None))):
                edition = self._editions.of(session, number)
                windowed = [matter.key for matter in edition.matters if any(each.opens for each in matter.windows)]
                wanted = (
                    select(CaseRow.id, CaseRow.division, CaseRow.destination, MatterRow.type)
                    .join(MatterRow, MatterRow.case_id == CaseRow.id)
                    .where(MatterRow.state == MatterState.WAITING, MatterRow.type.in_(windowed))
                    .where(CaseRow.catalogue_id == number, CaseRow.state == CaseState.OPEN)
                )
                for case_id, division, destination, kind in session.execute(wanted) if windowed else ():
                    window = edition.matter(kind).window(destination)
                    if window_on(window, today)[0] is WindowState.OPEN:
                        found[case_id] = division
        return sorted(found.items())

    def _begin(self, case_id: str) -> Callable[[Tx], bool]:
        def work(tx: Tx) -> bool:
            file = casefiles.read(tx.connection, [case_id], lock=True).get(case_id)
            if file is None or not file.open:
                return False
            casefiles.read_ledgers(tx.connection, {case_id: file}, file.steps)
            desk = self._editions.desk(tx.session, _call(file.division), file, tx.now, tx.now)
            desk.settle()
            if not desk.begun:
                return False
            desk.record(tx, "case.window_opened", matters=[matter.key for matter in desk.begun])
            casefiles.write(tx, [file])
            return True

        return work


def _call(division: str) -> Call:
    return Call.by_system("talent", "talent.matter.begin", division)
