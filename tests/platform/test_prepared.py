"""Hot statements read by key, also on SQLite, whose planner is asked here."""

from __future__ import annotations

from typing import Any

import pysqlite3
import pytest
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, create_engine, insert, select

from services.platform.prepared import Prepared, any_of
from services.training.seats import known, limits
from services.training.tables import BOOKS, Base
from tests.conftest import KINDS, new_postgresql_database

THINGS = Table("things", MetaData(), Column("word", String(20)), Column("mark", LargeBinary))
WORDS = ["样例", "a,b", '{"}', "c\\d", "'", "NULL", ""]
MARKS = [bytes(range(start, start + 32)) for start in range(0, 224, 32)]

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


@pytest.mark.parametrize("kind", KINDS)
def test_any_of_a_list_is_found_whatever_it_holds(kind: str, request: pytest.FixtureRequest) -> None:
    url, more = "sqlite://", {"module": pysqlite3}
    if kind == "postgresql":
        database = new_postgresql_database(request.getfixturevalue("postgresql"))
        url, more = database.replace("postgresql://", "postgresql+psycopg://"), {}
    engine = create_engine(url, **more)
    words = Prepared(select(THINGS.c.word).where(any_of(THINGS.c.word, "words")))
    marks = Prepared(select(THINGS.c.mark).where(any_of(THINGS.c.mark, "marks")))

    def found(statement: Prepared, **given: list[Any]) -> set[Any]:
        return {value for (value,) in statement.rows(connection, given)}

    with engine.begin() as connection:
        THINGS.create(connection)
        connection.execute(insert(THINGS), [{"word": w, "mark": m} for w, m in zip(WORDS, MARKS, strict=True)])
        for count in (0, 1, len(WORDS)):
            assert found(words, words=WORDS[:count]) == set(WORDS[:count])
            assert found(marks, marks=MARKS[:count]) == set(MARKS[:count])
        assert found(marks, marks=[b"", MARKS[0][:-1]]) == set()
    engine.dispose()
