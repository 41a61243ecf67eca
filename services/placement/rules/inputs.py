"""What a plan is worked out from, as one thing: kept, told by a digest, and compared with how things are later.

As data it is the format of `rules.instance` with `dates`, `as_of`, `calendar`, `versions` and `unknown_places` beside.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.placement.rules import instance
from services.placement.rules.dispatch import Dispatch


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a plan. Names in `dispatch` are resource names: `requests/20261100001`.

    `dates` are its working days: the day number is the index. No day up to `as_of` is available. `calendar` is the
    version of the calendar, `versions` the etag of each input by name, `unknown_places` codes that nobody has a point of.
    """

    dispatch: Dispatch
    dates: tuple[date, ...]
    as_of: date
    calendar: str
    versions: Mapping[str, str]
    unknown_places: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON data, without anything personal."""
        return {
            **instance.write(self.dispatch),
            "dates": [day.isoformat() for day in self.dates],
            "as_of": self.as_of.isoformat(),
            "calendar": self.calendar,
            "versions": dict(self.versions),
            "unknown_places": list(self.unknown_places),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Inputs:
        """Those that `data` made."""
        return cls(
            dispatch=instance.read(data),
            dates=tuple(date.fromisoformat(day) for day in data["dates"]),
            as_of=date.fromisoformat(data["as_of"]),
            calendar=data["calendar"],
            versions=data["versions"],
            unknown_places=tuple(data["unknown_places"]),
        )

    def packed(self) -> tuple[bytes, str]:
        """The data as canonical JSON, compressed, and the SHA-256 of that JSON in hexadecimal."""
        text = canonical(self.data())
        return zlib.compress(text), hashlib.sha256(text).hexdigest()

    @classmethod
    def unpacked(cls, packed: bytes) -> Inputs:
        """Those that were packed."""
        return cls.of(json.loads(zlib.decompress(packed)))


def canonical(data: Mapping[str, Any]) -> bytes:
    """The one way to write data as JSON: keys in order, no spaces, UTF-8."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()


def changes(then: Inputs, now: Inputs) -> list[str]:
    """What of `then` is no longer so: names of requests and commissioners in order, and before them parts of the plan.

    What has come since is no change: it was no input. Nor is a new version with the same bearing on the plan.
    """
    found = [part for part, one, other in _parts(then, now) if one != other]
    wanted = {each.discipline for each in then.dispatch.requests.values()}
    asked, ask = _requests(then), _requests(now)
    people, person = _commissioners(then, wanted), _commissioners(now, wanted)
    found += sorted(name for name, each in asked.items() if ask.get(name) != each)
    found += sorted(name for name, each in people.items() if person.get(name) != each)
    return found


def window_of(dates: Sequence[date], first: date, last: date) -> tuple[int, int]:
    """The window from `first` to `last` in day numbers, those outside of `dates` below 0 or from their count on.

    A window among them that holds none is day -1, on which nobody can serve.
    """
    earliest = (first - dates[0]).days if first < dates[0] else bisect_left(dates, first)
    latest = len(dates) - 1 + (last - dates[-1]).days if last > dates[-1] else bisect_right(dates, last) - 1
    if last < dates[0]:
        latest = (last - dates[0]).days
    return (earliest, latest) if earliest <= latest else (-1, -1)


def level_in(skills: Mapping[str, int], discipline: str) -> int:
    """The level that skills give in a discipline of GB/T 13745, 0 for none.

    Whoever is skilled in a discipline is in each of its parts, and whoever is in a part is in the whole.
    """
    return max(
        (level for code, level in skills.items() if discipline.startswith(code) or code.startswith(discipline)),
        default=0,
    )


def _parts(then: Inputs, now: Inputs) -> list[tuple[str, object, object]]:
    one, other = then.dispatch, now.dispatch
    return [
        ("days", then.dates, now.dates),
        ("objective", (one.worth, one.travel_day_km), (other.worth, other.travel_day_km)),
        ("pins", sorted(one.pins), sorted(other.pins)),
        ("bans", one.bans, other.bans),
    ]


def _requests(inputs: Inputs) -> dict[str, object]:
    return dict(inputs.dispatch.requests)


def _commissioners(inputs: Inputs, disciplines: set[str]) -> dict[str, object]:
    """Each by all that has a bearing: of skills, those in the disciplines asked for."""
    return {
        name: (
            {code: level for code, level in each.skills.items() if code in disciplines},
            *(each.home, each.quarter_days, each.year_days, each.available, each.in_force),
            *(each.owed_days, each.members),
        )
        for name, each in inputs.dispatch.commissioners.items()
    }
