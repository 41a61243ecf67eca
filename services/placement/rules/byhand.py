"""An assignment made by hand, told as a plan is told: the checker that guards plans then guards it too.

The plan is that of one calendar year: its working days are numbered from 0. Whatever else the commissioner and those of
a team have been given in the year stands in it as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.placement.rules.checker import RULES, Violation, violations
from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request, visit

QUARTER = "PD-QUARTER-LIMIT"  # asked quarter by quarter, as a plan lies in one
NEAR, FAR, FAR_KM = (0.0, 0.0), (1.0, 0.0), 1.0  # whether there is a day on the way is known here: no distances


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody is bound to already, by name: days at the host's and on the way."""

    name: str
    commissioner: str
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that the assignment breaks; `values` fill the sentence of its code, days as dates."""

    code: str
    values: Mapping[str, str]


def days_before(dates: Sequence[date], days: Collection[date]) -> tuple[date, ...]:
    """The working day before each run of days, as far as the year has one; `dates` are its working days, in order."""
    before = dict(zip(dates[1:], dates, strict=False))
    return tuple(before[day] for day in sorted(days) if day in before and before[day] not in days)


def broken(
    dates: Sequence[date],
    people: Mapping[str, Commissioner],
    request: Request,
    commissioner: str,
    days: Sequence[date],
    others: Iterable[Given],
    *,
    travels: bool,
) -> list[Broken]:
    """Every hard rule that is broken if `commissioner` serves `request` on `days`, each rule once, in order of rule.

    `dates` are the working days of the year and hold all of `days`, `people` whoever may be in two places by it,
    `others` what they have been given before. `travels`: the working day before each run of days is for the way.
    """
    number = {day: place for place, day in enumerate(dates)}
    mine = visit(request.name, commissioner, (number[day] for day in days))
    # told as long as it is, for else the checker would not look at its last days
    requests = {request.name: replace(request, days=len(days), place=FAR if travels else NEAR)}
    planned, taken = [mine], set[int]()
    for each in others:
        if each.commissioner in people and (bound := sorted(number[day] for day in each.days if day in number)):
            requests[each.name] = _bare(each.name, bound)
            planned.append(visit(each.name, each.commissioner, bound))
            taken.update(bound if each.commissioner == commissioner else ())
    dispatch = Dispatch(len(dates), people, requests, travel_day_km=FAR_KM)
    bound_days = [day for day in dispatch.bound_days(mine) if day >= 0]
    found: dict[str, dict[str, str]] = {}
    for violation in violations(dispatch, planned, {code: RULES[code] for code in RULES if code != QUARTER}):
        if (values := _values(violation, mine, dates)) is not None:
            found.setdefault(violation.code, values)
    if len(days) != request.days or "PD-DAYS" in found:
        found["PD-DAYS"] = {"days": str(request.days)}
    if "PD-ONE-PLACE" in found:
        found["PD-ONE-PLACE"]["days"] = ", ".join(f"{dates[day]}" for day in bound_days if day in taken)
    if "PD-WINDOW" in found:
        first, last = max(0, request.earliest), min(request.latest, len(dates) - 1)
        found["PD-WINDOW"] = {"window": f"{dates[first]}/{dates[last]}" if first <= last else "-"}
    if over := _over_a_quarter(people[commissioner], dates, sorted({*bound_days, *taken}), bound_days):
        found[QUARTER] = over
    return [Broken(code, found[code]) for code in RULES if code in found]


def _bare(name: str, bound: Sequence[int]) -> Request:
    """A request that asks for nothing but the days it has."""
    return Request(name, "", 0, len(bound), bound[0], bound[-1], 1, NEAR, split=True)


def _over_a_quarter(
    commissioner: Commissioner, dates: Sequence[date], given: Sequence[int], mine: Sequence[int]
) -> dict[str, str] | None:
    """What the checker says of the first quarter with a day of `mine` in which the days `given` are too many."""
    for quarter in sorted({_quarter(dates[day]) for day in mine}):
        days = [day for day in given if _quarter(dates[day]) == quarter]
        dispatch = Dispatch(len(dates), {commissioner.name: commissioner}, {"": _bare("", days)})
        for violation in violations(dispatch, [visit("", commissioner.name, days)], {QUARTER: RULES[QUARTER]}):
            return dict(violation.detail)
    return None


def _quarter(day: date) -> int:
    return (day.month - 1) // 3


def _values(violation: Violation, mine: Assignment, dates: Sequence[date]) -> dict[str, str] | None:
    """What fills the sentence, days as dates, and of two assignments the other one; None for what is not of `mine`."""
    values = dict(violation.detail)
    if "others" in values:
        others = {violation.request, *values["others"].split(", ")}
        if mine.request not in others:
            return None
        values["others"] = ", ".join(sorted(others - {mine.request}))
    elif "limit" in values:
        return values if violation.commissioner == mine.commissioner else None
    elif violation.request != mine.request:
        return None
    if "days" in values:
        days = (int(each) for each in values["days"].split(", "))
        values["days"] = ", ".join(f"{dates[day]}" if day >= 0 else f"< {dates[0]}" for day in days)
    return values
