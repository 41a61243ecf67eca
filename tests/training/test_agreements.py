"""Agreements over the wire: what is written, changed and ended, and who sees it; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import audit_pb2, classes_pb2, orders_pb2

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import (
    BUREAU,
    ENTERPRISE,
    INSTITUTION,
    Office,
    a_class,
    a_party,
    a_signature,
    an_agreement,
    an_order,
    request_id,
)
from tests.statuses import error_of, info_of, violations_of
from tests.training.agreeing import (
    OTHER,
    OTHER_ENTERPRISE,
    PARTY,
    change,
    coverage,
    events_of,
    fields_of,
    order_state,
    terminate,
)


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Callable[..., Office]:
    """A desk of somebody else."""

    def at(**claims: Any) -> Office:
        return Office(grpc_channel, token_of(settings, **{"subject": "reader", **claims}))

    return at


# ---- what is written -------------------------------------------------------------------------------


def test_every_wrong_field_is_named_at_once(office: Office) -> None:
    wrong = pb.Agreement(
        title="x",
        division="370000",
        parties=[
            a_party(PARTY.ENTERPRISE_PARTY, ENTERPRISE),
            a_party(PARTY.ENTERPRISE_PARTY, ENTERPRISE),
            a_party(PARTY.TRAINEES_PARTY, ENTERPRISE),
            PARTY(role=99, credit_code="1", party_name=""),  # type: ignore[arg-type]
        ],
        orders=[
            pb.Agreement.Cover(order="orders/1", headcount=5),
            pb.Agreement.Cover(order="orders/1", headcount=0),
            pb.Agreement.Cover(order="classes/1", headcount=5),
        ],
        hire_commitment=11,
        wage_floor_fen=-1,
        penalty="x" * 501,
        valid_from="2027-01-01",
        valid_to="2026-12-31",
        file_sha256="z" * 64,
    )
    error = error_of(office.agreements.CreateAgreement, pb.CreateAgreementRequest(agreement=wrong, request_id="short"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_of(error) == {"request_id"} | {
        f"agreement.{name}"
        for name in (
            *("title", "division", "parties[1]", "parties[2].credit_code", "parties[3].role", "parties[3].credit_code"),
            *("parties[3].party_name", "orders[1].order", "orders[1].headcount", "orders[2].order", "hire_commitment"),
            *("wage_floor_fen", "fee_bearer", "penalty", "valid_to", "file_sha256"),
        )
    }
    few = pb.Agreement(parties=[a_party(PARTY.BUREAU_PARTY, BUREAU)], valid_from="2026-12-01")
    error = error_of(office.agreements.CreateAgreement, pb.CreateAgreementRequest(agreement=few))
    assert {"agreement.parties", "agreement.orders", "agreement.valid_to"} <= fields_of(error)
    assert len(violations_of(error)) == len(fields_of(error))  # one thing wrong with each


def test_an_agreement_fits_its_orders(desk: Callable[..., Office]) -> None:
    office = desk(division="371500")  # the city, which may write for each of its counties
    order = office.matched(headcount=10)
    elsewhere = office.matched(headcount=10, partner_division="")
    others = office.matched(headcount=10, enterprise_credit_code=OTHER_ENTERPRISE)
    with_others = office.matched(headcount=10, institution=OTHER)

    def wrong(*orders: orders_pb2.Order, **fields: Any) -> set[str]:
        agreement = an_agreement(*orders, **fields)
        request = pb.CreateAgreementRequest(agreement=agreement, request_id=request_id())
        return fields_of(error_of(office.agreements.CreateAgreement, request))

    assert wrong(order, elsewhere) == {"agreement.orders[1].order"}
    assert wrong(order, others) == {"agreement.orders[1].order"}
    assert wrong(order, with_others) == {"agreement.orders[1].order"}
    assert wrong(order, division="371525") == {"agreement.orders[0].order"}
    more = [pb.Agreement.Cover(order=order.name, headcount=11)]
    assert wrong(order, orders=more) == {"agreement.orders[0].headcount"}
    stranger = [a_party(PARTY.ENTERPRISE_PARTY, ENTERPRISE), a_party(PARTY.INSTITUTION_PARTY, OTHER)]
    assert wrong(order, parties=stranger) == {"agreement.orders[0].order", "agreement.parties[1].credit_code"}
    # a bureau and an institution need no enterprise with them; before the match any institution may sign
    supervised = [a_party(PARTY.INSTITUTION_PARTY, INSTITUTION), a_party(PARTY.BUREAU_PARTY, BUREAU)]
    assert office.agreement(order, parties=supervised).state == pb.Agreement.DRAFT
    assert office.agreement(office.verified(), parties=stranger).headcount == 40


def test_only_a_verified_order_that_has_not_ended_is_agreed_on(office: Office) -> None:
    draft = office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
    ended = office.verified()
    office.orders.CancelOrder(orders_pb2.CancelOrderRequest(name=ended.name, reason="停产", request_id=request_id()))
    for order in (draft, ended):
        request = pb.CreateAgreementRequest(agreement=an_agreement(order), request_id=request_id())
        assert info_of(error_of(office.agreements.CreateAgreement, request))[0] == "ORDER_STATE"


def test_the_same_request_twice_makes_one_agreement(office: Office) -> None:
    request = pb.CreateAgreementRequest(agreement=an_agreement(office.matched()), request_id=request_id())
    assert office.agreements.CreateAgreement(request) == office.agreements.CreateAgreement(request)
    request.agreement.title = "另一份"
    assert info_of(error_of(office.agreements.CreateAgreement, request))[0] == "REQUEST_ID_REUSED"


# ---- changing and ending ---------------------------------------------------------------------------


def test_a_change_takes_every_signature_back(office: Office, database: Database) -> None:
    order = office.matched(headcount=10)
    agreement = office.agreement(order)
    office.sign(agreement.name, PARTY.ENTERPRISE_PARTY, PARTY.BUREAU_PARTY)
    changed = change(office, agreement.name, ["penalty", "file_sha256"], penalty="按人赔付", file_sha256="6b" * 32)
    assert [party.sign_date for party in changed.parties] == ["", "", ""]
    assert (changed.penalty, changed.title, changed.headcount) == ("按人赔付", agreement.title, 10)
    old = a_signature(agreement.name, agreement.parties[0])
    assert info_of(error_of(office.agreements.SignAgreement, old))[0] == "AGREEMENT_TEXT"
    for party in changed.parties:
        signature = a_signature(agreement.name, party, file_sha256="6b" * 32)
        assert order_state(office, order.name) == "MATCHED"
        office.agreements.SignAgreement(signature)
    assert order_state(office, order.name) == "CONTRACTED"
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=agreement.name)).entries
    [update] = [entry for entry in entries if entry.action == "training.agreement.update"]
    assert f"ENTERPRISE {ENTERPRISE}" in update.detail
    error = error_of(change, office, agreement.name, ["title"])
    assert info_of(error) == (
        "AGREEMENT_STATE",
        {"agreement": agreement.name, "state": "SIGNED", "allowed": "DRAFT"},
    )


def test_a_change_replaces_parties_and_orders_and_is_checked_as_a_whole(office: Office) -> None:
    order, second = office.matched(headcount=10), office.matched(headcount=20)
    agreement = office.agreement(order, hire_commitment=10)
    parties = [a_party(PARTY.INSTITUTION_PARTY, INSTITUTION), a_party(PARTY.ENTERPRISE_PARTY, ENTERPRISE)]
    orders = [pb.Agreement.Cover(order=second.name, headcount=15)]
    changed = change(office, agreement.name, ["parties", "orders"], parties=parties, orders=orders)
    assert [party.role for party in changed.parties] == [PARTY.ENTERPRISE_PARTY, PARTY.INSTITUTION_PARTY]
    assert [(cover.order, cover.headcount) for cover in changed.orders] == [(second.name, 15)]
    assert changed.headcount == 15
    fewer = [pb.Agreement.Cover(order=second.name, headcount=9)]
    assert fields_of(error_of(lambda: change(office, agreement.name, ["orders"], orders=fewer))) == {
        "agreement.hire_commitment"
    }
    for paths in (["state"], ["headcount"], ["partner_division"], ["nonsense"], []):
        assert fields_of(error_of(change, office, agreement.name, paths)) == {"update_mask"}
    stale = lambda: change(office, agreement.name, ["title"], title="新名", etag='"1"')  # noqa: E731
    assert error_of(stale).code() is grpc.StatusCode.ABORTED


def test_terminating_takes_the_cover_away(office: Office, database: Database) -> None:
    order = office.contracted(headcount=10)
    [agreement] = coverage(office, order.name).relations[0].agreements
    ended = terminate(office, agreement)
    assert (ended.state, ended.reason) == (pb.Agreement.TERMINATED, "企业停产")
    said = coverage(office, order.name)
    assert said.covered == 0
    assert not said.relations[0].agreements
    # nobody is enrolled yet: the order wants another agreement first
    assert order_state(office, order.name) == "MATCHED"
    assert events_of(database, order.name)[-1] == "order.uncovered"
    wanted = classes_pb2.CreateClassRequest(training_class=a_class(order.name), request_id=request_id())
    assert info_of(error_of(office.classes.CreateClass, wanted))[0] == "ORDER_STATE"
    assert info_of(error_of(terminate, office, agreement))[0] == "AGREEMENT_STATE"
    signature = a_signature(agreement, ended.parties[0])
    assert info_of(error_of(office.agreements.SignAgreement, signature))[0] == "AGREEMENT_STATE"
    office.sign(office.agreement(office.orders.GetOrder(orders_pb2.GetOrderRequest(name=order.name))).name)
    assert order_state(office, order.name) == "CONTRACTED"


def test_an_order_in_training_keeps_its_state_when_its_agreement_ends(office: Office) -> None:
    order = office.contracted(headcount=10)
    held = office.open_class(order.name, capacity=5)
    office.enrol(held.name)
    terminate(office, coverage(office, order.name).relations[0].agreements[0])
    assert order_state(office, order.name) == "TRAINING"
    assert coverage(office, order.name).covered == 0
    # whoever is enrolled stays; another class wants an agreement in force
    draft = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order.name, capacity=5), request_id=request_id())
    )
    assert info_of(error_of(office.bring, draft.name, "File"))[0] == "ORDER_NOT_COVERED"


def test_an_order_that_other_agreements_still_cover_stays_contracted(office: Office) -> None:
    order = office.contracted(headcount=10)
    second = office.sign(office.agreement(order).name)
    assert coverage(office, order.name).covered == 20
    terminate(office, second.name)
    assert order_state(office, order.name) == "CONTRACTED"
    draft = office.agreement(order)
    assert info_of(error_of(terminate, office, draft.name))[0] == "AGREEMENT_STATE"


# ---- who sees and does what ------------------------------------------------------------------------


def test_a_unit_signs_for_itself_only(office: Office, desk: Callable[..., Office]) -> None:
    agreement = office.agreement(office.matched())
    enterprise = desk(roles=("enterprise",), unit=ENTERPRISE)
    institution = desk(roles=("institution",), unit=INSTITUTION)
    partner = desk(division="370103")
    for own, other in ((enterprise, PARTY.INSTITUTION_PARTY), (institution, PARTY.ENTERPRISE_PARTY)):
        assert error_of(own.sign, agreement.name, other).code() is grpc.StatusCode.PERMISSION_DENIED
        assert error_of(own.sign, agreement.name, PARTY.BUREAU_PARTY).code() is grpc.StatusCode.PERMISSION_DENIED
    assert enterprise.sign(agreement.name, PARTY.ENTERPRISE_PARTY).parties[0].sign_date
    assert institution.sign(agreement.name, PARTY.INSTITUTION_PARTY).parties[1].sign_date
    assert partner.sign(agreement.name, PARTY.BUREAU_PARTY).state == pb.Agreement.SIGNED


def test_an_enterprise_writes_agreements_on_its_own_orders_only(office: Office, desk: Callable[..., Office]) -> None:
    order, others = office.matched(), office.matched(enterprise_credit_code=OTHER_ENTERPRISE)
    enterprise = desk(roles=("enterprise",), unit=ENTERPRISE)
    drawn = enterprise.agreement(order)
    assert change(enterprise, drawn.name, ["title"], title="企业自拟协议").title == "企业自拟协议"
    assert error_of(enterprise.agreement, others).code() is grpc.StatusCode.NOT_FOUND
    # it may not write itself out of an agreement, nor write one between others on its order
    others_only = [a_party(PARTY.INSTITUTION_PARTY, INSTITUTION), a_party(PARTY.BUREAU_PARTY, BUREAU)]
    writing_out = lambda: change(enterprise, drawn.name, ["parties"], parties=others_only)  # noqa: E731
    assert error_of(writing_out).code() is grpc.StatusCode.PERMISSION_DENIED
    assert (
        error_of(lambda: enterprise.agreement(order, parties=others_only)).code() is grpc.StatusCode.PERMISSION_DENIED
    )
    assert error_of(terminate, enterprise, drawn.name).code() is grpc.StatusCode.PERMISSION_DENIED
    institution = desk(roles=("institution",), unit=INSTITUTION)
    assert error_of(institution.agreement, order).code() is grpc.StatusCode.PERMISSION_DENIED


def test_each_side_sees_what_it_has_a_part_in(office: Office, desk: Callable[..., Office]) -> None:
    ours = office.agreement(office.matched())
    alone = office.agreement(office.matched(partner_division=""))

    def seen_by(**claims: Any) -> set[str]:
        reader = desk(**claims)
        listed = {each.name for each in reader.agreements.ListAgreements(pb.ListAgreementsRequest()).agreements}
        for name in (ours.name, alone.name):
            look = pb.GetAgreementRequest(name=name)
            if name in listed:
                assert reader.agreements.GetAgreement(look).name == name
            else:
                assert error_of(reader.agreements.GetAgreement, look).code() is grpc.StatusCode.NOT_FOUND
        return listed & {ours.name, alone.name}

    both = {ours.name, alone.name}
    assert seen_by(division="371526") == seen_by(division="371500") == seen_by(division="370000") == both
    assert seen_by(division="370103") == {ours.name}
    assert seen_by(division="371525") == set()
    assert seen_by(division="440106", roles=("enterprise",), unit=ENTERPRISE) == both
    assert seen_by(division="440106", roles=("institution",), unit=INSTITUTION) == both
    assert seen_by(division="371526", roles=("institution",), unit=OTHER) == set()
    assert seen_by(division="371526", roles=("supervisor",)) == both


def test_lists_follow_their_pages_and_their_filter(office: Office) -> None:
    order = office.matched(headcount=40)
    made = [office.agreement(order).name for _ in range(5)]
    office.sign(made[0])
    seen: list[str] = []
    request = pb.ListAgreementsRequest(page_size=2, filter=pb.ListAgreementsRequest.Filter(order=order.name))
    while True:
        page = office.agreements.ListAgreements(request)
        assert all(len(each.parties) == 3 and each.orders[0].order == order.name for each in page.agreements)
        seen += [each.name for each in page.agreements]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == sorted(made, reverse=True)

    def names(**wanted: Any) -> set[str]:
        asked = pb.ListAgreementsRequest(filter=pb.ListAgreementsRequest.Filter(**wanted), page_size=1000)
        return {each.name for each in office.agreements.ListAgreements(asked).agreements}

    assert names(order=order.name, states=[pb.Agreement.SIGNED]) == {made[0]}
    assert names(order=order.name, states=[pb.Agreement.DRAFT]) == set(made[1:])
    assert set(made) <= names(credit_code=BUREAU)
    assert not set(made) & names(credit_code=OTHER)
    assert names(order="orders/20991199999") == set()


def test_coverage_of_an_order_of_others_is_not_there(office: Office, desk: Callable[..., Office]) -> None:
    order = office.contracted()
    assert coverage(desk(roles=("enterprise",), unit=ENTERPRISE), order.name).covered == 40
    for stranger in (desk(division="371525"), desk(roles=("enterprise",), unit=OTHER_ENTERPRISE)):
        assert error_of(coverage, stranger, order.name).code() is grpc.StatusCode.NOT_FOUND
