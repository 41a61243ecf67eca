"""A labelled case, told to the running service as officers would tell it: a case is opened, then a verb an entry.

What the service refuses is told again once something else was taken: officers enter late what came first. What it has
refused in the end has no effect in the labelled case either.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.talent.v1 import clock_pb2, steps_pb2

from services.talent.rules.ledger import Entry, EntryKind, SuspensionKind
from services.talent.rules.limits import Span
from tests.office import request_id
from tests.talent.desk import Desk

REFUSED = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
VERBS = {
    EntryKind.RECEIVED: "ReceiveStep",
    EntryKind.GAPS: "NotifyGaps",
    EntryKind.SUPPLIED: "SupplyStep",
    EntryKind.ACCEPTED: "AcceptStep",
    EntryKind.SUSPENDED: "SuspendStep",
    EntryKind.RESUMED: "ResumeStep",
    EntryKind.EXTENDED: "ExtendStep",
    EntryKind.CORRECTED: "CorrectStep",
    EntryKind.FINISHED: "CompleteStep",
}
WORKED_ON = (EntryKind.SUSPENDED, EntryKind.RESUMED, EntryKind.FINISHED)


class Telling:
    """One step of one case, and what of its ledger was told."""

    def __init__(self, desk: Desk, matter: str, ledger: list[Entry], *, checks: bool) -> None:
        self.desk = desk
        self.checks = checks
        received = next((entry.at for entry in ledger if entry.kind is EntryKind.RECEIVED), ledger[0].at)
        begins = min(entry.at for entry in ledger) if checks else received
        self.step = (
            f"{desk.open(matter, occur_time=stamp(begins), late_reason='补录').name}/matters/{matter}/steps/only"
        )
        if checks:
            desk.bring(self.step)
        self.ledger = ledger
        self.numbers: dict[int, int] = {}  # of the labelled case: in the service's ledger
        self.entries = 0
        self.refused: list[Entry] = []
        if not checks:
            # its clock began when the case was opened
            first = next(entry for entry in ledger if entry.kind is EntryKind.RECEIVED)
            self.entries = self.numbers[first.number] = 1

    def tell(self) -> steps_pb2.DeadlineExplanation:
        """Everything, until nothing more is taken; how the dates come about then."""
        waiting = [entry for entry in self.ledger if entry.number not in self.numbers]
        while waiting:
            left = [entry for entry in waiting if not self._enter(entry)]
            if len(left) == len(waiting):
                break
            # a correction is of what was there: told again, it would be of something else
            waiting = [entry for entry in left if entry.kind is not EntryKind.CORRECTED]
        self.refused = waiting
        return self.explained()

    def explained(self) -> steps_pb2.DeadlineExplanation:
        """How the dates come about."""
        asked = steps_pb2.ExplainDeadlineRequest(name=self.step)
        found: steps_pb2.DeadlineExplanation = self.desk.steps.ExplainDeadline(asked)
        return found

    def _enter(self, entry: Entry) -> bool:
        """Whether the service takes it."""
        verb, fields = VERBS[entry.kind], fields_of(entry)
        if entry.kind is EntryKind.CORRECTED:
            target = self.numbers.get(entry.target or 0)
            if target is None or (entry.target or 0) >= entry.number:
                fields["corrects"] = entry.target or 0
            elif self._is(entry.target, EntryKind.FINISHED):
                verb, fields = "ReturnStep", {"reason": "更正"}
            else:
                fields["corrects"] = target
        if entry.kind in WORKED_ON and not self.checks:
            self._act("StartStep", entry)
        if not self._act(verb, entry, **fields):
            return False
        self.entries += 1
        self.numbers[entry.number] = self.entries
        return True

    def _is(self, number: int | None, kind: EntryKind) -> bool:
        return any(entry.number == number and entry.kind is kind for entry in self.ledger)

    def _act(self, verb: str, entry: Entry, **fields: Any) -> bool:
        request = getattr(steps_pb2, f"{verb}Request")(
            name=self.step, request_id=request_id(), occur_time=stamp(entry.at), late_reason="补录", **fields
        )
        try:
            getattr(self.desk.steps, verb)(request)
        except grpc.RpcError as error:
            if error.code() in REFUSED:
                return False
            raise
        return True


def fields_of(entry: Entry) -> dict[str, Any]:
    """What the verb of an entry asks for."""
    kind = entry.kind
    if kind is EntryKind.GAPS:
        return {"gaps": entry.items, "evidence": "告知书"}
    if kind is EntryKind.SUPPLIED:
        return {"items": entry.items}
    if kind is EntryKind.SUSPENDED:
        return {
            "suspension": clock_pb2.ClockEntry.Suspension.Value(entry.suspension or ""),
            "legal_basis": entry.basis,
            # the contract wants a notice of an emergency too
            "evidence": entry.notice or ("通告" if entry.suspension is SuspensionKind.FORCE else ""),
            "reason": "中止",
            "maximum": span(entry.maximum) if entry.maximum else None,
            "approver": entry.approver,
        }
    if kind is EntryKind.RESUMED:
        return {"suspension": clock_pb2.ClockEntry.Suspension.Value(entry.suspension or "")}
    if kind is EntryKind.EXTENDED:
        return {"extension": entry.n or 0, "approver": entry.approver, "reason": "延长", "evidence": "通知书"}
    if kind is EntryKind.CORRECTED:
        return {"reason": "更正"}
    return {"result": {"done": "是"}} if kind is EntryKind.FINISHED else {}


def span(known: Span) -> clock_pb2.Span:
    return clock_pb2.Span(n=known.n, unit=clock_pb2.Limit.Unit.Value(known.unit))


def stamp(at: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(at.astimezone(UTC))
    return found
