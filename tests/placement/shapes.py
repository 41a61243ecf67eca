"""Dispatches drawn at random: of the usual shape, and of others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request, Worth, account, visit


def drawn(
    seed: int,
    *,
    days: int = 60,
    people: int = 20,
    requests: int = 80,
    disciplines: int = 6,
    longest: int = 5,
    window: int = 16,
    capacity: tuple[int, int] = (10, 30),
    travel_day_km: float | None = None,
    split: float = 0.0,
    teams: int = 0,
    owed: bool = False,
) -> Dispatch:
    """A dispatch; the same seed and shape draw the same again. `split` is the share of visits that may be."""
    chance = random.Random(seed)
    names = [f"d{number}" for number in range(disciplines)]
    commissioners = {}
    for number in range(people):
        quarter = chance.randint(*capacity)
        off = chance.choice([None, None, 0, 1, 2, 3, 4])
        skilled = chance.sample(names, chance.randint(1, min(3, disciplines)))
        commissioners[f"c{number}"] = Commissioner(
            name=f"c{number}",
            skills={name: chance.randint(1, 3) for name in skilled},
            home=(chance.uniform(0, 100), chance.uniform(0, 100)),
            quarter_days=quarter,
            year_days=chance.choice([quarter, quarter + 10, max(1, quarter - 1)]),
            available=frozenset(day for day in range(days) if day % 5 != off and chance.random() > 0.05),
            in_force=frozenset(range(chance.choice([0, 0, 0, days // 4]), days)),
        )
    wanted = {}
    for number in range(requests):
        stay = chance.randint(1, longest)
        earliest = chance.randint(0, max(0, days - stay))
        wanted[f"r{number}"] = Request(
            name=f"r{number}",
            discipline=chance.choice(names),
            level=chance.randint(1, 3),
            days=stay,
            earliest=earliest,
            latest=min(days - 1, earliest + stay - 1 + chance.randint(0, window)),
            priority=chance.choice([1, 1, 2, 3, 5]),
            place=(chance.uniform(0, 100), chance.uniform(0, 100)),
            previous=chance.choice([None, None, f"c{chance.randrange(people)}"]),
            refused=frozenset(chance.sample(sorted(commissioners), 1)) if chance.random() < 0.1 else frozenset(),
        )
    # drawn last, so that a shape without these draws what it always did
    singles = sorted(commissioners)
    for number in range(teams):
        members = frozenset(chance.sample(singles, min(2, people)))
        name = f"t{number}"
        commissioners[name] = replace(commissioners[min(members)], name=name, members=members)
    for name, request in wanted.items():
        if teams or split:
            team = teams > 0 and chance.random() < 0.3
            wanted[name] = replace(request, split=chance.random() < split, team=team)
    if owed:
        for name, each in commissioners.items():
            commissioners[name] = replace(each, owed_days=chance.randint(0, max(1, each.quarter_days)))
    worth = Worth(per_owed_day=30) if owed else Worth()
    return Dispatch(days, commissioners, wanted, worth, travel_day_km=travel_day_km)


def _in_a_row(days: range, count: int) -> Iterator[tuple[int, ...]]:
    return (tuple(days[first : first + count]) for first in range(len(days) - count + 1))


def best_by_enumeration(dispatch: Dispatch) -> float:
    """The objective of the best plan: every way to serve or leave each request is tried, and checked by the rules."""
    options: list[list[Assignment | None]] = []
    for request in dispatch.requests.values():
        stays = combinations if request.split else _in_a_row
        visits = (
            visit(request.name, who, on)
            for who in dispatch.commissioners
            for on in stays(range(dispatch.days), request.days)
        )
        alone = {pin for pin in dispatch.pins if pin.request != request.name}
        possible = [each for each in visits if not violations(dispatch, [each, *alone])]
        options.append([None, *possible])
    best = float("-inf")
    for choice in product(*options):
        plan = [each for each in choice if each is not None]
        value = account(dispatch, plan).total
        if value > best and not violations(dispatch, plan):
            best = value
    return best
