"""What became of each row of a roster, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2
from liancai.training.v1 import rosters_pb2 as pb

from services.platform.boundary import Call
from services.reference.conditions import Level
from services.training.enrolments import messages
from services.training.rosters.answers import Answer
from services.training.rules.eligibility import RULES
from services.training.rules.roster import Finding, Row
from services.training.rules.roster import conditions as c
from services.training.rules.states import EnrolmentState
from services.training.seats.limits import Binding

Header = pb.ImportRosterRequest.Header
Result = pb.RowVerdict

_LEVELS = {
    Level.ERROR: types_pb2.Finding.ERROR,
    Level.WARNING: types_pb2.Finding.WARNING,
    Level.NOTE: types_pb2.Finding.NOTE,
}
_STATES = {state: enrolments_pb2.Enrolment.State.Value(state) for state in EnrolmentState}
_RESULTS = {EnrolmentState.ENROLLED: Result.ENROLLED, EnrolmentState.WAITLISTED: Result.WAITLISTED}
# what a row says itself is not said again by the rule that looks at the same cell
_SAID = {"TR-CATEGORY-GIVEN": "TR-CATEGORY-MISSING", "TR-CATEGORY-PROOF": "TR-PROOF-MISSING"}


class Verdicts:
    """Says it in the caller's language. `accepted` says why a warning is let pass, by its code."""

    def __init__(self, call: Call, accepted: Mapping[str, str]) -> None:
        self._call = call
        self._accepted = accepted
        self.nothing = False  # whether the mode lets nobody in

    def open_warnings(self, row: Row) -> list[str]:
        """The warnings of a row that nobody has given a reason to let pass."""
        return [code for code in row.warnings if code not in self._accepted]

    def verdict(self, row: Row, answer: Answer | None) -> pb.RowVerdict:
        """What became of one row."""
        if answer is not None and answer.state is EnrolmentState.ENROLLED and answer.plain and not row.findings:
            return pb.RowVerdict(
                row_number=row.row_number,
                result=Result.ENROLLED,
                enrolment=f"enrolments/{answer.enrolment}",
                state=_STATES[answer.state],
            )
        verdict = pb.RowVerdict(row_number=row.row_number, result=Result.REFUSED)
        findings = [self.finding(each) for each in row.findings]
        open_warnings = self.open_warnings(row) if row.findings else []
        refused = bool(row.findings) and row.refused
        if answer is not None:
            findings += self._objections(row, answer)
            open_warnings += answer.unaccepted
            if answer.present:
                assert answer.state is not None
                verdict.enrolment, verdict.state = f"enrolments/{answer.enrolment}", _STATES[answer.state]
                findings.append(self.finding(Finding(c.ALREADY_IN_CLASS)))
            if not refused:
                verdict.result = self._result(answer, bool(open_warnings))
        if verdict.result == Result.NEEDS_REASON:
            values = {"codes": ", ".join(dict.fromkeys(open_warnings))}
            findings.append(self.finding(Finding(c.NEEDS_REASON, values=values)))
        elif answer is not None and verdict.result == Result.NO_QUOTA:
            findings.append(self._no_quota(answer.binding))
        elif answer is not None and verdict.result in (Result.ENROLLED, Result.WAITLISTED):
            assert answer.state is not None
            if answer.enrolment:
                verdict.enrolment, verdict.state = f"enrolments/{answer.enrolment}", _STATES[answer.state]
            if verdict.result == Result.WAITLISTED:
                findings.append(self.finding(Finding(c.WAITLISTED)))
        if findings:
            findings.sort(key=lambda each: each.level)
            verdict.findings.extend(findings)
        return verdict

    def finding(self, found: Finding) -> types_pb2.Finding:
        """What was found, as it is told."""
        return types_pb2.Finding(
            level=_LEVELS[found.condition.level],
            code=found.code,
            field=found.column,
            message=self._call.say(found.code, found.values),
            value=found.value,
            others=found.others,
        )

    def conclusions(self, summary: pb.RosterSummary, header: Header) -> Iterator[Finding]:
        """What the results say of the file."""
        if self.nothing and header.mode == Header.THRESHOLD:
            share = summary.refused * 100 / summary.rows
            values = {"share": f"{share:.1f}", "most": str(header.threshold_percent)}
            yield Finding(c.FILE_THRESHOLD, values=values)
        if summary.waitlisted:
            yield Finding(c.FILE_OVER_CAPACITY, values={"waiting": str(summary.waitlisted)})

    def _result(self, answer: Answer, warned: bool) -> pb.RowVerdict.Result.ValueType:
        """The result of a row without errors of its own."""
        if answer.present:
            return Result.UNCHANGED
        if answer.blocked:
            return Result.REFUSED
        if warned:
            return Result.NEEDS_REASON
        if answer.binding is not None:
            return Result.NO_QUOTA
        if self.nothing or answer.state is None:
            return Result.NOT_TAKEN
        return _RESULTS[answer.state]

    def _objections(self, row: Row, answer: Answer) -> list[types_pb2.Finding]:
        if not answer.objections:
            return []
        codes = {each.code for each in row.findings}
        return [
            messages.finding(self._call, said, RULES[said.declaration.key].field)
            for said in answer.objections
            if _SAID.get(said.declaration.code) not in codes
        ]

    def _no_quota(self, bound: Binding | None) -> types_pb2.Finding:
        assert bound is not None
        left, asked = (messages.amount(self._call, bound.kind, each) for each in (bound.left, bound.asked))
        values = {"quota": bound.quota, "left": left, "asked": asked}
        return self.finding(Finding(c.NO_QUOTA, others=(bound.quota,), values=values))


def progress(received: int, decided: int) -> pb.ImportRosterResponse:
    """How far the server is, in rows."""
    return pb.ImportRosterResponse(progress=pb.ImportRosterResponse.Progress(received=received, decided=decided))
