"""The parameters of the objective of plans: what the pack says, and what a plan says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.reference.parameters import Pack

PER_PRIORITY, CONTINUITY, PER_KM = "dispatch.per_priority", "dispatch.continuity", "dispatch.per_km"
LOAD_STEPS, PER_OWED_DAY, TRAVEL_DAY_KM = "dispatch.load_steps", "dispatch.per_owed_day", "dispatch.travel_day_km"
QUARTER_MOST = "dispatch.quarter_days_most"
MOST_POINTS, MOST_STEPS = 1_000_000, 10

Objective = dict[str, Any]  # the keys of `defaults`, plain JSON values


def checked(pack: Pack) -> Pack:
    """`pack`, if plans can be valued by it; else a ValueError that names the parameter they cannot be by."""
    for parameter in pack.parameters:
        if parameter.key in (PER_PRIORITY, CONTINUITY, PER_OWED_DAY, QUARTER_MOST):
            fine = parameter.integer() is None or 0 <= (parameter.integer() or 0) <= MOST_POINTS
        elif parameter.key in (PER_KM, TRAVEL_DAY_KM):
            fine = (parameter.decimal() or 0) >= 0
        elif parameter.key == LOAD_STEPS:
            fine = parameter.value is None or bool(_steps(parameter.value)) or parameter.value == {}
        else:
            continue
        if not fine:
            raise ValueError(f"parameter {parameter.key} is nothing that a plan can be valued by")
    return pack


def defaults(pack: Pack, division: str, on: date) -> Objective:
    """The objective of a division on a day: points of whole numbers, kilometres, load steps as [above, cost] pairs.

    What nobody knows counts for nothing; without `travel_day_km`, told as 0, no day is for the way.
    """

    def number(key: str) -> float:
        parameter = pack.find(key, division, on)
        value = parameter.decimal() if parameter is not None else None
        return 0.0 if value is None else float(value)

    steps = pack.find(LOAD_STEPS, division, on)
    return {
        "per_priority": int(number(PER_PRIORITY)),
        "continuity": int(number(CONTINUITY)),
        "per_km": number(PER_KM),
        "load_steps": _steps(steps.value) if steps is not None else [],
        "per_owed_day": int(number(PER_OWED_DAY)),
        "travel_day_km": number(TRAVEL_DAY_KM),
    }


def _steps(value: object) -> list[list[float]]:
    """[above, cost] of a mapping such as {0.5: 20}; nothing of what is none, or out of bounds."""
    if not isinstance(value, Mapping):
        return []
    try:
        steps = [[float(above), float(cost)] for above, cost in value.items()]
    except (TypeError, ValueError):
        return []
    fine = all(0 <= above <= 1 and 0 <= cost <= MOST_POINTS for above, cost in steps)
    return sorted(steps) if fine and len(steps) <= MOST_STEPS else []
