"""Files on their way in and out (材料上传、下载): in chunks, verified, a chunk or two of them in memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from liancai.talent.v1 import documents_pb2 as pb

from services.platform.blobs import CHUNK, BlobDamaged, Blobs
from services.platform.boundary import Call
from services.platform.errors import Damaged, Invalid, TooMuch
from services.platform.requests import Reading
from services.talent.queries import read_step
from services.talent.rules import filetypes
from services.talent.rules.filetypes import FileType, Look, NotTaken

LARGEST = 20 * 1024 * 1024  # bytes of a file
MOST_AT_ONCE = 16  # uploads a process takes at a time, half of the threads it answers with
_DIGITS = frozenset("0123456789abcdef")

log = logging.getLogger("liancai.talent.documents")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is in the store, and what is said of it."""

    step: tuple[str, str, str]
    key: str
    file_type: FileType
    file_name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class _Announced:
    """A header that was read."""

    header: pb.UploadDocumentRequest.Header
    step: tuple[str, str, str]
    sha256: bytes


# whether the caller may bring this document for this step; and what is done in the database once it is there
Allow = Callable[[Call, tuple[str, str, str], str], None]
Note = Callable[[Call, pb.UploadDocumentRequest.Header, Arrived], pb.UploadDocumentResponse]


class Uploads:
    """The way to the store and back."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)

    def receive(
        self, call: Call, parts: Iterator[pb.UploadDocumentRequest], allow: Allow, note: Note
    ) -> Iterator[pb.UploadDocumentResponse]:
        """One upload: progress for each chunk, then what `note` answers."""
        announced = _announced(call, next(parts, None))
        header = announced.header
        allow(call, announced.step, header.document)
        if not self._room.acquire(blocking=False):
            raise TooMuch("UPLOADS_TOO_MANY", most=MOST_AT_ONCE)
        try:
            with self._blobs.draft() as draft:
                look = Look()
                for data in _chunks(parts, header.size):
                    look.at(data)
                    draft.write(data)
                    yield pb.UploadDocumentResponse(progress=pb.UploadDocumentResponse.Progress(received=draft.size))
                if (draft.size, draft.sha256) != (header.size, announced.sha256):
                    said = f"{header.sha256} ({header.size})", f"{draft.sha256.hex()} ({draft.size})"
                    raise Invalid(reason="DOCUMENT_HASH", announced=said[0], received=said[1])
                kind = _type_of(call, look)
                name = filetypes.file_name(header.file_name, kind)
                arrived = Arrived(announced.step, header.document, kind, name, draft.size, draft.sha256)
                with self._blobs.store.keeping():
                    draft.keep()
                    stored = note(call, header, arrived)
            yield stored
        finally:
            self._room.release()

    def send(self, sha256: bytes, name: str, report: Callable[[], None]) -> Iterator[pb.DownloadDocumentResponse]:
        """The content, once it is seen to be whole. Raises Damaged for a file that is not, and has it reported."""
        try:
            for data in self._blobs.read(sha256):
                yield pb.DownloadDocumentResponse(chunk=pb.DownloadDocumentResponse.Chunk(data=data))
        except BlobDamaged:
            log.error("%s is not what was stored, or is not there", name)
            report()
            raise Damaged("DOCUMENT_DAMAGED", document=name) from None


def _announced(call: Call, first: pb.UploadDocumentRequest | None) -> _Announced:
    """The header of an upload."""
    if first is None or first.WhichOneof("part") != "header":
        raise Invalid(reason="DOCUMENT_PROTOCOL", expected="header")
    header, reading = first.header, Reading()
    step = read_step(reading, "header.step", header.step)
    reading.text("header.document", header.document, 1, 32)
    reading.text("header.file_name", header.file_name, 0, 200)
    call.request_id = reading.request_id(header.request_id)
    if len(header.sha256) != 64 or not _DIGITS.issuperset(header.sha256):
        reading.wrong("header.sha256", "FIELD_SHA256")
    if header.size < 1:
        reading.wrong("header.size", "FIELD_RANGE", least=1, most=LARGEST)
    reading.done()
    if header.size > LARGEST:
        raise TooMuch("DOCUMENT_TOO_LARGE", limit=LARGEST)
    return _Announced(header, step, bytes.fromhex(header.sha256))


def _chunks(parts: Iterator[pb.UploadDocumentRequest], size: int) -> Iterator[bytes]:
    """The content until its End, no byte more than was announced."""
    left = size
    for part in parts:
        kind = part.WhichOneof("part")
        if kind == "end":
            return
        data = part.chunk.data
        if kind != "chunk" or not data or len(data) > CHUNK:
            raise Invalid(reason="DOCUMENT_PROTOCOL", expected=f"chunk (1 - {CHUNK} bytes), end")
        left -= len(data)
        if left < 0:
            raise Invalid(reason="DOCUMENT_PROTOCOL", expected="end")
        yield data
    raise Invalid(reason="DOCUMENT_PROTOCOL", expected="end")


def _type_of(call: Call, look: Look) -> FileType:
    try:
        return look.file_type()
    except NotTaken as refused:
        if refused.fault is None:
            raise Invalid(reason="DOCUMENT_TYPE", allowed=", ".join(FileType)) from None
        raise Invalid(reason="DOCUMENT_ARCHIVE", fault=call.say(f"ARCHIVE_{refused.fault}")) from None
