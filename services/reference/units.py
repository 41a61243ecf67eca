"""The responsible units (责任单位) of the joint work plan of 2025-01-24, clause 16, and assisting ones.

The plan names 31 units: nine bureaus on both sides, eight more of 370103 and five more of 371526. The
sources at hand give the names of four of the nine; the other places are kept with no name, so that whoever
looks sees what is missing. 政府办 and 组织部 come from clauses 15 and 17, outside the 31. Assisting units
(协办单位: 医疗保障局, 公安局, 公积金中心) are not in the plan: requests to them go through 发改局.
Data: ``data/units.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from services.reference import divisions, files
from services.reference.parameters import Confidence


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. `id` is stable ('370103-hrss') and stays when a name becomes known.

    `name` is as the sources write it ('人社局'), not the full legal name, and None when they do not give it;
    `kind` is the bureau key that step templates use; `clauses` are those of the plan that name it;
    `in_roster` says that it counts among the 31 of clause 16.
    """

    id: str
    name: str | None
    division: str
    kind: str | None
    clauses: tuple[int, ...]
    named_in_plan: bool
    in_roster: bool
    confidence: Confidence
    note: str | None

    @property
    def full_name(self) -> str | None:
        """Division and name, '山东省济南市市中区人社局'; None when the name is not known."""
        return None if self.name is None else f"{divisions.full_name(self.division)}{self.name}"


@cache
def register() -> tuple[Unit, ...]:
    """Every unit, in the order of the file."""
    content = yaml.safe_load((files.DATA / "units.yaml").read_text(encoding="utf-8"))
    return tuple(
        Unit(
            id=entry["id"],
            name=entry["name"],
            division=entry["division"],
            kind=entry["kind"],
            clauses=tuple(entry["clauses"]),
            named_in_plan=entry["named_in_plan"],
            in_roster=entry["in_roster"],
            confidence=Confidence(entry["confidence"]),
            note=entry.get("note"),
        )
        for entry in content["units"]
    )


def of_division(division: str) -> tuple[Unit, ...]:
    """The units of exactly this division (the housing fund centres belong to the two cities)."""
    return tuple(unit for unit in register() if unit.division == division)
