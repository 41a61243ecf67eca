"""The placement service put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import grpc
from liancai.placement.v1 import (
    assignments_pb2,
    assignments_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    commissioners_pb2,
    commissioners_pb2_grpc,
    evaluations_pb2,
    evaluations_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    imports_pb2,
    imports_pb2_grpc,
    jobs_pb2,
    jobs_pb2_grpc,
    placements_pb2,
    placements_pb2_grpc,
    plans_pb2,
    plans_pb2_grpc,
    reasons_pb2,
    reasons_pb2_grpc,
    replanning_pb2,
    replanning_pb2_grpc,
    requests_pb2,
    requests_pb2_grpc,
    service_agreements_pb2,
    service_agreements_pb2_grpc,
    technology_transfers_pb2,
    technology_transfers_pb2_grpc,
    visits_pb2,
    visits_pb2_grpc,
)

from services.placement.agreements.agreements import ServiceAgreements
from services.placement.audit import PlacementTrail
from services.placement.commissioners.commissioners import Commissioners
from services.placement.commissioners.imports import CommissionerImports
from services.placement.events import DispatchEvents, sees
from services.placement.other_placements.placements import Placements
from services.placement.plans.collecting import Ground
from services.placement.plans.plans import Plans
from services.placement.plans.reasons import PlanReasons
from services.placement.plans.replans import Replanning
from services.placement.plans.solving import PlacementJobs
from services.placement.requests.requests import Requests
from services.placement.rules import placements, registering, serving
from services.placement.rules import service_agreements as agreed
from services.placement.tables import BOOKS
from services.placement.visits.assignments import Assignments
from services.placement.visits.evaluations import Evaluations
from services.placement.visits.transfers import TechnologyTransfers
from services.placement.visits.visits import Visits
from services.platform.database import Database
from services.platform.outbox import source_of
from services.platform.pages import Pages
from services.platform.part import Part
from services.platform.watching import Watching
from services.reference.parameters import Pack

HERE = Path(__file__).parent
OTHERS_SHIPPED = HERE / "parameters" / "other_placements.yaml"


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """Adds the servicers. LIANCAI_PLACEMENT_PARAMETERS names another parameter pack than the one that is shipped,
    LIANCAI_PLACES a bureau's own points of towns, LIANCAI_OTHER_PLACEMENTS other rules of secondments, exchanges,
    internships and part-time work.
    """
    pages = Pages(database.vault)
    ground = Ground.of(settings)
    pack, places = ground.pack, ground.places
    for checked in (registering.checked, agreed.checked, serving.checked):
        checked(pack)
    commissioners_pb2_grpc.add_CommissionersServicer_to_server(Commissioners(database, pages, pack), server)
    imports_pb2_grpc.add_CommissionerImportsServicer_to_server(CommissionerImports(database, pack), server)
    requests_pb2_grpc.add_RequestsServicer_to_server(Requests(database, pages), server)
    others = placements.checked(Pack.load(Path(settings.get("LIANCAI_OTHER_PLACEMENTS") or OTHERS_SHIPPED)))
    placements_pb2_grpc.add_PlacementsServicer_to_server(Placements(database, pages, others), server)
    audit_pb2_grpc.add_PlacementTrailServicer_to_server(PlacementTrail(database, pages), server)
    agreements = ServiceAgreements(database, pages, pack)
    service_agreements_pb2_grpc.add_ServiceAgreementsServicer_to_server(agreements, server)
    assignments_pb2_grpc.add_AssignmentsServicer_to_server(Assignments(database, pages, pack, places), server)
    visits_pb2_grpc.add_VisitsServicer_to_server(Visits(database, pages, pack), server)
    transfers = TechnologyTransfers(database, pages)
    technology_transfers_pb2_grpc.add_TechnologyTransfersServicer_to_server(transfers, server)
    evaluations_pb2_grpc.add_EvaluationsServicer_to_server(Evaluations(database, pages, pack), server)
    plans_pb2_grpc.add_PlansServicer_to_server(Plans(database, pages, ground), server)
    reasons_pb2_grpc.add_PlanReasonsServicer_to_server(PlanReasons(database, pages), server)
    replanning_pb2_grpc.add_ReplanningServicer_to_server(Replanning(database, pages), server)
    jobs_pb2_grpc.add_PlacementJobsServicer_to_server(PlacementJobs(database, pages), server)
    watching = Watching(database, source_of(settings, "placement"), sees)
    events_pb2_grpc.add_DispatchEventsServicer_to_server(DispatchEvents(watching), server)


PART = Part(
    name="placement",
    files=tuple(
        module.DESCRIPTOR
        for module in (
            commissioners_pb2,
            imports_pb2,
            requests_pb2,
            audit_pb2,
            service_agreements_pb2,
            events_pb2,
            assignments_pb2,
            visits_pb2,
            technology_transfers_pb2,
            evaluations_pb2,
            plans_pb2,
            reasons_pb2,
            replanning_pb2,
            jobs_pb2,
            placements_pb2,
        )
    ),
    books=BOOKS,
    migrations=HERE / "migrations",
    policy=HERE / "policy.cedar",
    texts=HERE / "texts.toml",
    mount=mount,
    jobs="services.placement.jobs:KINDS",
)
