"""Who may be on the register of commissioners, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from services.reference.parameters import Pack

TITLE, EDUCATION, TERM = "commissioner.title_least", "commissioner.education_least", "commissioner.term_years"

Span = tuple[date, date]  # first and last day, both included


class Kind(StrEnum):
    """What a commissioner is."""

    INDIVIDUAL = "INDIVIDUAL"
    TEAM = "TEAM"
    LEGAL_PERSON = "LEGAL_PERSON"


class Title(IntEnum):
    """Professional title (职称), in order."""

    TITLE_UNSPECIFIED = 0
    JUNIOR = 1
    INTERMEDIATE = 2
    ASSOCIATE_SENIOR = 3
    SENIOR = 4


class Education(IntEnum):
    """Education (学历学位), in order."""

    EDUCATION_UNSPECIFIED = 0
    COLLEGE = 1
    BACHELOR = 2
    MASTER = 3
    DOCTOR = 4


def checked(pack: Pack) -> Pack:
    """`pack`, if this service can decide by it; else a ValueError that names the parameter it cannot read."""
    for parameter in pack.parameters:
        scale = {TITLE: Title, EDUCATION: Education}.get(parameter.key)
        if scale is not None and parameter.value is not None and parameter.value not in scale.__members__:
            raise ValueError(f"parameter {parameter.key} must be one of {', '.join(scale.__members__)}")
        if parameter.key == TERM and (years := parameter.integer()) is not None and years < 1:
            raise ValueError(f"parameter {TERM} must be 1 or more")
    return pack


def qualified(pack: Pack, title: Title, education: Education, division: str, on: date) -> bool:
    """Whether a person's title or education is enough (山东省科技特派员管理办法第3条: 中级职称或本科以上).

    A condition that is not known or does not hold in `division` on that day asks for nothing.
    """
    least = [pack.find(key, division, on) for key in (TITLE, EDUCATION)]
    asked = [each.text() if each is not None else None for each in least]
    if asked == [None, None]:
        return True
    enough_title = asked[0] is not None and title >= Title[asked[0]]
    return enough_title or (asked[1] is not None and education >= Education[asked[1]])


def term(pack: Pack, division: str, start: date) -> Span | None:
    """The term that begins on `start` (第5条: 3 years); None where nobody knows how long one is."""
    parameter = pack.find(TERM, division, start)
    years = parameter.integer() if parameter is not None else None
    return None if years is None else (start, last_of(start, years))


def last_of(start: date, years: int) -> date:
    """The last day of so many years from `start` on: the day before the corresponding day (民法典第202条).

    From 29 February it is 28 February.
    """
    try:
        return start.replace(year=start.year + years) - timedelta(days=1)
    except ValueError:
        return date(start.year + years, 2, 28)


def merged(absences: Iterable[Span]) -> list[Span]:
    """Absences in order, those that touch or overlap as one."""
    found: list[Span] = []
    for first, last in sorted(absences):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
