"""May they: Cedar policies that an auditor can read, default deny.

A caller is in a division (GB/T 2260, itself in its city and province) and in a unit; a resource is in the divisions and
units that have a part in it. Scope is therefore Cedar's own `in`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cedarpy

from services.platform.errors import Denied, NotFound
from services.platform.identity import Caller


@dataclass(frozen=True, slots=True)
class Scope:
    """Who has a part in a resource: division codes, its home first, and unit ids or credit codes.

    `kind` is what sort of resource it is, where the policies tell sorts apart; empty for any.
    """

    divisions: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a caller's lists may hold: rows of a division it covers, rows of its unit, or both, either enough."""

    division: str | None
    unit: str | None


class Policy:
    """The policies of every service that one host serves.

    `text` is Cedar; a fault in it is a ValueError at start, not a denial at noon.
    """

    def __init__(self, text: str) -> None:
        try:
            self._policies = cedarpy.PolicySet.from_str(text)
        except Exception as fault:
            raise ValueError(f"the Cedar policies cannot be read: {fault}") from fault
        # a decision depends on nothing but its arguments: the policies do not change while a process lives
        self._decided = lru_cache(maxsize=16384)(self._decide)

    def may(self, caller: Caller, action: str, scope: Scope) -> bool:
        """Whether the policies allow it; only an explicit Allow counts."""
        return self._decided(caller, action, scope)

    def may_ever(self, caller: Caller, action: str) -> bool:
        """Whether there could be a resource the caller may do this to: in its unit, and its division or a part."""
        places = (caller.division, _part_of(caller.division))
        return any(self.may(caller, action, Scope((place,), (caller.unit,))) for place in places)

    def require(self, caller: Caller, action: str, read: str, scope: Scope, resource: str) -> None:
        """Returns if the caller may. Raises Denied if the caller may at least read it (`read`), else NotFound."""
        if self.may(caller, action, scope):
            return
        if self.may(caller, read, scope):
            raise Denied(action)
        raise NotFound(resource)

    def reach(self, caller: Caller, action: str, kind: str = "") -> Reach:
        """What a list by this caller may hold, of one kind or of any, for the SQL predicate."""
        division, unit = Scope(divisions=(caller.division,), kind=kind), Scope(units=(caller.unit,), kind=kind)
        return Reach(
            caller.division if self.may(caller, action, division) else None,
            caller.unit if caller.unit and self.may(caller, action, unit) else None,
        )

    def _decide(self, caller: Caller, action: str, scope: Scope) -> bool:
        request = {
            "principal": {"type": "User", "id": caller.subject},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Resource", "id": "this"},
            "context": {},
        }
        entities = [
            _entity("User", caller.subject, [], _attributes(caller)),
            _entity(
                "Resource",
                "this",
                [("Division", code) for code in scope.divisions] + [("Unit", unit) for unit in scope.units if unit],
                _what(scope),
            ),
            *_divisions({caller.division, *scope.divisions}),
        ]
        result = cedarpy.is_authorized(request, self._policies, json.dumps(entities))
        return result.decision is cedarpy.Decision.Allow


def _part_of(division: str) -> str:
    """A code in the division, of the county level: 371500 and 370000 have parts, a county is its own."""
    whole = len(division) - 4 if division.endswith("0000") else len(division) - 2
    return division[:whole] + "9" * (len(division) - whole) if division.endswith("00") else division


def _entity(
    kind: str, name: str, parents: Iterable[tuple[str, str]], attributes: Mapping[str, object] | None = None
) -> dict[str, object]:
    return {
        "uid": {"type": kind, "id": name},
        "attrs": attributes or {},
        "parents": [{"type": parent, "id": code} for parent, code in parents],
    }


def _attributes(caller: Caller) -> dict[str, object]:
    return {
        "roles": sorted(caller.roles),
        "division": _reference("Division", caller.division),
        "unit": _reference("Unit", caller.unit),
    }


def _what(scope: Scope) -> dict[str, object]:
    """The attributes of a resource that it has."""
    found: dict[str, object] = {"kind": scope.kind} if scope.kind else {}
    if scope.divisions:
        found["home"] = _reference("Division", scope.divisions[0])
    return found


def _reference(kind: str, name: str) -> dict[str, object]:
    return {"__entity": {"type": kind, "id": name}}


def _divisions(codes: set[str]) -> list[dict[str, object]]:
    """Each division with the city and the province it lies in: 371526 in 371500 in 370000."""
    found: dict[str, list[tuple[str, str]]] = {}
    for code in codes:
        chain = list(dict.fromkeys([code, f"{code[:4]}00", f"{code[:2]}0000"]))
        for inner, outer in zip(chain, [*chain[1:], None], strict=True):
            found[inner] = [("Division", outer)] if outer else []
    return [_entity("Division", code, parents) for code, parents in found.items()]
