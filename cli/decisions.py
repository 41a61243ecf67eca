"""A decision on an enrolment in words: what it comes to, what was not checked, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from liancai.common.v1.types_pb2 import RuleVerdict
from liancai.training.v1 import enrolments_pb2 as pb

from cli.show import text
from cli.texts import t


def explained(decision: pb.EnrolmentDecision) -> Iterator[str]:
    """What to mind of a decision that was made."""
    if accepted := [each.code for each in decision.accepted]:
        yield t("decision.accepted", codes=", ".join(accepted))
    yield from _limits(decision)
    yield from _unchecked(decision)


def foretold(decision: pb.EnrolmentDecision, class_name: str) -> Iterator[str]:
    """What `add` would answer now, and what to type."""
    warned = _codes(decision, RuleVerdict.WARNED)
    if decision.result == pb.Enrolment.WAITLISTED:
        yield t("decision.would_wait")
    elif decision.result:
        yield t("decision.eligible")
    elif _codes(decision, RuleVerdict.BLOCKED) or not (warned or decision.binding_quota):
        yield t("decision.not_eligible")
    elif warned:
        yield t("decision.wants_reasons", accept=accepting(warned))
    else:
        yield t("decision.no_quota", class_name=class_name)
    yield from _limits(decision)
    yield from _unchecked(decision)


def reasons(decision: pb.EnrolmentDecision) -> Iterator[str]:
    """Each rule that keeps somebody out: those that block, and those that warn and were not accepted."""
    open_warnings = _warned(decision)
    for verdict in decision.verdicts:
        if verdict.outcome == RuleVerdict.BLOCKED:
            yield t("refused.broken", code=verdict.code, words=_with_facts(verdict))
        elif verdict.code in open_warnings:
            yield t("refused.warning", code=verdict.code, words=_with_facts(verdict))


def warnings(decision: pb.EnrolmentDecision) -> list[str]:
    """The codes that a reason lets pass; none while a rule blocks."""
    return [] if _codes(decision, RuleVerdict.BLOCKED) else _warned(decision)


def accepting(codes: Iterable[str]) -> str:
    """The options that let warnings pass, to copy and fill in."""
    return " ".join(t("refused.accept", code=code) for code in dict.fromkeys(codes))


def _with_facts(verdict: Any) -> str:
    facts = "; ".join(filter(None, (text(verdict, "inputs"), text(verdict, "parameters"))))
    return f"{verdict.title}  ({facts})" if facts else str(verdict.title)


def _codes(decision: pb.EnrolmentDecision, outcome: int) -> list[str]:
    return [verdict.code for verdict in decision.verdicts if verdict.outcome == outcome]


def _warned(decision: pb.EnrolmentDecision) -> list[str]:
    """The warnings that nobody has accepted."""
    accepted = {each.code for each in decision.accepted}
    return [code for code in _codes(decision, RuleVerdict.WARNED) if code not in accepted]


def _limits(decision: pb.EnrolmentDecision) -> Iterator[str]:
    if decision.binding_quota:
        yield t("decision.binding", quota=decision.binding_quota)


def _unchecked(decision: pb.EnrolmentDecision) -> Iterator[str]:
    if codes := _codes(decision, RuleVerdict.NOT_CHECKED):
        yield t("decision.unchecked", count=len(codes), codes=", ".join(codes))
