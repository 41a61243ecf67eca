"""Alembic for every service: SQLite upgrades itself at start, PostgreSQL only by `liancai-server migrate`.

A server whose schema is at the newest revision never loads Alembic, which would stay in its memory until the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, inspect

if TYPE_CHECKING:
    from alembic.config import Config

_VERSION = "alembic_version"  # Alembic's table


class SchemaBehind(RuntimeError):
    """The schema is not the one this program was written for; the message says what to run."""


def upgrade(engine: Engine, service: str, scripts: Path) -> str:
    """Brings the schema to the newest revision, in one transaction; returns that revision."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # two operators at once: the second waits, then finds nothing to do
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(50151, hashtext(%s))", (service,))
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {service}")
        if _current(connection) != head(scripts):
            from alembic import command

            config = _config(scripts)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return head(scripts)


def head(scripts: Path) -> str:
    """The newest revision there is: the highest of the numbers that the files begin with."""
    return max(path.name.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*_*.py"))


def check(engine: Engine, service: str, scripts: Path) -> None:
    """Raises SchemaBehind unless the schema is at the newest revision."""
    with engine.connect() as connection:
        current = _current(connection)
    newest = head(scripts)
    if current != newest:
        raise SchemaBehind(
            f"{service}: the database is at {current or 'no revision'}, this program needs {newest}; "
            f"run: liancai-server migrate (数据库版本不符,请先运行 liancai-server migrate)"
        )


def run(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` does: the revisions, on the connection that `upgrade` opened."""
    from alembic import context

    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def _current(connection: Connection) -> str | None:
    """The revision that a schema is at, None before its first."""
    if not inspect(connection).has_table(_VERSION):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION}").scalar()  # noqa: S608
    return found


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
