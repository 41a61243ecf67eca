"""Hand-overs over the wire: who may do what, what each side sees, what is signed, what a change does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import audit_pb2, cases_pb2, clock_pb2, matters_pb2, steps_pb2
from liancai.talent.v1 import handovers_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.blob_folder import Folder
from services.platform.blobs import Blobs
from services.platform.database import Database
from services.talent.catalogue import shipped
from tests.conftest import token_of
from tests.office import request_id
from tests.statuses import info_of, status_of
from tests.talent.conftest import ROLES
from tests.talent.desk import CHILD, GAOTANG, JINAN, SPOUSE, Desk, a_paper

CODE = grpc.StatusCode
STATE = pb.Handover
FAMILY = [
    cases_pb2.FamilyMember(kind=SPOUSE, full_name="欧阳样例"),
    cases_pb2.FamilyMember(kind=CHILD),
    cases_pb2.FamilyMember(kind=CHILD),
]


def a_family(desk: Desk) -> cases_pb2.Case:
    return desk.open("anchor_enrol", "pension", "school_new-2", "school_new-3", family=FAMILY)


def refused(act: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        act()
    return error.value.code(), info_of(error.value)[0]


def blob_of(settings: host.Settings, content: bytes) -> Path:
    """Where a file lies in the store."""
    folder = Folder(settings.data / "documents")
    return folder.path(Blobs(folder, host.open_vault(settings)).name(hashlib.sha256(content).digest()))


def names(handovers: Desk, **filter_: Any) -> list[str]:
    asked = pb.ListHandoversRequest(filter=pb.ListHandoversRequest.Filter(**filter_))
    return [each.name for each in handovers.handovers.ListHandovers(asked).handovers]


def test_a_case_goes_over_and_comes_back(desk: Desk, other_side: Desk) -> None:
    case = a_family(desk)
    offered = desk.offer(case.name)
    assert (offered.name, offered.state) == (f"{case.name}/handovers/1", STATE.OFFERED)
    assert (offered.sender, offered.receiver) == (clock_pb2.DESTINATION, clock_pb2.ORIGIN)
    assert desk.case(case.name).custody == clock_pb2.DESTINATION  # an offer changes nothing yet
    accepted = other_side.settle("Accept", offered.name, etag=offered.etag)
    assert accepted.state == STATE.ACCEPTED
    held = other_side.case(case.name)
    assert (held.custody, held.owner) == (clock_pb2.ORIGIN, "jinan")
    assert desk.case(case.name).masked_name == held.masked_name  # the side that gave it keeps reading
    back = other_side.offer(case.name)
    assert back.name.endswith("/handovers/2")
    assert desk.handover(back.name).manifest.obligations  # who has held it sees all of it
    desk.settle("Accept", back.name, owner="caseworker-2")
    assert (desk.case(case.name).custody, desk.case(case.name).owner) == (clock_pb2.DESTINATION, "caseworker-2")
    assert names(desk, case_name=case.name) == [back.name, offered.name]
    assert names(other_side, case_name=case.name, states=[STATE.ACCEPTED]) == [back.name, offered.name]
    assert names(other_side, case_name=case.name, states=[STATE.OFFERED]) == []


def test_the_manifest_lists_documents_obligations_and_clocks(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension")
    manifest = desk.offer(case.name).manifest
    owed = {each.name: each for each in manifest.obligations}
    assert owed[f"{case.name}/matters/pension"].state == "WAITING"
    contract = f"{case.name}/matters/anchor_enrol/steps/contract"
    assert owed[contract].state == "READY"
    assert [each.step for each in manifest.clocks] == [contract]
    assert manifest.clocks[0].state == matters_pb2.Step.READY
    wanted = {(each.step, each.key) for each in manifest.documents}
    known = {step.key: [each.key for each in step.documents] for step in shipped().matter("pension").steps}
    for key, documents in known.items():
        assert {(f"{case.name}/matters/pension/steps/{key}", document) for document in documents} <= wanted
    assert sum(map(len, known.values())) > 0
    assert all(each.title for each in (*manifest.documents, *manifest.obligations))


def test_before_acceptance_the_other_side_sees_a_summary_and_no_more(desk: Desk, other_side: Desk) -> None:
    case = a_family(desk)
    offered = desk.offer(case.name)
    seen = other_side.handover(offered.name)
    assert not seen.HasField("manifest")
    assert seen.reason == ""
    assert seen.manifest_sha256 == offered.manifest_sha256
    lines = {line.type: line for line in seen.summary.lines}
    assert (lines["school_new"].count, lines["school_new"].open) == (2, 2)
    assert (lines["anchor_enrol"].open_steps, lines["pension"].open_steps) == (1, 0)
    assert (seen.summary.origin, seen.summary.destination) == (JINAN, GAOTANG)
    assert seen.summary.documents == len(offered.manifest.documents)
    assert refused(lambda: other_side.case(case.name)) == (CODE.NOT_FOUND, "NOT_FOUND")
    accepted = other_side.settle("Accept", offered.name)
    assert accepted.reason
    assert accepted.manifest == offered.manifest


def test_a_third_side_finds_nothing(desk: Desk, settings: host.Settings, grpc_channel: grpc.Channel) -> None:
    third = Desk(grpc_channel, token_of(settings, division="371525", roles=ROLES, unit="371525-tf", subject="third"))
    offered = desk.offer(desk.open("pension").name)
    assert names(third) == []
    assert refused(lambda: third.handover(offered.name)) == (CODE.NOT_FOUND, "NOT_FOUND")
    for verb, fields in (("Accept", {}), ("Return", {"reason": "不是本地"}), ("Recall", {})):
        assert refused(lambda v=verb, f=fields: third.settle(v, offered.name, **f)) == (CODE.NOT_FOUND, "NOT_FOUND")
    case = offered.name.partition("/handovers/")[0]
    assert refused(lambda: third.offer(case)) == (CODE.NOT_FOUND, "NOT_FOUND")


def test_each_step_belongs_to_one_side(desk: Desk, other_side: Desk) -> None:
    case = desk.open("pension").name
    first = desk.offer(case)
    assert refused(lambda: desk.offer(case)) == (CODE.ALREADY_EXISTS, "HANDOVER_OFFERED_ALREADY")
    assert refused(lambda: desk.settle("Accept", first.name)) == (CODE.FAILED_PRECONDITION, "HANDOVER_NOT_RECEIVER")
    give_back = lambda: desk.settle("Return", first.name, reason="无")  # noqa: E731
    assert refused(give_back) == (CODE.FAILED_PRECONDITION, "HANDOVER_NOT_RECEIVER")
    assert refused(lambda: other_side.settle("Recall", first.name)) == (
        CODE.FAILED_PRECONDITION, "HANDOVER_NOT_SENDER",
    )  # fmt: skip
    assert refused(lambda: other_side.settle("Return", first.name)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    returned = other_side.settle("Return", first.name, reason="缺劳动合同")
    assert returned.state == STATE.RETURNED
    assert not returned.HasField("summary")  # what is not taken is not seen any more
    assert desk.handover(first.name).answer == "缺劳动合同"
    assert desk.case(case).custody == clock_pb2.DESTINATION
    second = desk.offer(case)
    assert desk.settle("Recall", second.name, reason="先补件").state == STATE.RECALLED
    for side, verb in ((other_side, "Accept"), (desk, "Recall")):
        again = refused(lambda s=side, v=verb: s.settle(v, second.name))
        assert again == (CODE.FAILED_PRECONDITION, "HANDOVER_NOT_OFFERED")
    third = desk.offer(case)
    other_side.settle("Accept", third.name)
    assert refused(lambda: desk.offer(case)) == (CODE.FAILED_PRECONDITION, "HANDOVER_NOT_HOLDER")


def test_the_giving_side_reads_and_acts_on_its_own_steps_alone(desk: Desk, other_side: Desk) -> None:
    case = desk.open("anchor_enrol", "pension", "archive")
    letter, hand = (f"{case.name}/matters/archive/steps/{key}" for key in ("letter", "emp_hand"))
    desk.finish(letter)
    desk.act("AssignStep", hand, assignee="caseworker")  # the holder has every step
    other_side.settle("Accept", desk.offer(case.name).name)
    assert refused(lambda: desk.act("AssignStep", hand, assignee="caseworker"))[0] is CODE.NOT_FOUND
    closing = cases_pb2.CloseCaseRequest(name=case.name, reason="无", request_id=request_id())
    assert refused(lambda: desk.cases.CloseCase(closing))[0] is CODE.PERMISSION_DENIED
    assert desk.case(case.name).matters
    relay = steps_pb2.GetRelayRequest(name=f"{case.name}/matters/archive")
    assert desk.steps.GetRelay(relay).legs
    # what its own bureaus do is still its own
    desk.act("AssignStep", f"{case.name}/matters/anchor_enrol/steps/contract", assignee="caseworker")
    other_side.act("AssignStep", hand, assignee="jinan")


def test_a_changed_case_is_not_accepted_and_the_refusal_says_what_changed(desk: Desk, other_side: Desk) -> None:
    case = a_family(desk)
    offered = desk.offer(case.name)
    desk.act("StartStep", f"{case.name}/matters/school_new-3/steps/intake")
    with pytest.raises(grpc.RpcError) as error:
        other_side.settle("Accept", offered.name)
    reason, metadata = info_of(error.value)
    assert (error.value.code(), reason) == (CODE.FAILED_PRECONDITION, "HANDOVER_NOT_AS_LISTED")
    assert metadata["differences"] == "school_new/intake"
    told = pb.HandoverDifferences()
    assert any(detail.Unpack(told) for detail in status_of(error.value).details)
    found = {(each.part, each.about, each.kind) for each in told.differences}
    changed = pb.HandoverDifferences.Difference.CHANGED
    assert found == {("obligations", "school_new/intake", changed), ("clocks", "school_new/intake", changed)}
    assert desk.case(case.name).custody == clock_pb2.DESTINATION
    desk.settle("Recall", offered.name)
    other_side.settle("Accept", desk.offer(case.name).name)


def test_a_case_that_was_closed_is_neither_offered_nor_accepted(desk: Desk, other_side: Desk) -> None:
    case = desk.open("archive")
    offered = desk.offer(case.name)
    withdrawal = cases_pb2.WithdrawMatterRequest(
        name=f"{case.name}/matters/archive", reason="不办了", request_id=request_id()
    )
    desk.cases.WithdrawMatter(withdrawal)
    desk.cases.CloseCase(cases_pb2.CloseCaseRequest(name=case.name, reason="完毕", request_id=request_id()))
    assert refused(lambda: other_side.settle("Accept", offered.name)) == (CODE.FAILED_PRECONDITION, "CASE_STATE")
    assert desk.settle("Recall", offered.name).state == STATE.RECALLED
    assert refused(lambda: desk.offer(case.name)) == (CODE.FAILED_PRECONDITION, "CASE_STATE")


def test_the_same_request_twice_is_one_and_a_stale_etag_is_aborted(desk: Desk, other_side: Desk) -> None:
    case, again = desk.open("pension"), request_id()
    offered = desk.offer(case.name, request_id=again, etag=case.etag)
    assert desk.offer(case.name, request_id=again, etag=case.etag) == offered
    assert refused(lambda: other_side.settle("Accept", offered.name, etag='"9"')) == (CODE.ABORTED, "STALE_ETAG")
    request = pb.AcceptHandoverRequest(name=offered.name, etag=offered.etag, request_id=request_id())
    first = other_side.handovers.AcceptHandover(request)
    assert other_side.handovers.AcceptHandover(request) == first
    assert refused(lambda: other_side.offer(case.name, etag=case.etag)) == (CODE.ABORTED, "STALE_ETAG")
    assert names(desk, case_name=case.name) == [offered.name]


@pytest.mark.parametrize("name", ["", "cases/LT1", "cases/LT37010337152620261127000017/handovers/0", "handovers/1"])
def test_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    assert refused(lambda: desk.handover(name)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert refused(lambda: desk.settle("Recall", name)) == (CODE.INVALID_ARGUMENT, "INVALID_REQUEST")


def test_both_signatures_are_in_the_handover_the_trail_and_the_events(
    desk: Desk, other_side: Desk, talent_database: Database
) -> None:
    case = desk.open("pension")
    offered = desk.offer(case.name)
    accepted = other_side.settle("Accept", offered.name)
    signatures = [(each.officer, each.unit, each.division) for each in (accepted.offered, accepted.settled)]
    assert signatures == [("caseworker", "371526-tf", GAOTANG), ("jinan", "370103-tf", JINAN)]
    assert accepted.offered.sign_time.seconds <= accepted.settled.sign_time.seconds
    for side, action, division in (
        (desk, "talent.handover.offer", GAOTANG), (other_side, "talent.handover.accept", JINAN),
    ):  # fmt: skip
        asked = audit_pb2.ListCaseTrailRequest(resource=case.name)
        (entry,) = [each for each in side.trail.ListCaseTrail(asked).entries if each.action == action]
        told = json.loads(entry.detail)
        assert (told["signed_for"], told["manifest"]) == (division, offered.manifest_sha256)
    outbox = talent_database.books.outbox
    with talent_database.reading() as session:
        rows = session.execute(select(outbox).where(outbox.c.subject == case.name).order_by(outbox.c.sequence)).all()
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert [row.type for row in rows][-2:] == ["liancai.talent.handover.offered", "liancai.talent.handover.accepted"]


def test_a_file_goes_over_with_its_hash_and_a_further_one_makes_the_offer_stale(desk: Desk, other_side: Desk) -> None:
    case = desk.open("pension").name
    step, content = f"{case}/matters/pension/steps/review", a_paper()
    desk.upload(step, "identity", content)
    offered = desk.offer(case)
    listed = {(each.step, each.key): each.sha256 for each in offered.manifest.documents}
    assert listed[step, "identity"] == hashlib.sha256(content).hexdigest()
    assert "" in listed.values()  # what was not handed in yet is listed without
    desk.upload(step, "identity", a_paper())
    with pytest.raises(grpc.RpcError) as error:
        other_side.settle("Accept", offered.name)
    assert info_of(error.value) == (
        "HANDOVER_NOT_AS_LISTED", {"case_name": case, "differences": "pension/review/identity"},
    )  # fmt: skip


def test_a_damaged_file_does_not_go_over(desk: Desk, other_side: Desk, settings: host.Settings) -> None:
    case = desk.open("pension").name
    content = a_paper()
    desk.upload(f"{case}/matters/pension/steps/review", "identity", content)
    offered = desk.offer(case)
    stored = blob_of(settings, content)
    whole = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert refused(lambda: other_side.settle("Accept", offered.name)) == (CODE.DATA_LOSS, "DOCUMENT_DAMAGED")
    stored.write_bytes(whole)
    assert other_side.settle("Accept", offered.name).state == STATE.ACCEPTED


def test_lists_come_in_pages(desk: Desk, other_side: Desk) -> None:
    offers = [desk.offer(desk.open("pension").name).name for _ in range(3)]
    asked = pb.ListHandoversRequest(page_size=2)
    first = other_side.handovers.ListHandovers(asked)
    assert [each.name for each in first.handovers] == offers[:0:-1]
    assert not any(each.HasField("manifest") for each in first.handovers)
    asked.page_token = first.next_page_token
    assert other_side.handovers.ListHandovers(asked).handovers[0].name == offers[0]
