"""Handlers of steps (环节) and their clocks."""

from __future__ import annotations

from typing import Any

import grpc
from liancai.talent.v1 import clock_pb2, steps_pb2_grpc
from liancai.talent.v1 import steps_pb2 as pb

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.later import Answer, answers_later
from services.platform.requests import Reading
from services.talent.casework.acting import Act, Actor
from services.talent.casework.editions import Editions
from services.talent.fields import read_approver, read_span, read_words
from services.talent.queries import read_step
from services.talent.steps.explaining import explain
from services.talent.steps.relays import read_relay

MOST_GAPS = 50
MOST_RESULTS = 20


class Steps(steps_pb2_grpc.StepsServicer):
    """Every verb goes through one list path: the writer lane puts neighbours together."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions
        self._act = Actor(editions).act_many

    @answers_later
    def ReceiveStep(self, request: pb.ReceiveStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """收件."""
        reading = Reading()
        evidence = reading.text("evidence", request.evidence, 0, 200)
        return self._do(context, request, "receive", reading, evidence=evidence)

    @answers_later
    def NotifyGaps(self, request: pb.NotifyGapsRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """一次性告知."""
        reading = Reading()
        gaps = read_words(reading, "gaps", request.gaps, MOST_GAPS, least=1)
        evidence = reading.text("evidence", request.evidence, 1, 200)
        return self._do(context, request, "notify", reading, items=gaps, evidence=evidence)

    @answers_later
    def SupplyStep(self, request: pb.SupplyStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """补正."""
        reading = Reading()
        items = read_words(reading, "items", request.items, MOST_GAPS)
        evidence = reading.text("evidence", request.evidence, 0, 200)
        return self._do(context, request, "supply", reading, items=items, evidence=evidence)

    @answers_later
    def AcceptStep(self, request: pb.AcceptStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """受理."""
        reading = Reading()
        evidence = reading.text("evidence", request.evidence, 0, 200)
        return self._do(context, request, "accept", reading, evidence=evidence)

    @answers_later
    def StartStep(self, request: pb.StartStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Ready or returned -> running."""
        return self._do(context, request, "start", Reading())

    @answers_later
    def SuspendStep(self, request: pb.SuspendStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Running -> suspended."""
        call, reading = Call.of(context), Reading()
        kinds = reading.choices("suspension", [request.suspension], clock_pb2.ClockEntry.Suspension)
        longest = read_span(reading, "maximum", request.maximum) if request.HasField("maximum") else None
        approver = read_approver(reading, call, request.approver, required=kinds == ["FORCE"])
        return self._do(
            context,
            request,
            "suspend",
            reading,
            suspension=kinds[0] if kinds else "",
            basis=reading.text("legal_basis", request.legal_basis, 1, 200),
            evidence=reading.text("evidence", request.evidence, 1, 200),
            reason=reading.text("reason", request.reason, 1, 500),
            maximum=longest,
            approver=approver,
        )

    @answers_later
    def ResumeStep(self, request: pb.ResumeStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Suspended -> running."""
        reading = Reading()
        wished = [request.suspension] if request.suspension else []
        kinds = reading.choices("suspension", wished, clock_pb2.ClockEntry.Suspension)
        evidence = reading.text("evidence", request.evidence, 0, 200)
        return self._do(context, request, "resume", reading, suspension=kinds[0] if kinds else "", evidence=evidence)

    @answers_later
    def ExtendStep(self, request: pb.ExtendStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """A longer limit."""
        call, reading = Call.of(context), Reading()
        return self._do(
            context,
            request,
            "extend",
            reading,
            extension=reading.number("extension", request.extension, 1, 366),
            approver=read_approver(reading, call, request.approver, required=True),
            reason=reading.text("reason", request.reason, 1, 500),
            evidence=reading.text("evidence", request.evidence, 1, 200),
        )

    @answers_later
    def CorrectStep(self, request: pb.CorrectStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """更正."""
        reading = Reading()
        at = None
        if request.HasField("corrected_time"):
            at = reading.instant("corrected_time", request.corrected_time, self._database.clock())
        return self._do(
            context,
            request,
            "correct",
            reading,
            corrects=reading.number("corrects", request.corrects, 1, 100_000),
            corrected_time=at,
            reason=reading.text("reason", request.reason, 1, 500),
            evidence=reading.text("evidence", request.evidence, 0, 200),
        )

    @answers_later
    def CompleteStep(self, request: pb.CompleteStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Running -> done."""
        reading = Reading()
        if len(request.result) > MOST_RESULTS:
            reading.wrong("result", "FIELD_TOO_MANY", most=MOST_RESULTS)
        return self._do(
            context,
            request,
            "complete",
            reading,
            outcome=reading.text("outcome", request.outcome, 0, 32),
            result=dict(request.result),
            evidence=reading.text("evidence", request.evidence, 0, 200),
        )

    @answers_later
    def ReturnStep(self, request: pb.ReturnStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Back to be done again."""
        reading = Reading()
        return self._do(context, request, "return", reading, reason=reading.text("reason", request.reason, 1, 500))

    @answers_later
    def SkipStep(self, request: pb.SkipStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Left out."""
        reading = Reading()
        return self._do(context, request, "skip", reading, reason=reading.text("reason", request.reason, 1, 500))

    @answers_later
    def AssignStep(self, request: pb.AssignStepRequest, context: grpc.ServicerContext) -> Answer:  # type: ignore[override]
        """Somebody's work."""
        reading = Reading()
        return self._do(
            context,
            request,
            "assign",
            reading,
            unit=reading.text("unit", request.unit, 0, 64),
            assignee=reading.text("assignee", request.assignee, 0, 200),
        )

    def ExplainDeadline(
        self, request: pb.ExplainDeadlineRequest, context: grpc.ServicerContext
    ) -> pb.DeadlineExplanation:
        """Day by day."""
        return explain(self._database, self._editions, Call.of(context), request)

    def GetRelay(self, request: pb.GetRelayRequest, context: grpc.ServicerContext) -> pb.Relay:
        """Who holds the clock of a matter."""
        return read_relay(self._database, self._editions, Call.of(context), request)

    def _do(self, context: grpc.ServicerContext, request: Any, verb: str, reading: Reading, **values: Any) -> Answer:
        """Checks what every verb asks for, and has the act done."""
        call = Call.of(context)
        step = read_step(reading, "name", request.name)
        reading.request_id(request.request_id)
        now = self._database.clock()
        occurred, late_reason = reading.occurred(call, request, now)
        reading.done()
        act = Act(call, verb, step, request.etag, occurred, late_reason, values)
        return self._database.write_together(call, request, act, self._act, key=f"cases/{step[0]}")
