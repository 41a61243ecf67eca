"""The ledger's proof: balances, journal, classes and enrolments all tell the same."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select

from services.platform.database import Database
from services.training.rules.states import HOLDS_SEATS, EnrolmentState, Seat, unfilled
from services.training.seats.ledger import BALANCES
from services.training.seats.limits import HEADS
from services.training.tables import (
    ClassRow,
    EnrolmentRow,
    OrderRow,
    QuotaMovementRow,
    QuotaRow,
    SeatMovementRow,
)


def prove(database: Database, order_name: str) -> dict[str, int]:
    """Asserts that the order's seats are conserved, however one counts; returns the balances by state."""
    order_id = order_name.partition("/")[2]
    with database.reading() as session:
        order = session.get_one(OrderRow, order_id)
        balances = {seat.value: getattr(order, column.name) for seat, column in BALANCES.items()}
        assert sum(balances.values()) == order.headcount

        replayed: Counter[str] = Counter()
        for movement in session.scalars(select(SeatMovementRow).where(SeatMovementRow.order_id == order_id)):
            replayed[movement.source] -= movement.seats
            replayed[movement.target] += movement.seats
        replayed.pop("NEW", None)
        assert {seat: replayed[seat] for seat in balances} == balances

        classes = session.scalars(select(ClassRow).where(ClassRow.order_id == order_id)).all()
        held = [each for each in classes if each.state in HOLDS_SEATS]
        assert balances[Seat.COMMITTED] == sum(unfilled(each.capacity, each.enrolled, each.offered) for each in held)
        assert balances[Seat.ENROLLED] == sum(each.enrolled for each in classes)
        assert balances[Seat.HIRED] == sum(each.hired for each in classes)
        for each in classes:
            counted = dict(
                session.execute(
                    select(EnrolmentRow.state, func.count())
                    .where(EnrolmentRow.class_id == each.id)
                    .group_by(EnrolmentRow.state)
                ).all()
            )
            assert each.enrolled == counted.get(EnrolmentState.ENROLLED, 0)
            assert each.offered == counted.get(EnrolmentState.OFFERED, 0)
            assert each.waitlisted == counted.get(EnrolmentState.WAITLISTED, 0)
            assert each.hired == counted.get(EnrolmentState.HIRED, 0)
    return balances


def prove_quota(database: Database, name: str) -> int:
    """Asserts that what a quota says is taken is what its journal and the seats say; returns it."""
    with database.reading() as session:
        quota = session.get_one(QuotaRow, name.partition("/")[2])
        journal = session.execute(
            select(func.coalesce(func.sum(QuotaMovementRow.amount), 0)).where(QuotaMovementRow.quota_id == quota.id)
        ).scalar_one()
        mine = (
            ClassRow.institution_credit_code == quota.subject
            if quota.kind == HEADS
            else (ClassRow.division == quota.division) & (ClassRow.fund == quota.fund)
        )
        rows = session.execute(
            select(EnrolmentRow.subsidy_fen, ClassRow.start_date)
            .join(ClassRow, ClassRow.id == EnrolmentRow.class_id)
            .where(mine, ClassRow.fund != "NONE", EnrolmentRow.state.in_(("ENROLLED", "OFFERED", "HIRED")))
        ).all()
        seats = [fen for fen, began in rows if began.year == quota.year]
    assert quota.taken == journal == (len(seats) if quota.kind == HEADS else sum(seats))
    return quota.taken
