"""What one row of a roster (实名制花名册) must be, cell by cell, before anybody asks whether the person may enrol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.reference import resident_id
from services.reference.resident_id import ResidentId, ResidentIdFault

LONGEST_CELL = 200  # characters

PHONE = re.compile(r"1[3-9][0-9]{9}")
# CJK ideographs, the middle dot of minority names, Latin letters of foreigners
NAME = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·A-Za-z .'\-]{2,50}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_SEXES = {"男": "MALE", "女": "FEMALE", "M": "MALE", "F": "FEMALE", "男性": "MALE", "女性": "FEMALE"}


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    NOTE = "NOTE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one row. `value` is what stood there, masked; `others` the rows or classes it clashes with."""

    level: Level
    code: str
    column: str = ""
    value: str = ""
    others: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cells:
    """A row as the file has it."""

    row_number: int
    full_name: str
    resident_id: str
    phone: str
    sex: str
    birth_date: str


@dataclass(slots=True)
class Row:
    """A row that was read. `number` is None when the identity number is none."""

    row_number: int
    full_name: str
    phone: str
    number: ResidentId | None
    findings: list[Finding]

    @property
    def refused(self) -> bool:
        """Whether anything found blocks it."""
        return any(finding.level is Level.ERROR for finding in self.findings)


def read(cells: Cells, today: date) -> Row:
    """Reads one row; every fault of it is found at once. `today` is the Asia/Shanghai date."""
    findings: list[Finding] = []

    def wrong(code: str, column: str, value: str = "", level: Level = Level.ERROR, **values: str) -> None:
        findings.append(Finding(level, code, column, value, (), values))

    for column in ("full_name", "resident_id", "phone", "sex", "birth_date"):
        if len(getattr(cells, column)) > LONGEST_CELL:
            wrong("TR-CELL-TOO-LONG", column, longest=str(LONGEST_CELL))
    if findings:
        return Row(cells.row_number, "", "", None, findings)

    name = normalise_name(cells.full_name)
    if not name:
        wrong("TR-NAME-MISSING", "full_name")
    elif not NAME.fullmatch(name):
        wrong("TR-NAME-CHARACTERS", "full_name", f"{name[:1]}*")
    phone = normalise_phone(cells.phone)
    if not phone:
        wrong("TR-PHONE-MISSING", "phone")
    elif not PHONE.fullmatch(phone):
        wrong("TR-PHONE-FORMAT", "phone", "*" * min(len(phone), 11))
    try:
        number = resident_id.parse(cells.resident_id, today)
    except ResidentIdFault as fault:
        wrong(code_of(fault), "resident_id", resident_id.mask(resident_id.normalise(cells.resident_id)))
        return Row(cells.row_number, name, phone, None, findings)
    if resident_id.maybe_rounded(number):
        wrong("TR-ID-ROUNDED", "resident_id", resident_id.mask(number.number), Level.WARNING)
    if sex := unicodedata.normalize("NFKC", cells.sex).strip().upper():
        if sex not in _SEXES:
            wrong("TR-SEX-UNKNOWN", "sex")
        elif _SEXES[sex] != number.sex.name:
            wrong("TR-SEX-MISMATCH", "sex")
    if born := unicodedata.normalize("NFKC", cells.birth_date).strip():
        day = read_date(born)
        if day is None:
            wrong("TR-BIRTH-UNREADABLE", "birth_date")
        elif day != number.birth:
            wrong("TR-BIRTH-MISMATCH", "birth_date")
    return Row(cells.row_number, name, phone, number, findings)


def name_duplicates(rows: Sequence[Row]) -> None:
    """Notes on every row of one person the others: the first is kept unless the names differ, later ones refused."""
    by_number: dict[str, list[Row]] = {}
    for row in rows:
        if row.number is not None:
            by_number.setdefault(row.number.number, []).append(row)
    for same in by_number.values():
        if len(same) < 2:
            continue
        one_name = len({row.full_name for row in same}) == 1
        for row in same:
            others = tuple(f"row {other.row_number}" for other in same if other is not row)
            code = "TR-ROW-DUPLICATE" if one_name else "TR-ROW-DUPLICATE-NAME"
            kept = one_name and row is same[0]
            if kept:
                code = "TR-ROW-DUPLICATE-KEPT"
            level = Level.WARNING if kept else Level.ERROR
            numbers = ", ".join(other.partition(" ")[2] for other in others[:20])
            row.findings.append(Finding(level, code, "resident_id", "", others[:20], {"rows": numbers}))


def read_date(text: str) -> date | None:
    """A date as rosters write it: 1990-01-01, 1990/1/1, 1990.1.1, 19900101 or 1990年1月1日."""
    match = _DATE.fullmatch(text.partition(" ")[0])
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def normalise_name(text: str) -> str:
    """Half-width letters, no spaces between ideographs, one between words."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    return name if name.isascii() else name.replace(" ", "")


def normalise_phone(text: str) -> str:
    """Half-width digits without spaces, hyphens, a leading apostrophe or +86."""
    digits = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).removeprefix("'")
    return digits.removeprefix("+86")


def code_of(fault: ResidentIdFault) -> str:
    """The verdict code of a fault in an identity number, such as TR-ID-CHECKSUM."""
    return f"TR-ID-{fault.code.replace('_', '-')}"
