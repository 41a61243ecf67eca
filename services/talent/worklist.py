"""What an officer has to do today (今日待办): read from three indexes that hold only what is on somebody's desk."""

from __future__ import annotations

from dataclasses import fields as fields_of
from datetime import date
from typing import Any

import grpc
from liancai.talent.v1 import worklist_pb2 as pb
from liancai.talent.v1 import worklist_pb2_grpc
from sqlalchemy import Connection, Select, bindparam, literal_column, select, tuple_
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.prepared import Prepared, any_of
from services.platform.requests import Reading
from services.reference import writing
from services.reference.clock import day_of
from services.talent import messages
from services.talent.advancing import type_of
from services.talent.casefiles import StepFile
from services.talent.clocks import NO_LIMIT
from services.talent.editions import Editions
from services.talent.rules.states import StepState
from services.talent.tables import CaseRow, StepRow, TalentRow


def _found(*terms: Any) -> Select[Any]:
    """Steps on a desk that are due by a day, after the one whose key is given, in order; enough for a page."""
    # a row value: both databases begin to read the index where the last page ended
    key = tuple_(StepRow.alarm, StepRow.id)
    after = tuple_(bindparam("day", type_=StepRow.alarm.type), bindparam("last", type_=StepRow.id.type))
    columns: list[Any] = [StepRow.alarm, StepRow.id]
    return (
        select(*columns)
        .where(*terms, key > after, StepRow.alarm <= bindparam("due_by", type_=StepRow.alarm.type))
        .order_by(StepRow.alarm, StepRow.id)
        .limit(bindparam("size"))
    )


_MINE = Prepared(_found(StepRow.assignee == bindparam("me")))
# what a unit has and nobody in it; a literal, for the index is of those alone
_OF_UNIT = Prepared(_found(StepRow.unit == bindparam("unit"), StepRow.assignee == literal_column("''")))
_OWNED = Prepared(_found(StepRow.owner == bindparam("me")))
_COLUMNS = [getattr(StepRow, each.name) for each in fields_of(StepFile)]
_SHOWN = Prepared(
    select(*_COLUMNS, CaseRow.division, CaseRow.partner_division, CaseRow.catalogue_id, TalentRow.full_name)
    .join(CaseRow, CaseRow.id == StepRow.case_id)
    .join(TalentRow, TalentRow.id == CaseRow.talent_id)
    .where(any_of(StepRow.__table__.c.id, "ids"))
)


class Worklist(worklist_pb2_grpc.WorklistServicer):
    """The caller's own list."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions

    def ListToday(self, request: pb.ListTodayRequest, context: grpc.ServicerContext) -> pb.ListTodayResponse:
        """What is due first comes first."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        due_by = reading.day("due_by", request.due_by) if request.due_by else NO_LIMIT
        reading.done()
        last = (date.fromisoformat(page.after[0]), page.after[1]) if page.after else (date.min, 0)
        today = day_of(self._database.clock())
        with self._database.reading() as session:
            connection = session.connection()
            keys = _keys(connection, call, last, due_by, page.size + 1)
            shown = {row[0]: row for row in _SHOWN.rows(connection, {"ids": [number for _, number in keys]})}
            items = [self._item(session, call, shown[number], today) for _, number in keys[: page.size]]
        token = ""
        if len(keys) > page.size:
            day, number = keys[page.size - 1]
            token = self._pages.token(call, request, [day.isoformat(), number])
        return pb.ListTodayResponse(items=[item for item in items if item is not None], next_page_token=token)

    def _item(self, session: Session, call: Call, row: tuple[Any, ...], today: date) -> pb.TodayItem | None:
        """A step with why it is here; None where the caller may not see its case (any more)."""
        step = StepFile(*row[: len(_COLUMNS)])
        division, partner, catalogue_id, full_name = row[len(_COLUMNS) :]
        sides = tuple(code for code in (division, partner) if code)
        units = (step.unit,) if step.unit and step.division in sides else ()
        if not call.may("talent.step.read", Scope(sides, units)):
            return None
        edition = self._editions.of(session, catalogue_id)
        kind = edition.matter(type_of(step.matter))
        alarm = step.alarm or NO_LIMIT
        return pb.TodayItem(
            why=pb.TodayItem.Why.Value(_why(call, step, today)),
            case_name=f"cases/{step.case_id}",
            masked_name=writing.mask_name(full_name),
            step=messages.step(call, step, kind.step(step.key), edition, on=today),
            matter_title=getattr(kind.title, call.language),
            due_date="" if alarm == NO_LIMIT else alarm.isoformat(),
            owed_date=step.owed.isoformat() if step.owed else "",
        )


def _keys(
    connection: Connection, call: Call, last: tuple[date, int], due_by: date, size: int
) -> list[tuple[date, int]]:
    """Date and number of the first steps after `last`: the caller's, the unit's, and those of the caller's cases."""
    given = {"day": last[0], "last": last[1], "due_by": due_by, "size": size}
    caller = call.caller
    found = _MINE.rows(connection, {**given, "me": caller.subject})
    found += _OWNED.rows(connection, {**given, "me": caller.subject})
    if caller.unit:
        found += _OF_UNIT.rows(connection, {**given, "unit": caller.unit})
    return sorted({(row[0], row[1]) for row in found})[:size]


def _why(call: Call, step: StepFile, today: date) -> str:
    """Why a step is on the list: what the caller has to do first, then what others have to."""
    if step.owed is not None and step.owed == step.alarm and (step.ended or step.owed <= today):
        return "DOCUMENT_OWED"
    others = step.assignee != call.caller.subject and (step.assignee or step.unit != call.caller.unit)
    if step.alarm is not None and step.alarm < today:
        return "OVERDUE"
    if step.state == StepState.RETURNED:
        return "RETURNED"
    if step.state == StepState.SUSPENDED:
        return "STUCK"
    if others:
        return "WAITING"
    return "DUE" if step.alarm == today else "UPCOMING"
