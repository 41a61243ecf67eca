"""Who gets the next step, who stands in, what is found, and what today counts; over the wire."""

from __future__ import annotations

import grpc
import pytest
from liancai.talent.v1 import audit_pb2, cases_pb2, desks_pb2
from liancai.talent.v1 import worklist_pb2 as pb

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import request_id
from tests.statuses import refused
from tests.talent.desk import Desk, a_case
from tests.talent.handing import let_in
from tests.talent.test_worklist import today

WHY = pb.TodayItem
SIC = "371526-sic"


def officer(channel: grpc.Channel, settings: host.Settings, subject: str, unit: str = SIC) -> Desk:
    return Desk(channel, token_of(settings, roles=("bureau",), unit=unit, subject=subject))


def explained(desk: Desk, step: str) -> desks_pb2.AssignmentExplanation:
    found: desks_pb2.AssignmentExplanation = desk.desks.ExplainAssignment(desks_pb2.ExplainAssignmentRequest(name=step))
    return found


def balanced(desk: Desk, step: str) -> str:
    asked = desks_pb2.BalanceStepRequest(name=step, request_id=request_id())
    return str(desk.desks.BalanceStep(asked).assignee)


def searched(desk: Desk, query: str, **fields: object) -> list[str]:
    """Every case, page after page."""
    found: list[str] = []
    request = pb.SearchCasesRequest(query=query, page_size=2, **fields)  # type: ignore[arg-type]
    while True:
        page = desk.worklist.SearchCases(request)
        found += [case.name for case in page.cases]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_steps_go_to_whoever_has_least_to_do_for_the_share(desk: Desk) -> None:
    unit = "371526-emp"
    desk.officers(unit, full=100, half=50, none=0)
    steps = [f"{desk.open('anchor_enrol').name}/matters/anchor_enrol/steps/contract" for _ in range(6)]
    assert explained(desk, steps[0]).officer == "full"
    assert [balanced(desk, step) for step in steps] == ["full", "full", "half", "full", "full", "half"]
    found = explained(desk, steps[0])
    assert [(each.officer, each.open_steps, each.load) for each in found.candidates] == [
        ("full", 4, "0.050"), ("half", 2, "0.060"), ("none", 0, ""),
    ]  # fmt: skip
    assert "0.050" in found.candidates[0].text
    listed = desk.desks.ListOfficers(desks_pb2.ListOfficersRequest(unit=unit)).officers
    assert [(each.officer, each.open_steps) for each in listed] == [("full", 4), ("half", 2), ("none", 0)]


def test_a_step_of_a_unit_without_officers_goes_to_nobody(desk: Desk) -> None:
    step = desk.open("medical").matters[0].steps[0].name
    assert explained(desk, step).officer == ""
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "DESK_NOBODY"):
        balanced(desk, step)


def test_a_deputy_sees_and_does_the_work_of_who_is_absent(
    desk: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    case = desk.open("pension").name
    step = f"{case}/matters/pension/steps/check"
    desk.act("AssignStep", step, assignee="who is away")
    deputy, other = (officer(grpc_channel, settings, name) for name in ("who stands in", "who does not"))
    assert case not in [item.case_name for item in today(deputy)]
    cover = desk.cover(SIC, "who is away", "who stands in")
    [item] = [item for item in today(deputy) if item.case_name == case]
    assert item.covered == "who is away"
    assert case not in [each.case_name for each in today(other)]
    # nothing new for who is away
    found = {each.officer: each for each in explained(desk, step).candidates}
    assert found["who is away"].load == ""
    assert "who stands in" in found["who is away"].text
    deputy.act("StartStep", step)
    trail = desk.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=case)).entries
    assert trail[-1].actor == "who stands in"
    assert "who is away" in str(trail[-1].detail)
    asked = desks_pb2.EndCoverRequest(name=cover.name, etag=cover.etag, request_id=request_id())
    desk.desks.EndCover(asked)
    assert case not in [each.case_name for each in today(deputy)]
    assert cover.name not in [each.name for each in desk.desks.ListCovers(desks_pb2.ListCoversRequest(unit=SIC)).covers]


def test_nobody_has_two_deputies_at_a_time(desk: Desk) -> None:
    desk.cover(SIC, "first away", "first deputy", "2026-12-01", "2026-12-10")
    desk.cover(SIC, "first away", "first deputy", "2026-12-11", "2026-12-12")
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "COVER_OVERLAP"):
        desk.cover(SIC, "first away", "second deputy", "2026-12-10", "2026-12-10")
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "COVER_OVERLAP"):
        desk.cover(SIC, "third away", "first away", "2026-12-05", "2026-12-05")
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        desk.cover(SIC, "alone", "alone")
    stranger = desks_pb2.AddCoverRequest(
        unit=SIC, absent="first deputy", deputy="nobody here", start_date="2027-01-01", end_date="2027-01-02",
        reason="休假", request_id=request_id(),
    )  # fmt: skip
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "DESK_STRANGER"):
        desk.desks.AddCover(stranger)


def test_today_is_counted_and_filtered_by_why(grpc_channel: grpc.Channel, settings: host.Settings, desk: Desk) -> None:
    mine = Desk(grpc_channel, token_of(settings, roles=("caseworker",), unit="371526-tf", subject="who counts"))
    given: tuple[dict[str, str], ...] = ({"at": "2026-11-02"}, {"at": "2026-11-03"}, {})
    cases = [mine.open("pension", **at).name for at in given]
    for case in cases:
        desk.act("AssignStep", f"{case}/matters/pension/steps/check", assignee="who counts")
    counted = mine.worklist.GetTodayCounts(pb.GetTodayCountsRequest())
    assert {each.why: each.steps for each in counted.counts if each.steps} == {WHY.OVERDUE: 2, WHY.UPCOMING: 1}
    assert (counted.steps, counted.more) == (3, False)
    assert [item.case_name for item in today(mine, whys=[WHY.OVERDUE])] == cases[:2]
    assert [item.case_name for item in today(mine, whys=[WHY.UPCOMING, WHY.STUCK])] == cases[2:]


@pytest.mark.parametrize("query", ["欧阳样", "ouyangyang", "oyyl", "OU YANG"])
def test_cases_are_found_by_name_pinyin_and_initials(desk: Desk, query: str) -> None:
    if not searched(desk, "欧阳样例"):
        for _ in range(3):
            asked = a_case("pension")
            asked.talent.full_name = "欧阳样例"
            desk.cases.OpenCase(asked)
    found = searched(desk, query)
    assert len(found) == len(set(found)) == 3
    assert searched(desk, query, states=[cases_pb2.Case.CLOSED]) == []


def test_cases_are_found_by_receipt_and_by_whole_numbers_within_reach(
    desk: Desk, other_side: Desk, talent_database: Database
) -> None:
    asked = a_case("pension")
    case = desk.cases.OpenCase(asked).name
    queries = (case.partition("/")[2], asked.talent.resident_id, asked.talent.phone)
    assert [searched(desk, query) for query in queries] == [[case]] * 3
    assert [searched(other_side, query) for query in queries] == [[]] * 3, "the other side was not let in"
    let_in(talent_database, case)
    assert [searched(other_side, query) for query in queries] == [[case]] * 3
    for part in (asked.talent.phone[:7], asked.talent.resident_id[:12], queries[0][:-1] + "x", "%", ""):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            searched(desk, part)
