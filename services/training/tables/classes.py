"""Rows of classes (培训班), their timetables and what the timetables occupy."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, false
from sqlalchemy.orm import Mapped, mapped_column

from services.training.tables.base import Base


class ClassRow(Base):
    """A class (培训班). Its counts move with every enrolment and leave `version` alone."""

    __tablename__ = "classes"
    __table_args__ = (
        CheckConstraint("enrolled >= 0 AND waitlisted >= 0 AND hired >= 0 AND capacity >= 1", name="counts"),
        CheckConstraint("offered >= 0", name="offers"),
        Index("classes_by_division", "division", "id"),
        Index("classes_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    institution_credit_code: Mapped[str] = mapped_column(String(18), index=True)
    institution_name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(100))
    # who may see it: copied from the order, which never changes them once a class exists
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    enterprise_credit_code: Mapped[str] = mapped_column(String(18))
    occupation_code: Mapped[str] = mapped_column(String(16))
    skill_level: Mapped[int] = mapped_column(Integer)
    certificate_level: Mapped[int] = mapped_column(Integer, server_default="0")
    start_date: Mapped[date]
    end_date: Mapped[date]
    # the filing (开班备案); hours are class hours (课时)
    training_kind: Mapped[str] = mapped_column(String(24), server_default="")
    fund: Mapped[str] = mapped_column(String(24), server_default="NONE")
    subsidy_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    subsidy_standard: Mapped[str] = mapped_column(String(64), server_default="")
    project_number: Mapped[str] = mapped_column(String(64), server_default="")
    certificate_kind: Mapped[str] = mapped_column(String(24), server_default="")
    hours_theory: Mapped[int] = mapped_column(Integer, server_default="0")
    hours_practice: Mapped[int] = mapped_column(Integer, server_default="0")
    site_address: Mapped[str] = mapped_column(String(200), server_default="")
    head_teacher: Mapped[str] = mapped_column(String(50), server_default="")
    assessment_plan: Mapped[str] = mapped_column(String(1000), server_default="")
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    file_time: Mapped[datetime | None]
    reviewer: Mapped[str] = mapped_column(String(200), server_default="")
    # moves with the sessions: whoever remembers a timetable remembers it by this
    timetable_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    # the institution is suspended: copied here, for it is asked with every enrolment
    suspended: Mapped[bool] = mapped_column(default=False, server_default=false())
    capacity: Mapped[int] = mapped_column(Integer)
    minimum: Mapped[int] = mapped_column(Integer)
    enrolled: Mapped[int] = mapped_column(Integer, default=0)
    offered: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    waitlisted: Mapped[int] = mapped_column(Integer, default=0)
    hired: Mapped[int] = mapped_column(Integer, default=0)
    arrivals: Mapped[int] = mapped_column(BigInteger, default=0)
    # nobody on the waitlist has waited since a later moment, whatever the clock did
    last_arrival: Mapped[datetime | None]
    lottery_seed: Mapped[str] = mapped_column(String(32), server_default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    remarks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SessionRow(Base):
    """One session of a timetable. Times are minutes after midnight."""

    __tablename__ = "class_sessions"
    __table_args__ = (
        PrimaryKeyConstraint("class_id", "day", "start_minute"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="in_one_day"),
    )

    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    day: Mapped[date]
    start_minute: Mapped[int] = mapped_column(Integer)
    end_minute: Mapped[int] = mapped_column(Integer)
    place: Mapped[str] = mapped_column(String(100))
    teacher_id: Mapped[str | None] = mapped_column(ForeignKey("teachers.id", name="session_teacher"))
    topic: Mapped[str] = mapped_column(String(100), server_default="")
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())


class BookingRow(Base):
    """Half an hour of one teacher or one room: the key itself refuses two classes at once."""

    __tablename__ = "bookings"
    __table_args__ = (PrimaryKeyConstraint("kind", "subject", "day", "half_hour"),)

    kind: Mapped[str] = mapped_column(String(8))  # TEACHER or ROOM
    subject: Mapped[str] = mapped_column(String(64))  # SHA-256 of who or where
    day: Mapped[date]
    half_hour: Mapped[int] = mapped_column(Integer)  # 0 to 47
    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"), index=True)
