"""By what steps are timed, and what their ledgers come to: a pure function, worked out once for ledgers that are alike.

Most ledgers say of each entry no more than what happened and when. Then it comes to the same for every case of a
division that was opened on one day, and many of those are worked on the same days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.reference.workdays import Calendar
from services.talent.casefiles import CaseFile, EntryFile, StepFile
from services.talent.casework import clocks, ladders
from services.talent.rules import catalogue
from services.talent.rules.clock import Deadline
from services.talent.rules.ledger import RANK
from services.talent.rules.lights import Thresholds
from services.talent.rules.reading import Terms

MOST = 4096  # timings, and ledgers of each, that are remembered

Plain = tuple[tuple[str, date], ...]  # kinds and days of entries, in order


class Reckoned:
    """What a ledger comes to: its deadline, and that in the columns of a step."""

    def __init__(self, timing: Timing, deadline: Deadline, calendar: Calendar) -> None:
        self.deadline = deadline
        self._timing = timing
        self._calendar = calendar

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        """The dates and lights, by column."""
        lit = clocks.lit(self._timing.terms, self.deadline, self._calendar, self._timing.thresholds)
        return {**clocks.stored(self.deadline), **lit}


@dataclass(slots=True)
class Timing:
    """By what a step is timed in a division, for cases that were opened on one day."""

    terms: Terms
    thresholds: Thresholds
    _known: dict[tuple[Calendar, Plain], Reckoned] = field(default_factory=dict)

    def reckon(self, ledger: Iterable[EntryFile], calendar: Calendar) -> Reckoned:
        """What a ledger comes to by a calendar."""
        entries = list(ledger)
        plain = plainly(entries)
        if plain is None:
            return Reckoned(self, clocks.deadline_of(self.terms, entries, calendar), calendar)
        found = self._known.get((calendar, plain))
        if found is None:
            found = Reckoned(self, clocks.deadline_of(self.terms, entries, calendar), calendar)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[calendar, plain] = found
        return found


class Timings:
    """The timings of steps; the parameters do not change while a process lives."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._known: dict[tuple[str, str, str, str, date], Timing] = {}

    def of(self, file: CaseFile, step: StepFile, kind: catalogue.Step) -> Timing:
        """That of a step, by the parameters in force on the day its case was opened; `kind` is what the case's
        catalogue says of it.
        """
        day = day_of(file.open_time)
        # what is published never changes, and the name of a matter has its type
        place = (file.catalogue_id, step.matter, step.key, step.division, day)
        found = self._known.get(place)
        if found is None:
            terms = clocks.terms_of(kind, step.division, self._pack, day)
            found = Timing(terms, ladders.thresholds(self._pack, step.division, day))
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[place] = found
        return found


def plainly(entries: Iterable[EntryFile]) -> Plain | None:
    """A ledger that was entered in the order of what happened and says nothing beside; None for any other."""
    found: list[tuple[str, date]] = []
    last: Any = None
    for entry in entries:
        order = (entry.occur_time, RANK[entry.kind])
        if entry.detail or entry.number != len(found) + 1 or (last is not None and order <= last):
            return None
        last = order
        found.append((entry.kind, day_of(entry.occur_time)))
    return tuple(found)
