"""`liancai-server`: runs the services, migrates their databases, makes tokens and keys."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import timedelta

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from services import host
from services.platform import migrate, vault
from services.platform.database import Database
from services.platform.identity import Caller, issue


def serve(settings: host.Settings, asked: Namespace) -> None:
    """Hosts the services that are named, or every one."""
    wanted = [name for name in host.SERVICES if not asked.services or name in asked.services]
    host.serve(host.parts(wanted), settings)


def migrate_all(settings: host.Settings, _asked: Namespace) -> None:
    """Brings every database to the newest revision."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    box = host.open_vault(settings)
    for part in host.parts():
        database = Database(settings.database(part.name), part.name, part.books, box)
        try:
            revision = migrate.upgrade(database.writing_engine, part.name, part.migrations)
        finally:
            database.close()
        print(f"{part.name}: {revision}", flush=True)


def reindex(settings: host.Settings, _asked: Namespace) -> None:
    """Fills again what people are found by."""
    from services.training import reindexing

    with host.opened(host.parts(["training"]), settings, host.open_vault(settings)) as databases:
        print(f"training: {reindexing.reindex(databases['training'])} rows")


def token(settings: host.Settings, asked: Namespace) -> None:
    """Prints a token signed with the local key. Misconfigured where the servers take those of an issuer only."""
    if settings.environment.get("LIANCAI_OIDC_ISSUER"):
        raise host.Misconfigured(
            "servers with LIANCAI_OIDC_ISSUER take its tokens only: sign in there for one "
            "(已配置统一身份认证,请在该处登录取得令牌)"
        )
    caller = Caller(asked.subject, asked.unit, asked.division, frozenset(asked.role))
    print(issue(host.local_key(settings), caller, valid_for=timedelta(days=asked.days)))


def new_keys(settings: host.Settings, _asked: Namespace) -> None:
    """Makes the keys that are not there yet."""
    vault.complete(settings.keys)
    vault.Vault.open(settings.keys, create=True)
    host.local_key(settings)
    host.events_secret(settings, create=True)
    print(settings.keys)


def rotate_keys(settings: host.Settings, _asked: Namespace) -> None:
    """Adds a new field key."""
    print(f"{vault.rotate(settings.keys)} keys")


def _service(text: str) -> str:
    if text not in host.SERVICES:
        raise ArgumentTypeError(f"one of {', '.join(host.SERVICES)}, not {text} (没有这个服务)")
    return text


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 366):
        raise ArgumentTypeError(f"1 to 366 days, not {text} (须为 1 至 366 天)")
    return int(text)


def command_line() -> ArgumentParser:
    """The commands and their options. The library of the client's command line takes 10 MiB, which a server keeps."""
    parser = ArgumentParser(
        "liancai-server", description="联才服务端 · the liancai server; by itself it hosts everything"
    )
    parser.set_defaults(run=serve, services=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    said = "运行 · hosts services until SIGTERM, then lets calls in flight finish"
    command = commands.add_parser("serve", help=said, description=said)
    which = f"which of {', '.join(host.SERVICES)}; all if none is named"
    command.add_argument("services", nargs="*", type=_service, metavar="SERVICE", help=which)

    said = "升级数据库 · brings every database to the newest revision; run it once before new replicas start"
    commands.add_parser("migrate", help=said, description=said).set_defaults(run=migrate_all)

    said = (
        "重建检索 · fills again what people are found by: pinyin of names, indexes of phones; run it after an upgrade"
    )
    commands.add_parser("reindex", help=said, description=said).set_defaults(run=reindex)

    said = "签发本地令牌 · prints a token signed with the local key, for a machine without an OIDC issuer"
    command = commands.add_parser("token", help=said, description=said)
    command.set_defaults(run=token)
    option = command.add_argument
    option("--division", required=True, help="GB/T 2260 code the user may see, such as 371526")
    option(
        "--role",
        required=True,
        action="append",
        help="hr_officer, enterprise, institution; caseworker, bureau, catalogue_editor; supervisor or auditor; "
        "repeatable",
    )
    option("--subject", required=True, help="who: an account name, no personal data")
    option("--unit", default="", help="unit id, or the credit code of an enterprise or institution")
    option("--days", type=_days, default=30, help="days it is valid, 1 to 366; 30 unless given")

    said = "密钥 · keys of the encrypted fields"
    keys = commands.add_parser("keys", help=said, description=said).add_subparsers(metavar="COMMAND", required=True)
    said = "makes the keys in LIANCAI_KEYS that are not there yet; those that are stay as they are"
    keys.add_parser("new", help=said, description=said).set_defaults(run=new_keys)
    said = "adds a new field key: new values use it, old ones still open; restart the servers afterwards"
    keys.add_parser("rotate", help=said, description=said).set_defaults(run=rotate_keys)
    return parser


def run(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    asked = command_line().parse_args(arguments)
    asked.run(host.Settings(os.environ), asked)


def main() -> None:
    """Runs the command of the command line; a setting that cannot be ends it with one clear line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        run()
    except (host.Misconfigured, host.UnsafeDatabase, migrate.SchemaBehind, ValueError, OSError) as fault:
        sys.exit(f"liancai-server: {fault}")


if __name__ == "__main__":
    main()
