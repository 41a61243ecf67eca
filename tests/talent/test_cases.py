"""Cases over the wire: opened, read, changed, ended; who sees what, what happens twice."""

from __future__ import annotations

from datetime import date, timedelta

import grpc
import pytest
from liancai.talent.v1 import audit_pb2, matters_pb2
from liancai.talent.v1 import cases_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.platform.once import KEPT
from services.platform.pruning import Pruning
from services.talent.cases.progress import TRIES
from services.talent.rules import receipt
from services.talent.tables import Base
from tests.conftest import token_of
from tests.office import clock, request_id
from tests.statuses import info_of, status_of, violations_of
from tests.talent.desk import CHILD, GAOTANG, JINAN, SPOUSE, Desk, a_case, states_of, step_of
from tests.talent.handing import let_in


def test_a_case_is_opened_with_whatever_can_begin_begun(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension", "medical")
    assert case.state == pb.Case.OPEN
    assert states_of(case, "anchor_enrol")["contract"] == "READY"
    assert set(states_of(case, "pension").values()) == {"PENDING"}
    assert case.matters[1].state == matters_pb2.Matter.WAITING
    assert list(case.matters[1].waits_for) == ["anchor_enrol"]
    assert desk.case(case.name) == case


def test_matters_follow_one_another_to_the_end(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension")
    for key in ("contract", "report", "enrol", "gap_check"):
        desk.finish(f"{case.name}/matters/anchor_enrol/steps/{key}")
    case = desk.case(case.name)
    assert case.matters[0].state == matters_pb2.Matter.DONE
    assert states_of(case, "pension")["check"] == "READY"
    step = f"{case.name}/matters/pension/steps"
    desk.finish(f"{step}/check", outcome="needed")
    desk.finish(f"{step}/review", outcome="accepted")
    for key in ("out", "in"):
        desk.finish(f"{step}/{key}")
    case = desk.case(case.name)
    assert case.matters[1].state == matters_pb2.Matter.DONE


def test_every_wrong_field_is_named_at_once(desk: Desk) -> None:
    wrong = a_case(
        "pension",
        origin="370000",
        destination="371526",
        talent=pb.Talent(full_name="", resident_id="370103198706054320", phone="1"),
        employer_credit_code="91",
        brought_by="",
        family=[pb.FamilyMember(kind=CHILD, full_name="样例")],
        matters=[pb.MatterChoice(type="pension"), pb.MatterChoice(type="pension"), pb.MatterChoice(type="x", member=9)],
        request_id="short",
    )
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.OpenCase(wrong)
    assert {each.field for each in violations_of(refused.value)} == {
        *("request_id", "origin", "talent.full_name", "talent.resident_id", "talent.phone", "employer_credit_code"),
        *("brought_by", "family[0].full_name", "matters[1]", "matters[2].member"),
    }


def test_a_matter_for_a_child_wants_a_child(desk: Desk) -> None:
    family = [pb.FamilyMember(kind=SPOUSE, full_name="样例乙"), pb.FamilyMember(kind=CHILD)]
    with pytest.raises(grpc.RpcError) as refused:
        desk.open("school_new-1", family=family)
    assert violations_of(refused.value)[0].reason == "FIELD_MATTER_CHILD"
    with pytest.raises(grpc.RpcError) as refused:
        desk.open("no_such_matter")
    assert violations_of(refused.value)[0].reason == "FIELD_CHOICE"
    case = desk.open("school_new-2", family=family)
    assert case.matters[0].name.endswith("/matters/school_new-2")
    assert [(each.kind, each.masked_name) for each in case.family] == [(SPOUSE, "样**"), (CHILD, "")]


def test_a_receipt_has_its_check_digit_and_no_personal_data(desk: Desk) -> None:
    first, second = desk.open("pension"), desk.open("pension")
    read = [receipt.parse(case.name.partition("/")[2]) for case in (first, second)]
    assert read[1].sequence == read[0].sequence + 1
    assert (read[0].origin, read[0].destination) == (JINAN, GAOTANG)


def test_the_same_request_twice_opens_one_case(desk: Desk) -> None:
    request = a_case("pension")
    assert desk.cases.OpenCase(request) == desk.cases.OpenCase(request)
    request.brought_by = "orders/2"
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.OpenCase(request)
    assert info_of(refused.value)[0] == "REQUEST_ID_REUSED"


def test_an_open_case_changes_where_the_mask_says(desk: Desk) -> None:
    case = desk.open("pension")
    wished = pb.Case(name=case.name, employer_name="别的单位", brought_by="orders/9", etag=case.etag)
    request = pb.UpdateCaseRequest(case=wished, update_mask={"paths": ["employer_name"]}, request_id=request_id())
    changed = desk.cases.UpdateCase(request)
    assert (changed.employer_name, changed.brought_by) == ("别的单位", case.brought_by)
    request.request_id = request_id()
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.UpdateCase(request)
    assert refused.value.code() is grpc.StatusCode.ABORTED
    for paths in (["state"], ["origin"], []):
        bad = pb.UpdateCaseRequest(case=wished, update_mask={"paths": paths}, request_id=request_id())
        with pytest.raises(grpc.RpcError) as refused:
            desk.cases.UpdateCase(bad)
        assert {each.field for each in violations_of(refused.value)} == {"update_mask"}


def test_one_matter_is_withdrawn_and_what_waited_for_it_goes_on(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension")
    name = f"{case.name}/matters/anchor_enrol"
    request = pb.WithdrawMatterRequest(name=name, reason="已参保", request_id=request_id())
    case = desk.cases.WithdrawMatter(request)
    assert case.matters[0].state == matters_pb2.Matter.WITHDRAWN
    assert set(states_of(case, "anchor_enrol").values()) == {"SKIPPED"}
    assert states_of(case, "pension")["check"] == "READY"


def test_a_matter_is_refused_with_its_remedy_and_what_waited_for_it_does_not_go_on(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension")
    request = pb.CloseMatterRequest(
        name=f"{case.name}/matters/anchor_enrol", state=matters_pb2.Matter.REFUSED, reason="未建立劳动关系",
        evidence="决定-1", request_id=request_id(),
    )  # fmt: skip
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.CloseMatter(request)
    assert {each.field for each in violations_of(refused.value)} == {"remedy"}
    request.remedy, request.request_id = "可申请行政复议", request_id()
    case = desk.cases.CloseMatter(request)
    assert case.matters[0].state == matters_pb2.Matter.REFUSED
    assert case.matters[1].state == matters_pb2.Matter.WAITING
    close = pb.CloseCaseRequest(name=case.name, reason="已告知", request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.CloseCase(close)
    assert info_of(refused.value)[1]["matters"] == "pension"


def test_a_case_is_closed_with_its_result_and_opened_again(desk: Desk) -> None:
    case = desk.open("residence_permit")
    desk.finish(f"{case.name}/matters/residence_permit/steps/issue")
    close = pb.CloseCaseRequest(name=case.name, reason="全部办成", request_id=request_id())
    closed = desk.cases.CloseCase(close)
    assert (closed.state, closed.result) == (pb.Case.CLOSED, pb.Case.FULFILLED)
    add = pb.AddMatterRequest(name=case.name, matter=pb.MatterChoice(type="archive"), request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.AddMatter(add)
    assert info_of(refused.value)[0] == "CASE_STATE"
    again = desk.cases.ReopenCase(pb.ReopenCaseRequest(name=case.name, reason="又要转档案", request_id=request_id()))
    assert (again.state, again.result) == (pb.Case.OPEN, pb.Case.RESULT_UNSPECIFIED)
    added = desk.cases.AddMatter(add)
    assert states_of(added, "archive")["letter"] == "READY"
    add.request_id = request_id()
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.AddMatter(add)
    assert info_of(refused.value)[0] == "MATTER_EXISTS"


def test_a_duplicate_is_found_and_merged_with_its_clocks(desk: Desk) -> None:
    first = a_case("pension")
    kept = desk.cases.OpenCase(first)
    double = desk.open("pension", "archive", talent=first.talent)
    assert [each.others[0] for each in double.findings] == [kept.name]
    letter = f"{double.name}/matters/archive/steps/letter"
    before = desk.act("StartStep", letter)
    request = pb.MergeCaseRequest(name=double.name, into=kept.name, reason="重复登记", request_id=request_id())
    merged = desk.cases.MergeCase(request)
    assert merged.name == kept.name
    assert [matter.type for matter in merged.matters] == ["pension", "archive"]
    moved = step_of(merged, letter.replace(double.name, kept.name))
    assert (moved.state, moved.deadline) == (before.state, before.deadline)
    gone = desk.case(double.name)
    assert (gone.state, gone.merged_into) == (pb.Case.MERGED, kept.name)
    assert [matter.state for matter in gone.matters] == [matters_pb2.Matter.MERGED]
    stranger = desk.open("pension")
    request = pb.MergeCaseRequest(name=stranger.name, into=kept.name, reason="重复登记", request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.MergeCase(request)
    assert info_of(refused.value)[0] == "CASE_OTHER_TALENT"


def test_cases_of_one_family_know_of_one_another(desk: Desk) -> None:
    one, other = desk.open("pension"), desk.open("pension")
    request = pb.RelateCaseRequest(
        name=one.name, other=other.name, kind=pb.Relation.SAME_FAMILY, request_id=request_id()
    )
    assert desk.cases.RelateCase(request).relations[0].case_name == other.name
    assert desk.case(other.name).relations[0].case_name == one.name


def test_another_owner_takes_over_with_a_record(desk: Desk) -> None:
    case = desk.open("pension")
    assert case.owner == "caseworker"
    request = pb.AssignCaseRequest(name=case.name, owner="another", reason="休假", request_id=request_id())
    assert desk.cases.AssignCase(request).owner == "another"
    entries = desk.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=case.name)).entries
    assert [entry.action for entry in entries] == ["talent.case.open", "talent.case.assign"]
    assert entries[-1].reason == "休假"


def test_lists_follow_their_pages_and_their_filter(desk: Desk) -> None:
    made = {desk.open("pension", brought_by="orders/paged").name for _ in range(5)}
    seen: list[str] = []
    request = pb.ListCasesRequest(page_size=2, filter=pb.ListCasesRequest.Filter(brought_by="orders/paged"))
    while True:
        page = desk.cases.ListCases(request)
        seen += [case.name for case in page.cases]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == sorted(made, reverse=True)


def test_the_other_side_sees_nothing_before_it_is_let_in(
    desk: Desk, other_side: Desk, talent_database: Database
) -> None:
    case = desk.open("pension")
    with pytest.raises(grpc.RpcError) as refused:
        other_side.case(case.name)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert case.name not in {each.name for each in other_side.cases.ListCases(pb.ListCasesRequest()).cases}
    let_in(talent_database, case.name)
    assert other_side.case(case.name).name == case.name
    # it works on its own steps, and not on those of the side that holds the case
    with pytest.raises(grpc.RpcError) as refused:
        other_side.act("StartStep", f"{case.name}/matters/pension/steps/check")
    assert refused.value.code() in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND)
    with pytest.raises(grpc.RpcError) as refused:
        other_side.act("StartStep", f"{case.name}/matters/pension/steps/out")
    assert info_of(refused.value)[0] == "STEP_STATE"


def test_a_bureau_sees_the_matters_it_has_a_step_of(
    desk: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    case = desk.open("pension", "medical")
    bureau = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="sic"))
    assert [matter.type for matter in bureau.case(case.name).matters] == ["pension"]
    assert case.name in {each.name for each in bureau.cases.ListCases(pb.ListCasesRequest()).cases}
    assert bureau.act("StartStep", f"{case.name}/matters/pension/steps/check").state == matters_pb2.Step.RUNNING
    stranger = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-police", subject="police"))
    with pytest.raises(grpc.RpcError) as refused:
        stranger.case(case.name)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_talent_asks_without_a_token_and_learns_states_alone(desk: Desk, grpc_channel: grpc.Channel) -> None:
    asked = a_case("pension", "medical")
    case = desk.cases.OpenCase(asked)
    nobody, number = Desk(grpc_channel, ""), case.name.partition("/")[2]
    found = nobody.cases.QueryProgress(pb.QueryProgressRequest(receipt=number, phone_tail=asked.talent.phone[-4:]))
    assert [line.state for line in found.matters] == [matters_pb2.Matter.RUNNING] * 2
    wrong = f"{(int(asked.talent.phone[-4:]) + 1) % 10_000:04}"
    unknown = receipt.make(JINAN, GAOTANG, date(2026, 1, 5), 7)
    answers = []
    for receipt_number in (number, unknown):
        with pytest.raises(grpc.RpcError) as refused:
            nobody.cases.QueryProgress(pb.QueryProgressRequest(receipt=receipt_number, phone_tail=wrong))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        answers.append(status_of(refused.value).SerializeToString().replace(receipt_number.encode(), b"*"))
    assert answers[0] == answers[1]
    with pytest.raises(grpc.RpcError) as refused:
        nobody.case(case.name)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    for _ in range(TRIES):
        with pytest.raises(grpc.RpcError) as refused:
            nobody.cases.QueryProgress(pb.QueryProgressRequest(receipt=unknown, phone_tail=wrong))
    assert info_of(refused.value)[0] == "PROGRESS_TOO_OFTEN"


def test_a_request_id_protects_for_thirty_days(desk: Desk, talent_database: Database) -> None:
    asked = a_case("archive")
    first = desk.cases.OpenCase(asked)
    replies = Base.metadata.tables["reply"]
    for later, again in ((KEPT - timedelta(seconds=1), True), (KEPT + timedelta(seconds=1), False)):
        Pruning(talent_database, "talent", None, ()).run(clock() + later)
        with talent_database.reading() as session:
            kept = select(replies.c.request_id).where(replies.c.request_id == asked.request_id)
            assert (session.execute(kept).first() is not None) is again
        assert (desk.cases.OpenCase(asked).name == first.name) is again
