"""`liancai document` against a real server: what is sent, what is written, what is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from liancai.talent.v1 import documents_pb2 as pb

Run = Callable[..., Any]
STEP = f"LT{'1' * 26}/pension/review"
NAME = f"cases/LT{'1' * 26}/matters/pension/steps/review"
CONTENT = b"%PDF-1.7\n" + bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DOCUMENT = pb.Document(name="documents/7", step=NAME, state=pb.Document.RECEIVED, size=len(CONTENT), sha256=SHA256)


def test_a_file_is_sent_in_chunks_with_its_hash(server: Any, liancai: Run, tmp_path: Path) -> None:
    parts: list[pb.UploadDocumentRequest] = []

    def answer(request: Iterator[pb.UploadDocumentRequest], _: Any) -> Iterator[pb.UploadDocumentResponse]:
        for part in request:
            parts.append(part)
            yield pb.UploadDocumentResponse(progress=pb.UploadDocumentResponse.Progress(received=1))
        yield pb.UploadDocumentResponse(document=DOCUMENT)

    server.answers["UploadDocument"] = answer
    (tmp_path / "证件.pdf").write_bytes(CONTENT)
    done = liancai("document", "upload", STEP, "identity", str(tmp_path / "证件.pdf"), "--request-id", "again-0001")
    assert done.code == 0, done.err
    assert "documents/7" in done.out
    header = parts[0].header
    assert (header.step, header.document, header.file_name) == (NAME, "identity", "证件.pdf")
    assert (header.size, header.sha256, header.request_id) == (len(CONTENT), SHA256, "again-0001")
    chunks = [part.chunk.data for part in parts[1:-1]]
    assert b"".join(chunks) == CONTENT
    assert max(map(len, chunks)) == 256 * 1024
    assert parts[-1].HasField("end")


def test_an_upload_that_breaks_off_says_that_nothing_was_stored(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["UploadDocument"] = lambda *_: iter([])
    (tmp_path / "a.pdf").write_bytes(CONTENT)
    done = liancai("document", "upload", STEP, "identity", str(tmp_path / "a.pdf"))
    assert done.code == 1
    assert "未保存" in done.err
    assert liancai("document", "upload", STEP, "identity", str(tmp_path / "none.pdf")).code == 2


def serve(server: Any, content: bytes) -> None:
    part = pb.DownloadDocumentResponse

    def answer(*_: Any) -> Iterator[pb.DownloadDocumentResponse]:
        yield part(header=part.Header(document=DOCUMENT, file_name="../../证件.pdf"))
        yield part(chunk=part.Chunk(data=content[:300_000]))
        yield part(chunk=part.Chunk(data=content[300_000:]))

    server.answers["DownloadDocument"] = answer


def test_a_file_is_written_under_its_own_name_and_never_over_another(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, CONTENT)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    words = ("document", "download", "7", "--purpose", "核对材料")
    assert liancai(*words).code == 0
    assert (tmp_path / "证件.pdf").read_bytes() == CONTENT
    assert liancai(*words, "-o", "folder").code == 0
    assert liancai(*words, "-o", "b.pdf").code == 0
    assert liancai(*words).code == 2
    assert {path.name for path in tmp_path.rglob("*.pdf")} == {"证件.pdf", "b.pdf"}
    (request, *_) = server.requests("DownloadDocument")
    assert (request.name, request.purpose) == ("documents/7", "核对材料")


def test_what_is_not_whole_is_not_written(server: Any, liancai: Run, tmp_path: Path) -> None:
    serve(server, CONTENT[:-1])
    done = liancai("document", "download", "7", "--purpose", "核对材料", "-o", str(tmp_path / "a.pdf"))
    assert done.code == 1
    assert "未写入" in done.err
    assert [path for path in tmp_path.iterdir() if path.name != "data"] == []


def test_what_a_step_wants_is_shown_with_what_to_do(server: Any, liancai: Run) -> None:
    wanted = pb.Requirement(document="identity", title="身份证", standing=pb.Requirement.MISSING)
    server.answers["CheckDocuments"] = lambda *_: pb.CheckDocumentsResponse(requirements=[wanted])
    done = liancai("document", "check", STEP)
    assert "未交" in done.out
    assert "暂不能受理" in done.err
    server.answers["CheckDocuments"] = lambda *_: pb.CheckDocumentsResponse(requirements=[wanted], may_accept=True)
    assert "暂不能办结" in liancai("document", "check", STEP).err


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["show", "7"], "GetDocument", {"name": "documents/7"}),
        (["accept", "7", "--etag", "e"], "AcceptDocument", {"name": "documents/7", "etag": '"e"'}),
        (["reject", "7", "--reason", "不清晰"], "RejectDocument", {"reason": "不清晰"}),
        (
            ["promise", STEP, "record", "--due", "2026-12-31", "--evidence", "承诺书", "--reason", "r"],
            "PromiseDocument",
            {"step": NAME, "document": "record", "due_date": "2026-12-31", "evidence": "承诺书"},
        ),
        (["waive", STEP, "proxy", "--reason", "r"], "WaiveDocument", {"step": NAME, "document": "proxy"}),
    ],
)
def test_every_act_carries_its_fields(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, str]
) -> None:
    server.answers[method] = lambda *_: pb.Requirement() if words[0] in ("promise", "waive") else DOCUMENT
    assert liancai("document", *words).code == 0
    (request,) = server.requests(method)
    assert {name: getattr(request, name) for name in fields} == fields


def test_a_list_of_a_case(server: Any, liancai: Run) -> None:
    server.answers["ListDocuments"] = lambda *_: pb.ListDocumentsResponse(documents=[DOCUMENT])
    assert "documents/7" in liancai("document", "list", f"LT{'1' * 26}", "--state", "received").out
    (request,) = server.requests("ListDocuments")
    assert (request.case_name, list(request.states)) == (f"cases/LT{'1' * 26}", [pb.Document.RECEIVED])
