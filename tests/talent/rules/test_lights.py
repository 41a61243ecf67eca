from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import workdays
from services.talent.rules.clock import deadline, elapsed
from services.talent.rules.ledger import Entry, EntryKind, Suspension, SuspensionKind
from services.talent.rules.lights import Light, Thresholds, Turns, overdue, turns
from services.talent.rules.limits import Basis, Limit, Unit
from services.talent.rules.reading import Terms
from tests.talent.rules.ledgers import at, ledger, terms

CALENDAR = workdays.published()
USUAL = Thresholds(1, Decimal("0.2"))
MONDAY = date(2026, 3, 2)
RECEIVED = [Entry(1, EntryKind.RECEIVED, at(MONDAY))]


def turned(terms: Terms, entries: list[Entry], thresholds: Thresholds) -> Turns:
    return turns(terms, deadline(terms, entries, CALENDAR), CALENDAR, thresholds)


def by(n: int, unit: Unit = Unit.WORKING_DAYS, **more: object) -> Terms:
    return Terms(Limit(n, unit, Basis.LAW, "法"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "yellow", "red"),
    [
        (by(15), date(2026, 3, 18), date(2026, 3, 24)),  # a fifth: three working days left after the twelfth
        (by(5), date(2026, 3, 6), date(2026, 3, 10)),  # one working day left
        (by(3), date(2026, 3, 4), date(2026, 3, 6)),
        (by(1), MONDAY, date(2026, 3, 4)),  # a limit of a day is yellow at once
        (by(7), date(2026, 3, 10), date(2026, 3, 12)),  # a fifth of seven is one
        (by(10, Unit.DAYS), date(2026, 3, 10), date(2026, 3, 13)),
        (by(10, Unit.WORKING_DAYS, promise=5), date(2026, 3, 6), date(2026, 3, 10)),  # by what was promised
        (by(1, Unit.MONTHS), date(2026, 3, 27), date(2026, 4, 3)),  # 31 days, six left
    ],
)
def test_when_a_clock_turns(terms: Terms, yellow: date, red: date) -> None:
    assert turned(terms, RECEIVED, USUAL) == Turns(yellow, red)


def test_the_colours_of_a_day() -> None:
    found = turned(by(15), RECEIVED, USUAL)
    days = [MONDAY, date(2026, 3, 17), date(2026, 3, 18), date(2026, 3, 23), date(2026, 3, 24), date(2027, 1, 1)]
    assert [found.light(day) for day in days] == [
        Light.GREEN,
        Light.GREEN,
        Light.YELLOW,
        Light.YELLOW,
        Light.RED,
        Light.RED,
    ]


def test_what_has_no_date_stays_green() -> None:
    unknown = Terms(Limit(None, Unit.WORKING_DAYS, Basis.UNKNOWN))
    assert turned(unknown, RECEIVED, USUAL) == Turns(None, None)
    assert turned(by(5), [], USUAL) == Turns(None, None)
    assert Turns(None, None).light(date(2030, 1, 1)) is Light.GREEN


def test_a_suspension_without_an_end_turns_nothing() -> None:
    terms = by(15, suspensions=(Suspension(SuspensionKind.EXPERT, "法45"),))
    stopped = Entry(2, EntryKind.SUSPENDED, at(date(2026, 3, 5)), SuspensionKind.EXPERT, "法45", "告知书")
    assert turned(terms, [*RECEIVED, stopped], USUAL) == Turns(None, None)
    late = Entry(2, EntryKind.SUSPENDED, at(date(2026, 3, 19)), SuspensionKind.EXPERT, "法45", "告知书")
    assert turned(terms, [*RECEIVED, late], USUAL) == Turns(date(2026, 3, 18), None)


def test_thresholds_are_parameters() -> None:
    assert turned(by(15), RECEIVED, Thresholds(5, Decimal("0.2"))).yellow == date(2026, 3, 16)
    assert turned(by(15), RECEIVED, Thresholds(1, Decimal(0))).yellow == date(2026, 3, 20)


@given(terms(), ledger(corrected=False))
def test_yellow_comes_before_red_and_red_the_day_after_the_date(terms: Terms, entries: list[Entry]) -> None:
    found = turned(terms, entries, USUAL)
    due = deadline(terms, entries, CALENDAR).alarm.day
    assert found.red == (due + timedelta(days=1) if due else None)
    if found.red is not None:
        assert found.yellow is not None
        assert found.yellow < found.red


@given(st.integers(1, 30), st.dates(date(2025, 1, 1), date(2026, 9, 1)))
def test_yellow_is_the_first_day_with_little_left(n: int, base: date) -> None:
    entries = [Entry(1, EntryKind.RECEIVED, at(base))]
    yellow = turned(by(n), entries, USUAL).yellow
    assert yellow is not None
    most = max(1, n // 5)
    assert n - elapsed(by(n), entries, CALENDAR, yellow) <= most
    if yellow > base:
        assert n - elapsed(by(n), entries, CALENDAR, yellow - timedelta(days=1)) > most


@pytest.mark.parametrize(
    ("due", "on", "days"),
    [
        ("2026-03-23", "2026-03-23", 0),
        ("2026-03-23", "2026-03-24", 1),
        ("2026-03-27", "2026-03-29", 0),
        ("2026-03-27", "2026-03-30", 1),
        ("2026-02-13", "2026-02-25", 3),
        ("2026-04-01", "2026-03-01", 0),
    ],
)
def test_how_late_a_step_is(due: str, on: str, days: int) -> None:
    assert overdue(date.fromisoformat(due), date.fromisoformat(on), CALENDAR) == days


def test_nothing_is_late_without_a_date() -> None:
    assert overdue(None, date(2026, 3, 2), CALENDAR) == 0
