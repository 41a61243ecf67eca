"""What plans are made of over the wire: pins, bans, whatever cannot be planned, and all of it exported."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import grpc
import numpy as np
import pytest
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1 import service_agreements_pb2
from sqlalchemy import insert, update

from services.placement.planning.layout import lay_out
from services.placement.planning.prices import priced
from services.placement.plans.results import CHUNK
from services.placement.rules import instance
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, account
from services.placement.rules.inputs import Inputs, canonical
from services.placement.tables import RequestRow
from services.reference import credit_code
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import COUNTY, HOST, SERVED, a_commissioner
from tests.placement.plan_desk import Desks, fresh_discipline
from tests.statuses import info_of, refused, violations_of


def contradiction(act: Any, *given: str) -> dict[str, str]:
    """What a refusal of pins is about, and the sentence of its first rule."""
    with pytest.raises(grpc.RpcError) as error:
        act(*given)
    reason, about = info_of(error.value)
    assert reason == "PLAN_PINS"
    return {**about, "sentence": violations_of(error.value)[0].description}


def test_a_pin_holds_whatever_it_is_worth(desks: Desks) -> None:
    code = fresh_discipline()
    far, near = desks.expert(code, home_place=COUNTY), desks.expert(code, home_place=COUNTY)
    wanted = desks.wanted(code, working_days=2)
    name = desks.draft(code).name
    pinned = desks.pin(name, wanted, far, "2026-12-24")
    assert (pinned.pins, pinned.bans) == (1, 0)
    desks.solve(name)
    (visit,) = desks.visits(name)
    assert (visit.commissioner, visit.days, visit.pinned) == (far, ["2026-12-24", "2026-12-25"], True)
    (pin,) = desks.served.plans.ListPlanPins(pb.ListPlanPinsRequest(name=name)).pins
    assert (pin.author, pin.reason, pin.days) == (SERVED, "已与企业约定", ["2026-12-24", "2026-12-25"])
    desks.pin(name, wanted, near, "2026-12-03", "2026-12-04")
    assert desks.get(name).pins == 1, "in place of the first"
    desks.served.plans.UnpinVisit(pb.UnpinVisitRequest(name=name, request=wanted, request_id=request_id()))
    desks.ban(name, wanted, far)
    assert (desks.get(name).pins, desks.get(name).bans, desks.get(name).summary.outdated) == (0, 1, True)
    desks.solve(name)
    assert [each.commissioner for each in desks.visits(name)] == [near]
    desks.ban(name, wanted, near)
    desks.solve(name)
    assert desks.unserved(name) == {wanted: "BANNED"}
    lift = pb.LiftBanRequest(name=name, request=wanted, commissioner=near, request_id=request_id())
    assert desks.served.plans.LiftBan(lift).bans == 1
    with refused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        desks.served.plans.LiftBan(pb.LiftBanRequest(**{**_fields(lift), "request_id": request_id()}))
    with refused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        desks.served.plans.UnpinVisit(pb.UnpinVisitRequest(name=name, request=wanted, request_id=request_id()))


def _fields(message: Any) -> dict[str, Any]:
    return {field.name: value for field, value in message.ListFields()}


def test_pins_that_contradict_each_other_are_refused_and_both_named(desks: Desks) -> None:
    code, other = fresh_discipline(), fresh_discipline()
    expert, layman = desks.expert(code), desks.expert(other)
    first, second = desks.wanted(code, working_days=2), desks.wanted(code, working_days=2)
    name = desks.draft(code).name
    desks.pin(name, first, expert, "2026-12-01")
    about = contradiction(desks.pin, name, second, expert, "2026-12-02")
    assert (about["rule"], about["commissioner"]) == ("PD-ONE-PLACE", expert)
    assert {about["request"], about["others"]} == {first, second}
    assert "2026-12-02" in about["sentence"]
    about = contradiction(desks.ban, name, first, expert)
    assert (about["rule"], about["request"], about["commissioner"]) == ("PD-BAN", first, expert)
    assert contradiction(desks.pin, name, second, layman, "2026-12-07")["rule"] == "PD-QUALIFICATION"
    assert contradiction(desks.pin, name, second, expert, "2026-12-31")["rule"] == "PD-WINDOW"
    for days in (["2026-12-05"], ["2026-12-07", "2026-12-08", "2026-12-09"], ["2026-12-08", "2026-12-07"], []):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            desks.pin(name, second, expert, *days)
    for wrong in (["requests/20261199999", expert], [second, "commissioners/20261199999"]):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            desks.pin(name, *wrong, "2026-12-07")
    assert desks.get(name).pins == 1
    desks.served.turn("CancelRequest", first)
    about = contradiction(desks.ask, name)
    assert (about["rule"], about["request"]) == ("PD-UNKNOWN", first), "found before a job is asked for"


def test_pins_that_contradict_each_other_once_the_job_begins_fail_it(desks: Desks) -> None:
    code = fresh_discipline()
    expert, wanted = desks.expert(code), desks.wanted(code)
    name = desks.draft(code).name
    desks.pin(name, wanted, expert, "2026-12-01")
    asked = desks.ask(name)
    desks.served.turn("CancelRequest", wanted)
    desks.do_next()
    job = desks.served.jobs.GetJob(job_pb2.GetJobRequest(name=asked))
    assert (job.state, job.error) == (job_pb2.Job.FAILED, "PLAN_PINS")


def test_who_is_left_out_is_told_why(desks: Desks) -> None:
    code, unknown = fresh_discipline(), fresh_discipline()
    desks.expert(code, level=2)
    past = desks.wanted(code, window_start="2026-11-24", window_end="2026-11-27")
    later = desks.wanted(code, window_start="2027-01-04", window_end="2027-01-08")
    nobody = desks.wanted(unknown)
    too_high = desks.wanted(code, level=3)
    long = desks.wanted(code, working_days=30, window_end="2027-01-31")
    served = desks.wanted(code)
    name = desks.draft(code, unknown).name
    desks.solve(name)
    assert desks.unserved(name) == {
        past: "WINDOW",
        nobody: "QUALIFICATION",
        too_high: "QUALIFICATION",
        long: "WINDOW",
    }
    assert [each.request for each in desks.visits(name)] == [served]
    assert later not in {*desks.unserved(name), *(each.request for each in desks.visits(name))}, "of a later plan"
    only = pb.ListPlanUnservedRequest(name=name, causes=[pb.PlanUnserved.WINDOW])
    assert [each.request for each in desks.served.plans.ListPlanUnserved(only).unserved] == [past, long]


def test_a_commissioner_without_any_day_serves_nobody(desks: Desks) -> None:
    by = {"AGREEMENT": fresh_discipline(), "CALENDAR": fresh_discipline(), "LIMITS": fresh_discipline()}
    desks.expert(by["AGREEMENT"], agreed=False)
    desks.away(desks.expert(by["CALENDAR"]), "2026-12-01", "2026-12-31")
    desks.expert(by["LIMITS"], days_a_year=1)
    wanted = {desks.wanted(code, working_days=2): cause for cause, code in by.items()}
    name = desks.draft(*by.values()).name
    assert desks.solve(name).state == job_pb2.Job.SUCCEEDED
    assert desks.unserved(name) == wanted
    assert desks.get(name).summary.served == 0


def test_nobody_goes_to_a_host_with_whom_they_have_no_agreement(desks: Desks) -> None:
    code = fresh_discipline()
    expert = desks.expert(code, agreed=False)
    single = service_agreements_pb2.ServiceAgreement.SINGLE_HOST
    desks.agree(expert, kind=single, host_credit_code=HOST, host_name="高唐样例种植专业合作社")
    ours, theirs = desks.wanted(code), desks.wanted(code, host_credit_code=credit_code.make("91", "371526", "MA3C0002"))
    name = desks.draft(code).name
    desks.solve(name)
    assert [each.request for each in desks.visits(name)] == [ours]
    assert desks.unserved(name) == {theirs: "AGREEMENT"}


def test_a_team_binds_its_members_and_serves_who_wants_one(desks: Desks) -> None:
    code = fresh_discipline()
    leader, member = desks.expert(code), desks.expert(fresh_discipline())
    team = desks.expert(
        code, kind=a_commissioner().TEAM, group_name="样例团队", leader=leader, members=[member]
    )  # fmt: skip
    wants_a_team = desks.wanted(code, team_needed=True, window_end="2026-12-02")
    alone = desks.wanted(code, window_end="2026-12-02")
    name = desks.draft(code).name
    desks.pin(name, wants_a_team, team, "2026-12-01")
    assert contradiction(desks.pin, name, alone, leader, "2026-12-01")["rule"] == "PD-MEMBER"
    desks.solve(name)
    assert [(each.request, each.commissioner) for each in desks.visits(name)] == [(wants_a_team, team)]
    assert desks.unserved(name) == {alone: "OUTWEIGHED"}


def test_ten_thousand_requests_and_one_commissioner(desks: Desks) -> None:
    code = fresh_discipline()
    desks.expert(code)
    like = desks.wanted(code, working_days=1).partition("/")[2]
    with desks.database.writing_engine.begin() as connection:
        row = dict(connection.execute(RequestRow.__table__.select().where(RequestRow.id == like)).mappings().one())
        copies = [{**row, "id": f"20261200{code}{number:05}"} for number in range(9_999)]
        connection.execute(insert(RequestRow), copies)
    name = desks.draft(code).name
    assert desks.solve(name, rounds=5, steps=40).state == job_pb2.Job.SUCCEEDED
    summary = desks.get(name).summary
    assert (summary.requests, summary.served) == (10_000, 23), "as many as there are working days"
    page = pb.ListPlanUnservedRequest(name=name, page_size=1000)
    found: list[str] = []
    while True:
        answer = desks.served.plans.ListPlanUnserved(page)
        found += [each.request for each in answer.unserved]
        if not answer.next_page_token:
            break
        page.page_token = answer.next_page_token
    assert len(found) == len(set(found)) == 10_000 - 23
    assert found == sorted(found)
    with desks.database.writing_engine.begin() as connection:
        cancelled = update(RequestRow).where(RequestRow.id.startswith(f"20261200{code}"))
        connection.execute(cancelled.values(state="CANCELLED"))


def test_anybody_can_count_a_plan_again(desks: Desks) -> None:
    code = fresh_discipline()
    people = [desks.expert(code) for _ in range(2)]
    wanted = [desks.wanted(code, working_days=2, may_split=number % 2 == 0) for number in range(6)]
    name = desks.draft(code, objective=pb.Plan.Objective(travel_day_km=5)).name
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "PLAN_UNSOLVED"):
        list(desks.export(name))
    desks.pin(name, wanted[0], people[0], "2026-12-03")
    desks.solve(name)
    summary = desks.get(name).summary
    parts = list(desks.export(name))
    assert all(len(part) <= CHUNK for part in parts)
    data = json.loads(b"".join(parts))
    solution = data.pop("solution")
    assert hashlib.sha256(canonical(data)).hexdigest() == solution["digest"] == summary.digest
    dispatch = instance.read(data)
    plan = [
        Assignment(each["request"], each["commissioner"], each["start"], tuple(each.get("on", ())))
        for each in solution["assignments"]
    ]
    assert violations(dispatch, plan) == []
    assert account(dispatch, plan).total == pytest.approx(solution["objective"]) == pytest.approx(summary.objective)
    layout = lay_out(dispatch)
    again = layout.fixed + priced(layout.problem, np.array([solution["prices"][each] for each in layout.requests]))
    assert again == pytest.approx(solution["priced"])
    assert solution["bound"] <= solution["priced"] + 1e-6
    assert solution["objective"] <= solution["bound"] + 1e-6
    assert {each["request"] for each in solution["assignments"]} <= set(wanted)
    assert all(visit.travel_days for visit in desks.visits(name)), "the counties are further than that"
    inputs = Inputs.of(data)
    assert Inputs.unpacked(inputs.packed()[0]) == inputs
    assert set(inputs.versions) >= {*people, *wanted}


def test_pages_hold_each_once(desks: Desks) -> None:
    code = fresh_discipline()
    people = [desks.expert(code) for _ in range(2)]
    wanted = [desks.wanted(code, working_days=1) for _ in range(5)]
    name = desks.draft(code).name
    for place, request in enumerate(wanted):
        desks.pin(name, request, people[place % 2], f"2026-12-0{1 + place // 2}")
        desks.ban(name, request, people[1 - place % 2])
    desks.solve(name)
    lists: list[tuple[Any, Any, str]] = [
        (desks.served.plans.ListPlanPins, pb.ListPlanPinsRequest(name=name, page_size=2), "pins"),
        (desks.served.plans.ListPlanBans, pb.ListPlanBansRequest(name=name, page_size=2), "bans"),
        (desks.served.plans.ListPlanVisits, pb.ListPlanVisitsRequest(name=name, page_size=2), "visits"),
    ]
    for ask, request, field in lists:
        found: list[str] = []
        while True:
            answer = ask(request)
            found += [each.request for each in getattr(answer, field)]
            if not answer.next_page_token:
                break
            request.page_token = answer.next_page_token
        assert found == sorted(wanted)
    own = pb.ListPlanVisitsRequest(name=name, commissioner=people[0])
    assert len(desks.served.plans.ListPlanVisits(own).visits) == 3


def test_a_plan_is_for_both_sides_and_nobody_else(desks: Desks, new_desk: NewDesk) -> None:
    name = desks.draft().name
    listed = [each.name for each in desks.county.plans.ListPlans(pb.ListPlansRequest(page_size=1000)).plans]
    assert name in listed
    third = new_desk("371525", "science_officer")
    with refused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        third.plans.GetPlan(pb.GetPlanRequest(name=name))
    assert name not in [each.name for each in third.plans.ListPlans(pb.ListPlansRequest(page_size=1000)).plans]
    with refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"):
        desks.unit.plans.GetPlan(pb.GetPlanRequest(name=name))
    with refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"):
        desks.turn("PublishPlan", name, desks.county)
    days = {"2026-12-31": True, "2027-01-01": False}
    for on, held in days.items():
        wanted = pb.ListPlansRequest(filter=pb.ListPlansRequest.Filter(on=on, division="370000"), page_size=1000)
        assert (name in [each.name for each in desks.served.plans.ListPlans(wanted).plans]) is held
