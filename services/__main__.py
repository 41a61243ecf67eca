"""`liancai-server`: runs the services, migrates their databases, makes tokens and keys."""

from __future__ import annotations

import logging
import os
import sys
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import typer

from services import host
from services.platform import migrate, vault
from services.platform.database import Database
from services.platform.identity import Caller, issue

app = typer.Typer(
    help="联才服务端 · the liancai server", no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False
)
keys = typer.Typer(help="密钥 · keys of the encrypted fields")
app.add_typer(keys, name="keys")

Service = StrEnum("Service", {name: name for name in host.SERVICES})  # type: ignore[misc]


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Hosts every service when no command is given."""
    if context.invoked_subcommand is None:
        host.serve(host.parts(), host.Settings(os.environ))


@app.command()
def serve(
    services: Annotated[list[Service] | None, typer.Argument(help="which services; all if none is named")] = None,
) -> None:
    """运行 · Hosts services until SIGTERM, then lets calls in flight finish."""
    wanted = [name for name in host.SERVICES if not services or name in services]
    host.serve(host.parts(wanted), host.Settings(os.environ))


@app.command("migrate")
def migrate_all() -> None:
    """升级数据库 · Brings every database to the newest revision; run it once before new replicas start."""
    settings = host.Settings(os.environ)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    box = host.open_vault(settings)
    for part in host.parts():
        database = Database(settings.database(part.name), part.name, part.books, box)
        try:
            revision = migrate.upgrade(database.writing_engine, part.name, part.migrations)
        finally:
            database.close()
        typer.echo(f"{part.name}: {revision}")


@app.command()
def reindex() -> None:
    """重建检索 · Fills again what people are found by: pinyin of names, indexes of phones. Run it after an upgrade."""
    from services.training import reindexing

    settings = host.Settings(os.environ)
    with host.opened(host.parts(["training"]), settings, host.open_vault(settings)) as databases:
        typer.echo(f"training: {reindexing.reindex(databases['training'])} rows")


@app.command()
def token(
    division: Annotated[str, typer.Option(help="GB/T 2260 code the user may see, such as 371526")],
    role: Annotated[
        list[str],
        typer.Option(
            help="hr_officer, enterprise, institution; caseworker, bureau, catalogue_editor; supervisor or auditor; "
            "repeatable"
        ),
    ],
    subject: Annotated[str, typer.Option(help="who: an account name, no personal data")],
    unit: Annotated[str, typer.Option(help="unit id, or the credit code of an enterprise or institution")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="days it is valid")] = 30,
) -> None:
    """签发本地令牌 · Prints a token signed with the local key, for a machine without an OIDC issuer."""
    caller = Caller(subject, unit, division, frozenset(role))
    typer.echo(issue(host.local_key(host.Settings(os.environ)), caller, valid_for=timedelta(days=days)))


@keys.command()
def new() -> None:
    """Makes the keys in LIANCAI_KEYS that are not there yet; those that are stay as they are."""
    settings = host.Settings(os.environ)
    vault.complete(settings.keys)
    vault.Vault.open(settings.keys, create=True)
    host.local_key(settings)
    host.events_secret(settings, create=True)
    typer.echo(str(settings.keys))


@keys.command()
def rotate() -> None:
    """Adds a new field key: new values use it, old ones still open. Restart the servers afterwards."""
    typer.echo(f"{vault.rotate(host.Settings(os.environ).keys)} keys")


def main() -> None:
    """Runs the command; a setting that cannot be ends it with one clear line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app()
    except (host.Misconfigured, host.UnsafeDatabase, migrate.SchemaBehind, ValueError, OSError) as fault:
        sys.exit(f"liancai-server: {fault}")


if __name__ == "__main__":
    main()
