"""One row while it is read: its cells, what they were found to mean, and what was found wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.reference.codelists import Category, Entry
from services.reference.conditions import CELL_DITTO, CELL_EXCEL_ERROR, PHONES, Condition, Finding, Level, masked
from services.reference.credit_code import CreditCode
from services.reference.resident_id import ResidentId
from services.reference.text import DITTO, EXCEL_ERRORS, NOTHING, PLACEHOLDERS
from services.training.rules.roster import conditions

LONGEST_CELL = 200  # characters
OF_AGE = 18  # years, 民法典第17条

_SPOILT = NOTHING | PLACEHOLDERS | DITTO
_MOJIBAKE = "锟斤"  # what UTF-8 read as GBK and written again looks like
_FORMULA = frozenset("=＝@＠")
_SIGNED_FORMULA = frozenset("+-＋－")
_UNSEEN = frozenset({"Cc", "Cf"})
_PLAIN_DATE = re.compile(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}").fullmatch  # nothing odd about it
_SPACES = "\t\n\r\v\f"


@dataclass(frozen=True, slots=True)
class About:
    """The class a roster is for, and the day it is read (Asia/Shanghai). A class of no number is not compared with.

    `level` is a skill level code 0..7, `divisions` are those whose people it is for, `youngest` the age in years below
    which nobody may come.
    """

    today: date
    class_number: str = ""
    title: str = ""
    start: date | None = None
    end: date | None = None
    occupation_code: str = ""
    occupation_name: str = ""
    level: int | None = None
    subsidised: bool = False
    institution_code: str = ""
    enterprise_code: str = ""
    divisions: tuple[str, ...] = ()
    youngest: int = 0
    # whoever was born later is a minor on the first day
    adult_if_born_by: date = field(init=False)

    def __post_init__(self) -> None:
        """Reckons the birthday of those who come of age on the first day."""
        first = self.start or self.today
        try:
            adult = first.replace(year=first.year - OF_AGE)
        except ValueError:  # 29 February
            adult = first.replace(year=first.year - OF_AGE, day=28)
        object.__setattr__(self, "adult_if_born_by", adult)


@dataclass(slots=True)
class Row:
    """A row that was read. `number` is None when the identity number is none.

    `proof` is kind and number of what proves the category; `extra` holds the cells that rows are compared by, as pairs
    of column and text. There may be 200,000 rows at once: none of it is larger than it must be.
    """

    row_number: int
    full_name: str
    phone: str
    number: ResidentId | None
    findings: tuple[Finding, ...]
    category: str = ""
    proof: tuple[str, str] = ("", "")
    extra: tuple[tuple[str, str], ...] = ()

    def add(self, finding: Finding) -> None:
        """One more finding."""
        self.findings = (*self.findings, finding)

    @property
    def refused(self) -> bool:
        """Whether anything found blocks it."""
        return any(finding.condition.level is Level.ERROR for finding in self.findings)

    @property
    def warnings(self) -> list[str]:
        """The codes of what wants a reason."""
        return [each.condition.code for each in self.findings if each.condition.level is Level.WARNING]


class Draft:
    """A row while it is read. `cells` holds the cells that are filled, by column."""

    __slots__ = (
        *("about", "card", "category", "cells", "education", "employer", "findings", "full_name", "household"),
        *("insured", "number", "numeric", "phone", "proof", "status"),
    )

    def __init__(self, cells: Mapping[str, str], numeric: Collection[str], about: About) -> None:
        self.cells = cells
        self.numeric = numeric
        self.about = about
        self.findings: list[Finding] = []
        self.full_name = ""
        self.phone = ""
        self.number: ResidentId | None = None
        self.category: Category | None = None
        self.education: Entry | None = None
        self.status: Entry | None = None
        self.insured: Entry | None = None
        self.household: Entry | None = None
        self.employer: CreditCode | None = None
        self.proof = ("", "")
        self.card = ""

    def wrong(self, condition: Condition, column: str = "", value: str = "", *others: str, **values: str | int) -> None:
        """Notes a finding; its column is the condition's own unless it may be in several."""
        column = column or (condition.columns[0] if condition.columns else "")
        shown = masked(column, value) if value else ""
        said = {key: str(each) for key, each in values.items()}
        self.findings.append(Finding(condition, column, shown, others, said))

    def has(self, column: str) -> bool:
        """Whether the cell holds anything but blanks and words that stand for nothing."""
        raw = self.cells.get(column, "").strip()
        return bool(raw) and raw not in NOTHING

    def spoilt(self, column: str) -> bool:
        """Whether the cell was found to be wrong already."""
        return any(each.column == column and each.condition.level is Level.ERROR for each in self.findings)

    def text(self, column: str) -> str:
        """A cell half-width and trimmed, "" where it holds nothing that could be data. Notes what was odd about it."""
        raw = self.cells.get(column, "")
        if raw.isascii() and (raw.upper() not in PLACEHOLDERS if raw.isalnum() else _PLAIN_DATE(raw)):
            return raw
        return self._odd(column, raw) if raw else ""

    def _odd(self, column: str, raw: str) -> str:
        plain = raw if unicodedata.is_normalized("NFKC", raw) else unicodedata.normalize("NFKC", raw)
        if plain.isalnum() and plain not in _SPOILT and _MOJIBAKE not in plain:
            return plain
        seen = plain
        if not plain.isprintable():
            seen = "".join(each for each in plain if each in _SPACES or unicodedata.category(each) not in _UNSEEN)
            if seen != plain:
                self.wrong(conditions.CELL_INVISIBLE, column)
        seen = " ".join(seen.split()).lstrip("'`‘’")
        if not seen or seen in NOTHING:
            return ""
        upper = seen.upper()
        if upper in PLACEHOLDERS:
            self.wrong(conditions.CELL_PLACEHOLDER, column, raw)
            return ""
        if seen in DITTO or raw.strip() in DITTO:
            self.wrong(CELL_DITTO, column, raw)
            return ""
        if upper in EXCEL_ERRORS:
            self.wrong(CELL_EXCEL_ERROR, column)
            return ""
        if "\ufffd" in seen or _MOJIBAKE in seen or (len(seen) > 1 and not seen.strip("?")):
            self.wrong(conditions.CELL_GARBLED, column)
            return ""
        first = raw.lstrip()[:1]
        if first in _FORMULA or (first in _SIGNED_FORMULA and column not in PHONES and len(seen) > 1):
            self.wrong(conditions.CELL_FORMULA, column)
        return seen
