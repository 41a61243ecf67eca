"""Steps are written as they were changed, and nothing else of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.transaction import Tx
from services.talent import casefiles
from services.talent.casefiles import MOST_WAYS, STEP_COLUMNS, CaseFile
from services.talent.tables import StepRow
from tests.talent.desk import Desk

AT = datetime(2026, 11, 23, 4, 5, 6, 7, tzinfo=UTC)
CHANGES: tuple[dict[str, Any], ...] = (
    {"state": "RUNNING", "start_time": AT},
    {"finish_time": datetime(2026, 11, 22, 17, tzinfo=UTC), "outcome": "needed"},
    {"result": {"evidence": "样例'\""}, "provisional": True},
    {"alarm": date(9999, 12, 31), "remind": None},
    {"assignee": "officer"},
    {"owed": date(2026, 12, 1), "yellow": date(2026, 12, 2)},
)


def read(database: Database, numbers: list[str]) -> dict[str, CaseFile]:
    with database.reading() as session:
        return casefiles.read(session.connection(), numbers)


@pytest.mark.parametrize("ways", [1, MOST_WAYS, len(CHANGES)])
def test_every_change_is_written_however_many_kinds_there_are(desk: Desk, talent_database: Database, ways: int) -> None:
    assert len(CHANGES) > MOST_WAYS, "else they are never put together"
    numbers = [desk.open("pension").name.partition("/")[2] for _ in range(ways)]
    before = read(talent_database, numbers)

    def work(tx: Tx) -> None:
        files = casefiles.read(tx.connection, numbers, lock=True)
        for number, change in zip(numbers, CHANGES, strict=False):
            files[number].touch(files[number].steps[0], AT, **change)
        # what somebody writes beside is not written over
        tx.connection.execute(update(StepRow).where(StepRow.case_id.in_(numbers)).values(reason="beside"))
        casefiles.write(tx, files.values())

    talent_database.write_again(Call.by_system("talent", "talent.step.start", "371526"), work)
    after = read(talent_database, numbers)
    for number, change in zip(numbers, CHANGES, strict=False):
        first, *others = after[number].steps
        was, *were = before[number].steps
        expected = {"update_time": AT, "version": was.version + 1, "reason": "beside", **change}
        for name in STEP_COLUMNS:
            assert getattr(first, name) == expected.get(name, getattr(was, name)), name
        for step, old in zip(others, were, strict=True):
            assert (step.version, step.reason) == (old.version, "beside")


def test_the_date_of_a_finish_is_kept_with_its_instant(desk: Desk, talent_database: Database) -> None:
    number = desk.open("pension").name.partition("/")[2]

    def finish(at: datetime | None) -> date | None:
        def work(tx: Tx) -> None:
            file = casefiles.read(tx.connection, [number], lock=True)[number]
            file.touch(file.steps[0], AT, finish_time=at)
            casefiles.write(tx, [file])

        talent_database.write_again(Call.by_system("talent", "talent.step.complete", "371526"), work)
        with talent_database.reading() as session:
            wanted = session.query(StepRow.finish_date).filter(StepRow.case_id == number).order_by(StepRow.id)
            return wanted.limit(1).scalar()

    # 17 o'clock in UTC is the next day in China
    assert finish(datetime(2026, 11, 22, 17, tzinfo=UTC)) == date(2026, 11, 23)
    assert finish(None) is None
