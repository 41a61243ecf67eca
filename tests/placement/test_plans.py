"""Plans over the wire, on both databases: made, worked out, reviewed by another, published whole."""

from __future__ import annotations

import pytest
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1 import requests_pb2
from sqlalchemy import select

from services.placement.tables import AssignmentRow, Base
from tests.placement.desk import SERVED
from tests.placement.plan_desk import Desks, fresh_discipline

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
