from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import workdays
from services.reference.workdays import CalendarNotPublished, DayKind
from services.talent.rules import clock
from services.talent.rules.clock import Phase, Stage, Which, Why, deadline, elapsed, explain
from services.talent.rules.days import Assumption, Days, Guess
from services.talent.rules.ledger import Entry, EntryKind
from services.talent.rules.limits import Basis, Limit, Span, Unit
from services.talent.rules.reading import Begun, Terms
from tests.talent.rules.labelled import CATALOGUE, DIVISION, entry_of
from tests.talent.rules.ledgers import at

CALENDAR = workdays.published()
NEW_YEAR = date(2026, 2, 12)


def ledger(text: str) -> list[Entry]:
    return [entry_of(number, each) for number, each in enumerate(text.split("; "), start=1)]


def terms(key: str) -> Terms:
    return CATALOGUE.matter(key).steps[0].terms(DIVISION)


def test_a_deadline_over_the_spring_festival_day_by_day() -> None:
    lines = explain(terms("wd5"), ledger("RECEIVED@2026-02-12"), CALENDAR, Which.STATUTORY)
    assert [(line.day.isoformat()[5:], line.kind, line.why, line.count) for line in lines] == [
        ("02-12", DayKind.WORKDAY, Why.FIRST_DAY, 0),
        ("02-13", DayKind.WORKDAY, Why.COUNTED, 1),
        ("02-14", DayKind.MAKE_UP, Why.COUNTED, 2),
        *((f"02-{day}", DayKind.HOLIDAY, Why.DAY_OFF, 2) for day in range(15, 24)),
        ("02-24", DayKind.WORKDAY, Why.COUNTED, 3),
        ("02-25", DayKind.WORKDAY, Why.COUNTED, 4),
        ("02-26", DayKind.WORKDAY, Why.COUNTED, 5),
    ]
    make_up = lines[2]
    assert (make_up.holiday, make_up.total, make_up.assumed) == ("春节", 5, False)
    assert make_up.notice == ("https://www.gov.cn/zhengce/zhengceku/202511/content_7047091.htm",)


def test_the_check_of_completeness_is_told_before_the_limit() -> None:
    lines = explain(terms("c5wd"), ledger("RECEIVED@2026-03-02; ACCEPTED@2026-03-04"), CALENDAR, Which.STATUTORY)
    assert [(line.stage, line.day.day, line.count) for line in lines] == [
        *((Stage.COMPLETENESS, day, day - 2) for day in (2, 3, 4)),
        *(
            (Stage.LIMIT, day, count)
            for day, count in ((4, 0), (5, 1), (6, 2), (7, 2), (8, 2), (9, 3), (10, 4), (11, 5))
        ),
    ]


def test_what_is_accepted_on_the_day_of_its_receipt_has_one_first_day() -> None:
    lines = explain(terms("c5wd"), ledger("RECEIVED@2026-03-02; ACCEPTED@2026-03-02"), CALENDAR, Which.STATUTORY)
    assert [(line.stage, line.day.day, line.why) for line in lines[:2]] == [
        (Stage.LIMIT, 2, Why.FIRST_DAY), (Stage.LIMIT, 3, Why.COUNTED)
    ]  # fmt: skip
    assert {line.stage for line in lines} == {Stage.LIMIT}


def test_what_counts_as_accepted_has_the_whole_check_and_then_the_limit() -> None:
    lines = explain(terms("c5wd"), ledger("RECEIVED@2026-03-02; ACCEPTED@2026-03-20"), CALENDAR, Which.STATUTORY)
    firsts = [(line.stage, line.day.day) for line in lines if line.why is Why.FIRST_DAY]
    assert firsts == [(Stage.COMPLETENESS, 2), (Stage.LIMIT, 2)]


def test_a_suspension_and_a_last_day_off_are_told() -> None:
    expert = "SUSPENDED@2026-03-10 EXPERT basis=b notice=n; RESUMED@2026-03-20 EXPERT"
    lines = explain(terms("s30d"), ledger(f"RECEIVED@2026-03-02; {expert}"), CALENDAR, Which.STATUTORY)
    suspended = [line for line in lines if line.why is Why.SUSPENDED]
    assert [line.day.day for line in suspended] == list(range(11, 21))
    assert {line.suspension for line in suspended} == {"EXPERT"}
    assert [(line.day, line.why) for line in lines[-3:]] == [
        (date(2026, 4, 11), Why.COUNTED),
        (date(2026, 4, 12), Why.MOVED_ON),
        (date(2026, 4, 13), Why.MOVED_ON),
    ]


def test_past_the_last_notice_every_day_says_that_it_is_assumed() -> None:
    lines = explain(terms("wd5"), ledger("RECEIVED@2026-12-29"), CALENDAR, Which.STATUTORY)
    assert [line.assumed for line in lines] == [True] * len(lines)  # December may still change
    assert [line.day for line in lines if line.why is Why.DAY_OFF] == [date(2027, 1, 2), date(2027, 1, 3)]
    found = deadline(terms("wd5"), ledger("RECEIVED@2026-12-29"), CALENDAR).statutory
    assert found.provisional
    assert found.assumes == (Assumption(Guess.MAY_CHANGE, 2026), Assumption(Guess.UNPUBLISHED, 2027))


def test_there_is_nothing_to_explain_without_a_date() -> None:
    assert explain(terms("unknown"), ledger("RECEIVED@2026-03-02"), CALENDAR, Which.STATUTORY) == ()
    assert explain(terms("wd5"), ledger("RECEIVED@2026-03-02"), CALENDAR, Which.PROMISED) == ()
    assert explain(terms("wd5"), [], CALENDAR, Which.STATUTORY) == ()


def test_three_dates_are_three_things() -> None:
    found = deadline(terms("p15wd"), ledger("RECEIVED@2026-03-02"), CALENDAR)
    assert (found.promised.day, found.statutory.day) == (date(2026, 3, 16), date(2026, 3, 23))
    assert found.alarm == found.promised == found.planned
    plan = Terms(terms("wd15").limit, plan=Span(8, Unit.WORKING_DAYS))
    found = deadline(plan, ledger("RECEIVED@2026-03-02"), CALENDAR)
    assert (found.planned.day, found.promised.day, found.statutory.day) == (date(2026, 3, 12), None, date(2026, 3, 23))
    assert found.alarm.day == date(2026, 3, 12)


def test_a_reminder_stands_for_a_limit_that_nobody_knows() -> None:
    seat = CATALOGUE.matter("unknown").steps[0].terms(DIVISION, plan=Span(10, Unit.WORKING_DAYS))
    found = deadline(seat, ledger("RECEIVED@2026-03-02"), CALENDAR)
    assert (found.planned.day, found.statutory.day) == (date(2026, 3, 16), None)


def test_a_clock_that_nothing_was_entered_for() -> None:
    found = deadline(terms("c15wd"), [], CALENDAR)
    assert (found.phase, found.received, found.started, found.begun) == (Phase.NOT_RECEIVED, None, None, None)
    assert found.statutory.day is None
    entered = deadline(terms("c15wd"), [Entry(7, EntryKind.ACCEPTED, at(NEW_YEAR))], CALENDAR)
    assert [(void.number, void.reason) for void in entered.void] == [(7, "BEFORE_RECEIPT")]


def test_what_a_deadline_says_beside_its_dates() -> None:
    found = deadline(terms("c15wd"), ledger("RECEIVED@2026-02-12; GAPS@2026-02-13 items=b,a"), CALENDAR)
    assert (found.check_by, found.outstanding) == (date(2026, 2, 26), ("a", "b"))
    assert found.calendar == CALENDAR.version
    accepted = deadline(terms("c15wd"), ledger("RECEIVED@2026-02-12; ACCEPTED@2026-02-13"), CALENDAR)
    assert (accepted.begun, accepted.started) == (Begun.ACCEPTED, date(2026, 2, 13))


@pytest.mark.parametrize(
    ("on", "used"),
    [("2026-02-12", 0), ("2026-02-14", 2), ("2026-02-23", 2), ("2026-02-26", 5), ("2026-02-28", 7), ("2026-02-01", 0)],
)
def test_how_much_was_used_by_a_day(on: str, used: int) -> None:
    assert elapsed(terms("wd5"), ledger("RECEIVED@2026-02-12"), CALENDAR, date.fromisoformat(on)) == used


def test_what_is_finished_uses_no_more() -> None:
    finished = ledger("RECEIVED@2026-02-12; FINISHED@2026-02-24")
    assert elapsed(terms("wd5"), finished, CALENDAR, date(2026, 6, 1)) == 3


def test_before_the_calendar_nothing_is_computed() -> None:
    with pytest.raises(CalendarNotPublished):
        deadline(terms("wd5"), ledger("RECEIVED@2010-03-02"), CALENDAR)


@given(st.sampled_from(Unit), st.integers(1, 40), st.dates(date(2025, 10, 1), date(2027, 3, 31)))
def test_a_date_is_the_same_counted_at_once_or_day_by_day(unit: Unit, n: int, base: date) -> None:
    """What nothing suspends is not walked; it must come to the same day, and rest on the same assumptions."""
    at_once, walked = Days(CALENDAR), Days(CALENDAR)
    *_, last = clock._walk(base, Span(n, unit), (), walked)
    assert at_once.after(base, Span(n, unit)) == last[0]
    assert at_once.assumed == walked.assumed


@given(st.dates(date(2025, 1, 1), date(2026, 6, 30)), st.sampled_from(Unit))
def test_a_longer_limit_is_never_due_earlier(base: date, unit: Unit) -> None:
    found = [
        deadline(
            Terms(Limit(n, unit, Basis.LAW, "法")), [Entry(1, EntryKind.RECEIVED, at(base))], CALENDAR
        ).statutory.day
        for n in range(1, 7)
    ]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(found))
    assert found[0] is not None
    assert found[0] >= base + timedelta(days=1)


def test_two_entries_of_one_instant_read_the_same_whichever_was_entered_first() -> None:
    expert = "SUSPENDED@2026-03-05 EXPERT basis=b notice=n"
    one = ledger(f"RECEIVED@2026-03-02; {expert} max=3wd; {expert} max=8wd; RESUMED@2026-03-20 EXPERT")
    other = ledger(f"RECEIVED@2026-03-02; {expert} max=8wd; {expert} max=3wd; RESUMED@2026-03-20 EXPERT")
    found = deadline(terms("s15wd"), one, CALENDAR)
    assert found.statutory == deadline(terms("s15wd"), other, CALENDAR).statutory
    assert found.statutory.day == date(2026, 3, 26)
