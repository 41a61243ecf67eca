"""What plain ledgers come to is worked out once, and is what it would be each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reference import workdays
from services.talent.casefiles import EntryFile
from services.talent.casework import clocks
from services.talent.casework.timings import Timing, plainly
from services.talent.rules import clock
from services.talent.rules.ledger import Entry, EntryKind
from services.talent.rules.lights import Thresholds
from services.talent.rules.reading import Terms
from tests.talent.rules.ledgers import FIRST, at, ledger, terms

CALENDAR = workdays.published()
THRESHOLDS = Thresholds(1, Decimal("0.2"))
PLAIN = (EntryKind.RECEIVED, EntryKind.GAPS, EntryKind.SUPPLIED, EntryKind.ACCEPTED, EntryKind.FINISHED)


def written(entry: Entry) -> EntryFile:
    """An entry as its row has it."""
    detail: dict[str, Any] = {
        "suspension": entry.suspension, "basis": entry.basis, "approver": entry.approver, "n": entry.n,
        "maximum": entry.maximum and {"n": entry.maximum.n, "unit": entry.maximum.unit},
        "items": list(entry.items), "target": entry.target,
    }  # fmt: skip
    said = {name: value for name, value in detail.items() if value}
    return EntryFile(1, entry.number, entry.kind, entry.at, entry.at, "a", "b", "", entry.notice, said)


def columns(by: Terms, entries: Sequence[Entry]) -> dict[str, Any]:
    """The columns of a step, worked out by the rules."""
    found = clock.deadline(by, entries, CALENDAR)
    return {**clocks.stored(found), **clocks.lit(by, found, CALENDAR, THRESHOLDS)}


@st.composite
def plain_ledger(draw: st.DrawFn) -> list[Entry]:
    """Entries that say no more than what happened and when, in order; at different hours each time it is drawn."""
    days = sorted(draw(st.lists(st.integers(0, 12), max_size=5)))
    minutes = [draw(st.integers(0, 20)) + 60 * place for place in range(len(days))]
    kinds = [draw(st.sampled_from(PLAIN)) for _ in days]
    return [
        Entry(number, kind, at(FIRST.replace(day=6 + day), minute))
        for number, (kind, day, minute) in enumerate(zip(kinds, days, minutes, strict=True), start=1)
    ]


@settings(deadline=None)
@given(terms(), st.lists(st.one_of(ledger(), plain_ledger()), min_size=1, max_size=6))
def test_a_ledger_comes_to_the_same_whatever_was_worked_out_before(by: Terms, ledgers: list[list[Entry]]) -> None:
    timing = Timing(by, THRESHOLDS)
    for entries in [*ledgers, *ledgers]:
        found = timing.reckon([written(entry) for entry in entries], CALENDAR)
        assert found.deadline == clock.deadline(by, entries, CALENDAR)
        assert found.columns == columns(by, entries)


@settings(deadline=None)
@given(terms(), plain_ledger())
def test_the_hour_does_not_matter_to_a_plain_ledger(by: Terms, entries: list[Entry]) -> None:
    files = [written(entry) for entry in entries]
    earlier = [written(replace(entry, at=entry.at.replace(second=1))) for entry in entries]
    timing = Timing(by, THRESHOLDS)
    assert timing.reckon(files, CALENDAR) is timing.reckon(earlier, CALENDAR)


def test_what_is_not_plain_is_worked_out_each_time() -> None:
    received, accepted = (written(Entry(n, kind, at(FIRST))) for n, kind in ((1, "RECEIVED"), (2, "ACCEPTED")))  # type: ignore[arg-type]
    assert plainly([received, accepted]) == (("RECEIVED", FIRST), ("ACCEPTED", FIRST))
    assert plainly([replace(accepted, number=1), replace(received, number=2)]) is None, "two of one instant, turned"
    assert plainly([replace(received, number=2)]) is None
    assert plainly([replace(received, detail={"items": ["a"]})]) is None
    assert plainly([received, replace(accepted, occur_time=at(FIRST, 0))]) is None, "entered late"
