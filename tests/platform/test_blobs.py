"""The store of files, in a folder as in a bucket: sealed, verified, deduplicated; what nobody has noted is swept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from services.platform.blobs import CHUNK, BlobDamaged, Blobs
from services.platform.vault import Vault, rotate
from tests.stores import BUCKET, BucketShelf, FolderShelf, S3Server, Shelf

CONTENT = b"%PDF-1.7 " + "公民身份号码".encode() * 1000
SHA256 = hashlib.sha256(CONTENT).digest()
HOUR = timedelta(hours=1)


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return FolderShelf(tmp_path / "documents")
    return BucketShelf(request.getfixturevalue("s3"))


@pytest.fixture
def blobs(shelf: Shelf, vault: Vault) -> Blobs:
    return Blobs(shelf.store(), vault)


def nobody(_: Collection[str]) -> Collection[str]:
    """Has noted any file."""
    return ()


def keep(blobs: Blobs, content: bytes = CONTENT) -> bytes:
    with blobs.draft() as draft:
        draft.write(content)
        draft.keep()
        return draft.sha256


def test_what_was_kept_is_read_again_in_pieces(blobs: Blobs) -> None:
    content = os.urandom(5 * CHUNK + 17)
    sha256 = keep(blobs, content)
    assert sha256 == hashlib.sha256(content).digest()
    pieces = list(blobs.read(sha256))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= CHUNK
    assert blobs.verify(sha256) == len(content)


def test_the_store_shows_neither_what_is_in_it_nor_what_it_is_called(blobs: Blobs, shelf: Shelf) -> None:
    keep(blobs)
    (name,) = shelf.names()
    assert name == blobs.name(SHA256) != SHA256.hex()
    assert "公民".encode() not in shelf.get(name)


def test_equal_contents_are_one_file_that_is_written_anew(blobs: Blobs, shelf: Shelf) -> None:
    assert keep(blobs) == SHA256
    (name,) = shelf.names()
    first = shelf.get(name)
    assert keep(blobs) == SHA256
    assert shelf.names() == {name}
    assert shelf.get(name) != first


def test_a_draft_that_is_not_kept_is_gone(blobs: Blobs, shelf: Shelf) -> None:
    with blobs.draft() as draft:
        draft.write(CONTENT)
        assert shelf.names() == set()
        with pytest.raises(BlobDamaged):
            blobs.verify(SHA256)
    assert (shelf.names(), shelf.drafts()) == (set(), 0)
    with pytest.raises(BlobDamaged):
        blobs.verify(SHA256)


@pytest.mark.parametrize("place", [0, 1, 50, 200, 3_000_000, -1])
def test_a_changed_byte_anywhere_is_noticed_before_the_first_piece(blobs: Blobs, shelf: Shelf, place: int) -> None:
    name = blobs.name(sha256 := keep(blobs, os.urandom(4_000_000)))
    raw = bytearray(shelf.get(name))
    raw[place] ^= 1
    shelf.put(name, bytes(raw))
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


@pytest.mark.parametrize("length", [0, 1, 10, 200, 2_000_000, -1])
def test_a_file_that_was_cut_is_noticed(blobs: Blobs, shelf: Shelf, length: int) -> None:
    name = blobs.name(sha256 := keep(blobs, os.urandom(4_000_000)))
    shelf.put(name, shelf.get(name)[:length])
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


def test_another_file_in_its_place_is_noticed(blobs: Blobs, shelf: Shelf) -> None:
    sha256, other = keep(blobs), keep(blobs, b"another")
    shelf.put(blobs.name(sha256), shelf.get(blobs.name(other)))
    with pytest.raises(BlobDamaged):
        next(blobs.read(sha256))


def test_an_older_key_still_opens_it(shelf: Shelf, tmp_path: Path) -> None:
    first = Blobs(shelf.store(), Vault.open(tmp_path / "keys", create=True))
    keep(first)
    rotate(tmp_path / "keys")
    second = Blobs(shelf.store(), Vault.open(tmp_path / "keys", create=False))
    assert b"".join(second.read(SHA256)) == CONTENT
    other = Blobs(shelf.store(), Vault.open(tmp_path / "others", create=True))
    with pytest.raises(BlobDamaged):
        other.verify(SHA256)


def test_what_nobody_noted_is_swept_once_it_is_old(blobs: Blobs, shelf: Shelf) -> None:
    noted, orphan = keep(blobs), keep(blobs, b"orphan")
    mine = {blobs.name(noted)}
    assert blobs.store.sweep(HOUR, mine.intersection) == 0
    assert blobs.store.sweep(-HOUR, mine.intersection) == 1
    assert shelf.names() == mine
    with pytest.raises(BlobDamaged):
        blobs.verify(orphan)
    assert blobs.verify(noted) == len(CONTENT)
    assert blobs.store.sweep(-HOUR, mine.intersection) == 0
    assert keep(blobs, b"orphan") == orphan  # and may be brought again
    assert blobs.verify(orphan) == len(b"orphan")


def test_a_folder_is_moved_to_a_bucket_and_back_by_copying_its_files(
    tmp_path: Path, s3: S3Server, vault: Vault
) -> None:
    folder, bucket = FolderShelf(tmp_path / "documents"), BucketShelf(s3)
    kept = [keep(Blobs(folder.store(), vault), os.urandom(size)) for size in (1, 3_000_000)]
    client = s3.client()
    for path in folder.folder.rglob("*"):
        if path.is_file():
            key = f"{bucket.prefix}/{path.relative_to(folder.folder)}"
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    moved = Blobs(bucket.store(), vault)
    moved.store.check()
    assert [moved.verify(sha256) for sha256 in kept] == [1, 3_000_000]
    names = {moved.name(sha256) for sha256 in kept}
    assert moved.store.sweep(-HOUR, names.intersection) == 0
    keep(moved, b"another")

    back = FolderShelf(tmp_path / "back")
    for key in bucket.objects():
        path = back.folder / key.removeprefix(f"{bucket.prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(BUCKET, key, str(path))
    again = Blobs(back.store(), vault)
    assert [again.verify(sha256) for sha256 in kept] == [1, 3_000_000]
    assert again.verify(hashlib.sha256(b"another").digest()) == len(b"another")
