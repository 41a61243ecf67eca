"""Dates after a new calendar: seen first, then stored in one audited run that can be taken up again."""

from __future__ import annotations

import grpc
import pytest
from liancai.talent.v1 import audit_pb2, clock_pb2
from liancai.talent.v1 import recalculation_pb2 as pb
from sqlalchemy import func, select, text

from services.platform.database import Database
from services.reference.workdays import published
from services.talent.tables import MovedDeadlineRow
from tests.office import request_id
from tests.statuses import info_of
from tests.talent.desk import Desk, step_of
from tests.talent.handing import with_an_old_calendar

DIRECTION = pb.MovingDeadline.Move


def moving(desk: Desk) -> dict[str, pb.MovingDeadline]:
    found: dict[str, pb.MovingDeadline] = {}
    request = pb.ListMovingDeadlinesRequest(page_size=1)
    while True:
        page = desk.recalculations.ListMovingDeadlines(request)
        found |= {each.step: each for each in page.moving}
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_a_preview_and_then_one_run(desk: Desk, talent_database: Database) -> None:
    assert not moving(desk), "the calendar in force moves nothing"
    cases = [desk.open("pension", at="2026-11-16") for _ in range(3)]
    for case in cases[:2]:
        with_an_old_calendar(talent_database, case.name)
    seen = moving(desk)
    checks = [f"{case.name}/matters/pension/steps/check" for case in cases]
    assert set(seen) == set(checks[:2])
    (move,) = seen[checks[0]].moves
    assert (move.track, move.direction) == (clock_pb2.DerivationLine.PLANNED, DIRECTION.EARLIER)
    assert (move.before, move.after) == ("2026-12-31", "2026-11-19")
    assert "提前" in move.text
    request = pb.RecalculateDeadlinesRequest(
        reason="国务院办公厅新通知", calendar_version=published().version, request_id=request_id()
    )
    run = desk.recalculations.RecalculateDeadlines(request)
    assert (run.looked_at, run.earlier, run.later, run.otherwise) == (2, 2, 0, 0)
    assert desk.recalculations.RecalculateDeadlines(request) == run
    assert not moving(desk)
    step = step_of(desk.case(cases[0].name), checks[0])
    assert (step.deadline.planned_date, step.deadline.calendar_version) == ("2026-11-19", published().version)
    entries = desk.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=cases[0].name)).entries
    assert entries[-1].action == "talent.deadline.recalculate"
    assert run.name in entries[-1].detail
    assert desk.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=run.name)).entries[0].reason
    with talent_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(MovedDeadlineRow)) == 2
        alarms = session.execute(text("SELECT alarm FROM steps WHERE calendar = '2025' AND alarm IS NOT NULL")).all()
    assert not alarms


def test_another_calendar_than_the_one_that_was_seen_is_refused(desk: Desk) -> None:
    request = pb.RecalculateDeadlinesRequest(reason="x", calendar_version="2025", request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desk.recalculations.RecalculateDeadlines(request)
    assert info_of(refused.value) == ("CALENDAR_OTHER", {"seen": "2025", "current": published().version})
