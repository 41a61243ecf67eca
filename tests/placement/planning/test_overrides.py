"""Pins and bans cost what a plan gains without them."""

from __future__ import annotations

from dataclasses import replace

from services.placement.planning.overrides import override_cost
from services.placement.planning.search import Limits
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request

TEN = frozenset(range(10))
LI = Commissioner("li", {"tea": 2}, (0, 0), quarter_days=4, year_days=4, available=TEN, in_force=TEN)
WU = replace(LI, name="wu", home=(60, 80))
FARM = Request("farm", "tea", 2, days=2, earliest=2, latest=3, priority=3, place=(0, 0))
SHOP = replace(FARM, name="shop", priority=1, previous="wu")
BOTH = Dispatch(10, {"li": LI, "wu": WU}, {"farm": FARM, "shop": SHOP})
PLAN = (Assignment("farm", "li", 2), Assignment("shop", "wu", 2))
SHORT = Limits(rounds=4, steps=80)


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
