"""SQLAlchemy statements compiled once a dialect and run by the driver, for the hot path.

Executing a Core statement costs several times what the database does for it. The statement stays what one reads; its
text, the order of its parameters and the conversions of its columns are worked out at its first use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NULLTYPE, Boolean, LargeBinary, TypeDecorator, TypeEngine

if TYPE_CHECKING:
    import psycopg

Convert = Callable[[Any], Any]
Row = tuple[Any, ...]


class Prepared:
    """A statement to be run often. Parameters are given by name; rows come as tuples of converted values."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs a select."""
        text = self._text(connection.dialect)
        return text.read(connection.exec_driver_sql(text.sql, text.given(parameters)).fetchall())

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Runs an insert, update or delete; returns how many rows it touched."""
        text = self._text(connection.dialect)
        return connection.exec_driver_sql(text.sql, text.given(parameters)).rowcount

    def _text(self, dialect: Dialect) -> _Text:
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _Text(self._statement, dialect)
        return text


Asked = tuple[Prepared, Mapping[str, Any]]  # a statement with its parameters


def together(connection: Connection, *asked: Asked) -> list[list[Row]]:
    """The rows of selects, none of which waits for what another one finds. PostgreSQL does them one after the other,
    but they take one round trip; outside of a transaction they are one, on one snapshot.

    Raises what SQLAlchemy makes of the driver's errors.
    """
    if connection.dialect.name != "postgresql":
        return [statement.rows(connection, parameters) for statement, parameters in asked]
    texts = [statement._text(connection.dialect) for statement, _ in asked]
    cursors = in_pipeline(
        connection, [(text.sql, text.given(given)) for text, (_, given) in zip(texts, asked, strict=True)]
    )
    return [text.read(cursor.fetchall()) for text, cursor in zip(texts, cursors, strict=True)]


def in_pipeline(connection: Connection, statements: Sequence[tuple[str, Any]]) -> list[psycopg.Cursor[Any]]:
    """Statements of PostgreSQL with their parameters, done in one round trip. Raises errors as SQLAlchemy does."""
    driver: psycopg.Connection[Any] = cast(Any, connection.connection.driver_connection)
    dialect = connection.dialect
    assert dialect.dbapi is not None
    try:
        with driver.pipeline():
            return [driver.execute(statement, given) for statement, given in statements]
    except dialect.dbapi.Error as error:
        if driver.closed:
            connection.invalidate(error)
        text = "; ".join(statement for statement, _ in statements)
        raise DBAPIError.instance(
            text, None, error, dialect.dbapi.Error, hide_parameters=True, dialect=dialect
        ) from error


class _Text:
    """A statement's text in one dialect, with what its parameters and columns need."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect)
        self.sql = compiled.string
        names = compiled.positiontup if compiled.positional else None
        self._positions = names
        self._converts: dict[str, Convert] = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        selected = getattr(statement, "selected_columns", ())
        self.results: list[tuple[int, Convert]] = [
            (place, convert)
            for place, column in enumerate(selected)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def read(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """Rows as the driver gives them, with their values converted."""
        if not self.results:
            return [tuple(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place, convert in self.results:
                if values[place] is not None:
                    values[place] = convert(values[place])
            rows.append(tuple(values))
        return rows

    def given(self, parameters: Mapping[str, Any]) -> Any:
        """Parameters as the driver takes them."""
        values = {**self._fixed, **parameters}
        for name, convert in self._converts.items():
            values[name] = convert(values[name])
        return values if self._positions is None else tuple(values[name] for name in self._positions)


def any_of(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """`column` is one of the values in the list parameter: one text, however many values."""
    return _AnyOf(column, bindparam(parameter, type_=_Values(column.type)))


class _Values(TypeDecorator[list[Any]]):
    """A list as one parameter: an array on PostgreSQL, JSON on SQLite with bytes as hexadecimal digits."""

    impl = NULLTYPE.__class__
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.binary = isinstance(of, LargeBinary)

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """To the driver, whose own arrays cost more than what is done with them."""
        if value is None:
            return value
        if dialect.name != "sqlite":
            return f"{{{','.join([_of_array(each) for each in value])}}}"
        return json.dumps([each.hex() for each in value] if self.binary else value)


class _AnyOf(ColumnElement[bool]):
    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], values: Any) -> None:
        self.column = column
        self.values = values

    def self_group(self, against: Any = None) -> Any:
        """Stands as it is: `(x IN ...) = 1`, as SQLite's booleans are else written, would not use an index."""
        return self


def _of_array(value: Any) -> str:
    """A value as PostgreSQL reads it in the text of an array."""
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


@compiles(_AnyOf, "postgresql")
def _any_array(element: _AnyOf, compiler: SQLCompiler, **given: Any) -> str:
    return f"{compiler.process(element.column, **given)} = ANY({compiler.process(element.values, **given)})"


@compiles(_AnyOf, "sqlite")
def _in_json(element: _AnyOf, compiler: SQLCompiler, **given: Any) -> str:
    value = "unhex(value)" if element.values.type.binary else "value"
    column, values = compiler.process(element.column, **given), compiler.process(element.values, **given)
    return f"{column} IN (SELECT {value} FROM json_each({values}))"  # noqa: S608  made of compiled parts
