"""Rows of the talent service. Ledgers are append-only, and what is stored of them is worked out from them alone."""

from __future__ import annotations

from sqlalchemy import Index

from services.platform.database import Books
from services.platform.jobs import Jobs
from services.talent.tables.base import Base
from services.talent.tables.cases import CaseRelationRow, CaseRow, FamilyMemberRow, TalentRow
from services.talent.tables.catalogues import CatalogueRow, MovedDeadlineRow, RecalculationRow
from services.talent.tables.children import CertificateRow, ChildAccessRow, ChildEntryRow, ChildRow
from services.talent.tables.documents import DocumentPromiseRow, DocumentRow
from services.talent.tables.feedback import ComplaintRow, RatingRow
from services.talent.tables.handovers import HandoverRow
from services.talent.tables.logs import LogCaseRow, LogLineRow
from services.talent.tables.records import NumberRow
from services.talent.tables.steps import ClockEntryRow, MatterRow, StepRow
from services.talent.tables.supervision import ReminderRow, SupervisionOrderRow
from services.talent.tables.work import CoverRow, NoteRow, OfficerRow

__all__ = [
    "BOOKS",
    "JOBS",
    "Base",
    "CaseRelationRow",
    "CaseRow",
    "CatalogueRow",
    "CertificateRow",
    "ChildAccessRow",
    "ChildEntryRow",
    "ChildRow",
    "ClockEntryRow",
    "ComplaintRow",
    "CoverRow",
    "DocumentPromiseRow",
    "DocumentRow",
    "FamilyMemberRow",
    "HandoverRow",
    "LogCaseRow",
    "LogLineRow",
    "MatterRow",
    "MovedDeadlineRow",
    "NoteRow",
    "NumberRow",
    "OfficerRow",
    "RatingRow",
    "RecalculationRow",
    "ReminderRow",
    "StepRow",
    "SupervisionOrderRow",
    "TalentRow",
]

BOOKS = Books.in_schema(Base.metadata)
# whoever watches one case from its beginning finds its events among those of all
Index("outbox_event_by_subject", BOOKS.outbox.c.subject, BOOKS.outbox.c.sequence)
JOBS = Jobs.in_schema(Base.metadata)
