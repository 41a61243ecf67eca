"""Lines of event logs: what a line says, and what can be told of it before anything is replayed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from services.reference.clock import SHANGHAI, day_of

ISO = "iso"
NOON = time(12)  # of a day that is told without a time


class Code(StrEnum):
    """What became of a line, and what is noted beside; each has its sentence in the texts."""

    APPLIED = "LOG-APPLIED"
    UNCHANGED = "LOG-UNCHANGED"
    NO_CASE = "LOG-NO-CASE"
    ACTIVITY_UNKNOWN = "LOG-ACTIVITY-UNKNOWN"
    TIME_UNREADABLE = "LOG-TIME-UNREADABLE"
    TIME_AMBIGUOUS = "LOG-TIME-AMBIGUOUS"
    TIME_FUTURE = "LOG-TIME-FUTURE"
    DUPLICATE = "LOG-DUPLICATE"
    NOT_OPENED = "LOG-NOT-OPENED"
    OPENED_ALREADY = "LOG-OPENED-ALREADY"
    AFTER_CLOSURE = "LOG-AFTER-CLOSURE"
    END_BEFORE_START = "LOG-END-BEFORE-START"
    STEP_STATE = "LOG-STEP-STATE"
    RULE = "LOG-RULE"
    # notes
    TIME_MIXED = "LOG-TIME-MIXED"
    GROUP_UNKNOWN = "LOG-GROUP-UNKNOWN"
    DEADLINE_UNREADABLE = "LOG-DEADLINE-UNREADABLE"
    DEADLINE_DIFFERS = "LOG-DEADLINE-DIFFERS"


class Verb(StrEnum):
    """What an activity does, in the words of the contract."""

    OPEN = "OPEN"
    RECEIVE = "RECEIVE"
    ACCEPT = "ACCEPT"
    START = "START"
    COMPLETE = "COMPLETE"
    FINISH = "FINISH"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    RETURN = "RETURN"
    SKIP = "SKIP"
    CLOSE = "CLOSE"


# verbs that make a step be worked on; what ends one comes after
STARTS = frozenset({Verb.ACCEPT, Verb.START})


@dataclass(frozen=True, slots=True)
class Read:
    """A time that was read: when, and whether it was written in another way than usual; or why not."""

    at: datetime | None
    mixed: bool = False
    fault: Code | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line that can be replayed: place in the file, time, what it does, and the step it does it to."""

    place: int
    at: datetime
    verb: Verb
    step: tuple[str, str] = ("", "")


def read_time(text: str, formats: Sequence[str], now: datetime) -> Read:
    """A time in one of the formats; the first is the usual one. In two of them with two meanings it is ambiguous."""
    found = [instant(text, each) for each in formats]
    known = [each for each in found if each is not None]
    if not known:
        return Read(None, fault=Code.TIME_UNREADABLE)
    if found[0] is None and len(set(known)) > 1:
        return Read(None, fault=Code.TIME_AMBIGUOUS)
    at = found[0] or known[0]
    if at > now:
        return Read(None, fault=Code.TIME_FUTURE)
    return Read(at, mixed=found[0] is None)


def read_day(text: str, formats: Sequence[str]) -> date | None:
    """The Asia/Shanghai date of a deadline."""
    known = [found for each in formats if (found := instant(text, each)) is not None]
    return day_of(known[0]) if known else None


def instant(text: str, form: str) -> datetime | None:
    """What a text means in a format, None for nothing: China's time where no zone is given, noon where no time is."""
    text = text.strip()
    try:
        found = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return None
    dated = len(text) == 10 if form == ISO else not any(sign in form for sign in ("%H", "%I", "%X", "%c", "%T"))
    if dated:
        found = datetime.combine(found.date(), NOON)
    found = found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
    return found.astimezone(UTC) if 1970 < found.year < 9000 else None


def in_order(events: Iterable[Event]) -> list[Event]:
    """In order of time; what happened at once, in the order of the file."""
    return sorted(events, key=lambda each: (each.at, each.place))


def early_ends(events: Iterable[Event]) -> set[int]:
    """Places of the ends of steps that the log starts only afterwards. `events` are those of one case."""
    ordered = in_order(events)
    started: set[tuple[str, str]] = set()
    early = set()
    for number, event in enumerate(ordered):
        if event.verb in STARTS:
            started.add(event.step)
        elif event.verb is Verb.COMPLETE and event.step not in started and _starts(event.step, ordered[number:]):
            early.add(event.place)
    return early


def _starts(step: tuple[str, str], events: Iterable[Event]) -> bool:
    return any(event.verb in STARTS and event.step == step for event in events)


def before_opening(events: Iterable[Event], *, opens: bool) -> set[int]:
    """Places of lines before the one that opens their case; `opens`: the log has an activity that does."""
    ordered = in_order(events)
    if not opens:
        return set()
    first = next((number for number, event in enumerate(ordered) if event.verb is Verb.OPEN), len(ordered))
    return {event.place for event in ordered[:first]}
