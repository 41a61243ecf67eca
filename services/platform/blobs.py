"""Files by their content: written once, verified whenever they are read, encrypted at rest.

A file is found by its SHA-256, and lies under a keyed hash of that: whoever sees the store cannot tell whether a file
they know is in it. Equal contents are one file, whoever brought them; they are written anew each time all the same, for
a faster answer would tell that somebody had brought them before. The store, a folder or a bucket, is given sealed bytes
and a name, and knows neither what is in them nor what they are.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import BinaryIO, Protocol

from services.platform.errors import Unavailable
from services.platform.vault import Vault

CHUNK = 256 * 1024  # bytes that are read or sent at a time
NAME = re.compile(r"[0-9a-f]{64}")
_FILES = "blobs"  # what a stream is bound to; its content is checked by its SHA-256

# of some names, those that are noted in the database
Noted = Callable[[Collection[str]], Collection[str]]


class BlobDamaged(Exception):
    """A file is missing, or is not what was stored."""


class Store(Protocol):
    """Where files lie under their names, the same for every replica. Safe for threads and for replicas.

    Whatever cannot be reached is Unavailable.
    """

    def check(self) -> None:
        """Tries it out. ValueError says what is wrong with it, and what to do."""

    def draft(self) -> AbstractContextManager[BinaryIO]:
        """A file of this machine to write to, for the length of a block."""

    def keep(self, draft: BinaryIO, name: str) -> None:
        """Puts what is in a draft under a name, for good: whole or not at all, and instead of what was there."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file of this machine with what lies under a name, to be read in a block. Raises FileNotFoundError."""

    def keeping(self) -> AbstractContextManager[None]:
        """The block in which a file is kept and noted: it is not swept before it is noted."""

    def sweep(self, age: timedelta, noted: Noted) -> int:
        """Removes the content of what was written longer ago than `age` and is not noted. Returns of how many.

        `age` must be an hour or more while others may be keeping files.
        """


class Draft:
    """A file on its way in, there for others once `keep` has returned. Raises Unavailable."""

    def __init__(self, blobs: Blobs, draft: BinaryIO, sealed: BinaryIO) -> None:
        self.size = 0
        self._blobs = blobs
        self._draft = draft
        self._sealed = sealed
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> bytes:
        """Of what was written so far."""
        return self._digest.digest()

    def write(self, data: bytes) -> None:
        """Adds to it."""
        self._digest.update(data)
        self.size += len(data)
        rest = memoryview(data)
        with reachable():
            while rest:
                rest = rest[self._sealed.write(rest) :]

    def keep(self) -> None:
        """Ends it and gives it its name."""
        with reachable():
            self._sealed.close()
        self._blobs.store.keep(self._draft, self._blobs.name(self.sha256))


class Blobs:
    """What is in a store, in clear to whoever has the keys."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self.store = store
        self._vault = vault

    def name(self, sha256: bytes) -> str:
        """What a file is called here: 64 digits that only the keys lead to."""
        return self._vault.index("blob", sha256).hex()

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A new file; unless it is kept in the block, it is gone at its end."""
        with self.store.draft() as draft, _again(draft, "wb") as into:
            with reachable():
                sealed = self._vault.seal_stream(into, _FILES)
            yield Draft(self, draft, sealed)

    def verify(self, sha256: bytes) -> int:
        """Reads a file through and returns its size in bytes. Raises BlobDamaged."""
        with self._opened(sha256) as sealed:
            return sum(map(len, self._pieces(sealed, sha256)))

    def read(self, sha256: bytes) -> Iterator[bytes]:
        """A file in pieces of at most CHUNK bytes, read through once before its first piece. Raises BlobDamaged."""
        with self._opened(sha256) as sealed:
            for _ in self._pieces(sealed, sha256):
                pass
            yield from self._pieces(sealed, sha256)

    @contextmanager
    def _opened(self, sha256: bytes) -> Iterator[BinaryIO]:
        try:
            with self.store.open(self.name(sha256)) as sealed:
                yield sealed
        except FileNotFoundError:
            raise BlobDamaged from None

    def _pieces(self, sealed: BinaryIO, sha256: bytes) -> Iterator[bytes]:
        from tink import TinkError  # not before a file is read: see streams.py

        digest = hashlib.sha256()
        sealed.seek(0)
        try:
            with _again(sealed, "rb") as source:
                file = self._vault.unseal_stream(source, _FILES)
                while piece := file.read(CHUNK):
                    digest.update(piece)
                    yield piece
        except TinkError:
            raise BlobDamaged from None
        if digest.digest() != sha256:
            raise BlobDamaged


@contextmanager
def reachable() -> Iterator[None]:
    """What the machine refuses here is Unavailable."""
    try:
        yield
    except OSError:
        raise Unavailable from None


def _again(file: BinaryIO, mode: str) -> BinaryIO:
    """The same file at the same place, to be closed by whoever takes it: a sealed stream closes what is under it."""
    return os.fdopen(os.dup(file.fileno()), mode)  # type: ignore[return-value]
