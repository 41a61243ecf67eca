"""What tests of the talent service do all the time: open cases and bring them along."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.talent.v1 import (
    audit_pb2_grpc,
    bulk_pb2_grpc,
    cases_pb2,
    cases_pb2_grpc,
    catalogue_pb2_grpc,
    children_pb2_grpc,
    complaints_pb2_grpc,
    desks_pb2,
    desks_pb2_grpc,
    documents_pb2,
    documents_pb2_grpc,
    events_pb2_grpc,
    handovers_pb2,
    handovers_pb2_grpc,
    logs_pb2_grpc,
    matters_pb2,
    notes_pb2_grpc,
    ratings_pb2,
    ratings_pb2_grpc,
    recalculation_pb2_grpc,
    statistics_pb2_grpc,
    steps_pb2,
    steps_pb2_grpc,
    supervision_pb2_grpc,
    worklist_pb2_grpc,
)

from services.platform.blobs import CHUNK
from services.reference import credit_code
from services.talent import catalogue
from services.talent.rules.catalogue import Step
from tests.office import Signed, request_id, somebody

EMPLOYER = credit_code.make("91", "371526", "MA3C0001")
WANT_DOCUMENTS = ("AcceptStep", "StartStep", "CompleteStep")
shipped = cache(catalogue.shipped)
JINAN, GAOTANG = "370103", "371526"
CHILD, SPOUSE = cases_pb2.FamilyMember.CHILD, cases_pb2.FamilyMember.SPOUSE


class Desk:
    """Stubs of the talent service under one token."""

    def __init__(self, channel: grpc.Channel, token: str, language: str = "zh-CN") -> None:
        metadata = [("accept-language", language)]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        self.catalogues: Any = Signed(catalogue_pb2_grpc.CataloguesStub(channel), metadata)
        self.cases: Any = Signed(cases_pb2_grpc.CasesStub(channel), metadata)
        self.steps: Any = Signed(steps_pb2_grpc.StepsStub(channel), metadata)
        self.worklist: Any = Signed(worklist_pb2_grpc.WorklistStub(channel), metadata)
        self.desks: Any = Signed(desks_pb2_grpc.DesksStub(channel), metadata)
        self.bulk: Any = Signed(bulk_pb2_grpc.BulkStub(channel), metadata)
        self.jobs: Any = Signed(bulk_pb2_grpc.JobsStub(channel), metadata)
        self.notes: Any = Signed(notes_pb2_grpc.NotesStub(channel), metadata)
        self.ratings: Any = Signed(ratings_pb2_grpc.RatingsStub(channel), metadata)
        self.complaints: Any = Signed(complaints_pb2_grpc.ComplaintsStub(channel), metadata)
        self.recalculations: Any = Signed(recalculation_pb2_grpc.RecalculationsStub(channel), metadata)
        self.events: Any = Signed(events_pb2_grpc.CaseEventsStub(channel), metadata)
        self.handovers: Any = Signed(handovers_pb2_grpc.HandoversStub(channel), metadata)
        self.children: Any = Signed(children_pb2_grpc.ChildrenStub(channel), metadata)
        self.documents: Any = Signed(documents_pb2_grpc.DocumentsStub(channel), metadata)
        self.supervision: Any = Signed(supervision_pb2_grpc.SupervisionStub(channel), metadata)
        self.statistics: Any = Signed(statistics_pb2_grpc.StatisticsStub(channel), metadata)
        self.logs: Any = Signed(logs_pb2_grpc.CaseLogsStub(channel), metadata)
        self.trail: Any = Signed(audit_pb2_grpc.CaseTrailStub(channel), metadata)

    def open(self, *matters: str, **fields: Any) -> cases_pb2.Case:
        """A case with these matters, `school_new-1` for the first member of the family."""
        opened: cases_pb2.Case = self.cases.OpenCase(a_case(*matters, **fields))
        return opened

    def case(self, name: str) -> cases_pb2.Case:
        """A case as it is now."""
        found: cases_pb2.Case = self.cases.GetCase(cases_pb2.GetCaseRequest(name=name))
        return found

    def act(self, verb: str, name: str, **fields: Any) -> matters_pb2.Step:
        """One verb on a step: `ReceiveStep` ... `at` is when it happened. Its documents come first, if wanted."""
        if at := fields.pop("at", None):
            fields |= {"occur_time": stamp(at), "late_reason": "补录"}
        if fields.pop("documents", True) and verb in WANT_DOCUMENTS:
            self.bring(name)
        request = getattr(steps_pb2, f"{verb}Request")(name=name, request_id=request_id(), **fields)
        step: matters_pb2.Step = getattr(self.steps, verb)(request)
        return step

    def offer(self, case: str, **fields: Any) -> handovers_pb2.Handover:
        """Offers a case to the other side."""
        values = {"reason": "人才转出手续由转出地办理", "request_id": request_id(), **fields}
        made: handovers_pb2.Handover = self.handovers.OfferHandover(
            handovers_pb2.OfferHandoverRequest(name=case, **values)
        )
        return made

    def settle(self, verb: str, name: str, **fields: Any) -> handovers_pb2.Handover:
        """`Accept`, `Return` or `Recall` of a hand-over."""
        request = getattr(handovers_pb2, f"{verb}HandoverRequest")(name=name, request_id=request_id(), **fields)
        settled: handovers_pb2.Handover = getattr(self.handovers, f"{verb}Handover")(request)
        return settled

    def handover(self, name: str) -> handovers_pb2.Handover:
        """A hand-over as this desk sees it."""
        found: handovers_pb2.Handover = self.handovers.GetHandover(handovers_pb2.GetHandoverRequest(name=name))
        return found

    def bring(self, name: str) -> None:
        """Has every document of a step brought and accepted that is not there yet."""
        wanted = self.check(name).requirements
        if not wanted:
            return
        for each in wanted:
            if each.standing not in (documents_pb2.Requirement.RECEIVED, documents_pb2.Requirement.ACCEPTED):
                self.upload(name, each.document, a_paper())
        request = documents_pb2.ListDocumentsRequest(case_name=name.partition("/matters/")[0], page_size=1000)
        for document in self.documents.ListDocuments(request).documents:
            if document.step == name and document.state == documents_pb2.Document.RECEIVED:
                self.accept(document.name)

    def check(self, name: str) -> documents_pb2.CheckDocumentsResponse:
        """How it stands with the documents of a step."""
        found: documents_pb2.CheckDocumentsResponse = self.documents.CheckDocuments(
            documents_pb2.CheckDocumentsRequest(step=name)
        )
        return found

    def accept(self, name: str) -> documents_pb2.Document:
        """An officer has looked at a document."""
        request = documents_pb2.AcceptDocumentRequest(name=name, request_id=request_id())
        accepted: documents_pb2.Document = self.documents.AcceptDocument(request)
        return accepted

    def upload(self, step: str, document: str, content: bytes, **header: Any) -> documents_pb2.Document:
        """A file for a document of a step."""
        parts = upload_of(step, document, content, **header)
        *_, last = self.documents.UploadDocument(iter(parts))
        uploaded: documents_pb2.Document = last.document
        return uploaded

    def download(self, name: str) -> tuple[documents_pb2.DownloadDocumentResponse.Header, bytes]:
        """What was said of a file, and the file."""
        request = documents_pb2.DownloadDocumentRequest(name=name, purpose="核对材料", request_id=request_id())
        first, *rest = self.documents.DownloadDocument(request)
        return first.header, b"".join(part.chunk.data for part in rest)

    def finish(self, name: str, *, at: str = "", outcome: str = "") -> matters_pb2.Step:
        """Starts and completes a step, with whatever its result wants."""
        more: dict[str, Any] = {"at": at} if at else {}
        step = step_of(self.case(name.partition("/matters/")[0]), name)
        if step.state != matters_pb2.Step.RUNNING:
            step = self.act("StartStep", name, **more)
        chosen = outcome or (step.outcomes[0] if step.outcomes else "")
        return self.act("CompleteStep", name, outcome=chosen, result=self.result_of(name), **more)

    def ended(
        self, name: str, matter: str, state: matters_pb2.Matter.State.ValueType = matters_pb2.Matter.REFUSED
    ) -> str:
        """The resource name of a matter of a case, which is refused, or not required: it has ended."""
        found = f"{name}/matters/{matter}"
        asked = cases_pb2.CloseMatterRequest(
            name=found, state=state, reason="不符合条件", evidence="书面决定", remedy="可申请行政复议",
            request_id=request_id(),
        )  # fmt: skip
        self.cases.CloseMatter(asked)
        return found

    def rate(self, matter: str, level: ratings_pb2.Rating.Level.ValueType, **fields: Any) -> ratings_pb2.Rating:
        """What the applicant said on the phone."""
        asked = ratings_pb2.RecordRatingRequest(matter=matter, level=level, request_id=request_id(), **fields)
        rated: ratings_pb2.Rating = self.ratings.RecordRating(asked)
        return rated

    def officers(self, unit: str, **shares: int) -> None:
        """Officers of a unit with their shares; an underscore stands for a space."""
        for officer, share in shares.items():
            name = officer.replace("_", " ")
            asked = desks_pb2.SetOfficerRequest(unit=unit, officer=name, share=share, request_id=request_id())
            self.desks.SetOfficer(asked)

    def cover(
        self, unit: str, absent: str, deputy: str, start: str = "2026-11-20", end: str = "2026-11-30"
    ) -> desks_pb2.Cover:
        """Somebody stands in for somebody absent; both are officers of the unit."""
        self.officers(unit, **{absent: 10, deputy: 10})
        asked = desks_pb2.AddCoverRequest(
            unit=unit, absent=absent, deputy=deputy, start_date=start, end_date=end, reason="休假",
            request_id=request_id(),
        )  # fmt: skip
        made: desks_pb2.Cover = self.desks.AddCover(asked)
        return made

    def result_of(self, name: str) -> dict[str, str]:
        """A result that the catalogue takes, for a step."""
        values = {"TEXT": "样例", "DATE": "2026-11-20", "INTEGER": "3", "FLAG": "true"}
        return {each.key: values[each.type] for each in kind_of(name).result}


def kind_of(name: str) -> Step:
    """What the shipped catalogue says of a step."""
    return shipped().matter(name.split("/")[3].partition("-")[0]).step(name.split("/")[5])


def a_paper(size: int = 0) -> bytes:
    """A document that nobody has seen before, of so many bytes at least."""
    return f"%PDF-1.7\n% {uuid.uuid4()}\n".encode().ljust(size - 6, b"\n") + b"%%EOF\n"


def upload_of(step: str, document: str, content: bytes, **header: Any) -> list[documents_pb2.UploadDocumentRequest]:
    """The parts of a good upload; `header` changes its first one."""
    values = {
        "step": step, "document": document, "file_name": "样例.pdf", "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "request_id": request_id(),
    }  # fmt: skip
    part = documents_pb2.UploadDocumentRequest
    chunks = [content[place : place + CHUNK] for place in range(0, len(content), CHUNK)]
    return [
        part(header=part.Header(**{**values, **header})),
        *(part(chunk=part.Chunk(data=each)) for each in chunks),
        part(end=part.End()),
    ]


def a_case(*matters: str, **fields: Any) -> cases_pb2.OpenCaseRequest:
    """A good request for a case; `fields` change it."""
    person = somebody()
    chosen = [each.partition("-") for each in matters or ("pension",)]
    values: dict[str, Any] = {
        "origin": JINAN,
        "destination": GAOTANG,
        "talent": cases_pb2.Talent(full_name=person.full_name, resident_id=person.resident_id, phone=person.phone),
        "employer_credit_code": EMPLOYER,
        "employer_name": "高唐样例机械有限公司",
        "brought_by": "orders/20261100001",
        "matters": [cases_pb2.MatterChoice(type=kind, member=int(member or 0)) for kind, _, member in chosen],
        "request_id": request_id(),
    }
    if at := fields.pop("at", None):
        fields |= {"occur_time": stamp(at), "late_reason": "补录"}
    return cases_pb2.OpenCaseRequest(**{**values, **fields})


def step_of(case: cases_pb2.Case, name: str) -> matters_pb2.Step:
    """The step of this name."""
    return next(step for matter in case.matters for step in matter.steps if step.name == name)


def states_of(case: cases_pb2.Case, matter: str) -> dict[str, str]:
    """The states of a matter's steps by key."""
    found = next(each for each in case.matters if each.name.endswith(f"/{matter}"))
    return {step.name.rpartition("/")[2]: matters_pb2.Step.State.Name(step.state) for step in found.steps}


def stamp(at: str) -> Timestamp:
    """An instant from "2026-02-12", at noon in China, or from "2026-02-12T09:00:00+08:00"."""
    read = datetime.fromisoformat(at if len(at) > 10 else f"{at}T12:00:00+08:00")
    found = Timestamp()
    found.FromDatetime(read.astimezone(UTC))
    return found
