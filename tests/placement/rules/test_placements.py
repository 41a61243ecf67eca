"""What a placement lacks: each rule with a case it passes, one it does not, and one in which it cannot tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from liancai.placement.v1 import placements_pb2

from services.placement.rules import placements as rules
from services.placement.rules.placed import Facts, Kind, Other, Paper
from services.placement.rules.placements import RULES, Outcome, Verdict
from services.placement.rules.registering import Education, Title
from services.placement.service import OTHERS_SHIPPED
from services.reference.parameters import Confidence, Pack

PACK = rules.checked(Pack.load(OTHERS_SHIPPED))
HOME, HOST = "370103", "371526"
SHANXI = "140105"  # no rule of Shandong or Liaocheng holds there
GOOD = Facts(
    kind=Kind.EXCHANGE,
    first_day=date(2026, 12, 1),
    last_day=date(2027, 11, 30),
    home_body="91",
    host_body="91",
    approved=True,
    agreement=True,
    signed_on=date(2026, 11, 20),
    documents=frozenset(),
    pay_bearer="HOST_UNIT",
    injury_bearer="HOME_UNIT",
    title=Title.TITLE_UNSPECIFIED,
    education=Education.EDUCATION_UNSPECIFIED,
    age=35,
    school="",
    study_months=0,
    host_staff=0,
    host_interns=0,
    host_consents=True,
    others=(),
    all_others=True,
    today=date(2026, 11, 23),
)
SECONDMENT = replace(GOOD, kind=Kind.SECONDMENT, home_body="11", host_body="11", agreement=False)
PART_TIME = replace(GOOD, kind=Kind.PART_TIME, home_body="12")
TVP = replace(
    GOOD,
    kind=Kind.TECHNOLOGY_VICE_PRESIDENT,
    home_body="12",
    education=Education.DOCTOR,
    documents=frozenset({"QUALIFICATION", "UNIT_CONSENT"}),
)
INTERN = replace(
    GOOD,
    kind=Kind.INTERNSHIP,
    last_day=date(2027, 5, 31),
    home_body="12",
    documents=frozenset({"INSURANCE"}),
    age=19,
    school="VOCATIONAL",
    study_months=36,
    host_staff=100,
    host_interns=10,
)
SAME_TIME = Other("placements/1", Kind.SECONDMENT, date(2027, 11, 30), date(2028, 11, 29))
HIDDEN = replace(SAME_TIME, name="")
P, B, W, N, X = Outcome.PASSED, Outcome.BLOCKED, Outcome.WARNED, Outcome.NOTED, Outcome.NOT_CHECKED


def judged(facts: Facts, *, home: str = HOME, host: str = HOST, pack: Pack = PACK) -> dict[str, Verdict]:
    return {each.declaration.key: each for each in rules.verdicts(pack, facts, home, host)}


# rule, facts, what it says
CASES: list[tuple[str, Facts, Outcome]] = [
    ("APPROVAL", SECONDMENT, P),
    ("APPROVAL", replace(SECONDMENT, approved=False), B),
    ("APPROVAL", replace(GOOD, approved=False), P),
    ("AGREEMENT", INTERN, P),
    ("AGREEMENT", replace(INTERN, agreement=False), B),
    ("AGREEMENT", SECONDMENT, P),
    ("AGREEMENT_USUAL", GOOD, P),
    ("AGREEMENT_USUAL", replace(GOOD, agreement=False), W),
    ("AGREEMENT", replace(INTERN, agreement=False, school="HIGHER_EDUCATION"), P),
    ("AGREEMENT", replace(INTERN, agreement=False, school=""), X),
    ("AGREEMENT_USUAL", SECONDMENT, P),
    ("BEARERS", GOOD, P),
    ("BEARERS", replace(GOOD, pay_bearer=""), B),
    ("BEARERS", replace(GOOD, injury_bearer=""), B),
    ("DOCUMENTS", INTERN, P),
    ("DOCUMENTS", replace(INTERN, documents=frozenset()), W),
    ("DOCUMENTS", SECONDMENT, X),
    ("DOCUMENTS", TVP, P),
    ("HOST_CONSENT", GOOD, P),
    ("HOST_CONSENT", replace(GOOD, host_consents=False), W),
    ("TERM", replace(SECONDMENT, last_day=date(2028, 11, 30)), P),
    ("TERM", replace(SECONDMENT, last_day=date(2028, 12, 1)), W),
    ("TERM", GOOD, X),
    ("RELATION", SECONDMENT, N),
    ("RELATION", GOOD, P),
    ("INJURY_HOME", GOOD, P),
    ("INJURY_HOME", replace(GOOD, injury_bearer="HOST_UNIT"), B),
    ("INJURY_HOME", replace(GOOD, injury_bearer="BOTH_UNITS"), B),
    ("INJURY_HOME", replace(GOOD, injury_bearer=""), X),
    ("INJURY_HOME", replace(PART_TIME, injury_bearer="HOST_UNIT"), P),
    ("INJURY_CIVIL", SECONDMENT, P),
    ("INJURY_CIVIL", replace(SECONDMENT, injury_bearer="HOST_UNIT"), W),
    ("INJURY_CIVIL", replace(SECONDMENT, injury_bearer=""), X),
    ("UNIT_CONSENT", PART_TIME, W),
    ("UNIT_CONSENT", replace(PART_TIME, documents=frozenset({"UNIT_CONSENT"})), P),
    ("UNIT_CONSENT", replace(PART_TIME, home_body="91"), P),
    ("UNIT_CONSENT", SECONDMENT, P),
    ("TVP_QUALIFIED", TVP, P),
    ("TVP_QUALIFIED", replace(TVP, education=Education.MASTER, title=Title.ASSOCIATE_SENIOR), P),
    ("TVP_QUALIFIED", replace(TVP, education=Education.MASTER, title=Title.INTERMEDIATE), B),
    ("TVP_QUALIFIED", replace(TVP, education=Education.MASTER), X),
    ("TVP_QUALIFIED", replace(TVP, education=Education.EDUCATION_UNSPECIFIED, title=Title.INTERMEDIATE), X),
    ("TVP_HOST", TVP, P),
    ("TVP_HOST", replace(TVP, host_body="12"), W),
    ("INTERN_AGE", replace(INTERN, age=16), P),
    ("INTERN_AGE", replace(INTERN, age=15), B),
    ("INTERN_GUARDIAN", replace(INTERN, age=18), P),
    ("INTERN_GUARDIAN", replace(INTERN, age=17), W),
    ("INTERN_GUARDIAN", replace(INTERN, age=17, documents=frozenset({"GUARDIAN_CONSENT"})), P),
    ("INTERN_TIME", INTERN, P),
    ("INTERN_TIME", replace(INTERN, study_months=20), P),
    ("INTERN_TIME", replace(INTERN, study_months=19), B),
    ("INTERN_TIME", replace(INTERN, study_months=0), X),
    ("INTERN_STAFF", replace(INTERN, host_interns=30), P),
    ("INTERN_STAFF", replace(INTERN, host_interns=31), B),
    ("INTERN_STAFF", replace(INTERN, host_staff=0), X),
    ("INTERN_STAFF", replace(INTERN, host_interns=0), X),
    ("INTERN_STAFF_USUAL", INTERN, P),
    ("INTERN_STAFF_USUAL", replace(INTERN, host_interns=11), W),
    ("INTERN_STAFF_USUAL", replace(INTERN, host_staff=0), X),
    ("INTERN_FILED", replace(INTERN, today=date(2026, 12, 5)), P),
    ("INTERN_FILED", replace(INTERN, today=date(2026, 12, 6)), W),
    ("INTERN_FILED", replace(INTERN, today=date(2026, 12, 6), documents=frozenset({"FILING_RECEIPT"})), P),
    ("INTERN_FILED", replace(INTERN, signed_on=None), X),
    ("OVERLAP", GOOD, P),
    ("OVERLAP", replace(GOOD, others=(SAME_TIME,)), W),
    ("OVERLAP", replace(GOOD, others=(replace(SAME_TIME, first_day=date(2027, 12, 1)),)), P),
    (
        "OVERLAP",
        replace(GOOD, others=(replace(SAME_TIME, first_day=date(2020, 1, 1), last_day=date(2026, 11, 30)),)),
        P,
    ),
    ("OVERLAP", replace(GOOD, all_others=False), X),
    ("OVERLAP", replace(GOOD, others=(SAME_TIME,), all_others=False), W),
    ("FULL_TIME_TWICE", replace(GOOD, others=(SAME_TIME,)), W),
    ("FULL_TIME_TWICE", replace(GOOD, others=(replace(SAME_TIME, kind=Kind.ADVISER),)), P),
    ("FULL_TIME_TWICE", replace(PART_TIME, others=(SAME_TIME,)), P),
    ("FULL_TIME_TWICE", replace(GOOD, all_others=False), X),
]


@pytest.mark.parametrize(("rule", "facts", "outcome"), CASES)
def test_each_rule(rule: str, facts: Facts, outcome: Outcome) -> None:
    assert judged(facts)[rule].outcome is outcome


def test_the_contract_knows_the_same_kinds_and_papers() -> None:
    assert placements_pb2.Placement.Kind.keys()[1:] == [*Kind]
    assert placements_pb2.Placement.Document.Kind.keys()[1:] == [*Paper]


def test_every_rule_is_declared_and_has_a_case_in_which_it_objects() -> None:
    assert {rule.key for rule in PACK.rules} == RULES.keys()
    objects = {rule for rule, _, outcome in CASES if outcome in (B, W, N)}
    assert objects == RULES.keys()


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.key)
def test_a_rule_that_is_taken_out_is_missed(rule: Any) -> None:
    """The negative control: without its declaration nothing objects in its name."""
    fewer = replace(PACK, rules=tuple(each for each in PACK.rules if each is not rule))
    facts = next(facts for key, facts, outcome in CASES if key == rule.key and outcome in (B, W, N))
    assert rule.key in judged(facts)
    assert rule.key not in judged(facts, pack=fewer)


def test_rules_of_students_are_asked_of_students_alone() -> None:
    of_students = {key for key in RULES if key.startswith("INTERN_")}
    assert of_students <= judged(INTERN).keys()
    for facts in (GOOD, SECONDMENT, PART_TIME, TVP):
        assert not of_students & judged(facts).keys()


def test_rules_of_vocational_students_are_not_those_of_others() -> None:
    broken = replace(INTERN, age=15, study_months=1, host_interns=100, today=date(2027, 1, 1))
    of_students = {key for key in RULES if key.startswith("INTERN_")}
    for school, expected in (("VOCATIONAL", {B, W}), ("HIGHER_EDUCATION", {P}), ("", {X})):
        assert {judged(replace(broken, school=school))[key].outcome for key in of_students} == expected


def test_rules_of_a_place_hold_where_the_host_is_and_from_their_day_on() -> None:
    assert {"INTERN_TIME", "INTERN_STAFF", "INTERN_FILED"} <= judged(INTERN).keys()
    assert not {"INTERN_TIME", "INTERN_STAFF", "INTERN_FILED"} & judged(INTERN, host=SHANXI).keys()
    assert "INTERN_TIME" in judged(INTERN, home=SHANXI)
    assert "TVP_QUALIFIED" in judged(TVP)
    assert "TVP_QUALIFIED" not in judged(TVP, host=HOME)  # the measures are those of Liaocheng
    assert "TVP_QUALIFIED" not in judged(replace(TVP, first_day=date(2025, 5, 19)))


def test_consent_and_other_placements_are_asked_when_it_is_decided() -> None:
    facts = replace(GOOD, host_consents=False, others=(SAME_TIME,))
    early = {each.declaration.key for each in rules.verdicts(PACK, facts, HOME, HOST, early=True)}
    assert judged(facts).keys() - early == {"HOST_CONSENT", "OVERLAP", "FULL_TIME_TWICE"}


def test_whoever_decides_answers_for_warnings_and_for_what_would_block_and_was_not_checked() -> None:
    found = judged(replace(INTERN, study_months=0, host_interns=11))
    assert found["INTERN_TIME"].open  # blocks, and could not be checked
    assert found["INTERN_STAFF_USUAL"].open  # warns
    assert not found["TERM"].open  # warns, and nobody knows the number
    assert not judged(INTERN)["INTERN_TIME"].open


def test_what_rests_on_an_unconfirmed_number_never_blocks() -> None:
    unsure = tuple(
        replace(each, confidence=Confidence.UNCONFIRMED) if each.key == "intern.time_share" else each
        for each in PACK.parameters
    )
    facts = replace(INTERN, study_months=19)
    assert judged(facts)["INTERN_TIME"].outcome is B
    assert judged(facts, pack=replace(PACK, parameters=unsure))["INTERN_TIME"].outcome is W


def test_an_explanation_shows_facts_numbers_and_who_is_hidden() -> None:
    found = judged(replace(GOOD, others=(SAME_TIME, HIDDEN)))
    assert found["OVERLAP"].inputs["overlapping"] == "placements/1, +1"
    term = judged(SECONDMENT)["TERM"]
    assert term.parameters == {"term.months.secondment": "24"}
    assert term.inputs == {"kind": "SECONDMENT", "first_day": "2026-12-01", "last_day": "2027-11-30"}
    assert judged(GOOD)["TERM"].parameters == {"term.months.exchange": "unknown"}
    assert "title" not in judged(TVP)["TVP_QUALIFIED"].inputs
    assert judged(TVP)["TVP_QUALIFIED"].inputs["education"] == "DOCTOR"


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 12, 1), date(2026, 12, 31), Fraction(1)),
        (date(2026, 12, 1), date(2026, 12, 1), Fraction(1, 31)),
        (date(2026, 12, 1), date(2027, 5, 31), Fraction(6)),
        (date(2027, 1, 31), date(2027, 2, 27), Fraction(1)),
        (date(2027, 1, 31), date(2027, 2, 28), 1 + Fraction(1, 31)),
        (date(2026, 12, 16), date(2027, 1, 30), 1 + Fraction(15, 31)),
    ],
)
def test_months(first: date, last: date, months: Fraction) -> None:
    assert rules.months_of(first, last) == months


@pytest.mark.parametrize("kind", Kind)
def test_only_a_secondment_leaves_the_personnel_relation_by_law(kind: Kind) -> None:
    assert rules.stays_home(PACK, kind, HOST, date(2026, 12, 1)) is (kind is Kind.SECONDMENT)
    assert not rules.stays_home(PACK, kind, HOST, date(2019, 5, 31))  # before the law was in force


HEAD = "pack: other-placements\nversion: 2026-11-27\ntitle: x\n"
PARAMETER = (
    'parameters: [{{key: {key}, value: {value}, unit: x, division: "*", effective_from: 2020-01-01, source: x, '
    "confidence: confirmed}}]\n"
)
RULE = (
    "rules: [{{key: {key}, code: PL-X, effect: block, source: x, confidence: {confidence}, effective_from: 2020-01-01, "
    "effective_to: null, title: x}}]\n"
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (RULE.format(key="NO_SUCH", confidence="confirmed"), "no test for NO_SUCH"),
        (RULE.format(key="BEARERS", confidence="unconfirmed"), "BEARERS is unconfirmed and may not block"),
        (PARAMETER.format(key="term.months.adviser", value="0"), "term.months.adviser must be a number above 0"),
        (PARAMETER.format(key="term.months.adviser", value="true"), "must be a number above 0"),
        (PARAMETER.format(key="intern.time_share", value="[1]"), "must be a number above 0"),
        (PARAMETER.format(key="tvp.title_least", value="PROFESSOR"), "must be one of TITLE_UNSPECIFIED"),
        (PARAMETER.format(key="tvp.title_least", value="3"), "must be one of TITLE_UNSPECIFIED"),
        (PARAMETER.format(key="approval.kinds", value="SECONDMENT"), "approval.kinds must be a list"),
        (PARAMETER.format(key="approval.kinds", value="[SECONDMENTS]"), "must be a list of SECONDMENT, EXCHANGE"),
        (PARAMETER.format(key="documents.adviser", value="[EXCHANGE]"), "must be a list of APPROVAL, UNIT_CONSENT"),
    ],
)
def test_a_pack_that_cannot_be_decided_by_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        rules.checked(Pack.load(HEAD + text))
    assert rules.checked(Pack.load(HEAD + RULE.format(key="BEARERS", confidence="confirmed")))
