"""The filing of a class over the wire: every field of it, and everything it lacks."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import quotas_pb2

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import Office, a_class, request_id
from tests.training.schools import a_school
from tests.training.test_orders import refusal

HASH = "ab" * 32
FILED = {
    "training_kind": pb.Class.PROJECT,
    "fund": quotas_pb2.EMPLOYMENT_SUBSIDY,
    "subsidy_fen": 120_000,
    "subsidy_standard": "JN-2026-DG-4",
    "project_number": "XM-2026-7",
    "certificate_kind": pb.Class.SKILL_LEVEL,
    "hours_theory": 40,
    "hours_practice": 80,
    "site_address": "市中区样例路 7 号",
    "head_teacher": "样例老师",
    "assessment_plan": "理论笔试与实操考核",
    "minimum": 10,
    "attachments": [pb.Attachment(kind=pb.Attachment.TEACHING_PLAN, file_name="教学计划.pdf", sha256=HASH, size=7)],
}


def create(office: Office, order: str, **fields: Any) -> pb.Class:
    made: pb.Class = office.classes.CreateClass(
        pb.CreateClassRequest(training_class=a_class(order, **fields), request_id=request_id())
    )
    return made


def update(office: Office, name: str, etag: str = "", **fields: Any) -> pb.Class:
    wished = pb.Class(**{**fields, "name": name, "etag": etag})
    changed: pb.Class = office.classes.UpdateClass(
        pb.UpdateClassRequest(training_class=wished, update_mask=FieldMask(paths=list(fields)), request_id=request_id())
    )
    return changed


def send_back(office: Office, name: str, *gaps: str, reason: str = "") -> pb.Class:
    returned: pb.Class = office.classes.ReturnClass(
        pb.ReturnClassRequest(name=name, gaps=gaps, reason=reason, request_id=request_id())
    )
    return returned


def check(office: Office, name: str) -> dict[str, types_pb2.Finding]:
    report = office.classes.CheckFiling(pb.CheckFilingRequest(name=name))
    assert report.class_name == name
    assert report.rule_pack.startswith("training@")
    assert report.complete == all(gap.level != types_pb2.Finding.ERROR for gap in report.gaps)
    levels = [gap.level for gap in report.gaps]
    assert levels == sorted(levels), "errors first"
    return {gap.code: gap for gap in report.gaps}


def lesson(start: str = "08:30", end: str = "11:30", date: str = "2026-12-07", **fields: Any) -> pb.Session:
    return pb.Session(date=date, start=start, end=end, **fields)


# ---- what a filing holds -----------------------------------------------------------------------------


def test_a_filing_keeps_every_field(office: Office, database: Database) -> None:
    school = a_school(database)
    teacher = school.teacher()
    hours = [lesson(place="201", teacher=teacher, topic="电工基础", practice=True)]
    made = create(office, office.contracted().name, institution_credit_code=school.credit_code, sessions=hours, **FILED)
    assert {name: getattr(made, name) for name in FILED} == FILED
    assert list(made.sessions) == hours
    assert office.the_class(made.name) == made
    assert (made.certificate_level, made.suspended, made.HasField("file_time")) == (4, False, False)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"fund": quotas_pb2.EMPLOYMENT_SUBSIDY}, {"subsidy_fen"}),
        ({"subsidy_fen": 1}, {"subsidy_fen"}),
        ({"fund": quotas_pb2.NONE, "subsidy_fen": 1}, {"subsidy_fen"}),
        ({"fund": quotas_pb2.SKILLS_ACTION, "subsidy_fen": -1}, {"subsidy_fen"}),
        ({"hours_theory": -1, "hours_practice": 10_001}, {"hours_theory", "hours_practice"}),
        ({"site_address": "址" * 201, "head_teacher": "师" * 51}, {"site_address", "head_teacher"}),
        ({"assessment_plan": "考" * 1001, "project_number": "1" * 65}, {"assessment_plan", "project_number"}),
        ({"sessions": [lesson(topic="题" * 101)]}, {"sessions[0].topic"}),
        ({"sessions": [lesson(teacher="classes/1")]}, {"sessions[0].teacher"}),
        ({"attachments": [pb.Attachment()]}, {f"attachments[0].{each}" for each in ("kind", "file_name", "sha256")}),
        ({"attachments": [pb.Attachment(kind=1, file_name="a", sha256="AB" * 32)]}, {"attachments[0].sha256"}),
        ({"attachments": [pb.Attachment(kind=1, file_name=n, sha256=HASH) for n in "ab"]}, {"attachments[1]"}),
        ({"attachments": [pb.Attachment(kind=1, file_name="a", sha256=HASH)] * 51}, {"attachments"}),
    ],
)
def test_every_wrong_field_of_a_filing_is_named(office: Office, fields: dict[str, Any], wrong: set[str]) -> None:
    wished = a_class(office.contracted().name, **fields)
    request = pb.CreateClassRequest(training_class=wished, request_id=request_id())
    code, _, named = refusal(office.classes.CreateClass, request)
    assert (code, named) == (grpc.StatusCode.INVALID_ARGUMENT, {f"training_class.{each}" for each in wrong})


def test_one_document_may_serve_as_two(office: Office) -> None:
    both = [pb.Attachment(kind=kind, file_name="全.pdf", sha256=HASH) for kind in (1, 2)]
    assert len(create(office, office.contracted().name, attachments=both).attachments) == 2


def test_a_kind_nobody_knows_is_refused(office: Office) -> None:
    wished = a_class(office.contracted().name)
    raw = wished.SerializeToString() + bytes([26 << 3 & 0x7F | 0x80, 26 << 3 >> 7, 99])
    request = pb.CreateClassRequest(training_class=pb.Class.FromString(raw), request_id=request_id())
    assert refusal(office.classes.CreateClass, request)[2] == {"training_class.training_kind"}


def test_a_teacher_must_be_of_the_institution(office: Office, database: Database) -> None:
    ours, theirs = a_school(database), a_school(database)
    hours = [
        lesson("08:30", "09:30", teacher=ours.teacher()),
        lesson("10:00", "11:00", teacher=theirs.teacher()),
        lesson("14:00", "15:00", teacher="teachers/01NOBODY"),
    ]
    wished = a_class(office.contracted().name, institution_credit_code=ours.credit_code, sessions=hours)
    request = pb.CreateClassRequest(training_class=wished, request_id=request_id())
    assert refusal(office.classes.CreateClass, request)[2] == {
        *("training_class.sessions[1].teacher", "training_class.sessions[2].teacher")
    }
    made = create(office, office.contracted().name, institution_credit_code=ours.credit_code, sessions=hours[:1])
    changed = pb.UpdateClassRequest(
        training_class=pb.Class(name=made.name, sessions=hours),
        update_mask=FieldMask(paths=["sessions"]),
        request_id=request_id(),
    )
    assert len(refusal(office.classes.UpdateClass, changed)[2]) == 2


# ---- what it lacks -----------------------------------------------------------------------------------


def test_a_check_names_every_gap_and_stores_nothing(office: Office) -> None:
    bare = create(
        *(office, office.contracted(headcount=60).name),
        training_kind=0,
        site_address="",
        hours_theory=0,
        hours_practice=0,
        capacity=55,
    )
    found = check(office, bare.name)
    assert found.keys() >= {
        *("TF-TRAINING-KIND", "TF-SITE", "TF-HOURS", "TF-SIZE-MAX", "TF-TIMETABLE", "TF-DOC-TEACHING-PLAN"),
        *("TF-NUMBER-UNKNOWN", "TF-MINIMUM"),
    }
    assert "50" in found["TF-SIZE-MAX"].message
    assert "待人社局核实" in found["TF-SIZE-MAX"].message
    assert found["TF-SITE"].field == "site_address"
    assert office.the_class(bare.name) == bare


def test_a_check_speaks_the_language_of_the_caller(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    made = create(office, office.contracted().name, site_address="")
    english = Office(grpc_channel, token_of(settings), "en")
    assert check(english, made.name)["TF-SITE"].message == "The address of the site is missing. Fill it in."


def test_what_the_order_and_the_register_say_is_asked_when_it_is_checked(office: Office, database: Database) -> None:
    school = a_school(database)
    made = create(office, office.contracted(headcount=20).name, institution_credit_code=school.credit_code)
    assert not check(office, made.name).keys() & {
        "TF-INSTITUTION-UNKNOWN",
        "TF-ORDER-SEATS",
        "TF-INSTITUTION-SUSPENDED",
    }
    other = create(office, made.order, capacity=15)
    office.bring(other.name, "File")
    assert check(office, made.name)["TF-ORDER-SEATS"].level == types_pb2.Finding.ERROR
    school.suspend()
    assert check(office, made.name)["TF-INSTITUTION-SUSPENDED"].level == types_pb2.Finding.ERROR


def test_a_class_that_holds_its_seats_does_not_lack_them(office: Office) -> None:
    made = create(office, office.contracted(headcount=10).name, capacity=10)
    office.bring(made.name, "File")
    assert "TF-ORDER-SEATS" not in check(office, made.name)


def test_the_lead_is_counted_from_the_day_of_the_filing(office: Office) -> None:
    made = create(office, office.contracted().name, start_date="2020-03-02", end_date="2020-03-31")
    assert "TF-STARTED" in check(office, made.name)
    assert "TF-LEAD" not in check(office, made.name)
