"""As much of HPACK (RFC 7541) as the load generator needs: to write its headers, and to find grpc-status in a reply."""

from __future__ import annotations

from collections.abc import Sequence

STATIC = 61  # entries of the static table; what comes after is dynamic
TABLE = 4096  # bytes of the dynamic table, the default of both directions
OVERHEAD = 32  # bytes an entry counts for beside its name and its value


def request_headers(fields: Sequence[tuple[str, str]]) -> tuple[bytes, bytes]:
    """The header block of the first request, which teaches the peer the fields, and the block of every later one."""
    if sum(len(name) + len(value) + OVERHEAD for name, value in fields) > TABLE:
        raise ValueError("these headers do not fit into the dynamic table")
    taught = b"".join(b"\x40" + _string(name) + _string(value) for name, value in fields)
    newest = STATIC + len(fields)
    known = b"".join(_integer(newest - place, 7, 0x80) for place in range(len(fields)))
    return taught, known


def _string(text: str) -> bytes:
    raw = text.encode("ascii")
    return _integer(len(raw), 7, 0) + raw


def _integer(value: int, prefix: int, pattern: int) -> bytes:
    most = (1 << prefix) - 1
    if value < most:
        return bytes((pattern | value,))
    found, value = [pattern | most], value - most
    while value >= 128:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))


class Statuses:
    """Finds grpc-status in the header blocks of one connection, which must all be given, in order."""

    def __init__(self) -> None:
        self._dynamic: list[tuple[bytes, bytes]] = []  # newest first
        self._size = 0
        self._seen: dict[bytes, bytes | None] = {}

    def read(self, block: bytes) -> bytes | None:
        """The value of grpc-status in this block, None if it holds none."""
        if block not in self._seen:
            before = len(self._dynamic)
            status = self._decode(block)
            if len(self._dynamic) != before:
                self._seen.clear()  # every dynamic index has moved
                return status
            self._seen[block] = status
        return self._seen[block]

    def _decode(self, block: bytes) -> bytes | None:
        status, at = None, 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = _read_integer(block, at, 7)
                name, value = self._entry(index)
            elif first & 0xE0 == 0x20:
                size, at = _read_integer(block, at, 5)
                if size != TABLE:
                    raise ValueError("the peer resized the dynamic table")
                continue
            else:
                keep = bool(first & 0x40)
                index, at = _read_integer(block, at, 6 if keep else 4)
                name, at = _read_string(block, at) if index == 0 else (self._entry(index)[0], at)
                value, at = _read_string(block, at)
                if keep:
                    self._learn(name, value)
            if name == b"grpc-status":
                status = value
        return status

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        """A name and a value. None of the static table matters here: its entries are merely as long as its longest."""
        return (b"s" * 27, b"") if index <= STATIC else self._dynamic[index - STATIC - 1]

    def _learn(self, name: bytes, value: bytes) -> None:
        self._dynamic.insert(0, (name, value))
        self._size += len(name) + len(value) + OVERHEAD
        if self._size > TABLE:
            raise ValueError("the peer's dynamic table is full; evictions are not followed here")


def _read_integer(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    most = (1 << prefix) - 1
    value, at = block[at] & most, at + 1
    if value < most:
        return value, at
    shift = 0
    while True:
        byte, at = block[at], at + 1
        value += (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def _read_string(block: bytes, at: int) -> tuple[bytes, int]:
    huffman = bool(block[at] & 0x80)
    size, at = _read_integer(block, at, 7)
    raw = block[at : at + size]
    # a Huffman string is kept as it is: gRPC's servers do not use it for what is looked for here
    return (b"\0" + raw if huffman else raw), at + size
