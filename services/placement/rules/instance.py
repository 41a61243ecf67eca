"""A dispatch as plain data, as it is exported for an auditor and read by the benchmark; a file that lies is told so.

Format: `days`; `objective` {per_priority, continuity, per_km, load_steps}; `commissioners` [{id, skills, home,
capacity_days, available: a string of 0 and 1 per day}]; `requests` [{id, discipline, level, days, earliest, latest,
priority, place, previous}]. What may be left out: `objective` {per_owed_day}; `commissioners` {year_days, in_force: as
`available`, owed_days, members}; `requests` {refused, split, team}; `travel_day_km`; `pins` [{request, commissioner,
start, on}]; `bans` [[request, commissioner]].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, TypeGuard, TypeVar

from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Place, Request, Worth

SHOWN = 20  # faults that are named
MOST_DAYS = 400
MOST = 10**6  # of points, of kilometres, of weights

Kind = TypeVar("Kind")


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
        far = data.get("travel_day_km")
        if far is not None and not (_number(far) and 0 <= far <= MOST):
            raise _Fault(f"travel_day_km is neither null nor a number from 0 to {MOST}")
    except _Fault as fault:
        raise Misread([str(fault)]) from None
    commissioners = _named(_all(data, "commissioners", lambda each: _commissioner(each, days), faults), faults)
    requests = _named(_all(data, "requests", _request, faults), faults)
    pins = _all(data, "pins", _pin, faults, [])
    bans = _all(data, "bans", _pair, faults, [], of=list)
    # a ban on someone who is not there bans nobody: who wrote it meant somebody else
    for where, pair in (*pins.items(), *bans.items()):
        request, who = (pair.request, pair.commissioner) if isinstance(pair, Assignment) else pair
        if not faults and (request not in requests or who not in commissioners):
            faults.append(f"{where}: no such request or commissioner")
    if faults:
        raise Misread(faults)
    return Dispatch(days, commissioners, requests, worth, far, tuple(pins.values()), frozenset(bans.values()))


def write(dispatch: Dispatch) -> dict[str, Any]:
    """The data that `read` makes the same dispatch of."""
    worth = dispatch.worth
    return {
        "days": dispatch.days,
        "objective": {
            "per_priority": worth.per_priority,
            "continuity": worth.continuity,
            "per_km": worth.per_km,
            "load_steps": [list(step) for step in worth.load_steps],
            "per_owed_day": worth.per_owed_day,
        },
        "commissioners": [_written(each, dispatch.days) for each in dispatch.commissioners.values()],
        "requests": [
            {
                "id": each.name,
                **{
                    key: getattr(each, key) for key in ("discipline", "level", "days", "earliest", "latest", "priority")
                },
                "place": list(each.place),
                "previous": each.previous,
                "refused": sorted(each.refused),
                "split": each.split,
                "team": each.team,
            }
            for each in dispatch.requests.values()
        ],
        "travel_day_km": dispatch.travel_day_km,
        "pins": [written(pin) for pin in dispatch.pins],
        "bans": [list(pair) for pair in sorted(dispatch.bans)],
    }


def written(assignment: Assignment) -> dict[str, Any]:
    """An assignment as data; `on` only of a split visit."""
    told = {"request": assignment.request, "commissioner": assignment.commissioner, "start": assignment.start}
    return {**told, "on": list(assignment.on)} if assignment.on else told


def _written(each: Commissioner, days: int) -> dict[str, Any]:
    return {
        "id": each.name,
        "skills": dict(each.skills),
        "home": list(each.home),
        "capacity_days": each.quarter_days,
        "year_days": each.year_days,
        "available": "".join("01"[day in each.available] for day in range(days)),
        "in_force": "".join("01"[day in each.in_force] for day in range(days)),
        "owed_days": each.owed_days,
        "members": sorted(each.members),
    }


def _all(
    data: Mapping[str, Any],
    key: str,
    make: Callable[[Any], Kind],
    faults: list[str],
    default: object = None,
    of: type = dict,
) -> dict[str, Kind]:
    """What stands in a list, by where."""
    found: dict[str, Kind] = {}
    listed = data.get(key, default)
    if not isinstance(listed, list):
        faults.append(f"{key} is not a list")
        return found
    for number, each in enumerate(listed):
        where = f"{key}[{number}]"
        try:
            if not isinstance(each, of):
                raise _Fault("is not an object" if of is dict else "is not a list")
            found[where] = make(each)
        except _Fault as fault:
            faults.append(f"{where}: {fault}")
    return found


def _named(found: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for where, each in found.items():
        if each.name in named:
            faults.append(f"{where}: id {each.name} stands twice")
        named[each.name] = each
    return named


def _commissioner(each: Mapping[str, Any], days: int) -> Commissioner:
    skills = each.get("skills")
    if not isinstance(skills, dict) or not all(type(level) is int for level in skills.values()):
        raise _Fault("skills is not a level for each discipline")
    capacity = _whole(each, "capacity_days", 0, 366)
    return Commissioner(
        name=_text(each, "id"),
        skills=skills,
        home=_place(each, "home"),
        quarter_days=capacity,
        year_days=_whole(each, "year_days", 0, 366, capacity),
        available=_marked(each.get("available"), "available", days),
        in_force=_marked(each.get("in_force", "1" * days), "in_force", days),
        owed_days=_whole(each, "owed_days", 0, 366, 0),
        members=_names(each, "members"),
    )


def _request(each: Mapping[str, Any]) -> Request:
    previous = each.get("previous")
    if previous is not None and not isinstance(previous, str):
        raise _Fault("previous is neither an id nor null")
    earliest, latest = (_whole(each, key, -10_000, 10_000) for key in ("earliest", "latest"))
    if latest < earliest:
        raise _Fault(f"the window ends on day {latest}, before it begins on day {earliest}")
    # a window that the plan does not reach is no lie: such a request stays unserved, and is told why
    return Request(
        name=_text(each, "id"),
        discipline=_text(each, "discipline"),
        level=_whole(each, "level", 0, 9),
        days=_whole(each, "days", 1, 366),
        earliest=earliest,
        latest=latest,
        priority=_whole(each, "priority", 0, 1000),
        place=_place(each, "place"),
        previous=previous,
        refused=_names(each, "refused"),
        split=_flag(each, "split"),
        team=_flag(each, "team"),
    )


def _pin(each: Mapping[str, Any]) -> Assignment:
    on = each.get("on", [])
    if not isinstance(on, list) or not all(type(day) is int for day in on):
        raise _Fault("on is not a list of day numbers")
    return Assignment(
        _text(each, "request"), _text(each, "commissioner"), _whole(each, "start", 0, MOST_DAYS), tuple(on)
    )


def _pair(each: list[Any]) -> tuple[str, str]:
    if len(each) != 2 or not all(isinstance(name, str) for name in each):
        raise _Fault("is not a request and a commissioner")
    return each[0], each[1]


def _worth(data: object) -> Worth:
    if not isinstance(data, dict):
        raise _Fault("objective is not an object")
    steps = data.get("load_steps")
    if not isinstance(steps, list) or not all(
        isinstance(step, list) and len(step) == 2 and all(_number(part) and 0 <= part <= MOST for part in step)
        for step in steps
    ):
        raise _Fault(f"objective.load_steps is not a list of [part, weight], each from 0 to {MOST}")
    return Worth(
        per_priority=_whole(data, "per_priority", 0, MOST),
        continuity=_whole(data, "continuity", 0, MOST),
        per_km=_rate(data, "per_km"),
        load_steps=tuple((part, weight) for part, weight in steps),
        per_owed_day=_rate(data, "per_owed_day", 0.0),
    )


def _rate(data: Mapping[str, Any], key: str, default: object = None) -> float:
    value = data.get(key, default)
    if not _number(value) or not 0 <= value <= MOST:
        raise _Fault(f"objective.{key} is not a number from 0 to {MOST}")
    return value


def _whole(data: Mapping[str, Any], key: str, least: int, most: int, default: object = None) -> int:
    value = data.get(key, default)
    if type(value) is not int or not least <= value <= most:
        raise _Fault(f"{key} is not a whole number from {least} to {most}")
    return value


def _flag(data: Mapping[str, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise _Fault(f"{key} is neither true nor false")
    return value


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise _Fault(f"{key} is not a text")
    return value


def _names(data: Mapping[str, Any], key: str) -> frozenset[str]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise _Fault(f"{key} is not a list of ids")
    return frozenset(value)


def _marked(value: object, key: str, days: int) -> frozenset[int]:
    if not isinstance(value, str) or len(value) != days or set(value) - {"0", "1"}:
        raise _Fault(f"{key} is not {days} characters of 0 and 1")
    return frozenset(number for number, mark in enumerate(value) if mark == "1")


def _place(data: Mapping[str, Any], key: str) -> Place:
    value = data.get(key)
    if not isinstance(value, list) or len(value) != 2 or not all(_number(part) for part in value):
        raise _Fault(f"{key} is not two numbers")
    if max(abs(part) for part in value) > MOST:
        raise _Fault(f"{key} is not on this Earth")
    return float(value[0]), float(value[1])


def _number(value: object) -> TypeGuard[float]:
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
