"""Two replicas find the same step at the same time: its reminder is sent once, in the row and in the event.

Two guards keep it so: the lock of the case, after which the step is looked at again, and the key of the reminder's row.
Each holds alone; without either it is sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import func, select

from services import host
from services.platform.database import Database
from services.reference.clock import SHANGHAI
from services.talent import casefiles
from services.talent.casework.editions import Editions
from services.talent.supervision import reminding
from services.talent.supervision.reminding import Reminders
from services.talent.tables import ReminderRow, SupervisionOrderRow
from tests.conftest import token_of
from tests.office import clock
from tests.races.crowd import Meeting, Meets, together
from tests.races.servers import replica
from tests.talent.desk import Desk

NewSettings = Callable[..., host.Settings]
# a pension that came on Monday the 23rd is due on Thursday the 26th
RED = datetime(2026, 11, 27, 9, tzinfo=SHANGHAI).astimezone(UTC)
LONG_RED = datetime(2026, 12, 7, 9, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def replicas(kind: str, new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[list[Database]]:
    """The databases of two replicas, with a case that is not finished."""
    settings, folder = new_settings(kind), next(folders)
    with ExitStack() as stack:
        stack.enter_context(replica(settings, folder))
        channel = stack.enter_context(grpc.insecure_channel(f"unix:{folder}/s"))
        Desk(channel, token_of(settings, roles=("caseworker",), subject="caseworker")).open("pension")
        opened = [stack.enter_context(host.opened(host.parts(), settings, host.open_vault(settings))) for _ in range(2)]
        for each in opened:
            each["talent"].clock = clock
        yield [each["talent"] for each in opened]


def rounds(replicas: list[Database], now: datetime) -> None:
    """A round on each at once."""
    keepers = [Reminders(each, Editions()) for each in replicas]
    together(*(lambda keeper=each: keeper.run(now) for each in keepers))


def meet_when_found(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Both have found the step before either looks at it."""
    meeting, find = Meeting(), Reminders._found

    def found(self: Reminders, day: date) -> list[tuple[int, str]]:
        steps = find(self, day)
        meeting.wait()
        return steps

    monkeypatch.setattr(Reminders, "_found", found)
    return meeting


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Nobody locks the case or looks again; both have read that nothing was sent before either sends."""
    monkeypatch.setattr(casefiles, "_LOCK_CASES", casefiles._READ_CASES)
    monkeypatch.setattr(reminding, "still_due", lambda *_: True)
    meeting = Meeting()
    monkeypatch.setattr(reminding, "SENT", Meets(reminding.SENT, meeting, before=False))
    return meeting


def counted(database: Database, rung: str) -> tuple[int, int]:
    """Rows and events of a rung."""
    outbox = database.books.outbox
    with database.reading() as session:
        rows = session.execute(select(func.count()).select_from(ReminderRow).where(ReminderRow.rung == rung))
        data: list[dict[str, Any]] = list(
            session.execute(select(outbox.c.data).where(outbox.c.type.endswith("step.reminded"))).scalars()
        )
        return rows.scalar_one(), sum(each["rung"] == rung for each in data)


def test_two_replicas_that_found_a_step_remind_of_it_once(
    replicas: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = meet_when_found(monkeypatch)
    rounds(replicas, RED)
    assert meeting.happened
    assert counted(replicas[0], "ladder.yellow") == (1, 1)
    assert counted(replicas[0], "ladder.red") == (1, 1)


def test_many_rounds_on_both_send_every_rung_once_and_one_order(replicas: list[Database]) -> None:
    for _ in range(3):
        rounds(replicas, LONG_RED)
    for rung in ("ladder.yellow", "ladder.red", "ladder.red_long"):
        assert counted(replicas[0], rung) == (1, 1)
    with replicas[0].reading() as session:
        assert session.execute(select(func.count()).select_from(SupervisionOrderRow)).scalar_one() == 1


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_the_key_of_the_row_alone_sends_it_once(replicas: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = without_the_lock(monkeypatch)
    rounds(replicas, datetime(2026, 11, 25, 9, tzinfo=SHANGHAI).astimezone(UTC))
    assert meeting.happened
    assert counted(replicas[0], "ladder.yellow") == (1, 1)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_without_either_guard_it_is_sent_twice(replicas: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    meeting = without_the_lock(monkeypatch)
    with replicas[0].writing_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reminders DROP CONSTRAINT reminders_pkey")
    rounds(replicas, datetime(2026, 11, 25, 9, tzinfo=SHANGHAI).astimezone(UTC))
    assert meeting.happened
    assert counted(replicas[0], "ladder.yellow") == (2, 2)
