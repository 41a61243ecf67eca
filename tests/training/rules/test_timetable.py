"""Two sessions overlap when a.start < b.end and b.start < a.end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.rules.timetable import Slot, clock_of, first_clash, minute_of, own_clash

DAY = date(2026, 12, 1)
slots = st.builds(
    lambda day, start, length: Slot(DAY + timedelta(days=day), start * 30, min(1440, (start + length) * 30)),
    st.integers(0, 3),
    st.integers(0, 46),
    st.integers(1, 6),
)


def timetable(drawn: list[Slot]) -> list[Slot]:
    """What a class may have: in order, no session overlapping another."""
    kept: list[Slot] = []
    for slot in sorted(drawn):
        if not kept or not kept[-1].meets(slot):
            kept.append(slot)
    return kept


@given(st.lists(slots, max_size=12), st.lists(slots, max_size=12))
def test_the_merge_finds_a_clash_exactly_when_comparing_all_pairs_does(ours: list[Slot], theirs: list[Slot]) -> None:
    mine, other = timetable(ours), timetable(theirs)
    naive = [a for a in mine if any(a.meets(b) for b in other)]
    assert first_clash(mine, other) == (naive[0] if naive else None)


@given(slots, slots)
def test_meeting_is_mutual_and_means_a_shared_minute(a: Slot, b: Slot) -> None:
    shared = a.day == b.day and set(range(a.start, a.end)) & set(range(b.start, b.end))
    assert a.meets(b) == b.meets(a) == bool(shared)


def test_the_same_start_with_a_shorter_end_overlaps() -> None:
    assert Slot(DAY, 540, 720).meets(Slot(DAY, 540, 600))


def test_a_timetable_that_overlaps_itself_is_found() -> None:
    assert own_clash([Slot(DAY, 480, 600), Slot(DAY, 600, 660), Slot(DAY, 630, 690)]) == 2
    assert own_clash([Slot(DAY, 480, 600), Slot(DAY, 600, 660)]) is None


@pytest.mark.parametrize("text", ["8:30", "08:15", "24:30", "0830", "08:60", "-1:00", "０８:３０", "", "08:30 "])
def test_times_off_the_half_hour_or_misspelt_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        minute_of(text)


def test_times_go_both_ways() -> None:
    for minute in range(0, 1441, 30):
        assert minute_of(clock_of(minute)) == minute
