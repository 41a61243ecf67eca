"""Dates worked out again once another calendar is in force: seen first, then stored in one audited run.

A run goes through the steps that are on a desk, some hundreds a transaction, and can be taken up again: what it has
stored it does not touch a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import grpc
from liancai.talent.v1 import clock_pb2, recalculation_pb2_grpc
from liancai.talent.v1 import recalculation_pb2 as pb
from sqlalchemy import Connection, func, insert, or_, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.divisions import scope_range
from services.reference.workdays import Calendar, published
from services.talent import casefiles
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework import clocks
from services.talent.casework.editions import Editions
from services.talent.queries import next_number
from services.talent.rules import moves
from services.talent.rules.clock import Due, Which
from services.talent.rules.days import Assumption, Guess
from services.talent.rules.moves import Direction, Move
from services.talent.tables import CaseRow, MovedDeadlineRow, RecalculationRow, StepRow

STEP = 200  # steps looked at in one transaction


class Recalculations(recalculation_pb2_grpc.RecalculationsServicer):
    """The preview, and the run."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions

    def ListMovingDeadlines(
        self, request: pb.ListMovingDeadlinesRequest, context: grpc.ServicerContext
    ) -> pb.ListMovingDeadlinesResponse:
        """What would move: a page of steps is looked at, and those that move are answered."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        after = page.after[0] if page.after else 0
        with self._database.reading() as session:
            numbers = _stale(session.connection(), call, published(), after, page.size + 1)
            moving = self._moving(session, numbers[: page.size])
        more = len(numbers) > page.size
        return pb.ListMovingDeadlinesResponse(
            moving=[_message(call, step, dates) for _, step, found in moving if (dates := moved(step, found))],
            next_page_token=self._pages.token(call, request, [numbers[page.size - 1][0]]) if more else "",
        )

    def RecalculateDeadlines(
        self, request: pb.RecalculateDeadlinesRequest, context: grpc.ServicerContext
    ) -> pb.Recalculation:
        """Stores what moves."""
        call, reading = Call.of(context), Reading()
        call.request_id = reading.request_id(request.request_id)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.text("calendar_version", request.calendar_version, 1, 40)
        reading.done()
        calendar = published()
        if request.calendar_version != calendar.version:
            raise Refused("CALENDAR_OTHER", seen=request.calendar_version, current=calendar.version)
        number = self._database.write_again(call, lambda tx: _run(tx, call, calendar, reason), key="recalculations")
        after = 0
        while after >= 0:
            after = self._database.write_again(call, self._some(call, number, calendar, after), key="recalculations")

        def work(tx: Tx) -> pb.Recalculation:
            row = tx.session.get_one(RecalculationRow, number, with_for_update=True, populate_existing=True)
            counts = _counts(tx.connection, number)
            for name in ("earlier", "later", "otherwise"):
                setattr(row, name, counts[name.upper()])
            detail = {"calendar": calendar.version, "looked_at": row.looked_at, **counts}
            tx.record(call, _name(row), event="deadlines.recalculated", reason=reason, detail=detail)
            return _summary(row)

        return self._database.write(call, request, work, key="recalculations")

    def _some(self, call: Call, number: str, calendar: Calendar, after: int) -> Any:
        """The work on the next steps; it gives the number of the last one, -1 at the end."""

        def work(tx: Tx) -> int:
            numbers = _stale(tx.connection, call, calendar, after, STEP)
            moving = self._moving(tx.session, numbers, lock=True)
            touched: dict[str, CaseFile] = {}
            rows: list[dict[str, Any]] = []
            for file, step, found in moving:
                dates, before = moved(step, found), _dates(step)
                file.touch(step, tx.now, **found)
                step.alarm = clocks.alarm(file, step)
                touched[file.id] = file
                if not dates:
                    continue
                move = {"direction": _kind(dates), "before": before, "after": _dates(step)}
                rows.append({"recalculation_id": number, "step_id": step.id, **move})
                told = {"matter": step.matter, "step": step.key, "run": f"recalculations/{number}"}
                detail, count = {**told, **move}, file.count_event()
                tx.record(call, file.name, event="deadline.moved", detail=detail, number=count)
            if rows:
                tx.connection.execute(insert(MovedDeadlineRow), rows)
            row = tx.session.get_one(RecalculationRow, number, with_for_update=True, populate_existing=True)
            row.looked_at += len(numbers)
            casefiles.write(tx, touched.values())
            return numbers[-1][0] if len(numbers) == STEP else -1

        return work

    def _moving(
        self, session: Session, numbers: Sequence[tuple[int, str]], *, lock: bool = False
    ) -> list[tuple[CaseFile, StepFile, dict[str, Any]]]:
        """Each step with its case and with what its columns would be now."""
        connection, wanted = session.connection(), {number for number, _ in numbers}
        files = casefiles.read(connection, {case_id for _, case_id in numbers}, lock=lock)
        steps = [step for file in files.values() for step in file.steps if step.id in wanted]
        casefiles.read_ledgers(connection, files, steps)
        found = []
        for step in sorted(steps, key=lambda each: each.id):
            file = files[step.case_id]
            kind = self._editions.kind(session, file, step)
            reckoned = self._editions.timing(kind, file, step).reckon(file.ledger(step), published())
            found.append((file, step, dict(reckoned.columns)))
        return found


def _run(tx: Tx, call: Call, calendar: Calendar, reason: str) -> str:
    """The number of this run: the one that was begun by the same request, or a new one."""
    row = tx.session.scalars(
        select(RecalculationRow).where(
            RecalculationRow.caller == call.caller.subject, RecalculationRow.request_id == call.request_id
        )
    ).one_or_none()
    if row is None:
        row = RecalculationRow(
            id=next_number(tx, f"recalculations/{day_of(tx.now):%Y%m}"), calendar=calendar.version, reason=reason,
            caller=call.caller.subject, request_id=call.request_id, looked_at=0, earlier=0, later=0, otherwise=0,
            record_time=tx.now,
        )  # fmt: skip
        tx.session.add(row)
        tx.session.flush()
    return row.id


def _stale(connection: Connection, call: Call, calendar: Calendar, after: int, size: int) -> list[tuple[int, str]]:
    """Steps on a desk, within reach, whose dates come from another calendar; number and case, in order of numbers."""
    reach = call.reach()
    if reach.division is None:
        return []
    low, high = scope_range(reach.division)
    seen = or_(CaseRow.division.between(low, high), CaseRow.partner_division.between(low, high))
    wanted = (
        select(StepRow.id, StepRow.case_id)
        .join(CaseRow, CaseRow.id == StepRow.case_id)
        .where(StepRow.id > after, StepRow.alarm.is_not(None), StepRow.calendar != calendar.version, seen)
        .order_by(StepRow.id)
        .limit(size)
    )
    return [(row[0], row[1]) for row in connection.execute(wanted)]


def moved(step: StepFile, found: Mapping[str, Any]) -> list[Move]:
    """The dates of a step that move; of what a date takes for granted only whether it does is stored."""
    before = {which: _due(getattr(step, which.lower()), provisional=step.provisional) for which in Which}
    after = {which: _due(found[which.lower()], provisional=found["provisional"]) for which in Which}
    return list(moves.between(step.name, before, after))


def _due(day: date | None, *, provisional: bool) -> Due:
    return Due(day, (Assumption(Guess.UNPUBLISHED),) if day and provisional else ())


def _kind(found: Iterable[Move]) -> str:
    """Under what a step is counted."""
    directions = {move.direction for move in found}
    return next((each for each in (Direction.EARLIER, Direction.LATER) if each in directions), "OTHERWISE")


def _dates(step: StepFile) -> dict[str, str]:
    names = [which.lower() for which in Which]
    return {name: str(getattr(step, name) or "") for name in names} | {"provisional": str(step.provisional).lower()}


def _message(call: Call, step: StepFile, found: Iterable[Move]) -> pb.MovingDeadline:
    return pb.MovingDeadline(
        step=step.name, moves=[_move(call, step, each) for each in found], stored_calendar=step.calendar
    )


def _move(call: Call, step: StepFile, each: Move) -> pb.MovingDeadline.Move:
    before, after = str(each.before.day or ""), str(each.after.day or "")
    values = {"name": step.name, "which": call.say(f"TRACK_{each.which}"), "before": before, "after": after}
    return pb.MovingDeadline.Move(
        track=clock_pb2.DerivationLine.Track.Value(each.which),
        direction=pb.MovingDeadline.Move.Direction.Value(each.direction),
        before=before,
        after=after,
        text=call.say(f"MOVE_{each.direction}", values),
    )


def _counts(connection: Connection, number: str) -> Counter[str]:
    table = MovedDeadlineRow.__table__.c
    wanted = select(table.direction, func.count()).where(table.recalculation_id == number).group_by(table.direction)
    return Counter({row[0]: row[1] for row in connection.execute(wanted)})


def _summary(row: RecalculationRow) -> pb.Recalculation:
    return pb.Recalculation(
        name=_name(row),
        looked_at=row.looked_at,
        earlier=row.earlier,
        later=row.later,
        otherwise=row.otherwise,
        calendar_version=row.calendar,
        record_time=stamp(row.record_time),
    )


def _name(row: RecalculationRow) -> str:
    return f"recalculations/{row.id}"
