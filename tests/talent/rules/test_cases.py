from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.reference import files, workdays
from services.reference.workdays import Calendar, SpecialDay
from services.talent.rules import days as days_of_rules
from services.talent.rules import ledger, reading
from services.talent.rules.clock import Deadline, Stage, Which, Why, deadline, explain
from services.talent.rules.days import Assumption, Days
from services.talent.rules.limits import Span, Unit
from services.talent.rules.numbered import RULES
from services.talent.rules.reading import COMPLETENESS, Pause
from tests.talent.rules import walker
from tests.talent.rules.labelled import CATALOGUE, Case, cases, day_of

CASES = cases()
CALENDAR = workdays.published()


def name_of(case: Case) -> str:
    return f"{case.rule}-{case.case}"


def found_of(case: Case) -> Deadline:
    return deadline(case.terms, case.ledger, CALENDAR)


def word(assumption: Assumption) -> str:
    return f"{assumption.guess}:{assumption.year or assumption.subject}".rstrip(":")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_labelled_case(case: Case) -> None:
    found = found_of(case)
    assert found.phase == case.phase
    assert str(found.started or "") == case.start
    assert str(found.extended or "") == case.plus
    assert " ".join(f"{void.number}:{void.reason}" for void in found.void) == case.void
    for date_, expected in (
        (found.planned, case.planned),
        (found.promised, case.promised),
        (found.statutory, case.statutory),
    ):
        assert str(date_.day or "") == expected
        if date_.day:
            assert " ".join(sorted(map(word, date_.assumes))) == case.assumes


@pytest.mark.parametrize("case", [case for case in CASES if case.statutory], ids=name_of)
def test_the_walker_counts_the_same_from_the_facts_of_the_case(case: Case) -> None:
    limit = case.terms.limit
    assert limit.n is not None
    n = limit.n + int(case.plus or 0)
    due, guesses = walker.due(day_of(case.start), limit.unit, n, case.left_out_days)
    assert due == day_of(case.statutory)
    assert guesses <= set(case.assumes.split())


@pytest.mark.parametrize("case", [case for case in CASES if case.planned], ids=name_of)
def test_the_derivation_ends_on_the_date_and_counts_every_unit(case: Case) -> None:
    found = found_of(case)
    which = next(which for which in (Which.PROMISED, Which.STATUTORY, Which.PLANNED) if found.of(which).day)
    lines = [line for line in explain(case.terms, case.ledger, CALENDAR, which) if line.stage is Stage.LIMIT]
    assert lines[0].day == found.started
    assert lines[-1].day == found.of(which).day
    assert [line.count for line in lines if line.counted] == list(range(1, lines[0].total + 1))
    assert {line.day for line in lines if line.why is Why.SUSPENDED} <= case.left_out_days
    if case.terms.limit.unit is Unit.WORKING_DAYS:
        assert all(walker.works(line.day) for line in lines if line.counted)


def test_there_are_enough_cases_and_many_counted_by_hand() -> None:
    assert len(CASES) >= 400
    assert sum(case.by == "hand" for case in CASES) >= 150
    assert [int(case.case) for case in CASES] == list(range(1, len(CASES) + 1))


def test_every_case_names_a_rule_and_every_rule_of_a_clock_has_a_case() -> None:
    named = {case.rule for case in CASES}
    assert named <= {rule.number for rule in RULES}
    assert named == {f"GC-{number:03}" for number in range(1, 47)}


def test_every_matter_of_the_cases_is_used() -> None:
    assert {case.step for case in CASES} == {matter.key for matter in CATALOGUE.matters}


def test_the_walker_knows_the_days_that_the_calendar_knows() -> None:
    for day in walker.span(day_of("2025-01-01"), walker.LAST_NOTICE):
        assert walker.works(day) == CALENDAR.is_workday(day)


def failing(calendar: Calendar = CALENDAR, completeness: Span = COMPLETENESS) -> int:
    """How many cases do not come out as they are labelled."""
    return sum(
        str(found.statutory.day or "") != case.statutory or found.phase != case.phase
        for case in CASES
        for found in [deadline(replace(case.terms, completeness=completeness), case.ledger, calendar)]
    )


def test_no_case_fails_as_it_is() -> None:
    assert failing() == 0


def test_a_calendar_without_make_up_days_fails() -> None:
    """What every system does that only takes weekends and holidays off."""
    days = [row for row in files.rows("special_days.csv") if row["kind"] == "off"]
    plain = Calendar(SpecialDay(day_of(row["date"]), True, "", (), int(row["notice_year"])) for row in days)
    assert failing(plain) > 60


@pytest.mark.parametrize("n", [4, 6])
def test_gaps_named_within_four_days_or_six_fail(n: int) -> None:
    assert failing(completeness=Span(n, Unit.WORKING_DAYS)) > 0


def holds_from_the_first(pause: Pause, day: date) -> bool:
    return pause.start <= day and (pause.end is None or day < pause.end)


WRONG: dict[str, tuple[Any, str, Any]] = {
    "a suspension leaves out its first day, not its last": (Pause, "holds", holds_from_the_first),
    "nobody has to be told of a suspension": (reading, "WANTS_NOTICE", frozenset()),
    "an emergency needs no approval": (reading, "WANTS_APPROVER", frozenset()),
    "entries are read in the order of entry": (ledger, "_order", lambda entry: entry.number),
    "Monday to Friday are worked, whatever the notices say": (Days, "works", lambda _, day: day.weekday() < 5),
    "a month is thirty days": (days_of_rules, "add_months", lambda day, n: day + timedelta(days=30 * n)),
    "a notice may add gaps": (reading, "_refused", lambda *_, **__: None),
    "a suspension lasts as long as it lasts": (
        reading,
        "_lasting",
        lambda began, _, resumed, __: Pause(began.suspension, began.day, resumed, open=resumed is None),
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_the_rules_fails_a_case(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: without these the labels would prove nothing."""
    where, name, wrong = WRONG[mistake]
    monkeypatch.setattr(where, name, wrong)
    assert failing() > 0
