"""Drafts beside one another: counted by term, judged against the best, and overrides with their cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.planning.whatif import compare, judge, override_cost, sensitivity, terms
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request, Worth, account
from tests.placement.shapes import best_by_enumeration, drawn

TEN = frozenset(range(10))
LI = Commissioner("li", {"tea": 2}, (0, 0), quarter_days=4, year_days=4, available=TEN, in_force=TEN)
WU = replace(LI, name="wu", home=(60, 80))
FARM = Request("farm", "tea", 2, days=2, earliest=2, latest=3, priority=3, place=(0, 0))
SHOP = replace(FARM, name="shop", priority=1, previous="wu")
BOTH = Dispatch(10, {"li": LI, "wu": WU}, {"farm": FARM, "shop": SHOP})
PLAN = (Assignment("farm", "li", 2), Assignment("shop", "wu", 2))
SHORT = Limits(rounds=4, steps=80)


def test_the_terms_add_up_to_the_objective() -> None:
    of = terms(BOTH, PLAN)
    assert (of.served, of.priority, of.continuity, of.travel, of.load, of.owed) == (2, 4000, 150, -50, 0, 0)
    dispatch = drawn(3, owed=True, requests=40)
    plan = solve(lay_out(dispatch), SHORT).assignments
    assert terms(dispatch, plan).total == pytest.approx(account(dispatch, plan).total)


def test_two_drafts_are_compared() -> None:
    other = (Assignment("shop", "li", 2),)
    found = compare(BOTH, PLAN, other)
    assert (found.before.served, found.after.served, found.after.total) == (2, 1, 1000)
    assert (found.differences.moved, found.differences.dropped) == (("shop",), ("farm",))


def test_other_parameters_are_told_by_what_they_do_in_the_points_of_these() -> None:
    far = replace(BOTH, requests={"shop": SHOP})
    best = solve(lay_out(far), SHORT).assignments
    assert best == (Assignment("shop", "wu", 2),)
    found = sensitivity(far, best, Worth(continuity=0), SHORT)
    assert (found.before.continuity, found.after.continuity) == (150, 0)
    assert found.differences.moved == ("shop",)
    assert found.after.total == 1000
    assert sensitivity(far, best, far.worth, SHORT).differences.changed == 0


def test_a_plan_by_hand_is_judged() -> None:
    by_hand = [Assignment("farm", "wu", 2), Assignment("shop", "li", 3)]
    found = judge(BOTH, by_hand, SHORT)
    assert [each.code for each in found.violations] == ["PD-WINDOW"]
    assert (found.objective, found.best, found.left) == (2950, 4100, 1150)
    assert found.best == best_by_enumeration(BOTH) == found.bound
    assert judge(BOTH, PLAN, SHORT).left == 0


def test_a_pin_and_a_ban_cost_what_is_gained_without_them() -> None:
    pin = Assignment("shop", "li", 2)
    alone = replace(BOTH, commissioners={"li": LI}, pins=(pin,))
    assert override_cost(alone, [pin], pins=[pin], limits=SHORT) == 2000
    banned = replace(BOTH, bans=frozenset({("farm", "li")}))
    plan = [Assignment("farm", "wu", 2), Assignment("shop", "li", 2)]
    # the shop stays where it is: only the farm's own way is free
    assert override_cost(banned, plan, bans=[("farm", "li")], limits=SHORT) == 0
    assert override_cost(banned, plan[:1], bans=[("farm", "li")], limits=SHORT) == 1150
    assert override_cost(replace(BOTH, pins=PLAN[:1]), PLAN, pins=PLAN[:1], limits=SHORT) == 0
