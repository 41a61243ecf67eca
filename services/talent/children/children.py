"""Handlers of children's data (未成年人信息)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
from liancai.talent.v1 import children_pb2 as pb
from liancai.talent.v1 import children_pb2_grpc
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Invalid, NotFound, Refused, Violation
from services.platform.ids import new_id
from services.platform.pages import Pages
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.divisions import covers, scope_range
from services.talent import casefiles
from services.talent.casefiles import CaseFile
from services.talent.casework.editions import Editions
from services.talent.children import records
from services.talent.children.records import Key, name_of
from services.talent.fields import plain
from services.talent.queries import read_case, read_child, scope_of_reader
from services.talent.rules import children as rules
from services.talent.rules.children import AccessState, Obstacle
from services.talent.tables import CaseRow, CertificateRow, ChildAccessRow, ChildRow, FamilyMemberRow

EDITABLE = ("grade", "school")
LONGEST_SCHOOL = 60
MOST_DELETED = 500
RETENTION = "个人信息保护法47(一)"


class Children(children_pb2_grpc.ChildrenServicer):
    """Nothing of a child leaves but through ViewChild."""

    def __init__(self, database: Database, pages: Pages, editions: Editions) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions

    def AddChild(self, request: pb.AddChildRequest, context: grpc.ServicerContext) -> pb.ChildRecord:
        """Grade and school."""
        call, reading = Call.of(context), Reading()
        number = read_case(reading, "case_name", request.case_name)
        values = _read_values(reading, "", request.grade, request.school)
        reading.number("member", request.member, 1, 99)
        reading.request_id(request.request_id)
        reading.done()
        key = (number, request.member)

        def work(tx: Tx) -> pb.ChildRecord:
            file = _case(tx, call, key)
            member = tx.session.get(FamilyMemberRow, key)
            if member is None or member.kind != "CHILD":
                raise Invalid(Violation("member", "FIELD_CHILD_MEMBER"))
            if tx.session.get(ChildRow, key) is not None:
                raise Exists("CHILD_EXISTS", child=name_of(key))
            row = ChildRow(
                case_id=number, member=request.member, certificate="", entries=0, head=rules.START,
                create_time=tx.now, update_time=tx.now, version=1, **records.seal(self._database.vault, key, values),
            )  # fmt: skip
            tx.session.add(row)
            tx.session.flush()
            return self._changed(tx, call, file, row, "added")

        return self._database.write(call, request, work, key=f"cases/{number}")

    def UpdateChild(self, request: pb.UpdateChildRequest, context: grpc.ServicerContext) -> pb.ChildRecord:
        """What the mask names."""
        call, reading, asked = Call.of(context), Reading(), request.child
        key = read_child(reading, "child.name", asked.name)
        paths = reading.mask(request.update_mask.paths, EDITABLE)
        values = _read_values(reading, "child.", asked.grade, asked.school, paths)
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.ChildRecord:
            file = _case(tx, call, key)
            row = _kept(tx, key)
            check_etag(asked.etag, name_of(key), row.version)
            for column, value in records.seal(self._database.vault, key, values).items():
                setattr(row, column, value)
            row.update_time, row.version = tx.now, row.version + 1
            return self._changed(tx, call, file, row, "updated")

        return self._database.write(call, request, work, key=f"cases/{key[0]}")

    def ListChildren(self, request: pb.ListChildrenRequest, context: grpc.ServicerContext) -> pb.ListChildrenResponse:
        """Of whom something is kept."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        number = read_case(reading, "case_name", request.case_name)
        reading.done()
        after = page.after[0] if page.after else 0
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [number]).get(number)
            if file is None:
                raise NotFound(request.case_name)
            call.require(scope_of_reader(file), file.name)
            wanted = select(ChildRow).where(ChildRow.case_id == number, ChildRow.member > after)
            rows = session.scalars(wanted.order_by(ChildRow.member).limit(page.size + 1)).all()
            found = [self._record(session, row) for row in rows[: page.size]]
        return pb.ListChildrenResponse(
            children=found,
            next_page_token=self._pages.next_token(call, request, page, rows, "member"),
        )

    def RequestChildAccess(
        self, request: pb.RequestChildAccessRequest, context: grpc.ServicerContext
    ) -> pb.ChildAccess:
        """For a purpose."""
        call, reading = Call.of(context), Reading()
        key = read_child(reading, "name", request.name)
        purpose = plain(reading, "purpose", reading.text("purpose", request.purpose, 4, 200))
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.ChildAccess:
            file, row = _case(tx, call, key), _kept(tx, key)
            made = ChildAccessRow(
                id=new_id(), case_id=key[0], member=key[1], state=AccessState.REQUESTED, purpose=purpose,
                requester=call.caller.subject, unit=call.caller.unit, approver="", reason="", request_time=tx.now,
            )  # fmt: skip
            tx.session.add(made)
            tx.session.flush()
            self._note(tx, call, file, row, "requested", made)
            return records.access(made)

        return self._database.write(call, request, work, key=f"cases/{key[0]}")

    def ApproveChildAccess(
        self, request: pb.ApproveChildAccessRequest, context: grpc.ServicerContext
    ) -> pb.ChildAccess:
        """By another officer, for some minutes."""
        call, reading = Call.of(context), Reading()
        reading.number("minutes", request.minutes, 0, 24 * 60)

        def decide(tx: Tx, file: CaseFile, row: ChildAccessRow) -> None:
            _require_access(row, AccessState.REQUESTED)
            if row.requester == call.caller.subject:
                raise Refused("CHILD_ACCESS_OWN", access=request.name)
            known = self._editions.pack.find("child.access", file.division, day_of(tx.now))
            most = known.integer() if known else None
            if most is None:
                raise Refused("CHILD_ACCESS_UNKNOWN", division=file.division)
            if request.minutes > most:
                raise Invalid(Violation("minutes", "FIELD_RANGE", {"least": "0", "most": str(most)}))
            row.state, row.approver = AccessState.APPROVED, call.caller.subject
            row.expire_time = tx.now + timedelta(minutes=request.minutes or most)

        return self._decide(call, request, reading, "approved", decide)

    def RefuseChildAccess(self, request: pb.RefuseChildAccessRequest, context: grpc.ServicerContext) -> pb.ChildAccess:
        """Or takes an approval back."""
        call, reading = Call.of(context), Reading()
        reason = plain(reading, "reason", reading.text("reason", request.reason, 1, 500))

        def decide(_: Tx, _file: CaseFile, row: ChildAccessRow) -> None:
            _require_access(row, AccessState.REQUESTED, AccessState.APPROVED)
            if row.requester == call.caller.subject:
                raise Refused("CHILD_ACCESS_OWN", access=request.name)
            row.state, row.approver, row.reason, row.expire_time = (
                AccessState.REFUSED, call.caller.subject, reason, None,
            )  # fmt: skip

        return self._decide(call, request, reading, "refused", decide)

    def ListChildAccesses(
        self, request: pb.ListChildAccessesRequest, context: grpc.ServicerContext
    ) -> pb.ListChildAccessesResponse:
        """Those to children of cases within reach, and of a bureau its own."""
        call, reading, asked = Call.of(context), Reading(), request.filter
        page, reach = self._pages.read(call, request), call.reach()
        terms: list[Any] = [ChildAccessRow.requester == call.caller.subject]
        if reach.division is not None:
            low, high = scope_range(reach.division)
            terms += [CaseRow.division.between(low, high), CaseRow.partner_division.between(low, high)]
        if reach.unit is not None:
            terms.append(ChildAccessRow.unit == reach.unit)
        wanted = select(ChildAccessRow).join(CaseRow, CaseRow.id == ChildAccessRow.case_id).where(or_(*terms))
        if asked.child:
            key = read_child(reading, "filter.child", asked.child)
            wanted = wanted.where(ChildAccessRow.case_id == key[0], ChildAccessRow.member == key[1])
        if states := reading.choices("filter.states", asked.states, pb.ChildAccess.State):
            wanted = wanted.where(ChildAccessRow.state.in_(states))
        reading.done()
        if page.after is not None:
            wanted = wanted.where(ChildAccessRow.sequence < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.order_by(ChildAccessRow.sequence.desc()).limit(page.size + 1)).all()
        return pb.ListChildAccessesResponse(
            accesses=[records.access(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "sequence"),
        )

    def ViewChild(self, request: pb.ViewChildRequest, context: grpc.ServicerContext) -> pb.ChildData:
        """The data; the reply is not kept, the entry in the log and in the trail is."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "childAccesses")
        call.request_id = reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.ChildData:
            access = _access(tx, name)
            key = (access.case_id, access.member)
            _case(tx, call, key, name)
            row = _kept(tx, key)
            check_etag(request.etag, name, access.version)
            found = rules.obstacle(
                AccessState(access.state), access.requester, access.expire_time, call.caller.subject, tx.now
            )
            if found is Obstacle.NOT_YOURS:
                raise Refused("CHILD_ACCESS_NOT_YOURS", access=name, state=access.state)
            if found is Obstacle.NOT_APPROVED:
                raise Refused("CHILD_ACCESS_STATE", access=name, state=access.state)
            if found is Obstacle.EXPIRED:
                raise Refused("CHILD_ACCESS_EXPIRED", access=name, state=access.state)
            records.enter(tx, call, row, "viewed", name)
            tx.record(call, name_of(key), reason=access.purpose, detail={"access": name})
            tx.session.flush()
            return records.unsealed(self._database.vault, row)

        return self._database.write_again(call, work, seconds=call.seconds_left)

    def DeleteChild(self, request: pb.DeleteChildRequest, context: grpc.ServicerContext) -> pb.DeletionCertificate:
        """One child's data."""
        call, reading = Call.of(context), Reading()
        key = read_child(reading, "name", request.name)
        basis = plain(reading, "basis", reading.text("basis", request.basis, 2, 100))
        reason = plain(reading, "reason", reading.text("reason", request.reason, 1, 500))
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.DeletionCertificate:
            file, row = _case(tx, call, key), _kept(tx, key)
            check_etag(request.etag, request.name, row.version)
            made = records.delete(tx, call, [row], basis, reason)
            self._deleted(tx, call, file, row, made)
            return records.certificate(made)

        return self._database.write(call, request, work, key=f"cases/{key[0]}")

    def DeleteExpiredChildren(
        self, request: pb.DeleteExpiredChildrenRequest, context: grpc.ServicerContext
    ) -> pb.DeletionCertificate:
        """What has been kept for long enough."""
        call, reading = Call.of(context), Reading()
        reason = plain(reading, "reason", reading.text("reason", request.reason, 1, 500))
        reading.request_id(request.request_id)
        reading.done()
        within = CaseRow.division.between(*scope_range(call.caller.division))

        def work(tx: Tx) -> pb.DeletionCertificate:
            today = day_of(tx.now)
            keys = records.expired(tx.session, self._editions.pack, within, today, MOST_DELETED)
            files = casefiles.read(tx.connection, {case_id for case_id, _ in keys}, lock=True)
            found = [(key, row) for key in keys if (row := records.locked(tx.session, key)) and not row.certificate]
            if not found:
                raise Refused("CHILD_NONE_DUE", division=call.caller.division)
            made = records.delete(tx, call, [row for _, row in found], RETENTION, reason)
            for key, row in found:
                self._deleted(tx, call, files[key[0]], row, made)
            return records.certificate(made)

        return self._database.write(call, request, work, key="children")

    def GetDeletionCertificate(
        self, request: pb.GetDeletionCertificateRequest, context: grpc.ServicerContext
    ) -> pb.DeletionCertificate:
        """A certificate."""
        call, reading = Call.of(context), Reading()
        name = reading.name("name", request.name, "certificates")
        reading.done()
        with self._database.reading() as session:
            row = session.get(CertificateRow, name.partition("/")[2])
        if row is None or not covers(call.caller.division, row.division):
            raise NotFound(name)
        return records.certificate(row)

    def ListChildTrail(
        self, request: pb.ListChildTrailRequest, context: grpc.ServicerContext
    ) -> pb.ListChildTrailResponse:
        """The log, with whether it is intact."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        key = read_child(reading, "child", request.child)
        reading.done()
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [key[0]]).get(key[0])
            if file is None or session.get(ChildRow, key) is None:
                raise NotFound(request.child)
            call.require(records.scope_of_child(file, key[1]), request.child)
            found = records.entries(session, key, page.after[0] if page.after else 0, page.size + 1)
        return pb.ListChildTrailResponse(
            entries=found[: page.size],
            next_page_token=self._pages.next_token(call, request, page, found, "number"),
        )

    def _decide(
        self, call: Call, request: Any, reading: Reading, act: str,
        decide: Callable[[Tx, CaseFile, ChildAccessRow], None],
    ) -> pb.ChildAccess:  # fmt: skip
        """What another officer says to a request."""
        name = reading.name("name", request.name, "childAccesses")
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.ChildAccess:
            access = _access(tx, name)
            key = (access.case_id, access.member)
            file, row = _case(tx, call, key, name), _kept(tx, key)
            tx.session.refresh(access)
            check_etag(request.etag, name, access.version)
            decide(tx, file, access)
            tx.session.flush()
            self._note(tx, call, file, row, act, access)
            return records.access(access)

        return self._database.write(call, request, work, key="children")

    def _record(self, session: Session, row: ChildRow) -> pb.ChildRecord:
        case = session.get_one(CaseRow, row.case_id)
        today = day_of(self._database.clock())
        return records.record(row, records.retention(self._editions.pack, case, today))

    def _changed(self, tx: Tx, call: Call, file: CaseFile, row: ChildRow, act: str) -> pb.ChildRecord:
        """Notes a change, of which neither trail nor event say what it was."""
        records.enter(tx, call, row, act)
        self._tell(tx, call, file, f"child.{act}", member=row.member)
        return self._record(tx.session, row)

    def _note(self, tx: Tx, call: Call, file: CaseFile, row: ChildRow, act: str, access: ChildAccessRow) -> None:
        about = f"childAccesses/{access.id}"
        records.enter(tx, call, row, act, about)
        said = access.reason or access.purpose
        self._tell(tx, call, file, f"child.access_{act}", reason=said, member=row.member, access=about)

    def _deleted(self, tx: Tx, call: Call, file: CaseFile, row: ChildRow, made: CertificateRow) -> None:
        told = {"member": row.member, "certificate": f"certificates/{made.id}", "trail_head": row.head}
        self._tell(tx, call, file, "child.deleted", reason=made.reason, **told)

    def _tell(self, tx: Tx, call: Call, file: CaseFile, event: str, *, reason: str = "", **told: Any) -> None:
        tx.session.flush()
        self._editions.desk(tx.session, call, file, tx.now, tx.now).record(tx, event, reason=reason, **told)
        casefiles.write(tx, [file])


def _read_values(
    reading: Reading, at: str, grade: int, school: str, wanted: list[str] | tuple[str, ...] = EDITABLE
) -> dict[str, str]:
    """Grade and school, as far as they are wanted; nothing else of a child is taken."""
    values: dict[str, str] = {}
    if "grade" in wanted:
        values["grade"] = "".join(reading.choices(f"{at}grade", [grade], pb.Grade))
    if "school" in wanted:
        text = reading.text(f"{at}school", school, 2, LONGEST_SCHOOL)
        values["school"] = plain(reading, f"{at}school", text)
    return values


def _case(tx: Tx, call: Call, key: Key, name: str = "") -> CaseFile:
    """The case of a child, locked, if the caller may do this to the child's data."""
    file = casefiles.read(tx.connection, [key[0]], lock=True).get(key[0])
    if file is None:
        raise NotFound(name or name_of(key))
    call.require(records.scope_of_child(file, key[1]), name or name_of(key))
    return file


def _kept(tx: Tx, key: Key) -> ChildRow:
    """The record of a child of whom something is kept, locked."""
    row = records.locked(tx.session, key)
    if row is None:
        raise NotFound(name_of(key))
    if row.certificate:
        raise Refused("CHILD_DELETED", child=name_of(key), certificate=row.certificate)
    return row


def _access(tx: Tx, name: str) -> ChildAccessRow:
    wanted = select(ChildAccessRow).where(ChildAccessRow.id == name.partition("/")[2])
    row = tx.session.scalars(wanted).one_or_none()
    if row is None:
        raise NotFound(name)
    return row


def _require_access(row: ChildAccessRow, *allowed: AccessState) -> None:
    if row.state not in allowed:
        raise Refused("CHILD_ACCESS_STATE", access=f"childAccesses/{row.id}", state=row.state)
