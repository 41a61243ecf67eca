"""Handlers of hand-overs between the two sides (移交)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from liancai.talent.v1 import clock_pb2, handovers_pb2_grpc
from liancai.talent.v1 import handovers_pb2 as pb
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.platform.blobs import BlobDamaged, Blobs
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Damaged, Exists, Fault, NotFound, Refused
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.divisions import scope_range
from services.talent import casefiles
from services.talent.casefiles import CaseFile
from services.talent.casework.editions import Editions
from services.talent.handovers import manifests
from services.talent.queries import read_case, read_handover, scope_of
from services.talent.rules import handover as rules
from services.talent.rules.handover import Custody, HandoverRefused, Manifest, Refusal
from services.talent.rules.states import CaseState, HandoverState, Side
from services.talent.tables import HandoverRow

OTHER = {Side.ORIGIN: Side.DESTINATION, Side.DESTINATION: Side.ORIGIN}
NAMED = 5  # differences that the sentence of a refusal names; its details have them all

_LATEST = select(HandoverRow).order_by(HandoverRow.sequence.desc())


class Handovers(handovers_pb2_grpc.HandoversServicer):
    """Each mutating RPC is one transaction that holds the case."""

    def __init__(self, database: Database, pages: Pages, editions: Editions, blobs: Blobs) -> None:
        self._database = database
        self._pages = pages
        self._editions = editions
        self._blobs = blobs

    def OfferHandover(self, request: pb.OfferHandoverRequest, context: grpc.ServicerContext) -> pb.Handover:
        """To the other side, with the manifest of this moment."""
        call, reading = Call.of(context), Reading()
        number = read_case(reading, "name", request.name)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.request_id(request.request_id)
        reading.done()
        with self._database.reading() as session:
            seen = casefiles.read(session.connection(), [number]).get(number)
            if seen is None:
                raise NotFound(request.name)
            call.require(scope_of(seen), seen.name)
            files = manifests.files(session.connection(), seen)
        self._verify(files)

        def work(tx: Tx) -> pb.Handover:
            file = _locked(tx, number)
            call.require(scope_of(file), file.name)
            check_etag(request.etag, file.name, file.version)
            _require_open(file)
            rows = _rows(tx.session, file)
            manifest = manifests.written(tx.connection, file, self._editions.of(tx.session, file.catalogue_id))
            by = _acts_for(call, file, Side(file.custody))
            signed = call.caller.subject
            after = _ruled(
                rows, file, lambda held: rules.offer(held, by, OTHER[by], manifests.of_rules(manifest), signed)
            )
            made = after.handovers[-1]
            row = HandoverRow(
                case_id=file.id,
                number=made.number,
                state=made.state,
                sender=made.sender,
                sender_division=_division(file, made.sender),
                receiver=made.receiver,
                receiver_division=_division(file, made.receiver),
                summary=manifests.summarised(manifest, file, made.receiver),
                manifest=manifest,
                manifest_sha256=manifests.sha256(manifest),
                reason=reason,
                offered_by=made.offered_by,
                offered_unit=call.caller.unit,
                offer_time=tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            self._record(tx, call, file, row, "handover.offered", row.sender_division)
            casefiles.write(tx, [file])
            return self._message(tx.session, call, row, file)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def AcceptHandover(self, request: pb.AcceptHandoverRequest, context: grpc.ServicerContext) -> pb.Handover:
        """The case is held by the other side from now on."""
        call, reading = Call.of(context), Reading()
        owner = reading.text("owner", request.owner, 0, 200) or call.caller.subject
        number, place = read_handover(Reading(), "name", request.name)
        with self._database.reading() as session:
            seen, offered = casefiles.read(session.connection(), [number]).get(number), _row(session, number, place)
            allowed = offered is not None and call.may(call.action, _scope(offered))
            files = manifests.files(session.connection(), seen) if seen is not None and allowed else []
        self._verify(files)

        def settle(tx: Tx, file: CaseFile, row: HandoverRow, custody: Custody) -> Custody:
            _require_open(file)
            edition = self._editions.of(tx.session, file.catalogue_id)
            now = manifests.of_rules(manifests.written(tx.connection, file, edition))
            by = _acts_for(call, file, Side(row.receiver))
            after = rules.accept(custody, row.number, by, now, call.caller.subject)
            file.values |= {
                "custody": after.holder,
                "division": row.receiver_division,
                "partner_division": row.sender_division,
                "owner": owner,
                "update_time": tx.now,
            }
            for step in file.steps:
                file.touch(step, tx.now, owner=owner)
            return after

        return self._settle(call, request, reading, "", "handover.accepted", settle)

    def ReturnHandover(self, request: pb.ReturnHandoverRequest, context: grpc.ServicerContext) -> pb.Handover:
        """Not taken."""
        call, reading = Call.of(context), Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def settle(_: Tx, file: CaseFile, row: HandoverRow, custody: Custody) -> Custody:
            by = _acts_for(call, file, Side(row.receiver))
            return rules.give_back(custody, row.number, by, reason, call.caller.subject)

        return self._settle(call, request, reading, reason, "handover.returned", settle)

    def RecallHandover(self, request: pb.RecallHandoverRequest, context: grpc.ServicerContext) -> pb.Handover:
        """Taken back."""
        call, reading = Call.of(context), Reading()
        reason = reading.text("reason", request.reason, 0, 500)

        def settle(_: Tx, file: CaseFile, row: HandoverRow, custody: Custody) -> Custody:
            by = _acts_for(call, file, Side(row.sender))
            return rules.recall(custody, row.number, by, call.caller.subject)

        return self._settle(call, request, reading, reason, "handover.recalled", settle)

    def GetHandover(self, request: pb.GetHandoverRequest, context: grpc.ServicerContext) -> pb.Handover:
        """One hand-over."""
        call, reading = Call.of(context), Reading()
        number, place = read_handover(reading, "name", request.name)
        reading.done()
        with self._database.reading() as session:
            file = casefiles.read(session.connection(), [number]).get(number)
            row = _row(session, number, place)
            if file is None or row is None:
                raise NotFound(request.name)
            call.require(_scope(row), request.name)
            return self._message(session, call, row, file)

    def ListHandovers(
        self, request: pb.ListHandoversRequest, context: grpc.ServicerContext
    ) -> pb.ListHandoversResponse:
        """A page of those from or to the caller's divisions, newest first."""
        call, reading, asked = Call.of(context), Reading(), request.filter
        page = self._pages.read(call, request)
        low, high = scope_range(call.caller.division)
        wanted = _LATEST.where(
            or_(HandoverRow.sender_division.between(low, high), HandoverRow.receiver_division.between(low, high))
        )
        if asked.case_name:
            wanted = wanted.where(HandoverRow.case_id == read_case(reading, "filter.case_name", asked.case_name))
        if states := reading.choices("filter.states", asked.states, pb.Handover.State):
            wanted = wanted.where(HandoverRow.state.in_(states))
        reading.done()
        if page.after is not None:
            wanted = wanted.where(HandoverRow.sequence < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            files = casefiles.read(session.connection(), {row.case_id for row in rows[: page.size]})
            shown = [self._head(session, call, row, files[row.case_id]) for row in rows[: page.size]]
        return pb.ListHandoversResponse(
            handovers=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "sequence"),
        )

    def _verify(self, files: list[tuple[str, bytes]]) -> None:
        """Raises Damaged unless every file in the store is what its SHA-256 says."""
        for name, sha256 in files:
            try:
                self._blobs.verify(sha256)
            except BlobDamaged:
                raise Damaged("DOCUMENT_DAMAGED", document=name) from None

    def _settle(
        self, call: Call, request: Any, reading: Reading, answer: str, event: str,
        settle: Callable[[Tx, CaseFile, HandoverRow, Custody], Custody],
    ) -> pb.Handover:  # fmt: skip
        """An answer to an offer, or its recall."""
        number, place = read_handover(reading, "name", request.name)
        reading.request_id(request.request_id)
        reading.done()

        def work(tx: Tx) -> pb.Handover:
            file, row = _locked(tx, number, request.name), _row(tx.session, number, place)
            if row is None:
                raise NotFound(request.name)
            call.require(_scope(row), request.name)
            check_etag(request.etag, request.name, row.version)
            rows = _rows(tx.session, file)
            made = _ruled(rows, file, lambda held: settle(tx, file, row, held)).handovers[place - 1]
            row.state, row.settled_by, row.answer = made.state, made.settled_by, answer
            row.settled_unit, row.settle_time = call.caller.unit, tx.now
            tx.session.flush()
            signed_for = row.sender_division if made.state == HandoverState.RECALLED else row.receiver_division
            self._record(tx, call, file, row, event, signed_for)
            casefiles.write(tx, [file])
            return self._message(tx.session, call, row, file)

        return self._database.write(call, request, work, key=f"cases/{number}")

    def _record(self, tx: Tx, call: Call, file: CaseFile, row: HandoverRow, event: str, signed_for: str) -> None:
        """Notes a signature: who and when is the entry's own, for which division and under what is said in it."""
        desk = self._editions.desk(tx.session, call, file, tx.now, tx.now)
        desk.record(
            tx, event, reason=row.answer or row.reason, handover=row.number, signed_for=signed_for,
            to=row.receiver_division, manifest=row.manifest_sha256,
        )  # fmt: skip

    def _head(self, session: Session, call: Call, row: HandoverRow, file: CaseFile) -> pb.Handover:
        """What a list shows of a hand-over: the summary while it waits, and to those who were let into the case."""
        signature = pb.Handover.Signature
        settled_for = row.sender_division if row.state == HandoverState.RECALLED else row.receiver_division
        found = pb.Handover(
            name=f"cases/{row.case_id}/handovers/{row.number}",
            state=pb.Handover.State.Value(row.state),
            sender=clock_pb2.Side.Value(row.sender),
            sender_division=row.sender_division,
            receiver=clock_pb2.Side.Value(row.receiver),
            receiver_division=row.receiver_division,
            manifest_sha256=row.manifest_sha256,
            offered=signature(
                officer=row.offered_by, unit=row.offered_unit, division=row.sender_division,
                sign_time=stamp(row.offer_time),
            ),
            settled=signature(
                officer=row.settled_by, unit=row.settled_unit, division=settled_for, sign_time=stamp(row.settle_time)
            ) if row.settled_by else None,
            etag=etag_of(row.version),
        )  # fmt: skip
        if row.state == HandoverState.OFFERED or _let_in(call, file):
            edition = self._editions.of(session, file.catalogue_id)
            found.summary.CopyFrom(manifests.summary(call, row.summary, edition))
        return found

    def _message(self, session: Session, call: Call, row: HandoverRow, file: CaseFile) -> pb.Handover:
        """A hand-over with as much of it as the caller's side may see."""
        found = self._head(session, call, row, file)
        found.answer = row.answer
        if _let_in(call, file):
            found.reason = row.reason
            edition = self._editions.of(session, file.catalogue_id)
            found.manifest.CopyFrom(manifests.message(call, row.manifest, edition))
        return found


def _locked(tx: Tx, number: str, name: str = "") -> CaseFile:
    file = casefiles.read(tx.connection, [number], lock=True).get(number)
    if file is None:
        raise NotFound(name or f"cases/{number}")
    return file


def _require_open(file: CaseFile) -> None:
    if not file.open:
        raise Refused("CASE_STATE", case_name=file.name, state=file.state, allowed=CaseState.OPEN)


def _row(session: Session, number: str, place: int) -> HandoverRow | None:
    wanted = select(HandoverRow).where(HandoverRow.case_id == number, HandoverRow.number == place)
    return session.scalars(wanted).one_or_none()


def _rows(session: Session, file: CaseFile) -> list[HandoverRow]:
    """Every hand-over of a case in order. The case must be locked."""
    wanted = select(HandoverRow).where(HandoverRow.case_id == file.id).order_by(HandoverRow.number)
    return list(session.scalars(wanted))


def _scope(row: HandoverRow) -> Scope:
    """Who has a part in a hand-over: its two sides."""
    return Scope((row.sender_division, row.receiver_division))


def _let_in(call: Call, file: CaseFile) -> bool:
    """Whether the caller's side holds the case, or has held it."""
    return call.may("talent.handover.read", scope_of(file))


def _division(file: CaseFile, side: Side) -> str:
    return file.origin if side is Side.ORIGIN else file.destination


def _acts_for(call: Call, file: CaseFile, wanted: Side) -> Side:
    """The side a caller acts for: the wanted one if they cover its division, else the other."""
    return wanted if call.may(call.action, Scope((_division(file, wanted),))) else OTHER[wanted]


def _ruled(rows: list[HandoverRow], file: CaseFile, rule: Callable[[Custody], Custody]) -> Custody:
    """The custody after a step of the protocol. Raises what the rules forbid as a Fault."""
    custody = Custody(Side(file.custody), tuple(_of_rules(row) for row in rows))
    try:
        return rule(custody)
    except HandoverRefused as refused:
        raise _fault(refused, file, custody) from None


def _of_rules(row: HandoverRow) -> rules.Handover:
    return rules.Handover(
        number=row.number,
        sender=Side(row.sender),
        receiver=Side(row.receiver),
        state=HandoverState(row.state),
        manifest=manifests.of_rules(row.manifest) if row.state == HandoverState.OFFERED else Manifest({}, {}, {}),
        offered_by=row.offered_by,
        settled_by=row.settled_by,
        reason=row.answer,
    )


def _fault(refused: HandoverRefused, file: CaseFile, custody: Custody) -> Fault:
    """What the rules forbid, as the caller is told. What no request can bring about is a fault of ours, and raised."""
    refusal, latest = refused.refusal, custody.offered
    if refusal is Refusal.OFFERED_ALREADY and latest is not None:
        return Exists("HANDOVER_OFFERED_ALREADY", handover=f"{file.name}/handovers/{latest.number}")
    if refusal is Refusal.NOT_AS_LISTED:
        changed = dict.fromkeys(manifests.about(each.name) for each in refused.differences)
        named = ", ".join([*changed][:NAMED]) + (" …" if len(changed) > NAMED else "")
        told = manifests.differences(refused.differences)
        return Refused("HANDOVER_NOT_AS_LISTED", details=[told], case_name=file.name, differences=named)
    if refusal is Refusal.NOT_HOLDER:
        return Refused("HANDOVER_NOT_HOLDER", case_name=file.name)
    if refusal is Refusal.NOT_OFFERED:
        return Refused("HANDOVER_NOT_OFFERED", case_name=file.name)
    if refusal is Refusal.NOT_RECEIVER:
        return Refused("HANDOVER_NOT_RECEIVER", case_name=file.name)
    if refusal is Refusal.NOT_SENDER:
        return Refused("HANDOVER_NOT_SENDER", case_name=file.name)
    raise refused
