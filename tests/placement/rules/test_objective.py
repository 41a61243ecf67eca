"""The objective of plans: by the parameters, or not at all."""

from __future__ import annotations

from datetime import date

import pytest

from services.placement.plans.collecting import SHIPPED
from services.placement.rules import objective
from services.reference.parameters import Confidence, Pack

PACK = Pack.load(SHIPPED)
ON = date(2026, 12, 1)


def pack(key: str, value: str) -> Pack:
    return Pack.load(
        f"""
pack: placement
version: 2026-11-27
title: {{zh: 派驻, en: Dispatch}}
parameters:
- {{key: {key}, value: {value}, unit: points, division: "370000", effective_from: 2026-01-01, effective_to: 2026-12-31,
   source: 样例, confidence: unconfirmed}}
rules: []
"""
    )


def test_what_ships_is_what_the_planner_is_measured_with_and_says_it_is_unconfirmed() -> None:
    assert objective.defaults(objective.checked(PACK), "370103", ON) == {
        "per_priority": 1000,
        "continuity": 150,
        "per_km": 0.5,
        "load_steps": [[0.5, 20.0], [0.8, 40.0]],
        "per_owed_day": 0,
        "travel_day_km": 0.0,
    }
    ours = [each for each in PACK.parameters if each.key.startswith("dispatch.")]
    assert {each.confidence for each in ours} == {Confidence.UNCONFIRMED}


def test_what_holds_elsewhere_or_at_another_time_counts_for_nothing() -> None:
    known = pack("dispatch.per_km", "2.5")
    assert objective.defaults(known, "370103", ON)["per_km"] == 2.5
    assert objective.defaults(known, "110101", ON)["per_km"] == 0
    assert objective.defaults(known, "370103", date(2027, 1, 1))["per_km"] == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dispatch.per_priority", "-1"),
        ("dispatch.quarter_days_most", "-5"),
        ("dispatch.per_km", "-0.5"),
        ("dispatch.load_steps", "{1.5: 20}"),
        ("dispatch.load_steps", "{half: 20}"),
        ("dispatch.load_steps", "20"),
    ],
)
def test_a_parameter_that_is_none_is_named(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=key):
        objective.checked(pack(key, value))
