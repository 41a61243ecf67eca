"""What crosses the wire: parsing, deadlines and failures, seen from outside."""

from __future__ import annotations

import gc
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from liancai.training.v1 import (
    classes_pb2,
    enrolments_pb2,
    orders_pb2,
    orders_pb2_grpc,
    rosters_pb2,
    rosters_pb2_grpc,
)

from services import host
from services.platform.boundary import SYSTEM, Call
from services.platform.database import Database
from services.platform.errors import NotFound
from services.platform.policy import Reach, Scope
from services.platform.writer import Work
from services.training.service import PART
from tests.conftest import token_of
from tests.office import Office, an_order, request_id, somebody
from tests.statuses import status_of
from tests.test_contract import PATHS, RPCS, ask

SECRET = "370103198706054321"


def info_of(error: BaseException) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    assert status_of(error).details[0].Unpack(info)
    return info


def signed(settings: host.Settings, **who: Any) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token_of(settings, **who)}")]


# messages


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\xff\x01", b"\x0a\x05ab", b"\x0a\x02\xc3\x28"], ids=repr)
@pytest.mark.parametrize("rpc", ["GetOrder", "Enrol", "ImportRoster"])
def test_a_message_that_cannot_be_read_is_an_invalid_argument(
    rpc: str, raw: bytes, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    method = next(each for each in RPCS if each.name == rpc)
    with pytest.raises(grpc.RpcError) as refused:
        ask(grpc_channel, method, signed(settings), raw)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info_of(refused.value).reason == "MALFORMED_MESSAGE"


def test_a_broken_chunk_ends_an_import_that_began_well(
    office: Office, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    held = office.open_class(office.contracted().name)
    part = rosters_pb2.ImportRosterRequest
    header = part.Header(
        class_name=held.name, mode=part.Header.VALID_ROWS, file_sha256="0" * 64, request_id=request_id()
    )
    import_roster = grpc_channel.stream_stream("/liancai.training.v1.Rosters/ImportRoster")
    with pytest.raises(grpc.RpcError) as refused:
        list(import_roster(iter([part(header=header).SerializeToString(), b"\x12\xff"]), metadata=signed(settings)))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert office.the_class(held.name).enrolled == 0


def test_a_stream_without_a_token_is_unauthenticated(grpc_channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        list(grpc_channel.stream_stream("/liancai.training.v1.Rosters/ImportRoster")(iter([b""])))
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@contextmanager
def hardened(database: Database, settings: host.Settings, folder: Path, known_as: str = "s") -> Iterator[grpc.Channel]:
    """A server with the options of production."""
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(
            pool,
            interceptors=[host.boundary(host.parts(), host.open_identity(settings))],
            options=host.SERVER_OPTIONS,
            maximum_concurrent_rpcs=host.MOST_CALLS,
        )
        host.mount([PART], {"training": database}, settings, server)
        server.add_insecure_port(f"unix:{folder}/{known_as}")
        server.start()
        with grpc.insecure_channel(f"unix:{folder}/{known_as}") as channel:
            yield channel
        server.stop(0).wait()


def test_a_message_over_the_bound_is_too_much_and_one_under_it_is_read(
    database: Database, settings: host.Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with hardened(database, settings, tmp_path_factory.mktemp("h")) as channel:
        ask = channel.unary_unary(PATHS["liancai.training.v1.Orders.GetOrder"])
        codes = []
        for size in (5 * 2**20, 3 * 2**20):
            request = orders_pb2.GetOrderRequest(name="x" * size).SerializeToString()
            with pytest.raises(grpc.RpcError) as refused:
                ask(request, metadata=signed(settings), timeout=20)
            codes.append(refused.value.code())
        assert codes == [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT]


def test_a_compressed_bomb_and_huge_metadata_are_too_much(
    database: Database, settings: host.Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with hardened(database, settings, tmp_path_factory.mktemp("h")) as channel:
        ask = channel.unary_unary(PATHS["liancai.training.v1.Orders.GetOrder"])
        bomb = orders_pb2.GetOrderRequest(name="\0" * 30_000_000).SerializeToString()
        with pytest.raises(grpc.RpcError) as refused:
            ask(bomb, metadata=signed(settings), compression=grpc.Compression.Gzip, timeout=20)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError) as refused:
            ask(b"", metadata=[*signed(settings), ("x", "y" * 20_000)], timeout=20)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


# faults of ours


class Broken(orders_pb2_grpc.OrdersServicer):
    """Fails with a person's number in the text, before or while it answers."""

    def GetOrder(self, request: orders_pb2.GetOrderRequest, context: grpc.ServicerContext) -> orders_pb2.Order:
        raise ValueError(f"no number {SECRET}") from KeyError(SECRET)

    def SubmitOrder(self, request: orders_pb2.SubmitOrderRequest, context: grpc.ServicerContext) -> Any:
        return SECRET  # no message


class BrokenRosters(rosters_pb2_grpc.RostersServicer):
    def ImportRoster(self, request_iterator: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield rosters_pb2.ImportRosterResponse()
        raise ValueError(f"no number {SECRET}")


@pytest.mark.parametrize("rpc", ["GetOrder", "SubmitOrder", "ImportRoster"])
def test_an_exception_becomes_an_incident_and_none_of_its_words_leave(
    rpc: str, settings: host.Settings, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    method = next(each for each in RPCS if each.name == rpc)
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, interceptors=[host.boundary(host.parts(), host.open_identity(settings))])
        orders_pb2_grpc.add_OrdersServicer_to_server(Broken(), server)
        rosters_pb2_grpc.add_RostersServicer_to_server(BrokenRosters(), server)
        address = f"unix:{tmp_path_factory.mktemp('b')}/s"
        server.add_insecure_port(address)
        server.start()
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refused:
            ask(channel, method, signed(settings))
        server.stop(0).wait()
    said = status_of(refused.value).SerializeToString()
    info = info_of(refused.value)
    assert refused.value.code() is grpc.StatusCode.INTERNAL
    assert (info.reason, info.domain) == ("INTERNAL", "training.liancai")
    assert re.fullmatch("[0-9a-f]{12}", info.metadata["incident"])
    assert not [word for word in (SECRET, "ValueError", "AttributeError", "Traceback") if word.encode() in said]
    assert SECRET not in caplog.text
    assert f"incident={info.metadata['incident']} method={PATHS[method.full_name]}" in caplog.text


def test_a_refusal_tells_every_violation_in_the_caller_s_language(
    grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    for language, locale, words in (("zh-CN", "zh-CN", "必填"), ("en-GB,zh;q=0.5", "en", "Required.")):
        office = Office(grpc_channel, token_of(settings), language)
        with pytest.raises(grpc.RpcError) as refused:
            office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(enterprise_name="", headcount=0)))
        status = status_of(refused.value)
        message, bad = error_details_pb2.LocalizedMessage(), error_details_pb2.BadRequest()
        assert status.details[1].Unpack(message)
        assert status.details[2].Unpack(bad)
        assert message.locale == locale
        assert status.message == "The request is not right: correct every field listed and send it again."
        found = {each.field: each.reason for each in bad.field_violations}
        assert found == {
            "request_id": "FIELD_REQUEST_ID",
            "order.enterprise_name": "FIELD_REQUIRED",
            "order.headcount": "FIELD_RANGE",
        }
        assert any(words in each.description for each in bad.field_violations)


# time and callers who go


@contextmanager
def lane_held(database: Database, key: str) -> Iterator[Callable[[], int]]:
    """The lane of `key` does nothing until this ends; gives how many works stand in its queue."""
    begun, go = threading.Event(), threading.Event()

    def hold(tx: object, items: list[object]) -> list[object]:
        begun.set()
        assert go.wait(timeout=30)
        return items

    lanes = database._writer._lanes
    queue = lanes[zlib.crc32(key.encode()) % len(lanes)].queue
    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(database._writer.run, Work(hold), key, 30)
        try:
            assert begun.wait(timeout=30)
            yield queue.qsize
        finally:
            go.set()
        holding.result(timeout=30)


def test_a_call_whose_time_is_up_may_be_sent_again_and_is_done_once(office: Office, database: Database) -> None:
    held = office.open_class(office.contracted().name)
    wish = enrolments_pb2.EnrolRequest(class_name=held.name, applicant=somebody(), request_id=request_id())
    with lane_held(database, held.name):
        with pytest.raises(grpc.RpcError) as refused:
            office.enrolments.Enrol(wish, timeout=0.3)
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    first = office.enrolments.Enrol(wish)
    assert office.enrolments.Enrol(wish) == first
    assert office.the_class(held.name).enrolled == 1


def test_callers_who_vanish_do_not_take_their_neighbours_replies_with_them(
    office: Office, database: Database, grpc_addr: str, settings: host.Settings
) -> None:
    held = office.open_class(office.contracted().name)
    enrol = PATHS["liancai.training.v1.Enrolments.Enrol"]
    wishes = [
        enrolments_pb2.EnrolRequest(class_name=held.name, applicant=somebody(), request_id=request_id())
        for _ in range(6)
    ]
    separate = [("grpc.use_local_subchannel_pool", 1)]
    staying = grpc.insecure_channel(grpc_addr, options=separate)
    leaving = grpc.insecure_channel(grpc_addr, options=separate)
    with staying:
        with lane_held(database, held.name) as queued:
            calls = [
                channel.unary_unary(enrol).future(wish.SerializeToString(), metadata=signed(settings), timeout=30)
                for channel, wish in zip([staying, leaving, staying] * 2, wishes, strict=True)
            ]
            until = time.monotonic() + 30
            while queued() < len(wishes):
                assert time.monotonic() < until
                time.sleep(0.001)
            calls[0].cancel()
            leaving.close()
        replies = {
            wish.request_id: enrolments_pb2.Enrolment.FromString(call.result(timeout=30))
            for wish, call in zip(wishes, calls, strict=True)
            if call.code() is grpc.StatusCode.OK
        }
    assert len(replies) == 3
    again = {wish.request_id: office.enrolments.Enrol(wish) for wish in wishes}
    assert {key: again[key] for key in replies} == replies
    assert office.the_class(held.name).enrolled == 6


# what belongs to others


def test_a_refused_call_is_let_go_without_the_collector(office: Office) -> None:
    order = office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
    unary = orders_pb2.GetOrderRequest(name="orders/0")
    late = enrolments_pb2.EnrolRequest(class_name="classes/0", applicant=somebody(), request_id=request_id())
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            for refused in (office.orders.GetOrder, office.enrolments.Enrol):
                with pytest.raises(grpc.RpcError):
                    refused(unary if refused == office.orders.GetOrder else late)
        office.orders.GetOrder(orders_pb2.GetOrderRequest(name=order.name))
        # forty were refused; a few may still be on their way out
        assert sum(isinstance(each, Call) for each in gc.get_objects()) < 20
    finally:
        gc.enable()


def test_an_unknown_number_of_an_enum_is_an_invalid_argument(office: Office) -> None:
    held = office.open_class(office.contracted().name)
    part = rosters_pb2.ImportRosterRequest
    header = part.Header(class_name=held.name, mode=99, file_sha256="0" * 64, request_id=request_id())  # type: ignore[arg-type]
    asked = [
        lambda: office.orders.ListOrders(orders_pb2.ListOrdersRequest(filter={"states": [99]})),
        lambda: office.classes.ListClasses(classes_pb2.ListClassesRequest(filter={"states": [99]})),
        lambda: office.enrolments.ListEnrolments(
            enrolments_pb2.ListEnrolmentsRequest(filter={"class_name": held.name, "states": [99]})
        ),
        lambda: list(office.rosters.ImportRoster(iter([part(header=header), part(end=part.End())]))),
    ]
    for ask_it in asked:
        with pytest.raises(grpc.RpcError) as refused:
            ask_it()
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_a_service_does_by_itself_has_a_name_and_no_rights() -> None:
    call = Call.by_system("training", "training.class.review", "371526")
    assert (call.caller.subject, call.caller.division, call.action) == (SYSTEM, "371526", "training.class.review")
    assert call.seconds_left > 0
    assert not call.may("training.class.review", Scope(("371526",), ("",)))
    assert call.reach() == Reach(None, None)
    with pytest.raises(NotFound):
        call.require(Scope(("371526",)), "classes/1")
