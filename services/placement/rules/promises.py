"""How much it hurts to change a promise: more the nearer it is, and more once it was accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.reference.parameters import Pack

NEAR_DAYS, NEAR_WEIGHT = "dispatch.promise_near_days", "dispatch.promise_near_weight"
ACCEPTED_WEIGHT = "dispatch.promise_accepted_weight"


@dataclass(frozen=True, slots=True)
class Weights:
    """A promise weighs 1. Within `near_days` it weighs more, up to `near` more on the day; accepted, `accepted` more."""

    near_days: int = 0
    near: float = 0.0
    accepted: float = 0.0

    @classmethod
    def of(cls, pack: Pack, division: str, on: date) -> Weights:
        """Those of a division on a day; what nobody knows weighs nothing."""

        def number(key: str) -> float:
            parameter = pack.find(key, division, on)
            value = parameter.decimal() if parameter is not None else None
            return 0.0 if value is None else float(value)

        return cls(int(number(NEAR_DAYS)), number(NEAR_WEIGHT), number(ACCEPTED_WEIGHT))

    def weight(self, first_day: date, today: date, *, accepted: bool) -> float:
        """What a promise weighs whose first day, the way included, is `first_day`."""
        left = max(0, (first_day - today).days)
        nearness = max(0.0, 1 - left / self.near_days) if self.near_days else 0.0
        return 1.0 + self.near * nearness + (self.accepted if accepted else 0.0)
