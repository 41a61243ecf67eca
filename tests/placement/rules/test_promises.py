"""What is near and accepted weighs more, as the parameters say."""

from __future__ import annotations

import pytest

from services.placement.rules.dispatch import Assignment
from services.placement.rules.promises import Weighing, weight, weights

WEIGHING = Weighing(accepted=2.0, near=((10, 3.0), (5, 6.0)))


@pytest.mark.parametrize(
    ("days_until", "accepted", "expected"),
    [
        (11, False, 1.0),
        (10, False, 3.0),
        (6, False, 3.0),
        (5, False, 6.0),
        (-3, False, 6.0),
        (11, True, 2.0),
        (5, True, 12.0),
    ],
)
def test_a_promise_weighs_by_its_date_and_its_acceptance(days_until: int, accepted: bool, expected: float) -> None:
    assert weight(WEIGHING, days_until, accepted) == expected


def test_weights_by_request() -> None:
    promises = [Assignment("farm", "li", 12), Assignment("shop", "li", 40)]
    assert weights(WEIGHING, promises, 4, {"shop"}) == {"farm": 3.0, "shop": 2.0}
    assert weights(Weighing(near=()), promises, 4, ()) == {"farm": 1.0, "shop": 1.0}
