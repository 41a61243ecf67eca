"""Supervision orders (督办单): issued on a step, answered by its unit, signed off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from liancai.talent.v1 import supervision_pb2 as pb
from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, NotFound, Refused
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework.editions import Editions
from services.talent.queries import let_in, next_number, read_case, read_step, scope_of_step, steps_within_reach
from services.talent.rules.orders import ORDER_ENDED, ORDER_VERBS, OrderState
from services.talent.rules.states import STEP_OPEN
from services.talent.tables import CaseRow, StepRow, SupervisionOrderRow

COLLECTION = "supervisionOrders"


class OrderDesk:
    """Each change is one transaction that holds the case of the order."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions

    def issue(self, call: Call, request: pb.IssueSupervisionOrderRequest) -> pb.SupervisionOrder:
        """A new order on a step that is on a desk."""
        reading = Reading()
        case_id, matter, key = read_step(reading, "step", request.step)
        reading.request_id(request.request_id)
        requirement = reading.text("requirement", request.requirement, 1, 500)
        new_date = self._coming(reading, request.new_date)
        reading.done()

        def work(tx: Tx) -> pb.SupervisionOrder:
            file = casefiles.read(tx.connection, [case_id], lock=True).get(case_id)
            step = file.step(matter, key) if file else None
            if file is None or step is None:
                raise NotFound(request.step)
            call.require(scope_of_step(file, step), request.step)
            if step.alarm is None:
                allowed = ", ".join(STEP_OPEN)
                raise Refused("STEP_STATE", step=step.name, state=step.state, allowed=allowed)
            row = put(tx, call, file, step, requirement, new_date)
            casefiles.write(tx, [file])
            return message(row, day_of(tx.now))

        return self._database.write(call, request, work, key=f"cases/{case_id}")

    def get(self, call: Call, request: pb.GetSupervisionOrderRequest) -> pb.SupervisionOrder:
        """One order, for whoever may see its case or is of its unit."""
        reading = Reading()
        name = reading.name("name", request.name, COLLECTION)
        reading.done()
        with self._database.reading() as session:
            row = session.get(SupervisionOrderRow, _number(name))
            if row is None:
                raise NotFound(name)
            file = casefiles.read(session.connection(), [row.case_id])[row.case_id]
        call.require(_scope(file, row), name)
        return message(row, self._editions.today())

    def list(self, call: Call, request: pb.ListSupervisionOrdersRequest) -> pb.ListSupervisionOrdersResponse:
        """A page of the orders within reach, newest first."""
        reading = Reading()
        page = self._pages.read(call, request)
        states = reading.choices("states", request.states, pb.SupervisionOrder.State)
        unit = reading.text("unit", request.unit, 0, 64)
        number = read_case(reading, "case_name", request.case_name) if request.case_name else ""
        reading.done()
        wanted = (
            select(SupervisionOrderRow)
            .join(StepRow, StepRow.id == SupervisionOrderRow.step_id)
            .join(CaseRow, CaseRow.id == SupervisionOrderRow.case_id)
            .where(steps_within_reach(call, SupervisionOrderRow.unit))
            .order_by(SupervisionOrderRow.id.desc())
        )
        if states:
            wanted = wanted.where(SupervisionOrderRow.state.in_(states))
        if unit:
            wanted = wanted.where(SupervisionOrderRow.unit == unit)
        if number:
            wanted = wanted.where(SupervisionOrderRow.case_id == number)
        if page.after is not None:
            wanted = wanted.where(SupervisionOrderRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        token = self._pages.next_token(call, request, page, rows, "id")
        today = self._editions.today()
        return pb.ListSupervisionOrdersResponse(
            orders=[message(row, today) for row in rows[: page.size]], next_page_token=token
        )

    def answer(self, call: Call, request: pb.AnswerSupervisionOrderRequest) -> pb.SupervisionOrder:
        """Issued -> answered."""
        reading = Reading()
        answer = reading.text("answer", request.answer, 1, 500)

        def change(tx: Tx, row: SupervisionOrderRow) -> str:
            row.answer, row.answerer, row.answer_time = answer, call.caller.subject, tx.now
            return answer

        return self._change(call, request, reading, "answer", change)

    def give_back(self, call: Call, request: pb.ReturnSupervisionOrderRequest) -> pb.SupervisionOrder:
        """Answered -> issued."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        new_date = self._coming(reading, request.new_date) if request.new_date else None

        def change(_: Tx, row: SupervisionOrderRow) -> str:
            row.answer, row.answerer, row.answer_time, row.remark = "", "", None, reason
            row.new_date = new_date or row.new_date
            return reason

        return self._change(call, request, reading, "return", change)

    def sign_off(self, call: Call, request: pb.SignOffSupervisionOrderRequest) -> pb.SupervisionOrder:
        """Answered -> signed off."""
        reading = Reading()
        remark = reading.text("remark", request.remark, 0, 500)

        def change(tx: Tx, row: SupervisionOrderRow) -> str:
            if row.answerer == call.caller.subject:
                raise Refused("SUPERVISION_OWN_ANSWER", order=_name(row))
            row.remark, row.closer, row.close_time = remark, call.caller.subject, tx.now
            return remark

        return self._change(call, request, reading, "sign_off", change)

    def withdraw(self, call: Call, request: pb.WithdrawSupervisionOrderRequest) -> pb.SupervisionOrder:
        """Issued or answered -> withdrawn."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(tx: Tx, row: SupervisionOrderRow) -> str:
            row.remark, row.closer, row.close_time = reason, call.caller.subject, tx.now
            return reason

        return self._change(call, request, reading, "withdraw", change)

    def _coming(self, reading: Reading, given: str) -> date:
        found = reading.day("new_date", given)
        if found != date.min and found < self._editions.today():
            reading.wrong("new_date", "FIELD_PAST")
        return found

    def _change(
        self, call: Call, request: Any, reading: Reading, verb: str, change: Callable[[Tx, SupervisionOrderRow], str]
    ) -> pb.SupervisionOrder:
        name = reading.name("name", request.name, COLLECTION)
        reading.request_id(request.request_id)
        reading.done()
        allowed, after = ORDER_VERBS[verb]

        def work(tx: Tx) -> pb.SupervisionOrder:
            found = tx.session.get(SupervisionOrderRow, _number(name))
            if found is None:
                raise NotFound(name)
            # the case is locked first, as by everybody who changes anything of it
            file = casefiles.read(tx.connection, [found.case_id], lock=True)[found.case_id]
            row = tx.session.get_one(SupervisionOrderRow, found.id, populate_existing=True)
            call.require(_scope(file, row), name)
            check_etag(request.etag, name, row.version)
            if row.state not in allowed:
                raise Refused("SUPERVISION_STATE", order=name, state=row.state, allowed=", ".join(allowed))
            said = change(tx, row)
            row.state, row.update_time = after, tx.now
            tx.session.flush()
            told = {"order": name, "matter": row.matter, "step": row.step, "state": row.state}
            event = f"order.{verb}"
            tx.record(call, file.name, event=event, reason=said, detail=told, number=file.count_event())
            casefiles.write(tx, [file])
            return message(row, day_of(tx.now))

        return self._database.write(call, request, work, key=COLLECTION)


def put(
    tx: Tx, call: Call, file: CaseFile, step: StepFile, requirement: str, new_date: date, rung: str = ""
) -> SupervisionOrderRow:
    """Stores a new order on a step of a locked case. Raises Exists SUPERVISION_EXISTS."""
    if (there := under_way(tx, step)) is not None:
        raise Exists("SUPERVISION_EXISTS", order=_name(there), state=there.state)
    row = SupervisionOrderRow(
        id=next_number(tx, f"{COLLECTION}/{day_of(tx.now):%Y%m}"), state=OrderState.ISSUED, step_id=step.id,
        case_id=file.id, matter=step.matter, step=step.key, division=step.division, unit=step.unit,
        officer=step.assignee or file.owner, requirement=requirement, new_date=new_date, answer="", remark="",
        rung=rung, issuer=call.caller.subject, answerer="", closer="", issue_time=tx.now, answer_time=None,
        close_time=None, update_time=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    told = {
        "order": _name(row), "matter": row.matter, "step": row.step, "unit": row.unit, "officer": row.officer,
        "new_date": str(new_date), **({"rung": rung} if rung else {}),
    }  # fmt: skip
    tx.record(call, file.name, event="order.issued", reason=requirement, detail=told, number=file.count_event())
    return row


def under_way(tx: Tx, step: StepFile) -> SupervisionOrderRow | None:
    """The order on a step that nobody has signed off or withdrawn."""
    wanted = select(SupervisionOrderRow).where(
        SupervisionOrderRow.step_id == step.id, SupervisionOrderRow.state.not_in(ORDER_ENDED)
    )
    return tx.session.scalars(wanted).one_or_none()


def message(row: SupervisionOrderRow, today: date) -> pb.SupervisionOrder:
    """An order as its readers see it."""
    return pb.SupervisionOrder(
        name=_name(row),
        state=pb.SupervisionOrder.State.Value(row.state),
        step=f"cases/{row.case_id}/matters/{row.matter}/steps/{row.step}",
        unit=row.unit,
        officer=row.officer,
        requirement=row.requirement,
        new_date=row.new_date.isoformat(),
        answer=row.answer,
        remark=row.remark,
        rung=row.rung,
        issuer=row.issuer,
        answerer=row.answerer,
        closer=row.closer,
        issue_time=stamp(row.issue_time),
        answer_time=stamp(row.answer_time),
        close_time=stamp(row.close_time),
        overdue=row.state not in ORDER_ENDED and row.new_date < today,
        etag=etag_of(row.version),
    )


def _scope(file: CaseFile, row: SupervisionOrderRow) -> Scope:
    """The sides of its case that were let in, the side of the step first, and the unit that has to answer."""
    sides = let_in(file)
    own = tuple(sorted(sides, key=lambda code: code != row.division))
    return Scope(own, (row.unit,) if row.unit and row.division in sides else ())


def _name(row: SupervisionOrderRow) -> str:
    return f"{COLLECTION}/{row.id}"


def _number(name: str) -> str:
    return name.partition("/")[2]
