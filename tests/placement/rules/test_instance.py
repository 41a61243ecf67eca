"""Instances as plain data: read as they are, and a file that lies is told where."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from services.placement.rules.dispatch import Assignment, Worth
from services.placement.rules.instance import Misread, read, write, written
from tests.placement.shapes import drawn

HONEST: dict[str, Any] = {
    "days": 5,
    "objective": {"per_priority": 1000, "continuity": 150, "per_km": 0.5, "load_steps": [[0.5, 20], [0.8, 40]]},
    "commissioners": [
        {"id": "c0", "skills": {"d0": 2}, "home": [0, 1.5], "capacity_days": 4, "available": "11011"},
    ],
    "requests": [
        {
            "id": "r0",
            "discipline": "d0",
            "level": 1,
            "days": 2,
            "earliest": 0,
            "latest": 4,
            "priority": 3,
            "place": [3, 4],
            "previous": "c0",
        },
    ],
}


def test_an_instance_is_read() -> None:
    dispatch = read(HONEST)
    assert dispatch.days == 5
    commissioner, request = dispatch.commissioners["c0"], dispatch.requests["r0"]
    assert commissioner.available == {0, 1, 3, 4}
    assert (commissioner.quarter_days, commissioner.year_days) == (4, 4)
    assert (request.previous, request.days, request.place) == ("c0", 2, (3.0, 4.0))


LIES: list[tuple[list[str | int], object, str]] = [
    (["days"], 0, "days"),
    (["days"], "5", "days"),
    (["days"], 10**9, "days"),
    (["objective"], None, "objective"),
    (["objective", "per_km"], float("nan"), "per_km"),
    (["objective", "load_steps"], [[0.5, -20]], "load_steps"),
    (["objective", "per_priority"], True, "per_priority"),
    (["commissioners"], {}, "commissioners"),
    (["commissioners", 0], "c0", "commissioners[0]"),
    (["commissioners", 0, "available"], "1111", "available"),
    (["commissioners", 0, "available"], "11x11", "available"),
    (["commissioners", 0, "capacity_days"], -1, "capacity_days"),
    (["commissioners", 0, "skills"], {"d0": "2"}, "skills"),
    (["commissioners", 0, "home"], [1], "home"),
    (["requests", 0, "days"], 0, "days"),
    (["requests", 0, "level"], 1.5, "level"),
    (["requests", 0, "place"], [1, float("inf")], "place"),
    (["requests", 0, "previous"], 7, "previous"),
    (["requests", 0, "id"], "", "id"),
    (["requests", 0, "latest"], -1, "before it begins"),
    (["requests", 0, "split"], 1, "split"),
    (["requests", 0, "team"], "yes", "team"),
    (["requests", 0, "refused"], "c0", "refused"),
    (["requests", 0, "place"], [1e300, 0], "place"),
    (["objective", "per_owed_day"], -1, "per_owed_day"),
    (["objective", "per_km"], 10**400, "per_km"),
    (["commissioners", 0, "year_days"], 1.5, "year_days"),
    (["commissioners", 0, "owed_days"], -1, "owed_days"),
    (["commissioners", 0, "in_force"], "111", "in_force"),
    (["commissioners", 0, "members"], [""], "members"),
    (["travel_day_km"], "far", "travel_day_km"),
    (["pins"], [{"request": "r0", "commissioner": "c0", "start": 0, "on": ["0"]}], "pins[0]"),
    (["pins"], [{"request": "r9", "commissioner": "c0", "start": 0}], "pins[0]"),
    (["bans"], [["r0"]], "bans[0]"),
    (["bans"], [["r0", "c9"]], "bans[0]"),
    (["bans"], {}, "bans"),
]


def test_what_is_written_is_read_as_it_was() -> None:
    dispatch = drawn(3, people=6, requests=12, travel_day_km=40.0, split=0.5, teams=2, owed=True)
    banned = frozenset({("r1", "c2"), ("r0", "c3")})
    pins = (Assignment("r0", "c0", 3), Assignment("r1", "c1", 2, (2, 5)))
    dispatch = replace(dispatch, bans=banned, pins=pins, worth=Worth(per_owed_day=25, per_km=0.25))
    assert read(json.loads(json.dumps(write(dispatch)))) == dispatch
    assert written(pins[0]) == {"request": "r0", "commissioner": "c0", "start": 3}


@pytest.mark.parametrize(("path", "value", "named"), LIES)
def test_a_lie_is_told(path: list[str | int], value: object, named: str) -> None:
    lying: Any = copy.deepcopy(HONEST)
    at = lying
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(Misread, match=named.replace("[", r"\[")):
        read(lying)


def test_every_fault_is_told_at_once() -> None:
    lying = copy.deepcopy(HONEST)
    lying["commissioners"].append(lying["commissioners"][0])
    lying["requests"][0]["days"] = -1
    with pytest.raises(Misread) as told:
        read(lying)
    assert len(told.value.faults) == 2


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_object_is_no_instance(data: object) -> None:
    with pytest.raises(Misread):
        read(data)
