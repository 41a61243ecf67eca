"""Rows of the placement service. Each "only once" is held by a unique index."""

from __future__ import annotations

from services.placement.tables.assignments import AssignedDayRow, AssignmentRow
from services.placement.tables.base import Base
from services.placement.tables.commissioners import AbsenceRow, CommissionerRow, MemberRow, SkillRow
from services.placement.tables.placements import PlacedPersonRow, PlacementReportRow, PlacementRow
from services.placement.tables.plans import (
    PlanBanRow,
    PlanInputsRow,
    PlanPinRow,
    PlanRow,
    PlanUnservedRow,
    PlanVisitRow,
)
from services.placement.tables.records import NumberRow
from services.placement.tables.replans import ReplanPromiseRow, ReplanRow
from services.placement.tables.requests import RequestRow
from services.placement.tables.service import EvaluationRow, SubsidyRow, TechnologyTransferRow, VisitRow
from services.placement.tables.service_agreements import ServiceAgreementRow, ServiceAgreementSignatureRow
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
    "EvaluationRow",
    "MemberRow",
    "NumberRow",
    "PlacedPersonRow",
    "PlacementReportRow",
    "PlacementRow",
    "PlanBanRow",
    "PlanInputsRow",
    "PlanPinRow",
    "PlanRow",
    "PlanUnservedRow",
    "PlanVisitRow",
    "ReplanPromiseRow",
    "ReplanRow",
    "RequestRow",
    "ServiceAgreementRow",
    "ServiceAgreementSignatureRow",
    "SkillRow",
    "SubsidyRow",
    "TechnologyTransferRow",
    "VisitRow",
]

BOOKS = Books.in_schema(Base.metadata)
JOBS = Jobs.in_schema(Base.metadata)
