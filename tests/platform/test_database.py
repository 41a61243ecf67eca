"""Databases: the unsafe ones are refused, readers cannot write, and a lost one is UNAVAILABLE."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pysqlite3
import pytest
from sqlalchemy import create_engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from services.platform.database import (
    POSTGRESQL_OPTIONS,
    STATEMENT_SECONDS,
    Database,
    UnsafeDatabase,
    _refuse_hung_up,
    refuse_unsafe_postgresql,
    refuse_unsafe_sqlite,
)
from services.platform.errors import TooMuch, Unavailable
from services.platform.prepared import Prepared, together
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.platform.writer import Work
from tests.conftest import new_postgresql_database
from tests.platform.conftest import Open
from tests.platform.small import BOOKS, METADATA, THING
from tests.races.servers import database_gone


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.51.0", "3.50.6", "3.44.5", "3.45.0", "3.49.2", "3.7.0"])
def test_a_sqlite_that_can_corrupt_is_refused(version: str) -> None:
    with pytest.raises(UnsafeDatabase, match=rf"SQLite {version} can corrupt .*pysqlite3 0\.6\.1"):
        refuse_unsafe_sqlite(tuple(int(part) for part in version.split(".")))


@pytest.mark.parametrize("version", ["3.44.6", "3.44.9", "3.50.7", "3.51.3", "3.52.0", "3.53.4", "4.0.0"])
def test_a_mended_sqlite_is_taken(version: str) -> None:
    refuse_unsafe_sqlite(tuple(int(part) for part in version.split(".")))


def test_an_old_sqlite_is_refused_before_the_file_is_touched(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pysqlite3, "sqlite_version_info", (3, 40, 1))
    with pytest.raises(UnsafeDatabase):
        Database(f"sqlite:///{tmp_path}/old.db", "small", BOOKS, vault)
    assert list(tmp_path.iterdir()) == []


def test_sqlite_flushes_every_commit(tmp_path: Path, vault: Vault) -> None:
    database = Database(f"sqlite:///{tmp_path}/s.db", "small", BOOKS, vault, lanes=0)
    for engine in (database.writing_engine, database.reading_engine):
        with engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    database.close()


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "synchronous_commit = local"])
def test_a_postgresql_that_does_not_flush_is_refused(setting: str, postgresql: str) -> None:
    url = new_postgresql_database(postgresql).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    refuse_unsafe_postgresql(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {engine.url.database} SET {setting}")
    with pytest.raises(UnsafeDatabase, match=setting.replace(" ", "")):
        refuse_unsafe_postgresql(engine)


def test_who_reads_cannot_write(open_small: Open) -> None:
    database = open_small(lanes=0)
    with database.reading() as session, pytest.raises(DBAPIError):
        session.execute(insert(THING).values(name="by a reader", size=1))
    with database.reading() as session:
        assert session.execute(select(THING)).all() == []


def test_who_reads_sees_one_snapshot(open_small: Open) -> None:
    database = open_small(lanes=0)
    with database.reading() as session:
        assert session.execute(select(THING)).all() == []
        with database.writing_engine.begin() as connection:
            connection.execute(insert(THING).values(name="meanwhile", size=1))
        assert session.execute(select(THING)).all() == []
    with database.reading() as session:
        assert len(session.execute(select(THING)).all()) == 1


def test_who_reads_by_key_scans_no_table_and_whoever_comes_after_may(open_small: Open) -> None:
    """Also one of which PostgreSQL knows nothing yet, and which is small as far as it knows."""
    database = open_small(lanes=0)
    keys = ", ".join(f"'{number}'" for number in range(1_000))

    def scans(*, by_key: bool) -> bool:
        plan = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"
        with database.reading(by_key=by_key) as session:
            steps = session.execute(text(f"{plan} SELECT size FROM thing WHERE name IN ({keys})")).all()
        return any("Seq Scan" in str(step) or "SCAN" in str(step) for step in steps)

    assert [scans(by_key=each) for each in (False, True, False)] == [not database.sqlite, False, not database.sqlite]


COUNTED = Prepared(select(func.count()).select_from(THING))
LOCKED = Prepared(select(func.pg_advisory_xact_lock(7)))


def test_who_glances_cannot_write(open_small: Open) -> None:
    database = open_small(lanes=0)
    with database.glancing() as connection, pytest.raises(DBAPIError):
        connection.execute(insert(THING).values(name="at a glance", size=1))
    with database.glancing() as connection:
        assert COUNTED.rows(connection, {}) == [(0,)]


def test_what_is_glanced_at_together_is_one_snapshot(postgresql: str, vault: Vault) -> None:
    """Between two statements of one round trip, somebody else commits."""
    database = _on_postgresql(postgresql, vault)
    with database.writing_engine.connect() as other, ThreadPoolExecutor(1) as threads:
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(7)")
        other.execute(insert(THING).values(name="meanwhile", size=1))

        def glance() -> list[list[tuple[int]]]:
            with database.glancing() as connection:
                return together(connection, (COUNTED, {}), (LOCKED, {}), (COUNTED, {}))

        glanced = threads.submit(glance)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not other.exec_driver_sql(waiting).scalar_one():
            assert not glanced.done()
        other.commit()
        first, _, last = glanced.result()
    assert first == last == [(0,)]
    with database.glancing() as connection:
        assert COUNTED.rows(connection, {}) == [(1,)]
    database.close()


def _ended(database: Database, *, by: str) -> int:
    """Has the server end the reading connection, whose backend is gone when this returns."""
    with database.glancing() as connection:
        backend: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with database.writing_engine.begin() as connection:
        assert connection.exec_driver_sql(by, (backend,)).scalar_one()
    return backend


KILL = "SELECT pg_terminate_backend(%s, 10000)"


@pytest.mark.parametrize("how", ["reading", "glancing"])
def test_a_connection_that_the_server_ended_is_not_read_from(postgresql: str, vault: Vault, how: str) -> None:
    database = _on_postgresql(postgresql, vault)
    before = _ended(database, by=KILL)
    with getattr(database, how)() as found:
        statement = text("SELECT pg_backend_pid()")
        assert found.execute(statement).scalar_one() != before
    database.close()


def test_without_a_look_at_it_it_would_be(postgresql: str, vault: Vault) -> None:
    """The control."""
    database = _on_postgresql(postgresql, vault)
    event.remove(database.reading_engine, "checkout", _refuse_hung_up)
    _ended(database, by=KILL)
    with pytest.raises(Unavailable), database.reading() as session:
        session.execute(select(THING))
    database.close()


def test_a_server_that_ends_in_the_middle_is_unavailable(postgresql: str, vault: Vault) -> None:
    database = _on_postgresql(postgresql, vault)
    with pytest.raises(Unavailable), database.glancing() as connection:
        together(connection, (COUNTED, {}), (Prepared(select(func.pg_terminate_backend(func.pg_backend_pid()))), {}))
    with database.glancing() as connection:
        assert COUNTED.rows(connection, {}) == [(0,)]
    database.close()


@pytest.mark.parametrize("how", ["reading", "glancing"])
def test_what_takes_too_long_to_read_is_told_so(
    postgresql: str, vault: Vault, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = POSTGRESQL_OPTIONS.replace(f"statement_timeout={STATEMENT_SECONDS}s", "statement_timeout=50ms")
    monkeypatch.setattr("services.platform.database.POSTGRESQL_OPTIONS", short)
    database = _on_postgresql(postgresql, vault)
    with pytest.raises(TooMuch) as refused, getattr(database, how)() as found:
        found.execute(select(func.pg_sleep(30)))
    assert (refused.value.reason, refused.value.metadata) == ("READING_TOO_LONG", {"seconds": "20"})
    with getattr(database, how)() as found:
        assert found.execute(text("SELECT 1")).scalar_one() == 1
    database.close()


def _on_postgresql(server: str, vault: Vault) -> Database:
    database = Database(new_postgresql_database(server), "small", BOOKS, vault, lanes=0)
    with database.writing_engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA small")
        METADATA.create_all(connection)
    return database


def store(tx: Tx, items: list[str]) -> list[str]:
    for item in items:
        tx.connection.execute(insert(THING).values(name=item, size=1))
    return items


@pytest.mark.parametrize("lanes", [0, 1])
def test_a_postgresql_that_is_gone_is_unavailable_and_comes_back(postgresql: str, vault: Vault, lanes: int) -> None:
    url = new_postgresql_database(postgresql)
    database = Database(url, "small", BOOKS, vault, lanes=lanes)
    with database.writing_engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA small")
        METADATA.create_all(connection)
    admin = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with database_gone(admin):
        with pytest.raises(Unavailable):
            database._writer.run(Work(store, "gone"), "", 30)
        with pytest.raises(Unavailable), database.reading() as session:
            session.execute(select(THING))
    assert database._writer.run(Work(store, "back"), "", 30) == "back"
    with database.reading() as session:
        assert session.scalars(select(THING.c.name)).all() == ["back"]
    database.close()


def test_an_error_of_the_database_shows_no_parameters(open_small: Open) -> None:
    """PostgreSQL's own DETAIL still quotes the row: that is why no text of an exception is ever logged."""
    database = open_small(lanes=0)
    with pytest.raises(DBAPIError) as error, database.writing_engine.begin() as connection:
        connection.execute(insert(THING).values(name="13957240000", size=None))
    assert "13957240000" not in str(error.value).partition("DETAIL")[0]
