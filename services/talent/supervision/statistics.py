"""Handlers of statistics (统计): counted by the database, within the caller's reach, each with its definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.talent.v1 import clock_pb2, statistics_pb2_grpc
from liancai.talent.v1 import statistics_pb2 as pb
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.requests import Reading
from services.reference.clock import SHANGHAI
from services.talent.casework.advancing import type_of
from services.talent.handovers.holding import custody
from services.talent.queries import filtered_by_reach
from services.talent.rules.states import MatterState, StepState
from services.talent.tables import CaseRow, MatterRow, StepRow

ONE_DAY = timedelta(days=1)
FIRST, LAST = date(1970, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant to another one, not included, and how that is said."""

    first: datetime
    end: datetime
    key: str
    words: dict[str, str]

    def holds(self, column: Any) -> ColumnElement[bool]:
        """Whether an instant lies within."""
        return and_(column >= self.first, column < self.end)

    def define(self, call: Call, key: str) -> str:
        """What is counted, in the caller's language."""
        return call.say(key, {"span": call.say(self.key, self.words)})


class Statistics(statistics_pb2_grpc.StatisticsServicer):
    """Counts; nothing of a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def GetThroughput(self, request: pb.GetThroughputRequest, context: grpc.ServicerContext) -> pb.Throughput:
        """What was opened and finished."""
        call, span = Call.of(context), _read_span(request.span)
        # each by its own index: with both in one condition all matters would be read
        begun, over = (
            select(MatterRow.type, func.count(), _count(MatterRow.state == MatterState.DONE))
            .join(CaseRow, CaseRow.id == MatterRow.case_id)
            .where(span.holds(column), filtered_by_reach(call))
            .group_by(MatterRow.type)
            for column in (MatterRow.start_time, MatterRow.finish_time)
        )
        steps = _by_matter(call, func.count()).where(span.holds(StepRow.finish_time), StepRow.state == StepState.DONE)
        cases = [
            select(func.count()).select_from(CaseRow).where(span.holds(column), filtered_by_reach(call))
            for column in (CaseRow.open_time, CaseRow.close_time)
        ]
        with self._database.reading() as session:
            opened, closed = (session.execute(each).scalar_one() for each in cases)
            starts, ends = ({row[0]: tuple(row[1:]) for row in session.execute(each)} for each in (begun, over))
            done = by_type(session.execute(steps).all())
        groups = []
        for key in sorted(starts.keys() | ends.keys() | done.keys()):
            ended, finished = ends.get(key, (0, 0))
            groups.append(
                pb.Throughput.Group(
                    matter=key, matters_begun=starts.get(key, (0, 0))[0], matters_ended=ended, matters_done=finished,
                    steps_done=done.get(key, [0])[0],
                )
            )  # fmt: skip
        return pb.Throughput(
            definition=span.define(call, "STAT_THROUGHPUT"), cases_opened=opened, cases_closed=closed, groups=groups
        )

    def GetHandOvers(self, request: pb.GetHandOversRequest, context: grpc.ServicerContext) -> pb.HandOvers:
        """A step that begins in another unit than the step of its matter that began before it."""
        call, span = Call.of(context), _read_span(request.span)
        touched = select(StepRow.case_id, StepRow.matter).where(span.holds(StepRow.start_time)).distinct().subquery()
        before = func.lag(StepRow.unit).over(
            partition_by=(StepRow.case_id, StepRow.matter), order_by=(StepRow.start_time, StepRow.id)
        )
        ordered = (
            select(StepRow.unit.label("unit"), StepRow.start_time.label("start_time"), before.label("before"))
            .join(touched, and_(touched.c.case_id == StepRow.case_id, touched.c.matter == StepRow.matter))
            .join(CaseRow, CaseRow.id == StepRow.case_id)
            .where(StepRow.start_time.is_not(None), StepRow.unit != "", filtered_by_reach(call))
            .subquery()
        )
        found = func.count()
        wanted = (
            select(ordered.c.before, ordered.c.unit, found)
            .where(span.holds(ordered.c.start_time), ordered.c.before != ordered.c.unit)
            .group_by(ordered.c.before, ordered.c.unit)
            .order_by(found.desc(), ordered.c.before, ordered.c.unit)
        )
        with self._database.glancing() as connection:
            rows = connection.execute(wanted).all()
        return pb.HandOvers(
            definition=span.define(call, "STAT_HAND_OVERS"),
            pairs=[pb.HandOvers.Pair(from_unit=row[0], to_unit=row[1], count=row[2]) for row in rows],
        )

    def GetCustody(self, request: pb.GetCustodyRequest, context: grpc.ServicerContext) -> pb.Custody:
        """Who held cases for how long, up to now."""
        call, span = Call.of(context), _read_span(request.span)
        end = min(span.end, self._database.clock())
        wanted = custody(call, span.first, end, sqlite=self._database.sqlite)
        with self._database.glancing() as connection:
            rows = connection.execute(wanted).all()
        found: dict[tuple[str, str], list[int]] = {}
        for division, side, *counts in rows:
            before = found.get((division, side), [0, 0, 0])
            found[division, side] = [sum(pair) for pair in zip(before, map(round, counts), strict=True)]
        return pb.Custody(
            definition=span.define(call, "STAT_CUSTODY"),
            groups=[
                pb.Custody.Group(
                    division=division,
                    side=clock_pb2.Side.Value(side),
                    cases=cases,
                    held_seconds=seconds,
                    days_a_case=round(seconds / cases / 86400, 1) if cases else 0.0,
                    given=given,
                )
                for (division, side), (cases, seconds, given) in sorted(found.items())
                if cases or given
            ],
        )

    def GetLateness(self, request: pb.GetLatenessRequest, context: grpc.ServicerContext) -> pb.Lateness:
        """By the dates that are stored: those that held when the step was finished."""
        call, span = Call.of(context), _read_span(request.span)
        statutory, promised = StepRow.statutory.is_not(None), StepRow.promised.is_not(None)
        wanted = _by_matter(
            call,
            _count(or_(statutory, promised)),
            _count(StepRow.finish_date > StepRow.statutory),
            _count(StepRow.finish_date > StepRow.promised),
            _count(statutory),
            _count(promised),
        ).where(span.holds(StepRow.finish_time), StepRow.state == StepState.DONE)
        with self._database.glancing() as connection:
            rows = connection.execute(wanted).all()
        names = ("done", "after_statutory", "after_promised", "with_statutory", "with_promised")
        return pb.Lateness(
            definition=span.define(call, "STAT_LATENESS"),
            groups=[
                pb.Lateness.Group(matter=key, **dict(zip(names, counts, strict=True)))
                for key, counts in sorted(by_type(rows).items())
            ],
        )

    def GetWorkInProgress(
        self, request: pb.GetWorkInProgressRequest, context: grpc.ServicerContext
    ) -> pb.WorkInProgress:
        """What had begun by then and not ended."""
        call, reading = Call.of(context), Reading()
        if bool(request.date) is request.HasField("time"):
            reading.wrong("date", "FIELD_EITHER", other="time")
        day = _day(reading, "date", request.date) if request.date else FIRST
        at = _instant(reading, "time", request.time)
        reading.done()
        if request.date:
            # the day's last instant: there is none after it before the next day's first
            at = _midnight(day + ONE_DAY) - timedelta(microseconds=1)
            said = call.say("AT_DATE", {"day": day.isoformat()})
        else:
            said = call.say("AT_INSTANT", {"time": at.isoformat()})

        def open_at(begin: Any, end: Any) -> ColumnElement[bool]:
            return and_(begin <= at, or_(end.is_(None), end > at))

        matters = (
            select(MatterRow.type, func.count())
            .join(CaseRow, CaseRow.id == MatterRow.case_id)
            .where(open_at(MatterRow.start_time, MatterRow.finish_time), filtered_by_reach(call))
            .group_by(MatterRow.type)
        )
        steps = _by_matter(call, func.count()).where(open_at(StepRow.start_time, StepRow.finish_time))
        cases = (
            select(func.count())
            .select_from(CaseRow)
            .where(open_at(CaseRow.open_time, CaseRow.close_time), filtered_by_reach(call))
        )
        with self._database.reading() as session:
            count = session.execute(cases).scalar_one()
            by_matter = {row[0]: row[1] for row in session.execute(matters)}
            by_step = by_type(session.execute(steps).all())
        return pb.WorkInProgress(
            definition=call.say("STAT_IN_PROGRESS", {"span": said}),
            cases=count,
            groups=[
                pb.WorkInProgress.Group(matter=key, matters=by_matter.get(key, 0), steps=by_step.get(key, [0])[0])
                for key in sorted(by_matter.keys() | by_step.keys())
            ],
        )


def _by_matter(call: Call, *counted: Any) -> Select[Any]:
    """Something of the steps of cases within reach, by the key of their matter."""
    return (
        select(StepRow.matter, *counted)
        .select_from(StepRow)
        .join(CaseRow, CaseRow.id == StepRow.case_id)
        .where(filtered_by_reach(call))
        .group_by(StepRow.matter)
    )


def by_type(rows: Iterable[Sequence[Any]]) -> dict[str, list[int]]:
    """What was counted by the key of a matter, by its type: the key says it, and no matter has to be read."""
    found: dict[str, list[int]] = {}
    for key, *counts in rows:
        kind = type_of(key)
        found[kind] = [sum(pair) for pair in zip(found.get(kind, [0] * len(counts)), counts, strict=True)]
    return found


def _count(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _read_span(asked: pb.StatisticsSpan) -> Span:
    """A span by dates or by instants. Raises Invalid."""
    reading = Reading()
    dates, instants = bool(asked.from_date or asked.to_date), asked.HasField("from_time") or asked.HasField("to_time")
    if dates is instants:
        reading.wrong("span.from_date", "FIELD_EITHER", other="span.from_time")
        reading.done()
    if dates:
        first, last = _day(reading, "span.from_date", asked.from_date), _day(reading, "span.to_date", asked.to_date)
        if first > last:
            reading.wrong("span.to_date", "FIELD_TURNED")
        reading.done()
        words = {"first": first.isoformat(), "last": last.isoformat()}
        return Span(_midnight(first), _midnight(last + ONE_DAY), "SPAN_DATES", words)
    for name in ("from_time", "to_time"):
        if not asked.HasField(name):
            reading.wrong(f"span.{name}", "FIELD_REQUIRED")
    begin, end = _instant(reading, "span.from_time", asked.from_time), _instant(reading, "span.to_time", asked.to_time)
    if begin > end:
        reading.wrong("span.to_time", "FIELD_TURNED")
    reading.done()
    return Span(begin, end, "SPAN_INSTANTS", {"first": begin.isoformat(), "last": end.isoformat()})


def _instant(reading: Reading, field: str, value: Timestamp) -> datetime:
    """An instant of any time; that of the epoch for one that is wrong."""
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        reading.wrong(field, "FIELD_DATE")
        return datetime.fromtimestamp(0, UTC)


def _day(reading: Reading, field: str, value: str) -> date:
    """A date of a time in which there were computers."""
    found = reading.day(field, value)
    if found != date.min and not FIRST <= found <= LAST:
        reading.wrong(field, "FIELD_DATE")
    return max(FIRST, min(found, LAST))


def _midnight(day: date) -> datetime:
    """The first instant of a date in China."""
    return datetime.combine(day, time(), SHANGHAI)
