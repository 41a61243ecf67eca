"""Handlers of documents (材料): brought, looked at, promised, handed out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import grpc
from liancai.talent.v1 import documents_pb2 as pb
from liancai.talent.v1 import documents_pb2_grpc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.platform.blobs import Blobs
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Invalid, NotFound, Refused, TooMuch, Violation
from services.platform.ids import new_id
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Conflict, Tx
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework import clocks, papers
from services.talent.casework.advancing import Desk
from services.talent.casework.editions import Editions
from services.talent.documents import messages
from services.talent.documents.uploads import Arrived, Uploads
from services.talent.queries import read_case, read_step, scope_of_matter, scope_of_reader, scope_of_step
from services.talent.rules import catalogue
from services.talent.rules import papers as rules
from services.talent.rules.papers import DOCUMENT_VERBS, NOTHING, DocumentState, PromiseState, Stage, Standing
from services.talent.rules.states import CaseState, MatterState, StepState
from services.talent.tables import DocumentPromiseRow, DocumentRow, StepRow

MOST_FILES = 20  # for one document of one step
LONGEST_PROMISE = timedelta(days=366)
# what is brought for a matter, or said of it, while it goes on or after it is done
_WORKED_ON = (MatterState.WAITING, MatterState.RUNNING, MatterState.DONE)

StepName = tuple[str, str, str]


class Documents(documents_pb2_grpc.DocumentsServicer):
    """Whatever changes something holds the case."""

    def __init__(self, database: Database, pages: Pages, editions: Editions, blobs: Blobs) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._blobs = blobs
        self._uploads = Uploads(blobs)

    def UploadDocument(
        self, request_iterator: Iterator[pb.UploadDocumentRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.UploadDocumentResponse]:
        """Header, chunks, end."""
        return self._uploads.receive(Call.of(context), request_iterator, self._allow, self._note)

    def DownloadDocument(
        self, request: pb.DownloadDocumentRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.DownloadDocumentResponse]:
        """Header, chunks; the trail says who and what for before the first byte leaves."""
        call, reading = Call.of(context), Reading()
        reading.name("name", request.name, "documents")
        purpose = reading.text("purpose", request.purpose, 4, 200)
        call.request_id = reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> tuple[bytes, pb.DownloadDocumentResponse]:
            file, step, row = _found(tx.session, request.name)
            call.require(scope_of_matter(file, step.matter), request.name)
            told = {"matter": step.matter, "step": step.key, "document": row.key, "name": request.name}
            tx.record(call, file.name, reason=purpose, detail=told)
            name = self._database.vault.unseal(row.file_name_sealed, request.name, "file_name")
            message = messages.document(call, step, row, self._editions.kind(tx.session, file, step))
            header = pb.DownloadDocumentResponse.Header(document=message, file_name=name)
            return row.sha256, pb.DownloadDocumentResponse(header=header)

        def report() -> None:
            self._database.write_again(call, lambda tx: self._report(tx, call, request.name))

        sha256, header = self._database.write_again(call, work, seconds=call.seconds_left)
        content = self._uploads.send(sha256, request.name, report)
        first = next(content)  # it is verified before even its name leaves
        yield header
        yield first
        yield from content

    def GetDocument(self, request: pb.GetDocumentRequest, context: grpc.ServicerContext) -> pb.Document:
        """One document."""
        call, reading = Call.of(context), Reading()
        reading.name("name", request.name, "documents")
        reading.done()
        with self._database.reading() as session:
            file, step, row = _found(session, request.name)
            call.require(scope_of_matter(file, step.matter), request.name)
            return messages.document(call, step, row, self._editions.kind(session, file, step))

    def ListDocuments(
        self, request: pb.ListDocumentsRequest, context: grpc.ServicerContext
    ) -> pb.ListDocumentsResponse:
        """A page of the documents of a case, of the matters that the caller has a part in."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        number = read_case(reading, "case_name", request.case_name)
        states = reading.choices("states", request.states, pb.Document.State)
        reading.done()
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [number]).get(number)
            if file is None:
                raise NotFound(request.case_name)
            call.require(scope_of_reader(file), file.name)
            seen = [each.key for each in file.matters if call.may(call.action, scope_of_matter(file, each.key))]
            steps = {step.id: step for step in file.steps if step.matter in seen}
            wanted = select(DocumentRow).where(DocumentRow.step_id.in_(steps)).order_by(DocumentRow.id)
            if states:
                wanted = wanted.where(DocumentRow.state.in_(states))
            if page.after is not None:
                wanted = wanted.where(DocumentRow.id > page.after[0])
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            found = [
                messages.document(call, step, row, self._editions.kind(session, file, step))
                for row in rows[: page.size]
                if (step := steps[row.step_id])
            ]
        token = self._pages.next_token(call, request, page, rows, "id")
        return pb.ListDocumentsResponse(documents=found, next_page_token=token)

    def CheckDocuments(
        self, request: pb.CheckDocumentsRequest, context: grpc.ServicerContext
    ) -> pb.CheckDocumentsResponse:
        """What a step wants, and how it stands."""
        call, reading = Call.of(context), Reading()
        asked = read_step(reading, "step", request.step)
        reading.done()
        today = day_of(self._database.clock())
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [asked[0]]).get(asked[0])
            step = file.step(*asked[1:]) if file else None
            if file is None or step is None:
                raise NotFound(request.step)
            call.require(scope_of_matter(file, step.matter), request.step)
            kind = self._editions.kind(session, file, step)
            held = papers.read(session.connection(), [step.id]).get(step.id, {})
        return pb.CheckDocumentsResponse(
            requirements=[
                messages.requirement(call, step, each, held.get(each.key, NOTHING), today) for each in kind.documents
            ],
            may_accept=not rules.gaps(kind.documents, held, Stage.ACCEPT, today),
            may_complete=not rules.gaps(kind.documents, held, Stage.COMPLETE, today),
        )

    def AcceptDocument(self, request: pb.AcceptDocumentRequest, context: grpc.ServicerContext) -> pb.Document:
        """It will do."""
        return self._decide(Call.of(context), request, Reading(), "accept")

    def RejectDocument(self, request: pb.RejectDocumentRequest, context: grpc.ServicerContext) -> pb.Document:
        """It will not do."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        return self._decide(Call.of(context), request, reading, "reject", reason)

    def PromiseDocument(self, request: pb.PromiseDocumentRequest, context: grpc.ServicerContext) -> pb.Requirement:
        """容缺受理."""
        call, reading, today = Call.of(context), Reading(), day_of(self._database.clock())
        evidence = reading.text("evidence", request.evidence, 1, 200)
        reason = reading.text("reason", request.reason, 1, 500)
        due = reading.day("due_date", request.due_date)
        if not reading.violations and not today < due <= today + LONGEST_PROMISE:
            reading.wrong("due_date", "FIELD_PROMISE_DAY", last=str(today + LONGEST_PROMISE))

        def change(tx: Tx, desk: Desk, step: StepFile, document: catalogue.Document) -> None:
            if not document.may_wait:
                raise Refused("DOCUMENT_NOT_DEFERRABLE", step=step.name, document=document.key, rank=document.rank)
            standing = rules.standing(_held(tx, step, document.key), today)
            if standing not in (Standing.MISSING, Standing.REJECTED):
                raise Exists("DOCUMENT_NOT_MISSING", step=step.name, document=document.key, standing=standing)
            row = _said(tx, call, step, document, PromiseState.OPEN, reason)
            row.due, row.evidence = due, evidence
            self._settle(tx, desk, step, "document.promised", document.key, reason=reason, due=due.isoformat())

        return self._say(call, request, reading, change)

    def WaiveDocument(self, request: pb.WaiveDocumentRequest, context: grpc.ServicerContext) -> pb.Requirement:
        """It need not be brought."""
        call, reading = Call.of(context), Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(tx: Tx, desk: Desk, step: StepFile, document: catalogue.Document) -> None:
            held = _held(tx, step, document.key)
            standing = rules.standing(held, day_of(tx.now))
            if standing in (Standing.WAIVED, Standing.RECEIVED, Standing.ACCEPTED):
                raise Exists("DOCUMENT_NOT_MISSING", step=step.name, document=document.key, standing=standing)
            if not rules.may_waive(document, held):
                raise Refused("DOCUMENT_NOT_WAIVABLE", step=step.name, document=document.key)
            if (promise := _promise(tx, step, document.key, PromiseState.OPEN)) is not None:
                promise.state, promise.reason, promise.actor = PromiseState.WAIVED, reason, call.caller.subject
                promise.update_time = tx.now
            else:
                _said(tx, call, step, document, PromiseState.WAIVED, reason)
            self._settle(tx, desk, step, "document.waived", document.key, reason=reason)

        return self._say(call, request, reading, change)

    # ---- what they share ---------------------------------------------------------------------------

    def _allow(self, call: Call, asked: StepName, key: str) -> None:
        """Raises a Fault before the first byte is taken of what would be refused after the last one."""
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [asked[0]]).get(asked[0])
            step, document = self._wanted(session, call, file, asked, key, "header.document")
            _check_room(session, step, document.key)

    def _note(self, call: Call, header: pb.UploadDocumentRequest.Header, arrived: Arrived) -> pb.UploadDocumentResponse:
        """Notes a file that is in the store."""

        def work(tx: Tx) -> pb.UploadDocumentResponse:
            file = casefiles.read(tx.connection, [arrived.step[0]], lock=True).get(arrived.step[0])
            step, document = self._wanted(tx.session, call, file, arrived.step, arrived.key, "header.document")
            assert file is not None
            same = select(DocumentRow.id).where(
                DocumentRow.step_id == step.id, DocumentRow.key == document.key,
                DocumentRow.sha256 == arrived.sha256, DocumentRow.state != DocumentState.REJECTED,
            )  # fmt: skip
            if (there := tx.session.execute(same.limit(1)).scalar_one_or_none()) is not None:
                raise Exists("DOCUMENT_EXISTS", document=f"documents/{there}")
            _check_room(tx.session, step, document.key)
            row = self._row(tx, call, step, arrived)
            if (promise := _promise(tx, step, document.key, PromiseState.OPEN)) is not None:
                promise.state, promise.update_time = PromiseState.KEPT, tx.now
            desk = self._editions.desk(tx.session, call, file, tx.now, tx.now)
            self._settle(
                tx, desk, step, "document.received", document.key, name=f"documents/{row.id}", kept=promise is not None
            )
            return pb.UploadDocumentResponse(document=messages.document(call, step, row, desk.kind(step)))

        return self._database.write(call, header, work, key=f"cases/{arrived.step[0]}")

    def _row(self, tx: Tx, call: Call, step: StepFile, arrived: Arrived) -> DocumentRow:
        number = new_id()
        sealed = self._database.vault.seal(arrived.file_name, f"documents/{number}", "file_name")
        row = DocumentRow(
            id=number,
            step_id=step.id,
            key=arrived.key,
            state=DocumentState.RECEIVED,
            file_type=arrived.file_type,
            size=arrived.size,
            sha256=arrived.sha256,
            blob=self._blobs.name(arrived.sha256),
            file_name_sealed=sealed,
            uploader=call.caller.subject,
            reviewer="",
            reason="",
            create_time=tx.now,
        )
        tx.session.add(row)
        tx.session.flush()
        return row

    def _decide(self, call: Call, request: Any, reading: Reading, verb: str, reason: str = "") -> pb.Document:
        reading.name("name", request.name, "documents")
        reading.request_id(request.request_id)
        reading.done()
        allowed, state = DOCUMENT_VERBS[verb]

        def work(tx: Tx) -> pb.Document:
            file, step, row = _found(tx.session, request.name, lock=True)
            call.require(scope_of_step(file, step), request.name)
            check_etag(request.etag, request.name, row.version)
            _require_open(file, step)
            if row.state not in allowed:
                raise Refused("DOCUMENT_STATE", document=request.name, state=row.state, allowed=", ".join(allowed))
            row.state, row.reason, row.reviewer, row.decide_time = state, reason, call.caller.subject, tx.now
            tx.session.flush()
            if state is DocumentState.REJECTED:
                _reopen(tx, step, row.key)
            desk = self._editions.desk(tx.session, call, file, tx.now, tx.now)
            self._settle(tx, desk, step, f"document.{state.lower()}", row.key, name=request.name, reason=reason)
            return messages.document(call, step, row, desk.kind(step))

        return self._database.write(call, request, work, key=request.name)

    def _say(
        self, call: Call, request: Any, reading: Reading,
        change: Callable[[Tx, Desk, StepFile, catalogue.Document], None],
    ) -> pb.Requirement:  # fmt: skip
        """Something that is said of a document of a step, instead of bringing it."""
        asked = read_step(reading, "step", request.step)
        key = reading.text("document", request.document, 1, 32)
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.Requirement:
            file = casefiles.read(tx.connection, [asked[0]], lock=True).get(asked[0])
            step, document = self._wanted(tx.session, call, file, asked, key, "document")
            assert file is not None
            desk = self._editions.desk(tx.session, call, file, tx.now, tx.now)
            change(tx, desk, step, document)
            held = _held(tx, step, document.key)
            return messages.requirement(call, step, document, held, day_of(tx.now))

        return self._database.write(call, request, work, key=f"cases/{asked[0]}")

    def _wanted(
        self, session: Session, call: Call, file: CaseFile | None, asked: StepName, key: str, field: str
    ) -> tuple[StepFile, catalogue.Document]:
        """The step, if the caller may work on it, and the document of it with this key."""
        step = file.step(*asked[1:]) if file else None
        if file is None or step is None:
            raise NotFound("cases/{}/matters/{}/steps/{}".format(*asked))
        call.require(scope_of_step(file, step), step.name)
        documents = self._editions.kind(session, file, step).documents
        found = next((each for each in documents if each.key == key), None)
        if found is None:
            allowed = ", ".join(each.key for each in documents) or "-"
            raise Invalid(Violation(field, "FIELD_CHOICE", {"allowed": allowed}))
        _require_open(file, step)
        return step, found

    def _settle(
        self, tx: Tx, desk: Desk, step: StepFile, event: str, key: str, *, reason: str = "", **told: Any
    ) -> None:
        """Works out what the step still owes, and notes what was done."""
        tx.session.flush()
        dues = [held.due for held in papers.read(tx.connection, [step.id]).get(step.id, {}).values() if held.due]
        owed = min(dues, default=None)
        if owed != step.owed:
            desk.file.touch(step, tx.now, owed=owed)
            step.alarm = clocks.alarm(desk.file, step)
        desk.record(tx, event, reason=reason, matter=step.matter, step=step.key, document=key, **told)
        casefiles.write(tx, [desk.file])

    def _report(self, tx: Tx, call: Call, name: str) -> None:
        """Notes a file that is not what was stored."""
        file, step, row = _found(tx.session, name, lock=True)
        desk = self._editions.desk(tx.session, call, file, tx.now, tx.now)
        desk.record(tx, "document.damaged", matter=step.matter, step=step.key, document=row.key, name=name)
        casefiles.write(tx, [file])


def _found(session: Session, name: str, *, lock: bool = False) -> tuple[CaseFile, StepFile, DocumentRow]:
    """A document, with its step and its case. Raises NotFound."""
    number = name.partition("/")[2]
    wanted = (
        select(StepRow.case_id).join(DocumentRow, DocumentRow.step_id == StepRow.id).where(DocumentRow.id == number)
    )
    case_id = session.execute(wanted).scalar_one_or_none()
    if case_id is None:
        raise NotFound(name)
    file = casefiles.read(session.connection(), [case_id], lock=lock)[case_id]
    row = session.get_one(DocumentRow, number, populate_existing=True)
    step = next((each for each in file.steps if each.id == row.step_id), None)
    if step is None:
        raise Conflict  # its matter was moved to another case in between
    return file, step, row


def _require_open(file: CaseFile, step: StepFile) -> None:
    """Raises Refused unless something may still be brought for a step."""
    if not file.open:
        raise Refused("CASE_STATE", case_name=file.name, state=file.state, allowed=CaseState.OPEN)
    matter = file.matter(step.matter)
    assert matter is not None
    if matter.state not in _WORKED_ON:
        raise Refused("MATTER_STATE", matter=matter.name, state=matter.state, allowed=", ".join(_WORKED_ON))
    if step.state == StepState.SKIPPED:
        allowed = ", ".join(each for each in StepState if each is not StepState.SKIPPED)
        raise Refused("STEP_STATE", step=step.name, state=step.state, allowed=allowed)


def _check_room(session: Session, step: StepFile, key: str) -> None:
    wanted = select(func.count()).where(DocumentRow.step_id == step.id, DocumentRow.key == key)
    if session.execute(wanted).scalar_one() >= MOST_FILES:
        raise TooMuch("DOCUMENT_TOO_MANY", most=MOST_FILES)


def _held(tx: Tx, step: StepFile, key: str) -> rules.Held:
    tx.session.flush()
    return papers.read(tx.connection, [step.id]).get(step.id, {}).get(key, NOTHING)


def _promise(tx: Tx, step: StepFile, key: str, state: PromiseState) -> DocumentPromiseRow | None:
    """The newest promise of a document in a state."""
    row = DocumentPromiseRow
    wanted = select(row).where(row.step_id == step.id, row.key == key, row.state == state)
    return tx.session.scalars(wanted.order_by(row.id.desc()).limit(1)).one_or_none()


def _said(
    tx: Tx, call: Call, step: StepFile, document: catalogue.Document, state: PromiseState, reason: str
) -> DocumentPromiseRow:
    row = DocumentPromiseRow(
        id=new_id(), step_id=step.id, key=document.key, state=state, reason=reason, evidence="",
        actor=call.caller.subject, create_time=tx.now, update_time=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    return row


def _reopen(tx: Tx, step: StepFile, key: str) -> None:
    """What was promised and brought, and will not do, is promised again for the same day."""
    if _held(tx, step, key).states <= {DocumentState.REJECTED} and (kept := _promise(tx, step, key, PromiseState.KEPT)):
        kept.state, kept.update_time = PromiseState.OPEN, tx.now
