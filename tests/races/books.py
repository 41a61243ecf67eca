"""The one assertion that every race ends with: the books of a class balance, whoever raced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Connection, Engine, Table, select

from services.training.tables import Base

TABLES = Base.metadata.tables
SEATS = ("open", "committed", "enrolled", "hired", "lost")


def assert_books_balance(engine: Engine, class_name: str, replies: Mapping[str, pb.Enrolment]) -> None:
    """Nobody overbooked, lost or doubled, and every record tells the same story as `replies` (by request id).

    The class must have been filled by these requests and by nothing else.
    """
    with engine.connect() as connection:
        held = _rows(connection, TABLES["classes"], id=class_name.partition("/")[2])[0]
        people = _rows(connection, TABLES["enrolments"], class_id=held.id)
        order = _rows(connection, TABLES["orders"], id=held.order_id)[0]
        moves = _rows(connection, TABLES["seat_movements"], order_id=order.id)
        ours = {f"enrolments/{row.id}" for row in people}
        audit = [row for row in _rows(connection, TABLES["audit_entry"]) if row.resource in ours]
        events = [row for row in _rows(connection, TABLES["outbox_event"]) if row.subject in ours]
        kept = {row.request_id: row.reply for row in _rows(connection, TABLES["reply"]) if row.request_id in replies}

    states = Counter(row.state for row in people)
    expected = min(held.capacity, len(replies))
    assert states == Counter({"ENROLLED": expected, "WAITLISTED": len(replies) - expected}) - Counter(), states
    assert (held.enrolled, held.waitlisted, held.arrivals) == (expected, len(replies) - expected, len(people))

    assert len({row.trainee_id for row in people}) == len(people), "somebody is in the class twice"
    assert sorted(row.place for row in people) == list(range(1, len(people) + 1)), "a place was given out twice"
    assert all(row.place <= held.capacity for row in people if row.state == "ENROLLED"), "somebody jumped the queue"

    story = {(f"enrolments/{row.id}", row.state, row.place) for row in people}
    told = [(reply.name, pb.Enrolment.State.Name(reply.state), reply.place) for reply in replies.values()]
    assert len(told) == len(set(told)), "two requests were told of one enrolment"
    assert set(told) == story, "a reply differs from its row"
    assert {key: pb.Enrolment.FromString(bytes(value)) for key, value in kept.items()} == dict(replies)

    assert {row.request_id for row in audit} == set(replies)
    assert len(audit) == len(replies), "an enrolment without its audit entry, or with two"
    assert {row.resource: (row.detail["state"], row.detail["place"]) for row in audit} == {
        name: (state, place) for name, state, place in story
    }
    assert Counter(row.subject for row in events) == Counter(ours), "an enrolment without its event, or with two"

    assert_conserved(order, moves)
    assert order.seats_enrolled == expected, "the order counts other seats than its class"


def assert_conserved(order: Any, moves: Sequence[Any]) -> None:
    """No seat of an order was made or lost, and the journal says where each one is."""
    balances = {name: getattr(order, f"seats_{name}") for name in SEATS}
    journal = Counter[str]()
    for row in moves:
        journal[row.target.lower()] += row.seats
        journal[row.source.lower()] -= row.seats
    assert {name: journal[name] for name in SEATS} == balances, "the journal does not add up to the balances"
    assert sum(balances.values()) == order.headcount, "a seat was made or lost"
    assert min(balances.values()) >= 0


def assert_sound(engine: Engine, class_name: str) -> None:
    """A class of an order with no other, whatever was done to it: counters, places, seats and trail agree."""
    with engine.connect() as connection:
        held = _rows(connection, TABLES["classes"], id=class_name.partition("/")[2])[0]
        people = _rows(connection, TABLES["enrolments"], class_id=held.id)
        order = _rows(connection, TABLES["orders"], id=held.order_id)[0]
        moves = _rows(connection, TABLES["seat_movements"], order_id=order.id)
        trail = _rows(connection, TABLES["audit_entry"])
    states = Counter(row.state for row in people)
    assert (held.enrolled, held.waitlisted, held.arrivals) == (states["ENROLLED"], states["WAITLISTED"], len(people))
    assert sorted(row.place for row in people) == list(range(1, len(people) + 1))
    active = [row.trainee_id for row in people if row.state in ("ENROLLED", "WAITLISTED")]
    assert len(active) == len(set(active)), "somebody is in the class twice"
    assert held.enrolled >= held.capacity or not held.waitlisted, "somebody waits beside a free seat"
    assert_conserved(order, moves)
    assert order.seats_enrolled == held.enrolled
    assert order.seats_committed == max(0, held.capacity - held.enrolled)
    done = Counter(row.action for row in trail)
    promoted, left = done["training.enrolment.promote"], done["training.enrolment.withdraw"]
    assert done["training.enrolment.enrol"] == len(people)
    assert left == states["WITHDRAWN"]
    seated = sum(row.facts["enrolled"] < row.facts["capacity"] and not row.facts["waitlisted"] for row in people)
    seat_taken = sum(row.seats for row in moves if row.target == "ENROLLED")
    assert seat_taken == seated + promoted, "a seat was given that no decision and no promotion explains"


def _rows(connection: Connection, table: Table, **where: str) -> list:  # type: ignore[type-arg]
    return list(connection.execute(select(table).filter_by(**where)))
