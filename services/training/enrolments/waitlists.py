"""Handlers of waitlists (候补)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import grpc
from liancai.training.v1 import enrolments_pb2, waitlist_pb2_grpc
from liancai.training.v1 import waitlist_pb2 as pb
from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.errors import NotFound, Refused
from services.platform.requests import Reading, check_etag, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.training import queries
from services.training.enrolments import messages
from services.training.enrolments.clerk import Clerk, wrong_state
from services.training.rules import waitlist
from services.training.rules.states import EnrolmentState, free
from services.training.rules.waitlist import STEP, Neighbour
from services.training.seats import known, limits, promotion
from services.training.tables import Base, ClassRow, EnrolmentRow, TraineeRow

MOVED = "training.waitlist.move"


class Waitlist(Clerk, waitlist_pb2_grpc.WaitlistServicer):
    """Who waits, in which order, and why."""

    def ListWaitlist(self, request: pb.ListWaitlistRequest, context: grpc.ServicerContext) -> pb.ListWaitlistResponse:
        """A page, in order of service."""
        call = Call.of(context)
        reading = Reading()
        class_name = reading.name("class_name", request.class_name, "classes")
        reading.done()
        page = self._pages.read(call, request)
        wanted = (
            select(EnrolmentRow, TraineeRow)
            .join(TraineeRow, TraineeRow.id == EnrolmentRow.trainee_id)
            .where(_waiting(class_name.partition("/")[2]))
            .order_by(*promotion.ORDER)
        )
        first = 1
        if page.after is not None:
            passed, priority, since, tie, place = page.after
            passed_key = (priority, datetime.fromisoformat(str(since)), tie, place)
            wanted = wanted.where(tuple_(*promotion.ORDER) > _literals(passed_key))
            first = int(passed) + 1
        with self._database.reading() as session:
            queries.visible(session, call, ClassRow, class_name)
            rows = session.execute(wanted.limit(page.size + 1)).all()
        token = ""
        if len(rows) > page.size:
            last = rows[page.size - 1][0]
            assert last.waits_since is not None
            key = [first + page.size - 1, last.priority, last.waits_since.isoformat(), last.tie, last.place]
            token = self._pages.token(call, request, key)
        return pb.ListWaitlistResponse(
            enrolments=[
                messages.enrolment(row, self.masked(row, trainee), position=position)
                for position, (row, trainee) in enumerate(rows[: page.size], start=first)
            ],
            next_page_token=token,
        )

    def ExplainPlace(self, request: pb.ExplainPlaceRequest, context: grpc.ServicerContext) -> pb.PlaceExplanation:
        """Your place, and why."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "enrolments")
        reading.done()
        with self._database.reading() as session:
            row, held = queries.enrolment_with_class(session, call, request.name)
            if row.state != EnrolmentState.WAITLISTED:
                raise wrong_state(row, [EnrolmentState.WAITLISTED])
            by_priority, by_time, by_lottery = queries.waiting_ahead(session, row)
            size = _party_size(session, row)
            moves = _moves(session, request.name)
            blocked_by = self._blocked_by(session, held, size or 1)
        groups = self._packs.current.find("waitlist.priority", held.division, day_of(self._database.clock()))
        position = by_priority + by_time + by_lottery + 1
        values = {
            "position": position,
            "waiting": held.waitlisted,
            "priority": row.priority,
            "by_priority": by_priority,
            "by_time": by_time,
            "by_lottery": by_lottery,
        }
        return pb.PlaceExplanation(
            name=request.name,
            position=position,
            waiting=held.waitlisted,
            priority=row.priority,
            category=row.category,
            priority_source=groups.source if groups else "",
            priority_confidence=groups.confidence if groups else "",
            waits_since=stamp(row.waits_since),
            ahead_by_priority=by_priority,
            ahead_by_time=by_time,
            ahead_by_lottery=by_lottery,
            lottery_seed=held.lottery_seed,
            lottery_number=row.tie,
            party_size=size,
            moves=moves,
            blocked_by=blocked_by,
            sentence=call.say(
                "WAITLIST_PLACE_MOVED" if moves else "WAITLIST_PLACE",
                {key: str(value) for key, value in values.items()},
            ),
        )

    def MoveOnWaitlist(
        self, request: pb.MoveOnWaitlistRequest, context: grpc.ServicerContext
    ) -> enrolments_pb2.Enrolment:
        """Before another, or to the end; with a reason on record."""
        call = Call.of(context)
        reading = Reading()
        before = reading.optional_name("before", request.before, "enrolments").partition("/")[2]
        reason = reading.text("reason", request.reason, 1, 500)
        _read(reading, request)

        def work(tx: Tx) -> enrolments_pb2.Enrolment:
            row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
            check_etag(request.etag, request.name, row.version)
            if row.state != EnrolmentState.WAITLISTED:
                raise wrong_state(row, [EnrolmentState.WAITLISTED])
            unit = tx.session.scalars(select(EnrolmentRow).where(_waiting(held.id), _unit(row))).all()
            sources = [queries.waiting_before(tx.session, member) + 1 for member in unit]
            key = _before(tx, row, before, request.before) if before else _last(tx, row)
            for member in unit:
                member.priority, member.waits_since, member.tie = key
            tx.session.flush()
            target = 0
            for member, source in zip(unit, sources, strict=True):
                place = queries.waiting_before(tx.session, member) + 1
                target = place if member is row else target
                detail = {"class": f"classes/{held.id}", "from": source, "to": place, "before": request.before}
                tx.record(call, f"enrolments/{member.id}", event="enrolment.moved", reason=reason, detail=detail)
            # who stood behind a party that is too large may stand before it now
            promotion.promote(tx, call, self._packs.current, held.id, reason=request.name)
            waits = row.state == EnrolmentState.WAITLISTED
            return self.message(tx.session, call, row, held.division, target if waits else 0)

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def AcceptOffer(self, request: pb.AcceptOfferRequest, context: grpc.ServicerContext) -> enrolments_pb2.Enrolment:
        """Offered -> enrolled."""
        call = Call.of(context)
        _read(Reading(), request)

        def work(tx: Tx) -> enrolments_pb2.Enrolment:
            row, held = _offered(tx, call, request)
            if row.offer_expire_time is not None and row.offer_expire_time <= tx.now:
                raise Refused("OFFER_EXPIRED", enrolment=request.name, expired=row.offer_expire_time.isoformat())
            [facts] = known.classes(tx.connection, [held.id], lock=True)
            promotion.accept(tx, facts, row)
            detail = {"class": f"classes/{held.id}", "state": row.state}
            tx.record(call, request.name, event="enrolment.enrolled", detail=detail)
            return self.message(tx.session, call, row, held.division)

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def DeclineOffer(self, request: pb.DeclineOfferRequest, context: grpc.ServicerContext) -> enrolments_pb2.Enrolment:
        """Offered -> withdrawn, and the seat to the next."""
        call = Call.of(context)
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        _read(reading, request)

        def work(tx: Tx) -> enrolments_pb2.Enrolment:
            row, held = _offered(tx, call, request)
            [facts] = known.classes(tx.connection, [held.id], lock=True)
            promotion.leave(tx, facts, row, reason)
            detail = {"class": f"classes/{held.id}", "from": EnrolmentState.OFFERED}
            tx.record(call, request.name, event="enrolment.withdrawn", reason=reason, detail=detail)
            promotion.promote(tx, call, self._packs.current, held.id, reason=request.name)
            return self.message(tx.session, call, row, held.division)

        return self._database.write(call, request, work, key=self.class_of(request.name))

    def _blocked_by(self, session: Session, held: ClassRow, size: int) -> str:
        """The limit that keeps free seats from being given, if one does."""
        connection = session.connection()
        [facts] = known.classes(connection, [held.id], lock=False)
        if free(facts.capacity, facts.enrolled, facts.offered) < size:
            return ""
        bound = limits.binding(limits.read(connection, [facts], lock=False), limits.shares(facts), size)
        return bound.quota if bound else ""


def _offered(
    tx: Tx, call: Call, request: pb.AcceptOfferRequest | pb.DeclineOfferRequest
) -> tuple[EnrolmentRow, ClassRow]:
    row, held = queries.enrolment_with_class(tx.session, call, request.name, lock=True)
    check_etag(request.etag, request.name, row.version)
    if row.state != EnrolmentState.OFFERED:
        raise wrong_state(row, [EnrolmentState.OFFERED])
    return row, held


def _before(tx: Tx, row: EnrolmentRow, target_id: str, name: str) -> tuple[int, datetime | None, int]:
    """The place right before somebody else's: their group, their time, a number just below theirs."""
    target = tx.session.get(EnrolmentRow, target_id)
    if target is None or target.class_id != row.class_id:
        raise NotFound(name)
    if target.state != EnrolmentState.WAITLISTED:
        raise wrong_state(target, [EnrolmentState.WAITLISTED])
    if target.id == row.id or (row.party and row.party == target.party):
        return row.priority, row.waits_since, row.tie
    tie = waitlist.before(_previous(tx, row, target), target.tie)
    if tie is None:
        _spread(tx, target)
        tx.session.refresh(target)
        tie = waitlist.before(_previous(tx, row, target), target.tie)
        assert tie is not None
    return target.priority, target.waits_since, tie


def _previous(tx: Tx, row: EnrolmentRow, target: EnrolmentRow) -> Neighbour | None:
    """Who is served just before the target, the one who moves left aside."""
    descending = [column.desc() for column in promotion.ORDER]
    key = (target.priority, target.waits_since, target.tie)
    found = tx.session.scalars(
        select(EnrolmentRow)
        .where(_waiting(row.class_id), tuple_(*promotion.ORDER[:3]) < _literals(key), ~_unit(row))
        .order_by(*descending)
        .limit(1)
    ).first()
    if found is None:
        return None
    same = (found.priority, found.waits_since) == (target.priority, target.waits_since)
    return Neighbour(same, found.tie)


def _spread(tx: Tx, target: EnrolmentRow) -> None:
    """Gives those of one group and moment new numbers, far apart and in the order they have."""
    together = tx.session.scalars(
        select(EnrolmentRow)
        .where(
            _waiting(target.class_id),
            EnrolmentRow.priority == target.priority,
            EnrolmentRow.waits_since == target.waits_since,
        )
        .order_by(*promotion.ORDER)
    ).all()
    ties = {tie: number * STEP for number, tie in enumerate(sorted({each.tie for each in together}), start=1)}
    for each in together:
        each.tie = ties[each.tie]
    tx.session.flush()


def _last(tx: Tx, row: EnrolmentRow) -> tuple[int, datetime | None, int]:
    """The place behind everybody who waits now."""
    descending = [column.desc() for column in promotion.ORDER]
    found = tx.session.scalars(
        select(EnrolmentRow).where(_waiting(row.class_id), ~_unit(row)).order_by(*descending).limit(1)
    ).first()
    if found is None:
        return row.priority, row.waits_since, row.tie
    return found.priority, found.waits_since, found.tie + STEP


def _waiting(class_id: str) -> ColumnElement[bool]:
    return (EnrolmentRow.class_id == class_id) & (EnrolmentRow.state == EnrolmentState.WAITLISTED)


def _unit(row: EnrolmentRow) -> ColumnElement[bool]:
    """Somebody alone, or everybody of their party."""
    return EnrolmentRow.party == row.party if row.party else EnrolmentRow.id == row.id


def _party_size(session: Session, row: EnrolmentRow) -> int:
    if not row.party:
        return 0
    together = select(func.count()).select_from(EnrolmentRow).where(_waiting(row.class_id), _unit(row))
    return session.execute(together).scalar_one()


def _moves(session: Session, name: str) -> list[pb.PlaceExplanation.Move]:
    """Each time somebody moved it by hand, from the audit trail."""
    table = Base.metadata.tables["audit_entry"]
    rows = session.execute(
        select(table).where(table.c.resource == name, table.c.action == MOVED).order_by(table.c.sequence)
    )
    return [
        pb.PlaceExplanation.Move(
            record_time=stamp(row.record_time),
            actor=row.actor,
            reason=row.reason,
            source=row.detail["from"],
            target=row.detail["to"],
        )
        for row in rows
    ]


def _literals(values: Sequence[Any]) -> Any:
    columns = promotion.ORDER[: len(values)]
    return tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))


def _read(reading: Reading, request: pb.MoveOnWaitlistRequest | pb.AcceptOfferRequest | pb.DeclineOfferRequest) -> None:
    reading.name("name", request.name, "enrolments")
    reading.request_id(request.request_id)
    reading.done()
