"""Many at once: a plan is published once, and of two plans for the same requests one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from services.placement.tables import AssignedDayRow, AssignmentRow
from tests.placement.plan_desk import Desks, fresh_discipline
from tests.placement.test_races import counted
from tests.talent.test_races import CROWD, crowd


def reviewed(desks: Desks, code: str) -> str:
    name = desks.solved(code).name
    desks.turn("ReviewPlan", name)
    return name


def test_of_many_who_publish_one_plan_one_does(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    for _ in range(3):
        desks.wanted(code)
    name = reviewed(desks, code)
    found = crowd(*[lambda: desks.turn("PublishPlan", name)] * CROWD)
    assert counted(found) == {"done": 1, "PLAN_STATE": CROWD - 1}
    with desks.database.reading() as session:
        made = select(func.count()).select_from(AssignmentRow).where(AssignmentRow.plan == name)
        assert session.execute(made).scalar() == 3


def test_of_many_plans_for_the_same_requests_one_is_published(desks: Desks) -> None:
    code = fresh_discipline()
    for _ in range(2):
        desks.expert(code)
    wanted = {desks.wanted(code) for _ in range(4)}
    names = [reviewed(desks, code) for _ in range(4)]

    def publish(name: str) -> Any:
        return lambda: desks.turn("PublishPlan", name)

    found = crowd(*map(publish, names))
    assert counted(found) == {"done": 1, "PLAN_INPUTS_CHANGED": 3}
    with desks.database.reading() as session:
        made = session.scalars(select(AssignmentRow).where(AssignmentRow.plan.in_(names))).all()
        days = session.execute(select(AssignedDayRow.commissioner_id, AssignedDayRow.day)).all()
    assert {f"requests/{each.request_id}" for each in made} == wanted
    assert len({each.plan for each in made}) == 1
    assert max(Counter((row[0], row[1]) for row in days).values()) == 1


def test_of_many_who_ask_for_a_job_one_does(desks: Desks) -> None:
    name = desks.draft(fresh_discipline()).name
    found = Counter(crowd(*[lambda: desks.ask(name)] * CROWD))
    assert found == {desks.get(name).job: 1, "PLAN_SOLVING": CROWD - 1}
    desks.do_next()
