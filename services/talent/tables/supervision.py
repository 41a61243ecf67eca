"""Rows of supervision (督办): reminders that were sent, and supervision orders (督办单)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base

UNDER_WAY = text("state IN ('ISSUED', 'ANSWERED')")


class ReminderRow(Base):
    """A reminder that was sent: a rung of the ladder for one date of one step. Its key is what sends it once."""

    __tablename__ = "reminders"
    __table_args__ = (
        PrimaryKeyConstraint("step_id", "rung", "due"),
        Index("reminders_of_a_case", "case_id", "day"),
        Index("reminders_of_a_matter", "case_id", "matter", "light"),
    )

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    rung: Mapped[str] = mapped_column(String(32))
    due: Mapped[date]  # the date of the step that it is about: another date is another reminder
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    light: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(16))
    told: Mapped[list[str]]
    day: Mapped[date]  # on which it was due, whenever it was sent
    record_time: Mapped[datetime]


class SupervisionOrderRow(Base):
    """A supervision order (督办单). One step has one that is under way."""

    __tablename__ = "supervision_orders"
    __table_args__ = (
        CheckConstraint("state <> 'ANSWERED' OR answer <> ''", name="answered_in_words"),
        CheckConstraint("(state IN ('ISSUED', 'ANSWERED')) = (close_time IS NULL)", name="closed_at_a_time"),
        Index("one_order_under_way", "step_id", unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("orders_of_a_case", "case_id", "id"),
        Index("orders_of_a_unit", "unit", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    step: Mapped[str] = mapped_column(String(32))
    division: Mapped[str] = mapped_column(String(6))  # of the side that does the step
    unit: Mapped[str] = mapped_column(String(64))
    officer: Mapped[str] = mapped_column(String(200))
    requirement: Mapped[str] = mapped_column(String(500))
    new_date: Mapped[date]
    answer: Mapped[str] = mapped_column(String(500))
    remark: Mapped[str] = mapped_column(String(500))  # why the answer was returned, signed off or the order withdrawn
    rung: Mapped[str] = mapped_column(String(32))  # of the ladder that issued it; empty for a supervisor's own
    issuer: Mapped[str] = mapped_column(String(200))
    answerer: Mapped[str] = mapped_column(String(200))
    closer: Mapped[str] = mapped_column(String(200))
    issue_time: Mapped[datetime]
    answer_time: Mapped[datetime | None]
    close_time: Mapped[datetime | None]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
