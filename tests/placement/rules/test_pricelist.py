"""The price list: what one more expert brings never exceeds it, and where nothing is lacking it is empty."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.rules.dispatch import Commissioner, Dispatch, Request, Worth
from services.placement.rules.pricelist import Price, price_list
from tests.placement.shapes import drawn

FARM = Request("farm", "tea", 2, days=2, earliest=5, latest=9, priority=3, place=(0, 0))


def test_what_nobody_serves_is_worth_its_points_in_its_week() -> None:
    alone = Dispatch(10, {}, {"farm": FARM, "shop": replace(FARM, name="shop", priority=1, days=4)}, Worth())
    assert price_list(alone, {}) == [Price("tea", 1, 6000.0)]  # the farm twice: at most, and no promise
    assert price_list(alone, {"farm": 2500.0}) == [Price("tea", 1, 1000.0)]
    assert price_list(alone, {"farm": 3000.0, "shop": 1000.0}) == []


def test_a_split_visit_is_worth_its_share_in_each_week() -> None:
    alone = Dispatch(10, {}, {"farm": replace(FARM, earliest=4, latest=5, split=True)}, Worth())
    assert price_list(alone, {}) == [Price("tea", 0, 1500.0), Price("tea", 1, 1500.0)]


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6), split=st.sampled_from([0.0, 0.5]))
def test_one_more_expert_raises_the_plan_by_no_more_than_the_gap_and_the_price(seed: int, split: float) -> None:
    dispatch = drawn(seed, people=4, requests=40, disciplines=2, days=20, capacity=(4, 8), split=split)
    limits = Limits(rounds=4, steps=160)
    before = solve(lay_out(dispatch), limits)
    listed = {(each.discipline, each.week): each.points for each in price_list(dispatch, before.prices)}
    for week in range(4):
        days = frozenset(range(5 * week, 5 * week + 5))
        home = dispatch.requests["r0"].place
        expert = Commissioner("expert", {"d0": 3}, home, 100, 100, days, days)
        more = replace(dispatch, commissioners={**dispatch.commissioners, "expert": expert})
        after = solve(lay_out(more), limits)
        # the prices with the expert's best schedule bound the plan that has him
        most = before.priced + listed.get(("d0", week), 0.0)
        assert after.last.objective <= most + 1e-3
