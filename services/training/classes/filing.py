"""The filing of a class (开班备案): checked, filed, reviewed, returned with all its gaps at once, approved."""

from __future__ import annotations

from typing import Any

from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2 as pb

from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.conditions import Level
from services.training import messages, queries
from services.training.agreements import covering
from services.training.classes import bookings
from services.training.classes.fields import sessions_of
from services.training.classes.filing_facts import found_gaps
from services.training.classes.steps import Steps, require_order
from services.training.rules import filing as rules
from services.training.rules.findings import Finding
from services.training.rules.states import ClassState, Seat
from services.training.seats import ledger
from services.training.tables import ClassRow, OrderRow

OFFICER = "TF-OFFICER"  # the code of a gap that an officer names
MOST_NAMED = 50
TOLD = 5000  # bytes of gaps in one refusal: a client takes no more than 8 KiB of metadata


class Filing(Steps):
    """From draft to approved."""

    def check(self, call: Call, request: pb.CheckFilingRequest) -> pb.FilingReport:
        """What the filing lacks now."""
        reading = Reading()
        reading.name("name", request.name, "classes")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, ClassRow, request.name)
            found = found_gaps(session, self._pack, row, self._database.clock())
        return pb.FilingReport(
            class_name=request.name,
            gaps=[messages.gap(call, stored(each)) for each in found],
            complete=not rules.blocking(found),
            rule_pack=self._pack.fingerprint,
        )

    def file(self, call: Call, request: pb.FileClassRequest) -> pb.Class:
        """Draft or returned -> filed: takes the seats, the teachers and the rooms."""
        return self.advance(call, request, "file", lambda tx, row: self.take(tx, row, held=0))

    def take(self, tx: Tx, row: ClassRow, *, held: int) -> dict[str, Any]:
        """The columns of a class that is filed, or filed anew with `held` seats; takes all that it needs."""
        order = tx.session.get_one(OrderRow, row.order_id, populate_existing=True)
        require_order(order)
        today = day_of(tx.now)
        if order.valid_until < today:
            raise Refused("ORDER_EXPIRED", order=f"orders/{order.id}", valid_until=order.valid_until.isoformat())
        covered = covering.coverage(tx.session, self._pack, order, today).heads
        if covered < order.headcount:  # an agreement has ended since the order was contracted
            raise Refused("ORDER_NOT_COVERED", order=f"orders/{order.id}", covered=covered, headcount=order.headcount)
        queries.active_institution(tx.session, row.institution_credit_code)
        bookings.book(tx, row, sessions_of(tx.session, row.id))
        more = row.capacity - held
        source, target = (Seat.OPEN, Seat.COMMITTED) if more > 0 else (Seat.COMMITTED, Seat.OPEN)
        ledger.move(tx, row.order_id, row.id, source, target, abs(more), "")
        return {
            "state": ClassState.FILED,
            "file_time": tx.now,
            "reviewer": "",
            "gaps": [],
            "reason": "",
            "remarks": self.remarks(row, today),
        }

    def review(self, call: Call, request: pb.ReviewClassRequest) -> pb.Class:
        """Filed -> reviewed (初审), if nothing is missing that must be there."""

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            if missing := rules.blocking(found_gaps(tx.session, self._pack, row, tx.now)):
                raise Refused(
                    "FILING_GAPS",
                    details=_told(call, missing),
                    class_name=request.name,
                    codes=", ".join(dict.fromkeys(each.code for each in missing)),
                )
            return {"reviewer": call.caller.subject}

        return self.advance(call, request, "review", work)

    def send_back(self, call: Call, request: pb.ReturnClassRequest) -> pb.Class:
        """Filed or reviewed -> returned, with what the rules find and what the officer names."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 0, 500)
        if len(request.gaps) > MOST_NAMED:
            reading.wrong("gaps", "FIELD_TOO_MANY", most=MOST_NAMED)
        named = [reading.text(f"gaps[{index}]", text, 1, 200) for index, text in enumerate(request.gaps[:MOST_NAMED])]

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            gaps = [stored(Finding(Level.ERROR, OFFICER), text) for text in named]
            gaps += [stored(each) for each in found_gaps(tx.session, self._pack, row, tx.now) if rules.is_gap(each)]
            if not gaps and not reason:
                wrong = Reading()
                wrong.wrong("reason", "FIELD_REQUIRED")
                wrong.done()
            return give_back(tx, row, gaps, reason)

        return self.advance(call, request, "return", work, reading)

    def approve(self, call: Call, request: pb.ApproveClassRequest) -> pb.Class:
        """Reviewed -> approved (审核), by somebody else."""

        def work(_tx: Tx, row: ClassRow) -> dict[str, Any]:
            if row.reviewer == call.caller.subject:
                raise Refused("SAME_OFFICER", class_name=request.name)
            return {}

        return self.advance(call, request, "approve", work)


def _told(call: Call, missing: list[Finding]) -> list[types_pb2.Finding]:
    """The gaps of a refusal in words, as many as metadata takes: the codes are all named, a check has all the words."""
    told, room = [], TOLD
    for each in missing:
        gap = messages.gap(call, stored(each))
        room -= gap.ByteSize()
        if room < 0:
            break
        told.append(gap)
    return told


def give_back(tx: Tx, row: ClassRow, gaps: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    """The columns of a filing that is returned; gives back its seats, teachers and rooms."""
    bookings.free(tx, row.id)
    ledger.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, row.capacity, reason)
    return {"state": ClassState.RETURNED, "gaps": gaps, "reason": reason, "reviewer": ""}


def stored(finding: Finding, text: str = "") -> dict[str, Any]:
    """A gap as the class's row keeps it; `text` is an officer's own words."""
    return {
        "level": finding.level.value,
        "code": finding.code,
        "field": finding.column,
        "text": text,
        "values": finding.values,
    }
