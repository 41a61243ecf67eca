"""Rows of the catalogue of matters (事项目录), version by version."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base


class CatalogueRow(Base):
    """One version. Published versions form a chain without branches: two of them can never hold on one day."""

    __tablename__ = "catalogues"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="holds_a_day"),
        CheckConstraint("(state = 'DRAFT') = (valid_from IS NULL)", name="published_from_a_day"),
        CheckConstraint("(state = 'DRAFT') = (replaces IS NULL)", name="published_after_another"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    # the published version before it, "" for the first one: each has one successor at most
    replaces: Mapped[str | None] = mapped_column(String(40), unique=True)
    create_time: Mapped[datetime]
    publish_time: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class RecalculationRow(Base):
    """A run that stored dates anew, with the calendar it used."""

    __tablename__ = "recalculations"

    __table_args__ = (UniqueConstraint("caller", "request_id", name="one_run_a_request"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    caller: Mapped[str] = mapped_column(String(200))
    request_id: Mapped[str] = mapped_column(String(64))
    calendar: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(500))
    looked_at: Mapped[int] = mapped_column(Integer)
    earlier: Mapped[int] = mapped_column(Integer)
    later: Mapped[int] = mapped_column(Integer)
    otherwise: Mapped[int] = mapped_column(Integer)
    record_time: Mapped[datetime]


class MovedDeadlineRow(Base):
    """A step whose dates a run moved, as they were before and after."""

    __tablename__ = "moved_deadlines"

    recalculation_id: Mapped[str] = mapped_column(ForeignKey("recalculations.id"), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(16))
    before: Mapped[dict[str, str]]
    after: Mapped[dict[str, str]]
