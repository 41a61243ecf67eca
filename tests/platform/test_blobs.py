"""The store of files: sealed, verified, deduplicated; what nobody has noted is swept, what somebody notes is not."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.platform.blobs import CHUNK, BlobDamaged, Blobs
from services.platform.errors import Unavailable
from services.platform.vault import Vault, rotate

CONTENT = b"%PDF-1.7 " + "公民身份号码".encode() * 1000
SHA256 = hashlib.sha256(CONTENT).digest()
LATER = datetime.now(UTC) + timedelta(hours=2)


@pytest.fixture
def blobs(tmp_path: Path, vault: Vault) -> Blobs:
    return Blobs(tmp_path / "documents", vault)


def keep(blobs: Blobs, content: bytes = CONTENT) -> bytes:
    with blobs.draft() as draft:
        draft.write(content)
        draft.keep()
        return draft.sha256


def files(blobs: Blobs) -> list[Path]:
    return sorted(path for path in blobs._folder.glob("*/*") if path.is_file())


def test_what_was_kept_is_read_again_in_pieces(blobs: Blobs) -> None:
    content = os.urandom(5 * CHUNK + 17)
    sha256 = keep(blobs, content)
    assert sha256 == hashlib.sha256(content).digest()
    pieces = list(blobs.read(sha256))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= CHUNK
    assert blobs.verify(sha256) == len(content)


def test_the_folder_shows_neither_what_is_in_it_nor_what_it_is_called(blobs: Blobs) -> None:
    keep(blobs)
    (path,) = files(blobs)
    assert SHA256.hex() not in str(path)
    assert "公民".encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_equal_contents_are_one_file(blobs: Blobs) -> None:
    assert keep(blobs) == keep(blobs) == SHA256
    assert len(files(blobs)) == 1


def test_a_draft_that_is_not_kept_is_gone(blobs: Blobs) -> None:
    with blobs.draft() as draft:
        draft.write(CONTENT)
    assert files(blobs) == []
    with pytest.raises(BlobDamaged):
        blobs.verify(SHA256)


@pytest.mark.parametrize("place", [0, 1, 50, 200, 3_000_000, -1])
def test_a_changed_byte_anywhere_is_noticed_before_the_first_piece(blobs: Blobs, place: int) -> None:
    content = os.urandom(4_000_000)
    sha256 = keep(blobs, content)
    path = blobs.path(sha256)
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


@pytest.mark.parametrize("length", [0, 1, 10, 200, 2_000_000, -1])
def test_a_file_that_was_cut_is_noticed(blobs: Blobs, length: int) -> None:
    sha256 = keep(blobs, os.urandom(4_000_000))
    path = blobs.path(sha256)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


def test_another_file_in_its_place_is_noticed(blobs: Blobs) -> None:
    sha256, other = keep(blobs), keep(blobs, b"another")
    blobs.path(sha256).write_bytes(blobs.path(other).read_bytes())
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


def test_an_older_key_still_opens_it(tmp_path: Path) -> None:
    first = Blobs(tmp_path / "documents", Vault.open(tmp_path / "keys", create=True))
    keep(first)
    rotate(tmp_path / "keys")
    second = Blobs(tmp_path / "documents", Vault.open(tmp_path / "keys", create=False))
    assert b"".join(second.read(SHA256)) == CONTENT
    other = Blobs(tmp_path / "documents", Vault.open(tmp_path / "others", create=True))
    with pytest.raises(BlobDamaged):
        other.verify(SHA256)


def test_a_folder_that_cannot_be_written_is_said_so(blobs: Blobs) -> None:
    (blobs._folder / "drafts").rmdir()
    with pytest.raises(Unavailable), blobs.draft():
        pass


def test_what_nobody_noted_is_swept_once_it_is_old(blobs: Blobs) -> None:
    noted, orphan = keep(blobs), keep(blobs, b"orphan")
    (blobs._folder / "drafts" / "left").write_bytes(b"half")
    mine = {blobs.name(noted)}
    assert blobs.sweep(datetime.now(UTC) - timedelta(hours=1), mine.intersection) == 0
    assert blobs.sweep(LATER, mine.intersection) == 2
    assert files(blobs) == [blobs.path(noted)]
    with pytest.raises(BlobDamaged):
        blobs.verify(orphan)
    assert blobs.verify(noted) == len(CONTENT)
    assert blobs.sweep(LATER, mine.intersection) == 0


def test_what_is_being_noted_is_not_swept(blobs: Blobs) -> None:
    """An old orphan is kept anew and noted while a sweep waits: the sweep must see that."""
    keep(blobs)
    notes: set[str] = set()
    swept: list[int] = []
    asked = threading.Event()

    def noted(names: Collection[str]) -> Collection[str]:
        asked.set()
        return notes.intersection(names)

    sweep = threading.Thread(target=lambda: swept.append(blobs.sweep(LATER, noted)))
    with blobs.keeping():
        keep(blobs)
        sweep.start()
        assert not asked.wait(0.2), "the sweep did not wait for what is being noted"
        notes.add(blobs.name(SHA256))
    sweep.join(timeout=10)
    assert swept == [0]
    assert blobs.verify(SHA256) == len(CONTENT)
