"""The labelled cases: `cases.csv`, one row a case, and how its entries are written.

Entries are numbered in the order in which they are entered. Each is KIND@DAY or KIND@DAYThh:mm in Shanghai, then facts:
`RECEIVED@2026-03-02; SUSPENDED@2026-03-05 EXPERT basis=行政许可法45 notice=n1 max=3wd; RESUMED@2026-03-12 EXPERT`.
`start` and `left_out` are what the law makes of them, found by hand; `walker` counts the dates from there.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.reference.clock import SHANGHAI
from services.talent.rules.catalogue_file import load
from services.talent.rules.ledger import Entry, EntryKind, SuspensionKind
from services.talent.rules.limits import Span, Unit
from services.talent.rules.reading import Terms
from tests.talent.rules import walker

HERE = Path(__file__).parent
DIVISION = "371526"
CATALOGUE = load(("cases.yaml", (HERE / "cases.yaml").read_text(encoding="utf-8")))
_UNITS = {"wd": Unit.WORKING_DAYS, "d": Unit.DAYS}


@dataclass(frozen=True)
class Case:
    case: str
    rule: str
    by: str
    step: str
    entries: str
    phase: str
    start: str
    left_out: str
    plus: str
    planned: str
    promised: str
    statutory: str
    void: str
    assumes: str
    note: str

    @property
    def terms(self) -> Terms:
        return CATALOGUE.matter(self.step).steps[0].terms(DIVISION)

    @property
    def ledger(self) -> list[Entry]:
        return [entry_of(number, text) for number, text in enumerate(self.entries.split("; "), start=1)]

    @property
    def left_out_days(self) -> set[date]:
        spans = (part.split("..") for part in self.left_out.split())
        return {day for ends in spans for day in walker.span(day_of(ends[0]), day_of(ends[-1]))}


def day_of(text: str) -> date:
    return date.fromisoformat(text)


def entry_of(number: int, text: str) -> Entry:
    what, *facts = text.split(" ")
    kind, _, when = what.partition("@")
    at = datetime.fromisoformat(when if "T" in when else f"{when}T12:00").replace(tzinfo=SHANGHAI)
    named = dict(fact.split("=", 1) for fact in facts if "=" in fact)
    words = [fact for fact in facts if "=" not in fact]
    longest = named.get("max", "")
    return Entry(
        number=number,
        kind=EntryKind(kind),
        at=at,
        suspension=SuspensionKind(words[0]) if words else None,
        basis=named.get("basis", ""),
        notice=named.get("notice", ""),
        approver=named.get("approver", ""),
        maximum=span_of(longest) if longest else None,
        items=tuple(named["items"].split(",")) if "items" in named else (),
        n=int(named["n"]) if "n" in named else None,
        target=int(named["target"]) if "target" in named else None,
    )


def span_of(text: str) -> Span:
    digits = text.rstrip("wd")
    return Span(int(digits), _UNITS[text.removeprefix(digits)])


def cases() -> list[Case]:
    with (HERE / "cases.csv").open(encoding="utf-8", newline="") as file:
        return [Case(**row) for row in csv.DictReader(file)]
