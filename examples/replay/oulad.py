"""The Open University Learning Analytics Dataset as the replay uses it; see examples/oulad/README.md."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from services.reference.clock import SHANGHAI

FOLDER = Path(__file__).parents[1] / "oulad"
KEYS = ["code_module", "code_presentation"]
FIRST_MONTH = {"B": 2, "J": 10}  # the dataset's own coding: B starts in February, J in October


class Presentation(NamedTuple):
    """One course as it was held once: module "AAA", presentation "2013J"."""

    module: str
    code: str

    @property
    def start(self) -> date:
        """The day that days are counted from; the dataset tells the month."""
        return date(int(self.code[:4]), FIRST_MONTH[self.code[4]], 1)

    def at(self, day: int) -> datetime:
        """Noon of a day counted from the start; negative is before."""
        return datetime.combine(self.start + timedelta(days=day), time(12), SHANGHAI)

    def __str__(self) -> str:
        return f"{self.module} {self.code}"


class Registration(NamedTuple):
    """One student in one presentation; days count from its start, None where the dataset has none."""

    student: int
    registered: int | None
    withdrew: int | None


def registrations() -> dict[Presentation, list[Registration]]:
    """Every registration by presentation, in the order of the file."""
    days = {"date_registration": "Int64", "date_unregistration": "Int64"}
    frame = pd.read_csv(FOLDER / "studentRegistration.csv", dtype=days)
    found: dict[Presentation, list[Registration]] = {}
    for module, code, *row in frame.itertuples(index=False, name=None):
        student, registered, withdrew = (None if pd.isna(value) else int(value) for value in row)
        assert student is not None
        found.setdefault(Presentation(module, code), []).append(Registration(student, registered, withdrew))
    return found


def lengths() -> dict[Presentation, int]:
    """Days each presentation lasted."""
    frame = pd.read_csv(FOLDER / "courses.csv")
    return {Presentation(module, code): int(days) for module, code, days in frame.itertuples(index=False, name=None)}


def active_at_end() -> dict[Presentation, int]:
    """What the dataset itself says each presentation must end with."""
    frame = pd.read_csv(FOLDER / "truth_active_enrolments.csv", usecols=[*KEYS, "active_at_end"])
    return {Presentation(module, code): int(count) for module, code, count in frame.itertuples(index=False, name=None)}
