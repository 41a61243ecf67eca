from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import workdays
from services.reference.workdays import Calendar, CalendarNotPublished, DayKind, SpecialDay

CALENDAR = workdays.published()
days = st.dates(date(2019, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        (date(2025, 1, 24), 5, date(2025, 2, 7)),
        (date(2025, 1, 24), 10, date(2025, 2, 13)),
        (date(2025, 9, 26), 15, date(2025, 10, 23)),
        (date(2026, 2, 12), 5, date(2026, 2, 26)),
        (date(2026, 9, 18), 10, date(2026, 10, 9)),
        (date(2025, 4, 30), 5, date(2025, 5, 12)),
        (date(2025, 2, 7), -5, date(2025, 1, 24)),
        (date(2025, 1, 25), 1, date(2025, 1, 26)),
        (date(2025, 1, 26), 0, date(2025, 1, 26)),
        (date(2025, 2, 1), 0, date(2025, 2, 1)),
    ],
)
def test_known_answers(start: date, n: int, due: date) -> None:
    assert CALENDAR.add(start, n) == due


def test_a_year_has_248_working_days() -> None:
    assert CALENDAR.count(date(2024, 12, 31), date(2025, 12, 31)) == 248
    assert CALENDAR.count(date(2025, 12, 31), date(2026, 12, 31)) == 248


@given(days, st.integers(1, 200))
def test_count_undoes_add(day: date, n: int) -> None:
    due = CALENDAR.add(day, n)
    assert CALENDAR.is_workday(due)
    assert CALENDAR.count(day, due) == n
    assert CALENDAR.count(due, day) == -n


@given(days, st.integers(1, 200))
def test_subtracting_undoes_adding_from_a_working_day(day: date, n: int) -> None:
    start = CALENDAR.next_workday(day)
    assert CALENDAR.add(CALENDAR.add(start, n), -n) == start


@given(days, days, days)
def test_counts_add_up(a: date, b: date, c: date) -> None:
    assert CALENDAR.count(a, b) + CALENDAR.count(b, c) == CALENDAR.count(a, c)


@given(days, days)
def test_counting_is_asking_every_day(a: date, b: date) -> None:
    start, end = min(a, b), min(max(a, b), min(a, b) + timedelta(days=60))
    between = (start + timedelta(days=i + 1) for i in range((end - start).days))
    assert CALENDAR.count(start, end) == sum(map(CALENDAR.is_workday, between))


def test_a_period_that_ends_on_a_holiday_ends_after_it() -> None:
    assert CALENDAR.next_workday(date(2025, 1, 28)) == date(2025, 2, 5)
    assert CALENDAR.next_workday(date(2025, 9, 27)) == date(2025, 9, 28)
    assert CALENDAR.next_workday(date(2025, 2, 5)) == date(2025, 2, 5)


@pytest.mark.parametrize(
    ("day", "kind", "holiday", "works"),
    [
        (date(2025, 1, 28), DayKind.HOLIDAY, "春节", False),
        (date(2025, 1, 26), DayKind.MAKE_UP, "春节", True),
        (date(2025, 3, 1), DayKind.WEEKEND, None, False),
        (date(2025, 3, 3), DayKind.WORKDAY, None, True),
    ],
)
def test_a_day_explains_itself(day: date, kind: DayKind, holiday: str | None, works: bool) -> None:
    note = CALENDAR.explain(day)
    assert (note.kind, note.holiday, note.works) == (kind, holiday, works)
    assert CALENDAR.is_workday(day) is works
    assert bool(note.notice) is (holiday is not None)
    assert all("gov.cn" in url for url in note.notice)


def test_a_notice_changes_the_december_before() -> None:
    assert CALENDAR.explain(date(2018, 12, 29)).kind is DayKind.MAKE_UP
    assert CALENDAR.explain(date(2018, 12, 31)).kind is DayKind.HOLIDAY


def test_the_last_december_is_provisional() -> None:
    assert CALENDAR.explain(CALENDAR.last).provisional
    assert CALENDAR.explain(date(CALENDAR.last.year, 12, 1)).provisional
    assert not CALENDAR.explain(date(CALENDAR.last.year, 11, 30)).provisional
    assert not CALENDAR.explain(date(2025, 12, 31)).provisional


def test_a_year_without_a_notice_is_never_guessed() -> None:
    after, before = date(2027, 1, 4), date(2017, 12, 29)
    for ask in (
        lambda day: CALENDAR.is_workday(day),
        lambda day: CALENDAR.add(day, 1),
        lambda day: CALENDAR.add(day, 0),
        lambda day: CALENDAR.count(day, date(2026, 1, 5)),
        lambda day: CALENDAR.count(date(2026, 1, 5), day),
        lambda day: CALENDAR.next_workday(day),
        lambda day: CALENDAR.explain(day),
    ):
        for day in (after, before):
            with pytest.raises(CalendarNotPublished) as caught:
                ask(day)
            assert (caught.value.year, caught.value.code) == (day.year, "CALENDAR_NOT_PUBLISHED")


def test_days_that_are_enough_need_no_later_notice() -> None:
    christmas = date(2026, 12, 25)  # a Friday: Monday to Thursday are left of the year
    for end in (date(2027, 1, 1), date(2030, 6, 1)):
        assert CALENDAR.has(christmas, end, 4)
        with pytest.raises(CalendarNotPublished, match=f"{end.year}"):
            CALENDAR.has(christmas, end, 5)
    with pytest.raises(CalendarNotPublished, match="2027"):
        CALENDAR.has(date(2027, 1, 1), date(2027, 1, 1), 0)
    with pytest.raises(CalendarNotPublished, match="2017"):
        CALENDAR.has(date(2017, 12, 29), christmas, 1)


@pytest.mark.parametrize("n", range(7))
def test_there_are_as_many_days_as_are_counted(n: int) -> None:
    start = date(2026, 9, 30)  # before the long holiday
    for step in range(-1, 15):
        end = start + timedelta(days=step)
        assert CALENDAR.has(start, end, n) == (CALENDAR.count(start, end) >= n)


def test_a_due_date_past_the_last_notice_is_refused() -> None:
    assert CALENDAR.add(date(2026, 12, 30), 1) == date(2026, 12, 31)
    with pytest.raises(CalendarNotPublished, match="2027"):
        CALENDAR.add(date(2026, 12, 30), 2)
    with pytest.raises(CalendarNotPublished, match="2017"):
        CALENDAR.add(date(2018, 1, 2), -1)


def test_the_version_names_the_year_and_the_data(tmp_path: Path) -> None:
    header = "notice_year,date,kind,holiday,notice\n"
    one = tmp_path / "one.csv"
    one.write_text(header + "2030,2030-01-01,off,元旦,https://example.gov.cn/1\n", encoding="utf-8")
    other = tmp_path / "other.csv"
    other.write_text(header + "2030,2030-01-02,off,元旦,https://example.gov.cn/1\n", encoding="utf-8")
    first, second = Calendar.load(one), Calendar.load(other)
    assert first.version.startswith("2030+")
    assert first.version != second.version
    assert not first.is_workday(date(2030, 1, 1))
    assert second.is_workday(date(2030, 1, 1))
    assert CALENDAR.version.startswith("2026+")


def test_a_gap_between_the_years_is_refused() -> None:
    days_off = [SpecialDay(date(year, 1, 1), True, "元旦", (), year) for year in (2024, 2026)]
    with pytest.raises(ValueError, match="without a gap"):
        Calendar(days_off)
    with pytest.raises(ValueError, match="without a gap"):
        Calendar([])


@pytest.mark.parametrize(
    ("day", "n", "end"),
    [
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 8, 15), 6, date(2026, 2, 15)),
        (date(2025, 12, 31), 12, date(2026, 12, 31)),
        (date(2025, 3, 31), -1, date(2025, 2, 28)),
        (date(2025, 1, 15), -1, date(2024, 12, 15)),
        (date(2025, 3, 1), 0, date(2025, 3, 1)),
    ],
)
def test_months_end_on_the_corresponding_day(day: date, n: int, end: date) -> None:
    assert workdays.add_months(day, n) == end
