"""Instances of other shapes, in the format of `services/placement/rules/instance.py`: the same seed draws the same.

The family is that of the quarter with 60 working days and 30 disciplines, supply flatter than demand; half of the
commissioners lose a weekday, two in five are on leave for some days.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

DAYS = 60


@dataclass(frozen=True)
class Shape:
    """How many of each, and how long: `stay` days of a visit, `window` days more than it needs, shares of requests."""

    people: int = 200
    requests: int = 2000
    disciplines: int = 30
    stay: tuple[int, int] = (1, 5)
    window: int = 15
    capacity: tuple[int, int] = (15, 40)
    days: int = DAYS
    split: float = 0.0
    teams: int = 0
    want_team: float = 0.0
    owed: bool = False
    travel_day_km: float | None = None


USUAL = Shape()
SHAPES: Mapping[str, Shape] = {
    "usual": USUAL,
    "alone": Shape(people=1, requests=10_000, disciplines=1),
    "few": Shape(people=8, requests=3000, disciplines=5),
    "long": Shape(people=100, requests=400, stay=(10, 30), capacity=(30, 60), window=20),
    "one-discipline": replace(USUAL, disciplines=1),
    "year": Shape(people=100, requests=1500, days=248, window=40, capacity=(30, 80)),
    "travel": replace(USUAL, travel_day_km=40.0),
    "split": replace(USUAL, split=0.5),
    "split-travel": replace(USUAL, split=0.5, travel_day_km=40.0),
    "teams": replace(USUAL, teams=30, want_team=0.1),
    "owed": replace(USUAL, requests=800, owed=True),
    "everything": replace(USUAL, split=0.3, teams=30, want_team=0.1, owed=True, travel_day_km=40.0),
}


def draw(shape: Shape, seed: int = 0) -> dict[str, Any]:
    """An instance."""
    chance = random.Random(seed)
    names = [f"d{number:02}" for number in range(shape.disciplines)]
    demand = [chance.expovariate(1.0) for _ in names]
    supply = [0.5 + weight / 2 for weight in demand]
    people = [_commissioner(chance, shape, number, names, supply) for number in range(shape.people)]
    requests = [_request(chance, shape, number, names, demand) for number in range(shape.requests)]
    people += [_team(chance, shape, number, people[: shape.people]) for number in range(shape.teams)]
    objective: dict[str, Any] = {"per_priority": 1000, "continuity": 150, "per_km": 0.5}
    objective["load_steps"] = [[0.5, 20], [0.8, 40]]
    if shape.owed:
        objective["per_owed_day"] = 30
    drawn = {"days": shape.days, "objective": objective, "commissioners": people, "requests": requests}
    return drawn if shape.travel_day_km is None else {**drawn, "travel_day_km": shape.travel_day_km}


def _place(chance: random.Random) -> list[float]:
    return [round(chance.uniform(0, 100), 3) for _ in range(2)]


def _commissioner(
    chance: random.Random, shape: Shape, number: int, names: list[str], supply: list[float]
) -> dict[str, Any]:
    off = chance.choice([None, None, None, None, None, 0, 1, 2, 3, 4])
    away: set[int] = set()
    if chance.random() < 0.4:
        first = chance.randrange(shape.days)
        away = set(range(first, first + chance.randint(3, 10)))
    skilled = {chance.choices(names, supply)[0] for _ in range(chance.randint(1, 3))}
    capacity = chance.randint(*shape.capacity)
    made = {
        "id": f"c{number:05}",
        "skills": {name: chance.randint(1, 3) for name in sorted(skilled)},
        "home": _place(chance),
        "capacity_days": capacity,
        "available": "".join("01"[day % 5 != off and day not in away] for day in range(shape.days)),
    }
    return {**made, "owed_days": chance.randint(0, capacity)} if shape.owed else made


def _request(chance: random.Random, shape: Shape, number: int, names: list[str], demand: list[float]) -> dict[str, Any]:
    stay = chance.randint(*shape.stay)
    earliest = chance.randint(0, shape.days - stay)
    made: dict[str, Any] = {
        "id": f"r{number:05}",
        "discipline": chance.choices(names, demand)[0],
        "level": chance.choice([1, 1, 2, 2, 3]),
        "days": stay,
        "earliest": earliest,
        "latest": min(shape.days - 1, earliest + stay - 1 + chance.randint(0, shape.window)),
        "priority": chance.choice([1, 1, 1, 2, 2, 3, 5]),
        "place": _place(chance),
        "previous": f"c{chance.randrange(shape.people):05}" if chance.random() < 0.3 else None,
    }
    if shape.split and stay > 1 and chance.random() < shape.split:
        made["split"] = True
    if shape.want_team and chance.random() < shape.want_team:
        made["team"] = True
    return made


def _team(chance: random.Random, shape: Shape, number: int, people: list[dict[str, Any]]) -> dict[str, Any]:
    members = chance.sample(people, 3)
    skills: dict[str, int] = {}
    for each in members:
        for name, level in each["skills"].items():
            skills[name] = max(level, skills.get(name, 0))
    every = zip(*(each["available"] for each in members), strict=True)
    return {
        "id": f"t{number:05}",
        "skills": skills,
        "home": members[0]["home"],
        "capacity_days": chance.randint(*shape.capacity),
        "available": "".join("01"[set(marks) == {"1"}] for marks in every),
        "members": sorted(each["id"] for each in members),
    }
