"""Whether a person may enrol: declared rules of the parameter pack over stored facts.

A rule here is a test; whether it is in force, how hard it bites, with which numbers and on whose authority is declared
in the pack (`parameters/*.yaml`). A new rule is a test in `RULES` and a declaration in a pack: the path of enrolment
does not change. The facts of a decision are stored with it, so explaining it is deciding it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from services.reference.parameters import Effect, Pack, Parameter, RuleDeclaration
from services.reference.workdays import add_months
from services.training.rules.facts import NO_FUND, Facts

REMEMBERED = 4096  # judgements of one ruleset

Numbers = Mapping[str, Parameter | None]
Test = Callable[[Facts, Numbers], bool | None]


class Outcome(StrEnum):
    """What a rule says. NOT_CHECKED, for want of a fact or a number, is never PASSED."""

    PASSED = "PASSED"
    BLOCKED = "BLOCKED"
    WARNED = "WARNED"
    NOTED = "NOTED"
    NOT_CHECKED = "NOT_CHECKED"


@dataclass(frozen=True, slots=True)
class Rule:
    """A test of facts. `test` gives True when they meet the rule, False when not, None when it cannot tell.

    `uses` names the facts it looks at, for the explanation.
    """

    test: Test
    uses: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one declared rule said."""

    declaration: RuleDeclaration
    outcome: Outcome
    inputs: dict[str, str]
    parameters: dict[str, str]


class Judgement(NamedTuple):
    """What comes of the rules: whether one refuses, the codes of those that warn, what each that is not met says.

    `stored` is the facts as they are stored, a JSON object.
    """

    blocked: bool
    warnings: tuple[str, ...]
    objections: tuple[Verdict, ...]
    stored: str


def _least(facts: Facts, numbers: Numbers) -> bool | None:
    minimum = _integer(numbers, "age.minimum")
    return None if minimum is None else facts.age_at_class_start >= minimum


def _most(facts: Facts, numbers: Numbers) -> bool | None:
    notice = _integer(numbers, "age.notice")
    return None if notice is None else facts.age_at_class_start < notice


def _year_cap(facts: Facts, numbers: Numbers) -> bool | None:
    """Fewer subsidised trainings in the year than the cap, those elsewhere counted in."""
    cap = _integer(numbers, "year_cap.count")
    if cap is None:
        return None
    if facts.subsidised_this_year >= cap:
        return False
    if facts.subsidised_elsewhere is None:
        return None
    return facts.subsidised_this_year + facts.subsidised_elsewhere < cap


def _not_again(facts: Facts, numbers: Numbers) -> bool | None:
    """No subsidised training of the same occupation and level within the window: a lifetime, or the year before."""
    window = numbers["repeat.window"]
    told = None if window is None else window.text()
    if told is None:
        return None
    if facts.same_level_last and (told == "lifetime" or _within_a_year(facts.same_level_last, facts.class_start)):
        return False
    return None if facts.same_level_elsewhere is None else True


def _no_lower(facts: Facts, _: Numbers) -> bool | None:
    """No training below a level that the person has."""
    if facts.higher_level or facts.higher_level_elsewhere:
        return False
    return None if facts.higher_level_elsewhere is None else True


def _category_true(facts: Facts, numbers: Numbers) -> bool | None:
    """Nobody insured as an employee is trained as one of those who are out of work."""
    listed = numbers["category.without_work"]
    if listed is None or not isinstance(listed.value, tuple):
        return None
    if facts.category not in listed.value:
        return True
    return None if facts.insured_as_employee is None else not facts.insured_as_employee


def _within_a_year(earlier: str, later: str) -> bool:
    """Whether `later` comes before the corresponding day of the next year (民法典第202条)."""
    return date.fromisoformat(later) < add_months(date.fromisoformat(earlier), 12)


def _integer(numbers: Numbers, key: str) -> int | None:
    parameter = numbers[key]
    return None if parameter is None else parameter.integer()


def _not(fact: str) -> Test:
    """Met when the fact is known and not so."""

    def test(facts: Facts, _: Numbers) -> bool | None:
        value = getattr(facts, fact)
        return None if value is None else not value

    return test


def _subsidised(test: Test, uses: tuple[str, ...], field: str = "", fund: str = "") -> Rule:
    """A rule about public money: met by any class that has none (or not of `fund`)."""

    def where_paid(facts: Facts, numbers: Numbers) -> bool | None:
        if facts.fund == NO_FUND or (fund and facts.fund != fund):
            return True
        return test(facts, numbers)

    return Rule(where_paid, ("fund", *uses), field)


RULES: dict[str, Rule] = {
    "CLASS_OPEN": Rule(lambda facts, _: facts.class_state == "OPEN", ("class_state",)),
    "NO_DUPLICATE": Rule(lambda facts, _: not facts.present, ("present",), "resident_id"),
    "INSTITUTION_ACTIVE": Rule(_not("institution_suspended"), ("institution_suspended",)),
    "AGE_MIN": Rule(_least, ("age_at_class_start",), "resident_id"),
    "AGE_MAX": Rule(_most, ("age_at_class_start",), "resident_id"),
    "NO_OVERLAP": Rule(_not("clashes"), ("clashes",), "resident_id"),
    "IN_CATALOGUE": Rule(lambda facts, _: facts.occupation_listed, ("occupation_listed",)),
    "INSTITUTION_LISTED": _subsidised(lambda facts, _: facts.institution_listed, ("institution_listed",)),
    "NOT_PENSIONER": _subsidised(_not("drawing_pension"), ("drawing_pension",), "resident_id"),
    "NOT_PUBLIC_STAFF": _subsidised(_not("public_staff"), ("public_staff",), "resident_id"),
    "YEAR_CAP": _subsidised(_year_cap, ("subsidised_this_year", "subsidised_elsewhere"), "resident_id"),
    "SAME_OCC_LEVEL": _subsidised(
        _not_again, ("same_level", "same_level_last", "same_level_elsewhere", "class_start"), "resident_id"
    ),
    "NO_LOWER_AFTER_HIGHER": _subsidised(_no_lower, ("higher_level", "higher_level_elsewhere"), "resident_id"),
    "NO_LOWER_INSURANCE": _subsidised(
        _no_lower, ("higher_level", "higher_level_elsewhere"), "resident_id", fund="UNEMPLOYMENT_INSURANCE"
    ),
    "NO_DOUBLE_FUND": _subsidised(_not("skill_subsidy_drawn"), ("skill_subsidy_drawn",), "resident_id"),
    "CATEGORY_GIVEN": _subsidised(lambda facts, _: bool(facts.category), ("category",), "category"),
    "CATEGORY_PROOF": _subsidised(lambda facts, _: facts.proof_given, ("category", "proof_given"), "proof_number"),
    "CATEGORY_TRUE": _subsidised(_category_true, ("category", "insured_as_employee"), "category"),
    "LEVEL_PREREQ": Rule(lambda facts, _: facts.prerequisite_met, ("prerequisite_met",)),
    "ID_DIVISION_KNOWN": Rule(lambda facts, _: facts.division_known, ("division_known",), "resident_id"),
    "SAME_NAME": Rule(lambda facts, _: facts.same_name, ("same_name",), "full_name"),
}
# these two are what a seat means: no pack may leave them out or soften them
ALWAYS = ("CLASS_OPEN", "NO_DUPLICATE")

_EFFECTS = {Effect.BLOCK: Outcome.BLOCKED, Effect.WARN: Outcome.WARNED, Effect.NOTE: Outcome.NOTED}


class Ruleset:
    """The rules in force for one division on one day, with their numbers looked up."""

    def __init__(self, pack: Pack, division: str, on: date) -> None:
        self.pack = pack
        self._rules = [
            (
                declaration,
                RULES[declaration.key],
                {key: pack.find(key, division, on) for key in declaration.parameters},
            )
            for declaration in in_force(pack, division, on)
        ]
        self._blocks = [entry for entry in self._rules if entry[0].effect is Effect.BLOCK]
        self._warns = [entry for entry in self._rules if entry[0].effect is Effect.WARN]
        self._judged: dict[Facts, Judgement] = {}

    def verdicts(self, facts: Facts) -> list[Verdict]:
        """What every rule says, in the order of the pack."""
        return [_verdict(declaration, rule, numbers, facts) for declaration, rule, numbers in self._rules]

    def objections(self, facts: Facts) -> list[Verdict]:
        """What the rules that are not met say; without the ones that pass or could not be checked."""
        return [
            _verdict(declaration, rule, numbers, facts)
            for declaration, rule, numbers in self._rules
            if rule.test(facts, numbers) is False
        ]

    def judged(self, facts: Facts) -> Judgement:
        """What comes of the rules. People of one class differ in few facts: a judgement is remembered by them."""
        found = self._judged.get(facts)
        if found is None:
            if len(self._judged) >= REMEMBERED:
                self._judged.clear()
            blocked = any(rule.test(facts, numbers) is False for _, rule, numbers in self._blocks)
            warnings = tuple(
                declaration.code for declaration, rule, numbers in self._warns if rule.test(facts, numbers) is False
            )
            found = self._judged[facts] = Judgement(
                blocked, warnings, tuple(self.objections(facts)), json.dumps(facts.stored(), ensure_ascii=False)
            )
        return found

    def blocks(self, facts: Facts) -> bool:
        """Whether any rule refuses."""
        return self.judged(facts).blocked

    def warnings(self, facts: Facts) -> tuple[str, ...]:
        """The codes of the rules that warn."""
        return self.judged(facts).warnings


def in_force(pack: Pack, division: str, on: date) -> list[RuleDeclaration]:
    """The rules of a day; what a seat means holds on every day, however long ago something happened."""
    found = list(pack.rules_on(on, division))
    keys = {rule.key for rule in found}
    always = [rule for rule in pack.rules if rule.key in ALWAYS and rule.key not in keys]
    return [*always, *found]


def checked(pack: Pack) -> Pack:
    """`pack`, if this service can decide by it; else a ValueError that names what is wrong."""
    if unknown := sorted({rule.key for rule in pack.rules} - RULES.keys()):
        raise ValueError(f"{pack.fingerprint}: no test for {', '.join(unknown)}")
    for key in ALWAYS:
        found = [rule for rule in pack.rules if rule.key == key]
        if not any(rule.division == "*" and rule.effective_to is None for rule in found):
            raise ValueError(f"{pack.fingerprint}: {key} must be in force everywhere and without end")
        if any(rule.effect is not Effect.BLOCK for rule in found):
            raise ValueError(f"{pack.fingerprint}: {key} must block")
    return pack


@lru_cache(maxsize=4096)
def ruleset(pack: Pack, division: str, on: date) -> Ruleset:
    """The rules of `pack` in force in `division` on a day."""
    return Ruleset(pack, division, on)


def _verdict(declaration: RuleDeclaration, rule: Rule, numbers: Numbers, facts: Facts) -> Verdict:
    met = rule.test(facts, numbers)
    outcome = Outcome.NOT_CHECKED if met is None else Outcome.PASSED if met else _EFFECTS[declaration.effect]
    shown = {
        key: "unknown" if number is None or number.value is None else str(number.value)
        for key, number in numbers.items()
    }
    return Verdict(declaration, outcome, facts.texts(rule.uses), shown)
