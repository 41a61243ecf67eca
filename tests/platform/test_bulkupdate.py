"""Many rows updated by one statement, each with values of its own, of every type there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pysqlite3
import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
)

from services.platform.bulkupdate import BulkUpdate
from services.platform.types import UtcTime
from tests.conftest import KINDS, new_postgresql_database

THINGS = Table(
    "things",
    MetaData(),
    Column("kind", String(8), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("words", String(20)),
    Column("sure", Boolean),
    Column("day", Date),
    Column("at", UtcTime),
    Column("told", JSON),
    Column("sealed", LargeBinary),
)
NAMES = [column.name for column in THINGS.c]
BEFORE = ("a", 1, "x", False, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), {}, b"\0")
AT = datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
AFTER = ("a", 1, "样例'\"", True, date(9999, 12, 31), AT, {"了": [1]}, b"\xff")


@pytest.fixture(params=KINDS)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "postgresql":
        url = new_postgresql_database(request.getfixturevalue("postgresql"))
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    else:
        engine = create_engine("sqlite://", module=pysqlite3)
    with engine.begin() as opened:
        THINGS.create(opened)
        opened.execute(THINGS.insert(), [dict(zip(NAMES, ("a", n, *BEFORE[2:]), strict=True)) for n in (1, 2, 3)])
        yield opened
    engine.dispose()


def test_each_row_gets_its_own_values(connection: Connection) -> None:
    update = BulkUpdate(THINGS, ("kind", "number"), NAMES[2:])
    empty = ("a", 3, *[None] * 6)
    assert update(connection, [AFTER, empty, ("b", 1, *AFTER[2:])]) == 2
    rows = [tuple(row) for row in connection.execute(THINGS.select().order_by(THINGS.c.number))]
    assert rows == [AFTER, ("a", 2, *BEFORE[2:]), empty]
    assert update(connection, []) == 0
