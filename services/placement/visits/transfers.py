"""Handlers of technology transfers (成果转化)."""

from __future__ import annotations

from typing import Any

import grpc
from liancai.placement.v1 import technology_transfers_pb2 as pb
from liancai.placement.v1 import technology_transfers_pb2_grpc
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from services.fields import read_credit_code, read_division, read_words
from services.placement import queries
from services.placement.tables import AssignmentRow, CommissionerRow, TechnologyTransferRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Exists, Invalid, NotFound, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of

MOST_AMOUNT = 10**13  # fen
Message = pb.TechnologyTransfer


class TechnologyTransfers(technology_transfers_pb2_grpc.TechnologyTransfersServicer):
    """A record is never changed: the next stage is another record."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def RecordTechnologyTransfer(
        self, request: pb.RecordTechnologyTransferRequest, context: grpc.ServicerContext
    ) -> pb.TechnologyTransfer:
        """A transfer at one of its stages."""
        call, reading = Call.of(context), Reading()
        asked = request.technology_transfer
        reading.request_id(request.request_id)
        at = "technology_transfer"
        who = reading.name(f"{at}.commissioner", asked.commissioner, "commissioners").partition("/")[2]
        reading.optional_name(f"{at}.assignment", asked.assignment, "assignments")
        reading.optional_name(f"{at}.continues", asked.continues, "technologyTransfers")
        values = self._read(reading, at, asked)
        reading.done()

        def work(tx: Tx) -> pb.TechnologyTransfer:
            person = tx.session.get(CommissionerRow, who)
            if person is None or not call.may("placement.commissioner.read", queries.scope_of(person)):
                raise NotFound(asked.commissioner)
            host = _host(tx, call, asked, values, who)
            number = queries.next_number(tx, f"technologyTransfers/{day_of(tx.now):%Y%m}")
            row = TechnologyTransferRow(
                id=number,
                commissioner_id=who,
                assignment_id=asked.assignment.partition("/")[2] or None,
                home_unit_credit_code=person.home_unit_credit_code,
                partner_division=person.division if person.division != host["division"] else "",
                continues_id=asked.continues.partition("/")[2] or None,
                create_time=tx.now,
                **{**values, **host},
            )
            if not call.may(call.action, Scope(queries.scope_of(row).divisions, (row.home_unit_credit_code,))):
                raise Denied(call.action)
            _once(tx, call, row)
            tx.session.add(row)
            tx.session.flush()
            detail = {"commissioner": asked.commissioner, "stage": row.stage, "amount_fen": row.amount_fen}
            tx.record(call, f"technologyTransfers/{number}", event="technology_transfer.recorded", detail=detail)
            return _message(row, "")

        return self._database.write(call, request, work, key=asked.commissioner)

    def GetTechnologyTransfer(
        self, request: pb.GetTechnologyTransferRequest, context: grpc.ServicerContext
    ) -> pb.TechnologyTransfer:
        """One record."""
        reading = Reading()
        reading.name("name", request.name, "technologyTransfers")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, Call.of(context), TechnologyTransferRow, request.name)
            return _messages(session, [row])[0]

    def ListTechnologyTransfers(
        self, request: pb.ListTechnologyTransfersRequest, context: grpc.ServicerContext
    ) -> pb.ListTechnologyTransfersResponse:
        """A page of the records within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reach = queries.within_reach(call, TechnologyTransferRow)
        wanted = _filtered(request.filter).where(reach).order_by(TechnologyTransferRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(TechnologyTransferRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            shown = _messages(session, rows[: page.size])
        return pb.ListTechnologyTransfersResponse(
            technology_transfers=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def _read(self, reading: Reading, at: str, asked: pb.TechnologyTransfer) -> dict[str, Any]:
        """The values of a row as far as the message has them, each checked."""
        (stage,) = reading.choices(f"{at}.stage", [asked.stage], Message.Stage) or [""]
        contract = 1 if stage == "LANDED" or asked.registration_number or asked.amount_fen else 0
        values: dict[str, Any] = {
            "title": read_words(reading, f"{at}.title", asked.title, 2, 200),
            "contract_number": reading.text(f"{at}.contract_number", asked.contract_number, contract, 64),
            "registration_number": reading.text(f"{at}.registration_number", asked.registration_number, 0, 64),
            "amount_fen": reading.number(f"{at}.amount_fen", asked.amount_fen, 0, MOST_AMOUNT),
            "stage": stage,
            "stage_date": reading.day(f"{at}.stage_date", asked.stage_date),
            "intellectual_property": read_words(
                reading, f"{at}.intellectual_property", asked.intellectual_property, 0, 500
            ),
            "site": reading.text(f"{at}.site", asked.site, 0, 100),
        }
        if values["stage_date"] > day_of(self._database.clock()):
            reading.wrong(f"{at}.stage_date", "FIELD_FUTURE")
        if not asked.assignment:
            values["host_credit_code"] = read_credit_code(reading, f"{at}.host_credit_code", asked.host_credit_code)
            values["host_name"] = reading.text(f"{at}.host_name", asked.host_name, 2, 100)
            values["division"] = read_division(reading, f"{at}.division", asked.division, required=True)
        return values


def _host(tx: Tx, call: Call, asked: pb.TechnologyTransfer, values: dict[str, Any], who: str) -> dict[str, str]:
    """Host and division: of the assignment, where there is one. It and the record continued are of the same two."""
    if asked.assignment:
        row = tx.session.get(AssignmentRow, asked.assignment.partition("/")[2])
        if row is None or not call.may("placement.assignment.read", queries.scope_of(row)):
            raise NotFound(asked.assignment)
        if row.commissioner_id != who:
            raise Invalid(Violation("technology_transfer.assignment", "FIELD_SAME_PARTIES"))
        host = {name: getattr(row, name) for name in ("host_credit_code", "host_name", "division")}
    else:
        host = {name: values[name] for name in ("host_credit_code", "host_name", "division")}
    if asked.continues:
        before = tx.session.get(TechnologyTransferRow, asked.continues.partition("/")[2])
        if before is None or not call.may("placement.transfer.read", queries.scope_of(before)):
            raise NotFound(asked.continues)
        if (before.commissioner_id, before.host_credit_code) != (who, host["host_credit_code"]):
            raise Invalid(Violation("technology_transfer.continues", "FIELD_SAME_PARTIES"))
    return host


def _once(tx: Tx, call: Call, row: TechnologyTransferRow) -> None:
    """Raises Exists for a registration that another transfer has, or a record that is continued already.

    The other record is named only to those who may see it.
    """
    same = TechnologyTransferRow.continues_id == row.continues_id
    if row.continues_id is None:
        same = TechnologyTransferRow.registration_number == row.registration_number
        if not row.registration_number:
            return
    other = tx.session.scalars(select(TechnologyTransferRow).where(same).order_by(TechnologyTransferRow.id)).first()
    if other is not None:
        seen = call.may("placement.transfer.read", queries.scope_of(other))
        raise Exists("TRANSFER_EXISTS", transfer=f"technologyTransfers/{other.id}" if seen else "-")


def _messages(session: Session, rows: Any) -> list[pb.TechnologyTransfer]:
    """Records as their readers see them."""
    ids = [row.id for row in rows]
    column = TechnologyTransferRow.continues_id
    after = {
        str(before): later
        for before, later in session.execute(select(column, TechnologyTransferRow.id).where(column.in_(ids)))
    }
    return [_message(row, after.get(row.id, "")) for row in rows]


def _message(row: TechnologyTransferRow, continued_by: str) -> pb.TechnologyTransfer:
    plain = {
        name: getattr(row, name)
        for name in (
            *("host_credit_code", "host_name", "division", "partner_division", "title", "contract_number"),
            *("registration_number", "amount_fen", "intellectual_property", "site"),
        )
    }
    return Message(
        name=f"technologyTransfers/{row.id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        assignment=f"assignments/{row.assignment_id}" if row.assignment_id else "",
        stage=Message.Stage.Value(row.stage),
        stage_date=row.stage_date.isoformat(),
        continues=f"technologyTransfers/{row.continues_id}" if row.continues_id else "",
        continued_by=f"technologyTransfers/{continued_by}" if continued_by else "",
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        **plain,
    )


def current() -> Any:
    """That a record is the last one of its transfer."""
    later = aliased(TechnologyTransferRow)
    return ~exists().where(later.continues_id == TechnologyTransferRow.id)


def _filtered(asked: pb.ListTechnologyTransfersRequest.Filter) -> Select[TechnologyTransferRow]:
    """The records that a filter asks for."""
    reading = Reading()
    wanted = select(TechnologyTransferRow)
    if name := reading.optional_name("filter.commissioner", asked.commissioner, "commissioners"):
        wanted = wanted.where(TechnologyTransferRow.commissioner_id == name.partition("/")[2])
    if asked.host_credit_code:
        code = read_credit_code(reading, "filter.host_credit_code", asked.host_credit_code)
        wanted = wanted.where(TechnologyTransferRow.host_credit_code == code)
    if stages := reading.choices("filter.stages", asked.stages, Message.Stage):
        wanted = wanted.where(TechnologyTransferRow.stage.in_(stages))
    if asked.current:
        wanted = wanted.where(current())
    reading.done()
    return wanted
