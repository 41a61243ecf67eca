"""Finding trainees, and the enrolments they have within a caller's reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Select, select

from services import finding
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.reference.clock import day_of
from services.training import queries
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, TraineeRow

COLUMNS = finding.Columns(
    full_name=TraineeRow.full_name,
    name_pinyin=TraineeRow.name_pinyin,
    name_initials=TraineeRow.name_initials,
    resident_id_index=TraineeRow.resident_id_index,
    phone_index=EnrolmentRow.phone_index,
    ties=(TraineeRow.id, EnrolmentRow.id),
)

Render = Callable[[EnrolmentRow, TraineeRow], pb.Enrolment]


def search(
    database: Database, pages: Pages, call: Call, request: pb.SearchEnrolmentsRequest, render: Render
) -> pb.ListEnrolmentsResponse:
    """A page of the enrolments within reach whose people the query finds."""
    page = pages.read(call, request)
    reading = Reading()
    ways = finding.read_query(reading, "query", request.query, database.vault, day_of(database.clock()), COLUMNS)
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
        rows, after = finding.find(session, ways, wanted, page)
    return pb.ListEnrolmentsResponse(
        enrolments=[render(row, trainee) for row, trainee in rows],
        next_page_token=pages.token(call, request, after) if after else "",
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
