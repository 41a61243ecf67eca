"""The same request at once, many times: one effect, one reply (AIP-155)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import orders_pb2

from services import host
from services.platform.once import Once
from services.platform.writer import Committer
from tests.office import Office, an_order, request_id, somebody
from tests.races.books import TABLES, assert_books_balance
from tests.races.crowd import Meeting, a_hot_class, a_wish, together
from tests.races.servers import engine_of, office_at, replica

NewSettings = Callable[..., host.Settings]
KINDS = [("sqlite", ""), ("sqlite", "0"), ("postgresql", ""), ("postgresql", "0")]


def reason_of(error: object) -> str:
    """The ErrorInfo.reason of an answer that is no reply."""
    assert isinstance(error, grpc.RpcError), error
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason


def meet_before_the_first_is_answered(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Two transactions have both looked for a stored reply in vain, or hope that there is none, before either stores
    one.
    """
    meeting, answered = Meeting(), Committer._answered

    def looking(committer: Committer, *arguments: Any) -> Any:
        found = answered(committer, *arguments)
        meeting.wait()
        return found

    monkeypatch.setattr(Committer, "_answered", looking)
    return meeting


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[tuple[Office, Office, host.Settings]]:
    settings = new_settings("postgresql")
    with ExitStack() as stack:
        one, other = (stack.enter_context(replica(settings, next(folders)))[0] for _ in range(2))
        yield one, other, settings


@pytest.mark.parametrize(("kind", "lanes"), KINDS)
def test_one_request_sent_by_sixteen_threads_is_one_enrolment_with_one_reply(
    kind: str, lanes: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind, **({"LIANCAI_LANES": lanes} if lanes else {}))
    with replica(settings, next(folders)) as (office, _), engine_of(settings) as engine:
        name = a_hot_class(office, capacity=2, headcount=9)
        wishes = [a_wish(name) for _ in range(3)]
        for wish in wishes:
            replies = together(*[lambda wish=wish: office.enrolments.Enrol(wish)] * 16)  # type: ignore[misc]
            assert all(reply == replies[0] for reply in replies), replies
        assert_books_balance(engine, name, {wish.request_id: office.enrolments.Enrol(wish) for wish in wishes})


def test_one_enrolment_sent_to_two_replicas_at_once_has_one_effect_and_one_reply(
    replicas: tuple[Office, Office, host.Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, settings = replicas
    name = a_hot_class(one, capacity=2, headcount=9)
    wish = a_wish(name)
    meeting = meet_before_the_first_is_answered(monkeypatch)
    first, second = together(lambda: one.enrolments.Enrol(wish), lambda: other.enrolments.Enrol(wish))
    assert meeting.happened
    assert isinstance(first, pb.Enrolment), first
    assert first == second
    with engine_of(settings) as engine:
        assert_books_balance(engine, name, {wish.request_id: first})


def test_one_step_of_an_order_sent_to_two_replicas_at_once_is_one_step_with_one_reply(
    replicas: tuple[Office, Office, host.Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, _ = replicas
    order = one.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
    step = orders_pb2.SubmitOrderRequest(name=order.name, request_id=request_id())
    meeting = meet_before_the_first_is_answered(monkeypatch)
    first, second = together(lambda: one.orders.SubmitOrder(step), lambda: other.orders.SubmitOrder(step))
    assert meeting.happened
    assert isinstance(first, orders_pb2.Order), first
    assert first == second


def test_one_new_order_sent_to_two_replicas_at_once_is_one_order(
    replicas: tuple[Office, Office, host.Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, settings = replicas
    wish = orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id())
    meeting = meet_before_the_first_is_answered(monkeypatch)
    first, second = together(lambda: one.orders.CreateOrder(wish), lambda: other.orders.CreateOrder(wish))
    assert meeting.happened
    assert isinstance(first, orders_pb2.Order), first
    assert first == second
    with engine_of(settings) as engine, engine.connect() as connection:
        assert len(connection.execute(TABLES["orders"].select()).all()) == 1


def test_an_id_used_at_once_for_two_bodies_on_two_replicas_serves_one_of_them(
    replicas: tuple[Office, Office, host.Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, settings = replicas
    name = a_hot_class(one, capacity=2, headcount=9)
    wishes = [a_wish(name), a_wish(name)]
    wishes[1].request_id = wishes[0].request_id
    meeting = meet_before_the_first_is_answered(monkeypatch)
    answers = together(lambda: one.enrolments.Enrol(wishes[0]), lambda: other.enrolments.Enrol(wishes[1]))
    assert meeting.happened
    served = [answer for answer in answers if isinstance(answer, pb.Enrolment)]
    assert len(served) == 1
    assert [reason_of(answer) for answer in answers if answer not in served] == ["REQUEST_ID_REUSED"]
    with engine_of(settings) as engine:
        assert_books_balance(engine, name, {wishes[0].request_id: served[0]})


@pytest.mark.parametrize(("kind", "lanes"), KINDS)
def test_a_request_id_belongs_to_its_caller_and_to_its_body(
    kind: str, lanes: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings(kind, **({"LIANCAI_LANES": lanes} if lanes else {}))
    folder = next(folders)
    with replica(settings, folder) as (office, _), office_at(f"unix:{folder}/s", settings, "colleague") as colleague:
        name = a_hot_class(office, capacity=2, headcount=9)
        wish = a_wish(name)
        first = office.enrolments.Enrol(wish)
        assert office.enrolments.Enrol(wish) == first

        changed = pb.EnrolRequest(class_name=name, applicant=somebody(), request_id=wish.request_id)
        with pytest.raises(grpc.RpcError) as reused:
            office.enrolments.Enrol(changed)
        assert reused.value.code() is grpc.StatusCode.ALREADY_EXISTS
        assert reason_of(reused.value) == "REQUEST_ID_REUSED"

        second = colleague.enrolments.Enrol(changed)
        assert second.name != first.name
        # the same body under the same id through another RPC is another request
        with pytest.raises(grpc.RpcError) as elsewhere:
            office.enrolments.WithdrawEnrolment(
                pb.WithdrawEnrolmentRequest(name=first.name, reason="其他", request_id=wish.request_id)
            )
        assert reason_of(elsewhere.value) == "REQUEST_ID_REUSED"


def test_without_stored_replies_the_second_sending_is_refused(
    replicas: tuple[Office, Office, host.Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Once, "answered", lambda *_: {})
    monkeypatch.setattr(Once, "keep", lambda *_: None)
    wish = a_wish(a_hot_class(replicas[0], capacity=2, headcount=9))
    assert replicas[0].enrolments.Enrol(wish).name
    with pytest.raises(grpc.RpcError):
        replicas[0].enrolments.Enrol(wish)
