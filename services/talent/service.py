"""The talent service put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import grpc
from liancai.talent.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    bulk_pb2,
    bulk_pb2_grpc,
    cases_pb2,
    cases_pb2_grpc,
    catalogue_pb2,
    catalogue_pb2_grpc,
    children_pb2,
    children_pb2_grpc,
    complaints_pb2,
    complaints_pb2_grpc,
    desks_pb2,
    desks_pb2_grpc,
    documents_pb2,
    documents_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    handovers_pb2,
    handovers_pb2_grpc,
    logs_pb2,
    logs_pb2_grpc,
    notes_pb2,
    notes_pb2_grpc,
    ratings_pb2,
    ratings_pb2_grpc,
    recalculation_pb2,
    recalculation_pb2_grpc,
    statistics_pb2,
    statistics_pb2_grpc,
    steps_pb2,
    steps_pb2_grpc,
    supervision_pb2,
    supervision_pb2_grpc,
    worklist_pb2,
    worklist_pb2_grpc,
)

from services.platform.blob_stores import store_of
from services.platform.blobs import Blobs
from services.platform.database import Database
from services.platform.outbox import source_of
from services.platform.pages import Pages
from services.platform.part import Part
from services.platform.watching import Watching
from services.talent.audit import CaseTrail
from services.talent.cases.case_logs import CaseLogs
from services.talent.cases.cases import Cases
from services.talent.cases.windows import Windows
from services.talent.casework.editions import SHIPPED, Editions
from services.talent.catalogue import shipping
from services.talent.catalogue.catalogues import Catalogues
from services.talent.children.children import Children
from services.talent.documents.documents import Documents
from services.talent.documents.sweeping import Sweep
from services.talent.events import CaseEvents, sees
from services.talent.feedback.complaints import Complaints
from services.talent.feedback.notes import Notes
from services.talent.feedback.ratings import Ratings
from services.talent.handovers.handovers import Handovers
from services.talent.steps.bulk import Bulk, TalentJobs
from services.talent.steps.desks import Desks
from services.talent.steps.recalculating import Recalculations
from services.talent.steps.steps import Steps
from services.talent.steps.worklist import Worklist
from services.talent.supervision.reminding import Reminders
from services.talent.supervision.statistics import Statistics
from services.talent.supervision.supervising import Supervision
from services.talent.tables import BOOKS

HERE = Path(__file__).parent


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """Adds the servicers. LIANCAI_TALENT_PARAMETERS names another parameter pack than the one that is shipped,
    LIANCAI_DOCUMENTS the store of documents.
    """
    pages = Pages(database.vault)
    known = _editions(database, settings)
    shipping.publish(database)
    catalogue_pb2_grpc.add_CataloguesServicer_to_server(Catalogues(database, pages, known), server)
    cases_pb2_grpc.add_CasesServicer_to_server(Cases(database, pages, known), server)
    steps_pb2_grpc.add_StepsServicer_to_server(Steps(database, known), server)
    worklist_pb2_grpc.add_WorklistServicer_to_server(Worklist(database, pages, known), server)
    blobs = Blobs(store_of(settings), database.vault)
    blobs.store.check()
    documents = Documents(database, pages, known, blobs)
    documents_pb2_grpc.add_DocumentsServicer_to_server(documents, server)
    recalculation_pb2_grpc.add_RecalculationsServicer_to_server(Recalculations(database, pages, known), server)
    children_pb2_grpc.add_ChildrenServicer_to_server(Children(database, pages, known), server)
    handovers_pb2_grpc.add_HandoversServicer_to_server(Handovers(database, pages, known, blobs), server)
    supervision_pb2_grpc.add_SupervisionServicer_to_server(Supervision(database, pages, known), server)
    statistics_pb2_grpc.add_StatisticsServicer_to_server(Statistics(database), server)
    logs_pb2_grpc.add_CaseLogsServicer_to_server(CaseLogs(database, known), server)
    bulk_pb2_grpc.add_BulkServicer_to_server(Bulk(database), server)
    bulk_pb2_grpc.add_JobsServicer_to_server(TalentJobs(database, pages), server)
    desks_pb2_grpc.add_DesksServicer_to_server(Desks(database, pages, known), server)
    notes_pb2_grpc.add_NotesServicer_to_server(Notes(database, pages), server)
    ratings_pb2_grpc.add_RatingsServicer_to_server(Ratings(database, pages, known), server)
    complaints_pb2_grpc.add_ComplaintsServicer_to_server(Complaints(database, pages, known), server)
    audit_pb2_grpc.add_CaseTrailServicer_to_server(CaseTrail(database, pages), server)
    watching = Watching(database, source_of(settings, "talent"), sees)
    events_pb2_grpc.add_CaseEventsServicer_to_server(CaseEvents(watching), server)


def upkeep(database: Database, settings: Mapping[str, str]) -> Callable[[datetime], None]:
    """What the service does by itself, by the same parameters and in the same store."""
    known = _editions(database, settings)
    rounds = (
        Windows(database, known).run,
        Reminders(database, known).run,
        Sweep(database, store_of(settings)).run,
    )

    def run(now: datetime) -> None:
        for one in rounds:
            one(now)

    return run


def _editions(database: Database, settings: Mapping[str, str]) -> Editions:
    # the clock of a database may be another one later
    return Editions(Path(settings.get("LIANCAI_TALENT_PARAMETERS") or SHIPPED), lambda: database.clock())


PART = Part(
    name="talent",
    files=tuple(
        module.DESCRIPTOR
        for module in (
            *(catalogue_pb2, cases_pb2, steps_pb2, documents_pb2, worklist_pb2, recalculation_pb2, audit_pb2),
            *(handovers_pb2, children_pb2, supervision_pb2, statistics_pb2, logs_pb2),
            *(desks_pb2, notes_pb2, ratings_pb2, complaints_pb2, bulk_pb2, events_pb2),
        )
    ),
    books=BOOKS,
    migrations=HERE / "migrations",
    policy=HERE / "policy.cedar",
    texts=HERE / "texts.toml",
    mount=mount,
    jobs="services.talent.jobs:KINDS",
    upkeep=upkeep,
)
