"""Steps over the wire: their verbs, their ledgers and what follows; replayed, the ledger gives what is stored."""

from __future__ import annotations

import random

import grpc
import pytest
from liancai.talent.v1 import clock_pb2, matters_pb2, steps_pb2
from sqlalchemy import text

from services.platform.database import Database
from tests.office import request_id
from tests.statuses import info_of, violations_of
from tests.talent.desk import Desk, stamp, states_of, step_of

STEP, ENTRY = matters_pb2.Step, clock_pb2.ClockEntry


def reviewing(desk: Desk, at: str) -> str:
    """A pension whose review is ready on a day."""
    case = desk.open("pension", at=at)
    desk.finish(f"{case.name}/matters/pension/steps/check", at=at, outcome="needed")
    return f"{case.name}/matters/pension/steps/review"


def explained(desk: Desk, name: str) -> steps_pb2.DeadlineExplanation:
    found: steps_pb2.DeadlineExplanation = desk.steps.ExplainDeadline(steps_pb2.ExplainDeadlineRequest(name=name))
    return found


def test_the_limit_runs_from_acceptance_over_the_spring_festival(desk: Desk) -> None:
    name = reviewing(desk, "2026-02-10")
    desk.act("ReceiveStep", name, at="2026-02-11")
    accepted = desk.act("AcceptStep", name, evidence="受理-1", at="2026-02-12")
    assert accepted.state == STEP.RUNNING
    assert (accepted.receive_date, accepted.base_date) == ("2026-02-11", "2026-02-12")
    # 02-13, 02-14 (make-up), then 02-24 to 02-28 (make-up) and on: fifteen working days
    assert accepted.deadline.statutory_date == "2026-03-11"
    found = explained(desk, name)
    assert found.deadline.statutory_date == found.stored.statutory_date
    said = {line.date: line for line in found.lines if line.stage == clock_pb2.DerivationLine.LIMIT}
    assert said["2026-02-14"].counted
    assert "调休上班，计入" in said["2026-02-14"].text
    assert not said["2026-02-18"].counted
    assert "春节" in said["2026-02-18"].text
    assert [line.count for line in said.values()][-1] == 15


def test_what_is_accepted_on_the_day_of_its_receipt_is_explained_from_one_first_day(desk: Desk) -> None:
    name = reviewing(desk, "2026-02-11")
    desk.act("ReceiveStep", name, at="2026-02-12")
    desk.act("AcceptStep", name, evidence="受理-1", at="2026-02-12")
    lines = [line for line in explained(desk, name).lines if line.track == clock_pb2.DerivationLine.STATUTORY]
    firsts = [(line.date, line.stage) for line in lines if line.why == clock_pb2.DerivationLine.FIRST_DAY]
    assert firsts == [("2026-02-12", clock_pb2.DerivationLine.LIMIT)]
    assert lines[-1].count == lines[-1].total == 15


def test_without_a_notice_of_gaps_it_counts_as_accepted_from_receipt(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    desk.act("ReceiveStep", name, at="2026-09-01")
    late = desk.act("AcceptStep", name, at="2026-09-14")
    assert late.deemed_accepted
    assert late.base_date == "2026-09-01"
    assert explained(desk, name).entries[1].void_reason


def test_all_gaps_are_named_at_once(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    desk.act("ReceiveStep", name, at="2026-09-01")
    desk.act("NotifyGaps", name, gaps=["转移申请", "社保卡"], evidence="告知-1", at="2026-09-02")
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("NotifyGaps", name, gaps=["身份证"], evidence="告知-2", at="2026-09-03")
    assert info_of(refused.value)[0] == "STEP_CLOCK"
    with pytest.raises(grpc.RpcError) as mistyped:
        desk.act("SupplyStep", name, items=["社保卡", "转移申请书"], at="2026-09-04")
    assert [each.field for each in violations_of(mistyped.value)] == ["items[1]"]
    assert len(explained(desk, name).entries) == 2, "nothing of it is entered"
    partly = desk.act("SupplyStep", name, items=["社保卡"], at="2026-09-04")
    assert not partly.base_date
    desk.act("SupplyStep", name, at="2026-09-07")
    assert desk.act("AcceptStep", name, at="2026-09-08").base_date == "2026-09-08"


def test_a_suspension_wants_what_the_law_wants_and_moves_the_dates(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    step = name.rpartition("/")[0]
    desk.act("ReceiveStep", name, at="2026-09-01")
    before = desk.act("AcceptStep", name, at="2026-09-01").deadline.statutory_date
    good = {"legal_basis": "经批准", "evidence": "通知-1", "reason": "系统故障"}
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("SuspendStep", name, suspension=ENTRY.EXPERT, **good)
    assert info_of(refused.value)[0] == "STEP_SUSPENSION"
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("SuspendStep", name, suspension=ENTRY.FORCE, approver="caseworker", evidence="通知-1")
    assert {each.field for each in violations_of(refused.value)} == {"approver", "legal_basis", "reason"}
    paused = desk.act("SuspendStep", name, suspension=ENTRY.FORCE, approver="head", at="2026-09-02", **good)
    assert paused.state == STEP.SUSPENDED
    assert not paused.deadline.statutory_date
    resumed = desk.act("ResumeStep", name, at="2026-09-04")
    assert resumed.state == STEP.RUNNING
    assert resumed.deadline.statutory_date > before
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("ExtendStep", name, extension=5, approver="head", reason="复杂", evidence="通知-2")
    assert info_of(refused.value)[0] == "STEP_CLOCK"  # the catalogue knows no extension of it
    assert step


def test_a_correction_deletes_nothing_and_moves_the_dates(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    desk.act("ReceiveStep", name, at="2026-09-01")
    desk.act("AcceptStep", name, at="2026-09-02")
    corrected = desk.act("CorrectStep", name, corrects=2, corrected_time=stamp("2026-09-03"), reason="日期录错")
    assert corrected.base_date == "2026-09-03"
    entries = explained(desk, name).entries
    assert [entry.kind for entry in entries] == [ENTRY.RECEIVED, ENTRY.ACCEPTED, ENTRY.CORRECTED, ENTRY.ACCEPTED]
    assert entries[2].corrects == 2


def test_a_step_that_is_sent_back_makes_those_after_it_wait_again(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    desk.finish(name, outcome="accepted", at="2026-09-02")
    case = name.partition("/matters/")[0]
    assert states_of(desk.case(case), "pension")["out"] == "READY"
    returned = desk.act("ReturnStep", name, reason="联系函有误")
    assert returned.state == STEP.RETURNED
    assert states_of(desk.case(case), "pension")["out"] == "PENDING"
    assert returned.base_date == "2026-09-02", "the clock goes on as if it had never been finished"
    desk.finish(name, outcome="accepted")
    assert states_of(desk.case(case), "pension")["out"] == "READY"


def test_an_outcome_ends_the_matter(desk: Desk) -> None:
    case = desk.open("pension")
    desk.finish(f"{case.name}/matters/pension/steps/check", outcome="not_needed")
    found = desk.case(case.name).matters[0]
    assert found.state == matters_pb2.Matter.NOT_REQUIRED
    assert set(states_of(desk.case(case.name), "pension").values()) == {"DONE", "SKIPPED"}


def test_a_result_wants_its_fields(desk: Desk) -> None:
    case = desk.open("pension")
    name = f"{case.name}/matters/pension/steps/check"
    desk.act("StartStep", name)
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("CompleteStep", name, outcome="needed", result={"other": "1"})
    assert {each.field for each in violations_of(refused.value)} == {"result[other]", "result[evidence]"}
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("CompleteStep", name, outcome="perhaps", result={"evidence": "截图"})
    assert {each.field for each in violations_of(refused.value)} == {"outcome"}


def test_the_same_act_twice_is_done_once_and_a_stale_etag_is_aborted(desk: Desk) -> None:
    case = desk.open("pension")
    name = f"{case.name}/matters/pension/steps/check"
    request = steps_pb2.StartStepRequest(name=name, request_id=request_id())
    assert desk.steps.StartStep(request) == desk.steps.StartStep(request)
    assert len(explained(desk, name).entries) == 1
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("SkipStep", name, reason="不需要", etag='"1"')
    assert refused.value.code() is grpc.StatusCode.ABORTED


def test_verbs_out_of_their_order_are_refused(desk: Desk) -> None:
    case = desk.open("pension")
    steps = f"{case.name}/matters/pension/steps"
    for verb, step in (("CompleteStep", "check"), ("ResumeStep", "check"), ("StartStep", "review")):
        with pytest.raises(grpc.RpcError) as refused:
            desk.act(verb, f"{steps}/{step}")
        assert info_of(refused.value)[0] == "STEP_STATE"


def test_a_late_entry_wants_a_reason_and_the_future_is_refused(desk: Desk) -> None:
    case = desk.open("pension")
    name = f"{case.name}/matters/pension/steps/check"
    late = steps_pb2.StartStepRequest(name=name, request_id=request_id(), occur_time=stamp("2026-01-05"))
    with pytest.raises(grpc.RpcError) as refused:
        desk.steps.StartStep(late)
    assert {each.field for each in violations_of(refused.value)} == {"late_reason"}
    with pytest.raises(grpc.RpcError) as refused:
        desk.act("StartStep", name, at="2099-01-05")
    assert {each.field for each in violations_of(refused.value)} == {"occur_time"}


def test_what_is_stored_is_what_the_ledger_replays_to(desk: Desk) -> None:
    """A walk by chance over the verbs; after each, the stored dates are those of the explanation."""
    chance = random.Random(4)
    name = reviewing(desk, "2026-08-31")
    desk.act("ReceiveStep", name, at="2026-09-01")
    desk.act("AcceptStep", name, at="2026-09-02")
    day, paused = 3, False
    for _ in range(8):
        day += chance.randrange(1, 4)
        at = f"2026-09-{day:02}"
        if paused:
            desk.act("ResumeStep", name, at=at)
        else:
            desk.act("SuspendStep", name, suspension=ENTRY.FORCE, legal_basis="经批准", evidence="通知", reason="故障",
                     approver="head", at=at)  # fmt: skip
        paused = not paused
        found = explained(desk, name)
        for field in ("planned_date", "promised_date", "statutory_date", "provisional"):
            assert getattr(found.deadline, field) == getattr(found.stored, field)


def test_the_relay_says_who_holds_the_clock(desk: Desk) -> None:
    name = reviewing(desk, "2026-09-01")
    matter = name.partition("/steps/")[0]
    relay = desk.steps.GetRelay(steps_pb2.GetRelayRequest(name=matter))
    assert [holder.step for holder in relay.holders] == []
    desk.finish(name, outcome="accepted", at="2026-09-10")
    out = f"{matter}/steps/out"
    desk.act("ReceiveStep", out, at="2026-09-14")
    relay = desk.steps.GetRelay(steps_pb2.GetRelayRequest(name=matter))
    assert [holder.step for holder in relay.holders] == ["out"]
    assert relay.holders[0].side == clock_pb2.ORIGIN
    assert relay.total.n == 45
    assert relay.statutory_date
    assert relay.between > 0


def test_events_of_a_case_are_numbered_without_a_gap(desk: Desk, talent_database: Database) -> None:
    case = desk.open("anchor_enrol", "pension")
    for key in ("contract", "report", "enrol", "gap_check"):
        desk.finish(f"{case.name}/matters/anchor_enrol/steps/{key}")
    with talent_database.reading() as session:
        rows = session.execute(
            text("SELECT number, type FROM outbox_event WHERE subject = :name ORDER BY sequence"), {"name": case.name}
        ).all()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0][1] == "liancai.talent.case.opened"
    assert "liancai.talent.matter.done" in {row[1] for row in rows}


def test_a_deadline_that_a_new_calendar_may_move_is_provisional(desk: Desk) -> None:
    case = desk.open("spouse_job")
    steps = f"{case.name}/matters/spouse_job/steps"
    assert not step_of(case, f"{steps}/intake").deadline.provisional
    desk.finish(f"{steps}/intake")
    found = step_of(desk.case(case.name), f"{steps}/offer")
    assert found.deadline.planned_date.startswith("2026-12")
    assert found.deadline.provisional, "the notice for the next year may still move days of December"
    assert "12 月" in " ".join(explained(desk, found.name).deadline.assumes)
