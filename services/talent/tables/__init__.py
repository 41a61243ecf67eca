"""Rows of the talent service. Ledgers are append-only, and what is stored of them is worked out from them alone."""

from __future__ import annotations

from services.platform.database import Books
from services.talent.tables.base import Base
from services.talent.tables.cases import CaseRelationRow, CaseRow, FamilyMemberRow, TalentRow
from services.talent.tables.catalogues import CatalogueRow, MovedDeadlineRow, RecalculationRow
from services.talent.tables.children import CertificateRow, ChildAccessRow, ChildEntryRow, ChildRow
from services.talent.tables.documents import DocumentPromiseRow, DocumentRow
from services.talent.tables.handovers import HandoverRow
from services.talent.tables.logs import LogCaseRow, LogLineRow
from services.talent.tables.records import NumberRow
from services.talent.tables.steps import ClockEntryRow, MatterRow, StepRow
from services.talent.tables.supervision import ReminderRow, SupervisionOrderRow

__all__ = [
    "BOOKS",
    "Base",
    "CaseRelationRow",
    "CaseRow",
    "CatalogueRow",
    "CertificateRow",
    "ChildAccessRow",
    "ChildEntryRow",
    "ChildRow",
    "ClockEntryRow",
    "DocumentPromiseRow",
    "DocumentRow",
    "FamilyMemberRow",
    "HandoverRow",
    "LogCaseRow",
    "LogLineRow",
    "MatterRow",
    "MovedDeadlineRow",
    "NumberRow",
    "RecalculationRow",
    "ReminderRow",
    "StepRow",
    "SupervisionOrderRow",
    "TalentRow",
]

BOOKS = Books.in_schema(Base.metadata)
