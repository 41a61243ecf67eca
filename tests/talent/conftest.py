"""Caseworkers of both sides at their desks."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.talent.desk import Desk
from tests.talent.told import faults

ROLES = ("caseworker", "auditor", "catalogue_editor", "supervisor")


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings, talent_database: Database) -> Iterator[Desk]:
    """A caseworker of Gaotang, where talents go to; in the end, every event is looked at."""
    yield Desk(grpc_channel, token_of(settings, roles=ROLES, unit="371526-tf", subject="caseworker"))
    assert not faults(talent_database)


@pytest.fixture(scope="module")
def other_side(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """A caseworker of Shizhong in Jinan, where they come from."""
    return Desk(grpc_channel, token_of(settings, division="370103", roles=ROLES, unit="370103-tf", subject="jinan"))


@pytest.fixture(scope="module")
def talent_database(grpc_servicer: tuple[dict[str, Database], host.Settings]) -> Database:
    """The talent service's database behind the server."""
    return grpc_servicer[0]["talent"]
