"""What a hand-over or the passing of time does, done to the rows, for tests that are about something else."""

from __future__ import annotations

from sqlalchemy import text

from services.platform.database import Database

OTHER_SIDE = "CASE WHEN division = origin THEN destination ELSE origin END"


def let_in(database: Database, name: str) -> None:
    """The other side may see the case from now on."""
    _run(database, f"UPDATE cases SET partner_division = {OTHER_SIDE} WHERE id = :id", name)


def with_an_old_calendar(database: Database, name: str) -> None:
    """The dates of a case as if another calendar had been in force."""
    _run(database, "UPDATE steps SET calendar = '2025', planned = '2026-12-31' WHERE case_id = :id", name)


def _run(database: Database, statement: str, name: str) -> None:
    with database.writing_engine.begin() as connection:
        connection.execute(text(statement), {"id": name.partition("/")[2]})
