"""Agreements over the wire: who signs what, what is covered, who sees it; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import audit_pb2, classes_pb2, orders_pb2
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.reference import credit_code
from services.training.tables import Base
from tests.conftest import token_of
from tests.office import (
    BUREAU,
    ENTERPRISE,
    FILE,
    INSTITUTION,
    TODAY,
    Office,
    a_class,
    a_party,
    a_signature,
    an_agreement,
    an_order,
    request_id,
)
from tests.statuses import info_of, violations_of

PARTY = pb.Agreement.Party
OTHER = credit_code.make("52", "371526", "MJE00077")
OTHER_ENTERPRISE = credit_code.make("91", "371526", "MA3C0077")


def refused(call: Callable[..., Any], *arguments: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments)
    return raised.value


def fields_of(error: grpc.RpcError) -> set[str]:
    return {violation.field for violation in violations_of(error)}


def order_state(office: Office, name: str) -> str:
    order = office.orders.GetOrder(orders_pb2.GetOrderRequest(name=name))
    return orders_pb2.Order.State.Name(order.state)


def coverage(office: Office, order: str) -> pb.Coverage:
    found: pb.Coverage = office.agreements.ExplainCoverage(pb.ExplainCoverageRequest(order=order))
    return found


def terminate(office: Office, name: str, reason: str = "企业停产") -> pb.Agreement:
    ended: pb.Agreement = office.agreements.TerminateAgreement(
        pb.TerminateAgreementRequest(name=name, reason=reason, request_id=request_id())
    )
    return ended


def change(office: Office, name: str, paths: list[str], **fields: Any) -> pb.Agreement:
    changed: pb.Agreement = office.agreements.UpdateAgreement(
        pb.UpdateAgreementRequest(
            agreement=pb.Agreement(name=name, **fields), update_mask=FieldMask(paths=paths), request_id=request_id()
        )
    )
    return changed


def shanghai_day(days: int = 0) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def events_of(database: Database, subject: str) -> list[str]:
    table = Base.metadata.tables["outbox_event"]
    with database.reading() as session:
        rows = session.execute(select(table.c.type).where(table.c.subject == subject).order_by(table.c.sequence))
        return [kind.removeprefix("liancai.training.") for (kind,) in rows]


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
    error = refused(office.agreements.CreateAgreement, pb.CreateAgreementRequest(agreement=wrong, request_id="short"))
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
    error = refused(office.agreements.CreateAgreement, pb.CreateAgreementRequest(agreement=few))
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
        return fields_of(refused(office.agreements.CreateAgreement, request))

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
        assert info_of(refused(office.agreements.CreateAgreement, request))[0] == "ORDER_STATE"


def test_the_same_request_twice_makes_one_agreement(office: Office) -> None:
    request = pb.CreateAgreementRequest(agreement=an_agreement(office.matched()), request_id=request_id())
    assert office.agreements.CreateAgreement(request) == office.agreements.CreateAgreement(request)
    request.agreement.title = "另一份"
    assert info_of(refused(office.agreements.CreateAgreement, request))[0] == "REQUEST_ID_REUSED"


# ---- signing ---------------------------------------------------------------------------------------


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
    assert info_of(refused(office.classes.CreateClass, wanted))[0] == "ORDER_STATE"
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
    assert fields_of(refused(office.agreements.SignAgreement, another_day)) == {"sign_date"}
    last = office.sign(agreement.name)
    assert last.state == pb.Agreement.SIGNED
    assert office.sign(agreement.name) == last
    assert info_of(refused(office.agreements.SignAgreement, another_day))[0] == "AGREEMENT_STATE"


def test_what_cannot_be_signed(office: Office) -> None:
    agreement = office.agreement(office.matched())
    party = agreement.parties[0]

    def refusal(**fields: Any) -> grpc.RpcError:
        return refused(office.agreements.SignAgreement, a_signature(agreement.name, party, **fields))

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
    assert info_of(refused(office.agreements.SignAgreement, signature))[0] == "AGREEMENT_TEXT"


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
    assert refused(office.agreements.SignAgreement, stale).code() is grpc.StatusCode.ABORTED


# ---- changing and ending ---------------------------------------------------------------------------


def test_a_change_takes_every_signature_back(office: Office, database: Database) -> None:
    order = office.matched(headcount=10)
    agreement = office.agreement(order)
    office.sign(agreement.name, PARTY.ENTERPRISE_PARTY, PARTY.BUREAU_PARTY)
    changed = change(office, agreement.name, ["penalty", "file_sha256"], penalty="按人赔付", file_sha256="6b" * 32)
    assert [party.sign_date for party in changed.parties] == ["", "", ""]
    assert (changed.penalty, changed.title, changed.headcount) == ("按人赔付", agreement.title, 10)
    old = a_signature(agreement.name, agreement.parties[0])
    assert info_of(refused(office.agreements.SignAgreement, old))[0] == "AGREEMENT_TEXT"
    for party in changed.parties:
        signature = a_signature(agreement.name, party, file_sha256="6b" * 32)
        assert order_state(office, order.name) == "MATCHED"
        office.agreements.SignAgreement(signature)
    assert order_state(office, order.name) == "CONTRACTED"
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=agreement.name)).entries
    [update] = [entry for entry in entries if entry.action == "training.agreement.update"]
    assert f"ENTERPRISE {ENTERPRISE}" in update.detail
    error = refused(change, office, agreement.name, ["title"])
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
    assert fields_of(refused(lambda: change(office, agreement.name, ["orders"], orders=fewer))) == {
        "agreement.hire_commitment"
    }
    for paths in (["state"], ["headcount"], ["partner_division"], ["nonsense"], []):
        assert fields_of(refused(change, office, agreement.name, paths)) == {"update_mask"}
    stale = lambda: change(office, agreement.name, ["title"], title="新名", etag='"1"')  # noqa: E731
    assert refused(stale).code() is grpc.StatusCode.ABORTED


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
    assert info_of(refused(office.classes.CreateClass, wanted))[0] == "ORDER_STATE"
    assert info_of(refused(terminate, office, agreement))[0] == "AGREEMENT_STATE"
    signature = a_signature(agreement, ended.parties[0])
    assert info_of(refused(office.agreements.SignAgreement, signature))[0] == "AGREEMENT_STATE"
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
    assert info_of(refused(office.bring, draft.name, "File"))[0] == "ORDER_NOT_COVERED"


def test_an_order_that_other_agreements_still_cover_stays_contracted(office: Office) -> None:
    order = office.contracted(headcount=10)
    second = office.sign(office.agreement(order).name)
    assert coverage(office, order.name).covered == 20
    terminate(office, second.name)
    assert order_state(office, order.name) == "CONTRACTED"
    draft = office.agreement(order)
    assert info_of(refused(terminate, office, draft.name))[0] == "AGREEMENT_STATE"


# ---- who sees and does what ------------------------------------------------------------------------


def test_a_unit_signs_for_itself_only(office: Office, desk: Callable[..., Office]) -> None:
    agreement = office.agreement(office.matched())
    enterprise = desk(roles=("enterprise",), unit=ENTERPRISE)
    institution = desk(roles=("institution",), unit=INSTITUTION)
    partner = desk(division="370103")
    for own, other in ((enterprise, PARTY.INSTITUTION_PARTY), (institution, PARTY.ENTERPRISE_PARTY)):
        assert refused(own.sign, agreement.name, other).code() is grpc.StatusCode.PERMISSION_DENIED
        assert refused(own.sign, agreement.name, PARTY.BUREAU_PARTY).code() is grpc.StatusCode.PERMISSION_DENIED
    assert enterprise.sign(agreement.name, PARTY.ENTERPRISE_PARTY).parties[0].sign_date
    assert institution.sign(agreement.name, PARTY.INSTITUTION_PARTY).parties[1].sign_date
    assert partner.sign(agreement.name, PARTY.BUREAU_PARTY).state == pb.Agreement.SIGNED


def test_an_enterprise_writes_agreements_on_its_own_orders_only(office: Office, desk: Callable[..., Office]) -> None:
    order, others = office.matched(), office.matched(enterprise_credit_code=OTHER_ENTERPRISE)
    enterprise = desk(roles=("enterprise",), unit=ENTERPRISE)
    drawn = enterprise.agreement(order)
    assert change(enterprise, drawn.name, ["title"], title="企业自拟协议").title == "企业自拟协议"
    assert refused(enterprise.agreement, others).code() is grpc.StatusCode.NOT_FOUND
    # it may not write itself out of an agreement, nor write one between others on its order
    others_only = [a_party(PARTY.INSTITUTION_PARTY, INSTITUTION), a_party(PARTY.BUREAU_PARTY, BUREAU)]
    writing_out = lambda: change(enterprise, drawn.name, ["parties"], parties=others_only)  # noqa: E731
    assert refused(writing_out).code() is grpc.StatusCode.PERMISSION_DENIED
    assert refused(lambda: enterprise.agreement(order, parties=others_only)).code() is grpc.StatusCode.PERMISSION_DENIED
    assert refused(terminate, enterprise, drawn.name).code() is grpc.StatusCode.PERMISSION_DENIED
    institution = desk(roles=("institution",), unit=INSTITUTION)
    assert refused(institution.agreement, order).code() is grpc.StatusCode.PERMISSION_DENIED


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
                assert refused(reader.agreements.GetAgreement, look).code() is grpc.StatusCode.NOT_FOUND
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
        assert refused(coverage, stranger, order.name).code() is grpc.StatusCode.NOT_FOUND
