"""The order of a waitlist and who gets a free seat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.rules.waitlist import (
    LOTTERY,
    Neighbour,
    Standing,
    Unit,
    before,
    lottery_number,
    priority_of,
    reached,
    served,
    units,
)


def alone(*ids: str) -> list[Unit]:
    return [Unit((each,)) for each in ids]


def test_a_lottery_number_depends_on_the_seed_and_the_person_and_on_nothing_else() -> None:
    assert lottery_number("seed", b"a") == lottery_number("seed", b"a")
    assert lottery_number("seed", b"a") != lottery_number("seed", b"b")
    assert lottery_number("seed", b"a") != lottery_number("other", b"a")
    assert all(0 <= lottery_number("seed", bytes([each])) < LOTTERY for each in range(256))


def test_the_priority_of_a_category_is_the_parameters_word() -> None:
    groups = {"DIF": 1, "UNE": 2, "other": 3}
    assert [priority_of(each, groups) for each in ("DIF", "UNE", "EMP", "")] == [1, 2, 3, 3]
    assert priority_of("DIF", None) == 0
    with pytest.raises(TypeError):
        priority_of("DIF", {"DIF": "first", "other": 3})


def test_a_party_stands_where_its_first_member_does() -> None:
    assert units([("a", ""), ("b", "p"), ("c", ""), ("d", "p")]) == [Unit(("a",)), Unit(("b", "d")), Unit(("c",))]


@pytest.mark.parametrize(
    ("waiting", "seats", "pass_over", "got"),
    [
        (alone("a", "b"), 1, True, ["a"]),
        (alone("a", "b"), 5, True, ["a", "b"]),
        ([Unit(("a", "b")), *alone("c")], 1, True, ["c"]),
        ([Unit(("a", "b")), *alone("c")], 1, False, []),
        ([Unit(("a", "b")), *alone("c")], 2, False, ["a", "b"]),
        ([Unit(("a", "b")), *alone("c")], 3, False, ["a", "b", "c"]),
        (alone("a"), 0, True, []),
    ],
)
def test_who_gets_the_free_seats(waiting: list[Unit], seats: int, pass_over: bool, got: list[str]) -> None:
    assert [each for unit in served(waiting, seats, pass_over=pass_over) for each in unit.members] == got


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(0, 20), st.booleans())
def test_no_more_seats_than_there_are_and_nobody_left_out_who_fits(
    sizes: list[int], seats: int, pass_over: bool
) -> None:
    waiting = [Unit(tuple(f"{place}.{each}" for each in range(size))) for place, size in enumerate(sizes)]
    got = served(waiting, seats, pass_over=pass_over)
    left = seats - sum(unit.size for unit in got)
    assert left >= 0
    assert got == [unit for unit in waiting if unit in got]  # in order
    if pass_over:
        assert all(unit.size > left for unit in waiting if unit not in got)
    else:
        assert got == waiting[: len(got)]


@pytest.mark.parametrize(
    ("previous", "target", "room"),
    [(None, 5, True), (Neighbour(False, 4), 5, True), (Neighbour(True, 3), 5, True), (Neighbour(True, 4), 5, False)],
)
def test_a_number_just_before_another(previous: Neighbour | None, target: int, room: bool) -> None:
    found = before(previous, target)
    assert (found is not None) == room
    if found is not None:
        assert found < target
        assert previous is None or not previous.same_moment or previous.tie < found


def standing(priority: int, minutes: int, size: int = 1) -> Standing:
    return Standing(priority, datetime(2026, 11, 23, 1, minutes, tzinfo=UTC), 5, size)


@pytest.mark.parametrize(
    ("waiting", "newcomer", "seats", "pass_over", "told"),
    [
        ([], standing(3, 9), 1, False, True),
        ([], standing(3, 9, size=2), 1, False, False),
        ([standing(3, 1)], standing(3, 9), 1, True, False),
        ([standing(3, 1)], standing(3, 9), 2, True, True),
        ([standing(3, 1, size=2)], standing(3, 9), 1, True, True),
        ([standing(3, 1, size=2)], standing(3, 9), 1, False, False),
        # who stands behind keeps nobody from a seat
        ([standing(3, 1, size=2)], standing(1, 9), 1, False, True),
        ([standing(3, 1)], standing(1, 9), 1, False, True),
        ([standing(1, 1), standing(3, 1, size=9)], standing(2, 9), 2, False, True),
        ([standing(1, 1), standing(3, 1, size=9)], standing(2, 9), 1, False, False),
    ],
)
def test_whether_the_seats_reach_who_comes(
    waiting: list[Standing], newcomer: Standing, seats: int, pass_over: bool, told: bool
) -> None:
    assert reached(waiting, newcomer, seats, pass_over=pass_over) is told
