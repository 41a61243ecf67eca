"""Each hard rule: what breaks it alone is found by it alone, and passes once the rule is gone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from services.placement.rules import checker
from services.placement.rules.checker import RULES, violations
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request

TEN = frozenset(range(10))
LI = Commissioner("li", {"tea": 2}, (0, 0), quarter_days=6, year_days=8, available=TEN - {9}, in_force=TEN - {8})
FARM = Request("farm", "tea", 2, days=2, earliest=2, latest=6, priority=1, place=(30, 40))
SHOP = Request("shop", "tea", 1, days=3, earliest=0, latest=9, priority=1, place=(0, 0))
KEPT = Dispatch(10, {"li": LI, "wu": replace(LI, name="wu")}, {"farm": FARM, "shop": SHOP})
PLAN = (Assignment("farm", "li", 2), Assignment("shop", "li", 4))
LONG = replace(LI, quarter_days=4)
FAR = replace(KEPT, travel_day_km=50)

BROKEN: dict[str, tuple[Dispatch, tuple[Assignment, ...]]] = {
    "PD-UNKNOWN": (KEPT, (*PLAN, Assignment("mill", "li", 0))),
    "PD-TWICE": (KEPT, (*PLAN, Assignment("farm", "wu", 2))),
    "PD-QUALIFICATION": (replace(KEPT, requests={**KEPT.requests, "farm": replace(FARM, level=3)}), PLAN),
    "PD-AGREEMENT": (KEPT, (Assignment("shop", "li", 6),)),
    "PD-AVAILABILITY": (
        replace(KEPT, commissioners={"li": replace(LI, available=TEN - {5}, in_force=TEN)}),
        (Assignment("shop", "li", 4),),
    ),
    "PD-ONE-PLACE": (KEPT, (Assignment("farm", "li", 2), Assignment("shop", "li", 3))),
    "PD-QUARTER-LIMIT": (replace(KEPT, commissioners={"li": LONG}), PLAN),
    "PD-YEAR-LIMIT": (replace(KEPT, commissioners={"li": replace(LI, year_days=4)}), PLAN),
    "PD-WINDOW": (KEPT, (Assignment("farm", "li", 6),)),
    "PD-TRAVEL-DAY": (
        replace(FAR, commissioners={"li": replace(LI, available=TEN - {1})}),
        (Assignment("farm", "li", 2),),
    ),
    "PD-BAN": (replace(KEPT, bans=frozenset({("farm", "li")})), PLAN),
    "PD-REFUSED": (replace(KEPT, requests={**KEPT.requests, "farm": replace(FARM, refused=frozenset({"li"}))}), PLAN),
    "PD-PIN": (replace(KEPT, pins=(Assignment("farm", "wu", 2),)), PLAN),
}


def test_a_plan_that_keeps_the_rules_has_no_violation() -> None:
    assert violations(KEPT, PLAN) == []
    assert violations(KEPT, []) == []


@pytest.mark.parametrize("code", RULES)
def test_a_rule_finds_what_breaks_it_and_no_other_does(code: str) -> None:
    dispatch, plan = BROKEN[code]
    assert {each.code for each in violations(dispatch, plan)} == {code}
    without = {other: rule for other, rule in RULES.items() if other != code}
    assert violations(dispatch, plan, without) == []


def test_every_code_stands_in_the_rules() -> None:
    written = set(re.findall(r'"(PD-[A-Z-]+)":', Path(checker.__file__).read_text(encoding="utf-8")))
    assert written == set(RULES) == set(BROKEN)


def test_a_day_on_the_way_is_bound_too() -> None:
    two = (Assignment("shop", "li", 0), Assignment("farm", "li", 3))
    assert violations(KEPT, two) == []
    assert {each.code for each in violations(FAR, two)} == {"PD-ONE-PLACE"}
    assert [each.detail for each in violations(FAR, two)] == [{"others": "shop"}]


def test_a_way_before_the_first_day_of_the_plan_is_none() -> None:
    early = replace(FAR, requests={"farm": replace(FARM, earliest=0)})
    assert {each.code for each in violations(early, [Assignment("farm", "li", 0)])} == {"PD-TRAVEL-DAY"}


def test_the_way_needs_the_agreement_as_well() -> None:
    late = replace(FAR, commissioners={"li": replace(LI, in_force=frozenset(range(2, 10)))})
    assert {each.code for each in violations(late, [Assignment("farm", "li", 2)])} == {"PD-AGREEMENT"}


def test_nonsense_is_found_and_never_raises() -> None:
    nonsense = [Assignment("farm", "li", -7), Assignment("shop", "li", 10**6), Assignment("", "", 0)]
    assert {"PD-UNKNOWN", "PD-WINDOW"} <= {each.code for each in violations(KEPT, nonsense)}
