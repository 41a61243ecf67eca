"""Rows that decisions rest on: numbers given out, parameter packs, files that came in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.training.tables.base import Base


class NumberRow(Base):
    """The last number given out in a series, such as `orders/202611`."""

    __tablename__ = "numbers"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class RulePackRow(Base):
    """A parameter pack that decisions were made with, kept so that each can be explained for as long as it stands."""

    __tablename__ = "rule_packs"

    fingerprint: Mapped[str] = mapped_column(String(120), primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    record_time: Mapped[datetime]


class RosterFileRow(Base):
    """A file that was imported into a class."""

    __tablename__ = "roster_files"
    __table_args__ = (PrimaryKeyConstraint("class_id", "sha256"),)

    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(Integer)
    record_time: Mapped[datetime]
