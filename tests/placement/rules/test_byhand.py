"""An assignment made by hand: each hard rule that it breaks is told by its code, days as dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.placement.rules import byhand, checker
from services.placement.rules.byhand import Given, broken, days_before
from services.placement.rules.dispatch import Commissioner, Request, working_days
from services.reference.workdays import published

YEAR = working_days(published(), date(2026, 1, 1), date(2026, 12, 31))
NUMBER = {day: place for place, day in enumerate(YEAR)}
ALL = frozenset(range(len(YEAR)))
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 12, day) for day in (1, 2, 3, 4))
MONDAY = date(2026, 12, 7)
LI = Commissioner("li", {"tea": 2}, byhand.NEAR, quarter_days=366, year_days=40, available=ALL, in_force=ALL)
FARM = Request(
    "requests/1", "tea", 2, days=2, earliest=NUMBER[TUESDAY], latest=NUMBER[date(2026, 12, 31)], priority=1,
    place=byhand.NEAR,
)  # fmt: skip


def without(*days: date) -> frozenset[int]:
    return ALL - {NUMBER[day] for day in days}


def told(
    *days: date,
    li: Commissioner = LI,
    farm: Request = FARM,
    others: tuple[Given, ...] = (),
    people: tuple[Commissioner, ...] = (),
    travels: bool = False,
) -> dict[str, dict[str, str]]:
    everybody = {each.name: each for each in (li, *people)}
    found = broken(YEAR, everybody, farm, li.name, days, others, travels=travels)
    return {each.code: dict(each.values) for each in found}


def given(*days: date, who: str = "li") -> Given:
    return Given("assignments/9", who, days)


def test_what_keeps_the_rules_breaks_none() -> None:
    assert told(TUESDAY, WEDNESDAY) == {}
    assert told(FRIDAY, MONDAY) == {}  # in a row, a weekend between
    assert told(TUESDAY, THURSDAY, farm=replace(FARM, split=True)) == {}
    assert told(THURSDAY, FRIDAY, others=(given(TUESDAY, WEDNESDAY),)) == {}
    assert told(THURSDAY, FRIDAY, travels=True, others=(given(TUESDAY),)) == {}


TEAM = replace(LI, name="team", members=frozenset({"li", "an"}))
BROKEN: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "PD-QUALIFICATION": (
        {"farm": replace(FARM, level=3)}, {"discipline": "tea", "level": "3", "held": "2"},
    ),
    "PD-TEAM": ({"farm": replace(FARM, team=True)}, {}),
    "PD-AGREEMENT": ({"li": replace(LI, in_force=without(WEDNESDAY))}, {"days": "2026-12-02"}),
    "PD-AVAILABILITY": (
        {"li": replace(LI, available=without(TUESDAY, WEDNESDAY))}, {"days": "2026-12-01, 2026-12-02"},
    ),
    "PD-ONE-PLACE": ({"others": (given(WEDNESDAY, THURSDAY),)}, {"others": "assignments/9", "days": "2026-12-02"}),
    "PD-MEMBER": ({"others": (given(WEDNESDAY, who="team"),), "people": (TEAM,)}, {"others": "assignments/9"}),
    "PD-QUARTER-LIMIT": (
        {"li": replace(LI, quarter_days=3), "others": (given(date(2026, 10, 9), date(2026, 11, 2)),)},
        {"used": "4", "limit": "3"},
    ),
    "PD-YEAR-LIMIT": (
        {"li": replace(LI, year_days=3), "others": (given(date(2026, 3, 2), date(2026, 3, 4)),)},
        {"used": "4", "limit": "3"},
    ),
    "PD-DAYS": ({"farm": replace(FARM, days=3)}, {"days": "3"}),
    "PD-WINDOW": ({"farm": replace(FARM, latest=NUMBER[TUESDAY])}, {"window": "2026-12-01/2026-12-01"}),
    "PD-TRAVEL-DAY": (
        {"li": replace(LI, available=without(date(2026, 11, 30))), "travels": True}, {"days": "2026-11-30"},
    ),
    "PD-REFUSED": ({"farm": replace(FARM, refused=frozenset({"li"}))}, {}),
}  # fmt: skip


@pytest.mark.parametrize("code", BROKEN)
def test_each_rule_is_told_by_itself(code: str) -> None:
    fields, values = BROKEN[code]
    assert told(TUESDAY, WEDNESDAY, **fields) == {code: values}


@pytest.mark.parametrize("code", [code for code in BROKEN if code not in ("PD-DAYS", "PD-QUARTER-LIMIT")])
def test_without_the_rule_of_the_checker_nothing_is_told(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the guard knows no rule that the checker has not."""
    left = {each: rule for each, rule in checker.RULES.items() if each != code}
    monkeypatch.setattr(byhand, "RULES", left)
    assert told(TUESDAY, WEDNESDAY, **BROKEN[code][0]) == {}


def test_all_are_told_at_once_in_order_of_rule() -> None:
    lacking = replace(LI, skills={}, available=without(THURSDAY), year_days=1)
    farm = replace(FARM, refused=frozenset({"li"}))
    found = told(TUESDAY, THURSDAY, li=lacking, farm=farm, others=(given(THURSDAY),))
    assert list(found) == [
        *("PD-QUALIFICATION", "PD-AVAILABILITY", "PD-ONE-PLACE", "PD-YEAR-LIMIT", "PD-DAYS", "PD-REFUSED"),
    ]


def test_a_visit_that_is_too_long_is_looked_at_to_its_end() -> None:
    assert set(told(TUESDAY, WEDNESDAY, THURSDAY, others=(given(THURSDAY),))) == {"PD-DAYS", "PD-ONE-PLACE"}


def test_the_way_may_be_in_the_way() -> None:
    assert told(WEDNESDAY, THURSDAY, travels=True, others=(given(TUESDAY),)) == {
        "PD-ONE-PLACE": {"others": "assignments/9", "days": "2026-12-01"}
    }
    assert told(YEAR[0], YEAR[1], travels=True, farm=replace(FARM, earliest=0)) == {
        "PD-TRAVEL-DAY": {"days": f"< {YEAR[0]}"}
    }


def test_what_others_do_among_themselves_is_not_told() -> None:
    an = replace(LI, name="an", year_days=0)
    others = (given(WEDNESDAY, who="an"), Given("assignments/8", "team", (WEDNESDAY,)))
    assert told(WEDNESDAY, THURSDAY, others=others, people=(an, replace(TEAM, members=frozenset({"an"})))) == {}


def test_a_quarter_is_counted_by_itself() -> None:
    li = replace(LI, quarter_days=3)
    assert told(TUESDAY, WEDNESDAY, li=li, others=(given(date(2026, 9, 1), date(2026, 9, 2)),)) == {}


def test_the_days_before_runs() -> None:
    assert days_before(YEAR, [TUESDAY, WEDNESDAY, FRIDAY, MONDAY]) == (date(2026, 11, 30), THURSDAY)
    assert days_before(YEAR, [YEAR[0]]) == ()
