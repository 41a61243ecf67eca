"""How long each side held cases, against counts made by hand and against the rows themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from liancai.talent.v1 import cases_pb2, clock_pb2
from liancai.talent.v1 import statistics_pb2 as pb
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite

from services import host
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.identity import Caller
from services.platform.policy import Policy
from services.talent.handovers.holding import custody
from services.talent.tables import CaseRow, HandoverRow
from tests.office import request_id
from tests.talent.desk import GAOTANG, JINAN, Desk, stamp
from tests.talent.test_statistics import dates, instants

HERE, THERE = (GAOTANG, clock_pb2.DESTINATION), (JINAN, clock_pb2.ORIGIN)
DAY = 86400
NOW = "2026-04-10"
MARCH = dates("2026-03-01", "2026-03-31")

At = Callable[[str], None]
Found = dict[tuple[str, int], tuple[int, int, int]]


def instant(at: str) -> datetime:
    return stamp(at).ToDatetime(tzinfo=UTC)


@pytest.fixture(scope="module")
def at(talent_database: Database) -> Iterator[At]:
    """Sets the clock of the service: hand-overs are signed when they are made."""
    before = talent_database.clock

    def set_to(day: str) -> None:
        talent_database.clock = lambda: instant(day)

    yield set_to
    talent_database.clock = before


def hand_over(case: str, giver: Desk, taker: Desk, at: At, offered: str, accepted: str) -> None:
    """From one side to the other, and twice not: what is recalled or returned passes nothing on."""
    at(offered)
    giver.settle("Recall", giver.offer(case).name)
    taker.settle("Return", giver.offer(case).name, reason="材料不齐")
    made = giver.offer(case).name
    at(accepted)
    taker.settle("Accept", made)


def close(desk: Desk, case: str, day: str) -> None:
    late = {"occur_time": stamp(day), "late_reason": "补录"}
    withdrawal = cases_pb2.WithdrawMatterRequest(
        name=f"{case}/matters/pension", reason="本人放弃", request_id=request_id(), **late
    )
    desk.cases.WithdrawMatter(withdrawal)
    desk.cases.CloseCase(cases_pb2.CloseCaseRequest(name=case, reason="办结", request_id=request_id(), **late))


@pytest.fixture(scope="module")
def held(desk: Desk, other_side: Desk, at: At) -> None:
    """One that went there and back, one that never went anywhere, and one that came."""
    at(NOW)
    first = desk.open("pension", at="2026-03-02").name
    second = desk.open("pension", at="2026-03-10").name
    third = other_side.open("pension", at="2026-03-05").name
    hand_over(first, desk, other_side, at, "2026-03-11", "2026-03-12")
    hand_over(first, other_side, desk, at, "2026-03-12", "2026-03-20")
    hand_over(third, other_side, desk, at, "2026-03-05", "2026-03-25")
    at(NOW)
    close(desk, second, "2026-03-15")
    close(desk, third, "2026-03-30")


def found(desk: Desk, span: pb.StatisticsSpan) -> Found:
    """Cases, seconds and hand-overs given, by division and side."""
    answer = desk.statistics.GetCustody(pb.GetCustodyRequest(span=span))
    assert answer.definition
    for each in answer.groups:
        assert each.days_a_case == (round(each.held_seconds / each.cases / DAY, 1) if each.cases else 0)
    return {(each.division, each.side): (each.cases, each.held_seconds, each.given) for each in answer.groups}


@pytest.mark.usefixtures("held")
def test_a_side_holds_a_case_until_the_other_one_accepts_it(desk: Desk, other_side: Desk) -> None:
    # here 10 and 11.5 days of the first, 5 of the second, 5 of the third; there 8 days and 20
    assert found(desk, MARCH) == {HERE: (3, int(31.5 * DAY), 1), THERE: (2, 28 * DAY, 2)}
    # the other side was never let into the second
    assert found(other_side, MARCH) == {HERE: (2, int(26.5 * DAY), 1), THERE: (2, 28 * DAY, 2)}


@pytest.mark.usefixtures("held")
def test_a_span_cuts_what_reaches_out_of_it(desk: Desk) -> None:
    # the instant of acceptance is the other side's
    assert found(desk, instants("2026-03-12", "2026-03-13")) == {HERE: (1, DAY, 1), THERE: (2, 2 * DAY, 0)}
    assert found(desk, instants("2026-03-11", "2026-03-12")) == {HERE: (2, 2 * DAY, 0), THERE: (1, DAY, 0)}
    assert found(desk, instants("2026-02-01", "2026-03-02")) == {}
    assert found(desk, instants("2026-03-30", "2026-04-05")) == {HERE: (1, 6 * DAY, 0)}


@pytest.mark.usefixtures("held")
def test_what_is_still_to_come_is_not_held_yet(desk: Desk, at: At) -> None:
    at(NOW)
    assert found(desk, dates("2026-04-01", "2026-12-31")) == {HERE: (1, int(9.5 * DAY), 0)}
    assert found(desk, dates("2026-05-01", "2026-12-31")) == {}


@pytest.mark.usefixtures("held")
def test_what_is_counted_is_what_the_rows_say(desk: Desk, talent_database: Database) -> None:
    """Any span: the boundaries of stretches, and what lies between."""
    begins, now, draw = instant("2026-02-25"), instant(NOW), random.Random(7)
    with talent_database.reading() as session:
        cases, handovers = session.scalars(select(CaseRow)).all(), session.scalars(select(HandoverRow)).all()

    # division and side, case, begun, ended, and whether by a hand-over
    stretches: list[tuple[tuple[str, int], str, datetime, datetime, bool]] = []
    for case in cases:
        taken = [each for each in handovers if each.case_id == case.id and each.state == "ACCEPTED"]
        taken.sort(key=lambda each: each.number)
        holders = [(each.sender_division, each.sender) for each in taken] + [(case.division, case.custody)]
        ends = [*(each.settle_time or now for each in taken), case.close_time or now]
        for place, (division, side) in enumerate(holders):
            begun = ends[place - 1] if place else case.open_time
            holder = (division, clock_pb2.Side.Value(side))
            stretches.append((holder, case.id, begun, ends[place], place < len(taken)))
    assert len(stretches) == 6

    for _ in range(40):
        first, last = sorted(begins + timedelta(hours=12 * draw.randrange(90)) for _ in range(2))
        expected: Found = {}
        for holder in (HERE, THERE):
            own = [each[1:] for each in stretches if each[0] == holder]
            within = [(case, max(begun, first), min(ended, last, now)) for case, begun, ended, _ in own]
            some = {case: end - begin for case, begin, end in within if end > begin}
            seconds = sum((end - begin).total_seconds() for _, begin, end in within if end > begin)
            given = sum(by_handover and first <= ended < min(last, now) for _, _, ended, by_handover in own)
            if some or given:
                expected[holder] = (len(some), int(seconds), given)
        assert found(desk, instants(first.isoformat(), last.isoformat())) == expected, (first, last)


def test_every_part_is_read_by_an_index(talent_database: Database) -> None:
    policy = "\n".join(
        path.read_text(encoding="utf-8") for path in (host.HERE / "policy.cedar", host.HERE / "talent/policy.cedar")
    )
    caller = Caller("caseworker", f"{GAOTANG}-tf", GAOTANG, frozenset({"caseworker"}))
    call = Call.on_behalf("talent", "talent.statistics.read", caller, Policy(policy))
    wanted = custody(call, instant("2026-03-01"), instant("2026-04-01"), sqlite=talent_database.sqlite)
    dialect = sqlite.dialect() if talent_database.sqlite else postgresql.dialect()
    said = str(wanted.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with talent_database.writing_engine.connect() as connection:  # its plans do not go by how small a table is
        explain = "EXPLAIN QUERY PLAN" if talent_database.sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.execute(text(f"{explain} {said}")))
        connection.rollback()
    for index in ("cases_by_closing", "accepted_by_time", "accepted_by_case"):
        assert index in plan, plan
    # PostgreSQL goes by what it has counted, and there is hardly anything to count here
    others = ("SCAN cases", "cases_by_partner", "cases_by_division", "cases_by_opening")
    for other in others if talent_database.sqlite else ("Seq Scan on cases",):
        assert other not in plan, plan
