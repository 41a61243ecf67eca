"""Lists of commissioners (名册): every row an application by the same rules, every row a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import grpc
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import commissioners_pb2, imports_pb2_grpc
from liancai.placement.v1 import imports_pb2 as pb
from sqlalchemy.orm import Session

from services.placement.commissioners import applying, fields
from services.placement.rules import listing, registering
from services.placement.rules.listing import Row
from services.placement.rules.listing import conditions as c
from services.placement.rules.registering import Education, Kind, Title
from services.placement.tables import CommissionerRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, NotFound, Violation
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.conditions import Condition, Finding, Level, is_remark, remarks
from services.reference.parameters import Pack

MOST_ROWS = 1_000
MOST_TITLES = 100  # columns that are unknown, or missing
MOST_SAID = 50  # remarks of the reader

Mode = pb.ImportCommissionersRequest
Result = pb.CommissionerVerdict
Answer = pb.ImportCommissionersResponse

_ENUMS = {
    "kind": commissioners_pb2.Commissioner.Kind,
    "direction": commissioners_pb2.Commissioner.Direction,
    "field": commissioners_pb2.Commissioner.Field,
    "title": commissioners_pb2.Commissioner.Title,
    "education": commissioners_pb2.Commissioner.Education,
}
_LEVELS = {
    Level.ERROR: types_pb2.Finding.ERROR,
    Level.WARNING: types_pb2.Finding.WARNING,
    Level.NOTE: types_pb2.Finding.NOTE,
}


@dataclass(slots=True, repr=False)
class Candidate:
    """A row, and the application it would be; None where its cells could not even be read."""

    row: Row
    entry: fields.Entry | None


@dataclass(slots=True)
class Decision:
    """What was found of a candidate, and the commissioner it is already or now, "" for none."""

    candidate: Candidate
    findings: list[Finding]
    known: str = ""
    applied: str = ""

    @property
    def refused(self) -> bool:
        """Whether it is kept out."""
        return any(each.level is Level.ERROR for each in self.findings)

    @property
    def open(self) -> bool:
        """Whether it may become an application."""
        return not (self.refused or self.known)

    def found(self, condition: Condition, column: str = "", *others: str, **values: str) -> None:
        """One more finding."""
        self.findings.append(Finding(condition, column, "", others, values))


class CommissionerImports(imports_pb2_grpc.CommissionerImportsServicer):
    """Imports lists."""

    def __init__(self, database: Database, pack: Pack) -> None:
        self._database = database
        self._pack = pack

    def ImportCommissioners(self, request: Mode, context: grpc.ServicerContext) -> Answer:
        """All rows decided, and in one transaction those applied that the mode lets in."""
        call = Call.of(context)
        _check(request)
        today = day_of(self._database.clock())
        candidates = [_candidate(each, today) for each in request.rows]
        listing.compare([(each.row, each.entry.number if each.entry else "") for each in candidates])
        if request.mode == Mode.CHECK_ONLY:
            with self._database.reading() as session:
                decisions = [self._decide(session, call, each, today) for each in candidates]
                return self._answer(call, request, decisions, taken=True)

        def work(tx: Tx) -> Answer:
            decisions = [self._decide(tx.session, call, each, today) for each in candidates]
            taken = request.mode == Mode.VALID_ROWS or not any(each.refused for each in decisions)
            if taken:
                self._apply(tx, call, decisions)
            answer = self._answer(call, request, decisions, taken=taken)
            if answer.summary.changed:
                summary = answer.summary
                detail = {name: getattr(summary, name) for name in ("rows", "applied", "unchanged", "refused")}
                tx.record(call, "commissioners", action="placement.commissioner.import", detail=detail)
            return answer

        return self._database.write(call, request, work, key="commissioners")

    def _decide(self, session: Session, call: Call, candidate: Candidate, today: date) -> Decision:
        """What stands against an application, or for leaving things as they are."""
        entry = candidate.entry
        decision = Decision(candidate, list(candidate.row.findings))
        if entry is None or decision.refused:
            return decision
        try:
            applying.may(call, entry)
            applying.teammates(session, call, entry)
        except Denied:
            decision.found(c.NOT_YOURS)
            return decision
        except NotFound as fault:
            decision.found(c.NO_TEAMMATE, commissioner=fault.metadata["resource"])
        except Invalid as fault:
            for violation in fault.violations:
                decision.found(c.of_violation(violation.rule), _column(violation))
        self._know(decision, self._present(session, entry), entry)
        if decision.open and not self._qualified(entry, today):
            decision.found(c.NOT_QUALIFIED, "title", pack=self._pack.fingerprint)
        return decision

    def _qualified(self, entry: fields.Entry, today: date) -> bool:
        """Whether the unit could recommend it; of a team each member was asked."""
        title, education = Title[entry.values["title"]], Education[entry.values["education"]]
        person = entry.values["kind"] == Kind.INDIVIDUAL
        return not person or registering.qualified(self._pack, title, education, entry.values["division"], today)

    def _present(self, session: Session, entry: fields.Entry) -> CommissionerRow | None:
        """Who, or what, is on the register or on the way to it already."""
        if entry.number:
            return applying.present(session, self._database.vault, entry)
        return applying.group_present(session, entry)

    def _know(self, decision: Decision, row: CommissionerRow | None, entry: fields.Entry) -> None:
        """Notes that there is one: of the same unit it stays as it is, of another it keeps the row out."""
        if row is None:
            return
        name = f"commissioners/{row.id}"
        if row.home_unit_credit_code == entry.values["home_unit_credit_code"]:
            decision.known = name
            decision.found(c.ALREADY, "", name, commissioner=name)
        else:
            decision.found(c.ELSEWHERE, "resident_id", name, commissioner=name)

    def _apply(self, tx: Tx, call: Call, decisions: Sequence[Decision]) -> None:
        """Makes the applications that are open."""
        admitted = []
        for decision in decisions:
            entry = decision.candidate.entry
            if entry is None or not decision.open:
                continue
            number = applying.next_number(tx)
            # a person is held once by an index; a group by looking again now that nobody else can apply
            if not entry.number and (row := applying.group_present(tx.session, entry)) is not None:
                self._know(decision, row, entry)
                continue
            decision.applied = f"commissioners/{number}"
            admitted.append((number, entry))
        applying.apply(tx, call, self._database.vault, admitted)

    # ---- saying ----

    def _answer(self, call: Call, request: Mode, decisions: Sequence[Decision], *, taken: bool) -> Answer:
        """A verdict a row, and the summary."""
        verdicts = [_verdict(call, each, taken) for each in decisions]
        summary = pb.CommissionersSummary(rows=len(verdicts), rule_pack=self._pack.fingerprint)
        for result, rows in Counter([verdict.result for verdict in verdicts]).items():
            setattr(summary, Result.Result.Name(result).lower(), rows)
        summary.changed = any(each.applied for each in decisions)
        codes = Counter(
            pair for verdict in verdicts for pair in {(finding.level, finding.code) for finding in verdict.findings}
        )
        for (level, code), rows in sorted(codes.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
            summary.codes.add(code=code, level=level, rows=rows)
        about_file = [
            *remarks((said.code, said.about) for said in request.remarks),
            *listing.whole(
                [each.row_number for each in request.rows],
                request.unknown_columns,
                request.missing_columns,
                call.language,
            ),
        ]
        summary.findings.extend(_said(call, about_file))
        return Answer(summary=summary, verdicts=verdicts)


def _check(request: Mode) -> None:
    """Raises Invalid for a request that no reader would make."""
    reading = Reading()
    reading.request_id(request.request_id)
    reading.choices("mode", [request.mode], Mode.Mode)
    for field, most in (
        *(("rows", MOST_ROWS), ("unknown_columns", MOST_TITLES), ("missing_columns", MOST_TITLES)),
        ("remarks", MOST_SAID),
    ):
        if len(getattr(request, field)) > most:
            reading.wrong(field, "FIELD_TOO_MANY", most=most)
    reading.done()
    last = 0
    for place, row in enumerate(request.rows):
        if row.row_number <= last:
            reading.wrong(f"rows[{place}].row_number", "FIELD_RISING")
            break
        last = row.row_number
    for place, said in enumerate(request.remarks):
        if not is_remark(said.code):
            reading.wrong(f"remarks[{place}].code", "FIELD_REMARK")
        reading.text(f"remarks[{place}].about", said.about, 0, 200)
    reading.done()


def _candidate(asked: pb.CommissionerRow, today: date) -> Candidate:
    """A row with everything that its own cells let find."""
    cells = {name: value for name in listing.TITLES if (value := getattr(asked, name))}
    row = listing.read(asked.row_number, cells, frozenset(asked.numeric_columns))
    if row.unreadable:
        return Candidate(row, None)
    message = _message(row)
    reading = Reading()
    entry = fields.read(reading, message, today)
    if not row.values.get("kind") and not row.spoilt("kind"):
        row.wrong(c.of_violation("FIELD_CHOICE"), "kind")
    for violation in reading.violations:
        column, condition = _column(violation), c.of_violation(violation.rule)
        if condition.code == "TR-ID-CHECKSUM" and column in row.numeric:
            condition = c.CONDITIONS["TR-ID-EXCEL"]
        if not row.spoilt(column):
            row.wrong(condition, column, **violation.values)
    return Candidate(row, entry)


def _message(row: Row) -> commissioners_pb2.Commissioner:
    """The application a row describes. One that does not say its kind is read as the kind its cells look like."""
    values = {name: value for name, value in row.values.items() if value}
    kind = values.get("kind") or (
        Kind.TEAM if values.get("leader") else Kind.INDIVIDUAL if values.get("full_name") else Kind.LEGAL_PERSON
    )
    skills = [commissioners_pb2.Discipline(code=code, level=level) for code, level in values.pop("disciplines", ())]
    for name, enum in _ENUMS.items():
        word = kind if name == "kind" else values.get(name)
        values[name] = enum.Value(word) if word else 0
    return commissioners_pb2.Commissioner(disciplines=skills, **values)


def _column(violation: Violation) -> str:
    """The column of a field: that of "commissioner.disciplines[2].level" is "disciplines"."""
    return violation.field.split(".")[1].partition("[")[0]


def _verdict(call: Call, decision: Decision, taken: bool) -> pb.CommissionerVerdict:
    if decision.refused:
        result = Result.REFUSED
    elif decision.known:
        result = Result.UNCHANGED
    else:
        result = Result.APPLIED if taken else Result.NOT_TAKEN
    return pb.CommissionerVerdict(
        row_number=decision.candidate.row.row_number,
        result=result,
        findings=_said(call, decision.findings),
        commissioner=decision.applied or decision.known,
    )


def _said(call: Call, findings: Iterable[Finding]) -> list[types_pb2.Finding]:
    """Findings in words, errors first."""
    said = [
        types_pb2.Finding(
            level=_LEVELS[each.level],
            code=each.code,
            field=each.column,
            message=call.say(each.code, each.values),
            value=each.value,
            others=each.others,
        )
        for each in findings
    ]
    return sorted(said, key=lambda each: each.level)
