"""A server of the replay's own: a real process with a fresh data folder, ended when the replay is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from examples.replay.oulad import FOLDER
from services import host
from services.platform.identity import Caller, issue

PARAMETERS = FOLDER / "parameters.yaml"
BUREAU = tuple(Caller(who, "371526-hrss", "371526", frozenset({"hr_officer"})) for who in ("replay", "replay-2"))
START = 60.0  # seconds a server may take to answer


@contextmanager
def running() -> Iterator[tuple[grpc.Channel, list[str]]]:
    """A channel to a new server, and the tokens of two HR officers, who may enter what happened years ago."""
    with tempfile.TemporaryDirectory(prefix="liancai-") as folder:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("LIANCAI_")},
            "LIANCAI_DATA": f"{folder}/data",
            "LIANCAI_LISTEN": f"unix:{folder}/socket",
            "LIANCAI_TRAINING_PARAMETERS": str(PARAMETERS),
        }
        command = [sys.executable, "-m", "services", "serve"]
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)  # noqa: S603
        try:
            with grpc.insecure_channel(environment["LIANCAI_LISTEN"]) as channel:
                _wait_until_serving(channel, process, log)
                key = host.local_key(host.Settings(environment))
                yield channel, [issue(key, officer, valid_for=timedelta(hours=4)) for officer in BUREAU]
        finally:
            process.terminate()
            process.wait(60)


def _wait_until_serving(channel: grpc.Channel, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the health service says SERVING. RuntimeError with the server's own words if it never does."""
    health: Any = health_pb2_grpc.HealthStub(channel)
    until = time.monotonic() + START
    while process.poll() is None and time.monotonic() < until:
        try:
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=2, wait_for_ready=True)
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
        except grpc.RpcError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
