"""Handlers of agreements (培训协议)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import agreements_pb2_grpc
from sqlalchemy import ColumnElement, delete, false, insert, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from services.fields import read_sha256
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, NotFound, Refused, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.divisions import scope_range
from services.reference.parameters import Pack
from services.training import queries
from services.training.agreements import covering, papers
from services.training.agreements.papers import Paper
from services.training.rules.agreements import Relation, Role
from services.training.rules.states import AGREEMENT_VERBS, AgreementState
from services.training.tables import AgreementOrderRow, AgreementPartyRow, AgreementRow, OrderRow


class Agreements(agreements_pb2_grpc.AgreementsServicer):
    """An agreement binds once all have signed one text; what it covers follows in the same transaction.

    Agreements are locked before the orders they cover.
    """

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def CreateAgreement(self, request: pb.CreateAgreementRequest, context: grpc.ServicerContext) -> pb.Agreement:
        """A draft that nobody has signed."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        paper = papers.read(reading, request.agreement)
        reading.done()

        def work(tx: Tx) -> pb.Agreement:
            partner = _fit(tx.session, call, paper)
            number = queries.next_number(tx, f"agreements/{day_of(tx.now):%Y%m}")
            row = AgreementRow(
                id=number,
                state=AgreementState.DRAFT,
                partner_division=partner,
                create_time=tx.now,
                update_time=tx.now,
                **paper.values,
            )
            tx.session.add(row)
            tx.session.flush()
            _write_parts(tx, row.id, paper)
            name = f"agreements/{number}"
            tx.record(call, name, event="agreement.created", detail={"orders": [each for each, _ in paper.covers]})
            return _message(tx.session, row)

        return self._database.write(call, request, work)

    def GetAgreement(self, request: pb.GetAgreementRequest, context: grpc.ServicerContext) -> pb.Agreement:
        """One agreement."""
        reading = Reading()
        reading.name("name", request.name, "agreements")
        reading.done()
        with self._database.reading() as session:
            row, _ = _visible(session, Call.of(context), request.name)
            return _message(session, row)

    def ListAgreements(
        self, request: pb.ListAgreementsRequest, context: grpc.ServicerContext
    ) -> pb.ListAgreementsResponse:
        """A page of the agreements within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        asked = request.filter
        wanted = select(AgreementRow).where(within_reach(call)).order_by(AgreementRow.id.desc())
        reading = Reading()
        states_asked = reading.choices("filter.states", asked.states, pb.Agreement.State)
        order = reading.optional_name("filter.order", asked.order, "orders")
        party = reading.text("filter.credit_code", asked.credit_code, 0, 18)
        reading.done()
        if states_asked:
            wanted = wanted.where(AgreementRow.state.in_(states_asked))
        if order:
            wanted = wanted.where(_covers(order.partition("/")[2]))
        if party:
            wanted = wanted.where(_has_party(party))
        if page.after is not None:
            wanted = wanted.where(AgreementRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            shown = _messages(session, rows[: page.size])
        return pb.ListAgreementsResponse(
            agreements=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateAgreement(self, request: pb.UpdateAgreementRequest, context: grpc.ServicerContext) -> pb.Agreement:
        """New values for the fields of a draft that the mask names; what was signed before is signed no more."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("agreement.name", request.agreement.name, "agreements")
        reading.mask(request.update_mask.paths, papers.EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.Agreement:
            row, parties = _for_change(tx, call, name, request.agreement.etag)
            _allow(row, "update")
            wished = _message(tx.session, row)
            request.update_mask.MergeMessage(request.agreement, wished, replace_repeated_field=True)
            checked = Reading()
            paper = papers.read(checked, wished)
            checked.done()
            row.partner_division = _fit(tx.session, call, paper)
            for column, value in {**paper.values, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            taken_back = [f"{each.role} {each.credit_code}".strip() for each in parties if each.signed_on]
            _write_parts(tx, row.id, paper)
            detail = {"fields": sorted(request.update_mask.paths), "signatures_taken_back": taken_back}
            tx.record(call, name, event="agreement.updated", detail=detail)
            return _message(tx.session, row)

        return self._database.write(call, request, work, key=name)

    def SignAgreement(self, request: pb.SignAgreementRequest, context: grpc.ServicerContext) -> pb.Agreement:
        """One party's signature; the last one binds, and contracts the orders that are now covered."""
        call = Call.of(context)
        reading = Reading()
        _read_verb(reading, request)
        role = papers.read_role(reading, "role", request.role)
        code = papers.read_party_code(reading, "credit_code", role, request.credit_code)
        signed_on = reading.day("sign_date", request.sign_date)
        if signed_on > day_of(self._database.clock()):
            reading.wrong("sign_date", "FIELD_FUTURE")
        file_sha256 = read_sha256(reading, "file_sha256", request.file_sha256, required=True)
        reading.done()

        def work(tx: Tx) -> pb.Agreement:
            row, parties = _for_change(tx, call, request.name, request.etag)
            _may_sign(call, row, code)
            party = next((each for each in parties if (each.role, each.credit_code) == (role, code)), None)
            if party is None:
                raise Invalid(Violation("credit_code" if code else "role", "FIELD_NO_PARTY"))
            if row.file_sha256 != file_sha256:
                raise Refused("AGREEMENT_TEXT", agreement=request.name)
            if party.signed_on == signed_on and row.state != AgreementState.TERMINATED:
                return _message(tx.session, row)  # noted before: there is nothing to do
            _allow(row, "sign")
            if party.signed_on is not None:
                raise Invalid(Violation("sign_date", "FIELD_SIGNED", {"date": party.signed_on.isoformat()}))
            party.signed_on = signed_on
            last = all(each.signed_on is not None for each in parties)
            row.update_time, row.state = tx.now, AgreementState.SIGNED if last else AgreementState.DRAFT
            # the row changes with its signatures, also at one and the same moment: whoever saw it with fewer is stale
            flag_modified(row, "update_time")
            tx.session.flush()
            detail = {"role": role, "credit_code": code, "sign_date": signed_on.isoformat(), "state": row.state}
            event = "agreement.signed" if last else "agreement.signature"
            tx.record(call, request.name, event=event, detail=detail)
            if last:
                for order in _orders_for_change(tx, row):
                    covering.contract_if_covered(tx, call, self._pack, order)
            return _message(tx.session, row)

        return self._database.write(call, request, work, key=request.name)

    def TerminateAgreement(self, request: pb.TerminateAgreementRequest, context: grpc.ServicerContext) -> pb.Agreement:
        """Signed -> terminated; contracted orders that are covered no longer are matched again."""
        call = Call.of(context)
        reading = Reading()
        _read_verb(reading, request)
        reason = reading.text("reason", request.reason, 1, 500)
        reading.done()

        def work(tx: Tx) -> pb.Agreement:
            row, _ = _for_change(tx, call, request.name, request.etag)
            row.state = _allow(row, "terminate")
            row.reason, row.update_time = reason, tx.now
            tx.session.flush()
            tx.record(call, request.name, event="agreement.terminated", reason=reason, detail={"state": row.state})
            for order in _orders_for_change(tx, row):
                covering.uncover_if_short(tx, call, self._pack, order, reason)
            return _message(tx.session, row)

        return self._database.write(call, request, work, key=request.name)

    def ExplainCoverage(self, request: pb.ExplainCoverageRequest, context: grpc.ServicerContext) -> pb.Coverage:
        """What signed agreements cover of an order today, relation by relation."""
        call = Call.of(context)
        reading = Reading()
        reading.name("order", request.order, "orders")
        reading.done()
        with self._database.reading() as session:
            order = queries.visible(session, call, OrderRow, request.order)
            now = covering.coverage(session, self._pack, order, day_of(self._database.clock()))
        return pb.Coverage(
            order=request.order,
            headcount=order.headcount,
            covered=now.heads,
            relations=[
                pb.Coverage.Relation(
                    roles=_roles(line.relation),
                    covered=line.heads,
                    agreements=[f"agreements/{each}" for each in line.agreements],
                    source=line.relation.source,
                    confidence=line.relation.confidence,
                )
                for line in now.relations
            ],
        )


def _fit(session: Session, call: Call, paper: Paper) -> str:
    """The partner division of an agreement that fits its orders. Raises Invalid with everything that does not fit."""
    divisions = (paper.values["division"],)
    units = tuple(code for _, code, _ in paper.parties if code)
    orders: list[OrderRow] = []
    for name, _ in paper.covers:
        order = session.get(OrderRow, name.partition("/")[2])
        if order is None or not call.may("training.order.read", queries.scope_of(order)):
            raise NotFound(name)
        orders.append(order)
    if not call.may(
        call.action, Scope(tuple(code for code in (*divisions, orders[0].partner_division) if code), units)
    ):
        raise Denied(call.action)
    papers.fit(paper, orders)
    return orders[0].partner_division


def _write_parts(tx: Tx, agreement: str, paper: Paper) -> None:
    """The parties, none of whom has signed, and the orders of an agreement, in place of those it had."""
    for table in (AgreementPartyRow, AgreementOrderRow):
        tx.session.execute(delete(table).where(table.agreement_id == agreement))
    parties = [
        {"agreement_id": agreement, "role": role, "credit_code": code, "name": name, "signed_on": None}
        for role, code, name in paper.parties
    ]
    covers = [
        {"agreement_id": agreement, "order_id": name.partition("/")[2], "headcount": headcount}
        for name, headcount in paper.covers
    ]
    tx.session.execute(insert(AgreementPartyRow), parties)
    tx.session.execute(insert(AgreementOrderRow), covers)


def _visible(
    session: Session, call: Call, name: str, *, lock: bool = False
) -> tuple[AgreementRow, Sequence[AgreementPartyRow]]:
    """An agreement and its parties, locked if it will be changed. NotFound, or Denied, as policy says."""
    row = session.get(AgreementRow, name.partition("/")[2], with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(name)
    parties = _parties(session, [row.id])[row.id]
    call.require(Scope(_divisions(row), tuple(each.credit_code for each in parties if each.credit_code)), name)
    return row, parties


def _for_change(tx: Tx, call: Call, name: str, etag: str) -> tuple[AgreementRow, Sequence[AgreementPartyRow]]:
    row, parties = _visible(tx.session, call, name, lock=True)
    check_etag(etag, name, row.version)
    return row, parties


def _orders_for_change(tx: Tx, row: AgreementRow) -> Sequence[OrderRow]:
    """The orders an agreement covers, locked in order of number."""
    return tx.session.scalars(
        select(OrderRow)
        .join(AgreementOrderRow, AgreementOrderRow.order_id == OrderRow.id)
        .where(AgreementOrderRow.agreement_id == row.id)
        .order_by(OrderRow.id)
        .with_for_update(of=OrderRow)
        .execution_options(populate_existing=True)
    ).all()


def _may_sign(call: Call, row: AgreementRow, code: str) -> None:
    """A bureau notes any signature of its division, a unit gives its own. Raises Denied for anybody else's."""
    if not call.may(call.action, Scope(_divisions(row))) and not (code and call.may(call.action, Scope((), (code,)))):
        raise Denied(call.action)


def _allow(row: AgreementRow, verb: str) -> AgreementState:
    """The state that `verb` leads the agreement to. Raises Refused AGREEMENT_STATE if it may not be done now."""
    allowed, target = AGREEMENT_VERBS[verb]
    if row.state not in allowed:
        raise Refused("AGREEMENT_STATE", agreement=f"agreements/{row.id}", state=row.state, allowed=", ".join(allowed))
    return target


def _divisions(row: AgreementRow) -> tuple[str, ...]:
    return tuple(code for code in (row.division, row.partner_division) if code)


def within_reach(call: Call, action: str = "") -> ColumnElement[bool]:
    """The agreements of a list that its caller may see; of what `action` reads, if that is not this RPC."""
    reach = call.reach(action)
    terms: list[ColumnElement[bool]] = []
    if reach.division is not None:
        low, high = scope_range(reach.division)
        terms += [AgreementRow.division.between(low, high), AgreementRow.partner_division.between(low, high)]
    if reach.unit is not None:
        terms.append(_has_party(reach.unit))
    return or_(*terms) if terms else false()


def _has_party(code: str) -> ColumnElement[bool]:
    return AgreementRow.id.in_(select(AgreementPartyRow.agreement_id).where(AgreementPartyRow.credit_code == code))


def _covers(order_id: str) -> ColumnElement[bool]:
    return AgreementRow.id.in_(select(AgreementOrderRow.agreement_id).where(AgreementOrderRow.order_id == order_id))


def _parties(session: Session, agreements: Sequence[str]) -> Mapping[str, list[AgreementPartyRow]]:
    """The parties of agreements, in the order in which messages name them."""
    found: dict[str, list[AgreementPartyRow]] = {each: [] for each in agreements}
    for party in session.scalars(select(AgreementPartyRow).where(AgreementPartyRow.agreement_id.in_(found))):
        found[party.agreement_id].append(party)
    places = [*Role]
    for parties in found.values():
        parties.sort(key=lambda each: (places.index(Role(each.role)), each.credit_code))
    return found


def _message(session: Session, row: AgreementRow) -> pb.Agreement:
    return _messages(session, [row])[0]


def _messages(session: Session, rows: Sequence[AgreementRow]) -> list[pb.Agreement]:
    """Agreements as their readers see them."""
    parties = _parties(session, [row.id for row in rows])
    covers: dict[str, list[AgreementOrderRow]] = {row.id: [] for row in rows}
    wanted = select(AgreementOrderRow).where(AgreementOrderRow.agreement_id.in_(covers))
    for cover in session.scalars(wanted.order_by(AgreementOrderRow.order_id)):
        covers[cover.agreement_id].append(cover)
    return [_agreement(row, parties[row.id], covers[row.id]) for row in rows]


def _agreement(
    row: AgreementRow, parties: Sequence[AgreementPartyRow], covers: Sequence[AgreementOrderRow]
) -> pb.Agreement:
    return pb.Agreement(
        name=f"agreements/{row.id}",
        state=pb.Agreement.State.Value(row.state),
        title=row.title,
        division=row.division,
        partner_division=row.partner_division,
        parties=[
            pb.Agreement.Party(
                role=pb.Agreement.Party.Role.Value(f"{each.role}_PARTY"),
                credit_code=each.credit_code,
                party_name=each.name,
                sign_date=each.signed_on.isoformat() if each.signed_on else "",
            )
            for each in parties
        ],
        orders=[pb.Agreement.Cover(order=f"orders/{each.order_id}", headcount=each.headcount) for each in covers],
        headcount=row.headcount,
        hire_commitment=row.hire_commitment,
        wage_floor_fen=row.wage_floor_fen,
        fee_bearer=pb.Agreement.FeeBearer.Value(row.fee_bearer),
        penalty=row.penalty,
        valid_from=row.valid_from.isoformat(),
        valid_to=row.valid_to.isoformat(),
        file_sha256=row.file_sha256,
        reason=row.reason,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def _roles(relation: Relation) -> list[pb.Agreement.Party.Role.ValueType]:
    return [pb.Agreement.Party.Role.Value(f"{role}_PARTY") for role in relation.roles]


def _read_verb(reading: Reading, request: Any) -> None:
    reading.name("name", request.name, "agreements")
    reading.request_id(request.request_id)
