"""Rows of commissioners (科技特派员): who they are, their skills, who is in a team, when they cannot serve."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base
from services.platform.types import by_code_point

LIVE = text("state NOT IN ('REFUSED', 'WITHDRAWN')")


class CommissionerRow(Base):
    """A commissioner. A person is on the register, or on the way to it, once at a time."""

    __tablename__ = "commissioners"
    # names and numbers are looked for by their beginning and read in this order
    __table_args__ = (
        CheckConstraint("(kind = 'INDIVIDUAL') = (resident_id_index IS NOT NULL)", name="individuals_are_people"),
        CheckConstraint("(kind = 'TEAM') = (phone_index IS NULL)", name="teams_are_reached_by_their_leader"),
        CheckConstraint("(kind = 'TEAM') = (leader_id IS NOT NULL)", name="teams_have_a_leader"),
        CheckConstraint("(term_start IS NULL) = (term_end IS NULL)", name="terms_have_both_ends"),
        CheckConstraint("state <> 'FILED' OR term_start IS NOT NULL", name="filed_for_a_term"),
        CheckConstraint("days_a_year BETWEEN 1 AND 366", name="days_of_a_year"),
        Index(
            "commissioners_once",
            "resident_id_index",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        Index("commissioners_by_number", "resident_id_index", "id"),
        Index("commissioners_by_phone", "phone_index", "id"),
        Index("commissioners_by_name", "full_name", "id"),
        Index("commissioners_by_pinyin", "name_pinyin", "id"),
        Index("commissioners_by_initials", "name_initials", "id"),
        Index("commissioners_by_division", "division", "id"),
        Index("commissioners_by_partner", "partner_division", "id"),
        Index("commissioners_by_unit", "home_unit_credit_code", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    direction: Mapped[str] = mapped_column(String(16))
    field: Mapped[str] = mapped_column(String(16))
    # of a person, else of the team or unit; 张三 is "zhangsan" and "zs"
    full_name: Mapped[str] = mapped_column(by_code_point(50))
    name_pinyin: Mapped[str] = mapped_column(by_code_point(300))
    name_initials: Mapped[str] = mapped_column(by_code_point(50))
    resident_id_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    resident_id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    leader_id: Mapped[str | None] = mapped_column(ForeignKey("commissioners.id"))
    home_unit_credit_code: Mapped[str] = mapped_column(String(18))
    home_unit_name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(24))
    education: Mapped[str] = mapped_column(String(24))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    home_place: Mapped[str] = mapped_column(String(9))
    days_a_year: Mapped[int] = mapped_column(Integer)
    unavailable_weekdays: Mapped[list[int]] = mapped_column(default=list)
    vetted_by: Mapped[str] = mapped_column(String(200), default="")  # who may not endorse
    certificate_number: Mapped[str] = mapped_column(String(64), default="")
    term_start: Mapped[date | None]
    term_end: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    rule_pack: Mapped[str] = mapped_column(String(120), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SkillRow(Base):
    """A discipline that a commissioner is skilled in."""

    __tablename__ = "skills"
    __table_args__ = (
        PrimaryKeyConstraint("commissioner_id", "code"),
        CheckConstraint("level BETWEEN 1 AND 3", name="levels_of_three"),
        Index("skills_by_code", "code", "commissioner_id"),
    )

    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    code: Mapped[str] = mapped_column(by_code_point(7))
    level: Mapped[int] = mapped_column(Integer)


class MemberRow(Base):
    """Somebody in a team, the leader apart."""

    __tablename__ = "members"
    __table_args__ = (PrimaryKeyConstraint("team_id", "commissioner_id"),)

    team_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"), index=True)


class AbsenceRow(Base):
    """Days on which a commissioner cannot serve; those of one commissioner neither touch nor overlap."""

    __tablename__ = "absences"
    __table_args__ = (
        PrimaryKeyConstraint("commissioner_id", "first_day"),
        CheckConstraint("first_day <= last_day", name="lasts_a_day"),
    )

    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
