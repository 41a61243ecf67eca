"""Which seats an order gives up when it wants fewer workers: open ones, then unfilled ones of its newest classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """The seats of one class: its capacity, how many are filled and how many are offered to somebody."""

    class_id: str
    capacity: int
    enrolled: int
    offered: int

    @property
    def spare(self) -> int:
        """Seats nobody has or was offered; a class keeps one seat at least."""
        return max(0, self.capacity - max(1, self.enrolled + self.offered))


@dataclass(frozen=True, slots=True)
class Cut:
    """Where seats are taken from. `missing` is how many nobody can give: then nothing may be cut."""

    from_open: int
    from_classes: Mapping[str, int]
    missing: int


def cut(wanted: int, open_seats: int, classes: Iterable[Held]) -> Cut:
    """Takes `wanted` seats; of the classes the newest, that with the greatest number, gives first."""
    from_open = min(wanted, open_seats)
    missing, from_classes = wanted - from_open, {}
    for held in sorted(classes, key=lambda each: each.class_id, reverse=True):
        if taken := min(missing, held.spare):
            from_classes[held.class_id] = taken
            missing -= taken
    return Cut(from_open, from_classes, missing)
