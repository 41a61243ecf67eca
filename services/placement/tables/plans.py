"""Rows of dispatch plans (派驻计划): what is planned, what binds it, what it was worked out from, what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base


class PlanRow(Base):
    """A plan. `objective` and `summary` are JSON, numbers of the rules and what came of the last job."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="lasts_a_day"),
        CheckConstraint("state <> 'PUBLISHED' OR publish_time IS NOT NULL", name="published_at_a_time"),
        Index("plans_by_division", "division", "id"),
        Index("plans_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    disciplines: Mapped[list[str]]
    first_day: Mapped[date]
    last_day: Mapped[date]
    objective: Mapped[dict[str, Any]] = mapped_column(JSON)
    replaces: Mapped[str] = mapped_column(String(40), default="")  # the number of the published plan it would change
    summary: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {} until it was worked out
    outdated: Mapped[bool] = mapped_column(default=False)  # changed since it was worked out
    job: Mapped[str] = mapped_column(String(64), default="")  # the last one
    makers: Mapped[list[str]]  # who may not review
    reviewer: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    publish_time: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class PlanPinRow(Base):
    """A visit that must be in a plan; `days` at the host's, as ISO dates in order."""

    __tablename__ = "plan_pins"
    __table_args__ = (PrimaryKeyConstraint("plan_id", "request_id"),)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    days: Mapped[list[str]]
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime]
    cost: Mapped[float | None] = mapped_column(Double)  # points, of the plan that was worked out last


class PlanBanRow(Base):
    """A pair that must not be in a plan."""

    __tablename__ = "plan_bans"
    __table_args__ = (PrimaryKeyConstraint("plan_id", "request_id", "commissioner_id"),)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime]
    cost: Mapped[float | None] = mapped_column(Double)  # points, of the plan that was worked out last


class PlanInputsRow(Base):
    """What a plan is worked out from (`inputs`), and the prices of its bound (`prices`): JSON, compressed.

    That of the plan's summary, and that of a job which is at it; `digest` is the SHA-256 of the JSON of the inputs.
    """

    __tablename__ = "plan_inputs"
    __table_args__ = (PrimaryKeyConstraint("plan_id", "digest"),)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    digest: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[bytes] = mapped_column(LargeBinary)
    prices: Mapped[bytes | None] = mapped_column(LargeBinary)


class PlanVisitRow(Base):
    """A request that a plan serves: days at the host's and on the way, as ISO dates in order; points by term."""

    __tablename__ = "plan_visits"
    __table_args__ = (
        PrimaryKeyConstraint("plan_id", "request_id"),
        Index("plan_visits_by_commissioner", "plan_id", "commissioner_id", "request_id"),
    )

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    days: Mapped[list[str]]
    travel_days: Mapped[list[str]]
    priority_points: Mapped[int] = mapped_column(Integer)
    continuity_points: Mapped[int] = mapped_column(Integer)
    travel_points: Mapped[int] = mapped_column(Integer)
    pinned: Mapped[bool]


class PlanUnservedRow(Base):
    """A request that a plan leaves unserved, and the first reason."""

    __tablename__ = "plan_unserved"
    __table_args__ = (PrimaryKeyConstraint("plan_id", "request_id"),)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    cause: Mapped[str] = mapped_column(String(16))
