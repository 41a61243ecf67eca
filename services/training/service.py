"""The training service put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import grpc
from liancai.training.v1 import (
    agreements_pb2,
    agreements_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    classes_pb2,
    classes_pb2_grpc,
    enrolments_pb2,
    enrolments_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    institutions_pb2,
    institutions_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    quotas_pb2,
    quotas_pb2_grpc,
    registers_pb2,
    registers_pb2_grpc,
    rosters_pb2,
    rosters_pb2_grpc,
    waitlist_pb2,
    waitlist_pb2_grpc,
)

from services.platform.database import Database
from services.platform.outbox import source_of
from services.platform.pages import Pages
from services.platform.part import Part
from services.platform.watching import Watching
from services.training.agreements.agreements import Agreements
from services.training.audit import AuditTrail
from services.training.classes.classes import Classes
from services.training.enrolments.enrolments import Enrolments
from services.training.enrolments.waitlists import Waitlist
from services.training.events import Events, sees
from services.training.institutions import Institutions
from services.training.orders.orders import Orders
from services.training.packs import SHIPPED, Packs
from services.training.registers import Registers
from services.training.rosters.rosters import Rosters
from services.training.scopes import ClassScopes
from services.training.seats.enrolling import Desk
from services.training.seats.quotas import Quotas
from services.training.tables import BOOKS
from services.training.upkeep import Upkeep

HERE = Path(__file__).parent


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """Adds the servicers. LIANCAI_TRAINING_PARAMETERS names another parameter pack than the one that is shipped."""
    pages = Pages(database.vault)
    packs = _packs(settings)
    packs.remember(database.writing_engine, database.clock)
    desk, scopes = Desk(packs.current), ClassScopes(database)
    orders_pb2_grpc.add_OrdersServicer_to_server(Orders(database, pages, packs.current), server)
    agreements_pb2_grpc.add_AgreementsServicer_to_server(Agreements(database, pages, packs.current), server)
    institutions_pb2_grpc.add_InstitutionsServicer_to_server(Institutions(database, pages, packs.current), server)
    classes_pb2_grpc.add_ClassesServicer_to_server(Classes(database, pages, packs.current), server)
    clerk = (database, pages, desk, packs, scopes)
    enrolments_pb2_grpc.add_EnrolmentsServicer_to_server(Enrolments(*clerk), server)
    waitlist_pb2_grpc.add_WaitlistServicer_to_server(Waitlist(*clerk), server)
    quotas_pb2_grpc.add_QuotasServicer_to_server(Quotas(database, pages, packs.current), server)
    rosters_pb2_grpc.add_RostersServicer_to_server(Rosters(database, desk, packs, scopes), server)
    registers_pb2_grpc.add_RegistersServicer_to_server(Registers(database, pages), server)
    audit_pb2_grpc.add_AuditTrailServicer_to_server(AuditTrail(database, pages), server)
    watching = Watching(database, source_of(settings, "training"), sees)
    events_pb2_grpc.add_EventsServicer_to_server(Events(watching), server)


def upkeep(database: Database, settings: Mapping[str, str]) -> Callable[[datetime], None]:
    """What the service does by itself, by the same parameters."""
    return Upkeep(database, _packs(settings).current).run


def _packs(settings: Mapping[str, str]) -> Packs:
    return Packs(Path(settings.get("LIANCAI_TRAINING_PARAMETERS") or SHIPPED))


PART = Part(
    name="training",
    files=tuple(
        module.DESCRIPTOR
        for module in (
            orders_pb2,
            agreements_pb2,
            institutions_pb2,
            classes_pb2,
            enrolments_pb2,
            waitlist_pb2,
            quotas_pb2,
            registers_pb2,
            rosters_pb2,
            audit_pb2,
            events_pb2,
        )
    ),
    books=BOOKS,
    migrations=HERE / "migrations",
    policy=HERE / "policy.cedar",
    texts=HERE / "texts.toml",
    mount=mount,
    upkeep=upkeep,
)
