"""Rows of children's data (未成年人信息): sealed under a key of their own, beside the log of whoever looked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.talent.tables.base import Base


class ChildRow(Base):
    """Grade and school of a child. Once they are deleted the row stays as the tombstone of its log."""

    __tablename__ = "children"
    __table_args__ = (
        PrimaryKeyConstraint("case_id", "member"),
        ForeignKeyConstraint(["case_id", "member"], ["family_members.case_id", "family_members.number"]),
        CheckConstraint(
            "(certificate = '') = (grade_sealed IS NOT NULL) AND (certificate = '') = (school_sealed IS NOT NULL)",
            name="kept_or_certified",
        ),
    )

    case_id: Mapped[str] = mapped_column(String(40))
    member: Mapped[int] = mapped_column(Integer)
    grade_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    school_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    certificate: Mapped[str] = mapped_column(String(40), default="")
    # of its log: how many entries, and the digest of the last
    entries: Mapped[int] = mapped_column(Integer, default=0)
    head: Mapped[str] = mapped_column(String(64))
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)


class ChildAccessRow(Base):
    """That somebody asked to see a child's data, and what was said to it."""

    __tablename__ = "child_accesses"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "member"], ["children.case_id", "children.member"]),
        CheckConstraint("(state = 'APPROVED') = (expire_time IS NOT NULL)", name="approved_until"),
        CheckConstraint("approver <> requester", name="approved_by_another"),
        Index("child_accesses_by_child", "case_id", "member", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    case_id: Mapped[str] = mapped_column(String(40))
    member: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(200))
    requester: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(64))
    approver: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    expire_time: Mapped[datetime | None]
    request_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class ChildEntryRow(Base):
    """An entry of a child's log. Append-only; each carries the digest of the one before."""

    __tablename__ = "child_entries"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "member"], ["children.case_id", "children.member"]),
        UniqueConstraint("case_id", "member", "number", name="child_entries_are_counted"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(40))
    member: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    act: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(64))
    record_time: Mapped[datetime]
    about: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class CertificateRow(Base):
    """What proves that children's data was deleted (销毁证明)."""

    __tablename__ = "deletion_certificates"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    basis: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(500))
    officer: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(64))
    division: Mapped[str] = mapped_column(String(6))
    deleted: Mapped[list[dict[str, Any]]]
    record_time: Mapped[datetime]
