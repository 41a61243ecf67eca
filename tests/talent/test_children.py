"""Children's data over the wire: what is taken, who sees it, for how long, what is logged, and how it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from liancai.talent.v1 import audit_pb2, cases_pb2
from liancai.talent.v1 import children_pb2 as pb
from sqlalchemy import text

from services import host
from services.platform.database import Database
from services.platform.vault import DoesNotOpen
from services.talent.children import records
from services.talent.rules import children as rules
from services.talent.tables import Base
from tests.conftest import token_of
from tests.office import clock, request_id
from tests.statuses import info_of, violations_of
from tests.talent.desk import CHILD, SPOUSE, Desk
from tests.talent.handing import let_in

CODE = grpc.StatusCode
FAMILY = [cases_pb2.FamilyMember(kind=SPOUSE, full_name="欧阳样例"), cases_pb2.FamilyMember(kind=CHILD)]
SCHOOL = "样例区棠梨坞第三小学"
SPELLINGS = [SCHOOL.encode(), json.dumps(SCHOOL).strip('"').encode()]


@pytest.fixture(scope="module")
def head(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """Who decides on what caseworkers of Gaotang ask for."""
    roles = ("supervisor", "auditor")
    return Desk(grpc_channel, token_of(settings, roles=roles, unit="371526-gov", subject="head"))


@pytest.fixture(scope="module")
def school_bureau(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """The bureau that has steps of the child's own matter."""
    return Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-edu", subject="edu"))


@pytest.fixture
def later(talent_database: Database) -> Iterator[Callable[[timedelta], None]]:
    """Lets time pass."""
    passed = [timedelta()]
    talent_database.clock = lambda: clock() + passed[0]

    def move(by: timedelta) -> None:
        passed[0] += by

    yield move
    talent_database.clock = clock


def a_child(desk: Desk, *matters: str, school: str = SCHOOL) -> pb.ChildRecord:
    case = desk.open(*(matters or ("school_new-2",)), family=FAMILY)
    return add(desk, case.name, school=school)


def add(desk: Desk, case: str, **fields: Any) -> pb.ChildRecord:
    values = {"member": 2, "grade": pb.PRIMARY_3, "school": SCHOOL, "request_id": request_id(), **fields}
    made: pb.ChildRecord = desk.children.AddChild(pb.AddChildRequest(case_name=case, **values))
    return made


def ask_for(desk: Desk, child: str, purpose: str = "核对入学年级") -> pb.ChildAccess:
    request = pb.RequestChildAccessRequest(name=child, purpose=purpose, request_id=request_id())
    made: pb.ChildAccess = desk.children.RequestChildAccess(request)
    return made


def approve(desk: Desk, access: str, minutes: int = 0) -> pb.ChildAccess:
    request = pb.ApproveChildAccessRequest(name=access, minutes=minutes, request_id=request_id())
    made: pb.ChildAccess = desk.children.ApproveChildAccess(request)
    return made


def view(desk: Desk, access: str) -> pb.ChildData:
    seen: pb.ChildData = desk.children.ViewChild(pb.ViewChildRequest(name=access, request_id=request_id()))
    return seen


def delete(desk: Desk, child: str, **fields: str) -> pb.DeletionCertificate:
    values = {"basis": "个人信息保护法47(三)", "reason": "监护人撤回", "request_id": request_id(), **fields}
    made: pb.DeletionCertificate = desk.children.DeleteChild(pb.DeleteChildRequest(name=child, **values))
    return made


def log_of(desk: Desk, child: str) -> list[pb.ChildEntry]:
    return list(desk.children.ListChildTrail(pb.ListChildTrailRequest(child=child)).entries)


def refused(act: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        act()
    return error.value.code(), info_of(error.value)[0]


def test_a_child_is_seen_once_another_officer_has_approved_and_not_after(
    desk: Desk, head: Desk, later: Callable[[timedelta], None]
) -> None:
    child = a_child(desk)
    access = ask_for(desk, child.name)
    assert refused(lambda: view(desk, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_STATE")
    approved = approve(head, access.name, minutes=15)
    assert (approved.state, approved.approver) == (pb.ChildAccess.APPROVED, "head")
    seen = view(desk, access.name)
    assert (seen.name, seen.grade, seen.school) == (child.name, pb.PRIMARY_3, SCHOOL)
    later(timedelta(minutes=14))
    assert view(desk, access.name).school == SCHOOL
    later(timedelta(minutes=1, seconds=1))
    assert refused(lambda: view(desk, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_EXPIRED")


def test_an_access_is_for_whoever_asked_and_ends_when_it_is_taken_back(
    desk: Desk, head: Desk, school_bureau: Desk
) -> None:
    child = a_child(desk)
    access = ask_for(school_bureau, child.name)  # a bureau that has a step of the child's matter
    approve(head, access.name)
    assert refused(lambda: view(desk, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_NOT_YOURS")
    assert view(school_bureau, access.name).grade == pb.PRIMARY_3
    refusal = pb.RefuseChildAccessRequest(name=access.name, reason="已办完", request_id=request_id())
    assert head.children.RefuseChildAccess(refusal).state == pb.ChildAccess.REFUSED
    assert refused(lambda: view(school_bureau, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_STATE")
    assert refused(lambda: approve(head, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_STATE")


def test_nobody_decides_on_a_request_of_their_own(
    desk: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    both = Desk(grpc_channel, token_of(settings, roles=("caseworker", "supervisor"), unit="371526-tf", subject="both"))
    access = ask_for(both, a_child(desk).name)
    assert refused(lambda: approve(both, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_OWN")
    own = pb.RefuseChildAccessRequest(name=access.name, reason="不要了", request_id=request_id())
    assert refused(lambda: both.children.RefuseChildAccess(own)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_OWN")
    asked = pb.ApproveChildAccessRequest(name=access.name, minutes=24 * 60 + 1, request_id=request_id())
    assert refused(lambda: both.children.ApproveChildAccess(asked)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")


def test_no_access_is_longer_than_the_parameter_allows(desk: Desk, head: Desk) -> None:
    access = ask_for(desk, a_child(desk).name)
    assert refused(lambda: approve(head, access.name, minutes=61)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    approved = approve(head, access.name)
    assert 3_590 <= approved.expire_time.seconds - access.request_time.seconds <= 3_700


def test_who_has_no_part_in_the_child_finds_nothing(
    desk: Desk, other_side: Desk, head: Desk, grpc_channel: grpc.Channel, settings: host.Settings,
    talent_database: Database,
) -> None:  # fmt: skip
    child = a_child(desk, "school_new-2", "pension")
    # a bureau of the case that has no step of the child's matter
    pensions = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="sic"))
    for stranger in (other_side, pensions):
        assert refused(lambda s=stranger: ask_for(s, child.name)) == (CODE.NOT_FOUND, "NOT_FOUND")
    access = approve(head, ask_for(desk, child.name).name)
    assert refused(lambda: view(other_side, access.name)) == (CODE.NOT_FOUND, "NOT_FOUND")
    listed = pb.ListChildrenRequest(case_name=child.name.partition("/children/")[0])
    assert refused(lambda: other_side.children.ListChildren(listed)) == (CODE.NOT_FOUND, "NOT_FOUND")
    # the control: once the other side was let in it asks like anybody, and still sees nothing without approval
    let_in(talent_database, listed.case_name)
    theirs = ask_for(other_side, child.name)
    assert refused(lambda: view(other_side, theirs.name)) == (CODE.FAILED_PRECONDITION, "CHILD_ACCESS_STATE")
    assert refused(lambda: add(other_side, listed.case_name)) == (CODE.PERMISSION_DENIED, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("school", "rule"),
    [
        ("G370103201801010016", "FIELD_STUDENT_NUMBER"),
        ("样例小学 学籍号 Ｇ３７０１０３ 20180101 001X", "FIELD_STUDENT_NUMBER"),
        ("l370103-20180101-0016 样例小学", "FIELD_STUDENT_NUMBER"),
        ("样例小学370103201801010016", "FIELD_RESIDENT_ID"),
        ("样例小学2024370103", "FIELD_LONG_NUMBER"),
        ("", "FIELD_REQUIRED"),
        ("校", "FIELD_LENGTH"),
    ],
)
def test_numbers_of_children_are_refused(desk: Desk, school: str, rule: str) -> None:
    case = desk.open("school_new-2", family=FAMILY).name
    with pytest.raises(grpc.RpcError) as error:
        add(desk, case, school=school)
    assert error.value.code() is CODE.INVALID_ARGUMENT
    assert [(each.field, each.reason) for each in violations_of(error.value)] == [("school", rule)]
    assert not school or school not in f"{error.value.details()}{error.value.trailing_metadata()}"
    assert add(desk, case, school="济南市市中区第105中学（2024级）").state == pb.ChildRecord.KEPT  # the control


def test_a_student_number_is_no_result_of_a_step_either(desk: Desk) -> None:
    case = desk.open("school_new-2", family=FAMILY).name
    step = f"{case}/matters/school_new-2/steps/intake"
    desk.act("StartStep", step)
    done = lambda result: desk.act("CompleteStep", step, result={"request": result})  # noqa: E731
    assert refused(lambda: done("学籍号G370103201801010016")) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    done("需求单第12号")


def test_it_is_entered_once_for_a_child_of_the_family_and_changed_by_a_mask(desk: Desk, head: Desk) -> None:
    child = a_child(desk)
    case = child.name.partition("/children/")[0]
    assert refused(lambda: add(desk, case)) == (CODE.ALREADY_EXISTS, "CHILD_EXISTS")
    assert refused(lambda: add(desk, case, member=1)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert refused(lambda: add(desk, case, member=3)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    request = pb.UpdateChildRequest(
        child=pb.ChildData(name=child.name, grade=pb.PRIMARY_4, etag=child.etag),
        update_mask=FieldMask(paths=["grade"]), request_id=request_id(),
    )  # fmt: skip
    changed = desk.children.UpdateChild(request)
    assert desk.children.UpdateChild(request) == changed  # the same request again
    request.request_id = request_id()
    assert refused(lambda: desk.children.UpdateChild(request)) == (CODE.ABORTED, "STALE_ETAG")
    seen = view(desk, approve(head, ask_for(desk, child.name).name).name)
    assert (seen.grade, seen.school) == (pb.PRIMARY_4, SCHOOL)


def test_every_view_is_logged_in_the_transaction_that_reads(
    desk: Desk, head: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = a_child(desk)
    access = approve(head, ask_for(desk, child.name).name)
    for _ in range(2):
        view(desk, access.name)
    log = log_of(head, child.name)
    assert [each.act for each in log] == ["added", "requested", "approved", "viewed", "viewed"]
    assert all(each.intact for each in log)
    assert {(each.actor, each.about) for each in log[3:]} == {("caseworker", access.name)}
    trail = audit_pb2.ListCaseTrailRequest(resource=child.name)
    viewed = head.trail.ListCaseTrail(trail).entries
    assert [(each.action, each.reason) for each in viewed] == [("talent.child.view", "核对入学年级")] * 2

    def broken(*_: Any) -> None:
        raise RuntimeError("nobody can write")

    # the control: without its entry there is no view, and without a view no entry
    with monkeypatch.context() as patch:
        patch.setattr(records, "enter", broken)
        assert refused(lambda: view(desk, access.name))[0] is CODE.INTERNAL
    with monkeypatch.context() as patch:
        patch.setattr(records, "unsealed", broken)
        assert refused(lambda: view(desk, access.name))[0] is CODE.INTERNAL
    assert len(log_of(head, child.name)) == 5
    assert len(head.trail.ListCaseTrail(trail).entries) == 2


def test_an_entry_that_was_changed_or_taken_out_is_noticed(desk: Desk, head: Desk, talent_database: Database) -> None:
    child = a_child(desk)
    for _ in range(3):
        ask_for(desk, child.name)
    assert [each.intact for each in log_of(head, child.name)] == [True] * 4
    where = {"case": child.name.split("/")[1]}
    _sql(talent_database, "UPDATE child_entries SET actor = 'somebody' WHERE case_id = :case AND number = 2", where)
    assert [each.intact for each in log_of(head, child.name)] == [True, False, True, True]
    _sql(talent_database, "DELETE FROM child_entries WHERE case_id = :case AND number = 2", where)
    assert [each.intact for each in log_of(head, child.name)] == [True, False, True]


def test_what_is_deleted_is_gone_and_the_certificate_and_the_log_stay(
    desk: Desk, head: Desk, school_bureau: Desk, talent_database: Database
) -> None:
    child = a_child(desk)
    access = approve(head, ask_for(desk, child.name).name)
    view(desk, access.name)
    [sealed] = _rows(talent_database, "SELECT * FROM children WHERE case_id = :case", child.name)
    assert refused(lambda: delete(school_bureau, child.name)) == (CODE.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert refused(lambda: delete(head, child.name, etag='"7"')) == (CODE.ABORTED, "STALE_ETAG")
    again = request_id()
    certificate = delete(head, child.name, request_id=again)
    assert delete(head, child.name, request_id=again) == certificate
    gone = {name: bytes(sealed[f"{name}_sealed"]).hex() for name in ("grade", "school")}
    assert certificate.sha256 == rules.deleted_sha256([{"child": child.name, **gone}])
    assert (certificate.count, certificate.officer, certificate.basis) == (1, "head", "个人信息保护法47(三)")
    asked = pb.GetDeletionCertificateRequest(name=certificate.name)
    assert head.children.GetDeletionCertificate(asked) == certificate
    # the tombstone: no data, the whole log, and the digest that the certificate has of it
    [row] = _rows(talent_database, "SELECT * FROM children WHERE case_id = :case", child.name)
    assert (row["grade_sealed"], row["school_sealed"], row["certificate"]) == (None, None, certificate.name)
    log = log_of(head, child.name)
    assert [each.act for each in log] == ["added", "requested", "approved", "viewed", "deleted"]
    assert all(each.intact for each in log)
    (stays,) = certificate.deleted
    assert (stays.trail_head, stays.trail_entries) == (log[-1].digest, 5)
    assert refused(lambda: view(desk, access.name)) == (CODE.FAILED_PRECONDITION, "CHILD_DELETED")
    assert refused(lambda: delete(head, child.name)) == (CODE.FAILED_PRECONDITION, "CHILD_DELETED")
    case = child.name.partition("/children/")[0]
    assert refused(lambda: add(desk, case)) == (CODE.ALREADY_EXISTS, "CHILD_EXISTS")
    (listed,) = desk.children.ListChildren(pb.ListChildrenRequest(case_name=case)).children
    assert (listed.state, listed.certificate, listed.keep_until) == (pb.ChildRecord.DELETED, certificate.name, "")


def test_what_was_kept_for_as_long_as_it_may_be_is_deleted(
    desk: Desk, head: Desk, later: Callable[[timedelta], None]
) -> None:
    ended, running = a_child(desk), a_child(desk)
    case = ended.name.partition("/children/")[0]
    withdrawal = cases_pb2.WithdrawMatterRequest(
        name=f"{case}/matters/school_new-2", reason="不办了", request_id=request_id()
    )
    desk.cases.WithdrawMatter(withdrawal)
    desk.cases.CloseCase(cases_pb2.CloseCaseRequest(name=case, reason="完毕", request_id=request_id()))
    (listed,) = desk.children.ListChildren(pb.ListChildrenRequest(case_name=case)).children
    assert listed.keep_until == "2026-12-23"  # 30 days after 2026-11-23
    wanted = lambda: head.children.DeleteExpiredChildren(  # noqa: E731
        pb.DeleteExpiredChildrenRequest(reason="到期", request_id=request_id())
    )
    later(timedelta(days=30))
    assert refused(wanted) == (CODE.FAILED_PRECONDITION, "CHILD_NONE_DUE")
    later(timedelta(days=1))
    certificate = wanted()
    assert [each.child for each in certificate.deleted] == [ended.name]
    assert refused(wanted) == (CODE.FAILED_PRECONDITION, "CHILD_NONE_DUE")
    assert [each.act for each in log_of(head, running.name)] == ["added"]


def test_lists_events_the_case_and_the_tables_hold_nothing_of_a_child(
    desk: Desk, head: Desk, talent_database: Database
) -> None:
    child = a_child(desk)
    case = child.name.partition("/children/")[0]
    access = approve(head, ask_for(desk, child.name).name)
    said: list[Message] = [
        child,
        access,
        desk.case(case),
        desk.cases.ListCases(cases_pb2.ListCasesRequest()),
        desk.children.ListChildren(pb.ListChildrenRequest(case_name=case)),
        desk.children.ListChildAccesses(pb.ListChildAccessesRequest()),
        head.children.ListChildTrail(pb.ListChildTrailRequest(child=child.name)),
        head.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=case)),
        desk.offer(case),
    ]
    seen = view(desk, access.name)
    assert any(each in seen.SerializeToString() for each in SPELLINGS)  # the control
    for each in said:
        assert not any(spelling in each.SerializeToString() for spelling in SPELLINGS), type(each)
    with talent_database.writing_engine.begin() as connection:
        for table in Base.metadata.tables.values():
            for row in connection.execute(table.select()).mappings():
                for column, value in row.items():
                    raw = (
                        bytes(value)
                        if isinstance(value, bytes | memoryview)
                        else json.dumps(value, default=str).encode()
                    )
                    assert not any(spelling in raw for spelling in SPELLINGS), f"{table.name}.{column}"
                    assert b"PRIMARY_3" not in raw, f"{table.name}.{column}"


def test_what_is_kept_opens_with_the_key_of_children_alone(desk: Desk, talent_database: Database) -> None:
    child = a_child(desk)
    [row] = _rows(talent_database, "SELECT * FROM children WHERE case_id = :case", child.name)
    vault, sealed = talent_database.vault, bytes(row["school_sealed"])
    assert vault.children.unseal(sealed, child.name, "school") == SCHOOL
    for wrong in (
        lambda: vault.unseal(sealed, child.name, "school"),
        lambda: vault.children.unseal(sealed, child.name, "grade"),
        lambda: vault.children.unseal(sealed, child.name.replace("/2", "/3"), "school"),
    ):
        with pytest.raises(DoesNotOpen):
            wrong()


def test_requests_are_listed_for_those_who_decide_and_for_the_bureau_that_asked(
    desk: Desk, head: Desk, school_bureau: Desk, other_side: Desk
) -> None:
    child = a_child(desk)
    theirs = ask_for(school_bureau, child.name)
    mine = ask_for(desk, child.name)
    listing = pb.ListChildAccessesRequest
    of = listing(filter=listing.Filter(child=child.name, states=[pb.ChildAccess.REQUESTED]))
    names = lambda who, asked: [each.name for each in who.children.ListChildAccesses(asked).accesses]  # noqa: E731
    assert names(head, of) == [mine.name, theirs.name]
    assert names(school_bureau, of) == [theirs.name]
    assert names(other_side, of) == []
    page = listing(filter=of.filter, page_size=1)
    first = head.children.ListChildAccesses(page)
    page.page_token = first.next_page_token
    assert [*first.accesses, *head.children.ListChildAccesses(page).accesses] == [mine, theirs]


def _sql(database: Database, statement: str, values: dict[str, str]) -> None:
    with database.writing_engine.begin() as connection:
        connection.execute(text(statement), values)


def _rows(database: Database, statement: str, child: str) -> list[Any]:
    with database.writing_engine.begin() as connection:
        return list(connection.execute(text(statement), {"case": child.split("/")[1]}).mappings())
