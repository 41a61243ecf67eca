"""Throughput, hand-overs, lateness and work in progress, against counts made by hand."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import cases_pb2, steps_pb2
from liancai.talent.v1 import statistics_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import request_id
from tests.statuses import violations_of
from tests.talent.desk import Desk, stamp

HERE, THERE = "371526-sic", "370103-sic"


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """A caseworker whose division has three cases of 2026, and nothing else."""
    desk = Desk(grpc_channel, token_of(settings, roles=("caseworker", "supervisor"), subject="caseworker"))
    # one that went all the way but for its last step, which has begun: from here to there and back
    first = desk.open("pension", at="2026-03-02").name + "/matters/pension/steps"
    desk.finish(f"{first}/check", at="2026-03-03", outcome="needed")
    for verb, day in (("ReceiveStep", "2026-03-04"), ("AcceptStep", "2026-03-05")):
        desk.act(verb, f"{first}/review", at=day)
    # fifteen working days after the 5th are over on the 26th
    desk.finish(f"{first}/review", at="2026-03-31T23:50:00+08:00", outcome="accepted")
    desk.finish(f"{first}/out", at="2026-04-01T00:10:00+08:00")
    desk.act("StartStep", f"{first}/in", at="2026-04-10")
    # one that needed nothing, and was closed
    second = desk.open("pension", at="2026-03-10").name
    desk.finish(f"{second}/matters/pension/steps/check", at="2026-03-11", outcome="not_needed")
    desk.cases.CloseCase(
        cases_pb2.CloseCaseRequest(
            name=second, reason="办结", request_id=request_id(), occur_time=stamp("2026-03-12"), late_reason="补录"
        )
    )
    # one in April, which waits
    desk.open("archive", at="2026-04-02")
    return desk


def dates(first: str, last: str) -> pb.StatisticsSpan:
    return pb.StatisticsSpan(from_date=first, to_date=last)


def instants(first: str, end: str) -> pb.StatisticsSpan:
    return pb.StatisticsSpan(from_time=stamp(first), to_time=stamp(end))


MARCH, APRIL = dates("2026-03-01", "2026-03-31"), dates("2026-04-01", "2026-04-30")


def throughput(desk: Desk, span: pb.StatisticsSpan) -> tuple[Any, ...]:
    found = desk.statistics.GetThroughput(pb.GetThroughputRequest(span=span))
    groups = {
        each.matter: (each.matters_begun, each.matters_ended, each.matters_done, each.steps_done)
        for each in found.groups
    }
    return found.cases_opened, found.cases_closed, groups


def test_throughput_by_date_is_by_the_dates_of_china(desk: Desk) -> None:
    assert throughput(desk, MARCH) == (2, 1, {"pension": (2, 1, 0, 3)})
    # ten past midnight of the 1st of April is still March in UTC
    assert throughput(desk, APRIL) == (1, 0, {"archive": (1, 0, 0, 0), "pension": (0, 0, 0, 1)})
    assert throughput(desk, dates("2026-03-01", "2026-04-30")) == (
        3, 1, {"archive": (1, 0, 0, 0), "pension": (2, 1, 0, 4)}
    )  # fmt: skip


def test_throughput_by_instant_ends_before_its_end(desk: Desk) -> None:
    begins, ends = "2026-03-10T12:00:00+08:00", "2026-03-11T12:00:00+08:00"
    assert throughput(desk, instants(begins, ends)) == (1, 0, {"pension": (1, 0, 0, 0)})
    assert throughput(desk, instants(begins, "2026-03-11T12:00:01+08:00")) == (1, 0, {"pension": (1, 1, 0, 1)})
    assert throughput(desk, instants("2026-03-10T12:00:01+08:00", ends)) == (0, 0, {})


def test_work_that_goes_from_unit_to_unit_is_counted_by_pair(desk: Desk) -> None:
    def pairs(span: pb.StatisticsSpan) -> dict[tuple[str, str], int]:
        found = desk.statistics.GetHandOvers(pb.GetHandOversRequest(span=span))
        assert found.definition
        return {(each.from_unit, each.to_unit): each.count for each in found.pairs}

    assert pairs(MARCH) == {}
    assert pairs(APRIL) == {(HERE, THERE): 1, (THERE, HERE): 1}
    assert pairs(dates("2026-04-10", "2026-04-10")) == {(THERE, HERE): 1}


def test_late_is_what_was_done_after_its_statutory_date(desk: Desk) -> None:
    def late(span: pb.StatisticsSpan) -> dict[str, tuple[int, ...]]:
        found = desk.statistics.GetLateness(pb.GetLatenessRequest(span=span))
        return {each.matter: (each.done, each.after_statutory, each.with_statutory) for each in found.groups}

    assert late(MARCH) == {"pension": (1, 1, 1)}, "the check has a limit of our own only"
    assert late(APRIL) == {"pension": (1, 0, 1)}


def test_work_in_progress_is_what_had_begun_and_not_ended(desk: Desk) -> None:
    def progress(**at: Any) -> tuple[int, dict[str, tuple[int, int]]]:
        found = desk.statistics.GetWorkInProgress(pb.GetWorkInProgressRequest(**at))
        assert found.definition
        return found.cases, {each.matter: (each.matters, each.steps) for each in found.groups}

    assert progress(date="2026-03-01") == (0, {})
    assert progress(date="2026-03-06") == (1, {"pension": (1, 1)})
    assert progress(date="2026-03-10") == (2, {"pension": (2, 1)})
    assert progress(date="2026-03-11") == (2, {"pension": (1, 1)})
    assert progress(date="2026-03-12") == (1, {"pension": (1, 1)})
    assert progress(time=stamp("2026-03-12T11:59:59+08:00"))[0] == 2
    assert progress(time=stamp("2026-03-12T12:00:00+08:00"))[0] == 1
    assert progress(date="2026-04-30") == (2, {"archive": (1, 0), "pension": (1, 1)})


def test_every_answer_says_what_it_counts_and_by_what(
    desk: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    english = Desk(grpc_channel, token_of(settings, roles=("auditor",), subject="auditor"), "en")
    for name in ("Throughput", "HandOvers", "Lateness"):
        request = getattr(pb, f"Get{name}Request")(span=MARCH)
        said = getattr(desk.statistics, f"Get{name}")(request).definition
        assert "2026-03-01 至 2026-03-31" in said
        assert "北京时间日期" in said
        request.span.CopyFrom(instants("2026-03-01", "2026-04-01"))
        said = getattr(english.statistics, f"Get{name}")(request).definition
        assert "instants" in said
        assert "{" not in said


def test_others_count_nothing_and_a_bureau_may_not(
    desk: Desk, other_side: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    assert throughput(other_side, dates("2026-01-01", "2026-12-31")) == (0, 0, {})
    bureau = Desk(grpc_channel, token_of(settings, roles=("bureau",), unit=HERE))
    with pytest.raises(grpc.RpcError) as refused:
        throughput(bureau, MARCH)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    "span",
    [
        pb.StatisticsSpan(),
        pb.StatisticsSpan(from_date="2026-03-01"),
        pb.StatisticsSpan(from_date="2026-03-02", to_date="2026-03-01"),
        pb.StatisticsSpan(from_date="0001-01-01", to_date="9999-12-31"),
        pb.StatisticsSpan(from_time=stamp("2026-03-01")),
        pb.StatisticsSpan(from_time=stamp("2026-03-02"), to_time=stamp("2026-03-01")),
        pb.StatisticsSpan(from_date="2026-03-01", to_date="2026-03-02", from_time=stamp("2026-03-01")),
    ],
)
def test_a_span_that_is_none_is_refused(desk: Desk, span: pb.StatisticsSpan) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        throughput(desk, span)
    assert violations_of(refused.value)[0].field.startswith("span.")


@pytest.mark.parametrize("at", [{}, {"date": "2026-03-01", "time": stamp("2026-03-01")}, {"date": "1.3.2026"}])
def test_work_in_progress_wants_a_date_or_an_instant(desk: Desk, at: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        desk.statistics.GetWorkInProgress(pb.GetWorkInProgressRequest(**at))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_every_verb_of_a_step_takes_the_instant_it_happened() -> None:
    """So that history can be replayed."""
    verbs = [
        rpc.input_type.fields_by_name
        for rpc in steps_pb2.DESCRIPTOR.services_by_name["Steps"].methods
        if "request_id" in rpc.input_type.fields_by_name
    ]
    assert len(verbs) >= 13
    assert all({"occur_time", "late_reason"} <= set(fields) for fields in verbs)


def test_an_assignment_of_before_is_in_the_trail_as_of_then(desk: Desk, talent_database: Database) -> None:
    step = desk.open("archive", at="2026-05-04").name + "/matters/archive/steps/letter"
    desk.act("AssignStep", step, assignee="clerk", at="2026-05-05")
    outbox = talent_database.books.outbox
    wanted = select(outbox.c.time).where(outbox.c.subject == step.partition("/matters/")[0])
    with talent_database.reading() as session:
        assert stamp("2026-05-05").ToDatetime(tzinfo=UTC) in session.execute(wanted).scalars().all()
