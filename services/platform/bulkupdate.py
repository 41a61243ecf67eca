"""UPDATE of many rows by one statement, each with values of its own: the rows go as one JSON parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Connection, Date, Integer, LargeBinary, Table

from services.platform.bulk import BulkInsert, Row
from services.platform.types import UtcTime

# how PostgreSQL reads a value of JSON; anything else is text
_KINDS = ((Boolean, "boolean"), (UtcTime, "timestamptz"), (Date, "date"), (Integer, "integer"), (BigInteger, "bigint"))


class BulkUpdate:
    """Sets `columns` of the rows whose `keys` are as given. A row is a tuple of its keys, then its values."""

    def __init__(self, table: Table, keys: Sequence[str], columns: Sequence[str]) -> None:
        names = (*keys, *columns)
        self._rows = BulkInsert(table, names)  # which knows how a row becomes JSON
        kinds = [table.c[name] for name in names]
        record = ", ".join(f"{column.name} {_kind(column)}" for column in kinds)
        taken = ", ".join(f"{_taken(place, column)} AS {column.name}" for place, column in enumerate(kinds))
        sets = ", ".join(f"{name} = {_given(table.c[name])}" for name in columns)
        plain = ", ".join(f"{name} = r.{name}" for name in columns)
        same = " AND ".join(f"{table.name}.{name} = r.{name}" for name in keys)
        head, tail = f"UPDATE {table.name} SET", f"WHERE {same}"
        self._statements = {
            "sqlite": f"{head} {plain} FROM (SELECT {taken} FROM json_each(?)) AS r {tail}",  # noqa: S608
            "postgresql": f"{head} {sets} FROM json_to_recordset(%s::json) AS r({record}) {tail}",
        }

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Runs it; returns how many of the rows were there."""
        if not rows:
            return 0
        return connection.exec_driver_sql(*self.statement(rows, connection.dialect.name)).rowcount

    def statement(self, rows: Sequence[Row], dialect: str) -> tuple[str, tuple[str]]:
        """The text of it and its parameter."""
        return self._statements[dialect], (self._rows.parameter(rows, dialect),)


def _kind(column: Column[Any]) -> str:
    return next((name for kind, name in _KINDS if isinstance(column.type, kind)), "text")


def _given(column: Column[Any]) -> str:
    if isinstance(column.type, JSON):
        return f"r.{column.name}::json"
    return f"decode(r.{column.name}, 'hex')" if isinstance(column.type, LargeBinary) else f"r.{column.name}"


def _taken(place: int, column: Column[Any]) -> str:
    return f"unhex(value ->> {place})" if isinstance(column.type, LargeBinary) else f"value ->> {place}"
