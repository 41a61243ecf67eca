"""The talent service put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import grpc
from liancai.talent.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    cases_pb2,
    cases_pb2_grpc,
    catalogue_pb2,
    catalogue_pb2_grpc,
    recalculation_pb2,
    recalculation_pb2_grpc,
    steps_pb2,
    steps_pb2_grpc,
    worklist_pb2,
    worklist_pb2_grpc,
)

from services.platform.database import Database
from services.platform.pages import Pages
from services.platform.part import Part
from services.talent import editions
from services.talent.audit import CaseTrail
from services.talent.cases import Cases
from services.talent.catalogues import Catalogues
from services.talent.editions import SHIPPED, Editions
from services.talent.recalculating import Recalculations
from services.talent.steps import Steps
from services.talent.tables import BOOKS
from services.talent.windows import Windows
from services.talent.worklist import Worklist

HERE = Path(__file__).parent


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """Adds the servicers. LIANCAI_TALENT_PARAMETERS names another parameter pack than the one that is shipped."""
    pages = Pages(database.vault)
    known = _editions(settings)
    editions.remember(database)
    catalogue_pb2_grpc.add_CataloguesServicer_to_server(Catalogues(database, pages, known), server)
    cases_pb2_grpc.add_CasesServicer_to_server(Cases(database, pages, known), server)
    steps_pb2_grpc.add_StepsServicer_to_server(Steps(database, known), server)
    worklist_pb2_grpc.add_WorklistServicer_to_server(Worklist(database, pages, known), server)
    recalculation_pb2_grpc.add_RecalculationsServicer_to_server(Recalculations(database, pages, known), server)
    audit_pb2_grpc.add_CaseTrailServicer_to_server(CaseTrail(database, pages), server)


def upkeep(database: Database, settings: Mapping[str, str]) -> Callable[[datetime], None]:
    """What the service does by itself, by the same parameters."""
    return Windows(database, _editions(settings)).run


def _editions(settings: Mapping[str, str]) -> Editions:
    return Editions(Path(settings.get("LIANCAI_TALENT_PARAMETERS") or SHIPPED))


PART = Part(
    name="talent",
    files=tuple(
        module.DESCRIPTOR
        for module in (catalogue_pb2, cases_pb2, steps_pb2, worklist_pb2, recalculation_pb2, audit_pb2)
    ),
    books=BOOKS,
    migrations=HERE / "migrations",
    policy=HERE / "policy.cedar",
    texts=HERE / "texts.toml",
    mount=mount,
    upkeep=upkeep,
)
