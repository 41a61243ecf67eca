"""Rows of imported event logs: which case of a log became which case here, and which lines of it were replayed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base


class LogCaseRow(Base):
    """A case of a log. Names of logs are those of the office that imports them: `division/log`."""

    __tablename__ = "log_cases"
    __table_args__ = (PrimaryKeyConstraint("log", "key"),)

    log: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(100))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    record_time: Mapped[datetime]


class LogLineRow(Base):
    """A line of a log that was replayed: importing it again changes nothing."""

    __tablename__ = "log_lines"
    __table_args__ = (PrimaryKeyConstraint("log", "fingerprint"),)

    log: Mapped[str] = mapped_column(String(80))
    fingerprint: Mapped[str] = mapped_column(String(64))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    record_time: Mapped[datetime]
