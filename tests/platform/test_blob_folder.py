"""What a folder of files has of its own: who may read it, drafts that are left, and a lock."""

from __future__ import annotations

import stat
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from services.platform.blob_folder import Folder
from services.platform.blobs import Blobs
from services.platform.errors import Unavailable
from services.platform.vault import Vault
from tests.platform.test_blobs import CONTENT, HOUR, SHA256, keep, nobody
from tests.stores import FolderShelf


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    return FolderShelf(tmp_path / "documents")


@pytest.fixture
def blobs(shelf: FolderShelf, vault: Vault) -> Blobs:
    return Blobs(shelf.store(), vault)


def test_only_its_owner_reads_it(blobs: Blobs, shelf: FolderShelf) -> None:
    keep(blobs)
    for path in shelf.folder.glob("??/*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_said_so(blobs: Blobs, shelf: FolderShelf) -> None:
    blobs.store.check()
    (shelf.folder / "drafts").rmdir()
    with pytest.raises(Unavailable), blobs.draft():
        pass
    with pytest.raises(ValueError, match=r"^LIANCAI_DOCUMENTS: nothing can be written to .*documents: give it to"):
        blobs.store.check()


def test_drafts_that_a_killed_server_left_are_swept(blobs: Blobs, shelf: FolderShelf) -> None:
    (shelf.folder / "drafts" / "left").write_bytes(b"half")
    assert blobs.store.sweep(HOUR, nobody) == 0
    assert blobs.store.sweep(-HOUR, nobody) == 1
    assert shelf.drafts() == 0


def test_what_is_being_noted_is_not_swept(blobs: Blobs) -> None:
    """An old orphan is kept anew and noted while a sweep waits: the sweep must see that."""
    keep(blobs)
    notes: set[str] = set()
    swept: list[int] = []
    asked = threading.Event()

    def noted(names: Collection[str]) -> Collection[str]:
        asked.set()
        return notes.intersection(names)

    sweep = threading.Thread(target=lambda: swept.append(blobs.store.sweep(-HOUR, noted)))
    with blobs.store.keeping():
        keep(blobs)
        sweep.start()
        assert not asked.wait(0.2), "the sweep did not wait for what is being noted"
        notes.add(blobs.name(SHA256))
    sweep.join(timeout=10)
    assert swept == [0]
    assert blobs.verify(SHA256) == len(CONTENT)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Folder(tmp_path / "file" / "documents")
