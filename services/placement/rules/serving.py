"""What becomes of a visit in the log, and what a year of them suggests. Nothing here gives a grade.

The numbers (科技特派员服务日志、年度评价) are parameters; no text that was read fixes them, so each is unconfirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from enum import StrEnum

from services.reference.parameters import Confidence, Pack, Parameter
from services.reference.workdays import add_months

LATE, COUNTERSIGN, GRADES = "visit.late_days", "visit.countersign_days", "evaluation.grades"
UNQUALIFIED_MOST, IDLE_MONTHS = "evaluation.unqualified_for_exit", "evaluation.idle_months_for_exit"
MOST = 3660
NUMBERS = (LATE, COUNTERSIGN, UNQUALIFIED_MOST, IDLE_MONTHS)


class Grade(StrEnum):
    """What a bureau gives a year (年度评价等次)."""

    EXCELLENT = "EXCELLENT"
    QUALIFIED = "QUALIFIED"
    BASICALLY_QUALIFIED = "BASICALLY_QUALIFIED"
    UNQUALIFIED = "UNQUALIFIED"


class Suggestion(StrEnum):
    """Why a bureau may want to end a term; it is only told."""

    UNQUALIFIED_YEARS = "UNQUALIFIED_YEARS"
    NO_LOG = "NO_LOG"


def checked(pack: Pack) -> Pack:
    """`pack`, if this service can work by it; else a ValueError that names the parameter it cannot read."""
    for parameter in pack.parameters:
        if parameter.key in NUMBERS and (number := parameter.integer()) is not None and not 1 <= number <= MOST:
            raise ValueError(f"parameter {parameter.key} must be 1 to {MOST}")
        if parameter.key == GRADES and parameter.value is not None:
            given = parameter.value if isinstance(parameter.value, tuple) else ()
            if len(set(given)) != len(given) or len(given) not in (3, 4) or not set(given) <= set(Grade):
                raise ValueError(f"parameter {GRADES} must be three or four of {', '.join(Grade)}")
    return pack


def late(pack: Pack, division: str, day: date, logged_on: date) -> bool:
    """Whether a visit of `day` was written down too late; never where nobody knows what that is."""
    most = _number(pack, LATE, division, logged_on)
    return most is not None and logged_on > day + timedelta(days=most)


def countersign_due(pack: Pack, division: str, confirmed_on: date) -> date | None:
    """The last day to countersign; None where nobody knows how long that may take."""
    most = _number(pack, COUNTERSIGN, division, confirmed_on)
    return None if most is None else confirmed_on + timedelta(days=most)


def grades(pack: Pack, division: str, on: date) -> tuple[Grade, ...]:
    """The grades there are; all four where nobody has said which."""
    parameter = pack.find(GRADES, division, on)
    value = None if parameter is None else parameter.value
    return tuple(Grade(str(each)) for each in value) if isinstance(value, tuple) else tuple(Grade)


def served(days: Collection[str], confirmed: Collection[str]) -> bool:
    """Whether each day of an assignment, as text, has a visit that the host has confirmed."""
    return set(days) <= set(confirmed)


def suggestions(
    pack: Pack, division: str, today: date, given: Iterable[Grade], last_visit: date | None, since: date | None
) -> list[Suggestion]:
    """Why to think of ending a term. `since`: the first day of the term; None for who is not on the register.

    What nobody knows suggests nothing.
    """
    found = []
    most = _number(pack, UNQUALIFIED_MOST, division, today)
    if most is not None and sum(grade is Grade.UNQUALIFIED for grade in given) >= most:
        found.append(Suggestion.UNQUALIFIED_YEARS)
    months = _number(pack, IDLE_MONTHS, division, today)
    if since is not None and months is not None and add_months(max(last_visit or since, since), months) < today:
        found.append(Suggestion.NO_LOG)
    return found


def unconfirmed(pack: Pack, keys: Iterable[str], division: str, on: date) -> list[str]:
    """Which of the parameters nobody has confirmed, in order of key."""
    found = (pack.find(key, division, on) for key in keys)
    return sorted(each.key for each in found if each is not None and each.confidence is not Confidence.CONFIRMED)


def _number(pack: Pack, key: str, division: str, on: date) -> int | None:
    parameter: Parameter | None = pack.find(key, division, on)
    return None if parameter is None else parameter.integer()
