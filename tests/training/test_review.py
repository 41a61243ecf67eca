"""The life of a filing: who reviews and approves it, how it is returned, and what a change undoes."""

from __future__ import annotations

from functools import partial

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from liancai.common.v1 import types_pb2
from liancai.training.v1 import audit_pb2, quotas_pb2
from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.training.classes import filing
from services.training.tables import Base, BookingRow
from tests.conftest import token_of
from tests.office import INSTITUTION, Office, request_id
from tests.statuses import status_of
from tests.training.journal import prove
from tests.training.schools import a_school
from tests.training.test_filing import FILED, check, create, lesson, send_back, update
from tests.training.test_orders import refusal


def test_a_filing_is_reviewed_by_one_and_approved_by_another(office: Office) -> None:
    made = create(office, office.contracted().name)
    filed = office.bring(made.name, "File")
    assert (filed.state, filed.HasField("file_time")) == (pb.Class.FILED, True)
    assert office.bring(made.name, "Review").state == pb.Class.REVIEWED
    mine = pb.ApproveClassRequest(name=made.name, request_id=request_id())
    assert refusal(office.classes.ApproveClass, mine)[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "SAME_OFFICER")
    assert office.the_class(made.name).state == pb.Class.REVIEWED
    assert office.bring(made.name, "Approve").state == pb.Class.APPROVED
    assert office.bring(made.name, "Open").state == pb.Class.OPEN


@pytest.mark.parametrize(
    ("verb", "steps"),
    [
        ("Review", ()),
        ("Approve", ()),
        ("Approve", ("File",)),
        ("Open", ("File", "Review")),
        ("File", ("File",)),
        ("Review", ("File", "Review")),
        ("Return", ()),
        ("Return", ("File", "Review", "Approve")),
        ("Update", ("File", "Review", "Approve")),
    ],
)
def test_steps_out_of_their_order_are_refused(office: Office, verb: str, steps: tuple[str, ...]) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, *steps)
    request = {
        "Return": lambda: pb.ReturnClassRequest(name=made.name, reason="x", request_id=request_id()),
        "Update": lambda: pb.UpdateClassRequest(
            training_class=pb.Class(name=made.name, title="别的"),
            update_mask=FieldMask(paths=["title"]),
            request_id=request_id(),
        ),
    }.get(verb, lambda: getattr(pb, f"{verb}ClassRequest")(name=made.name, request_id=request_id()))()
    code, reason, _ = refusal(getattr(office.classes, f"{verb}Class"), request)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CLASS_STATE")


def test_a_gap_that_must_be_mended_keeps_a_filing_from_its_review(office: Office) -> None:
    made = create(office, office.contracted().name, head_teacher="", site_address="")
    office.bring(made.name, "File")
    with pytest.raises(grpc.RpcError) as refused:
        office.bring(made.name, "Review")
    status, details = status_of(refused.value), []
    for detail in status.details:
        finding = types_pb2.Finding()
        if detail.Unpack(finding):
            details.append(finding)
    assert refusal(office.bring, made.name, "Review")[1] == "FILING_GAPS"
    assert {each.code for each in details} == {"TF-SITE", "TF-HEAD-TEACHER"}
    assert all(each.message and each.level == types_pb2.Finding.ERROR for each in details)
    update(office, made.name, head_teacher="样例老师", site_address="市中区样例路 9 号")
    assert office.bring(made.name, "Review").state == pb.Class.REVIEWED


def test_however_much_is_missing_the_refusal_arrives(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "TOLD", 1000)
    bare = {"training_kind": 0, "certificate_kind": 0, "hours_theory": 0, "hours_practice": 0}
    texts = dict.fromkeys(("site_address", "head_teacher", "assessment_plan"), "")
    hours = [lesson(f"{hour:02}:00", f"{hour:02}:30") for hour in range(24)]
    money = {"fund": quotas_pb2.EMPLOYMENT_SUBSIDY, "subsidy_fen": 1}
    made = create(office, office.contracted().name, sessions=hours, **bare, **texts, **money)
    office.bring(made.name, "File")
    missing = {code for code, gap in check(office, made.name).items() if gap.level == types_pb2.Finding.ERROR}
    assert len(missing) >= 14
    with pytest.raises(grpc.RpcError) as refused:
        office.bring(made.name, "Review")
    info = error_details_pb2.ErrorInfo()
    assert status_of(refused.value).details[0].Unpack(info)
    assert info.reason == "FILING_GAPS"
    assert set(info.metadata["codes"].split(", ")) == missing
    # metadata of a call has a limit, and whoever is over it hears nothing at all
    told = [each for each in status_of(refused.value).details if each.Is(types_pb2.Finding.DESCRIPTOR)]
    assert 0 < len(told) < len(missing)
    assert sum(each.ByteSize() for each in told) < 2 * filing.TOLD


@pytest.mark.parametrize("steps", [("File",), ("File", "Review")])
def test_a_filing_is_returned_with_every_gap_at_once(
    office: Office, database: Database, steps: tuple[str, ...]
) -> None:
    order = office.contracted(headcount=30).name
    made = create(office, order, capacity=12)
    office.bring(made.name, *steps)
    assert prove(database, order)["COMMITTED"] == 12
    returned = send_back(office, made.name, "教学计划缺第二周", "教材未列出版单位", reason="另请补送纸质件")
    assert (returned.state, returned.reason) == (pb.Class.RETURNED, "另请补送纸质件")
    assert prove(database, order)["OPEN"] == 30
    named = [gap.message for gap in returned.gaps if gap.code == filing.OFFICER]
    assert named == ["教学计划缺第二周", "教材未列出版单位"]
    found = {gap.code for gap in returned.gaps}
    assert found >= {"TF-TIMETABLE", "TF-DOC-TEACHING-PLAN"}
    assert "TF-NUMBER-UNKNOWN" not in found, "what only tells is no gap"
    assert found - {filing.OFFICER} == {
        code for code, gap in check(office, made.name).items() if gap.level != types_pb2.Finding.NOTE
    }
    # they stay until it is filed again
    assert update(office, made.name, title="改名的班").gaps == returned.gaps
    assert office.the_class(made.name).gaps == returned.gaps
    again = office.bring(made.name, "File")
    assert (again.state, again.gaps, again.reason) == (pb.Class.FILED, [], "")
    assert prove(database, order)["COMMITTED"] == 12


def test_whoever_returns_what_lacks_nothing_says_why(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, "File")
    monkeypatch.setattr(filing, "found_gaps", lambda *_: [])
    request = pb.ReturnClassRequest(name=made.name, request_id=request_id())
    assert refusal(office.classes.ReturnClass, request)[2] == {"reason"}
    assert send_back(office, made.name, reason="企业撤回需求").gaps == []


def test_what_an_officer_names_has_bounds(office: Office) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, "File")
    for gaps, wrong in ((["x"] * 51, {"gaps"}), (["", "缺" * 201, "好"], {"gaps[0]", "gaps[1]"})):
        request = pb.ReturnClassRequest(name=made.name, gaps=gaps, request_id=request_id())
        assert refusal(office.classes.ReturnClass, request)[2] == wrong


def test_the_same_step_twice_is_one_step(office: Office, database: Database) -> None:
    order = office.contracted(headcount=30).name
    made = create(office, order, capacity=12)
    request = pb.FileClassRequest(name=made.name, request_id=request_id())
    assert office.classes.FileClass(request) == office.classes.FileClass(request)
    assert prove(database, order)["COMMITTED"] == 12
    back = pb.ReturnClassRequest(name=made.name, reason="x", request_id=request_id())
    assert office.classes.ReturnClass(back) == office.classes.ReturnClass(back)
    assert prove(database, order)["OPEN"] == 30


# ---- changes -----------------------------------------------------------------------------------------


def test_a_change_takes_the_review_back(office: Office, database: Database) -> None:
    order = office.contracted(headcount=30).name
    made = create(office, order, capacity=12)
    reviewed = office.bring(made.name, "File", "Review")
    changed = update(office, made.name, etag=reviewed.etag, capacity=20, hours_theory=44)
    assert (changed.state, changed.capacity, changed.hours_theory) == (pb.Class.FILED, 20, 44)
    assert changed.file_time.ToNanoseconds() > reviewed.file_time.ToNanoseconds()
    assert prove(database, order)["COMMITTED"] == 20
    assert update(office, made.name, capacity=5).capacity == 5
    assert prove(database, order)["COMMITTED"] == 5
    # whoever reviewed before may approve once somebody else has reviewed
    assert office.second is not None
    office.second.bring(made.name, "Review")
    approved = office.classes.ApproveClass(pb.ApproveClassRequest(name=made.name, request_id=request_id()))
    assert approved.state == pb.Class.APPROVED


def test_a_larger_capacity_takes_the_review_back_too(office: Office) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, "File", "Review")
    changed = office.classes.ChangeClassCapacity(
        pb.ChangeClassCapacityRequest(name=made.name, capacity=11, reason="企业增员", request_id=request_id())
    )
    assert changed.state == pb.Class.FILED


def test_a_change_the_order_has_no_seats_for_changes_nothing(office: Office, database: Database) -> None:
    order = office.contracted(headcount=15).name
    made = create(office, order, capacity=12)
    before = office.bring(made.name, "File", "Review")
    assert refusal(update, office, made.name)[2] == {"update_mask"}
    wished = pb.UpdateClassRequest(
        training_class=pb.Class(name=made.name, capacity=16),
        update_mask=FieldMask(paths=["capacity"]),
        request_id=request_id(),
    )
    assert refusal(office.classes.UpdateClass, wished)[1] == "ORDER_SEATS"
    assert office.the_class(made.name) == before
    assert prove(database, order)["COMMITTED"] == 12


def test_a_draft_and_a_returned_class_stay_what_they_are(office: Office, database: Database) -> None:
    order = office.contracted(headcount=30).name
    made = create(office, order, capacity=12)
    assert update(office, made.name, capacity=14).state == pb.Class.DRAFT
    office.bring(made.name, "File")
    send_back(office, made.name, reason="x")
    assert update(office, made.name, capacity=16).state == pb.Class.RETURNED
    assert prove(database, order)["OPEN"] == 30


def test_a_stale_etag_is_aborted_before_anything_else_is_looked_at(office: Office) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, "File", "Review", "Approve")
    wished = pb.UpdateClassRequest(
        training_class=pb.Class(name=made.name, etag=made.etag, capacity=-1),
        update_mask=FieldMask(paths=["capacity"]),
        request_id=request_id(),
    )
    assert refusal(office.classes.UpdateClass, wished)[:2] == (grpc.StatusCode.ABORTED, "STALE_ETAG")


def test_a_change_is_only_where_the_mask_says(office: Office) -> None:
    made = create(office, office.contracted().name, sessions=[lesson()], **{**FILED, "site_address": "一号楼"})
    wished = pb.Class(
        name=made.name, title="别的班", sessions=[lesson("14:00", "15:00")], head_teacher="", institution_name="新名"
    )
    mask = FieldMask(paths=["sessions", "head_teacher"])
    changed = office.classes.UpdateClass(
        pb.UpdateClassRequest(training_class=wished, update_mask=mask, request_id=request_id())
    )
    assert [each.start for each in changed.sessions] == ["14:00"], "the timetable is taken as a whole"
    assert (changed.title, changed.head_teacher, changed.attachments) == (made.title, "", made.attachments)
    assert update(office, made.name, attachments=[]).attachments == []
    fund = {"fund": quotas_pb2.NONE, "subsidy_fen": 0}
    assert update(office, made.name, **fund).subsidy_fen == 0
    for wrong, field in (
        ({"fund": quotas_pb2.SKILLS_ACTION}, "subsidy_fen"),
        ({"end_date": "2026-12-05"}, "sessions[0]"),
    ):
        assert refusal(partial(update, office, made.name, **wrong))[2] == {f"training_class.{field}"}
    for path in ("state", "name", "etag", "gaps", "enrolled", "nonsense", "sessions.place"):
        request = pb.UpdateClassRequest(
            training_class=wished, update_mask=FieldMask(paths=[path]), request_id=request_id()
        )
        assert refusal(office.classes.UpdateClass, request)[2] == {"update_mask"}


def test_what_decides_who_sees_a_class_may_be_named_and_not_changed(office: Office) -> None:
    made = create(office, office.contracted().name)
    same = update(office, made.name, order=made.order, institution_credit_code=INSTITUTION, title="改名的班")
    assert same.title == "改名的班"
    for fields in ({"order": office.contracted().name}, {"institution_credit_code": "52370103MJE0001019"[:-1] + "X"}):
        assert "update_mask" in refusal(partial(update, office, made.name, **fields))[2]


# ---- who may, and what is written down ---------------------------------------------------------------


def test_only_the_bureau_where_the_work_is_approves_and_an_institution_only_files(
    office: Office, settings: host.Settings, grpc_channel: grpc.Channel
) -> None:
    made = create(office, office.contracted().name)
    school = Office(grpc_channel, token_of(settings, roles=("institution",), unit=INSTITUTION, subject="school"))
    partner = Office(grpc_channel, token_of(settings, division="370103", subject="partner"))
    assert check(school, made.name)
    assert school.bring(made.name, "File").state == pb.Class.FILED
    assert update(school, made.name, title="机构改的").state == pb.Class.FILED
    denied = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    for verb in ("Review", "Return"):
        request = getattr(pb, f"{verb}ClassRequest")(name=made.name, request_id=request_id())
        assert refusal(getattr(school.classes, f"{verb}Class"), request)[:2] == denied
    assert partner.bring(made.name, "Review").state == pb.Class.REVIEWED
    approval = pb.ApproveClassRequest(name=made.name, request_id=request_id())
    assert refusal(partner.classes.ApproveClass, approval)[:2] == denied
    assert office.classes.ApproveClass(approval).state == pb.Class.APPROVED


def test_every_step_is_in_the_trail_and_in_the_events(office: Office, database: Database) -> None:
    made = create(office, office.contracted().name)
    office.bring(made.name, "File")
    send_back(office, made.name, "缺教材目录")
    update(office, made.name, head_teacher="样例新老师")
    office.bring(made.name, "File", "Review", "Approve", "Open")
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=made.name)).entries
    actions = [(each.action.rpartition(".")[2], each.actor) for each in entries]
    assert actions == [
        *(("create", "officer"), ("file", "officer"), ("review", "officer"), ("file", "officer")),
        *(("file", "officer"), ("review", "officer"), ("approve", "second officer"), ("open", "officer")),
    ]
    assert "TF-OFFICER" in entries[2].detail
    assert "样例新老师" not in "".join(each.detail for each in entries), "fields are named, not told"
    events = Base.metadata.tables["outbox_event"]
    with database.reading() as session:
        kinds = session.scalars(select(events.c.type).where(events.c.subject == made.name).order_by(events.c.sequence))
        assert [kind.rpartition("class.")[2] for kind in kinds] == [
            *("created", "filed", "returned", "updated", "filed", "reviewed", "approved", "open")
        ]


def test_an_institution_that_is_suspended_files_and_opens_no_class(office: Office, database: Database) -> None:
    school = a_school(database)
    order = office.contracted(headcount=30, institution=school.credit_code)
    ready, draft = (create(office, order.name, institution_credit_code=school.credit_code) for _ in range(2))
    office.bring(ready.name, "File", "Review", "Approve")
    school.suspend()
    for name, verb in ((ready.name, "Open"), (draft.name, "File")):
        assert refusal(office.bring, name, verb)[1] == "INSTITUTION_SUSPENDED"
    another = partial(create, office, order.name, institution_credit_code=school.credit_code)
    assert refusal(another)[1] == "INSTITUTION_SUSPENDED"
    school.reinstate()
    assert office.bring(ready.name, "Open").state == pb.Class.OPEN


def test_nothing_is_booked_for_a_class_without_teacher_and_room(office: Office, database: Database) -> None:
    made = create(office, office.contracted().name, sessions=[lesson()])
    office.bring(made.name, "File")
    with database.reading() as session:
        held = select(BookingRow).where(BookingRow.class_id == made.name.partition("/")[2])
        assert session.scalars(held).all() == []
