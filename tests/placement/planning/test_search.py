"""Plans: kept rules, bounds that hold, the same plan again, and odd shapes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.planning import search
from services.placement.planning.draft import ByRequest, worth
from services.placement.planning.greedy import plain
from services.placement.planning.layout import Contradiction, lay_out
from services.placement.planning.prices import Prices, slacks
from services.placement.planning.search import Limits, Progress, Solution, prove, solve
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, Dispatch, account
from tests.placement.shapes import best_by_enumeration, drawn

SHORT = Limits(rounds=6, steps=160)

SHAPES = {
    "usual": {},
    "few commissioners, many requests": {"people": 2, "requests": 120},
    "many commissioners, few requests": {"people": 60, "requests": 15},
    "long visits": {"longest": 20, "capacity": (20, 50)},
    "one discipline": {"disciplines": 1},
    "travel days": {"travel_day_km": 40.0},
    "a week": {"days": 5, "window": 3, "longest": 3},
    "a year": {"days": 248, "window": 60},
    "nobody has a day": {"capacity": (0, 0)},
    "one request": {"requests": 1},
    "split visits": {"split": 0.5},
    "all split, with a way": {"split": 1.0, "travel_day_km": 40.0},
    "teams": {"teams": 6},
    "days owed": {"owed": True, "requests": 30},
    "all of it": {"split": 0.4, "teams": 6, "owed": True, "travel_day_km": 40.0},
}


def planned(dispatch: Dispatch, limits: Limits = SHORT, start: tuple[Assignment, ...] = ()) -> Solution:
    """A plan that is checked: its rules, its objective counted anew, and its bound."""
    told: list[Progress] = []
    solution = solve(lay_out(dispatch), limits, start=start, told=told.append)
    assert violations(dispatch, solution.assignments) == []
    assert account(dispatch, solution.assignments).total == pytest.approx(solution.last.objective)
    assert solution.last.served == len(solution.assignments)
    assert solution.last.bound >= solution.last.objective - 1e-6
    objectives = [each.objective for each in told]
    assert objectives == sorted(objectives), "never worse than the best seen"
    bounds = [each.bound for each in told]
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(bounds))
    return solution


@pytest.mark.parametrize("shape", SHAPES)
def test_plans_of_every_shape_keep_the_rules(shape: str) -> None:
    dispatch = drawn(7, **SHAPES[shape])  # type: ignore[arg-type]
    solution = planned(dispatch)
    layout = lay_out(dispatch)
    assert solution.last.objective >= plain(layout.problem, ByRequest(layout.problem)).value + layout.fixed
    assert solution.last.gap <= 0.02


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    travel=st.sampled_from([None, 60.0]),
    split=st.sampled_from([0.0, 0.6]),
    teams=st.integers(0, 2),
    owed=st.booleans(),
)
def test_the_bound_is_never_below_the_best_plan_and_meets_it_where_the_gap_closes(
    seed: int, travel: float | None, split: float, teams: int, owed: bool
) -> None:
    tiny = {"days": 6, "people": 2, "requests": 4, "disciplines": 2, "longest": 3, "window": 2}
    shape = drawn(seed, **tiny, capacity=(2, 5), travel_day_km=travel, split=split, teams=teams, owed=owed)
    best = best_by_enumeration(shape)
    solution = planned(shape)
    assert solution.last.bound >= best - 1e-6
    assert solution.last.objective <= best + 1e-6
    if solution.last.gap == 0:
        assert solution.last.objective == pytest.approx(best)
    # a problem of this size is always solved
    assert solution.last.objective == pytest.approx(best)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), odd=st.booleans())
def test_any_prices_bound_and_no_slot_of_the_best_plan_is_slacker_than_the_gap(seed: int, odd: bool) -> None:
    tiny = {"days": 6, "people": 2, "requests": 4, "disciplines": 2, "longest": 3, "window": 2, "teams": 2 * odd}
    dispatch = drawn(seed, **tiny, capacity=(2, 5), split=0.5 * odd, travel_day_km=60.0 if odd else None)
    layout = lay_out(dispatch)
    best = best_by_enumeration(dispatch)
    prices = Prices(layout.problem)
    assert prices.bound >= best
    for _ in range(20):
        prices.advance()
        assert prices.bound >= best
    solution = planned(dispatch)
    slots = layout.slots(solution.assignments)
    if len(slots) and solution.last.objective == pytest.approx(best):
        assert slacks(layout.problem, prices.best)[slots].min() >= best - prices.bound - 1e-6


@pytest.mark.parametrize("shape", ["usual", "teams", "all of it"])
def test_a_bound_by_itself_is_above_every_plan_and_near_the_one_that_is_found(shape: str) -> None:
    dispatch = drawn(7, **SHAPES[shape])  # type: ignore[arg-type]
    proof = prove(lay_out(dispatch), SHORT)
    best = planned(dispatch).last
    assert best.objective - 1e-6 <= proof.bound <= proof.priced + 1e-6
    assert proof.bound <= 1.02 * best.bound
    assert proof.prices.keys() == set(dispatch.requests)


def test_the_same_seed_and_counts_give_the_same_plan_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WHOLE", 0)  # clusters, not one programme
    dispatch = drawn(3, people=40, requests=200)
    first, again = (planned(dispatch, Limits(rounds=4, steps=100, seed=5)) for _ in range(2))
    assert first.assignments == again.assignments
    assert (first.last.bound, first.prices) == (again.last.bound, again.prices)


def test_the_bound_of_a_process_of_its_own_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WHOLE", 0)
    dispatch = drawn(3, people=40, requests=200)
    limits = Limits(rounds=4, steps=100)
    within = planned(dispatch, limits)
    monkeypatch.setattr(search, "SMALL", 0)
    apart = planned(dispatch, limits)
    assert apart.assignments == within.assignments
    assert apart.last.bound == within.last.bound


def test_it_goes_on_from_a_plan_and_is_never_worse() -> None:
    dispatch = drawn(11)
    best = planned(dispatch)
    resumed = planned(dispatch, Limits(rounds=0, steps=0), start=best.assignments)
    assert resumed.last.objective == best.last.objective
    assert resumed.assignments == best.assignments


def test_it_stops_when_told_and_keeps_what_it_has() -> None:
    dispatch = drawn(11, people=30, requests=200)
    layout = lay_out(dispatch)
    solution = solve(layout, Limits(), stopped=lambda: True)
    assert violations(dispatch, solution.assignments) == []
    assert solution.last.objective == plain(layout.problem, ByRequest(layout.problem)).value


def test_it_stops_at_the_gap_that_is_good_enough() -> None:
    solution = planned(drawn(11), Limits(rounds=100, gap=0.5))
    assert 0 < solution.last.gap <= 0.5


def test_pins_stand_bans_hold_and_the_bound_counts_them() -> None:
    dispatch = drawn(4, days=8, people=3, requests=5, disciplines=1, longest=2, window=3, capacity=(4, 6))
    pin, other, *_ = planned(dispatch).assignments
    bound = replace(dispatch, pins=(pin,), bans=frozenset({(other.request, other.commissioner)}))
    solution = planned(bound)
    assert pin in solution.assignments
    assert (other.request, other.commissioner) not in {
        (each.request, each.commissioner) for each in solution.assignments
    }
    assert solution.last.objective == pytest.approx(best_by_enumeration(bound))


def test_pins_that_contradict_one_another_are_named() -> None:
    dispatch = drawn(2, people=2, requests=10, disciplines=1)
    request = next(iter(dispatch.requests.values()))
    wrong = Assignment(request.name, "c0", request.latest)
    twice = (wrong, Assignment(request.name, "c1", request.earliest))
    with pytest.raises(Contradiction) as told:
        lay_out(replace(dispatch, pins=twice))
    assert "PD-TWICE" in {each.code for each in told.value.violations}
    with pytest.raises(Contradiction, match="PD-UNKNOWN"):
        lay_out(replace(dispatch, pins=(Assignment("nothing", "c0", 0),)))


def test_what_cannot_be_served_is_left_and_nothing_is_lost() -> None:
    dispatch = drawn(5, people=3, requests=6)
    requests = dict(dispatch.requests)
    names = list(requests)
    requests[names[0]] = replace(requests[names[0]], earliest=-9, latest=-3)
    requests[names[1]] = replace(requests[names[1]], discipline="unheard of")
    requests[names[2]] = replace(requests[names[2]], days=200)
    served = {each.request for each in planned(replace(dispatch, requests=requests)).assignments}
    assert not served & set(names[:3])


@pytest.mark.parametrize("empty", ["requests", "commissioners"])
def test_nothing_to_plan_is_a_plan_of_nothing(empty: str) -> None:
    dispatch = replace(drawn(1), **{empty: {}})
    solution = planned(dispatch)
    assert (solution.assignments, solution.last.objective, solution.last.bound) == ((), 0, 0)


@pytest.mark.parametrize("shape", ["usual", "all of it"])
def test_a_draft_takes_back_what_it_places(shape: str) -> None:
    problem = lay_out(drawn(4, **SHAPES[shape])).problem  # type: ignore[arg-type]
    draft = plain(problem, ByRequest(problem))
    assert draft.value == pytest.approx(worth(problem, draft.slots))
    before, slots = draft.value, draft.slots
    for request in problem.slot_request[slots[:9]].tolist():
        visit = draft.remove(request)
        assert draft.value == pytest.approx(worth(problem, draft.slots))
        draft.place(*visit)
    assert draft.value == pytest.approx(before)
    assert list(draft.slots) == list(slots)
