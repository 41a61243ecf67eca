"""Acts on steps (环节): what each verb does to the step, its ledger and what comes after it.

Acts come in lists: the writer lane puts neighbours together, and a list is read and written with a few statements. An
act that is refused changes nothing: every verb checks before it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from liancai.talent.v1 import matters_pb2

from services.platform.boundary import Call
from services.platform.errors import Fault, Invalid, NotFound, Refused, Violation
from services.platform.requests import check_etag
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import CaseFile, EntryFile, StepFile
from services.talent.casework import clocks, messages, papers
from services.talent.casework.advancing import Desk
from services.talent.casework.covers import covered_by
from services.talent.casework.editions import Editions
from services.talent.casework.results import check_result
from services.talent.queries import scope_of_step
from services.talent.rules import catalogue, graph
from services.talent.rules.clock import Phase
from services.talent.rules.ledger import EntryKind
from services.talent.rules.papers import Stage
from services.talent.rules.reading import Begun
from services.talent.rules.states import STEP_OPEN, STEP_VERBS, CaseState, MatterState, StepState


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to a step; `values` are what the verb asks for beside."""

    call: Call
    verb: str
    step: tuple[str, str, str]
    etag: str
    occurred: datetime
    late_reason: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The step's resource name."""
        return "cases/{}/matters/{}/steps/{}".format(*self.step)


Verb = Callable[[Desk, StepFile, Act], None]


class Actor:
    """Does acts, a list at a time; of the past of another system without the documents, which stayed there."""

    def __init__(self, editions: Editions, *, documents: bool = True) -> None:
        self._editions = editions
        self._documents = documents

    def act_many(self, tx: Tx, acts: Sequence[Act]) -> list[matters_pb2.Step | Fault]:
        """Answers every act, in order, with the step as it is then or with why it was refused."""
        files = casefiles.read(
            tx.connection, (act.step[0] for act in acts), lock=True, ledgers_of=(act.step[:2] for act in acts)
        )
        guarded = [step for act in acts if act.verb in GUARDED and (step := _step_of(files, act))]
        held = papers.read(
            tx.connection, (step.id for step in guarded if self._editions.wants(tx.connection, files, step))
        )
        answers: list[matters_pb2.Step | Fault] = []
        touched: dict[str, CaseFile] = {}
        covered = Covered(tx)
        for act in acts:
            try:
                desk, step = self._desk(tx, files, act)
                desk.papers = held if self._documents else None
                answers.append(self._act(tx, desk, step, act, covered))
                touched[desk.file.id] = desk.file
            except Fault as fault:
                answers.append(fault)
        casefiles.post(tx, touched.values())
        return answers

    def _desk(self, tx: Tx, files: dict[str, CaseFile], act: Act) -> tuple[Desk, StepFile]:
        """The case at hand, if the caller may act on this step of it."""
        file, step = files.get(act.step[0]), _step_of(files, act)
        if file is None or step is None:
            raise NotFound(act.name)
        act.call.require(scope_of_step(file, step), act.name)
        check_etag(act.etag, act.name, step.version)
        return self._editions.desk(tx.connection, act.call, file, tx.now, act.occurred), step

    def _act(self, tx: Tx, desk: Desk, step: StepFile, act: Act, covered: Covered) -> matters_pb2.Step:
        require_running(desk.file, step, act.verb)
        event, verb = VERBS[act.verb]
        before = step.entries
        absent = covered.whose(act.call, step) if act.verb != "assign" else ""
        verb(desk, step, act)
        desk.file.touch(step, desk.now)
        step.alarm = clocks.alarm(desk.file, step)
        desk.settle()
        entered = list(range(before + 1, step.entries + 1))
        desk.record(
            tx,
            f"step.{event}",
            reason=act.values.get("reason", ""),
            late_reason=act.late_reason,
            matter=step.matter,
            step=step.key,
            state=step.state,
            **({"entries": entered} if entered else {}),
            noted={"covered": absent} if absent else None,
        )
        return messages.step(act.call, step, desk.kind(step), desk.edition, desk.opened, on=day_of(desk.now))


def _step_of(files: Mapping[str, CaseFile], act: Act) -> StepFile | None:
    file = files.get(act.step[0])
    return file.step(*act.step[1:]) if file else None


class Covered:
    """Tells whose work an act was, where its caller stands in; each caller is looked up once."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._known: dict[str, list[str]] = {}

    def whose(self, call: Call, step: StepFile) -> str:
        """The absent officer that a step is assigned to, if the caller stands in for that one today; else ""."""
        subject = call.caller.subject
        if step.assignee in ("", subject):
            return ""
        if subject not in self._known:
            self._known[subject] = covered_by(self._tx.connection, subject, day_of(self._tx.now))
        return step.assignee if step.assignee in self._known[subject] else ""


def require_running(file: CaseFile, step: StepFile, verb: str) -> None:
    """Raises Refused unless case and matter are worked on; a step is sent back also in a matter that is done."""
    if not file.open:
        raise Refused("CASE_STATE", case_name=file.name, state=file.state, allowed=CaseState.OPEN)
    matter = file.matter(step.matter)
    assert matter is not None
    allowed = (MatterState.RUNNING, *((MatterState.DONE,) if verb in ("return", "correct") else ()))
    if matter.state not in allowed and verb != "assign":
        raise Refused("MATTER_STATE", matter=matter.name, state=matter.state, allowed=", ".join(allowed))


def require_state(step: StepFile, allowed: Sequence[StepState]) -> None:
    """Raises Refused STEP_STATE unless the step is in one of these."""
    if step.state not in allowed:
        raise Refused("STEP_STATE", step=step.name, state=step.state, allowed=", ".join(allowed))


def _receive(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_OPEN)
    _enter(desk, step, EntryKind.RECEIVED, evidence=act.values["evidence"])


def _notify(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_OPEN)
    _enter(desk, step, EntryKind.GAPS, evidence=act.values["evidence"], items=act.values["items"])


def _supply(desk: Desk, step: StepFile, act: Act) -> None:
    """What came must be what is missing, by its words: another word would leave the applicant waiting for nothing."""
    require_state(step, STEP_OPEN)
    items, missing = act.values["items"], desk.deadline(step).outstanding
    wrong = [number for number, item in enumerate(items) if missing and item not in missing]
    if wrong:
        raise Invalid(*(Violation(f"items[{number}]", "FIELD_NOT_MISSING") for number in wrong))
    _enter(desk, step, EntryKind.SUPPLIED, evidence=act.values["evidence"], items=items)


def _accept(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_OPEN)
    _want_material(desk, step)
    _enter(desk, step, EntryKind.ACCEPTED, evidence=act.values["evidence"])
    _run(desk, step)


def _start(desk: Desk, step: StepFile, _: Act) -> None:
    """Begins the work; what nobody received or accepted is received and accepted by that."""
    require_state(step, STEP_VERBS["start"][0])
    kind = desk.kind(step)
    if step.begun != Begun.ACCEPTED:
        _want_material(desk, step)
    if step.received is None:
        _enter(desk, step, EntryKind.RECEIVED)
    if kind.checks and desk.deadline(step).phase is Phase.CHECKING:
        _enter(desk, step, EntryKind.ACCEPTED)
    _run(desk, step)


def _want_material(desk: Desk, step: StepFile) -> None:
    """Raises Refused unless the material is there that acceptance wants.

    What counts as accepted already, because nobody told of gaps in time, is not held up: completion asks for it.
    """
    if not desk.kind(step).documents:
        return
    found = desk.deadline(step, _draft(desk, step, EntryKind.ACCEPTED))
    if found.begun is not Begun.DEEMED:
        papers.require(desk, step, Stage.ACCEPT)


def _suspend(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, (*STEP_VERBS["suspend"][0], StepState.SUSPENDED))
    values = act.values
    allowed = [each.kind for each in desk.kind(step).suspensions]
    if values["suspension"] not in allowed:
        raise Refused("STEP_SUSPENSION", step=step.name, suspension=values["suspension"], allowed=", ".join(allowed))
    detail = {name: values[name] for name in ("suspension", "basis", "maximum", "approver")}
    _enter(desk, step, EntryKind.SUSPENDED, reason=values["reason"], evidence=values["evidence"], **detail)
    desk.file.touch(step, desk.now, state=STEP_VERBS["suspend"][1])


def _resume(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_VERBS["resume"][0])
    found = desk.deadline(step)
    running = [pause.kind for pause in found.pauses if pause.open]
    wished = act.values["suspension"] or (running[0] if len(running) == 1 else "")
    if not wished:
        raise Invalid(Violation("suspension", "FIELD_REQUIRED"))
    _enter(desk, step, EntryKind.RESUMED, evidence=act.values["evidence"], suspension=wished)
    _stand(desk, step)


def _extend(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_OPEN)
    if desk.kind(step).limit.n is None:
        raise Refused("STEP_WITHOUT_LIMIT", step=step.name)
    values = act.values
    _enter(
        desk, step, EntryKind.EXTENDED, reason=values["reason"], evidence=values["evidence"],
        n=values["extension"], approver=values["approver"],
    )  # fmt: skip


def _correct(desk: Desk, step: StepFile, act: Act) -> None:
    """Voids an entry; if it happened at another time, an entry of that time takes its place."""
    values, ledger = act.values, desk.file.ledger(step)
    wrong = next((entry for entry in ledger if entry.number == values["corrects"]), None)
    if wrong is None:
        raise Invalid(Violation("corrects", "FIELD_ENTRY", {"last": str(step.entries)}))
    if wrong.kind == EntryKind.FINISHED and values["corrected_time"] is None:
        # what is not finished after all is sent back: those after it have to wait again
        raise Refused("STEP_CLOCK", step=step.name, fault=act.call.say("CLOCK_RETURN_INSTEAD"))
    _enter(desk, step, EntryKind.CORRECTED, reason=values["reason"], evidence=values["evidence"], target=wrong.number)
    if values["corrected_time"] is not None:
        again = {"at": values["corrected_time"], "evidence": wrong.evidence, "reason": wrong.reason, **wrong.detail}
        _enter(desk, step, EntryKind(wrong.kind), **again)
    _stand(desk, step)


def _complete(desk: Desk, step: StepFile, act: Act) -> None:
    """Done, by one of its outcomes: which may end the matter, or leave steps out."""
    require_state(step, STEP_VERBS["complete"][0])
    kind, values = desk.kind(step), act.values
    outcome = _outcome(kind, values["outcome"])
    result = check_result(kind.result, values["result"])
    matter = desk.file.matter(step.matter)
    assert matter is not None
    if outcome is None or outcome.ends is None:  # a matter is refused, or not required, with or without them
        papers.require(desk, step, Stage.COMPLETE)
    _enter(desk, step, EntryKind.FINISHED, evidence=values["evidence"])
    desk.file.touch(
        step, desk.now, state=STEP_VERBS["complete"][1], outcome=values["outcome"], result=result, alarm=None,
        finish_time=desk.occurred,
    )  # fmt: skip
    if outcome is None:
        return
    for other in desk.file.steps_of(step.matter):
        if other.key in outcome.skips and not other.ended:
            skipped = {"state": StepState.SKIPPED, "finish_time": desk.occurred, "alarm": None, "owed": None}
            desk.file.touch(other, desk.now, **skipped)
    if outcome.ends is not None:
        said = getattr(outcome.title, act.call.language)
        desk.end_matter(matter, outcome.ends, reason=said, evidence=values["evidence"])


def _outcome(kind: catalogue.Step, wished: str) -> catalogue.Outcome | None:
    """The outcome that was given. Raises Invalid if it is none of the step's, or missing."""
    if not kind.outcomes and not wished:
        return None
    found = next((each for each in kind.outcomes if each.key == wished), None)
    if found is None:
        allowed = ", ".join(each.key for each in kind.outcomes) or "-"
        raise Invalid(Violation("outcome", "FIELD_CHOICE", {"allowed": allowed}))
    return found


def _return(desk: Desk, step: StepFile, act: Act) -> None:
    """Back to whoever did it: the clock goes on as if it had never been finished; what comes after it waits again."""
    require_state(step, STEP_VERBS["return"][0])
    file, matter = desk.file, desk.file.matter(step.matter)
    assert matter is not None
    for entry in list(file.ledger(step)):
        if entry.kind == EntryKind.FINISHED and step.state == StepState.DONE:
            desk.enter(step, EntryKind.CORRECTED, reason=act.values["reason"], target=entry.number)
    steps = {each.key: each for each in file.steps_of(step.matter)}
    for key in graph.following(graph.edges(desk.edition.matter(matter.type)), step.key):
        if steps[key].state not in (StepState.PENDING, StepState.SKIPPED):
            desk.wait_again(steps[key])
    if matter.state == MatterState.DONE:
        file.change(matter, state=MatterState.RUNNING, finish_time=None)
    file.touch(step, desk.now, state=STEP_VERBS["return"][1], reason=act.values["reason"], outcome="", finish_time=None)
    desk.recount(step)


def _skip(desk: Desk, step: StepFile, act: Act) -> None:
    require_state(step, STEP_VERBS["skip"][0])
    desk.file.touch(
        step, desk.now, state=STEP_VERBS["skip"][1], reason=act.values["reason"], alarm=None, owed=None,
        finish_time=desk.occurred,
    )  # fmt: skip


def _assign(desk: Desk, step: StepFile, act: Act) -> None:
    if step.ended:
        require_state(step, (StepState.PENDING, *STEP_OPEN))
    desk.file.touch(step, desk.now, unit=act.values["unit"] or step.unit, assignee=act.values["assignee"])


def _enter(desk: Desk, step: StepFile, kind: EntryKind, **values: Any) -> None:
    """Adds an entry that has an effect, or at least tells of something that happened. Raises Refused STEP_CLOCK."""
    found = desk.reckon(step, _draft(desk, step, kind, **values))
    void = clocks.void_of(found.deadline, step.entries + 1)
    if void is not None and void.reason not in clocks.NOTED:
        raise Refused("STEP_CLOCK", step=step.name, fault=desk.call.say(f"LEDGER_{void.reason}"))
    desk.enter(step, kind, **values)
    desk.keep(step, found)


def _draft(desk: Desk, step: StepFile, kind: EntryKind, *, at: datetime | None = None, **values: Any) -> EntryFile:
    """The entry as it would be."""
    detail = {name: value for name, value in values.items() if name not in ("reason", "evidence") and value}
    evidence, said = values.get("evidence", ""), values.get("reason", "")
    when = at or desk.occurred
    return EntryFile(step.id, step.entries + 1, kind, when, desk.now, "", "", said, evidence, detail)


def _run(desk: Desk, step: StepFile) -> None:
    """The step is being worked on."""
    if step.state in STEP_VERBS["start"][0]:
        desk.file.touch(step, desk.now, state=STEP_VERBS["start"][1], start_time=step.start_time or desk.occurred)


def _stand(desk: Desk, step: StepFile) -> None:
    """Running or suspended, as the ledger says."""
    if step.state not in (StepState.RUNNING, StepState.SUSPENDED):
        return
    found = desk.deadline(step)
    state = StepState.SUSPENDED if any(pause.open for pause in found.pauses) else StepState.RUNNING
    desk.file.touch(step, desk.now, state=state)


# verbs that want the documents of their step
GUARDED = ("accept", "start", "complete")
# verb: the event it makes, and what it does
VERBS: dict[str, tuple[str, Verb]] = {
    "receive": ("received", _receive),
    "notify": ("gaps_named", _notify),
    "supply": ("supplied", _supply),
    "accept": ("accepted", _accept),
    "start": ("started", _start),
    "suspend": ("suspended", _suspend),
    "resume": ("resumed", _resume),
    "extend": ("extended", _extend),
    "correct": ("corrected", _correct),
    "complete": ("completed", _complete),
    "return": ("returned", _return),
    "skip": ("skipped", _skip),
    "assign": ("assigned", _assign),
}
