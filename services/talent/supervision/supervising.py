"""Handlers of supervision (督办): the board of lights, what is yellow and red, what was reminded of."""

from __future__ import annotations

from datetime import date
from typing import Any

import grpc
from liancai.talent.v1 import clock_pb2, supervision_pb2_grpc
from liancai.talent.v1 import supervision_pb2 as pb
from sqlalchemy import ColumnElement, Connection, String, and_, case, cast, func, literal, or_, select, tuple_

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp
from services.reference.workdays import published
from services.talent.casefiles import STEP_COLUMNS, StepFile
from services.talent.casework import messages
from services.talent.casework.advancing import type_of
from services.talent.casework.clocks import NO_LIMIT
from services.talent.casework.editions import Editions
from services.talent.queries import read_case, steps_within_reach
from services.talent.rules import lights
from services.talent.rules.orders import ORDER_ENDED
from services.talent.supervision.orders import OrderDesk
from services.talent.supervision.statistics import by_type
from services.talent.tables import CaseRow, ReminderRow, StepRow, SupervisionOrderRow

_COLUMNS = [getattr(StepRow, name) for name in STEP_COLUMNS]
_COUNTED = ("green", "yellow", "red", "without_date", "unassigned", "orders")
LIGHTS = (clock_pb2.LIGHT_YELLOW, clock_pb2.LIGHT_RED)


class Supervision(supervision_pb2_grpc.SupervisionServicer):
    """What a supervisor looks at, and orders."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._orders = OrderDesk(database, pages, editions)

    def GetBoard(self, request: pb.GetBoardRequest, context: grpc.ServicerContext) -> pb.Board:
        """Counted by the database."""
        call, reading = Call.of(context), Reading()
        wished = reading.choices("by", [request.by] if request.by else [], pb.GetBoardRequest.By)
        reading.done()
        today = self._editions.today()
        by: Any = StepRow.matter if wished == ["MATTER"] else StepRow.unit
        dated, red, yellow = StepRow.red.is_not(None), StepRow.red <= today, StepRow.yellow <= today
        ordered = StepRow.id.in_(
            select(SupervisionOrderRow.step_id).where(SupervisionOrderRow.state.not_in(ORDER_ENDED))
        )
        counted = (
            and_(dated, ~red, or_(StepRow.yellow.is_(None), ~yellow)), and_(dated, ~red, yellow), red,
            StepRow.red.is_(None), StepRow.assignee == "", ordered,
        )  # fmt: skip
        wanted = (
            select(by, *(func.sum(case((each, 1), else_=0)) for each in counted))
            .join(CaseRow, CaseRow.id == StepRow.case_id)
            .where(StepRow.alarm.is_not(None), steps_within_reach(call))
            .group_by(by)
        )
        with self._database.glancing() as connection:
            rows = connection.execute(wanted).all()
        groups = by_type(rows) if wished == ["MATTER"] else {row[0]: row[1:] for row in rows}
        return pb.Board(
            date=today.isoformat(),
            groups=[
                pb.Board.Group(key=key, **dict(zip(_COUNTED, counts, strict=True)))
                for key, counts in sorted(groups.items())
            ],
            definition=call.say("STAT_BOARD", {"day": today.isoformat()}),
        )

    def ListWatchedSteps(
        self, request: pb.ListWatchedStepsRequest, context: grpc.ServicerContext
    ) -> pb.ListWatchedStepsResponse:
        """What is due first comes first."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        unit = reading.text("unit", request.unit, 0, 64)
        if any(each not in LIGHTS for each in request.lights):
            reading.wrong("lights", "FIELD_CHOICE", allowed=", ".join(clock_pb2.Light.Name(each) for each in LIGHTS))
        reading.done()
        today, only = self._editions.today(), set(request.lights or LIGHTS)
        lit: list[ColumnElement[bool]] = []
        if clock_pb2.LIGHT_RED in only:
            lit.append(StepRow.red <= today)
        if clock_pb2.LIGHT_YELLOW in only:
            lit.append(and_(StepRow.yellow <= today, StepRow.red > today))
        wanted = (
            select(*_COLUMNS, CaseRow.catalogue_id)
            .join(CaseRow, CaseRow.id == StepRow.case_id)
            .where(StepRow.alarm.is_not(None), or_(*lit), steps_within_reach(call))
            .order_by(StepRow.alarm, StepRow.id)
        )
        if unit:
            wanted = wanted.where(StepRow.unit == unit)
        if request.unassigned:
            wanted = wanted.where(StepRow.assignee == "")
        if page.after is not None:
            after = (literal(date.fromisoformat(page.after[0])), literal(page.after[1]))
            wanted = wanted.where(tuple_(StepRow.alarm, StepRow.id) > tuple_(*after))
        with self._database.glancing() as connection:
            rows = connection.execute(wanted.limit(page.size + 1)).all()
            steps = [self._watched(connection, call, StepFile(*row[:-1]), row[-1], today) for row in rows[: page.size]]
        token = ""
        if len(rows) > page.size:
            last = StepFile(*rows[page.size - 1][:-1])
            token = self._pages.token(call, request, [str(last.alarm), last.id])
        return pb.ListWatchedStepsResponse(steps=steps, next_page_token=token)

    def _watched(
        self, connection: Connection, call: Call, step: StepFile, catalogue_id: str, today: date
    ) -> pb.WatchedStep:
        edition = self._editions.of(connection, catalogue_id)
        kind = edition.matter(type_of(step.matter))
        due = step.alarm or NO_LIMIT
        return pb.WatchedStep(
            case_name=f"cases/{step.case_id}",
            step=messages.step(call, step, kind.step(step.key), edition, on=today),
            matter_title=getattr(kind.title, call.language),
            due_date=due.isoformat(),
            days_over=lights.overdue(due, today, published()),
        )

    def ListReminders(
        self, request: pb.ListRemindersRequest, context: grpc.ServicerContext
    ) -> pb.ListRemindersResponse:
        """Newest first."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        number = read_case(reading, "case_name", request.case_name) if request.case_name else ""
        reading.done()
        key = (ReminderRow.day, ReminderRow.step_id, ReminderRow.rung, ReminderRow.due)
        wanted = (
            select(ReminderRow, StepRow.key)
            .join(StepRow, StepRow.id == ReminderRow.step_id)
            .join(CaseRow, CaseRow.id == ReminderRow.case_id)
            .where(steps_within_reach(call))
            .order_by(*(each.desc() for each in key))
        )
        if number:
            wanted = wanted.where(ReminderRow.case_id == number)
        if request.mine:
            wanted = wanted.where(_told(call))
        if page.after is not None:
            day, step_id, rung, due = page.after
            last = (literal(date.fromisoformat(day)), literal(step_id), literal(rung), literal(date.fromisoformat(due)))
            wanted = wanted.where(tuple_(*key) < tuple_(*last))
        with self._database.reading() as session:
            rows = [(row[0], row[1]) for row in session.execute(wanted.limit(page.size + 1))]
        token = ""
        if len(rows) > page.size:
            last_row = rows[page.size - 1][0]
            token = self._pages.token(
                call, request, [str(last_row.day), last_row.step_id, last_row.rung, str(last_row.due)]
            )
        return pb.ListRemindersResponse(
            reminders=[_reminder(row, step) for row, step in rows[: page.size]], next_page_token=token
        )

    def IssueSupervisionOrder(
        self, request: pb.IssueSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """下达."""
        return self._orders.issue(Call.of(context), request)

    def GetSupervisionOrder(
        self, request: pb.GetSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """One order."""
        return self._orders.get(Call.of(context), request)

    def ListSupervisionOrders(
        self, request: pb.ListSupervisionOrdersRequest, context: grpc.ServicerContext
    ) -> pb.ListSupervisionOrdersResponse:
        """A page of the orders within reach, newest first."""
        return self._orders.list(Call.of(context), request)

    def AnswerSupervisionOrder(
        self, request: pb.AnswerSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """反馈."""
        return self._orders.answer(Call.of(context), request)

    def ReturnSupervisionOrder(
        self, request: pb.ReturnSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """退回."""
        return self._orders.give_back(Call.of(context), request)

    def SignOffSupervisionOrder(
        self, request: pb.SignOffSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """销号."""
        return self._orders.sign_off(Call.of(context), request)

    def WithdrawSupervisionOrder(
        self, request: pb.WithdrawSupervisionOrderRequest, context: grpc.ServicerContext
    ) -> pb.SupervisionOrder:
        """撤回."""
        return self._orders.withdraw(Call.of(context), request)


def _told(call: Call) -> ColumnElement[bool]:
    """The reminders that told the caller or the caller's unit: whole words of the list as it is stored."""
    mine = [f"officer/{call.caller.subject}"]
    if call.caller.unit:
        mine.append(f"unit/{call.caller.unit}")
    told = cast(ReminderRow.told, String)
    return or_(*(told.contains(f'"{word}"', autoescape=True) for word in mine))


def _reminder(row: ReminderRow, step: str) -> pb.Reminder:
    return pb.Reminder(
        step=f"cases/{row.case_id}/matters/{row.matter}/steps/{step}",
        rung=row.rung,
        light=clock_pb2.Light.Value(f"LIGHT_{row.light}"),
        due_date=row.due.isoformat(),
        channel=pb.Reminder.Channel.Value(row.channel.upper()),
        told=row.told,
        date=row.day.isoformat(),
        record_time=stamp(row.record_time),
    )
