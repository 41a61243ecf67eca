"""Rows of orders (用工订单) and of the agreements that cover them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.training.tables.base import Base


class OrderRow(Base):
    """An order (用工订单), with its seats by where they are: the conserved ledger."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "headcount = seats_open + seats_committed + seats_enrolled + seats_hired + seats_lost", name="conserved"
        ),
        CheckConstraint(
            "seats_open >= 0 AND seats_committed >= 0 AND seats_enrolled >= 0 AND seats_hired >= 0 AND seats_lost >= 0",
            name="no_seat_twice",
        ),
        Index("orders_by_division", "division", "id"),
        Index("orders_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    enterprise_credit_code: Mapped[str] = mapped_column(String(18), index=True)
    enterprise_name: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    park: Mapped[str] = mapped_column(String(100))
    occupation_code: Mapped[str] = mapped_column(String(16))
    skill_level: Mapped[int] = mapped_column(Integer)
    certificate_level: Mapped[int] = mapped_column(Integer)
    headcount: Mapped[int] = mapped_column(Integer)
    wage_min_fen: Mapped[int] = mapped_column(BigInteger)
    wage_max_fen: Mapped[int] = mapped_column(BigInteger)
    contract_months: Mapped[int] = mapped_column(Integer)
    start_date: Mapped[date]
    place: Mapped[str] = mapped_column(String(200))
    valid_until: Mapped[date]
    chain_tag: Mapped[str] = mapped_column(String(50))
    institution_credit_code: Mapped[str] = mapped_column(String(18), default="", index=True)
    reason: Mapped[str] = mapped_column(String(500), default="")
    seats_open: Mapped[int] = mapped_column(Integer)
    seats_committed: Mapped[int] = mapped_column(Integer, default=0)
    seats_enrolled: Mapped[int] = mapped_column(Integer, default=0)
    seats_hired: Mapped[int] = mapped_column(Integer, default=0)
    seats_lost: Mapped[int] = mapped_column(Integer, default=0)
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SeatMovementRow(Base):
    """The journal of an order's seats: summed up, it gives the balances on the order's row."""

    __tablename__ = "seat_movements"
    __table_args__ = (
        CheckConstraint("seats > 0 AND source <> target", name="moves_something"),
        Index("seat_movements_by_order", "order_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    class_id: Mapped[str | None] = mapped_column(ForeignKey("classes.id"))
    source: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(16))
    seats: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(500))
    record_time: Mapped[datetime]


class AgreementRow(Base):
    """An agreement (培训协议), tripartite or bilateral. It binds once every party has signed the same text."""

    __tablename__ = "agreements"
    __table_args__ = (
        Index("agreements_by_division", "division", "id"),
        Index("agreements_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    headcount: Mapped[int] = mapped_column(Integer)
    hire_commitment: Mapped[int] = mapped_column(Integer)
    wage_floor_fen: Mapped[int] = mapped_column(BigInteger)
    fee_bearer: Mapped[str] = mapped_column(String(16))
    penalty: Mapped[str] = mapped_column(String(500))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    file_sha256: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500), default="")
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class AgreementPartyRow(Base):
    """One party of an agreement. `signed_on` is empty again whenever the text changes."""

    __tablename__ = "agreement_parties"
    __table_args__ = (PrimaryKeyConstraint("agreement_id", "role", "credit_code"),)

    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"))
    role: Mapped[str] = mapped_column(String(16))
    credit_code: Mapped[str] = mapped_column(String(18), index=True)
    name: Mapped[str] = mapped_column(String(100))
    signed_on: Mapped[date | None]


class AgreementOrderRow(Base):
    """How many heads of one order an agreement covers."""

    __tablename__ = "agreement_orders"
    __table_args__ = (
        PrimaryKeyConstraint("agreement_id", "order_id"),
        CheckConstraint("headcount > 0", name="covers_somebody"),
    )

    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    headcount: Mapped[int] = mapped_column(Integer)
