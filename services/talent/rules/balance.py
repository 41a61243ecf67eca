"""Who gets the next step of a unit: a rule that anybody can work out again from what it looks at.

Of those who take a share and are not absent, the one for whom (open steps + 1) / share is least; where that is the
same, who has fewer overdue; then the order of subjects. A share is a weight: who has 50 beside one with 100 gets half
as much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Why(StrEnum):
    """Why somebody gets a step, or not."""

    CHOSEN = "CHOSEN"
    MORE = "MORE"  # has more to do for the share
    LATER = "LATER"  # has as much to do, and more overdue or a later name
    NO_SHARE = "NO_SHARE"
    ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An officer of a unit with what is on the desk, and who stands in today."""

    officer: str
    share: int
    open_steps: int
    overdue: int
    deputy: str = ""

    @property
    def load(self) -> Fraction | None:
        """How full the desk is with one more step; None for who takes nothing new."""
        return Fraction(self.open_steps + 1, self.share) if self.share and not self.deputy else None


@dataclass(frozen=True, slots=True)
class Placed:
    """A candidate in the order of the rule."""

    candidate: Candidate
    why: Why


def balance(candidates: Iterable[Candidate]) -> list[Placed]:
    """Everybody, the first to get a step first; the first one gets it if that is CHOSEN."""
    every = list(candidates)
    able = sorted((each for each in every if each.load is not None), key=_place)
    placed = [Placed(each, _why(each, able[0])) for each in able]
    rest = sorted((each for each in every if each.load is None), key=lambda each: each.officer)
    return placed + [Placed(each, Why.ABSENT if each.deputy else Why.NO_SHARE) for each in rest]


def written(load: Fraction | None) -> str:
    """A load with three decimals."""
    return "" if load is None else f"{Decimal(load.numerator) / Decimal(load.denominator):.3f}"


def _place(candidate: Candidate) -> tuple[Fraction, int, str]:
    assert candidate.load is not None
    return candidate.load, candidate.overdue, candidate.officer


def _why(candidate: Candidate, first: Candidate) -> Why:
    if candidate is first:
        return Why.CHOSEN
    return Why.LATER if candidate.load == first.load else Why.MORE
