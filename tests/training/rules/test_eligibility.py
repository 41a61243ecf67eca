"""The declared rules: each with facts that meet it and facts that do not, and what a pack must not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.reference.parameters import Pack
from services.training.packs import SHIPPED, Packs
from services.training.rules.eligibility import RULES, Facts, Outcome, checked, ruleset

GOOD = Facts(class_state="OPEN", age_at_class_start=30, occupation_listed=True, division_known=True, same_name=True)
ON = date(2026, 11, 23)

BREAKING = {
    "CLASS_OPEN": ({"class_state": "CLOSED"}, Outcome.BLOCKED),
    "NO_DUPLICATE": ({"present": "enrolments/X"}, Outcome.BLOCKED),
    "AGE_MIN": ({"age_at_class_start": 15}, Outcome.BLOCKED),
    "AGE_MAX": ({"age_at_class_start": 60}, Outcome.WARNED),
    "NO_OVERLAP": ({"clashes": ("classes/1",)}, Outcome.BLOCKED),
    "IN_CATALOGUE": ({"occupation_listed": False}, Outcome.BLOCKED),
    "ID_DIVISION_KNOWN": ({"division_known": False}, Outcome.WARNED),
    "SAME_NAME": ({"same_name": False}, Outcome.WARNED),
}


def rules():  # type: ignore[no-untyped-def]
    return ruleset(Packs().current, "371526", ON)


def test_every_rule_is_declared_and_every_declaration_has_a_test() -> None:
    assert set(RULES) == set(BREAKING) == {rule.key for rule in Packs().current.rules}


def test_good_facts_pass_every_rule() -> None:
    assert {verdict.outcome for verdict in rules().verdicts(GOOD)} == {Outcome.PASSED}
    assert not rules().blocks(GOOD)
    assert rules().objections(GOOD) == []


@pytest.mark.parametrize("key", sorted(BREAKING))
def test_each_rule_objects_alone(key: str) -> None:
    change, outcome = BREAKING[key]
    facts = replace(GOOD, **change)  # type: ignore[arg-type]
    (said,) = rules().objections(facts)
    assert (said.declaration.key, said.outcome) == (key, outcome)
    assert rules().blocks(facts) == (outcome is Outcome.BLOCKED)


def test_facts_survive_their_storage() -> None:
    facts = replace(GOOD, clashes=("classes/1", "classes/2"), same_name=None)
    assert Facts.restored(facts.stored()) == facts
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
