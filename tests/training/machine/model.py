"""What ought to happen to people and seats, told a second time by what knows nothing of the rules under test.

Nothing is counted here. Seats, limits and counters are looked up among the places people have, so that a counter of the
service that goes astray has nothing to agree with.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.training.machine.things import (
    ACTIVE,
    HALF,
    HOLDING,
    LEAVES,
    PLENTY,
    SEATED,
    Held,
    No,
    Order,
    Place,
    Substitution,
    Terms,
)

Draw = Callable[[str, Sequence[str]], int]  # the lottery of a class for people who come together


@dataclass
class People:
    """Everybody of one example, and what they do. Every act gives what the reply says, or raises No."""

    now: datetime
    terms: Terms
    groups: dict[str, int]  # of people: the priority group
    draw: Draw
    orders: dict[str, Order] = field(default_factory=dict)
    classes: dict[str, Held] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    substitutions: dict[str, Substitution] = field(default_factory=dict)
    granted: dict[str, int] = field(default_factory=dict)  # HEADS and BUDGET, once they are set
    suspended: bool = False

    def copied(self) -> Any:
        """The same, to try something with."""
        twin = copy.copy(self)
        twin.orders, twin.classes, twin.places, twin.substitutions = (
            {key: copy.copy(each) for key, each in table.items()}
            for table in (self.orders, self.classes, self.places, self.substitutions)
        )
        twin.granted = dict(self.granted)
        return twin

    # ---- looking ----

    def people(self, held: str, *states: str) -> dict[str, Place]:
        """The places of a class in these states."""
        return {key: each for key, each in self.places.items() if each.held == held and each.state in states}

    def of(self, person: str, *states: str) -> dict[str, Place]:
        """The places of a person in these states."""
        return {key: each for key, each in self.places.items() if each.person == person and each.state in states}

    def count(self, held: str, *states: str) -> int:
        """How many of a class are in these states."""
        return len(self.people(held, *states))

    def kept(self, held: str) -> int:
        """Seats of the order that a class keeps for itself: its capacity, or more if more are seated."""
        each = self.classes[held]
        return max(each.capacity, self.count(held, *SEATED)) if each.state in HOLDING else 0

    def balances(self, order: str) -> dict[str, int]:
        """Where the seats of an order are."""
        mine = [key for key, each in self.classes.items() if each.order == order]
        enrolled, hired = (sum(self.count(key, state) for key in mine) for state in ("ENROLLED", "HIRED"))
        running = [key for key in mine if self.classes[key].state in HOLDING]
        committed = sum(self.kept(key) - self.count(key, "ENROLLED") for key in running)
        lost = self.orders[order].lost
        left = self.orders[order].headcount - committed - enrolled - hired - lost
        return {"OPEN": left, "COMMITTED": committed, "ENROLLED": enrolled, "HIRED": hired, "LOST": lost}

    def need_seats(self, order: str) -> None:
        """Refuses what has just been tried if the order has not so many seats."""
        if self.balances(order)["OPEN"] < 0:
            raise No("ORDER_SEATS")

    def taken(self, limit: str) -> int:
        """What the seats of all classes with public money take of a limit."""
        paid = [each for each in self.places.values() if self.classes[each.held].fen]
        holding = [each for each in paid if each.state in (*SEATED, "HIRED")]
        return len(holding) if limit == "HEADS" else sum(each.fen for each in holding)

    def allowed(self, held: str) -> int:
        """Seats of a class that the limits still allow."""
        fen = self.classes[held].fen
        if not fen:
            return PLENTY
        lefts = {limit: max(0, granted - self.taken(limit)) for limit, granted in self.granted.items()}
        return min([PLENTY, *(left // (1 if limit == "HEADS" else fen) for limit, left in lefts.items())])

    def free(self, held: str) -> int:
        """Seats of a class that nobody has or was offered."""
        return max(0, self.classes[held].capacity - self.count(held, *SEATED))

    def waiting(self, held: str) -> list[str]:
        """Who waits, in order."""
        found = self.people(held, "WAITLISTED")
        return sorted(found, key=lambda key: self.rank(found[key]))

    @staticmethod
    def rank(place: Place) -> tuple[Any, ...]:
        """Served by group, then by time, then by lot; those of a party as they were named."""
        return place.priority, place.since, place.tie, place.place

    def units(self, held: str) -> list[list[str]]:
        """Who waits, those together who get seats together."""
        found: dict[str, list[str]] = {}
        for key in self.waiting(held):
            found.setdefault(self.places[key].party or key, []).append(key)
        return list(found.values())

    def next(self, held: str) -> list[str]:
        """Who could be given a seat now, in order; nobody in a class that gives none."""
        if self.classes[held].state != "OPEN" or self.suspended:
            return []
        seats, found = min(self.free(held), self.allowed(held)), []
        for unit in self.units(held):
            if len(unit) <= seats:
                found += unit
                seats -= len(unit)
            elif seats == 0 or not self.terms.pass_over:
                break
        return found

    def objections(self, person: str, held: str) -> list[str]:
        """What stands against somebody who is not in a class yet."""
        mine = self.classes[held]
        elsewhere = [each for each in self.of(person, *ACTIVE).values() if each.held != held]
        paid = [each for each in elsewhere if self.classes[each.held].fen and each.state != "WAITLISTED"]
        found = {
            "TR-CLASS-CLOSED": mine.state != "OPEN",
            "TR-INSTITUTION-SUSPENDED": self.suspended,
            "TR-OVERLAP": any(self.classes[each.held].slot == mine.slot for each in elsewhere),
            "TR-SAME-OCC-LEVEL": bool(mine.fen and paid),
            "TR-YEAR-CAP": bool(mine.fen) and len(paid) >= 3,
        }
        return sorted(code for code, stands in found.items() if stands)

    def present(self, person: str, held: str) -> bool:
        """Whether somebody is in a class already."""
        return any(each.held == held for each in self.of(person, *ACTIVE).values())

    # ---- coming ----

    def new_key(self, person: str, held: str) -> str:
        """What somebody's next enrolment in a class is called here."""
        first = f"{person}@{held}."
        return f"{first}{sum(key.startswith(first) for key in self.places) + 1}"

    def arrive(self, people: Sequence[str], at: str, *, seat_only: bool = False) -> list[str]:
        """Eligible people stand in line together: seats for all if the free ones reach them, else they wait."""
        held, awaited = self.classes[at], bool(self.waiting(at))
        if not awaited and self.free(at) >= len(people) > self.allowed(at):
            raise No("QUOTA_BINDS")
        since = max(self.now, held.last_arrival or self.now)
        keys = [self.new_key(person, at) for person in people]
        for key, person in zip(keys, people, strict=True):
            held.arrivals += 1
            self.places[key] = Place(
                *(person, at, held.arrivals, "WAITLISTED", held.fen),
                priority=max(self.groups[each] for each in people),
                since=since,
                tie=self.draw(at, people),
                party=keys[0] if len(people) > 1 else "",
            )
        if set(keys) <= set(self.next(at)):
            for key in keys:
                mine = self.places[key]
                mine.state, mine.priority, mine.since, mine.tie = "ENROLLED", 0, None, 0
        elif seat_only:
            raise No("CLASS_FULL")
        else:
            held.last_arrival = since
        return keys

    def enrol(self, person: str, at: str, seat_only: bool = False) -> object:
        """One person."""
        if self.present(person, at):
            raise No("ALREADY_ENROLLED")
        if codes := self.objections(person, at):
            raise No("NOT_ELIGIBLE", codes)
        return self.places[self.arrive([person], at, seat_only=seat_only)[0]].state

    def enrol_party(self, people: Sequence[str], at: str, seat_only: bool = False) -> object:
        """Several who want to be together."""
        refused = [
            number
            for number, person in enumerate(people, start=1)
            if self.present(person, at) or self.objections(person, at)
        ]
        if refused:
            raise No("PARTY_REFUSED", refused)
        return [self.places[key].state for key in self.arrive(people, at, seat_only=seat_only)]

    def import_roster(self, people: Sequence[str], at: str, mode: str, most: int = 0) -> object:
        """A file, a person a row; what each row comes to."""
        tried = self.copied()
        found = [tried._row(person, at) for person in people]
        refused = found.count("REFUSED")
        taken = ("ENROLLED", "WAITLISTED")
        if mode == "ALL_OR_NOTHING":
            nothing = any(each not in (*taken, "UNCHANGED") for each in found)
        else:
            nothing = mode == "THRESHOLD" and refused * 100 > most * len(people)
        if nothing:
            return ["NOT_TAKEN" if each in taken else each for each in found]
        if mode != "CHECK_ONLY":
            self.__dict__.update(tried.__dict__)
        return found

    def _row(self, person: str, at: str) -> str:
        if self.present(person, at):
            return "UNCHANGED"
        if self.objections(person, at):
            return "REFUSED"
        try:
            return self.places[self.arrive([person], at)[0]].state
        except No:
            return "NO_QUOTA"

    # ---- going, and who comes after ----

    def promote(self, held: str) -> list[str]:
        """Gives what is free to those who wait; returns whom. Where it is public money each is asked again."""
        asked: set[str] = set()
        while fresh := [key for key in self.next(held) if self.classes[held].fen and key not in asked]:
            asked.update(fresh)
            for key in fresh:
                if self.objections(self.places[key].person, held):
                    self.leave(key)
        found = self.next(held)
        for key in found:
            place = self.places[key]
            place.state = "ENROLLED" if self.terms.offer is None else "OFFERED"
            place.expires = None if self.terms.offer is None else self.now + self.terms.offer
            place.fen = self.classes[held].fen
        return found

    def leave(self, key: str) -> None:
        """Out of the class. Once it is closed a seat goes with who had it."""
        place = self.places[key]
        lost = place.state == "ENROLLED" and self.classes[place.held].state != "OPEN"
        place.state, place.expires = "LOST" if lost else "WITHDRAWN", None
        self.orders[self.classes[place.held].order].lost += lost

    def must_be(self, key: str, *states: str) -> Place:
        """The place, if it is in one of these states."""
        if self.places[key].state not in states:
            raise No("ENROLMENT_STATE")
        return self.places[key]

    def withdraw(self, key: str) -> object:
        """Leaves of their own will."""
        place = self.must_be(key, *LEAVES)
        self.leave(key)
        return place.state, _first(self.promote(place.held))

    def accept(self, key: str) -> object:
        """Takes the seat that was offered."""
        place = self.must_be(key, "OFFERED")
        if place.expires is not None and place.expires <= self.now:
            raise No("OFFER_EXPIRED")
        place.state, place.expires = "ENROLLED", None
        return place.state

    def decline(self, key: str) -> object:
        """Does not want the seat."""
        place = self.must_be(key, "OFFERED")
        self.leave(key)
        self.promote(place.held)
        return place.state

    def upkeep(self) -> object:
        """What the service does by itself: offers run out, and seats that became possible are given."""
        for held in self.classes:
            late = [key for key, each in self.people(held, "OFFERED").items() if each.expires <= self.now]  # type: ignore[operator]
            for key in late:
                self.leave(key)
            if late:
                self.promote(held)
        for held in self.classes:
            self.promote(held)
        return None

    def move(self, key: str, before: str) -> object:
        """By hand, with the party: right before another, or to the end when `before` is empty."""
        place = self.must_be(key, "WAITLISTED")
        unit = next(each for each in self.units(place.held) if key in each)
        others = [each for each in self.waiting(place.held) if each not in unit]
        if before:
            if self.places[before].held != place.held:
                raise No("NOT_FOUND")
            self.must_be(before, "WAITLISTED")
        beside = before if before in others else others[-1] if others and not before else ""
        if beside:
            target = self.places[beside]
            # half a number from the neighbour's: the real one is whatever the service finds room for
            tie = target.tie + HALF * (-1 if before else 1)
            for each in unit:
                mine = self.places[each]
                mine.priority, mine.since, mine.tie = target.priority, target.since, tie
        self.promote(place.held)
        return None

    def settle(self, held: str, ties: dict[str, int]) -> None:
        """Takes over the numbers that a move by hand gave out, if they put people in the order that they should."""
        order = self.waiting(held)
        for key, tie in ties.items():
            self.places[key].tie = tie
        if self.waiting(held) != order:
            raise AssertionError(f"a move by hand made {self.waiting(held)} of {order}")

    def transfer(self, key: str, into: str) -> object:
        """Out of one class and into another, or neither."""
        place = self.places[key]
        if place.held == into:
            raise No("INVALID_REQUEST")
        self.must_be(key, *LEAVES)
        if self.classes[place.held].state != "OPEN":
            raise No("CLASS_STATE")
        self.leave(key)
        state = self.enrol(place.person, into, seat_only=True)
        return place.state, state, _first(self.promote(place.held))

    def hire(self, key: str) -> object:
        """Begins to work for the order's enterprise."""
        place = self.must_be(key, "ENROLLED")
        if self.classes[place.held].state != "CLOSED":
            raise No("CLASS_STATE")
        place.state = "HIRED"
        return place.state

    # ---- one for another ----

    def substitute(self, leaving: str, coming: str) -> object:
        """Asks the other side."""
        held = self.places[leaving].held
        if self.places[coming].held != held:
            raise No("NOT_FOUND")
        self.must_be(leaving, "ENROLLED")
        self.must_be(coming, "WAITLISTED")
        self._nobody_new()
        self.substitutions[f"s{len(self.substitutions) + 1}"] = Substitution(held, leaving, coming)
        return "ASKED"

    def answer(self, which: str, consent: bool, other_side: bool = True) -> object:
        """The other side's answer."""
        asked = self.substitutions[which]
        if asked.state != "ASKED":
            raise No("SUBSTITUTION_STATE")
        if not other_side:
            raise No("SAME_SIDE")
        leaving, coming = self.places[asked.leaving], self.places[asked.coming]
        still = (leaving.state, leaving.held) == ("ENROLLED", asked.held)
        still &= (coming.state, coming.held) == ("WAITLISTED", asked.held)
        if not consent:
            asked.state = "REFUSED"
        elif not still or self.classes[asked.held].state != "OPEN":
            asked.state = "LAPSED"
        else:
            self._nobody_new()
            asked.state, leaving.state = "DONE", "WITHDRAWN"
            coming.state, coming.fen, coming.party = "ENROLLED", leaving.fen, ""
            self.promote(asked.held)  # a party that is one fewer may fit now
        return asked.state

    def _nobody_new(self) -> None:
        if self.suspended:
            raise No("NOT_ELIGIBLE", ["TR-INSTITUTION-SUSPENDED"])


def _first(keys: Iterable[str]) -> str:
    return next(iter(keys), "")
