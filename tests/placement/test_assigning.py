"""Making many assignments in one go, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from services.placement.rules.states import AssignmentState, RequestState
from services.placement.tables import AssignedDayRow, AssignmentRow, Base, RequestRow
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Fault, Refused
from tests.placement.desk import COUNTY, HOME_UNIT, HOST, SERVED, Desk, accepted, file

Publish = Callable[[Sequence[Booking]], list[str]]
FIRST = date(2026, 12, 1)


@pytest.fixture(scope="module")
def publish(placement_database: Database) -> Publish:
    """Makes the assignments of a plan."""

    def make(bookings: Sequence[Booking]) -> list[str]:
        call = Call.by_system("placement", "placement.plan.publish", SERVED)
        return placement_database.write_again(
            call, lambda tx: assigning.create(tx, call, bookings, plan="plans/20261100001")
        )

    return make


@pytest.fixture(scope="module")
def commissioner(unit: Desk, county: Desk, city: Desk) -> str:
    return file(unit, county, city).name.partition("/")[2]


def waiting(served: Desk) -> str:
    return accepted(served).partition("/")[2]


def test_a_request_is_planned_with_what_serves_it(
    publish: Publish, commissioner: str, served: Desk, placement_database: Database
) -> None:
    request = waiting(served)
    (number,) = publish([Booking(request, commissioner, (FIRST, FIRST + timedelta(1)), (FIRST - timedelta(1),))])
    with placement_database.reading() as session:
        row = session.get_one(AssignmentRow, number)
        days = session.scalars(
            select(AssignedDayRow.day).where(AssignedDayRow.assignment_id == number).order_by(AssignedDayRow.day)
        ).all()
        asked = session.get_one(RequestRow, request)
        outbox = Base.metadata.tables["outbox_event"]
        told = session.execute(select(outbox.c.type).where(outbox.c.subject == f"assignments/{number}")).scalars().all()
    assert (row.state, row.plan, row.disrupted, row.rating) == (
        AssignmentState.ASSIGNED, "plans/20261100001", False, 0
    )  # fmt: skip
    assert (row.days, row.travel_days) == (["2026-12-01", "2026-12-02"], ["2026-11-30"])
    assert (row.host_credit_code, row.home_unit_credit_code) == (HOST, HOME_UNIT)
    assert (row.division, row.partner_division) == (SERVED, COUNTY)
    assert days == [date(2026, 11, 30), FIRST, FIRST + timedelta(1)]
    assert asked.state == RequestState.PLANNED
    assert told == ["liancai.placement.assignment.assigned"]


def refused(publish: Publish, *bookings: Booking) -> Fault:
    with pytest.raises(Refused) as error:
        publish(bookings)
    return error.value


def test_all_are_made_or_none(publish: Publish, unit: Desk, county: Desk, city: Desk, served: Desk) -> None:
    commissioner = file(unit, county, city).name.partition("/")[2]
    first, second = waiting(served), waiting(served)
    clash = refused(publish, Booking(first, commissioner, (FIRST,)), Booking(second, commissioner, (FIRST,)))
    assert clash.reason == "ASSIGNMENT_RULES"
    (violation,) = clash.violations
    assert (violation.field, violation.rule) == ("assignments[1].days", "PD-ONE-PLACE")
    assert violation.values == {"others": f"requests/{first}", "days": "2026-12-01"}  # of the same list
    twice = refused(publish, Booking(first, commissioner, (FIRST,)), Booking(first, commissioner, (date(2026, 12, 2),)))
    assert (twice.reason, twice.metadata["requests"]) == ("REQUESTS_TAKEN", f"requests/{first}")
    (number,) = publish([Booking(first, commissioner, (FIRST,))])
    assert refused(publish, Booking(first, commissioner, (date(2026, 12, 2),))).reason == "REQUESTS_TAKEN"
    travel = refused(publish, Booking(second, commissioner, (date(2026, 12, 2),), (FIRST,)))
    assert travel.violations[0].values["others"] == f"assignments/{number}"


def test_a_whole_plan_takes_a_handful_of_statements(
    publish: Publish, unit: Desk, county: Desk, city: Desk, served: Desk, placement_database: Database
) -> None:
    people = [file(unit, county, city).name.partition("/")[2] for _ in range(3)]
    requests = [waiting(served) for _ in range(30)]
    bookings = [
        Booking(request, people[place % 3], (FIRST + timedelta(place // 3),)) for place, request in enumerate(requests)
    ]
    said: list[Any] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(placement_database.writing_engine, "before_cursor_execute", note)
    try:
        numbers = publish(bookings)
    finally:
        event.remove(placement_database.writing_engine, "before_cursor_execute", note)
    assert len(said) < len(bookings), said  # SQLite takes blocks of ten
    with placement_database.reading() as session:
        count = select(func.count()).select_from(AssignedDayRow).where(AssignedDayRow.assignment_id.in_(numbers))
        assert session.execute(count).scalar_one() == 30
        planned = select(func.count()).select_from(RequestRow).where(
            RequestRow.id.in_(requests), RequestRow.state == RequestState.PLANNED
        )  # fmt: skip
        assert session.execute(planned).scalar_one() == 30
