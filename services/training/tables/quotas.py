"""Rows of the limits that seats are taken from, and of the registers that people are looked up in."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.platform.types import by_code_point
from services.training.tables.base import Base


class QuotaRow(Base):
    """A limit that seats are taken from beside the class and the order: heads a year, or a budget in fen."""

    __tablename__ = "quotas"
    __table_args__ = (CheckConstraint("taken >= 0 AND granted >= 0", name="counts"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # heads-<credit code>-2026, budget-371526-2026-<fund>
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(18))
    division: Mapped[str] = mapped_column(String(6))
    year: Mapped[int] = mapped_column(Integer)
    fund: Mapped[str] = mapped_column(String(24))
    granted: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger, default=0)
    source: Mapped[str] = mapped_column(String(200))
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class QuotaMovementRow(Base):
    """The journal of a quota: summed up, it gives what is taken."""

    __tablename__ = "quota_movements"
    __table_args__ = (Index("quota_movements_by_quota", "quota_id", "sequence"),)

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    quota_id: Mapped[str] = mapped_column(ForeignKey("quotas.id"))
    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    amount: Mapped[int] = mapped_column(BigInteger)  # taken, or given back when negative
    record_time: Mapped[datetime]


class RegisterRow(Base):
    """A register of another bureau (比对数据) as it was on a day; only its newest generation is asked."""

    __tablename__ = "registers"
    __table_args__ = (PrimaryKeyConstraint("kind", "division"),)

    kind: Mapped[str] = mapped_column(String(24))
    division: Mapped[str] = mapped_column(String(6))
    generation: Mapped[str] = mapped_column(by_code_point(40))
    as_of: Mapped[date]
    rows: Mapped[int] = mapped_column(Integer)
    file_sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(200))
    record_time: Mapped[datetime]


class RegisterEntryRow(Base):
    """One line of a register: a person by blind index only, and what is on record of them."""

    __tablename__ = "register_entries"
    __table_args__ = (Index("register_entries_by_person", "person_index", "generation"),)

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    generation: Mapped[str] = mapped_column(by_code_point(40), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    person_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    since: Mapped[date | None]
    until: Mapped[date | None]
    occupation_code: Mapped[str] = mapped_column(String(16))
    certificate_level: Mapped[int] = mapped_column(Integer)
