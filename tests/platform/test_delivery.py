"""Events to endpoints: at least once, in order, whatever fails; and one endpoint never waits for another."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from sqlalchemy import select, update

from services.platform import delivery
from services.platform.cloudevents import CloudEvent
from services.platform.database import Database
from services.platform.delivery import Deliverer, Endpoint, Undelivered, delivering
from services.platform.endpoints import endpoints
from tests.platform.conftest import Open
from tests.platform.receivers import NatsServer, Receiver, free_port, receiver
from tests.platform.small import BOOKS
from tests.platform.test_tail import tell

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
SOURCE = "/liancai/small"


def hooks(*urls: str) -> list[Endpoint]:
    return endpoints({"LIANCAI_EVENTS_WEBHOOK": " ".join(urls)}, lambda: SECRET)


@contextmanager
def telling(database: Database, *told: Endpoint) -> Iterator[None]:
    with delivering([(database, SOURCE)], told, 30):
        yield


def position(database: Database, name: str = "webhook") -> int:
    table = BOOKS.deliveries
    with database.reading() as session:
        return session.scalar(select(table.c.position).where(table.c.endpoint == name)) or 0


@pytest.fixture
def listening() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an endpoint that fails."""
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.02)


def test_what_happened_is_posted_as_cloudevents_in_order(open_small: Open, listening: Receiver) -> None:
    database = open_small(lanes=1)
    for number in range(1, 4):
        tell(database, f"things/{number}")
    with telling(database, *hooks(listening.url)):
        listening.until(lambda: len(listening.taken) == 3)
        tell(database, "things/今", 7)  # and what happens from then on
        listening.until(lambda: len(listening.taken) == 4)
    assert [post.event["subject"] for post in listening.posts] == ["things/1", "things/2", "things/3", "things/今"]
    last = listening.posts[-1]
    assert last.headers["content-type"].startswith("application/cloudevents+json")
    event = last.event
    times = [datetime.fromisoformat(event.pop(name)) for name in ("time", "recordedtime")]
    assert all(abs(at - datetime.now(UTC)) < timedelta(minutes=5) for at in times)
    assert event == {
        "specversion": "1.0",
        "id": "4",
        "source": SOURCE,
        "type": "liancai.small.thing.changed",
        "subject": "things/今",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000004",
        "casesequence": 7,
        "data": {"number": 7},
    }
    assert position(database) == 4


def test_the_receiver_can_tell_whom_it_is_from(open_small: Open, listening: Receiver) -> None:
    database = open_small(lanes=0)
    tell(database, "things/1")
    with telling(database, *hooks(listening.url)):
        listening.until(lambda: bool(listening.taken))
    post = listening.posts[0]
    assert post.headers["webhook-id"] == f"{SOURCE}/1"
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60
    # as a receiver works it out (https://www.standardwebhooks.com)
    signed = b".".join([post.headers["webhook-id"].encode(), post.headers["webhook-timestamp"].encode(), post.body])
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("status", [500, 503, 404, 302, 410])
def test_what_is_not_taken_is_sent_again_and_nothing_passes_it_by(
    open_small: Open, listening: Receiver, status: int
) -> None:
    database = open_small(lanes=1)
    for number in range(1, 6):
        tell(database, f"things/{number}")
    refusals = iter([status] * 4)
    listening.answer = lambda post: next(refusals, 204) if post.event["id"] == "3" else 204
    with telling(database, *hooks(listening.url)):
        listening.until(lambda: len(listening.taken) == 5)
    assert listening.sequences == [1, 2, 3, 4, 5]
    assert [post.event["id"] for post in listening.posts] == ["1", "2", "3", "3", "3", "3", "3", "4", "5"]
    assert len({post.headers["webhook-id"] for post in listening.posts if post.event["id"] == "3"}) == 1
    with database.reading() as session:
        row = session.execute(select(BOOKS.deliveries)).one()
    assert (row.position, row.failures) == (5, 0)


def test_an_endpoint_that_is_dead_keeps_no_other_waiting(open_small: Open, listening: Receiver) -> None:
    database = open_small(lanes=1)
    dead = f"http://127.0.0.1:{free_port()}/"
    with receiver() as hanging:
        released = threading.Event()
        hanging.answer = lambda _: 204 if released.wait(60) else 500
        told = hooks(f"dead={dead}", f"hanging={hanging.url}", f"good={listening.url}")
        with telling(database, *told):
            for number in range(1, 11):
                tell(database, f"things/{number}")
            listening.until(lambda: len(listening.taken) == 10)
            hanging.until(lambda: bool(hanging.posts))
            released.set()
            hanging.until(lambda: len(hanging.taken) == 10)
    assert [position(database, name) for name in ("dead", "hanging", "good")] == [0, 10, 10]


def test_pauses_grow_and_have_an_end(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 60.0)
    database = open_small(lanes=0)
    tell(database, "things/1")
    sink = Sink(lambda _: Undelivered("HTTP 500"))
    deliverer = a_deliverer(database, sink)
    pauses = []
    for _ in range(9):
        pauses.append(deliverer.round(sink))
        assert 0 < deliverer.round(sink) <= delivery.ASK_AGAIN, "before the pause is over nobody sends"
        pause_is_over(database)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert sink.sent == []


class Sink:
    """An endpoint inside the test; `fault(event)` is what is wrong, if anything."""

    def __init__(self, fault: Callable[[CloudEvent], Exception | None] = lambda _: None) -> None:
        self.sent: list[int] = []
        self._fault = fault

    def send(self, event: CloudEvent) -> None:
        if fault := self._fault(event):
            raise fault
        self.sent.append(event.sequence)

    def close(self) -> None: ...


def a_deliverer(database: Database, sink: Sink) -> Deliverer:
    return Deliverer(database, SOURCE, Endpoint("test", lambda: sink), threading.Event())


def pause_is_over(database: Database) -> None:
    """As if the time had passed for which the turn is held."""
    with database.writing_engine.begin() as connection:
        connection.execute(update(BOOKS.deliveries).values(held_until=delivery.FIRST))


def test_of_two_replicas_one_has_the_turn_and_each_event_goes_once(open_small: Open) -> None:
    databases = [open_small(lanes=1), open_small(lanes=1)]
    sent: list[int] = []
    inside, most = [0], [0]
    lock, done = threading.Lock(), threading.Event()

    class Shared(Sink):
        def send(self, event: CloudEvent) -> None:
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.001)  # so that another would be seen beside it
            with lock:
                inside[0] -= 1
                sent.append(event.sequence)
                if len(sent) >= 120:
                    done.set()

    endpoint = Endpoint("test", Shared)
    with delivering([(database, SOURCE) for database in databases], [endpoint], 30):
        for number in range(120):
            tell(databases[number % 2], f"things/{number % 5}")
        assert done.wait(60)
    assert most == [1]
    assert sent == list(range(1, 121))


def test_whoever_held_the_turn_too_long_cannot_note_and_stops(
    open_small: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = open_small(lanes=0), open_small(lanes=0)
    for number in range(1, 5):
        tell(slow, f"things/{number}")
    other = Sink()

    def overtaken(event: CloudEvent) -> None:
        if event.sequence == 2:  # the process stands still, its turn runs out, another replica goes on
            pause_is_over(quick)
            assert a_deliverer(quick, other).round(other) == 0
            monkeypatch.setattr(delivery.time, "monotonic", lambda: before + delivery.LEASE)

    before = time.monotonic()
    first = Sink(overtaken)  # type: ignore[arg-type]
    assert a_deliverer(slow, first).round(first) == 0
    assert first.sent == [1, 2], "it noticed before it sent any more"
    assert other.sent == [1, 2, 3, 4], "what was not noted is sent again"
    assert position(quick, "test") == 4


def test_what_was_sent_and_not_noted_is_sent_again(open_small: Open) -> None:
    """A process that dies between the two."""
    database = open_small(lanes=0)
    for number in range(1, 4):
        tell(database, f"things/{number}")

    class Died(BaseException): ...

    def dies(event: CloudEvent) -> Any:
        return Died() if event.sequence == 3 else None

    dying, next_one = Sink(dies), Sink()
    with pytest.raises(Died):
        a_deliverer(database, dying).round(dying)
    assert position(database, "test") == 0
    pause_is_over(database)
    a_deliverer(database, next_one).round(next_one)
    assert (dying.sent, next_one.sent) == ([1, 2], [1, 2, 3])


def test_noting_before_sending_would_lose_it(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a deliverer that notes first."""
    database = open_small(lanes=0)
    tell(database, "things/1")

    class Died(BaseException): ...

    def noted_first(event: CloudEvent) -> Any:
        with database.writing_engine.begin() as connection:
            connection.execute(update(BOOKS.deliveries).values(position=event.sequence))
        return Died()

    dying, next_one = Sink(noted_first), Sink()
    with pytest.raises(Died):
        a_deliverer(database, dying).round(dying)
    pause_is_over(database)
    a_deliverer(database, next_one).round(next_one)
    assert (dying.sent, next_one.sent) == ([], [])


def test_a_long_way_is_noted_on_the_way(open_small: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "NOTE_EVERY", 3)
    monkeypatch.setattr(delivery, "PAGE", 4)
    database = open_small(lanes=0)
    for number in range(1, 11):
        tell(database, f"things/{number}")
    noted: list[int] = []
    sink = Sink(lambda _: noted.append(position(database, "test")))
    a_deliverer(database, sink).round(sink)
    assert sink.sent == list(range(1, 11))
    assert all(sequence - before <= 3 + 1 for sequence, before in zip(sink.sent, noted, strict=True))


# ---- NATS ------------------------------------------------------------------------------------------


@pytest.fixture
def jetstream(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    yield server
    server.stop()


def with_nats(url: str, act: Callable[[Any], Any]) -> Any:
    """Does something with JetStream."""

    async def run() -> Any:
        client = await nats.connect(url, connect_timeout=5)
        try:
            return await act(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(run())


def make_stream(url: str) -> None:
    with_nats(url, lambda js: js.add_stream(name="liancai", subjects=["liancai.>"]))


def kept(url: str) -> list[tuple[str, str]]:
    """What the stream keeps: subject and id."""

    async def read(js: Any) -> list[tuple[str, str]]:
        count = (await js.stream_info("liancai")).state.messages
        found = [await js.get_msg("liancai", number + 1) for number in range(count)]
        return [(each.subject, each.headers["Nats-Msg-Id"]) for each in found]

    listed: list[tuple[str, str]] = with_nats(url, read)
    return listed


def to_nats(server: NatsServer) -> Endpoint:
    [endpoint] = endpoints({"LIANCAI_EVENTS_NATS": server.url}, lambda: SECRET)
    return endpoint


def told_up_to(database: Database, number: int) -> bool:
    until = time.monotonic() + 60
    while position(database, "nats") < number:
        assert time.monotonic() < until
        time.sleep(0.01)
    return True


def test_a_stream_keeps_what_happened_in_order_also_over_a_restart(open_small: Open, jetstream: NatsServer) -> None:
    make_stream(jetstream.url)
    database = open_small(lanes=1)
    with telling(database, to_nats(jetstream)):
        for number in range(1, 4):
            tell(database, f"things/{number}")
        assert told_up_to(database, 3)
        jetstream.stop()
        for number in range(4, 7):
            tell(database, f"things/{number}")
        jetstream.start()
        assert told_up_to(database, 6)
    assert kept(jetstream.url) == [("liancai.small.thing.changed", f"{SOURCE}/{number}") for number in range(1, 7)]


def test_what_is_sent_to_a_stream_twice_is_kept_once(open_small: Open, jetstream: NatsServer) -> None:
    make_stream(jetstream.url)
    database = open_small(lanes=0)
    for number in range(1, 4):
        tell(database, f"things/{number}")
    for _ in range(2):
        with telling(database, to_nats(jetstream)):
            assert told_up_to(database, 3)
        with database.writing_engine.begin() as connection:  # as if nothing had been noted
            connection.execute(update(BOOKS.deliveries).values(position=0))
    assert len(kept(jetstream.url)) == 3


def test_without_a_stream_that_keeps_it_nothing_counts_as_delivered(open_small: Open, jetstream: NatsServer) -> None:
    database = open_small(lanes=0)
    tell(database, "things/1")
    endpoint = to_nats(jetstream)
    sink = endpoint.open()
    assert Deliverer(database, SOURCE, endpoint, threading.Event()).round(sink) > 0
    assert position(database, "nats") == 0
    make_stream(jetstream.url)
    pause_is_over(database)
    assert Deliverer(database, SOURCE, endpoint, threading.Event()).round(sink) == 0
    sink.close()
    assert position(database, "nats") == 1
    assert len(kept(jetstream.url)) == 1


# ---- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"LIANCAI_EVENTS_WEBHOOK": "ftp://127.0.0.1/"}, "not a URL"),
        ({"LIANCAI_EVENTS_WEBHOOK": "https://"}, "not a URL"),
        ({"LIANCAI_EVENTS_WEBHOOK": "https://a.cn https://b.cn"}, "two receivers called webhook"),
        ({"LIANCAI_EVENTS_WEBHOOK": "nats=https://a.cn"}, "two receivers called nats"),
        ({"LIANCAI_EVENTS_WEBHOOK": "http://10.0.0.1/"}, "must not cross a network in clear"),
        ({"LIANCAI_EVENTS_NATS": "http://127.0.0.1"}, "nats://"),
    ],
)
def test_a_setting_that_cannot_be_is_said_at_the_start(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        endpoints(settings, lambda: SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        endpoints({"LIANCAI_EVENTS_WEBHOOK": "https://a.cn/"}, lambda: secret)


def test_receivers_have_names() -> None:
    words = "https://a.cn/x=y city=https://b.cn/ here=http://localhost:1/ plain=http://10.0.0.1/"
    settings = {"LIANCAI_EVENTS_WEBHOOK": words, "LIANCAI_EVENTS_NATS": "nats://127.0.0.1:4222"}
    found = endpoints({**settings, "LIANCAI_CLEARTEXT": "1"}, lambda: SECRET)
    assert [endpoint.name for endpoint in found] == ["webhook", "city", "here", "plain", "nats"]
    assert endpoints({}, lambda: SECRET) == []
