"""Fresh databases for races: every race has one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services import host
from tests.conftest import fresh_settings

NewSettings = Callable[..., host.Settings]


@pytest.fixture
def new_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewSettings:
    """Settings for a database nobody has used, of a kind: `new_settings("sqlite", LIANCAI_LANES="0")`."""

    def make(kind: str, **more: str) -> host.Settings:
        return fresh_settings(request, tmp_path_factory, kind, **more)

    return make


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Short folders for sockets, as many as are asked for: `next(folders)`."""
    return (tmp_path_factory.mktemp("r") for _ in range(100))
