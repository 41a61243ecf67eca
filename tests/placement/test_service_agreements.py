"""Service agreements over the wire, on both databases."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import service_agreements_pb2 as pb
from sqlalchemy import event, select

from services.placement.agreements import standing
from services.placement.rules.service_agreements import days_in
from services.placement.tables import Base, CommissionerRow
from services.platform.database import Database
from tests.office import BUREAU, FILE, request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import COUNTY, HOME_UNIT, HOST, OTHER_UNIT, SERVED, Agreement, Desk, Role, an_agreement, file
from tests.placement.test_commissioners import refused
from tests.statuses import info_of, violations_of

ANOTHER_FILE = "6b" * 32


@pytest.fixture(scope="module")
def sent(unit: Desk, county: Desk, city: Desk) -> str:
    """A commissioner on the register."""
    return file(unit, county, city).name


def update(desk: Desk, agreement: pb.ServiceAgreement, *paths: str) -> pb.ServiceAgreement:
    request = pb.UpdateServiceAgreementRequest(
        service_agreement=agreement, update_mask=FieldMask(paths=paths), request_id=request_id()
    )
    found: pb.ServiceAgreement = desk.agreements.UpdateServiceAgreement(request)
    return found


def filed(desk: Desk, commissioner: str, **fields: Any) -> pb.ServiceAgreement:
    """An agreement that is in force on the days of its term."""
    name = desk.agree(commissioner, **fields).name
    desk.sign(name)
    return desk.move("File", name, filing_number="高科备〔2026〕1号")


def listed(desk: Desk, size: int = 0, **filters: Any) -> list[str]:
    request = pb.ListServiceAgreementsRequest(filter=pb.ListServiceAgreementsRequest.Filter(**filters), page_size=size)
    found: list[str] = []
    while True:
        page = desk.agreements.ListServiceAgreements(request)
        found += [each.name for each in page.service_agreements]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def told(database: Database, name: str) -> list[str]:
    table = Base.metadata.tables["outbox_event"]
    with database.reading() as session:
        kinds = session.scalars(select(table.c.type).where(table.c.subject == name).order_by(table.c.sequence))
        return [each.removeprefix("liancai.placement.service_agreement.") for each in kinds]


def test_the_way_of_an_agreement(
    unit: Desk, host_desk: Desk, served: Desk, sent: str, placement_database: Database
) -> None:
    draft = unit.agree(sent)
    assert (draft.state, draft.partner_division, draft.last_day) == (Agreement.DRAFT, COUNTY, draft.valid_to)
    assert (draft.sending_unit_credit_code, draft.sending_unit_name) == (HOME_UNIT, "市中区样例农业科学研究所")
    assert draft.rule_pack.startswith("placement@")
    assert [(each.role, each.sign_date) for each in draft.signatures] == [(role, "") for role in (1, 2, 3)]
    unit.sign(draft.name, Role.SENDING_UNIT, Role.COMMISSIONER, sign_date="2026-11-20")
    signed = host_desk.sign(draft.name, Role.HOST)
    assert signed.state == Agreement.SIGNED
    assert [each.sign_date for each in signed.signatures] == ["2026-11-20", "2026-11-20", "2026-11-23"]
    assert [each.noted_by_unit for each in signed.signatures] == [HOME_UNIT, HOME_UNIT, HOST]
    assert all(each.HasField("record_time") for each in signed.signatures)
    on_file = served.move("File", draft.name, filing_number="高科备〔2026〕8号")
    assert (on_file.state, on_file.filing_number) == (Agreement.FILED, "高科备〔2026〕8号")
    assert on_file.file_date == "2026-11-23"
    ended = served.move("Terminate", draft.name, reason="人员调动", last_day="2027-03-31")
    assert (ended.state, ended.reason, ended.last_day, ended.valid_to) == (
        *(Agreement.TERMINATED, "人员调动", "2027-03-31", "2027-11-30"),
    )
    assert host_desk.agreements.GetServiceAgreement(pb.GetServiceAgreementRequest(name=draft.name)) == ended
    assert told(placement_database, draft.name) == [
        *("created", "signature", "signature", "signed", "filed", "terminated"),
    ]


def test_what_is_told_holds_nothing_that_somebody_has_written(
    served: Desk, sent: str, placement_database: Database
) -> None:
    written = dict.fromkeys(("deliverables", "exit_terms", "confidentiality"), "欧阳丹青瑶13957246813")
    name = served.agree(sent, **written).name
    update(served, Agreement(name=name, pay_terms="欧阳丹青瑶"), "pay_terms")
    served.move("Withdraw", name, reason="欧阳丹青瑶")
    table = Base.metadata.tables["outbox_event"]
    with placement_database.reading() as session:
        data = session.scalars(select(table.c.data).where(table.c.subject == name)).all()
    assert len(data) == 3
    assert not [each for each in data if "欧阳" in json.dumps(each, ensure_ascii=False)]


def test_an_edit_takes_every_signature_back(unit: Desk, served: Desk, sent: str) -> None:
    name = served.agree(sent).name
    served.sign(name, Role.SENDING_UNIT)
    changed = update(served, Agreement(name=name, min_days_a_year=25), "min_days_a_year")
    assert (changed.min_days_a_year, [each.sign_date for each in changed.signatures]) == (25, ["", "", ""])
    served.sign(name)
    again = update(unit, Agreement(name=name, file_sha256=ANOTHER_FILE.upper()), "file_sha256")
    assert (again.state, again.file_sha256) == (Agreement.DRAFT, ANOTHER_FILE)
    assert [each.sign_date for each in again.signatures] == ["", "", ""]
    assert refused(served.sign, name)[1] == "SERVICE_AGREEMENT_FILE"
    assert served.sign(name, file_sha256=ANOTHER_FILE).state == Agreement.SIGNED


def test_a_signature_is_noted_once(served: Desk, sent: str, placement_database: Database) -> None:
    name = served.agree(sent).name
    first = served.sign(name, Role.SENDING_UNIT)
    assert served.sign(name, Role.SENDING_UNIT) == first
    with pytest.raises(grpc.RpcError) as error:
        served.sign(name, Role.SENDING_UNIT, sign_date="2026-11-22")
    (violation,) = violations_of(error.value)
    assert (violation.field, "2026-11-23" in violation.description) == ("sign_date", True)
    assert served.sign(name, Role.COMMISSIONER).state == Agreement.DRAFT
    assert told(placement_database, name) == ["created", "signature", "signature"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"role": 0}, "role"),
        ({"role": Role.BUREAU}, "role"),  # of a framework
        ({"sign_date": "2026-11-24"}, "sign_date"),
        ({"file_sha256": "5a"}, "file_sha256"),
        ({"file_sha256": ""}, "file_sha256"),
    ],
)
def test_a_signature_that_cannot_be_is_refused(served: Desk, sent: str, fields: dict[str, Any], field: str) -> None:
    values = {"role": Role.HOST, "sign_date": "2026-11-23", "file_sha256": FILE, **fields}
    request = pb.SignServiceAgreementRequest(name=served.agree(sent).name, request_id=request_id(), **values)
    with pytest.raises(grpc.RpcError) as error:
        served.agreements.SignServiceAgreement(request)
    assert [each.field for each in violations_of(error.value)] == [field]


def test_a_framework_is_signed_by_the_bureau_of_the_county_that_is_served(
    unit: Desk, county: Desk, served: Desk, sent: str
) -> None:
    framework = unit.agree(sent, kind=Agreement.FRAMEWORK)
    assert (framework.bureau_credit_code, framework.host_credit_code) == (BUREAU, "")
    unit.sign(framework.name, Role.SENDING_UNIT, Role.COMMISSIONER)
    for desk in (unit, county):  # nobody signs for it, the bureau on the other side neither
        assert refused(desk.sign, framework.name, Role.BUREAU)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert served.sign(framework.name, Role.BUREAU).state == Agreement.SIGNED
    with pytest.raises(grpc.RpcError) as error:
        unit.agree(sent, kind=Agreement.FRAMEWORK, host_credit_code=HOST, bureau_name="")
    assert {each.field for each in violations_of(error.value)} == {
        "service_agreement.host_credit_code",
        "service_agreement.bureau_name",
    }


def test_each_signs_for_itself(unit: Desk, host_desk: Desk, county: Desk, sent: str) -> None:
    name = unit.agree(sent).name
    assert refused(unit.sign, name, Role.HOST)[0] is grpc.StatusCode.PERMISSION_DENIED
    for role in (Role.SENDING_UNIT, Role.COMMISSIONER):
        assert refused(host_desk.sign, name, role)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert county.sign(name).state == Agreement.SIGNED  # a bureau notes what was signed on paper


def test_the_text_is_not_the_host_s_to_write(host_desk: Desk, unit: Desk, served: Desk, sent: str) -> None:
    agreement = unit.agree(sent)
    changed = Agreement(name=agreement.name, min_days_a_year=1)
    assert refused(update, host_desk, changed, "min_days_a_year")[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(host_desk.move, "Withdraw", agreement.name)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(host_desk.agree, sent)[0] is grpc.StatusCode.NOT_FOUND  # it does not see the register
    assert refused(unit.move, "File", agreement.name)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert served.agreements.GetServiceAgreement(pb.GetServiceAgreementRequest(name=agreement.name)) == agreement


def test_who_has_no_part_in_it_does_not_see_it(unit: Desk, new_desk: NewDesk, sent: str) -> None:
    name = unit.agree(sent).name
    for stranger in (new_desk("371525", "science_officer"), new_desk(SERVED, "enterprise", unit=OTHER_UNIT)):
        read = pb.GetServiceAgreementRequest(name=name)
        assert refused(stranger.agreements.GetServiceAgreement, read)[0] is grpc.StatusCode.NOT_FOUND
        assert refused(stranger.agree, sent)[0] is grpc.StatusCode.NOT_FOUND
        assert refused(stranger.sign, name, Role.HOST)[0] is grpc.StatusCode.NOT_FOUND
        assert listed(stranger) == []


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [("File", "SIGNED"), ("End", "FILED"), ("Terminate", "FILED")],
)
def test_no_step_is_skipped(served: Desk, sent: str, verb: str, allowed: str) -> None:
    name = served.agree(sent).name
    more = {"last_day": "2027-01-31"} if verb == "Terminate" else {}
    with pytest.raises(grpc.RpcError) as error:
        served.move(verb, name, **more)
    about = {"service_agreement": name, "state": "DRAFT", "allowed": allowed}
    assert info_of(error.value) == ("SERVICE_AGREEMENT_STATE", about)


def test_what_is_on_file_is_not_edited_signed_or_withdrawn(served: Desk, sent: str) -> None:
    agreement = filed(served, sent)
    changed = Agreement(name=agreement.name, min_days_a_year=1)
    assert refused(update, served, changed, "min_days_a_year")[1] == "SERVICE_AGREEMENT_STATE"
    assert refused(served.move, "Withdraw", agreement.name)[1] == "SERVICE_AGREEMENT_STATE"
    assert refused(served.move, "File", agreement.name)[1] == "SERVICE_AGREEMENT_STATE"
    assert served.sign(agreement.name) == agreement  # noted before


def test_nobody_is_filed_who_is_not_on_the_register(unit: Desk, served: Desk) -> None:
    applicant = unit.apply().name
    name = unit.agree(applicant).name
    served.sign(name)
    with pytest.raises(grpc.RpcError) as error:
        served.move("File", name)
    about = {"service_agreement": name, "commissioner": applicant}
    assert info_of(error.value) == ("SERVICE_AGREEMENT_COMMISSIONER", about)


def test_nobody_is_filed_whose_term_has_passed(
    served: Desk, unit: Desk, county: Desk, city: Desk, placement_database: Database
) -> None:
    sent = file(unit, county, city).name
    name = served.agree(sent).name
    served.sign(name)
    with placement_database.writing_engine.begin() as connection:
        mine = CommissionerRow.id == sent.partition("/")[2]
        over = {"term_start": date(2023, 11, 23), "term_end": date(2026, 11, 22)}
        connection.execute(CommissionerRow.__table__.update().where(mine).values(**over))
    assert refused(served.move, "File", name)[1] == "SERVICE_AGREEMENT_COMMISSIONER"


def test_an_agreement_ends_when_its_term_has_passed(served: Desk, sent: str) -> None:
    running = filed(served, sent)
    with pytest.raises(grpc.RpcError) as error:
        served.move("End", running.name)
    about = {"service_agreement": running.name, "last_day": "2027-11-30"}
    assert info_of(error.value) == ("SERVICE_AGREEMENT_RUNNING", about)
    today = filed(served, sent, valid_from="2026-01-01", valid_to="2026-11-23")
    assert refused(served.move, "End", today.name)[1] == "SERVICE_AGREEMENT_RUNNING"
    past = filed(served, sent, valid_from="2026-01-01", valid_to="2026-11-22")
    assert served.move("End", past.name).state == Agreement.ENDED


@pytest.mark.parametrize(
    ("last_day", "good"),
    [("2026-11-29", False), ("2026-11-30", True), ("2027-11-30", True), ("2027-12-01", False), ("", False)],
)
def test_it_is_terminated_within_its_term_or_was_never_in_force(
    served: Desk, sent: str, last_day: str, good: bool
) -> None:
    name = filed(served, sent).name
    if good:
        assert served.move("Terminate", name, last_day=last_day).last_day == last_day
    else:
        with pytest.raises(grpc.RpcError) as error:
            served.move("Terminate", name, last_day=last_day)
        assert [each.field for each in violations_of(error.value)] == ["last_day"]


def test_every_wrong_field_is_told_at_once(unit: Desk) -> None:
    with pytest.raises(grpc.RpcError) as error:
        unit.agree(
            "commissioners/", kind=0, division="371500", valid_from="2026-12-01", valid_to="2026-11-30",
            services=[1, 1], min_days_a_year=0, deliverables="", pay_a_year_fen=-1, expense_bearer=Agreement.SHARED,
            insurance_bearer=0, exit_terms="", file_sha256="x", intellectual_property="\x00",
        )  # fmt: skip
    at = {each.field.removeprefix("service_agreement.") for each in violations_of(error.value)}
    assert at == {
        *("commissioner", "kind", "division", "valid_to", "services", "min_days_a_year", "deliverables"),
        *("pay_a_year_fen", "pay_terms", "insurance_bearer", "exit_terms", "file_sha256", "intellectual_property"),
    }


@pytest.mark.parametrize("path", ["commissioner", "state", "sending_unit_name", "last_day", "etag", "signatures"])
def test_some_fields_are_not_for_editing(unit: Desk, sent: str, path: str) -> None:
    code, _ = refused(update, unit, Agreement(name=unit.agree(sent).name), path)
    assert code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(("valid_to", "good"), [("2029-11-30", True), ("2029-12-01", False)])
def test_a_term_is_no_longer_than_one_on_the_register(unit: Desk, sent: str, valid_to: str, good: bool) -> None:
    if good:
        assert unit.agree(sent, valid_to=valid_to).valid_to == valid_to
    else:
        with pytest.raises(grpc.RpcError) as error:
            unit.agree(sent, valid_to=valid_to)
        (violation,) = violations_of(error.value)
        assert (violation.field, "2029-11-30" in violation.description) == ("service_agreement.valid_to", True)


def test_the_same_request_is_done_once_and_a_stale_one_not_at_all(unit: Desk, sent: str) -> None:
    request = pb.CreateServiceAgreementRequest(service_agreement=an_agreement(sent), request_id=request_id())
    first = unit.agreements.CreateServiceAgreement(request)
    assert unit.agreements.CreateServiceAgreement(request) == first
    request.service_agreement.min_days_a_year = 21
    assert refused(unit.agreements.CreateServiceAgreement, request)[1] == "REQUEST_ID_REUSED"
    unit.sign(first.name, Role.SENDING_UNIT)  # the row changes with its signatures
    assert refused(unit.move, "Withdraw", first.name, etag=first.etag)[1] == "STALE_ETAG"
    assert refused(unit.sign, first.name, Role.COMMISSIONER, etag=first.etag)[1] == "STALE_ETAG"


def test_two_full_agreements_at_once_are_warned_of(
    unit: Desk, county: Desk, city: Desk, served: Desk, host_desk: Desk
) -> None:
    sent = file(unit, county, city).name
    one = served.agree(sent, min_days_a_year=30).name
    part = served.agree(sent, min_days_a_year=29)
    after = served.agree(sent, min_days_a_year=30, valid_from="2027-12-01", valid_to="2028-11-30")
    assert list(part.overlaps) == list(after.overlaps) == []
    two = served.agree(
        sent, min_days_a_year=30, host_credit_code=OTHER_UNIT, valid_from="2027-11-30", valid_to="2027-11-30"
    )
    assert list(two.overlaps) == [one]
    page = served.agreements.ListServiceAgreements(
        pb.ListServiceAgreementsRequest(filter=pb.ListServiceAgreementsRequest.Filter(commissioner=sent))
    )
    found = {each.name: list(each.overlaps) for each in page.service_agreements}
    assert found == {one: [two.name], two.name: [one], part.name: [], after.name: []}
    # a host is not told of another's
    mine = host_desk.agreements.GetServiceAgreement(pb.GetServiceAgreementRequest(name=one))
    assert list(mine.overlaps) == []
    served.move("Withdraw", one)
    again = served.agreements.GetServiceAgreement(pb.GetServiceAgreementRequest(name=two.name))
    assert list(again.overlaps) == []


def test_lists_hold_what_is_within_reach_and_asked_for(
    unit: Desk, county: Desk, city: Desk, served: Desk, host_desk: Desk
) -> None:
    sent = file(unit, county, city).name
    mine = [filed(served, sent).name for _ in range(3)]
    framework = served.agree(sent, kind=Agreement.FRAMEWORK).name
    short = filed(served, sent, valid_to="2027-11-30").name
    served.move("Terminate", short, last_day="2026-12-31")
    everything = [short, framework, *reversed(mine)]
    assert listed(served, commissioner=sent) == listed(unit, 2, commissioner=sent) == everything
    assert listed(county, commissioner=sent) == everything
    assert listed(host_desk, commissioner=sent) == [short, *reversed(mine)]
    assert listed(served, commissioner=sent, kinds=[Agreement.FRAMEWORK]) == [framework]
    assert listed(served, commissioner=sent, states=[Agreement.TERMINATED]) == [short]
    assert listed(served, commissioner=sent, host_credit_code=HOST) == [short, *reversed(mine)]
    assert listed(served, commissioner=sent, in_force_on="2026-11-30") == []
    assert listed(served, commissioner=sent, in_force_on="2026-12-31") == [short, *reversed(mine)]
    assert listed(served, commissioner=sent, in_force_on="2027-01-01") == [*reversed(mine)]
    assert listed(served, commissioner=sent, division="371500") == everything
    assert listed(served, commissioner=sent, division=COUNTY) == []
    assert refused(listed, served, in_force_on="tomorrow")[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_days_in_force_of_many_are_read_by_one_statement(
    unit: Desk, county: Desk, city: Desk, served: Desk, placement_database: Database
) -> None:
    one, two, three = (file(unit, county, city).name for _ in range(3))
    filed(served, one, valid_from="2026-12-01", valid_to="2026-12-10")
    filed(served, one, valid_from="2026-12-08", valid_to="2026-12-20", kind=Agreement.FRAMEWORK)
    cut = filed(served, two, kind=Agreement.FRAMEWORK).name
    served.move("Terminate", cut, last_day="2026-12-03")
    served.sign(served.agree(three).name)  # and not filed
    first, last = date(2026, 12, 2), date(2026, 12, 15)

    def days(day: int) -> date:
        return date(2026, 12, day)

    statements: list[str] = []

    def count(*given: Any) -> None:
        statements.append(given[2])

    with placement_database.reading() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", count)
        try:
            found = standing.in_force_days(session, [one, two, three], HOST, SERVED, first, last)
        finally:
            event.remove(engine, "before_cursor_execute", count)
        assert len([each for each in statements if each.lstrip().upper().startswith("SELECT")]) == 1
        assert found == {one: [(days(2), days(15))], two: [(days(2), days(3))], three: []}
        whole = standing.in_force_days(session, [one, two], "", SERVED, first, last)
        assert whole == {one: [(days(8), days(15))], two: [(days(2), days(3))]}
        assert standing.in_force_days(session, [two], HOST, COUNTY, first, last) == {two: []}
    plan = (days(1), days(2), days(3), days(4))
    assert days_in(plan, found[two]) == {1, 2}
