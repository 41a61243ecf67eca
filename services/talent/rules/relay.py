"""Relay clocks (接力计时): a matter whose clock passes from bureau to bureau, as that of a pension does three times.

Each leg has its own limit. From end to end the matter has one too, and days on which nobody held the clock count there,
though they are in no leg. Lawful suspensions of a leg stop both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.reference.workdays import Calendar
from services.talent.rules.clock import Deadline, Due, Phase, deadline, elapsed, reach
from services.talent.rules.days import Days
from services.talent.rules.ledger import Entry
from services.talent.rules.limits import Limit, Span
from services.talent.rules.reading import Pause, Terms
from services.talent.rules.states import Side


@dataclass(frozen=True, slots=True)
class Leg:
    """A step of the matter with its ledger, as far as it has one."""

    step: str
    side: Side
    bureau: str | None
    terms: Terms
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the clock: a step and its bureau, or the applicant who has something to supply."""

    step: str
    side: Side
    bureau: str | None


@dataclass(frozen=True, slots=True)
class LegTime:
    """One leg: where its clock stands, and how much it used, in units of its limit."""

    step: str
    side: Side
    bureau: str | None
    deadline: Deadline
    used: int


@dataclass(frozen=True, slots=True)
class Share:
    """Working days that one bureau of one side has used, over all its legs."""

    side: Side
    bureau: str | None
    working_days: int


@dataclass(frozen=True, slots=True)
class Relay:
    """A matter's clock from end to end on one day.

    `between` are working days on which nobody held it, `used` working days since it began, none left out but those
    suspended. `promised` and `statutory` are for the whole matter, None where it has no such limit.
    """

    legs: tuple[LegTime, ...]
    holders: tuple[Holder, ...]
    shares: tuple[Share, ...]
    between: int
    used: int
    started: date | None
    promised: Due
    statutory: Due


def relay(legs: Sequence[Leg], total: Limit | None, promise: int | None, calendar: Calendar, on: date) -> Relay:
    """How a matter stands at the end of a day. `promise` is that of the whole, in the unit of `total`."""
    times = [
        LegTime(
            leg.step,
            leg.side,
            leg.bureau,
            deadline(leg.terms, leg.entries, calendar),
            elapsed(leg.terms, leg.entries, calendar, on),
        )
        for leg in legs
    ]
    begun = [time.deadline for time in times if time.deadline.started is not None and time.deadline.started <= on]
    started = min((d.started for d in begun if d.started), default=None)
    pauses = _merged(pause for d in begun for pause in d.pauses)
    days = Days(calendar)
    shares: dict[tuple[Side, str | None], int] = defaultdict(int)
    between = used = 0
    over = all(time.deadline.finished is not None for time in times)
    last = min(on, max((t.deadline.finished for t in times if t.deadline.finished), default=on)) if over else on
    for day in _days(started, last):
        if not days.works(day):
            continue
        used += not any(pause.holds(day) for pause in pauses)
        holding = {(t.side, t.bureau) for t in times if _holds(t.deadline, day)}
        for who in holding:
            shares[who] += 1
        between += not any(_in_hand(t.deadline, day) for t in times)
    return Relay(
        legs=tuple(times),
        holders=tuple(_holder(time) for time in times if _open(time.deadline, on)),
        shares=tuple(Share(side, bureau, n) for (side, bureau), n in shares.items()),
        between=between,
        used=used,
        started=started,
        promised=_due(started, Span(promise, total.unit) if total and promise else None, pauses, calendar),
        statutory=_due(started, total.span() if total and total.binding else None, pauses, calendar),
    )


def _days(after: date | None, until: date) -> Iterable[date]:
    if after is None:
        return ()
    return (after + timedelta(days=n) for n in range(1, (until - after).days + 1))


def _open(found: Deadline, on: date) -> bool:
    return found.received is not None and found.received <= on and (found.finished is None or found.finished > on)


def _in_hand(found: Deadline, day: date) -> bool:
    """Whether a leg was open on a day: after the day it was received, up to the day it was finished."""
    return found.received is not None and found.received < day and (found.finished is None or day <= found.finished)


def _holds(found: Deadline, day: date) -> bool:
    """Whether a bureau used a day: its limit ran."""
    return (
        _in_hand(found, day)
        and found.started is not None
        and found.started < day
        and not any(pause.holds(day) for pause in found.pauses)
    )


def _holder(time: LegTime) -> Holder:
    if time.deadline.phase is Phase.INCOMPLETE:
        return Holder(time.step, Side.APPLICANT, None)
    return Holder(time.step, time.side, time.bureau)


def _merged(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    return tuple(sorted(pauses, key=lambda pause: (pause.start, pause.kind)))


def _due(started: date | None, span: Span | None, pauses: tuple[Pause, ...], calendar: Calendar) -> Due:
    return reach(started, span, pauses, calendar) if started and span else Due(None)
