"""A smaller headcount takes open seats first, then seats of the newest classes, and never one that somebody has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.training.rules.headcount import Held, cut

held = st.builds(Held, st.uuids().map(str), st.integers(1, 60), st.integers(0, 40), st.integers(0, 20))


def test_open_seats_go_first_then_the_newest_class() -> None:
    old, new = Held("20261100001", 10, 3, 0), Held("20261100002", 10, 4, 2)
    assert cut(5, 5, [old, new]).from_classes == {}
    some = cut(8, 5, [old, new])
    assert (some.from_open, some.from_classes, some.missing) == (5, {"20261100002": 3}, 0)
    more = cut(16, 5, [old, new])
    assert (more.from_open, more.from_classes, more.missing) == (5, {"20261100002": 4, "20261100001": 7}, 0)
    assert cut(17, 5, [old, new]).missing == 1


def test_a_class_keeps_one_seat_and_every_seat_that_somebody_has_or_is_offered() -> None:
    assert Held("1", 10, 0, 0).spare == 9
    assert Held("1", 10, 0, 1).spare == 9
    assert Held("1", 10, 6, 4).spare == 0
    assert Held("1", 10, 12, 1).spare == 0  # its capacity was lowered below the number enrolled


@given(st.integers(1, 500), st.integers(0, 100), st.lists(held, max_size=5, unique_by=lambda each: each.class_id))
def test_what_is_taken_adds_up_and_leaves_everybody_their_seat(
    wanted: int, open_seats: int, classes: list[Held]
) -> None:
    found = cut(wanted, open_seats, classes)
    by_id = {each.class_id: each for each in classes}
    assert found.from_open + sum(found.from_classes.values()) + found.missing == wanted
    assert 0 <= found.from_open <= open_seats
    for class_id, taken in found.from_classes.items():
        left = by_id[class_id].capacity - taken
        assert taken > 0
        assert left >= max(1, by_id[class_id].enrolled + by_id[class_id].offered)
    if found.missing:
        assert found.from_open == open_seats
        assert sum(found.from_classes.values()) == sum(each.spare for each in classes)
