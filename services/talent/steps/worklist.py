"""What an officer has to do today (今日待办): read from three indexes that hold only what is on somebody's desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import grpc
from liancai.talent.v1 import worklist_pb2 as pb
from liancai.talent.v1 import worklist_pb2_grpc
from sqlalchemy import Connection, Select, bindparam, literal_column, select, tuple_

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.prepared import Asked, Prepared, any_of, together
from services.platform.requests import Reading
from services.reference import writing
from services.reference.clock import day_of
from services.talent.casefiles import STEP_COLUMNS, StepFile
from services.talent.cases.searching import search
from services.talent.cases.views import Views
from services.talent.casework import messages
from services.talent.casework.advancing import type_of
from services.talent.casework.clocks import NO_LIMIT
from services.talent.casework.covers import asked_of
from services.talent.casework.editions import Editions
from services.talent.rules.states import STEP_ENDED, StepState
from services.talent.tables import CaseRow, StepRow, TalentRow

MOST_COUNTED = 5000  # steps
SCANNED = 1000  # steps read at once where only some are wanted


def _found(*terms: Any) -> Select[Any]:
    """Steps on a desk that are due by a day, after the one whose key is given, in order; enough for a page."""
    # a row value: both databases begin to read the index where the last page ended
    key = tuple_(StepRow.alarm, StepRow.id)
    after = tuple_(bindparam("day", type_=StepRow.alarm.type), bindparam("last", type_=StepRow.id.type))
    columns: list[Any] = [StepRow.alarm, StepRow.id, StepRow.state, StepRow.assignee, StepRow.unit, StepRow.owed]
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
_COLUMNS = [getattr(StepRow, name) for name in STEP_COLUMNS]
_SHOWN = Prepared(
    select(*_COLUMNS, CaseRow.division, CaseRow.partner_division, CaseRow.catalogue_id, TalentRow.full_name)
    .join(CaseRow, CaseRow.id == StepRow.case_id)
    .join(TalentRow, TalentRow.id == CaseRow.talent_id)
    .where(any_of(StepRow.__table__.c.id, "ids"))
)


Key = tuple[date, int, str, str, str, date | None]  # alarm, number, state, assignee, unit, day of a promised document


@dataclass(slots=True)
class Desk:
    """Whose today it is: the caller's, and that of those the caller stands in for, once they are known."""

    call: Call
    today: date
    absent: tuple[str, ...] | None = None

    def keys(self, connection: Connection, last: tuple[date, int], due_by: date, size: int) -> list[Key]:
        """The first steps after `last`, once each, in order."""
        given = {"day": last[0], "last": last[1], "due_by": due_by, "size": size}
        caller = self.call.caller
        asked = _of_officers((caller.subject, *(self.absent or ())), given)
        if caller.unit:
            asked.append((_OF_UNIT, {**given, "unit": caller.unit}))
        if self.absent is None:
            # hardly anybody stands in: that is asked for with the caller's own
            covered, *found = together(connection, asked_of(caller.subject, self.today), *asked)
            self.absent = tuple(row[0] for row in covered)
            found += together(connection, *_of_officers(self.absent, given)) if self.absent else []
        else:
            found = together(connection, *asked)
        keys = {(row[0], row[1], row[2], row[3], row[4], row[5]) for rows in found for row in rows}
        return sorted(keys)[:size]

    def why(self, key: Key) -> str:
        """Why a step is on the list: what the caller has to do first, then what others have to."""
        alarm, _, state, assignee, unit, owed = key
        if owed == alarm and (state in STEP_ENDED or owed <= self.today):
            return "DOCUMENT_OWED"
        own = assignee in (self.call.caller.subject, *(self.absent or ()))
        of_unit = not assignee and unit == self.call.caller.unit
        if alarm < self.today:
            return "OVERDUE"
        if state == StepState.RETURNED:
            return "RETURNED"
        if state == StepState.SUSPENDED:
            return "STUCK"
        if not own and not of_unit:
            return "WAITING"
        if alarm == self.today:
            return "DUE"
        return "UNASSIGNED" if of_unit else "UPCOMING"

    def page(
        self, connection: Connection, last: tuple[date, int], due_by: date, size: int, whys: Collection[str]
    ) -> list[Key]:
        """The first `size` steps after `last` that are there for one of `whys`, or for anything."""
        if not whys:
            return self.keys(connection, last, due_by, size)
        found: list[Key] = []
        while len(found) < size:
            some = self.keys(connection, last, due_by, SCANNED)
            found += [key for key in some if self.why(key) in whys]
            if len(some) < SCANNED:
                break
            last = some[-1][0], some[-1][1]
        return found[:size]


def _of_officers(officers: Iterable[str], given: Mapping[str, Any]) -> list[Asked]:
    """What is to be asked for the desks of officers, and for the cases they own."""
    return [(statement, {**given, "me": officer}) for officer in officers for statement in (_MINE, _OWNED)]


class Worklist(worklist_pb2_grpc.WorklistServicer):
    """The caller's own list, and the search for cases."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._views = Views(database.vault, editions)

    def ListToday(self, request: pb.ListTodayRequest, context: grpc.ServicerContext) -> pb.ListTodayResponse:
        """What is due first comes first."""
        call, reading = Call.of(context), Reading()
        desk = Desk(call, day_of(self._database.clock()))
        page = self._pages.read(call, request)
        due_by = reading.day("due_by", request.due_by) if request.due_by else NO_LIMIT
        whys = reading.choices("whys", request.whys, pb.TodayItem.Why)
        reading.done()
        last = (date.fromisoformat(page.after[0]), page.after[1]) if page.after else (date.min, 0)
        # what is on the list is of one moment, what is told of it of the next
        with self._database.glancing() as connection:
            keys = desk.page(connection, last, due_by, page.size + 1, whys)
            shown = {row[0]: row for row in _SHOWN.rows(connection, {"ids": [key[1] for key in keys[: page.size]]})}
            items = [self._item(connection, desk, key, shown[key[1]]) for key in keys[: page.size]]
        token = ""
        if len(keys) > page.size:
            day, number, *_ = keys[page.size - 1]
            token = self._pages.token(call, request, [day.isoformat(), number])
        return pb.ListTodayResponse(items=[item for item in items if item is not None], next_page_token=token)

    def GetTodayCounts(self, request: pb.GetTodayCountsRequest, context: grpc.ServicerContext) -> pb.TodayCounts:
        """By why they are there."""
        desk = Desk(Call.of(context), day_of(self._database.clock()))
        with self._database.glancing() as connection:
            keys = desk.keys(connection, (date.min, 0), NO_LIMIT, MOST_COUNTED + 1)
        counted = Counter(desk.why(key) for key in keys[:MOST_COUNTED])
        return pb.TodayCounts(
            counts=[
                pb.TodayCounts.Count(why=pb.TodayItem.Why.Value(why), steps=counted[why])
                for why in pb.TodayItem.Why.keys()[1:]
            ],
            steps=min(len(keys), MOST_COUNTED),
            more=len(keys) > MOST_COUNTED,
        )

    def SearchCases(self, request: pb.SearchCasesRequest, context: grpc.ServicerContext) -> pb.SearchCasesResponse:
        """By receipt, name or number."""
        return search(self._database, self._pages, self._views, Call.of(context), request)

    def _item(self, connection: Connection, desk: Desk, key: Key, row: tuple[Any, ...]) -> pb.TodayItem | None:
        """A step with why it is here; None where the caller may not see its case (any more)."""
        call, step = desk.call, StepFile(*row[: len(_COLUMNS)])
        division, partner, catalogue_id, full_name = row[len(_COLUMNS) :]
        sides = tuple(code for code in (division, partner) if code)
        units = (step.unit,) if step.unit and step.division in sides else ()
        if not call.may("talent.step.read", Scope(sides, units)):
            return None
        edition = self._editions.of(connection, catalogue_id)
        kind = edition.matter(type_of(step.matter))
        alarm = step.alarm or NO_LIMIT
        return pb.TodayItem(
            why=pb.TodayItem.Why.Value(desk.why(key)),
            case_name=f"cases/{step.case_id}",
            masked_name=writing.mask_name(full_name),
            step=messages.step(call, step, kind.step(step.key), edition, on=desk.today),
            matter_title=getattr(kind.title, call.language),
            due_date="" if alarm == NO_LIMIT else alarm.isoformat(),
            owed_date=step.owed.isoformat() if step.owed else "",
            covered=step.assignee if step.assignee in (desk.absent or ()) else "",
        )
