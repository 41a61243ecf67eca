"""Secondments, exchanges, internships and part-time work over the wire, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from liancai.placement.v1 import audit_pb2
from liancai.placement.v1 import placements_pb2 as pb
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services.placement.tables import Base, PlacementRow
from services.platform.database import Database
from tests.office import FILE, request_id, somebody
from tests.placement.conftest import NewDesk
from tests.placement.desk import COUNTY, HOST, ORGAN, OTHER_UNIT, SENDER, SERVED, Desk, a_placement
from tests.placement.placing import SECONDMENT, approved, get, report, update
from tests.placement.test_commissioners import refused
from tests.placement.test_events import events
from tests.platform.test_nasty import variants
from tests.statuses import info_of, violations_of

Post = pb.Placement
RESERVED = "说明理由"


def test_the_way_of_an_exchange(
    sender: Desk, receiver: Desk, county: Desk, served: Desk, placement_database: Database
) -> None:
    made = sender.place()
    name = made.name
    assert (made.state, made.personnel_relation) == (Post.DRAFT, Post.PERSONNEL_RELATION_UNSPECIFIED)
    submitted = sender.act("Submit", name, etag=made.etag)
    assert submitted.state == Post.SUBMITTED
    assert submitted.rule_pack.startswith("other-placements@")
    returned = county.act("Return", name, reason="缺附件")
    assert (returned.state, returned.reason) == (Post.RETURNED, "缺附件")
    assert update(sender, Post(name=name, post="工艺工程师"), "post").post == "工艺工程师"
    assert sender.act("Submit", name).reason == ""
    consented = receiver.act("Consent", name)
    assert (consented.state, consented.consent_unit) == (Post.SUBMITTED, HOST)
    assert served.act("Consent", name) == consented  # once is enough
    assert county.act("Approve", name).state == Post.APPROVED
    assert sender.act("Begin", name, begun_on="2026-11-21").begun_on == "2026-11-21"
    assert report(receiver, name, "2026-11-21", "2026-11-22").unit == HOST
    assert county.act("Extend", name, end_date="2027-12-31").end_date == "2027-12-31"
    ended = sender.act("End", name, ended_on="2026-11-23", reason="项目提前完成")
    assert (ended.state, ended.ended_on, ended.report_count) == (Post.ENDED, "2026-11-23", 1)
    for desk in (sender, receiver, county, served):
        assert get(desk, name) == ended
    table = Base.metadata.tables["outbox_event"]
    with placement_database.reading() as session:
        told = select(table.c.type).where(table.c.subject == name).order_by(table.c.sequence)
        assert [each.removeprefix("liancai.placement.placement.") for each in session.execute(told).scalars()] == [
            *("created", "submitted", "returned", "updated", "submitted", "consented", "approved", "begun"),
            *("reported", "extended", "ended"),
        ]


def test_what_is_shown_of_a_person_is_masked_and_revealed_for_a_purpose(sender: Desk, county: Desk) -> None:
    person = somebody()
    shown = sender.place(full_name="张三丰", resident_id=person.resident_id, phone=person.phone)
    assert (shown.masked_name, shown.full_name, shown.resident_id, shown.phone) == ("张**", "", "", "")
    assert shown.masked_resident_id == person.resident_id[:6] + "********" + person.resident_id[-4:]
    request = pb.RevealPlacementRequest(name=shown.name, purpose="核对身份", request_id=request_id())
    found = county.placements.RevealPlacement(request)
    assert (found.full_name, found.resident_id, found.phone) == ("张三丰", person.resident_id, person.phone)
    assert refused(sender.placements.RevealPlacement, request)[0] is grpc.StatusCode.PERMISSION_DENIED
    trail = county.trail.ListPlacementTrail(audit_pb2.ListPlacementTrailRequest(resource=shown.name)).entries
    assert [(each.action, each.reason) for each in trail][-1] == ("placement.placement.reveal", "核对身份")


def test_every_wrong_field_is_told_at_once(sender: Desk) -> None:
    twice = Post.Document(kind=Post.Document.OTHER, sha256=FILE)
    with pytest.raises(grpc.RpcError) as error:
        sender.place(
            kind=0, full_name="张", resident_id="1", phone="2", host_credit_code=SENDER, home_unit_name="", post="",
            division="370100", host_division="", end_date="2026-11-19", approval_number="号" * 65, study_months=-1,
            agreement=Post.Agreement(title="协", signed_on="2026-11-24"), documents=[twice, twice, Post.Document()],
            pay_bearer=9, host_staff=5, school=9, benefit_basis="待" * 201,
        )  # fmt: skip
    at = {each.field.removeprefix("placement.") for each in violations_of(error.value)}
    assert at == {
        *("kind", "full_name", "resident_id", "phone", "host_credit_code", "home_unit_name", "post", "division"),
        *("host_division", "end_date", "approval_number", "study_months", "agreement.title", "agreement.sha256"),
        *("agreement.signed_on", "documents[1]", "documents[2].kind", "documents[2].sha256", "pay_bearer"),
        *("host_staff", "benefit_basis", "school"),
    }


@pytest.mark.parametrize("first", ["9999-12-31", "3000-01-01"])
def test_a_period_begins_in_this_millennium(sender: Desk, first: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        sender.place(start_date=first, end_date="9999-12-31")
    assert [each.field for each in violations_of(error.value)] == ["placement.start_date"]


@pytest.mark.parametrize(("last", "good"), [("2026-11-20", True), ("2036-11-19", True), ("2036-11-20", False)])
def test_a_period_is_a_day_to_ten_years(sender: Desk, last: str, good: bool) -> None:
    if good:
        assert sender.place(end_date=last).end_date == last
    else:
        assert refused(sender.place, end_date=last)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_secondment_is_for_organisation_officers(
    home_org: Desk, host_org: Desk, bureau: Desk, new_desk: NewDesk
) -> None:
    made = approved(home_org, host_org, home_org, **SECONDMENT)
    assert made.personnel_relation == Post.STAYS_HOME
    for stranger in (bureau, new_desk(COUNTY, "enterprise", unit=ORGAN), new_desk(COUNTY, "hr_officer", "supervisor")):
        assert refused(get, stranger, made.name)[0] is grpc.StatusCode.NOT_FOUND
        assert refused(stranger.place, **SECONDMENT)[0] is grpc.StatusCode.PERMISSION_DENIED
        assert refused(stranger.act, "Submit", made.name)[0] is grpc.StatusCode.NOT_FOUND
    assert refused(home_org.place)[0] is grpc.StatusCode.PERMISSION_DENIED  # an exchange is not theirs
    assert refused(host_org.act, "Begin", made.name, begun_on="2026-11-20")[0] is grpc.StatusCode.PERMISSION_DENIED
    assert get(new_desk(COUNTY, "auditor"), made.name) == made


def test_no_kind_becomes_another(sender: Desk) -> None:
    name = sender.place().name
    code, _ = refused(update, sender, Post(name=name, kind=Post.SECONDMENT), "kind")
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_secondment_wants_its_decision_and_keeps_no_appraisal(home_org: Desk, host_org: Desk) -> None:
    bare = home_org.place(**{**SECONDMENT, "approval_number": ""}).name
    with pytest.raises(grpc.RpcError) as error:
        home_org.act("Submit", bare)
    assert info_of(error.value)[1]["codes"] == "PL-APPROVAL"
    name = approved(home_org, host_org, home_org, **SECONDMENT).name
    home_org.act("Begin", name, begun_on="2026-11-20")
    with pytest.raises(grpc.RpcError) as error:
        report(host_org, name, "2026-11-20", "2026-11-22", text="考核优秀")
    assert [each.field for each in violations_of(error.value)] == ["report.text"]
    kept = report(host_org, name, "2026-11-20", "2026-11-22", text="", file_sha256=FILE.upper())
    assert (kept.text, kept.file_sha256) == ("", FILE)


def test_the_host_consents_and_nobody_else_does_for_it(
    sender: Desk, receiver: Desk, county: Desk, new_desk: NewDesk
) -> None:
    name = sender.place().name
    assert refused(receiver.act, "Consent", name)[1] == "PLACEMENT_STATE"
    sender.act("Submit", name)
    for desk in (sender, county):
        assert refused(desk.act, "Consent", name)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(new_desk(SERVED, "enterprise", unit=OTHER_UNIT).act, "Consent", name)[0] is grpc.StatusCode.NOT_FOUND
    receiver.act("Consent", name)
    assert not county.act("Return", name).HasField("consent_time")  # what it consented to may change now


def test_the_host_sees_it_and_changes_nothing(receiver: Desk, served: Desk, sender: Desk) -> None:
    name = sender.place().name
    for desk in (receiver, served):
        assert get(desk, name).name == name
        assert refused(update, desk, Post(name=name, post="另一岗位"), "post")[0] is grpc.StatusCode.PERMISSION_DENIED
        assert refused(desk.act, "Submit", name)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(receiver.place)[0] is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("Consent", {}),
        ("Return", {}),
        ("Approve", {"reason": RESERVED}),
        ("Begin", {"begun_on": "2026-11-20"}),
        ("Extend", {"end_date": "2028-01-01"}),
        ("End", {"ended_on": "2026-11-20"}),
    ],
)
def test_no_step_is_skipped(sender: Desk, county: Desk, served: Desk, verb: str, fields: dict[str, str]) -> None:
    name = sender.place().name
    desk = served if verb == "Consent" else county
    assert refused(desk.act, verb, name, **fields) == (grpc.StatusCode.FAILED_PRECONDITION, "PLACEMENT_STATE")
    assert refused(report, county, name, "2026-11-20", "2026-11-20")[1] == "PLACEMENT_STATE"


def test_days_lie_in_the_period_and_not_in_the_future(sender: Desk, receiver: Desk, county: Desk) -> None:
    name = approved(sender, receiver, county).name
    with pytest.raises(grpc.RpcError) as error:
        sender.act("Begin", name, begun_on="2026-11-19")
    about = {"placement": name, "first_day": "2026-11-20", "last_day": "2027-11-19"}
    assert info_of(error.value) == ("PLACEMENT_PERIOD", about)
    assert refused(sender.act, "Begin", name, begun_on="2026-11-24")[0] is grpc.StatusCode.INVALID_ARGUMENT
    sender.act("Begin", name, begun_on="2026-11-21")
    assert refused(sender.act, "End", name, ended_on="2026-11-20", reason=RESERVED)[1] == "PLACEMENT_PERIOD"
    assert refused(sender.act, "End", name, ended_on="2026-11-22")[0] is grpc.StatusCode.INVALID_ARGUMENT  # why early
    assert refused(county.act, "Extend", name, end_date="2027-11-19")[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(county.act, "Extend", name, end_date="2036-11-20")[0] is grpc.StatusCode.INVALID_ARGUMENT
    for first, last, reason in (
        ("2026-11-20", "2026-11-21", "PLACEMENT_PERIOD"),
        ("2026-11-23", "2026-11-22", "INVALID_REQUEST"),
        ("2026-11-23", "2026-11-24", "INVALID_REQUEST"),
    ):
        assert refused(report, sender, name, first, last)[1] == reason
    assert refused(sender.act, "Cancel", name)[1] == "PLACEMENT_STATE"


def test_one_day_is_reported_on_once(sender: Desk, receiver: Desk, county: Desk) -> None:
    name = approved(sender, receiver, county).name
    sender.act("Begin", name, begun_on="2026-11-20")
    first = report(sender, name, "2026-11-20", "2026-11-21")
    assert first.name == f"{name}/reports/1"
    with pytest.raises(grpc.RpcError) as error:
        report(receiver, name, "2026-11-21", "2026-11-22")
    assert info_of(error.value) == ("PLACEMENT_REPORTED", {"placement": name, "report": first.name})
    assert refused(report, sender, name, "2026-11-22", "2026-11-22", text="")[0] is grpc.StatusCode.INVALID_ARGUMENT
    second = report(receiver, name, "2026-11-22", "2026-11-22", file_sha256=FILE)
    request = pb.ListPlacementReportsRequest(name=name, page_size=1)
    page = county.placements.ListPlacementReports(request)
    assert list(page.reports) == [second]
    request.page_token = page.next_page_token
    page = county.placements.ListPlacementReports(request)
    assert (list(page.reports), page.next_page_token) == ([first], "")


def test_the_same_request_is_done_once_and_a_stale_one_not_at_all(sender: Desk) -> None:
    request = pb.CreatePlacementRequest(placement=a_placement(), request_id=request_id())
    first = sender.placements.CreatePlacement(request)
    assert sender.placements.CreatePlacement(request) == first
    request.placement.post = "另一岗位"
    assert refused(sender.placements.CreatePlacement, request)[1] == "REQUEST_ID_REUSED"
    sender.act("Submit", first.name, etag=first.etag)
    assert refused(sender.act, "Cancel", first.name, etag=first.etag)[1] == "STALE_ETAG"


def test_lists_and_searches_hold_what_is_within_reach(
    sender: Desk, receiver: Desk, bureau: Desk, served: Desk, home_org: Desk, new_desk: NewDesk
) -> None:
    person = somebody()
    about = {"full_name": "欧阳样例", "resident_id": person.resident_id, "phone": person.phone}
    mine = [sender.place(**about).name for _ in range(3)]
    second = home_org.place(**SECONDMENT, **about).name
    alone = sender.place(**about, host_division=COUNTY, kind=Post.ADVISER).name

    def found(desk: Desk, query: str, size: int = 0) -> set[str]:
        return set(_all(desk.placements.SearchPlacements, pb.SearchPlacementsRequest(query=query, page_size=size)))

    for query in ("欧阳样", "ouyang", "oyyl", person.resident_id, person.phone):
        assert found(bureau, query, 2) == {*mine, alone}
        assert found(home_org, query) == {second}
    assert found(served, person.phone) == set(mine)
    assert found(receiver, person.phone) == {*mine, alone}
    assert found(new_desk(SERVED, "hr_officer"), person.phone) == set(mine)
    assert found(new_desk("410102", "science_officer"), person.phone) == set()

    def listed(desk: Desk, **filters: Any) -> list[str]:
        request = pb.ListPlacementsRequest(filter=pb.ListPlacementsRequest.Filter(**filters), page_size=2)
        return [each for each in _all(desk.placements.ListPlacements, request) if each in {*mine, second, alone}]

    assert listed(bureau) == [alone, *reversed(mine)]
    assert listed(home_org, kinds=[Post.SECONDMENT]) == [second]
    assert listed(bureau, kinds=[Post.SECONDMENT]) == listed(bureau, states=[Post.ENDED]) == []
    assert listed(bureau, division=SERVED, home_unit_credit_code=SENDER, host_credit_code=HOST) == [*reversed(mine)]
    assert listed(bureau, on_day="2027-11-19") == [alone, *reversed(mine)]
    assert listed(bureau, on_day="2027-11-20") == []


def _all(call: Any, request: Any) -> Iterator[str]:
    while True:
        page = call(request)
        yield from (each.name for each in page.placements)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


@pytest.mark.parametrize(
    "change",
    [
        "host_credit_code = home_unit_credit_code",
        "end_date = '2026-11-19'",
        "study_months = 1",
        "school = 'VOCATIONAL'",
        "state = 'RUNNING'",
        "state = 'ENDED', begun_on = '2026-11-20'",
        "ended_on = '2026-11-20'",
    ],
)
def test_the_tables_hold_what_nobody_looks_at_first(sender: Desk, placement_database: Database, change: str) -> None:
    """The guard under the guard."""
    number = {"id": sender.place().name.partition("/")[2]}
    statement = text(f"UPDATE {PlacementRow.__tablename__} SET {change} WHERE id = :id")
    with pytest.raises(IntegrityError), placement_database.writing_engine.begin() as connection:
        connection.execute(statement, number)


def test_no_field_makes_the_server_fail(sender: Desk, receiver: Desk, county: Desk) -> None:
    """Good requests with one field changed, and days at the end of time: taken or refused, never a fault of ours."""
    name = approved(sender, receiver, county).name
    late = {"name": name, "reason": RESERVED}
    asked: list[tuple[Any, Any]] = [
        (sender.placements.CreatePlacement, each) for each in variants(pb.CreatePlacementRequest(placement=_full()))
    ]
    asked += [
        (getattr(county.placements, f"{verb}Placement"), getattr(pb, f"{verb}PlacementRequest")(**late, **{field: day}))
        for verb, field in (("Extend", "end_date"), ("End", "ended_on"))
        for day in ("9999-12-31", "0001-01-01")
    ]
    asked += [
        (county.placements.ListPlacements, each)
        for each in variants(pb.ListPlacementsRequest(filter=pb.ListPlacementsRequest.Filter(on_day="9999-12-31")))
    ]
    codes = set()
    for call, request in asked:
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = request_id()
        try:
            call(request)
        except grpc.RpcError as error:
            codes.add(error.code())
    assert len(asked) > 100
    assert codes <= {
        *(grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.PERMISSION_DENIED),
    }


def _full() -> pb.Placement:
    """A placement with something in every field that may be set."""
    return a_placement(
        documents=[Post.Document(kind=Post.Document.OTHER, sha256=FILE)], approval_number="样例〔2026〕1号",
        approving_unit="样例单位", benefit_basis="协议", title=3, education=4,
    )  # fmt: skip


def test_events_are_for_whoever_may_see_the_placement(
    sender: Desk, receiver: Desk, bureau: Desk, home_org: Desk, host_org: Desk, new_desk: NewDesk
) -> None:
    exchange, secondment = sender.place().name, home_org.place(**SECONDMENT).name
    home_org.act("Submit", secondment)

    def told(desk: Desk) -> set[str]:
        return {each.subject for each in events(desk)} & {exchange, secondment}

    for desk in (sender, receiver, bureau, new_desk(SERVED, "hr_officer")):
        assert told(desk) == {exchange}
    for desk in (home_org, host_org):
        assert told(desk) == {secondment}
    assert told(new_desk("371525", "organisation_officer", "science_officer")) == set()
