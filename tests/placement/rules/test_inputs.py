"""The inputs of a plan as data, told by a digest, and compared with how things are later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.placement.rules.dispatch import Assignment, Dispatch, working_days
from services.placement.rules.inputs import Inputs, changes, window_of
from services.reference.workdays import published
from tests.placement.shapes import drawn

DATES = working_days(published(), date(2026, 10, 1), date(2026, 12, 31))


def inputs(seed: int = 1, **changed: object) -> Inputs:
    dispatch = drawn(seed, days=len(DATES), people=8, requests=20)
    versions = dict.fromkeys((*dispatch.requests, *dispatch.commissioners), '"1"')
    made = Inputs(dispatch, DATES, date(2026, 9, 30), "2026+0", versions, ("370103999",), frozenset({("r1", "c1")}))
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_packed_comes_out_the_same_with_the_same_digest(seed: int) -> None:
    packed, digest = inputs(seed).packed()
    assert Inputs.unpacked(packed) == inputs(seed)
    assert Inputs.unpacked(packed).packed() == (packed, digest)
    assert inputs(seed + 1).packed()[1] != digest


def test_a_version_is_told_by_the_digest() -> None:
    assert inputs(versions={"r1": '"2"'}).packed()[1] != inputs().packed()[1]


@pytest.mark.parametrize(
    ("first", "last", "window"),
    [
        ((2026, 10, 8), (2026, 10, 8), (0, 0)),
        ((2026, 10, 1), (2026, 10, 7), (-7, -1)),
        ((2026, 10, 9), (2026, 10, 12), (1, 3)),
        ((2026, 10, 10), (2026, 10, 10), (2, 2)),
        ((2026, 10, 11), (2026, 10, 11), (-1, -1)),
        ((2026, 12, 31), (2027, 1, 9), (len(DATES) - 1, len(DATES) + 8)),
        ((2026, 9, 1), (2027, 1, 9), (-37, len(DATES) + 8)),
        ((2026, 9, 1), (2026, 9, 10), (-37, -28)),
        ((2027, 1, 1), (2027, 1, 9), (len(DATES), len(DATES) + 8)),
    ],
)
def test_a_window_in_day_numbers(
    first: tuple[int, int, int], last: tuple[int, int, int], window: tuple[int, int]
) -> None:
    """The holiday of October ends on the 7th; the 10th, a Saturday, is worked."""
    assert window_of(DATES, date(*first), date(*last)) == window


def changed(**parts: object) -> list[str]:
    then = inputs()
    return changes(then, replace(then, dispatch=replace(then.dispatch, **parts)))  # type: ignore[arg-type]


def without(dispatch: Dispatch, name: str) -> dict[str, object]:
    return {key: each for key, each in dispatch.commissioners.items() if key != name}


def test_what_is_as_it_was_is_no_change() -> None:
    assert changes(inputs(), inputs(versions={}, calendar="2027+1")) == []


def test_each_change_is_named() -> None:
    dispatch = inputs().dispatch
    person, request = dispatch.commissioners["c3"], dispatch.requests["r4"]
    fewer = replace(person, available=person.available - {min(person.available)})
    assert changed(commissioners={**dispatch.commissioners, "c3": fewer}) == ["c3"]
    assert changed(commissioners={**dispatch.commissioners, "c3": replace(person, year_days=0)}) == ["c3"]
    assert changed(commissioners=without(dispatch, "c3")) == ["c3"]
    assert changed(requests={**dispatch.requests, "r4": replace(request, days=request.days + 1)}) == ["r4"]
    assert changed(pins=(Assignment("r1", "c1", 0),)) == ["pins"]
    assert changed(bans=frozenset({("r1", "c1")})) == ["bans"]
    assert changed(travel_day_km=100.0) == ["objective"]
    assert changes(inputs(), inputs(dates=DATES[:-1])) == ["days"]


def test_what_came_later_is_no_change() -> None:
    dispatch = inputs().dispatch
    newcomer = replace(dispatch.commissioners["c3"], name="c99")
    skilled = replace(newcomer, name="c3", skills={**newcomer.skills, "of nobody": 3})
    assert changed(commissioners={**dispatch.commissioners, "c99": newcomer, "c3": skilled}) == []
    later = replace(dispatch.requests["r4"], name="r99")
    assert changed(requests={**dispatch.requests, "r99": later}) == []
