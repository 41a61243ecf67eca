"""Rows of assignments (派驻任务), and of the days they bind."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base

STANDS = text("state NOT IN ('DECLINED', 'CANCELLED')")


class AssignmentRow(Base):
    """A commissioner serves a request. One at a time stands for a request."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="lasts_a_day"),
        CheckConstraint("rating BETWEEN 0 AND 5", name="five_levels"),
        CheckConstraint("(rating > 0) = (state = 'RATED')", name="rated_have_a_rating"),
        Index("assignments_once", "request_id", unique=True, sqlite_where=STANDS, postgresql_where=STANDS),
        Index("assignments_by_request", "request_id", "id"),
        Index("assignments_by_commissioner", "commissioner_id", "id"),
        Index("assignments_by_plan", "plan", "id"),
        Index("assignments_by_host", "host_credit_code", "id"),
        Index("assignments_by_unit", "home_unit_credit_code", "id"),
        Index("assignments_by_division", "division", "id"),
        Index("assignments_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    plan: Mapped[str] = mapped_column(String(64))  # a name, such as plans/20261100001; empty when made by hand
    days: Mapped[list[str]]
    travel_days: Mapped[list[str]]
    first_day: Mapped[date]  # of `days`
    last_day: Mapped[date]
    host_credit_code: Mapped[str] = mapped_column(String(18))
    host_name: Mapped[str] = mapped_column(String(100))
    home_unit_credit_code: Mapped[str] = mapped_column(String(18))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    answered_by: Mapped[str] = mapped_column(String(200), server_default="")
    answer_time: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500), server_default="")
    disrupted: Mapped[bool] = mapped_column(server_default=false())
    rating: Mapped[int] = mapped_column(Integer, server_default="0")
    rating_comment: Mapped[str] = mapped_column(String(500), server_default="")
    rate_time: Mapped[datetime | None]
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class AssignedDayRow(Base):
    """A day that an assignment binds its commissioner, travel included: nobody is in two places."""

    __tablename__ = "assigned_days"
    __table_args__ = (PrimaryKeyConstraint("commissioner_id", "day"),)

    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    day: Mapped[date]
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), index=True)
