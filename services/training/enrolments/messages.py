"""Enrolments and what rules and limits say of them as messages, personal data masked."""

from __future__ import annotations

from collections.abc import Iterable

from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2

from services.platform.boundary import Call
from services.platform.requests import etag_of, stamp
from services.training.rules.eligibility import Outcome, Verdict
from services.training.seats.decisions import Enrolled
from services.training.tables import EnrolmentRow

# 残疾人、即将刑满释放人员、强制隔离戒毒人员: sensitive personal information (个人信息保护法第28条), never in a list
SENSITIVE = frozenset({"DIS", "PRI", "DRG"})
LEVELS = {
    Outcome.BLOCKED: types_pb2.Finding.ERROR,
    Outcome.WARNED: types_pb2.Finding.WARNING,
    Outcome.NOTED: types_pb2.Finding.NOTE,
}


def enrolment(
    row: Enrolled | EnrolmentRow,
    masked: tuple[str, str, str],
    *,
    position: int = 0,
    findings: Iterable[types_pb2.Finding] = (),
) -> enrolments_pb2.Enrolment:
    """An enrolment; `masked` is the person's name, identity number and phone with their middles hidden."""
    return enrolments_pb2.Enrolment(
        name=f"enrolments/{row.id}",
        state=enrolments_pb2.Enrolment.State.Value(row.state),
        class_name=f"classes/{row.class_id}",
        order=f"orders/{row.order_id}",
        masked_name=masked[0],
        masked_resident_id=masked[1],
        masked_phone=masked[2],
        place=row.place,
        waitlist_position=position,
        findings=findings,
        reason=row.reason,
        occur_time=stamp(row.occur_time),
        record_time=stamp(row.record_time),
        etag=etag_of(row.version),
        offer_expire_time=stamp(row.offer_expire_time) if row.offer_expire_time else None,
        party=row.party,
        category="" if row.category in SENSITIVE else row.category,
        accepted=[enrolments_pb2.AcceptedWarning(**each) for each in row.accepted],
    )


def amount(call: Call, kind: str, value: int) -> str:
    """So many persons, or so many yuan from fen, in words."""
    if kind == "DIVISION_BUDGET":
        return call.say("AMOUNT_YUAN", {"amount": f"{value // 100:,}.{value % 100:02}"})
    return call.say("AMOUNT_PERSONS", {"amount": f"{value:,}"})


def finding(call: Call, verdict: Verdict, field: str = "") -> types_pb2.Finding:
    """What a rule that is not met tells the officer."""
    others = [
        each for key in ("clashes", "present") if key in verdict.inputs for each in verdict.inputs[key].split(", ")
    ]
    code = verdict.declaration.code
    return types_pb2.Finding(
        level=LEVELS[verdict.outcome],
        code=code,
        field=field,
        message=call.say(code, {**verdict.inputs, **_plain(verdict.parameters)}),
        others=[each for each in others if each],
    )


def verdict(call: Call, said: Verdict) -> types_pb2.RuleVerdict:
    """One rule of an explanation."""
    declaration = said.declaration
    return types_pb2.RuleVerdict(
        rule=declaration.key,
        code=declaration.code,
        title=getattr(declaration.title, call.language),
        outcome=types_pb2.RuleVerdict.Outcome.Value(said.outcome),
        inputs=said.inputs,
        parameters=said.parameters,
        source=declaration.source,
        confidence=declaration.confidence,
    )


def _plain(parameters: dict[str, str]) -> dict[str, str]:
    """`age.minimum` cannot stand in the braces of a sentence; `age_minimum` can."""
    return {key.replace(".", "_"): value for key, value in parameters.items()}
