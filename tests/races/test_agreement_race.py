"""Signing, matching and suspending at once, on two replicas: nothing falls between them, and the locks see to it.

Each test has its negative control: without the lock, what must not happen happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import classes_pb2, institutions_pb2, orders_pb2
from sqlalchemy import select

from services import host
from services.training import institutions, queries
from services.training.agreements import agreements, covering
from services.training.tables import AgreementOrderRow, InstitutionRow, OrderRow
from tests.office import INSTITUTION, Office, a_class, a_signature, request_id
from tests.races.crowd import Meeting, together
from tests.races.servers import replica

NewSettings = Callable[..., host.Settings]
BUREAU_SIGNS = pb.Agreement.Party.BUREAU_PARTY
OTHERS_SIGN = (pb.Agreement.Party.ENTERPRISE_PARTY, pb.Agreement.Party.INSTITUTION_PARTY)


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[list[Office]]:
    settings = new_settings("postgresql")
    with ExitStack() as stack:
        yield [stack.enter_context(replica(settings, next(folders)))[0] for _ in range(2)]


def meeting_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, meeting: Meeting) -> None:
    """Whoever comes to this function waits for the other."""
    original = getattr(module, name)

    def waiting(*arguments: Any, **more: Any) -> Any:
        meeting.wait()
        return original(*arguments, **more)

    monkeypatch.setattr(module, name, waiting)


def meeting_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, meeting: Meeting) -> None:
    """Whoever leaves this function waits for the other."""
    original = getattr(module, name)

    def waiting(*arguments: Any, **more: Any) -> Any:
        found = original(*arguments, **more)
        meeting.wait()
        return found

    monkeypatch.setattr(module, name, waiting)


def unlocked_orders(tx: Any, row: Any) -> Any:
    """What `_orders_for_change` would be without its lock."""
    wanted = select(OrderRow).join(AgreementOrderRow).where(AgreementOrderRow.agreement_id == row.id)
    return tx.session.scalars(wanted).all()


def unlocked_institution(session: Any, code: str, **_: bool) -> Any:
    """What `active_institution` would be without its lock."""
    return session.get_one(InstitutionRow, code)


def a_last_signature(office: Office, agreement: pb.Agreement) -> Callable[[], Any]:
    """What binds the agreement: the bureau's signature, when the others have given theirs."""
    office.sign(agreement.name, *OTHERS_SIGN)
    [party] = [each for each in agreement.parties if each.role == BUREAU_SIGNS]
    signature = a_signature(agreement.name, party)
    return lambda: office.agreements.SignAgreement(signature)


def state_of(office: Office, order: str) -> str:
    found = office.orders.GetOrder(orders_pb2.GetOrderRequest(name=order))
    return orders_pb2.Order.State.Name(found.state)


def two_halves(replicas: list[Office]) -> tuple[str, list[Callable[[], Any]]]:
    """An order, and the two signatures that together cover it."""
    order = replicas[0].matched(headcount=10)
    half = [pb.Agreement.Cover(order=order.name, headcount=5)]
    drawn = [replicas[0].agreement(order, orders=half) for _ in range(2)]
    return order.name, [a_last_signature(office, each) for office, each in zip(replicas, drawn, strict=True)]


def test_two_halves_signed_at_once_contract_the_order(replicas: list[Office], monkeypatch: pytest.MonkeyPatch) -> None:
    order, signatures = two_halves(replicas)
    meeting = Meeting()
    meeting_before(monkeypatch, agreements, "_orders_for_change", meeting)
    answers = together(*signatures)
    assert meeting.happened
    assert [answer.state for answer in answers] == [pb.Agreement.SIGNED] * 2  # type: ignore[attr-defined]
    assert state_of(replicas[0], order) == "CONTRACTED"


def test_without_the_lock_on_the_order_two_halves_would_not_see_one_another(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, signatures = two_halves(replicas)
    monkeypatch.setattr(agreements, "_orders_for_change", unlocked_orders)
    meeting = Meeting()
    meeting_after(monkeypatch, covering, "coverage", meeting)
    together(*signatures)
    assert meeting.happened
    assert state_of(replicas[0], order) == "MATCHED"


def signing_and_matching(replicas: list[Office]) -> tuple[str, list[Callable[[], Any]]]:
    """A verified order, the signature that covers it, and its match."""
    order = replicas[0].verified(headcount=10)
    replicas[0].registered()
    sign = a_last_signature(replicas[0], replicas[0].agreement(order))
    match = orders_pb2.MatchOrderRequest(name=order.name, institution_credit_code=INSTITUTION, request_id=request_id())
    return order.name, [sign, lambda: replicas[1].orders.MatchOrder(match)]


def test_an_order_matched_while_its_agreement_is_signed_is_contracted(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, acts = signing_and_matching(replicas)
    meeting = Meeting()
    meeting_before(monkeypatch, agreements, "_orders_for_change", meeting)
    meeting_before(monkeypatch, covering, "contract_if_covered", meeting)  # the match has locked the order by then
    together(*acts)
    assert meeting.happened
    assert state_of(replicas[0], order) == "CONTRACTED"


def test_without_the_lock_on_the_order_it_would_stay_matched(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, acts = signing_and_matching(replicas)
    meeting = Meeting()
    monkeypatch.setattr(agreements, "_orders_for_change", unlocked_orders)
    meeting_after(monkeypatch, agreements, "_orders_for_change", meeting)
    meeting_after(monkeypatch, covering, "coverage", meeting)
    together(*acts)
    assert meeting.happened
    assert state_of(replicas[0], order) == "MATCHED"


@pytest.mark.parametrize("locked", [True, False], ids=["lock and version", "version alone"])
def test_two_parties_who_sign_one_agreement_at_once_both_have_signed(
    locked: bool, replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replicas[0].matched(headcount=10)
    agreement = replicas[0].agreement(order)
    replicas[0].sign(agreement.name, OTHERS_SIGN[0])
    first, second = (a_signature(agreement.name, party) for party in agreement.parties if party.role != OTHERS_SIGN[0])
    if not locked:
        visible, meeting = agreements._visible, Meeting()

        def unlocked(session: Any, call: Any, name: str, *, lock: bool = False) -> Any:
            return visible(session, call, name)

        monkeypatch.setattr(agreements, "_visible", unlocked)
        meeting_after(monkeypatch, agreements, "_visible", meeting)
    together(lambda: replicas[0].agreements.SignAgreement(first), lambda: replicas[1].agreements.SignAgreement(second))
    now = replicas[0].agreements.GetAgreement(pb.GetAgreementRequest(name=agreement.name))
    assert now.state == pb.Agreement.SIGNED
    assert all(party.sign_date for party in now.parties)
    assert state_of(replicas[0], order.name) == "CONTRACTED"


def creating_and_suspending(replicas: list[Office]) -> list[Callable[[], Any]]:
    """A new class of an institution, and its suspension."""
    order = replicas[0].contracted()
    create = classes_pb2.CreateClassRequest(training_class=a_class(order.name), request_id=request_id())
    suspend = institutions_pb2.SuspendInstitutionRequest(
        name=f"institutions/{INSTITUTION}", reason="年检", request_id=request_id()
    )
    return [
        lambda: replicas[0].classes.CreateClass(create),
        lambda: replicas[1].institutions.SuspendInstitution(suspend),
    ]


def test_a_class_made_while_its_institution_is_suspended_is_suspended_with_it(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = creating_and_suspending(replicas)
    meeting = Meeting()
    meeting_after(monkeypatch, queries, "active_institution", meeting)
    meeting_before(monkeypatch, institutions, "_for_change", meeting)
    made, _ = together(*acts)
    assert meeting.happened
    assert replicas[0].the_class(made.name).suspended  # type: ignore[attr-defined]


def test_without_the_lock_on_the_institution_a_class_would_slip_through(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = creating_and_suspending(replicas)
    meeting, asked = Meeting(), []
    monkeypatch.setattr(queries, "active_institution", unlocked_institution)
    meeting_after(monkeypatch, queries, "active_institution", meeting)
    classes = institutions._classes

    def meeting_the_second_time(*arguments: Any) -> Any:
        found = classes(*arguments)
        asked.append(None)
        if len(asked) == 2:
            meeting.wait()
        return found

    monkeypatch.setattr(institutions, "_classes", meeting_the_second_time)
    made, _ = together(*acts)
    assert meeting.happened
    assert not replicas[0].the_class(made.name).suspended  # type: ignore[attr-defined]
