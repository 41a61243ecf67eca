"""What becomes of a visit, and what a year of them suggests."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.placement.plans.collecting import SHIPPED
from services.placement.rules import serving
from services.placement.rules.disciplines import held
from services.placement.rules.serving import Grade, Suggestion
from services.reference.parameters import Pack

PACK = Pack.load(SHIPPED)
EMPTY = Pack.load("pack: placement\nversion: 2026-11-27\ntitle: {zh: 空, en: empty}\nparameters: []\nrules: []\n")
GAOTANG, DAY = "371526", date(2026, 3, 2)


def pack(key: str, value: str) -> Pack:
    return Pack.load(
        "pack: placement\nversion: 2026-11-27\ntitle: {zh: 样例, en: sample}\nparameters:\n"
        f"- {{key: {key}, value: {value}, unit: x, division: '*', effective_from: 2000-01-01, effective_to: null,\n"
        "   source: 样例, confidence: unconfirmed}\nrules: []\n"
    )


def test_late_is_later_than_the_parameter_allows() -> None:
    assert not serving.late(PACK, GAOTANG, DAY, DAY)
    assert not serving.late(PACK, GAOTANG, DAY, DAY + timedelta(30))
    assert serving.late(PACK, GAOTANG, DAY, DAY + timedelta(31))
    assert not serving.late(EMPTY, GAOTANG, DAY, DAY + timedelta(3000))


def test_a_countersignature_is_due_where_somebody_knows_when() -> None:
    assert serving.countersign_due(PACK, GAOTANG, DAY) == date(2026, 3, 12)
    assert serving.countersign_due(EMPTY, GAOTANG, DAY) is None


def test_the_grades_there_are() -> None:
    assert serving.grades(PACK, GAOTANG, DAY) == (Grade.EXCELLENT, Grade.QUALIFIED, Grade.UNQUALIFIED)
    assert serving.grades(EMPTY, GAOTANG, DAY) == tuple(Grade)


def test_an_assignment_is_served_on_all_its_days() -> None:
    assert serving.served(["a", "b"], {"a", "b", "c"})
    assert not serving.served(["a", "b"], {"a", "c"})


BAD, GOOD = Grade.UNQUALIFIED, Grade.QUALIFIED


@pytest.mark.parametrize(
    ("grades", "last", "since", "expected"),
    [
        ([], "2026-05-23", "2024-01-01", []),  # six months ago to the day
        ([], "2026-05-22", "2024-01-01", [Suggestion.NO_LOG]),
        ([], None, "2026-05-23", []),  # registered not long ago
        ([], None, "2026-05-22", [Suggestion.NO_LOG]),
        ([], "2020-01-01", "2026-06-01", []),  # the last visit was in a former term
        ([], "2020-01-01", None, []),  # off the register
        ([BAD, GOOD], "2026-11-01", "2024-01-01", []),
        ([BAD, GOOD, BAD], "2026-11-01", "2024-01-01", [Suggestion.UNQUALIFIED_YEARS]),
        ([BAD, BAD], None, "2024-01-01", [Suggestion.UNQUALIFIED_YEARS, Suggestion.NO_LOG]),
    ],
)
def test_an_exit_is_only_suggested(
    grades: list[Grade], last: str | None, since: str | None, expected: list[Suggestion]
) -> None:
    days = [date.fromisoformat(each) if each else None for each in (last, since)]
    today = date(2026, 11, 23)
    assert serving.suggestions(PACK, GAOTANG, today, grades, *days) == expected
    assert serving.suggestions(EMPTY, GAOTANG, today, grades, *days) == []


def test_every_number_of_the_log_is_unconfirmed() -> None:
    assert serving.unconfirmed(PACK, [*serving.NUMBERS, "commissioner.term_years"], GAOTANG, DAY) == sorted(
        serving.NUMBERS
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("visit.late_days", "0"),
        ("visit.countersign_days", "4000"),
        ("evaluation.grades", "[QUALIFIED, UNQUALIFIED]"),
        ("evaluation.grades", "[QUALIFIED, QUALIFIED, UNQUALIFIED]"),
        ("evaluation.grades", "[A, B, C]"),
        ("evaluation.grades", "QUALIFIED"),
    ],
)
def test_a_number_that_cannot_be_worked_by_stops_the_service(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=key):
        serving.checked(pack(key, value))


def test_four_grades_and_unknown_numbers_are_fine() -> None:
    for key, value in (("visit.late_days", "null"), ("evaluation.grades", f"[{', '.join(Grade)}]")):
        assert serving.checked(pack(key, value)).parameters


@pytest.mark.parametrize(
    ("wanted", "level"),
    [("210", 3), ("21030", 3), ("2103020", 3), ("2103099", 1), ("21020", 1), ("220", 0), ("21", 3)],
)
def test_a_skill_holds_for_the_whole_and_for_its_parts(wanted: str, level: int) -> None:
    assert held({"210": 1, "2103020": 3, "350": 2}, wanted) == level
