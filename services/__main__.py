"""`liancai-server`: runs the services, migrates their databases, makes tokens and keys."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from sqlalchemy.exc import OperationalError

from services import host
from services.platform import migrate, vault
from services.platform.database import Database
from services.platform.identity import Caller, issue
from services.usage import Parser, both


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


def _role(text: str) -> str:
    if text not in host.ROLES:
        raise ArgumentTypeError(f"one of {', '.join(host.ROLES)}, not {text} (没有这个角色)")
    return text


def _division(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) == 6):
        raise ArgumentTypeError(f"a code of six digits such as 371526, not {text} (须为 6 位行政区划代码)")
    return text


def command_line() -> ArgumentParser:
    """The commands and their options. The library of the client's command line takes 10 MiB, which a server keeps."""
    parser = Parser(
        "liancai-server",
        both("联才服务端；不写命令即运行全部服务", "the liancai server; by itself it hosts everything"),
    )
    parser.set_defaults(run=serve, services=None)
    commands = parser.commands()

    command = commands(
        "serve",
        "运行，收到 SIGTERM 后办完在途请求再退出",
        "hosts services until SIGTERM, then lets calls in flight finish",
    )
    which = both("哪些服务，不写为全部", f"which of {', '.join(host.SERVICES)}; all if none is named")
    command.add_argument("services", nargs="*", type=_service, metavar="SERVICE", help=which)

    commands(
        "migrate",
        "升级数据库，新副本启动前运行一次",
        "brings every database to the newest revision; run it once before new replicas start",
    ).set_defaults(run=migrate_all)

    commands(
        "reindex",
        "重建检索（姓名拼音、电话索引），升级后运行",
        "fills again what people are found by: pinyin of names, indexes of phones; run it after an upgrade",
    ).set_defaults(run=reindex)

    command = commands(
        "token",
        "签发本地令牌，用于没有 OIDC 的机器",
        "prints a token signed with the local key, for a machine without an OIDC issuer",
    )
    command.set_defaults(run=token)
    option = command.add_argument
    of_division = both("可见的行政区划", "GB/T 2260 code the user may see, such as 371526")
    option("--division", required=True, type=_division, help=of_division)
    roles = both("角色，可多次", f"{', '.join(host.ROLES)}; repeatable")
    option("--role", required=True, action="append", type=_role, help=roles)
    option("--subject", required=True, help=both("账号名，不写个人信息", "who: an account name, no personal data"))
    unit = both("单位编号；企业和机构为信用代码", "unit id, or the credit code of an enterprise or institution")
    option("--unit", default="", help=unit)
    option("--days", type=_days, default=30, help=both("有效天数", "days it is valid, 1 to 366; 30 unless given"))

    keys = commands("keys", "加密字段的密钥", "keys of the encrypted fields").commands(required=True)
    keys(
        "new",
        "补齐 LIANCAI_KEYS 中缺少的密钥，已有的不动",
        "makes the keys in LIANCAI_KEYS that are not there yet; those that are stay as they are",
    ).set_defaults(run=new_keys)
    keys(
        "rotate",
        "增加一把字段密钥，之后重启服务",
        "adds a new field key: new values use it, old ones still open; restart the servers afterwards",
    ).set_defaults(run=rotate_keys)
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
    except OperationalError as fault:
        why = " ".join(str(fault.orig).split())  # the driver says it in several lines
        sys.exit(f"liancai-server: cannot reach the database: {why} (无法连接数据库，请核对地址并确认其已启动)")
    except OSError as fault:
        sys.exit(f"liancai-server: {_of_a_file(fault)}")
    except (host.Misconfigured, host.UnsafeDatabase, migrate.SchemaBehind, ValueError) as fault:
        sys.exit(f"liancai-server: {fault}")


def _of_a_file(fault: OSError) -> str:
    """What became of a file that a setting names, or of one in the folders of data and of keys."""
    if not fault.filename:
        return str(fault)
    said = f"cannot use {fault.filename}: {fault.strerror}"
    if Path(str(fault.filename)).name in (vault.FIELDS, vault.CHILDREN, vault.INDEX):
        return f"{said}; liancai-server keys new makes the keys (缺少密钥，可用 liancai-server keys new 生成)"
    return f"{said} (无法使用，请核对设置和权限)"


if __name__ == "__main__":
    main()
