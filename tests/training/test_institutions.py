"""The register of institutions over the wire: who keeps it, what suspension stops, and its teachers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import classes_pb2, enrolments_pb2, orders_pb2
from liancai.training.v1 import institutions_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.reference import credit_code, resident_id
from services.training.tables import TeacherRow
from tests.conftest import token_of
from tests.office import ELECTRICIAN, ENTERPRISE, Office, a_class, an_institution, request_id, somebody
from tests.statuses import error_of, info_of, violations_of
from tests.training.journal import prove

NUMBER = resident_id.make("370103", date(1975, 5, 5), 321)
_codes = iter(range(1000))


def a_code() -> str:
    """The credit code of an institution nobody has heard of."""
    return credit_code.make("52", "371526", f"MJE1{next(_codes):04}")


def reason_of(call: Callable[..., Any], *arguments: Any) -> str:
    return info_of(error_of(call, *arguments))[0]


def register(office: Office, **fields: Any) -> pb.Institution:
    made: pb.Institution = office.institutions.RegisterInstitution(
        pb.RegisterInstitutionRequest(
            institution=an_institution(**{"credit_code": a_code(), **fields}), request_id=request_id()
        )
    )
    return made


def turn(office: Office, verb: str, name: str, reason: str = "年检不合格", etag: str = "") -> pb.Institution:
    request = getattr(pb, f"{verb}InstitutionRequest")(name=name, reason=reason, etag=etag, request_id=request_id())
    turned: pb.Institution = getattr(office.institutions, f"{verb}Institution")(request)
    return turned


def update(office: Office, name: str, paths: list[str], **fields: Any) -> pb.Institution:
    changed: pb.Institution = office.institutions.UpdateInstitution(
        pb.UpdateInstitutionRequest(
            institution=pb.Institution(name=name, **fields), update_mask=FieldMask(paths=paths), request_id=request_id()
        )
    )
    return changed


def add(office: Office, institution: str, **fields: Any) -> pb.Teacher:
    values = {"full_name": "样例教师", "resident_id": NUMBER, "qualification": "电工高级技师"}
    made: pb.Teacher = office.institutions.AddTeacher(
        pb.AddTeacherRequest(institution=institution, request_id=request_id(), **{**values, **fields})
    )
    return made


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Callable[..., Office]:
    """A desk of somebody else."""

    def at(**claims: Any) -> Office:
        return Office(grpc_channel, token_of(settings, **{"subject": "reader", **claims}))

    return at


# ---- the register ----------------------------------------------------------------------------------


def test_an_institution_is_registered_once_and_everybody_reads_it(office: Office, desk: Callable[..., Office]) -> None:
    made = register(office, occupation_codes=[ELECTRICIAN, ELECTRICIAN], licence_number="人社民371526001号")
    assert made.state == pb.Institution.ACTIVE
    assert made.name == f"institutions/{made.credit_code}"
    assert list(made.occupation_codes) == [ELECTRICIAN]
    error = error_of(lambda: register(office, credit_code=made.credit_code))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert info_of(error) == ("INSTITUTION_EXISTS", {"institution": made.name})
    readers = (
        {"division": "440106", "roles": ("enterprise",), "unit": ENTERPRISE},
        {"division": "440106", "roles": ("institution",), "unit": "x"},
        {"division": "370103", "roles": ("supervisor",)},
    )
    for claims in readers:
        assert desk(**claims).institutions.GetInstitution(pb.GetInstitutionRequest(name=made.name)) == made
    missing = pb.GetInstitutionRequest(name=f"institutions/{a_code()}")
    assert error_of(office.institutions.GetInstitution, missing).code() is grpc.StatusCode.NOT_FOUND


def test_every_wrong_field_is_named_at_once(office: Office) -> None:
    wrong = pb.Institution(
        credit_code="52370103MJE0001009", institution_name="x", division="370000", licence_number="x" * 65,
        catalogue_number="\x00", occupation_codes=["6-31"],
    )  # fmt: skip
    error = error_of(office.institutions.RegisterInstitution, pb.RegisterInstitutionRequest(institution=wrong))
    assert {violation.field for violation in violations_of(error)} == {
        "request_id",
        "institution.credit_code",
        "institution.institution_name",
        "institution.division",
        "institution.licence_number",
        "institution.catalogue_number",
        "institution.occupation_codes[0]",
    }


def test_only_the_bureau_of_its_division_keeps_it(office: Office, desk: Callable[..., Office]) -> None:
    partner, school = desk(division="370103"), desk(roles=("institution",), unit="x")
    for stranger in (partner, school):
        assert error_of(lambda s=stranger: register(s)).code() is grpc.StatusCode.PERMISSION_DENIED
    made = register(office)
    for stranger in (partner, school):
        for act in (
            lambda s=stranger: update(s, made.name, ["institution_name"], institution_name="别人改的"),
            lambda s=stranger: turn(s, "Suspend", made.name),
            lambda s=stranger: turn(s, "Reinstate", made.name),
        ):
            assert error_of(act).code() is grpc.StatusCode.PERMISSION_DENIED
    assert register(desk(division="371500")).division == "371526"
    # nobody gives an institution to a division of others
    moving = lambda: update(office, made.name, ["division"], division="370103")  # noqa: E731
    assert error_of(moving).code() is grpc.StatusCode.PERMISSION_DENIED


def test_what_is_on_the_register_changes_where_the_mask_says(office: Office) -> None:
    made = register(office, occupation_codes=[ELECTRICIAN], licence_number="")
    changed = update(
        office, made.name, ["institution_name", "occupation_codes"], institution_name="新名学校", licence_number="x"
    )
    assert (changed.institution_name, list(changed.occupation_codes)) == ("新名学校", [])
    assert changed.licence_number == made.licence_number
    assert changed.etag != made.etag
    for paths in (["credit_code"], ["state"], ["reason"], []):
        error = error_of(update, office, made.name, paths)
        assert {violation.field for violation in violations_of(error)} == {"update_mask"}
    stale = lambda: update(office, made.name, ["institution_name"], institution_name="旧版", etag=made.etag)  # noqa: E731
    assert error_of(stale).code() is grpc.StatusCode.ABORTED


def test_lists_follow_their_pages_and_their_filter(office: Office, desk: Callable[..., Office]) -> None:
    made = {register(office).name for _ in range(4)}
    suspended = register(office).name
    turn(office, "Suspend", suspended)
    other = register(desk(division="370103"), division="370103").name

    def names(size: int = 1000, **wanted: Any) -> list[str]:
        request = pb.ListInstitutionsRequest(filter=pb.ListInstitutionsRequest.Filter(**wanted), page_size=size)
        found: list[str] = []
        while True:
            page = office.institutions.ListInstitutions(request)
            found += [each.name for each in page.institutions]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    everything = names(2)
    assert everything == sorted(set(everything))
    assert {*made, suspended, other} <= set(everything)
    assert suspended in names(states=[pb.Institution.SUSPENDED])
    assert not made & set(names(states=[pb.Institution.SUSPENDED]))
    assert other in names(division="370100")
    assert not made & set(names(division="370100"))
    wrong = pb.ListInstitutionsRequest(filter={"division": "37"})
    assert error_of(office.institutions.ListInstitutions, wrong).code() is grpc.StatusCode.INVALID_ARGUMENT


# ---- what suspension stops -------------------------------------------------------------------------


def test_only_an_institution_on_the_register_is_matched_and_trains(office: Office) -> None:
    order, code = office.verified(), a_code()

    def match() -> orders_pb2.Order:
        request = orders_pb2.MatchOrderRequest(name=order.name, institution_credit_code=code, request_id=request_id())
        matched: orders_pb2.Order = office.orders.MatchOrder(request)
        return matched

    assert info_of(error_of(match)) == ("INSTITUTION_UNKNOWN", {"institution": f"institutions/{code}"})
    made = register(office, credit_code=code)
    turn(office, "Suspend", made.name)
    assert reason_of(match) == "INSTITUTION_SUSPENDED"
    turn(office, "Reinstate", made.name)
    assert match().state == orders_pb2.Order.MATCHED
    contracted, unknown = office.contracted(), a_code()
    wanted = a_class(contracted.name, institution_credit_code=unknown)
    create = classes_pb2.CreateClassRequest(training_class=wanted, request_id=request_id())
    assert reason_of(office.classes.CreateClass, create) == "INSTITUTION_UNKNOWN"


def test_a_suspended_institution_files_nothing_and_takes_nobody(office: Office) -> None:
    code = a_code()
    order = office.contracted(institution=code)
    name = f"institutions/{code}"
    held = office.open_class(order.name, institution_credit_code=code, capacity=5)
    mine = office.enrol(held.name)
    draft = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(
            training_class=a_class(order.name, institution_credit_code=code, capacity=5), request_id=request_id()
        )
    )
    suspended = turn(office, "Suspend", name, "消防检查未通过")
    assert (suspended.state, suspended.reason) == (pb.Institution.SUSPENDED, "消防检查未通过")
    assert office.the_class(held.name).suspended
    assert office.the_class(draft.name).suspended
    filing = classes_pb2.FileClassRequest(name=draft.name, request_id=request_id())
    assert reason_of(office.classes.FileClass, filing) == "INSTITUTION_SUSPENDED"
    another = a_class(order.name, institution_credit_code=code)
    create = classes_pb2.CreateClassRequest(training_class=another, request_id=request_id())
    assert reason_of(office.classes.CreateClass, create) == "INSTITUTION_SUSPENDED"
    assert reason_of(office.enrol, held.name) == "NOT_ELIGIBLE"
    kept = office.enrolments.GetEnrolment(enrolments_pb2.GetEnrolmentRequest(name=mine.name))
    assert kept.state == enrolments_pb2.Enrolment.ENROLLED
    error = error_of(turn, office, "Suspend", name)
    assert info_of(error) == ("INSTITUTION_STATE", {"institution": name, "state": "SUSPENDED", "allowed": "ACTIVE"})
    turn(office, "Reinstate", name, "整改完成")
    assert not office.the_class(held.name).suspended
    assert (
        office.classes.FileClass(classes_pb2.FileClassRequest(name=draft.name, request_id=request_id())).state
        == classes_pb2.Class.FILED
    )


def test_waitlists_stand_still_while_it_is_suspended_and_move_when_it_is_reinstated(
    office: Office, database: Database
) -> None:
    code = a_code()
    order = office.contracted(institution=code)
    classes = [office.open_class(order.name, institution_credit_code=code, capacity=2) for _ in range(2)]
    people = {held.name: [office.enrol(held.name, somebody()) for _ in range(4)] for held in classes}
    turn(office, "Suspend", f"institutions/{code}")
    for enrolled in people.values():
        assert office.withdraw(enrolled[0].name).promoted.name == ""
    assert [office.the_class(held.name).enrolled for held in classes] == [1, 1]
    turn(office, "Reinstate", f"institutions/{code}", "整改完成")
    for held in classes:
        now = office.the_class(held.name)
        assert (now.enrolled, now.waitlisted) == (2, 1)
        third = office.enrolments.GetEnrolment(enrolments_pb2.GetEnrolmentRequest(name=people[held.name][2].name))
        assert third.state == enrolments_pb2.Enrolment.ENROLLED
    prove(database, order.name)


def test_the_same_suspension_twice_is_one_and_a_stale_one_is_aborted(office: Office) -> None:
    made = register(office)
    request = pb.SuspendInstitutionRequest(name=made.name, reason="年检", etag=made.etag, request_id=request_id())
    first = office.institutions.SuspendInstitution(request)
    assert office.institutions.SuspendInstitution(request) == first
    stale = lambda: turn(office, "Reinstate", made.name, etag=made.etag)  # noqa: E731
    assert error_of(stale).code() is grpc.StatusCode.ABORTED
    assert {each.field for each in violations_of(error_of(lambda: turn(office, "Reinstate", made.name, "")))} == {
        "reason"
    }


# ---- teachers --------------------------------------------------------------------------------------


def test_a_teacher_is_sealed_masked_and_one_person_everywhere(office: Office, database: Database) -> None:
    one, other = register(office).name, register(office).name
    made = add(office, one, full_name="王 样例", certificate_number="S000037")
    assert made.masked_name == "王**"
    assert made.masked_resident_id == resident_id.mask(NUMBER)
    assert (made.institution, made.qualification) == (one, "电工高级技师")
    second = add(office, other)
    error = error_of(add, office, one)
    assert info_of(error) == ("TEACHER_EXISTS", {"teacher": made.name})
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    with database.reading() as session:
        rows = [session.get_one(TeacherRow, each.name.partition("/")[2]) for each in (made, second)]
        assert rows[0].resident_id_index == rows[1].resident_id_index
        assert rows[0].resident_id_index == database.vault.index("resident_id", NUMBER)
        assert NUMBER.encode() not in rows[0].resident_id_sealed
        assert rows[0].resident_id_sealed != rows[1].resident_id_sealed
        assert len(session.scalars(select(TeacherRow).where(TeacherRow.institution_id == one[13:])).all()) == 1


def test_what_a_teacher_cannot_be(office: Office) -> None:
    name = register(office).name
    error = error_of(
        lambda: add(office, name, full_name="1", resident_id=NUMBER[:-1] + "?", qualification="x" * 101,
                    certificate_number="x" * 65)
    )  # fmt: skip
    assert {violation.field for violation in violations_of(error)} == {
        *("full_name", "resident_id", "qualification", "certificate_number")
    }
    missing = error_of(lambda: add(office, f"institutions/{a_code()}"))
    assert missing.code() is grpc.StatusCode.NOT_FOUND


def test_an_institution_names_its_own_teachers(office: Office, desk: Callable[..., Office]) -> None:
    made, other = register(office), register(office)
    own = desk(division="440106", roles=("institution",), unit=made.credit_code)
    assert add(own, made.name).institution == made.name
    assert error_of(add, own, other.name).code() is grpc.StatusCode.PERMISSION_DENIED
    enterprise = desk(roles=("enterprise",), unit=ENTERPRISE)
    assert error_of(add, enterprise, made.name).code() is grpc.StatusCode.PERMISSION_DENIED
    assert error_of(add, desk(division="370103"), made.name).code() is grpc.StatusCode.PERMISSION_DENIED


def test_teachers_are_listed_page_by_page(office: Office) -> None:
    name = register(office).name
    numbers = [resident_id.make("370103", date(1975, 5, 5), 400 + each) for each in range(5)]
    made = [add(office, name, resident_id=number).name for number in numbers]
    seen: list[pb.Teacher] = []
    request = pb.ListTeachersRequest(institution=name, page_size=2)
    while True:
        page = office.institutions.ListTeachers(request)
        seen += page.teachers
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert [each.name for each in seen] == sorted(made)
    assert {each.masked_resident_id for each in seen} == {resident_id.mask(number) for number in numbers}
    missing = pb.ListTeachersRequest(institution=f"institutions/{a_code()}")
    assert error_of(office.institutions.ListTeachers, missing).code() is grpc.StatusCode.NOT_FOUND
