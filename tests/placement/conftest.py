"""Science bureaus of the county that sends and of its city, a unit and the county that is served, at their desks."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.placement.desk import CITY, COUNTY, HOME_UNIT, HOST, SENDER, SERVED, Desk
from tests.placement.plan_desk import Desks

NewDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def new_desk(grpc_channel: grpc.Channel, settings: host.Settings) -> NewDesk:
    """A desk in a division, with these roles."""

    def make(division: str, *roles: str, unit: str = "", subject: str = "") -> Desk:
        token = token_of(
            settings, division=division, roles=roles, unit=unit or f"{division}-sci", subject=subject or division
        )
        return Desk(grpc_channel, token)

    return make


@pytest.fixture(scope="module")
def unit(new_desk: NewDesk) -> Desk:
    """The unit that sends."""
    return new_desk(COUNTY, "institution", unit=HOME_UNIT)


@pytest.fixture(scope="module")
def county(new_desk: NewDesk, unit: Desk) -> Desk:
    """The county's bureau."""
    return new_desk(COUNTY, "science_officer", "auditor")


@pytest.fixture(scope="module")
def city(new_desk: NewDesk) -> Desk:
    """The city's bureau."""
    return new_desk(CITY, "science_officer")


@pytest.fixture(scope="module")
def served(new_desk: NewDesk) -> Desk:
    """The bureau of the county that is served."""
    return new_desk(SERVED, "science_officer")


@pytest.fixture(scope="module")
def host_desk(new_desk: NewDesk) -> Desk:
    """The cooperative that asks."""
    return new_desk(SERVED, "enterprise", unit=HOST)


@pytest.fixture(scope="module")
def placement_database(grpc_servicer: tuple[dict[str, Database], host.Settings]) -> Database:
    """The placement service's database behind the server."""
    return grpc_servicer[0]["placement"]


@pytest.fixture(scope="module")
def desks(unit: Desk, county: Desk, city: Desk, served: Desk, new_desk: NewDesk, placement_database: Database) -> Desks:
    """Everybody who has a part in a plan."""
    second = new_desk(SERVED, "science_officer", subject="second officer")
    return Desks(unit, county, city, served, second, placement_database)


@pytest.fixture(scope="module")
def sender(new_desk: NewDesk) -> Desk:
    """The enterprise whose people go."""
    return new_desk(COUNTY, "enterprise", unit=SENDER)


@pytest.fixture(scope="module")
def receiver(new_desk: NewDesk) -> Desk:
    """The host."""
    return new_desk(SERVED, "enterprise", unit=HOST)


@pytest.fixture(scope="module")
def bureau(new_desk: NewDesk) -> Desk:
    """The science bureau that sends, and no auditor."""
    return new_desk(COUNTY, "science_officer")


@pytest.fixture(scope="module")
def home_org(new_desk: NewDesk) -> Desk:
    """The organisation department that sends."""
    return new_desk(COUNTY, "organisation_officer", unit="370103-org")


@pytest.fixture(scope="module")
def host_org(new_desk: NewDesk) -> Desk:
    """The organisation department that receives."""
    return new_desk(SERVED, "organisation_officer", unit="371526-org")
