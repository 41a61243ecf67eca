"""What a bucket has of its own: no lock, a network, a key with few rights, and settings that may be wrong."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.platform import blob_bucket, bucket_address
from services.platform.blob_bucket import Bucket
from services.platform.blob_stores import store_of
from services.platform.blobs import BlobDamaged, Blobs
from services.platform.errors import Unavailable
from services.platform.vault import Vault
from tests.platform.test_blobs import CONTENT, HOUR, SHA256, keep, nobody
from tests.platform.test_host import command
from tests.races.servers import ROOT
from tests.stores import BucketShelf, S3Server, way_to

LARGE = os.urandom(3_000_000)


@pytest.fixture
def shelf(s3: S3Server) -> BucketShelf:
    return BucketShelf(s3)


@pytest.fixture
def blobs(shelf: BucketShelf, vault: Vault) -> Blobs:
    return Blobs(shelf.store(), vault)


def bucket_of(blobs: Blobs) -> Bucket:
    assert isinstance(blobs.store, Bucket)
    return blobs.store


# ---- sweeping without a lock -----------------------------------------------------------------------


def test_what_another_replica_keeps_and_notes_while_a_sweep_decides_is_not_swept(
    blobs: Blobs, shelf: BucketShelf
) -> None:
    keep(blobs)

    def noted(names: Collection[str]) -> Collection[str]:
        """The database as it was before the other replica, which keeps the file anew and notes it."""
        assert list(names) == [blobs.name(SHA256)]
        keep(blobs)
        return ()

    assert blobs.store.sweep(-HOUR, noted) == 0
    assert blobs.verify(SHA256) == len(CONTENT)


def test_without_the_condition_it_would_be(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test before this one."""
    keep(blobs)

    def regardless(bucket: Bucket, name: str, _: str) -> bool:
        bucket._client.put_object(Bucket=bucket._address.bucket, Key=bucket.key(name), Body=b"")
        return True

    monkeypatch.setattr(Bucket, "_emptied", regardless)

    def noted(names: Collection[str]) -> Collection[str]:
        keep(blobs)
        return ()

    assert blobs.store.sweep(-HOUR, noted) == 1
    with pytest.raises(BlobDamaged):
        blobs.verify(SHA256)


def test_of_a_file_kept_and_swept_at_the_same_time_whichever_was_last_stays(blobs: Blobs, shelf: BucketShelf) -> None:
    """Of an object that is seen once, a sweep and a replica that keeps it anew: it is never empty in the end."""
    bucket, name = bucket_of(blobs), blobs.name(SHA256)
    gate = threading.Barrier(4)

    def again() -> None:
        gate.wait()
        keep(blobs)

    def empty(tag: str) -> bool:
        gate.wait()
        return bucket._emptied(name, tag)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            keep(blobs)
            tag = bucket._client.head_object(Bucket=bucket._address.bucket, Key=bucket.key(name))["ETag"]
            kept = pool.submit(again)
            emptied = [pool.submit(empty, tag) for _ in range(3)]
            kept.result()
            assert sum(each.result() for each in emptied) <= 1
            assert blobs.verify(SHA256) == len(CONTENT)


def test_what_took_too_long_to_be_noted_is_to_be_sent_again(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter([blob_bucket._now(), blob_bucket._now() + timedelta(minutes=31)])
    with blobs.store.keeping():
        pass
    monkeypatch.setattr(blob_bucket, "_now", lambda: next(instants))
    with pytest.raises(Unavailable), blobs.store.keeping():
        pass


def test_a_sweep_goes_through_every_page(blobs: Blobs, shelf: BucketShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [keep(blobs, bytes([place])) for place in range(7)]
    mine = {blobs.name(sha256) for sha256 in kept[:3]}
    told: list[int] = []

    def noted(names: Collection[str]) -> Collection[str]:
        told.append(len(names))
        return mine.intersection(names)

    def small(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 3

    events = bucket_of(blobs)._client.meta.events
    events.register("provide-client-params.s3.ListObjectsV2", small, unique_id="small")
    try:
        assert blobs.store.sweep(-HOUR, noted) == 4
    finally:
        events.unregister("provide-client-params.s3.ListObjectsV2", unique_id="small")
    assert len(told) > 2
    assert shelf.names() == mine


def test_what_is_not_a_file_of_ours_is_left_alone(blobs: Blobs, shelf: BucketShelf) -> None:
    keep(blobs)
    theirs = ("notes", SHA256.hex()[:-1], "X" + SHA256.hex()[1:])
    for name in theirs:
        shelf.put(name, b"of somebody else")
    assert blobs.store.sweep(-HOUR, nobody) == 1
    assert shelf.names() == set(theirs)


def test_a_store_that_ignores_conditions_is_warned_of_and_never_swept(
    blobs: Blobs, shelf: BucketShelf, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = bucket_of(blobs)
    blobs.store.check()
    assert caplog.text == ""

    def forget(request: Any, **_: Any) -> None:
        del request.headers["If-Match"]

    bucket._client.meta.events.register("before-sign.s3.PutObject", forget, unique_id="forget")
    try:
        with caplog.at_level(logging.WARNING):
            blobs.store.check()
        assert "does not know If-Match" in caplog.text
        keep(blobs)
        assert blobs.store.sweep(-HOUR, nobody) == 0
    finally:
        bucket._client.meta.events.unregister("before-sign.s3.PutObject", unique_id="forget")
    assert blobs.verify(SHA256) == len(CONTENT)
    assert blobs.store.sweep(-HOUR, nobody) == 1


# ---- what it asks of the store ---------------------------------------------------------------------


def test_it_asks_for_no_more_rights_than_the_documentation_says(blobs: Blobs) -> None:
    asked: set[str] = set()
    events = bucket_of(blobs)._client.meta.events
    events.register("before-call.s3", lambda model, **_: asked.add(model.name), unique_id="asked")
    try:
        blobs.store.check()
        keep(blobs)
        keep(blobs, b"orphan")
        blobs.verify(SHA256)
        assert blobs.store.sweep(-HOUR, {blobs.name(SHA256)}.intersection) == 1
    finally:
        events.unregister("before-call.s3", unique_id="asked")
    assert asked == {"PutObject", "GetObject", "ListObjectsV2"}


# ---- a network -------------------------------------------------------------------------------------


def test_a_store_that_is_gone_is_unavailable_and_later_has_everything(tmp_path: Path, vault: Vault) -> None:
    server = S3Server(tmp_path)
    try:
        blobs = Blobs(BucketShelf(server).store(), vault)
        keep(blobs)
        with blobs.draft() as draft:
            draft.write(b"on its way")
            server.stop()
            with pytest.raises(Unavailable):
                draft.keep()
        with pytest.raises(Unavailable):
            blobs.verify(SHA256)
        with pytest.raises(Unavailable):
            blobs.store.sweep(HOUR, nobody)
        server.start()
        assert blobs.verify(SHA256) == len(CONTENT)
        assert keep(blobs, b"on its way")
    finally:
        server.stop()


@pytest.mark.parametrize("silent", [False, True], ids=["closes", "is silent"])
def test_an_answer_that_breaks_off_is_unavailable_and_not_damaged(
    blobs: Blobs, shelf: BucketShelf, s3: S3Server, vault: Vault, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_bucket, "READ", 0.5)
    sha256 = keep(blobs, LARGE)
    for enough, through in ((False, 2_000_000), (True, 4_000_000)):
        with way_to(s3.port, through, silent=silent) as way:
            far = Blobs(store_of(s3.settings(prefix=shelf.prefix, port=way.port)), vault)
            if enough:
                assert far.verify(sha256) == len(LARGE)
            else:
                with pytest.raises(Unavailable):
                    far.verify(sha256)


def test_the_log_says_what_the_store_said_and_nothing_else(
    blobs: Blobs, s3: S3Server, shelf: BucketShelf, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Blobs(store_of(s3.settings(prefix=shelf.prefix, who="reader")), vault)
    with pytest.raises(Unavailable):
        keep(reader)
    assert [record.getMessage() for record in caplog.records] == ["the store of documents: AccessDenied"]


# ---- settings --------------------------------------------------------------------------------------


def wrong(settings: Mapping[str, str]) -> str:
    with pytest.raises(ValueError, match=r"LIANCAI_DOCUMENTS") as refused:
        store_of(settings).check()
    return str(refused.value)


KEY = {"AWS_ACCESS_KEY_ID": "server", "AWS_SECRET_ACCESS_KEY": "secret of server"}


@pytest.mark.parametrize(
    "place",
    [
        "http://host/bucket",
        "s3://",
        "s3:///prefix",
        "s3://B/prefix",
        "s3://name:secret@bucket/prefix",
        "s3://bucket/a b",
        "s3://bucket/prefix#part",
        "s3://bucket/prefix?endpoint",
        "s3://bucket/prefix?endpoint=",
        "s3://bucket/prefix?endpoint=host:9000",
        "s3://bucket/prefix?endpoint=ftp://host",
        "s3://bucket/prefix?adressing=path",
        "s3://bucket/prefix?addressing=other",
    ],
)
def test_an_address_that_is_none_is_told_how_one_looks(place: str) -> None:
    said = wrong({"LIANCAI_DOCUMENTS": place, **KEY})
    assert said.startswith("LIANCAI_DOCUMENTS must be a folder or s3://BUCKET/PREFIX?endpoint=")
    assert "secret" not in said


@pytest.mark.parametrize("missing", KEY)
def test_half_a_key_is_refused(missing: str, s3: S3Server) -> None:
    settings = {name: value for name, value in s3.settings().items() if name != missing}
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in wrong(settings)


def test_files_do_not_cross_a_network_in_clear() -> None:
    far = {"LIANCAI_DOCUMENTS": "s3://bucket/?endpoint=http://store.example", **KEY}
    with pytest.raises(ValueError, match=r"documents must not cross a network in clear: use https for store\.example"):
        store_of(far)
    assert store_of({**far, "LIANCAI_CLEARTEXT": "1"})
    assert store_of({**far, "LIANCAI_DOCUMENTS": "s3://bucket/?endpoint=https://store.example"})


def test_what_the_store_answers_is_told_with_what_to_do(s3: S3Server) -> None:
    right = s3.settings(prefix="start")
    store_of(right).check()
    assert "there is no bucket nowhere: make it" in wrong(s3.settings(bucket="nowhere"))
    assert "does not take the key in AWS_ACCESS_KEY_ID" in wrong({**right, "AWS_ACCESS_KEY_ID": "nobody"})
    assert "does not take the key in AWS_ACCESS_KEY_ID" in wrong({**right, "AWS_SECRET_ACCESS_KEY": "another"})
    rights = wrong(s3.settings(prefix="start", who="reader"))
    assert "give it s3:GetObject and s3:PutObject on liancai/start/*, s3:ListBucket on liancai" in rights
    with way_to(s3.port, 0) as way:
        said = wrong(s3.settings(port=way.port))
    assert f"http://127.0.0.1:{way.port} does not answer as a store should (" in said


def test_a_server_with_a_bucket_that_is_none_ends_with_one_line(s3: S3Server, tmp_path: Path) -> None:
    ended = command("serve", "talent", LIANCAI_DATA=str(tmp_path), **s3.settings(bucket="nowhere"))
    assert ended.returncode == 1
    (line,) = [each for each in ended.stderr.splitlines() if "alembic" not in each]
    assert line.startswith(
        "liancai-server: LIANCAI_DOCUMENTS: there is no bucket nowhere: make it, or name another one"
    )


def test_region_and_style_are_those_of_the_address_or_the_environment() -> None:
    def address(place: str, **more: str) -> Any:
        return bucket_address.address_of(place, {**KEY, **more})

    plain = address("s3://bucket")
    assert (plain.prefix, plain.endpoint, plain.region, plain.addressing) == ("", None, "us-east-1", "virtual")
    assert address("s3://bucket/a/b/").prefix == "a/b/"
    assert address("s3://bucket", AWS_DEFAULT_REGION="cn-east-1").region == "cn-east-1"
    assert address("s3://bucket", AWS_DEFAULT_REGION="b", AWS_REGION="a").region == "a"
    own = address("s3://bucket/x?endpoint=https://oss.example:9000&region=jn", AWS_REGION="a", AWS_SESSION_TOKEN="t")
    assert (own.endpoint, own.region, own.addressing, own.token) == ("https://oss.example:9000", "jn", "path", "t")
    assert address("s3://bucket/x?endpoint=https://oss.example&addressing=virtual").addressing == "virtual"
    assert "secret of server" not in repr(own)


def test_without_the_client_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    monkeypatch.delitem(sys.modules, "services.platform.blob_bucket")
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "pip install 'liancai[s3]'" in wrong(s3.settings())


def test_the_client_is_loaded_only_where_there_is_a_bucket() -> None:
    code = "import sys, services.host; print('boto3' in sys.modules, 'botocore' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", "False"]
