"""The thresholds of the lights and the rungs of the ladder, by the parameters in force."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from services.reference.parameters import Pack
from services.talent.rules import ladder
from services.talent.rules.ladder import Rung
from services.talent.rules.lights import Thresholds

PREFIX = "ladder."


@cache
def thresholds(pack: Pack, division: str, day: date) -> Thresholds:
    """When a clock turns yellow in a division; what nobody knows turns nothing."""
    days, share = (pack.find(key, division, day) for key in ("light.yellow_days", "light.yellow_share"))
    return Thresholds(
        days=(days.integer() if days else None) or 0, share=(share.decimal() if share else None) or Decimal(0)
    )


@cache
def rungs(pack: Pack, division: str, day: date) -> tuple[Rung, ...]:
    """The rungs in force in a division; one whose value nobody knows is none."""
    keys = sorted({each.key for each in pack.parameters if each.key.startswith(PREFIX)})
    found = (pack.find(key, division, day) for key in keys)
    return tuple(ladder.read(each.key, each.value) for each in found if each is not None and each.value is not None)


def check(pack: Pack) -> None:
    """ValueError for a rung that cannot be read: at start, not at night."""
    for each in pack.parameters:
        if each.key.startswith(PREFIX) and each.value is not None:
            ladder.read(each.key, each.value)
