"""Handlers of service agreements (三方协议)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import grpc
from liancai.placement.v1 import service_agreements_pb2 as pb
from liancai.placement.v1 import service_agreements_pb2_grpc
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from services.fields import read_credit_code, read_scope, read_sha256
from services.placement import queries
from services.placement.agreements import fields, standing
from services.placement.rules import registering
from services.placement.rules import service_agreements as rules
from services.placement.rules.service_agreements import Role
from services.placement.rules.states import SERVICE_AGREEMENT_VERBS, CommissionerState, ServiceAgreementState
from services.placement.tables import CommissionerRow, ServiceAgreementRow, ServiceAgreementSignatureRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, Invalid, NotFound, Refused, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack

Change = Callable[[Tx, ServiceAgreementRow], None]


class ServiceAgreements(service_agreements_pb2_grpc.ServiceAgreementsServicer):
    """Each mutating RPC is one transaction; the policies say who may do which."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def CreateServiceAgreement(
        self, request: pb.CreateServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """A draft that nobody has signed."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        at = "service_agreement.commissioner"
        commissioner = reading.name(at, request.service_agreement.commissioner, "commissioners")
        values = fields.read(reading, request.service_agreement)
        reading.done()

        def work(tx: Tx) -> pb.ServiceAgreement:
            person = tx.session.get(CommissionerRow, commissioner.partition("/")[2])
            if person is None or not call.may("placement.commissioner.read", queries.scope_of(person)):
                raise NotFound(commissioner)
            number = queries.next_number(tx, f"serviceAgreements/{day_of(tx.now):%Y%m}")
            row = ServiceAgreementRow(
                id=number,
                state=ServiceAgreementState.DRAFT,
                commissioner_id=person.id,
                create_time=tx.now,
                update_time=tx.now,
                **values,
                **self._settled(values, person),
            )
            _may_write(call, row)
            tx.session.add(row)
            tx.session.flush()
            detail = {"kind": row.kind, "commissioner": commissioner, "division": row.division}
            tx.record(call, f"serviceAgreements/{number}", event="service_agreement.created", detail=detail)
            return self._message(tx.session, call, row)

        return self._database.write(call, request, work)

    def GetServiceAgreement(
        self, request: pb.GetServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """One agreement."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "serviceAgreements")
        reading.done()
        with self._database.reading() as session:
            return self._message(session, call, queries.visible(session, call, ServiceAgreementRow, request.name))

    def ListServiceAgreements(
        self, request: pb.ListServiceAgreementsRequest, context: grpc.ServicerContext
    ) -> pb.ListServiceAgreementsResponse:
        """A page of the agreements within reach, newest first."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        reach = queries.within_reach(call, ServiceAgreementRow)
        wanted = _filtered(request.filter).where(reach).order_by(ServiceAgreementRow.id.desc())
        if page.after is not None:
            wanted = wanted.where(ServiceAgreementRow.id < page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
            shown = self._messages(session, call, rows[: page.size])
        return pb.ListServiceAgreementsResponse(
            service_agreements=shown,
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def UpdateServiceAgreement(
        self, request: pb.UpdateServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """New values for the fields that the mask names; what was signed before is signed no more."""
        call = Call.of(context)
        reading = Reading()
        reading.request_id(request.request_id)
        name = reading.name("service_agreement.name", request.service_agreement.name, "serviceAgreements")
        reading.mask(request.update_mask.paths, fields.EDITABLE)
        reading.done()

        def work(tx: Tx) -> pb.ServiceAgreement:
            row = _for_writing(tx, call, name, request.service_agreement.etag)
            target = _allow(row, "update")
            wished = self._message(tx.session, call, row)
            request.update_mask.MergeMessage(request.service_agreement, wished, replace_repeated_field=True)
            checked = Reading()
            values = fields.read(checked, wished)
            checked.done()
            person = tx.session.get_one(CommissionerRow, row.commissioner_id)
            settled = self._settled(values, person)
            taken_back = sorted(_signatures(tx.session, [row])[row.id])
            for column, value in {**values, **settled, "state": target, "update_time": tx.now}.items():
                setattr(row, column, value)
            _may_write(call, row)
            flag_modified(row, "update_time")
            tx.session.flush()
            signed = ServiceAgreementSignatureRow
            tx.session.execute(delete(signed).where(signed.agreement_id == row.id))
            detail = {"fields": sorted(request.update_mask.paths), "signatures_taken_back": taken_back}
            tx.record(call, name, event="service_agreement.updated", detail=detail)
            return self._message(tx.session, call, row)

        return self._database.write(call, request, work, key=name)

    def SignServiceAgreement(
        self, request: pb.SignServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """One party's signature; with the last one all three have signed."""
        call = Call.of(context)
        reading = Reading()
        name = _read_step(reading, request)
        role = fields.read_role(reading, "role", request.role)
        signed_on = reading.day("sign_date", request.sign_date)
        if signed_on > day_of(self._database.clock()):
            reading.wrong("sign_date", "FIELD_FUTURE")
        file_sha256 = read_sha256(reading, "file_sha256", request.file_sha256, required=True)
        reading.done()

        def work(tx: Tx) -> pb.ServiceAgreement:
            row = queries.for_change(tx, call, ServiceAgreementRow, name, request.etag)
            wanted = rules.parties(rules.Kind(row.kind))
            if role not in wanted:
                raise Invalid(Violation("role", "FIELD_SERVICE_PARTY"))
            _may_sign(call, row, role)
            if row.file_sha256 != file_sha256:
                raise Refused("SERVICE_AGREEMENT_FILE", service_agreement=name)
            signed = _signatures(tx.session, [row])[row.id]
            known = signed.get(role)
            if known is not None and known.signed_on == signed_on:
                return self._message(tx.session, call, row)  # noted before: there is nothing to do
            target = _allow(row, "sign")
            if known is not None:
                raise Invalid(Violation("sign_date", "FIELD_SERVICE_SIGNED", {"date": known.signed_on.isoformat()}))
            last = {*signed, role} == set(wanted)
            row.update_time, row.state = tx.now, target if last else ServiceAgreementState.DRAFT
            # the row changes with its signatures, also at one and the same moment: whoever saw it with fewer is stale
            flag_modified(row, "update_time")
            tx.session.add(
                ServiceAgreementSignatureRow(
                    agreement_id=row.id,
                    role=role,
                    signed_on=signed_on,
                    noted_by_unit=call.caller.unit,
                    record_time=tx.now,
                )
            )
            tx.session.flush()
            detail = {"role": role, "sign_date": signed_on.isoformat(), "state": row.state}
            event = "service_agreement.signed" if last else "service_agreement.signature"
            tx.record(call, name, event=event, detail=detail)
            return self._message(tx.session, call, row)

        return self._database.write(call, request, work, key=name)

    def FileServiceAgreement(
        self, request: pb.FileServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """Signed -> filed, of a commissioner who is on the register."""
        reading = Reading()
        number = reading.text("filing_number", request.filing_number, 0, 64)

        def change(tx: Tx, row: ServiceAgreementRow) -> None:
            _on_the_register(tx, row)
            row.filing_number, row.file_date = number, day_of(tx.now)

        return self._step(Call.of(context), request, "file", change, reading)

    def EndServiceAgreement(
        self, request: pb.EndServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """Filed -> ended, once its term has passed."""

        def change(tx: Tx, row: ServiceAgreementRow) -> None:
            if row.last_day >= day_of(tx.now):
                running = row.last_day.isoformat()
                raise Refused("SERVICE_AGREEMENT_RUNNING", service_agreement=request.name, last_day=running)

        return self._step(Call.of(context), request, "end", change)

    def TerminateServiceAgreement(
        self, request: pb.TerminateServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """Filed -> terminated, with its last day."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)
        last_day = reading.day("last_day", request.last_day)

        def change(_: Tx, row: ServiceAgreementRow) -> None:
            least = row.valid_from - timedelta(days=1)
            if not least <= last_day <= row.valid_to:
                between = {"first": least.isoformat(), "last": row.valid_to.isoformat()}
                raise Invalid(Violation("last_day", "FIELD_SERVICE_LAST_DAY", between))
            row.reason, row.last_day = reason, last_day

        return self._step(Call.of(context), request, "terminate", change, reading, reason=reason)

    def WithdrawServiceAgreement(
        self, request: pb.WithdrawServiceAgreementRequest, context: grpc.ServicerContext
    ) -> pb.ServiceAgreement:
        """Draft or signed -> withdrawn."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, row: ServiceAgreementRow) -> None:
            row.reason = reason

        return self._step(Call.of(context), request, "withdraw", change, reading, reason=reason)

    def _step(
        self,
        call: Call,
        request: Any,
        verb: str,
        change: Change,
        reading: Reading | None = None,
        *,
        reason: str = "",
    ) -> pb.ServiceAgreement:
        """One step of an agreement's life: `change` may refuse, and sets what the step brings."""
        checked = reading or Reading()
        name = _read_step(checked, request)
        checked.done()

        def work(tx: Tx) -> pb.ServiceAgreement:
            if verb == "withdraw":
                row = _for_writing(tx, call, name, request.etag)
            else:
                row = queries.for_change(tx, call, ServiceAgreementRow, name, request.etag)
            target = _allow(row, verb)
            change(tx, row)
            row.state, row.update_time = target, tx.now
            tx.session.flush()
            detail = {"state": target, "last_day": row.last_day.isoformat()}
            tx.record(call, name, event=f"service_agreement.{target.lower()}", reason=reason, detail=detail)
            return self._message(tx.session, call, row)

        return self._database.write(call, request, work, key=name)

    def _settled(self, values: Mapping[str, Any], person: CommissionerRow) -> dict[str, str]:
        """What the register says of the commissioner. Raises Invalid for a term that is longer than one may be."""
        longest = registering.term(self._pack, person.division, values["valid_from"])
        if longest is not None and values["valid_to"] > longest[1]:
            last = {"last": longest[1].isoformat()}
            raise Invalid(Violation("service_agreement.valid_to", "FIELD_SERVICE_TERM", last))
        return {
            "sending_unit_credit_code": person.home_unit_credit_code,
            "sending_unit_name": person.home_unit_name,
            "partner_division": person.division if person.division != values["division"] else "",
            "rule_pack": self._pack.fingerprint,
        }

    def _message(self, session: Session, call: Call, row: ServiceAgreementRow) -> pb.ServiceAgreement:
        return self._messages(session, call, [row])[0]

    def _messages(self, session: Session, call: Call, rows: Sequence[ServiceAgreementRow]) -> list[pb.ServiceAgreement]:
        """Agreements as their readers see them."""
        signed, overlaps = _signatures(session, rows), standing.overlaps(session, call, self._pack, rows)
        return [fields.message(row, signed[row.id], overlaps.get(row.id, ())) for row in rows]


def _filtered(asked: pb.ListServiceAgreementsRequest.Filter) -> Select[ServiceAgreementRow]:
    """The agreements that a filter asks for."""
    reading = Reading()
    wanted = select(ServiceAgreementRow)
    if states := reading.choices("filter.states", asked.states, pb.ServiceAgreement.State):
        wanted = wanted.where(ServiceAgreementRow.state.in_(states))
    if kinds := reading.choices("filter.kinds", asked.kinds, pb.ServiceAgreement.Kind):
        wanted = wanted.where(ServiceAgreementRow.kind.in_(kinds))
    if commissioner := reading.optional_name("filter.commissioner", asked.commissioner, "commissioners"):
        wanted = wanted.where(ServiceAgreementRow.commissioner_id == commissioner.partition("/")[2])
    if asked.host_credit_code:
        code = read_credit_code(reading, "filter.host_credit_code", asked.host_credit_code)
        wanted = wanted.where(ServiceAgreementRow.host_credit_code == code)
    if asked.in_force_on:
        day = reading.day("filter.in_force_on", asked.in_force_on)
        wanted = wanted.where(standing.in_force_between(day, day))
    if asked.division:
        covered = read_scope(reading, "filter.division", asked.division)
        wanted = wanted.where(ServiceAgreementRow.division.between(*covered))
    reading.done()
    return wanted


def _read_step(reading: Reading, request: Any) -> str:
    reading.request_id(request.request_id)
    return reading.name("name", request.name, "serviceAgreements")


def _for_writing(tx: Tx, call: Call, name: str, etag: str) -> ServiceAgreementRow:
    """An agreement whose text the caller may write, locked. NotFound, Denied or Stale otherwise."""
    row = queries.visible(tx.session, call, ServiceAgreementRow, name, lock=True)
    _may_write(call, row)
    check_etag(etag, name, row.version)
    return row


def _may_write(call: Call, row: ServiceAgreementRow) -> None:
    """A bureau of either side writes, and the unit that sends; a host reads and signs. Raises Denied for others."""
    if not call.may(call.action, Scope(queries.scope_of(row).divisions, (row.sending_unit_credit_code,))):
        raise Denied(call.action)


def _may_sign(call: Call, row: ServiceAgreementRow, role: Role) -> None:
    """Raises Denied unless the caller may note this party's signature."""
    own = {Role.HOST: row.host_credit_code, Role.BUREAU: ""}.get(role, row.sending_unit_credit_code)
    bureaus = (row.division,) if role is Role.BUREAU else queries.scope_of(row).divisions
    if not call.may(call.action, Scope(bureaus)) and not (own and call.may(call.action, Scope((), (own,)))):
        raise Denied(call.action)


def _allow(row: ServiceAgreementRow, verb: str) -> ServiceAgreementState:
    """The state that `verb` leads to. Raises Refused SERVICE_AGREEMENT_STATE if it may not be done now."""
    allowed, target = SERVICE_AGREEMENT_VERBS[verb]
    if row.state not in allowed:
        name = f"serviceAgreements/{row.id}"
        states = ", ".join(allowed)
        raise Refused("SERVICE_AGREEMENT_STATE", service_agreement=name, state=row.state, allowed=states)
    return target


def _on_the_register(tx: Tx, row: ServiceAgreementRow) -> None:
    """Raises Refused unless the commissioner is on the register today."""
    person = tx.session.get_one(CommissionerRow, row.commissioner_id)
    if person.state != CommissionerState.FILED or (person.term_end or date.min) < day_of(tx.now):
        name, commissioner = f"serviceAgreements/{row.id}", f"commissioners/{person.id}"
        raise Refused("SERVICE_AGREEMENT_COMMISSIONER", service_agreement=name, commissioner=commissioner)


def _signatures(
    session: Session, rows: Sequence[ServiceAgreementRow]
) -> Mapping[str, dict[Role, ServiceAgreementSignatureRow]]:
    """Who has signed, by agreement and role."""
    found: dict[str, dict[Role, ServiceAgreementSignatureRow]] = defaultdict(dict)
    ids = [row.id for row in rows]
    wanted = select(ServiceAgreementSignatureRow).where(ServiceAgreementSignatureRow.agreement_id.in_(ids))
    for each in session.scalars(wanted.execution_options(populate_existing=True)):
        found[each.agreement_id][Role(each.role)] = each
    return found
