"""Why a request is left unserved: each cause by itself, and held against the checker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.placement.rules.checker import RULES, violations
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request
from services.placement.rules.unserved import Cause, causes
from tests.placement.shapes import drawn

DAYS = 10
EVERY = frozenset(range(DAYS))
PERSON = Commissioner("c", {"d": 2}, (0.0, 0.0), 5, 5, EVERY, EVERY)
WANTED = Request("r", "d", 2, 2, 0, 9, 1, (30.0, 0.0))


def cause(person: Commissioner = PERSON, wanted: Request = WANTED, **more: object) -> Cause:
    dispatch = Dispatch(DAYS, {person.name: person}, {wanted.name: wanted})
    uncovered = more.pop("uncovered", ())
    dispatch = replace(dispatch, **more)  # type: ignore[arg-type]
    ((name, found),) = causes(dispatch, [], uncovered)  # type: ignore[arg-type]
    assert name == "r"
    return found


def test_each_cause_by_itself() -> None:
    assert cause() is Cause.OUTWEIGHED
    assert cause(wanted=replace(WANTED, earliest=-9, latest=-5)) is Cause.WINDOW
    assert cause(wanted=replace(WANTED, earliest=9, latest=12)) is Cause.WINDOW
    assert cause(wanted=replace(WANTED, level=3)) is Cause.QUALIFICATION
    assert cause(wanted=replace(WANTED, discipline="e")) is Cause.QUALIFICATION
    assert cause(wanted=replace(WANTED, team=True)) is Cause.QUALIFICATION
    assert cause(wanted=replace(WANTED, refused=frozenset({"c"}))) is Cause.BANNED
    assert cause(bans=frozenset({("r", "c")})) is Cause.BANNED
    assert cause(bans=frozenset({("r", "c")}), uncovered={("r", "c")}) is Cause.AGREEMENT
    assert cause(replace(PERSON, in_force=frozenset({0, 2, 4}))) is Cause.AGREEMENT
    assert cause(replace(PERSON, available=frozenset({0, 2, 4}))) is Cause.CALENDAR
    assert cause(replace(PERSON, available=frozenset({0, 2, 4})), replace(WANTED, split=True)) is Cause.OUTWEIGHED
    assert cause(replace(PERSON, quarter_days=1)) is Cause.LIMITS
    assert cause(replace(PERSON, year_days=1)) is Cause.LIMITS


def test_the_way_counts() -> None:
    two = replace(PERSON, available=frozenset({3, 4}))
    assert cause(two) is Cause.OUTWEIGHED
    assert cause(two, travel_day_km=20.0) is Cause.CALENDAR
    assert cause(replace(PERSON, quarter_days=2), travel_day_km=20.0) is Cause.LIMITS


@pytest.mark.parametrize("seed", range(8))
def test_only_those_who_are_outweighed_could_be_served_alone(seed: int) -> None:
    """A request can be served with nobody else in the plan, exactly where the cause says that others are worth more."""
    dispatch = drawn(seed, days=20, people=4, requests=12, travel_day_km=60.0)
    rules = {code: rule for code, rule in RULES.items() if code != "PD-PIN"}
    for name, found in causes(dispatch, []):
        request = dispatch.requests[name]
        if request.split:
            continue
        alone = any(
            not violations(dispatch, [Assignment(name, who, start)], rules)
            for who in dispatch.commissioners
            for start in range(dispatch.days)
        )
        assert alone is (found is Cause.OUTWEIGHED), (name, found)
