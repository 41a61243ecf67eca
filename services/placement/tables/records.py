"""Rows that decisions rest on: numbers given out."""

from __future__ import annotations

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base


class NumberRow(Base):
    """The last number given out in a series, such as `commissioners/202611`."""

    __tablename__ = "numbers"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
