"""Handlers of the register of training institutions (培训机构) and their teachers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from liancai.training.v1 import institutions_pb2 as pb
from liancai.training.v1 import institutions_pb2_grpc
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.fields import read_credit_code, read_division, read_scope
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Exists, NotFound, Refused
from services.platform.ids import new_id
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference import occupations, resident_id, writing
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.rules import roster
from services.training.rules.states import INSTITUTION_VERBS, InstitutionState
from services.training.seats.promotion import promote
from services.training.tables import ClassRow, InstitutionRow, TeacherRow

MOST_OCCUPATIONS = 500
EDITABLE = {"institution_name", "division", "licence_number", "catalogue_number", "occupation_codes"}
EVENTS = {"suspend": "suspended", "reinstate": "reinstated"}


class Institutions(institutions_pb2_grpc.InstitutionsServicer):
    """The register is public to everybody who uses the system; the bureau of the institution's division keeps it."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def RegisterInstitution(
        self, request: pb.RegisterInstitutionRequest, context: grpc.ServicerContext
    ) -> pb.Institution:
        """Puts an institution on the register, active."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        code = read_credit_code(reading, "institution.credit_code", request.institution.credit_code)
        values = _read(reading, request.institution)
        reading.done()
        if not call.may(call.action, Scope((values["division"],), (code,))):
            raise Denied(call.action)

        def work(tx: Tx) -> pb.Institution:
            name = f"institutions/{code}"
            if tx.session.get(InstitutionRow, code) is not None:
                raise Exists("INSTITUTION_EXISTS", institution=name)
            row = InstitutionRow(
                id=code, state=InstitutionState.ACTIVE, create_time=tx.now, update_time=tx.now, **values
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(call, name, event="institution.registered", detail={"division": row.division})
            return _institution(row)

        return self._database.write(call, request, work, key=f"institutions/{code}")

    def GetInstitution(self, request: pb.GetInstitutionRequest, context: grpc.ServicerContext) -> pb.Institution:
        """One institution."""
        name = _name("name", request.name)
        with self._database.reading() as session:
            return _institution(_visible(session, Call.of(context), name))

    def ListInstitutions(
        self, request: pb.ListInstitutionsRequest, context: grpc.ServicerContext
    ) -> pb.ListInstitutionsResponse:
        """A page of the register, in order of credit code."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = select(InstitutionRow).order_by(InstitutionRow.id)
        reading = Reading()
        if states_asked := reading.choices("filter.states", request.filter.states, pb.Institution.State):
            wanted = wanted.where(InstitutionRow.state.in_(states_asked))
        if request.filter.division:
            covered = read_scope(reading, "filter.division", request.filter.division)
            wanted = wanted.where(InstitutionRow.division.between(*covered))
        reading.done()
        if page.after is not None:
            wanted = wanted.where(InstitutionRow.id > page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListInstitutionsResponse(
            institutions=[_institution(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateInstitution(self, request: pb.UpdateInstitutionRequest, context: grpc.ServicerContext) -> pb.Institution:
        """New values for the fields that the mask names."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("institution.name", request.institution.name, "institutions")
        reading.mask(request.update_mask.paths, EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.Institution:
            row = _for_change(tx, call, name, request.institution.etag)
            wished = _institution(row)
            request.update_mask.MergeMessage(request.institution, wished, replace_repeated_field=True)
            checked = Reading()
            values = _read(checked, wished)
            checked.done()
            if not call.may(call.action, Scope((values["division"],), (row.id,))):
                raise Denied(call.action)
            for column, value in {**values, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            fields = sorted(request.update_mask.paths)
            tx.record(call, name, event="institution.updated", detail={"fields": fields})
            return _institution(row)

        return self._database.write(call, request, work, key=name)

    def SuspendInstitution(
        self, request: pb.SuspendInstitutionRequest, context: grpc.ServicerContext
    ) -> pb.Institution:
        """Active -> suspended, with all its classes."""
        return self._turn(Call.of(context), request, "suspend")

    def ReinstateInstitution(
        self, request: pb.ReinstateInstitutionRequest, context: grpc.ServicerContext
    ) -> pb.Institution:
        """Suspended -> active; free seats of its open classes go to those who wait."""
        return self._turn(Call.of(context), request, "reinstate")

    def AddTeacher(self, request: pb.AddTeacherRequest, context: grpc.ServicerContext) -> pb.Teacher:
        """A teacher, sealed."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("institution", request.institution, "institutions")
        full_name = roster.normalise_name(request.full_name)
        if not roster.NAME.fullmatch(full_name):
            reading.wrong("full_name", "TR-NAME-CHARACTERS" if full_name else "TR-NAME-MISSING")
        number = ""
        try:
            number = resident_id.parse(request.resident_id, day_of(self._database.clock())).number
        except resident_id.ResidentIdFault as fault:
            reading.wrong("resident_id", roster.code_of(fault))
        qualification = reading.text("qualification", request.qualification, 0, 100)
        certificate = reading.text("certificate_number", request.certificate_number, 0, 64)
        reading.done()
        vault = self._database.vault

        def work(tx: Tx) -> pb.Teacher:
            institution = _visible(tx.session, call, name)
            index = vault.index("resident_id", number)
            known = tx.session.scalar(
                select(TeacherRow.id).where(
                    TeacherRow.institution_id == institution.id, TeacherRow.resident_id_index == index
                )
            )
            if known is not None:
                raise Exists("TEACHER_EXISTS", teacher=f"teachers/{known}")
            row = TeacherRow(
                id=(teacher_id := new_id()),
                institution_id=institution.id,
                resident_id_index=index,
                resident_id_sealed=vault.seal(number, f"teachers/{teacher_id}", "resident_id"),
                full_name=full_name,
                qualification=qualification,
                certificate_number=certificate,
                create_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(call, f"teachers/{row.id}", event="teacher.added", detail={"institution": name})
            return _teacher(row, number)

        return self._database.write(call, request, work, key=name)

    def ListTeachers(self, request: pb.ListTeachersRequest, context: grpc.ServicerContext) -> pb.ListTeachersResponse:
        """A page of the teachers of an institution, masked, in order of name."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        name = _name("institution", request.institution)
        wanted = select(TeacherRow).where(TeacherRow.institution_id == name.partition("/")[2]).order_by(TeacherRow.id)
        if page.after is not None:
            wanted = wanted.where(TeacherRow.id > page.after[0])
        with self._database.reading() as session:
            _visible(session, call, name)
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        vault = self._database.vault
        return pb.ListTeachersResponse(
            teachers=[
                _teacher(row, vault.unseal(row.resident_id_sealed, f"teachers/{row.id}", "resident_id"))
                for row in rows[: page.size]
            ],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def _turn(
        self, call: Call, request: pb.SuspendInstitutionRequest | pb.ReinstateInstitutionRequest, verb: str
    ) -> pb.Institution:
        """Suspending and reinstating: an institution and all its classes in one transaction."""
        reading = Reading()
        name = reading.name("name", request.name, "institutions")
        reading.request_id(request.request_id)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.done()
        allowed, target = INSTITUTION_VERBS[verb]

        def work(tx: Tx) -> pb.Institution:
            _visible(tx.session, call, name)
            _classes(tx, name)  # classes are locked before institutions
            row = _for_change(tx, call, name, request.etag)
            if row.state not in allowed:
                raise Refused("INSTITUTION_STATE", institution=name, state=row.state, allowed=", ".join(allowed))
            row.state, row.reason, row.update_time = target, reason, tx.now
            classes = _classes(tx, name)  # with those that were made while we waited for the institution
            for each in classes:
                each.suspended, each.update_time = target == InstitutionState.SUSPENDED, tx.now
            tx.session.flush()
            detail = {"state": target, "classes": len(classes)}
            tx.record(call, name, event=f"institution.{EVENTS[verb]}", reason=reason, detail=detail)
            if target == InstitutionState.ACTIVE:
                for each in classes:
                    promote(tx, call, self._pack, each.id, reason=reason)
            return _institution(row)

        return self._database.write(call, request, work, key=name)


def _classes(tx: Tx, institution: str) -> Sequence[ClassRow]:
    """Every class of an institution, locked in order of number."""
    return tx.session.scalars(
        select(ClassRow)
        .where(ClassRow.institution_credit_code == institution.partition("/")[2])
        .order_by(ClassRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _visible(session: Session, call: Call, name: str, *, lock: bool = False) -> InstitutionRow:
    """The institution with this resource name, locked if it will be changed. NotFound, or Denied, as policy says."""
    row = session.get(InstitutionRow, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    call.require(Scope((row.division,), (row.id,)), name)
    return row


def _for_change(tx: Tx, call: Call, name: str, etag: str) -> InstitutionRow:
    row = _visible(tx.session, call, name, lock=True)
    check_etag(etag, name, row.version)
    return row


def _read(reading: Reading, asked: pb.Institution) -> dict[str, Any]:
    """The values of an institution's row but its credit code, each checked."""
    field = "institution"
    if len(asked.occupation_codes) > MOST_OCCUPATIONS:
        reading.wrong(f"{field}.occupation_codes", "FIELD_TOO_MANY", most=MOST_OCCUPATIONS)
    for index, code in enumerate(asked.occupation_codes[:MOST_OCCUPATIONS]):
        if not occupations.is_trainable(code):
            reading.wrong(f"{field}.occupation_codes[{index}]", "FIELD_OCCUPATION")
    return {
        "institution_name": reading.text(f"{field}.institution_name", asked.institution_name, 2, 100),
        "division": read_division(reading, f"{field}.division", asked.division, required=True),
        "licence_number": reading.text(f"{field}.licence_number", asked.licence_number, 0, 64),
        "catalogue_number": reading.text(f"{field}.catalogue_number", asked.catalogue_number, 0, 64),
        "occupation_codes": sorted(set(asked.occupation_codes)),
    }


def _name(field: str, name: str) -> str:
    reading = Reading()
    reading.name(field, name, "institutions")
    reading.done()
    return name


def _institution(row: InstitutionRow) -> pb.Institution:
    """An institution as its readers see it."""
    return pb.Institution(
        name=f"institutions/{row.id}",
        state=pb.Institution.State.Value(row.state),
        credit_code=row.id,
        institution_name=row.institution_name,
        division=row.division,
        licence_number=row.licence_number,
        catalogue_number=row.catalogue_number,
        occupation_codes=row.occupation_codes,
        reason=row.reason,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def _teacher(row: TeacherRow, number: str) -> pb.Teacher:
    """A teacher, masked."""
    return pb.Teacher(
        name=f"teachers/{row.id}",
        institution=f"institutions/{row.institution_id}",
        masked_name=writing.mask_name(row.full_name),
        masked_resident_id=resident_id.mask(number),
        qualification=row.qualification,
        certificate_number=row.certificate_number,
    )
