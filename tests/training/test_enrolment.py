"""Enrolment over the wire, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_status import rpc_status
from liancai.common.v1.types_pb2 import RuleVerdict
from liancai.training.v1 import audit_pb2, classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.reference import resident_id
from services.training.tables import Base
from tests.conftest import token_of
from tests.office import ENTERPRISE, INSTITUTION, Office, clock, request_id, somebody
from tests.statuses import info_of
from tests.training.journal import prove


def decision_of(error: grpc.RpcError) -> pb.EnrolmentDecision:
    """The derivation that a NOT_ELIGIBLE status carries."""
    for detail in rpc_status.from_call(error).details:
        decision = pb.EnrolmentDecision()
        if detail.Unpack(decision):
            return decision
    raise AssertionError("no decision in the status")


def enrol(office: Office, name: str, applicant: pb.Applicant, **more: object) -> pb.Enrolment:
    request = pb.EnrolRequest(class_name=name, applicant=applicant, request_id=request_id(), **more)  # type: ignore[arg-type]
    enrolled: pb.Enrolment = office.enrolments.Enrol(request)
    return enrolled


def test_a_full_class_fills_a_waitlist_and_a_withdrawal_promotes_its_head(office: Office, database: Database) -> None:
    order = office.contracted(headcount=5)
    held = office.open_class(order.name, capacity=2)
    seated = [office.enrol(held.name) for _ in range(2)]
    first, second = (office.enrol(held.name) for _ in range(2))
    assert {each.state for each in seated} == {pb.Enrolment.ENROLLED}
    assert {first.state, second.state} == {pb.Enrolment.WAITLISTED}
    assert office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=second.name)).waitlist_position == 2
    left = office.withdraw(seated[0].name)
    assert left.enrolment.state == pb.Enrolment.WITHDRAWN
    assert (left.promoted.name, left.promoted.state) == (first.name, pb.Enrolment.ENROLLED)
    assert office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=second.name)).waitlist_position == 1
    assert not office.withdraw(second.name).HasField("promoted")
    assert prove(database, order.name)["ENROLLED"] == 2


def test_nobody_passes_those_who_wait_and_who_withdrew_may_come_back(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=1).name
    person = somebody()
    first = enrol(office, held, person)
    waiting = [office.enrol(held) for _ in range(3)]
    assert office.withdraw(first.name).promoted.name == waiting[0].name
    again = enrol(office, held, person)
    assert again.state == pb.Enrolment.WAITLISTED
    assert again.place > waiting[-1].place


def test_one_person_holds_one_seat_in_a_class(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    person = somebody()
    enrolled = enrol(office, held, person)
    with pytest.raises(grpc.RpcError) as refusal:
        enrol(office, held, person)
    assert refusal.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert enrolled.name in refusal.value.details()


def test_the_same_request_is_one_enrolment(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    request = pb.EnrolRequest(class_name=held, applicant=somebody(), request_id=request_id())
    assert office.enrolments.Enrol(request) == office.enrolments.Enrol(request)
    assert office.the_class(held).enrolled == 1


def test_a_reply_masks_the_person(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    person = somebody(full_name="欧阳样例", phone="13912345678")
    enrolled = enrol(office, held, person)
    assert enrolled.masked_name == "欧***"
    assert enrolled.masked_phone == "139****5678"
    assert enrolled.masked_resident_id == f"{person.resident_id[:6]}********{person.resident_id[-4:]}"


def test_a_child_is_refused_by_the_labour_law_with_the_derivation(office: Office, database: Database) -> None:
    held = office.open_class(office.contracted().name, start_date="2026-12-01", end_date="2026-12-31").name
    child = somebody(resident_id=resident_id.make("370103", date(2010, 12, 2), 7))
    with pytest.raises(grpc.RpcError) as refusal:
        enrol(office, held, child)
    assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    verdicts = {verdict.rule: verdict for verdict in decision_of(refusal.value).verdicts}
    assert verdicts["AGE_MIN"].outcome == RuleVerdict.BLOCKED
    assert dict(verdicts["AGE_MIN"].inputs) == {"age_at_class_start": "15"}
    assert dict(verdicts["AGE_MIN"].parameters) == {"age.minimum": "16"}
    assert verdicts["AGE_MIN"].source == "劳动法第15条"
    assert verdicts["SAME_NAME"].outcome == RuleVerdict.NOT_CHECKED, "never passed for want of a fact"
    index = database.vault.index("resident_id", child.resident_id)
    with database.reading() as session:
        trainees = Base.metadata.tables["trainees"]
        stored = session.execute(trainees.select().where(trainees.c.resident_id_index == index)).first()
    assert stored is None, "the identity of somebody turned away is not kept"
    of_age = somebody(resident_id=resident_id.make("370103", date(2010, 12, 1), 7))
    assert enrol(office, held, of_age).state == pb.Enrolment.ENROLLED, "sixteen on the first day is enough"


def test_a_warning_wants_an_officers_reason_and_stays_on_record_with_it(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    elder = somebody(resident_id=resident_id.make("370103", date(1960, 1, 1), 7))
    with pytest.raises(grpc.RpcError) as refused:
        enrol(office, held, elder)
    assert info_of(refused.value) == ("WARNINGS_NEED_REASON", {"class_name": held, "codes": "TR-AGE-MAX"})
    assert {said.rule for said in decision_of(refused.value).verdicts if said.outcome == RuleVerdict.WARNED} == {
        "AGE_MAX"
    }
    with pytest.raises(grpc.RpcError):  # a reason for something else
        enrol(office, held, elder, accepted=[pb.AcceptedWarning(code="TR-NAME-DIFFERS", reason="已核对证件")])
    why = pb.AcceptedWarning(code="TR-AGE-MAX", reason="已核实未领取养老金")
    enrolled = enrol(office, held, elder, accepted=[why])
    assert list(enrolled.accepted) == [why]
    explained = office.enrolments.ExplainEnrolment(pb.ExplainEnrolmentRequest(name=enrolled.name))
    assert list(explained.accepted) == [why]
    assert [finding.code for finding in enrolled.findings] == ["TR-AGE-MAX"]
    found = office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=enrolled.name))
    assert [finding.code for finding in found.findings] == ["TR-AGE-MAX"]


def test_sessions_that_overlap_to_the_half_hour_are_refused_and_back_to_back_is_not(office: Office) -> None:
    order = office.contracted().name

    def timetable(start: str, end: str) -> list[classes_pb2.Session]:
        return [
            classes_pb2.Session(date="2026-12-02", start="08:00", end="09:00"),
            classes_pb2.Session(date="2026-12-05", start=start, end=end),
        ]

    morning = office.open_class(order, sessions=timetable("09:00", "12:00")[1:], capacity=5).name
    clash = office.open_class(order, sessions=timetable("11:30", "13:00"), capacity=5).name
    after = office.open_class(order, sessions=timetable("12:00", "14:00"), capacity=5).name
    person = somebody()
    enrol(office, morning, person)
    with pytest.raises(grpc.RpcError) as refusal:
        enrol(office, clash, person)
    (blocked,) = (each for each in decision_of(refusal.value).verdicts if each.outcome == RuleVerdict.BLOCKED)
    assert (blocked.code, blocked.inputs["clashes"]) == ("TR-OVERLAP", morning)
    assert enrol(office, after, person).state == pb.Enrolment.ENROLLED


def test_a_decision_explains_itself_from_what_was_stored(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=1).name
    office.enrol(held)
    person = somebody()
    preview = office.enrolments.CheckEnrolment(pb.CheckEnrolmentRequest(class_name=held, applicant=person))
    waiting = enrol(office, held, person)
    explained = office.enrolments.ExplainEnrolment(pb.ExplainEnrolmentRequest(name=waiting.name))
    assert explained.result == pb.Enrolment.WAITLISTED == waiting.state
    assert (explained.capacity, explained.enrolled) == (1, 1)
    assert explained.verdicts == preview.verdicts
    assert explained.rule_pack.startswith("training@")
    assert {each.source for each in explained.verdicts} > {"劳动法第15条", "GB/T 2260"}


def test_checking_stores_nothing(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    person = somebody()
    for _ in range(2):
        checked = office.enrolments.CheckEnrolment(pb.CheckEnrolmentRequest(class_name=held, applicant=person))
        assert checked.result == pb.Enrolment.ENROLLED
    assert office.the_class(held).enrolled == 0


def test_a_late_entry_needs_the_right_a_reason_and_a_past(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    held = office.open_class(office.contracted().name).name
    then = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    stamp = Timestamp()
    stamp.FromDatetime(then)
    late = enrol(office, held, somebody(), occur_time=stamp, late_reason="现场纸质报名补录")
    assert late.occur_time.ToDatetime(tzinfo=UTC) == then
    assert late.record_time.ToDatetime(tzinfo=UTC) > then
    (entry,) = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=late.name)).entries
    assert (entry.reason, entry.occur_time) == ("现场纸质报名补录", stamp)
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
        enrol(office, held, somebody(), occur_time=stamp)
    future = Timestamp()
    future.FromDatetime(clock() + timedelta(hours=1))
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
        enrol(office, held, somebody(), occur_time=future, late_reason="提前")


def test_a_reveal_wants_a_purpose_and_leaves_an_entry(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    held = office.open_class(office.contracted().name).name
    person = somebody()
    enrolled = enrol(office, held, person)
    request = pb.RevealEnrolmentRequest(name=enrolled.name, purpose="电话回访核实就业情况", request_id=request_id())
    assert office.enrolments.RevealEnrolment(request).applicant == person
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=enrolled.name)).entries
    assert [entry.action.rpartition(".")[2] for entry in entries] == ["enrol", "reveal"]
    assert entries[1].reason == request.purpose
    request.purpose = ""
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
        office.enrolments.RevealEnrolment(request)
    enterprise = Office(grpc_channel, token_of(settings, roles=("enterprise",), unit=ENTERPRISE, subject="e"))
    assert enterprise.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=enrolled.name)).name == enrolled.name
    request.purpose = "想看看是谁"
    with pytest.raises(grpc.RpcError, match="PERMISSION_DENIED"):
        enterprise.enrolments.RevealEnrolment(request)


def test_hiring_is_by_the_orders_enterprise_after_the_class(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    enrolled = office.enrol(held)

    def hire(employer: str) -> pb.Enrolment:
        request = pb.ConfirmHireRequest(
            name=enrolled.name, employer_credit_code=employer, contract_start="2026-11-02", request_id=request_id()
        )
        hired: pb.Enrolment = office.enrolments.ConfirmHire(request)
        return hired

    with pytest.raises(grpc.RpcError, match="FAILED_PRECONDITION"):
        hire(ENTERPRISE)
    office.classes.CloseClass(classes_pb2.CloseClassRequest(name=held, request_id=request_id()))
    with pytest.raises(grpc.RpcError, match="FAILED_PRECONDITION"):
        hire(INSTITUTION)
    assert hire(ENTERPRISE).state == pb.Enrolment.HIRED


def test_everything_that_happened_is_in_the_events_and_they_replay_to_the_same_state(
    office: Office, database: Database
) -> None:
    held = office.open_class(office.contracted().name, capacity=2).name
    people = [office.enrol(held) for _ in range(5)]
    office.withdraw(people[0].name)
    office.withdraw(people[4].name)
    office.classes.CloseClass(classes_pb2.CloseClassRequest(name=held, request_id=request_id()))
    state: dict[str, str] = {}
    with database.reading() as session:
        outbox = Base.metadata.tables["outbox_event"]
        for event in session.execute(outbox.select().order_by(outbox.c.sequence)):
            data = event.data if isinstance(event.data, dict) else json.loads(event.data)
            kind = event.type.removeprefix("liancai.training.enrolment.")
            if kind != event.type and data["class"] == held:
                state[event.subject] = "ENROLLED" if kind == "promoted" else kind.upper()
    wanted = pb.ListEnrolmentsRequest(filter=pb.ListEnrolmentsRequest.Filter(class_name=held))
    listed = office.enrolments.ListEnrolments(wanted).enrolments
    assert state == {each.name: pb.Enrolment.State.Name(each.state) for each in listed}
    assert sorted(state.values()) == ["ENROLLED", "ENROLLED", "WITHDRAWN", "WITHDRAWN", "WITHDRAWN"]


def test_a_list_of_enrolments_pages_in_order_of_place(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=3).name
    names = [office.enrol(held).name for _ in range(7)]
    assert listed(office, 3, class_name=held) == names


@pytest.mark.parametrize("size", [1, 2, 3, 4, 50])
def test_a_list_of_an_order_goes_from_class_to_class(size: int, office: Office) -> None:
    order = office.contracted(headcount=30).name
    classes = [office.open_class(order, capacity=3).name for _ in range(4)]
    office.enrol(office.open_class(office.contracted().name).name)  # of another order
    names: dict[str, list[str]] = {held: [] for held in classes}
    for held in (*classes[:3:2], *classes[::3], classes[0]):  # nobody comes to the second
        names[held].append(office.enrol(held).name)
    assert listed(office, size, order=order) == [name for held in sorted(names) for name in names[held]]
    office.enrolments.WithdrawEnrolment(
        pb.WithdrawEnrolmentRequest(name=names[classes[0]][1], reason="不来了", request_id=request_id())
    )
    left = [name for held in classes for name in names[held] if name != names[classes[0]][1]]
    assert listed(office, size, order=order, states=[pb.Enrolment.ENROLLED]) == left


def listed(office: Office, size: int, **asked: Any) -> list[str]:
    """Every enrolment of a list, page by page."""
    request = pb.ListEnrolmentsRequest(page_size=size, filter=pb.ListEnrolmentsRequest.Filter(**asked))
    seen: list[str] = []
    while True:
        page = office.enrolments.ListEnrolments(request)
        assert len(page.enrolments) <= size
        seen += [each.name for each in page.enrolments]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return seen


def test_a_roster_leaves_the_same_trail_as_its_people_one_by_one(office: Office, database: Database) -> None:
    order = office.contracted().name
    by_hand, by_roster = (office.open_class(order, capacity=19).name for _ in range(2))
    wishes = [somebody() for _ in range(3)]
    elder = somebody(resident_id=resident_id.make("370103", date(1960, 1, 1), 8))
    why = pb.AcceptedWarning(code="TR-AGE-MAX", reason='已核实"未领取养老金"')
    for each in (*wishes, elder):
        enrol(office, by_hand, each, accepted=[why])
    office.import_people(by_roster, [*wishes, elder], accepted=[why])

    def told(name: str) -> list[tuple[object, ...]]:
        audit, events = (Base.metadata.tables[table] for table in ("audit_entry", "outbox_event"))
        with database.reading() as session:
            entries = session.execute(select(audit)).all()
            sent = session.execute(select(events)).all()
        return [
            (row.actor, row.unit, row.division, row.reason, {**row.detail, "class": ""})
            for row in entries
            if row.detail.get("class") == name
        ] + [(row.type, {**row.data, "class": ""}) for row in sent if row.data.get("class") == name]

    one_by_one, at_once = told(by_hand), told(by_roster)
    assert len(one_by_one) == 2 * (len(wishes) + 1)
    assert at_once == one_by_one
