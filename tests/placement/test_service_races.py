"""Many at once: nobody is in two places, a request is served by one, a step is taken once; between replicas too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest
from liancai.placement.v1 import assignments_pb2
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from services import host
from services.placement.tables import AssignedDayRow, AssignmentRow
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Fault, Unavailable
from tests.office import TODAY, clock
from tests.placement.desk import SERVED, Desk, accepted, dispatchable
from tests.placement.test_races import counted
from tests.races.crowd import together
from tests.talent.test_races import crowd

MANY = 6
DAY = date(2026, 12, 1)


@pytest.fixture
def commissioner(unit: Desk, county: Desk, city: Desk, served: Desk) -> str:
    return dispatchable(unit, county, city, served)


@pytest.fixture(scope="module", params=["1", "0"], ids=["in lanes", "each for itself"])
def replicas(request: pytest.FixtureRequest, settings: host.Settings) -> Iterator[list[Database]]:
    """Two replicas on the database that the server has, with lanes and without."""
    known = host.Settings({**settings.environment, "LIANCAI_LANES": request.param})
    vault = host.open_vault(known)
    with host.opened(host.parts(), known, vault) as one, host.opened(host.parts(), known, vault) as other:
        found = [one["placement"], other["placement"]]
        for each in found:
            each.clock = clock
        yield found


def publishing(database: Database, *bookings: Booking) -> Callable[[], object]:
    """A plan that makes these assignments; what came of it."""
    call = Call.by_system("placement", "placement.plan.publish", SERVED)

    def act() -> object:
        try:
            return database.write_again(call, lambda tx: assigning.create(tx, call, bookings))
        except Fault as fault:
            return fault

    return act


def waiting(served: Desk) -> str:
    return accepted(served).partition("/")[2]


def days_of(database: Database, commissioner: str) -> int:
    wanted = select(func.count()).select_from(AssignedDayRow)
    with database.reading() as session:
        return session.execute(
            wanted.where(AssignedDayRow.commissioner_id == commissioner.partition("/")[2])
        ).scalar_one()


def test_of_many_who_want_somebody_on_one_day_one_does(
    served: Desk, commissioner: str, placement_database: Database
) -> None:
    requests = [accepted(served) for _ in range(MANY)]
    found = crowd(*[partial(served.assign, each, commissioner) for each in requests])
    assert counted(found) == {"done": 1, "ASSIGNMENT_RULES": MANY - 1}
    assert days_of(placement_database, commissioner) == 2


def test_of_many_for_one_request_one_is_sent(unit: Desk, county: Desk, city: Desk, served: Desk) -> None:
    people = [dispatchable(unit, county, city, served) for _ in range(3)]
    request = accepted(served)
    found = crowd(*[partial(served.assign, request, each) for each in people])
    assert counted(found) == {"done": 1, "REQUEST_STATE": 2}


def test_of_two_plans_of_two_replicas_one_has_the_day(
    served: Desk, commissioner: str, replicas: list[Database]
) -> None:
    who = commissioner.partition("/")[2]
    for place in range(3):
        bookings = [Booking(waiting(served), who, (date(2026, 12, 1 + place),)) for _ in range(2)]
        found = together(*map(publishing, replicas, bookings))
        (refused,) = [each for each in found if isinstance(each, Fault)]
        assert refused.reason == "ASSIGNMENT_RULES"
        assert [each.rule for each in refused.violations] == ["PD-ONE-PLACE"]
        assert days_of(replicas[0], commissioner) == place + 1


def test_of_two_plans_of_two_replicas_one_has_the_request(
    unit: Desk, county: Desk, city: Desk, served: Desk, commissioner: str, replicas: list[Database]
) -> None:
    other = dispatchable(unit, county, city, served)
    request = waiting(served)
    bookings = [Booking(request, each.partition("/")[2], (DAY,)) for each in (commissioner, other)]
    found = together(*map(publishing, replicas, bookings))
    (refused,) = [each for each in found if isinstance(each, Fault)]
    assert refused.reason == "REQUESTS_TAKEN"


def test_two_plans_that_want_the_same_people_in_another_order_do_not_wait_in_a_circle(
    unit: Desk, county: Desk, city: Desk, served: Desk, replicas: list[Database]
) -> None:
    one, other = (dispatchable(unit, county, city, served).partition("/")[2] for _ in range(2))
    plans = [
        [Booking(waiting(served), who, (date(2026, 12, day),)) for who in people]
        for day, people in ((1, (one, other)), (2, (other, one)))
    ]
    found = together(*(publishing(database, *plan) for database, plan in zip(replicas, plans, strict=True)))
    assert [len(each) for each in found if isinstance(each, list)] == [2, 2]


def test_the_key_holds_where_nobody_looks(
    served: Desk, commissioner: str, replicas: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard under the guard; it can only say that it did not work, which is what the look is for."""
    who = commissioner.partition("/")[2]
    monkeypatch.setattr(assigning, "_free", lambda *_: None)
    bookings = [Booking(waiting(served), who, (DAY,)) for _ in range(2)]
    found = together(*map(publishing, replicas, bookings))
    assert [type(each) for each in found if isinstance(each, Fault)] == [Unavailable]
    assert days_of(replicas[0], commissioner) == 1


def test_one_assignment_of_a_request_stands_at_a_time(
    unit: Desk, served: Desk, commissioner: str, placement_database: Database
) -> None:
    made = served.assign(accepted(served), commissioner)
    columns = ", ".join(each.name for each in AssignmentRow.__table__.columns if each.name != "id")
    copy = text(f"INSERT INTO assignments (id, {columns}) SELECT 'copy', {columns} FROM assignments WHERE id = :id")
    number = {"id": made.name.partition("/")[2]}
    with pytest.raises(IntegrityError), placement_database.writing_engine.begin() as connection:
        connection.execute(copy, number)
    unit.answer("Decline", made.name)
    with placement_database.writing_engine.begin() as connection:
        connection.execute(copy, number)
        connection.execute(text("DELETE FROM assignments WHERE id = 'copy'"))


def test_a_step_is_taken_once(unit: Desk, host_desk: Desk, served: Desk, commissioner: str) -> None:
    made = served.assign(accepted(served, working_days=1, window_start=TODAY.isoformat()), commissioner, f"{TODAY}")
    assert counted(crowd(*[partial(unit.answer, "Accept", made.name)] * MANY)) == {
        "done": 1,
        "ASSIGNMENT_STATE": MANY - 1,
    }
    visits: list[Any] = crowd(*[partial(unit.log, made.name)] * MANY)
    assert counted(visits) == {"done": MANY}  # each with a request id of its own
    found = crowd(*[partial(host_desk.see, "Confirm", each.name) for each in visits for _ in range(2)])
    assert counted(found) == {"done": MANY, "VISIT_STATE": MANY}
    assert counted(crowd(*[partial(host_desk.answer, "Rate", made.name)] * MANY)) == {
        "done": 1,
        "ASSIGNMENT_STATE": MANY - 1,
    }


def test_whoever_accepts_and_whoever_calls_off_do_not_both(
    unit: Desk, served: Desk, host_desk: Desk, commissioner: str
) -> None:
    """Accepted and called off, or called off before: never a promise that stands for a request that does not."""
    for _ in range(3):
        request = accepted(served)
        made = served.assign(request, commissioner)
        found = crowd(
            partial(unit.answer, "Accept", made.name), partial(host_desk.turn, "CancelRequest", request),
            partial(served.answer, "Cancel", made.name),
        )  # fmt: skip
        assert found[1] != "REQUEST_STATE"
        state = served.assignments.GetAssignment(assignments_pb2.GetAssignmentRequest(name=made.name)).state
        assert state == assignments_pb2.Assignment.CANCELLED
