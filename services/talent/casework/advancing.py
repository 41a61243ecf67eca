"""What follows when something of a case has ended: steps become ready, matters begin and end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.platform.boundary import Call
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.workdays import Calendar
from services.talent.casefiles import CaseFile, EntryFile, MatterFile, StepFile
from services.talent.casework import clocks
from services.talent.casework.timings import Reckoned, Timing, Timings
from services.talent.rules import catalogue, graph
from services.talent.rules.catalogue import Catalogue, WindowState, window_on
from services.talent.rules.clock import Deadline
from services.talent.rules.ledger import EntryKind
from services.talent.rules.papers import Papers
from services.talent.rules.states import MATTER_VERBS, STEP_VERBS, MatterState, StepState


@dataclass(slots=True)
class Desk:
    """One act on one case: whose call, when it happened, by which catalogue and calendar."""

    call: Call
    file: CaseFile
    edition: Catalogue
    timings: Timings
    calendar: Calendar
    now: datetime
    occurred: datetime
    opened: list[StepFile] = field(default_factory=list)
    ended: list[MatterFile] = field(default_factory=list)
    begun: list[MatterFile] = field(default_factory=list)
    papers: Papers | None = field(default_factory=dict)  # of the steps that are accepted or completed; None: not asked
    _kinds: dict[int, catalogue.Step] = field(default_factory=dict)
    _timing: dict[int, Timing] = field(default_factory=dict)

    def kind(self, step: StepFile) -> catalogue.Step:
        """What the catalogue says of a step."""
        known = self._kinds.get(step.id)
        if known is None:
            known = self._kinds[step.id] = self.edition.matter(type_of(step.matter)).step(step.key)
        return known

    def reckon(self, step: StepFile, *more: EntryFile) -> Reckoned:
        """What the ledger of a step comes to, with `more` entries if they were made."""
        timing = self._timing.get(step.id)
        if timing is None:
            timing = self._timing[step.id] = self.timings.of(self.file, step, self.kind(step))
        return timing.reckon([*self.file.ledger(step), *more], self.calendar)

    def deadline(self, step: StepFile, *more: EntryFile) -> Deadline:
        """The deadline that the ledger of a step comes to, with `more` entries if they were made."""
        return self.reckon(step, *more).deadline

    def enter(
        self, step: StepFile, kind: EntryKind, *, reason: str = "", evidence: str = "", at: datetime | None = None,
        **detail: Any,
    ) -> EntryFile:  # fmt: skip
        """Adds an entry to a step's ledger, with what its kind has."""
        caller = self.call.caller
        entry = EntryFile(
            step_id=step.id,
            number=step.entries + 1,
            kind=kind,
            occur_time=at or self.occurred,
            record_time=self.now,
            actor=caller.subject,
            unit=caller.unit,
            reason=reason,
            evidence=evidence,
            detail={name: value for name, value in detail.items() if value},
        )
        self.file.enter(step, entry)
        return entry

    def recount(self, step: StepFile) -> None:
        """Works out the dates of a step anew."""
        self.keep(step, self.reckon(step))

    def keep(self, step: StepFile, found: Reckoned) -> None:
        """Stores what the ledger of a step comes to."""
        self.file.touch(step, self.now, **found.columns)
        step.alarm = clocks.alarm(self.file, step)

    def settle(self) -> None:
        """Begins what can begin and ends what has ended, until nothing follows any more."""
        while any(self._begin(matter) or self._step(matter) for matter in self.file.matters):
            pass

    def end_matter(self, matter: MatterFile, state: MatterState, *, reason: str = "", evidence: str = "") -> None:
        """Ends a matter; steps that have not ended are left out, and nobody has to bring anything any more."""
        for step in self.file.steps_of(matter.key):
            if not step.ended:
                self.file.touch(step, self.now, state=StepState.SKIPPED, finish_time=self.occurred, alarm=None)
            if step.owed is not None:
                self.file.touch(step, self.now, owed=None, alarm=None)
        self.file.change(matter, state=state, reason=reason, evidence=evidence, finish_time=self.occurred)
        self.ended.append(matter)

    def wait_again(self, step: StepFile) -> None:
        """Has a step wait for those before it: its clock has not begun, whatever its ledger said."""
        for entry in list(self.file.ledger(step)):
            if entry.kind == EntryKind.RECEIVED and entry.number not in _corrected(self.file.ledger(step)):
                self.enter(step, EntryKind.CORRECTED, reason="", target=entry.number)
        self.file.touch(step, self.now, state=StepState.PENDING)
        self.recount(step)

    def record(
        self, tx: Tx, verb: str, *, reason: str = "", late_reason: str = "", noted: Any = None, **detail: Any
    ) -> None:
        """Notes the act and what followed from it, each event with its number within the case.

        What somebody has written (`reason`, and the mapping `noted`) goes into the trail alone.
        """
        file, call = self.file, self.call
        tx.record(
            call,
            file.name,
            event=verb,
            occur_time=self.occurred,
            reason=late_reason or reason,
            detail=detail,
            noted=noted,
            number=file.count_event(),
        )
        for matter in self.begun:
            self._announce(tx, "matter.begun", {"matter": matter.key})
        for step in self.opened:
            self._announce(tx, "step.ready", {"matter": step.matter, "step": step.key, "unit": step.unit})
        for matter in self.ended:
            self._announce(tx, f"matter.{matter.state.lower()}", {"matter": matter.key})

    def _announce(self, tx: Tx, event: str, data: dict[str, Any]) -> None:
        tx.announce(self.call, self.file.name, event, self.occurred, data, self.file.count_event())

    def _begin(self, matter: MatterFile) -> bool:
        """Whether a matter that waited begins now."""
        if matter.state not in MATTER_VERBS["start"][0] or waits_for(self.file, self.edition, matter):
            return False
        window = self.edition.matter(matter.type).window(self.file.destination)
        if window_on(window, day_of(self.occurred))[0] is WindowState.CLOSED:
            return False
        self.file.change(matter, state=MATTER_VERBS["start"][1], start_time=self.occurred)
        self.begun.append(matter)
        return True

    def _step(self, matter: MatterFile) -> bool:
        """Whether a step of a running matter becomes ready, or the matter ends with its last one."""
        if matter.state != MatterState.RUNNING:
            return False
        steps = {step.key: step for step in self.file.steps_of(matter.key)}
        ready = graph.ready(self.edition.matter(matter.type), {key: each.state for key, each in steps.items()})
        for key in ready:
            self._open(steps[key])
        if all(step.ended for step in steps.values()):
            self.file.change(matter, state=MatterState.DONE, finish_time=self.occurred)
            self.ended.append(matter)
        return bool(ready) or matter.ended

    def _open(self, step: StepFile) -> None:
        """A step becomes ready. Its clock begins at once, unless an application or an event of its own begins it."""
        kind = self.kind(step)
        self.file.touch(step, self.now, state=STEP_VERBS["ready"][1])
        if not kind.checks and kind.starts_on is None:
            self.enter(step, EntryKind.RECEIVED)
        self.recount(step)
        self.opened.append(step)


def type_of(matter_key: str) -> str:
    """The key of a matter's type: `school_new-2` is a `school_new`."""
    return matter_key.partition("-")[0]


def waits_for(file: CaseFile, edition: Catalogue, matter: MatterFile) -> list[str]:
    """The matters of the case that come before this one and have not ended."""
    kind = edition.matter(matter.type)
    return [each.key for each in file.matters if not graph.may_start(kind, [(each.type, MatterState(each.state))])]


def _corrected(ledger: Iterable[EntryFile]) -> set[int]:
    return {entry.detail.get("target", 0) for entry in ledger if entry.kind == EntryKind.CORRECTED}
