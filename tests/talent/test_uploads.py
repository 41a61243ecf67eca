"""Files over the wire: verified on their way in and out, bounded, never half there."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import grpc
import pytest
from liancai.talent.v1 import audit_pb2
from liancai.talent.v1 import documents_pb2 as pb
from sqlalchemy import select, text

from services import host
from services.platform.blobs import CHUNK, Blobs
from services.platform.database import Database
from services.talent.documents.sweeping import AGE, EVERY, Sweep
from services.talent.documents.uploads import LARGEST, MOST_AT_ONCE
from services.talent.rules.filetypes import FileType
from services.talent.tables import DocumentRow
from tests.conftest import fresh_settings
from tests.office import clock, request_id
from tests.statuses import info_of, violations_of
from tests.stores import BucketShelf, FolderShelf, Shelf
from tests.talent.desk import Desk, a_paper, upload_of
from tests.talent.files import TYPES, an_office_file

PART = pb.UploadDocumentRequest
NAME = "欧阳丹青瑶身份证.exe"


STORES = [("sqlite", "folder"), ("postgresql", "folder"), ("postgresql", "bucket")]


@pytest.fixture(scope="module", params=STORES, ids="-".join)
def kind_and_shelf(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, FolderShelf | BucketShelf]:
    """A kind of database and a kind of store."""
    kind, store = request.param
    if store == "folder":
        return kind, FolderShelf(tmp_path_factory.mktemp("documents"))
    return kind, BucketShelf(request.getfixturevalue("s3"))


@pytest.fixture(scope="module")
def shelf(kind_and_shelf: tuple[str, Shelf]) -> Shelf:
    """The store behind the server's back."""
    return kind_and_shelf[1]


@pytest.fixture(scope="module")
def settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kind_and_shelf: tuple[str, Shelf]
) -> host.Settings:
    """Of a server with that store."""
    kind, shelf = kind_and_shelf
    return fresh_settings(request, tmp_path_factory, kind, **shelf.settings)


@pytest.fixture(scope="module")
def step(desk: Desk) -> str:
    """A step that wants documents."""
    return f"{desk.open('residence_permit').name}/matters/residence_permit/steps/issue"


@pytest.fixture(scope="module")
def blobs(shelf: Shelf, talent_database: Database) -> Blobs:
    """The store behind the server."""
    return Blobs(shelf.store(), talent_database.vault)


def refusal(desk: Desk, parts: list[pb.UploadDocumentRequest]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as refused:
        list(desk.documents.UploadDocument(iter(parts)))
    return refused.value.code(), info_of(refused.value)[0]


@pytest.mark.parametrize(("kind", "content"), TYPES.items())
def test_a_file_comes_back_as_it_was_brought(desk: Desk, step: str, kind: FileType, content: bytes) -> None:
    uploaded = desk.upload(step, "ground", content, file_name=NAME)
    assert pb.Document.FileType.Name(uploaded.file_type) == kind
    assert (uploaded.size, uploaded.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    header, found = desk.download(uploaded.name)
    assert found == content
    assert header.document == uploaded
    assert header.file_name.startswith("欧阳丹青瑶身份证.")
    assert not header.file_name.endswith(".exe")


def test_a_large_file_goes_through_in_chunks_with_progress(desk: Desk, step: str) -> None:
    content = a_paper(LARGEST)
    *progress, last = desk.documents.UploadDocument(iter(upload_of(step, "ground", content)))
    received = [part.progress.received for part in progress]
    assert received == [min(place + CHUNK, LARGEST) for place in range(0, LARGEST, CHUNK)]
    request = pb.DownloadDocumentRequest(name=last.document.name, purpose="核对材料", request_id=request_id())
    first, *rest = desk.documents.DownloadDocument(request)
    assert first.HasField("header")
    assert max(len(part.chunk.data) for part in rest) <= CHUNK
    assert b"".join(part.chunk.data for part in rest) == content


CONTENT = a_paper(3 * CHUNK)
CUT = CONTENT[: 2 * CHUNK]


def streams(step: str) -> Iterator[tuple[str, list[pb.UploadDocumentRequest], grpc.StatusCode, str]]:
    invalid, exhausted = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED
    good = upload_of(step, "ground", CONTENT)
    yield "nothing", [], invalid, "DOCUMENT_PROTOCOL"
    yield "no header", good[1:], invalid, "DOCUMENT_PROTOCOL"
    yield "no end", good[:-1], invalid, "DOCUMENT_PROTOCOL"
    yield "two headers", [good[0], *good], invalid, "DOCUMENT_PROTOCOL"
    yield "an empty chunk", [good[0], PART(chunk=PART.Chunk()), *good[1:]], invalid, "DOCUMENT_PROTOCOL"
    yield (
        "a chunk too large",
        [good[0], PART(chunk=PART.Chunk(data=CONTENT[: CHUNK + 1]))],
        invalid,
        "DOCUMENT_PROTOCOL",
    )
    yield "more than announced", upload_of(step, "ground", CONTENT, size=CHUNK), invalid, "DOCUMENT_PROTOCOL"
    yield "less than announced", upload_of(step, "ground", CUT, size=len(CONTENT)), invalid, "DOCUMENT_HASH"
    yield "a lying hash", upload_of(step, "ground", CONTENT, sha256="0" * 64), invalid, "DOCUMENT_HASH"
    yield "no hash", upload_of(step, "ground", CONTENT, sha256=""), invalid, "INVALID_REQUEST"
    yield "a document of another step", upload_of(step, "guardianship", CONTENT), invalid, "INVALID_REQUEST"
    yield "a byte too many", upload_of(step, "ground", CUT, size=LARGEST + 1), exhausted, "DOCUMENT_TOO_LARGE"
    yield "a program", upload_of(step, "ground", b"MZ\x90\x00" + CUT, file_name="a.pdf"), invalid, "DOCUMENT_TYPE"
    bomb = an_office_file({"[Content_Types].xml": b"", "word/document.xml": bytes(30_000_000)})
    yield "a bomb", upload_of(step, "ground", bomb), invalid, "DOCUMENT_ARCHIVE"
    nowhere = step.replace("/steps/issue", "/steps/nothing")
    yield "no such step", upload_of(nowhere, "ground", CONTENT), grpc.StatusCode.NOT_FOUND, "NOT_FOUND"


@pytest.mark.parametrize("place", range(15))
def test_what_is_no_good_upload_leaves_nothing_behind(desk: Desk, step: str, shelf: Shelf, place: int) -> None:
    before = shelf.names()
    said, parts, code, reason = list(streams(step))[place]
    assert refusal(desk, parts) == (code, reason), said
    assert (shelf.names(), shelf.drafts()) == (before, 0)


def test_every_field_that_is_wrong_is_named_at_once(desk: Desk) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        list(desk.documents.UploadDocument(iter([PART(header=PART.Header(file_name="a\x00b"))])))
    fields = {each.field for each in violations_of(refused.value)}
    assert fields == {f"header.{name}" for name in ("step", "document", "file_name", "size", "sha256")} | {"request_id"}


def test_the_same_request_again_is_done_once(desk: Desk, step: str) -> None:
    parts = upload_of(step, "photo", a_paper())
    first = list(desk.documents.UploadDocument(iter(parts)))[-1]
    assert list(desk.documents.UploadDocument(iter(parts)))[-1] == first
    other = [PART(header=PART.Header(request_id=parts[0].header.request_id)), *parts[1:]]
    other[0].header.MergeFrom(PART.Header(step=step, document="ground", size=parts[0].header.size))
    other[0].header.sha256 = parts[0].header.sha256
    assert refusal(desk, other) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_a_file_is_brought_once_for_a_document_of_a_step(desk: Desk, step: str) -> None:
    content = a_paper()
    name = desk.upload(step, "photo", content).name
    with pytest.raises(grpc.RpcError) as refused:
        desk.upload(step, "photo", content)
    assert info_of(refused.value) == ("DOCUMENT_EXISTS", {"document": name})
    assert desk.upload(step, "ground", content).name != name


def test_two_divisions_share_a_file_and_neither_knows(
    desk: Desk, other_side: Desk, step: str, shelf: Shelf, talent_database: Database
) -> None:
    theirs = other_side.open("residence_permit", origin="371526", destination="370103")
    content, before = a_paper(), shelf.names()
    mine = desk.upload(step, "ground", content)
    parts = upload_of(f"{theirs.name}/matters/residence_permit/steps/issue", "ground", content)
    answers = list(other_side.documents.UploadDocument(iter(parts)))
    assert len(shelf.names() - before) == 1
    # every byte is asked for, as of a file that nobody has
    assert [part.WhichOneof("part") for part in answers] == ["progress", "document"]
    assert mine.name not in str(answers)
    assert other_side.download(answers[-1].document.name)[1] == content
    with pytest.raises(grpc.RpcError) as hidden:
        other_side.download(mine.name)
    assert hidden.value.code() is grpc.StatusCode.NOT_FOUND


def test_many_uploads_of_one_content_at_once_are_one_file_and_as_many_documents(desk: Desk, shelf: Shelf) -> None:
    content, before = a_paper(CHUNK * 4), shelf.names()
    steps = [f"{desk.open('residence_permit').name}/matters/residence_permit/steps/issue" for _ in range(8)]
    gate = threading.Barrier(len(steps))

    def bring(step: str) -> str:
        gate.wait()
        return desk.upload(step, "ground", content).name

    with ThreadPoolExecutor(len(steps)) as pool:
        names = list(pool.map(bring, steps))
    assert len(set(names)) == len(steps)
    assert len(shelf.names() - before) == 1
    assert all(desk.download(name)[1] == content for name in names)


def test_a_damaged_file_is_refused_and_reported_and_nothing_of_it_is_delivered(
    desk: Desk, step: str, blobs: Blobs, shelf: Shelf
) -> None:
    uploaded = desk.upload(step, "ground", a_paper(3_000_000))
    name = blobs.name(bytes.fromhex(uploaded.sha256))
    whole = shelf.get(name)
    for damaged in (whole[:-1], whole[:2_900_000] + bytes([whole[2_900_000] ^ 1]) + whole[2_900_001:], b""):
        shelf.put(name, damaged)
        request = pb.DownloadDocumentRequest(name=uploaded.name, purpose="核对材料", request_id=request_id())
        answers, parts = desk.documents.DownloadDocument(request), []
        with pytest.raises(grpc.RpcError) as refused:
            parts.extend(answers)
        assert parts == []
        assert refused.value.code() is grpc.StatusCode.DATA_LOSS
        assert info_of(refused.value) == ("DOCUMENT_DAMAGED", {"document": uploaded.name})
    entries = trail(desk, step)
    assert [each for each in entries if json.loads(each.detail).get("name") == uploaded.name][-1].action
    shelf.put(name, whole)
    assert len(desk.download(uploaded.name)[1]) == uploaded.size


def trail(desk: Desk, step: str) -> list[audit_pb2.ListCaseTrailResponse]:
    request = audit_pb2.ListCaseTrailRequest(resource=step.partition("/matters/")[0], page_size=1000)
    return list(desk.trail.ListCaseTrail(request).entries)


def test_every_download_is_in_the_trail_with_its_purpose(desk: Desk, step: str) -> None:
    name = desk.upload(step, "ground", a_paper()).name
    desk.download(name)
    entry = trail(desk, step)[-1]
    assert (entry.action, entry.reason, entry.actor) == ("talent.document.download", "核对材料", "caseworker")
    with pytest.raises(grpc.RpcError) as refused:
        list(desk.documents.DownloadDocument(pb.DownloadDocumentRequest(name=name, request_id=request_id())))
    assert [each.field for each in violations_of(refused.value)] == ["purpose"]


def test_the_name_of_a_file_is_kept_sealed(desk: Desk, step: str, talent_database: Database) -> None:
    uploaded = desk.upload(step, "ground", a_paper(), file_name=NAME)
    with talent_database.reading() as session:
        row = session.execute(select(DocumentRow).where(DocumentRow.id == uploaded.name[10:])).scalar_one()
        assert "欧阳".encode() not in row.file_name_sealed
        events = session.execute(text("SELECT data FROM outbox_event")).scalars().all()
    assert "欧阳" not in str(uploaded)
    assert "欧阳" not in str(events)
    assert "欧阳" not in str(trail(desk, step))


def test_as_many_uploads_as_there_is_room_for(desk: Desk, step: str) -> None:
    go = threading.Event()

    def held(parts: list[pb.UploadDocumentRequest]) -> Iterator[pb.UploadDocumentRequest]:
        yield from parts[:2]
        go.wait(30)
        yield from parts[2:]

    streams = []
    try:
        for _ in range(MOST_AT_ONCE):
            answers = desk.documents.UploadDocument(held(upload_of(step, "ground", a_paper())))
            assert next(answers).HasField("progress")
            streams.append(answers)
        code, reason = refusal(desk, upload_of(step, "ground", a_paper()))
        assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "UPLOADS_TOO_MANY")
    finally:
        go.set()
        for answers in streams:
            answers.cancel()


def test_upkeep_removes_what_no_document_has_and_nothing_else(
    desk: Desk, step: str, blobs: Blobs, shelf: Shelf, talent_database: Database
) -> None:
    content = a_paper()
    uploaded = desk.upload(step, "ground", content)
    with blobs.draft() as draft:  # a server that was killed before it noted what it had kept
        draft.write(a_paper())
        draft.keep()
        orphan = blobs.name(draft.sha256)
    Sweep(talent_database, shelf.store()).run(clock())
    assert orphan in shelf.names()
    sweep = Sweep(talent_database, shelf.store(), age=-AGE)  # as if an hour had gone by, and more
    sweep.run(clock())
    assert orphan not in shelf.names()
    assert desk.download(uploaded.name)[1] == content
    # it goes through the store once an hour
    shelf.put(orphan, b"left again")
    sweep.run(clock() + EVERY - timedelta(seconds=1))
    assert orphan in shelf.names()
    sweep.run(clock() + EVERY)
    assert orphan not in shelf.names()
