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
from services.placement.rules.fitting import ORDER
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


def test_a_visit_may_be_split_and_a_team_done_without() -> None:
    # on the days 2 to 5 every other one is taken
    other = {f"o{day}": replace(FARM, name=f"o{day}", days=1, earliest=day, latest=day) for day in (2, 4)}
    wide = replace(FARM, latest=5)
    taken = [Assignment(name, "li", each.earliest) for name, each in other.items()]
    dispatch = replace(SMALL, requests={**other, "farm": wide})
    assert of(Planned(dispatch, taken).changes("farm"))[Remedy.SPLIT] == 1
    apart = Planned(replace(dispatch, requests={**other, "farm": replace(wide, split=True)}), taken)
    assert of(apart.changes("farm")) == {Remedy.NOTHING: 0}
    assert apart.choice("farm").candidates[0].on == (3, 5)
    team = Planned(replace(dispatch, requests={"farm": replace(wide, team=True)}), [])
    assert [each.excluded for each in team.choice("farm").candidates] == ["PD-QUALIFICATION", "PD-TEAM"]
    assert of(team.changes("farm")) == {Remedy.NO_TEAM: 1, Remedy.ONE_MORE: 1}


def test_a_member_elsewhere_keeps_the_team_away_and_may_give_way() -> None:
    team = replace(WU, name="team", members=frozenset({"li"}))
    dispatch = replace(SMALL, commissioners={"li": LI, "team": team})
    dispatch = replace(dispatch, requests={"farm": replace(FARM, team=True), "shop": SHOP})
    planned = Planned(dispatch, [Assignment("shop", "li", 2)])
    told = {each.commissioner: (each.excluded, each.busy_with) for each in planned.choice("farm").candidates}
    assert told == {"li": ("PD-TEAM", ()), "team": ("PD-MEMBER", ("shop",))}
    way = next(each for each in planned.changes("farm") if each.remedy is Remedy.GIVE_WAY)
    assert (way.giving_way, way.visit, way.net) == (("shop",), Assignment("farm", "team", 2), 950 - 3000)


def test_what_can_never_be_is_told_as_such() -> None:
    idle = {
        "no day": replace(LI, name="no day", available=frozenset()),
        "no agreement": replace(LI, name="no agreement", in_force=frozenset()),
        "nothing to give": replace(LI, name="nothing to give", year_days=0),
        "one of another": replace(LI, name="one of another", skills={"iron": 3}),
    }
    dispatch = replace(SMALL, commissioners=idle, requests={"farm": FARM})
    told = {each.commissioner: each.excluded for each in Planned(dispatch, []).choice("farm").candidates}
    assert told == {
        "no day": "PD-AVAILABILITY",
        "no agreement": "PD-AGREEMENT",
        "nothing to give": "PD-YEAR-LIMIT",
        "one of another": "PD-QUALIFICATION",
    }
    past = replace(SMALL, requests={"farm": replace(FARM, earliest=-9, latest=-3)})
    planned = Planned(past, [])
    assert [each.excluded for each in planned.choice("farm").candidates] == ["PD-QUALIFICATION", "PD-WINDOW"]
    assert of(planned.changes("farm")) == {Remedy.LATER: 4}
    unheard = Planned(replace(SMALL, requests={"farm": replace(FARM, discipline="unheard")}), [])
    assert {each.excluded for each in unheard.choice("farm").candidates} == {"PD-QUALIFICATION"}
    assert of(unheard.changes("farm")) == {Remedy.ONE_MORE: 1}


def asked(dispatch: Dispatch, plan: list[Assignment], request: Request, commissioner: Commissioner) -> str:
    """The rule that keeps a visit in a row out, by asking the checker for each day: the nearest to letting it be."""
    others = [each for each in plan if each.commissioner == commissioner.name and each.request != request.name]
    others += [each for each in plan if dispatch.commissioners[each.commissioner].people & commissioner.people]
    first, last = max(0, request.earliest), min(request.latest, dispatch.days - 1) - request.days + 1
    closest = ""
    for start in range(first, last + 1):
        visit = Assignment(request.name, commissioner.name, start)
        found = violations(dispatch, [*(each for each in dict.fromkeys(others) if each.request != request.name), visit])
        codes = {each.code for each in found}
        code = next((code for code in ORDER if code in codes), "")
        if not code:
            return ""
        closest = max(closest, code, key=("", *ORDER).index)
    return closest or "PD-WINDOW"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), travel=st.sampled_from([None, 50.0]), teams=st.integers(0, 2))
def test_what_keeps_each_from_a_request_is_what_the_checker_says(seed: int, travel: float | None, teams: int) -> None:
    dispatch = drawn(
        seed,
        days=15,
        people=4,
        requests=20,
        disciplines=3,
        window=4,
        capacity=(3, 9),
        travel_day_km=travel,
        teams=teams,
    )
    plan = list(solve(lay_out(dispatch), Limits(rounds=1, steps=40)).assignments)
    planned = Planned(dispatch, plan)
    for name, request in dispatch.requests.items():
        for candidate in planned.choice(name).candidates:
            commissioner = dispatch.commissioners[candidate.commissioner]
            assert candidate.excluded == asked(dispatch, plan, request, commissioner)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    travel=st.sampled_from([None, 50.0]),
    split=st.sampled_from([0.0, 0.5]),
    teams=st.integers(0, 2),
    owed=st.booleans(),
)
def test_every_remedy_serves_and_every_number_can_be_counted_again(
    seed: int, travel: float | None, split: float, teams: int, owed: bool
) -> None:
    shape = {"days": 15, "people": 4, "requests": 20, "disciplines": 3, "window": 4}
    dispatch = drawn(seed, **shape, capacity=(3, 9), travel_day_km=travel, split=split, teams=teams, owed=owed)
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
                with_it = [*plan, Assignment(name, candidate.commissioner, candidate.start, candidate.on)]
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
