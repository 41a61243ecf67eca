"""Rows of who works where and who stands in (代理), and of what officers note of a case."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base


class OfficerRow(Base):
    """Somebody who works at a unit. Whoever assigns by balance locks the unit's rows first."""

    __tablename__ = "officers"
    __table_args__ = (
        PrimaryKeyConstraint("unit", "subject"),
        CheckConstraint("share BETWEEN 0 AND 100", name="share_of_a_hundred"),
    )

    unit: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    share: Mapped[int] = mapped_column(Integer)
    update_time: Mapped[datetime]


class CoverRow(Base):
    """That somebody stands in for somebody absent, from the first day to the last or to the day it was ended."""

    __tablename__ = "covers"
    __table_args__ = (
        CheckConstraint("absent <> deputy", name="by_another"),
        CheckConstraint("start_date <= end_date", name="lasts_a_day"),
        Index("covers_by_deputy", "deputy", "end_date"),
        Index("covers_by_unit", "unit", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit: Mapped[str] = mapped_column(String(64))
    absent: Mapped[str] = mapped_column(String(200))
    deputy: Mapped[str] = mapped_column(String(200))
    start_date: Mapped[date]
    end_date: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(200))
    record_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class NoteRow(Base):
    """A note or a call of a case. Its text is sealed."""

    __tablename__ = "notes"
    __table_args__ = (Index("notes_by_case", "case_id", "id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(64))
    occur_time: Mapped[datetime]
    record_time: Mapped[datetime]
