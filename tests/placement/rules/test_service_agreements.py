"""When an agreement is in force, which ones overlap, and which days of service count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.plans.collecting import SHIPPED
from services.placement.rules.service_agreements import (
    DAYS,
    REMOTE,
    REMOTE_MOST,
    UNIT,
    YEAR,
    Agreement,
    Counting,
    Kind,
    LogDay,
    Role,
    Unit,
    Year,
    checked,
    counting,
    days_counted,
    days_in,
    holds_for,
    overlapping,
    parties,
    spans_in_force,
    year_of,
)
from services.reference.parameters import Pack
from services.reference.workdays import CalendarNotPublished, published
from tests.placement.rules.test_registering import pack

PACK = Pack.load(SHIPPED)
TODAY = date(2026, 11, 23)
HOST, OTHER, HERE, THERE = "91371526MA3C000119", "91371526MA3C00018X", "371526", "371525"
ONE = Agreement("serviceAgreements/1", "commissioners/1", HOST, HERE, date(2026, 3, 1), date(2026, 6, 30), 30)
FRAME = replace(ONE, name="serviceAgreements/2", host="", first=date(2026, 7, 1), last=date(2027, 2, 28))
PLAIN = Counting(least=30, unit=Unit.DAYS, year=Year.SERVICE, remote_counts=False, remote_most=None)
YEAR_2026 = (date(2026, 1, 1), date(2026, 12, 31))
DATES = st.dates(date(2025, 12, 1), date(2027, 1, 31))
LOGS = st.lists(st.builds(LogDay, DATES, st.booleans(), st.booleans()))


def logs(*days: str, confirmed: bool = True, remote: bool = False) -> list[LogDay]:
    return [LogDay(date.fromisoformat(day), confirmed, remote) for day in days]


# ---- in force --------------------------------------------------------------------------------------


def test_the_third_party_is_the_host_or_the_bureau() -> None:
    assert parties(Kind.SINGLE_HOST) == (Role.SENDING_UNIT, Role.COMMISSIONER, Role.HOST)
    assert parties(Kind.FRAMEWORK) == (Role.SENDING_UNIT, Role.COMMISSIONER, Role.BUREAU)


@pytest.mark.parametrize(
    ("host", "division", "day", "expected"),
    [
        (HOST, HERE, "2026-02-28", False),
        (HOST, HERE, "2026-03-01", True),
        (HOST, HERE, "2026-06-30", True),
        (OTHER, HERE, "2026-06-30", False),  # it is for one host alone
        ("", HERE, "2026-06-30", False),
        (HOST, HERE, "2026-07-01", True),
        (OTHER, HERE, "2026-07-01", True),
        ("", HERE, "2027-02-28", True),
        (HOST, THERE, "2026-07-01", False),  # a framework ends at the county's border
        (HOST, HERE, "2027-03-01", False),
    ],
)
def test_an_agreement_holds_for_its_host_or_its_county_on_its_days(
    host: str, division: str, day: str, expected: bool
) -> None:
    on = date.fromisoformat(day)
    assert spans_in_force([FRAME, ONE], host, division, on, on) == [(on, on)] * expected


def test_spans_without_a_gap_are_one_and_cut_to_what_was_asked() -> None:
    asked = (date(2026, 6, 1), date(2026, 12, 31))
    assert spans_in_force([FRAME, ONE], HOST, HERE, *asked) == [asked]
    assert spans_in_force([FRAME, ONE], OTHER, HERE, *asked) == [(FRAME.first, asked[1])]
    assert spans_in_force([FRAME, ONE], OTHER, THERE, *asked) == []
    never = replace(ONE, last=ONE.first - timedelta(days=1))  # terminated before it began
    assert spans_in_force([never], HOST, HERE, date(2026, 1, 1), date(2026, 12, 31)) == []


@given(st.lists(st.tuples(DATES, st.integers(0, 90), st.sampled_from([HOST, OTHER, ""]))), st.sampled_from([HOST, ""]))
def test_spans_hold_the_days_on_which_one_is_in_force(drawn: list[tuple[date, int, str]], host: str) -> None:
    made = [
        replace(ONE, name=f"serviceAgreements/{number}", host=for_host, first=first, last=first + timedelta(days=days))
        for number, (first, days, for_host) in enumerate(drawn)
    ]
    dates = [YEAR_2026[0] + timedelta(days=number) for number in range(365)]
    spans = spans_in_force(made, host, HERE, *YEAR_2026)
    held = [each for each in made if holds_for(each, host, HERE)]
    expected = {n for n, day in enumerate(dates) if any(each.first <= day <= each.last for each in held)}
    assert days_in(dates, spans) == expected


# ---- overlaps --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "least", "expected"),
    [
        (replace(FRAME, first=ONE.last), 30, (FRAME.name,)),
        (FRAME, 30, ()),  # the day after
        (replace(FRAME, first=ONE.last, days=29), 30, ()),  # the other is not full
        (replace(FRAME, first=ONE.last, days=1), None, (FRAME.name,)),  # nobody knows what full is
        (replace(FRAME, first=ONE.last, commissioner="commissioners/2"), 30, ()),
        (ONE, 30, ()),  # itself
    ],
)
def test_two_full_agreements_of_one_commissioner_overlap(
    other: Agreement, least: int | None, expected: tuple[str, ...]
) -> None:
    assert overlapping(ONE, [other], least) == expected
    back = overlapping(other, [ONE], least)
    assert back == ((ONE.name,) if expected else ())


def test_an_agreement_that_is_not_full_overlaps_with_none() -> None:
    assert overlapping(replace(ONE, days=29), [replace(FRAME, first=ONE.last)], 30) == ()


# ---- the days of a year ----------------------------------------------------------------------------


def test_what_ships_is_unconfirmed_and_says_thirty_days_of_the_agreement_s_year_on_site() -> None:
    assert counting(PACK, "370103", TODAY) == PLAIN
    ours = [each for each in PACK.parameters if each.key.startswith("service.")]
    assert len(ours) == 6
    assert {each.confidence for each in ours} == {"unconfirmed"}
    assert all(each.source for each in ours)


def test_the_page_says_what_ships() -> None:
    pages = sorted((Path(__file__).parents[3] / "docs").glob("dispatch*.md"))
    said = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for each in PACK.parameters:
        value: object = each.value
        if isinstance(value, Mapping):
            value = ", ".join(f"{key}: {one}" for key, one in value.items())
        elif isinstance(value, tuple):
            value = ", ".join(map(str, value))
        elif value is None or value is False:
            value = "unknown" if value is None else "false"
        assert f"| `{each.key}` | {value} | {each.confidence} |" in said


def test_by_parameter_it_is_twenty_two_working_days_of_the_calendar_year_with_some_remote() -> None:
    other = pack(
        service__days_in="WORKING_DAYS", service__days_least=30, service__working_days_least=22,
        service__year="NATURAL", service__remote_counts="true", service__remote_days_most=5,
    )  # fmt: skip
    found = counting(checked(other), "370103", TODAY)
    assert found == Counting(22, Unit.WORKING_DAYS, Year.NATURAL, remote_counts=True, remote_most=5)


def test_what_nobody_knows_asks_for_nothing() -> None:
    unknown = Counting(None, Unit.DAYS, Year.NATURAL, remote_counts=False, remote_most=None)
    assert counting(PACK, "410102", TODAY) == unknown
    assert days_counted(logs("2026-05-04"), YEAR_2026, unknown, published()).missing is None


@pytest.mark.parametrize(
    ("key", "value"), [(UNIT, "MONTHS"), (YEAR, "2026"), (DAYS, "-1"), (REMOTE_MOST, "367"), (REMOTE, "22")]
)
def test_a_pack_that_cannot_be_counted_by_is_refused_with_its_parameter(key: str, value: str) -> None:
    assert checked(PACK) is PACK
    with pytest.raises((ValueError, TypeError), match=key):
        checked(pack(**{key.replace(".", "__"): value}))


@pytest.mark.parametrize(
    ("start", "day", "expected"),
    [
        ("2026-11-23", "2026-11-23", ("2026-11-23", "2027-11-22")),
        ("2026-11-23", "2027-11-22", ("2026-11-23", "2027-11-22")),
        ("2026-11-23", "2027-11-23", ("2027-11-23", "2028-11-22")),
        ("2026-11-23", "2026-11-22", ("2026-11-23", "2027-11-22")),
        ("2028-02-29", "2029-02-28", ("2028-02-29", "2029-02-28")),
        ("2028-02-29", "2029-03-01", ("2029-03-01", "2030-02-28")),
        ("2028-02-29", "2032-02-29", ("2032-02-29", "2033-02-28")),
    ],
)
def test_a_service_year_runs_to_the_day_before(start: str, day: str, expected: tuple[str, str]) -> None:
    first, last = year_of(PLAIN, date.fromisoformat(start), date.fromisoformat(day))
    assert (first.isoformat(), last.isoformat()) == expected


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(0, 1500))
def test_service_years_follow_one_another_and_every_day_is_in_one(start: date, after: int) -> None:
    day = start + timedelta(days=after)
    first, last = year_of(PLAIN, start, day)
    assert first <= day <= last
    assert 365 <= (last - first).days + 1 <= 366
    assert year_of(PLAIN, start, last + timedelta(days=1))[0] == last + timedelta(days=1)


def test_a_natural_year_is_the_calendar_s() -> None:
    natural = replace(PLAIN, year=Year.NATURAL)
    assert year_of(natural, date(2025, 6, 1), date(2026, 2, 3)) == YEAR_2026


# ---- what counts -----------------------------------------------------------------------------------


def test_a_date_counts_once_and_only_confirmed_and_within_the_year() -> None:
    told = [
        *logs("2026-05-06", "2026-05-06", "2026-05-09", "2025-12-31", "2027-01-01"),
        *logs("2026-05-07", confirmed=False),
    ]
    found = days_counted(told, YEAR_2026, PLAIN, published())
    assert found.days == (date(2026, 5, 6), date(2026, 5, 9))
    assert (found.remote, found.missing) == (0, 28)


def test_remote_dates_count_as_far_as_they_are_let_in() -> None:
    told = [*logs("2026-05-06", "2026-05-07", "2026-05-08", remote=True), *logs("2026-05-08")]
    let_in = replace(PLAIN, remote_counts=True)

    def counted(by: Counting) -> tuple[list[int], int]:
        found = days_counted(told, YEAR_2026, by, published())
        return [day.day for day in found.days], found.remote

    assert counted(PLAIN) == ([8], 0)
    assert counted(let_in) == ([6, 7, 8], 2)
    assert counted(replace(let_in, remote_most=1)) == ([6, 8], 1)  # the day on site takes nothing of the cap
    assert counted(replace(let_in, remote_most=0)) == ([8], 0)


def test_where_working_days_are_wanted_a_sunday_does_not_count_and_a_make_up_day_does() -> None:
    told = logs("2026-05-09", "2026-05-10", "2026-05-11")  # a Saturday that is worked, a Sunday, a Monday
    in_working_days = replace(PLAIN, unit=Unit.WORKING_DAYS, least=22)
    found = days_counted(told, YEAR_2026, in_working_days, published())
    assert [day.day for day in found.days] == [9, 11]
    assert found.missing == 20
    assert len(days_counted(told, YEAR_2026, PLAIN, published()).days) == 3


def test_working_days_of_a_year_without_a_notice_are_not_guessed() -> None:
    unknown = published().last.year + 1
    year = (date(unknown, 1, 1), date(unknown, 12, 31))
    told = [LogDay(year[0], confirmed=True, remote=False)]
    with pytest.raises(CalendarNotPublished):
        days_counted(told, year, replace(PLAIN, unit=Unit.WORKING_DAYS), published())


@given(LOGS, st.booleans(), st.sampled_from([None, 0, 1, 5]), st.integers(0, 40))
def test_days_are_those_one_would_count_by_hand(told: list[LogDay], remote: bool, most: int | None, least: int) -> None:
    by = replace(PLAIN, remote_counts=remote, remote_most=most, least=least)
    found = days_counted(told, YEAR_2026, by, published())
    within = [each for each in told if each.confirmed and each.day.year == 2026]
    on_site = {each.day for each in within if not each.remote}
    assert on_site <= set(found.days) <= {each.day for each in within}
    assert list(found.days) == sorted(set(found.days))
    only_remote = {each.day for each in within} - on_site
    assert found.remote == len(found.days) - len(on_site)
    assert found.remote == (min(len(only_remote), len(only_remote) if most is None else most) if remote else 0)
    assert found.missing == max(0, least - len(found.days))
    again = days_counted([*told, *told], YEAR_2026, by, published())
    assert again == found
