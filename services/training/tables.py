"""Rows of the training service. Each count that must balance is held by a CHECK, each "only once" by a unique index."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.platform.database import Books
from services.platform.types import UtcTime


class Base(DeclarativeBase):
    """The schema of this service."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


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
    agreement_number: Mapped[str] = mapped_column(String(64), default="")
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


class ClassRow(Base):
    """A class (培训班). `enrolled`, `waitlisted` and `arrivals` move with every enrolment and leave `version` alone."""

    __tablename__ = "classes"
    __table_args__ = (
        CheckConstraint("enrolled >= 0 AND waitlisted >= 0 AND hired >= 0 AND capacity >= 1", name="counts"),
        Index("classes_by_division", "division", "id"),
        Index("classes_by_partner", "partner_division", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    institution_credit_code: Mapped[str] = mapped_column(String(18), index=True)
    institution_name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(100))
    # who may see it: copied from the order, which never changes them once a class exists
    division: Mapped[str] = mapped_column(String(6))
    partner_division: Mapped[str] = mapped_column(String(6))
    enterprise_credit_code: Mapped[str] = mapped_column(String(18))
    occupation_code: Mapped[str] = mapped_column(String(16))
    skill_level: Mapped[int] = mapped_column(Integer)
    start_date: Mapped[date]
    end_date: Mapped[date]
    capacity: Mapped[int] = mapped_column(Integer)
    minimum: Mapped[int] = mapped_column(Integer)
    enrolled: Mapped[int] = mapped_column(Integer, default=0)
    waitlisted: Mapped[int] = mapped_column(Integer, default=0)
    hired: Mapped[int] = mapped_column(Integer, default=0)
    arrivals: Mapped[int] = mapped_column(BigInteger, default=0)
    reason: Mapped[str] = mapped_column(String(500), default="")
    remarks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SessionRow(Base):
    """One session of a timetable. Times are minutes after midnight."""

    __tablename__ = "class_sessions"
    __table_args__ = (
        PrimaryKeyConstraint("class_id", "day", "start_minute"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="in_one_day"),
    )

    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    day: Mapped[date]
    start_minute: Mapped[int] = mapped_column(Integer)
    end_minute: Mapped[int] = mapped_column(Integer)
    place: Mapped[str] = mapped_column(String(100))


class TraineeRow(Base):
    """A person. The identity number is sealed, and found by its blind index only."""

    __tablename__ = "trainees"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    resident_id_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    resident_id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    full_name: Mapped[str] = mapped_column(String(50))
    record_time: Mapped[datetime]


class EnrolmentRow(Base):
    """One person in one class, with the facts and the parameter pack that the decision rests on."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("class_id", "place", name="one_place_each"),
        # one seat, or one place on the waitlist, a person and class
        Index(
            "active_once",
            "class_id",
            "trainee_id",
            unique=True,
            sqlite_where=text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
            postgresql_where=text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
        ),
        Index(
            "waiting",
            "class_id",
            "place",
            unique=True,
            sqlite_where=text("state = 'WAITLISTED'"),
            postgresql_where=text("state = 'WAITLISTED'"),
        ),
        Index("enrolments_by_trainee", "trainee_id"),
        Index("enrolments_by_order", "order_id", "class_id", "place"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    trainee_id: Mapped[str] = mapped_column(ForeignKey("trainees.id"))
    state: Mapped[str] = mapped_column(String(16))
    place: Mapped[int] = mapped_column(BigInteger)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    facts: Mapped[dict[str, Any]]
    rule_pack: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(500), default="")
    occur_time: Mapped[datetime]
    record_time: Mapped[datetime]
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


BOOKS = Books.in_schema(Base.metadata)
