"""Signatures over the wire: who signs which text when, and what it contracts; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import audit_pb2, classes_pb2, orders_pb2

from services.platform.database import Database
from tests.office import (
    BUREAU,
    ENTERPRISE,
    FILE,
    INSTITUTION,
    Office,
    a_class,
    a_party,
    a_signature,
    request_id,
)
from tests.statuses import error_of, info_of
from tests.training.agreeing import (
    OTHER,
    OTHER_ENTERPRISE,
    PARTY,
    coverage,
    events_of,
    fields_of,
    order_state,
    shanghai_day,
)


def test_the_last_signature_binds_and_contracts_the_order(office: Office, database: Database) -> None:
    order = office.matched(headcount=30)
    agreement = office.agreement(order, hire_commitment=25, wage_floor_fen=450_000, penalty="按缺额每人 500 元")
    assert (agreement.state, agreement.headcount, agreement.partner_division) == (pb.Agreement.DRAFT, 30, "370103")
    for role in (PARTY.BUREAU_PARTY, PARTY.ENTERPRISE_PARTY):
        signed = office.sign(agreement.name, role)
        assert signed.state == pb.Agreement.DRAFT
        assert order_state(office, order.name) == "MATCHED"
    signed = office.sign(agreement.name, PARTY.INSTITUTION_PARTY)
    assert signed.state == pb.Agreement.SIGNED
    assert {party.sign_date for party in signed.parties} == {shanghai_day()}
    assert signed == office.agreements.GetAgreement(pb.GetAgreementRequest(name=agreement.name))
    assert order_state(office, order.name) == "CONTRACTED"
    assert events_of(database, order.name)[-1] == "order.contracted"
    assert events_of(database, agreement.name) == [
        "agreement.created",
        "agreement.signature",
        "agreement.signature",
        "agreement.signed",
    ]
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=order.name)).entries
    assert entries[-1].action == "training.order.contract"
    assert agreement.name in entries[-1].detail


def test_one_agreement_covers_several_orders(office: Office) -> None:
    orders = [office.matched(headcount=10), office.matched(headcount=20)]
    agreement = office.agreement(*orders)
    assert agreement.headcount == 30
    office.sign(agreement.name)
    assert [order_state(office, each.name) for each in orders] == ["CONTRACTED"] * 2


def test_agreements_of_two_contract_the_order_once_the_least_relation_is_covered(office: Office) -> None:
    order = office.matched(headcount=10)
    enterprise, institution, bureau = (
        a_party(role, code)
        for role, code in (
            (PARTY.ENTERPRISE_PARTY, ENTERPRISE),
            (PARTY.INSTITUTION_PARTY, INSTITUTION),
            (PARTY.BUREAU_PARTY, BUREAU),
        )
    )
    office.sign(office.agreement(order, parties=[enterprise, institution]).name)
    half = [pb.Agreement.Cover(order=order.name, headcount=5)]
    first = office.sign(office.agreement(order, parties=[institution, bureau], orders=half).name)
    said = coverage(office, order.name)
    assert (said.headcount, said.covered) == (10, 5)
    assert [(list(line.roles), line.covered, line.confidence) for line in said.relations] == [
        ([PARTY.ENTERPRISE_PARTY, PARTY.INSTITUTION_PARTY], 10, "confirmed"),
        ([PARTY.INSTITUTION_PARTY, PARTY.BUREAU_PARTY], 5, "unconfirmed"),
    ]
    assert list(said.relations[1].agreements) == [first.name]
    assert order_state(office, order.name) == "MATCHED"
    office.sign(office.agreement(order, parties=[institution, bureau], orders=half).name)
    assert coverage(office, order.name).covered == 10
    assert order_state(office, order.name) == "CONTRACTED"


def test_an_order_that_is_matched_after_the_agreements_were_signed_is_contracted_at_once(
    office: Office, database: Database
) -> None:
    order = office.verified(headcount=10)
    office.registered()
    office.sign(office.agreement(order).name)
    assert order_state(office, order.name) == "VERIFIED"
    match = orders_pb2.MatchOrderRequest(name=order.name, institution_credit_code=INSTITUTION, request_id=request_id())
    matched = office.orders.MatchOrder(match)
    assert matched.state == orders_pb2.Order.CONTRACTED
    assert events_of(database, order.name)[-2:] == ["order.matched", "order.contracted"]
    assert office.orders.MatchOrder(match) == matched
    # matched with another institution than the one that signed, it is not covered
    order = office.verified(headcount=10)
    office.sign(office.agreement(order).name)
    office.registered(OTHER)
    match = orders_pb2.MatchOrderRequest(name=order.name, institution_credit_code=OTHER, request_id=request_id())
    assert office.orders.MatchOrder(match).state == orders_pb2.Order.MATCHED
    assert coverage(office, order.name).covered == 0


def test_an_agreement_covers_only_from_its_first_day_to_its_last(office: Office) -> None:
    for span in (("2020-01-01", shanghai_day(-1)), (shanghai_day(1), "2099-12-31")):
        order = office.matched(headcount=10)
        signed = office.sign(office.agreement(order, valid_from=span[0], valid_to=span[1]).name)
        assert signed.state == pb.Agreement.SIGNED
        assert coverage(office, order.name).covered == 0
        assert order_state(office, order.name) == "MATCHED"
    order = office.matched(headcount=10)
    office.sign(office.agreement(order, valid_from=shanghai_day(), valid_to=shanghai_day()).name)
    assert order_state(office, order.name) == "CONTRACTED"


def test_an_agreement_that_comes_into_force_contracts_the_order_when_a_class_is_wanted(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = office.matched(headcount=10)
    office.sign(office.agreement(order, valid_from=shanghai_day(1)).name)
    wanted = classes_pb2.CreateClassRequest(training_class=a_class(order.name), request_id=request_id())
    assert info_of(error_of(office.classes.CreateClass, wanted))[0] == "ORDER_STATE"
    committer = database._writer._committer  # type: ignore[attr-defined]
    clock = committer._clock
    monkeypatch.setattr(committer, "_clock", lambda: clock() + timedelta(days=1))
    assert office.classes.CreateClass(wanted).order == order.name
    assert order_state(office, order.name) == "CONTRACTED"


def test_the_same_signature_twice_is_noted_once(office: Office, database: Database) -> None:
    agreement = office.agreement(office.matched())
    first = office.sign(agreement.name, PARTY.BUREAU_PARTY)
    assert office.sign(agreement.name, PARTY.BUREAU_PARTY) == first
    assert events_of(database, agreement.name).count("agreement.signature") == 1
    another_day = a_signature(agreement.name, agreement.parties[2], sign_date="2026-01-05")
    assert fields_of(error_of(office.agreements.SignAgreement, another_day)) == {"sign_date"}
    last = office.sign(agreement.name)
    assert last.state == pb.Agreement.SIGNED
    assert office.sign(agreement.name) == last
    assert info_of(error_of(office.agreements.SignAgreement, another_day))[0] == "AGREEMENT_STATE"


def test_what_cannot_be_signed(office: Office) -> None:
    agreement = office.agreement(office.matched())
    party = agreement.parties[0]

    def refusal(**fields: Any) -> grpc.RpcError:
        return error_of(office.agreements.SignAgreement, a_signature(agreement.name, party, **fields))

    assert info_of(refusal(file_sha256="6b" * 32)) == ("AGREEMENT_TEXT", {"agreement": agreement.name})
    assert fields_of(refusal(sign_date=shanghai_day(1))) == {"sign_date"}
    assert fields_of(refusal(sign_date="", file_sha256="", credit_code="1")) == {
        *("sign_date", "file_sha256", "credit_code")
    }
    assert fields_of(refusal(credit_code=OTHER_ENTERPRISE)) == {"credit_code"}
    assert fields_of(refusal(role=PARTY.BUREAU_PARTY)) == {"credit_code"}
    assert fields_of(refusal(role=PARTY.TRAINEES_PARTY, credit_code="")) == {"role"}
    assert refusal(etag='"99"').code() is grpc.StatusCode.ABORTED
    assert office.agreements.SignAgreement(a_signature(agreement.name, party, file_sha256=FILE.upper()))
    nothing = office.agreement(office.matched(), file_sha256="")
    signature = a_signature(nothing.name, nothing.parties[0])
    assert info_of(error_of(office.agreements.SignAgreement, signature))[0] == "AGREEMENT_TEXT"


def test_the_trainees_sign_on_paper_and_the_bureau_notes_it(office: Office) -> None:
    order = office.matched(headcount=5)
    parties = [a_party(PARTY.INSTITUTION_PARTY, INSTITUTION), a_party(PARTY.TRAINEES_PARTY, "")]
    agreement = office.agreement(order, parties=parties)
    assert office.sign(agreement.name).state == pb.Agreement.SIGNED
    assert order_state(office, order.name) == "MATCHED"


def test_a_signature_changes_the_etag(office: Office) -> None:
    agreement = office.agreement(office.matched())
    signed = office.sign(agreement.name, PARTY.ENTERPRISE_PARTY)
    assert signed.etag != agreement.etag
    stale = a_signature(agreement.name, agreement.parties[1], etag=agreement.etag)
    assert error_of(office.agreements.SignAgreement, stale).code() is grpc.StatusCode.ABORTED
