"""Many clients at once, who send the same request again until they are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from liancai.training.v1 import classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Connection

from services.platform.prepared import Prepared
from tests.office import Office, a_class, request_id, somebody

CLIENTS = 64
CAPACITY = 40
ANSWER = 60  # seconds a client waits for one answer


class Crowd:
    """Clients who each enrol a few people in one class, spread over `offices`; `replies` by request id."""

    def __init__(self, offices: Sequence[Office], class_name: str, *, clients: int = CLIENTS, each: int = 3) -> None:
        self.offices = offices
        self.clients = clients
        self.wishes = [[a_wish(class_name) for _ in range(each)] for _ in range(clients)]
        self.replies: dict[str, pb.Enrolment] = {}
        self.again = 0  # how often somebody had to ask again
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(clients)

    def run(self, at: int = 0, act: Callable[[], None] = lambda: None) -> dict[str, pb.Enrolment]:
        """Everybody at once, until all are answered; whoever gets answer number `at` does `act`."""

        def client(number: int) -> None:
            self._barrier.wait(timeout=30)
            for wish in self.wishes[number]:
                reply = self._ask(number, wish)
                with self._lock:
                    self.replies[wish.request_id] = reply
                    now = len(self.replies) == at
                if now:
                    act()

        with ThreadPoolExecutor(self.clients) as pool:
            for done in [pool.submit(client, number) for number in range(self.clients)]:
                done.result(timeout=120)
        return self.replies

    def _ask(self, number: int, wish: pb.EnrolRequest) -> pb.Enrolment:
        for attempt in range(2000):
            office = self.offices[(number + attempt) % len(self.offices)]
            try:
                reply: pb.Enrolment = office.enrolments.Enrol(wish, timeout=ANSWER)
                return reply
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                with self._lock:
                    self.again += 1
                self.before_retry()
        raise AssertionError("never answered")

    def before_retry(self) -> None:
        """What a client does before it asks again: nothing when there is another replica to ask."""


def a_hot_class(office: Office, capacity: int = CAPACITY, headcount: int = 100) -> str:
    """A class whose order holds seats for another class too: the order's ledger alone would not keep the capacity."""
    order = office.contracted(headcount=headcount).name
    if headcount > capacity:
        other = a_class(order, capacity=headcount - capacity, title="另一个班")
        made = office.classes.CreateClass(classes_pb2.CreateClassRequest(training_class=other, request_id=request_id()))
        office.classes.FileClass(classes_pb2.FileClassRequest(name=made.name, request_id=request_id()))
    return office.open_class(order, capacity=capacity).name


def a_wish(class_name: str) -> pb.EnrolRequest:
    """A new person's request."""
    return pb.EnrolRequest(class_name=class_name, applicant=somebody(), request_id=request_id())


def together(*acts: Callable[[], object]) -> list[object]:
    """What each act gives, an RpcError included, when all begin at once."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        try:
            return act()
        except grpc.RpcError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


class Meeting:
    """The first two who come wait for one another, so that both have read before either writes; later ones pass."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._expected = 2
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when the other has come too. BrokenBarrierError if nobody does."""
        with self._lock:
            if self._expected == 0:
                return
            self._expected -= 1
        self._barrier.wait(timeout=20)

    @property
    def happened(self) -> bool:
        """Whether two did meet."""
        return self._expected == 0 and not self._barrier.broken


class Meets:
    """A statement of the path of enrolment at which two transactions meet, before or after they run it."""

    def __init__(self, statement: Prepared, meeting: Meeting, *, before: bool) -> None:
        self._statement, self._meeting, self._before = statement, meeting, before

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if self._before:
            self._meeting.wait()
        found = self._statement.rows(connection, parameters)
        if not self._before:
            self._meeting.wait()
        return found
