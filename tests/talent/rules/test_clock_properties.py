from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.reference import workdays
from services.reference.workdays import Calendar, SpecialDay
from services.talent.rules.clock import Deadline, Stage, Which, Why, deadline, elapsed, explain
from services.talent.rules.ledger import Entry, EntryKind, Suspension, SuspensionKind
from services.talent.rules.limits import Basis, Limit, Unit
from services.talent.rules.reading import Terms
from tests.talent.rules import walker
from tests.talent.rules.ledgers import FIRST, at, ledger, terms

CALENDAR = workdays.published()
WHOLE = (Unit.WORKING_DAYS, Unit.DAYS)
NEVER = date.max


def dates(found: Deadline) -> tuple[date | None, ...]:
    return found.planned.day, found.promised.day, found.statutory.day


def bounds(found: Deadline) -> tuple[date, ...]:
    """The three dates, one that cannot be said yet as the latest there is."""
    return tuple(day or NEVER for day in dates(found))


@settings(deadline=None)
@given(terms(), ledger(), st.randoms(use_true_random=False))
def test_the_order_of_a_list_means_nothing(by: Terms, entries: list[Entry], chance: random.Random) -> None:
    shuffled = entries.copy()
    chance.shuffle(shuffled)
    assert deadline(by, shuffled, CALENDAR) == deadline(by, entries, CALENDAR)
    for which in Which:
        assert explain(by, shuffled, CALENDAR, which) == explain(by, entries, CALENDAR, which)


@settings(deadline=None)
@given(terms(), ledger(corrected=False), st.randoms(use_true_random=False))
def test_the_order_of_entry_means_nothing(by: Terms, entries: list[Entry], chance: random.Random) -> None:
    numbers = [entry.number for entry in entries]
    chance.shuffle(numbers)
    renamed = dict(zip((entry.number for entry in entries), numbers, strict=True))
    late = [replace(entry, number=renamed[entry.number]) for entry in entries]
    found, again = deadline(by, entries, CALENDAR), deadline(by, late, CALENDAR)
    void = {(renamed[each.number], each.reason) for each in found.void}
    assert {(each.number, each.reason) for each in again.void} == void
    assert replace(again, void=()) == replace(found, void=())


@settings(deadline=None)
@given(terms(), ledger())
def test_a_replay_comes_to_what_was_stored(by: Terms, entries: list[Entry]) -> None:
    """An entry at a time, as a service stores it; an entry without effect moves nothing when it is added."""
    stored: list[Entry] = []
    for entry in sorted(entries, key=lambda each: each.number):
        before, stored = deadline(by, stored, CALENDAR), [*stored, entry]
        found = deadline(by, stored, CALENDAR)
        latest = all(entry.at > other.at for other in stored[:-1])
        ineffective = any(void.number == entry.number for void in found.void)
        if latest and ineffective and found.phase == before.phase:
            assert dates(found) == dates(before)
    assert deadline(by, stored, CALENDAR) == deadline(by, entries, CALENDAR)


@settings(deadline=None)
@given(terms(), ledger(), st.integers(0, 90))
def test_a_suspension_that_ends_on_its_day_changes_nothing(by: Terms, entries: list[Entry], after: int) -> None:
    day = FIRST + timedelta(days=after)
    pause = [
        Entry(101, EntryKind.SUSPENDED, at(day, 600), SuspensionKind.APPLICANT, "请求", "请求书"),
        Entry(102, EntryKind.RESUMED, at(day, 601), SuspensionKind.APPLICANT),
    ]
    assume(not any(entry.day == day and entry.kind is EntryKind.FINISHED for entry in entries))
    found, without = deadline(by, [*entries, *pause], CALENDAR), deadline(by, entries, CALENDAR)
    assert dates(found) == dates(without)
    assert (found.started, found.extended, found.finished) == (without.started, without.extended, without.finished)


@settings(deadline=None)
@given(terms(), ledger(), st.integers(0, 60), st.integers(0, 40))
def test_a_suspension_brings_nothing_forward(by: Terms, entries: list[Entry], after: int, length: int) -> None:
    first = FIRST + timedelta(days=after)
    pause = [
        Entry(101, EntryKind.SUSPENDED, at(first), SuspensionKind.APPLICANT, "请求", "请求书"),
        Entry(102, EntryKind.RESUMED, at(first + timedelta(days=length), 13 * 60), SuspensionKind.APPLICANT),
    ]
    found, without = deadline(by, [*entries, *pause], CALENDAR), deadline(by, entries, CALENDAR)
    assert all(a >= b for a, b in zip(bounds(found), bounds(without), strict=True))


def toggled(extra: frozenset[date], off: frozenset[date] = frozenset()) -> Calendar:
    """The published calendar with some days worked that are off, or off that are worked."""
    day, special = CALENDAR.first, []
    while day <= CALENDAR.last:
        kept = CALENDAR.explain(day)
        if kept.holiday or day in extra or day in off:
            special.append(SpecialDay(day, (not kept.works or day in off) and day not in extra, "", (), day.year))
        day += timedelta(days=1)
    return Calendar(special)


days_2025 = st.frozensets(st.dates(FIRST, date(2025, 7, 31)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(terms(WHOLE), ledger(finished=False), days_2025)
def test_more_working_days_bring_no_date_later(by: Terms, entries: list[Entry], extra: frozenset[date]) -> None:
    more = deadline(by, entries, toggled(extra))
    assert all(a <= b for a, b in zip(bounds(more), bounds(deadline(by, entries, CALENDAR)), strict=True))


@settings(max_examples=60, deadline=None)
@given(terms(WHOLE), ledger(finished=False), days_2025)
def test_fewer_working_days_bring_no_date_earlier(by: Terms, entries: list[Entry], off: frozenset[date]) -> None:
    fewer = deadline(by, entries, toggled(frozenset(), off))
    assert all(a >= b for a, b in zip(bounds(fewer), bounds(deadline(by, entries, CALENDAR)), strict=True))


@settings(deadline=None)
@given(terms(), ledger(), st.data())
def test_a_correction_reads_as_if_it_had_been_entered_right(
    by: Terms, entries: list[Entry], data: st.DataObject
) -> None:
    right = [entry for entry in entries if entry.kind is not EntryKind.CORRECTED]
    assume(right)
    chosen = data.draw(st.sampled_from(right))
    moved = chosen.at + timedelta(minutes=data.draw(st.integers(1, 60 * 24 * 9)))
    assume(all(entry.at != moved for entry in right))
    wrong = [replace(entry, at=moved) if entry is chosen else entry for entry in right]
    corrected = [
        *wrong,
        Entry(101, EntryKind.CORRECTED, at(FIRST, 1), target=chosen.number),
        replace(chosen, number=102),
    ]
    found, as_it_was = deadline(by, corrected, CALENDAR), deadline(by, right, CALENDAR)
    assert replace(found, void=()) == replace(as_it_was, void=())
    numbers = {chosen.number: 102}
    assert {(v.number, v.reason) for v in found.void} == {
        (numbers.get(v.number, v.number), v.reason) for v in as_it_was.void
    }


@settings(deadline=None)
@given(terms(), ledger())
def test_the_derivation_comes_to_the_date(by: Terms, entries: list[Entry]) -> None:
    found = deadline(by, entries, CALENDAR)
    for which in Which:
        lines = [line for line in explain(by, entries, CALENDAR, which) if line.stage is Stage.LIMIT]
        day = found.of(which).day
        if day is None:
            assert not lines or lines[-1].why is Why.SUSPENDED
            continue
        assert lines[-1].day == day
        assert [line.day for line in lines] == [lines[0].day + timedelta(days=n) for n in range(len(lines))]
        assert sum(line.counted for line in lines) == lines[-1].count == lines[-1].total
        if which is Which.STATUTORY and found.finished is None:
            assert elapsed(by, entries, CALENDAR, day) >= lines[-1].total


@settings(deadline=None)
@given(
    st.sampled_from(Unit),
    st.integers(1, 25),
    st.dates(date(2025, 1, 1), date(2026, 6, 30)),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), max_size=3),
)
def test_the_walker_comes_to_the_same(unit: Unit, n: int, base: date, pauses: list[tuple[int, int]]) -> None:
    by = Terms(
        Limit(min(n, 5) if unit is Unit.MONTHS else n, unit, Basis.LAW, "规则"),
        suspensions=(Suspension(SuspensionKind.WINDOW, "规则"),),
    )
    entries, left_out, free_from = [Entry(1, EntryKind.RECEIVED, at(base))], set[date](), base
    for after, length in pauses:
        first = free_from + timedelta(days=after + 1)
        last = first + timedelta(days=length)
        free_from = last
        number = len(entries) + 1
        entries += [
            Entry(number, EntryKind.SUSPENDED, at(first), SuspensionKind.WINDOW, "通知", "通知"),
            Entry(number + 1, EntryKind.RESUMED, at(last, 13 * 60), SuspensionKind.WINDOW),
        ]
        left_out |= set(walker.span(first + timedelta(days=1), last))
    assert by.limit.n is not None
    due, _ = walker.due(base, unit, by.limit.n, left_out)
    assert deadline(by, entries, CALENDAR).statutory.day == due
