"""Rows of the training service. Each count that must balance is held by a CHECK, each "only once" by a unique index."""

from __future__ import annotations

from services.platform.database import Books
from services.training.tables.base import Base
from services.training.tables.classes import BookingRow, ClassRow, SessionRow
from services.training.tables.enrolments import EnrolmentRow, SubstitutionRow, TraineeRow
from services.training.tables.institutions import InstitutionRow, TeacherRow
from services.training.tables.orders import (
    AgreementOrderRow,
    AgreementPartyRow,
    AgreementRow,
    OrderRow,
    SeatMovementRow,
)
from services.training.tables.quotas import QuotaMovementRow, QuotaRow, RegisterEntryRow, RegisterRow
from services.training.tables.records import NumberRow, RosterFileRow, RulePackRow

__all__ = [
    "BOOKS",
    "AgreementOrderRow",
    "AgreementPartyRow",
    "AgreementRow",
    "Base",
    "BookingRow",
    "ClassRow",
    "EnrolmentRow",
    "InstitutionRow",
    "NumberRow",
    "OrderRow",
    "QuotaMovementRow",
    "QuotaRow",
    "RegisterEntryRow",
    "RegisterRow",
    "RosterFileRow",
    "RulePackRow",
    "SeatMovementRow",
    "SessionRow",
    "SubstitutionRow",
    "TeacherRow",
    "TraineeRow",
]

BOOKS = Books.in_schema(Base.metadata)
