"""Rows of cases (个案): the talent, the family, relations."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.types import by_code_point
from services.talent.tables.base import Base


class TalentRow(Base):
    """A person who relocates. The identity number is sealed, and found by its blind index only."""

    __tablename__ = "talents"
    # names are looked for from their beginning and read in this order
    __table_args__ = (
        Index("talents_by_name", "full_name", "id"),
        Index("talents_by_pinyin", "name_pinyin", "id"),
        Index("talents_by_initials", "name_initials", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    resident_id_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    resident_id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    full_name: Mapped[str] = mapped_column(by_code_point(50))
    # 张三 is "zhangsan" and "zs"
    name_pinyin: Mapped[str] = mapped_column(by_code_point(300))
    name_initials: Mapped[str] = mapped_column(by_code_point(50))
    record_time: Mapped[datetime]


class CaseRow(Base):
    """A case. `division` is that of the side that holds it, `partner_division` of the other one once it was let in.

    Whoever changes anything of a case locks this row first.
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("(state = 'MERGED') = (merged_into <> '')", name="merged_into_another"),
        CheckConstraint("(state = 'OPEN') = (result = '')", name="ended_with_a_result"),
        CheckConstraint("origin <> destination", name="goes_somewhere"),
        Index("cases_by_division", "division", "id"),
        Index("cases_by_partner", "partner_division", "id"),
        Index("cases_by_owner", "owner", "id"),
        Index("cases_by_talent", "talent_id", "id"),
        Index("cases_by_opening", "open_time"),
        Index("cases_by_closing", "close_time"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(6))
    destination: Mapped[str] = mapped_column(String(6))
    custody: Mapped[str] = mapped_column(String(16))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6), default="")
    catalogue_id: Mapped[str] = mapped_column(ForeignKey("catalogues.id"))
    talent_id: Mapped[str] = mapped_column(ForeignKey("talents.id"))
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    employer_credit_code: Mapped[str] = mapped_column(String(18), default="", index=True)
    employer_name: Mapped[str] = mapped_column(String(100), default="")
    brought_by: Mapped[str] = mapped_column(String(64), default="", index=True)
    levels: Mapped[list[str]] = mapped_column(default=list)
    owner: Mapped[str] = mapped_column(String(200))
    result: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    merged_into: Mapped[str] = mapped_column(String(40), default="")
    day: Mapped[date] = mapped_column(index=True)  # of its intake, as its number says
    open_time: Mapped[datetime]
    close_time: Mapped[datetime | None]
    # the number of its last event: events of a case are counted without a gap
    events: Mapped[int] = mapped_column(Integer, default=0)
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class FamilyMemberRow(Base):
    """A member of the family who comes along. A child has no name here."""

    __tablename__ = "family_members"
    __table_args__ = (
        PrimaryKeyConstraint("case_id", "number"),
        CheckConstraint("kind <> 'CHILD' OR name_sealed IS NULL", name="children_are_elsewhere"),
    )

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class CaseRelationRow(Base):
    """That one case has to do with another one; both have the row."""

    __tablename__ = "case_relations"
    __table_args__ = (PrimaryKeyConstraint("case_id", "other_id"),)

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    other_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(16))
    record_time: Mapped[datetime]
