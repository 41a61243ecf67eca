"""Finding people: by the beginning of a name, its pinyin or initials, or by a whole number.

A beginning is a range of an index (the columns are in the order of code points), never a pattern: there is nothing to
escape, and no table is scanned. Numbers are found by blind index: the whole number or nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, and_, literal, not_, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.platform.pages import Page
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.reference import names, resident_id, writing
from services.reference.resident_id import ResidentIdFault
from services.reference.text import compact

LONGEST = 50  # characters of a query
_NUMBER = re.compile(r"[0-9]+X?")  # once compacted
_BEGINNING = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·A-Za-zÀ-ǜ .'\-]+")
_LETTER = re.compile(r"[^ .'·\-]")

Rows = Row[*tuple[Any, ...]]
Selected = Select[*tuple[Any, ...]]
S = TypeVar("S", bound=Selected)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where people of one kind are looked for. `ties` tell apart those whose column is the same, in order."""

    full_name: InstrumentedAttribute[Any]
    name_pinyin: InstrumentedAttribute[Any]
    name_initials: InstrumentedAttribute[Any]
    resident_id_index: InstrumentedAttribute[Any]
    phone_index: InstrumentedAttribute[Any]
    ties: tuple[InstrumentedAttribute[Any], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look: rows whose `column` is `low` or, with `high`, from `low` to before `high`; in its order."""

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
        """What its rows are in the order of: text only, for it goes into page tokens."""
        return (self.column, *self.ties) if self.high else self.ties

    def rows(self, wanted: S, after: Sequence[Any] | None) -> S:
        """The rows of `wanted` that are found this way, in order, after the one whose key is `after`."""
        if after is None:
            return wanted.where(self.found).order_by(*self.key)
        # what was shown is not read again
        left = replace(self, low=after[0]) if self.high else self
        return wanted.where(left.found, tuple_(*self.key) > tuple_(*map(literal, after))).order_by(*self.key)


def find(session: Session, ways: Sequence[Way], wanted: Selected, page: Page) -> tuple[list[Rows], list[Any] | None]:
    """A page of what the ways find among `wanted`, and the key of the page after it, None on the last one.

    A page goes on where the last one ended: by which way, and after which row. `wanted` selects whole rows.
    """
    first, after = (page.after[0], page.after[1:]) if page.after else (0, None)
    found: list[tuple[int, Rows]] = []
    for number, way in enumerate(ways[first:], start=first):
        # whom an earlier way has found already is not found again
        rest = wanted.where(*(not_(earlier.found) for earlier in ways[:number]))
        statement = way.rows(rest, after if number == first else None).limit(page.size + 1 - len(found))
        found += [(number, row) for row in session.execute(statement)]
        if len(found) > page.size:
            break
    rows = [row for _, row in found[: page.size]]
    if len(found) <= page.size:
        return rows, None
    number, last = found[page.size - 1]
    return rows, [number, *(_value(last, column) for column in ways[number].key)]


def read_query(reading: Reading, field: str, query: str, vault: Vault, today: date, columns: Columns) -> list[Way]:
    """The ways to look for a query: a number has one, letters have two. Notes a violation if it is none of them."""
    text = reading.text(field, query, 1, LONGEST)
    if reading.violations:
        return []
    number = compact(text)
    phone = writing.normalise_phone(text)
    if writing.PHONE.fullmatch(phone):
        return [Way(columns.phone_index, columns.ties, vault.index("phone", phone))]
    if _NUMBER.fullmatch(number):
        if len(number) != 18:
            reading.wrong(field, "FIELD_WHOLE_NUMBER")
            return []
        try:
            whole = resident_id.parse(text, today).number
        except ResidentIdFault as fault:
            reading.wrong(field, writing.code_of(fault))
            return []
        return [Way(columns.resident_id_index, columns.ties, vault.index("resident_id", whole))]
    name = writing.normalise_name(text)
    if not (_BEGINNING.fullmatch(name) and _LETTER.search(name)):
        reading.wrong(field, "FIELD_SEARCH")
        return []
    if typed := "" if _has_han(name) else names.latin(name):
        ways = (columns.name_pinyin, columns.name_initials)
        return [beginning(column, columns.ties, typed) for column in ways]
    return [beginning(columns.full_name, columns.ties, name)]


def beginning(column: InstrumentedAttribute[str], ties: tuple[InstrumentedAttribute[Any], ...], prefix: str) -> Way:
    """Values that begin with `prefix`: from the prefix itself to before what follows all that begin with it."""
    return Way(column, ties, prefix, prefix[:-1] + _next(prefix[-1]))


def _value(row: Rows, column: InstrumentedAttribute[Any]) -> Any:
    return next(getattr(each, column.key) for each in row if type(each) is column.class_)


def _next(character: str) -> str:
    """The character after, as databases sort them; surrogates are no characters."""
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


def _has_han(name: str) -> bool:
    return any(character >= "\u2e80" for character in name)
