"""Re-planning: what can stand stays, a budget is kept, and each step is told truly."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.planning.layout import lay_out
from services.placement.planning.replan import differences, improve, price, replan, standing
from services.placement.planning.search import Limits, solve
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, Dispatch, account
from tests.placement.shapes import drawn

SHORT = Limits(rounds=4, steps=80)


def published(seed: int, **shape: Any) -> tuple[Dispatch, tuple[Assignment, ...]]:
    dispatch = drawn(seed, **{"people": 12, "requests": 60, "days": 30, **shape})
    return dispatch, solve(lay_out(dispatch), SHORT).assignments


def ill(dispatch: Dispatch, plan: tuple[Assignment, ...], seed: int) -> Dispatch:
    """Some who have visits fall ill for the whole time."""
    people = dict(dispatch.commissioners)
    for name in random.Random(seed).sample(sorted({each.commissioner for each in plan}), 2):
        people[name] = replace(people[name], available=frozenset())
    return replace(dispatch, commissioners=people)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), budget=st.integers(0, 5), odd=st.booleans())
def test_after_an_illness_no_more_promises_change_than_were_hit_and_the_budget(
    seed: int, budget: int, odd: bool
) -> None:
    shape: dict[str, Any] = {"split": 0.4, "teams": 3, "owed": True, "travel_day_km": 50.0} if odd else {}
    dispatch, plan = published(seed, **shape)
    after = ill(dispatch, plan, seed)
    found = replan(after, plan, budget=budget, limits=SHORT)
    assert violations(after, found.assignments) == []
    assert set(found.hit) == {each.request for each in violations(after, plan)}
    changed = set(found.differences.moved + found.differences.shifted + found.differences.dropped)
    assert set(found.hit) <= changed
    assert len(changed - set(found.hit)) <= budget
    assert not set(found.differences.dropped) - set(found.hit), "a promise that can stand may move, never fall"
    assert found.steps[0].changed == len(found.hit)
    values = [step.objective for step in found.steps]
    assert values == sorted(values)
    assert found.steps[-1].objective == pytest.approx(account(after, found.assignments).total)
    assert found.steps[-1].changed == found.differences.changed
    changes = [step.changed for step in found.steps]
    assert changes == sorted(changes)
    served = [step.served for step in found.steps[1:]]
    assert set(served) <= {each.request for each in found.assignments}, "whom a step serves, no later one leaves out"
    assert len(set(served)) == len(served)


def test_nothing_happened_nothing_changes() -> None:
    dispatch, plan = published(1)
    found = replan(dispatch, plan, budget=0, limits=SHORT)
    assert found.hit == ()
    assert found.differences.changed == 0


def test_cancelled_and_asked_again_is_at_distance_nought() -> None:
    dispatch, plan = published(2)
    without = tuple(plan[1:])
    less = replace(
        dispatch, requests={name: each for name, each in dispatch.requests.items() if name != plan[0].request}
    )
    assert differences(without, replan(less, without, limits=SHORT).assignments).changed == 0
    again = replan(dispatch, without, limits=SHORT)
    assert again.differences.changed == 0
    assert plan[0].request in {each.request for each in again.assignments}


def test_what_is_freed_by_name_may_change_and_is_no_hit() -> None:
    dispatch, plan = published(3)
    found = replan(dispatch, plan, freed=[plan[0].request], limits=SHORT)
    assert found.hit == ()
    assert set(found.differences.moved + found.differences.shifted + found.differences.dropped) <= {plan[0].request}


def test_of_visits_in_one_anothers_way_the_heavier_stays() -> None:
    dispatch, plan = published(4)
    first = plan[0]
    request = replace(dispatch.requests[first.request], name="late")
    both = replace(dispatch, requests={**dispatch.requests, "late": request})
    late = replace(first, request="late")
    heavy = {each.request: 1.0 for each in plan} | {"late": 5.0}
    assert late in standing(both, [*plan, late], heavy)
    assert late not in standing(both, [*plan, late], {**heavy, "late": 0.5})


def test_the_price_of_a_promise_is_what_its_freedom_brings() -> None:
    dispatch, plan = published(5)
    for each in plan[:3]:
        free = replan(dispatch, plan, freed=[each.request], limits=SHORT)
        gain = account(dispatch, free.assignments).total - account(dispatch, plan).total
        assert price(dispatch, plan, each.request, SHORT) >= max(0.0, gain) - 1e-6


def test_a_plan_by_hand_is_made_better_and_kept_for_the_most_part() -> None:
    dispatch, _ = published(6)
    layout = lay_out(dispatch)
    by_hand: list[Assignment] = []
    for request in dispatch.requests.values():
        tries = (Assignment(request.name, who, request.earliest) for who in dispatch.commissioners)
        by_hand += [each for each in tries if not violations(dispatch, [*by_hand, each])][:1]
    better = improve(dispatch, by_hand, keep=0.8, limits=SHORT)
    assert violations(dispatch, better) == []
    assert account(dispatch, better).total > account(dispatch, by_hand).total
    assert differences(by_hand, better).changed <= 0.2 * len(by_hand) + 1e-6
    best = solve(layout, SHORT)
    assert account(dispatch, better).total <= best.last.bound


def test_a_plan_by_hand_that_breaks_rules_is_mended() -> None:
    dispatch, plan = published(7)
    wrong = [*plan[1:], replace(plan[0], start=-3)]
    better = improve(dispatch, wrong, keep=1.0, limits=SHORT)
    assert violations(dispatch, better) == []
    assert differences(plan[1:], better).changed == 0
