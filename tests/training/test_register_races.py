"""Imports of registers at the same time, written twice, and killed: the last one that began counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import pytest
from liancai.training.v1 import registers_pb2 as pb

from services.platform.database import Database
from services.training import registers
from tests.conftest import KINDS, fresh_settings
from tests.office import Office
from tests.races.servers import engine_of, office_at, served
from tests.statuses import status_of
from tests.training.test_registers import END, Part, bring, chunk, header, in_force, pensioners, refused, stored


def overtaken(office: Office, first: Sequence[pb.RegisterEntry], second: Sequence[pb.RegisterEntry]) -> Any:
    """What becomes of an import when another one begins after it and ends before its rows come."""
    other_done = threading.Event()

    def parts() -> Iterator[Part]:
        yield header(first)
        yield chunk([])
        assert other_done.wait(60)
        yield chunk(first)
        yield END

    answers = office.registers.ImportRegister(parts())
    assert next(answers).HasField("progress")
    assert bring(office, second).changed
    other_done.set()
    try:
        return list(answers)[-1].summary
    except grpc.RpcError as error:
        return error


def test_of_two_imports_at_once_the_one_that_began_last_counts(office: Office, database: Database) -> None:
    outcome = overtaken(office, pensioners(10, first=1_200), pensioners(20, first=1_300))
    assert outcome.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "REGISTER_OVERTAKEN" in str(status_of(outcome))
    now = in_force(database)
    assert now.rows == 20
    assert stored(database) == {now.generation: 20}


def test_without_the_guard_the_import_that_began_first_would_replace_the_later_one(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the one above."""
    monkeypatch.setattr(registers, "_still_last", lambda *_: None)
    outcome = overtaken(office, pensioners(10, first=1_400), pensioners(20, first=1_500))
    assert outcome.changed
    assert in_force(database).rows == 10
    assert sorted(stored(database).values()) == [10, 20]
    monkeypatch.undo()
    bring(office, pensioners(1, first=1_600))
    assert list(stored(database).values()) == [1]


def test_rows_that_were_written_twice_are_not_put_in_force(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a connection is lost between a commit and its answer, and the chunk is written again."""
    bring(office, pensioners(3, first=1_700))
    before = in_force(database)
    write = registers._ENTRIES
    monkeypatch.setattr(registers, "_ENTRIES", lambda connection, rows: write(connection, [*rows, *rows]))
    rows = pensioners(9, first=1_800)
    code, reason, _ = refused(office, header(rows), chunk(rows), END)
    assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert stored(database) == {before.generation: 3}


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_import_leaves_the_old_register_in_force_and_the_next_one_clears_up(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = fresh_settings(request, tmp_path_factory, kind)
    old, new = pensioners(8), pensioners(60, first=100)
    with served(settings, tmp_path_factory.mktemp("k")) as (server,), engine_of(settings) as engine:

        def rows_stored() -> int:
            with engine.connect() as connection:
                return int(connection.exec_driver_sql("SELECT count(*) FROM register_entries").scalar_one())

        killed = threading.Event()

        def parts() -> Iterator[Part]:
            yield header(new)
            yield chunk(new[:50])
            killed.wait(60)

        with office_at(server.address, settings) as office:
            bring(office, old)
            answers = office.registers.ImportRegister(parts())
            assert next(answers).progress.received == 50
            server.kill()
            killed.set()
            with pytest.raises(grpc.RpcError):
                list(answers)
        assert rows_stored() == 58
        server.start()
        server.ready()
        with office_at(server.address, settings) as office:
            (now,) = office.registers.ListRegisters(pb.ListRegistersRequest()).registers
            assert now.rows == 8
            assert bring(office, new).register.rows == 60
        assert rows_stored() == 60
