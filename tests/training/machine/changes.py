"""What ought to happen to orders, classes, limits and the institution: the rest of the second opinion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.training.machine.model import People
from tests.training.machine.things import ACTIVE, HOLDING, LEAVES, SEATED, Answer, Held, No, Order, Place

BEFORE_CLOSING = ("DRAFT", *HOLDING)
BETTER = ("ENROLLED", "OFFERED", "WAITLISTED")  # of two places


class Model(People):
    """Everything of one example."""

    def try_out(self, act: str, **arguments: Any) -> tuple[Model, Answer]:
        """The model after an act, and the answer to it. A refusal changes nothing."""
        after: Model = self.copied()
        try:
            said = getattr(after, act)(**arguments)
        except No as no:
            return self, Answer(no.reason, no.about)
        return after, Answer("", said)

    # ---- orders ----

    def contract(self, headcount: int, covered: int) -> object:
        """A new order that may have classes."""
        self.orders[f"o{len(self.orders) + 1}"] = Order(headcount, covered)
        return "CONTRACTED"

    def change_headcount(self, order: str, headcount: int) -> object:
        """More heads if agreements cover them; fewer if nobody has the seats."""
        mine = self.orders[order]
        if mine.state not in ("CONTRACTED", "TRAINING"):
            raise No("ORDER_STATE")
        if headcount > mine.headcount and headcount > mine.covered:
            raise No("ORDER_NOT_COVERED")
        missing = mine.headcount - headcount - self.balances(order)["OPEN"]
        running = [key for key, each in self.classes.items() if each.order == order and each.state in HOLDING]
        for key in reversed(running):  # the newest gives first, all but what is filled, and one seat in any case
            spare = self.classes[key].capacity - max(1, self.count(key, *SEATED))
            given = max(0, min(missing, spare))
            self.classes[key].capacity -= given
            missing -= given
        if missing > 0:
            raise No("ORDER_SEATS")
        mine.headcount = headcount
        return headcount

    def cancel_order(self, order: str) -> object:
        """With all its classes; who is hired stays hired."""
        mine = self.orders[order]
        if mine.state not in ("CONTRACTED", "TRAINING"):
            raise No("ORDER_STATE")
        for key, each in self.classes.items():
            if each.order != order:
                continue
            for place in self.people(key, *LEAVES).values():
                place.state = "LOST" if place.state == "ENROLLED" else "WITHDRAWN"
                place.expires = None
            if each.state in BEFORE_CLOSING:
                each.state = "CANCELLED"
        hired = self.balances(order)["HIRED"]
        mine.lost, mine.state = mine.headcount - hired, "SHORTFALL" if hired else "CANCELLED"
        return mine.state

    def close_order(self, order: str) -> object:
        """At the end."""
        mine, left = self.orders[order], self.balances(order)
        if mine.state != "TRAINING":
            raise No("ORDER_STATE")
        if any(each.order == order and each.state in HOLDING for each in self.classes.values()):
            raise No("ORDER_HAS_OPEN_CLASSES")
        if left["ENROLLED"]:
            raise No("ORDER_HAS_ENROLLED")
        mine.lost += left["OPEN"]
        mine.state = "FULFILLED" if left["HIRED"] == mine.headcount else "SHORTFALL"
        return mine.state

    # ---- classes ----

    def create(self, order: str, capacity: int, slot: int, fen: int) -> object:
        """A draft."""
        if self.suspended:
            raise No("INSTITUTION_SUSPENDED")
        self._takes_classes(order)
        self.classes[f"c{len(self.classes) + 1}"] = Held(order, capacity, slot, fen)
        return "DRAFT"

    def advance(self, held: str, state: str) -> object:
        """The step to enrolling that comes after `state`."""
        mine = self._class_in(held, state)
        if mine.state == "DRAFT":
            self._takes_classes(mine.order)
            self._takes_anybody()
            mine.state = "FILED"
            self.need_seats(mine.order)
        elif mine.state == "APPROVED":
            self._takes_anybody()
            self._takes_classes(mine.order)
            mine.state, self.orders[mine.order].state = "OPEN", "TRAINING"
        elif mine.state == "FILED":
            if self.suspended:
                raise No("FILING_GAPS")
            mine.state = "REVIEWED"
        else:
            mine.state = "APPROVED"
        return mine.state

    def change_capacity(self, held: str, capacity: int) -> object:
        """Larger or smaller, also below who is there."""
        mine = self._class_in(held, *HOLDING)
        mine.capacity = capacity
        self.need_seats(mine.order)
        if mine.state == "REVIEWED":
            mine.state = "FILED"
        self.promote(held)
        return mine.state

    def close_class(self, held: str) -> object:
        """Nobody waits any more; what is not filled goes back."""
        mine = self._class_in(held, "OPEN")
        mine.state = "CLOSED"
        for key in self.people(held, "OFFERED", "WAITLISTED"):
            self.leave(key)
        return mine.state

    def cancel_class(self, held: str) -> object:
        """Not held: everybody leaves."""
        mine = self._class_in(held, *BEFORE_CLOSING)
        for place in self.people(held, *LEAVES).values():
            place.state, place.expires = "WITHDRAWN", None
        mine.state = "CANCELLED"
        return mine.state

    def split(self, held: str, capacity: int, people: Sequence[str]) -> object:
        """Part of it becomes a class of its own."""
        if capacity < max(1, len(people)):
            raise No("INVALID_REQUEST")
        mine = self._class_in(held, "OPEN")
        self._takes_anybody()
        if capacity >= mine.capacity:
            raise No("CLASS_FULL")
        for key in people:
            self.must_be(key, *SEATED)
        if any(self._elsewhere(self.places[key], mine.slot, held) for key in people):
            raise No("MOVE_CLASHES")
        new = f"c{len(self.classes) + 1}"
        self.classes[new] = Held(mine.order, capacity, mine.slot, mine.fen, "OPEN", len(people))
        mine.capacity -= capacity
        for number, key in enumerate(people, start=1):
            self.places[key].held, self.places[key].place = new, number
        self.need_seats(mine.order)
        self.promote(held)
        return len(people)

    def merge(self, held: str, into: str, accept: bool) -> object:
        """One class goes into another; whoever is in both has the better of two places."""
        if held == into:
            raise No("INVALID_REQUEST")
        mine, other = (self._class_in(each, "OPEN") for each in (held, into))
        if mine.order != other.order:
            raise No("CLASS_ORDERS_DIFFER")
        before = {limit: self.taken(limit) for limit in self.granted}
        there = {each.person: key for key, each in self.people(into, *ACTIVE).items()}
        moved, doubled = [], 0
        for key, place in sorted(self.people(held, *LEAVES).items(), key=lambda pair: pair[1].place):
            twin = there.get(place.person)
            doubled += twin is not None
            if twin is None or BETTER.index(place.state) < BETTER.index(self.places[twin].state):
                moved.append(key)
            else:
                twin = key
            if twin is not None:
                self.leave(twin)
        if not accept and any(self._elsewhere(self.places[key], other.slot, held, into) for key in moved):
            raise No("MOVE_CLASHES")
        for number, key in enumerate(moved, start=other.arrivals + 1):
            place = self.places[key]
            place.held, place.place, place.fen = into, number, other.fen
        # a limit that is used up, or more, still has what the two classes had of it
        if any(self.taken(limit) > max(granted, before[limit]) for limit, granted in self.granted.items()):
            raise No("QUOTA_BINDS")
        other.arrivals += len(moved)
        other.capacity += mine.capacity
        other.last_arrival = max(filter(None, (mine.last_arrival, other.last_arrival)), default=None)
        mine.state = "CANCELLED"
        self.promote(into)
        return len(moved), doubled

    # ---- limits and the institution ----

    def set_quota(self, limit: str, granted: int) -> object:
        """A limit; a higher one gives seats to those who wait."""
        self.granted[limit] = granted
        for held, each in self.classes.items():
            if each.fen:
                self.promote(held)
        return granted

    def suspend(self) -> object:
        """The institution takes nobody new."""
        if self.suspended:
            raise No("INSTITUTION_STATE")
        self.suspended = True
        return "SUSPENDED"

    def reinstate(self) -> object:
        """It does again."""
        if not self.suspended:
            raise No("INSTITUTION_STATE")
        self.suspended = False
        for held in self.classes:
            self.promote(held)
        return "ACTIVE"

    def _class_in(self, held: str, *states: str) -> Held:
        if self.classes[held].state not in states:
            raise No("CLASS_STATE")
        return self.classes[held]

    def _takes_classes(self, order: str) -> None:
        if self.orders[order].state not in ("CONTRACTED", "TRAINING"):
            raise No("ORDER_STATE")

    def _takes_anybody(self) -> None:
        if self.suspended:
            raise No("INSTITUTION_SUSPENDED")

    def _elsewhere(self, place: Place, slot: int, *aside: str) -> bool:
        """Whether somebody has another class at the same hour."""
        others = self.of(place.person, *ACTIVE).values()
        return any(self.classes[each.held].slot == slot for each in others if each.held not in aside)
