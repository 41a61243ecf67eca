"""What is kept of the decisions on a roster, and the summary as it grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from liancai.common.v1 import types_pb2
from liancai.training.v1 import rosters_pb2 as pb

from services.training.rules.eligibility import Verdict
from services.training.rules.states import EnrolmentState
from services.training.seats.decisions import Decision
from services.training.seats.limits import Binding

COUNTED = ("enrolled", "waitlisted", "unchanged", "refused", "not_taken", "needs_reason", "no_quota")


@dataclass(slots=True)
class Answer:
    """What is kept of a decision."""

    blocked: bool
    unaccepted: tuple[str, ...]
    binding: Binding | None
    state: EnrolmentState | None
    enrolment: str
    objections: Sequence[Verdict]

    @classmethod
    def of(cls, decision: Decision, *, stored: bool) -> Answer:
        """A decision without its facts; the enrolment only if it is stored."""
        if decision.present is not None:
            return cls(True, (), None, decision.present[1], decision.present[0], ())
        enrolment = decision.enrolment.id if stored and decision.enrolment else ""
        objections = tuple(decision.objections)
        return cls(decision.blocked, decision.unaccepted, decision.binding, decision.state, enrolment, objections)

    @property
    def present(self) -> bool:
        """Whether the person was in the class already."""
        return self.blocked and self.state is not None

    @property
    def plain(self) -> bool:
        """Whether nothing is to be said but what became of the person."""
        return bool(self.enrolment) and not (self.objections or self.blocked or self.unaccepted)

    @property
    def taken(self) -> bool:
        """Whether the person is in the class now."""
        return self.state is not None


Answers = dict[int, Answer]  # by row number


class Undone(Exception):
    """Not enough of the rows may be taken: undoes the transaction and carries what was found out."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers = answers


@dataclass(slots=True)
class Tally:
    """The summary as it grows."""

    summary: pb.RosterSummary
    codes: Counter[tuple[int, str]] = field(default_factory=Counter)

    def count(self, verdicts: Sequence[pb.RowVerdict]) -> None:
        """Counts rows in."""
        for result, rows in Counter([verdict.result for verdict in verdicts]).items():
            name = pb.RowVerdict.Result.Name(result).lower()
            setattr(self.summary, name, getattr(self.summary, name) + rows)
        for verdict in verdicts:
            if verdict.findings:
                self.codes.update({(finding.level, finding.code) for finding in verdict.findings})

    def decided(self) -> int:
        """Rows counted."""
        return sum(getattr(self.summary, name) for name in COUNTED)

    def finish(self) -> pb.RosterSummary:
        """Errors first, then most rows first."""
        for (level, code), rows in sorted(self.codes.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
            self.summary.codes.add(code=code, level=types_pb2.Finding.Level.ValueType(level), rows=rows)
        self.summary.findings.sort(key=lambda found: found.level)
        return self.summary
