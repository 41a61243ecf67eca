"""kill -9 in the middle of uploads: what was acknowledged is whole, what was not is nowhere, and can be sent again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import psutil
import pytest
from liancai.talent.v1 import documents_pb2 as pb
from sqlalchemy import select

from services import host
from services.platform.blobs import CHUNK, Blobs
from services.platform.database import Database
from services.talent.documents.sweeping import AGE, Sweep
from services.talent.documents.uploads import LARGEST
from services.talent.service import PART
from services.talent.tables import DocumentRow
from tests.conftest import token_of
from tests.races.servers import QUICK, Server, served
from tests.stores import BucketShelf, FolderShelf, S3Server, Shelf, way_to
from tests.talent.desk import Desk, a_paper, upload_of

NewSettings = Callable[..., host.Settings]
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # what a store says before it is given the bytes
ROOM = 40 * 1024 * 1024  # bytes a server may grow by, whatever passes through it


@pytest.fixture(params=[("sqlite", "folder"), ("postgresql", "folder"), ("postgresql", "bucket")], ids="-".join)
def kind_and_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, FolderShelf | BucketShelf]:
    kind, store = request.param
    if store == "folder":
        return kind, FolderShelf(tmp_path / "documents")
    return kind, BucketShelf(request.getfixturevalue("s3"))


@pytest.fixture
def shelf(kind_and_shelf: tuple[str, Shelf]) -> Shelf:
    return kind_and_shelf[1]


@pytest.fixture
def running(
    kind_and_shelf: tuple[str, Shelf], new_settings: NewSettings, folders: Iterator[Path]
) -> Iterator[tuple[Server, host.Settings]]:
    """A server of its own with a store of its own."""
    kind, shelf = kind_and_shelf
    settings = new_settings(kind, **shelf.settings)
    with served(settings, next(folders)) as (server,):
        yield server, settings


def desk_at(channel: grpc.Channel, settings: host.Settings) -> Desk:
    return Desk(channel, token_of(settings, roles=("caseworker", "auditor"), unit="371526-tf"))


def a_step(desk: Desk) -> str:
    return f"{desk.open('residence_permit').name}/matters/residence_permit/steps/issue"


def test_a_server_killed_in_the_middle_of_an_upload_has_nothing_of_it(
    running: tuple[Server, host.Settings], shelf: Shelf
) -> None:
    server, settings = running
    with grpc.insecure_channel(server.address, options=QUICK) as channel:
        desk = desk_at(channel, settings)
        step = a_step(desk)
        whole = a_paper(CHUNK * 6)
        kept = desk.upload(step, "ground", whole)
        parts = upload_of(step, "ground", a_paper(CHUNK * 8))

        half = threading.Event()

        def until_killed() -> Iterator[pb.UploadDocumentRequest]:
            yield from parts[:5]
            assert half.wait(60)
            server.kill()
            yield from parts[5:]

        answers = desk.documents.UploadDocument(until_killed())
        assert [next(answers).progress.received for _ in parts[1:5]][-1] == 4 * CHUNK
        half.set()
        with pytest.raises(grpc.RpcError) as broken:
            list(answers)
        assert broken.value.code() is grpc.StatusCode.UNAVAILABLE
        assert len(shelf.names()) == 1
        assert shelf.drafts() == isinstance(shelf, FolderShelf)
        server.start()
        server.ready()
        case = step.partition("/matters/")[0]
        found = desk.documents.ListDocuments(pb.ListDocumentsRequest(case_name=case)).documents
        assert [each.name for each in found] == [kept.name]
        assert desk.download(kept.name)[1] == whole
        # the same request is sent again, and done
        again = list(desk.documents.UploadDocument(iter(parts)))[-1].document
        assert again.sha256 == parts[0].header.sha256
    everything_is_noted(settings, shelf)


def test_a_server_killed_before_it_knows_that_a_bucket_has_the_file_has_nothing_of_it(
    new_settings: NewSettings, folders: Iterator[Path], s3: S3Server
) -> None:
    shelf = BucketShelf(s3)
    with way_to(s3.port, None, silent=True) as way:
        settings = new_settings("postgresql", **s3.settings(prefix=shelf.prefix, port=way.port))
        with (
            served(settings, next(folders)) as (server,),
            grpc.insecure_channel(server.address, options=QUICK) as channel,
        ):
            desk = desk_at(channel, settings)
            step = a_step(desk)
            parts = upload_of(step, "ground", a_paper(CHUNK * 8))
            way.left = len(CONTINUE)
            answers = desk.documents.UploadDocument(iter(parts))
            assert [next(answers).progress.received for _ in parts[1:-1]][-1] == 8 * CHUNK
            assert way.withheld.wait(60)
            server.kill()
            with pytest.raises(grpc.RpcError) as broken:
                list(answers)
            assert broken.value.code() is grpc.StatusCode.UNAVAILABLE
            assert len(shelf.names()) == 1
            way.left = None
            server.start()
            server.ready()
            case = step.partition("/matters/")[0]
            assert not desk.documents.ListDocuments(pb.ListDocumentsRequest(case_name=case)).documents
            # another server goes through the bucket, and then the same request is sent again
            everything_is_noted(settings, shelf)
            assert shelf.names() == set()
            again = list(desk.documents.UploadDocument(iter(parts)))[-1].document
            assert again.sha256 == parts[0].header.sha256
            assert len(desk.download(again.name)[1]) == 8 * CHUNK
        everything_is_noted(settings, shelf)
        assert len(shelf.names()) == 1


def test_replicas_on_a_bucket_share_no_folder_of_documents(
    new_settings: NewSettings, folders: Iterator[Path], s3: S3Server, tmp_path: Path
) -> None:
    shared = new_settings("postgresql", **BucketShelf(s3).settings)
    alone = [tmp_path / "one", tmp_path / "another"]
    one, another = (
        host.Settings({**shared.environment, "LIANCAI_DATA": str(data), "TMPDIR": str(data)}) for data in alone
    )
    for data in alone:
        data.mkdir()
    content = a_paper(CHUNK * 5)
    with (
        served(one, next(folders)) as (first,),
        served(another, next(folders)) as (second,),
        grpc.insecure_channel(first.address, options=QUICK) as here,
        grpc.insecure_channel(second.address, options=QUICK) as there,
    ):
        desk = desk_at(here, shared)
        name = desk.upload(a_step(desk), "ground", content).name
        assert desk_at(there, shared).download(name)[1] == content
    assert {path.name for data in alone for path in data.rglob("*")} == {"local.token"}


def everything_is_noted(settings: host.Settings, shelf: Shelf) -> None:
    """After a sweep as of some hours later, what is in a store is what is noted, and whole."""
    vault = host.open_vault(settings)
    database = Database(settings.database("talent"), "talent", PART.books, vault)
    try:
        blobs = Blobs(shelf.store(), vault)
        Sweep(database, blobs.store, age=-AGE).run(datetime.now(UTC))
        with database.reading() as session:
            rows = session.scalars(select(DocumentRow.sha256)).all()
        assert shelf.names() == {blobs.name(sha256) for sha256 in rows}
        assert shelf.drafts() == 0
        assert all(blobs.verify(sha256) for sha256 in rows)
    finally:
        database.close()


def test_the_memory_of_a_server_does_not_grow_with_what_passes_through_it(
    running: tuple[Server, host.Settings],
) -> None:
    server, settings = running
    process = psutil.Process(server.process.pid)
    with grpc.insecure_channel(server.address, options=QUICK) as channel:
        desk = desk_at(channel, settings)
        step = a_step(desk)
        desk.download(desk.upload(step, "ground", a_paper(CHUNK * 4)).name)
        before, most = process.memory_info().rss, 0
        for _ in range(3):
            name = ""
            for part in desk.documents.UploadDocument(iter(upload_of(step, "ground", a_paper(LARGEST)))):
                most, name = max(most, process.memory_info().rss), part.document.name
            request = pb.DownloadDocumentRequest(name=name, purpose="核对材料", request_id=f"memory-{name[10:]}")
            for _ in desk.documents.DownloadDocument(request):
                most = max(most, process.memory_info().rss)
        assert most - before < ROOM, f"{(most - before) >> 20} MiB"
