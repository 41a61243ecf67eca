"""The fields of a plan: read from the message, checked, written to the row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any

from liancai.placement.v1 import plans_pb2 as pb

from services.fields import read_division
from services.placement.commissioners.fields import DISCIPLINE
from services.placement.rules.dispatch import working_days
from services.placement.rules.objective import MOST_POINTS, MOST_STEPS, Objective
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.reference.workdays import Calendar, CalendarNotPublished

EDITABLE = {
    *("title", "disciplines", "first_day", "last_day", "objective"),
    *(f"objective.{field.name}" for field in pb.Plan.Objective.DESCRIPTOR.fields),
}
MOST_DISCIPLINES, MOST_KM = 20, 10_000
SECONDS, MOST_SECONDS, MOST_ROUNDS, MOST_SEED = 60.0, 3600.0, 100_000, 2**31 - 1
STEPS = 640  # of the bound, where only rounds are given

Defaults = Callable[[str, date], Objective]


def read(reading: Reading, asked: pb.Plan, today: date, defaults: Defaults) -> dict[str, Any]:
    """The values of a plan's row, each checked. `defaults` gives the objective of a division on a day."""
    at = "plan"
    first, last = reading.day(f"{at}.first_day", asked.first_day), reading.day(f"{at}.last_day", asked.last_day)
    if date.min not in (first, last):
        if last < first or (first.year, (first.month - 1) // 3) != (last.year, (last.month - 1) // 3):
            reading.wrong(f"{at}.last_day", "FIELD_QUARTER")
        elif last <= today:
            reading.wrong(f"{at}.last_day", "FIELD_PLAN_PAST")
    division = read_division(reading, f"{at}.division", asked.division, required=True)
    partner = read_division(reading, f"{at}.partner_division", asked.partner_division, required=False)
    if partner and partner == division:
        reading.wrong(f"{at}.partner_division", "FIELD_OTHER_DIVISION")
    values = {
        "title": reading.text(f"{at}.title", asked.title, 2, 100),
        "division": division,
        "partner_division": partner,
        "disciplines": _disciplines(reading, f"{at}.disciplines", asked),
        "first_day": first,
        "last_day": last,
    }
    if not reading.violations:
        usual = defaults(partner or division, first)
        values["objective"] = read_objective(reading, f"{at}.objective", asked.objective, usual)
    return values


def check_days(calendar: Calendar, first: date, last: date, reading: Reading) -> None:
    """Raises Refused PLAN_CALENDAR for a year whose working days nobody knows; notes a plan without any."""
    try:
        if not working_days(calendar, first, last):
            reading.wrong("plan.last_day", "FIELD_NO_WORKDAY")
    except CalendarNotPublished as unknown:
        raise Refused("PLAN_CALENDAR", year=unknown.year) from None


def read_objective(reading: Reading, at: str, asked: pb.Plan.Objective, usual: Objective) -> Objective:
    """The objective: what is given, and as usual what is not."""
    found, given = dict(usual), {field.name for field, _ in asked.ListFields()}
    for name in ("per_priority", "continuity", "per_owed_day"):
        if name in given:
            found[name] = reading.number(f"{at}.{name}", getattr(asked, name), 0, MOST_POINTS)
    for name, most in (("per_km", MOST_POINTS), ("travel_day_km", MOST_KM)):
        if name in given:
            found[name] = _amount(reading, f"{at}.{name}", getattr(asked, name), most)
    if len(asked.load_steps) > MOST_STEPS:
        reading.wrong(f"{at}.load_steps", "FIELD_TOO_MANY", most=MOST_STEPS)
    elif asked.load_steps:
        found["load_steps"] = sorted(
            [
                _amount(reading, f"{at}.load_steps[{place}].above", each.above, 1),
                _amount(reading, f"{at}.load_steps[{place}].cost", each.cost, MOST_POINTS),
            ]
            for place, each in enumerate(asked.load_steps)
        )
    return found


def read_limits(reading: Reading, asked: pb.SolveLimits) -> dict[str, Any]:
    """When to stop, as the arguments of planning.search.Limits: by the clock, or by counts."""
    counted = bool(asked.rounds or asked.steps)
    if counted and asked.seconds:
        reading.wrong("limits.seconds", "FIELD_ONE_OF", allowed="limits.seconds, limits.rounds")
    found: dict[str, Any] = {
        "gap": _amount(reading, "limits.gap", asked.gap, 1),
        "seed": reading.number("limits.seed", asked.seed, 0, MOST_SEED),
    }
    if counted:
        found["rounds"] = reading.number("limits.rounds", asked.rounds or MOST_ROUNDS, 1, MOST_ROUNDS)
        found["steps"] = reading.number("limits.steps", asked.steps or STEPS, 1, MOST_ROUNDS)
        return found
    seconds = asked.seconds or SECONDS
    if not 1 <= seconds <= MOST_SECONDS:
        reading.wrong("limits.seconds", "FIELD_RANGE", least=1, most=int(MOST_SECONDS))
    return {**found, "seconds": seconds}


def _disciplines(reading: Reading, field: str, asked: pb.Plan) -> list[str]:
    if len(asked.disciplines) > MOST_DISCIPLINES:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_DISCIPLINES)
    for place, code in enumerate(asked.disciplines[:MOST_DISCIPLINES]):
        if not DISCIPLINE.fullmatch(code):
            reading.wrong(f"{field}[{place}]", "FIELD_DISCIPLINE")
        elif code in asked.disciplines[:place]:
            reading.wrong(f"{field}[{place}]", "FIELD_DISCIPLINE_TWICE")
    return sorted(asked.disciplines)


def _amount(reading: Reading, field: str, value: float, most: int) -> float:
    if not (isfinite(value) and 0 <= value <= most):
        reading.wrong(field, "FIELD_RANGE", least=0, most=most)
        return 0.0
    return value
