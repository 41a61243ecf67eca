"""Rows of requests (科技需求)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base
from services.platform.types import by_code_point


class RequestRow(Base):
    """What a host needs of a commissioner."""

    __tablename__ = "requests"
    __table_args__ = (
        CheckConstraint("window_start <= window_end", name="a_window_of_a_day"),
        CheckConstraint("working_days >= 1", name="wants_a_day"),
        CheckConstraint("level BETWEEN 1 AND 3", name="levels_of_three"),
        CheckConstraint("priority BETWEEN 1 AND 5", name="priorities_of_five"),
        Index("requests_by_division", "division", "id"),
        Index("requests_by_partner", "partner_division", "id"),
        Index("requests_by_host", "host_credit_code", "id"),
        Index("requests_by_discipline", "discipline", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(24))
    problem: Mapped[str] = mapped_column(String(500))
    discipline: Mapped[str] = mapped_column(by_code_point(7))
    level: Mapped[int] = mapped_column(Integer)
    host_credit_code: Mapped[str] = mapped_column(String(18))
    host_name: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    place: Mapped[str] = mapped_column(String(9))
    window_start: Mapped[date]
    window_end: Mapped[date]
    working_days: Mapped[int] = mapped_column(Integer)
    may_split: Mapped[bool]
    priority: Mapped[int] = mapped_column(Integer)
    priority_reason: Mapped[str] = mapped_column(String(200))
    # by number, of the register of commissioners
    wished_commissioner: Mapped[str] = mapped_column(String(40))
    refused_commissioners: Mapped[list[str]]
    team_needed: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
