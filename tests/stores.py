"""Stores of documents behind the services' backs: a folder, and a bucket of a real server that speaks S3."""

from __future__ import annotations

import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.platform.blob_stores import store_of
from services.platform.blobs import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "liancai"
PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"),
    "s3.port.grpc",
)
# who may what on the server
IDENTITIES = {"admin": ["Admin"], "server": ["Read", "Write", "List"], "reader": ["Read", "List"]}


def free_ports(count: int) -> list[int]:
    with_ports = [socket.socket() for _ in range(count)]
    for each in with_ports:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in with_ports]
    for each in with_ports:
        each.close()
    return ports


class S3Server:
    """SeaweedFS with all that it has in a folder; it calls nobody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        *others, port = free_ports(8)
        self.port = port
        identities = [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": f"secret of {name}"}], "actions": actions}
            for name, actions in IDENTITIES.items()
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (folder / "data").mkdir()
        options: dict[str, object] = dict(zip(PORTS, others, strict=True)) | {
            "dir": folder / "data", "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "volume.max": 8,
            "master.telemetry": "false", "master.electionTimeout": "1s", "filer.localSocket": folder / "filer",
            "s3.port": port, "s3.port.iceberg": 0, "s3.port.lance": 0, "s3.autoCreateBucket": "false",
            "s3.config": folder / "s3.json",
        }  # fmt: skip
        self._command = [
            *(str(Path(sys.executable).with_name("weed")), f"-logdir={folder}", "server", "-filer", "-s3"),
            *(f"-{name}={value}" for name, value in options.items()),
        ]
        self.start()

    def start(self) -> None:
        """Returns once it keeps and gives back, also after its end."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until, client = time.monotonic() + 60, self.client("admin")
        while True:
            try:
                with suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
                    client.create_bucket(Bucket=BUCKET)
                client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
                return
            except (ClientError, BotoCoreError):
                assert time.monotonic() < until, (self._folder / "log").read_text()
                assert self._process.poll() is None, (self._folder / "log").read_text()
                time.sleep(0.05)  # it says nowhere that it is ready

    def stop(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=20)

    def client(self, who: str = "admin") -> S3Client:
        config = Config(
            connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        )
        return boto3.session.Session().client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1", config=config, **self.key(who)
        )

    def key(self, who: str) -> dict[str, str]:
        return {"aws_access_key_id": who, "aws_secret_access_key": f"secret of {who}"}

    def settings(self, *, prefix: str = "", bucket: str = BUCKET, who: str = "server", port: int = 0) -> dict[str, str]:
        """The settings of a service that is to use it."""
        place = f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}"
        return {"LIANCAI_DOCUMENTS": place, **{name.upper(): value for name, value in self.key(who).items()}}


class Shelf(ABC):
    """What is in a store."""

    settings: Mapping[str, str]

    def store(self) -> Store:
        return store_of(self.settings)

    @abstractmethod
    def names(self) -> set[str]:
        """Of files that have content."""

    @abstractmethod
    def get(self, name: str) -> bytes: ...

    @abstractmethod
    def put(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def drafts(self) -> int:
        """Files that are not kept yet."""


class FolderShelf(Shelf):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = {"LIANCAI_DOCUMENTS": str(folder)}

    def names(self) -> set[str]:
        return {path.name for path in self.folder.glob("??/*")}

    def get(self, name: str) -> bytes:
        return (self.folder / name[:2] / name).read_bytes()

    def put(self, name: str, content: bytes) -> None:
        (self.folder / name[:2] / name).write_bytes(content)

    def drafts(self) -> int:
        return len(list(self.folder.glob("drafts/*")))


class BucketShelf(Shelf):
    def __init__(self, server: S3Server) -> None:
        self._client, self.prefix = server.client(), f"documents/{uuid.uuid4().hex}"
        self.settings = server.settings(prefix=self.prefix)

    def names(self) -> set[str]:
        return {key.rpartition("/")[2] for key, size in self.objects().items() if size}

    def objects(self) -> dict[str, int]:
        """Their sizes by key."""
        found = self._client.list_objects_v2(Bucket=BUCKET, Prefix=self.prefix)
        return {each["Key"]: each["Size"] for each in found.get("Contents", ())}

    def get(self, name: str) -> bytes:
        with closing(self._client.get_object(Bucket=BUCKET, Key=f"{self.prefix}/{name[:2]}/{name}")["Body"]) as body:
            return body.read()

    def put(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=f"{self.prefix}/{name[:2]}/{name}", Body=content)

    def drafts(self) -> int:
        """They are on the machine of the service, and have no names there."""
        return 0


class Way:
    """A way to a server: `port` leads there while answers of `left` more bytes may come back, or any while it is None.
    Then connections break off, or fall silent.
    """

    port: int

    def __init__(self, left: int | None) -> None:
        self.left = left
        self.withheld = threading.Event()  # an answer did not come through
        self.ended = threading.Event()

    def through(self, data: bytes) -> bytes:
        """As much of an answer as may come back."""
        if self.left is None:
            return data
        passed, self.left = data[: self.left], max(0, self.left - len(data))
        return passed


@contextmanager
def way_to(port: int, left: int | None, *, silent: bool = False) -> Iterator[Way]:
    """A way to a server on this machine."""
    way = Way(left)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as there:
                threading.Thread(target=ask, args=(self.request, there), daemon=True).start()
                while data := there.recv(65536):
                    passed = way.through(data)
                    self.request.sendall(passed)
                    if passed != data:
                        way.withheld.set()
                        break
                if silent:
                    way.ended.wait()

    def ask(here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        way.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield way
        finally:
            way.ended.set()
            server.shutdown()
            serving.join()
