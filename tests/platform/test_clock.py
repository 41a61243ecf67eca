"""The clock that the services go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.platform.clock import REHEARSAL, now

NEAR = timedelta(minutes=1)


def ahead() -> timedelta:
    return now() - datetime.now(UTC)


def test_it_is_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REHEARSAL, raising=False)
    assert abs(ahead()) < NEAR
    monkeypatch.setenv(REHEARSAL, "")
    assert abs(ahead()) < NEAR


def test_a_rehearsal_sets_it_and_sets_it_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    monkeypatch.setenv(REHEARSAL, str(file))
    for days in (-300, 7):
        file.write_text(f"{days * 86400.0}\n")
        assert abs(ahead() - timedelta(days=days)) < NEAR


def test_a_rehearsal_without_a_number_is_not_taken_for_today(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    monkeypatch.setenv(REHEARSAL, str(file))
    with pytest.raises(OSError, match="clock"):
        now()
    file.write_text("tomorrow")
    with pytest.raises(ValueError, match="tomorrow"):
        now()
