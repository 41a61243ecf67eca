"""The inputs of a plan, collected in one reading: who could go, what is asked for, and what is promised already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from services.placement.rules.dispatch import (
    Assignment,
    Commissioner,
    Dispatch,
    Place,
    Request,
    Worth,
    visit,
    working_days,
)
from services.placement.rules.inputs import Inputs, level_in, window_of
from services.placement.rules.registering import Span
from services.placement.rules.states import CommissionerState, RequestState
from services.placement.tables import (
    AbsenceRow,
    AssignedDayRow,
    AssignmentRow,
    CommissionerRow,
    MemberRow,
    PlanBanRow,
    PlanPinRow,
    PlanRow,
    RequestRow,
    SkillRow,
)
from services.platform.requests import etag_of
from services.reference.parameters import Pack
from services.reference.places import Places, plane
from services.reference.workdays import Calendar, published

QUARTER_MOST = "dispatch.quarter_days_most"


@dataclass(frozen=True, slots=True)
class Ground:
    """What plans rest on beside the database: parameters, where places lie, the calendar of working days."""

    pack: Pack
    places: Places
    calendar: Calendar = field(default_factory=published)

    @classmethod
    def of(cls, settings: Mapping[str, str], shipped: Path) -> Ground:
        """By the environment: LIANCAI_PLACEMENT_PARAMETERS, and LIANCAI_PLACES for a bureau's own points."""
        own = settings.get("LIANCAI_PLACES")
        return cls(
            Pack.load(Path(settings.get("LIANCAI_PLACEMENT_PARAMETERS") or shipped)),
            Places.load(Path(own) if own else None),
        )


@dataclass(frozen=True, slots=True)
class Only:
    """A part of what a plan is about, by number: enough to look at some pairs alone."""

    requests: frozenset[str]
    commissioners: frozenset[str]


class _Person(NamedTuple):
    """A commissioner as read; `number` without the collection."""

    number: str
    kind: str
    leader: str | None
    version: int
    home_place: str
    days_a_year: int
    weekdays_off: list[int]
    term_start: date
    term_end: date


@dataclass(slots=True)
class _People:
    """Commissioners of the plan, and everybody who goes along with one of them, by number."""

    chosen: list[_Person]
    everybody: dict[str, _Person]
    skills: dict[str, dict[str, int]]
    members: dict[str, frozenset[str]]  # of a team, its leader too
    absences: dict[str, list[Span]]
    bound: dict[str, set[date]]  # days of the year that are promised already

    def taken(self, number: str) -> set[date]:
        """The days of the year on which somebody, or somebody of a team, serves elsewhere."""
        along = {number, *self.members.get(number, ())}
        of_them = {team for team, members in self.members.items() if members & along}
        return set().union(*(self.bound.get(each, set()) for each in along | of_them))

    def leaves(self, number: str) -> list[Span]:
        """The absences of somebody, or of anybody of a team."""
        return [span for each in {number, *self.members.get(number, ())} for span in self.absences.get(each, ())]

    def weekdays(self, number: str) -> set[int]:
        """Weekdays, 1 Monday, on which somebody or anybody of a team cannot serve."""
        along = (self.everybody.get(each) for each in {number, *self.members.get(number, ())})
        return {day for each in along if each is not None for day in each.weekdays_off}


def collect(session: Session, plan: PlanRow, ground: Ground, as_of: date, only: Only | None = None) -> Inputs:
    """What a plan is to be worked out from, on one snapshot. Raises CalendarNotPublished."""
    dates = working_days(ground.calendar, plan.first_day, plan.last_day)
    requests = _requests(session, plan, only)
    people = _people(session, plan, only)
    lying = _Lying(ground.places, plan, (row.place for row in requests), (each.home_place for each in people.chosen))
    wanted = {row.discipline for row in requests}
    commissioners = {
        each.name: each for each in _commissioners(session, plan, ground, dates, as_of, people, lying, wanted)
    }
    asked = {f"requests/{row.id}": _request(row, dates, lying) for row in requests}
    dispatch = Dispatch(
        days=len(dates),
        commissioners=commissioners,
        requests=asked,
        worth=worth_of(plan.objective),
        travel_day_km=plan.objective["travel_day_km"] or None,
        pins=_pins(session, plan, dates, only),
        bans=frozenset(pair for pair in _bans(session, plan) if pair[0] in asked and pair[1] in commissioners),
    )
    versions = {f"requests/{row.id}": etag_of(row.version) for row in requests}
    versions |= {f"commissioners/{number}": etag_of(each.version) for number, each in people.everybody.items()}
    return Inputs(dispatch, dates, as_of, ground.calendar.version, versions, lying.unknown)


def worth_of(objective: Mapping[str, Any]) -> Worth:
    """The objective as the rules have it, of what a plan's row keeps."""
    return Worth(
        per_priority=objective["per_priority"],
        continuity=objective["continuity"],
        per_km=objective["per_km"],
        load_steps=tuple((above, cost) for above, cost in objective["load_steps"]),
        per_owed_day=objective["per_owed_day"],
    )


def assignment_of(request: str, commissioner: str, days: Iterable[date], dates: Sequence[date]) -> Assignment:
    """A visit on these days, by resource names; days that are none of `dates` are day -1, which no rule lets pass."""
    number = {day: place for place, day in enumerate(dates)}
    return visit(request, commissioner, {number.get(day, -1) for day in days})


# ---- requests --------------------------------------------------------------------------------------


def in_scope(plan: PlanRow) -> ColumnElement[bool]:
    """The requests that a plan is about: accepted ones, of whose window something lies before its end.

    One whose window has passed is among them: that it cannot be served any more is said, not kept quiet.
    """
    terms = [
        RequestRow.division == plan.division,
        RequestRow.partner_division == plan.partner_division,
        RequestRow.window_start <= plan.last_day,
        or_(RequestRow.state == RequestState.ACCEPTED, RequestRow.id.in_(_replaced(plan))),
    ]
    if plan.disciplines:
        terms.append(or_(*(RequestRow.discipline.between(code, code.ljust(7, "9")) for code in plan.disciplines)))
    return and_(*terms)


def _replaced(plan: PlanRow) -> Any:
    """The requests of the plan that this one would change, as far as nobody has served yet."""
    return (
        select(AssignmentRow.request_id)
        .join(RequestRow, RequestRow.id == AssignmentRow.request_id)
        .where(AssignmentRow.plan == f"plans/{plan.replaces}", RequestRow.state == RequestState.PLANNED)
    )


def _requests(session: Session, plan: PlanRow, only: Only | None) -> Sequence[Any]:
    wanted = select(
        *(RequestRow.id, RequestRow.version, RequestRow.discipline, RequestRow.level, RequestRow.place),
        *(RequestRow.window_start, RequestRow.window_end, RequestRow.working_days, RequestRow.may_split),
        *(RequestRow.priority, RequestRow.wished_commissioner, RequestRow.refused_commissioners),
        RequestRow.team_needed,
    ).where(in_scope(plan))
    if only is not None:
        wanted = wanted.where(RequestRow.id.in_(only.requests))
    return session.execute(wanted.order_by(RequestRow.id)).all()


def _request(row: Any, dates: Sequence[date], lying: _Lying) -> Request:
    earliest, latest = window_of(dates, row.window_start, row.window_end)
    return Request(
        name=f"requests/{row.id}",
        discipline=row.discipline,
        level=row.level,
        days=row.working_days,
        earliest=earliest,
        latest=latest,
        priority=row.priority,
        place=lying.of(row.place),
        previous=f"commissioners/{row.wished_commissioner}" if row.wished_commissioner else None,
        refused=frozenset(f"commissioners/{each}" for each in row.refused_commissioners),
        split=row.may_split,
        team=row.team_needed,
    )


def _pins(session: Session, plan: PlanRow, dates: Sequence[date], only: Only | None) -> tuple[Assignment, ...]:
    wanted = select(PlanPinRow).where(PlanPinRow.plan_id == plan.id).order_by(PlanPinRow.request_id)
    if only is not None:
        wanted = wanted.where(PlanPinRow.request_id.in_(only.requests))
    return tuple(
        assignment_of(
            f"requests/{row.request_id}",
            f"commissioners/{row.commissioner_id}",
            map(date.fromisoformat, row.days),
            dates,
        )
        for row in session.scalars(wanted)
    )


def _bans(session: Session, plan: PlanRow) -> Iterable[tuple[str, str]]:
    wanted = select(PlanBanRow.request_id, PlanBanRow.commissioner_id).where(PlanBanRow.plan_id == plan.id)
    for request, commissioner in session.execute(wanted):
        yield f"requests/{request}", f"commissioners/{commissioner}"


# ---- commissioners ---------------------------------------------------------------------------------


def on_register(plan: PlanRow) -> ColumnElement[bool]:
    """The commissioners of a plan: on the register on one of its days, of its side, for its hosts."""
    return and_(
        CommissionerRow.state == CommissionerState.FILED,
        CommissionerRow.division == (plan.partner_division or plan.division),
        CommissionerRow.partner_division == (plan.division if plan.partner_division else ""),
        CommissionerRow.term_start <= plan.last_day,
        CommissionerRow.term_end >= plan.first_day,
    )


def _people(session: Session, plan: PlanRow, only: Only | None) -> _People:
    columns = (
        *(CommissionerRow.id, CommissionerRow.kind, CommissionerRow.leader_id, CommissionerRow.version),
        *(CommissionerRow.home_place, CommissionerRow.days_a_year, CommissionerRow.unavailable_weekdays),
        *(CommissionerRow.term_start, CommissionerRow.term_end),
    )
    wanted = select(*columns).where(on_register(plan)).order_by(CommissionerRow.id)
    if only is not None:
        wanted = wanted.where(CommissionerRow.id.in_(only.commissioners))
    chosen = [_Person(*cast(Any, row)) for row in session.execute(wanted)]
    numbers = [each.number for each in chosen]
    members = _teams(session, numbers)
    everybody = {each.number: each for each in chosen}
    if missing := sorted({one for team in members.values() for one in team} - everybody.keys()):
        rows = session.execute(select(*columns).where(CommissionerRow.id.in_(missing)))
        everybody |= {row[0]: _Person(*cast(Any, row)) for row in rows}
    skills: dict[str, dict[str, int]] = defaultdict(dict)
    for number, code, level in session.execute(
        select(SkillRow.commissioner_id, SkillRow.code, SkillRow.level).where(SkillRow.commissioner_id.in_(numbers))
    ):
        skills[number][code] = level
    absences: dict[str, list[Span]] = defaultdict(list)
    for number, first, last in session.execute(
        select(AbsenceRow.commissioner_id, AbsenceRow.first_day, AbsenceRow.last_day).where(
            AbsenceRow.commissioner_id.in_(everybody),
            AbsenceRow.first_day <= plan.last_day,
            AbsenceRow.last_day >= plan.first_day,
        )
    ):
        absences[number].append((first, last))
    bound = _bound(session, plan, {*everybody, *members})
    return _People(chosen, everybody, skills, members, absences, bound)


def _teams(session: Session, numbers: Collection[str]) -> dict[str, frozenset[str]]:
    """The teams among these commissioners and those they are in, each with all who go along."""
    led = select(CommissionerRow.id).where(CommissionerRow.leader_id.in_(numbers))
    joined = select(MemberRow.team_id).where(MemberRow.commissioner_id.in_(numbers))
    wanted = select(CommissionerRow.id, CommissionerRow.leader_id).where(
        CommissionerRow.leader_id.is_not(None),
        or_(CommissionerRow.id.in_(numbers), CommissionerRow.id.in_(led), CommissionerRow.id.in_(joined)),
    )
    found: dict[str, set[str]] = {team: {str(leader)} for team, leader in session.execute(wanted)}
    for team, member in session.execute(
        select(MemberRow.team_id, MemberRow.commissioner_id).where(MemberRow.team_id.in_(found))
    ):
        found[team].add(member)
    return {team: frozenset(members) for team, members in found.items()}


def _bound(session: Session, plan: PlanRow, numbers: Collection[str]) -> dict[str, set[date]]:
    """The days of the plan's year that commissioners have given, but for what the plan itself may change."""
    first, last = date(plan.first_day.year, 1, 1), date(plan.first_day.year, 12, 31)
    wanted = select(AssignedDayRow.commissioner_id, AssignedDayRow.day).where(
        AssignedDayRow.commissioner_id.in_(numbers), AssignedDayRow.day.between(first, last)
    )
    if plan.replaces:
        freed = (
            select(AssignmentRow.id)
            .join(RequestRow, RequestRow.id == AssignmentRow.request_id)
            .where(AssignmentRow.plan == f"plans/{plan.replaces}", RequestRow.state == RequestState.PLANNED)
        )
        wanted = wanted.where(AssignedDayRow.assignment_id.not_in(freed))
    found: dict[str, set[date]] = defaultdict(set)
    for number, day in session.execute(wanted):
        found[number].add(day)
    return found


def _commissioners(
    session: Session,
    plan: PlanRow,
    ground: Ground,
    dates: Sequence[date],
    as_of: date,
    people: _People,
    lying: _Lying,
    wanted: Collection[str],
) -> Iterable[Commissioner]:
    parameter = ground.pack.find(QUARTER_MOST, plan.partner_division or plan.division, plan.first_day)
    most = parameter.integer() if parameter is not None else None
    in_force = _in_force(session, plan, dates, [each.number for each in people.chosen])
    quarter = (plan.first_day.month - 1) // 3
    for each in people.chosen:
        taken, own = people.taken(each.number), people.bound.get(each.number, set())
        off, leaves = people.weekdays(each.number), people.leaves(each.number)
        available = frozenset(
            number
            for number, day in enumerate(dates)
            if as_of < day
            and each.term_start <= day <= each.term_end
            and day.isoweekday() not in off
            and day not in taken
            and not any(first <= day <= last for first, last in leaves)
        )
        year_days = max(0, each.days_a_year - len(own))
        given = sum((day.month - 1) // 3 == quarter for day in own)
        quarter_days = min(year_days, len(available) if most is None else max(0, most - given))
        levels = {code: level_in(people.skills.get(each.number, {}), code) for code in sorted(wanted)}
        yield Commissioner(
            name=f"commissioners/{each.number}",
            skills={code: level for code, level in levels.items() if level},
            home=lying.of(each.home_place),
            quarter_days=quarter_days,
            year_days=year_days,
            available=available,
            in_force=in_force[each.number],
            members=frozenset(f"commissioners/{one}" for one in people.members.get(each.number, ())),
        )


def _in_force(
    session: Session, plan: PlanRow, dates: Sequence[date], numbers: Collection[str]
) -> Mapping[str, frozenset[int]]:
    """The days on which each commissioner has an agreement with the hosts of the plan."""
    every = frozenset(range(len(dates)))
    return dict.fromkeys(numbers, every)


# ---- places ----------------------------------------------------------------------------------------


class _Lying:
    """Where places lie, in kilometres east and north of the plan's division; the same whatever else is in the plan.

    A place nobody has a point of is taken to lie there too, and counted.
    """

    def __init__(self, places: Places, plan: PlanRow, *codes: Iterable[str]) -> None:
        points = {code: places.locate(code) for each in codes for code in each}
        known = [point for point in points.values() if point is not None]
        flat = plane(known, places.locate(plan.division))
        self._lie: dict[str, Place] = {
            code: (round(flat[point][0], 3), round(flat[point][1], 3)) for code, point in points.items() if point
        }
        self.unknown = tuple(sorted(code for code, point in points.items() if point is None))

    def of(self, code: str) -> Place:
        """Where a place lies."""
        return self._lie.get(code, (0.0, 0.0))
