"""Rows of documents (材料) and of what was said in their place."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base

_OPEN = text("state = 'OPEN'")


class DocumentRow(Base):
    """A file that was brought for a step. Its content lies in the store; its name may hold a person's and is sealed."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("(state = 'RECEIVED') = (decide_time IS NULL)", name="decided_at_a_time"),
        Index("documents_by_step", "step_id", "id"),
        Index("documents_by_blob", "blob"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    key: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    file_type: Mapped[str] = mapped_column(String(16))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    # what its file is called in the store
    blob: Mapped[str] = mapped_column(String(64))
    file_name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    uploader: Mapped[str] = mapped_column(String(200))
    reviewer: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    create_time: Mapped[datetime]
    decide_time: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class DocumentPromiseRow(Base):
    """That a document is brought later, by a day (容缺受理), or need not be brought."""

    __tablename__ = "document_promises"
    __table_args__ = (
        CheckConstraint("due IS NOT NULL OR state = 'WAIVED'", name="promised_for_a_day"),
        Index("document_promises_by_step", "step_id", "id"),
        Index("one_open_promise", "step_id", "key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    key: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    due: Mapped[date | None]
    # the applicant's written promise
    evidence: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(500))
    actor: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
