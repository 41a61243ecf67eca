"""Hot statements read by key, also on SQLite, whose planner is asked here."""

from __future__ import annotations

import pysqlite3
import pytest
from sqlalchemy import create_engine

from services.platform.prepared import Prepared
from services.training import known, limits
from services.training.tables import BOOKS, Base

HOT = {
    "replies": BOOKS.once._find,
    "trainees": known.TRAINEES,
    "classes": known.CLASSES,
    "taken": known._TAKEN,
    "sessions": known._SESSIONS,
    "institutions": known._INSTITUTIONS,
    "register entries": known._ENTRIES,
    "parties": known._PARTIES,
    "quotas": limits.QUOTAS,
}


@pytest.mark.parametrize("name", sorted(HOT))
def test_no_hot_statement_scans_a_table(name: str) -> None:
    engine = create_engine("sqlite://", module=pysqlite3)
    Base.metadata.create_all(engine)
    prepared: Prepared = HOT[name]
    with engine.connect() as connection:
        text = prepared._text(connection.dialect).sql
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple("[]" for _ in range(text.count("?"))))
        steps = [row[-1] for row in plan.fetchall()]
    engine.dispose()
    assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step], steps
    assert any(step.startswith("SEARCH") for step in steps)
