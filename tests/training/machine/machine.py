"""Random officers at their desks: which act comes next, and on what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.training.machine.example import FEN, PEOPLE, Act, Example
from tests.training.machine.things import ACTIVE, HOLDING, LEAVES, SEATED
from tests.training.machine.world import TERMS, World

CLASSES, ORDERS = 6, 3  # in one example at most
UNOPENED = ("DRAFT", "FILED", "REVIEWED", "APPROVED")
EARLY = 14  # acts before anything comes to an end: about what it takes to begin

WHICH = st.integers(0, 19)
SELDOM = st.sampled_from([False] * 9 + [True])
MOSTLY = SELDOM.map(lambda seldom: not seldom)


class Machine(RuleBasedStateMachine):
    """Most acts are such as make sense; an odd one is done on whatever there is."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.example: Example | None = None

    @property
    def run(self) -> Example:
        """The example that runs."""
        assert self.example is not None
        return self.example

    @initialize(
        province=st.sampled_from(sorted(TERMS, reverse=True)),
        headcount=st.integers(3, 8),
        capacity=st.integers(1, 3),
        fen=st.sampled_from([0, FEN]),
        filled=st.integers(0, 6),
    )
    def begin(self, province: str, headcount: int, capacity: int, fen: int, filled: int) -> None:
        """An order with a class that enrols, and some people in it."""
        self.example = Example(self.world, province)
        self.run.begin(headcount, capacity, fen, filled)

    def teardown(self) -> None:
        """The last checks."""
        if self.example is not None:
            self.example.close()

    # ---- people come and go ----

    @rule(which=WHICH, where=WHICH, seat_only=SELDOM, odd=SELDOM)
    @precondition(lambda self: self.enrolling)
    def enrol(self, which: int, where: int, seat_only: bool, odd: bool) -> None:
        """Somebody applies."""
        held = self.a_class(where, odd=odd)
        self.run.do("enrol", person=self.some([which], held, odd)[0], at=held, seat_only=seat_only)

    enrol_too = rule(which=WHICH, where=WHICH)(
        precondition(lambda self: self.enrolling)(lambda self, which, where: self.enrol(which, where, False, False))
    )

    @rule(which=st.lists(WHICH, min_size=2, max_size=3), where=WHICH, seat_only=SELDOM, odd=SELDOM)
    @precondition(lambda self: self.enrolling)
    def enrol_party(self, which: list[int], where: int, seat_only: bool, odd: bool) -> None:
        """Some who want to be together."""
        held = self.a_class(where, odd=odd)
        people = self.some(which, held, odd)
        if len(people) > 1:
            self.run.do("enrol_party", people=people, at=held, seat_only=seat_only)

    @rule(
        which=st.lists(WHICH, min_size=1, max_size=6),
        where=WHICH,
        mode=st.sampled_from(["VALID_ROWS", "ALL_OR_NOTHING", "THRESHOLD", "CHECK_ONLY"]),
        most=st.sampled_from([0, 50]),
        odd=st.booleans(),
    )
    @precondition(lambda self: self.enrolling)
    def import_roster(self, which: list[int], where: int, mode: str, most: int, odd: bool) -> None:
        """A file."""
        held = self.a_class(where)
        self.run.do("import_roster", people=self.some(which, held, odd), at=held, mode=mode, most=most)

    @rule(which=WHICH, odd=SELDOM)
    @precondition(lambda self: self.has(*LEAVES))
    def withdraw(self, which: int, odd: bool) -> None:
        """Somebody leaves."""
        self.run.do("withdraw", key=self.a_place(which, *LEAVES, odd=odd))

    @rule(which=WHICH)
    @precondition(lambda self: self.has("WAITLISTED"))
    def withdraw_a_seat(self, which: int) -> None:
        """Somebody leaves a class that others wait for."""
        waited = {each.held for each in self.run.model.places.values() if each.state == "WAITLISTED"}
        held = sorted(waited)[which % len(waited)]
        self.run.do("withdraw", key=self.a_place(which, *SEATED, held=held))

    @rule(which=WHICH, where=WHICH, odd=SELDOM)
    @precondition(lambda self: self.has(*LEAVES) and len(self.enrolling) > 1)
    def transfer(self, which: int, where: int, odd: bool) -> None:
        """Somebody goes into another class."""
        key = self.a_place(which, *LEAVES, odd=odd)
        self.run.do("transfer", key=key, into=self.a_class(where, but=self.run.model.places[key].held, odd=odd))

    @rule(which=WHICH, before=st.none() | WHICH, odd=SELDOM)
    @precondition(lambda self: self.has("WAITLISTED"))
    def move(self, which: int, before: int | None, odd: bool) -> None:
        """Somebody who waits is moved by hand."""
        key = self.a_place(which, "WAITLISTED", odd=odd)
        held = self.run.model.places[key].held
        target = "" if before is None else self.a_place(before, "WAITLISTED", held=held, odd=odd)
        self.run.do("move", key=key, before=target)

    @rule(which=WHICH, accept=st.booleans(), odd=SELDOM)
    @precondition(lambda self: self.has("OFFERED"))
    def answer_offer(self, which: int, accept: bool, odd: bool) -> None:
        """Somebody wants the seat, or does not."""
        self.run.do("accept" if accept else "decline", key=self.a_place(which, "OFFERED", odd=odd))

    @rule(minutes=st.sampled_from([1, 60, 120, 180, -90]))
    def time_passes(self, minutes: int) -> None:
        """Or somebody sets the clock back; the service looks after itself now and then."""
        self.run.model.now += timedelta(minutes=minutes)
        if minutes >= 60:
            self.upkeep()

    def upkeep(self) -> None:
        """One round."""
        self.run.do("upkeep")
        assert not self.run.owed, f"seats stay free in {self.run.owed} while somebody waits who could have them"

    @rule(which=WHICH, coming=WHICH, odd=SELDOM)
    @precondition(lambda self: self.has("ENROLLED") and self.has("WAITLISTED"))
    def substitute(self, which: int, coming: int, odd: bool) -> None:
        """One shall come for another."""
        key = self.a_place(coming, "WAITLISTED", odd=odd)
        leaving = self.a_place(which, "ENROLLED", held=self.run.model.places[key].held)
        self.run.do("substitute", leaving=leaving, coming=key)

    @rule(which=WHICH, consent=MOSTLY, other_side=MOSTLY)
    @precondition(lambda self: "ASKED" in (each.state for each in self.run.model.substitutions.values()))
    def answer(self, which: int, consent: bool, other_side: bool) -> None:
        """The other side, or the same, says yes or no."""
        asked = sorted(self.run.model.substitutions, key=lambda key: self.run.model.substitutions[key].state)
        self.run.do("answer", which=asked[0 if which else -1], consent=consent, other_side=other_side)

    @rule(which=WHICH, odd=SELDOM)
    @precondition(lambda self: self.has("ENROLLED") and self.classes("CLOSED"))
    def hire(self, which: int, odd: bool) -> None:
        """Somebody begins to work."""
        closed = self.classes("CLOSED")
        self.run.do("hire", key=self.a_place(which, "ENROLLED", held=closed[which % len(closed)], odd=odd))

    # ---- classes ----

    @rule(where=WHICH, capacity=st.integers(1, 6), odd=SELDOM)
    def change_capacity(self, where: int, capacity: int, odd: bool) -> None:
        """Larger or smaller."""
        self.run.do("change_capacity", held=self.a_class(where, *HOLDING, odd=odd), capacity=capacity)

    @rule(
        order=WHICH,
        capacity=st.integers(1, 3),
        slot=st.integers(0, 2),
        fen=st.sampled_from([0, FEN, 2 * FEN]),
        steps=st.sampled_from([4, 4, 4, 4, 0, 1, 2]),
        odd=SELDOM,
    )
    @precondition(lambda self: len(self.run.model.classes) < CLASSES)
    def another_class(self, order: int, capacity: int, slot: int, fen: int, steps: int, odd: bool) -> None:
        """One more."""
        self.run.new_class(self.an_order(order, odd=odd), capacity, slot, fen, steps)

    @rule(where=WHICH)
    @precondition(lambda self: self.classes(*UNOPENED))
    def advance(self, where: int) -> None:
        """A step nearer to enrolling."""
        held = self.a_class(where, *UNOPENED)
        self.run.do("advance", held=held, state=self.run.model.classes[held].state)

    @rule(where=WHICH, capacity=WHICH, people=st.lists(WHICH, max_size=3), odd=SELDOM)
    @precondition(lambda self: self.large and len(self.run.model.classes) < CLASSES)
    def split(self, where: int, capacity: int, people: list[int], odd: bool) -> None:
        """In two."""
        held = self.a_class(where, odd=odd) if odd else self.large[where % len(self.large)]
        seats = capacity % 4 + 1 if odd else capacity % (self.run.model.classes[held].capacity - 1) + 1
        mine = list(self.run.model.people(held, *(ACTIVE if odd else SEATED)))
        chosen = list(dict.fromkeys(mine[each % len(mine)] for each in people)) if mine else []
        self.run.do("split", held=held, capacity=seats, people=chosen if odd else chosen[:seats])

    @rule(where=WHICH, into=WHICH, accept=st.booleans(), odd=SELDOM)
    @precondition(lambda self: len(self.enrolling) > 1)
    def merge(self, where: int, into: int, accept: bool, odd: bool) -> None:
        """Two in one."""
        held = self.a_class(where)
        order = self.run.model.classes[held].order
        near = [each for each in self.enrolling if each != held and self.run.model.classes[each].order == order]
        target = near[into % len(near)] if near and not odd else self.a_class(into, odd=odd)
        self.run.do("merge", held=held, into=target, accept=accept)

    # ---- ends, limits, the institution ----

    @rule(where=WHICH, act=st.sampled_from(["close_class", "close_class", "cancel_class"]), odd=SELDOM)
    @precondition(lambda self: len(self.enrolling) > 1 or self.run.acts > EARLY)
    def end_class(self, where: int, act: str, odd: bool) -> None:
        """Enrolling ends, or it is not held."""
        states = ("OPEN",) if act == "close_class" else HOLDING
        self.run.do(act, held=self.a_class(where, *states, odd=odd))

    @rule(which=WHICH, act=st.sampled_from(["cancel_order", "close_order"]), odd=SELDOM)
    @precondition(lambda self: len(self.live) > 1 or self.run.acts > 2 * EARLY)
    def end_order(self, which: int, act: str, odd: bool) -> None:
        """No more workers are wanted, or all that came have come."""
        self.run.do(act, order=self.an_order(which, odd=odd))

    @rule(headcount=st.integers(2, 8))
    @precondition(lambda self: len(self.run.model.orders) < ORDERS and not self.run.model.suspended)
    def another_order(self, headcount: int) -> None:
        """One more."""
        self.run.do("contract", headcount=headcount, covered=headcount)

    @rule(which=WHICH, headcount=st.integers(1, 10), odd=SELDOM)
    @precondition(lambda self: self.live)
    def change_headcount(self, which: int, headcount: int, odd: bool) -> None:
        """More workers, or fewer."""
        self.run.do("change_headcount", order=self.an_order(which, odd=odd), headcount=headcount)

    @rule(limit=st.sampled_from(["HEADS", "BUDGET"]), seats=st.integers(0, 5))
    @precondition(lambda self: any(each.fen for each in self.run.model.classes.values()))
    def set_quota(self, limit: str, seats: int) -> None:
        """So many seats' worth."""
        self.run.do("set_quota", limit=limit, granted=seats * (1 if limit == "HEADS" else FEN))

    @rule()
    @precondition(lambda self: self.run.acts > EARLY)
    def suspend(self) -> None:
        """The institution takes nobody."""
        self.run.do("suspend")

    @rule()
    @precondition(lambda self: self.run.model.suspended or self.run.acts > EARLY)
    def reinstate(self) -> None:
        """It does again."""
        self.run.do("reinstate")

    @rule()
    @precondition(lambda self: self.run.model.suspended)
    def reinstate_soon(self) -> None:
        """Nothing much happens before."""
        self.run.do("reinstate")

    # ---- the same twice, two at once ----

    @rule()
    @precondition(lambda self: self.run.desk.last is not None)
    def ask_again(self) -> None:
        """The answer was lost on its way."""
        self.run.ask_again()

    @rule(acts=st.lists(st.tuples(st.sampled_from("ewtac"), WHICH, WHICH), min_size=2, max_size=3))
    @precondition(lambda self: self.run.acts > EARLY and not self.run.crowd)
    def at_the_end(self, acts: list[tuple[str, int, int]]) -> None:
        """Some acts to be done at once when all else is done: which comes first is not for an example to know."""
        self.run.crowd = [self.an_act(*each) for each in acts]

    def an_act(self, kind: str, which: int, where: int) -> Act:
        """Something that may be done beside another thing."""
        if kind != "e" and self.run.model.places:
            key = self.a_place(which, *(("OFFERED",) if kind == "a" else LEAVES))
            if kind == "w":
                return "withdraw", {"key": key}
            if kind == "t":
                return "transfer", {"key": key, "into": self.a_class(where)}
            if kind == "a":
                return "accept", {"key": key}
        if kind == "c":
            return "change_capacity", {"held": self.a_class(where), "capacity": which % 6 + 1}
        return "enrol", {"person": f"p{which % PEOPLE}", "at": self.a_class(where)}

    # ---- choosing ----

    @property
    def enrolling(self) -> list[str]:
        """The open classes."""
        return self.classes("OPEN")

    @property
    def large(self) -> list[str]:
        """Those of them that can be split."""
        return [key for key in self.enrolling if self.run.model.classes[key].capacity > 1]

    @property
    def live(self) -> list[str]:
        """The orders that have not ended."""
        return [key for key, each in self.run.model.orders.items() if each.state in ("CONTRACTED", "TRAINING")]

    def classes(self, *states: str) -> list[str]:
        """The classes in these states."""
        return [key for key, each in self.run.model.classes.items() if each.state in states]

    def has(self, *states: str) -> bool:
        """Whether anybody is in one of these states."""
        return any(each.state in states for each in self.run.model.places.values())

    def an_order(self, which: int, *, odd: bool = False) -> str:
        """One that has not ended, if there is one; an odd choice may be any."""
        keys = self.live if self.live and not odd else list(self.run.model.orders)
        return keys[which % len(keys)]

    def a_class(self, which: int, *states: str, but: str = "", odd: bool = False) -> str:
        """A class in one of these states, open if none is named, if there is one; an odd choice may be any."""
        every = [key for key in self.run.model.classes if key != but]
        wanted = [key for key in self.classes(*(states or ("OPEN",))) if key != but]
        keys = wanted if wanted and not odd else every
        return keys[which % len(keys)]

    def a_place(self, which: int, *states: str, held: str = "", odd: bool = False) -> str:
        """An enrolment in one of these states, of this class, if there is one; an odd choice may be any."""
        every: Mapping[str, Any] = self.run.model.places
        near = [key for key, each in every.items() if each.state in states and held in ("", each.held)]
        keys = near if near and not odd else list(every)
        return keys[which % len(keys)]

    def some(self, which: list[int], held: str, odd: bool) -> list[str]:
        """People whom nothing keeps from a class, if there are such; an odd choice may be any."""
        model = self.run.model
        every = list(self.run.desk.people)
        free = [each for each in every if not model.present(each, held) and not model.objections(each, held)]
        keys = free if free and not odd else every
        return list(dict.fromkeys(keys[each % len(keys)] for each in which))
