"""Secondments, exchanges, internships and part-time work over the wire, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import status_pb2
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import audit_pb2
from liancai.placement.v1 import placements_pb2 as pb
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services import host
from services.placement.tables import Base, PlacementRow
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import FILE, request_id, somebody
from tests.placement.conftest import NewDesk
from tests.placement.desk import (
    COUNTY,
    HOME_UNIT,
    HOST,
    HOST_ORGAN,
    ORGAN,
    OTHER_UNIT,
    SENDER,
    SERVED,
    Desk,
    a_placement,
)
from tests.placement.test_commissioners import refused
from tests.statuses import info_of, status_of, violations_of

Post = pb.Placement
RESERVED = "说明理由"
SECONDMENT: dict[str, Any] = {
    "kind": Post.SECONDMENT,
    "home_unit_credit_code": ORGAN,
    "home_unit_name": "市中区样例局",
    "host_credit_code": HOST_ORGAN,
    "host_name": "高唐县样例局",
    "post": "副局长（挂职）",
    "approval_number": "市中组〔2026〕1号",
    "approving_unit": "市中区委组织部",
    "agreement": None,
}
INTERNSHIP: dict[str, Any] = {
    "kind": Post.INTERNSHIP,
    "home_unit_credit_code": HOME_UNIT,
    "home_unit_name": "市中区样例职业学校",
    "post": "数控操作实习",
    "end_date": "2027-05-19",
    "documents": [Post.Document(kind=Post.Document.INSURANCE, sha256=FILE)],
    "school": Post.VOCATIONAL,
    "study_months": 36,
    "host_staff": 100,
    "host_interns": 10,
}


@pytest.fixture(scope="module")
def sender(new_desk: NewDesk) -> Desk:
    """The enterprise whose people go."""
    return new_desk(COUNTY, "enterprise", unit=SENDER)


@pytest.fixture(scope="module")
def receiver(new_desk: NewDesk) -> Desk:
    """The host."""
    return new_desk(SERVED, "enterprise", unit=HOST)


@pytest.fixture(scope="module")
def bureau(new_desk: NewDesk) -> Desk:
    """The science bureau that sends, and no auditor."""
    return new_desk(COUNTY, "science_officer")


@pytest.fixture(scope="module")
def home_org(new_desk: NewDesk) -> Desk:
    """The organisation department that sends."""
    return new_desk(COUNTY, "organisation_officer", unit="370103-org")


@pytest.fixture(scope="module")
def host_org(new_desk: NewDesk) -> Desk:
    """The organisation department that receives."""
    return new_desk(SERVED, "organisation_officer", unit="371526-org")


def update(desk: Desk, placement: pb.Placement, *paths: str) -> pb.Placement:
    request = pb.UpdatePlacementRequest(
        placement=placement, update_mask=FieldMask(paths=paths), request_id=request_id()
    )
    found: pb.Placement = desk.placements.UpdatePlacement(request)
    return found


def get(desk: Desk, name: str) -> pb.Placement:
    found: pb.Placement = desk.placements.GetPlacement(pb.GetPlacementRequest(name=name))
    return found


def explain(desk: Desk, name: str) -> pb.ExplainPlacementResponse:
    found: pb.ExplainPlacementResponse = desk.placements.ExplainPlacement(pb.ExplainPlacementRequest(name=name))
    return found


def outcome(said: pb.ExplainPlacementResponse, code: str) -> str:
    (found,) = (each for each in said.verdicts if each.code == code)
    return types_pb2.RuleVerdict.Outcome.Name(found.outcome)


def report(desk: Desk, name: str, first: str, last: str, **fields: Any) -> pb.PlacementReport:
    said = pb.PlacementReport(first_day=first, last_day=last, **{"text": "调试生产线", **fields})
    request = pb.AddPlacementReportRequest(name=name, request_id=request_id(), report=said)
    found: pb.PlacementReport = desk.placements.AddPlacementReport(request)
    return found


def approved(home: Desk, host: Desk, officer: Desk, **fields: Any) -> pb.Placement:
    """A placement that may begin."""
    name = home.place(**fields).name
    home.act("Submit", name)
    host.act("Consent", name)
    return officer.act("Approve", name)


def findings_of(error: BaseException) -> dict[str, types_pb2.Finding]:
    found = {}
    status: status_pb2.Status = status_of(error)
    for detail in status.details:
        finding = types_pb2.Finding()
        if detail.Unpack(finding):
            found[finding.code] = finding
    return found


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


@pytest.mark.parametrize(("last", "good"), [("2026-11-20", True), ("2036-11-19", True), ("2036-11-20", False)])
def test_a_period_is_a_day_to_ten_years(sender: Desk, last: str, good: bool) -> None:
    if good:
        assert sender.place(end_date=last).end_date == last
    else:
        assert refused(sender.place, end_date=last)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_every_gap_is_told_at_once_with_its_source(sender: Desk) -> None:
    name = sender.place(agreement=None, pay_bearer=0, injury_bearer=Post.HOST_UNIT).name
    with pytest.raises(grpc.RpcError) as error:
        sender.act("Submit", name)
    reason, about = info_of(error.value)
    assert (reason, about["placement"], about["codes"]) == ("PLACEMENT_GAPS", name, "PL-BEARERS, PL-INJURY-HOME")
    found = findings_of(error.value)
    assert found.keys() == {"PL-BEARERS", "PL-INJURY-HOME", "PL-AGREEMENT-USUAL"}
    assert found["PL-INJURY-HOME"].level == types_pb2.Finding.ERROR
    assert "工伤保险条例第43条" in found["PL-INJURY-HOME"].message
    assert found["PL-AGREEMENT-USUAL"].level == types_pb2.Finding.WARNING
    bearers = Post(name=name, pay_bearer=Post.BOTH_UNITS, injury_bearer=Post.HOME_UNIT)
    update(sender, bearers, "pay_bearer", "injury_bearer")
    assert sender.act("Submit", name).state == Post.SUBMITTED


def test_warnings_want_a_reason_of_whoever_approves(sender: Desk, county: Desk) -> None:
    name = sender.place(agreement=None).name
    sender.act("Submit", name)
    said = explain(county, name)
    assert (said.blocked, list(said.open_codes)) == (False, ["PL-AGREEMENT-USUAL", "PL-HOST-CONSENT"])
    with pytest.raises(grpc.RpcError) as error:
        county.act("Approve", name)
    assert info_of(error.value)[0] == "PLACEMENT_OPEN"
    assert findings_of(error.value).keys() == {"PL-AGREEMENT-USUAL", "PL-HOST-CONSENT"}
    assert county.act("Approve", name, reason="协议次月补签，接收方书面同意").reason.startswith("协议次月")


def test_an_explanation_has_each_rule_with_facts_numbers_and_source(
    sender: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    said = explain(sender, sender.place().name)
    by_code = {each.code: each for each in said.verdicts}
    injury, term = by_code["PL-INJURY-HOME"], by_code["PL-TERM"]
    assert (injury.outcome, injury.source, injury.confidence) == (1, "工伤保险条例第43条第3款", "confirmed")
    assert dict(injury.inputs) == {"kind": "EXCHANGE", "injury_bearer": "HOME_UNIT"}
    assert outcome(said, "PL-TERM") == "NOT_CHECKED"
    assert (dict(term.parameters), term.confidence) == ({"term.months.exchange": "unknown"}, "unconfirmed")
    assert not any(code.startswith(("PL-INTERN", "PL-TVP")) for code in by_code)
    token = token_of(settings, division=COUNTY, roles=("enterprise",), unit=SENDER)
    english = explain(Desk(grpc_channel, token, "en"), sender.place().name)
    assert "The home employer bears injuries at work" in {each.title for each in english.verdicts}


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


def test_an_internship_has_its_caps(unit: Desk) -> None:
    name = unit.place(**{**INTERNSHIP, "host_interns": 31, "study_months": 19}).name
    with pytest.raises(grpc.RpcError) as error:
        unit.act("Submit", name)
    assert info_of(error.value)[1]["codes"] == "PL-INTERN-TIME, PL-INTERN-STAFF"
    update(unit, Post(name=name, host_interns=30, study_months=20), "host_interns", "study_months")
    assert unit.act("Submit", name).state == Post.SUBMITTED


def test_what_could_not_be_checked_is_not_passed(unit: Desk, receiver: Desk, county: Desk) -> None:
    name = unit.place(**{**INTERNSHIP, "study_months": 0}).name
    unit.act("Submit", name)
    receiver.act("Consent", name)
    assert outcome(explain(county, name), "PL-INTERN-TIME") == "NOT_CHECKED"
    assert refused(county.act, "Approve", name)[1] == "PLACEMENT_OPEN"
    assert county.act("Approve", name, reason="学制由学校书面说明").state == Post.APPROVED


def test_a_technology_vice_president_has_a_doctorate_or_a_title(unit: Desk) -> None:
    tvp = {
        **INTERNSHIP,
        "kind": Post.TECHNOLOGY_VICE_PRESIDENT,
        "school": 0,
        "study_months": 0,
        "host_staff": 0,
        "host_interns": 0,
    }
    degree, title = pb.Placement.DESCRIPTOR.fields_by_name["education"], pb.Placement.DESCRIPTOR.fields_by_name["title"]
    doctor, senior = (each.enum_type.values_by_name for each in (degree, title))
    name = unit.place(**tvp, education=doctor["MASTER"].number, title=senior["INTERMEDIATE"].number).name
    assert refused(unit.act, "Submit", name)[1] == "PLACEMENT_GAPS"
    update(unit, Post(name=name, education=doctor["DOCTOR"].number), "education")
    assert outcome(explain(unit, name), "PL-TVP-QUALIFIED") == "PASSED"
    assert unit.act("Submit", name).state == Post.SUBMITTED


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


def test_another_placement_at_the_same_time_is_named_to_whom_may_see_it(
    sender: Desk, receiver: Desk, county: Desk, served: Desk, home_org: Desk, host_org: Desk
) -> None:
    person = {"resident_id": somebody().resident_id}
    first = approved(sender, receiver, county, **person).name
    second = sender.place(**person).name
    sender.act("Submit", second)
    receiver.act("Consent", second)
    said = {each.code: each for each in explain(county, second).verdicts}
    assert said["PL-OVERLAP"].inputs["overlapping"] == first
    with pytest.raises(grpc.RpcError) as error:
        county.act("Approve", second)
    assert info_of(error.value)[1]["codes"] == "PL-OVERLAP, PL-FULL-TIME-TWICE"
    # the organisation department is told that there is one, and not where
    third = home_org.place(**SECONDMENT, **person).name
    assert {each.code: each for each in explain(home_org, third).verdicts}["PL-OVERLAP"].inputs["overlapping"] == "+1"
    # whoever does not decide is told nothing of what they may not see
    for desk in (host_org, served):
        name = third if desk is host_org else second
        verdict = {each.code: each for each in explain(desk, name).verdicts}["PL-OVERLAP"]
        assert verdict.outcome == (
            types_pb2.RuleVerdict.NOT_CHECKED if desk is host_org else types_pb2.RuleVerdict.WARNED
        )
    sender.act("Begin", first, begun_on="2026-11-20")
    sender.act("End", first, ended_on="2026-11-20", reason="另有任务")
    later = update_period(sender, county, second, "2026-11-21")
    assert outcome(explain(county, later), "PL-OVERLAP") == "PASSED"  # what ended earlier holds no days


def update_period(home: Desk, officer: Desk, name: str, first: str) -> str:
    officer.act("Return", name)
    update(home, Post(name=name, start_date=first), "start_date")
    return name


def test_an_extension_is_decided_by_the_same_rules(sender: Desk, receiver: Desk, county: Desk) -> None:
    person = {"resident_id": somebody().resident_id}
    first = approved(sender, receiver, county, **person).name
    approved(sender, receiver, county, **person, start_date="2027-11-20", end_date="2028-11-19")
    extended = county.act("Extend", first, end_date="2027-11-20", reason="交接一日")
    assert (extended.end_date, extended.reason) == ("2027-11-20", "交接一日")
    assert {each.code: each for each in explain(county, first).verdicts}["PL-OVERLAP"].outcome == 3


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
