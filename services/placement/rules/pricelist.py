"""What one more expert would be worth, by discipline and week: from the prices of the requests.

The price of a request is what the plan already gains by it, at the margin. Someone new who serves it gains its worth
less that price. The figure of a week is the best schedule of someone at the highest level asked for, free all that
week, with no way to go: the most that the bound of the plan can rise by, and so a figure to compare, not a promise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from services.placement.rules.dispatch import Dispatch, Request

WEEK = 5  # working days


@dataclass(frozen=True, slots=True)
class Price:
    """At most `points` for an expert of `discipline` in `week` (0 is the first five working days of the plan)."""

    discipline: str
    week: int
    points: float


def price_list(dispatch: Dispatch, prices: Mapping[str, float]) -> list[Price]:
    """The dearest first; what is worth nothing is left out. `prices` by request, of the bound."""
    of: dict[str, list[Request]] = defaultdict(list)
    for request in dispatch.requests.values():
        of[request.discipline].append(request)
    found = [
        Price(discipline, first // WEEK, points)
        for discipline, requests in of.items()
        for first in range(0, dispatch.days, WEEK)
        if (points := _best(dispatch, requests, prices, first, min(first + WEEK, dispatch.days))) > 0
    ]
    return sorted(found, key=lambda each: (-each.points, each.discipline, each.week))


def _best(dispatch: Dispatch, requests: list[Request], prices: Mapping[str, float], first: int, after: int) -> float:
    """The best schedule of the days from `first` to before `after`, each request's price paid."""
    until = [0.0] * (after - first + 1)
    for day in range(first, after):
        until[day - first + 1] = max(until[day - first + 1], until[day - first])
        for each in requests:
            # a day of a split visit is worth its share
            parts = each.days if each.split else 1
            end = day + each.days // parts
            if each.earliest <= day and end <= min(after, each.latest + 1):
                gain = (dispatch.worth.per_priority * each.priority - prices.get(each.name, 0.0)) / parts
                until[end - first] = max(until[end - first], until[day - first] + gain)
    return until[-1]
