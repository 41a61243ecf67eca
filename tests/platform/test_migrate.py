"""Schemas: what the revisions make is what the program says, on both databases, up, down and up again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, MetaData, inspect

from services import host
from services.placement.service import PART as PLACEMENT
from services.placement.tables import Base as Dispatch
from services.platform import migrate
from services.platform.database import Database
from services.platform.migrate import SchemaBehind
from services.platform.part import Part
from services.platform.vault import Vault
from services.talent.service import PART as TALENT
from services.talent.tables import Base as Cases
from services.training.service import PART
from services.training.tables import Base
from tests.conftest import KINDS, new_postgresql_database


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path, vault: Vault) -> Iterator[Engine]:
    """The writing engine of a database that nobody has migrated."""
    url = f"sqlite:///{tmp_path}/t.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("shared_postgresql")
    database = Database(url, PART.name, PART.books, vault, lanes=0)
    if not database.sqlite:
        with database.writing_engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {PART.name} CASCADE")
    yield database.writing_engine
    database.close()


def up(engine: Engine, part: Part = PART) -> str:
    return migrate.upgrade(engine, part.name, part.migrations)


def down(engine: Engine, part: Part = PART) -> None:
    with engine.begin() as connection:
        config = migrate._config(part.migrations)
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def differences(engine: Engine, metadata: MetaData = Base.metadata) -> list[object]:
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def test_a_fresh_schema_is_exactly_what_the_program_declares(empty: Engine) -> None:
    assert up(empty) == migrate.head(PART.migrations)
    assert differences(empty) == []
    assert tables(empty) == set(Base.metadata.tables)


@pytest.mark.parametrize("part", host.parts(), ids=lambda part: part.name)
def test_the_newest_revision_is_the_one_that_alembic_finds(part: Part) -> None:
    script = ScriptDirectory.from_config(migrate._config(part.migrations))
    assert migrate.head(part.migrations) == script.get_current_head()


def test_a_server_whose_schema_is_the_newest_does_not_load_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from services import host; from services.platform.vault import Vault; "
        "vault = Vault.open(Path(sys.argv[1]) / 'keys', create=True); "
        "settings = host.Settings({'LIANCAI_DATA': sys.argv[1]});\n"
        "with host.opened(host.parts(), settings, vault): print('alembic' in sys.modules, 'psycopg' in sys.modules)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["True", "False"], ["False", "False"]]


def test_a_schema_that_differs_is_seen_to_differ(empty: Engine) -> None:
    up(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("DROP INDEX active_once")
        connection.exec_driver_sql("ALTER TABLE orders ADD COLUMN surprise INTEGER")
    assert len(differences(empty)) == 2


def checks(engine: Engine) -> set[tuple[str, str]]:
    found = inspect(engine)
    return {(name, str(check["name"])) for name in tables(engine) for check in found.get_check_constraints(name)}


def declared_checks(metadata: MetaData) -> set[tuple[str, str]]:
    return {
        (table.name, str(check.name))
        for table in metadata.tables.values()
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }


def test_every_check_of_the_program_is_in_the_schema(empty: Engine) -> None:
    """Alembic does not compare CHECKs; they are what keeps the seats, so they are compared here."""
    up(empty)
    declared = declared_checks(Base.metadata)
    assert checks(empty) == declared
    assert ("orders", "conserved") in declared


def test_upgrading_twice_does_nothing_the_second_time(empty: Engine) -> None:
    first = up(empty)
    before = sorted(tables(empty))
    assert up(empty) == first
    assert sorted(tables(empty)) == before
    migrate.check(empty, PART.name, PART.migrations)


def test_two_operators_may_upgrade_at_once(empty: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert len({done.result(timeout=60) for done in [pool.submit(up, empty) for _ in range(2)]}) == 1
    assert differences(empty) == []


def test_a_database_that_was_not_migrated_is_refused_with_what_to_run(empty: Engine) -> None:
    with pytest.raises(SchemaBehind, match=r"training: the database is at no revision.*liancai-server migrate"):
        migrate.check(empty, PART.name, PART.migrations)
    up(empty)
    migrate.check(empty, PART.name, PART.migrations)


def test_a_database_from_another_revision_is_refused(empty: Engine) -> None:
    up(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaBehind, match="is at 9999, this program needs"):
        migrate.check(empty, PART.name, PART.migrations)


def test_down_to_nothing_and_up_again(empty: Engine) -> None:
    up(empty)
    down(empty)
    assert tables(empty) == set()
    up(empty)
    assert differences(empty) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("part", "metadata"), [(TALENT, Cases.metadata), (PLACEMENT, Dispatch.metadata)])
def test_a_schema_is_what_its_program_declares_up_down_and_up_again(
    part: Part, metadata: MetaData, kind: str, request: pytest.FixtureRequest, tmp_path: Path, vault: Vault
) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    if kind == "postgresql":
        url = new_postgresql_database(request.getfixturevalue("postgresql"))
    database = Database(url, part.name, part.books, vault, lanes=0)
    engine = database.writing_engine
    for _ in range(2):
        up(engine, part)
        assert differences(engine, metadata) == []
        assert tables(engine) == set(metadata.tables)
        assert checks(engine) == declared_checks(metadata)
        down(engine, part)
        assert tables(engine) == set()
    database.close()


def test_a_replica_does_not_start_on_an_unmigrated_postgresql(tmp_path: Path, postgresql: str) -> None:
    keys = tmp_path / "keys"
    box = Vault.open(keys, create=True)
    settings = host.Settings(
        {
            "LIANCAI_DATA": str(tmp_path),
            "LIANCAI_KEYS": str(keys),
            "LIANCAI_DATABASE": new_postgresql_database(postgresql),
        }
    )
    with pytest.raises(SchemaBehind), host.opened(host.parts(), settings, box):
        pass
