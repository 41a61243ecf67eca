"""Rows of the placement service. Each "only once" is held by a unique index."""

from __future__ import annotations

from services.placement.tables.base import Base
from services.placement.tables.commissioners import AbsenceRow, CommissionerRow, MemberRow, SkillRow
from services.placement.tables.records import NumberRow
from services.placement.tables.requests import RequestRow
from services.placement.tables.service_agreements import ServiceAgreementRow, ServiceAgreementSignatureRow
from services.platform.database import Books

__all__ = [
    "BOOKS",
    "AbsenceRow",
    "Base",
    "CommissionerRow",
    "MemberRow",
    "NumberRow",
    "RequestRow",
    "ServiceAgreementRow",
    "ServiceAgreementSignatureRow",
    "SkillRow",
]

BOOKS = Books.in_schema(Base.metadata)
