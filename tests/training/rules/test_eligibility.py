"""The declared rules: each with facts that meet it and facts that do not, and what a pack must not do."""

from __future__ import annotations

import json
from datetime import date

import pytest

from services.reference.parameters import Pack
from services.training.packs import SHIPPED, Packs
from services.training.rules.eligibility import RULES, Outcome, checked, ruleset
from services.training.rules.facts import Facts

GOOD = Facts(
    class_state="OPEN",
    age_at_class_start=30,
    occupation_listed=True,
    division_known=True,
    class_start="2026-12-01",
    same_name=True,
    institution_listed=True,
    fund="EMPLOYMENT_SUBSIDY",
    category="UNE",
    proof_given=True,
    drawing_pension=False,
    public_staff=False,
    insured_as_employee=False,
    subsidised_this_year=2,
    subsidised_elsewhere=0,
    same_level_elsewhere=False,
    higher_level_elsewhere=False,
    skill_subsidy_drawn=False,
    prerequisite_met=True,
)
ON = date(2026, 11, 23)
INSURANCE = {"fund": "UNEMPLOYMENT_INSURANCE"}

# what breaks each rule, and what it says then
BREAKING: dict[str, tuple[dict[str, object], Outcome]] = {
    "CLASS_OPEN": ({"class_state": "CLOSED"}, Outcome.BLOCKED),
    "NO_DUPLICATE": ({"present": "enrolments/X"}, Outcome.BLOCKED),
    "INSTITUTION_ACTIVE": ({"institution_suspended": True}, Outcome.BLOCKED),
    "AGE_MIN": ({"age_at_class_start": 15}, Outcome.BLOCKED),
    "AGE_MAX": ({"age_at_class_start": 60}, Outcome.WARNED),
    "NO_OVERLAP": ({"clashes": ("classes/1",)}, Outcome.BLOCKED),
    "IN_CATALOGUE": ({"occupation_listed": False}, Outcome.BLOCKED),
    "INSTITUTION_LISTED": ({"institution_listed": False}, Outcome.BLOCKED),
    "NOT_PENSIONER": ({"drawing_pension": True}, Outcome.BLOCKED),
    "NOT_PUBLIC_STAFF": ({"public_staff": True}, Outcome.BLOCKED),
    "YEAR_CAP": ({"subsidised_this_year": 2, "subsidised_elsewhere": 1}, Outcome.BLOCKED),
    "SAME_OCC_LEVEL": ({"same_level_last": "2019-06-01"}, Outcome.BLOCKED),
    "NO_LOWER_AFTER_HIGHER": ({"higher_level": ("classes/1",)}, Outcome.WARNED),
    "NO_LOWER_INSURANCE": ({"higher_level_elsewhere": True, **INSURANCE}, Outcome.BLOCKED),
    "NO_DOUBLE_FUND": ({"skill_subsidy_drawn": True}, Outcome.BLOCKED),
    "CATEGORY_GIVEN": ({"category": ""}, Outcome.BLOCKED),
    "CATEGORY_PROOF": ({"proof_given": False}, Outcome.BLOCKED),
    "CATEGORY_TRUE": ({"insured_as_employee": True}, Outcome.WARNED),
    "LEVEL_PREREQ": ({"prerequisite_met": False}, Outcome.NOTED),
    "ID_DIVISION_KNOWN": ({"division_known": False}, Outcome.NOTED),
    "SAME_NAME": ({"same_name": False}, Outcome.WARNED),
}
# the fact that a register, a number or an assessor would have to give: without it nothing is passed
UNKNOWN = {
    "INSTITUTION_LISTED": "institution_listed",
    "NOT_PENSIONER": "drawing_pension",
    "NOT_PUBLIC_STAFF": "public_staff",
    "YEAR_CAP": "subsidised_elsewhere",
    "SAME_OCC_LEVEL": "same_level_elsewhere",
    "NO_LOWER_AFTER_HIGHER": "higher_level_elsewhere",
    "NO_LOWER_INSURANCE": "higher_level_elsewhere",
    "NO_DOUBLE_FUND": "skill_subsidy_drawn",
    "CATEGORY_TRUE": "insured_as_employee",
    "LEVEL_PREREQ": "prerequisite_met",
    "SAME_NAME": "same_name",
}
ABOUT_MONEY = {
    *("INSTITUTION_LISTED", "NOT_PENSIONER", "NOT_PUBLIC_STAFF", "YEAR_CAP", "SAME_OCC_LEVEL"),
    *("NO_LOWER_AFTER_HIGHER", "NO_LOWER_INSURANCE", "NO_DOUBLE_FUND"),
    *("CATEGORY_GIVEN", "CATEGORY_PROOF", "CATEGORY_TRUE"),
}


def rules():  # type: ignore[no-untyped-def]
    return ruleset(Packs().current, "371526", ON)


def outcomes(facts: Facts) -> dict[str, Outcome]:
    return {said.declaration.key: said.outcome for said in rules().verdicts(facts)}


def test_every_rule_is_declared_and_every_declaration_has_a_test() -> None:
    assert set(RULES) == set(BREAKING) == {rule.key for rule in Packs().current.rules}


def test_good_facts_pass_every_rule() -> None:
    assert set(outcomes(GOOD).values()) == {Outcome.PASSED}
    assert not rules().blocks(GOOD)
    assert rules().objections(GOOD) == []


@pytest.mark.parametrize("key", sorted(BREAKING))
def test_each_rule_objects(key: str) -> None:
    change, outcome = BREAKING[key]
    facts = GOOD._replace(**change)  # type: ignore[arg-type]
    said = {each.declaration.key: each.outcome for each in rules().objections(facts)}
    assert said[key] is outcome
    # but for the two that look at one fact in two ways, each objects alone
    assert said.keys() - {"NO_LOWER_AFTER_HIGHER"} <= {key}
    assert rules().blocks(facts) == (outcome is Outcome.BLOCKED)
    assert bool(rules().warnings(facts)) == (Outcome.WARNED in said.values())


@pytest.mark.parametrize("key", sorted(UNKNOWN))
def test_what_no_register_says_is_not_checked_never_passed(key: str) -> None:
    facts = GOOD._replace(fund="UNEMPLOYMENT_INSURANCE", **{UNKNOWN[key]: None})
    assert outcomes(facts)[key] is Outcome.NOT_CHECKED
    assert not rules().blocks(facts)


@pytest.mark.parametrize("key", sorted(ABOUT_MONEY))
def test_a_class_without_public_money_is_not_asked_about_it(key: str) -> None:
    change, _ = BREAKING[key]
    facts = GOOD._replace(**{**change, "fund": "NONE"})  # type: ignore[arg-type]
    assert outcomes(facts)[key] is Outcome.PASSED


@pytest.mark.parametrize(
    ("here", "elsewhere", "outcome"),
    [
        (0, 0, Outcome.PASSED),
        (2, 0, Outcome.PASSED),
        (3, 0, Outcome.BLOCKED),
        (3, None, Outcome.BLOCKED),  # known to be over the cap, whatever else there was
        (2, None, Outcome.NOT_CHECKED),
        (1, 2, Outcome.BLOCKED),
        (0, 3, Outcome.BLOCKED),
    ],
)
def test_the_cap_of_a_year_counts_all_funds_together(here: int, elsewhere: int | None, outcome: Outcome) -> None:
    facts = GOOD._replace(subsidised_this_year=here, subsidised_elsewhere=elsewhere)
    assert outcomes(facts)["YEAR_CAP"] is outcome


@pytest.mark.parametrize(
    ("window", "last", "outcome"),
    [
        ("lifetime", "2001-01-01", Outcome.BLOCKED),
        ("year", "2025-12-01", Outcome.PASSED),  # the corresponding day: a year has gone by
        ("year", "2025-12-02", Outcome.BLOCKED),
        ("year", "2027-01-01", Outcome.BLOCKED),  # a class that begins later is one all the same
        ("null", "2026-01-01", Outcome.NOT_CHECKED),
    ],
)
def test_the_window_of_a_repeated_training_is_a_parameter(window: str, last: str, outcome: Outcome) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace(
        "key: repeat.window, value: lifetime", f"key: repeat.window, value: {window}"
    )
    facts = GOOD._replace(same_level_last=last)
    said = {each.declaration.key: each.outcome for each in ruleset(pack(text), "371526", ON).verdicts(facts)}
    assert said["SAME_OCC_LEVEL"] is outcome


@pytest.mark.parametrize(("category", "outcome"), [("UNE", Outcome.WARNED), ("EMP", Outcome.PASSED)])
def test_only_those_trained_as_out_of_work_must_not_be_insured_as_employees(category: str, outcome: Outcome) -> None:
    assert outcomes(GOOD._replace(category=category, insured_as_employee=True))["CATEGORY_TRUE"] is outcome


def test_facts_survive_their_storage() -> None:
    facts = GOOD._replace(clashes=("classes/1", "classes/2"), same_name=None)
    assert Facts.restored(facts.stored()) == facts
    assert Facts.restored(json.loads(json.dumps(facts.stored()))) == facts
    assert Facts.restored({**facts.stored(), "from_a_later_version": 1}) == facts


def pack(text: str) -> Pack:
    return Pack.load(text)


HEAD = "pack: t\nversion: 2026-01-01\ntitle: {zh: 测, en: t}\nparameters: []\nrules:\n"
OPEN = (
    "- {key: CLASS_OPEN, code: TR-CLASS-CLOSED, effect: block, source: s, confidence: confirmed,"
    " effective_from: 1990-01-01, effective_to: null, title: {zh: 开, en: open}}\n"
)
ONCE = (
    "- {key: NO_DUPLICATE, code: TR-DUPLICATE, effect: block, source: s, confidence: confirmed,"
    " effective_from: 1990-01-01, effective_to: null, title: {zh: 一, en: one}}\n"
)


def test_a_pack_without_subsidy_rules_is_enough() -> None:
    assert checked(pack(HEAD + OPEN + ONCE)).name == "t"


@pytest.mark.parametrize(
    "rules_text",
    [
        OPEN,
        ONCE,
        OPEN + ONCE.replace("effect: block", "effect: warn"),
        OPEN + ONCE.replace("effective_to: null", "effective_to: 2027-01-01"),
        OPEN + ONCE.replace("key: NO_DUPLICATE, code: TR-DUPLICATE", "key: NO_SUCH_RULE, code: TR-NO-SUCH-RULE"),
    ],
)
def test_a_pack_that_gives_seats_away_twice_or_names_unknown_rules_is_refused(rules_text: str) -> None:
    with pytest.raises(ValueError, match="t@"):
        checked(pack(HEAD + rules_text))


def test_a_number_nobody_knows_is_not_checked_never_passed() -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("key: age.notice, value: 60", "key: age.notice, value: null")
    verdicts = {said.declaration.key: said for said in ruleset(pack(text), "371526", ON).verdicts(GOOD)}
    assert verdicts["AGE_MAX"].outcome is Outcome.NOT_CHECKED
    assert verdicts["AGE_MAX"].parameters == {"age.notice": "unknown"}
