"""The roster import: one file, one class, every row a verdict.

Rows are read as they come and kept until the End, for the second of two equal rows condemns the first; then they take
the same path as any enrolment, in slices. Nothing is stored before the End, and what a killed import did store is found
again by the next one: a person who is in the class already is unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import grpc
from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2, rosters_pb2_grpc
from liancai.training.v1 import rosters_pb2 as pb
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Invalid, TooMuch
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.training import messages, people
from services.training.enrolling import Application, Decision, Desk
from services.training.packs import Packs
from services.training.rules import roster
from services.training.rules.eligibility import RULES
from services.training.rules.roster import Cells, Finding, Level, Row
from services.training.rules.states import EnrolmentState
from services.training.scopes import ClassScopes
from services.training.tables import RosterFileRow

MOST_ROWS = 200_000
MOST_IN_CHUNK = 2_000
SLICE = 1_000  # rows decided in one transaction
SECONDS = 120.0  # that one slice, or a whole roster that goes in at once, may wait and take

_LEVELS = {
    Level.ERROR: types_pb2.Finding.ERROR,
    Level.WARNING: types_pb2.Finding.WARNING,
    Level.NOTE: types_pb2.Finding.NOTE,
}
_RESULTS = {
    EnrolmentState.ENROLLED: pb.RowVerdict.ENROLLED,
    EnrolmentState.WAITLISTED: pb.RowVerdict.WAITLISTED,
}


class _NotAll(Exception):
    """All or nothing, and not all: undoes the transaction and carries what was found out."""

    def __init__(self, decisions: list[Decision]) -> None:
        super().__init__()
        self.decisions = decisions


@dataclass(slots=True)
class _Tally:
    """The summary as it grows."""

    summary: pb.RosterSummary
    codes: Counter[tuple[int, str]] = field(default_factory=Counter)

    def count(self, verdict: pb.RowVerdict) -> pb.RowVerdict:
        """Counts one row in."""
        name = pb.RowVerdict.Result.Name(verdict.result).lower()
        setattr(self.summary, name, getattr(self.summary, name) + 1)
        self.codes.update({(finding.level, finding.code) for finding in verdict.findings})
        return verdict

    def finish(self) -> pb.RosterSummary:
        """Errors first, then most rows first."""
        for (level, code), rows in sorted(self.codes.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
            self.summary.codes.add(code=code, level=types_pb2.Finding.Level.ValueType(level), rows=rows)
        return self.summary


class Rosters(rosters_pb2_grpc.RostersServicer):
    """Imports rosters."""

    def __init__(self, database: Database, desk: Desk, packs: Packs, scopes: ClassScopes) -> None:
        self._database = database
        self._desk = desk
        self._packs = packs
        self._scopes = scopes

    def ImportRoster(
        self, request_iterator: Iterator[pb.ImportRosterRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportRosterResponse]:
        """Header, chunks, end; then verdicts in file order and a summary."""
        call = Call.of(context)
        header = self._read_header(call, next(request_iterator, None))
        now = self._database.clock()
        rows: list[Row] = []
        for part in request_iterator:
            kind = part.WhichOneof("part")
            if kind == "end":
                break
            if kind != "chunk":
                raise Invalid(reason="ROSTER_PROTOCOL", expected="chunk, end")
            _read_chunk(rows, part.chunk, now)
            yield _progress(len(rows), 0)
        else:
            raise Invalid(reason="ROSTER_PROTOCOL", expected="end")
        roster.name_duplicates(rows)
        yield from self._decide(call, header, rows, now)

    def _read_header(self, call: Call, first: pb.ImportRosterRequest | None) -> pb.ImportRosterRequest.Header:
        if first is None or first.WhichOneof("part") != "header":
            raise Invalid(reason="ROSTER_PROTOCOL", expected="header")
        header, reading = first.header, Reading()
        reading.name("header.class_name", header.class_name, "classes")
        call.request_id = reading.request_id(header.request_id)
        reading.choices("header.mode", [header.mode], header.Mode)
        if len(header.file_sha256) != 64 or not all(digit in "0123456789abcdef" for digit in header.file_sha256):
            reading.wrong("header.file_sha256", "FIELD_SHA256")
        if len(header.unknown_columns) > 100:
            reading.wrong("header.unknown_columns", "FIELD_TOO_MANY", most=100)
        reading.done()
        self._scopes.require(call, header.class_name)
        return header

    def _decide(
        self, call: Call, header: pb.ImportRosterRequest.Header, rows: list[Row], now: datetime
    ) -> Iterator[pb.ImportRosterResponse]:
        tally = _Tally(pb.RosterSummary(rows=len(rows), rule_pack=self._packs.current.fingerprint))
        tally.summary.seen_before = self._seen(header)
        if header.unknown_columns:
            columns = ", ".join(column[:40] for column in header.unknown_columns)
            tally.summary.findings.append(
                _finding(call, Finding(Level.NOTE, "TR-COLUMN-UNKNOWN", values={"columns": columns}))
            )
        applications = {
            row.row_number: Application(
                call,
                header.class_name.partition("/")[2],
                people.seal(self._database.vault, row.full_name, row.number, row.phone),
                now,
            )
            for row in rows
            if row.number is not None and not row.refused
        }
        clean = len(applications) == len(rows)
        for decided, slice_of in self._slices(call, header, rows, applications, clean, now):
            verdicts = [
                tally.count(self._verdict(call, row, decided.get(row.row_number), header, clean)) for row in slice_of
            ]
            yield pb.ImportRosterResponse(verdicts=pb.ImportRosterResponse.Verdicts(rows=verdicts))
            yield _progress(len(rows), sum(_counts(tally.summary)))
        stored = header.mode != header.CHECK_ONLY
        tally.summary.changed = stored and bool(tally.summary.enrolled or tally.summary.waitlisted)
        if stored and not tally.summary.not_taken:
            self._remember(call, header, tally.summary)
        yield pb.ImportRosterResponse(summary=tally.finish())

    def _slices(
        self,
        call: Call,
        header: pb.ImportRosterRequest.Header,
        rows: list[Row],
        applications: dict[int, Application],
        clean: bool,
        now: datetime,
    ) -> Iterator[tuple[dict[int, Decision], Sequence[Row]]]:
        """Rows in file order with the decisions on those that have no faults, stored as the mode says."""
        if header.mode == header.VALID_ROWS:
            for start in range(0, len(rows), SLICE):
                part = rows[start : start + SLICE]
                wanted = {
                    row.row_number: applications[row.row_number] for row in part if row.row_number in applications
                }
                yield self._write(call, header, wanted), part
            return
        if header.mode == header.ALL_OR_NOTHING and clean:
            decided = self._write(call, header, applications, all_or_nothing=True)
        else:
            with self._database.reading() as session:
                found = self._desk.judge(session.connection(), list(applications.values()), now)
            decided = dict(zip(applications, found, strict=True))
        for start in range(0, len(rows), SLICE):
            yield decided, rows[start : start + SLICE]

    def _write(
        self,
        call: Call,
        header: pb.ImportRosterRequest.Header,
        wanted: dict[int, Application],
        *,
        all_or_nothing: bool = False,
    ) -> dict[int, Decision]:
        def work(tx: Tx) -> list[Decision]:
            decisions = self._desk.enrol_many(tx, list(wanted.values()))
            if all_or_nothing and any(each.state is None and each.present is None for each in decisions):
                raise _NotAll(decisions)
            return decisions

        if not wanted:
            return {}
        try:
            decisions = self._database.write_again(call, work, key=header.class_name, seconds=SECONDS)
        except _NotAll as undone:
            decisions = undone.decisions
            for each in decisions:
                each.state = each.enrolment = None
        return dict(zip(wanted, decisions, strict=True))

    def _verdict(
        self, call: Call, row: Row, decision: Decision | None, header: pb.ImportRosterRequest.Header, clean: bool
    ) -> pb.RowVerdict:
        """What became of one row, in words."""
        verdict = pb.RowVerdict(row_number=row.row_number, result=pb.RowVerdict.REFUSED)
        findings = [_finding(call, each) for each in row.findings]
        if decision is not None and not row.refused:
            blocked = decision.state is None and decision.present is None and decision.blocked
            objections = [] if decision.present else decision.objections
            findings += [messages.finding(call, said, RULES[said.declaration.key].field) for said in objections]
            if decision.present is not None:
                enrolment_id, state, _ = decision.present
                verdict.result = pb.RowVerdict.UNCHANGED
                verdict.enrolment, verdict.state = f"enrolments/{enrolment_id}", _state(state)
                findings.append(_finding(call, Finding(Level.NOTE, "TR-ALREADY-IN-CLASS")))
            elif decision.state is None or (header.mode == header.ALL_OR_NOTHING and not clean):
                verdict.result = pb.RowVerdict.REFUSED if blocked else pb.RowVerdict.NOT_TAKEN
            else:
                verdict.result = _RESULTS[decision.state]
                if decision.enrolment is not None and header.mode != header.CHECK_ONLY:
                    verdict.enrolment, verdict.state = f"enrolments/{decision.enrolment.id}", _state(decision.state)
                if decision.state is EnrolmentState.WAITLISTED:
                    findings.append(_finding(call, Finding(Level.NOTE, "TR-WAITLISTED")))
        verdict.findings.extend(sorted(findings, key=lambda each: each.level))
        return verdict

    def _seen(self, header: pb.ImportRosterRequest.Header) -> bool:
        with self._database.reading() as session:
            key = (header.class_name.partition("/")[2], header.file_sha256)
            return session.get(RosterFileRow, key) is not None

    def _remember(self, call: Call, header: pb.ImportRosterRequest.Header, summary: pb.RosterSummary) -> None:
        """Notes the file, and the import in the audit trail."""

        def work(tx: Tx) -> None:
            insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
            file = {
                "class_id": header.class_name.partition("/")[2],
                "sha256": header.file_sha256,
                "rows": summary.rows,
                "record_time": tx.now,
            }
            tx.connection.execute(insert(RosterFileRow).values(file).on_conflict_do_nothing())
            names = ("rows", "enrolled", "waitlisted", "unchanged", "refused")
            detail = {name: getattr(summary, name) for name in names}
            tx.record(call, header.class_name, detail={**detail, "file_sha256": header.file_sha256})

        self._database.write_again(call, work, key=header.class_name)


def _read_chunk(rows: list[Row], chunk: pb.ImportRosterRequest.Chunk, now: datetime) -> None:
    if len(chunk.rows) > MOST_IN_CHUNK:
        raise Invalid(reason="ROSTER_PROTOCOL", expected=f"<= {MOST_IN_CHUNK} rows")
    if len(rows) + len(chunk.rows) > MOST_ROWS:
        raise TooMuch("ROSTER_TOO_LARGE", limit=MOST_ROWS)
    today = day_of(now)
    last = rows[-1].row_number if rows else 0
    for each in chunk.rows:
        if each.row_number <= last:
            raise Invalid(reason="ROSTER_PROTOCOL", expected="rising row_number")
        last = each.row_number
        cells = Cells(each.row_number, each.full_name, each.resident_id, each.phone, each.sex, each.birth_date)
        rows.append(roster.read(cells, today))


def _finding(call: Call, found: Finding) -> types_pb2.Finding:
    return types_pb2.Finding(
        level=_LEVELS[found.level],
        code=found.code,
        field=found.column,
        message=call.say(found.code, found.values),
        value=found.value,
        others=found.others,
    )


def _progress(received: int, decided: int) -> pb.ImportRosterResponse:
    return pb.ImportRosterResponse(progress=pb.ImportRosterResponse.Progress(received=received, decided=decided))


def _counts(summary: pb.RosterSummary) -> tuple[int, ...]:
    return summary.enrolled, summary.waitlisted, summary.unchanged, summary.refused, summary.not_taken


def _state(state: EnrolmentState) -> enrolments_pb2.Enrolment.State.ValueType:
    return enrolments_pb2.Enrolment.State.Value(state)
