"""Rows of what applicants say: ratings (好差评) and complaints. What they say is sealed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.talent.tables.base import Base

TO_BE_VISITED = text("visit_due IS NOT NULL AND visit_time IS NULL")


class RatingRow(Base):
    """The one rating of a matter; after a bad one the return visit."""

    __tablename__ = "ratings"
    __table_args__ = (
        PrimaryKeyConstraint("case_id", "matter"),
        CheckConstraint("level BETWEEN 1 AND 5", name="five_levels"),
        CheckConstraint("visit_time IS NULL OR visit_sealed IS NOT NULL", name="a_visit_has_a_result"),
        Index(
            "ratings_to_be_visited", "visit_due", "case_id", "matter",
            sqlite_where=TO_BE_VISITED, postgresql_where=TO_BE_VISITED,
        ),
    )  # fmt: skip

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    level: Mapped[int] = mapped_column(Integer)
    channel: Mapped[str] = mapped_column(String(16))
    comment_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(200))
    rate_time: Mapped[datetime]
    visit_due: Mapped[date | None]
    provisional: Mapped[bool]
    visit_time: Mapped[datetime | None]
    visit_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    visit_actor: Mapped[str] = mapped_column(String(200), default="")
    record_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class ComplaintRow(Base):
    """A complaint, with the day it is to be answered by; none where the division has set no time."""

    __tablename__ = "complaints"
    __table_args__ = (
        CheckConstraint("(state = 'ANSWERED') = (answer_time IS NOT NULL)", name="answered_at_an_instant"),
        Index("complaints_by_case", "case_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    matter: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(200))
    receive_time: Mapped[datetime]
    due: Mapped[date | None]
    provisional: Mapped[bool]
    confidence: Mapped[str] = mapped_column(String(16))
    approver: Mapped[str] = mapped_column(String(200), default="")
    extend_reason: Mapped[str] = mapped_column(String(500), default="")
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    answer_time: Mapped[datetime | None]
    record_time: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
