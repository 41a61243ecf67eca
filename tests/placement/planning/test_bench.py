"""The bench's own checker finds each fault there can be, and its shapes are planned without one."""

from __future__ import annotations

import gzip
import inspect
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.dispatch.check import check
from bench.dispatch.run import main
from bench.dispatch.shapes import SHAPES, draw
from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import account
from services.placement.rules.explain import Planned
from services.placement.rules.instance import read, write, written
from tests.placement.shapes import drawn

LI: dict[str, Any] = {
    "id": "li",
    "skills": {"tea": 2},
    "home": [0, 0],
    "capacity_days": 6,
    "available": "1111111110",
    "in_force": "1111111101",
}
FARM: dict[str, Any] = {
    "id": "farm",
    "discipline": "tea",
    "level": 2,
    "days": 2,
    "earliest": 2,
    "latest": 6,
    "priority": 1,
    "place": [30, 40],
    "previous": None,
    "split": True,
}
SHOP: dict[str, Any] = {**FARM, "id": "shop", "days": 3, "earliest": 0, "latest": 9, "place": [0, 0], "split": False}
KEPT: dict[str, Any] = {
    "days": 10,
    "objective": {"per_priority": 1000, "continuity": 150, "per_km": 0.5, "load_steps": [[0.5, 20]]},
    "commissioners": [LI, {**LI, "id": "team", "members": ["li", "an"]}],
    "requests": [FARM, SHOP],
}
PLAN: list[dict[str, Any]] = [
    {"request": "farm", "commissioner": "li", "start": 2, "on": [2, 6]},
    {"request": "shop", "commissioner": "li", "start": 3},
]
WORTH = 2000 - 25 - 40


def told(instance: dict[str, Any], plan: list[dict[str, Any]], **solution: Any) -> list[str]:
    """The faults, those of the objective left out unless it is given."""
    _, total = check(instance, {"assignments": plan, "objective": 0, "bound": None, **solution})
    return check(instance, {"assignments": plan, "objective": total, "bound": None, **solution})[0]


def with_li(**changed: Any) -> dict[str, Any]:
    return {**KEPT, "commissioners": [{**LI, **changed}, KEPT["commissioners"][1]]}


def with_farm(**changed: Any) -> dict[str, Any]:
    return {**KEPT, "requests": [{**FARM, **changed}, SHOP]}


def at(start: int, **changed: Any) -> list[dict[str, Any]]:
    return [{"request": "shop", "commissioner": "li", "start": start, **changed}]


CONTROLS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "no such request or commissioner": (KEPT, at(0, request="mill")),
    "served twice": (KEPT, [*at(0), *at(4)]),
    "not to be sent there": ({**KEPT, "bans": [["shop", "li"]]}, at(0)),
    "not qualified": (with_li(skills={"tea": 1}), at(0)),
    "no team": (with_farm(team=True), PLAN),
    "not 3 days from": ({**KEPT, "requests": [FARM, {**SHOP, "split": True}]}, at(0, on=[0, 2])),
    "not in a row": (KEPT, at(0, on=[0, 2, 3])),
    "outside the window": (with_farm(latest=5), PLAN),
    "not available on day 9": (with_li(in_force="1111111111"), at(7)),
    "not available on day 8": (with_li(available="1111111111"), at(6)),
    "in two places": (KEPT, [PLAN[0], *at(1)]),
    "days of": (with_li(capacity_days=4), PLAN),
    "not in the plan": ({**KEPT, "pins": at(0)}, PLAN),
}


def test_a_plan_without_a_fault_has_none_and_is_worth_what_it_is_worth() -> None:
    assert check(KEPT, {"assignments": PLAN, "objective": WORTH, "bound": WORTH}) == ([], WORTH)
    owing = with_li(owed_days=3)
    owing["objective"] = {**KEPT["objective"], "per_owed_day": 10}
    assert check(owing, {"assignments": PLAN, "objective": WORTH + 30, "bound": None}) == ([], WORTH + 30)


@pytest.mark.parametrize("fault", CONTROLS)
def test_each_fault_is_found(fault: str) -> None:
    instance, plan = CONTROLS[fault]
    found = told(instance, plan)
    assert found
    assert all(fault in each for each in found)


def test_what_else_is_not_to_be() -> None:
    assert "not to be sent there" in told(with_farm(refused=["li"]), PLAN)[0]
    assert "days of 4" in told(with_li(year_days=4), PLAN)[0]
    # days on the way: before the plan, before each block, and on another visit's
    assert "not available on day -1" in told({**KEPT, "travel_day_km": 0}, at(0))[0]
    apart = {**KEPT, "travel_day_km": 50}
    assert told(apart, [PLAN[0]]) == []
    assert "in two places on day 5" in told(apart, PLAN)[0]
    # a member is not with the team and elsewhere
    assert "in two places" in told(KEPT, [PLAN[0], *at(2, commissioner="team")])[0]


def test_an_objective_and_a_bound_that_lie_are_found() -> None:
    assert "the objective is" in told(KEPT, PLAN, objective=WORTH + 1)[0]
    assert "is below the objective" in told(KEPT, PLAN, bound=WORTH - 1)[0]


def test_every_fault_has_its_control() -> None:
    said = re.findall(r'f"([^"]*)"', inspect.getsource(check))
    tested = [fault.replace("3", "{request['days']}").split(" on day")[0] for fault in CONTROLS]
    tested += ["the objective is", "is below the objective"]
    assert said
    for each in said:
        assert any(fault in each for fault in tested), each


@pytest.mark.parametrize("seed", range(3))
def test_it_counts_as_the_rules_do(seed: int) -> None:
    dispatch = drawn(seed, people=8, requests=30, days=30, split=0.5, teams=3, owed=True, travel_day_km=40.0)
    plan = solve(lay_out(dispatch), Limits(rounds=2, steps=80)).assignments
    pinned = replace(dispatch, pins=plan[:2])
    solution = {"assignments": [written(each) for each in plan], "objective": account(pinned, plan).total}
    assert check(write(pinned), {**solution, "bound": None})[0] == []


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_planned_and_what_is_unserved_is_told_why(name: str) -> None:
    shape = SHAPES[name]
    small = replace(shape, people=min(shape.people, 12), requests=min(shape.requests, 150), teams=min(shape.teams, 3))
    instance = draw(small, 1)
    assert instance == draw(small, 1)
    dispatch = read(instance)
    solution = solve(lay_out(dispatch), Limits(rounds=1, steps=40))
    last = solution.last
    assert violations(dispatch, solution.assignments) == []
    told_of = {"assignments": [written(each) for each in solution.assignments]}
    assert check(instance, {**told_of, "objective": last.objective, "bound": last.bound})[0] == []
    planned = Planned(dispatch, solution.assignments)
    unserved = dispatch.requests.keys() - {each.request for each in solution.assignments}
    for request in sorted(unserved)[:10]:
        assert planned.choice(request).chosen is None
        assert planned.changes(request)


def test_a_file_that_lies_is_told_and_no_trace_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gzip.compress(json.dumps(KEPT).encode())
    lies = {
        "missing.json": None,
        "empty.json": b"",
        "cut.json.gz": whole[:-20],
        "broken.json.gz": whole[:20] + b"\xff" * 20 + whole[40:],
        "plain.json.gz": json.dumps(KEPT).encode(),
        "deep.json": b"[" * 100_000,
        "latin.json": b'{"days": "\xff"}',
        "list.json": b"[]",
        "pins.json": json.dumps({**KEPT, "pins": [*at(0), *at(4, commissioner="team")]}).encode(),
        "places.json": json.dumps({**KEPT, "pins": [PLAN[0], *at(1)]}).encode(),
    }
    for name, content in lies.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        monkeypatch.setattr(sys, "argv", ["bench.dispatch", str(path), "--rounds", "1"])
        assert main() == 2, name
        told_of = capsys.readouterr().err
        assert told_of.startswith(f"{path}: "), name
        if name in ("pins.json", "places.json"):
            assert "shop" in told_of
            assert ("team" if name == "pins.json" else "farm") in told_of
