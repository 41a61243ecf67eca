"""What must come of a sequence of events, worked out in memory without any of the services' code."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from examples.replay.events import Event, Kind


@dataclass(frozen=True)
class Outcome:
    """How a class ended. Both the model and the services give one: they must be equal, person by person."""

    capacity: int
    enrolled: frozenset[int]
    waitlisted: tuple[int, ...]  # in the order in which they would be served
    promotions: int
    withdrawn_from_class: int
    withdrawn_from_waitlist: int

    def row(self) -> dict[str, int]:
        """The outcome in numbers, as the table prints it."""
        return {
            "capacity": self.capacity,
            "enrolled": len(self.enrolled),
            "waitlisted": len(self.waitlisted),
            "promotions": self.promotions,
            "withdrawn_from_class": self.withdrawn_from_class,
            "withdrawn_from_waitlist": self.withdrawn_from_waitlist,
        }


def expected(events: Iterable[Event], capacity: int) -> Outcome:
    """First come, first served; a seat that is freed goes to the head of the waitlist at once."""
    enrolled: set[int] = set()
    waiting: deque[int] = deque()
    promotions = from_class = from_waitlist = 0
    for _, kind, student in events:
        if kind is Kind.REGISTER:
            if len(enrolled) < capacity and not waiting:
                enrolled.add(student)
            else:
                waiting.append(student)
        elif student in enrolled:
            enrolled.remove(student)
            from_class += 1
            if waiting:
                enrolled.add(waiting.popleft())
                promotions += 1
        else:
            waiting.remove(student)
            from_waitlist += 1
    return Outcome(capacity, frozenset(enrolled), tuple(waiting), promotions, from_class, from_waitlist)
