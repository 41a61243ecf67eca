"""A closed loop of unary gRPC calls over one hand-made HTTP/2 connection, cheap enough not to be what is measured.

Requests are given serialised. So many are in flight at once; each reply starts the next request. Every reply's
grpc-status is read: a reply that is not OK is counted as what it is.
"""

from __future__ import annotations

import gc
import socket
import struct
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.hpack import Statuses, request_headers

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM = ACK = 1
END_HEADERS, PADDED, PRIORITY = 4, 8, 32
MOST_STREAMS, INITIAL_WINDOW = 3, 4  # settings
WIDEST = 2**31 - 1
HEADER = struct.Struct(">HBBBI")  # of a frame: length in 16 and 8 bits, kind, flags, stream
PATIENCE = 60.0  # seconds without a byte from the server


@dataclass(slots=True)
class Outcome:
    """What came of a load: `statuses` counts replies by grpc-status, `latencies` are seconds in order of completion."""

    seconds: float = 0.0
    cpu: float = 0.0  # seconds this process worked for it
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Replies a second."""
        return len(self.latencies) / self.seconds

    def check(self) -> Outcome:
        """Itself, if every reply was OK; else RuntimeError."""
        if set(self.statuses) - {"0"}:
            raise RuntimeError(f"replies by grpc-status: {dict(self.statuses)}")
        return self


def call(address: tuple[str, int], path: str, token: str, requests: Sequence[bytes], in_flight: int) -> Outcome:
    """Sends every request once, `in_flight` at a time at most, and waits for every reply."""
    gc.collect()
    gc.disable()
    try:
        with socket.create_connection(address, timeout=PATIENCE) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(sock, path, token, f"{address[0]}:{address[1]}")
            return connection.run(requests, in_flight)
    finally:
        gc.enable()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return HEADER.pack(len(payload) >> 8, len(payload) & 255, kind, flags, stream) + payload


class _Connection:
    def __init__(self, sock: socket.socket, path: str, token: str, authority: str) -> None:
        self._sock = sock
        self._taught, self._known = request_headers(
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", path),
                (":authority", authority),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", "liancai-bench"),
                ("accept-language", "zh-CN"),
                ("authorization", f"Bearer {token}"),
            ]
        )
        self._statuses = Statuses()
        self._buffer = b""
        self._out: list[bytes] = []
        self._window = 65_535  # bytes of DATA the server takes before it says more
        self._most_streams = 100
        self._stream = 1
        self._begun: dict[int, float] = {}  # streams in flight
        self._outcome = Outcome()
        # nothing is ever held back by us: the whole connection may bring 2 GiB
        settings = struct.pack(">HIHI", 2, 0, INITIAL_WINDOW, WIDEST)
        widen = struct.pack(">I", WIDEST - 65_535)
        sock.sendall(PREFACE + _frame(SETTINGS, 0, 0, settings) + _frame(WINDOW, 0, 0, widen))
        self._settled = False
        while not self._settled:
            self._receive()
        self._flush()

    def run(self, requests: Sequence[bytes], in_flight: int) -> Outcome:
        """The whole load."""
        at_once = min(in_flight, self._most_streams)
        cpu, begun = time.process_time(), time.perf_counter()
        sent = 0
        while True:
            while sent < len(requests) and len(self._begun) < at_once and self._window >= len(requests[sent]) + 5:
                self._start(requests[sent])
                sent += 1
            self._flush()
            if not self._begun and sent == len(requests):
                break
            self._receive()
        self._outcome.seconds = time.perf_counter() - begun
        self._outcome.cpu = time.process_time() - cpu
        return self._outcome

    def _start(self, message: bytes) -> None:
        stream, size = self._stream, len(message) + 5
        block = self._taught if stream == 1 else self._known
        self._out += (
            HEADER.pack(len(block) >> 8, len(block) & 255, HEADERS, END_HEADERS, stream),
            block,
            HEADER.pack(size >> 8, size & 255, DATA, END_STREAM, stream),
            struct.pack(">BI", 0, len(message)),
            message,
        )
        self._window -= size
        self._stream += 2
        self._begun[stream] = time.perf_counter()

    def _flush(self) -> None:
        if self._out:
            self._sock.sendall(b"".join(self._out))
            self._out.clear()

    def _receive(self) -> None:
        """Takes what has come and every whole frame of it."""
        chunk = self._sock.recv(1 << 18)
        if not chunk:
            raise ConnectionError(f"the server hung up with {len(self._begun)} calls in flight")
        data = self._buffer + chunk if self._buffer else chunk
        at, end = 0, len(data)
        while end - at >= 9:
            high, low, kind, flags, stream = HEADER.unpack_from(data, at)
            after = at + 9 + (high << 8 | low)
            if after > end:
                break
            if kind == HEADERS:
                self._headers(flags, stream, data[at + 9 : after])
            elif kind != DATA:
                self._control(kind, flags, stream, data[at + 9 : after])
            at = after
        self._buffer = data[at:]

    def _headers(self, flags: int, stream: int, block: bytes) -> None:
        if flags & (PADDED | PRIORITY) or not flags & END_HEADERS:
            raise ConnectionError("a shape of HEADERS that is not read here")
        status = self._statuses.read(block)
        if flags & END_STREAM:
            self._finish(stream, "no status" if status is None else status.decode("ascii", "replace"))

    def _finish(self, stream: int, status: str) -> None:
        self._outcome.latencies.append(time.perf_counter() - self._begun.pop(stream))
        self._outcome.statuses[status] += 1

    def _control(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for key, value in struct.iter_unpack(">HI", payload):
                if key == MOST_STREAMS:
                    self._most_streams = value
            self._settled = True
            self._out.append(_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self._out.append(_frame(PING, ACK, 0, payload))
        elif kind == WINDOW and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind == RESET and stream in self._begun:
            self._finish(stream, f"reset {int.from_bytes(payload, 'big')}")
        elif kind in (GOAWAY, CONTINUATION):
            raise ConnectionError(f"the server sent frame {kind}: {payload[8:].decode('ascii', 'replace')}")
