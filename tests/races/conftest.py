"""Fresh databases for races: every race has one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services import host
from tests.conftest import fresh_settings, migrate_all
from tests.races.servers import engine_of

NewSettings = Callable[..., host.Settings]


@pytest.fixture(scope="session")
def racecourse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    """A PostgreSQL database that all races share, one after another: making databases is what costs."""
    return fresh_settings(request, tmp_path_factory, "postgresql")


@pytest.fixture
def new_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewSettings:
    """Settings for a database with nothing in it, of a kind: `new_settings("sqlite", LIANCAI_LANES="0")`."""

    def make(kind: str, **more: str) -> host.Settings:
        if kind == "sqlite":
            return fresh_settings(request, tmp_path_factory, kind, **more)
        shared: host.Settings = request.getfixturevalue("racecourse")
        with engine_of(shared) as engine, engine.begin() as connection:
            for part in host.parts():
                connection.exec_driver_sql(f"DROP SCHEMA {part.name} CASCADE")
        migrate_all(shared)
        return host.Settings({**shared.environment, **more})

    return make


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Short folders for sockets, as many as are asked for: `next(folders)`."""
    return (tmp_path_factory.mktemp("r") for _ in range(100))
