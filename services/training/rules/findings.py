"""What is found wrong with a row, a filing or a file, in stable codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    NOTE = "NOTE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `value` is what stood there, masked; `others` the rows or classes it clashes with."""

    level: Level
    code: str
    column: str = ""
    value: str = ""
    others: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
