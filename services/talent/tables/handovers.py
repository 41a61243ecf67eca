"""Rows of hand-overs of a case between the two sides (移交)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.audit import SEQUENCE
from services.talent.tables.base import Base

WAITING = text("state = 'OFFERED'")
TAKEN = text("state = 'ACCEPTED'")


class HandoverRow(Base):
    """A hand-over. `manifest` and `summary` are as they were when it was offered."""

    __tablename__ = "handovers"
    __table_args__ = (
        UniqueConstraint("case_id", "number", name="handovers_are_counted"),
        CheckConstraint("sender <> receiver", name="goes_to_the_other_side"),
        CheckConstraint("(state = 'OFFERED') = (settled_by = '')", name="settled_with_a_signature"),
        CheckConstraint("state <> 'RETURNED' OR answer <> ''", name="returned_with_a_reason"),
        # the database itself allows one offer a case
        Index("one_offer_a_case", "case_id", unique=True, sqlite_where=WAITING, postgresql_where=WAITING),
        # when holding passed: of a case, and of all
        Index("accepted_by_case", "case_id", "settle_time", sqlite_where=TAKEN, postgresql_where=TAKEN),
        Index("accepted_by_time", "settle_time", sqlite_where=TAKEN, postgresql_where=TAKEN),
        Index("handovers_by_sender", "sender_division", "sequence"),
        Index("handovers_by_receiver", "receiver_division", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(16))
    sender_division: Mapped[str] = mapped_column(String(6))
    receiver: Mapped[str] = mapped_column(String(16))
    receiver_division: Mapped[str] = mapped_column(String(6))
    summary: Mapped[dict[str, Any]]
    manifest: Mapped[dict[str, Any]]
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    answer: Mapped[str] = mapped_column(String(500), default="")
    offered_by: Mapped[str] = mapped_column(String(200))
    offered_unit: Mapped[str] = mapped_column(String(64))
    offer_time: Mapped[datetime]
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    settled_unit: Mapped[str] = mapped_column(String(64), default="")
    settle_time: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
