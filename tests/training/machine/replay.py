"""What another system makes of the events alone: their type, their subject and their data, in order of sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

PREFIX = "liancai.training."
# events that change neither a state nor a number that is replayed
QUIET = {"enrolment.moved", "enrolment.corrected", "class.moved"}


class Event(Protocol):
    """A row of the outbox; nothing else of it is looked at."""

    type: str
    subject: str
    data: dict[str, Any]


@dataclass
class Replayed:
    """Orders, classes and enrolments by resource name, as the events leave them."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    classes: dict[str, dict[str, Any]] = field(default_factory=dict)
    enrolments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """One event more. KeyError for one that leaves out what it stands for."""
        noun, _, verb = event.type.removeprefix(PREFIX).partition(".")
        if f"{noun}.{verb}" in QUIET:
            return
        getattr(self, f"_{noun}")(verb, event.subject, event.data)

    def counts(self, held: str) -> Counter[str]:
        """How many of a class are in each state."""
        return Counter(each["state"] for each in self.enrolments.values() if each["class"] == held)

    def _order(self, verb: str, name: str, data: dict[str, Any]) -> None:
        if verb == "created":
            self.orders[name] = {"state": "DRAFT", "headcount": data["headcount"]}
        elif verb == "headcount_changed":
            self.orders[name]["headcount"] = data["to"]
        else:
            self.orders[name]["state"] = data["state"]

    def _class(self, verb: str, name: str, data: dict[str, Any]) -> None:
        if "order" in data:
            self.classes[name] = {"order": data["order"]}
        if "state" in data:
            self.classes[name]["state"] = data["state"]
        if verb == "capacity_changed":
            self.classes[name]["capacity"] = data["to"]
        elif "capacity" in data:
            self.classes[name]["capacity"] = data["capacity"]

    def _enrolment(self, verb: str, name: str, data: dict[str, Any]) -> None:
        states = {"withdrawn": "WITHDRAWN", "lost": "LOST", "hired": "HIRED"}
        self.enrolments[name] = {"class": data["class"], "state": data["state"] if "state" in data else states[verb]}


def replay(events: Iterable[Event]) -> Replayed:
    """All of them, in order."""
    found = Replayed()
    for event in events:
        found.take(event)
    return found
