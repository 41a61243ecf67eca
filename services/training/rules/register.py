"""What one row of a register of another bureau (比对数据) must be before anybody is looked up in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.reference import resident_id
from services.reference.conditions import Level
from services.reference.resident_id import ResidentIdFault
from services.training.rules.findings import Finding
from services.training.rules.roster import LONGEST_CELL, code_of, read_date

# 6-31-01-03, 6-31-01-03-02 with a trade (工种), and what older and local lists have; never a name
OCCUPATION = re.compile(r"[0-9A-Z]+(-[0-9A-Z]+)*")
LONGEST_OCCUPATION = 16  # characters


class Kind(StrEnum):
    """What a register says of the people in it; the names of the contract's RegisterKind."""

    PENSION = "PENSION"
    PUBLIC_STAFF = "PUBLIC_STAFF"
    INSURED_EMPLOYMENT = "INSURED_EMPLOYMENT"
    SUBSIDISED_TRAINING = "SUBSIDISED_TRAINING"
    CERTIFICATE = "CERTIFICATE"
    SKILL_SUBSIDY = "SKILL_SUBSIDY"


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the file has it."""

    resident_id: str
    since: str
    until: str
    occupation_code: str
    certificate_level: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that was read. The number is whole: it goes into a blind index and nowhere else."""

    number: str
    since: date | None
    until: date | None
    occupation_code: str
    certificate_level: int

    def __repr__(self) -> str:
        return f"Entry({resident_id.mask(self.number)})"


def read(line: Line, kind: Kind, today: date) -> Entry | list[Finding]:
    """The entry, or everything that is wrong with the row. `today` is the Asia/Shanghai date."""
    found: list[Finding] = []

    # no cell is repeated but the number, masked: where columns have slipped, any of them may hold a name or a number
    def wrong(code: str, column: str, value: str = "", **values: str) -> None:
        found.append(Finding(Level.ERROR, code, column, value, (), values))

    for column in ("resident_id", "since", "until", "occupation_code"):
        if len(getattr(line, column)) > LONGEST_CELL:
            wrong("TR-CELL-TOO-LONG", column, longest=str(LONGEST_CELL))
    if found:
        return found
    number = ""
    try:
        number = resident_id.parse(line.resident_id, today).number
    except ResidentIdFault as fault:
        wrong(code_of(fault), "resident_id", resident_id.mask(resident_id.normalise(line.resident_id)))
    days: dict[str, date | None] = {}
    for column, text in (("since", line.since.strip()), ("until", line.until.strip())):
        days[column] = read_date(text) if text else None
        if text and days[column] is None:
            wrong("TR-REGISTER-DATE", column)
    since, until = days["since"], days["until"]
    if since and until and until < since:
        wrong("TR-REGISTER-PERIOD", "until")
    if kind is Kind.SUBSIDISED_TRAINING and not line.since.strip():
        # how many trainings a year somebody had cannot be counted without
        wrong("TR-REGISTER-NO-DATE", "since")
    occupation = line.occupation_code.strip()
    if occupation and not (OCCUPATION.fullmatch(occupation) and len(occupation) <= LONGEST_OCCUPATION):
        wrong("TR-REGISTER-OCCUPATION", "occupation_code")
    if not 0 <= line.certificate_level <= 5:
        wrong("TR-REGISTER-LEVEL", "certificate_level")
    return found or Entry(number, since, until, occupation, line.certificate_level)
