"""Rows of other placements (挂职、交流、实习、兼职等): who is where, what was presented, what was reported."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base
from services.platform.types import by_code_point


class PlacedPersonRow(Base):
    """Somebody who has or had a placement, by the blind index: what decides about their days takes turns here."""

    __tablename__ = "placed_people"

    resident_id_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class PlacementRow(Base):
    """A placement of one person."""

    __tablename__ = "placements"
    # names and numbers are looked for by their beginning and read in this order
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="a_period_of_a_day"),
        CheckConstraint("home_unit_credit_code <> host_credit_code", name="two_units"),
        CheckConstraint("state NOT IN ('RUNNING', 'ENDED') OR begun_on IS NOT NULL", name="began_before_it_ran"),
        CheckConstraint("(state = 'ENDED') = (ended_on IS NOT NULL)", name="ended_on_a_day"),
        CheckConstraint(
            "kind = 'INTERNSHIP' OR (school = '' AND study_months + host_staff + host_interns = 0)",
            name="of_students_only",
        ),
        Index("placements_by_number", "resident_id_index", "id"),
        Index("placements_by_phone", "phone_index", "id"),
        Index("placements_by_name", "full_name", "id"),
        Index("placements_by_pinyin", "name_pinyin", "id"),
        Index("placements_by_initials", "name_initials", "id"),
        Index("placements_by_division", "division", "id"),
        Index("placements_by_host_division", "host_division", "id"),
        Index("placements_by_unit", "home_unit_credit_code", "id"),
        Index("placements_by_host", "host_credit_code", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    # 张三 is "zhangsan" and "zs"
    full_name: Mapped[str] = mapped_column(by_code_point(50))
    name_pinyin: Mapped[str] = mapped_column(by_code_point(300))
    name_initials: Mapped[str] = mapped_column(by_code_point(50))
    resident_id_index: Mapped[bytes] = mapped_column(ForeignKey("placed_people.resident_id_index"))
    resident_id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    title: Mapped[str] = mapped_column(String(24))
    education: Mapped[str] = mapped_column(String(24))
    home_unit_credit_code: Mapped[str] = mapped_column(String(18))
    home_unit_name: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    host_credit_code: Mapped[str] = mapped_column(String(18))
    host_name: Mapped[str] = mapped_column(String(100))
    host_division: Mapped[str] = mapped_column(String(6))
    post: Mapped[str] = mapped_column(String(100))
    start_date: Mapped[date]
    end_date: Mapped[date]
    approval_number: Mapped[str] = mapped_column(String(64))
    approving_unit: Mapped[str] = mapped_column(String(100))
    agreement_title: Mapped[str] = mapped_column(String(100))
    agreement_sha256: Mapped[str] = mapped_column(String(64))
    agreement_signed_on: Mapped[date | None]
    documents: Mapped[list[dict[str, Any]]]  # kind and sha256 of each
    pay_bearer: Mapped[str] = mapped_column(String(16))
    injury_bearer: Mapped[str] = mapped_column(String(16))
    benefit_basis: Mapped[str] = mapped_column(String(200))
    school: Mapped[str] = mapped_column(String(16))
    study_months: Mapped[int] = mapped_column(Integer)
    host_staff: Mapped[int] = mapped_column(Integer)
    host_interns: Mapped[int] = mapped_column(Integer)
    consent_time: Mapped[datetime | None]
    consent_unit: Mapped[str] = mapped_column(String(64), default="")
    begun_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    report_count: Mapped[int] = mapped_column(Integer, default=0)
    reason: Mapped[str] = mapped_column(String(500), default="")
    rule_pack: Mapped[str] = mapped_column(String(120), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class PlacementReportRow(Base):
    """A report on some days of a placement; those of one placement do not overlap."""

    __tablename__ = "placement_reports"
    __table_args__ = (
        PrimaryKeyConstraint("placement_id", "number"),
        CheckConstraint("first_day <= last_day", name="about_a_day"),
        CheckConstraint("text <> '' OR file_sha256 <> ''", name="says_something"),
    )

    placement_id: Mapped[str] = mapped_column(ForeignKey("placements.id"))
    number: Mapped[int] = mapped_column(Integer)
    first_day: Mapped[date]
    last_day: Mapped[date]
    text: Mapped[str] = mapped_column(String(1000))
    file_sha256: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(64))
    create_time: Mapped[datetime]
