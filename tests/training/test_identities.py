"""Who somebody is, corrected over the wire: one number or two persons that were one; on SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
from datetime import date
from functools import partial
from typing import Any

import grpc
import pytest
from liancai.training.v1 import audit_pb2, classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb

from services import host
from services.platform.database import Database
from services.reference import resident_id
from services.training.enrolments import identities
from services.training.tables import Base, TraineeRow
from tests.conftest import token_of
from tests.office import Office, request_id, somebody
from tests.races.crowd import together
from tests.statuses import info_of, refusal_of, violations_of
from tests.training.exchanging import enrolment
from tests.training.journal import prove

State = pb.Enrolment.State
_serial = itertools.count(1)


@pytest.fixture(scope="module")
def partner(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """The bureau of the other side."""
    return Office(grpc_channel, token_of(settings, division="370103", unit="370103-hrss", subject="their officer"))


@pytest.fixture(scope="module")
def elsewhere(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """A bureau of another county."""
    theirs: dict[str, Any] = {"division": "371502", "unit": "371502-hrss"}
    second = token_of(settings, **theirs, subject="second")
    return Office(grpc_channel, token_of(settings, **theirs, subject="elsewhere"), second=second)


def number(born: date = date(1991, 5, 6)) -> str:
    """An identity number that is nobody's."""
    return resident_id.make("370104", born, next(_serial))


def new_class(office: Office, **fields: Any) -> str:
    return office.open_class(office.contracted().name, capacity=5, **fields).name


def correct(office: Office, name: str, **fields: Any) -> pb.CorrectIdentityResponse:
    fields = {"request_id": request_id(), "proof": "公安户籍更正证明", "reason": "录入有误", **fields}
    corrected: pb.CorrectIdentityResponse = office.enrolments.CorrectIdentity(
        pb.CorrectIdentityRequest(name=name, **fields)
    )
    return corrected


def reveal(office: Office, name: str) -> pb.Applicant:
    request = pb.RevealEnrolmentRequest(name=name, purpose="核对更正结果", request_id=request_id())
    shown: pb.Applicant = office.enrolments.RevealEnrolment(request).applicant
    return shown


def codes(each: pb.Enrolment) -> list[str]:
    return [finding.code for finding in each.findings]


def trainee_of(database: Database, identity: str) -> TraineeRow | None:
    """Who is on record with a number."""
    with database.reading() as session:
        index = database.vault.index("resident_id", identity)
        return session.query(TraineeRow).filter_by(resident_id_index=index).one_or_none()


def test_a_name_and_a_number_are_corrected_wherever_the_person_is_enrolled(office: Office, database: Database) -> None:
    person = somebody()
    first, second = (office.enrol(new_class(office), person) for _ in range(2))
    right = number()
    done = correct(office, first.name, full_name="样例更正", resident_id=right)
    assert done.enrolment.masked_name == "样***"
    assert done.enrolment.masked_resident_id == resident_id.mask(right)
    assert {each.name for each in done.enrolments} == {first.name, second.name}
    for name in (first.name, second.name):
        shown = reveal(office, name)
        assert (shown.full_name, shown.resident_id, shown.phone) == ("样例更正", right, person.phone)
    assert trainee_of(database, person.resident_id) is None  # the wrong number is not on record any more
    with pytest.raises(grpc.RpcError):  # nor is the person enrolled twice by it
        office.enrol(first.class_name, somebody(full_name="样例更正", resident_id=right))


def test_the_person_is_found_by_who_they_are_and_not_by_who_they_were(office: Office) -> None:
    person, right = somebody(full_name="皇甫样例"), number()
    enrolled = office.enrol(new_class(office), person)
    correct(office, enrolled.name, full_name="轩辕样例", resident_id=right)

    def found(query: str) -> list[str]:
        request = pb.SearchEnrolmentsRequest(query=query, class_name=enrolled.class_name)
        return [each.name for each in office.enrolments.SearchEnrolments(request).enrolments]

    assert [found(query) for query in ("轩辕样例", "xuanyuan", right)] == [[enrolled.name]] * 3
    assert [found(query) for query in ("皇甫样例", "huangfu", person.resident_id)] == [[]] * 3


def test_what_a_request_does_not_name_stays(office: Office) -> None:
    person = somebody()
    enrolled = office.enrol(new_class(office), person)
    correct(office, enrolled.name, full_name="样例改名")
    assert (reveal(office, enrolled.name).full_name, reveal(office, enrolled.name).resident_id) == (
        "样例改名",
        person.resident_id,
    )
    right = number()
    correct(office, enrolled.name, resident_id=f" {right.lower()} ")
    assert (reveal(office, enrolled.name).full_name, reveal(office, enrolled.name).resident_id) == ("样例改名", right)


def test_the_same_correction_asked_for_twice_is_one(office: Office) -> None:
    enrolled = office.enrol(new_class(office))
    again, right = request_id(), number()
    assert correct(office, enrolled.name, resident_id=right, request_id=again) == correct(
        office, enrolled.name, resident_id=right, request_id=again
    )
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=enrolled.name)).entries
    assert [each.action.rpartition(".")[2] for each in entries] == ["enrol", "correct"]
    assert entries[-1].reason == "录入有误"


def test_a_number_that_is_on_record_makes_both_one_person(office: Office, database: Database) -> None:
    right = somebody()
    theirs = office.enrol(new_class(office), right)
    wrong = somebody(full_name=right.full_name)
    mine = office.enrol(new_class(office), wrong)
    done = correct(office, mine.name, resident_id=right.resident_id)
    assert {each.name for each in done.enrolments} == {mine.name, theirs.name}
    assert done.enrolment.masked_resident_id == resident_id.mask(right.resident_id)
    shown = reveal(office, mine.name)
    assert (shown.resident_id, shown.phone) == (right.resident_id, wrong.phone)  # a phone belongs to its enrolment
    assert trainee_of(database, wrong.resident_id) is None
    # from now on they are in each other's way: one seat a person
    with pytest.raises(grpc.RpcError) as error:
        office.enrol(mine.class_name, right)
    assert info_of(error.value)[0] == "ALREADY_ENROLLED"
    # and whoever really has the number that was typed by mistake is somebody new
    stranger = somebody(full_name="样例他人", resident_id=wrong.resident_id)
    assert office.enrol(new_class(office), stranger).state == State.ENROLLED
    for held in (mine.class_name, theirs.class_name):
        prove(database, office.the_class(held).order)


def test_two_who_are_in_one_class_cannot_become_one(office: Office, database: Database) -> None:
    held = new_class(office)
    right, wrong = somebody(full_name="样例同"), somebody(full_name="样例同")
    theirs, mine = office.enrol(held, right), office.enrol(held, wrong)
    taken = ("IDENTITY_TAKEN", {"class_name": held, "enrolment": theirs.name})
    assert refusal_of(correct, office, mine.name, resident_id=right.resident_id) == taken
    assert reveal(office, mine.name).resident_id == wrong.resident_id
    office.withdraw(theirs.name)
    assert correct(office, mine.name, resident_id=right.resident_id).enrolment.state == State.ENROLLED
    prove(database, office.the_class(held).order)


def test_a_number_on_record_under_another_name_is_somebody_elses(office: Office) -> None:
    right, wrong = somebody(full_name="样例甲"), somebody(full_name="样例乙")
    office.enrol(new_class(office), right)
    mine = office.enrol(new_class(office), wrong)
    assert refusal_of(correct, office, mine.name, resident_id=right.resident_id)[0] == "INVALID_REQUEST"
    assert reveal(office, mine.name).resident_id == wrong.resident_id
    correct(office, mine.name, resident_id=right.resident_id, full_name=right.full_name)
    assert reveal(office, mine.name).resident_id == right.resident_id


def test_the_answer_says_which_rules_the_real_person_would_not_meet(office: Office) -> None:
    held = new_class(office)
    enrolled = office.enrol(held)
    done = correct(office, enrolled.name, resident_id=number(date(2012, 3, 4)))
    assert [codes(each) for each in done.enrolments] == [["TR-AGE-MIN"]]
    assert enrolment(office, enrolled.name).state == State.ENROLLED  # nobody loses a seat by it
    elder = correct(office, enrolled.name, resident_id=number(date(1961, 3, 4)))
    assert [codes(each) for each in elder.enrolments] == [["TR-AGE-MAX"]]
    assert [codes(each) for each in correct(office, enrolled.name, resident_id=number()).enrolments] == [[]]


def test_one_person_in_two_classes_at_once_is_found_out(office: Office) -> None:
    hours = [classes_pb2.Session(date="2026-12-09", start="08:30", end="11:30")]
    first, second = new_class(office, sessions=hours), new_class(office, sessions=hours)
    right = somebody()
    theirs, mine = office.enrol(first, right), office.enrol(second, somebody(full_name=right.full_name))
    done = correct(office, mine.name, resident_id=right.resident_id)
    assert {each.name: codes(each) for each in done.enrolments} == {
        theirs.name: ["TR-OVERLAP"],
        mine.name: ["TR-OVERLAP"],
    }
    assert [each.findings[0].others for each in sorted(done.enrolments, key=lambda each: each.class_name)] == [
        [second],
        [first],
    ]


def test_who_left_may_be_corrected_too(office: Office) -> None:
    enrolled = office.enrol(new_class(office))
    office.withdraw(enrolled.name)
    right = number()
    done = correct(office, enrolled.name, resident_id=right)
    assert (done.enrolment.state, list(done.enrolments)) == (State.WITHDRAWN, [])
    assert reveal(office, enrolled.name).resident_id == right


def test_another_officers_etag_is_stale_after_a_correction(office: Office, partner: Office) -> None:
    person = somebody()
    enrolled, other = (office.enrol(new_class(office), person) for _ in range(2))
    done = correct(office, enrolled.name, full_name="样例一改", etag=enrolled.etag)
    assert done.enrolment.etag == enrolment(office, enrolled.name).etag != enrolled.etag
    for seen in (enrolled, other):  # the other one shows the person too
        assert refusal_of(correct, partner, seen.name, full_name="样例二改", etag=seen.etag)[0] == "STALE_ETAG"
    assert reveal(office, enrolled.name).full_name == "样例一改"


def test_of_two_corrections_at_once_one_is_told(office: Office, partner: Office) -> None:
    for _ in range(5):
        enrolled = office.enrol(new_class(office))
        said = together(
            partial(correct, office, enrolled.name, full_name="样例一改", etag=enrolled.etag),
            partial(correct, partner, enrolled.name, full_name="样例二改", etag=enrolled.etag),
        )
        errors = [each for each in said if isinstance(each, grpc.RpcError)]
        assert [info_of(each)[0] for each in errors] == ["STALE_ETAG"]


def test_two_who_are_corrected_to_each_others_number_at_once(office: Office, partner: Office) -> None:
    for _ in range(5):
        left, right = somebody(full_name="样例同"), somebody(full_name="样例同")
        first, second = office.enrol(new_class(office), left), office.enrol(new_class(office), right)
        together(
            partial(correct, office, first.name, resident_id=right.resident_id),
            partial(correct, partner, second.name, resident_id=left.resident_id),
        )
        # whichever came last, both are one person with a number that checks
        numbers = {reveal(office, each.name).resident_id for each in (first, second)}
        assert len(numbers) == 1
        assert numbers <= {left.resident_id, right.resident_id}


def test_only_what_the_officer_may_see_is_shown(office: Office, elsewhere: Office) -> None:
    person = somebody()
    order = elsewhere.contracted(division="371502", partner_division="370103").name
    hidden = elsewhere.enrol(elsewhere.open_class(order, capacity=5).name, person)
    mine = office.enrol(new_class(office), person)
    right = number()
    assert refusal_of(correct, office, hidden.name, resident_id=right) == ("NOT_FOUND", {"resource": hidden.name})
    done = correct(office, mine.name, resident_id=right)
    assert [each.name for each in done.enrolments] == [mine.name]
    assert reveal(elsewhere, hidden.name).resident_id == right  # the person is the same everywhere


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({}, "full_name", ""),
        ({"full_name": "1"}, "full_name", "TR-NAME-CHARACTERS"),
        ({"resident_id": "370104199105060012"}, "resident_id", ""),
        ({"full_name": "样例甲", "proof": ""}, "proof", ""),
        ({"full_name": "样例甲", "reason": ""}, "reason", ""),
        ({"full_name": "样例甲", "request_id": "short"}, "request_id", ""),
        ({"full_name": "样例甲", "reason": "应为样例甲"}, "reason", ""),
        ({"full_name": "样例乙丙", "reason": "原号 37010319900101001X 有误"}, "reason", ""),
        ({"full_name": "样例乙丙", "proof": "户口簿，电话13812340000"}, "proof", ""),
    ],
)
def test_what_is_wrong_is_said_by_field(office: Office, fields: dict[str, str], field: str, code: str) -> None:
    enrolled = office.enrol(new_class(office))
    with pytest.raises(grpc.RpcError) as error:
        correct(office, enrolled.name, **fields)
    assert [each.field for each in violations_of(error.value)] == [field]


def test_the_name_that_was_on_record_is_not_told_in_the_reason(office: Office) -> None:
    enrolled = office.enrol(new_class(office), somebody(full_name="司马样例"))
    with pytest.raises(grpc.RpcError) as error:
        correct(office, enrolled.name, full_name="样例丁戊", reason="司马样例为曾用名")
    assert [each.field for each in violations_of(error.value)] == ["reason"]
    assert reveal(office, enrolled.name).full_name == "司马样例"


def test_no_person_is_in_the_trail_of_a_correction(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, right = somebody(full_name="欧阳样例"), number()
    enrolled = office.enrol(new_class(office), person)
    correct(office, enrolled.name, full_name="上官样例", resident_id=right)

    def told() -> str:
        with database.reading() as session:
            return "".join(
                str(tuple(row))
                for name in ("audit_entry", "outbox_event")
                for row in session.execute(Base.metadata.tables[name].select())
            )

    secrets = [person.full_name, person.resident_id, person.phone, "上官样例", right]
    assert "enrolment.corrected" in told()
    assert [secret for secret in secrets if secret in told()] == []
    # without the guard, what an officer writes down is told to everybody who reads the events
    monkeypatch.setattr(identities, "_keep_out", lambda *_: None)
    correct(office, enrolled.name, full_name="诸葛样例", reason="诸葛样例为本名")
    assert "诸葛样例" in told()
