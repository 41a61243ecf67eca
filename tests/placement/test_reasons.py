"""Why a plan is as it is, over the wire, on both databases."""

from __future__ import annotations

import grpc
import pytest
from liancai.placement.v1 import plans_pb2
from liancai.placement.v1 import reasons_pb2 as pb

from services.placement.plans import planned
from services.placement.rules.checker import violations
from services.placement.rules.explain import Planned, Remedy
from services.placement.tables import PlanRow
from tests.placement.plan_desk import Desks, fresh_discipline
from tests.statuses import info_of

TIGHT = {"window_start": "2026-12-01", "window_end": "2026-12-02", "working_days": 2}


@pytest.fixture(scope="module")
def contest(desks: Desks) -> tuple[str, str, str, list[str]]:
    """A plan in which one expert has two requests for the same days: plan, served, unserved, experts."""
    code = fresh_discipline()
    experts = [desks.expert(code), desks.expert(code, agreed=False), desks.expert(code, level=1)]
    urgent = desks.wanted(code, level=2, priority=3, priority_reason="减产", **TIGHT)
    usual = desks.wanted(code, level=2, **TIGHT)
    return desks.solved(code).name, urgent, usual, experts


def test_a_choice_names_every_candidate_with_what_keeps_them(
    desks: Desks, contest: tuple[str, str, str, list[str]]
) -> None:
    name, urgent, _, experts = contest
    request = pb.ExplainAssignmentRequest(name=name, request=urgent)
    answer = desks.served.reasons.ExplainAssignment(request)
    assert answer.chosen.commissioner == experts[0]
    assert answer.chosen.days == ["2026-12-01", "2026-12-02"]
    assert answer.chosen.chosen
    assert not answer.HasField("second")
    kept = {each.commissioner: each.rule for each in answer.candidates if each.commissioner in experts}
    assert kept == {experts[0]: "", experts[1]: "PD-AGREEMENT", experts[2]: "PD-QUALIFICATION"}
    chosen = answer.chosen
    parts = chosen.priority_points + chosen.continuity_points + chosen.travel_points + chosen.load_points
    assert parts == pytest.approx(chosen.total_points)
    assert (chosen.priority_points, chosen.continuity_points) == (3000, 0)
    assert sum(each.count for each in answer.exclusions) == len([each for each in answer.candidates if each.rule]), (
        "each candidate is counted once"
    )
    assert "没有别人能去" in answer.text
    assert all(each.text for each in (*answer.candidates, *answer.exclusions))
    assert chosen.masked_name
    assert "*" in chosen.masked_name


def test_the_second_best_is_named_and_brings_less(desks: Desks) -> None:
    code = fresh_discipline()
    near, far = desks.expert(code, home_place="371526"), desks.expert(code)
    asked = desks.wanted(code)
    name = desks.solved(code).name
    answer = desks.served.reasons.ExplainAssignment(pb.ExplainAssignmentRequest(name=name, request=asked))
    assert (answer.chosen.commissioner, answer.second.commissioner) == (near, far)
    assert answer.second.total_points < answer.chosen.total_points
    assert answer.second.travel_points < answer.chosen.travel_points <= 0
    few = desks.served.reasons.ExplainAssignment(pb.ExplainAssignmentRequest(name=name, request=asked, most=1))
    assert len(few.candidates) == 1
    assert few.second.commissioner == far


def test_each_remedy_of_a_refusal_serves_it_when_it_is_made(
    desks: Desks, contest: tuple[str, str, str, list[str]]
) -> None:
    name, _, usual, experts = contest
    answer = desks.served.reasons.ExplainUnserved(pb.ExplainUnservedRequest(name=name, request=usual))
    assert answer.cause == plans_pb2.PlanUnserved.OUTWEIGHED
    kinds = {pb.Remedy.Kind.Name(each.kind) for each in answer.remedies}
    assert {"LATER", "GIVE_WAY", "LEVEL_LESS", "ONE_MORE"} & kinds >= {"LATER", "GIVE_WAY", "ONE_MORE"}
    way = next(each for each in answer.remedies if each.kind == pb.Remedy.GIVE_WAY)
    assert way.points < 0, "else the plan would have done it"
    assert experts[0] == way.commissioner
    assert all(each.text for each in answer.remedies)
    with desks.database.reading() as session:
        found = planned.load(session, session.get_one(PlanRow, name.partition("/")[2]))
    asked = Planned(found.inputs.dispatch, found.assignments)
    changes = asked.changes(usual)
    assert [each.remedy for each in changes] == [Remedy(pb.Remedy.Kind.Name(each.kind)) for each in answer.remedies]
    for change in changes:
        dispatch, visits = asked.relaxed(change, usual)
        assert violations(dispatch, visits) == []
        assert any(each.request == usual for each in visits)


def test_who_asks_the_wrong_question_is_told_the_right_one(
    desks: Desks, contest: tuple[str, str, str, list[str]]
) -> None:
    name, urgent, usual, _ = contest
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.ExplainAssignment(pb.ExplainAssignmentRequest(name=name, request=usual))
    assert info_of(refused.value)[0] == "REQUEST_NOT_SERVED"
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.ExplainUnserved(pb.ExplainUnservedRequest(name=name, request=urgent))
    assert info_of(refused.value)[0] == "REQUEST_SERVED"
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.ExplainUnserved(pb.ExplainUnservedRequest(name=name, request="requests/20991200001"))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    draft = desks.draft(fresh_discipline()).name
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.GetPriceList(pb.GetPriceListRequest(name=draft))
    assert info_of(refused.value)[0] == "PLAN_UNSOLVED"


def test_prices_are_of_what_is_scarce(desks: Desks, contest: tuple[str, str, str, list[str]]) -> None:
    name, *_ = contest
    prices = desks.served.reasons.GetPriceList(pb.GetPriceListRequest(name=name)).prices
    assert prices, "one more expert would serve the other request"
    dearest = prices[0]
    assert (dearest.first_day, dearest.last_day) == ("2026-12-01", "2026-12-07")
    assert dearest.points >= 1000 - 1
    assert [each.points for each in prices] == sorted((each.points for each in prices), reverse=True)


def test_plans_are_compared_request_by_request(desks: Desks) -> None:
    code = fresh_discipline()
    one, other = desks.expert(code), desks.expert(code)
    asked = [desks.wanted(code, working_days=1) for _ in range(3)]
    first, second = desks.draft(code).name, desks.draft(code).name
    desks.pin(first, asked[0], one, "2026-12-01")
    desks.pin(first, asked[1], one, "2026-12-02")
    desks.pin(first, asked[2], one, "2026-12-03")
    desks.pin(second, asked[0], one, "2026-12-01")
    desks.pin(second, asked[1], other, "2026-12-02")
    desks.pin(second, asked[2], one, "2026-12-04")
    for each in (first, second):
        desks.solve(each)
    answer = desks.served.reasons.ComparePlans(pb.ComparePlansRequest(name=first, other=second))
    told = {
        each.request: (pb.PlanDifference.Kind.Name(each.kind), *each.days, *each.other_days)
        for each in answer.differences
    }
    assert told == {
        asked[1]: ("MOVED", "2026-12-02", "2026-12-02"),
        asked[2]: ("SHIFTED", "2026-12-03", "2026-12-04"),
    }
    assert (answer.moved, answer.shifted, answer.dropped, answer.added) == (1, 1, 0, 0)
    pages = desks.served.reasons.ComparePlans(pb.ComparePlansRequest(name=first, other=second, page_size=1))
    assert [each.request for each in pages.differences] == [min(asked[1], asked[2])]
    rest = desks.served.reasons.ComparePlans(
        pb.ComparePlansRequest(name=first, other=second, page_size=1, page_token=pages.next_page_token)
    )
    assert [each.request for each in rest.differences] == [max(asked[1], asked[2])]
    same = desks.served.reasons.ComparePlans(pb.ComparePlansRequest(name=first, other=first))
    assert (len(same.differences), same.same_inputs) == (0, True)


def test_a_plan_drawn_up_by_hand_is_told_every_rule_it_breaks(
    desks: Desks, contest: tuple[str, str, str, list[str]]
) -> None:
    name, urgent, usual, experts = contest
    days = ["2026-12-01", "2026-12-02"]
    drawn = [
        pb.DrawnVisit(request=urgent, commissioner=experts[0], days=days),
        pb.DrawnVisit(request=usual, commissioner=experts[0], days=days),
    ]
    answer = desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name, visits=drawn))
    assert {each.rule for each in answer.violations} >= {"PD-ONE-PLACE"}
    assert answer.served == 1
    assert answer.objective <= answer.planned_objective <= answer.bound + 1e-6
    assert all(each.text and "{" not in each.text for each in answer.violations)
    bad = [
        pb.DrawnVisit(request=usual, commissioner=experts[2], days=["2026-12-24", "2026-12-05"]),
        pb.DrawnVisit(request="requests/20991200001", commissioner=experts[1], days=days),
        pb.DrawnVisit(request=urgent, commissioner=experts[1], days=days),
    ]
    worse = desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name, visits=bad))
    assert {each.rule for each in worse.violations} >= {"PD-QUALIFICATION", "PD-WINDOW", "PD-UNKNOWN", "PD-AGREEMENT"}
    assert worse.violation_count == len(worse.violations)
    assert (worse.served, worse.objective) == (0, 0)
    kept = desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name, visits=drawn[:1]))
    assert kept.violation_count == 0
    for other in (days[:1], [*days, "2026-12-03"]):
        visit = pb.DrawnVisit(request=urgent, commissioner=experts[0], days=other)
        odd = desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name, visits=[visit]))
        texts = {each.rule: each.text for each in odd.violations}
        assert "2 个工作日" in texts["PD-DAYS"], "in a row, but not as many as asked for"
        assert odd.served == 0
    assert kept.objective == pytest.approx(kept.planned_objective)


def test_what_is_no_visit_is_named_field_by_field(desks: Desks, contest: tuple[str, str, str, list[str]]) -> None:
    name, urgent, *_ = contest
    bad = [pb.DrawnVisit(request="x", commissioner="", days=["32"]), pb.DrawnVisit(request=urgent)]
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name, visits=bad))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.reasons.CheckVisits(pb.CheckVisitsRequest(name=name))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
