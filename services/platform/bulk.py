"""INSERT of many rows by one statement with one parameter: the rows as JSON, which the database takes apart.

A list of 64 rows costs one step of the driver. Row by row, the driver would let go of the interpreter's lock at every
one of them, and on a busy server the writer would queue for it each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import JSON, Column, Connection, Date, Integer, LargeBinary, Table

from services.platform.types import UtcTime

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]


class BulkInsert:
    """Inserts rows of `columns` into `table`, each row a tuple in that order.

    With `unless` rows whose value in that column is there already are left out.
    """

    def __init__(self, table: Table, columns: Sequence[str], *, unless: str = "") -> None:
        self._columns = [table.c[name] for name in columns]
        # a batch has one record_time and few others: their texts are remembered
        times = {"sqlite": lru_cache(1024)(_sqlite_time), "postgresql": lru_cache(1024)(datetime.isoformat)}
        self._converters = {dialect: _converters(self._columns, text) for dialect, text in times.items()}
        names = ", ".join(columns)
        conflict = f" ON CONFLICT ({unless}) DO NOTHING" if unless else ""
        taken = ", ".join(_from_json_each(place, column) for place, column in enumerate(self._columns))
        # WHERE true keeps SQLite from reading ON CONFLICT as a join (sqlite.org/lang_upsert.html, 2.2)
        sqlite = f"INSERT INTO {table.name} ({names}) SELECT {taken} FROM json_each(?) WHERE true{conflict}"  # noqa: S608
        record = ", ".join(f"{column.name} {_record_type(column)}" for column in self._columns)
        given = ", ".join(_from_record(column) for column in self._columns)
        postgresql = (
            f"INSERT INTO {table.name} ({names}) SELECT {given} "  # noqa: S608  the names are those of our schema
            f"FROM json_to_recordset(%s::json) AS r({record}){conflict}"
        )
        self.statements = {"sqlite": sqlite, "postgresql": postgresql}

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Runs it; returns how many rows were inserted."""
        if not rows:
            return 0
        dialect = connection.dialect.name
        return connection.exec_driver_sql(self.statements[dialect], (self.parameter(rows, dialect),)).rowcount

    def parameter(self, rows: Sequence[Row], dialect: str) -> str:
        """The rows as the statement takes them."""
        ready = []
        for row in rows:
            values = list(row)
            for place, convert in self._converters[dialect]:
                values[place] = convert(values[place])
            ready.append(values)
        if dialect == "sqlite":
            return json.dumps(ready, ensure_ascii=False)
        names = [column.name for column in self._columns]
        return json.dumps([dict(zip(names, values, strict=True)) for values in ready], ensure_ascii=False)


def _converters(columns: Sequence[Column[Any]], time_text: Convert) -> list[tuple[int, Convert]]:
    """Where JSON has no such value, and what stands for it."""
    found: list[tuple[int, Convert]] = []
    for place, column in enumerate(columns):
        if isinstance(column.type, UtcTime):
            found.append((place, time_text))
        elif isinstance(column.type, LargeBinary):
            found.append((place, bytes.hex))
        elif isinstance(column.type, Date):
            found.append((place, _date_text))
    return found


def insert_all(connection: Connection, pending: Mapping[BulkInsert, Sequence[Row]]) -> None:
    """Inserts into several tables; on PostgreSQL by one statement, for there each costs a round trip.

    No row may refer to another one that is inserted with it.
    """
    wanted = [(bulk, rows) for bulk, rows in pending.items() if rows]
    if connection.dialect.name == "sqlite" or len(wanted) < 2:
        for bulk, rows in wanted:
            bulk(connection, rows)
        return
    statement = _one_statement(tuple(bulk for bulk, _ in wanted))
    connection.exec_driver_sql(statement, tuple(bulk.parameter(rows, "postgresql") for bulk, rows in wanted))


@cache
def _one_statement(bulks: tuple[BulkInsert, ...]) -> str:
    *others, last = (bulk.statements["postgresql"] for bulk in bulks)
    named = ", ".join(f"i{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {named} {last}"


def _sqlite_time(instant: datetime) -> str:
    """As SQLAlchemy stores an instant in SQLite."""
    return instant.isoformat(" ", "microseconds")[:26]


def _date_text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _from_json_each(place: int, column: Column[Any]) -> str:
    if isinstance(column.type, JSON):
        return f"value -> {place}"
    return f"unhex(value ->> {place})" if isinstance(column.type, LargeBinary) else f"value ->> {place}"


def _record_type(column: Column[Any]) -> str:
    if isinstance(column.type, UtcTime):
        return "timestamptz"
    if isinstance(column.type, JSON):
        return "json"
    if isinstance(column.type, Date):
        return "date"
    return "bigint" if isinstance(column.type, Integer) else "text"


def _from_record(column: Column[Any]) -> str:
    return f"decode(r.{column.name}, 'hex')" if isinstance(column.type, LargeBinary) else f"r.{column.name}"
