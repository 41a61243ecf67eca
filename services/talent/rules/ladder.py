"""The ladder of reminders (催办阶梯): who is told, after how long, by which channel. The rungs are dated data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.reference.workdays import Calendar
from services.talent.rules.days import Days
from services.talent.rules.lights import Light, Turns
from services.talent.rules.limits import Span, Unit


class Addressee(StrEnum):
    """Who is told. A step that nobody has is its unit's."""

    ASSIGNEE = "assignee"
    OWNER = "owner"  # 首问负责人
    UNIT = "unit"
    SUPERVISOR = "supervisor"  # of the division that does the step


class Channel(StrEnum):
    """How they are told. Both are events of the case; an order is also a supervision order that wants an answer."""

    MESSAGE = "message"
    ORDER = "order"  # 督办单


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: `after` working days after a light has come on, for the `times`th time within the matter or later.

    requirement, grace: of an order: what it asks for, and the working days it gives for it.
    """

    key: str
    on: Light
    after: int
    tell: tuple[Addressee, ...]
    channel: Channel
    times: int = 1
    requirement: str = ""
    grace: int = 0

    def moment(self, turns: Turns, calendar: Calendar) -> date | None:
        """The day it is due for a clock; None while its light has no day."""
        turned = turns.red if self.on is Light.RED else turns.yellow
        if turned is None or turns.red is None:
            return None
        return Days(calendar).after(turned, Span(self.after, Unit.WORKING_DAYS)) if self.after else turned


def read(key: str, value: object) -> Rung:
    """A rung from the value of a parameter. ValueError says what is wrong with it."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: want a mapping")
    tell = value.get("tell", ())
    try:
        rung = Rung(
            key=key,
            on=Light(str(value.get("on")).upper()),
            after=_whole(value.get("after", 0)),
            tell=tuple(Addressee(str(each)) for each in tell),
            channel=Channel(str(value.get("channel"))),
            times=_whole(value.get("times", 1)),
            requirement=str(value.get("requirement", "")),
            grace=_whole(value.get("grace", 0)),
        )
    except (TypeError, ValueError) as fault:
        raise ValueError(f"{key}: {fault}") from None
    if rung.on is Light.GREEN or not rung.tell or rung.after < 0 or rung.times < 1:
        raise ValueError(f"{key}: want on, tell, and whole numbers from 0 (times: from 1)")
    if rung.channel is Channel.ORDER and not (rung.requirement and rung.grace > 0):
        raise ValueError(f"{key}: an order wants requirement and grace")
    return rung


def due(
    rungs: Iterable[Rung], turns: Turns, sent: Collection[str], earlier_reds: int, on: date, calendar: Calendar
) -> list[tuple[date, Rung]]:
    """The rungs that are due by a day and were not sent, in the order they were due in.

    `earlier_reds` is how often another date of the matter was passed before.
    """
    found = []
    for rung in rungs:
        moment = rung.moment(turns, calendar)
        if moment is not None and moment <= on and rung.key not in sent and earlier_reds + 1 >= rung.times:
            found.append((moment, rung))
    return sorted(found, key=lambda each: (each[0], each[1].on is Light.RED, each[1].after, each[1].key))


def following(rungs: Iterable[Rung], turns: Turns, on: date, calendar: Calendar) -> date | None:
    """The next day after `on` on which some rung is due; None when none is any more."""
    moments = (rung.moment(turns, calendar) for rung in rungs)
    return min((moment for moment in moments if moment is not None and moment > on), default=None)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("want whole numbers")
