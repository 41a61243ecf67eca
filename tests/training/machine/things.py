"""What a model of people and seats is made of: orders, classes, places, and how an act may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

SEATED = ("ENROLLED", "OFFERED")
LEAVES = (*SEATED, "WAITLISTED")
ACTIVE = (*LEAVES, "HIRED")
HOLDING = ("FILED", "REVIEWED", "APPROVED", "OPEN")
PLENTY = 10**9
HALF = Fraction(1, 2)


class No(Exception):
    """A refusal: its reason, and what it is about."""

    def __init__(self, reason: str, about: object = None) -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@dataclass(frozen=True)
class Answer:
    """What a call comes to: the reason of a refusal, or nothing and what the reply says."""

    reason: str = ""
    said: object = None


@dataclass
class Order:
    """An order (用工订单) that agreements cover up to `covered` heads."""

    headcount: int
    covered: int
    state: str = "CONTRACTED"
    lost: int = 0


@dataclass
class Held:
    """A class (培训班). Two in one `slot` are taught at the same hour; `fen` is what public money pays a seat."""

    order: str
    capacity: int
    slot: int
    fen: int
    state: str = "DRAFT"
    arrivals: int = 0
    last_arrival: datetime | None = None


@dataclass
class Place:
    """An enrolment (报名)."""

    person: str
    held: str
    place: int
    state: str
    fen: int
    priority: int = 0
    since: datetime | None = None
    tie: int | Fraction = 0
    party: str = ""
    expires: datetime | None = None


@dataclass
class Substitution:
    """One to be replaced by another (学员替换)."""

    held: str
    leaving: str
    coming: str
    state: str = "ASKED"


@dataclass(frozen=True)
class Terms:
    """How a division gives out freed seats: at once, or as offers that stand so long; who may pass a party."""

    offer: timedelta | None
    pass_over: bool
