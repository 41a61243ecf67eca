"""Handlers of notes and calls."""

from __future__ import annotations

import grpc
from liancai.talent.v1 import notes_pb2 as pb
from liancai.talent.v1 import notes_pb2_grpc
from sqlalchemy import select

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.ids import new_id
from services.platform.pages import Pages
from services.platform.requests import Reading, stamp
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.talent.feedback.remarking import check_matter, locked, require, tell
from services.talent.queries import read_case
from services.talent.tables import NoteRow

LONGEST = 2000  # characters of a text


class Notes(notes_pb2_grpc.NotesServicer):
    """For the sides that were let in."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def AddNote(self, request: pb.AddNoteRequest, context: grpc.ServicerContext) -> pb.Note:
        """A note or a call."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        number = read_case(reading, "case_name", request.case_name)
        matter = reading.text("matter", request.matter, 0, 40)
        kinds = reading.choices("kind", [request.kind], pb.Note.Kind)
        text = reading.text("text", request.text, 1, LONGEST)
        occurred, late_reason = reading.occurred(call, request, self._database.clock())
        reading.done()

        def work(tx: Tx) -> pb.Note:
            file = locked(tx, call, number)
            check_matter(file, matter)
            note_id = new_id()
            row = NoteRow(
                id=note_id,
                case_id=number,
                matter=matter,
                kind=kinds[0],
                text_sealed=self._database.vault.seal(text, f"notes/{note_id}", "text"),
                actor=call.caller.subject,
                unit=call.caller.unit,
                occur_time=occurred,
                record_time=tx.now,
            )
            tx.session.add(row)
            told = {"note": f"notes/{note_id}", "kind": kinds[0], "matter": matter}
            tell(tx, call, file, "note.added", occurred=occurred, late_reason=late_reason, **told)
            return _note(self._database.vault, row)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def ListNotes(self, request: pb.ListNotesRequest, context: grpc.ServicerContext) -> pb.ListNotesResponse:
        """Of a case, newest first."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        number = read_case(reading, "case_name", request.case_name)
        reading.done()
        wanted = select(NoteRow).where(NoteRow.case_id == number).order_by(NoteRow.id.desc())
        if page.after:
            wanted = wanted.where(NoteRow.id < page.after[0])
        with self._database.reading() as session:
            require(session, call, number)
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListNotesResponse(
            notes=[_note(self._database.vault, row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )


def _note(vault: Vault, row: NoteRow) -> pb.Note:
    return pb.Note(
        name=f"notes/{row.id}",
        case_name=f"cases/{row.case_id}",
        matter=row.matter,
        kind=pb.Note.Kind.Value(row.kind),
        text=vault.unseal(row.text_sealed, f"notes/{row.id}", "text"),
        actor=row.actor,
        unit=row.unit,
        occur_time=stamp(row.occur_time),
        record_time=stamp(row.record_time),
    )
