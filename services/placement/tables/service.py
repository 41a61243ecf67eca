"""Rows of what was done: visits, technology transfers, yearly grades, subsidies."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.placement.tables.base import Base

REGISTERED = text("registration_number <> '' AND continues_id IS NULL")


class VisitRow(Base):
    """A visit as the log has it. Who may see it is kept with it, so that a list reads one table."""

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint("start_minute < end_minute", name="lasts_a_minute"),
        CheckConstraint("state <> 'COUNTERSIGNED' OR countersign_time IS NOT NULL", name="countersigned_by_somebody"),
        CheckConstraint(
            "state NOT IN ('CONFIRMED', 'COUNTERSIGNED') OR confirm_time IS NOT NULL", name="confirmed_once"
        ),
        Index("visits_by_assignment", "assignment_id", "id"),
        Index("visits_by_commissioner", "commissioner_id", "day"),
        Index("visits_by_host", "host_credit_code", "id"),
        Index("visits_by_unit", "home_unit_credit_code", "id"),
        Index("visits_by_division", "division", "id"),
        Index("visits_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"))
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    host_credit_code: Mapped[str] = mapped_column(String(18))
    home_unit_credit_code: Mapped[str] = mapped_column(String(18))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    day: Mapped[date]
    start_minute: Mapped[int] = mapped_column(Integer)  # of the day, Asia/Shanghai
    end_minute: Mapped[int] = mapped_column(Integer)
    remote: Mapped[bool]
    place: Mapped[str] = mapped_column(String(9))
    category: Mapped[str] = mapped_column(String(24))
    problem: Mapped[str] = mapped_column(String(500))
    measure: Mapped[str] = mapped_column(String(1000))
    result: Mapped[str] = mapped_column(String(1000))
    beneficiaries: Mapped[int] = mapped_column(Integer)
    photo_sha256: Mapped[list[str]]
    late: Mapped[bool]
    late_reason: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500), default="")
    confirmed_by: Mapped[str] = mapped_column(String(200), default="")
    confirm_time: Mapped[datetime | None]
    countersign_due: Mapped[date | None]
    countersign_late: Mapped[bool] = mapped_column(default=False)
    countersigned_by: Mapped[str] = mapped_column(String(200), default="")
    countersign_time: Mapped[datetime | None]
    rule_pack: Mapped[str] = mapped_column(String(120))
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class TechnologyTransferRow(Base):
    """A technology transfer at one of its stages. A record is continued once, and registered once."""

    __tablename__ = "technology_transfers"
    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="worth_nothing_or_more"),
        Index(
            "transfers_registered_once",
            "registration_number",
            unique=True,
            sqlite_where=REGISTERED,
            postgresql_where=REGISTERED,
        ),
        Index("transfers_by_commissioner", "commissioner_id", "id"),
        Index("transfers_by_host", "host_credit_code", "id"),
        Index("transfers_by_unit", "home_unit_credit_code", "id"),
        Index("transfers_by_division", "division", "id"),
        Index("transfers_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    assignment_id: Mapped[str | None] = mapped_column(ForeignKey("assignments.id"))
    host_credit_code: Mapped[str] = mapped_column(String(18))
    host_name: Mapped[str] = mapped_column(String(100))
    home_unit_credit_code: Mapped[str] = mapped_column(String(18))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    title: Mapped[str] = mapped_column(String(200))
    contract_number: Mapped[str] = mapped_column(String(64))
    registration_number: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str] = mapped_column(String(16))
    stage_date: Mapped[date]
    intellectual_property: Mapped[str] = mapped_column(String(500))
    site: Mapped[str] = mapped_column(String(100))
    continues_id: Mapped[str | None] = mapped_column(ForeignKey("technology_transfers.id"), unique=True)
    create_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class EvaluationRow(Base):
    """The grade that a bureau gave for a year, once."""

    __tablename__ = "evaluations"
    __table_args__ = (PrimaryKeyConstraint("commissioner_id", "year"), Index("evaluations_by_year", "year"))

    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    year: Mapped[int] = mapped_column(Integer, autoincrement=False)
    grade: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(String(500))
    recorded_by: Mapped[str] = mapped_column(String(200))
    record_time: Mapped[datetime]


class SubsidyRow(Base):
    """A subsidy as it was paid."""

    __tablename__ = "subsidies"
    __table_args__ = (
        CheckConstraint("amount_fen >= 1", name="paid_something"),
        Index("subsidies_by_commissioner", "commissioner_id", "pay_date"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    commissioner_id: Mapped[str] = mapped_column(ForeignKey("commissioners.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    pay_date: Mapped[date]
    basis: Mapped[str] = mapped_column(String(200))
    recorded_by: Mapped[str] = mapped_column(String(200))
    record_time: Mapped[datetime]
