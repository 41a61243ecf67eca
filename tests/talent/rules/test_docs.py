from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.platform.texts import Texts
from services.reference import workdays
from services.reference.workdays import DayKind
from services.talent import rules
from services.talent.rules.clock import Line, Which, Why, deadline, explain
from services.talent.rules.days import Guess
from services.talent.rules.ledger import Entry, EntryKind
from services.talent.rules.limits import Basis, Limit, Unit
from services.talent.rules.reading import Terms
from tests.talent.rules.labelled import day_of
from tests.talent.rules.ledgers import at

TALENT = Path(rules.__file__).parents[1]
PAGE = (TALENT.parents[1] / "docs" / "talent-clock.md").read_text(encoding="utf-8")
TEXTS = Texts.load(TALENT / "texts.toml")
CALENDAR = workdays.published()
UNITS = {"working days": Unit.WORKING_DAYS, "days": Unit.DAYS, "month": Unit.MONTHS}
EXAMPLES = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (\d+) ([a-z ]+) \| (\d{4}-\d\d-\d\d) \|$", PAGE, re.MULTILINE)


def key_of(line: Line) -> str:
    if line.why is Why.DAY_OFF:
        return "DAY_OFF_HOLIDAY" if line.kind is DayKind.HOLIDAY else "DAY_OFF_WEEKEND"
    if line.why is Why.COUNTED:
        return "DAY_COUNTED_MAKE_UP" if line.kind is DayKind.MAKE_UP else "DAY_COUNTED_WORKDAY"
    return f"DAY_{line.why}"


def said(line: Line) -> str:
    values = {"day": str(line.day), "holiday": line.holiday or "", "count": str(line.count), "total": str(line.total)}
    return TEXTS.say(key_of(line), "en", values)


def test_the_derivation_on_the_page_is_what_the_rules_say() -> None:
    terms = Terms(Limit(5, Unit.WORKING_DAYS, Basis.LAW, "法"))
    lines = explain(terms, [Entry(1, EntryKind.RECEIVED, at(day_of("2026-02-12")))], CALENDAR, Which.STATUTORY)
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    assert block.splitlines() == [said(line) for line in lines]


@pytest.mark.parametrize(("received", "n", "unit", "statutory"), EXAMPLES)
def test_the_examples_on_the_page(received: str, n: str, unit: str, statutory: str) -> None:
    terms = Terms(Limit(int(n), UNITS[unit], Basis.LAW, "法"))
    found = deadline(terms, [Entry(1, EntryKind.RECEIVED, at(day_of(received)))], CALENDAR)
    assert found.statutory.day == day_of(statutory)


def test_the_page_has_examples_and_names_every_entry_and_assumption() -> None:
    assert len(EXAMPLES) == 6
    for word in (*EntryKind, *Guess):
        assert f"`{word}`" in PAGE
