"""Ways to look for rows by ranges of indexes, one after the other, in pages.

A beginning is a range of an index (the columns are in the order of code points), never a pattern: there is nothing to
escape, and no table is scanned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, literal, not_, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from services.platform.pages import Page


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look: rows whose `column` is `low` or, with `high`, from `low` to before `high`.

    They come in its order, and where that is the same in that of `ties`: text only, for it goes into page tokens.
    """

    column: InstrumentedAttribute[Any]
    ties: tuple[InstrumentedAttribute[Any], ...]
    low: str | bytes
    high: str = ""

    @property
    def found(self) -> ColumnElement[bool]:
        """Whether a row is found this way."""
        return and_(self.column >= self.low, self.column < self.high) if self.high else self.column == self.low

    @property
    def key(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """What its rows are in the order of."""
        return (self.column, *self.ties) if self.high else self.ties

    def rows(self, wanted: Select[Any], after: Sequence[Any] | None) -> Select[Any]:
        """The rows of `wanted` that are found this way, in order, after the one whose key is `after`."""
        if after is None:
            return wanted.where(self.found).order_by(*self.key)
        # what was shown is not read again
        left = replace(self, low=after[0]) if self.high else self
        return wanted.where(left.found, tuple_(*self.key) > tuple_(*map(literal, after))).order_by(*self.key)


def beginning(column: InstrumentedAttribute[str], ties: tuple[InstrumentedAttribute[Any], ...], prefix: str) -> Way:
    """Values that begin with `prefix`: from the prefix itself to before what follows all that begin with it."""
    return Way(column, ties, prefix, prefix[:-1] + _next(prefix[-1]))


def search(
    session: Session, wanted: Select[*tuple[Any, ...]], ways: Sequence[Way], page: Page
) -> tuple[list[Sequence[Any]], list[Any] | None]:
    """A page of the rows of `wanted` that any way finds, and the key of the next page if there is one."""
    # a page goes on where the last one ended: by which way, and after which row
    first, after = (page.after[0], page.after[1:]) if page.after else (0, None)
    found: list[tuple[int, Sequence[Any]]] = []
    for number, way in enumerate(ways[first:], start=first):
        # what an earlier way has found already is not found again
        rest = wanted.where(*(not_(earlier.found) for earlier in ways[:number])).add_columns(*way.key)
        statement = way.rows(rest, after if number == first else None).limit(page.size + 1 - len(found))
        found += [(number, row) for row in session.execute(statement)]
        if len(found) > page.size:
            break
    key = None
    if len(found) > page.size:
        number, row = found[page.size - 1]
        key = [number, *row[-len(ways[number].key) :]]
    return [row for _, row in found[: page.size]], key


class Unindexed(FunctionElement[str]):
    """A column as a filter for rows that something else finds.

    SQLite keeps no count of what an index holds, and would look up all rows of a division before it looked for a name;
    a plus keeps it from that. PostgreSQL knows better, and is left to choose.
    """

    type = String()
    inherit_cache = True


@compiles(Unindexed)
def _as_it_is(element: Unindexed, compiler: SQLCompiler, **given: Any) -> str:
    return compiler.process(element.clauses, **given)


@compiles(Unindexed, "sqlite")
def _with_a_plus(element: Unindexed, compiler: SQLCompiler, **given: Any) -> str:
    return f"+{compiler.process(element.clauses, **given)}"


def _next(character: str) -> str:
    """The character after, as databases sort them; surrogates are no characters."""
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)
