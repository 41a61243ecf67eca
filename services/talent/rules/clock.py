"""Deadlines: a pure function of the terms of a step, the entries of its ledger and a calendar.

Three dates are three things. The statutory date is the limit of a law or policy: passing it is 超期. The promised date
is what the division has said it will keep. The planned date is our own. A date that rests on something still unknown
says on what (`Due.assumes`). `explain` walks the same days as `deadline` and says of each whether it counted, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.reference.workdays import Calendar, DayKind
from services.talent.rules.days import ONE_DAY, Assumption, Days, length
from services.talent.rules.ledger import Entry, Reason, SuspensionKind, Void
from services.talent.rules.limits import Span, Unit
from services.talent.rules.reading import Begun, Pause, Reading, Terms, read


class Phase(StrEnum):
    """Where a clock stands."""

    NOT_RECEIVED = "NOT_RECEIVED"
    CHECKING = "CHECKING"  # received; the five working days for naming gaps run
    INCOMPLETE = "INCOMPLETE"  # gaps named; the applicant's turn, nothing runs
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    FINISHED = "FINISHED"


class Which(StrEnum):
    """One of the three dates."""

    PLANNED = "PLANNED"
    PROMISED = "PROMISED"
    STATUTORY = "STATUTORY"


class Why(StrEnum):
    """Why a day was counted or not."""

    FIRST_DAY = "FIRST_DAY"  # 民法典第201条
    COUNTED = "COUNTED"
    DAY_OFF = "DAY_OFF"  # 行政许可法第82条
    SUSPENDED = "SUSPENDED"
    MOVED_ON = "MOVED_ON"  # the last day was off: 民法典第203条


class Stage(StrEnum):
    """What the days of a derivation were counted for."""

    COMPLETENESS = "COMPLETENESS"
    LIMIT = "LIMIT"


@dataclass(frozen=True, slots=True)
class Due:
    """A date and what it takes for granted. `day` is None when there is none, or none can be said yet."""

    day: date | None
    assumes: tuple[Assumption, ...] = ()

    @property
    def provisional(self) -> bool:
        """Whether the date may still move without anything happening in the case."""
        return bool(self.assumes)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Where a clock stands, its three dates, and the entries that had no effect.

    `started` is the first day of the limit, which is not counted; `extended` what was added, in the unit of the limit.
    """

    phase: Phase
    received: date | None
    check_by: date | None
    started: date | None
    begun: Begun | None
    outstanding: tuple[str, ...]
    planned: Due
    promised: Due
    statutory: Due
    pauses: tuple[Pause, ...]
    extended: int
    finished: date | None
    void: tuple[Void, ...]
    calendar: str

    @property
    def alarm(self) -> Due:
        """The date that reminders go by: what was promised, else what is planned."""
        return self.promised if self.promised.day else self.planned

    def of(self, which: Which) -> Due:
        """One of the three."""
        return {Which.PLANNED: self.planned, Which.PROMISED: self.promised, Which.STATUTORY: self.statutory}[which]


@dataclass(frozen=True, slots=True)
class Line:
    """One day of a derivation: `count` of `total` units after it. `holiday` and `notice` are the calendar's.

    `total` is in working days, or in calendar days for a limit of days or months. `assumed`: no notice covers the day.
    """

    stage: Stage
    day: date
    kind: DayKind
    why: Why
    counted: bool
    count: int
    total: int
    suspension: SuspensionKind | None
    holiday: str | None
    notice: tuple[str, ...]
    assumed: bool


def deadline(terms: Terms, entries: Iterable[Entry], calendar: Calendar) -> Deadline:
    """The three dates, whatever the order of `entries`. Raises CalendarNotPublished before the calendar begins."""
    days = Days(calendar)
    reading = read(terms, entries, days)
    base = frozenset(reading.assumes | days.assumed)
    extended = _extended(terms, reading, days)
    dates = {
        which: reach(reading.started, _longer(span, extended), reading.pauses, calendar, base)
        if span is not None and reading.started is not None
        else Due(None)
        for which, span in _spans(terms).items()
    }
    return Deadline(
        phase=_phase(reading),
        received=reading.received,
        check_by=reading.check_by,
        started=reading.started,
        begun=reading.begun,
        outstanding=reading.outstanding,
        planned=dates[Which.PLANNED],
        promised=dates[Which.PROMISED],
        statutory=dates[Which.STATUTORY],
        pauses=reading.pauses,
        extended=extended,
        finished=reading.finished,
        void=tuple(sorted(reading.void, key=lambda void: void.number)),
        calendar=calendar.version,
    )


def explain(terms: Terms, entries: Iterable[Entry], calendar: Calendar, which: Which) -> tuple[Line, ...]:
    """The derivation of one of the three dates, day by day: the check of completeness, then the limit.

    No day was taken to check what was accepted on the day of its receipt. Empty when there is no such date; it ends
    with a suspended day while the date cannot be said.
    """
    days = Days(calendar)
    reading = read(terms, entries, days)
    span = _spans(terms)[which]
    if reading.started is None or span is None:
        return ()
    lines: list[Line] = []
    if terms.checks and reading.received is not None:
        until = reading.started if reading.begun is Begun.ACCEPTED else None
        if until != reading.received:
            lines += _lines(Stage.COMPLETENESS, reading.received, terms.completeness, (), days, until)
    span = _longer(span, _extended(terms, reading, days))
    return (*lines, *_lines(Stage.LIMIT, reading.started, span, reading.pauses, days))


def elapsed(terms: Terms, entries: Iterable[Entry], calendar: Calendar, on: date) -> int:
    """How much of the limit was used by the end of `on`, or of the day it was finished, in units of the derivation.

    Counts past the limit too.
    """
    days = Days(calendar)
    reading = read(terms, entries, days)
    if reading.started is None:
        return 0
    last = min(on, reading.finished) if reading.finished else on
    counted, day = 0, reading.started
    while day < last:
        day += ONE_DAY
        counted += _counts(day, terms.limit.unit, reading.pauses, days)
    return counted


def left_at_most(
    terms: Terms, found: Deadline, which: Which, left: Callable[[int], int], calendar: Calendar
) -> date | None:
    """The first day by whose end at most `left` of a limit's units are left; `left` is asked with how many it has.

    None when there is no such date, or a suspension that nobody has ended comes before it.
    """
    span = _spans(terms)[which]
    if span is None or found.started is None:
        return None
    total = _total(found.started, _longer(span, found.extended))
    wanted = Span(total - left(total), Unit.WORKING_DAYS if span.unit is Unit.WORKING_DAYS else Unit.DAYS)
    if wanted.n <= 0:
        return found.started
    days = Days(calendar)
    if wanted.unit is Unit.WORKING_DAYS and not found.pauses:
        return days.after(found.started, wanted)
    steps = _walk(found.started, wanted, found.pauses, days)
    return next((day for day, _, _, count in steps if count == wanted.n), None)


def _spans(terms: Terms) -> dict[Which, Span | None]:
    limit, unit = terms.limit.span(terms.variant), terms.limit.unit
    promise = Span(terms.promise, unit) if terms.promise is not None else None
    return {
        Which.PLANNED: terms.plan or promise or limit,
        Which.PROMISED: promise,
        Which.STATUTORY: limit if terms.limit.binding else None,
    }


def _phase(reading: Reading) -> Phase:
    if reading.received is None:
        return Phase.NOT_RECEIVED
    if reading.finished is not None:
        return Phase.FINISHED
    if reading.outstanding:
        return Phase.INCOMPLETE
    if any(pause.open for pause in reading.pauses):
        return Phase.SUSPENDED
    return Phase.CHECKING if any(a.guess == "DEEMED" for a in reading.assumes) else Phase.RUNNING


def reach(
    start: date, span: Span, pauses: tuple[Pause, ...], calendar: Calendar, assumed: frozenset[Assumption] = frozenset()
) -> Due:
    """The last day of a span that begins with `start`, past the days on which it stands still."""
    days = Days(calendar)
    day = _last(start, span, pauses, days)
    return Due(day, tuple(sorted(assumed | days.assumed))) if day else Due(None)


def _longer(span: Span, extended: int) -> Span:
    return replace(span, n=span.n + extended)


def _extended(terms: Terms, reading: Reading, days: Days) -> int:
    """By how much the limit is lengthened: by the first extension that the rules allow; the others are void."""
    allowed, limit, extended = terms.limit.extension, terms.limit.span(terms.variant), 0
    for entry in reading.extensions:
        reason: Reason | None = None
        if allowed is None or limit is None:
            reason = Reason.NOT_EXTENDABLE
        elif not entry.approver:
            reason = Reason.NO_APPROVER
        elif not entry.n or not 0 < entry.n <= allowed.n:
            reason = Reason.OVER_MAXIMUM
        elif extended:
            reason = Reason.EXTENDED_ALREADY
        else:
            last = _last(reading.started, limit, reading.pauses, days) if reading.started else None
            if last is not None and entry.day > last:
                reason = Reason.LATE_EXTENSION
            else:
                extended = entry.n
        if reason is not None:
            reading.void.append(Void(entry.number, reason))
    return extended


# a day, why it counted or not, the suspension that holds it, and the count after it
_Step = tuple[date, Why, SuspensionKind | None, int]


def _walk(start: date, span: Span, pauses: tuple[Pause, ...], days: Days) -> Iterator[_Step]:
    """The days of a limit. It ends with a suspended day when a suspension has no end that is known."""
    total = _total(start, span)
    working = span.unit is Unit.WORKING_DAYS
    day, count = start, 0
    yield day, Why.FIRST_DAY, None, 0
    while count < total:
        day += ONE_DAY
        pause = next((p for p in pauses if p.holds(day)), None)
        if pause is not None:
            yield day, Why.SUSPENDED, pause.kind, count
            if pause.end is None:
                return
        elif working and not days.works(day):
            yield day, Why.DAY_OFF, None, count
        else:
            count += 1
            yield day, Why.COUNTED, None, count
    while not working and not days.works(day):
        day += ONE_DAY
        yield day, Why.MOVED_ON, None, count


def _total(start: date, span: Span) -> int:
    return span.n if span.unit is Unit.WORKING_DAYS else length(start, span).days


def _last(start: date, span: Span, pauses: tuple[Pause, ...], days: Days) -> date | None:
    if not pauses:
        return days.after(start, span)
    *_, (day, why, _, _) = _walk(start, span, pauses, days)
    return None if why is Why.SUSPENDED else day


def _counts(day: date, unit: Unit, pauses: tuple[Pause, ...], days: Days) -> bool:
    return not any(p.holds(day) for p in pauses) and (unit is not Unit.WORKING_DAYS or days.works(day))


def _lines(
    stage: Stage, start: date, span: Span, pauses: tuple[Pause, ...], days: Days, until: date | None = None
) -> Iterator[Line]:
    total = _total(start, span)
    for day, why, suspension, count in _walk(start, span, pauses, days):
        if until is not None and day > until:
            return
        note = days.note(day)
        counted = why is Why.COUNTED
        yield Line(
            stage, day, note.kind, why, counted, count, total, suspension, note.holiday, note.notice, note.provisional
        )
