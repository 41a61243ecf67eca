"""One service a database for all examples, its waitlists of four kinds, its lots the same in every run."""

from __future__ import annotations

import grpc
import pytest

from services import host
from services.platform.database import Database
from services.training.rosters import importing
from services.training.rules import waitlist
from tests.conftest import KINDS, fresh_settings
from tests.training.machine.world import World, written


@pytest.fixture(scope="module", params=KINDS)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    """Parameters of four provinces that give out seats in four ways."""
    pack = written(tmp_path_factory.mktemp("pack"))
    return fresh_settings(request, tmp_path_factory, request.param, LIANCAI_TRAINING_PARAMETERS=pack)


@pytest.fixture(scope="module")
def world(grpc_channel: grpc.Channel, settings: host.Settings, database: Database) -> World:
    """One service for all examples."""
    return World(grpc_channel, settings, database)


@pytest.fixture(autouse=True)
def drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lots are the same in each run of an example; rosters of a few rows are treated as those of thousands."""
    monkeypatch.setattr(waitlist, "lottery_number", world.lottery_number)
    monkeypatch.setattr(importing, "SLICE", 2)
    monkeypatch.setattr(importing, "SLICES", 2)
