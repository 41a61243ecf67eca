"""Plans over the wire, on both databases: made, worked out, reviewed by another, published whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import commissioners_pb2, requests_pb2
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import select

from services.placement.plan_jobs import solving
from services.placement.planning.search import Solution
from services.placement.planning.search import solve as search
from services.placement.rules.dispatch import Assignment
from services.placement.tables import AssignmentRow, Base
from tests.office import MORNING, request_id
from tests.placement.desk import SERVED
from tests.placement.plan_desk import Desks, fresh_discipline
from tests.statuses import info_of, refused, violations_of

Plan = pb.Plan


def test_the_way_of_a_plan(desks: Desks) -> None:
    code = fresh_discipline()
    people = {desks.expert(code), desks.expert(code)}
    wanted = {desks.wanted(code, working_days=3, priority=2, priority_reason="减产") for _ in range(4)}
    draft = desks.draft(code)
    assert (draft.state, draft.makers, draft.HasField("summary")) == (Plan.DRAFT, [SERVED], False)
    assert draft.objective.per_priority == 1000, "as the parameters have it"
    job = desks.solve(draft.name)
    assert (job.state, job.subject) == (job_pb2.Job.SUCCEEDED, draft.name)
    assert set(job.progress.figures) == {"objective", "bound", "gap", "served", "seconds"}
    solved = desks.get(draft.name)
    found = solved.summary
    assert (found.requests, found.served, found.job, found.outdated) == (4, 4, job.name, False)
    assert found.commissioners >= 2
    assert found.objective == pytest.approx(found.bound)
    assert found.gap == pytest.approx(0)
    assert (found.as_of, found.unknown_places, found.limits.rounds) == ("2026-11-23", 0, 40)
    visits = desks.visits(draft.name)
    assert {each.request for each in visits} == wanted
    assert {each.commissioner for each in visits} <= people
    assert {(len(each.days), each.priority_points, each.pinned) for each in visits} == {(3, 2000, False)}
    assert desks.unserved(draft.name) == {}
    assert desks.turn("ReviewPlan", draft.name).reviewer == "second officer"
    published = desks.turn("PublishPlan", draft.name)
    assert published.state == Plan.PUBLISHED
    with desks.database.reading() as session:
        made = session.scalars(select(AssignmentRow).where(AssignmentRow.plan == draft.name)).all()
        assert {(f"requests/{each.request_id}", *each.days) for each in made} == {
            (each.request, *each.days) for each in visits
        }
        outbox = Base.metadata.tables["outbox_event"]
        told = select(outbox.c.type).where(outbox.c.subject == draft.name).order_by(outbox.c.sequence)
        assert [each.removeprefix("liancai.placement.plan.") for each in session.execute(told).scalars()] == [
            *("created", "solved", "reviewed", "published"),
        ]
    for name in wanted:
        asked = desks.served.requests.GetRequest(requests_pb2.GetRequestRequest(name=name))
        assert asked.state == requests_pb2.Request.PLANNED


def test_nobody_reviews_what_they_had_a_hand_in(desks: Desks) -> None:
    code = fresh_discipline()
    expert, wanted = desks.expert(code), desks.wanted(code)
    name = desks.draft(code).name
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_UNSOLVED"):
        desks.turn("ReviewPlan", name)
    desks.solve(name)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "SAME_PLANNER"):
        desks.turn("ReviewPlan", name, desks.served)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_STATE"):
        desks.turn("PublishPlan", name)
    desks.turn("ReviewPlan", name)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_STATE"):
        desks.pin(name, wanted, expert, "2026-12-01")
    returned = desks.turn("ReturnPlan", name, reason="请固定第一周")
    assert (returned.state, returned.reason) == (Plan.DRAFT, "请固定第一周")
    update = pb.UpdatePlanRequest(
        plan=pb.Plan(name=name, title="改过的计划"), update_mask=FieldMask(paths=["title"]), request_id=request_id()
    )
    changed = desks.second.plans.UpdatePlan(update)
    assert (changed.makers, changed.summary.outdated) == ([SERVED, "second officer"], False)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "SAME_PLANNER"):
        desks.turn("ReviewPlan", name)
    assert desks.turn("DiscardPlan", name, reason="不再需要").state == Plan.DISCARDED
    for verb in ("ReviewPlan", "ReturnPlan", "PublishPlan", "DiscardPlan"):
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_STATE"):
            desks.turn(verb, name)


def test_what_was_changed_since_is_outdated(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    desks.wanted(code)
    name = desks.solved(code).name
    objective = pb.Plan.Objective(per_km=2, travel_day_km=0)
    paths = ["objective.per_km", "objective.travel_day_km"]
    update = pb.UpdatePlanRequest(
        plan=pb.Plan(name=name, objective=objective), update_mask=FieldMask(paths=paths), request_id=request_id()
    )
    changed = desks.served.plans.UpdatePlan(update)
    assert (changed.objective.per_km, changed.objective.per_priority) == (2, 1000)
    assert changed.summary.outdated
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_UNSOLVED"):
        desks.turn("ReviewPlan", name)
    desks.solve(name)
    assert desks.turn("ReviewPlan", name).state == Plan.REVIEWED


def test_every_wrong_field_is_told_at_once(desks: Desks) -> None:
    with pytest.raises(grpc.RpcError) as error:
        desks.draft("x", "210", "210", title="", division="", last_day="2027-01-01", partner_division="370100")
    assert {each.field for each in violations_of(error.value)} == {
        *("plan.title", "plan.division", "plan.partner_division", "plan.last_day"),
        *("plan.disciplines[0]", "plan.disciplines[2]"),
    }
    for wrong in (
        {"partner_division": SERVED},
        {"first_day": "2026-11-01", "last_day": "2026-11-20"},
        {"first_day": "2026-12-05", "last_day": "2026-12-06"},
        {"objective": pb.Plan.Objective(per_km=float("nan"))},
        {"objective": pb.Plan.Objective(per_priority=-1)},
        {"objective": pb.Plan.Objective(load_steps=[pb.Plan.Objective.LoadStep(above=2, cost=1)])},
    ):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            desks.draft(**wrong)
    name = desks.draft().name
    for limits in ({"seconds": 5, "rounds": 5}, {"seconds": 0.5}, {"seconds": 4000}, {"rounds": -1}, {"seed": -1}):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            desks.ask(name, **limits)


def test_a_year_without_a_calendar_is_named(desks: Desks) -> None:
    with pytest.raises(grpc.RpcError) as error:
        desks.draft(first_day="2027-01-04", last_day="2027-03-31")
    assert info_of(error.value) == ("PLAN_CALENDAR", {"year": "2027"})


# ---- inputs that change ----------------------------------------------------------------------------


def reviewed(desks: Desks, code: str) -> str:
    name = desks.solved(code).name
    desks.turn("ReviewPlan", name)
    return name


def changed_inputs(desks: Desks, name: str) -> dict[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        desks.turn("PublishPlan", name)
    reason, about = info_of(error.value)
    assert (reason, about.pop("plan")) == ("PLAN_INPUTS_CHANGED", name)
    return about


def test_a_plan_whose_inputs_changed_is_not_published_and_they_are_named(desks: Desks) -> None:
    code = fresh_discipline()
    expert = desks.expert(code)
    kept, dropped = desks.wanted(code), desks.wanted(code)
    name = reviewed(desks, code)
    desks.served.turn("CancelRequest", dropped)
    assert changed_inputs(desks, name) == {"count": "1", "inputs": dropped}
    desks.away(expert, "2026-12-21", "2026-12-22")
    assert changed_inputs(desks, name) == {"count": "2", "inputs": f"{dropped}, {expert}"}
    assert desks.get(name).state == Plan.REVIEWED
    asked = desks.served.requests.GetRequest(requests_pb2.GetRequestRequest(name=kept))
    assert asked.state == requests_pb2.Request.ACCEPTED, "nothing was half done"
    desks.turn("ReturnPlan", name)
    desks.solve(name)
    desks.turn("ReviewPlan", name)
    assert desks.turn("PublishPlan", name).state == Plan.PUBLISHED


def test_what_has_no_bearing_or_came_later_is_no_change(desks: Desks) -> None:
    code = fresh_discipline()
    expert = desks.expert(code)
    desks.wanted(code)
    name = reviewed(desks, code)
    desks.wanted(code)
    desks.expert(fresh_discipline())
    update = commissioners_pb2.UpdateCommissionerRequest(
        commissioner=commissioners_pb2.Commissioner(name=expert, phone="13800000000"),
        update_mask=FieldMask(paths=["phone"]),
        request_id=request_id(),
    )
    desks.unit.commissioners.UpdateCommissioner(update)
    assert desks.turn("PublishPlan", name).state == Plan.PUBLISHED


def test_an_agreement_that_ends_is_a_change(desks: Desks) -> None:
    code = fresh_discipline()
    expert = desks.expert(code, agreed=False)
    agreement = desks.agree(expert)
    desks.wanted(code)
    name = reviewed(desks, code)
    desks.served.move("Terminate", agreement, last_day="2026-12-10")
    assert changed_inputs(desks, name) == {"count": "1", "inputs": expert}


def test_days_given_elsewhere_are_a_change_and_are_not_given_again(desks: Desks) -> None:
    code = fresh_discipline()
    expert = desks.expert(code)
    requests = [desks.wanted(code, window_end="2026-12-02") for _ in range(2)]
    first, second = reviewed(desks, code), reviewed(desks, code)
    (served,) = desks.visits(first)
    assert list(desks.unserved(first).values()) == ["OUTWEIGHED"]
    desks.turn("PublishPlan", first)
    assert changed_inputs(desks, second) == {"count": "2", "inputs": f"{served.request}, {expert}"}
    later = desks.solved(code)
    assert (later.summary.requests, desks.visits(later.name)) == (1, [])
    (left,) = set(requests) - {served.request}
    assert desks.unserved(later.name) == {left: "CALENDAR"}


def test_visits_that_would_have_begun_are_not_published(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    code = fresh_discipline()
    desks.expert(code)
    wanted = desks.wanted(code, window_end="2026-12-02")
    name = reviewed(desks, code)
    monkeypatch.setattr(desks.database, "clock", lambda: MORNING + timedelta(days=8))
    with pytest.raises(grpc.RpcError) as error:
        desks.turn("PublishPlan", name)
    assert info_of(error.value) == ("PLAN_VISITS_PAST", {"plan": name, "count": "1", "requests": wanted})


# ---- the same again --------------------------------------------------------------------------------


def test_the_same_seed_and_counts_give_the_same_plan_again(desks: Desks) -> None:
    code = fresh_discipline()
    for _ in range(3):
        desks.expert(code)
    for number in range(10):
        desks.wanted(code, working_days=1 + number % 3, window_end="2026-12-09")
    one, other = desks.solved(code), desks.solved(code)
    assert one.summary.digest == other.summary.digest
    assert (one.summary.objective, one.summary.bound) == (other.summary.objective, other.summary.bound)
    assert desks.visits(one.name) == desks.visits(other.name)
    desks.pin(other.name, desks.visits(one.name)[0].request, desks.visits(one.name)[0].commissioner, "2026-12-09")
    desks.solve(other.name)
    assert desks.get(other.name).summary.digest != one.summary.digest, "the negative control"


def test_a_plan_never_gets_worse_on_the_same_inputs(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    code = fresh_discipline()
    desks.expert(code)
    desks.wanted(code)
    name = desks.solved(code).name
    before, visits = desks.get(name).summary, desks.visits(name)

    def finds_nothing(layout: Any, limits: Any, **more: Any) -> Solution:
        found = search(layout, limits, **more)
        return replace(found, assignments=(), last=replace(found.last, bound=found.last.bound + 500))

    monkeypatch.setattr(solving, "search", finds_nothing)
    job = desks.solve(name)
    assert json.loads(job.result)["kept"]
    after = desks.get(name)
    assert desks.visits(name) == visits
    assert (after.summary.objective, after.summary.bound) == (before.objective, before.bound)
    assert (after.summary.job, after.job) == (before.job, job.name)


def test_a_plan_that_breaks_a_rule_is_not_stored(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The negative control of all that is stored: a planner that breaks a rule."""
    code = fresh_discipline()
    expert = desks.expert(code)
    wanted = [desks.wanted(code), desks.wanted(code)]

    def breaks_a_rule(layout: Any, limits: Any, **more: Any) -> Solution:
        both = tuple(Assignment(request, expert, 2) for request in wanted)
        return replace(search(layout, limits, **more), assignments=both)

    monkeypatch.setattr(solving, "search", breaks_a_rule)
    name = desks.draft(code).name
    job = desks.solve(name)
    assert (job.state, job.error) == (job_pb2.Job.FAILED, "PLAN_INVALID")
    assert not desks.get(name).HasField("summary")
    assert desks.visits(name) == []
    items = desks.served.jobs.ListJobItems(job_pb2.ListJobItemsRequest(name=job.name)).items
    assert [(each.subject, each.code) for each in items] == [(wanted[1], "PD-ONE-PLACE")]
    assert wanted[0] in items[0].message
    (said,) = (each.getMessage() for each in caplog.records if "breaks" in each.getMessage())
    assert said == f"{job.name} kind=plan.solve plan breaks PD-ONE-PLACE"
