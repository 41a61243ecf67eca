"""The objective term by term, and the calendar of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.placement.rules.dispatch import (
    Assignment,
    Commissioner,
    Dispatch,
    Points,
    Request,
    Worth,
    account,
    available_days,
    points,
    visit,
    working_days,
)
from services.reference.workdays import CalendarNotPublished, published

LI = Commissioner("li", {"tea": 2}, (0, 0), 10, 10, frozenset(range(20)), frozenset(range(20)))
FARM = Request("farm", "tea", 2, days=6, earliest=0, latest=19, priority=3, place=(30, 40.5), previous="li")
SHOP = replace(FARM, name="shop", days=3, priority=1, place=(0, 0), previous=None)
BOTH = Dispatch(20, {"li": LI}, {"farm": FARM, "shop": SHOP})
PLAN = [Assignment("farm", "li", 0), Assignment("shop", "li", 10)]


def test_points_term_by_term() -> None:
    # 50.4 km at half a point are 25.2, rounded down
    assert points(Worth(), FARM, LI) == Points(priority=3000, continuity=150, travel=-25)
    assert points(Worth(), FARM, LI).total == 3125


def test_load_costs_from_half_of_the_days_on_and_more_from_four_fifths() -> None:
    of = account(BOTH, PLAN)
    assert of.loads == {"li": 4 * 20 + 1 * 40}
    assert of.total == 3125 + 1000 - 120
    assert account(BOTH, PLAN[1:]).loads == {}


def test_a_day_on_the_way_is_a_day_of_the_load() -> None:
    assert account(replace(BOTH, travel_day_km=50), PLAN).loads == {"li": 5 * 20 + 2 * 40}


def test_the_days_owed_bring_points_once_and_no_more() -> None:
    owing = replace(LI, owed_days=7)
    dispatch = replace(BOTH, commissioners={"li": owing}, worth=Worth(per_owed_day=30))
    assert account(dispatch, PLAN[1:]).owed == {"li": 90}
    assert account(dispatch, PLAN).owed == {"li": 210}
    assert account(dispatch, PLAN).total == account(BOTH, PLAN).total + 210
    assert account(dispatch, []).total == 0


def test_each_block_of_a_split_visit_costs_the_way() -> None:
    dispatch = replace(BOTH, requests={"farm": replace(FARM, split=True)}, travel_day_km=50)
    assert account(dispatch, [visit("farm", "li", [2, 3, 4, 9, 10, 15])]).loads == {"li": 4 * 20 + 1 * 40}


def test_days_in_a_row_are_told_by_the_first() -> None:
    assert visit("shop", "li", [5, 4, 3]) == Assignment("shop", "li", 3)
    assert visit("shop", "li", [5, 3, 4, 9]) == Assignment("shop", "li", 3, (3, 4, 5, 9))


def test_the_days_of_a_plan_are_working_days() -> None:
    # the holiday of October 2026 ends on the 7th, and Saturday the 10th is worked
    dates = working_days(published(), date(2026, 10, 1), date(2026, 10, 12))
    assert [day.day for day in dates] == [8, 9, 10, 12]
    assert available_days(dates) == {0, 1, 2, 3}
    assert available_days(dates, weekdays_off=[0]) == {0, 1, 2}
    assert available_days(dates, away=[(date(2026, 10, 9), date(2026, 10, 10))]) == {0, 3}


def test_a_year_without_a_notice_has_no_working_days() -> None:
    with pytest.raises(CalendarNotPublished):
        working_days(published(), date(2026, 12, 30), date(2027, 1, 4))
