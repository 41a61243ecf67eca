"""Receivers of events: an HTTP server and a NATS server, both real, both on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Post:
    """One request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Receiver:
    """Keeps what comes; `answer(post)` gives the status."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.taken: list[Post] = []  # those answered with 2xx
        self.answer: Callable[[Post], int] = lambda _: 204
        self.came = threading.Condition()
        self.url = ""

    def handle(self, post: Post) -> int:
        with self.came:
            self.posts.append(post)
            self.came.notify_all()
        status = self.answer(post)
        with self.came:
            if 200 <= status < 300:
                self.taken.append(post)
            self.came.notify_all()
        return status

    def until(self, enough: Callable[[], bool], seconds: float = 60) -> None:
        with self.came:
            assert self.came.wait_for(enough, seconds), self.sequences

    @property
    def sequences(self) -> list[int]:
        """Of what was taken, as it was taken."""
        return [int(post.event["sequence"]) for post in self.taken]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on a free port."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = made.handle(Post({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/events?of=liancai"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class NatsServer:
    """nats-server with JetStream, which keeps what it was told in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"nats://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Returns once it serves."""
        command = Path(sys.executable).with_name("nats-server")
        self._process = subprocess.Popen(
            [command, "-js", "-a", "127.0.0.1", "-p", str(self._port), "-sd", self._folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "Server is ready" in line:
                break
        else:
            raise AssertionError("nats-server did not start")
        # it must not wait for somebody to read what it says
        threading.Thread(target=self._process.stderr.read, daemon=True).start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        assert self._process.stderr is not None
        self._process.stderr.close()
