"""Servers to race against: real processes as an operator runs them, and replicas inside the test's own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pysqlite3
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import Engine, create_engine

from services import host
from services.platform.clock import REHEARSAL
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import Office, clock

ROOT = Path(__file__).parents[2]
SERVE = ("-m", "services", "serve")
# a client that finds a restarted server at once
QUICK: Sequence[tuple[str, int]] = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
)


class Server:
    """`python -m services serve` on a socket of its own and on the tests' clock; what it prints goes to `log`."""

    def __init__(self, settings: host.Settings, folder: Path, arguments: Sequence[str] = SERVE) -> None:
        self.address = f"unix:{folder}/s"
        self.log = folder / "stderr"
        ahead = folder / "clock"
        ahead.write_text(str((clock() - datetime.now(UTC)).total_seconds()), encoding="ascii")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LIANCAI_")}
        self._environment = {
            **inherited,
            **settings.environment,
            "LIANCAI_LISTEN": self.address,
            REHEARSAL: str(ahead),
            "PYTHONPATH": f"{ROOT / 'protos'}{os.pathsep}{ROOT}",
        }
        self._arguments = arguments
        self.start()

    def start(self) -> None:
        """Starts it, also again after its end."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._arguments], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def ready(self) -> Server:
        """Returns once it serves."""
        with grpc.insecure_channel(self.address, options=QUICK) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            for _ in range(20):
                try:
                    answer = check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)
                except grpc.RpcError as error:
                    # the connection to the killed one may still look alive; the next goes to its successor
                    if error.code() is grpc.StatusCode.UNAVAILABLE:
                        continue
                    break
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
                return self
        raise AssertionError(f"no server: {self.log.read_text()}")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        assert self.process.wait(timeout=10) == -signal.SIGKILL

    def terminate(self) -> None:
        """SIGTERM; does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Ends it however it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)


@contextmanager
def served(settings: host.Settings, *folders: Path) -> Iterator[list[Server]]:
    """One server process a folder, all on one database, started side by side."""
    servers = [Server(settings, folder) for folder in folders]
    try:
        yield [server.ready() for server in servers]
    finally:
        for server in servers:
            server.close()


@contextmanager
def office_at(address: str, settings: host.Settings, subject: str = "officer") -> Iterator[Office]:
    """A desk at a server."""
    with grpc.insecure_channel(address, options=QUICK) as channel:
        yield Office(channel, token_of(settings, subject=subject), second=token_of(settings, subject=f"{subject}-2"))


@contextmanager
def replica(settings: host.Settings, folder: Path) -> Iterator[tuple[Office, Database]]:
    """A replica in this process, so that its inside can be patched; a desk at it and its database."""
    with host.opened(host.parts(), settings, host.open_vault(settings)) as databases:
        for each in databases.values():
            each.clock = clock
        pool = ThreadPoolExecutor(96)
        server = grpc.server(pool, interceptors=[host.boundary(host.parts(), host.open_identity(settings))])
        host.mount(host.parts(), databases, settings, server)
        server.add_insecure_port(f"unix:{folder}/s")
        server.start()
        try:
            with office_at(f"unix:{folder}/s", settings) as office:
                yield office, databases["training"]
        finally:
            server.stop(0).wait()
            pool.shutdown()


@contextmanager
def engine_of(settings: host.Settings) -> Iterator[Engine]:
    """The database behind the servers' backs."""
    url = settings.database("training")
    if url.startswith("sqlite"):
        engine = create_engine(url, module=pysqlite3)
    else:
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://"),
            connect_args={"options": "-c search_path=training -c timezone=UTC"},
        )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def database_gone(engine: Engine) -> Iterator[None]:
    """PostgreSQL gives nobody a connection to this database, and whoever had one has lost it."""
    name = engine.url.database
    assert name is not None
    engine.dispose()
    admin = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    admin.dispose()
