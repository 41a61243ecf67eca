"""What a promise weighs, which promises can stand, and what a plan changes of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.placement.rules.promises import Weights
from services.reference.parameters import Pack

SHIPPED = Path("services/placement/parameters/placement.yaml")
TODAY = date(2026, 11, 23)


def test_a_promise_weighs_more_the_nearer_it_is_and_once_it_is_accepted() -> None:
    weights = Weights(near_days=10, near=2, accepted=1)
    far = weights.weight(date(2026, 12, 3), TODAY, accepted=False)
    near = weights.weight(date(2026, 11, 28), TODAY, accepted=False)
    assert (far, near) == (1.0, 2.0)
    assert weights.weight(TODAY, TODAY, accepted=False) == 3.0
    assert weights.weight(date(2026, 11, 1), TODAY, accepted=False) == 3.0, "one that has begun is as near as can be"
    assert weights.weight(TODAY, TODAY, accepted=True) == 4.0
    days = [weights.weight(date.fromordinal(TODAY.toordinal() + n), TODAY, accepted=False) for n in range(20)]
    assert days == sorted(days, reverse=True)


def test_what_nobody_knows_weighs_nothing() -> None:
    assert Weights().weight(TODAY, TODAY, accepted=True) == 1.0
    shipped = Weights.of(Pack.load(SHIPPED), "371526", TODAY)
    assert shipped == Weights(near_days=14, near=2.0, accepted=1.0)
    assert Weights.of(Pack.load(SHIPPED), "371526", date(2020, 1, 1)) == Weights(), "before the values are in force"


@pytest.mark.parametrize("accepted", [True, False])
def test_no_promise_weighs_less_than_one(accepted: bool) -> None:
    for ahead in range(-5, 400):
        day = date.fromordinal(TODAY.toordinal() + ahead)
        assert Weights(14, 2, 1).weight(day, TODAY, accepted=accepted) >= 1
