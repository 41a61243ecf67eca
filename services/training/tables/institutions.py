"""Rows of training institutions (培训机构) and their teachers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.training.tables.base import Base


class InstitutionRow(Base):
    """A training institution (培训机构) on the register, found by its unified social credit code."""

    __tablename__ = "institutions"

    id: Mapped[str] = mapped_column(String(18), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    institution_name: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6), index=True)
    licence_number: Mapped[str] = mapped_column(String(64))
    catalogue_number: Mapped[str] = mapped_column(String(64))
    occupation_codes: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(String(500), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class TeacherRow(Base):
    """A teacher (培训教师) of an institution. Whoever teaches for two has two rows with one blind index."""

    __tablename__ = "teachers"
    __table_args__ = (UniqueConstraint("institution_id", "resident_id_index", name="one_teacher_once"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    resident_id_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    resident_id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    full_name: Mapped[str] = mapped_column(String(50))
    qualification: Mapped[str] = mapped_column(String(100))
    certificate_number: Mapped[str] = mapped_column(String(64))
    create_time: Mapped[datetime]
