"""The other side let into a case as a hand-over does it, for tests that are about something else."""

from __future__ import annotations

from sqlalchemy import text

from services.platform.database import Database


def let_in(database: Database, name: str) -> None:
    """The other side may see the case from now on."""
    statement = "UPDATE cases SET partner_division = CASE WHEN division = origin THEN destination ELSE origin END WHERE id = :id"
    with database.writing_engine.begin() as connection:
        connection.execute(text(statement), {"id": name.partition("/")[2]})
