"""What the machine found, in as few steps as it takes, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tests.training.machine.example import FEN, Example
from tests.training.machine.world import World

AT_ONCE, OFFERS, NOBODY_PASSES = "410000", "330000", "130000"


@contextmanager
def example(
    world: World, province: str = AT_ONCE, *, headcount: int = 8, capacity: int = 1, fen: int = 0, filled: int = 0
) -> Iterator[Example]:
    """One example, from its beginning to its last checks."""
    run = Example(world, province)
    try:
        run.begin(headcount, capacity, fen, filled)
        yield run
    finally:
        run.close()


def test_a_substitution_lapses_when_one_of_the_two_has_gone_into_another_class(world: World) -> None:
    with example(world, capacity=3, filled=4) as run:
        run.do("substitute", leaving="p0@c1.1", coming="p3@c1.1")
        run.do("split", held="c1", capacity=1, people=["p0@c1.1"])
        run.do("answer", which="s1", consent=True)
        assert run.model.substitutions["s1"].state == "LAPSED"


def test_a_party_that_is_one_fewer_gets_the_seat_that_was_too_few(world: World) -> None:
    with example(world, capacity=2, filled=2) as run:
        run.do("enrol_party", people=["p2", "p3"], at="c1")
        run.do("withdraw", key="p0@c1.1")
        run.do("substitute", leaving="p1@c1.1", coming="p2@c1.1")
        run.do("answer", which="s1", consent=True)
        assert run.model.places["p3@c1.1"].state == "ENROLLED"


def test_a_party_moved_out_of_the_way_lets_the_next_have_the_seat(world: World) -> None:
    with example(world, NOBODY_PASSES, capacity=2, filled=2) as run:
        run.do("enrol_party", people=["p2", "p3"], at="c1")
        run.model.now += timedelta(minutes=1)
        run.do("enrol", person="p5", at="c1")
        run.do("withdraw", key="p0@c1.1")
        run.do("move", key="p2@c1.1", before="")
        assert run.model.places["p5@c1.1"].state == "ENROLLED"


def test_whoever_stands_before_a_party_has_the_seat_it_cannot_use(world: World) -> None:
    with example(world, NOBODY_PASSES, capacity=2, filled=2) as run:
        run.do("enrol_party", people=["p2", "p3"], at="c1")
        run.do("withdraw", key="p0@c1.1")
        run.do("enrol", person="p4", at="c1")
        assert run.model.places["p4@c1.1"].state == "ENROLLED"
        run.do("withdraw", key="p4@c1.1")
        run.do("import_roster", people=["p5", "p4", "p6"], at="c1", mode="CHECK_ONLY")
        run.do("import_roster", people=["p5", "p4", "p6"], at="c1", mode="VALID_ROWS")


def test_seats_that_a_limit_gets_back_from_one_class_go_to_who_waits_for_another(world: World) -> None:
    with example(world, fen=FEN, filled=2) as run:
        run.new_class("o1", 1, 1, FEN, 4)
        run.do("enrol", person="p3", at="c2")
        run.do("set_quota", limit="HEADS", granted=1)
        run.do("withdraw", key="p0@c1.1")  # the seat is free, the limit is used up
        run.do("withdraw", key="p3@c2.1")
        assert run.owed == {"c1"}
        run.do("upkeep")
        assert run.model.places["p1@c1.1"].state == "ENROLLED"


def test_seats_without_public_money_take_of_its_limits_once_they_are_merged(world: World) -> None:
    with example(world, filled=1) as run:
        run.new_class("o1", 2, 1, FEN, 4)
        run.do("merge", held="c1", into="c2", accept=False)
        run.do("set_quota", limit="BUDGET", granted=2 * FEN)
        run.do("enrol", person="p1", at="c2")
        run.do("withdraw", key="p0@c1.1")


def test_a_merge_that_takes_nothing_new_is_done_though_the_limit_was_lowered(world: World) -> None:
    with example(world, fen=FEN, capacity=2, filled=2) as run:
        run.do("set_quota", limit="HEADS", granted=1)
        run.new_class("o1", 1, 1, FEN, 4)
        run.do("merge", held="c1", into="c2", accept=False)


def test_a_seat_is_not_given_up_for_an_offer_when_two_classes_become_one(world: World) -> None:
    with example(world, OFFERS, capacity=1, filled=1) as run:
        run.new_class("o1", 1, 1, 0, 4)
        run.do("enrol", person="p1", at="c2")
        run.do("enrol", person="p0", at="c2")
        run.do("withdraw", key="p1@c2.1")  # p0 is offered the seat
        run.do("merge", held="c1", into="c2", accept=False)
        assert run.model.places["p0@c1.1"].state == "ENROLLED"
        assert run.model.places["p0@c2.1"].state == "WITHDRAWN"
