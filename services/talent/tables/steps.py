"""Rows of matters (事项), their steps (环节) and the ledgers of the steps' clocks (时限台账)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.talent.tables.base import Base

WAITING = text("state = 'WAITING'")
ON_A_DESK = text("alarm IS NOT NULL")
UNASSIGNED = text("alarm IS NOT NULL AND assignee = ''")
FINISHED = text("finish_time IS NOT NULL")
TO_REMIND = text("alarm IS NOT NULL AND remind IS NOT NULL")


class MatterRow(Base):
    """A matter of a case."""

    __tablename__ = "matters"
    __table_args__ = (
        PrimaryKeyConstraint("case_id", "key"),
        Index("matters_waiting", "type", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("matters_by_start", "start_time"),
        Index("matters_by_finish", "finish_time"),
    )

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    key: Mapped[str] = mapped_column(String(40))  # of its type, with "-2" for the second member of the family
    type: Mapped[str] = mapped_column(String(32))
    member: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)  # in the order they were asked for
    state: Mapped[str] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[str] = mapped_column(String(200))
    start_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]


class StepRow(Base):
    """A step of a matter, with what its ledger comes to: the dates are worked out, and stored to be sorted by."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("case_id", "matter", "key", name="one_step_of_a_key"),
        Index("steps_by_assignee", "assignee", "alarm", "id", sqlite_where=ON_A_DESK, postgresql_where=ON_A_DESK),
        Index("steps_by_owner", "owner", "alarm", "id", sqlite_where=ON_A_DESK, postgresql_where=ON_A_DESK),
        Index("steps_by_unit", "unit", "alarm", "id", sqlite_where=UNASSIGNED, postgresql_where=UNASSIGNED),
        Index("steps_of_a_unit", "unit", "case_id"),
        Index("steps_to_remind", "remind", "id", sqlite_where=TO_REMIND, postgresql_where=TO_REMIND),
        # by blocks on PostgreSQL (BRIN), so that beginning a step changes none of its indexes: rows lie in the order
        # in which cases were opened, and steps begin soon after that
        Index("steps_by_start", "start_time", postgresql_using="brin"),
        Index("steps_by_finish", "finish_time", sqlite_where=FINISHED, postgresql_where=FINISHED),
    )

    id: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(16))
    bureau: Mapped[str] = mapped_column(String(16))
    division: Mapped[str] = mapped_column(String(6))
    unit: Mapped[str] = mapped_column(String(64))
    assignee: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(200))  # of its case, copied
    outcome: Mapped[str] = mapped_column(String(32))
    result: Mapped[dict[str, str]]
    reason: Mapped[str] = mapped_column(String(500))
    # what the ledger comes to
    received: Mapped[date | None]
    base: Mapped[date | None]
    begun: Mapped[str] = mapped_column(String(16))
    planned: Mapped[date | None]
    promised: Mapped[date | None]
    statutory: Mapped[date | None]
    provisional: Mapped[bool]
    calendar: Mapped[str] = mapped_column(String(40))
    # the day it should be done by while it is on a desk, 9999-12-31 without a limit; NULL when it is on none: indexes
    # of today hold only what is to be done
    alarm: Mapped[date | None]
    # the first days of the yellow and of the red light, and the day to look whether anybody has to be told
    yellow: Mapped[date | None]
    red: Mapped[date | None]
    remind: Mapped[date | None]
    entries: Mapped[int] = mapped_column(Integer)  # in its ledger
    owed: Mapped[date | None]  # the first day a document is promised for, while that is open
    start_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]
    finish_date: Mapped[date | None]  # the Asia/Shanghai date of finish_time
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)


class ClockEntryRow(Base):
    """An entry of a step's ledger. Append-only."""

    __tablename__ = "clock_entries"
    __table_args__ = (
        UniqueConstraint("step_id", "number", name="counted_without_a_gap"),
        CheckConstraint("number >= 1", name="counted_from_one"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    occur_time: Mapped[datetime]
    record_time: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[str] = mapped_column(String(200))
    # what only its kind has: suspension, basis, maximum, approver, items, n, target
    detail: Mapped[dict[str, Any]]
