"""`liancai document`: what is brought for a step, and what is said of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.talent.v1 import documents_pb2 as pb
from liancai.talent.v1.documents_pb2_grpc import DocumentsStub

from cli import show, wire
from cli.cases import CaseName
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    Output,
    Purpose,
    Reason,
    RequestId,
    argument,
    day,
    option,
    resource,
    states,
    step,
)
from cli.progress import bar
from cli.texts import t

app = Noun("document")
CHUNK = 256 * 1024
COLUMNS = ("name", "state", "title", "step", "file_type", "size", "create_time")
REQUIREMENTS = ("document", "title", "rank", "needed", "standing", "due_date", "circumstance")

StepName = Annotated[str, argument("step", metavar="CASE/MATTER/STEP", parser=step)]
DocumentKey = Annotated[str, argument("document_key", metavar="KEY")]
DocumentName = Annotated[str, argument("document", metavar="DOCUMENT", parser=resource("documents"))]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(DocumentsStub, request), output)


def _parts(file: Path, header: pb.UploadDocumentRequest.Header) -> Iterator[pb.UploadDocumentRequest]:
    """The caller's side of an upload, read as it is sent."""
    yield pb.UploadDocumentRequest(header=header)
    with file.open("rb") as source:
        while data := source.read(CHUNK):
            yield pb.UploadDocumentRequest(chunk=pb.UploadDocumentRequest.Chunk(data=data))
    yield pb.UploadDocumentRequest(end=pb.UploadDocumentRequest.End())


@app.verb("upload")
def upload(
    ctx: typer.Context,
    name: StepName,
    document: DocumentKey,
    file: Annotated[Path, argument("document_file", metavar="FILE")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Brings a file for a document of a step."""
    with file.open("rb") as source:
        sha256, size = hashlib.file_digest(source, "sha256").hexdigest(), source.tell()
    header = pb.UploadDocumentRequest.Header(
        step=name, document=document, file_name=file.name, size=size, sha256=sha256, request_id=request_id
    )
    link = wire.of(ctx)
    answers = link.stream(link.stub(DocumentsStub).UploadDocument, _parts(file, header), request_id)
    stored = None
    with bar(t("document.sending"), in_bytes=True) as progress:
        for answer in answers:
            if answer.HasField("progress"):
                progress(answer.progress.received, size)
            else:
                stored = answer.document
    if stored is None:
        show.note(t("document.cut_off"))
        raise typer.Exit(1)
    show.one(stored, output)


@app.verb("download")
def download(
    ctx: typer.Context,
    name: DocumentName,
    purpose: Purpose,
    target: Annotated[
        Path | None, option("document_target", "--output", "-o", metavar="FILE|FOLDER", show_default=False)
    ] = None,
    *,
    request_id: RequestId,
) -> None:
    """Writes a file as it was brought; one that is not whole is not written."""
    link = wire.of(ctx)
    request = pb.DownloadDocumentRequest(name=name, purpose=purpose, request_id=request_id)
    answers = link.stream(link.stub(DocumentsStub).DownloadDocument, request, request_id)
    header = next(answers).header
    path = target or Path()
    if path.is_dir():
        path /= Path(header.file_name).name
    if path.exists():
        raise Mistake(t("file.exists", path=path))
    draft, digest, done = path.with_name(f".{path.name}.{os.getpid()}"), hashlib.sha256(), 0
    try:
        with draft.open("xb") as file, bar(t("document.fetching"), in_bytes=True) as progress:
            for answer in answers:
                file.write(answer.chunk.data)
                digest.update(answer.chunk.data)
                done += len(answer.chunk.data)
                progress(done, header.document.size)
        if digest.hexdigest() != header.document.sha256:
            show.note(t("document.not_whole"))
            raise typer.Exit(1)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    show.note(t("document.written", path=path))


@app.verb("show")
def show_(ctx: typer.Context, name: DocumentName, output: Output = Format.table) -> None:
    """Shows one document without its content."""
    _do(ctx, pb.GetDocumentRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    case: CaseName,
    state: Annotated[
        list[Any] | None, option("document_state", "--state", metavar="STATE", parser=states(pb.Document.State))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists the documents of a case, oldest first."""
    request = pb.ListDocumentsRequest(case_name=case, states=state or [])
    show.rows(wire.of(ctx).pages(DocumentsStub, request, "documents", limit), COLUMNS, output, limit)


@app.verb("check")
def check(ctx: typer.Context, name: StepName, output: Output = Format.table) -> None:
    """Shows what a step wants, and how it stands."""
    answer = wire.of(ctx).ask(DocumentsStub, pb.CheckDocumentsRequest(step=name))
    show.rows(answer.requirements, REQUIREMENTS, output, 0)
    if not answer.may_accept:
        show.note(t("document.not_acceptable"))
    elif not answer.may_complete:
        show.note(t("document.not_completable"))


@app.verb("accept")
def accept(
    ctx: typer.Context, name: DocumentName, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Received -> accepted."""
    _do(ctx, pb.AcceptDocumentRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("reject")
def reject(
    ctx: typer.Context,
    name: DocumentName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Received -> rejected."""
    _do(ctx, pb.RejectDocumentRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("promise")
def promise(
    ctx: typer.Context,
    name: StepName,
    document: DocumentKey,
    due: Annotated[str, option("document_due", "--due", metavar="YYYY-MM-DD", parser=day)],
    evidence: Annotated[str, option("promise_evidence", "--evidence", metavar="TEXT")],
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes that a document is brought later."""
    request = pb.PromiseDocumentRequest(
        step=name, document=document, due_date=due, evidence=evidence, reason=reason, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("waive")
def waive(
    ctx: typer.Context,
    name: StepName,
    document: DocumentKey,
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes that a document need not be brought."""
    _do(ctx, pb.WaiveDocumentRequest(step=name, document=document, reason=reason, request_id=request_id), output)
