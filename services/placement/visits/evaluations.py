"""Handlers of yearly evaluations (年度评价) and subsidies. The service counts; the bureau grades and pays."""

from __future__ import annotations

from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import evaluations_pb2 as pb
from liancai.placement.v1 import evaluations_pb2_grpc
from sqlalchemy import Select, literal, select, tuple_

from services.fields import read_words
from services.placement import queries
from services.placement.rules import serving
from services.placement.tables import CommissionerRow, EvaluationRow, SubsidyRow
from services.placement.visits import yearly
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Invalid, Refused, Violation
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.reference.workdays import CalendarNotPublished

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_AMOUNT = 10**13  # fen


class Evaluations(evaluations_pb2_grpc.EvaluationsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def GetEvaluationInputs(
        self, request: pb.GetEvaluationInputsRequest, context: grpc.ServicerContext
    ) -> pb.EvaluationInputs:
        """One year of a commissioner, counted."""
        call, reading = Call.of(context), Reading()
        reading.name("commissioner", request.commissioner, "commissioners")
        reading.number("year", request.year, FIRST_YEAR, LAST_YEAR)
        reading.done()
        today = day_of(self._database.clock())
        with self._database.reading() as session:
            row = queries.visible(session, call, CommissionerRow, request.commissioner)
            try:
                return yearly.inputs(session, self._pack, row, request.year, today)
            except CalendarNotPublished as unknown:
                raise Refused("CALENDAR_NOT_PUBLISHED", year=unknown.year) from None

    def RecordEvaluation(self, request: pb.RecordEvaluationRequest, context: grpc.ServicerContext) -> pb.Evaluation:
        """The grade that a bureau gives."""
        call, reading = Call.of(context), Reading()
        today = day_of(self._database.clock())
        reading.request_id(request.request_id)
        name = reading.name("commissioner", request.commissioner, "commissioners")
        reading.number("year", request.year, FIRST_YEAR, today.year)
        (grade,) = reading.choices("grade", [request.grade], pb.Evaluation.Grade) or [""]
        reason = read_words(reading, "reason", request.reason, 1, 500)
        reading.done()

        def work(tx: Tx) -> pb.Evaluation:
            person = queries.visible(tx.session, call, CommissionerRow, name, lock=True)
            allowed = serving.grades(self._pack, person.division, today)
            if grade not in allowed:
                raise Invalid(Violation("grade", "FIELD_CHOICE", {"allowed": ", ".join(allowed)}))
            if tx.session.get(EvaluationRow, (person.id, request.year)) is not None:
                raise Exists("EVALUATION_EXISTS", commissioner=name, year=request.year)
            row = EvaluationRow(
                commissioner_id=person.id,
                year=request.year,
                grade=grade,
                reason=reason,
                recorded_by=call.caller.subject,
                record_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            # the grade is for those who may read it: events and the trails of others have none
            tx.record(call, name, event="commissioner.evaluated", detail={"year": row.year}, noted={"grade": grade})
            return _evaluation(row)

        return self._database.write(call, request, work, key=name)

    def ListEvaluations(
        self, request: pb.ListEvaluationsRequest, context: grpc.ServicerContext
    ) -> pb.ListEvaluationsResponse:
        """A page of the grades within reach, newest year first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted: Select[EvaluationRow] = self._of(call, request, EvaluationRow)
        if request.year:
            wanted = wanted.where(EvaluationRow.year == request.year)
        key = (EvaluationRow.year, EvaluationRow.commissioner_id)
        wanted = wanted.order_by(*(column.desc() for column in key))
        if page.after is not None:
            wanted = wanted.where(tuple_(*key) < tuple_(*map(literal, page.after)))
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        token = self._pages.next_token(call, request, page, rows, "year", "commissioner_id")
        return pb.ListEvaluationsResponse(
            evaluations=[_evaluation(row) for row in rows[: page.size]], next_page_token=token
        )

    def RecordSubsidy(self, request: pb.RecordSubsidyRequest, context: grpc.ServicerContext) -> pb.Subsidy:
        """A subsidy as it was paid."""
        call, asked, reading = Call.of(context), request.subsidy, Reading()
        reading.request_id(request.request_id)
        name = reading.name("subsidy.commissioner", asked.commissioner, "commissioners")
        amount = reading.number("subsidy.amount_fen", asked.amount_fen, 1, MOST_AMOUNT)
        paid = reading.day("subsidy.pay_date", asked.pay_date)
        if paid > day_of(self._database.clock()):
            reading.wrong("subsidy.pay_date", "FIELD_FUTURE")
        basis = read_words(reading, "subsidy.basis", asked.basis, 2, 200)
        reading.done()

        def work(tx: Tx) -> pb.Subsidy:
            person = queries.visible(tx.session, call, CommissionerRow, name)
            row = SubsidyRow(
                id=queries.next_number(tx, f"subsidies/{day_of(tx.now):%Y%m}"),
                commissioner_id=person.id,
                amount_fen=amount,
                pay_date=paid,
                basis=basis,
                recorded_by=call.caller.subject,
                record_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            noted = {"subsidy": f"subsidies/{row.id}", "amount_fen": amount, "basis": basis}
            tx.record(call, name, event="commissioner.subsidy_recorded", noted=noted)
            return _subsidy(row)

        return self._database.write(call, request, work, key=name)

    def ListSubsidies(
        self, request: pb.ListSubsidiesRequest, context: grpc.ServicerContext
    ) -> pb.ListSubsidiesResponse:
        """A page of the subsidies within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted: Select[SubsidyRow] = self._of(call, request, SubsidyRow)
        if request.year:
            wanted = wanted.where(SubsidyRow.pay_date.between(date(request.year, 1, 1), date(request.year, 12, 31)))
        wanted = wanted.order_by(SubsidyRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(SubsidyRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListSubsidiesResponse(
            subsidies=[_subsidy(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def _of(self, call: Call, request: Any, table: Any) -> Select[Any]:
        """The rows of one commissioner, or of all within reach."""
        reading = Reading()
        name = reading.optional_name("commissioner", request.commissioner, "commissioners")
        if request.year:
            reading.number("year", request.year, FIRST_YEAR, LAST_YEAR)
        reading.done()
        reach = select(CommissionerRow.id).where(queries.within_reach(call, CommissionerRow))
        wanted = select(table).where(table.commissioner_id.in_(reach))
        return wanted.where(table.commissioner_id == name.partition("/")[2]) if name else wanted


def _evaluation(row: EvaluationRow) -> pb.Evaluation:
    return pb.Evaluation(
        commissioner=f"commissioners/{row.commissioner_id}",
        year=row.year,
        grade=pb.Evaluation.Grade.Value(row.grade),
        reason=row.reason,
        recorded_by=row.recorded_by,
        record_time=stamp(row.record_time),
    )


def _subsidy(row: SubsidyRow) -> pb.Subsidy:
    return pb.Subsidy(
        name=f"subsidies/{row.id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        amount_fen=row.amount_fen,
        pay_date=row.pay_date.isoformat(),
        basis=row.basis,
        recorded_by=row.recorded_by,
        record_time=stamp(row.record_time),
    )
