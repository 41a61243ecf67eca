"""Rows of trainees and their enrolments (报名)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.types import by_code_point
from services.training.tables.base import Base


class TraineeRow(Base):
    """A person. The identity number is sealed, and found by its blind index only."""

    __tablename__ = "trainees"
    # Names are looked for from their beginning and read in this order. Few people have one name, and the database sorts
    # them; many have the same initials.
    __table_args__ = (
        Index("trainees_by_name", "full_name"),
        Index("trainees_by_pinyin", "name_pinyin"),
        Index("trainees_by_initials", "name_initials", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    resident_id_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    resident_id_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    full_name: Mapped[str] = mapped_column(by_code_point(50))
    # 张三 is "zhangsan" and "zs"
    name_pinyin: Mapped[str] = mapped_column(by_code_point(300), server_default="")
    name_initials: Mapped[str] = mapped_column(by_code_point(50), server_default="")
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
            sqlite_where=text("state IN ('ENROLLED', 'OFFERED', 'WAITLISTED', 'HIRED')"),
            postgresql_where=text("state IN ('ENROLLED', 'OFFERED', 'WAITLISTED', 'HIRED')"),
        ),
        Index(
            "waiting_in_order",
            "class_id",
            "priority",
            "waits_since",
            "tie",
            "place",
            sqlite_where=text("state = 'WAITLISTED'"),
            postgresql_where=text("state = 'WAITLISTED'"),
        ),
        Index("enrolments_by_trainee", "trainee_id"),
        Index("enrolments_by_phone", "phone_index"),
        Index(
            "offers_by_expiry",
            "offer_expire_time",
            sqlite_where=text("state = 'OFFERED'"),
            postgresql_where=text("state = 'OFFERED'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    # copied from the class, which never changes it; who asks for an order's enrolments asks by its classes
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    trainee_id: Mapped[str] = mapped_column(ForeignKey("trainees.id"))
    state: Mapped[str] = mapped_column(String(16))
    place: Mapped[int] = mapped_column(BigInteger)
    # the order of the waitlist: priority group, time, lottery, place
    priority: Mapped[int] = mapped_column(Integer, server_default="0")
    waits_since: Mapped[datetime | None]
    tie: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # people who take seats together or not at all
    party: Mapped[str] = mapped_column(String(40), server_default="")
    offer_expire_time: Mapped[datetime | None]
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    category: Mapped[str] = mapped_column(String(8), server_default="")
    proof_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # what the seat takes of the budget, and gives back
    subsidy_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    accepted: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    facts: Mapped[dict[str, Any]]
    rule_pack: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(500), default="")
    occur_time: Mapped[datetime]
    record_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SubstitutionRow(Base):
    """One trainee to be replaced by another from the waitlist, with the other side's consent."""

    __tablename__ = "substitutions"
    __table_args__ = (Index("substitutions_by_class", "class_id", "id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    class_id: Mapped[str] = mapped_column(ForeignKey("classes.id"))
    leaving_id: Mapped[str] = mapped_column(ForeignKey("enrolments.id"))
    coming_id: Mapped[str] = mapped_column(ForeignKey("enrolments.id"))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    answer: Mapped[str] = mapped_column(String(500), default="")
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_division: Mapped[str] = mapped_column(String(6))
    record_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
