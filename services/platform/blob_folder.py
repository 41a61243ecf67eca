"""A folder of files: what is being noted and a sweep wait for one another by a lock on it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from services.platform.blobs import NAME, Noted, reachable
from services.platform.errors import Unavailable
from services.platform.ids import new_id

_DRAFTS, _LOCK = "drafts", "lock"


class Folder:
    """A store on a file system that has `flock` and whole renames. What it cannot make at first is an OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / _DRAFTS).mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _LOCK).touch(mode=0o600)

    def path(self, name: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / name[:2] / name

    def check(self) -> None:
        """Writes a draft and drops it."""
        try:
            with self.draft():
                pass
        except Unavailable:
            raise ValueError(
                f"LIANCAI_DOCUMENTS: nothing can be written to {self._folder}: give it to the server's user, or "
                f"name another folder (无法写入材料目录,请授予服务端用户写权限或另设目录)"
            ) from None

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """A file beside those that are kept, so that a rename does it."""
        path = self._folder / _DRAFTS / new_id()
        with ExitStack() as stack:
            with reachable():
                file = stack.enter_context(open(path, "xb", opener=_private))
            try:
                yield file
            finally:
                with reachable():
                    path.unlink(missing_ok=True)

    def keep(self, draft: BinaryIO, name: str) -> None:
        """Flushes it to disk and renames it."""
        target = self.path(name)
        with reachable():
            os.fsync(draft.fileno())
            target.parent.mkdir(mode=0o700, exist_ok=True)
            Path(draft.name).replace(target)
            _sync(target.parent)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The file itself."""
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self.path(name).open("rb"))
            except FileNotFoundError:
                raise
            except OSError:
                raise Unavailable from None
            yield file

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Together with others who keep, and never with a sweep."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def sweep(self, age: timedelta, noted: Noted) -> int:
        """Drafts as well as files."""
        limit = time.time() - age.total_seconds()
        old = [path for path in self._folder.glob("*/*") if _older(path, limit)]
        if not old:
            return 0
        with self._locked(fcntl.LOCK_EX):
            # whoever kept one of them meanwhile has noted it, and has made it young
            known = set(noted([path.name for path in old if NAME.fullmatch(path.name)]))
            gone = [path for path in old if path.name not in known and _older(path, limit)]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with reachable():
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


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
