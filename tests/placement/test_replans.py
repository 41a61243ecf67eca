"""Published plans planned again, and plans drawn up by hand made better: over the wire, on both databases."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import assignments_pb2, commissioners_pb2, plans_pb2, reasons_pb2, requests_pb2
from liancai.placement.v1 import replanning_pb2 as pb

from services.placement.jobs import KINDS
from services.platform.job_process import do
from tests.office import request_id
from tests.placement.plan_desk import COUNTS, Desks, fresh_discipline
from tests.statuses import info_of

Assignment = assignments_pb2.Assignment
Fate = pb.ReplanPromise.Fate


def published(desks: Desks, *codes: str) -> str:
    """The name of a plan that is published."""
    name = desks.solved(*codes).name
    desks.turn("ReviewPlan", name)
    return desks.turn("PublishPlan", name).name


def assignments(desks: Desks, plan: str) -> dict[str, Any]:
    """The assignments of a plan by request."""
    wanted = assignments_pb2.ListAssignmentsRequest.Filter(plan=plan)
    request = assignments_pb2.ListAssignmentsRequest(filter=wanted, page_size=1000)
    return {each.request: each for each in desks.served.assignments.ListAssignments(request).assignments}


def accept(desks: Desks, assignment: str) -> None:
    """The unit agrees."""
    request = assignments_pb2.AcceptAssignmentRequest(name=assignment, request_id=request_id())
    desks.unit.assignments.AcceptAssignment(request)


def ill(desks: Desks, commissioner: str, first: str, last: str) -> None:
    """Somebody cannot serve from now on."""
    absence = commissioners_pb2.Absence(first_day=first, last_day=last)
    request = commissioners_pb2.SetAvailabilityRequest(name=commissioner, absences=[absence], request_id=request_id())
    desks.county.commissioners.SetAvailability(request)


def again(desks: Desks, plan: str, **fields: Any) -> str:
    """The name of a draft that re-plans a plan, worked out."""
    request = pb.ReplanPlanRequest(
        **{
            "name": plan,
            "title": "病假后重排",
            "limits": plans_pb2.SolveLimits(**COUNTS),
            "request_id": request_id(),
            **fields,
        }
    )
    answer = desks.served.replanning.ReplanPlan(request)
    do(desks.next_run(), KINDS)
    job = desks.served.jobs.GetJob(job_pb2.GetJobRequest(name=answer.job))
    assert job.state == job_pb2.Job.SUCCEEDED, job
    return str(answer.plan)


def figures(desks: Desks, name: str) -> pb.Replan:
    """What a re-plan did."""
    found: pb.Replan = desks.served.replanning.GetReplan(pb.GetReplanRequest(name=name))
    return found


def promises(desks: Desks, name: str) -> dict[str, pb.ReplanPromise]:
    """Its promises by request."""
    request = pb.ListReplanPromisesRequest(name=name, page_size=1000)
    return {each.request: each for each in desks.served.replanning.ListReplanPromises(request).promises}


def state(desks: Desks, request: str) -> str:
    """The state of a request."""
    found = desks.served.requests.GetRequest(requests_pb2.GetRequestRequest(name=request))
    return requests_pb2.Request.State.Name(found.state)


def test_an_illness_changes_no_promise_that_can_stand(desks: Desks) -> None:
    code = fresh_discipline()
    people = [desks.expert(code), desks.expert(code)]
    asked = [desks.wanted(code, working_days=2) for _ in range(6)]
    plan = published(desks, code)
    before = assignments(desks, plan)
    assert before.keys() == set(asked)
    victim = before[asked[0]].commissioner
    well = next(each for each in people if each != victim)
    of_victim = {name for name, each in before.items() if each.commissioner == victim}
    accept(desks, before[asked[0]].name)
    late = desks.wanted(code, working_days=1)
    ill(desks, victim, "2026-12-01", "2026-12-31")

    draft = again(desks, plan, prices=2)
    found = figures(desks, draft)
    assert (found.replaces, found.promises, set(found.hit)) == (plan, 6, of_victim)
    assert (found.moved, found.shifted, found.dropped, found.added) == (len(of_victim), 0, 0, 1)
    told = promises(desks, draft)
    assert {name for name, each in told.items() if each.fate == pb.ReplanPromise.KEPT} == set(asked) - of_victim
    assert all(told[name].new_commissioner == well for name in of_victim)
    assert told[asked[0]].accepted
    assert told[asked[0]].weight > 1
    priced = [each for each in told.values() if each.HasField("price")]
    assert len(priced) == min(2, 6 - len(of_victim))
    assert all(each.price >= 0 and each.fate == pb.ReplanPromise.KEPT for each in priced)
    plan_of = desks.get(draft)
    assert plan_of.replaces == plan
    assert plan_of.summary.objective <= plan_of.summary.bound + 1e-6

    desks.turn("ReviewPlan", draft)
    desks.turn("PublishPlan", draft)
    after = assignments(desks, draft)
    assert after.keys() == {*asked, late}
    assert all(after[name].name == before[name].name for name in set(asked) - of_victim), "the same promises"
    assert all(after[name].name != before[name].name for name in of_victim)
    gone = assignments(desks, plan)
    assert gone.keys() == of_victim
    assert {each.state for each in gone.values()} == {Assignment.CANCELLED}
    assert [name for name, each in gone.items() if each.disrupted] == [asked[0]], "accepted, and called off"
    assert {state(desks, name) for name in (*asked, late)} == {"PLANNED"}


def test_a_budget_lets_promises_move_for_what_would_else_be_unserved(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    narrow = {"window_start": "2026-12-01", "window_end": "2026-12-01", "working_days": 1}
    wide = desks.wanted(code, working_days=1, window_start="2026-12-01", window_end="2026-12-02")
    plan_draft = desks.draft(code).name
    person = desks.solve(plan_draft) and desks.visits(plan_draft)[0].commissioner
    desks.pin(plan_draft, wide, person, "2026-12-01")
    desks.solve(plan_draft)
    desks.turn("ReviewPlan", plan_draft)
    plan = desks.turn("PublishPlan", plan_draft).name
    late = desks.wanted(code, **narrow)

    kept = again(desks, plan)
    assert figures(desks, kept).moved + figures(desks, kept).shifted == 0
    assert late in desks.unserved(kept)
    moved = again(desks, plan, budget=1)
    found = figures(desks, moved)
    assert (found.shifted, found.added, found.budget) == (1, 1, 1)
    assert [step.changed for step in found.steps] == [0, 1]
    assert found.steps[0].loss > 0
    assert found.steps[1].loss == 0
    assert found.steps[1].served == late
    freed = again(desks, plan, freed=[wide])
    assert promises(desks, freed)[wide].freed
    assert late not in desks.unserved(freed)
    compared = desks.served.reasons.ComparePlans(reasons_pb2.ComparePlansRequest(name=kept, other=moved))
    assert (compared.shifted, compared.added) == (1, 1)
    assert compared.other_objective > compared.objective


def test_a_visit_that_takes_longer_stays_where_it_begins(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    asked = desks.wanted(code, working_days=2)
    plan = published(desks, code)
    before = assignments(desks, plan)[asked]
    desks.served.turn("ExtendRequest", asked, working_days=4)
    draft = again(desks, plan)
    (visit,) = desks.visits(draft)
    assert (visit.days[:2], len(visit.days)) == (list(before.days), 4)
    desks.turn("ReviewPlan", draft)
    desks.turn("PublishPlan", draft)
    after = assignments(desks, draft)[asked]
    assert list(after.days) == list(visit.days)
    assert after.name != before.name, "it is another promise"


def test_only_a_published_plan_is_planned_again(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    desks.wanted(code)
    draft = desks.solved(code).name
    request = pb.ReplanPlanRequest(name=draft, title="重排", request_id=request_id())
    with pytest.raises(grpc.RpcError) as refused:
        desks.served.replanning.ReplanPlan(request)
    assert info_of(refused.value)[0] == "PLAN_STATE"
    with pytest.raises(grpc.RpcError) as refused:
        figures(desks, draft)
    assert info_of(refused.value)[0] == "PLAN_NO_REPLAN"


def test_a_re_plan_is_refused_when_its_inputs_have_changed(desks: Desks) -> None:
    code = fresh_discipline()
    person = desks.expert(code)
    desks.wanted(code, working_days=1)
    draft = again(desks, published(desks, code))
    desks.turn("ReviewPlan", draft)
    ill(desks, person, "2026-12-01", "2026-12-02")
    with pytest.raises(grpc.RpcError) as refused:
        desks.turn("PublishPlan", draft)
    reason, told = info_of(refused.value)
    assert (reason, told["inputs"]) == ("PLAN_INPUTS_CHANGED", person)


def test_visits_drawn_up_by_hand_are_made_better_and_mostly_kept(desks: Desks) -> None:
    code = fresh_discipline()
    near, far = desks.expert(code, home_place="371526"), desks.expert(code)
    asked = [desks.wanted(code, working_days=1) for _ in range(4)]
    name = desks.draft(code).name
    drawn = [
        reasons_pb2.DrawnVisit(request=each, commissioner=far, days=[f"2026-12-0{number}"])
        for number, each in enumerate(asked, start=1)
    ]

    def improved(keep: float) -> job_pb2.Job:
        request = pb.ImproveVisitsRequest(
            name=name, visits=drawn, keep=keep, limits=plans_pb2.SolveLimits(**COUNTS), request_id=request_id()
        )
        job = desks.served.replanning.ImproveVisits(request).job
        do(desks.next_run(), KINDS)
        ended: job_pb2.Job = desks.served.jobs.GetJob(job_pb2.GetJobRequest(name=job))
        assert ended.state == job_pb2.Job.SUCCEEDED, ended
        return ended

    improved(1)
    assert {each.commissioner for each in desks.visits(name)} == {far}, "all of them kept"
    whole = desks.get(name).summary.objective
    improved(0.5)
    half = desks.visits(name)
    assert sorted(each.commissioner for each in half) == sorted([near, near, far, far])
    assert desks.get(name).summary.objective > whole
    with pytest.raises(grpc.RpcError) as refused:
        improved(1.5)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_what_a_hand_broke_is_freed_first(desks: Desks) -> None:
    code = fresh_discipline()
    person = desks.expert(code)
    asked = [desks.wanted(code, working_days=1) for _ in range(2)]
    name = desks.draft(code).name
    drawn = [reasons_pb2.DrawnVisit(request=each, commissioner=person, days=["2026-12-01"]) for each in asked]
    request = pb.ImproveVisitsRequest(
        name=name, visits=drawn, limits=plans_pb2.SolveLimits(**COUNTS), request_id=request_id()
    )
    desks.served.replanning.ImproveVisits(request)
    do(desks.next_run(), KINDS)
    visits = desks.visits(name)
    assert len(visits) == 2
    assert [each.days[0] for each in visits].count("2026-12-01") == 1


def test_pins_and_bans_are_told_what_they_cost(desks: Desks) -> None:
    code = fresh_discipline()
    near, far = desks.expert(code, home_place="371526"), desks.expert(code)
    pinned, banned, free = (desks.wanted(code, working_days=1) for _ in range(3))
    name = desks.draft(code).name
    desks.pin(name, pinned, far, "2026-12-03")
    desks.ban(name, banned, near)
    (before,) = desks.served.plans.ListPlanPins(plans_pb2.ListPlanPinsRequest(name=name)).pins
    assert not before.HasField("cost"), "nothing was worked out yet"
    desks.solve(name)
    (pin,) = desks.served.plans.ListPlanPins(plans_pb2.ListPlanPinsRequest(name=name)).pins
    (ban,) = desks.served.plans.ListPlanBans(plans_pb2.ListPlanBansRequest(name=name)).bans
    way = {each.request: each.travel_points for each in desks.visits(name)}
    assert way[free] == 0
    assert (pin.cost, ban.cost) == (-way[pinned], -way[banned]), "the way that the other would not have"
    assert pin.cost > 0
