"""INSERT of many rows, each way the cheapest there is that keeps the driver's steps few.

Row by row, the driver would let go of the interpreter's lock at every one of them, and on a busy server the writer
would queue for it each time. A few rows go as one JSON parameter, which the database takes apart; on SQLite tens and
hundreds go as one VALUES of so many rows, on PostgreSQL a roster's worth goes by COPY: a fraction of reading JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import JSON, Column, Connection, Date, Integer, LargeBinary, Table
from sqlalchemy.exc import DBAPIError

from services.platform.types import UtcTime

BLOCKS = (1000, 100, 10)  # rows in one VALUES on SQLite, whose driver keeps the prepared statement of each size
MOST_VALUES = 32_766  # in one statement (sqlite.org/limits.html, 9)
WORTH_COPYING = 100  # rows

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
_encode = json.JSONEncoder(ensure_ascii=False).encode


class BulkInsert:
    """Inserts rows of `columns` into `table`, each row a tuple in that order."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._columns = [table.c[name] for name in columns]
        self._names = tuple(columns)
        # a batch has one record_time and few others: their texts are remembered
        times = {"sqlite": lru_cache(1024)(_sqlite_time), "postgresql": lru_cache(1024)(datetime.isoformat)}
        self._converters = {dialect: _converters(self._columns, text) for dialect, text in times.items()}
        names = ", ".join(columns)
        taken = ", ".join(_from_json_each(place, column) for place, column in enumerate(self._columns))
        sqlite = f"INSERT INTO {table.name} ({names}) SELECT {taken} FROM json_each(?)"  # noqa: S608
        record = ", ".join(f"{column.name} {_record_type(column)}" for column in self._columns)
        given = ", ".join(_from_record(column) for column in self._columns)
        postgresql = (
            f"INSERT INTO {table.name} ({names}) SELECT {given} "  # noqa: S608  the names are those of our schema
            f"FROM json_to_recordset(%s::json) AS r({record})"
        )
        self.statements = {"sqlite": sqlite, "postgresql": postgresql}
        marks = f"({', '.join('?' * len(self._columns))})"
        self._values = {
            size: f"INSERT INTO {table.name} ({names}) VALUES {', '.join([marks] * size)}"  # noqa: S608
            for size in BLOCKS
            if size * len(columns) <= MOST_VALUES
        }
        self._copy = f"COPY {table.name} ({names}) FROM STDIN"
        texts = [(place, _json) for place, column in enumerate(self._columns) if isinstance(column.type, JSON)]
        days = [(place, date.isoformat) for place, column in enumerate(self._columns) if isinstance(column.type, Date)]
        instants = [place for place, column in enumerate(self._columns) if isinstance(column.type, UtcTime)]
        self._plain: dict[str, list[tuple[int, Convert]]] = {
            "sqlite": [*texts, *days, *((place, times["sqlite"]) for place in instants)],
            "postgresql": [*texts],
        }

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Runs it; returns how many rows were inserted."""
        if not rows:
            return 0
        dialect = connection.dialect.name
        if dialect == "postgresql" and len(rows) >= WORTH_COPYING:
            return self._by_copy(connection, rows)
        done = inserted = 0
        for size, statement in self._values.items() if dialect == "sqlite" else ():
            while len(rows) - done >= size:
                flat = self._flat(rows[done : done + size])
                inserted += connection.exec_driver_sql(statement, tuple(flat)).rowcount
                done += size
        if done < len(rows):
            parameter = self.parameter(rows[done:], dialect)
            inserted += connection.exec_driver_sql(self.statements[dialect], (parameter,)).rowcount
        return inserted

    def _by_copy(self, connection: Connection, rows: Sequence[Row]) -> int:
        driver, dialect = connection.connection.driver_connection, connection.dialect
        assert driver is not None
        assert dialect.dbapi is not None
        try:
            with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
                for row in rows:
                    copy.write_row(self._ready(row, "postgresql"))
        except dialect.dbapi.Error as error:  # as it would be of any other statement
            raise DBAPIError.instance(
                self._copy, None, error, dialect.dbapi.Error, hide_parameters=True, dialect=dialect
            ) from None
        return len(rows)

    def _flat(self, rows: Sequence[Row]) -> list[Any]:
        """The values of rows, one row after the other, as SQLite's driver takes them."""
        flat = list(chain.from_iterable(rows))
        width = len(self._columns)
        for place, convert in self._plain["sqlite"]:
            column = flat[place::width]
            flat[place::width] = [None if value is None else convert(value) for value in column]
        return flat

    def _ready(self, row: Row, dialect: str) -> list[Any]:
        """The values of a row as the driver takes them."""
        values = list(row)
        for place, convert in self._plain[dialect]:
            if values[place] is not None:
                values[place] = convert(values[place])
        return values

    def parameter(self, rows: Sequence[Row], dialect: str) -> str:
        """The rows as the statement takes them."""
        ready = []
        for row in rows:
            values = list(row)
            for place, convert in self._converters[dialect]:
                if values[place] is not None:
                    values[place] = convert(values[place])
            ready.append(values)
        if dialect == "sqlite":
            return _encode(ready)
        return _encode([dict(zip(self._names, values, strict=True)) for values in ready])


def _converters(columns: Sequence[Column[Any]], time_text: Convert) -> list[tuple[int, Convert]]:
    """Where JSON has no such value, and what stands for it."""
    found: list[tuple[int, Convert]] = []
    for place, column in enumerate(columns):
        if isinstance(column.type, UtcTime):
            found.append((place, time_text))
        elif isinstance(column.type, LargeBinary):
            found.append((place, bytes.hex))
        elif isinstance(column.type, Date):
            found.append((place, date.isoformat))
        elif isinstance(column.type, JSON):
            found.append((place, _json))
    return found


def insert_all(connection: Connection, pending: Mapping[BulkInsert, Sequence[Row]]) -> None:
    """Inserts into several tables; on PostgreSQL by one statement, for there each costs a round trip.

    No row may refer to another one that is inserted with it.
    """
    if found := one_insert(connection, pending):
        connection.exec_driver_sql(*found)
        return
    for bulk, rows in pending.items():
        bulk(connection, rows)


def one_insert(
    connection: Connection, pending: Mapping[BulkInsert, Sequence[Row]]
) -> tuple[str, tuple[str, ...]] | None:
    """The one statement that inserts into all of several tables, with its parameters; None where there is none."""
    wanted = [(bulk, rows) for bulk, rows in pending.items() if rows]
    if connection.dialect.name == "sqlite" or len(wanted) < 2:
        return None
    statement = _one_statement(tuple(bulk for bulk, _ in wanted))
    return statement, tuple(bulk.parameter(rows, "postgresql") for bulk, rows in wanted)


@cache
def _one_statement(bulks: tuple[BulkInsert, ...]) -> str:
    *others, last = (bulk.statements["postgresql"] for bulk in bulks)
    named = ", ".join(f"i{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {named} {last}"


def _json(value: Any) -> str:
    """The text of a JSON column; who has it as text already gives that."""
    if isinstance(value, str):
        return value
    if not value:  # most often, and cheaper than the encoder
        return "{}" if isinstance(value, dict) else "[]"
    return _encode(value)


def _sqlite_time(instant: datetime) -> str:
    """As SQLAlchemy stores an instant in SQLite."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _from_json_each(place: int, column: Column[Any]) -> str:
    return f"unhex(value ->> {place})" if isinstance(column.type, LargeBinary) else f"value ->> {place}"


def _record_type(column: Column[Any]) -> str:
    if isinstance(column.type, UtcTime):
        return "timestamptz"
    if isinstance(column.type, Date):
        return "date"
    return "bigint" if isinstance(column.type, Integer) else "text"


def _from_record(column: Column[Any]) -> str:
    if isinstance(column.type, JSON):
        return f"r.{column.name}::json"
    return f"decode(r.{column.name}, 'hex')" if isinstance(column.type, LargeBinary) else f"r.{column.name}"
