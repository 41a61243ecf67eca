"""A dispatch as plain data, as it is exported for an auditor and read by the benchmark; a file that lies is told so.

Format: `days`; `objective` {per_priority, continuity, per_km, load_steps}; `commissioners` [{id, skills, home,
capacity_days, available: a string of 0 and 1 per day}]; `requests` [{id, discipline, level, days, earliest, latest,
priority, place, previous}].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, TypeGuard, TypeVar

from services.placement.rules.dispatch import Commissioner, Dispatch, Place, Request, Worth

SHOWN = 20  # faults that are named
MOST_DAYS = 400

Kind = TypeVar("Kind", Commissioner, Request)


class Misread(ValueError):
    """The data is no dispatch: `faults` says where and why."""

    def __init__(self, faults: list[str]) -> None:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        super().__init__("; ".join(faults[:SHOWN]) + more)
        self.faults = faults


class _Fault(ValueError):
    pass


def read(data: object) -> Dispatch:
    """The dispatch that `data` (decoded JSON) describes. Raises Misread with every fault at once."""
    faults: list[str] = []
    if not isinstance(data, dict):
        raise Misread(["the file is not a JSON object"])
    try:
        days = _whole(data, "days", 1, MOST_DAYS)
        worth = _worth(data.get("objective"))
    except _Fault as fault:
        raise Misread([str(fault)]) from None
    commissioners = _all(data, "commissioners", lambda each: _commissioner(each, days), faults)
    requests = _all(data, "requests", _request, faults)
    if faults:
        raise Misread(faults)
    return Dispatch(days, commissioners, requests, worth)


def _all(
    data: Mapping[str, Any], key: str, make: Callable[[Mapping[str, Any]], Kind], faults: list[str]
) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    listed = data.get(key)
    if not isinstance(listed, list):
        faults.append(f"{key} is not a list")
        return found
    for number, each in enumerate(listed):
        where = f"{key}[{number}]"
        try:
            if not isinstance(each, dict):
                raise _Fault("is not an object")
            made = make(each)
            if made.name in found:
                raise _Fault(f"id {made.name} stands twice")
            found[made.name] = made
        except _Fault as fault:
            faults.append(f"{where}: {fault}")
    return found


def _commissioner(each: Mapping[str, Any], days: int) -> Commissioner:
    available, skills = each.get("available"), each.get("skills")
    if not isinstance(available, str) or len(available) != days or set(available) - {"0", "1"}:
        raise _Fault(f"available is not {days} characters of 0 and 1")
    if not isinstance(skills, dict) or not all(type(level) is int for level in skills.values()):
        raise _Fault("skills is not a level for each discipline")
    capacity = _whole(each, "capacity_days", 0, 366)
    return Commissioner(
        name=_text(each, "id"),
        skills=skills,
        home=_place(each, "home"),
        quarter_days=capacity,
        year_days=capacity,
        available=frozenset(number for number, mark in enumerate(available) if mark == "1"),
        in_force=frozenset(range(days)),
    )


def _request(each: Mapping[str, Any]) -> Request:
    previous = each.get("previous")
    if previous is not None and not isinstance(previous, str):
        raise _Fault("previous is neither an id nor null")
    # a window that the plan does not reach is no lie: such a request stays unserved, and is told why
    return Request(
        name=_text(each, "id"),
        discipline=_text(each, "discipline"),
        level=_whole(each, "level", 0, 9),
        days=_whole(each, "days", 1, 366),
        earliest=_whole(each, "earliest", -10_000, 10_000),
        latest=_whole(each, "latest", -10_000, 10_000),
        priority=_whole(each, "priority", 0, 1000),
        place=_place(each, "place"),
        previous=previous,
    )


def _worth(data: object) -> Worth:
    if not isinstance(data, dict):
        raise _Fault("objective is not an object")
    steps = data.get("load_steps")
    if not isinstance(steps, list) or not all(
        isinstance(step, list) and len(step) == 2 and all(_number(part) and part >= 0 for part in step)
        for step in steps
    ):
        raise _Fault("objective.load_steps is not a list of [part, weight], neither below 0")
    per_km = data.get("per_km")
    if not _number(per_km) or per_km < 0:
        raise _Fault("objective.per_km is not a number of 0 or more")
    return Worth(
        per_priority=_whole(data, "per_priority", 0, 10**6),
        continuity=_whole(data, "continuity", 0, 10**6),
        per_km=per_km,
        load_steps=tuple((part, weight) for part, weight in steps),
    )


def _whole(data: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = data.get(key)
    if type(value) is not int or not least <= value <= most:
        raise _Fault(f"{key} is not a whole number from {least} to {most}")
    return value


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise _Fault(f"{key} is not a text")
    return value


def _place(data: Mapping[str, Any], key: str) -> Place:
    value = data.get(key)
    if not isinstance(value, list) or len(value) != 2 or not all(_number(part) for part in value):
        raise _Fault(f"{key} is not two numbers")
    return float(value[0]), float(value[1])


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
