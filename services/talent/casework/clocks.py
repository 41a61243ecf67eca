"""The clock of a step: its ledger as the rules read it, and what it comes to as the row and the message have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any

from liancai.talent.v1 import clock_pb2 as pb

from services.platform.boundary import Call
from services.platform.requests import stamp
from services.reference.parameters import Pack
from services.reference.workdays import Calendar, DayKind
from services.talent.casefiles import CaseFile, EntryFile, StepFile
from services.talent.rules import catalogue, clock, lights
from services.talent.rules.clock import Deadline, Line, Stage, Which, Why
from services.talent.rules.days import Assumption
from services.talent.rules.ledger import Entry, EntryKind, Reason, SuspensionKind, Void
from services.talent.rules.lights import Light, Thresholds, Turns
from services.talent.rules.limits import Limit, Span, Unit, promised
from services.talent.rules.reading import COMPLETENESS, Terms
from services.talent.rules.states import STEP_OPEN, MatterState, StepState

NO_LIMIT = date(9999, 12, 31)  # the alarm of what is on a desk without a limit
# what has no effect and yet happened: it is noted, and the explanation says why it changed nothing
NOTED = (Reason.LATE_NOTICE, Reason.LATE_ACCEPTANCE)


def entry_of(stored: EntryFile) -> Entry:
    """An entry as the rules read it."""
    detail = stored.detail
    longest = detail.get("maximum")
    return Entry(
        number=stored.number,
        kind=EntryKind(stored.kind),
        at=stored.occur_time,
        suspension=SuspensionKind(detail["suspension"]) if "suspension" in detail else None,
        basis=detail.get("basis", ""),
        notice=stored.evidence,
        approver=detail.get("approver", ""),
        maximum=Span(longest["n"], Unit(longest["unit"])) if longest else None,
        items=tuple(detail.get("items", ())),
        n=detail.get("n"),
        target=detail.get("target"),
    )


def terms_of(kind: catalogue.Step, division: str, pack: Pack, day: date) -> Terms:
    """By what a step is timed in a division: by the catalogue, and by the parameters in force on a day."""
    completeness, reminder = (_workdays(pack, key, division, day) for key in ("clock.completeness", "clock.reminder"))
    return kind.terms(division, plan=reminder, completeness=completeness or COMPLETENESS)


@cache
def _workdays(pack: Pack, key: str, division: str, day: date) -> Span | None:
    parameter = pack.find(key, division, day)
    n = parameter.integer() if parameter else None
    return Span(n, Unit.WORKING_DAYS) if n else None


def deadline_of(terms: Terms, ledger: Iterable[EntryFile], calendar: Calendar) -> Deadline:
    """What a ledger comes to."""
    return clock.deadline(terms, map(entry_of, ledger), calendar)


def void_of(found: Deadline, number: int) -> Void | None:
    """Why an entry has no effect, if it has none."""
    return next((each for each in found.void if each.number == number), None)


def stored(found: Deadline) -> dict[str, Any]:
    """What a deadline is in the columns of a step."""
    dues = (found.planned, found.promised, found.statutory)
    return {
        "received": found.received,
        "base": found.started,
        "begun": found.begun or "",
        "planned": found.planned.day,
        "promised": found.promised.day,
        "statutory": found.statutory.day,
        "provisional": any(due.day and due.provisional for due in dues),
        "calendar": found.calendar,
    }


def lit(terms: Terms, found: Deadline, calendar: Calendar, thresholds: Thresholds) -> dict[str, Any]:
    """When a deadline turns yellow and red, in the columns of a step, and the first day to remind of it."""
    turns = lights.turns(terms, found, calendar, thresholds)
    return {"yellow": turns.yellow, "red": turns.red, "remind": (turns.yellow or turns.red) if turns.red else None}


def light(step: StepFile, on: date) -> Light | None:
    """The colour of a step on a day, or on the day it was finished; None while nothing runs that could pass."""
    if not step.base or step.state == StepState.SKIPPED:
        return None
    return Turns(step.yellow, step.red).light(min(on, step.finish_date) if step.finish_date else on)


def alarm(file: CaseFile, step: StepFile) -> date | None:
    """The day a step should be done by, or a promised document is due, while it is on a desk; None when it is on none.

    A step that is done stays on its desk while a document is owed.
    """
    matter = file.matter(step.matter)
    if not file.open or matter is None:
        return None
    if matter.state != MatterState.RUNNING or step.state not in STEP_OPEN:
        return step.owed
    return min(step.promised or step.planned or step.statutory or NO_LIMIT, step.owed or NO_LIMIT)


def limit(known: Limit) -> pb.Limit:
    """A limit as its readers see it."""
    return pb.Limit(
        n=known.n or 0,
        unit=pb.Limit.Unit.Value(known.unit),
        basis=pb.Limit.Basis.Value(known.basis),
        source=known.source,
    )


def promise(kind: catalogue.Step, division: str) -> pb.Limit | None:
    """What a division promises of a step, None where it promises nothing of its own."""
    found = promised(kind.promises, division)
    if found is None:
        return None
    unit = pb.Limit.Unit.Value(kind.limit.unit)
    return pb.Limit(n=found.n, unit=unit, basis=pb.Limit.INTERNAL, source=found.source)


def span(known: Span) -> pb.Span:
    """A length of time as its readers see it."""
    return pb.Span(n=known.n, unit=pb.Limit.Unit.Value(known.unit))


def of_step(step: StepFile, rule_version: str = "") -> pb.Deadline:
    """The dates that are stored on a step."""
    return pb.Deadline(
        planned_date=_day(step.planned),
        promised_date=_day(step.promised),
        statutory_date=_day(step.statutory),
        provisional=step.provisional,
        calendar_version=step.calendar,
        rule_version=rule_version,
    )


def of_rules(call: Call, found: Deadline, rule_version: str) -> pb.Deadline:
    """Dates as the rules work them out, with what they take for granted."""
    dues = [due for due in (found.planned, found.promised, found.statutory) if due.day]
    taken = sorted({each for due in dues for each in due.assumes})
    return pb.Deadline(
        planned_date=_day(found.planned.day),
        promised_date=_day(found.promised.day),
        statutory_date=_day(found.statutory.day),
        provisional=bool(taken),
        assumes=[assumption(call, each) for each in taken],
        calendar_version=found.calendar,
        rule_version=rule_version,
    )


def assumption(call: Call, taken: Assumption) -> str:
    """What a provisional date takes for granted, in words."""
    kind = call.say(f"SUSPENSION_{taken.subject}") if taken.subject else ""
    return call.say(f"ASSUME_{taken.guess}", {"year": str(taken.year or ""), "kind": kind})


def entry(call: Call, written: EntryFile, voids: Sequence[Void]) -> pb.ClockEntry:
    """An entry as its readers see it."""
    known, void = entry_of(written), next((each for each in voids if each.number == written.number), None)
    return pb.ClockEntry(
        number=written.number,
        kind=pb.ClockEntry.Kind.Value(written.kind),
        occur_time=stamp(written.occur_time),
        record_time=stamp(written.record_time),
        actor=written.actor,
        reason=written.reason,
        evidence=written.evidence,
        suspension=pb.ClockEntry.Suspension.Value(known.suspension or "SUSPENSION_UNSPECIFIED"),
        legal_basis=known.basis,
        maximum=span(known.maximum) if known.maximum else None,
        extension=known.n or 0,
        approver=known.approver,
        corrects=known.target or 0,
        items=known.items,
        void=void is not None,
        void_reason=call.say(f"LEDGER_{void.reason}") if void else "",
    )


def line(call: Call, which: Which, each: Line, unit: Unit) -> pb.DerivationLine:
    """One day of a derivation in words."""
    values = {
        "day": each.day.isoformat(),
        "holiday": each.holiday or "",
        "count": str(each.count),
        "total": str(each.total),
        "kind": call.say(f"SUSPENSION_{each.suspension}") if each.suspension else "",
    }
    return pb.DerivationLine(
        track=pb.DerivationLine.Track.Value(which),
        stage=pb.DerivationLine.Stage.Value(each.stage),
        date=each.day.isoformat(),
        why=pb.DerivationLine.Why.Value(each.why),
        counted=each.counted,
        count=each.count,
        total=each.total,
        text=call.say(_sentence(each, unit), values),
        notices=each.notice,
        assumed=each.assumed,
    )


def _sentence(each: Line, unit: Unit) -> str:
    """The key of what is said of a day."""
    if each.why is Why.DAY_OFF:
        return "DAY_OFF_HOLIDAY" if each.kind is DayKind.HOLIDAY else "DAY_OFF_WEEKEND"
    if each.why is Why.COUNTED and (each.stage is Stage.COMPLETENESS or unit is Unit.WORKING_DAYS):
        return "DAY_COUNTED_MAKE_UP" if each.kind is DayKind.MAKE_UP else "DAY_COUNTED_WORKDAY"
    return f"DAY_{each.why}"


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
