"""Replays the lines of one case of a log (回放): the case is opened if need be, then every line is somebody's call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from liancai.talent.v1 import cases_pb2, matters_pb2
from sqlalchemy import bindparam, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Fault
from services.platform.prepared import Prepared, any_of
from services.platform.transaction import Tx
from services.talent import casefiles
from services.talent.cases.ending import Ending
from services.talent.cases.intake import Intake, Wanted
from services.talent.cases.people import Person
from services.talent.casework.acting import Act, Actor
from services.talent.casework.editions import Editions
from services.talent.rules import logs
from services.talent.rules.logs import Code, Event, Verb
from services.talent.rules.states import MATTER_ENDED
from services.talent.tables import LogCaseRow, LogLineRow

SECONDS = 120.0  # that one case may wait and take
# the verb of a step, and what it is asked with
ACTS = {
    Verb.RECEIVE: "receive", Verb.ACCEPT: "accept", Verb.START: "start", Verb.COMPLETE: "complete",
    Verb.SUSPEND: "suspend", Verb.RESUME: "resume", Verb.RETURN: "return", Verb.SKIP: "skip",
}  # fmt: skip
ENDS = frozenset({Verb.COMPLETE, Verb.FINISH, Verb.SKIP})

_line = LogLineRow.__table__.c
_REPLAYED = Prepared(
    select(_line.fingerprint).where(_line.log == bindparam("of_log"), any_of(_line.fingerprint, "fingerprints"))
)


@dataclass(slots=True)
class Activity:
    """What an activity of a log does here."""

    verb: Verb
    matter: str
    step: str
    outcome: str
    result: dict[str, str]
    suspension: str
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the words of a log mean."""

    log: str
    origin: str
    destination: str
    matters: list[str]
    formats: tuple[str, ...]
    activities: dict[str, Activity]
    groups: dict[str, tuple[str, str]]  # unit and officer by resource


@dataclass(slots=True)
class Line:
    """A line as it is written. `mixed`: its time is written in another way than usual."""

    row_number: int
    case_key: str
    activity: str
    time: str
    resource: str
    deadline: str
    fingerprint: str
    mixed: bool = False

    @property
    def told(self) -> dict[str, str]:
        """What sentences about it may be filled with; not the case, which may be anybody's number."""
        return {"activity": self.activity[:40], "time": self.time[:40], "resource": self.resource[:40]}


@dataclass(slots=True)
class Verdict:
    """What became of a line."""

    code: Code
    values: dict[str, str] = field(default_factory=dict)
    case_id: str = ""
    notes: list[tuple[Code, dict[str, str]]] = field(default_factory=list)


class Replay:
    """Replays cases, each in a transaction of its own."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions
        self._intake = Intake(database.vault, editions)
        self._actor = Actor(editions, documents=False)

    def case(
        self, call: Call, mapping: Mapping, key: str, events: Sequence[Event], lines: Sequence[Line]
    ) -> tuple[dict[int, Verdict], bool]:
        """The verdicts of the lines of one case by place, and whether it was opened now. `events` in order of time."""
        if not events:
            return {}, False

        def work(tx: Tx) -> tuple[dict[int, Verdict], bool]:
            return _Case(self, tx, call, mapping, key).replay(events, lines)

        return self._database.write_again(call, work, key=f"logs/{mapping.log}/{key}", seconds=SECONDS)

    def open(self, tx: Tx, call: Call, mapping: Mapping, key: str, at: datetime, reason: str) -> str:
        """A new case of a talent of whom nothing is known."""
        number = "log:" + hashlib.sha256(f"{mapping.log}\x1f{key}".encode()).hexdigest()
        wanted = Wanted(
            origin=mapping.origin,
            destination=mapping.destination,
            person=Person(call.say("LOG_NOBODY"), number, ""),
            values={
                "employer_credit_code": "", "employer_name": "", "levels": [], "owner": call.caller.subject,
                "brought_by": f"logs/{mapping.log.partition('/')[2]}"[:64],
            },
            matters=[(kind, 0) for kind in mapping.matters],
        )  # fmt: skip
        file = self._intake.open(tx, call, wanted, at, reason)
        tx.session.add(LogCaseRow(log=mapping.log, key=key, case_id=file.id, record_time=tx.now))
        tx.flush()
        return file.id

    def act(self, tx: Tx, act: Act) -> matters_pb2.Step | Fault:
        """One act on a step, written so that the next one reads it."""
        [answer] = self._actor.act_many(tx, [act])
        tx.flush()
        return answer

    def close(self, tx: Tx, call: Call, case_id: str, at: datetime, reason: str) -> Fault | None:
        """Closes a case; why not, if it cannot be."""
        file = casefiles.read(tx.connection, [case_id], lock=True)[case_id]
        desk = self._editions.desk(tx.session, call, file, tx.now, at)
        request = cases_pb2.CloseCaseRequest(name=file.name, reason=reason)
        try:
            event, told = Ending().close(call, request)[3](tx, desk)
        except Fault as fault:
            return fault
        desk.record(tx, event, late_reason=reason, **told)
        casefiles.write(tx, [file])
        tx.flush()
        return None


class _Case:
    """One case in its transaction."""

    def __init__(self, replay: Replay, tx: Tx, call: Call, mapping: Mapping, key: str) -> None:
        self._replay, self._tx, self._call, self._mapping, self._key = replay, tx, call, mapping, key
        self._reason = call.say("LOG_REASON", {"log": mapping.log})
        row = tx.session.get(LogCaseRow, (mapping.log, key))
        self._id = row.case_id if row else ""

    def replay(self, events: Sequence[Event], lines: Sequence[Line]) -> tuple[dict[int, Verdict], bool]:
        fingerprints = [lines[event.place].fingerprint for event in events]
        given = {"of_log": self._mapping.log, "fingerprints": fingerprints}
        done = {row[0] for row in _REPLAYED.rows(self._tx.connection, given)}
        known, verdicts = bool(self._id), {}
        for event in events:
            line = lines[event.place]
            verdict = Verdict(Code.UNCHANGED) if line.fingerprint in done else self._line(event, line)
            verdict.case_id = self._id
            verdicts[event.place] = verdict
        self._tx.session.add_all(
            LogLineRow(
                log=self._mapping.log, fingerprint=lines[place].fingerprint, case_id=self._id, record_time=self._tx.now
            )
            for place, verdict in verdicts.items()
            if verdict.code is Code.APPLIED
        )
        return verdicts, bool(self._id) and not known

    def _line(self, event: Event, line: Line) -> Verdict:
        """One line, replayed if it can be."""
        fresh = not self._id
        if fresh:
            try:
                arguments = (self._tx, self._call, self._mapping, self._key, event.at, self._reason)
                self._id = self._replay.open(*arguments)
            except Fault as fault:
                return self._refused(fault, line)
        if event.verb is Verb.OPEN:
            return self._noted(Verdict(Code.APPLIED if fresh else Code.OPENED_ALREADY, line.told), line, None)
        if event.verb is Verb.CLOSE:
            fault_or_none = self._replay.close(self._tx, self._call, self._id, event.at, self._reason)
            if isinstance(fault_or_none, Fault):
                return self._refused(fault_or_none, line)
            return self._noted(Verdict(Code.APPLIED, line.told), line, None)
        return self._step(event, line)

    def _step(self, event: Event, line: Line) -> Verdict:
        activity = self._mapping.activities[line.activity]
        group = self._mapping.groups.get(line.resource)
        if event.verb is Verb.FINISH:
            started = self._act("start", event, {})
            if isinstance(started, Fault) and started.metadata.get("state") != "RUNNING":
                return self._refused(started, line)
            self._assign(event, group)
            answer = self._act("complete", event, self._values(Verb.COMPLETE, activity))
        else:
            answer = self._act(ACTS[event.verb], event, self._values(event.verb, activity))
        if isinstance(answer, Fault):
            return self._refused(answer, line)
        if event.verb not in ENDS:
            self._assign(event, group)
        return self._noted(Verdict(Code.APPLIED, line.told), line, answer)

    def _act(self, verb: str, event: Event, values: dict[str, Any]) -> matters_pb2.Step | Fault:
        name = (self._id, *event.step)
        return self._replay.act(self._tx, Act(self._call, verb, name, "", event.at, self._reason, values))

    def _assign(self, event: Event, group: tuple[str, str] | None) -> None:
        if group is not None and any(group):
            self._act("assign", event, {"unit": group[0], "assignee": group[1]})

    def _values(self, verb: Verb, activity: Activity) -> dict[str, Any]:
        """What the verb asks for beside. The log itself is the evidence."""
        values: dict[str, Any] = {"evidence": self._mapping.log}
        if verb is Verb.COMPLETE:
            values |= {"outcome": activity.outcome, "result": activity.result}
        elif verb in (Verb.RETURN, Verb.SKIP):
            values = {"reason": self._reason}
        elif verb is Verb.RESUME:
            values |= {"suspension": activity.suspension}
        elif verb is Verb.SUSPEND:
            values |= {
                "suspension": activity.suspension, "basis": activity.legal_basis, "maximum": None, "approver": "",
                "reason": self._reason,
            }  # fmt: skip
        return values

    def _noted(self, verdict: Verdict, line: Line, step: matters_pb2.Step | None) -> Verdict:
        """A verdict with what else is to be known."""
        if verdict.code is not Code.APPLIED:
            return verdict
        if line.mixed:
            verdict.notes.append((Code.TIME_MIXED, line.told))
        if line.resource and line.resource not in self._mapping.groups:
            verdict.notes.append((Code.GROUP_UNKNOWN, line.told))
        if line.deadline:
            self._compare(verdict, line, step)
        return verdict

    def _compare(self, verdict: Verdict, line: Line, step: matters_pb2.Step | None) -> None:
        day = logs.read_day(line.deadline, self._mapping.formats)
        if day is None:
            verdict.notes.append((Code.DEADLINE_UNREADABLE, {"deadline": line.deadline[:40]}))
            return
        dates = step.deadline if step is not None else None
        ours = (
            [each for each in (dates.promised_date, dates.statutory_date, dates.planned_date) if each] if dates else []
        )
        if ours and day.isoformat() not in ours:
            verdict.notes.append((Code.DEADLINE_DIFFERS, {"deadline": day.isoformat(), "here": ours[0]}))

    def _refused(self, fault: Fault, line: Line) -> Verdict:
        """The verdict on a line that the rules do not take."""
        state = fault.metadata.get("state", "")
        if fault.reason == "CASE_STATE" or (fault.reason == "MATTER_STATE" and state in MATTER_ENDED):
            code = Code.AFTER_CLOSURE
        elif fault.reason in ("MATTER_STATE", "STEP_STATE"):
            code = Code.STEP_STATE
        else:
            code = Code.RULE
        said = self._call.say(fault.reason, fault.metadata)
        return Verdict(code, {**line.told, "state": state, "said": said}, self._id)
