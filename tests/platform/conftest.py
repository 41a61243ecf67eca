"""A small database of its own for what the platform promises to every service."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from liancai.training.v1 import orders_pb2

from services import host
from services.platform.boundary import Call, Method
from services.platform.database import Database
from services.platform.identity import Caller
from services.platform.policy import Policy
from services.platform.texts import Texts
from services.platform.vault import Vault
from tests.conftest import KINDS, new_postgresql_database
from tests.platform.small import BOOKS, METADATA

_numbers = itertools.count(1)

NewCall = Callable[..., Call]
Open = Callable[..., Database]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the vault's keys."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def vault(keys: Path) -> Vault:
    return Vault.open(keys, create=True)


@pytest.fixture(scope="session")
def policy() -> Policy:
    paths = [host.HERE / "policy.cedar", *(part.policy for part in host.parts())]
    return Policy("\n".join(path.read_text(encoding="utf-8") for path in paths))


@pytest.fixture(scope="session")
def texts() -> Texts:
    return Texts.load(host.HERE / "lookups.toml", *(part.texts for part in host.parts()))


@pytest.fixture(scope="session")
def new_call(policy: Policy, texts: Texts) -> NewCall:
    """A call as a handler gets it, with `seconds` until its deadline."""

    def make(
        *,
        path: str = "/liancai.training.v1.Orders/SubmitOrder",
        subject: str = "officer",
        roles: tuple[str, ...] = ("hr_officer",),
        seconds: float | None = None,
    ) -> Call:
        method = Method(path, "training", "training.order.submit", orders_pb2.Order)
        caller = Caller(subject, "371526-hrss", "371526", frozenset(roles))
        context = cast(grpc.ServicerContext, SimpleNamespace(time_remaining=lambda: seconds))
        return Call(method, caller, "zh", policy, texts, context)

    return make


@pytest.fixture(scope="session")
def shared_postgresql(postgresql: str) -> str:
    """A database for all who want only a schema of their own: making databases is what costs."""
    return new_postgresql_database(postgresql)


@pytest.fixture(params=KINDS)
def open_small(request: pytest.FixtureRequest, tmp_path: Path, vault: Vault) -> Iterator[Open]:
    """Opens databases on one fresh schema with the table `thing`: `open_small(lanes=1)`."""
    postgresql, schema = request.param == "postgresql", f"small{next(_numbers)}"
    url = request.getfixturevalue("shared_postgresql") if postgresql else f"sqlite:///{tmp_path}/s.db"
    with ExitStack() as stack:

        def opened(**options: object) -> Database:
            database = Database(url, schema, BOOKS, vault, **options)  # type: ignore[arg-type]
            stack.callback(database.close)
            return database

        with opened(lanes=0).writing_engine.begin() as connection:
            if postgresql:
                connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
            METADATA.create_all(connection)
        yield opened
