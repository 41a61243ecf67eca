"""Files by their content: written once, verified whenever they are read, encrypted at rest.

A file is found by its SHA-256, and lies under a keyed hash of that: whoever sees the folder cannot tell whether a file
they know is in it. Equal contents are one file, whoever brought them; they are written anew each time all the same, for
a faster answer would tell that somebody had brought them before. Every replica needs the same folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

from services.platform.errors import Unavailable
from services.platform.ids import new_id
from services.platform.vault import Vault

CHUNK = 256 * 1024  # bytes that are read or sent at a time
_NAME = re.compile(r"[0-9a-f]{64}")
_DRAFTS, _LOCK = "drafts", "lock"
_FILES = "blobs"  # what a stream is bound to; its content is checked by its SHA-256


class BlobDamaged(Exception):
    """A file is missing, or is not what was stored."""


class Draft:
    """A file on its way in. It is there for others once `keep` has returned; leaving the block without it, it is gone.

    Raises Unavailable when the folder cannot be written.
    """

    def __init__(self, store: Blobs, path: Path) -> None:
        self.size = 0
        self._store = store
        self._path = path
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> bytes:
        """Of what was written so far."""
        return self._digest.digest()

    def __enter__(self) -> Draft:
        with _reachable():
            self._raw = open(self._path, "xb", opener=_private)
            self._file = self._store.vault.seal_stream(self._raw, _FILES)
        return self

    def write(self, data: bytes) -> None:
        """Adds to it."""
        self._digest.update(data)
        self.size += len(data)
        rest = memoryview(data)
        with _reachable():
            while rest:
                rest = rest[self._file.write(rest) :]

    def keep(self) -> None:
        """Flushes it to disk and gives it its name."""
        with _reachable():
            self._file.close()
            _sync(self._path)
            target = self._store.path(self.sha256)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            self._path.replace(target)
            _sync(target.parent)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """A folder of files. Safe for threads and for replicas."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.vault = vault
        self._folder = folder
        (folder / _DRAFTS).mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _LOCK).touch(mode=0o600)

    def name(self, sha256: bytes) -> str:
        """What a file is called here: 64 digits that only the keys lead to."""
        return self.vault.index("blob", sha256).hex()

    def path(self, sha256: bytes) -> Path:
        """Where a file is, or would be."""
        name = self.name(sha256)
        return self._folder / name[:2] / name

    def draft(self) -> Draft:
        """A new file, to be used in a `with` block."""
        return Draft(self, self._folder / _DRAFTS / new_id())

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While a file is kept and noted: nothing that nobody has noted yet is swept meanwhile."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def verify(self, sha256: bytes) -> int:
        """Reads a file through and returns its size in bytes. Raises BlobDamaged."""
        return sum(map(len, self._read(sha256)))

    def read(self, sha256: bytes) -> Iterator[bytes]:
        """A file in pieces of at most CHUNK bytes, read through once before its first piece. Raises BlobDamaged."""
        self.verify(sha256)
        yield from self._read(sha256)

    def _read(self, sha256: bytes) -> Iterator[bytes]:
        from tink import TinkError  # not before a file is read: see streams.py

        digest = hashlib.sha256()
        try:
            with self.path(sha256).open("rb") as raw:
                file = self.vault.unseal_stream(raw, _FILES)
                while piece := file.read(CHUNK):
                    digest.update(piece)
                    yield piece
        except (FileNotFoundError, TinkError):
            raise BlobDamaged from None
        if digest.digest() != sha256:
            raise BlobDamaged

    def sweep(self, before: datetime, noted: Callable[[Collection[str]], Collection[str]]) -> int:
        """Removes what was written before an instant and is not noted: drafts, and files whose name is none of those
        that `noted` gives back of the names it is given. Returns how many.
        """
        limit = before.timestamp()
        old = [path for path in self._folder.glob("*/*") if _older(path, limit)]
        if not old:
            return 0
        with self._locked(fcntl.LOCK_EX):
            # whoever kept one of them meanwhile has noted it, and has made it young
            known = set(noted([path.name for path in old if _NAME.fullmatch(path.name)]))
            gone = [path for path in old if path.name not in known and _older(path, limit)]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with _reachable():
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise Unavailable from None


def _older(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
