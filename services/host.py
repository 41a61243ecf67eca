"""The composition root: settings, databases, servicers, health; run, and drain.

Without settings it hosts every service on 127.0.0.1:50151, with one SQLite file a service and its keys in the data
folder.
"""

from __future__ import annotations

import base64
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import grpc
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from liancai.reference.v1 import reference_pb2, reference_pb2_grpc

from services.lookups import Reference
from services.platform import migrate
from services.platform.boundary import Boundary, methods
from services.platform.clock import REHEARSAL, now
from services.platform.database import Database, UnsafeDatabase, refuse_unsafe_postgresql
from services.platform.delivery import Endpoint, delivering
from services.platform.endpoints import endpoints
from services.platform.foreman import Workshop, working
from services.platform.identity import LOCAL_ISSUER, Caller, Identity, LocalKey, issue
from services.platform.issuer import issuer_keys
from services.platform.outbox import source_of
from services.platform.part import Part
from services.platform.policy import Policy
from services.platform.pruning import Pruning
from services.platform.texts import Texts
from services.platform.tls import read_pair
from services.platform.vault import Vault, write_secret
from services.platform.webhook import PREFIX

SERVICES = ("training", "talent", "placement")
HERE = Path(__file__).parent
DEFAULT_LISTEN = "127.0.0.1:50151"
LOCAL_TOKEN = "local.token"  # noqa: S105  a file name
EVENTS_KEY = "events.key"
LOCAL_ROLES = frozenset(
    {
        *("hr_officer", "auditor", "caseworker", "supervisor", "catalogue_editor", "science_officer"),
        "organisation_officer",
    }
)
DRAIN = 1.0  # seconds we go on serving once told to stop, while balancers see that we are not to be asked any more
GRACE = 25.0  # seconds calls in flight then have to finish
MOST_DAYS = 36_500  # that events are kept, where they are not kept for ever
UPKEEP = 60.0  # seconds between two rounds of what services do by themselves
# Objects made before Python looks for circles among them. A roster makes millions that are in none, and at Python's own
# 700 looking for them took a third of its time.
COLLECT_AFTER = (50_000, 20, 100)

# sources and figures: docs/operations.md
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_concurrent_streams", 256),
    ("grpc.max_allowed_incoming_connections", 1000),
    ("grpc.server_handshake_timeout_ms", 5000),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.absolute_max_metadata_size", 16 * 1024),
    ("grpc.max_connection_age_ms", 30 * 60 * 1000),
    ("grpc.max_connection_age_grace_ms", 60 * 1000),
    ("grpc.keepalive_time_ms", 60 * 1000),
    ("grpc.keepalive_timeout_ms", 20 * 1000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 30 * 1000),
    # a second server on the port must fail, not share it by accident
    ("grpc.so_reuseport", 0),
)
MOST_CALLS = 256  # at once; more are RESOURCE_EXHAUSTED
WORKERS = 32  # threads; enrolments do not wait in them, an import holds one

log = logging.getLogger("liancai.host")


class Misconfigured(RuntimeError):
    """A setting that cannot be; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read once."""

    environment: Mapping[str, str]

    @property
    def data(self) -> Path:
        """Where databases, keys and the local token live: LIANCAI_DATA, else the user's data folder."""
        if folder := self.environment.get("LIANCAI_DATA"):
            return Path(folder)
        home = self.environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(home) / "liancai"

    @property
    def keys(self) -> Path:
        """Where the keys are: LIANCAI_KEYS, else in the data folder."""
        return Path(self.environment.get("LIANCAI_KEYS") or self.data / "keys")

    @property
    def of_parts(self) -> Mapping[str, str]:
        """What services are told: the environment, with the store of documents, LIANCAI_DOCUMENTS, filled in."""
        return {
            **self.environment,
            "LIANCAI_DOCUMENTS": self.environment.get("LIANCAI_DOCUMENTS") or f"{self.data}/documents",
        }

    @property
    def listen(self) -> str:
        """Address to listen on."""
        return self.environment.get("LIANCAI_LISTEN") or DEFAULT_LISTEN

    def database(self, service: str) -> str:
        """LIANCAI_TRAINING_DATABASE, else LIANCAI_DATABASE, else a SQLite file of the service's own."""
        named = self.environment.get(f"LIANCAI_{service.upper()}_DATABASE") or self.environment.get("LIANCAI_DATABASE")
        return named or f"sqlite:///{self.data / service}.db"

    @property
    def lanes(self) -> int | None:
        """Writer lanes a database, if LIANCAI_LANES says."""
        value = self.environment.get("LIANCAI_LANES")
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
            raise Misconfigured(f"LIANCAI_LANES must be a whole number, 0 or more, not {value} (须为非负整数)")
        return int(value)

    @property
    def events_kept(self) -> timedelta | None:
        """How long events are kept, if LIANCAI_EVENTS_KEEP_DAYS says; for ever else."""
        value = self.environment.get("LIANCAI_EVENTS_KEEP_DAYS")
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST_DAYS):
            raise Misconfigured(
                f"LIANCAI_EVENTS_KEEP_DAYS must be a whole number of days from 1 to {MOST_DAYS}, not {value} "
                f"(须为正整数天数)"
            )
        return timedelta(days=int(value))

    @property
    def upkeep(self) -> bool:
        """Whether this process does what services do by themselves; LIANCAI_UPKEEP=0 leaves it to other replicas."""
        return self.environment.get("LIANCAI_UPKEEP", "") not in ("0", "false", "no")

    def flag(self, name: str) -> bool:
        """Whether a setting is switched on."""
        return self.environment.get(name, "") in ("1", "true", "yes")


def parts(names: Iterable[str] = SERVICES) -> list[Part]:
    """The services of these names. One is loaded when it is asked for: a host of one does without the others."""
    return [import_module(f"services.{name}.service").PART for name in names]


def open_vault(settings: Settings) -> Vault:
    """The keys, made on first start. With a shared database they must be given: each replica needs the same ones."""
    shared = is_shared(settings)
    if shared and not settings.environment.get("LIANCAI_KEYS"):
        raise Misconfigured(
            "set LIANCAI_KEYS to the folder of keys that all replicas share; liancai-server keys new makes one "
            "(请将 LIANCAI_KEYS 设为各副本共用的密钥目录,可用 liancai-server keys new 生成)"
        )
    return Vault.open(settings.keys, create=not shared)


def is_shared(settings: Settings) -> bool:
    """Whether several replicas may be on one database."""
    return any(not settings.database(name).startswith("sqlite") for name in SERVICES)


def open_identity(settings: Settings) -> Identity:
    """An OIDC issuer if one is set, whose keys are asked for now and, where it is away, later; else the local key."""
    issuer, jwks = settings.environment.get("LIANCAI_OIDC_ISSUER"), settings.environment.get("LIANCAI_OIDC_JWKS")
    if bool(issuer) != bool(jwks):
        raise Misconfigured("set both LIANCAI_OIDC_ISSUER and LIANCAI_OIDC_JWKS, or neither (两者须同时设置)")
    if issuer and jwks:
        return Identity(issuer_keys(jwks, settings.environment), issuer, ("RS256", "ES256", "EdDSA"))
    return Identity(local_key(settings), LOCAL_ISSUER, ("HS256",))


def local_key(settings: Settings) -> LocalKey:
    """The key that signs local tokens, made on first start (0600)."""
    path = settings.keys / "tokens.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, os.urandom(32).hex())
    return LocalKey(bytes.fromhex(path.read_text()))


def events_secret(settings: Settings, *, create: bool = False) -> str:
    """What signs the events that go to webhooks, made on first use (0600); their receivers are given what is in it."""
    path = settings.keys / EVENTS_KEY
    if not path.exists():
        if is_shared(settings) and not create:
            raise Misconfigured(
                f"{path} is missing, which signs what goes to LIANCAI_EVENTS_WEBHOOK: liancai-server keys new makes it "
                f"(缺少事件签名密钥,可用 liancai-server keys new 生成)"
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, PREFIX + base64.b64encode(os.urandom(32)).decode())
    return path.read_text()


def write_local_token(settings: Settings) -> Path:
    """A token for the user who started the embedded default, in a file that only they can read."""
    division = settings.environment.get("LIANCAI_LOCAL_DIVISION") or "370000"
    caller = Caller("local", "", division, LOCAL_ROLES)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.data / LOCAL_TOKEN
    write_secret(path, issue(local_key(settings), caller, valid_for=timedelta(days=366)))
    return path


@contextmanager
def opened(parts: Sequence[Part], settings: Settings, vault: Vault) -> Iterator[dict[str, Database]]:
    """The databases of `parts`, each at its newest revision; SQLite is brought there first."""
    with ExitStack() as stack:
        databases = {}
        for part in parts:
            url = settings.database(part.name)
            if url.startswith("sqlite"):
                settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = Database(url, part.name, part.books, vault, lanes=settings.lanes)
            stack.callback(database.close)
            if database.sqlite:
                migrate.upgrade(database.writing_engine, part.name, part.migrations)
            else:
                refuse_unsafe_postgresql(database.writing_engine)
                migrate.check(database.writing_engine, part.name, part.migrations)
            databases[part.name] = database
        yield databases


def contract(parts: Sequence[Part]) -> list[FileDescriptor]:
    """The .proto files that `parts` and every host answer for."""
    return [file for part in parts for file in part.files] + [reference_pb2.DESCRIPTOR]


def boundary(parts: Sequence[Part], identity: Identity) -> Boundary:
    """The one interceptor, with the policies and sentences of every part."""
    policy = "\n".join(
        path.read_text(encoding="utf-8") for path in (HERE / "policy.cedar", *(part.policy for part in parts))
    )
    texts = Texts.load(HERE / "lookups.toml", *(part.texts for part in parts))
    return Boundary(methods(contract(parts)), identity, Policy(policy), texts)


def mount(
    parts: Sequence[Part], databases: Mapping[str, Database], settings: Settings, server: grpc.Server
) -> health.HealthServicer:
    """Adds every servicer, health, and reflection if LIANCAI_REFLECTION is on."""
    for part in parts:
        part.mount(server, databases[part.name], settings.of_parts)
    reference_pb2_grpc.add_ReferenceServicer_to_server(Reference(now), server)
    served = [service.full_name for file in contract(parts) for service in file.services_by_name.values()]
    checks = health.HealthServicer()
    for name in ("", *served):
        checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    if settings.flag("LIANCAI_REFLECTION"):
        reflection.enable_server_reflection([*served, reflection.SERVICE_NAME], server)
    return checks


def receivers_of(settings: Settings) -> list[Endpoint]:
    """Who is told of events. Raises ValueError where a setting cannot be."""
    return endpoints(settings.environment, lambda: events_secret(settings))


@contextmanager
def kept_up(parts: Sequence[Part], databases: Mapping[str, Database], settings: Settings) -> Iterator[None]:
    """Runs the upkeep of every part each minute in a thread of its own, and prunes what is kept for a time only; ends
    it before anything is closed.
    """
    if not settings.upkeep:
        yield
        return
    rounds = [part.upkeep(databases[part.name], settings.of_parts) for part in parts if part.upkeep is not None]
    receivers = [each.name for each in receivers_of(settings)]
    for part in parts:
        source = source_of(settings.environment, part.name)
        rounds.append(Pruning(databases[part.name], source, settings.events_kept, receivers).run)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(UPKEEP):
            for one in rounds:
                try:
                    one(now())
                except Exception as error:  # noqa: BLE001  the next round comes in a minute
                    log.error("upkeep error=%s", type(error).__name__)

    thread = threading.Thread(target=work, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(GRACE)


@contextmanager
def told(parts: Sequence[Part], databases: Mapping[str, Database], settings: Settings) -> Iterator[None]:
    """Tells the endpoints of the settings of what becomes of things, if this process does what goes by itself."""
    sources = [(databases[part.name], source_of(settings.environment, part.name)) for part in parts]
    with delivering(sources if settings.upkeep else (), receivers_of(settings), GRACE):
        yield


@contextmanager
def worked(parts: Sequence[Part], databases: Mapping[str, Database], settings: Settings) -> Iterator[None]:
    """Does the jobs of every part that has any, if this process does what goes by itself."""
    shops = [
        (databases[part.name], Workshop(settings.database(part.name), part.name, settings.keys, part.jobs))
        for part in parts
        if part.jobs and settings.upkeep
    ]
    with working(shops, GRACE):
        yield


def serve(parts: Sequence[Part], settings: Settings, *, stop: threading.Event | None = None) -> None:
    """Runs until SIGTERM, SIGINT or `stop`, then lets every call in flight finish."""
    ended = stop or threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    identity = open_identity(settings)
    if REHEARSAL in os.environ:
        log.warning("rehearsal clock=%s", now().isoformat(timespec="seconds"))
    with (
        opened(parts, settings, open_vault(settings)) as databases,
        kept_up(parts, databases, settings),
        told(parts, databases, settings),
        worked(parts, databases, settings),
    ):
        server = grpc.server(
            ThreadPoolExecutor(WORKERS, thread_name_prefix="call"),
            interceptors=[boundary(parts, identity)],
            options=SERVER_OPTIONS,
            maximum_concurrent_rpcs=MOST_CALLS,
        )
        checks = mount(parts, databases, settings, server)
        _listen(server, settings)
        gc.collect()
        gc.freeze()  # what is here now stays until the end
        gc.set_threshold(*COLLECT_AFTER)
        server.start()
        if not settings.environment.get("LIANCAI_OIDC_ISSUER"):
            print(f"token: {write_local_token(settings)}", file=sys.stderr)
        print(
            f"liancai-server: {', '.join(part.name for part in parts)} on {settings.listen}",
            file=sys.stderr,
            flush=True,
        )
        # the signal may reach another thread; its handler runs in this one, and only when this one wakes
        while not ended.wait(0.5):
            pass
        checks.enter_graceful_shutdown()
        time.sleep(DRAIN)
        for database in databases.values():
            database.tail.close()  # whoever watches would else be waited for; they ask another replica
        server.stop(GRACE).wait()


def _listen(server: grpc.Server, settings: Settings) -> int:
    """TLS where a certificate is set; in clear only on this machine, or where something in front ends TLS. The port."""
    address = settings.listen
    pair = read_pair(settings.environment)
    try:
        if pair:
            return server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        if address.startswith(("127.", "localhost:", "[::1]", "unix:")) or settings.flag("LIANCAI_CLEARTEXT"):
            return server.add_insecure_port(address)
    except RuntimeError:
        raise Misconfigured(f"cannot listen on {address}: is another server running there? (端口被占用)") from None
    raise Misconfigured(
        f"tokens and personal data must not cross a network in clear: set LIANCAI_TLS_CERT and "
        f"LIANCAI_TLS_KEY, or LIANCAI_CLEARTEXT=1 if a proxy in front of {address} ends TLS "
        f"(监听非本机地址须配置 TLS 证书,或由前置代理终结 TLS 并设 LIANCAI_CLEARTEXT=1)"
    )


__all__ = ["SERVICES", "Misconfigured", "Settings", "UnsafeDatabase", "boundary", "mount", "opened", "parts", "serve"]
