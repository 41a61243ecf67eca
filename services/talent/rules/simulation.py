"""A plan of dates: what a case that begins on a day would come to if every step took what it is planned to take.

Nothing is forecast: events that start a limit are taken to happen as soon as the step may begin, an application to be
complete, and a limit that nobody knows to take the reminder that the caller gives. What was taken for granted is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from services.reference.clock import SHANGHAI
from services.reference.workdays import Calendar
from services.talent.rules import graph
from services.talent.rules.catalogue import Branch, Catalogue, Matter, Step, WindowState, window_on
from services.talent.rules.clock import deadline
from services.talent.rules.days import Assumption
from services.talent.rules.ledger import Entry, EntryKind, SuspensionKind
from services.talent.rules.limits import Span
from services.talent.rules.states import Side


class Given(StrEnum):
    """What a plan takes for granted beside the calendar."""

    REMINDER = "REMINDER"  # nobody knows the limit: our own reminder stands for it
    EVENT = "EVENT"  # the event that starts the limit happens at once
    WINDOW = "WINDOW"  # nobody has said when the window opens: it is taken to be open


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """When a step would begin and be done, and the date by which it must be (None: no law says)."""

    matter: str
    step: str
    side: Side
    bureau: str | None
    begins: date
    ends: date
    statutory: date | None
    given: tuple[Given, ...]
    assumes: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order of their beginning, matters that are not needed, and the last day of each and of all.

    `critical` are the steps ('pension.review') that the last day hangs on, first to last.
    """

    steps: tuple[PlannedStep, ...]
    not_required: tuple[str, ...]
    ends: Mapping[str, date]
    last: date
    critical: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a plan is made for: a move between two divisions, a calendar, and what stands for a limit nobody knows."""

    origin: str
    destination: str
    calendar: Calendar
    reminder: Span


def simulate(catalogue: Catalogue, matters: Sequence[str], start: date, setting: Setting) -> Plan:
    """The plan of a case with these matters, from end to end.

    KeyError for a matter that is not in the catalogue, ValueError for a cycle. Raises CalendarNotPublished for a start
    before the calendar begins.
    """
    chosen = {key: catalogue.matter(key) for key in matters}
    steps: dict[str, PlannedStep] = {}
    before: dict[str, str] = {}  # what each step had to wait for last
    ends: dict[str, date] = {}
    lasts: dict[str, str] = {}  # the step that each matter ends with
    waived = []
    for key in graph.ordered({key: chosen[key].after for key in chosen}):
        matter, branch = chosen[key], chosen[key].branch(setting.origin, setting.destination)
        if not branch.required:
            waived.append(key)
            continue
        gate = max((each for each in matter.after if each in ends), key=lambda each: ends[each], default="")
        done = _matter(matter, branch, ends.get(gate, start), setting)
        for step, (planned, predecessor) in done.items():
            steps[f"{key}.{step}"] = planned
            before[f"{key}.{step}"] = f"{key}.{predecessor}" if predecessor else lasts.get(gate, "")
        final = max(done, key=lambda step: done[step][0].ends)
        ends[key], lasts[key] = done[final][0].ends, f"{key}.{final}"
    last = max(ends.values(), default=start)
    critical = []
    at = next((lasts[key] for key in ends if ends[key] == last), "")
    while at:
        critical.append(at)
        at = before[at]
    ordered = tuple(sorted(steps.values(), key=lambda planned: planned.begins))
    return Plan(ordered, tuple(waived), ends, last, tuple(reversed(critical)))


def _matter(matter: Matter, branch: Branch, start: date, setting: Setting) -> dict[str, tuple[PlannedStep, str]]:
    """The steps of one matter, each with the step it had to wait for last ('' for the beginning of the matter)."""
    after = graph.edges(matter)
    done: dict[str, tuple[PlannedStep, str]] = {}
    ended: dict[str, tuple[date, str]] = {}  # of a skipped step: when and after what it would have begun
    for key in graph.ordered(after):
        begins, predecessor = max((ended[each] for each in after[key]), default=(start, ""))
        if key in branch.skips:
            ended[key] = begins, predecessor
            continue
        planned = _step(matter, matter.step(key), begins, setting)
        done[key], ended[key] = (planned, predecessor), (planned.ends, key)
    return done


def _step(matter: Matter, step: Step, begins: date, setting: Setting) -> PlannedStep:
    given = []
    if any(suspension.kind is SuspensionKind.WINDOW for suspension in step.suspensions):
        state, opens = window_on(matter.window(setting.destination), begins)
        if state is WindowState.UNKNOWN:
            given.append(Given.WINDOW)
        elif opens is not None:
            begins = opens
    if step.starts_on is not None:
        given.append(Given.EVENT)
    if step.limit.n is None:
        given.append(Given.REMINDER)
    terms = step.terms(setting.origin if step.side is Side.ORIGIN else setting.destination, plan=setting.reminder)
    at = datetime.combine(begins, time(12), SHANGHAI)
    entries = [Entry(1, EntryKind.RECEIVED, at), *([Entry(2, EntryKind.ACCEPTED, at)] if step.checks else [])]
    found = deadline(terms, entries, setting.calendar)
    ends = found.planned
    assert ends.day is not None  # a limit or the reminder, and nothing suspended
    return PlannedStep(
        matter=matter.key,
        step=step.key,
        side=step.side,
        bureau=step.bureau,
        begins=begins,
        ends=ends.day,
        statutory=found.statutory.day,
        given=tuple(given),
        assumes=ends.assumes,
    )
