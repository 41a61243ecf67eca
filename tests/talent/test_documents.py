"""Documents over the wire: what a step wants is brought, looked at, promised or waived before it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from liancai.common.v1 import types_pb2
from liancai.talent.v1 import cases_pb2, matters_pb2, worklist_pb2
from liancai.talent.v1 import documents_pb2 as pb
from sqlalchemy import text

from services import host
from services.platform.database import Database
from services.talent.catalogue import document
from tests.conftest import token_of
from tests.office import TODAY, request_id
from tests.statuses import info_of, status_of, violations_of
from tests.talent.desk import Desk, a_paper, step_of
from tests.talent.handing import let_in
from tests.talent.test_catalogues import draft, publish

STANDING = pb.Requirement.Standing
DOCUMENT = pb.Document
WANTED = "  - {key: application, title: {zh: 转移申请, en: Application for the transfer}, rank: main}\n"
MORE = """\
  - {key: record, title: {zh: 参保缴费凭证, en: Record}, rank: secondary, deferrable: true, source: 样例}
  - {key: proxy, title: {zh: 委托书, en: Proxy}, rank: main, when: {zh: 委托他人办理的, en: By proxy}}
  - {key: letter, title: {zh: 接收函底稿, en: Letter}, rank: main, needed: finish}
"""
DUE = str(TODAY + timedelta(days=10))


@pytest.fixture(scope="module", autouse=True)
def _catalogue(desk: Desk) -> None:
    """One whose review of a pension wants documents of every kind."""
    assert WANTED in document()
    publish(desk, draft(desk, document().replace(WANTED, WANTED + MORE, 1)).name, str(TODAY))


@pytest.fixture
def review(desk: Desk) -> str:
    """A review of a pension that is ready."""
    case = desk.open("pension")
    desk.finish(f"{case.name}/matters/pension/steps/check", outcome="needed")
    return f"{case.name}/matters/pension/steps/review"


def standings(desk: Desk, step: str) -> dict[str, str]:
    return {each.document: STANDING.Name(each.standing) for each in desk.check(step).requirements}


def act(desk: Desk, verb: str, step: str, **fields: Any) -> matters_pb2.Step:
    return desk.act(verb, step, documents=False, **fields)


def lacking(desk: Desk, verb: str, step: str, **fields: Any) -> dict[str, str]:
    """What the refusal of a verb says is lacking: codes by document."""
    with pytest.raises(grpc.RpcError) as refused:
        act(desk, verb, step, **fields)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    reason, about = info_of(refused.value)
    assert (reason, about["step"]) == ("STEP_DOCUMENTS", step)
    found, finding = {}, types_pb2.Finding()
    for detail in status_of(refused.value).details:
        if detail.Unpack(finding):
            assert finding.message
            found[finding.field] = finding.code
    assert ", ".join(found) == about["documents"]
    return found


def decide(desk: Desk, verb: str, name: str, **fields: Any) -> pb.Document:
    request = getattr(pb, f"{verb}DocumentRequest")(name=name, request_id=request_id(), **fields)
    decided: pb.Document = getattr(desk.documents, f"{verb}Document")(request)
    return decided


def promise(desk: Desk, step: str, key: str, due: str = DUE) -> pb.Requirement:
    promised: pb.Requirement = desk.documents.PromiseDocument(
        pb.PromiseDocumentRequest(
            step=step, document=key, due_date=due, evidence="承诺书-1", reason="原单位尚未出具", request_id=request_id()
        )
    )
    return promised


def waive(desk: Desk, step: str, key: str) -> pb.Requirement:
    waived: pb.Requirement = desk.documents.WaiveDocument(
        pb.WaiveDocumentRequest(step=step, document=key, reason="本人办理", request_id=request_id())
    )
    return waived


def today(desk: Desk, step: str) -> list[worklist_pb2.TodayItem]:
    found = desk.worklist.ListToday(worklist_pb2.ListTodayRequest(page_size=1000)).items
    return [each for each in found if each.step.name == step]


def test_a_step_goes_its_way_as_its_documents_come(desk: Desk, review: str) -> None:
    every = {"identity": "TD-MISSING", "application": "TD-MISSING", "record": "TD-MISSING", "proxy": "TD-CIRCUMSTANCE"}
    assert lacking(desk, "AcceptStep", review) == every
    assert lacking(desk, "StartStep", review) == every
    identity = desk.upload(review, "identity", a_paper())
    application = desk.upload(review, "application", a_paper())
    assert identity.state == DOCUMENT.RECEIVED
    promise(desk, review, "record")
    waive(desk, review, "proxy")
    assert standings(desk, review) == {
        "identity": "RECEIVED", "application": "RECEIVED", "record": "PROMISED", "proxy": "WAIVED", "letter": "MISSING",
    }  # fmt: skip
    act(desk, "ReceiveStep", review)
    check = desk.check(review)
    assert (check.may_accept, check.may_complete) == (True, False)
    assert act(desk, "AcceptStep", review).state == matters_pb2.Step.RUNNING
    complete = {"outcome": "accepted", "result": desk.result_of(review)}
    assert lacking(desk, "CompleteStep", review, **complete) == {
        "identity": "TD-NOT-REVIEWED", "application": "TD-NOT-REVIEWED", "letter": "TD-MISSING",
    }  # fmt: skip
    for name in (identity.name, application.name, desk.upload(review, "letter", a_paper()).name):
        assert desk.accept(name).state == DOCUMENT.ACCEPTED
    assert act(desk, "CompleteStep", review, **complete).state == matters_pb2.Step.DONE


def test_a_refusal_needs_no_documents(desk: Desk, review: str) -> None:
    desk.bring(review)
    act(desk, "StartStep", review)
    done = act(desk, "CompleteStep", review, outcome="refused", result=desk.result_of(review))
    assert done.state == matters_pb2.Step.DONE


def test_what_counts_as_accepted_begins_without_them_and_is_not_completed_without_them(desk: Desk) -> None:
    case = desk.open("housing_fund", at="2026-09-01")
    for key in ("open", "seal"):
        desk.finish(f"{case.name}/matters/housing_fund/steps/{key}", at="2026-09-01")
    step = f"{case.name}/matters/housing_fund/steps/apply"
    act(desk, "ReceiveStep", step, at="2026-09-02")
    # nobody told of gaps in five working days
    assert act(desk, "StartStep", step, at="2026-09-14").deemed_accepted
    found = lacking(desk, "CompleteStep", step, result=desk.result_of(step))
    assert found == {"identity": "TD-MISSING", "application": "TD-MISSING"}


def test_a_rejected_document_is_lacking_until_another_one_comes(desk: Desk, review: str) -> None:
    first = desk.upload(review, "identity", a_paper())
    rejected = decide(desk, "Reject", first.name, reason="照片不清", etag=first.etag)
    assert (rejected.state, rejected.reason, rejected.reviewer) == (DOCUMENT.REJECTED, "照片不清", "caseworker")
    assert standings(desk, review)["identity"] == "REJECTED"
    desk.upload(review, "identity", a_paper())
    assert standings(desk, review)["identity"] == "RECEIVED"
    with pytest.raises(grpc.RpcError) as refused:
        decide(desk, "Reject", first.name, reason="再次", etag=rejected.etag)
    assert info_of(refused.value)[0] == "DOCUMENT_STATE"
    with pytest.raises(grpc.RpcError) as stale:
        decide(desk, "Accept", first.name, etag=first.etag)
    assert stale.value.code() is grpc.StatusCode.ABORTED
    assert decide(desk, "Accept", first.name).state == DOCUMENT.ACCEPTED


def test_only_secondary_material_that_the_catalogue_lets_wait_may_be_promised(desk: Desk, review: str) -> None:
    for key in ("identity", "application", "proxy", "letter"):
        with pytest.raises(grpc.RpcError) as refused:
            promise(desk, review, key)
        assert info_of(refused.value)[0] == "DOCUMENT_NOT_DEFERRABLE"
    for due in (str(TODAY), str(TODAY - timedelta(days=1)), str(TODAY + timedelta(days=400)), "soon", ""):
        with pytest.raises(grpc.RpcError) as wrong:
            promise(desk, review, "record", due)
        assert [each.field for each in violations_of(wrong.value)] == ["due_date"]
    assert promise(desk, review, "record").due_date == DUE
    with pytest.raises(grpc.RpcError) as again:
        promise(desk, review, "record")
    assert info_of(again.value) == (
        "DOCUMENT_NOT_MISSING", {"step": review, "document": "record", "standing": "PROMISED"}
    )  # fmt: skip


def test_no_proof_of_guardianship_is_ever_promised(desk: Desk) -> None:
    child = cases_pb2.FamilyMember(kind=cases_pb2.FamilyMember.CHILD)
    case = desk.open("school_new-1", family=[child])
    step = f"{case.name}/matters/school_new-1/steps/eligibility"
    for key in ("household", "guardianship"):
        with pytest.raises(grpc.RpcError) as refused:
            promise(desk, step, key)
        assert info_of(refused.value)[1]["rank"] in ("IDENTITY", "GUARDIANSHIP")


def test_what_has_to_be_brought_is_not_waived(desk: Desk, review: str) -> None:
    for key in ("identity", "application", "record"):
        with pytest.raises(grpc.RpcError) as refused:
            waive(desk, review, key)
        assert info_of(refused.value)[0] == "DOCUMENT_NOT_WAIVABLE"
    promise(desk, review, "record")
    assert STANDING.Name(waive(desk, review, "record").standing) == "WAIVED"
    with pytest.raises(grpc.RpcError) as again:
        waive(desk, review, "record")
    assert info_of(again.value)[0] == "DOCUMENT_NOT_MISSING"


def test_an_upload_keeps_a_promise_and_its_rejection_opens_it_again(desk: Desk, review: str) -> None:
    promise(desk, review, "record")
    assert [item.owed_date for item in today(desk, review)] == [DUE]
    uploaded = desk.upload(review, "record", a_paper())
    assert standings(desk, review)["record"] == "RECEIVED"
    assert [item.owed_date for item in today(desk, review)] == [""]
    decide(desk, "Reject", uploaded.name, reason="不是本人的")
    found = next(each for each in desk.check(review).requirements if each.document == "record")
    assert (STANDING.Name(found.standing), found.due_date) == ("PROMISED", DUE)
    assert [item.owed_date for item in today(desk, review)] == [DUE]


def age(database: Database, step: str, days: int) -> None:
    """The promises of a case as if they had been made so many days earlier."""
    due, case_id = TODAY + timedelta(days=10 - days), step.split("/")[1]
    with database.writing_engine.begin() as connection:
        steps = "SELECT id FROM steps WHERE case_id = :id AND owed IS NOT NULL"
        connection.execute(
            text(f"UPDATE document_promises SET due = :due WHERE state = 'OPEN' AND step_id IN ({steps})"),
            {"id": case_id, "due": str(due)},
        )
        connection.execute(
            text("UPDATE steps SET owed = :due, alarm = :due WHERE case_id = :id AND owed IS NOT NULL"),
            {"id": case_id, "due": str(due)},
        )


def test_a_promise_that_is_overdue_holds_the_step_up_and_is_on_the_list(
    desk: Desk, review: str, talent_database: Database
) -> None:
    desk.bring(review)
    promised = next(each for each in desk.check(review).requirements if each.document == "record")
    assert STANDING.Name(promised.standing) == "ACCEPTED"  # `bring` brings all; another case has a promise
    case = desk.open("pension")
    step = f"{case.name}/matters/pension/steps/review"
    desk.finish(f"{case.name}/matters/pension/steps/check", outcome="needed")
    for key in ("identity", "application", "proxy", "letter"):
        desk.accept(desk.upload(step, key, a_paper()).name)
    promise(desk, step, "record")
    act(desk, "StartStep", step)
    age(talent_database, step, 11)
    complete = {"outcome": "accepted", "result": desk.result_of(step)}
    assert lacking(desk, "CompleteStep", step, **complete) == {"record": "TD-PROMISE-OVERDUE"}
    (item,) = today(desk, step)
    assert item.why == worklist_pb2.TodayItem.DOCUMENT_OWED
    assert item.owed_date == item.due_date == str(TODAY - timedelta(days=1))
    desk.upload(step, "record", a_paper())
    assert lacking(desk, "CompleteStep", step, **complete) == {"record": "TD-NOT-REVIEWED"}


def test_what_is_owed_stays_on_the_desk_after_the_step_and_keeps_the_case_open(desk: Desk, review: str) -> None:
    for key in ("identity", "application", "proxy", "letter"):
        desk.accept(desk.upload(review, key, a_paper()).name)
    promise(desk, review, "record")
    act(desk, "StartStep", review)
    act(desk, "CompleteStep", review, outcome="accepted", result=desk.result_of(review))
    for key in ("out", "in"):
        desk.finish(f"{review.rpartition('/')[0]}/{key}")
    case_name = review.partition("/matters/")[0]
    assert desk.case(case_name).matters[0].state == matters_pb2.Matter.DONE
    (item,) = today(desk, review)
    assert item.why == worklist_pb2.TodayItem.DOCUMENT_OWED
    close = cases_pb2.CloseCaseRequest(name=case_name, reason="办结", request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.cases.CloseCase(close)
    assert info_of(refused.value) == ("CASE_OWES_DOCUMENTS", {"case_name": case_name, "steps": "pension/review"})
    desk.accept(desk.upload(review, "record", a_paper()).name)
    assert today(desk, review) == []
    assert desk.cases.CloseCase(close).state == cases_pb2.Case.CLOSED
    with pytest.raises(grpc.RpcError) as late:
        desk.upload(review, "record", a_paper())
    assert info_of(late.value)[0] == "CASE_STATE"


def test_nobody_owes_anything_for_a_matter_that_was_withdrawn(desk: Desk, review: str) -> None:
    promise(desk, review, "record")
    matter = review.partition("/steps/")[0]
    desk.cases.WithdrawMatter(cases_pb2.WithdrawMatterRequest(name=matter, reason="不办了", request_id=request_id()))
    assert today(desk, review) == []
    with pytest.raises(grpc.RpcError) as refused:
        desk.upload(review, "record", a_paper())
    assert info_of(refused.value)[0] == "MATTER_STATE"


def test_the_other_side_and_other_bureaus_see_what_they_have_a_part_in(
    desk: Desk, other_side: Desk, review: str, talent_database: Database, grpc_channel: grpc.Channel,
    settings: host.Settings,
) -> None:  # fmt: skip
    name = desk.upload(review, "identity", a_paper()).name
    case_name = review.partition("/matters/")[0]
    get, everything = pb.GetDocumentRequest(name=name), pb.ListDocumentsRequest(case_name=case_name)
    for ask in (lambda: other_side.documents.GetDocument(get), lambda: other_side.documents.ListDocuments(everything)):
        with pytest.raises(grpc.RpcError) as hidden:
            ask()
        assert hidden.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as kept:
        other_side.download(name)
    assert kept.value.code() is grpc.StatusCode.NOT_FOUND
    let_in(talent_database, case_name)
    assert other_side.documents.GetDocument(get).name == name
    assert other_side.download(name)[1].startswith(b"%PDF")
    # a bureau reads the documents of the matters it has a step of, and brings those of its own steps only
    for unit, division, seen in (("371526-sic", "371526", True), ("370103-sic", "370103", True),
                                 ("371526-hpf", "371526", False)):  # fmt: skip
        token = token_of(settings, roles=("bureau",), unit=unit, division=division, subject=unit)
        bureau = Desk(grpc_channel, token)
        if seen:
            assert [each.name for each in bureau.documents.ListDocuments(everything).documents] == [name]
        else:
            with pytest.raises(grpc.RpcError) as hidden:
                bureau.documents.ListDocuments(everything)
            assert hidden.value.code() is grpc.StatusCode.NOT_FOUND
        if unit != "371526-sic":
            with pytest.raises(grpc.RpcError):
                bureau.upload(review, "identity", a_paper())


def test_documents_come_in_pages(desk: Desk, review: str) -> None:
    names = [desk.upload(review, "application", a_paper()).name for _ in range(5)]
    request = pb.ListDocumentsRequest(case_name=review.partition("/matters/")[0], page_size=2)
    found = []
    while True:
        page = desk.documents.ListDocuments(request)
        found += [each.name for each in page.documents]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == names
    desk.accept(names[2])
    accepted = pb.ListDocumentsRequest(case_name=request.case_name, states=[DOCUMENT.ACCEPTED])
    assert [each.name for each in desk.documents.ListDocuments(accepted).documents] == [names[2]]


def test_etags_of_steps_move_only_with_what_they_owe(desk: Desk, review: str) -> None:
    def etag() -> str:
        return step_of(desk.case(review.partition("/matters/")[0]), review).etag

    before = etag()
    desk.upload(review, "identity", a_paper())
    assert etag() == before
    promise(desk, review, "record")
    assert etag() != before


def test_every_sentence_of_a_gap_says_what_to_do(desk: Desk, review: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        act(desk, "AcceptStep", review)
    said = error_details_pb2.LocalizedMessage()
    assert any(detail.Unpack(said) for detail in status_of(refused.value).details)
    assert "liancai document check" in said.message
