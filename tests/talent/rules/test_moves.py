from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from services.reference import workdays
from services.reference.workdays import Calendar, SpecialDay
from services.talent.rules.clock import Which
from services.talent.rules.days import Assumption, Guess
from services.talent.rules.ledger import Entry, EntryKind
from services.talent.rules.limits import Basis, Limit, Unit
from services.talent.rules.moves import Direction, OpenClock, moves
from services.talent.rules.reading import Terms
from tests.talent.rules.ledgers import at

TODAY = workdays.published()
TEN = Terms(Limit(10, Unit.WORKING_DAYS, Basis.LAW, "法"))


def with_2027(*off: date, worked: tuple[date, ...] = ()) -> Calendar:
    """The published calendar with a notice for 2027 that nobody has written yet."""
    special, day = [], TODAY.first
    while day <= TODAY.last:
        note = TODAY.explain(day)
        if note.holiday:
            special.append(SpecialDay(day, not note.works, note.holiday, (), day.year))
        day += timedelta(days=1)
    special += [SpecialDay(day, True, "元旦", (), 2027) for day in off]
    special += [SpecialDay(day, False, "元旦", (), 2027) for day in worked]
    return Calendar(special)


def clock(base: date, *more: Entry, terms: Terms = TEN, renewed: Terms | None = None) -> OpenClock:
    return OpenClock(f"steps/{base}", terms, (Entry(1, EntryKind.RECEIVED, at(base)), *more), renewed)


def test_a_new_year_moves_what_was_provisional() -> None:
    """Ten working days from 2026-12-25 came to 2027-01-08; New Year's Day takes one away."""
    (planned, statutory) = moves([clock(date(2026, 12, 25))], TODAY, with_2027(date(2027, 1, 1)))
    assert (planned.which, statutory.which) == (Which.PLANNED, Which.STATUTORY)
    assert statutory.direction is Direction.LATER
    assert (statutory.before.day, statutory.after.day) == (date(2027, 1, 8), date(2027, 1, 11))
    assert Assumption(Guess.UNPUBLISHED, 2027) in statutory.before.assumes
    assert statutory.after.assumes == ()


def test_a_make_up_day_moves_it_back() -> None:
    new = with_2027(date(2027, 1, 1), worked=(date(2027, 1, 2), date(2027, 1, 3)))
    found = list(moves([clock(date(2026, 12, 25))], TODAY, new))
    assert {(move.direction, move.after.day) for move in found} == {(Direction.EARLIER, date(2027, 1, 7))}


def test_a_date_that_stays_and_is_settled_is_told() -> None:
    found = list(moves([clock(date(2026, 12, 1))], TODAY, with_2027(date(2027, 1, 1))))
    assert {(move.direction, move.before.day) for move in found} == {(Direction.SETTLED, date(2026, 12, 15))}
    back = list(moves([clock(date(2026, 12, 1))], with_2027(date(2027, 1, 1)), TODAY))
    assert {move.direction for move in back} == {Direction.UNSETTLED}


def test_what_does_not_change_is_not_listed() -> None:
    assert list(moves([clock(date(2026, 3, 2))], TODAY, with_2027(date(2027, 1, 1)))) == []
    assert list(moves([clock(date(2026, 12, 25))], TODAY, TODAY)) == []


def test_a_clock_that_is_finished_does_not_move() -> None:
    finished = Entry(2, EntryKind.FINISHED, at(date(2026, 12, 28)))
    assert list(moves([clock(date(2026, 12, 25), finished)], TODAY, with_2027(date(2027, 1, 1)))) == []


def test_a_new_rule_moves_a_clock() -> None:
    shorter = replace(TEN, limit=replace(TEN.limit, n=8))
    found = list(moves([clock(date(2026, 3, 2), renewed=shorter)], TODAY, TODAY))
    assert {(move.direction, move.before.day, move.after.day) for move in found} == {
        (Direction.EARLIER, date(2026, 3, 16), date(2026, 3, 12))
    }


def test_a_limit_that_becomes_known_and_one_that_is_lost() -> None:
    unknown = Terms(Limit(None, Unit.WORKING_DAYS, Basis.UNKNOWN))
    known = list(moves([clock(date(2026, 3, 2), terms=unknown, renewed=TEN)], TODAY, TODAY))
    assert {(move.which, move.direction) for move in known} == {
        (Which.PLANNED, Direction.APPEARED),
        (Which.STATUTORY, Direction.APPEARED),
    }
    lost = list(moves([clock(date(2026, 3, 2), renewed=unknown)], TODAY, TODAY))
    assert {move.direction for move in lost} == {Direction.GONE}


def test_each_clock_is_named() -> None:
    clocks = [clock(date(2026, 12, 24)), clock(date(2026, 3, 2)), clock(date(2026, 12, 28))]
    found = list(moves(clocks, TODAY, with_2027(date(2027, 1, 1))))
    assert [move.name for move in found] == ["steps/2026-12-24"] * 2 + ["steps/2026-12-28"] * 2
