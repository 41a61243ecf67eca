"""The log of service over the wire, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import assignments_pb2, requests_pb2
from liancai.placement.v1 import visits_pb2 as pb
from sqlalchemy import select

from services.placement.tables import AssignedDayRow
from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from tests.office import MORNING, TODAY, request_id
from tests.placement.desk import FILE, HOST, SERVED, Assignment, Desk, accepted, dispatchable
from tests.placement.test_commissioners import refused
from tests.statuses import violations_of

State = pb.Visit
Taken = Callable[..., str]


@pytest.fixture(scope="module")
def commissioner(unit: Desk, county: Desk, city: Desk, served: Desk) -> str:
    return dispatchable(unit, county, city, served)


@pytest.fixture(scope="module")
def taken(unit: Desk, county: Desk, city: Desk, served: Desk, placement_database: Database) -> Taken:
    """An accepted assignment on days that may have passed: as a plan makes it, which checks them itself."""

    def make(*days: date, commissioner: str = "") -> str:
        who = commissioner or dispatchable(unit, county, city, served)
        request = accepted(served).partition("/")[2]
        booking = Booking(request, who.partition("/")[2], days or (TODAY,))
        call = Call.by_system("placement", "placement.plan.publish", SERVED)
        (number,) = placement_database.write_again(call, lambda tx: assigning.create(tx, call, [booking]))
        return unit.answer("Accept", f"assignments/{number}").name

    return make


def assignment_of(desk: Desk, name: str) -> Assignment:
    found: Assignment = desk.assignments.GetAssignment(assignments_pb2.GetAssignmentRequest(name=name))
    return found


def request_of(desk: Desk, name: str) -> int:
    wanted = requests_pb2.GetRequestRequest(name=assignment_of(desk, name).request)
    found: requests_pb2.Request = desk.requests.GetRequest(wanted)
    return found.state


def correct(desk: Desk, visit: pb.Visit, *paths: str) -> pb.Visit:
    request = pb.CorrectVisitRequest(visit=visit, update_mask=FieldMask(paths=paths), request_id=request_id())
    found: pb.Visit = desk.visits.CorrectVisit(request)
    return found


def test_the_way_of_a_visit_and_of_what_it_serves(
    unit: Desk, host_desk: Desk, served: Desk, county: Desk, taken: Taken
) -> None:
    name = taken(TODAY - timedelta(3), TODAY)
    assert request_of(served, name) == requests_pb2.Request.PLANNED
    first = unit.log(name)
    assert (first.state, first.late, list(first.photo_sha256)) == (State.LOGGED, False, [FILE])
    assert assignment_of(unit, name).state == Assignment.IN_SERVICE
    assert request_of(served, name) == requests_pb2.Request.IN_SERVICE
    confirmed = host_desk.see("Confirm", first.name, etag=first.etag)
    assert (confirmed.state, confirmed.confirmed_by) == (State.CONFIRMED, SERVED)
    assert confirmed.countersign_due_date == (TODAY + timedelta(10)).isoformat()
    assert assignment_of(unit, name).state == Assignment.IN_SERVICE  # one of two days
    signed = served.see("Countersign", first.name)
    assert (signed.state, signed.countersign_late) == (State.COUNTERSIGNED, False)
    second = unit.log(name, day=(TODAY - timedelta(3)).isoformat())
    host_desk.see("Confirm", second.name)
    assert assignment_of(unit, name).state == Assignment.CONFIRMED
    assert request_of(served, name) == requests_pb2.Request.CONFIRMED
    rated = host_desk.answer("Rate", name, rating=Assignment.VERY_SATISFIED, comment="很有帮助")
    assert (rated.state, rated.rating, rated.rating_comment) == (Assignment.RATED, 5, "很有帮助")
    assert request_of(served, name) == requests_pb2.Request.RATED
    assert refused(host_desk.answer, "Rate", name)[1] == "ASSIGNMENT_STATE"
    for desk in (unit, host_desk, served, county):
        assert desk.visits.GetVisit(pb.GetVisitRequest(name=first.name)) == signed


def test_a_disputed_visit_is_corrected_and_counts_then(unit: Desk, host_desk: Desk, taken: Taken) -> None:
    name = taken()
    logged = unit.log(name, beneficiaries=120)
    disputed = host_desk.see("Dispute", logged.name, reason="到场人数不足二十人")
    assert (disputed.state, disputed.reason) == (State.DISPUTED, "到场人数不足二十人")
    assert refused(host_desk.see, "Confirm", logged.name)[1] == "VISIT_STATE"
    corrected = correct(unit, pb.Visit(name=logged.name, beneficiaries=12, etag=disputed.etag), "beneficiaries")
    assert (corrected.state, corrected.beneficiaries, corrected.reason) == (State.LOGGED, 12, "")
    assert corrected.problem == logged.problem
    host_desk.see("Confirm", logged.name)
    assert assignment_of(unit, name).state == Assignment.CONFIRMED
    assert refused(correct, unit, pb.Visit(name=logged.name, beneficiaries=13), "beneficiaries")[1] == "VISIT_STATE"


def test_two_visits_of_one_day_serve_one_day(unit: Desk, host_desk: Desk, taken: Taken) -> None:
    name = taken(TODAY - timedelta(3), TODAY)
    for start, end in (("09:00", "11:00"), ("14:00", "17:00")):
        host_desk.see("Confirm", unit.log(name, start=start, end=end).name)
    assert assignment_of(unit, name).state == Assignment.IN_SERVICE


def test_what_is_written_down_late_is_flagged_and_wants_a_reason(unit: Desk, taken: Taken) -> None:
    day = TODAY - timedelta(31)
    name = taken(day, TODAY - timedelta(30))
    assert not unit.log(name, day=(TODAY - timedelta(30)).isoformat()).late
    with pytest.raises(grpc.RpcError) as error:
        unit.log(name, day=day.isoformat())
    assert {each.field: each.reason for each in violations_of(error.value)} == {
        "visit.late_reason": "FIELD_LATE_REASON"
    }
    late = unit.log(name, day=day.isoformat(), late_reason="当时驻村无网络")
    assert (late.late, late.late_reason) == (True, "当时驻村无网络")
    wanted = pb.ListVisitsRequest.Filter(assignment=name, late=True)
    assert [each.name for each in unit.visits.ListVisits(pb.ListVisitsRequest(filter=wanted)).visits] == [late.name]


def test_a_countersignature_after_its_day_is_flagged(
    unit: Desk,
    host_desk: Desk,
    served: Desk,
    taken: Taken,
    placement_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visits = [host_desk.see("Confirm", unit.log(taken()).name) for _ in range(2)]
    for days, visit in zip((10, 11), visits, strict=True):
        monkeypatch.setattr(placement_database, "clock", lambda days=days: MORNING + timedelta(days))
        assert served.see("Countersign", visit.name).countersign_late is (days == 11)


def test_on_site_is_on_a_day_of_the_assignment_and_remote_on_any(unit: Desk, taken: Taken) -> None:
    name = taken()
    yesterday = (TODAY - timedelta(1)).isoformat()
    assert refused(unit.log, name, day=yesterday) == (grpc.StatusCode.FAILED_PRECONDITION, "VISIT_DAY")
    remote = unit.log(name, day=yesterday, remote=True, place="370103", category=State.ONLINE_ADVICE)
    assert remote.remote
    assert refused(correct, unit, pb.Visit(name=remote.name, category=State.TRAINING), "remote", "category")[0] is (
        grpc.StatusCode.INVALID_ARGUMENT  # the place lies in another county
    )


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"day": (TODAY + timedelta(1)).isoformat()}, {"day": "FIELD_FUTURE"}),
        ({"start": "9:00"}, {"start": "FIELD_TIME"}),
        ({"end": "24:00"}, {"end": "FIELD_TIME"}),
        ({"start": "16:30"}, {"end": "FIELD_END_TIME"}),
        ({"place": "370103"}, {"place": "FIELD_PLACE"}),
        ({"place": "116.4,39.9"}, {"place": "FIELD_TOWN"}),
        ({"category": 0}, {"category": "FIELD_CHOICE"}),
        ({"category": State.ONLINE_ADVICE}, {"remote": "FIELD_REMOTE"}),
        ({"beneficiaries": -1}, {"beneficiaries": "FIELD_RANGE"}),
        ({"photo_sha256": ["x"]}, {"photo_sha256[0]": "FIELD_SHA256"}),
        ({"photo_sha256": [FILE] * 21}, {"photo_sha256": "FIELD_TOO_MANY"}),
        ({"problem": "请联系13957246813"}, {"problem": "FIELD_PERSONAL"}),
        (
            {"measure": "", "result": "证号370103199001010016"},
            {"measure": "FIELD_REQUIRED", "result": "FIELD_PERSONAL"},
        ),
    ],
)
def test_every_wrong_field_is_told(unit: Desk, logged_on: str, fields: dict[str, Any], wrong: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError) as error:
        unit.log(logged_on, **fields)
    assert {each.field.removeprefix("visit."): each.reason for each in violations_of(error.value)} == wrong


@pytest.fixture(scope="module")
def logged_on(taken: Taken) -> str:
    """An assignment of today."""
    return taken()


def test_only_an_accepted_assignment_is_served(unit: Desk, served: Desk, commissioner: str) -> None:
    made = served.assign(accepted(served), commissioner)
    assert refused(unit.log, made.name)[1] == "ASSIGNMENT_STATE"


def test_one_does_not_act_for_the_other(unit: Desk, host_desk: Desk, served: Desk, county: Desk, taken: Taken) -> None:
    name = taken()
    denied = grpc.StatusCode.PERMISSION_DENIED
    assert refused(host_desk.log, name)[0] is denied
    assert refused(served.log, name)[0] is denied
    visit = unit.log(name)
    assert refused(unit.see, "Confirm", visit.name)[0] is denied
    assert refused(unit.see, "Dispute", visit.name)[0] is denied
    assert refused(correct, host_desk, pb.Visit(name=visit.name, beneficiaries=1), "beneficiaries")[0] is denied
    host_desk.see("Confirm", visit.name)
    assert refused(county.see, "Countersign", visit.name)[0] is denied  # of the side that sends
    assert refused(host_desk.see, "Countersign", visit.name)[0] is denied


def test_days_that_were_served_stay_when_the_rest_is_called_off(
    unit: Desk, host_desk: Desk, served: Desk, taken: Taken, bound_days: Callable[[str], set[date]]
) -> None:
    name = taken(TODAY, date(2026, 12, 1))
    visit = unit.log(name)
    cancelled = served.answer("Cancel", name, reason="道路中断")
    assert cancelled.disrupted
    assert bound_days(name) == {TODAY}
    assert host_desk.see("Confirm", visit.name).state == State.CONFIRMED
    assert assignment_of(unit, name).state == Assignment.CANCELLED


@pytest.fixture
def bound_days(placement_database: Database) -> Callable[[str], set[date]]:
    """The days that an assignment binds."""

    def days(name: str) -> set[date]:
        wanted = select(AssignedDayRow.day).where(AssignedDayRow.assignment_id == name.partition("/")[2])
        with placement_database.reading() as session:
            return set(session.scalars(wanted))

    return days


def test_lists_are_filtered_and_come_in_pages(unit: Desk, host_desk: Desk, taken: Taken) -> None:
    name = taken(TODAY - timedelta(3), TODAY)
    first, second = unit.log(name, day=(TODAY - timedelta(3)).isoformat()), unit.log(name)
    host_desk.see("Confirm", first.name)
    who = first.commissioner

    def listed(**fields: Any) -> list[str]:
        wanted = pb.ListVisitsRequest.Filter(**{"commissioner": who, **fields})
        found, token = [], ""
        while True:
            page = unit.visits.ListVisits(pb.ListVisitsRequest(filter=wanted, page_size=1, page_token=token))
            found += [each.name for each in page.visits]
            token = page.next_page_token
            if not token:
                return found

    assert listed() == [second.name, first.name]
    assert listed(states=[State.CONFIRMED]) == [first.name]
    assert listed(from_day=TODAY.isoformat()) == [second.name]
    assert listed(to_day=(TODAY - timedelta(1)).isoformat()) == [first.name]
    assert listed(assignment=name, host_credit_code=HOST) == [second.name, first.name]
