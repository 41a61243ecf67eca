"""What a ledger comes to: when the limit began, which days it stood still, by how much it was extended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.talent.rules.days import Assumption, Days, Guess
from services.talent.rules.ledger import (
    WANTS_APPROVER,
    WANTS_NOTICE,
    Entry,
    EntryKind,
    Reason,
    Suspension,
    SuspensionKind,
    Void,
    in_effect,
)
from services.talent.rules.limits import Limit, Span, Unit

# 行政许可法第32条(四): all gaps at once within five working days, else accepted from receipt
COMPLETENESS = Span(5, Unit.WORKING_DAYS)


class Begun(StrEnum):
    """How a limit began."""

    ACCEPTED = "ACCEPTED"
    DEEMED = "DEEMED"  # nobody named gaps in time
    RECEIVED = "RECEIVED"  # a step without a check of completeness


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a step is timed: its limit, what is promised and planned within it, what may stop it.

    `variant` is the circumstance that chooses among the limit's numbers. `promise` is in the unit of the limit.
    `checks` says that the step begins with a check of completeness, so that its limit runs from acceptance.
    """

    limit: Limit
    variant: str = ""
    promise: int | None = None
    plan: Span | None = None
    checks: bool = False
    completeness: Span = COMPLETENESS
    suspensions: tuple[Suspension, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Days not counted: those after `start`, the day it began, up to and including `end`; None: not over.

    `cut` says that it lasted longer than it may, and counts again after `end`. `open` that nobody has resumed it.
    """

    kind: SuspensionKind
    start: date
    end: date | None
    cut: bool = False
    open: bool = False

    def holds(self, day: date) -> bool:
        """Whether `day` is one of them."""
        return self.start < day and (self.end is None or day <= self.end)


@dataclass(slots=True)
class Reading:
    """What a ledger comes to. `outstanding` is what the applicant has still to supply."""

    received: date | None = None
    check_by: date | None = None
    started: date | None = None
    begun: Begun | None = None
    outstanding: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Entry, ...] = ()
    finished: date | None = None
    void: list[Void] = field(default_factory=list)
    assumes: set[Assumption] = field(default_factory=set)


def read(terms: Terms, entries: Iterable[Entry], days: Days) -> Reading:
    """Reads a ledger. Extensions are only gathered: whether one came in time depends on the limit (see `clock`)."""
    standing, void = in_effect(entries)
    reading = Reading(void=void)
    standing = _framed(standing, reading)
    if reading.received is None:
        return reading
    _begin(terms, standing, reading, days)
    _pause(terms, standing, reading, days)
    reading.extensions = tuple(entry for entry in standing if entry.kind is EntryKind.EXTENDED)
    return reading


def _framed(entries: list[Entry], reading: Reading) -> list[Entry]:
    """The entries between the first receipt and the first end after it."""
    received = next((e for e in entries if e.kind is EntryKind.RECEIVED), None)
    if received is None:
        reading.void += [Void(e.number, Reason.BEFORE_RECEIPT) for e in entries]
        return []
    reading.received = received.day
    begins = entries.index(received)
    reading.void += [Void(e.number, Reason.BEFORE_RECEIPT) for e in entries[:begins]]
    within = entries[begins + 1 :]
    finished = next((e for e in within if e.kind is EntryKind.FINISHED), None)
    if finished is not None:
        reading.finished = finished.day
        ends = within.index(finished)
        reading.void += [
            Void(e.number, Reason.TWICE if e.kind is EntryKind.FINISHED else Reason.AFTER_FINISH)
            for e in within[ends + 1 :]
        ]
        within = within[:ends]
    reading.void += [Void(e.number, Reason.TWICE) for e in within if e.kind is EntryKind.RECEIVED]
    return [e for e in within if e.kind is not EntryKind.RECEIVED]


_INTAKE = (EntryKind.GAPS, EntryKind.SUPPLIED, EntryKind.ACCEPTED)


def _begin(terms: Terms, entries: list[Entry], reading: Reading, days: Days) -> None:
    """When the limit began: with acceptance, with the receipt that counts as acceptance, or not yet."""
    assert reading.received is not None
    intake = [e for e in entries if e.kind in _INTAKE]
    if not terms.checks:
        reading.started, reading.begun = reading.received, Begun.RECEIVED
        reading.void += [Void(e.number, Reason.NOT_CHECKED) for e in intake]
        return
    since, named, missing = reading.received, frozenset[str](), set[str]()
    check_by = days.after(since, terms.completeness)
    for entry in intake:
        reason: Reason | None = None
        if reading.begun is not None:
            reason = Reason.TWICE if entry.kind is EntryKind.ACCEPTED else Reason.AFTER_ACCEPTANCE
        elif entry.kind is EntryKind.GAPS:
            reason = _refused(entry, named, bool(missing), late=entry.day > check_by)
            if reason is None:
                named, missing = named or frozenset(entry.items), set(entry.items)
        elif entry.kind is EntryKind.SUPPLIED:
            if not missing:
                reason = Reason.NOTHING_ASKED
            else:
                missing -= set(entry.items or missing)
                if not missing:
                    since, check_by = entry.day, days.after(entry.day, terms.completeness)
        elif missing or entry.day <= check_by:
            reading.started, reading.begun, missing = entry.day, Begun.ACCEPTED, set()
        else:
            reading.started, reading.begun, reason = since, Begun.DEEMED, Reason.LATE_ACCEPTANCE
        if reason is not None:
            reading.void.append(Void(entry.number, reason))
    reading.check_by, reading.outstanding = check_by, tuple(sorted(missing))
    if reading.begun is None and not missing:
        reading.started, reading.begun = since, Begun.DEEMED
        if not any(e.day > check_by for e in entries) and not (reading.finished and reading.finished > check_by):
            reading.assumes.add(Assumption(Guess.DEEMED))


def _refused(notice: Entry, named: frozenset[str], waiting: bool, *, late: bool) -> Reason | None:
    """Why a notice of gaps is none: nothing named, too late, or gaps that the first notice did not name."""
    if not notice.items:
        return Reason.NO_ITEMS
    if waiting or (named and not named >= set(notice.items)):
        return Reason.NOT_AT_ONCE
    return Reason.LATE_NOTICE if late else None


def _pause(terms: Terms, entries: list[Entry], reading: Reading, days: Days) -> None:
    """The days on which the limit stood still, each kind of suspension by itself."""
    allowed = {suspension.kind: suspension for suspension in terms.suspensions}
    running: dict[SuspensionKind, Entry] = {}
    pauses = []
    for entry in entries:
        if entry.kind is EntryKind.SUSPENDED:
            reason = _barred(entry, allowed, running)
            if reason is None and entry.suspension is not None:
                running[entry.suspension] = entry
        elif entry.kind is EntryKind.RESUMED:
            began = running.pop(entry.suspension, None) if entry.suspension else None
            reason = Reason.NOT_SUSPENDED if began is None else None
            if began is not None:
                pauses.append(_lasting(began, allowed, entry.day, days))
        else:
            continue
        if reason is not None:
            reading.void.append(Void(entry.number, reason))
    for kind, began in running.items():
        pause = _lasting(began, allowed, reading.finished, days)
        pauses.append(pause)
        if pause.open and pause.end is not None:
            reading.assumes.add(Assumption(Guess.LONGEST, subject=kind))
    reading.pauses = tuple(sorted(pauses, key=lambda pause: (pause.start, pause.kind)))


def _barred(
    entry: Entry, allowed: dict[SuspensionKind, Suspension], running: dict[SuspensionKind, Entry]
) -> Reason | None:
    """Why a suspension stops nothing."""
    kind = entry.suspension
    if kind is SuspensionKind.SUPPLEMENT or kind not in allowed:
        return Reason.NOT_ALLOWED
    if not entry.basis:
        return Reason.NO_BASIS
    if kind in WANTS_NOTICE and not entry.notice:
        return Reason.NO_NOTICE
    if kind in WANTS_APPROVER and not entry.approver:
        return Reason.NO_APPROVER
    return Reason.SUSPENDED_ALREADY if kind in running else None


def _lasting(began: Entry, allowed: dict[SuspensionKind, Suspension], resumed: date | None, days: Days) -> Pause:
    """How long a suspension stops the limit: until it is resumed, never longer than was told or than the rule says."""
    assert began.suspension is not None
    longest = (began.maximum, allowed[began.suspension].maximum)
    cap = min((days.after(began.day, span) for span in longest if span), default=None)
    cut = resumed is not None and cap is not None and resumed > cap
    end = cap if resumed is None or cut else resumed
    return Pause(began.suspension, began.day, end, cut, open=resumed is None)
