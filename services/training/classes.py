"""Handlers of classes (培训班)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import classes_pb2_grpc
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack, ParameterUnknown
from services.reference.workdays import CalendarNotPublished, published
from services.training import covering, messages, orders, queries, seats
from services.training.promotion import promote
from services.training.rules import states
from services.training.rules.states import CLASS_VERBS, ClassState, EnrolmentState, OrderState, Seat
from services.training.rules.timetable import Slot, minute_of, own_clash
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, SessionRow

CLOSED = "班级报名结束 · the class has closed"
MOST_SESSIONS = 1000
LONGEST_CLASS = 3 * 366  # days


class Classes(classes_pb2_grpc.ClassesServicer):
    """A class holds seats of its order from its filing to its end; each change of either is one transaction."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def CreateClass(self, request: pb.CreateClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """A draft; it holds no seats yet."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        asked = request.training_class
        order_name = reading.name("training_class.order", asked.order, "orders")
        values = _read_class(reading, asked)
        slots = _read_sessions(reading, asked, values["start_date"], values["end_date"])
        reading.done()

        def work(tx: Tx) -> pb.Class:
            order = self._order_for(tx, call, order_name, values["institution_credit_code"])
            number = queries.next_number(tx, f"classes/{day_of(tx.now):%Y%m}")
            row = ClassRow(
                id=number,
                state=ClassState.DRAFT,
                order_id=order.id,
                division=order.division,
                partner_division=order.partner_division,
                enterprise_credit_code=order.enterprise_credit_code,
                occupation_code=order.occupation_code,
                skill_level=order.skill_level,
                certificate_level=order.certificate_level,
                fund="NONE",
                lottery_seed=secrets.token_hex(8),
                create_time=tx.now,
                update_time=tx.now,
                remarks=[],
                **values,
            )
            call.require(queries.scope_of(row), order_name)
            tx.session.add(row)
            tx.session.flush()
            sessions = [
                SessionRow(class_id=number, day=slot.day, start_minute=slot.start, end_minute=slot.end, place=place)
                for slot, place in slots
            ]
            tx.session.add_all(sessions)
            tx.session.flush()
            tx.record(call, f"classes/{number}", event="class.created", detail={"order": order_name})
            return messages.training_class(call, row, sessions)

        return self._database.write(call, request, work, key=order_name)

    def GetClass(self, request: pb.GetClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """One class with its timetable."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "classes")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, ClassRow, request.name)
            return messages.training_class(call, row, _sessions(session, row.id))

    def ListClasses(self, request: pb.ListClassesRequest, context: grpc.ServicerContext) -> pb.ListClassesResponse:
        """A page of the classes within reach, newest first, without timetables."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked = request.filter
        wanted = select(ClassRow).where(queries.within_reach(call, ClassRow)).order_by(ClassRow.id.desc())
        reading = Reading()
        if states_asked := reading.choices("filter.states", asked.states, pb.Class.State):
            wanted = wanted.where(ClassRow.state.in_(states_asked))
        if order := reading.optional_name("filter.order", asked.order, "orders"):
            wanted = wanted.where(ClassRow.order_id == order.partition("/")[2])
        if institution := reading.text("filter.institution_credit_code", asked.institution_credit_code, 0, 18):
            wanted = wanted.where(ClassRow.institution_credit_code == institution)
        reading.done()
        if page.after is not None:
            wanted = wanted.where(ClassRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        more = len(rows) > page.size
        return pb.ListClassesResponse(
            classes=[messages.training_class(call, row) for row in rows[: page.size]],
            next_page_token=self._pages.token(call, request, [rows[page.size - 1].id]) if more else "",
        )

    def FileClass(self, request: pb.FileClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Draft -> filed: takes the seats."""
        call = Call.of(context)

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            order = tx.session.get_one(OrderRow, row.order_id)
            _takes_classes(order)
            queries.active_institution(tx.session, row.institution_credit_code)
            today = day_of(tx.now)
            if order.valid_until < today:
                raise Refused("ORDER_EXPIRED", order=f"orders/{order.id}", valid_until=order.valid_until.isoformat())
            seats.move(tx, row.order_id, row.id, Seat.OPEN, Seat.COMMITTED, row.capacity, "")
            return {"remarks": self._remarks(row, today), "reason": ""}

        return self._advance(call, request, "file", work)

    def ReturnClass(self, request: pb.ReturnClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Filed -> draft: gives the seats back."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            seats.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, row.capacity, reason)
            return {"reason": reason}

        return self._advance(Call.of(context), request, "return", work, reading)

    def ApproveClass(self, request: pb.ApproveClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Filed -> approved."""
        return self._advance(Call.of(context), request, "approve", _nothing_else)

    def OpenClass(self, request: pb.OpenClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Approved -> open; the order is in training."""

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            order = tx.session.get_one(OrderRow, row.order_id, with_for_update=True, populate_existing=True)
            _takes_classes(order)
            orders.begin_training(tx, row.order_id)
            return {}

        return self._advance(Call.of(context), request, "open", work)

    def ChangeClassCapacity(self, request: pb.ChangeClassCapacityRequest, context: grpc.ServicerContext) -> pb.Class:
        """Another capacity: takes or gives back seats of the order, and fills new ones from the waitlist."""
        call = Call.of(context)
        reading = Reading()
        reading.number("capacity", request.capacity, 1, orders.MOST_HEADS)
        reason = reading.text("reason", request.reason, 1, 500)
        _read_verb(reading, request)

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            if row.state not in states.HOLDS_SEATS:
                raise _wrong_state(row, states.HOLDS_SEATS)
            before, after = (
                states.unfilled(row.capacity, row.enrolled),
                states.unfilled(request.capacity, row.enrolled),
            )
            old, row.capacity, row.update_time = row.capacity, request.capacity, tx.now
            row.minimum = min(row.minimum, row.capacity)
            row.remarks = self._remarks(row, day_of(tx.now))
            tx.session.flush()
            if after >= before:
                seats.move(tx, row.order_id, row.id, Seat.OPEN, Seat.COMMITTED, after - before, reason)
            else:
                seats.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, before - after, reason)
            tx.record(
                call,
                request.name,
                event="class.capacity_changed",
                reason=reason,
                detail={"from": old, "to": row.capacity},
            )
            promote(tx, call, self._pack, row.id, reason=reason)
            tx.session.refresh(row)
            return messages.training_class(call, row, _sessions(tx.session, row.id))

        return self._database.write(call, request, work, key=request.name)

    def CloseClass(self, request: pb.CloseClassRequest, context: grpc.ServicerContext) -> pb.Class:
        """Open -> closed: unfilled seats go back to the order, nobody waits any more."""
        call = Call.of(context)

        def work(tx: Tx, row: ClassRow) -> dict[str, Any]:
            left = states.unfilled(row.capacity, row.enrolled)
            seats.move(tx, row.order_id, row.id, Seat.COMMITTED, Seat.OPEN, left, CLOSED)
            waiting = tx.session.scalars(
                select(EnrolmentRow.id).where(
                    EnrolmentRow.class_id == row.id, EnrolmentRow.state == EnrolmentState.WAITLISTED
                )
            ).all()
            tx.session.execute(
                update(EnrolmentRow)
                .where(EnrolmentRow.class_id == row.id, EnrolmentRow.state == EnrolmentState.WAITLISTED)
                .values(state=EnrolmentState.WITHDRAWN, reason=CLOSED, version=EnrolmentRow.version + 1),
                execution_options={"synchronize_session": False},
            )
            queries.count_people(tx, row.id, waitlisted=-len(waiting))
            for each in waiting:
                tx.announce(
                    call,
                    f"enrolments/{each}",
                    "enrolment.withdrawn",
                    tx.now,
                    {"class": request.name, "from": "WAITLISTED"},
                )
            return {}

        return self._advance(call, request, "close", work)

    def _advance(self, call: Call, request: Any, verb: str, change: Any, reading: Reading | None = None) -> pb.Class:
        """One step of a class's life; `change(tx, row)` gives the columns that change with it."""
        _read_verb(reading or Reading(), request)
        allowed, target = CLASS_VERBS[verb]

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            if row.state not in allowed:
                raise _wrong_state(row, allowed)
            for column, value in {**change(tx, row), "state": target, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            tx.record(call, request.name, event=f"class.{target.lower()}", reason=row.reason, detail={"state": target})
            tx.session.refresh(row)
            return messages.training_class(call, row, _sessions(tx.session, row.id))

        return self._database.write(call, request, work, key=request.name)

    def _order_for(self, tx: Tx, call: Call, name: str, institution: str) -> OrderRow:
        """The order of a new class, if it takes classes; whether the caller may file one is asked of the class."""
        order = tx.session.get(OrderRow, name.partition("/")[2])
        if order is None:
            raise NotFound(name)
        call.require(queries.scope_of(order), name)
        queries.active_institution(tx.session, institution, keep=True)
        if order.state == OrderState.MATCHED:  # an agreement that was signed before may be in force since today
            order = tx.session.get_one(OrderRow, order.id, with_for_update=True, populate_existing=True)
            covering.contract_if_covered(tx, call, self._pack, order)
        _takes_classes(order)
        return order

    def _remarks(self, row: ClassRow, today: date) -> list[dict[str, Any]]:
        """What the parameters in force say of its size and dates; a number nobody knows yet gives no remark."""
        remarks: list[dict[str, Any]] = []

        def limit(key: str) -> int | None:
            try:
                return self._pack.value(key, row.division, today).integer()
            except ParameterUnknown:
                return None

        most, least, lead = limit("class.max_size"), limit("class.min_size"), limit("class.filing_lead")
        if most is not None and row.capacity > most:
            remarks.append({"key": "REMARK_LARGE", "values": {"most": str(most)}})
        if least is not None and row.capacity < least:
            remarks.append({"key": "REMARK_SMALL", "values": {"least": str(least)}})
        if lead is not None:
            try:
                if published().count(today, max(today, row.start_date)) < lead:
                    remarks.append({"key": "REMARK_LATE", "values": {"lead": str(lead)}})
            except CalendarNotPublished as fault:
                remarks.append({"key": "REMARK_CALENDAR", "values": {"year": str(fault.year)}})
        return remarks


def _nothing_else(_tx: Tx, _row: ClassRow) -> dict[str, Any]:
    return {}


def _takes_classes(order: OrderRow) -> None:
    if order.state not in states.TAKES_CLASSES:
        raise Refused(
            "ORDER_STATE", order=f"orders/{order.id}", state=order.state, allowed=", ".join(states.TAKES_CLASSES)
        )


def _wrong_state(row: ClassRow, allowed: Sequence[ClassState]) -> Refused:
    return Refused("CLASS_STATE", class_name=f"classes/{row.id}", state=row.state, allowed=", ".join(allowed))


def _sessions(session: Session, class_id: str) -> Sequence[SessionRow]:
    wanted = select(SessionRow).where(SessionRow.class_id == class_id).order_by(SessionRow.day, SessionRow.start_minute)
    return session.scalars(wanted).all()


def _read_class(reading: Reading, asked: pb.Class) -> dict[str, Any]:
    """The values of a class's row, each checked."""
    field = "training_class"
    values: dict[str, Any] = {
        "institution_credit_code": orders.read_credit_code(
            reading, f"{field}.institution_credit_code", asked.institution_credit_code
        ),
        "institution_name": reading.text(f"{field}.institution_name", asked.institution_name, 2, 100),
        "title": reading.text(f"{field}.title", asked.title, 2, 100),
        "start_date": reading.day(f"{field}.start_date", asked.start_date),
        "end_date": reading.day(f"{field}.end_date", asked.end_date),
        "capacity": reading.number(f"{field}.capacity", asked.capacity, 1, orders.MOST_HEADS),
        "minimum": reading.number(f"{field}.minimum", asked.minimum, 0, max(0, asked.capacity)),
    }
    if date.min not in (values["start_date"], values["end_date"]):
        days = (values["end_date"] - values["start_date"]).days
        if not 0 <= days <= LONGEST_CLASS:
            reading.wrong(f"{field}.end_date", "FIELD_CLASS_DATES")
    return values


def _read_sessions(reading: Reading, asked: pb.Class, first: date, last: date) -> list[tuple[Slot, str]]:
    """The timetable in order of time: every session inside the class's dates, none overlapping another."""
    if len(asked.sessions) > MOST_SESSIONS:
        reading.wrong("training_class.sessions", "FIELD_TOO_MANY", most=MOST_SESSIONS)
        return []
    slots: list[tuple[Slot, str]] = []
    for index, session in enumerate(asked.sessions):
        field = f"training_class.sessions[{index}]"
        day = reading.day(f"{field}.date", session.date)
        place = reading.text(f"{field}.place", session.place, 0, 100)
        try:
            start, end = minute_of(session.start), minute_of(session.end)
        except ValueError:
            reading.wrong(field, "FIELD_SESSION_TIME")
            continue
        if start >= end:
            reading.wrong(field, "FIELD_SESSION_ORDER")
        elif day != date.min and date.min not in (first, last) and not first <= day <= last:
            reading.wrong(field, "FIELD_SESSION_DAY")
        else:
            slots.append((Slot(day, start, end), place))
    slots.sort(key=lambda pair: pair[0])
    if (clash := own_clash([slot for slot, _ in slots])) is not None:
        reading.wrong("training_class.sessions", "FIELD_SESSION_CLASH", date=slots[clash][0].day.isoformat())
    return slots


def _read_verb(reading: Reading, request: Any) -> None:
    reading.name("name", request.name, "classes")
    reading.request_id(request.request_id)
    reading.done()
