"""The import of event logs (事件日志): read, then replayed case by case, every line a verdict.

What a line says is decided by `rules.logs` from the file alone; whether it can be done, by the same verbs as anybody's
calls. The lines of one case are one transaction with the marks that they were replayed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
from liancai.common.v1 import types_pb2
from liancai.talent.v1 import clock_pb2, logs_pb2_grpc
from liancai.talent.v1 import logs_pb2 as pb

from services.fields import read_division
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, TooMuch
from services.platform.requests import Reading
from services.reference.clock import day_of
from services.talent.cases.intake import MOST_MATTERS, side_of
from services.talent.cases.replaying import Activity, Line, Mapping, Replay, Verdict
from services.talent.casework.editions import Editions
from services.talent.casework.results import check_result
from services.talent.rules import logs
from services.talent.rules.catalogue import Applicant, Catalogue
from services.talent.rules.logs import Code, Event, Verb

MOST_LINES = 200_000
MOST_IN_CHUNK = 2_000
MOST_WORDS = 1_000  # activities, groups
IN_ONE_ANSWER = 1_000  # verdicts
_LOG = re.compile(r"[A-Za-z0-9._-]{1,60}")
_CELLS = ("case_key", "activity", "time", "resource", "deadline")
_STEPLESS = (Verb.OPEN, Verb.CLOSE)


@dataclass(slots=True)
class File:
    """What was sent, and what became of it; verdicts by place in the file."""

    lines: list[Line] = field(default_factory=list)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)  # by case


class CaseLogs(logs_pb2_grpc.CaseLogsServicer):
    """Imports logs."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions
        self._replay = Replay(database, editions)

    def ImportCaseLog(
        self, request_iterator: Iterator[pb.ImportCaseLogRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportCaseLogResponse]:
        """Header, chunks, end; then verdicts in file order and a summary."""
        call = Call.of(context)
        mapping = self._read_header(call, next(request_iterator, None))
        file = File()
        for part in request_iterator:
            kind = part.WhichOneof("part")
            if kind == "end":
                break
            if kind != "chunk":
                raise Invalid(reason="LOG_PROTOCOL", expected="chunk, end")
            _read_chunk(file, part.chunk)
            yield _progress(len(file.lines), 0)
        else:
            raise Invalid(reason="LOG_PROTOCOL", expected="end")
        self._read(file, mapping)
        opened = 0
        for key, events in file.events.items():
            verdicts, is_new = self._replay.case(call, mapping, key, events, file.lines)
            file.verdicts |= verdicts
            opened += is_new
            yield _progress(len(file.lines), len(file.verdicts))
        yield from _answers(call, file, opened)

    def _read_header(self, call: Call, first: pb.ImportCaseLogRequest | None) -> Mapping:
        """What the words of the log mean. Raises Invalid with everything that is wrong; Denied for no right to it."""
        if first is None or first.WhichOneof("part") != "header":
            raise Invalid(reason="LOG_PROTOCOL", expected="header")
        header, reading = first.header, Reading()
        call.request_id = reading.request_id(header.request_id)
        asked = header.mapping
        if not _LOG.fullmatch(header.log):
            reading.wrong("header.log", "FIELD_LOG")
        origin = read_division(reading, "header.mapping.origin", asked.origin, required=True)
        destination = read_division(reading, "header.mapping.destination", asked.destination, required=True)
        if origin and origin == destination:
            reading.wrong("header.mapping.destination", "FIELD_SAME_PLACE")
        for name, most in (("matters", MOST_MATTERS), ("time_formats", 10), ("activities", MOST_WORDS)):
            if not getattr(asked, name):
                reading.wrong(f"header.mapping.{name}", "FIELD_REQUIRED")
            elif len(getattr(asked, name)) > most:
                reading.wrong(f"header.mapping.{name}", "FIELD_TOO_MANY", most=most)
        if len(asked.groups) > MOST_WORDS:
            reading.wrong("header.mapping.groups", "FIELD_TOO_MANY", most=MOST_WORDS)
        reading.done()
        with self._database.reading() as session:
            number = self._editions.in_force(session, day_of(self._database.clock()))
            edition = self._editions.of(session, number)
        activities = {
            each.activity: _read_activity(reading, f"header.mapping.activities[{place}]", each, edition)
            for place, each in enumerate(asked.activities)
        }
        types = [each.key for each in edition.matters if each.applicant is not Applicant.GUARDIAN]
        for place, key in enumerate(asked.matters):
            if key not in types:
                reading.wrong(f"header.mapping.matters[{place}]", "FIELD_CHOICE", allowed=", ".join(types))
        reading.done()
        division = side_of(call, origin, destination)[1]
        if not call.may("talent.backdate"):
            raise Denied("talent.backdate")
        return Mapping(
            log=f"{division}/{header.log}",
            origin=origin,
            destination=destination,
            matters=list(dict.fromkeys(asked.matters)),
            formats=tuple(asked.time_formats),
            activities=activities,
            groups={each.resource: (each.unit, each.assignee) for each in asked.groups},
        )

    def _read(self, file: File, mapping: Mapping) -> None:
        """What can be told of the lines from the file alone, and what is left to be replayed, by case."""
        now, seen = self._database.clock(), set[str]()
        for place, line in enumerate(file.lines):
            read = logs.read_time(line.time, mapping.formats, now)
            activity = mapping.activities.get(line.activity)
            fault = read.fault
            if not line.case_key or len(line.case_key) > 100:
                fault = Code.NO_CASE
            elif line.fingerprint in seen:
                fault = Code.DUPLICATE
            elif activity is None:
                fault = Code.ACTIVITY_UNKNOWN
            seen.add(line.fingerprint)
            if fault is not None or read.at is None or activity is None:
                file.verdicts[place] = Verdict(fault or Code.TIME_UNREADABLE, line.told)
                continue
            line.mixed = read.mixed
            event = Event(place, read.at, activity.verb, (activity.matter, activity.step))
            file.events.setdefault(line.case_key, []).append(event)
        opens = any(each.verb is Verb.OPEN for each in mapping.activities.values())
        for key, events in file.events.items():
            early, before = logs.early_ends(events), logs.before_opening(events, opens=opens)
            for event in events:
                if event.place in before:
                    file.verdicts[event.place] = Verdict(Code.NOT_OPENED, file.lines[event.place].told)
                elif event.place in early:
                    file.verdicts[event.place] = Verdict(Code.END_BEFORE_START, file.lines[event.place].told)
            file.events[key] = [event for event in logs.in_order(events) if event.place not in file.verdicts]


def _read_activity(reading: Reading, where: str, each: pb.LogMapping.Activity, edition: Catalogue) -> Activity:
    """An activity of the mapping: what it does, with whatever the verb asks for."""
    reading.text(f"{where}.activity", each.activity, 1, 100)
    verbs = reading.choices(f"{where}.verb", [each.verb], pb.LogMapping.Verb)
    verb = Verb(verbs[0]) if verbs else Verb.OPEN
    found = Activity(verb, each.matter, each.step, each.outcome, dict(each.result), "", each.legal_basis)
    if verb in _STEPLESS:
        return found
    matter = next((known for known in edition.matters if known.key == each.matter), None)
    step = next((known for known in matter.steps if known.key == each.step), None) if matter else None
    if matter is None or step is None:
        allowed = ", ".join(known.key for known in (matter.steps if matter else edition.matters))
        reading.wrong(f"{where}.{'step' if matter else 'matter'}", "FIELD_CHOICE", allowed=allowed)
        return found
    if verb in (Verb.COMPLETE, Verb.FINISH):
        try:
            found.result = check_result(step.result, found.result)
        except Invalid as invalid:
            for each_wrong in invalid.violations:
                reading.wrong(f"{where}.{each_wrong.field}", each_wrong.rule, **each_wrong.values)
        outcomes = [known.key for known in step.outcomes]
        if (found.outcome or outcomes) and found.outcome not in outcomes:
            reading.wrong(f"{where}.outcome", "FIELD_CHOICE", allowed=", ".join(outcomes) or "-")
    if verb in (Verb.SUSPEND, Verb.RESUME):
        kinds = reading.choices(f"{where}.suspension", [each.suspension], clock_pb2.ClockEntry.Suspension)
        found.suspension = kinds[0] if kinds else ""
    if verb is Verb.SUSPEND:
        found.legal_basis = reading.text(f"{where}.legal_basis", each.legal_basis, 1, 200)
    return found


def _read_chunk(file: File, chunk: pb.ImportCaseLogRequest.Chunk) -> None:
    if len(chunk.lines) > MOST_IN_CHUNK:
        raise Invalid(reason="LOG_PROTOCOL", expected=f"at most {MOST_IN_CHUNK} lines")
    if len(file.lines) + len(chunk.lines) > MOST_LINES:
        raise TooMuch("LOG_TOO_LARGE", limit=MOST_LINES)
    last = file.lines[-1].row_number if file.lines else 0
    for each in chunk.lines:
        if each.row_number <= last:
            raise Invalid(reason="LOG_PROTOCOL", expected="rising row_number")
        last = each.row_number
        cells = {name: getattr(each, name).strip() for name in _CELLS}
        fingerprint = hashlib.sha256("\x1f".join(cells.values()).encode()).hexdigest()
        file.lines.append(Line(each.row_number, fingerprint=fingerprint, **cells))


def _answers(call: Call, file: File, opened: int) -> Iterator[pb.ImportCaseLogResponse]:
    """The verdicts in file order, then what they add up to."""
    summary = pb.LogSummary(rows=len(file.lines), cases_opened=opened)
    summary.cases = len({line.case_key for line in file.lines if line.case_key})
    codes, notes = Counter[str](), Counter[str]()
    part = pb.ImportCaseLogResponse.Verdicts()
    for place, line in enumerate(file.lines):
        verdict = file.verdicts[place]
        codes[verdict.code] += 1
        notes.update(note for note, _ in verdict.notes)
        part.lines.append(_message(call, line, verdict))
        if len(part.lines) == IN_ONE_ANSWER:
            yield pb.ImportCaseLogResponse(verdicts=part)
            part = pb.ImportCaseLogResponse.Verdicts()
    if part.lines:
        yield pb.ImportCaseLogResponse(verdicts=part)
    summary.applied, summary.unchanged = codes[Code.APPLIED], codes[Code.UNCHANGED]
    summary.refused = summary.rows - summary.applied - summary.unchanged
    for counted, into in ((codes, summary.codes), (notes, summary.notes)):
        into.extend(pb.LogSummary.Count(code=code, lines=counted[code]) for code in sorted(counted))
    yield pb.ImportCaseLogResponse(summary=summary)


def _message(call: Call, line: Line, verdict: Verdict) -> pb.LineVerdict:
    result = {Code.APPLIED: pb.LineVerdict.APPLIED, Code.UNCHANGED: pb.LineVerdict.UNCHANGED}
    return pb.LineVerdict(
        row_number=line.row_number,
        result=result.get(verdict.code, pb.LineVerdict.REFUSED),
        code=verdict.code,
        message=call.say(verdict.code, verdict.values),
        case_name=f"cases/{verdict.case_id}" if verdict.case_id else "",
        notes=[
            types_pb2.Finding(level=types_pb2.Finding.WARNING, code=code, message=call.say(code, values))
            for code, values in verdict.notes
        ],
    )


def _progress(received: int, decided: int) -> pb.ImportCaseLogResponse:
    return pb.ImportCaseLogResponse(progress=pb.ImportCaseLogResponse.Progress(received=received, decided=decided))
