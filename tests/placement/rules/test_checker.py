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
TEAM = replace(LI, name="team", members=frozenset({"li", "an"}))
SPLIT = replace(
    KEPT,
    commissioners={**KEPT.commissioners, "team": TEAM},
    requests={"farm": FARM, "shop": replace(SHOP, split=True)},
)

BROKEN: dict[str, tuple[Dispatch, tuple[Assignment, ...]]] = {
    "PD-UNKNOWN": (KEPT, (*PLAN, Assignment("mill", "li", 0))),
    "PD-TWICE": (KEPT, (*PLAN, Assignment("farm", "wu", 2))),
    "PD-QUALIFICATION": (replace(KEPT, requests={**KEPT.requests, "farm": replace(FARM, level=3)}), PLAN),
    "PD-TEAM": (replace(KEPT, requests={**KEPT.requests, "farm": replace(FARM, team=True)}), PLAN),
    "PD-MEMBER": (SPLIT, (Assignment("farm", "li", 2), Assignment("shop", "team", 3))),
    "PD-DAYS": (KEPT, (Assignment("shop", "li", 1, (1, 3, 5)),)),
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


def test_a_split_visit_may_lie_around_another() -> None:
    assert violations(SPLIT, [Assignment("farm", "li", 2), Assignment("shop", "li", 1, (1, 4, 6))]) == []


def test_each_block_of_a_split_visit_has_a_way_of_its_own() -> None:
    far = replace(FAR, requests={"farm": replace(FARM, days=3, split=True, latest=8)})
    assert list(far.bound_days(Assignment("farm", "li", 2, (2, 3, 6)))) == [1, 2, 3, 5, 6]
    assert violations(far, [Assignment("farm", "li", 2, (2, 3, 6))]) == []
    missing = replace(far, commissioners={"li": replace(LI, available=TEN - {5})})
    found = violations(missing, [Assignment("farm", "li", 2, (2, 3, 6))])
    assert [(each.code, each.detail) for each in found] == [("PD-TRAVEL-DAY", {"days": "5"})]


@pytest.mark.parametrize("on", [(1, 3), (3, 1, 5), (1, 1, 5), (2, 3, 5), (1, 2, 3)])
def test_days_that_are_no_split_visit_are_refused(on: tuple[int, ...]) -> None:
    # too few, out of order, one twice, not from `start` on, and in a row, which is told by the first day alone
    assert {each.code for each in violations(SPLIT, [Assignment("shop", "li", 1, on)])} == {"PD-DAYS"}


def test_two_teams_with_a_member_in_common_are_apart_and_members_go_each_their_way() -> None:
    other = replace(LI, name="other", members=frozenset({"an"}))
    dispatch = replace(SPLIT, commissioners={**SPLIT.commissioners, "other": other})
    both = [Assignment("farm", "team", 2), Assignment("shop", "other", 3)]
    assert [(each.code, each.detail) for each in violations(dispatch, both)] == [("PD-MEMBER", {"others": "farm"})]
    assert violations(dispatch, [both[0], replace(both[1], start=4)]) == []
    assert violations(dispatch, [Assignment("farm", "li", 2), replace(both[1], start=2)]) == []


def test_nonsense_is_found_and_never_raises() -> None:
    nonsense = [Assignment("farm", "li", -7), Assignment("shop", "li", 10**6), Assignment("", "", 0)]
    nonsense += [Assignment("shop", "team", 10**6, (-5, 10**6)), Assignment("farm", "team", 1, (9, -9, 9))]
    assert {"PD-UNKNOWN", "PD-WINDOW", "PD-DAYS"} <= {each.code for each in violations(SPLIT, nonsense)}
    nobody = replace(FAR, requests={"farm": replace(FARM, days=0)})
    assert violations(nobody, [Assignment("farm", "li", 3), Assignment("farm", "li", 3)]) != []
