"""What a re-plan did with the promises it found."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base


class ReplanRow(Base):
    """What a re-plan did, in figures and step by step, as JSON."""

    __tablename__ = "replans"

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)


class ReplanPromiseRow(Base):
    """A published visit in a re-plan: what was promised, what goes now, and what its keeping costs."""

    __tablename__ = "replan_promises"
    __table_args__ = (
        PrimaryKeyConstraint("plan_id", "request_id"),
        Index("replan_promises_by_fate", "plan_id", "fate", "request_id"),
    )

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    fate: Mapped[str] = mapped_column(String(16))
    hit: Mapped[bool]
    freed: Mapped[bool]
    accepted: Mapped[bool]
    weight: Mapped[float] = mapped_column(Double)
    commissioner_id: Mapped[str] = mapped_column(String(40))
    days: Mapped[list[str]]  # at the host's, as ISO dates in order
    new_commissioner_id: Mapped[str] = mapped_column(String(40))  # empty if nobody goes
    new_days: Mapped[list[str]]
    price: Mapped[float | None] = mapped_column(Double)
