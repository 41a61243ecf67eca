"""Handlers of the way onto the register of commissioners and off it: recommended, vetted, endorsed, filed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import grpc
from liancai.placement.v1 import commissioners_pb2 as pb
from liancai.placement.v1 import commissioners_pb2_grpc
from sqlalchemy import select

from services.placement import messages, queries
from services.placement.rules import registering
from services.placement.rules.registering import Education, Kind, Title
from services.placement.rules.states import COMMISSIONER_VERBS, CommissionerState
from services.placement.tables import CommissionerRow, MemberRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack

Change = Callable[[Tx, CommissionerRow], None]


class Vetting(commissioners_pb2_grpc.CommissionersServicer):
    """Steps of a commissioner's life. Nobody vets for both county and city."""

    def __init__(self, database: Database, pack: Pack) -> None:
        self._database = database
        self._pack = pack

    def RecommendCommissioner(
        self, request: pb.RecommendCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.Commissioner:
        """Applied -> recommended, if it may be on the register at all."""
        return self._step(Call.of(context), request, "recommend", self._fit)

    def VetCommissioner(self, request: pb.VetCommissionerRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """Recommended -> vetted; who did it is kept."""
        call = Call.of(context)

        def change(tx: Tx, row: CommissionerRow) -> None:
            self._fit(tx, row)
            row.vetted_by = call.caller.subject

        return self._step(call, request, "vet", change)

    def EndorseCommissioner(
        self, request: pb.EndorseCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.Commissioner:
        """Vetted -> endorsed, by another officer."""
        call = Call.of(context)

        def change(_: Tx, row: CommissionerRow) -> None:
            if row.vetted_by == call.caller.subject:
                raise Refused("SAME_VETTER", commissioner=request.name)

        return self._step(call, request, "endorse", change)

    def FileCommissioner(self, request: pb.FileCommissionerRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """Endorsed -> filed, with certificate and term."""
        reading = Reading()
        certificate = reading.text("certificate_number", request.certificate_number, 1, 64)
        start = reading.day("term_start", request.term_start)
        if start > day_of(self._database.clock()):
            reading.wrong("term_start", "FIELD_FUTURE")

        def change(_: Tx, row: CommissionerRow) -> None:
            term = self._term(row, request.name, start)
            row.certificate_number, (row.term_start, row.term_end) = certificate, term

        return self._step(Call.of(context), request, "file", change, reading)

    def RefuseCommissioner(
        self, request: pb.RefuseCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.Commissioner:
        """Before it is filed -> refused, with a reason."""
        return self._end(Call.of(context), request, "refuse")

    def WithdrawCommissioner(
        self, request: pb.WithdrawCommissionerRequest, context: grpc.ServicerContext
    ) -> pb.Commissioner:
        """Any state before the end -> withdrawn, with a reason."""
        return self._end(Call.of(context), request, "withdraw")

    def RenewCommissioner(self, request: pb.RenewCommissionerRequest, context: grpc.ServicerContext) -> pb.Commissioner:
        """Another term, after the last one or from today."""

        def change(tx: Tx, row: CommissionerRow) -> None:
            self._fit(tx, row)
            last = row.term_end or date.min  # who is filed has a term
            start = max(last + timedelta(days=1), day_of(tx.now))
            row.term_end = self._term(row, request.name, start)[1]

        return self._step(Call.of(context), request, "renew", change, event="renewed")

    def _end(
        self, call: Call, request: pb.RefuseCommissionerRequest | pb.WithdrawCommissionerRequest, verb: str
    ) -> pb.Commissioner:
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, row: CommissionerRow) -> None:
            row.reason = reason

        return self._step(call, request, verb, change, reading, reason=reason)

    def _step(
        self,
        call: Call,
        request: Any,
        verb: str,
        change: Change,
        reading: Reading | None = None,
        *,
        reason: str = "",
        event: str = "",
    ) -> pb.Commissioner:
        """One step: `change` may refuse, and sets what the step brings."""
        checked = reading or Reading()
        name = checked.name("name", request.name, "commissioners")
        checked.request_id(request.request_id)
        checked.done()
        allowed, target = COMMISSIONER_VERBS[verb]

        def work(tx: Tx) -> pb.Commissioner:
            row = queries.for_change(tx, call, CommissionerRow, name, request.etag)
            require_state(row, allowed)
            change(tx, row)
            row.state, row.update_time = target, tx.now
            tx.session.flush()
            detail = {"state": target}
            tx.record(call, name, event=f"commissioner.{event or target.lower()}", reason=reason, detail=detail)
            return messages.commissioner(tx.session, self._database.vault, row)

        return self._database.write(call, request, work, key=name)

    def _fit(self, tx: Tx, row: CommissionerRow) -> None:
        """Raises Refused unless the commissioner may be on the register today; keeps by what that was decided."""
        name, today = f"commissioners/{row.id}", day_of(tx.now)
        if row.kind == Kind.INDIVIDUAL:
            title, education = Title[row.title], Education[row.education]
            if not registering.qualified(self._pack, title, education, row.division, today):
                raise Refused("COMMISSIONER_NOT_QUALIFIED", commissioner=name, pack=self._pack.fingerprint)
        elif row.kind == Kind.TEAM:
            members = tx.session.scalars(select(MemberRow.commissioner_id).where(MemberRow.team_id == row.id)).all()
            missing = _not_filed(tx, [str(row.leader_id), *members], today)
            if missing:
                raise Refused("TEAM_NOT_FILED", commissioner=name, members=", ".join(missing))
        row.rule_pack = self._pack.fingerprint

    def _term(self, row: CommissionerRow, name: str, start: date) -> registering.Span:
        """The term from a day. Raises Refused where nobody knows how long it is."""
        term = registering.term(self._pack, row.division, start)
        if term is None:
            raise Refused("TERM_UNKNOWN", commissioner=name, division=row.division)
        return term


def require_state(row: CommissionerRow, allowed: Sequence[CommissionerState]) -> None:
    """Raises Refused COMMISSIONER_STATE unless the commissioner is in one of these states."""
    if row.state not in allowed:
        name = f"commissioners/{row.id}"
        raise Refused("COMMISSIONER_STATE", commissioner=name, state=row.state, allowed=", ".join(allowed))


def _not_filed(tx: Tx, numbers: Sequence[str], today: date) -> list[str]:
    """Those who are not on the register today, in order of name."""
    filed = tx.session.scalars(
        select(CommissionerRow.id).where(
            CommissionerRow.id.in_(numbers),
            CommissionerRow.state == CommissionerState.FILED,
            CommissionerRow.term_end >= today,
        )
    ).all()
    return [f"commissioners/{each}" for each in sorted(set(numbers) - set(filed))]
