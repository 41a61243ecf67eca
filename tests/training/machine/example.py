"""One example: each act is done by the service and by the model, and both must come to the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from liancai.training.v1 import waitlist_pb2 as wait
from sqlalchemy import select

from tests.races.crowd import together
from tests.training.machine import picture
from tests.training.machine.changes import Model
from tests.training.machine.replay import replay
from tests.training.machine.things import Answer
from tests.training.machine.world import GROUPS, TERMS, World, lot

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PEOPLE = 10
FEN = 120_000  # 1,200 yuan a head

Act = tuple[str, dict[str, Any]]


class Example:
    """An institution, some orders, classes and people of its own on a service that many examples share."""

    def __init__(self, world: World, province: str) -> None:
        self.world = world
        self.acts = 0
        self.owed: set[str] = set()  # classes with seats that a limit kept, until another class gave of it
        self.sound = False  # no check has failed
        self.crowd: list[Act] = []  # what is done at once when all else is done
        self.listed: dict[str, Any] = {}
        self.model = Model(NOW, TERMS[province], {}, self.draw)
        world.database.clock = lambda: self.model.now
        self.desk = world.desk(province, PEOPLE)
        self.model.groups = {key: GROUPS[each.category] for key, each in self.desk.people.items()}
        self.seen = self.before = picture.look(world.database, self.desk, world.people, None)
        self.mark = self.seen.announced
        self.sound = True

    def begin(self, headcount: int, capacity: int, fen: int, filled: int) -> None:
        """An order with a class that enrols, and some people in it."""
        self.do("contract", headcount=headcount, covered=headcount + 2)
        self.new_class("o1", capacity, 0, fen, 4)
        if filled:
            self.do("import_roster", people=[f"p{number}" for number in range(filled)], at="c1", mode="VALID_ROWS")

    def close(self) -> None:
        """The events tell it all again; cancelling gives back what is left. No checks once one has failed."""
        try:
            if self.sound and self.crowd:
                self.at_once()
            if self.sound:
                self.check_replay()
            for order in self.desk.orders:
                if self.sound:
                    self.do("cancel_order", order=order)
                else:
                    with suppress(AssertionError):
                        self.desk.ask("cancel_order", order=order)
            if self.sound:
                self.check_replay()
        finally:
            self.world.database.clock = self.world.clock

    # ---- doing and comparing ----

    def do(self, act: str, **arguments: Any) -> None:
        """One act, by the service and by the model."""
        with self._whole():
            self.acts += 1
            model, told = self.model.try_out(act, **arguments)
            found = self.desk.ask(act, **arguments)
            self._look()
            if act == "move" and not told.reason:
                self._settle(model, model.places[arguments["key"]].held)
            heard = self._heard(found)
            assert heard == told, f"{act} {arguments}: {told} was to be expected, there is {heard} {self.desk.wrong}"
            self._follow(model, done=not told.reason and arguments.get("mode") != "CHECK_ONLY")

    def ask_again(self) -> None:
        """The last answer was lost on its way: it is given again, and nothing is done."""
        with self._whole():
            self.desk.ask_again()
            self.desk.last = None
            self._look()
            self._follow(self.model, done=False)

    def at_once(self) -> None:
        """Whatever comes of acts at once would have come of them one after the other."""
        with self._whole():
            found = together(*(partial(self.desk.ask, act, **arguments) for act, arguments in self.crowd))
            self.desk.last = None
            self._look()
            heard = [self._heard(each) for each in found]
            tables, lines = picture.of_tables(self.seen), []
            for order in itertools.permutations(range(len(self.crowd))):
                model, answers = self.model, {}
                for number in order:
                    act, arguments = self.crowd[number]
                    model, answers[number] = model.try_out(act, **arguments)
                told = [answers[number] for number in range(len(self.crowd))]
                different = picture.differences(picture.of_model(model), tables)
                if told == heard and not different:
                    return self._follow(model, done=any(not each.reason for each in heard))
                lines.append(f"{order}: {told} {different}")
            raise AssertionError("\n".join([f"{self.crowd} at once gave {heard}; one after the other:", *lines]))

    def new_class(self, order: str, capacity: int, slot: int, fen: int, steps: int) -> None:
        """A class that is brought so many steps on its way."""
        known = len(self.model.classes)
        self.do("create", order=order, capacity=capacity, slot=slot, fen=fen)
        if len(self.model.classes) > known:
            held = f"c{len(self.model.classes)}"
            for state in ("DRAFT", "FILED", "REVIEWED", "APPROVED")[:steps]:
                if self.model.classes[held].state == state:
                    self.do("advance", held=held, state=state)

    def draw(self, held: str, people: Sequence[str]) -> int:
        """The number that people draw together in the lottery of a class."""
        return lot(held, min(people))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        sound, self.sound = self.sound, False
        yield
        self.sound = sound

    def _heard(self, found: object) -> Answer:
        """An answer of the service in the words of the model."""
        assert isinstance(found, Answer), found
        return Answer(found.reason, self.desk.named(found.said))

    def _look(self) -> None:
        self.before, self.seen = self.seen, picture.look(self.world.database, self.desk, self.world.people, self.seen)
        self.world.seeds = {row["lottery_seed"]: held for held, row in self.seen.classes.items()}

    def _settle(self, model: Model, held: str) -> None:
        """Who was moved by hand has a number that only the service knows."""
        waited = [key for key, each in model.places.items() if each.held == held and each.since is not None]
        model.settle(held, {key: self.seen.places[key]["tie"] for key in waited})

    def _follow(self, model: Model, *, done: bool) -> None:
        """Takes over what was to be expected, if it is so."""
        different = picture.differences(picture.of_model(model), picture.of_tables(self.seen))
        assert not different, "\n".join(different)
        past, self.model = self.model, model
        picture.prove_ledgers(self.world.database, self.desk, self.seen)
        picture.check_seats(self.before, self.seen)
        picture.check_etags(self.before, self.seen)
        picture.check_trail(self.desk, self.before, self.seen, done=done)
        self._check_nobody_waits_in_vain(past)
        for held in self.model.classes:
            self._check_list(held)

    def _check_nobody_waits_in_vain(self, past: Model) -> None:
        """Beside a seat they could have; but for one that another class has just given back to the limit."""
        for held in self.model.classes:
            if self.model.next(held):
                freed = held in past.classes and self.model.allowed(held) > past.allowed(held)
                assert held in self.owed or freed, f"{self.model.next(held)} wait beside free seats of {held}"
                self.owed.add(held)
            else:
                self.owed.discard(held)

    def _check_list(self, held: str) -> None:
        """A waitlist over the wire, if it has changed: in the order of what each is told of their place."""
        order = self.model.waiting(held)
        now = [(key, self.model.rank(self.model.places[key])) for key in order]
        if self.listed.get(held, []) == now:
            return
        self.listed[held] = now
        office = self.desk.home.waitlist
        listed = office.ListWaitlist(wait.ListWaitlistRequest(class_name=self.desk.classes[held]))
        names = [each.name for each in listed.enrolments]
        assert names == [self.desk.places[key] for key in order]
        told = [office.ExplainPlace(wait.ExplainPlaceRequest(name=each)) for each in names]
        keys = [(each.priority, each.waits_since.ToNanoseconds(), each.lottery_number) for each in told]
        assert keys == sorted(keys)
        for number, (key, each) in enumerate(zip(order, told, strict=True), start=1):
            mine = self.model.places[key]
            unit = next(unit for unit in self.model.units(held) if key in unit)
            assert (each.position, each.waiting) == (number, len(order))
            assert (each.priority, each.lottery_number) == (mine.priority, mine.tie)
            assert each.ahead_by_priority + each.ahead_by_time + each.ahead_by_lottery == number - 1
            assert each.party_size == (len(unit) if mine.party else 0)

    def check_replay(self) -> None:
        """Whoever hears only the events knows every state, class, count and capacity."""
        with self._whole():
            ours, table = picture.subjects(self.desk), picture.EVENTS
            wanted = select(table.c.type, table.c.subject, table.c.data).where(table.c.sequence > self.mark)
            with self.world.database.reading() as session:
                rows = session.execute(wanted.order_by(table.c.sequence)).all()
            found = replay(row for row in rows if row.subject in ours)
            desk, model = self.desk, self.model
            _same(found.orders, {desk.orders[key]: _told(each, "headcount") for key, each in model.orders.items()})
            _same(
                found.classes,
                {
                    desk.classes[key]: {"order": desk.orders[each.order], **_told(each, "capacity")}
                    for key, each in model.classes.items()
                },
            )
            _same(
                found.enrolments,
                {
                    desk.places[key]: {"class": desk.classes[each.held], **_told(each)}
                    for key, each in model.places.items()
                },
            )
            for key, row in self.seen.classes.items():
                counts = found.counts(desk.classes[key])
                counted = {state: counts[state] for state in ("ENROLLED", "OFFERED", "WAITLISTED", "HIRED")}
                assert counted == {state: row[state.lower()] for state in counted}


def _told(each: object, *names: str) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("state", *names)}


def _same(replayed: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    different = [
        f"{name}: {told.get(name)} was to be expected, the events tell {replayed.get(name)}"
        for name in sorted(told.keys() | replayed.keys())
        if told.get(name) != replayed.get(name)
    ]
    assert not different, "\n".join(different)
