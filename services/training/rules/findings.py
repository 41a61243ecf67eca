"""What is found wrong with a filing or a line of a register, in stable codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.reference.conditions import Level


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `value` is what stood there, masked; `others` the rows or classes it clashes with."""

    level: Level
    code: str
    column: str = ""
    value: str = ""
    others: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
