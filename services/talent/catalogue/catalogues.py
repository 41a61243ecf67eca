"""Handlers of the catalogue of matters (事项目录)."""

from __future__ import annotations

from datetime import date, timedelta

import grpc
from liancai.common.v1 import types_pb2
from liancai.talent.v1 import catalogue_pb2 as pb
from liancai.talent.v1 import catalogue_pb2_grpc
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused, Violation
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.yamlfile import FileFaults
from services.talent.casework import messages
from services.talent.casework.editions import Editions
from services.talent.catalogue.rehearsing import rehearse
from services.talent.queries import next_number
from services.talent.rules.catalogue import Catalogue
from services.talent.rules.catalogue_file import load
from services.talent.rules.diff import diff
from services.talent.rules.lint import Finding, Level, lint, publishable
from services.talent.rules.states import CATALOGUE_VERBS, CatalogueState
from services.talent.tables import CatalogueRow

LARGEST = 1024 * 1024  # characters of a document
CURRENT = "catalogues/current"
MOST_FAULTS = 100
ONE_DAY = timedelta(days=1)
LEVELS = {Level.ERROR: types_pb2.Finding.ERROR, Level.WARNING: types_pb2.Finding.WARNING}


class Catalogues(catalogue_pb2_grpc.CataloguesServicer):
    """What is published never changes; who publishes holds the last version before it."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions

    def CreateCatalogue(self, request: pb.CreateCatalogueRequest, context: grpc.ServicerContext) -> pb.Catalogue:
        """A draft."""
        call, reading = Call.of(context), Reading()
        reading.request_id(request.request_id)
        source = reading.text("source", request.source, 1, 200)
        edition = read_document(reading, "content", request.content)
        reading.done()
        assert edition is not None

        def work(tx: Tx) -> pb.Catalogue:
            row = CatalogueRow(
                id=next_number(tx, f"catalogues/{day_of(tx.now):%Y%m}"),
                state=CatalogueState.DRAFT,
                content=request.content,
                fingerprint=edition.fingerprint,
                source=source,
                create_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            detail = {"fingerprint": row.fingerprint, "matters": len(edition.matters)}
            tx.record(call, f"catalogues/{row.id}", event="catalogue.created", detail=detail)
            return _whole(call, row, edition)

        return self._database.write(call, request, work, key="catalogues")

    def GetCatalogue(self, request: pb.GetCatalogueRequest, context: grpc.ServicerContext) -> pb.Catalogue:
        """One version with its content."""
        call, reading = Call.of(context), Reading()
        _read_name(reading, "name", request.name)
        reading.done()
        with self._database.reading() as session:
            row = self._row(session, request.name)
            return _whole(call, row, self._editions.of(session, row.id))

    def ListCatalogues(
        self, request: pb.ListCataloguesRequest, context: grpc.ServicerContext
    ) -> pb.ListCataloguesResponse:
        """A page of versions, newest first."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        wanted = select(CatalogueRow).order_by(CatalogueRow.id.desc())
        if states := reading.choices("states", request.states, pb.Catalogue.State):
            wanted = wanted.where(CatalogueRow.state.in_(states))
        reading.done()
        if page.after is not None:
            wanted = wanted.where(CatalogueRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            found = [messages.edition_head(call, row, self._editions.of(session, row.id)) for row in rows[: page.size]]
        return pb.ListCataloguesResponse(
            catalogues=found,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def LintCatalogue(
        self, request: pb.LintCatalogueRequest, context: grpc.ServicerContext
    ) -> pb.LintCatalogueResponse:
        """What keeps a version from being published, and what is still unknown."""
        call = Call.of(context)
        with self._database.reading() as session:
            edition = self._either(session, request.name, request.content)
        found = lint(edition)
        return pb.LintCatalogueResponse(
            findings=[_finding(call, each) for each in sorted(found, key=lambda each: each.level)],
            matters=len(edition.matters),
            steps=sum(len(matter.steps) for matter in edition.matters),
            publishable=publishable(found),
        )

    def DiffCatalogues(
        self, request: pb.DiffCataloguesRequest, context: grpc.ServicerContext
    ) -> pb.DiffCataloguesResponse:
        """How one version differs from another."""
        reading = Reading()
        _read_name(reading, "base", request.base)
        reading.done()
        kind = pb.DiffCataloguesResponse.Change.Kind
        with self._database.reading() as session:
            base = self._editions.of(session, self._row(session, request.base).id)
            other = self._either(session, request.name, request.content)
        return pb.DiffCataloguesResponse(
            changes=[
                pb.DiffCataloguesResponse.Change(
                    kind=kind.Value(each.what), path=each.path, before=each.before, after=each.after
                )
                for each in diff(base, other)
            ]
        )

    def SimulateCatalogue(
        self, request: pb.SimulateCatalogueRequest, context: grpc.ServicerContext
    ) -> pb.SimulateCatalogueResponse:
        """A plan by a version, and what it would have made of cases that were opened."""
        with self._database.reading() as session:
            edition = self._either(session, request.name, request.content)
            return rehearse(session, self._editions, edition, Call.of(context), request, day_of(self._database.clock()))

    def PublishCatalogue(self, request: pb.PublishCatalogueRequest, context: grpc.ServicerContext) -> pb.Catalogue:
        """Draft -> published; the version before it ends the day before."""
        call, reading = Call.of(context), Reading()
        reading.name("name", request.name, "catalogues")
        reading.request_id(request.request_id)
        reason = reading.text("reason", request.reason, 1, 500)
        first = reading.day("valid_from", request.valid_from)
        if not reading.violations and first < day_of(self._database.clock()):
            reading.wrong("valid_from", "FIELD_PAST")
        reading.done()

        def work(tx: Tx) -> pb.Catalogue:
            row = tx.session.get(CatalogueRow, request.name.partition("/")[2], with_for_update=True)
            if row is None:
                raise NotFound(request.name)
            check_etag(request.etag, request.name, row.version)
            allowed, target = CATALOGUE_VERBS["publish"]
            if row.state not in allowed:
                raise Refused("CATALOGUE_STATE", catalogue=request.name, state=row.state, allowed=", ".join(allowed))
            edition = self._editions.of(tx.session, row.id)
            require_publishable(call, request.name, edition)
            row.replaces = _supersede(tx, request.name, first)
            row.state, row.valid_from, row.publish_time = target, first, tx.now
            tx.session.flush()
            detail = {"valid_from": request.valid_from, "fingerprint": row.fingerprint, "replaces": row.replaces}
            tx.record(call, request.name, event="catalogue.published", reason=reason, detail=detail)
            return _whole(call, row, edition)

        return self._database.write(call, request, work, key="catalogues")

    def _row(self, session: Session, name: str) -> CatalogueRow:
        """The version of this name; `catalogues/current` is the one in force today."""
        number = name.partition("/")[2]
        if name == CURRENT:
            number = self._editions.in_force(session, day_of(self._database.clock()))
        row = session.get(CatalogueRow, number)
        if row is None:
            raise NotFound(name)
        return row

    def _either(self, session: Session, name: str, content: str) -> Catalogue:
        """A version that is stored, or a document that is given; one of the two."""
        reading = Reading()
        if bool(name) == bool(content):
            reading.wrong("name", "FIELD_EITHER", other="content")
        edition = None
        if name:
            _read_name(reading, "name", name)
        elif content:
            edition = read_document(reading, "content", content)
        reading.done()
        return edition or self._editions.of(session, self._row(session, name).id)


def read_document(reading: Reading, field: str, content: str) -> Catalogue | None:
    """A document as the rules read it; None, with every fault noted where it stands."""
    if not 1 <= len(content) <= LARGEST:
        reading.wrong(field, "FIELD_LENGTH", shortest=1, longest=LARGEST)
        return None
    try:
        return load((field, content))
    except FileFaults as faults:
        for fault in faults.faults[:MOST_FAULTS]:
            place = f"{fault.line}:{fault.column}"
            reading.violations.append(Violation(f"{field}:{place}", "FIELD_CATALOGUE", {"fault": fault.message}))
        return None


def require_publishable(call: Call, name: str, edition: Catalogue) -> None:
    """Raises Refused CATALOGUE_FAULTY while the linter finds an error."""
    errors = [each for each in lint(edition) if each.level is Level.ERROR]
    if errors:
        said = [_finding(call, each) for each in errors]
        first = f"{errors[0].code} {errors[0].about}".strip()
        raise Refused("CATALOGUE_FAULTY", details=said, catalogue=name, errors=len(errors), first=first)


def _supersede(tx: Tx, name: str, first: date) -> str:
    """Ends the last published version the day before; its number, "" if there is none. Raises CATALOGUE_OVERLAP."""
    wanted = select(CatalogueRow).where(CatalogueRow.valid_from.is_not(None), CatalogueRow.valid_to.is_(None))
    last = tx.session.scalars(wanted.with_for_update()).one_or_none()
    if last is None:
        return ""
    assert last.valid_from is not None
    if first <= last.valid_from:
        earliest = (last.valid_from + ONE_DAY).isoformat()
        raise Refused("CATALOGUE_OVERLAP", catalogue=name, other=f"catalogues/{last.id}", earliest=earliest)
    last.valid_to, last.state = first - ONE_DAY, CATALOGUE_VERBS["retire"][1]
    return last.id


def _whole(call: Call, row: CatalogueRow, edition: Catalogue) -> pb.Catalogue:
    found = messages.edition_head(call, row, edition)
    found.content = row.content
    found.matters.extend(messages.matter_type(call, matter) for matter in edition.matters)
    return found


def _finding(call: Call, found: Finding) -> types_pb2.Finding:
    return types_pb2.Finding(
        level=LEVELS[found.level],
        code=found.code,
        field=found.about,
        message=call.say(found.code, {**found.values, "about": found.about}),
        others=[found.place] if found.place else [],
    )


def _read_name(reading: Reading, field: str, name: str) -> None:
    if name != CURRENT:
        reading.name(field, name, "catalogues")
