"""Finding people: by the beginning of a name, its pinyin or initials, or by a whole number.

A beginning is a range of an index (the columns are in the order of code points), never a pattern: there is nothing to
escape, and no table is scanned. Numbers are found by blind index: the whole number or nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import ColumnElement, Select, and_, literal, not_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.reference import names, resident_id
from services.reference.clock import day_of
from services.reference.resident_id import ResidentIdFault
from services.reference.text import compact
from services.training import queries
from services.training.rules import roster
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, TraineeRow

LONGEST = 50  # characters of a query
_NUMBER = re.compile(r"[0-9]+X?")  # once compacted
_BEGINNING = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·A-Za-zÀ-ǜ .'\-]+")
_LETTER = re.compile(r"[^ .'·\-]")

Render = Callable[[EnrolmentRow, TraineeRow], pb.Enrolment]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look: rows whose `column` is `low` or, with `high`, from `low` to before `high`; in its order."""

    column: InstrumentedAttribute[Any]
    low: str | bytes
    high: str = ""

    @property
    def found(self) -> ColumnElement[bool]:
        """Whether a row is found this way."""
        return and_(self.column >= self.low, self.column < self.high) if self.high else self.column == self.low

    @property
    def key(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """What its rows are in the order of: text only, for it goes into page tokens."""
        return (self.column, TraineeRow.id, EnrolmentRow.id) if self.high else (TraineeRow.id, EnrolmentRow.id)

    def rows(
        self, wanted: Select[EnrolmentRow, TraineeRow], after: Sequence[Any] | None
    ) -> Select[EnrolmentRow, TraineeRow]:
        """The rows of `wanted` that are found this way, in order, after the one whose key is `after`."""
        if after is None:
            return wanted.where(self.found).order_by(*self.key)
        # what was shown is not read again
        left = replace(self, low=after[0]) if self.high else self
        return wanted.where(left.found, tuple_(*self.key) > tuple_(*map(literal, after))).order_by(*self.key)


def search(
    database: Database, pages: Pages, call: Call, request: pb.SearchEnrolmentsRequest, render: Render
) -> pb.ListEnrolmentsResponse:
    """A page of the enrolments within reach whose people the query finds."""
    page = pages.read(call, request)
    reading = Reading()
    ways = read_query(reading, "query", request.query, database.vault, day_of(database.clock()))
    class_name = reading.optional_name("class_name", request.class_name, "classes")
    order = reading.optional_name("order", request.order, "orders")
    states = reading.choices("states", request.states, pb.Enrolment.State)
    reading.done()
    wanted = within(call, class_name, order, states)
    # a page goes on where the last one ended: by which way, and after which row
    first, after = (page.after[0], page.after[1:]) if page.after else (0, None)
    found: list[tuple[int, EnrolmentRow, TraineeRow]] = []
    with database.reading() as session:
        if class_name:
            queries.visible(session, call, ClassRow, class_name)
        if order:
            queries.visible(session, call, OrderRow, order)
        for number, way in enumerate(ways[first:], start=first):
            # whom an earlier way has found already is not found again
            rest = wanted.where(*(not_(earlier.found) for earlier in ways[:number]))
            statement = way.rows(rest, after if number == first else None).limit(page.size + 1 - len(found))
            found += [(number, row, trainee) for row, trainee in session.execute(statement)]
            if len(found) > page.size:
                break
    token = ""
    if len(found) > page.size:
        number, row, trainee = found[page.size - 1]
        key = [getattr(row if column.class_ is EnrolmentRow else trainee, column.key) for column in ways[number].key]
        token = pages.token(call, request, [number, *key])
    return pb.ListEnrolmentsResponse(
        enrolments=[render(row, trainee) for _, row, trainee in found[: page.size]], next_page_token=token
    )


def within(call: Call, class_name: str, order: str, states: Sequence[str]) -> Select[EnrolmentRow, TraineeRow]:
    """The enrolments that the caller may see, of this class and order and in these states if any are given."""
    wanted: Select[EnrolmentRow, TraineeRow] = (
        select(EnrolmentRow, TraineeRow)
        .join(TraineeRow, TraineeRow.id == EnrolmentRow.trainee_id)
        .join(ClassRow, ClassRow.id == EnrolmentRow.class_id)
        .where(queries.within_reach(call, ClassRow))
    )
    if class_name:
        wanted = wanted.where(EnrolmentRow.class_id == class_name.partition("/")[2])
    if order:
        wanted = wanted.where(EnrolmentRow.order_id == order.partition("/")[2])
    return wanted.where(EnrolmentRow.state.in_(states)) if states else wanted


def read_query(reading: Reading, field: str, query: str, vault: Vault, today: date) -> list[Way]:
    """The ways to look for a query: a number has one, letters have two. Notes a violation if it is none of them."""
    text = reading.text(field, query, 1, LONGEST)
    if reading.violations:
        return []
    number = compact(text)
    phone = roster.normalise_phone(text)
    if roster.PHONE.fullmatch(phone):
        return [Way(EnrolmentRow.phone_index, vault.index("phone", phone))]
    if _NUMBER.fullmatch(number):
        if len(number) != 18:
            reading.wrong(field, "FIELD_WHOLE_NUMBER")
            return []
        try:
            whole = resident_id.parse(text, today).number
        except ResidentIdFault as fault:
            reading.wrong(field, roster.code_of(fault))
            return []
        return [Way(TraineeRow.resident_id_index, vault.index("resident_id", whole))]
    name = roster.normalise_name(text)
    if not (_BEGINNING.fullmatch(name) and _LETTER.search(name)):
        reading.wrong(field, "FIELD_SEARCH")
        return []
    if typed := "" if _has_han(name) else names.latin(name):
        return [beginning(TraineeRow.name_pinyin, typed), beginning(TraineeRow.name_initials, typed)]
    return [beginning(TraineeRow.full_name, name)]


def beginning(column: InstrumentedAttribute[str], prefix: str) -> Way:
    """Values that begin with `prefix`: from the prefix itself to before what follows all that begin with it."""
    return Way(column, prefix, prefix[:-1] + _next(prefix[-1]))


def _next(character: str) -> str:
    """The character after, as databases sort them; surrogates are no characters."""
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


def _has_han(name: str) -> bool:
    return any(character >= "\u2e80" for character in name)
