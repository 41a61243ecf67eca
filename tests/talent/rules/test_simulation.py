from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from services.reference import workdays
from services.talent import catalogue as folder
from services.talent.rules.days import Guess
from services.talent.rules.limits import Span, Unit
from services.talent.rules.simulation import Given, Plan, Setting, simulate
from tests.talent.rules.documents import changed

SHIPPED = folder.shipped()
HOME = Setting("370103", "371526", workdays.published(), Span(10, Unit.WORKING_DAYS))


def plan_of(*matters: str, start: date = date(2026, 3, 2), setting: Setting = HOME) -> Plan:
    return simulate(SHIPPED, matters, start, setting)


def test_a_pension_from_end_to_end() -> None:
    """3 + 15 + 15 + 15 working days from 2 March 2026, counted by hand over 清明 and 劳动节."""
    plan = plan_of("pension")
    assert [(step.step, step.begins, step.ends, step.statutory) for step in plan.steps] == [
        ("check", date(2026, 3, 2), date(2026, 3, 5), None),
        ("review", date(2026, 3, 5), date(2026, 3, 26), date(2026, 3, 26)),
        ("out", date(2026, 3, 26), date(2026, 4, 17), date(2026, 4, 17)),
        ("in", date(2026, 4, 17), date(2026, 5, 12), date(2026, 5, 12)),
    ]
    assert plan.critical == ("pension.check", "pension.review", "pension.out", "pension.in")
    assert plan.last == plan.ends["pension"] == date(2026, 5, 12)


def test_across_a_province_nothing_is_checked_first() -> None:
    far = Setting("370103", "511002", HOME.calendar, HOME.reminder)
    assert [step.step for step in plan_of("pension", setting=far).steps] == ["review", "out", "in"]


def test_matters_wait_for_those_that_the_case_has() -> None:
    plan = plan_of("pension", "anchor_enrol")
    anchored = next(step for step in plan.steps if (step.matter, step.step) == ("pension", "check"))
    assert anchored.begins == plan.ends["anchor_enrol"]
    assert plan.critical[:2] == ("anchor_enrol.contract", "anchor_enrol.report")


def test_what_is_not_needed_takes_no_time() -> None:
    near = Setting("371502", "371526", HOME.calendar, HOME.reminder)
    plan = plan_of("medical", setting=near)
    assert (plan.steps, plan.not_required, plan.last) == ((), ("medical",), date(2026, 3, 2))


def test_what_is_taken_for_granted_is_said() -> None:
    steps = {(step.matter, step.step): step for step in plan_of("school_new", "archive", "pension").steps}
    assert steps["school_new", "eligibility"].given == (Given.WINDOW, Given.REMINDER)
    assert steps["archive", "emp_hand"].given == (Given.EVENT,)
    assert steps["archive", "letter"].given == (Given.REMINDER,)
    assert steps["pension", "check"].given == ()


def test_parallel_tracks_run_side_by_side() -> None:
    steps = {step.step: step for step in plan_of("archive").steps}
    assert steps["letter"].begins == steps["emp_hand"].begins == date(2026, 3, 2)
    assert steps["send"].begins == max(steps["letter"].ends, steps["emp_hand"].ends)


def test_a_step_that_is_skipped_is_passed_through() -> None:
    steps = {step.step: step for step in plan_of("unemployment").steps}
    assert "fund" not in steps
    assert steps["in"].begins == steps["out"].ends


def test_a_window_that_is_closed_is_waited_for() -> None:
    setting = Setting("370103", "370102", HOME.calendar, HOME.reminder)
    (seat,) = simulate(changed(), ["second"], date(2026, 3, 2), setting).steps
    assert seat.begins == date(2026, 7, 1)
    (open_now,) = simulate(changed(), ["second"], date(2026, 7, 6), setting).steps
    assert open_now.begins == date(2026, 7, 6)


def test_a_plan_past_the_last_notice_says_so() -> None:
    late = plan_of("pension", start=date(2026, 11, 2))
    assert [assumption.guess for assumption in late.steps[-1].assumes] == [Guess.MAY_CHANGE, Guess.UNPUBLISHED]
    assert late.steps[0].assumes == ()


def test_promises_of_a_division_are_planned_with() -> None:
    setting = Setting("370103", "371526", HOME.calendar, HOME.reminder)
    check = next(s for s in simulate(changed(), ["first"], date(2026, 3, 2), setting).steps if s.step == "check")
    assert (check.ends, check.statutory) == (date(2026, 3, 5), date(2026, 3, 9))


def test_a_matter_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        plan_of("marriage")


def test_the_whole_catalogue_has_a_plan() -> None:
    plan = plan_of(*(matter.key for matter in SHIPPED.matters))
    assert len(plan.steps) == 41  # all but the transfer of unemployment money, inside the province
    assert max(step.ends for step in plan.steps) == plan.last
    chain = [next(s for s in plan.steps if f"{s.matter}.{s.step}" == key) for key in plan.critical]
    assert all(later.begins == earlier.ends for earlier, later in pairwise(chain))
    assert (chain[0].begins, chain[-1].ends) == (date(2026, 3, 2), plan.last)
