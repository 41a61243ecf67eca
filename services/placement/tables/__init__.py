"""Rows of the placement service. Each "only once" is held by a unique index."""

from __future__ import annotations

from services.placement.tables.assignments import AssignedDayRow, AssignmentRow
from services.placement.tables.base import Base
from services.placement.tables.commissioners import AbsenceRow, CommissionerRow, MemberRow, SkillRow
from services.placement.tables.plans import (
    PlanBanRow,
    PlanInputsRow,
    PlanPinRow,
    PlanRow,
    PlanUnservedRow,
    PlanVisitRow,
)
from services.placement.tables.records import NumberRow
from services.placement.tables.requests import RequestRow
from services.platform.database import Books
from services.platform.jobs import Jobs

__all__ = [
    "BOOKS",
    "JOBS",
    "AbsenceRow",
    "AssignedDayRow",
    "AssignmentRow",
    "Base",
    "CommissionerRow",
    "MemberRow",
    "NumberRow",
    "PlanBanRow",
    "PlanInputsRow",
    "PlanPinRow",
    "PlanRow",
    "PlanUnservedRow",
    "PlanVisitRow",
    "RequestRow",
    "SkillRow",
]

BOOKS = Books.in_schema(Base.metadata)
JOBS = Jobs.in_schema(Base.metadata)
