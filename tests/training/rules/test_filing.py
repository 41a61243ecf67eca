"""Every gap of a filing: found where it is, not found where it is not, said with what its sentence needs."""

from __future__ import annotations

import dataclasses
import re
import string
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.reference.conditions import Level
from services.reference.parameters import Confidence, Parameter
from services.reference.workdays import published
from services.training.packs import Packs
from services.training.rules import filing as rules
from services.training.rules.filing import Filing, Institution, Lesson, Order, Taken, Teacher, gaps
from services.training.rules.findings import Finding
from services.training.rules.timetable import Slot
from tests.training.days import with_days_left

FILED, FIRST, LAST = date(2026, 11, 23), date(2026, 12, 1), date(2026, 12, 31)
TEXTS = tomllib.loads((Path(rules.__file__).parents[1] / "texts.toml").read_text(encoding="utf-8"))
CODES = set(re.findall(r'"(TF-[A-Z-]+[A-Z])"', Path(rules.__file__).read_text(encoding="utf-8")))
SOMEBODY = "01JAB"


def lesson(day: date, minutes: int = 360, **fields: Any) -> Lesson:
    """A session of a working day, complete."""
    values = {"place": "201", "teacher": SOMEBODY, "topic": "电工基础", "practice": False}
    return Lesson(Slot(day, 480, 480 + minutes), **{**values, **fields})


def lessons(theory: int = 1800, practice: int = 2700) -> tuple[Lesson, ...]:
    """A timetable on working days, at most eight class hours a day."""
    found, day = [], FIRST
    for left, hands_on in ((theory, False), (practice, True)):
        while left:
            day = published().next_workday(day)
            found.append(lesson(day, min(left, 360), practice=hands_on))
            left -= min(left, 360)
            day += timedelta(days=1)
    return tuple(found)


REGISTERED = Institution("市中区样例职业培训学校", False, "教民137010370000001", "JN-2026-001", ("6-31-01-03",))
ORDER = Order("CONTRACTED", "52370103MJE0001019", date(2027, 3, 1), date(2027, 6, 1), 36, 40)
COMPLETE = Filing(
    institution_credit_code="52370103MJE0001019",
    institution_name="市中区样例职业培训学校",
    institution=REGISTERED,
    order=ORDER,
    occupation_code="6-31-01-03",
    certificate_level=4,
    start_date=FIRST,
    end_date=LAST,
    capacity=30,
    minimum=15,
    training_kind="POST_SKILLS",
    certificate_kind="SKILL_LEVEL",
    fund="EMPLOYMENT_SUBSIDY",
    subsidy_standard="JN-2026-DG-4",
    project_number="",
    hours_theory=40,
    hours_practice=60,
    site_address="市中区样例路 1 号",
    head_teacher="样例老师",
    assessment_plan="理论笔试与实操考核各一次",
    attached=frozenset(rules.DOCUMENTS),
    lessons=lessons(),
    teachers={f"teachers/{SOMEBODY}": Teacher("电工高级技师", "Z-1")},
    filed_on=FILED,
    today=FILED,
)


def number(key: str, value: Any, confidence: Confidence = Confidence.UNCONFIRMED) -> Parameter:
    return Parameter(key, value, "", "*", date(2000, 1, 1), None, "样例文件", confidence)


NUMBERS: dict[str, Parameter | None] = {
    "class.max_size": number("class.max_size", 50),
    "class.min_size": number("class.min_size", 10),
    "class.filing_lead": number("class.filing_lead", 5),
    "hour.minutes": number("hour.minutes", 45),
    "hours.per_day_max": number("hours.per_day_max", 8),
    "hours.practice_share": number("hours.practice_share", Decimal("0.6")),
    "filing.required": number("filing.required", ("TEACHING_PLAN", "TEACHERS", "TEXTBOOKS"), Confidence.CONFIRMED),
    "filing.usual": number("filing.usual", tuple(sorted(rules.DOCUMENTS.keys() - {"TEACHING_PLAN", "TEACHERS"}))),
    **{f"hours.minimum.{level}": number(f"hours.minimum.{level}", 60) for level in rules.LEVELS},
    "apprentice.contract_months": number("apprentice.contract_months", 12),
}


def find(filing: Filing, numbers: dict[str, Any] | None = None) -> dict[str, Finding]:
    return {each.code: each for each in gaps(filing, {**NUMBERS, **(numbers or {})}, published())}


@dataclass
class Case:
    """A change of the complete filing, and the gap that it makes (`level`) or, at the very edge, does not (None)."""

    code: str
    level: Level | None
    change: dict[str, Any]
    numbers: dict[str, Any] = field(default_factory=dict)


def order(**changes: Any) -> dict[str, Any]:
    return {"order": dataclasses.replace(ORDER, **changes)}


def school(**changes: Any) -> dict[str, Any]:
    return {"institution": dataclasses.replace(REGISTERED, **changes)}


def without(*kinds: str) -> dict[str, Any]:
    return {"attached": frozenset(rules.DOCUMENTS) - set(kinds)}


def one_more(**changes: Any) -> dict[str, Any]:
    """The timetable, its first session changed."""
    first, *others = COMPLETE.lessons
    return {"lessons": (dataclasses.replace(first, **changes), *others)}


ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE
FREE = {"fund": "NONE", "subsidy_standard": ""}
CASES = [
    Case("TF-INSTITUTION-UNKNOWN", ERROR, {"institution": None}),
    Case("TF-INSTITUTION-UNKNOWN", WARNING, {"institution": None, **FREE}),
    Case("TF-INSTITUTION-SUSPENDED", ERROR, school(suspended=True)),
    Case("TF-INSTITUTION-LICENCE", ERROR, school(licence_number="", catalogue_number="")),
    Case("TF-INSTITUTION-LICENCE", None, school(licence_number="")),
    Case("TF-INSTITUTION-CATALOGUE", ERROR, school(catalogue_number="")),
    Case("TF-INSTITUTION-CATALOGUE", None, {**school(catalogue_number=""), **FREE}),
    Case("TF-INSTITUTION-OCCUPATION", ERROR, school(occupation_codes=("4-10-01-01",))),
    Case("TF-INSTITUTION-OCCUPATION", WARNING, {**school(occupation_codes=("4-10-01-01",)), **FREE}),
    Case("TF-INSTITUTION-OCCUPATION", None, school(occupation_codes=())),
    Case("TF-INSTITUTION-NAME", WARNING, school(institution_name="旧名")),
    Case("TF-INSTITUTION-ORDER", ERROR, order(institution_credit_code="52370103MJE0002000")),
    Case("TF-INSTITUTION-ORDER", None, order(institution_credit_code="")),
    Case("TF-ORDER-STATE", ERROR, order(state="CANCELLED")),
    Case("TF-ORDER-STATE", None, order(state="TRAINING")),
    Case("TF-ORDER-EXPIRED", ERROR, order(valid_until=FILED - timedelta(days=1))),
    Case("TF-ORDER-EXPIRED", None, order(valid_until=FILED)),
    Case("TF-ORDER-VALIDITY", ERROR, order(valid_until=LAST - timedelta(days=1))),
    Case("TF-ORDER-VALIDITY", None, order(valid_until=LAST)),
    Case("TF-ORDER-START", WARNING, order(start_date=LAST - timedelta(days=1))),
    Case("TF-ORDER-START", None, order(start_date=LAST)),
    Case("TF-ORDER-SEATS", ERROR, order(seats=29)),
    Case("TF-ORDER-SEATS", None, order(seats=30)),
    Case("TF-TRAINING-KIND", ERROR, {"training_kind": ""}),
    Case("TF-PROJECT-NUMBER", ERROR, {"training_kind": "PROJECT"}),
    Case("TF-PROJECT-NUMBER", None, {"training_kind": "PROJECT", "project_number": "XM-1"}),
    Case("TF-APPRENTICE-CONTRACT", WARNING, {"training_kind": "APPRENTICESHIP", **order(contract_months=11)}),
    Case("TF-APPRENTICE-CONTRACT", None, {"training_kind": "APPRENTICESHIP", **order(contract_months=12)}),
    Case("TF-APPRENTICE-CONTRACT", None, {"training_kind": "APPRENTICESHIP", **order(contract_months=0)}),
    Case("TF-APPRENTICE-CONTRACT", None, order(contract_months=11)),
    Case("TF-CERTIFICATE-KIND", ERROR, {"certificate_kind": ""}),
    Case("TF-CERTIFICATE-LEVEL", ERROR, {"certificate_level": 0}),
    Case("TF-CERTIFICATE-LEVEL", None, {"certificate_level": 0, "certificate_kind": "SPECIAL_ABILITY"}),
    Case("TF-CERTIFICATE-NONE", WARNING, {"certificate_kind": "TRAINING_CERTIFICATE"}),
    Case("TF-CERTIFICATE-NONE", None, {"certificate_kind": "QUALIFICATION"}),
    Case("TF-SUBSIDY-STANDARD", ERROR, {"subsidy_standard": ""}),
    Case("TF-SUBSIDY-STANDARD", None, FREE),
    Case("TF-SITE", ERROR, {"site_address": ""}),
    Case("TF-HEAD-TEACHER", ERROR, {"head_teacher": ""}),
    Case("TF-ASSESSMENT-PLAN", ERROR, {"assessment_plan": ""}),
    Case("TF-DOC-TEACHING-PLAN", ERROR, without("TEACHING_PLAN")),
    Case("TF-DOC-TEACHING-PLAN", WARNING, {**without("TEACHING_PLAN"), **FREE}),
    Case("TF-DOC-TEACHING-PLAN", None, without("TEACHING_PLAN"), {"filing.required": None}),
    Case(
        *("TF-DOC-TEACHING-PLAN", WARNING, without("TEACHING_PLAN")),
        {"filing.required": number("filing.required", ("TEACHING_PLAN",))},
    ),
    Case("TF-DOC-TEACHERS", ERROR, without("TEACHERS")),
    Case("TF-DOC-TEXTBOOKS", WARNING, without("TEXTBOOKS"), {"filing.required": None}),
    Case("TF-DOC-ASSESSMENT-PLAN", WARNING, without("ASSESSMENT_PLAN")),
    Case("TF-DOC-COMMITMENT", WARNING, without("COMMITMENT")),
    Case("TF-DOC-LICENCE", WARNING, without("LICENCE")),
    Case("TF-DOC-FILING-FORM", WARNING, without("FILING_FORM")),
    Case("TF-DOC-ROSTER", WARNING, without("ROSTER")),
    Case("TF-DOC-SITE-PROOF", WARNING, without("SITE_PROOF")),
    Case("TF-DOC-AGREEMENT", WARNING, without("AGREEMENT")),
    Case("TF-SIZE-MAX", WARNING, {"capacity": 51, **order(seats=51)}),
    Case("TF-SIZE-MAX", ERROR, {"capacity": 51}, {"class.max_size": number("x", 50, Confidence.CONFIRMED)}),
    Case("TF-SIZE-MAX", None, {"capacity": 50}),
    Case("TF-SIZE-MIN", WARNING, {"capacity": 9, "minimum": 9}),
    Case("TF-SIZE-MIN", None, {"capacity": 10}),
    Case("TF-MINIMUM", WARNING, {"minimum": 9}),
    Case("TF-MINIMUM", None, {"minimum": 10}),
    Case("TF-LEAD", WARNING, {"filed_on": date(2026, 11, 25)}),
    Case("TF-LEAD", None, {"filed_on": date(2026, 11, 24)}),  # five working days: 25, 26, 27, 30 and 1 December
    Case("TF-STARTED", WARNING, {"filed_on": FIRST}),
    Case("TF-STARTED", None, {"filed_on": FIRST - timedelta(days=1)}),
    Case("TF-CALENDAR", NOTE, {"filed_on": with_days_left(4), "start_date": date(2099, 1, 5)}),
    Case("TF-CALENDAR", None, {"filed_on": with_days_left(5), "start_date": date(2099, 1, 5)}),  # more do not matter
    Case("TF-CALENDAR", NOTE, one_more(slot=Slot(date(2099, 1, 5), 480, 840))),
    Case("TF-HOURS", ERROR, {"hours_theory": 0, "hours_practice": 0}),
    Case("TF-HOURS", None, {"hours_theory": 0, "hours_practice": 1}),
    Case("TF-HOURS-MINIMUM", WARNING, {"hours_theory": 20, "hours_practice": 39}),
    Case("TF-HOURS-MINIMUM", None, {"hours_theory": 20, "hours_practice": 40}),
    Case("TF-HOURS-MINIMUM", None, {"hours_practice": 1}, {"hours.minimum.4": None}),
    Case("TF-PRACTICE-SHARE", WARNING, {"hours_theory": 41, "hours_practice": 59}),
    Case("TF-PRACTICE-SHARE", None, {"hours_theory": 40, "hours_practice": 60}),
    # a wish of the numbers, whoever confirmed it
    Case(
        *("TF-PRACTICE-SHARE", WARNING, {"hours_theory": 41, "hours_practice": 59}),
        {"hours.practice_share": number("x", Decimal("0.6"), Confidence.CONFIRMED)},
    ),
    Case("TF-HOURS-DAY", WARNING, one_more(slot=Slot(FIRST, 480, 870))),
    Case("TF-HOURS-DAY", None, one_more(slot=Slot(FIRST, 450, 810))),
    Case("TF-TIMETABLE", ERROR, {"lessons": ()}),
    Case("TF-TIMETABLE", WARNING, {"lessons": (), **FREE}),
    Case("TF-TIMETABLE-SHORT", WARNING, {"lessons": lessons(practice=2670)}),
    Case("TF-TIMETABLE-SHORT", None, {"lessons": lessons(practice=2700)}),
    Case("TF-TIMETABLE-LONG", NOTE, {"lessons": lessons(practice=2760)}),
    Case("TF-TIMETABLE-LONG", None, {"lessons": lessons(practice=2730)}),  # less than a class hour over
    Case("TF-TIMETABLE-THEORY", WARNING, {"lessons": lessons(theory=1770, practice=2730)}),
    Case("TF-TIMETABLE-PRACTICE", WARNING, {"lessons": lessons(theory=1830, practice=2670)}),
    Case("TF-SESSION-TEACHER", ERROR, one_more(teacher="")),
    Case("TF-SESSION-TEACHER", WARNING, {**one_more(teacher=""), **FREE}),
    Case("TF-SESSION-ROOM", ERROR, one_more(place="")),
    Case("TF-SESSION-TOPIC", WARNING, one_more(topic="")),
    Case("TF-SESSION-DAY-OFF", NOTE, one_more(slot=Slot(date(2026, 12, 5), 480, 840))),
    Case("TF-TEACHER-QUALIFICATION", ERROR, {"teachers": {"teachers/1": Teacher("", "Z-1")}}),
    Case("TF-TEACHER-QUALIFICATION", WARNING, {"teachers": {"teachers/1": Teacher("", "Z-1")}, **FREE}),
    Case("TF-TEACHER-CERTIFICATE", WARNING, {"teachers": {"teachers/1": Teacher("技师", "")}}),
    Case("TF-TEACHER-TAKEN", ERROR, {"taken": (Taken("TEACHER", "classes/2", FIRST, "08:00"),)}),
    Case("TF-ROOM-TAKEN", ERROR, {"taken": (Taken("ROOM", "classes/2", FIRST, "08:00"),)}),
    Case("TF-NUMBER-UNKNOWN", NOTE, {}, {"class.max_size": number("class.max_size", None)}),
    Case("TF-NUMBER-UNKNOWN", NOTE, {}, {"hours.minimum.4": None}),
    Case("TF-NUMBER-UNKNOWN", None, {}, {"hours.minimum.5": None, "apprentice.contract_months": None}),
]


def test_nothing_is_missing_in_a_complete_filing() -> None:
    assert gaps(COMPLETE, NUMBERS, published()) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.level}")
def test_a_gap_is_found_where_it_is_and_only_there(case: Case) -> None:
    found = find(dataclasses.replace(COMPLETE, **case.change), case.numbers)
    assert (found[case.code].level if case.code in found else None) == case.level


def test_every_gap_is_made_by_a_case() -> None:
    assert {case.code for case in CASES if case.level} == CODES
    assert len(CODES) > 50


@pytest.mark.parametrize("case", [case for case in CASES if case.level], ids=lambda case: case.code)
def test_a_gap_has_what_its_sentence_needs(case: Case) -> None:
    found = find(dataclasses.replace(COMPLETE, **case.change), case.numbers)[case.code]
    for sentence in TEXTS[case.code].values():
        assert {name for _, name, _, _ in string.Formatter().parse(sentence) if name} <= found.values.keys()


def test_errors_come_first_and_everything_comes_at_once() -> None:
    bare = dataclasses.replace(
        COMPLETE,
        training_kind="",
        site_address="",
        head_teacher="",
        lessons=(),
        capacity=60,
        attached=frozenset(),
        institution=None,
        filed_on=LAST,
    )
    found = gaps(bare, NUMBERS, published())
    levels = [list(Level).index(each.level) for each in found]
    assert levels == sorted(levels)
    assert {each.code for each in found} >= {
        *("TF-TRAINING-KIND", "TF-SITE", "TF-HEAD-TEACHER", "TF-TIMETABLE", "TF-SIZE-MAX", "TF-STARTED"),
        *("TF-INSTITUTION-UNKNOWN", "TF-ORDER-SEATS", *rules.DOCUMENTS.values()),
    }
    assert {each.code for each in rules.blocking(found)} == {each.code for each in found if each.level is ERROR}


def test_a_long_list_is_counted_and_not_written_out() -> None:
    bare = tuple(dataclasses.replace(each, topic="") for each in COMPLETE.lessons)
    said = find(dataclasses.replace(COMPLETE, lessons=bare))["TF-SESSION-TOPIC"].values
    assert said["count"] == str(len(bare))
    assert said["days"].count("2026-12") == rules.SHOWN
    assert said["days"].endswith("...")


def test_the_pack_knows_every_number_and_invents_none() -> None:
    pack = Packs().current
    for key in rules.PARAMETERS:
        found = pack.value(key, "371526", FILED)
        assert found.source
        if key.startswith("hours.minimum."):
            assert (found.value, found.confidence) == (None, Confidence.UNCONFIRMED)
    shipped = {kind for key in ("filing.required", "filing.usual") for kind in pack.value(key, "371526", FILED).value}  # type: ignore[union-attr]
    assert shipped == rules.DOCUMENTS.keys()
