"""Watching what becomes of things: everything once and in order, from any position, and only what one may see."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from liancai.common.v1 import event_pb2 as pb
from liancai.training.v1 import enrolments_pb2, orders_pb2, quotas_pb2
from sqlalchemy import select

from services import host
from services.platform import later, watching
from services.platform.database import Database
from services.training.tables import Base
from tests.conftest import token_of
from tests.office import ENTERPRISE, INSTITUTION, TODAY, Office, an_order, request_id, somebody
from tests.statuses import info_of
from tests.training.test_registers import bring, pensioners

OUTBOX = Base.metadata.tables["outbox_event"]


def watch(office: Office, **fields: Any) -> list[pb.WatchEventsResponse]:
    """All that is stored, as it comes."""
    return list(office.events.WatchEvents(pb.WatchEventsRequest(stop_at_end=True, **fields)))


def events(office: Office, **fields: Any) -> list[pb.Event]:
    return [event for part in watch(office, **fields) for event in part.events]


def end(office: Office) -> int:
    """The position after everything there is."""
    return watch(office)[-1].position


def at_desk(channel: grpc.Channel, settings: host.Settings, **of: Any) -> Office:
    return Office(channel, token_of(settings, **of))


def draft(office: Office, **fields: Any) -> orders_pb2.Order:
    made: orders_pb2.Order = office.orders.CreateOrder(
        orders_pb2.CreateOrderRequest(order=an_order(**fields), request_id=request_id())
    )
    return made


def test_everything_there_is_comes_once_and_in_order(office: Office, database: Database) -> None:
    office.enrol(office.open_class(office.contracted().name).name)
    got = events(office)
    with database.reading() as session:
        stored = session.execute(select(OUTBOX).order_by(OUTBOX.c.sequence)).all()
    assert [event.sequence for event in got] == [row.sequence for row in stored]
    assert [(event.type, event.subject, json.loads(event.data)) for event in got] == [
        (row.type, row.subject, row.data) for row in stored
    ]
    assert {event.source for event in got} == {"/liancai/training"}
    assert [event.id for event in got] == [str(row.sequence) for row in stored]
    assert [event.record_time.ToDatetime() for event in got] == [row.record_time.replace(tzinfo=None) for row in stored]


def test_a_watch_goes_on_from_any_position(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    draft(office)
    everything = events(office)
    monkeypatch.setattr(watching, "PAGE", 2)
    parts = watch(office)
    assert all(len(part.events) <= 2 for part in parts)
    for part in parts:
        assert events(office, position=part.position) == [
            event for event in everything if event.sequence > part.position
        ]
    assert events(office, position=everything[3].sequence) == everything[4:]
    assert watch(office, position=end(office) + 5) == [pb.WatchEventsResponse(position=end(office) + 5)]


def test_only_one_resource_is_watched_if_so_asked(office: Office) -> None:
    first, _ = draft(office), draft(office)
    office.orders.SubmitOrder(orders_pb2.SubmitOrderRequest(name=first.name, request_id=request_id()))
    got = events(office, subject=first.name)
    assert [event.type.rpartition(".")[2] for event in got] == ["created", "submitted"]
    assert {event.subject for event in got} == {first.name}
    assert events(office, subject="orders/1") == []


@pytest.mark.parametrize(("field", "value"), [("position", -1), ("subject", "x" * 65), ("subject", "a\x00")])
def test_a_request_that_cannot_be_is_refused(office: Office, field: str, value: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        watch(office, **{field: value})
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


class Watcher:
    """Watches in a thread of its own and keeps what came."""

    def __init__(self, office: Office, position: int) -> None:
        self.got: list[pb.Event] = []
        self._came = threading.Condition()
        self._call = office.events.WatchEvents(pb.WatchEventsRequest(position=position), timeout=60)
        self.first = next(self._call)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for part in self._call:
                with self._came:
                    self.got += part.events
                    self._came.notify_all()
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.CANCELLED  # noqa: PT017  only how it was ended here is right

    def until(self, enough: Callable[[list[pb.Event]], bool]) -> list[pb.Event]:
        with self._came:
            assert self._came.wait_for(lambda: enough(self.got), timeout=30), self.got
        return self.got

    def close(self) -> None:
        self._call.cancel()
        self._thread.join(timeout=10)


def test_what_happens_while_one_watches_comes_at_once(office: Office) -> None:
    watcher = Watcher(office, end(office))
    try:
        assert not watcher.first.events, "the first part comes at once, whatever there is"
        order = draft(office)
        got = watcher.until(bool)
        assert [(event.type, event.subject) for event in got] == [("liancai.training.order.created", order.name)]
        office.orders.SubmitOrder(orders_pb2.SubmitOrderRequest(name=order.name, request_id=request_id()))
        watcher.until(lambda got: len(got) == 2)
    finally:
        watcher.close()


def test_a_roster_is_told_person_by_person(office: Office) -> None:
    held = office.open_class(office.contracted(headcount=100).name, capacity=90).name
    before = end(office)
    office.import_people(held, [somebody() for _ in range(60)])
    told = [event for event in events(office, position=before) if event.type == "liancai.training.enrolment.enrolled"]
    assert len({event.subject for event in told}) == 60
    assert [json.loads(event.data)["place"] for event in told] == list(range(1, 61))


@pytest.fixture(scope="module")
def everybody(office: Office, grpc_channel: grpc.Channel, settings: host.Settings) -> dict[str, Office]:
    """Who may see some, all or none of what happens in 371526 with the partner 370103."""
    return {
        "home": office,
        "partner": at_desk(grpc_channel, settings, division="370103"),
        "stranger": at_desk(grpc_channel, settings, division="371502"),
        "enterprise": at_desk(grpc_channel, settings, roles=("enterprise",), unit=ENTERPRISE, division="371502"),
        "institution": at_desk(grpc_channel, settings, roles=("institution",), unit=INSTITUTION, division="371502"),
        "auditor": at_desk(grpc_channel, settings, roles=("auditor",)),
        "another": at_desk(grpc_channel, settings, roles=("enterprise",), unit="91370000MA3C00017X", division="371502"),
    }


SEEN = {
    "orders": {"home", "partner", "enterprise", "institution", "auditor"},
    "agreements": {"home", "partner", "enterprise", "institution", "auditor"},
    "classes": {"home", "partner", "enterprise", "institution", "auditor"},
    "enrolments": {"home", "partner", "enterprise", "institution", "auditor"},
    "institutions": {"home", "partner", "stranger", "enterprise", "institution", "auditor", "another"},
    "teachers": {"home", "partner", "stranger", "enterprise", "institution", "auditor", "another"},
    "quotas": {"home", "institution", "auditor"},
    "registers": {"home", "auditor"},
    "substitutions": {"home", "partner", "enterprise", "institution", "auditor"},
}


def one_of_each(office: Office) -> None:
    """At least one event of each collection."""
    order = office.contracted()
    first = TODAY + timedelta(days=30)
    days = {"start_date": f"{first}", "end_date": f"{first + timedelta(days=30)}"}
    held = office.open_class(order.name, **days, capacity=1).name
    leaving, coming = office.enrol(held).name, office.enrol(held).name
    office.enrolments.SubstituteTrainee(
        enrolments_pb2.SubstituteTraineeRequest(name=leaving, coming=coming, reason="换人", request_id=request_id())
    )
    office.teacher()
    bring(office, pensioners(3))
    office.quotas.SetQuota(
        quotas_pb2.SetQuotaRequest(
            kind=quotas_pb2.INSTITUTION_HEADS, institution_credit_code=INSTITUTION, division="371526", year=2026,
            granted=1000, source="样例文件", request_id=request_id(),
        )
    )  # fmt: skip


def test_everybody_sees_of_what_they_may_see_and_of_nothing_else(
    office: Office, everybody: dict[str, Office], database: Database
) -> None:
    one_of_each(office)
    with database.reading() as session:
        subjects = set(session.scalars(select(OUTBOX.c.subject)))
    assert {subject.partition("/")[0] for subject in subjects} == set(SEEN), "a collection that nobody sees"
    for who, desk in everybody.items():
        seen = {event.subject.partition("/")[0] for event in events(desk)}
        assert seen == {collection for collection, by in SEEN.items() if who in by}, who


def test_what_is_told_can_be_looked_at(everybody: dict[str, Office]) -> None:
    """The scope of events is that of the resources themselves."""
    [mine, *_] = everybody["home"].orders.ListOrders(orders_pb2.ListOrdersRequest()).orders
    for name in (mine.name, "orders/20991199999"):
        assert events(everybody["stranger"], subject=name) == [], "as if it were not there"
    for who in ("partner", "stranger", "enterprise", "institution"):
        listed = {order.name for order in everybody[who].orders.ListOrders(orders_pb2.ListOrdersRequest()).orders}
        told = {event.subject for event in events(everybody[who]) if event.subject.startswith("orders/")}
        assert told == listed, who


def test_a_predicate_that_sees_everything_would_be_noticed(
    everybody: dict[str, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    follow = watching.Watching._follow

    def careless(self: watching.Watching, *given: Any, **more: Any) -> Iterator[Message]:
        with monkeypatch.context() as patch:
            patch.setattr(self, "_sees", lambda _session, _call, subjects: set(subjects))
            yield from follow(self, *given, **more)

    before = len(events(everybody["stranger"]))
    with monkeypatch.context() as patch:
        patch.setattr(watching.Watching, "_follow", careless)
        assert len(events(everybody["stranger"])) > before


def test_one_watcher_too_many_is_refused_in_words_and_a_place_is_free_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watching.WATCHERS < later.LASTING, "else nobody is left to say so"
    watchers = [Watcher(office, 0) for _ in range(watching.WATCHERS)]
    try:
        with pytest.raises(grpc.RpcError) as refused:
            watch(office)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert info_of(refused.value) == ("TOO_MANY_WATCHERS", {"most": str(watching.WATCHERS)})
        draft(office)
        for watcher in watchers:
            watcher.until(bool)
    finally:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(Watcher.close, watchers))
    for _ in range(100):
        try:
            assert watch(office)
            break
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # noqa: PT017
    else:
        raise AssertionError("no place became free")


def test_a_watch_ends_when_its_time_is_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_WATCH", 0.05)
    last = end(office)
    parts = list(office.events.WatchEvents(pb.WatchEventsRequest(position=last)))
    assert parts[0].position == last
