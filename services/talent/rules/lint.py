"""What is wrong with a catalogue that can be read: faults that forbid publishing it, and what is still unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.reference import units
from services.reference.parameters import Confidence
from services.talent.rules import graph
from services.talent.rules.catalogue import (
    NEVER_DEFERRED,
    Applicant,
    Branch,
    Catalogue,
    Document,
    DocumentRank,
    Matter,
    Needed,
    Scope,
    Step,
    Window,
)
from services.talent.rules.ledger import SuspensionKind
from services.talent.rules.limits import Basis, Limit, Promise
from services.talent.rules.states import Side


class Level(StrEnum):
    """What a finding does."""

    ERROR = "ERROR"  # may not be published
    WARNING = "WARNING"  # may be published; somebody has still to say


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: a stable code, what it is about ('pension.review'), where the document has it, and the facts."""

    level: Level
    code: str
    about: str
    place: str
    values: Mapping[str, str] = field(default_factory=dict)


# every code, and what it does
CODES: dict[str, Level] = {
    "CT-UNIT-UNKNOWN": Level.ERROR,
    "CT-BUREAU-UNKNOWN": Level.ERROR,
    "CT-MATTER-EMPTY": Level.ERROR,
    "CT-MATTER-AFTER": Level.ERROR,
    "CT-MATTER-CYCLE": Level.ERROR,
    "CT-SCOPE-POOL": Level.ERROR,
    "CT-SCOPE-SKIPS": Level.ERROR,
    "CT-STEP-OWNER": Level.ERROR,
    "CT-STEP-AFTER": Level.ERROR,
    "CT-STEP-CYCLE": Level.ERROR,
    "CT-STEP-UNREACHABLE": Level.ERROR,
    "CT-STEP-RESULT": Level.ERROR,
    "CT-OUTCOME-ONE": Level.ERROR,
    "CT-OUTCOME-SKIPS": Level.ERROR,
    "CT-LIMIT-BASIS": Level.ERROR,
    "CT-LIMIT-SOURCE": Level.ERROR,
    "CT-LIMIT-CLAIMED": Level.ERROR,
    "CT-LIMIT-UNKNOWN": Level.WARNING,
    "CT-EXTENSION": Level.ERROR,
    "CT-PROMISE-OVER": Level.ERROR,
    "CT-PROMISE-UNBOUND": Level.WARNING,
    "CT-TOTAL-SHORT": Level.WARNING,
    "CT-DOCUMENT-NONE": Level.ERROR,
    "CT-DOCUMENT-GUARDIAN": Level.ERROR,
    "CT-DOCUMENT-NEVER": Level.ERROR,
    "CT-DOCUMENT-MAIN": Level.ERROR,
    "CT-DOCUMENT-SOURCE": Level.ERROR,
    "CT-DOCUMENT-RULE": Level.WARNING,
    "CT-SUSPENSION-SOURCE": Level.ERROR,
    "CT-SUSPENSION-WINDOW": Level.ERROR,
    "CT-WINDOW-HALF": Level.ERROR,
    "CT-WINDOW-CONFIRMED": Level.ERROR,
    "CT-WINDOW-UNKNOWN": Level.WARNING,
}

# what a check yields: the code, what it is about, where, and the facts
_Found = tuple[str, str, str, dict[str, str]]


def lint(catalogue: Catalogue) -> tuple[Finding, ...]:
    """Every finding, in the order of the document."""
    found = [*_bureaus(catalogue), *_between_matters(catalogue)]
    for matter in catalogue.matters:
        found += _matter(matter, {bureau.key for bureau in catalogue.bureaus})
    return tuple(Finding(CODES[code], code, about, place, values) for code, about, place, values in found)


def publishable(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing stands against publishing."""
    return all(finding.level is not Level.ERROR for finding in findings)


def _bureaus(catalogue: Catalogue) -> Iterator[_Found]:
    known = {unit.kind for unit in units.register()}
    for bureau in catalogue.bureaus:
        if bureau.unit is not None and bureau.unit not in known:
            yield "CT-UNIT-UNKNOWN", bureau.key, "", {"unit": bureau.unit}


def _between_matters(catalogue: Catalogue) -> Iterator[_Found]:
    after = {matter.key: matter.after for matter in catalogue.matters}
    for matter in catalogue.matters:
        for before in matter.after:
            if before not in after:
                yield "CT-MATTER-AFTER", matter.key, matter.place, {"after": before}
    if loop := graph.cycle(after):
        yield "CT-MATTER-CYCLE", loop[0], catalogue.matter(loop[0]).place, {"cycle": " → ".join((*loop, loop[0]))}


def _matter(matter: Matter, bureaus: set[str]) -> Iterator[_Found]:
    about, place = matter.key, matter.place
    if not matter.steps:
        yield "CT-MATTER-EMPTY", about, place, {}
    yield from _scopes(matter)
    yield from _graph(matter)
    if matter.total is not None:
        yield from _limit(about, place, matter.total)
        legs = [step.limit.n for step in matter.steps if step.limit.binding and step.limit.unit is matter.total.unit]
        needed = max((n for n in legs if n), default=0)
        if matter.total.n is not None and matter.total.n < needed:
            yield "CT-TOTAL-SHORT", about, place, {"total": str(matter.total.n), "leg": str(needed)}
    yield from _promises(about, place, matter.total, matter.promises)
    for window in matter.windows:
        yield from _window(about, place, window)
    papers = [document for step in matter.steps for document in step.documents]
    if matter.applicant is Applicant.GUARDIAN and not any(d.rank is DocumentRank.GUARDIANSHIP for d in papers):
        yield "CT-DOCUMENT-GUARDIAN", about, place, {}
    for step in matter.steps:
        yield from _step(matter, step, bureaus)


def _scopes(matter: Matter) -> Iterator[_Found]:
    known = {step.key for step in matter.steps}
    if Scope.SAME_POOL in matter.scopes and matter.pool is None:
        yield "CT-SCOPE-POOL", matter.key, matter.place, {}
    for scope, branch in matter.scopes.items():
        for key in branch.skips:
            if key not in known:
                yield "CT-SCOPE-SKIPS", matter.key, matter.place, {"scope": scope, "step": key}


def _graph(matter: Matter) -> Iterator[_Found]:
    known = {step.key for step in matter.steps}
    for step in matter.steps:
        for before in step.after:
            if before not in known:
                yield "CT-STEP-AFTER", f"{matter.key}.{step.key}", step.place, {"after": before}
        for outcome in step.outcomes:
            for key in outcome.skips:
                if key not in known or key == step.key:
                    values = {"outcome": outcome.key, "step": key}
                    yield "CT-OUTCOME-SKIPS", f"{matter.key}.{step.key}", step.place, values
    if loop := graph.cycle(graph.edges(matter)):
        values = {"cycle": " → ".join((*loop, loop[0]))}
        yield "CT-STEP-CYCLE", f"{matter.key}.{loop[0]}", matter.step(loop[0]).place, values
    reached = reachable(matter)
    for step in matter.steps:
        if step.key not in reached:
            yield "CT-STEP-UNREACHABLE", f"{matter.key}.{step.key}", step.place, {}


def reachable(matter: Matter) -> frozenset[str]:
    """The steps that some case may come to: in some scope, past steps that may end without ending the matter."""
    possible = [scope for scope in Scope if scope is not Scope.SAME_POOL or matter.pool is not None]
    branches = [matter.scopes.get(scope, Branch()) for scope in possible]
    return frozenset().union(*(_reached(matter, branch.skips) for branch in branches if branch.required))


def _reached(matter: Matter, skips: tuple[str, ...]) -> set[str]:
    passed, reached = set(skips), set[str]()
    never = {key for step in matter.steps for key in _skipped_always(step)}
    for _ in matter.steps:  # each round passes one step more, at least
        for step in matter.steps:
            if step.key in passed or not passed.issuperset(step.after):
                continue
            if step.key not in never:
                reached.add(step.key)
            if step.key in never or not step.outcomes or any(outcome.ends is None for outcome in step.outcomes):
                passed.add(step.key)
    return reached


def _skipped_always(step: Step) -> set[str]:
    going_on = [set(outcome.skips) for outcome in step.outcomes if outcome.ends is None]
    return set.intersection(*going_on) if going_on else set()


def _step(matter: Matter, step: Step, bureaus: set[str]) -> Iterator[_Found]:
    about, place = f"{matter.key}.{step.key}", step.place
    if step.bureau is None and step.side is not Side.APPLICANT:
        yield "CT-STEP-OWNER", about, place, {}
    if step.bureau is not None and step.bureau not in bureaus:
        yield "CT-BUREAU-UNKNOWN", about, place, {"bureau": step.bureau}
    if not step.result:
        yield "CT-STEP-RESULT", about, place, {}
    if len(step.outcomes) == 1:
        yield "CT-OUTCOME-ONE", about, place, {"outcome": step.outcomes[0].key}
    yield from _limit(about, place, step.limit)
    yield from _promises(about, place, step.limit, step.promises)
    for suspension in step.suspensions:
        if not suspension.source:
            yield "CT-SUSPENSION-SOURCE", about, place, {"kind": suspension.kind}
        if suspension.kind is SuspensionKind.WINDOW and not matter.windows:
            yield "CT-SUSPENSION-WINDOW", about, place, {}
    if step.checks and not any(document.needed is Needed.START for document in step.documents):
        yield "CT-DOCUMENT-NONE", about, place, {}
    for document in step.documents:
        yield from _document(about, place, document)


def _limit(about: str, place: str, limit: Limit) -> Iterator[_Found]:
    known = limit.n is not None
    if known and limit.basis is Basis.UNKNOWN:
        yield "CT-LIMIT-BASIS", about, place, {"n": str(limit.n)}
    if limit.basis in (Basis.LAW, Basis.POLICY, Basis.SAMPLE):
        if not limit.source:
            yield "CT-LIMIT-SOURCE", about, place, {"basis": limit.basis}
        if not known:
            yield "CT-LIMIT-CLAIMED", about, place, {"basis": limit.basis}
    elif not known:
        yield "CT-LIMIT-UNKNOWN", about, place, {}
    if not known and (limit.extension or limit.variants):
        yield "CT-EXTENSION", about, place, {}


def _promises(about: str, place: str, limit: Limit | None, promises: tuple[Promise, ...]) -> Iterator[_Found]:
    bounds = [] if limit is None or limit.n is None else [limit.n, *limit.variants.values()]
    for promise in promises:
        values = {"division": promise.division, "n": str(promise.n)}
        if not bounds:
            yield "CT-PROMISE-UNBOUND", about, place, values
        elif promise.n > min(bounds):
            yield "CT-PROMISE-OVER", about, place, values | {"limit": str(min(bounds))}


def _document(about: str, place: str, document: Document) -> Iterator[_Found]:
    values = {"document": document.key}
    if document.deferrable and document.rank in NEVER_DEFERRED:
        yield "CT-DOCUMENT-NEVER", about, place, values
    elif document.deferrable and document.rank is DocumentRank.MAIN:
        yield "CT-DOCUMENT-MAIN", about, place, values
    if document.deferrable and not document.source:
        yield "CT-DOCUMENT-SOURCE", about, place, values
    if document.rank is DocumentRank.SECONDARY and document.deferrable is None:
        yield "CT-DOCUMENT-RULE", about, place, values


def _window(about: str, place: str, window: Window) -> Iterator[_Found]:
    values = {"division": window.division}
    known = [end is not None for end in (window.opens, window.closes)]
    if any(known) and not all(known):
        yield "CT-WINDOW-HALF", about, place, values
    elif not any(known):
        confirmed = window.confidence is Confidence.CONFIRMED
        yield "CT-WINDOW-CONFIRMED" if confirmed else "CT-WINDOW-UNKNOWN", about, place, values
