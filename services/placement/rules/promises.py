"""How much it hurts to change a promise: the nearer its date and once it is accepted, the more.

The figures are the bureau's to choose, like those of the objective; nothing prescribes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.placement.rules.dispatch import Assignment


@dataclass(frozen=True, slots=True)
class Weighing:
    """A promise weighs 1; `accepted` times as much once its commissioner has accepted it, and `near` (n, f): f times as
    much when it begins within n working days. Of several n the least that holds counts.
    """

    accepted: float = 3.0
    near: tuple[tuple[int, float], ...] = ((5, 4.0), (10, 2.0))


def weight(weighing: Weighing, days_until: int, accepted: bool) -> float:
    """The weight of a promise that begins in `days_until` working days; one that has begun is as near as can be."""
    factor = next((factor for within, factor in sorted(weighing.near) if days_until <= within), 1.0)
    return factor * (weighing.accepted if accepted else 1.0)


def weights(
    weighing: Weighing, promises: Iterable[Assignment], today: int, accepted: Collection[str]
) -> dict[str, float]:
    """The weights by request; `today` is a day number of the plan, `accepted` are requests."""
    return {each.request: weight(weighing, each.start - today, each.request in accepted) for each in promises}
