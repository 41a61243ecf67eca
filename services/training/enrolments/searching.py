"""Finding people: by the beginning of a name, its pinyin or initials, or by a whole number.

Numbers are found by blind index: the whole number or nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Select, select

from services import fields
from services.fields import Sought
from services.platform import ways
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.platform.ways import Way, beginning
from services.reference.clock import day_of
from services.training import queries
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, TraineeRow

_TIES = (TraineeRow.id, EnrolmentRow.id)

Render = Callable[[EnrolmentRow, TraineeRow], pb.Enrolment]


def search(
    database: Database, pages: Pages, call: Call, request: pb.SearchEnrolmentsRequest, render: Render
) -> pb.ListEnrolmentsResponse:
    """A page of the enrolments within reach whose people the query finds."""
    page = pages.read(call, request)
    reading = Reading()
    known = read_query(reading, "query", request.query, database.vault, day_of(database.clock()))
    class_name = reading.optional_name("class_name", request.class_name, "classes")
    order = reading.optional_name("order", request.order, "orders")
    states = reading.choices("states", request.states, pb.Enrolment.State)
    reading.done()
    wanted = within(call, class_name, order, states)
    with database.reading() as session:
        if class_name:
            queries.visible(session, call, ClassRow, class_name)
        if order:
            queries.visible(session, call, OrderRow, order)
        rows, key = ways.search(session, wanted, known, page)
    return pb.ListEnrolmentsResponse(
        enrolments=[render(row[0], row[1]) for row in rows],
        next_page_token=pages.token(call, request, key) if key else "",
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
    sought = fields.read_query(reading, field, query, today)
    if sought is None:
        return []
    text = sought.text
    if sought.by is Sought.PHONE:
        return [Way(EnrolmentRow.phone_index, _TIES, vault.index("phone", text))]
    if sought.by is Sought.RESIDENT_ID:
        return [Way(TraineeRow.resident_id_index, _TIES, vault.index("resident_id", text))]
    if sought.by is Sought.LATIN:
        return [beginning(column, _TIES, text) for column in (TraineeRow.name_pinyin, TraineeRow.name_initials)]
    return [beginning(TraineeRow.full_name, _TIES, text)]
