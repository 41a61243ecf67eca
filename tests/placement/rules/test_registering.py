"""Who may be on the register, for how long, and how absences become one."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.plans.collecting import SHIPPED
from services.placement.rules.registering import (
    EDUCATION,
    TERM,
    TITLE,
    Education,
    Title,
    checked,
    merged,
    qualified,
    term,
)
from services.reference.parameters import Pack

PACK = Pack.load(SHIPPED)
DAY = date(2026, 11, 23)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
SPANS = st.lists(st.tuples(DAYS, st.integers(0, 40)).map(lambda one: (one[0], one[0] + timedelta(days=one[1]))))


def pack(**values: object) -> Pack:
    lines = [
        f'- {{key: {key.replace("__", ".")}, value: {value}, unit: x, division: "*", effective_from: 2020-01-01,'
        " effective_to: null, source: 样例, confidence: unconfirmed}"
        for key, value in values.items()
    ]
    return Pack.load("pack: x\nversion: 2026-01-01\ntitle: 样例\nparameters:\n" + "\n".join(lines) + "\nrules: []\n")


@pytest.mark.parametrize(
    ("title", "education", "expected"),
    [
        ("INTERMEDIATE", "EDUCATION_UNSPECIFIED", True),
        ("SENIOR", "COLLEGE", True),
        ("TITLE_UNSPECIFIED", "BACHELOR", True),
        ("JUNIOR", "DOCTOR", True),
        ("JUNIOR", "COLLEGE", False),
        ("TITLE_UNSPECIFIED", "EDUCATION_UNSPECIFIED", False),
    ],
)
def test_an_intermediate_title_or_a_degree_is_enough_in_shandong(title: str, education: str, expected: bool) -> None:
    assert qualified(PACK, Title[title], Education[education], "370103", DAY) is expected


def test_the_condition_holds_where_and_when_it_says() -> None:
    nobody = (Title.TITLE_UNSPECIFIED, Education.EDUCATION_UNSPECIFIED)
    assert not qualified(PACK, *nobody, "370103", date(2021, 3, 5))
    assert qualified(PACK, *nobody, "370103", date(2021, 3, 4))
    assert qualified(PACK, *nobody, "410102", DAY)


def test_a_condition_that_nobody_knows_asks_for_nothing_and_the_other_one_stands() -> None:
    none = pack(commissioner__title_least="null", commissioner__education_least="null")
    assert qualified(none, Title.TITLE_UNSPECIFIED, Education.EDUCATION_UNSPECIFIED, "370103", DAY)
    one = pack(commissioner__title_least="SENIOR", commissioner__education_least="null")
    assert not qualified(one, Title.ASSOCIATE_SENIOR, Education.DOCTOR, "370103", DAY)
    assert qualified(one, Title.SENIOR, Education.EDUCATION_UNSPECIFIED, "370103", DAY)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2026-11-23", "2029-11-22"),
        ("2026-01-01", "2028-12-31"),
        ("2028-02-29", "2031-02-28"),
        ("2025-03-01", "2028-02-29"),
    ],
)
def test_a_term_lasts_three_years_to_the_day_before(start: str, last: str) -> None:
    first = date.fromisoformat(start)
    assert term(PACK, "370103", first) == (first, date.fromisoformat(last))


def test_a_term_is_not_guessed() -> None:
    assert term(pack(commissioner__term_years="null"), "370103", DAY) is None
    assert term(PACK, "410102", DAY) is None


@pytest.mark.parametrize(("key", "value"), [(TITLE, "GOOD"), (EDUCATION, "4"), (TERM, "0")])
def test_a_pack_that_cannot_be_decided_by_is_refused_with_its_parameter(key: str, value: str) -> None:
    assert checked(PACK) is PACK
    with pytest.raises(ValueError, match=key):
        checked(pack(**{key.replace(".", "__"): value}))


@given(SPANS)
def test_merged_absences_cover_the_same_days_and_stand_apart(spans: list[tuple[date, date]]) -> None:
    def days(given: list[tuple[date, date]]) -> set[date]:
        return {first + timedelta(days=n) for first, last in given for n in range((last - first).days + 1)}

    found = merged(spans)
    assert days(found) == days(spans)
    assert all(before[1] + timedelta(days=1) < after[0] for before, after in pairwise(found))
