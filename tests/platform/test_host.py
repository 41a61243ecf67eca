"""Settings that cannot be are refused with one clear line, and a host keeps what it promises when it starts."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services import host
from services.host import Misconfigured, Settings
from services.platform.database import Database
from services.platform.part import Part
from services.platform.vault import Vault
from tests.conftest import migrate_all, new_postgresql_database
from tests.platform.conftest import Open
from tests.platform.test_jobs import until
from tests.platform.test_pruning import left
from tests.platform.test_tail import tell
from tests.races.servers import ROOT, Server, office_at


def listen(**environment: str) -> None:
    server = grpc.server(None)  # type: ignore[arg-type]
    assert host._listen(server, Settings(environment))


def test_settings_name_what_they_say(tmp_path: Path) -> None:
    settings = Settings({"LIANCAI_DATA": str(tmp_path), "LIANCAI_LANES": "3", "LIANCAI_REFLECTION": "yes"})
    assert (settings.data, settings.keys) == (tmp_path, tmp_path / "keys")
    assert settings.database("training") == f"sqlite:///{tmp_path}/training.db"
    assert settings.listen == "127.0.0.1:50151"
    assert settings.lanes == 3
    assert settings.flag("LIANCAI_REFLECTION")
    assert not settings.flag("LIANCAI_CLEARTEXT")
    shared = Settings({"LIANCAI_DATABASE": "postgresql://a/b", "LIANCAI_TRAINING_DATABASE": "postgresql://c/d"})
    assert shared.database("training") == "postgresql://c/d"
    assert shared.database("talent") == "postgresql://a/b"
    assert shared.lanes is None
    assert Settings({"XDG_DATA_HOME": str(tmp_path)}).data == tmp_path / "liancai"
    assert Settings({}).data == Path.home() / ".local" / "share" / "liancai"


def test_a_shared_database_wants_shared_keys(tmp_path: Path) -> None:
    settings = Settings({"LIANCAI_DATA": str(tmp_path), "LIANCAI_DATABASE": "postgresql://nowhere/none"})
    with pytest.raises(Misconfigured, match=r"set LIANCAI_KEYS .*liancai-server keys new"):
        host.open_vault(settings)


def test_keys_of_a_shared_database_are_never_made_up(tmp_path: Path) -> None:
    settings = Settings({"LIANCAI_DATABASE": "postgresql://nowhere/none", "LIANCAI_KEYS": str(tmp_path / "empty")})
    with pytest.raises(FileNotFoundError):
        host.open_vault(settings)
    assert not (tmp_path / "empty").exists()


def test_the_secret_that_signs_events_is_kept_to_its_owner_and_shared_by_replicas(tmp_path: Path) -> None:
    alone = Settings({"LIANCAI_DATA": str(tmp_path)})
    secret = host.events_secret(alone)
    assert secret.startswith("whsec_")
    assert host.events_secret(alone) == secret
    assert stat.S_IMODE((alone.keys / "events.key").stat().st_mode) == 0o600
    shared = Settings({"LIANCAI_DATABASE": "postgresql://nowhere/none", "LIANCAI_KEYS": str(tmp_path / "shared")})
    with pytest.raises(Misconfigured, match=r"events\.key is missing.*liancai-server keys new"):
        host.events_secret(shared)
    assert host.events_secret(shared, create=True) == host.events_secret(shared)


@pytest.mark.parametrize("one", ["LIANCAI_OIDC_ISSUER", "LIANCAI_OIDC_JWKS"])
def test_half_an_oidc_issuer_is_refused(one: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="LIANCAI_OIDC_ISSUER and LIANCAI_OIDC_JWKS"):
        host.open_identity(Settings({one: "https://issuer", "LIANCAI_DATA": str(tmp_path)}))


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "10.0.0.1:50151", "example.org:50151", ":50151"])
def test_a_network_is_never_served_in_clear(address: str) -> None:
    with pytest.raises(Misconfigured, match="LIANCAI_TLS_CERT"):
        listen(LIANCAI_LISTEN=address)


def test_a_proxy_in_front_may_end_tls() -> None:
    listen(LIANCAI_LISTEN="0.0.0.0:0", LIANCAI_CLEARTEXT="1")


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0"])
def test_this_machine_may_be_served_in_clear(address: str) -> None:
    listen(LIANCAI_LISTEN=address)


def test_a_port_that_is_taken_is_not_shared() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misconfigured, match="is another server running there"):
            listen(LIANCAI_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")


def test_the_embedded_default_keeps_its_secrets_to_its_owner(tmp_path: Path) -> None:
    settings = Settings({"LIANCAI_DATA": str(tmp_path / "new" / "data")})
    box = host.open_vault(settings)
    path = host.write_local_token(settings)
    with host.opened(host.parts(), settings, box) as databases:
        assert databases["training"].sqlite
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((settings.keys / "tokens.key").stat().st_mode) == 0o600
    caller = host.open_identity(settings).caller(path.read_text())
    assert (caller.subject, caller.division, caller.roles) == ("local", "370000", host.LOCAL_ROLES)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LIANCAI_")}
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        env={**inherited, **environment, "PYTHONPATH": f"{ROOT / 'protos'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_setting_that_cannot_be_ends_the_server_with_one_line(tmp_path: Path) -> None:
    ended = command("serve", LIANCAI_DATA=str(tmp_path), LIANCAI_DATABASE="postgresql://nowhere/none")
    assert ended.returncode == 1
    assert ended.stderr.startswith("liancai-server: set LIANCAI_KEYS")
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "nothing"), "one of training, talent, placement, not nothing"),
        (("token", "--division", "371526", "--role", "auditor", "--subject", "x", "--days", "367"), "1 to 366 days"),
        (("token", "--division", "371526", "--subject", "x"), "--role"),
        (("keys",), "COMMAND"),
    ],
)
def test_a_command_that_cannot_be_is_told(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ended = command(*words, LIANCAI_DATA=str(tmp_path / "none"))
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not (tmp_path / "none").exists()


def test_a_token_is_for_whom_it_names(tmp_path: Path) -> None:
    words = ("token", "--division", "371526", "--subject", "zhang", "--unit", "u", "--role", "auditor")
    made = command(*words, "--role", "hr_officer", LIANCAI_DATA=str(tmp_path))
    caller = host.open_identity(Settings({"LIANCAI_DATA": str(tmp_path)})).caller(made.stdout.strip())
    assert (caller.subject, caller.division, caller.unit) == ("zhang", "371526", "u")
    assert caller.roles == {"auditor", "hr_officer"}


def test_keys_are_made_and_rotated_and_schemas_brought_up(tmp_path: Path) -> None:
    assert command("keys", "new", LIANCAI_DATA=str(tmp_path)).stdout == f"{tmp_path}/keys\n"
    assert command("keys", "rotate", LIANCAI_DATA=str(tmp_path)).stdout == "2 keys\n"
    brought = command("migrate", LIANCAI_DATA=str(tmp_path)).stdout.splitlines()
    assert [line.partition(":")[0] for line in brought] == list(host.SERVICES)
    assert command("reindex", LIANCAI_DATA=str(tmp_path)).stdout == "training: 0 rows\n"


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises((ValueError, Misconfigured)):
        assert Settings({"LIANCAI_LANES": "many"}).lanes


def test_a_new_replica_with_a_folder_that_is_not_there_yet_serves_and_stops_cleanly(
    postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("p")
    settings = Settings(
        {
            "LIANCAI_DATA": str(folder / "not" / "there"),
            "LIANCAI_KEYS": str(folder / "keys"),
            "LIANCAI_DATABASE": new_postgresql_database(postgresql),
            "LIANCAI_REFLECTION": "1",
        }
    )
    Vault.open(settings.keys, create=True)
    migrate_all(settings)
    server = Server(settings, folder)
    try:
        server.ready()
        with grpc.insecure_channel(server.address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            for service in ("", "liancai.training.v1.Orders", "liancai.reference.v1.Reference"):
                answer = check(health_pb2.HealthCheckRequest(service=service), timeout=10)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            listed = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
                iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10
            )
            names = {each.name for each in next(listed).list_services_response.service}
            assert "liancai.training.v1.Enrolments" in names
        with office_at(server.address, settings) as office:
            assert office.contracted().name
        server.terminate()
        assert server.process.wait(timeout=30) == 0
    finally:
        server.close()
    assert "Traceback" not in server.log.read_text()


def test_while_it_drains_a_server_says_that_it_is_not_to_be_asked(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, stop, draining, go = tmp_path_factory.mktemp("d"), threading.Event(), threading.Event(), threading.Event()

    def drained(seconds: float) -> None:
        assert seconds == host.DRAIN
        draining.set()
        assert go.wait(timeout=30)

    monkeypatch.setattr(host.signal, "signal", lambda *_: None)
    monkeypatch.setattr(host.time, "sleep", drained)
    settings = Settings({"LIANCAI_DATA": str(folder), "LIANCAI_LISTEN": f"unix:{folder}/s"})
    serving = threading.Thread(target=host.serve, args=(host.parts(), settings), kwargs={"stop": stop})
    serving.start()
    try:
        with grpc.insecure_channel(settings.listen) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            asked = health_pb2.HealthCheckRequest()
            answer = check(asked, timeout=30, wait_for_ready=True)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            stop.set()
            assert draining.wait(timeout=30)
            assert check(asked, timeout=30).status == health_pb2.HealthCheckResponse.NOT_SERVING
            with office_at(settings.listen, settings) as office:
                assert office.contracted().name  # whoever still asks is still answered
    finally:
        stop.set()
        go.set()
        serving.join(timeout=30)
    assert not serving.is_alive()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is counted by Linux")
def test_a_server_at_rest_has_in_memory_only_what_it_serves_with(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("r")
    # compiled modules are kept, or compiling them again would be what is measured
    settings = Settings({"LIANCAI_DATA": str(folder), "PYTHONDONTWRITEBYTECODE": ""})
    server = Server(settings, folder, ("-m", "services", "serve", "training"))
    try:
        server.ready()  # the first to start makes keys and tables, with libraries that others do without
        first, loaded = memory(server)
        assert loaded == {"tink"}
        server.kill()
        server.start()
        server.ready()
        later, loaded = memory(server)
    finally:
        server.close()
    assert loaded == set()
    assert later < first - 10
    assert later < 75


def memory(server: Server) -> tuple[float, set[str]]:
    """MiB that are the server's own, without the libraries that other processes share; which of some it has loaded."""
    of = Path(f"/proc/{server.process.pid}")
    own = int(of.joinpath("status").read_text().partition("RssAnon:")[2].split()[0])
    maps = of.joinpath("maps").read_text()
    return own / 1024, {name for name in ("tink", "psycopg", "numpy") if f"/{name}" in maps}


def a_part(upkeep: Callable[[Database, Mapping[str, str]], Callable[[datetime], None]] | None) -> Part:
    return replace(host.parts()[0], upkeep=upkeep)


def test_what_services_do_by_themselves_is_done_again_and_again_until_the_host_stops(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(host, "UPKEEP", 0.001)
    rounds: list[datetime] = []
    third = threading.Event()

    def one(now: datetime) -> None:
        rounds.append(now)
        if len(rounds) == 3:
            third.set()
        raise RuntimeError("a name that no log may have")  # the next round comes all the same

    settings = Settings({"A": "b"})
    given: list[object] = []
    database = cast(Database, object())

    def upkeep(held: Database, environment: Mapping[str, str]) -> Callable[[datetime], None]:
        given.extend((held, environment))
        return one

    with host.kept_up([a_part(upkeep), a_part(None)], {"training": database}, settings):
        assert third.wait(timeout=30)
        (keeper,) = (thread for thread in threading.enumerate() if thread.name == "upkeep")
        assert keeper.daemon
    assert not keeper.is_alive()
    assert given == [database, settings.of_parts]
    assert all(now.tzinfo is UTC for now in rounds)
    assert "upkeep error=RuntimeError" in caplog.text
    assert "a name" not in caplog.text


def test_what_is_kept_for_a_time_goes_by_itself(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "UPKEEP", 0.001)
    now = [datetime.now(UTC) - timedelta(days=31)]
    database = open_small(lanes=1, clock=lambda: now[0])
    for number in range(3):
        tell(database, f"things/{number}")
    now[0] += timedelta(days=31)
    for days, rest in (("32", 3), ("30", 1)):
        with host.kept_up([a_part(None)], {"training": database}, Settings({"LIANCAI_EVENTS_KEEP_DAYS": days})):
            if rest < 3:
                until(lambda: len(left(database)) < 3)
        assert len(left(database)) == rest


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "a week", "36501"])
def test_a_time_that_is_none_is_refused(days: str) -> None:
    with pytest.raises(Misconfigured, match="LIANCAI_EVENTS_KEEP_DAYS must be a whole number of days"):
        _ = Settings({"LIANCAI_EVENTS_KEEP_DAYS": days}).events_kept
    assert Settings({"LIANCAI_EVENTS_KEEP_DAYS": "90"}).events_kept == timedelta(days=90)
    assert Settings({}).events_kept is None


@pytest.mark.parametrize("setting", ["0", "false", "no"])
def test_upkeep_may_be_left_to_other_replicas(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "UPKEEP", 0.001)
    part = a_part(lambda *_: lambda _: None)
    with host.kept_up([part], {"training": cast(Database, object())}, Settings({"LIANCAI_UPKEEP": setting})):
        assert "upkeep" not in {thread.name for thread in threading.enumerate()}
    with host.kept_up([part], {"training": cast(Database, object())}, Settings({})):
        assert "upkeep" in {thread.name for thread in threading.enumerate()}
