"""What a placement lacks: every gap at once (一次性告知), by rules that are declared in a pack.

A rule here is a test; whether it is in force, how hard it bites, with which numbers and on whose authority is declared
in the pack (`parameters/other_placements.yaml`). A rule that rests on something unconfirmed never blocks; for want of a
fact or a number it is not checked, which is never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from services.placement.rules.placed import OTHER_SCHOOL, Facts, Kind, Paper
from services.placement.rules.registering import Education, Title
from services.reference.parameters import Confidence, Effect, Pack, Parameter, RuleDeclaration, Value
from services.reference.workdays import add_months


class Outcome(StrEnum):
    """What a rule says. NOT_CHECKED is never PASSED."""

    PASSED = "PASSED"
    BLOCKED = "BLOCKED"
    WARNED = "WARNED"
    NOTED = "NOTED"
    NOT_CHECKED = "NOT_CHECKED"


Numbers = Mapping[str, Parameter | None]
Test = Callable[[Facts, Numbers], bool | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A test of facts: True when they meet the rule, False when not, None when it cannot tell.

    `uses` names the facts it looks at. A rule of `kinds` is asked of these alone. One of the `home` side holds where
    the home unit is, others where the host is. One that is `early` is asked before it is submitted, others only when it
    is decided.
    """

    test: Test
    uses: tuple[str, ...]
    kinds: frozenset[str] = frozenset(Kind)
    home: bool = False
    early: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one declared rule said."""

    declaration: RuleDeclaration
    outcome: Outcome
    inputs: dict[str, str]
    parameters: dict[str, str]

    @property
    def open(self) -> bool:
        """Whether somebody must answer for letting it pass: it warns, or would block and could not be checked."""
        unchecked = self.outcome is Outcome.NOT_CHECKED and self.declaration.effect is Effect.BLOCK
        return self.outcome is Outcome.WARNED or unchecked


def _of(numbers: Numbers, key: str) -> Value:
    parameter = numbers.get(key)
    return None if parameter is None else parameter.value


def _listed(numbers: Numbers, key: str) -> frozenset[str] | None:
    value = _of(numbers, key)
    return frozenset(map(str, value)) if isinstance(value, tuple) else None


def _number(numbers: Numbers, key: str) -> Decimal | None:
    parameter = numbers.get(key)
    return None if parameter is None else parameter.decimal()


def _wanted(key: str, given: Callable[[Facts], bool | None]) -> Test:
    """Met by what is given, or by a kind that is not among those that want it."""

    def test(facts: Facts, numbers: Numbers) -> bool | None:
        kinds = _listed(numbers, key)
        if kinds is None:
            return None
        return True if facts.kind not in kinds else given(facts)

    return test


def _agreed(facts: Facts) -> bool | None:
    """The law asks for an agreement with students of vocational schools; of others it does not say."""
    if facts.agreement or facts.school == OTHER_SCHOOL:
        return True
    return None if facts.kind == Kind.INTERNSHIP and not facts.school else False


def _vocational(test: Test, *uses: str) -> Rule:
    """A rule of vocational students: met by others, not checked while nobody says where one studies."""

    def of_these(facts: Facts, numbers: Numbers) -> bool | None:
        if facts.school == OTHER_SCHOOL:
            return True
        return test(facts, numbers) if facts.school else None

    return Rule(of_these, ("school", *uses), frozenset({Kind.INTERNSHIP}))


def _home_bears(facts: Facts) -> bool | None:
    return None if not facts.injury_bearer else facts.injury_bearer == "HOME_UNIT"


def _documents(facts: Facts, numbers: Numbers) -> bool | None:
    wanted = _listed(numbers, f"documents.{facts.kind.lower()}")
    return None if wanted is None else wanted <= facts.documents


def _term(facts: Facts, numbers: Numbers) -> bool | None:
    """It ends before the corresponding day after the longest term (民法典第202条)."""
    months = _number(numbers, f"term.months.{facts.kind.lower()}")
    return None if months is None else facts.last_day < add_months(facts.first_day, int(months))


def _unit_consents(facts: Facts, numbers: Numbers) -> bool | None:
    kinds, bodies = _listed(numbers, "unit_consent.kinds"), _listed(numbers, "unit_consent.bodies")
    if kinds is None or bodies is None:
        return None
    return facts.kind not in kinds or facts.home_body not in bodies or Paper.UNIT_CONSENT in facts.documents


def _qualified(facts: Facts, numbers: Numbers) -> bool | None:
    """Title or education is enough; one that falls short says nothing while the other is not stated."""
    title, education = _of(numbers, "tvp.title_least"), _of(numbers, "tvp.education_least")
    if not isinstance(title, str) or not isinstance(education, str):
        return None
    if facts.title >= Title[title] or facts.education >= Education[education]:
        return True
    return False if facts.title and facts.education else None


def _host_body(facts: Facts, numbers: Numbers) -> bool | None:
    bodies = _listed(numbers, "tvp.host_bodies")
    return None if bodies is None else facts.host_body in bodies


def _old_enough(facts: Facts, numbers: Numbers) -> bool | None:
    least = _number(numbers, "intern.age_least")
    return None if least is None else facts.age >= least


def _guarded(facts: Facts, numbers: Numbers) -> bool | None:
    of_age = _number(numbers, "intern.guardian_age")
    return None if of_age is None else facts.age >= of_age or Paper.GUARDIAN_CONSENT in facts.documents


def _short(facts: Facts, numbers: Numbers) -> bool | None:
    share = _number(numbers, "intern.time_share")
    if share is None or not facts.study_months:
        return None
    return months_of(facts.first_day, facts.last_day) <= Fraction(share) * facts.study_months


def _few(key: str) -> Test:
    """No more interns than a share of the staff."""

    def test(facts: Facts, numbers: Numbers) -> bool | None:
        share = _number(numbers, key)
        if share is None or not facts.host_staff or not facts.host_interns:
            return None
        return facts.host_interns <= Fraction(share) * facts.host_staff

    return test


def _filed(facts: Facts, numbers: Numbers) -> bool | None:
    """There is a receipt, or the days after the signature, itself not counted (民法典第201条), have not passed."""
    days = _number(numbers, "intern.filing_days")
    if Paper.FILING_RECEIPT in facts.documents:
        return True
    if days is None or facts.signed_on is None:
        return None
    return facts.today <= facts.signed_on + timedelta(days=int(days))


def _alone(facts: Facts, _: Numbers) -> bool | None:
    if facts.overlapping:
        return False
    return True if facts.all_others else None


def _full_time_once(facts: Facts, numbers: Numbers) -> bool | None:
    kinds = _listed(numbers, "overlap.full_time_kinds")
    if kinds is None:
        return None
    if facts.kind not in kinds:
        return True
    if any(each.kind in kinds for each in facts.overlapping):
        return False
    return True if facts.all_others else None


_TVP = frozenset({Kind.TECHNOLOGY_VICE_PRESIDENT})

RULES: dict[str, Rule] = {
    "APPROVAL": Rule(_wanted("approval.kinds", lambda facts: facts.approved), ("kind", "approved")),
    "AGREEMENT": Rule(_wanted("agreement.kinds", _agreed), ("kind", "school", "agreement")),
    "AGREEMENT_USUAL": Rule(_wanted("agreement.usual_kinds", lambda facts: facts.agreement), ("kind", "agreement")),
    "BEARERS": Rule(lambda facts, _: bool(facts.pay_bearer and facts.injury_bearer), ("pay_bearer", "injury_bearer")),
    "DOCUMENTS": Rule(_documents, ("kind", "documents")),
    "HOST_CONSENT": Rule(
        _wanted("consent.kinds", lambda facts: facts.host_consents), ("kind", "host_consents"), early=False
    ),
    "TERM": Rule(_term, ("kind", "first_day", "last_day")),
    # a note that it stays: what it has to tell is told of the kinds it is true of
    "RELATION": Rule(_wanted("relation.home_kinds", lambda _: False), ("kind",)),
    "INJURY_HOME": Rule(_wanted("injury.home_kinds", _home_bears), ("kind", "injury_bearer")),
    "INJURY_CIVIL": Rule(_wanted("injury.civil_kinds", _home_bears), ("kind", "injury_bearer")),
    "UNIT_CONSENT": Rule(_unit_consents, ("kind", "home_body", "documents"), home=True),
    "TVP_QUALIFIED": Rule(_qualified, ("title", "education"), _TVP),
    "TVP_HOST": Rule(_host_body, ("host_body",), _TVP),
    "INTERN_AGE": _vocational(_old_enough, "age"),
    "INTERN_GUARDIAN": _vocational(_guarded, "age", "documents"),
    "INTERN_TIME": _vocational(_short, "first_day", "last_day", "study_months"),
    "INTERN_STAFF": _vocational(_few("intern.staff_share"), "host_interns", "host_staff"),
    "INTERN_STAFF_USUAL": _vocational(_few("intern.staff_share_usual"), "host_interns", "host_staff"),
    "INTERN_FILED": _vocational(_filed, "signed_on", "documents", "today"),
    "OVERLAP": Rule(_alone, ("first_day", "last_day", "overlapping"), early=False),
    "FULL_TIME_TWICE": Rule(_full_time_once, ("kind", "first_day", "last_day", "overlapping"), early=False),
}
_EFFECTS = {Effect.BLOCK: Outcome.BLOCKED, Effect.WARN: Outcome.WARNED, Effect.NOTE: Outcome.NOTED}
_SCALES = {"tvp.title_least": Title, "tvp.education_least": Education}
_KINDS = frozenset(kind.lower() for kind in Kind)


def verdicts(pack: Pack, facts: Facts, home: str, host: str, *, early: bool = False) -> list[Verdict]:
    """What every rule says that is in force on the first day, in the order of the pack.

    `home` and `host` are the divisions of the two sides. `early` leaves out what is asked only when it is decided.
    """
    in_force = {
        (rule.key, side): rule
        for side, place in ((True, home), (False, host))
        for rule in pack.rules_on(facts.first_day, place)
    }
    found = []
    for key in dict.fromkeys(rule.key for rule in pack.rules):
        rule = RULES[key]
        declaration = in_force.get((key, rule.home))
        if declaration is None or facts.kind not in rule.kinds or (early and not rule.early):
            continue
        found.append(_verdict(pack, declaration, rule, facts, home if rule.home else host))
    return found


def _verdict(pack: Pack, declaration: RuleDeclaration, rule: Rule, facts: Facts, division: str) -> Verdict:
    numbers = {
        key: pack.find(key, division, facts.first_day) for key in declaration.parameters if _is_of(key, facts.kind)
    }
    met = rule.test(facts, numbers)
    outcome = Outcome.NOT_CHECKED if met is None else Outcome.PASSED if met else _EFFECTS[declaration.effect]
    if outcome is Outcome.BLOCKED and not _sure(declaration, numbers):
        outcome = Outcome.WARNED
    shown = {key: _shown(number) for key, number in numbers.items()}
    return Verdict(declaration, outcome, facts.texts(rule.uses), shown)


def stays_home(pack: Pack, kind: str, host: str, on: date) -> bool:
    """Whether the law leaves the personnel relation of this kind with the home unit."""
    kinds = _listed({"relation.home_kinds": pack.find("relation.home_kinds", host, on)}, "relation.home_kinds")
    return kinds is not None and kind in kinds


def months_of(first_day: date, last_day: date) -> Fraction:
    """Months from the first day to the last, both included; days beyond whole ones as a part of their month."""
    after, whole = last_day + timedelta(days=1), 0
    while add_months(first_day, whole + 1) <= after:
        whole += 1
    start, end = add_months(first_day, whole), add_months(first_day, whole + 1)
    return whole + Fraction((after - start).days, (end - start).days)


def checked(pack: Pack) -> Pack:
    """`pack`, if this service can decide by it; else a ValueError that names what is wrong."""
    for rule in pack.rules:
        if rule.key not in RULES:
            raise ValueError(f"{pack.fingerprint}: no test for {rule.key}")
        if rule.effect is Effect.BLOCK and rule.confidence is not Confidence.CONFIRMED:
            raise ValueError(f"{pack.fingerprint}: {rule.key} is unconfirmed and may not block")
    for parameter in pack.parameters:
        if fault := _fault(parameter):
            raise ValueError(f"{pack.fingerprint}: parameter {parameter.key} must be {fault}")
    return pack


def _fault(parameter: Parameter) -> str:
    """What a value should be, if the tests cannot read it; null is nobody's fault."""
    value, head = parameter.value, parameter.key.partition(".")[0]
    if value is None:
        return ""
    if scale := _SCALES.get(parameter.key):
        return "" if value in scale.__members__ else f"one of {', '.join(scale.__members__)}"
    if head in ("intern", "term"):
        good = isinstance(value, int | Decimal) and not isinstance(value, bool) and value > 0
        return "" if good else "a number above 0"
    if not isinstance(value, tuple):
        return "a list"
    known = Paper if head == "documents" else Kind if parameter.key.endswith("kinds") else None
    return "" if known is None or {*value} <= {*known} else f"a list of {', '.join(known)}"


def _is_of(key: str, kind: str) -> bool:
    """Whether a parameter is this kind's, or every kind's."""
    last = key.rpartition(".")[2]
    return last not in _KINDS or last == kind.lower()


def _sure(declaration: RuleDeclaration, numbers: Numbers) -> bool:
    held = [number.confidence for number in numbers.values() if number is not None]
    return all(each is Confidence.CONFIRMED for each in (declaration.confidence, *held))


def _shown(number: Parameter | None) -> str:
    if number is None or number.value is None:
        return "unknown"
    value = number.value
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
