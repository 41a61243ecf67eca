"""Lights, reminders and supervision orders over the wire, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import cases_pb2, clock_pb2, worklist_pb2
from liancai.talent.v1 import supervision_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.reference.clock import SHANGHAI
from services.talent.casework.editions import Editions
from services.talent.supervision.reminding import Reminders
from services.talent.tables import StepRow
from tests.conftest import token_of
from tests.office import TODAY, request_id
from tests.statuses import info_of
from tests.talent.desk import Desk, stamp, step_of

# three working days for the first step of a pension: due on Thursday the 26th
YELLOW, RED, LONG = date(2026, 11, 25), date(2026, 11, 27), date(2026, 12, 4)
NOW = "2026-11-23T08:30:00+08:00"
Run = Callable[[date], None]


@pytest.fixture
def run(talent_database: Database) -> Run:
    """A round of the reminders on a day."""
    keeper = Reminders(talent_database, Editions())
    return lambda day: keeper.run(datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI).astimezone(UTC))


@pytest.fixture
def second(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """Another supervisor of Gaotang."""
    return Desk(grpc_channel, token_of(settings, roles=("supervisor",), unit="371526-gov", subject="second"))


def the_step(desk: Desk, **fields: Any) -> str:
    return f"{desk.open('pension', **fields).name}/matters/pension/steps/check"


def reminders(desk: Desk, step: str, **fields: Any) -> list[pb.Reminder]:
    asked = pb.ListRemindersRequest(case_name=step.partition("/matters/")[0], **fields)
    found: list[pb.Reminder] = list(desk.supervision.ListReminders(asked).reminders)
    return found


def rungs(desk: Desk, step: str) -> list[tuple[str, str]]:
    return [(each.date, each.rung) for each in reversed(reminders(desk, step))]


def events(database: Database, *cases: str) -> list[tuple[str, dict[str, Any], int]]:
    outbox = database.books.outbox
    wanted = select(outbox).where(outbox.c.subject.in_(cases)).order_by(outbox.c.sequence)
    with database.reading() as session:
        return [(row.type.partition("talent.")[2], row.data, row.number) for row in session.execute(wanted)]


def case_of(step: str) -> str:
    return step.partition("/matters/")[0]


def orders(desk: Desk, step: str) -> list[pb.SupervisionOrder]:
    asked = pb.ListSupervisionOrdersRequest(case_name=case_of(step))
    found: list[pb.SupervisionOrder] = list(desk.supervision.ListSupervisionOrders(asked).orders)
    return found


def issued(desk: Desk, step: str, new_date: str = "2026-11-30") -> pb.SupervisionOrder:
    request = pb.IssueSupervisionOrderRequest(
        step=step, requirement="请说明原因", new_date=new_date, request_id=request_id()
    )
    made: pb.SupervisionOrder = desk.supervision.IssueSupervisionOrder(request)
    return made


# ---- lights


def test_a_light_is_on_the_step_the_case_the_list_and_the_day(desk: Desk) -> None:
    green, yellow, red = (the_step(desk, at=day) for day in (NOW, "2026-11-19", "2026-11-12"))
    for step, light in ((green, "GREEN"), (yellow, "YELLOW"), (red, "RED")):
        case, wanted = desk.case(case_of(step)), clock_pb2.Light.Value(f"LIGHT_{light}")
        assert step_of(case, step).light == wanted
        assert case.light == wanted
        listed = desk.cases.ListCases(cases_pb2.ListCasesRequest(page_size=1000)).cases
        assert [each.light for each in listed if each.name == case.name] == [wanted]
        query = case.name.removeprefix("cases/")
        found = desk.worklist.SearchCases(worklist_pb2.SearchCasesRequest(query=query)).cases
        assert [each.light for each in found] == [wanted]
        today = desk.worklist.ListToday(worklist_pb2.ListTodayRequest(page_size=1000)).items
        assert [each.step.light for each in today if each.step.name == step] == [wanted]
    shown = step_of(desk.case(case_of(green)), green)
    assert (shown.yellow_date, shown.red_date) == (str(YELLOW), str(RED))


def test_a_step_that_is_done_keeps_the_light_it_was_done_under(desk: Desk) -> None:
    in_time, late = (the_step(desk, at="2026-11-12") for _ in range(2))
    desk.finish(in_time, at="2026-11-13", outcome="needed")
    desk.finish(late, at="2026-11-20", outcome="needed")
    assert step_of(desk.case(case_of(in_time)), in_time).light == clock_pb2.LIGHT_GREEN
    assert step_of(desk.case(case_of(late)), late).light == clock_pb2.LIGHT_RED


def test_what_waits_has_no_light(desk: Desk) -> None:
    case = desk.open("pension")
    assert step_of(case, f"{case.name}/matters/pension/steps/out").light == clock_pb2.LIGHT_UNSPECIFIED


def test_the_board_counts_what_the_caller_may_see(
    desk: Desk, other_side: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    def board(whose: Desk, by: pb.GetBoardRequest.By.ValueType = pb.GetBoardRequest.UNIT) -> dict[str, pb.Board.Group]:
        found = whose.supervision.GetBoard(pb.GetBoardRequest(by=by))
        assert found.date == str(TODAY)
        assert str(TODAY) in found.definition
        return {each.key: each for each in found.groups}

    before, kinds = board(desk), board(desk, pb.GetBoardRequest.MATTER)
    steps = [the_step(desk, at=day) for day in (NOW, "2026-11-19", "2026-11-12", "2026-11-12")]
    desk.act("AssignStep", steps[3], assignee="officer")
    issued(desk, steps[2])
    after, unit = board(desk), "371526-sic"
    assert [
        getattr(after[unit], name) - getattr(before.get(unit, pb.Board.Group()), name)
        for name in ("green", "yellow", "red", "without_date", "unassigned", "orders")
    ] == [1, 1, 2, 0, 3, 1]
    assert board(desk, pb.GetBoardRequest.MATTER)["pension"].red - kinds.get("pension", pb.Board.Group()).red == 2
    assert board(other_side) == {}, "nothing was handed to the other side"
    bureau = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit=unit, subject="clerk"))
    assert board(bureau) == {unit: after[unit]}
    stranger = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-ybj", subject="clerk"))
    assert board(stranger) == {}


def test_what_is_lit_is_listed_in_pages_and_filtered(desk: Desk) -> None:
    steps = [the_step(desk, at=day) for day in (NOW, "2026-11-19", "2026-11-12")]
    desk.act("AssignStep", steps[2], assignee="officer")

    def listed(size: int, **fields: Any) -> list[pb.WatchedStep]:
        found: list[pb.WatchedStep] = []
        token = ""
        while True:
            asked = pb.ListWatchedStepsRequest(page_size=size, page_token=token, **fields)
            answer = desk.supervision.ListWatchedSteps(asked)
            found += answer.steps
            token = answer.next_page_token
            if not token:
                return found

    every = listed(1000)
    assert listed(2) == every
    assert [each.due_date for each in every] == sorted(each.due_date for each in every)
    names = {each.step.name: each for each in every}
    assert steps[0] not in names
    assert names[steps[1]].days_over == 0
    assert names[steps[2]].days_over == 4, "due on the 17th: the 18th, 19th, 20th and 23rd are over"
    only = {each.step.name for each in listed(1000, lights=[clock_pb2.LIGHT_YELLOW])}
    assert steps[1] in only
    assert steps[2] not in only
    nobodys = {each.step.name for each in listed(1000, unassigned=True, unit="371526-sic")}
    assert steps[1] in nobodys
    assert steps[2] not in nobodys
    with pytest.raises(grpc.RpcError) as refused:
        listed(1000, lights=[clock_pb2.LIGHT_GREEN])
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


# ---- reminders


def test_each_rung_is_sent_once_on_its_day(desk: Desk, run: Run) -> None:
    step = the_step(desk)
    run(date(2026, 11, 24))
    assert rungs(desk, step) == []
    for day, rung in ((YELLOW, "ladder.yellow"), (RED, "ladder.red"), (LONG, "ladder.red_long")):
        run(day)
        run(day)
        assert rungs(desk, step)[-1] == (str(day), rung)
    assert len(rungs(desk, step)) == 3
    [order] = orders(desk, step)
    assert (order.rung, order.issuer, order.unit, order.new_date) == (
        "ladder.red_long", "system", "371526-sic", "2026-12-09"
    )  # fmt: skip
    assert order.officer == "caseworker", "nobody has the step: the first-contact owner"


def test_a_machine_that_was_off_sends_what_was_due_once_and_in_order(
    desk: Desk, run: Run, talent_database: Database
) -> None:
    run(date(2026, 12, 31))  # what others left
    steps = [the_step(desk, at=day) for day in (NOW, "2026-11-20", NOW)]
    run(date(2026, 12, 7))
    run(date(2026, 12, 7))
    told = [
        (data["day"], data["rung"])
        for kind, data, _ in events(talent_database, *map(case_of, steps))
        if kind == "step.reminded"
    ]
    assert [day for day, _ in told] == sorted(day for day, _ in told)
    assert told == [
        ("2026-11-24", "ladder.yellow"), ("2026-11-25", "ladder.yellow"), ("2026-11-25", "ladder.yellow"),
        ("2026-11-26", "ladder.red"), ("2026-11-27", "ladder.red"), ("2026-11-27", "ladder.red"),
        ("2026-12-03", "ladder.red_long"), ("2026-12-04", "ladder.red_long"), ("2026-12-04", "ladder.red_long"),
    ]  # fmt: skip
    for step in steps:
        numbers = [number for *_, number in events(talent_database, case_of(step))]
        assert numbers == list(range(1, len(numbers) + 1)), "events of a case are counted without a gap"


def test_what_nobody_has_is_told_to_its_unit_and_what_somebody_has_to_them(desk: Desk, run: Run) -> None:
    nobodys, somebodys = the_step(desk), the_step(desk)
    desk.act("AssignStep", somebodys, assignee="clerk")
    run(YELLOW)
    assert list(reminders(desk, nobodys)[0].told) == ["unit/371526-sic", "officer/caseworker"]
    assert list(reminders(desk, somebodys)[0].told) == ["officer/clerk", "officer/caseworker"]


def test_one_asks_for_what_one_was_told_oneself(
    desk: Desk, run: Run, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    nobodys, somebodys = the_step(desk), the_step(desk)
    desk.act("AssignStep", somebodys, assignee="clerk")
    run(RED)
    unit = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="another clerk"))
    assert [each.rung for each in reminders(unit, nobodys, mine=True)] == ["ladder.red", "ladder.yellow"]
    assert [each.rung for each in reminders(unit, somebodys, mine=True)] == ["ladder.red"]
    near = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="clerk"))
    assert len(reminders(near, somebodys, mine=True)) == 2


def test_another_date_is_another_reminder_and_a_second_red_an_order(desk: Desk, run: Run) -> None:
    step = the_step(desk)
    run(RED)
    desk.finish(step, outcome="needed")
    run(date(2026, 12, 31))
    assert len(rungs(desk, step)) == 2, "nothing of a step that is done"
    desk.act("ReturnStep", step, reason="材料有误")
    desk.act("CorrectStep", step, corrects=1, corrected_time=stamp("2026-11-19"), reason="收件日期有误")
    run(RED)
    assert rungs(desk, step)[0] == ("2026-11-23", "ladder.yellow")
    assert [rung for _, rung in rungs(desk, step)].count("ladder.red_again") == 1
    assert [order.rung for order in orders(desk, step)] == ["ladder.red_again"]


def test_a_reminder_leaves_the_etag_of_the_step_and_the_case_alone(desk: Desk, run: Run) -> None:
    step = the_step(desk)
    before = desk.case(case_of(step))
    run(YELLOW)
    after = desk.case(case_of(step))
    assert rungs(desk, step)
    assert (after.etag, step_of(after, step).etag) == (before.etag, step_of(before, step).etag)


def test_one_step_that_fails_does_not_keep_the_others(desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = the_step(desk), the_step(desk)
    send = Reminders._send

    def fail(self: Reminders, tx: Any, file: Any, *rest: Any) -> int:
        if file.name == case_of(broken):
            raise ValueError
        return send(self, tx, file, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Reminders, "_send", fail)
        run(YELLOW)
    assert (rungs(desk, broken), len(rungs(desk, sound))) == ([], 1)
    run(YELLOW)
    assert len(rungs(desk, broken)) == 1


def test_what_is_looked_at_is_found_by_its_index(talent_database: Database) -> None:
    wanted = select(StepRow.id).where(StepRow.alarm.is_not(None), StepRow.remind.is_not(None)).order_by(StepRow.remind)
    with talent_database.reading() as session:
        if not talent_database.sqlite:
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        text = str(wanted.limit(1).compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if talent_database.sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in session.connection().exec_driver_sql(explain + text))
    assert "steps_to_remind" in plan


# ---- supervision orders


def test_an_order_is_issued_answered_returned_and_signed_off(
    desk: Desk, second: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    step = the_step(desk, at="2026-11-12")
    order = issued(desk, step)
    assert (order.state, order.step, order.officer) == (pb.SupervisionOrder.ISSUED, step, "caseworker")
    clerk = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="clerk"))
    answered = clerk.supervision.AnswerSupervisionOrder(
        pb.AnswerSupervisionOrderRequest(name=order.name, answer="系统故障", etag=order.etag, request_id=request_id())
    )
    assert (answered.state, answered.answerer) == (pb.SupervisionOrder.ANSWERED, "clerk")
    returned = second.supervision.ReturnSupervisionOrder(
        pb.ReturnSupervisionOrderRequest(
            name=order.name, reason="未说明措施", new_date="2026-12-02", request_id=request_id()
        )
    )
    assert (returned.state, returned.answer, returned.new_date) == (pb.SupervisionOrder.ISSUED, "", "2026-12-02")
    clerk.supervision.AnswerSupervisionOrder(
        pb.AnswerSupervisionOrderRequest(name=order.name, answer="已补录并办理", request_id=request_id())
    )
    done = second.supervision.SignOffSupervisionOrder(
        pb.SignOffSupervisionOrderRequest(name=order.name, remark="同意销号", request_id=request_id())
    )
    assert (done.state, done.closer) == (pb.SupervisionOrder.SIGNED_OFF, "second")
    assert desk.supervision.GetSupervisionOrder(pb.GetSupervisionOrderRequest(name=order.name)) == done
    assert orders(clerk, step) == [done]
    with pytest.raises(grpc.RpcError) as refused:
        second.supervision.WithdrawSupervisionOrder(
            pb.WithdrawSupervisionOrderRequest(name=order.name, reason="x", request_id=request_id())
        )
    assert info_of(refused.value)[0] == "SUPERVISION_STATE"


def test_whoever_answered_does_not_sign_off(desk: Desk, second: Desk) -> None:
    order = issued(desk, the_step(desk))
    desk.supervision.AnswerSupervisionOrder(
        pb.AnswerSupervisionOrderRequest(name=order.name, answer="已办", request_id=request_id())
    )
    request = pb.SignOffSupervisionOrderRequest(name=order.name, request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.supervision.SignOffSupervisionOrder(request)
    assert info_of(refused.value)[0] == "SUPERVISION_OWN_ANSWER"
    assert second.supervision.SignOffSupervisionOrder(request).state == pb.SupervisionOrder.SIGNED_OFF


def test_one_order_at_a_time_and_only_on_what_is_on_a_desk(desk: Desk) -> None:
    step = the_step(desk)
    first = issued(desk, step)
    with pytest.raises(grpc.RpcError) as refused:
        issued(desk, step)
    assert info_of(refused.value)[0] == "SUPERVISION_EXISTS"
    desk.supervision.WithdrawSupervisionOrder(
        pb.WithdrawSupervisionOrderRequest(name=first.name, reason="误发", etag=first.etag, request_id=request_id())
    )
    issued(desk, step)
    with pytest.raises(grpc.RpcError) as refused:
        issued(desk, step.replace("/check", "/out"))
    assert info_of(refused.value)[0] == "STEP_STATE"


def test_an_order_of_others_is_not_found_and_a_stale_one_aborted(
    desk: Desk, other_side: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    order = issued(desk, the_step(desk))
    request = pb.AnswerSupervisionOrderRequest(name=order.name, answer="x", request_id=request_id())
    stranger = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-ybj", subject="clerk"))
    for whose in (other_side, stranger):
        with pytest.raises(grpc.RpcError) as refused:
            whose.supervision.AnswerSupervisionOrder(request)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert not whose.supervision.ListSupervisionOrders(pb.ListSupervisionOrdersRequest()).orders
    request.etag = '"99"'
    with pytest.raises(grpc.RpcError) as refused:
        desk.supervision.AnswerSupervisionOrder(request)
    assert refused.value.code() is grpc.StatusCode.ABORTED


def test_an_order_wants_a_date_that_is_to_come(desk: Desk) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        issued(desk, the_step(desk), new_date="2026-11-22")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
