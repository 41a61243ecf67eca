"""Whether a person may enrol: declared rules of the parameter pack over stored facts.

A rule here is a test; whether it is in force, how hard it bites, with which numbers and on whose authority is declared
in the pack (`parameters/*.yaml`). A new rule is a test in `RULES` and a declaration in a pack: the path of enrolment
does not change. The facts of a decision are stored with it, so explaining it is deciding it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from services.reference.parameters import Effect, Pack, Parameter, ParameterUnknown, RuleDeclaration

Numbers = Mapping[str, Parameter | None]


class Outcome(StrEnum):
    """What a rule says. NOT_CHECKED, for want of a fact or a number, is never PASSED."""

    PASSED = "PASSED"
    BLOCKED = "BLOCKED"
    WARNED = "WARNED"
    NOTED = "NOTED"
    NOT_CHECKED = "NOT_CHECKED"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was known of one person and one class when it was decided. Nothing in it is personal but the age in years.

    `present` names the active enrolment the person has in this class, `clashes` the classes whose sessions overlap.
    """

    class_state: str
    age_at_class_start: int
    occupation_listed: bool
    division_known: bool
    same_name: bool | None = None
    present: str = ""
    clashes: tuple[str, ...] = ()

    def stored(self) -> dict[str, object]:
        """As JSON stores it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> Facts:
        """From what `stored` gave; a fact that was not known then takes its default."""
        known = {key: value for key, value in stored.items() if key in cls.__slots__}
        clashes = known.pop("clashes", ())
        return cls(**known, clashes=tuple(clashes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Rule:
    """A test of facts. `test` gives True when they meet the rule, False when not, None when it cannot tell.

    `uses` names the facts it looks at, for the explanation.
    """

    test: Callable[[Facts, Numbers], bool | None]
    uses: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one declared rule said."""

    declaration: RuleDeclaration
    outcome: Outcome
    inputs: dict[str, str]
    parameters: dict[str, str]


def _least(facts: Facts, numbers: Numbers) -> bool | None:
    minimum = _integer(numbers, "age.minimum")
    return None if minimum is None else facts.age_at_class_start >= minimum


def _most(facts: Facts, numbers: Numbers) -> bool | None:
    notice = _integer(numbers, "age.notice")
    return None if notice is None else facts.age_at_class_start < notice


def _integer(numbers: Numbers, key: str) -> int | None:
    parameter = numbers[key]
    return None if parameter is None else parameter.integer()


RULES: dict[str, Rule] = {
    "CLASS_OPEN": Rule(lambda facts, _: facts.class_state == "OPEN", ("class_state",)),
    "NO_DUPLICATE": Rule(lambda facts, _: not facts.present, ("present",), "resident_id"),
    "AGE_MIN": Rule(_least, ("age_at_class_start",), "resident_id"),
    "AGE_MAX": Rule(_most, ("age_at_class_start",), "resident_id"),
    "NO_OVERLAP": Rule(lambda facts, _: not facts.clashes, ("clashes",), "resident_id"),
    "IN_CATALOGUE": Rule(lambda facts, _: facts.occupation_listed, ("occupation_listed",)),
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
                {key: _number(pack, key, division, on) for key in declaration.parameters},
            )
            for declaration in pack.rules_on(on, division)
        ]
        self._blocks = [entry for entry in self._rules if entry[0].effect is Effect.BLOCK]

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

    def blocks(self, facts: Facts) -> bool:
        """Whether any rule refuses."""
        return any(rule.test(facts, numbers) is False for _, rule, numbers in self._blocks)


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


def fact_texts(facts: Facts, names: Iterable[str]) -> dict[str, str]:
    """Facts as an explanation prints them; an unknown one as "unknown", an empty one as "none"."""
    texts = {}
    for name in names:
        value = getattr(facts, name)
        if value is None:
            texts[name] = "unknown"
        elif isinstance(value, tuple):
            texts[name] = ", ".join(value) or "none"
        else:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value) or "none"
    return texts


def _verdict(declaration: RuleDeclaration, rule: Rule, numbers: Numbers, facts: Facts) -> Verdict:
    met = rule.test(facts, numbers)
    outcome = Outcome.NOT_CHECKED if met is None else Outcome.PASSED if met else _EFFECTS[declaration.effect]
    shown = {
        key: "unknown" if number is None or number.value is None else str(number.value)
        for key, number in numbers.items()
    }
    return Verdict(declaration, outcome, fact_texts(facts, rule.uses), shown)


def _number(pack: Pack, key: str, division: str, on: date) -> Parameter | None:
    try:
        return pack.value(key, division, on)
    except ParameterUnknown:
        return None
