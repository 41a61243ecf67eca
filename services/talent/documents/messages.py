"""Documents to messages."""

from __future__ import annotations

from datetime import date

from liancai.talent.v1 import documents_pb2 as pb

from services.platform.boundary import Call
from services.platform.requests import etag_of, stamp
from services.talent.casefiles import StepFile
from services.talent.rules import catalogue
from services.talent.rules.papers import Held, standing
from services.talent.tables import DocumentRow


def document(call: Call, step: StepFile, row: DocumentRow, kind: catalogue.Step) -> pb.Document:
    """A document as its readers see it: without its file's name, which may hold a person's."""
    known = next(each for each in kind.documents if each.key == row.key)
    return pb.Document(
        name=f"documents/{row.id}",
        step=step.name,
        document=row.key,
        title=getattr(known.title, call.language),
        state=pb.Document.State.Value(row.state),
        file_type=pb.Document.FileType.Value(row.file_type),
        size=row.size,
        sha256=row.sha256.hex(),
        uploader=row.uploader,
        reviewer=row.reviewer,
        reason=row.reason,
        create_time=stamp(row.create_time),
        decide_time=stamp(row.decide_time),
        etag=etag_of(row.version),
    )


def requirement(call: Call, step: StepFile, known: catalogue.Document, held: Held, today: date) -> pb.Requirement:
    """How it stands with a document that a step wants."""
    return pb.Requirement(
        step=step.name,
        document=known.key,
        title=getattr(known.title, call.language),
        rank=pb.Requirement.Rank.Value(known.rank),
        needed=pb.Requirement.Needed.Value(known.needed),
        standing=pb.Requirement.Standing.Value(standing(held, today)),
        deferrable=known.may_wait,
        circumstance=getattr(known.when, call.language) if known.when else "",
        due_date=held.due.isoformat() if held.due else "",
        source=known.source,
    )
