"""The placement service put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import grpc
from liancai.placement.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    commissioners_pb2,
    commissioners_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    requests_pb2,
    requests_pb2_grpc,
    service_agreements_pb2,
    service_agreements_pb2_grpc,
)

from services.placement.audit import PlacementTrail
from services.placement.commissioners import Commissioners
from services.placement.events import DispatchEvents, sees
from services.placement.requests import Requests
from services.placement.rules import registering
from services.placement.rules import service_agreements as agreed
from services.placement.service_agreements import ServiceAgreements
from services.placement.tables import BOOKS
from services.platform.database import Database
from services.platform.outbox import source_of
from services.platform.pages import Pages
from services.platform.part import Part
from services.platform.watching import Watching
from services.reference.parameters import Pack

HERE = Path(__file__).parent
SHIPPED = HERE / "parameters" / "placement.yaml"


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """Adds the servicers. LIANCAI_PLACEMENT_PARAMETERS names another parameter pack than the one that is shipped."""
    pages = Pages(database.vault)
    pack = agreed.checked(registering.checked(Pack.load(Path(settings.get("LIANCAI_PLACEMENT_PARAMETERS") or SHIPPED))))
    commissioners_pb2_grpc.add_CommissionersServicer_to_server(Commissioners(database, pages, pack), server)
    requests_pb2_grpc.add_RequestsServicer_to_server(Requests(database, pages), server)
    audit_pb2_grpc.add_PlacementTrailServicer_to_server(PlacementTrail(database, pages), server)
    agreements = ServiceAgreements(database, pages, pack)
    service_agreements_pb2_grpc.add_ServiceAgreementsServicer_to_server(agreements, server)
    watching = Watching(database, source_of(settings, "placement"), sees)
    events_pb2_grpc.add_DispatchEventsServicer_to_server(DispatchEvents(watching), server)


PART = Part(
    name="placement",
    files=tuple(
        module.DESCRIPTOR
        for module in (
            commissioners_pb2,
            requests_pb2,
            audit_pb2,
            service_agreements_pb2,
            events_pb2,
        )
    ),
    books=BOOKS,
    migrations=HERE / "migrations",
    policy=HERE / "policy.cedar",
    texts=HERE / "texts.toml",
    mount=mount,
)
