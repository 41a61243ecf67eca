"""Assignments over the wire, on both databases."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from liancai.placement.v1 import assignments_pb2 as pb
from liancai.placement.v1 import commissioners_pb2, requests_pb2
from sqlalchemy import select

from services.placement.tables import AssignedDayRow, Base
from services.platform.database import Database
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import (
    AGRONOMY,
    COUNTY,
    HOME_UNIT,
    HOST,
    SERVED,
    Desk,
    Kind,
    accepted,
    dispatchable,
    file,
)
from tests.placement.test_commissioners import refused
from tests.statuses import info_of, violations_of

State = pb.Assignment
Asked = requests_pb2.Request


@pytest.fixture(scope="module")
def commissioner(unit: Desk, county: Desk, city: Desk, served: Desk) -> str:
    """Somebody who may be sent to the cooperative."""
    return dispatchable(unit, county, city, served)


@pytest.fixture
def somebody_new(unit: Desk, county: Desk, city: Desk, served: Desk) -> str:
    """The same, with no day given away."""
    return dispatchable(unit, county, city, served)


def state_of(desk: Desk, name: str) -> int:
    found: Asked = desk.requests.GetRequest(requests_pb2.GetRequestRequest(name=name))
    return found.state


def test_an_assignment_is_made_and_accepted(
    served: Desk, unit: Desk, host_desk: Desk, somebody_new: str, placement_database: Database
) -> None:
    request = accepted(served)
    made = served.assign(request, somebody_new, travel_days=["2026-11-30"])
    assert (made.state, made.request, made.commissioner, made.plan) == (State.ASSIGNED, request, somebody_new, "")
    assert (list(made.days), list(made.travel_days)) == (["2026-12-01", "2026-12-02"], ["2026-11-30"])
    assert (made.host_credit_code, made.home_unit_credit_code) == (HOST, HOME_UNIT)
    assert (made.division, made.partner_division) == (SERVED, COUNTY)
    assert state_of(served, request) == Asked.PLANNED
    taken = unit.answer("Accept", made.name, etag=made.etag)
    assert (taken.state, taken.answered_by) == (State.ACCEPTED, COUNTY)
    for desk in (served, unit, host_desk):
        assert desk.assignments.GetAssignment(pb.GetAssignmentRequest(name=made.name)) == taken
    outbox = Base.metadata.tables["outbox_event"]
    with placement_database.reading() as session:
        told = select(outbox.c.type).where(outbox.c.subject == made.name).order_by(outbox.c.sequence)
        kinds = [each.rpartition(".")[2] for each in session.execute(told).scalars()]
    assert kinds == ["assigned", "accepted"]


def test_a_declined_request_waits_again(
    served: Desk, unit: Desk, somebody_new: str, placement_database: Database
) -> None:
    request = accepted(served)
    made = served.assign(request, somebody_new)
    declined = unit.answer("Decline", made.name, reason="当日另有教学任务")
    assert (declined.state, declined.reason, declined.disrupted) == (State.DECLINED, "当日另有教学任务", False)
    assert state_of(served, request) == Asked.ACCEPTED
    with placement_database.reading() as session:
        number = made.name.partition("/")[2]
        assert session.scalars(select(AssignedDayRow).where(AssignedDayRow.assignment_id == number)).all() == []
    again = served.assign(request, somebody_new)  # the days are free, the request waits
    assert again.name != made.name
    assert refused(unit.answer, "Decline", made.name)[1] == "ASSIGNMENT_STATE"


def test_a_broken_promise_is_counted(served: Desk, unit: Desk, host_desk: Desk, somebody_new: str) -> None:
    kept, broken = accepted(served), accepted(served)
    never = served.assign(kept, somebody_new)
    assert not served.answer("Cancel", never.name, reason="改派他人").disrupted  # nobody had agreed
    made = served.assign(broken, somebody_new)
    unit.answer("Accept", made.name)
    cancelled = served.answer("Cancel", made.name, reason="暴雪封路")
    assert (cancelled.state, cancelled.disrupted, cancelled.reason) == (State.CANCELLED, True, "暴雪封路")
    assert state_of(served, broken) == Asked.ACCEPTED
    wanted = pb.ListAssignmentsRequest.Filter(commissioner=somebody_new, disrupted=True)
    for desk in (served, unit, host_desk):
        found = desk.assignments.ListAssignments(pb.ListAssignmentsRequest(filter=wanted)).assignments
        assert [each.name for each in found] == [made.name]


@pytest.mark.parametrize(("who", "disrupted"), [("host_desk", False), ("served", True)])
def test_a_request_that_is_called_off_takes_its_assignment_along(
    served: Desk, unit: Desk, somebody_new: str, request: pytest.FixtureRequest, who: str, disrupted: bool
) -> None:
    asked = accepted(served)
    made = served.assign(asked, somebody_new)
    unit.answer("Accept", made.name)
    desk: Desk = request.getfixturevalue(who)
    assert desk.turn("CancelRequest", asked, reason="棚已拆除").state == Asked.CANCELLED
    found = served.assignments.GetAssignment(pb.GetAssignmentRequest(name=made.name))
    assert (found.state, found.reason, found.disrupted) == (State.CANCELLED, "棚已拆除", disrupted)
    assert served.assign(accepted(served), somebody_new).state == State.ASSIGNED  # on the same days


def test_every_broken_rule_is_told_at_once(unit: Desk, county: Desk, city: Desk, served: Desk) -> None:
    """No agreement, a level too low, days off, too many days, the wrong number of them, and not wanted."""
    poor = file(
        unit, county, city, disciplines=[commissioners_pb2.Discipline(code=AGRONOMY, level=1)], days_a_year=2
    ).name
    county.commissioners.SetAvailability(
        commissioners_pb2.SetAvailabilityRequest(name=poor, unavailable_weekdays=[2], request_id=request_id())
    )
    asked = accepted(served, refused_commissioners=[poor], window_end="2026-12-03")
    with pytest.raises(grpc.RpcError) as error:
        served.assign(asked, poor, "2026-12-01", "2026-12-03", "2026-12-04")
    reason, metadata = info_of(error.value)
    codes = [
        *("PD-QUALIFICATION", "PD-AGREEMENT", "PD-AVAILABILITY", "PD-YEAR-LIMIT", "PD-DAYS", "PD-WINDOW"),
        "PD-REFUSED",
    ]
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (reason, metadata["codes"], metadata["count"]) == ("ASSIGNMENT_RULES", ", ".join(codes), "7")
    told = violations_of(error.value)
    assert [each.field for each in told] == ["assignment"] * 7
    assert "2026-12-01" in told[2].description
    assert "{" not in "".join(each.description for each in told)
    assert state_of(served, asked) == Asked.ACCEPTED


def test_nobody_is_in_two_places(served: Desk, somebody_new: str) -> None:
    first = served.assign(accepted(served), somebody_new)
    with pytest.raises(grpc.RpcError) as error:
        served.assign(accepted(served), somebody_new, "2026-12-02", "2026-12-03")
    assert info_of(error.value) == ("ASSIGNMENT_RULES", {"codes": "PD-ONE-PLACE", "count": "1"})
    (told,) = violations_of(error.value)
    assert first.name in told.description
    assert "2026-12-02" in told.description
    assert served.assign(accepted(served), somebody_new, "2026-12-03", "2026-12-04").state == State.ASSIGNED


def test_a_member_of_a_team_is_not_in_two_places(unit: Desk, county: Desk, city: Desk, served: Desk) -> None:
    leader, member = (dispatchable(unit, county, city, served) for _ in range(2))
    team = dispatchable(
        unit, county, city, served, kind=Kind.TEAM, group_name="样例蔬菜团队", leader=leader, members=[member]
    )
    alone = served.assign(accepted(served), member)
    with pytest.raises(grpc.RpcError) as error:
        served.assign(accepted(served, team_needed=True), team)
    assert info_of(error.value)[1]["codes"] == "PD-MEMBER"
    assert alone.name in violations_of(error.value)[0].description
    served.assign(accepted(served, team_needed=True), team, "2026-12-03", "2026-12-04")
    assert refused(served.assign, accepted(served), leader, "2026-12-04", "2026-12-07")[1] == "ASSIGNMENT_RULES"
    with pytest.raises(grpc.RpcError) as one:
        served.assign(accepted(served, team_needed=True), leader, "2026-12-08", "2026-12-09")
    assert info_of(one.value)[1]["codes"] == "PD-TEAM"


def test_only_a_request_that_waits_is_served_and_only_once(served: Desk, commissioner: str) -> None:
    draft = served.ask().name
    assert refused(served.assign, draft, commissioner)[1] == "REQUEST_STATE"
    asked = accepted(served)
    served.assign(asked, commissioner)
    assert refused(served.assign, asked, commissioner, "2026-12-03", "2026-12-04")[1] == "REQUEST_STATE"


@pytest.mark.parametrize(
    ("days", "travel", "wrong"),
    [
        ([], [], {"days": "FIELD_REQUIRED"}),
        (["2026-12-05"], [], {"days[0]": "FIELD_WORKDAY"}),
        (["2026-11-20"], [], {"days[0]": "FIELD_PAST"}),
        (["2026-12-02", "2026-12-01"], [], {"days[1]": "FIELD_DAYS_ORDER"}),
        (["2026-12-31", "2027-01-04"], [], {"days[1]": "FIELD_ONE_YEAR"}),
        (["2027-01-04"], [], {"days[0]": "CALENDAR_NOT_PUBLISHED"}),
        (["2026-12-02"], ["2026-11-30"], {"travel_days[0]": "FIELD_TRAVEL_DAY"}),
        (["1.12.2026"], [], {"days[0]": "FIELD_DATE"}),
        (["2026-12-02"] * 61, [], {"days": "FIELD_TOO_MANY"}),
    ],
)
def test_days_that_cannot_be_are_told(
    served: Desk, commissioner: str, days: list[str], travel: list[str], wrong: dict[str, str]
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        served.assignments.CreateAssignment(
            pb.CreateAssignmentRequest(
                assignment=State(request="requests/1", commissioner=commissioner, days=days, travel_days=travel),
                request_id=request_id(),
            )
        )
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    told = {each.field.removeprefix("assignment."): each.reason for each in violations_of(error.value)}
    assert wrong.items() <= told.items()


def test_one_does_not_act_for_the_other(
    served: Desk, unit: Desk, host_desk: Desk, county: Desk, somebody_new: str, new_desk: NewDesk
) -> None:
    made = served.assign(accepted(served), somebody_new)
    denied = grpc.StatusCode.PERMISSION_DENIED
    assert refused(host_desk.answer, "Accept", made.name)[0] is denied
    assert refused(served.answer, "Accept", made.name)[0] is denied
    assert refused(unit.answer, "Cancel", made.name)[0] is denied
    assert refused(county.answer, "Cancel", made.name)[0] is denied  # of the side that sends
    assert refused(unit.answer, "Rate", made.name)[0] is denied
    assert refused(county.assign, accepted(served), somebody_new, "2026-12-03", "2026-12-04")[0] is denied
    stranger = new_desk("371525", "science_officer")
    assert refused(stranger.assign, accepted(served), somebody_new)[0] is grpc.StatusCode.NOT_FOUND
    assert refused(stranger.answer, "Cancel", made.name)[0] is grpc.StatusCode.NOT_FOUND


def test_a_stale_etag_and_a_repeated_call(served: Desk, unit: Desk, somebody_new: str) -> None:
    asked = accepted(served)
    request = pb.CreateAssignmentRequest(
        assignment=State(request=asked, commissioner=somebody_new, days=["2026-12-01", "2026-12-02"]),
        request_id=request_id(),
    )
    made = served.assignments.CreateAssignment(request)
    assert served.assignments.CreateAssignment(request) == made
    unit.answer("Accept", made.name)
    assert refused(served.answer, "Cancel", made.name, etag=made.etag)[0] is grpc.StatusCode.ABORTED


def test_words_without_numbers_of_people(unit: Desk) -> None:
    with pytest.raises(grpc.RpcError) as error:
        unit.answer("Decline", "assignments/1", reason="请联系13957246813")
    assert [each.reason for each in violations_of(error.value)] == ["FIELD_PERSONAL"]


def test_lists_are_filtered_and_come_in_pages(served: Desk, unit: Desk, somebody_new: str) -> None:
    asked = [accepted(served) for _ in range(3)]
    spans = [("2026-12-01", "2026-12-02"), ("2026-12-03", "2026-12-04"), ("2026-12-07", "2026-12-08")]
    made = [served.assign(each, somebody_new, *days) for each, days in zip(asked, spans, strict=True)]
    unit.answer("Decline", made[2].name)

    def listed(**fields: Any) -> list[str]:
        wanted = pb.ListAssignmentsRequest.Filter(**{"commissioner": somebody_new, **fields})
        found, token = [], ""
        while True:
            page = served.assignments.ListAssignments(
                pb.ListAssignmentsRequest(filter=wanted, page_size=1, page_token=token)
            )
            found += [each.name for each in page.assignments]
            token = page.next_page_token
            if not token:
                return found

    names = [each.name for each in made]
    assert listed() == names[::-1]
    assert listed(request=asked[1]) == [names[1]]
    assert listed(states=[State.DECLINED]) == [names[2]]
    assert listed(from_day="2026-12-02", to_day="2026-12-03") == [names[1], names[0]]
    assert listed(plan="plans/1") == []
    assert listed(host_credit_code=HOST) == names[::-1]
