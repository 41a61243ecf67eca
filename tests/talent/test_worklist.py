"""Today: what is the caller's, the unit's, and what the caller's cases wait for; due first, in pages, off indexes."""

from __future__ import annotations

from datetime import date

import grpc
import pytest
from liancai.talent.v1 import clock_pb2
from liancai.talent.v1 import worklist_pb2 as pb
from sqlalchemy import text

from services import host
from services.platform.database import Database
from services.talent.steps.worklist import _MINE, _OF_UNIT, _OWNED
from tests.conftest import token_of
from tests.talent.desk import Desk

WHY = pb.TodayItem


@pytest.fixture
def officer(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """Somebody of the pension agency."""
    return Desk(grpc_channel, token_of(settings, roles=("bureau",), unit="371526-sic", subject="pension officer"))


def today(desk: Desk, **fields: object) -> list[pb.TodayItem]:
    """Every item, page after page."""
    found: list[pb.TodayItem] = []
    request = pb.ListTodayRequest(page_size=2, **fields)  # type: ignore[arg-type]
    while True:
        page = desk.worklist.ListToday(request)
        found += page.items
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def whys(desk: Desk, case: str) -> list[int]:
    return [item.why for item in today(desk) if item.case_name == case]


def test_what_is_due_first_comes_first_and_says_why_it_is_there(desk: Desk, officer: Desk) -> None:
    old, new = desk.open("pension", at="2026-11-02"), desk.open("pension")
    step = f"{new.name}/matters/pension/steps/check"
    assert whys(officer, old.name) == [WHY.OVERDUE]
    assert whys(officer, new.name) == [WHY.UNASSIGNED]
    assert whys(desk, new.name) == [WHY.WAITING], "the owner sees what the case waits for"
    items = today(officer)
    days = [item.due_date or "9999" for item in items]
    assert days == sorted(days)
    assert items[0].masked_name.endswith("*")
    desk.act("AssignStep", step, assignee="somebody else")
    assert whys(officer, new.name) == []
    desk.act("AssignStep", step, assignee="pension officer")
    assert whys(officer, new.name) == [WHY.UPCOMING]
    officer.act("StartStep", step)
    officer.act("CompleteStep", step, outcome="needed", result={"evidence": "截图"})
    assert [item.step.name.rpartition("/")[2] for item in today(officer) if item.case_name == new.name] == ["review"]


def test_what_was_sent_back_and_what_stands_still_say_so(desk: Desk, officer: Desk) -> None:
    case = desk.open("pension")
    step = f"{case.name}/matters/pension/steps"
    desk.finish(f"{step}/check", outcome="needed")
    desk.act("ReceiveStep", f"{step}/review")
    desk.act("AcceptStep", f"{step}/review")
    desk.act("SuspendStep", f"{step}/review", suspension=clock_pb2.ClockEntry.FORCE, legal_basis="经批准",
             evidence="通知", reason="故障", approver="head")  # fmt: skip
    assert whys(officer, case.name) == [WHY.STUCK]
    desk.act("ResumeStep", f"{step}/review")
    desk.act("ReturnStep", f"{step}/review", reason="材料有误")
    assert whys(officer, case.name) == [WHY.RETURNED]


def test_only_what_is_due_by_a_day_is_asked_for(desk: Desk, officer: Desk) -> None:
    desk.open("pension", at="2026-11-02")
    desk.open("pension")
    due = today(officer, due_by="2026-11-10")
    assert due
    assert all(item.due_date <= "2026-11-10" for item in due)
    assert len(today(officer)) > len(due)


def test_what_has_ended_is_on_no_desk(desk: Desk, officer: Desk, talent_database: Database) -> None:
    case = desk.open("pension")
    desk.finish(f"{case.name}/matters/pension/steps/check", outcome="not_needed")
    assert whys(officer, case.name) == []
    with talent_database.reading() as session:
        left = session.execute(
            text("SELECT count(*) FROM steps WHERE case_id = :id AND alarm IS NOT NULL"),
            {"id": case.name.partition("/")[2]},
        ).scalar_one()
    assert left == 0


@pytest.mark.parametrize(
    ("statement", "index", "given"),
    [
        (_MINE, "steps_by_assignee", {"me": "caseworker"}),
        (_OWNED, "steps_by_owner", {"me": "caseworker"}),
        (_OF_UNIT, "steps_by_unit", {"unit": "371526-sic"}),
    ],
)
def test_today_is_read_off_an_index_that_holds_only_what_is_to_be_done(
    statement: object, index: str, given: dict[str, str], talent_database: Database
) -> None:
    with talent_database.reading() as session:
        connection = session.connection()
        prepared = statement._text(connection.dialect)  # type: ignore[attr-defined]
        page = {"day": date(2026, 1, 1), "last": 0, "due_by": date(9999, 12, 31), "size": 51}
        values = prepared.given({**page, **given})
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {prepared.sql}", values).scalars().all()
        else:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {prepared.sql}", values)]
    said = "\n".join(plan)
    assert index in said
    assert "Sort" not in said
    assert "TEMP B-TREE" not in said
