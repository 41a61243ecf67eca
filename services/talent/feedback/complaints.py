"""Handlers of complaints, each on a clock of its own."""

from __future__ import annotations

from datetime import date

import grpc
from liancai.talent.v1 import complaints_pb2 as pb
from liancai.talent.v1 import complaints_pb2_grpc

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent.casefiles import CaseFile
from services.talent.casework.editions import Editions
from services.talent.feedback.remarking import check_matter, days_after, locked, of_cases, tell, unseal
from services.talent.fields import read_approver
from services.talent.queries import next_number, read_case
from services.talent.tables import ComplaintRow

ANSWER, EXTENSION = "complaint.answer", "complaint.extension"
LONGEST = 2000  # characters


class Complaints(complaints_pb2_grpc.ComplaintsServicer):
    """By the times that the division which holds the case has set."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._pack = editions.pack

    def FileComplaint(self, request: pb.FileComplaintRequest, context: grpc.ServicerContext) -> pb.Complaint:
        """Received."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number = read_case(reading, "case_name", request.case_name)
        matter = reading.text("matter", request.matter, 0, 40)
        channels = reading.choices("channel", [request.channel], pb.Complaint.Channel)
        text = reading.text("text", request.text, 1, LONGEST)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()

        def work(tx: Tx) -> pb.Complaint:
            file = locked(tx, call, number)
            check_matter(file, matter)
            day = day_of(occurred)
            known = self._pack.find(ANSWER, file.division, day)
            due, provisional = days_after(day, known)
            complaint_id = next_number(tx, f"complaints/{day_of(tx.now):%Y%m}")
            row = ComplaintRow(
                id=complaint_id,
                case_id=number,
                matter=matter,
                channel=channels[0],
                state="RECEIVED",
                text_sealed=self._database.vault.seal(text, f"complaints/{complaint_id}", "text"),
                actor=call.caller.subject,
                receive_time=occurred,
                due=due,
                provisional=provisional,
                confidence=known.confidence if known and due else "",
                approver="",
                extend_reason="",
                record_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            told = {
                "complaint": f"complaints/{complaint_id}",
                "matter": matter,
                "channel": channels[0],
                "due": _day(due),
            }
            tell(tx, call, file, "complaint.filed", occurred=occurred, late_reason=late_reason, **told)
            return self._complaint(row)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def ExtendComplaint(self, request: pb.ExtendComplaintRequest, context: grpc.ServicerContext) -> pb.Complaint:
        """Once."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        name = reading.name("name", request.name, "complaints")
        approver = read_approver(reading, call, request.approver, required=True)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.done()

        def work(tx: Tx) -> pb.Complaint:
            row, file = self._locked(tx, call, name, request.etag)
            known = self._pack.find(EXTENSION, file.division, day_of(row.receive_time))
            longer, provisional = days_after(row.due, known) if row.due else (None, False)
            if row.approver or longer is None:
                raise Refused("COMPLAINT_EXTENSION", complaint=name)
            row.due, row.provisional, row.approver, row.extend_reason = longer, provisional, approver, reason
            tx.session.flush()
            told = {"complaint": name, "approver": approver, "reason": reason, "due": _day(longer)}
            tell(tx, call, file, "complaint.extended", **told)
            return self._complaint(row)

        return self._database.write(call, request, work, key=name)

    def AnswerComplaint(self, request: pb.AnswerComplaintRequest, context: grpc.ServicerContext) -> pb.Complaint:
        """Received -> answered."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        name = reading.name("name", request.name, "complaints")
        answer = reading.text("answer", request.answer, 1, LONGEST)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()

        def work(tx: Tx) -> pb.Complaint:
            row, file = self._locked(tx, call, name, request.etag)
            row.state, row.answer_time = "ANSWERED", occurred
            row.answer_sealed = self._database.vault.seal(answer, name, "answer")
            tx.session.flush()
            late = row.due is not None and day_of(occurred) > row.due
            told = {"complaint": name, "late": late}
            tell(tx, call, file, "complaint.answered", occurred=occurred, late_reason=late_reason, **told)
            return self._complaint(row)

        return self._database.write(call, request, work, key=name)

    def ListComplaints(
        self, request: pb.ListComplaintsRequest, context: grpc.ServicerContext
    ) -> pb.ListComplaintsResponse:
        """A page of those within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = of_cases(call, ComplaintRow).order_by(ComplaintRow.id.desc())
        if request.unanswered:
            wanted = wanted.where(ComplaintRow.state == "RECEIVED")
        if page.after:
            wanted = wanted.where(ComplaintRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListComplaintsResponse(
            complaints=[self._complaint(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def _locked(self, tx: Tx, call: Call, name: str, etag: str) -> tuple[ComplaintRow, CaseFile]:
        """A complaint that is not answered, with its case, which is locked."""
        row = tx.session.get(ComplaintRow, name.partition("/")[2])
        if row is None:
            raise NotFound(name)
        file = locked(tx, call, row.case_id)
        tx.session.refresh(row)
        check_etag(etag, name, row.version)
        if row.state != "RECEIVED":
            raise Refused("COMPLAINT_ANSWERED", complaint=name)
        return row, file

    def _complaint(self, row: ComplaintRow) -> pb.Complaint:
        name, vault = f"complaints/{row.id}", self._database.vault
        until = day_of(row.answer_time or self._database.clock())
        return pb.Complaint(
            name=name,
            case_name=f"cases/{row.case_id}",
            matter=row.matter,
            channel=pb.Complaint.Channel.Value(row.channel),
            state=pb.Complaint.State.Value(row.state),
            text=vault.unseal(row.text_sealed, name, "text"),
            receive_time=stamp(row.receive_time),
            due_date=_day(row.due),
            provisional=row.provisional,
            confidence=row.confidence,
            approver=row.approver,
            extend_reason=row.extend_reason,
            answer=unseal(vault, row.answer_sealed, name, "answer"),
            answer_time=stamp(row.answer_time),
            late=row.due is not None and until > row.due,
            etag=etag_of(row.version),
        )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
