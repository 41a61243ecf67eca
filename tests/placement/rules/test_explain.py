"""Explanations: true of the plan they speak of, and every remedy serves what it is for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request, account
from services.placement.rules.explain import Change, Planned, Remedy
from tests.placement.shapes import drawn

TEN = frozenset(range(10))
LI = Commissioner("li", {"tea": 2}, (0, 0), quarter_days=6, year_days=6, available=TEN, in_force=TEN)
WU = replace(LI, name="wu", home=(60, 80))
FU = replace(LI, name="fu", skills={"tea": 1})
FARM = Request("farm", "tea", 2, days=2, earliest=2, latest=3, priority=1, place=(0, 0))
SHOP = replace(FARM, name="shop", priority=3)
SMALL = Dispatch(10, {each.name: each for each in (LI, FU)}, {"farm": FARM, "shop": SHOP})


def of(change: list[Change]) -> dict[Remedy, int]:
    return {each.remedy: each.amount for each in change}


def test_the_chosen_the_second_best_and_who_was_kept_from_it() -> None:
    dispatch = replace(SMALL, commissioners={"li": LI, "wu": WU, "fu": FU})
    choice = Planned(dispatch, [Assignment("shop", "li", 2)]).choice("shop")
    assert choice.chosen is not None
    assert (choice.chosen.commissioner, choice.chosen.start, choice.chosen.net) == ("li", 2, 3000)
    assert choice.second is not None
    assert (choice.second.commissioner, choice.second.points.travel, choice.second.net) == ("wu", -50, 2950)
    assert [(each.commissioner, each.excluded) for each in choice.candidates] == [
        ("li", ""),
        ("wu", ""),
        ("fu", "PD-QUALIFICATION"),
    ]


def test_what_is_in_the_way_is_named() -> None:
    choice = Planned(SMALL, [Assignment("shop", "li", 2)]).choice("farm")
    assert choice.chosen is choice.second is None
    told = {each.commissioner: (each.excluded, each.busy_with) for each in choice.candidates}
    assert told == {"li": ("PD-ONE-PLACE", ("shop",)), "fu": ("PD-QUALIFICATION", ())}


def test_remedies_are_the_least_of_their_kind() -> None:
    changes = Planned(SMALL, [Assignment("shop", "li", 2)]).changes("farm")
    assert of(changes) == {
        Remedy.LATER: 2,
        Remedy.EARLIER: 2,
        Remedy.LEVEL_LESS: 1,
        Remedy.GIVE_WAY: 1,
        Remedy.ONE_MORE: 1,
    }
    way = next(each for each in changes if each.remedy is Remedy.GIVE_WAY)
    assert (way.giving_way, way.net) == (("shop",), -2000)


def test_a_limit_and_a_refusal_have_remedies_of_their_own() -> None:
    tired = replace(SMALL, commissioners={"li": replace(LI, quarter_days=1)})
    assert of(Planned(tired, []).changes("farm")) == {Remedy.FEWER_DAYS: 1, Remedy.MORE_LIMIT: 1, Remedy.ONE_MORE: 1}
    refused = replace(SMALL, requests={"farm": replace(FARM, level=2, refused=frozenset({"li"}))})
    assert Remedy.LIFT_BAN in of(Planned(refused, []).changes("farm"))
    banned = replace(SMALL, bans=frozenset({("farm", "li")}))
    assert Remedy.LIFT_BAN in of(Planned(banned, []).changes("farm"))


def test_where_there_is_room_it_says_so() -> None:
    assert of(Planned(SMALL, []).changes("farm")) == {Remedy.NOTHING: 0}


def test_a_pinned_visit_gives_no_way() -> None:
    pinned = replace(SMALL, pins=(Assignment("shop", "li", 2),))
    assert Remedy.GIVE_WAY not in of(Planned(pinned, pinned.pins).changes("farm"))


def test_a_remedy_that_does_not_serve_is_found_out() -> None:
    planned = Planned(SMALL, [Assignment("shop", "li", 2)])
    assert not planned.serves(Change(Remedy.LATER, 1, Assignment("farm", "li", 3), 0.0), "farm")
    assert planned.serves(Change(Remedy.LATER, 2, Assignment("farm", "li", 4), 0.0), "farm")


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), travel=st.sampled_from([None, 50.0]))
def test_every_remedy_serves_and_every_number_can_be_counted_again(seed: int, travel: float | None) -> None:
    dispatch = drawn(
        seed, days=15, people=4, requests=20, disciplines=3, window=4, capacity=(3, 9), travel_day_km=travel
    )
    plan = solve(lay_out(dispatch), Limits(rounds=2, steps=80)).assignments
    planned, before = Planned(dispatch, plan), account(dispatch, plan).total
    served = {each.request: each for each in plan}
    for name in dispatch.requests:
        choice = planned.choice(name)
        if name in served:
            assert choice.chosen is not None
            assert (choice.chosen.commissioner, choice.chosen.start) == (
                served[name].commissioner,
                served[name].start,
            )
            continue
        for candidate in choice.candidates:
            if not candidate.excluded:
                with_it = [*plan, Assignment(name, candidate.commissioner, candidate.start)]
                assert violations(dispatch, with_it) == []
                assert account(dispatch, with_it).total == pytest.approx(before + candidate.net)
        changes = planned.changes(name)
        assert changes
        for change in changes:
            relaxed, after = planned.relaxed(change, name)
            assert violations(relaxed, after) == []
            assert name in {each.request for each in after}
            if change.remedy in (Remedy.NOTHING, Remedy.GIVE_WAY):
                assert account(relaxed, after).total == pytest.approx(before + change.net)
