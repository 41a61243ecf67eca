"""Service agreements (三方协议): when one is in force, which ones overlap, and how the days of service are counted.

What a year of service is, and which dates count, nobody has confirmed yet: `Counting` holds what the parameters say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.placement.rules.registering import Span, last_of, merged
from services.reference.parameters import Pack
from services.reference.workdays import Calendar

DAYS, WORKING_DAYS, UNIT = "service.days_least", "service.working_days_least", "service.days_in"
YEAR, REMOTE, REMOTE_MOST = "service.year", "service.remote_counts", "service.remote_days_most"


class Kind(StrEnum):
    """Who is the third party."""

    SINGLE_HOST = "SINGLE_HOST"
    FRAMEWORK = "FRAMEWORK"


class Role(StrEnum):
    """A party, in the order in which messages name them."""

    SENDING_UNIT = "SENDING_UNIT"
    COMMISSIONER = "COMMISSIONER"
    HOST = "HOST"
    BUREAU = "BUREAU"


class Unit(StrEnum):
    """What the days of a year are counted in."""

    DAYS = "DAYS"
    WORKING_DAYS = "WORKING_DAYS"


class Year(StrEnum):
    """What a year of service is: from the first day of the agreement on, or that of the calendar."""

    SERVICE = "SERVICE"
    NATURAL = "NATURAL"


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement as these rules see it. `host` is a credit code; without one it holds for all hosts of `division`.

    `first` and `last` are both in force; `days` a year are promised at least.
    """

    name: str
    commissioner: str
    host: str
    division: str
    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True)
class LogDay:
    """A day of service as a log has it: whether the host confirmed it, and whether nobody travelled."""

    day: date
    confirmed: bool
    remote: bool


@dataclass(frozen=True, slots=True)
class Counting:
    """How days are counted. `least` days a year are wanted and `remote_most` remote ones count, None is unknown."""

    least: int | None
    unit: Unit
    year: Year
    remote_counts: bool
    remote_most: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts of a year. `remote` of the `days` were remote; `missing` is None where nobody knows the least."""

    days: tuple[date, ...]
    remote: int
    missing: int | None


def parties(kind: Kind) -> tuple[Role, Role, Role]:
    """The three who sign."""
    return (Role.SENDING_UNIT, Role.COMMISSIONER, Role.HOST if kind is Kind.SINGLE_HOST else Role.BUREAU)


def checked(pack: Pack) -> Pack:
    """`pack`, if this service can count by it; else a ValueError that names the parameter it cannot read."""
    for parameter in pack.parameters:
        scale = {UNIT: Unit, YEAR: Year}.get(parameter.key)
        if scale is not None and parameter.value not in (None, *scale):
            raise ValueError(f"parameter {parameter.key} must be one of {', '.join(scale)}")
        if parameter.key == REMOTE:
            parameter.flag()
        if parameter.key in (DAYS, WORKING_DAYS, REMOTE_MOST) and not 0 <= (parameter.integer() or 0) <= 366:
            raise ValueError(f"parameter {parameter.key} must be 0 to 366")
    return pack


def counting(pack: Pack, division: str, on: date) -> Counting:
    """How the days of a commissioner of `division` are counted on a day.

    What nobody knows asks for nothing: a least that is not known misses no day, and a cap that is not known cuts none.
    Days are plain days, years those of the calendar, and remote service does not count unless somebody says so.
    """

    def found(key: str) -> object:
        parameter = pack.find(key, division, on)
        return None if parameter is None else parameter.value

    unit = Unit(str(found(UNIT) or Unit.DAYS))
    least, most = found(DAYS if unit is Unit.DAYS else WORKING_DAYS), found(REMOTE_MOST)
    return Counting(
        least=least if isinstance(least, int) else None,
        unit=unit,
        year=Year(str(found(YEAR) or Year.NATURAL)),
        remote_counts=found(REMOTE) is True,
        remote_most=most if isinstance(most, int) else None,
    )


def holds_for(agreement: Agreement, host: str, division: str) -> bool:
    """Whether an agreement is for a host in a division; a host of "" asks for frameworks alone."""
    return agreement.host == host if agreement.host else agreement.division == division


def spans_in_force(agreements: Iterable[Agreement], host: str, division: str, first: date, last: date) -> list[Span]:
    """The days from `first` to `last` on which one of a commissioner's filed agreements stands, without gaps as one."""
    held = ((max(each.first, first), min(each.last, last)) for each in agreements if holds_for(each, host, division))
    return merged(span for span in held if span[0] <= span[1])


def days_in(dates: Iterable[date], spans: Iterable[Span]) -> frozenset[int]:
    """The numbers of those of `dates` (0 is the first of them) that lie in a span."""
    known = tuple(spans)
    return frozenset(number for number, day in enumerate(dates) if any(first <= day <= last for first, last in known))


def overlapping(agreement: Agreement, others: Iterable[Agreement], least: int | None) -> tuple[str, ...]:
    """Which of a commissioner's other agreements have days in common with this one and are full, as this one is.

    Full is an agreement that asks for `least` days a year or more: two of them would count one person's days twice.
    Where nobody knows the least, every agreement is taken for full.
    """
    if least is not None and agreement.days < least:
        return ()
    return tuple(
        sorted(
            each.name
            for each in others
            if each.name != agreement.name
            and each.commissioner == agreement.commissioner
            and each.first <= agreement.last
            and agreement.first <= each.last
            and (least is None or each.days >= least)
        )
    )


def year_of(counting: Counting, start: date, day: date) -> Span:
    """The year in which `day` is counted, of an agreement that begins on `start`; a day before it is in its first."""
    if counting.year is Year.NATURAL:
        return date(day.year, 1, 1), date(day.year, 12, 31)
    first, years = start, 1
    while (last := last_of(start, years)) < day:
        first, years = last + timedelta(days=1), years + 1
    return first, last


def days_counted(logs: Iterable[LogDay], year: Span, counting: Counting, calendar: Calendar) -> Counted:
    """The distinct dates of a year with a confirmed log. A date counts once, on site if any of its logs was.

    Remote dates count as far as the parameters let them, the earliest first; where days are working days, only those of
    the calendar. Raises CalendarNotPublished for a date of a year that has no notice.
    """
    first, last = year
    confirmed = [each for each in logs if each.confirmed and first <= each.day <= last]
    on_site = {each.day for each in confirmed if not each.remote}
    remote = {each.day for each in confirmed} - on_site if counting.remote_counts else set()
    if counting.unit is Unit.WORKING_DAYS:
        on_site, remote = ({day for day in days if calendar.is_workday(day)} for days in (on_site, remote))
    let_in = sorted(remote)[: counting.remote_most]
    days = tuple(sorted([*on_site, *let_in]))
    return Counted(days, len(let_in), None if counting.least is None else max(0, counting.least - len(days)))
