"""Handlers of desks: who works at a unit, who stands in, and who gets the next step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import grpc
from liancai.talent.v1 import desks_pb2 as pb
from liancai.talent.v1 import desks_pb2_grpc, matters_pb2
from sqlalchemy import Connection, case, func, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Fault, NotFound, Refused
from services.platform.ids import new_id
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import StepFile
from services.talent.casework.acting import Act, Actor
from services.talent.casework.covers import deputies_of
from services.talent.casework.editions import Editions
from services.talent.queries import read_step, scope_of_step
from services.talent.rules import balance
from services.talent.rules.balance import Candidate, Placed, Why
from services.talent.tables import CoverRow, OfficerRow, StepRow

LONGEST_COVER = timedelta(days=366)
_UNIT = re.compile(r"([0-9]{6})-[a-z0-9-]{1,40}")


class Desks(desks_pb2_grpc.DesksServicer):
    """What belongs to a unit is for its division, and for the unit itself."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._actor = Actor(editions)

    def SetOfficer(self, request: pb.SetOfficerRequest, context: grpc.ServicerContext) -> pb.Officer:
        """A share of the unit's work."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        unit = _read_unit(reading, request.unit)
        officer = reading.text("officer", request.officer, 1, 200)
        share = reading.number("share", request.share, 0, 100)
        reading.done()

        def work(tx: Tx) -> pb.Officer:
            _require(call, unit)
            row = tx.session.get(OfficerRow, (unit, officer))
            if row is None:
                row = OfficerRow(unit=unit, subject=officer)
                tx.session.add(row)
            row.share, row.update_time = share, tx.now
            tx.record(
                call,
                f"units/{unit}"[:64],
                event="desk.officer_set",
                detail={"share": share},
                noted={"officer": officer},
            )
            return pb.Officer(unit=unit, officer=officer, share=share)

        return self._database.write(call, request, work, key=f"units/{unit}")

    def ListOfficers(self, request: pb.ListOfficersRequest, context: grpc.ServicerContext) -> pb.ListOfficersResponse:
        """With what they have on their desk."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        unit = _read_unit(reading, request.unit)
        reading.done()
        _require(call, unit)
        with self._database.reading() as session:
            wanted = select(OfficerRow).where(OfficerRow.unit == unit).order_by(OfficerRow.subject)
            if page.after:
                wanted = wanted.where(OfficerRow.subject > page.after[0])
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            known = self._candidates(session.connection(), unit, rows[: page.size])
        return pb.ListOfficersResponse(
            officers=[
                pb.Officer(
                    unit=unit, officer=each.officer, share=each.share, open_steps=each.open_steps,
                    overdue_steps=each.overdue, deputy=each.deputy,
                )
                for each in known
            ],
            next_page_token=self._pages.next_token(call, request, page, rows, "subject"),
        )  # fmt: skip

    def AddCover(self, request: pb.AddCoverRequest, context: grpc.ServicerContext) -> pb.Cover:
        """Between two of one unit."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        unit = _read_unit(reading, request.unit)
        absent, deputy = (reading.text(name, getattr(request, name), 1, 200) for name in ("absent", "deputy"))
        start, end = (reading.day(name, getattr(request, name)) for name in ("start_date", "end_date"))
        reason = reading.text("reason", request.reason, 1, 200)
        if deputy and deputy == absent:
            reading.wrong("deputy", "FIELD_OTHER_OFFICER")
        if not start <= end <= start + LONGEST_COVER:
            reading.wrong("end_date", "FIELD_COVER_END", days=LONGEST_COVER.days)
        reading.done()

        def work(tx: Tx) -> pb.Cover:
            _require(call, unit)
            self._lock(tx, unit)
            for officer in (absent, deputy):
                if tx.session.get(OfficerRow, (unit, officer)) is None:
                    raise Refused("DESK_STRANGER", officer=officer, unit=unit)
            # nobody has two deputies at a time, and nobody who is absent stands in
            same = (CoverRow.absent.in_((absent, deputy)), CoverRow.end_time.is_(None))
            days = (CoverRow.start_date <= end, CoverRow.end_date >= start)
            other = tx.session.scalars(select(CoverRow).where(CoverRow.unit == unit, *same, *days).limit(1)).first()
            if other is not None:
                raise Refused("COVER_OVERLAP", officer=other.absent, cover=f"covers/{other.id}")
            row = CoverRow(
                id=new_id(), unit=unit, absent=absent, deputy=deputy, start_date=start, end_date=end, reason=reason,
                actor=call.caller.subject, record_time=tx.now,
            )  # fmt: skip
            tx.session.add(row)
            tx.session.flush()
            noted = {"absent": absent, "deputy": deputy}
            told = {"unit": unit, "from": f"{start}", "to": f"{end}"}
            tx.record(call, f"covers/{row.id}", event="cover.added", reason=reason, detail=told, noted=noted)
            return _cover(row)

        return self._database.write(call, request, work, key=f"units/{unit}")

    def EndCover(self, request: pb.EndCoverRequest, context: grpc.ServicerContext) -> pb.Cover:
        """Before its last day."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        name = reading.name("name", request.name, "covers")
        reading.done()

        def work(tx: Tx) -> pb.Cover:
            row = tx.session.get(CoverRow, name.partition("/")[2], with_for_update=True)
            if row is None:
                raise NotFound(name)
            _require(call, row.unit, name)
            check_etag(request.etag, name, row.version)
            row.end_time = row.end_time or tx.now
            tx.session.flush()
            tx.record(call, name, event="cover.ended", noted={"absent": row.absent, "deputy": row.deputy})
            return _cover(row)

        return self._database.write(call, request, work, key=name)

    def ListCovers(self, request: pb.ListCoversRequest, context: grpc.ServicerContext) -> pb.ListCoversResponse:
        """Of a unit, those that are not over."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        unit = _read_unit(reading, request.unit)
        reading.done()
        _require(call, unit)
        today = day_of(self._database.clock())
        wanted = select(CoverRow).where(CoverRow.unit == unit, CoverRow.end_date >= today, CoverRow.end_time.is_(None))
        if page.after:
            wanted = wanted.where(CoverRow.id > page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.order_by(CoverRow.id).limit(page.size + 1)).all()
        return pb.ListCoversResponse(
            covers=[_cover(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def ExplainAssignment(
        self, request: pb.ExplainAssignmentRequest, context: grpc.ServicerContext
    ) -> pb.AssignmentExplanation:
        """Who would get a step, and why."""
        call, reading = Call.of(context), Reading()
        place = read_step(reading, "name", request.name)
        reading.done()
        with self._database.reading() as session:
            step = _visible(session.connection(), call, place, request.name)
            placed = self._placed(session, step.unit)
        chosen = [each.candidate.officer for each in placed if each.why is Why.CHOSEN]
        return pb.AssignmentExplanation(
            name=step.name,
            officer=chosen[0] if chosen else "",
            candidates=[_candidate(call, each) for each in placed],
        )

    def BalanceStep(self, request: pb.BalanceStepRequest, context: grpc.ServicerContext) -> matters_pb2.Step:
        """By the rule, in one transaction with what it looks at."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        place = read_step(reading, "name", request.name)
        reading.done()

        def work(tx: Tx) -> matters_pb2.Step:
            step = _visible(tx.connection, call, place, request.name)
            # two steps of a unit are assigned one after the other: the second sees what the first one changed
            self._lock(tx, step.unit)
            placed = self._placed(tx.session, step.unit)
            if not placed or placed[0].why is not Why.CHOSEN:
                raise Refused("DESK_NOBODY", step=step.name, unit=step.unit)
            chosen = placed[0].candidate
            values = {"unit": step.unit, "assignee": chosen.officer, "reason": _reason(chosen)}
            [answer] = self._actor.act_many(tx, [Act(call, "assign", place, request.etag, tx.now, "", values)])
            if isinstance(answer, Fault):
                raise answer
            return answer

        # a unit's assignments share a lane
        return self._database.write(call, request, work, key="balance")

    def _placed(self, session: Session, unit: str) -> list[Placed]:
        rows = session.scalars(select(OfficerRow).where(OfficerRow.unit == unit)).all()
        return balance.balance(self._candidates(session.connection(), unit, rows))

    def _candidates(self, connection: Connection, unit: str, rows: Sequence[OfficerRow]) -> list[Candidate]:
        """Officers with what they have on their desk today."""
        today = day_of(self._database.clock())
        deputies = deputies_of(connection, unit, today)
        subjects = [row.subject for row in rows]
        late = func.sum(case((StepRow.alarm < today, 1), else_=0))
        wanted = (
            select(StepRow.assignee, func.count(), late)
            .where(StepRow.assignee.in_(subjects), StepRow.alarm.is_not(None))
            .group_by(StepRow.assignee)
        )
        counts = {officer: (number, int(overdue)) for officer, number, overdue in connection.execute(wanted)}
        return [
            Candidate(
                officer=row.subject,
                share=row.share,
                open_steps=counts.get(row.subject, (0, 0))[0],
                overdue=counts.get(row.subject, (0, 0))[1],
                deputy=deputies.get(row.subject, ""),
            )
            for row in rows
        ]

    def _lock(self, tx: Tx, unit: str) -> None:
        """One at a time for a unit."""
        tx.session.execute(
            select(OfficerRow.subject).where(OfficerRow.unit == unit).order_by(OfficerRow.subject).with_for_update()
        ).all()


def _read_unit(reading: Reading, unit: str) -> str:
    if not unit:
        reading.wrong("unit", "FIELD_REQUIRED")
    elif not _UNIT.fullmatch(unit):
        reading.wrong("unit", "FIELD_UNIT")
    return unit


def _require(call: Call, unit: str, name: str = "") -> None:
    """A unit lies in the division its id begins with."""
    call.require(Scope((unit[:6],), (unit,)), name or f"units/{unit}")


def _visible(connection: Connection, call: Call, place: tuple[str, str, str], name: str) -> StepFile:
    """A step that the caller may do this to."""
    file = casefiles.read(connection, [place[0]]).get(place[0])
    step = file.step(*place[1:]) if file else None
    if file is None or step is None:
        raise NotFound(name)
    call.require(scope_of_step(file, step), name)
    return step


def _reason(chosen: Candidate) -> str:
    return f"balance: ({chosen.open_steps} + 1) / {chosen.share} = {balance.written(chosen.load)}"


def _candidate(call: Call, placed: Placed) -> pb.AssignmentExplanation.Candidate:
    each, load = placed.candidate, balance.written(placed.candidate.load)
    said: dict[str, Any] = {
        "officer": each.officer, "open": each.open_steps, "share": each.share, "load": load, "deputy": each.deputy,
        "overdue": each.overdue,
    }  # fmt: skip
    return pb.AssignmentExplanation.Candidate(
        officer=each.officer,
        share=each.share,
        open_steps=each.open_steps,
        overdue_steps=each.overdue,
        load=load,
        text=call.say(f"BALANCE_{placed.why}", {key: str(value) for key, value in said.items()}),
    )


def _cover(row: CoverRow) -> pb.Cover:
    return pb.Cover(
        name=f"covers/{row.id}",
        unit=row.unit,
        absent=row.absent,
        deputy=row.deputy,
        start_date=row.start_date.isoformat(),
        end_date=row.end_date.isoformat(),
        reason=row.reason,
        end_time=stamp(row.end_time),
        etag=etag_of(row.version),
    )
