"""The inputs of a plan, collected in one reading: who could go, what is asked for, and what is promised already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from services.placement.plans import register
from services.placement.rules import objective
from services.placement.rules.dispatch import Assignment, Dispatch, Place, Request, Worth, visit, working_days
from services.placement.rules.inputs import Inputs, window_of
from services.placement.rules.states import RequestState
from services.placement.tables import AssignmentRow, PlanBanRow, PlanPinRow, PlanRow, RequestRow
from services.platform.requests import etag_of
from services.reference.parameters import Pack
from services.reference.places import Places, plane
from services.reference.workdays import Calendar, published

SHIPPED = Path(__file__).parents[1] / "parameters" / "placement.yaml"


@dataclass(frozen=True, slots=True)
class Ground:
    """What plans rest on beside the database: parameters, where places lie, the calendar of working days."""

    pack: Pack
    places: Places
    calendar: Calendar = field(default_factory=published)

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Ground:
        """By the environment: LIANCAI_PLACEMENT_PARAMETERS, and LIANCAI_PLACES for a bureau's own points."""
        own = settings.get("LIANCAI_PLACES")
        return cls(
            objective.checked(Pack.load(Path(settings.get("LIANCAI_PLACEMENT_PARAMETERS") or SHIPPED))),
            Places.load(Path(own) if own else None),
        )


@dataclass(frozen=True, slots=True)
class Only:
    """A part of what a plan is about, by number: enough to look at some pairs alone."""

    requests: frozenset[str]
    commissioners: frozenset[str]


def collect(session: Session, plan: PlanRow, ground: Ground, as_of: date, only: Only | None = None) -> Inputs:
    """What a plan is to be worked out from, on one snapshot. Raises CalendarNotPublished."""
    dates = working_days(ground.calendar, plan.first_day, plan.last_day)
    rows = _requests(session, plan, only)
    known = register.read(session, plan, None if only is None else only.commissioners)
    lying = _Lying(ground.places, plan, [row.place for row in rows], [each.home_place for each in known.chosen])
    parameter = ground.pack.find(objective.QUARTER_MOST, plan.partner_division or plan.division, plan.first_day)
    most = parameter.integer() if parameter is not None else None
    levels = sorted({row.discipline for row in rows})
    people = [known.commissioner(each, dates, as_of, levels, lying.of(each.home_place), most) for each in known.chosen]
    requests = {f"requests/{row.id}": _request(row, dates, lying) for row in rows}
    commissioners = {each.name: each for each in people}
    hosts = {f"requests/{row.id}": row.host_credit_code for row in rows}
    uncovered = frozenset(known.uncovered(people, requests.values(), hosts, plan.division, dates))
    banned = {pair for pair in _bans(session, plan) if pair[0] in requests and pair[1] in commissioners}
    dispatch = Dispatch(
        days=len(dates),
        commissioners=commissioners,
        requests=requests,
        worth=worth_of(plan.objective),
        travel_day_km=plan.objective["travel_day_km"] or None,
        pins=_pins(session, plan, dates, only),
        bans=uncovered | banned,
    )
    versions = {f"requests/{row.id}": etag_of(row.version) for row in rows} | known.versions
    return Inputs(dispatch, dates, as_of, ground.calendar.version, versions, lying.unknown, uncovered - banned)


def worth_of(stored: Mapping[str, Any]) -> Worth:
    """The objective as the rules have it, of what a plan's row keeps."""
    return Worth(
        per_priority=stored["per_priority"],
        continuity=stored["continuity"],
        per_km=stored["per_km"],
        load_steps=tuple((above, cost) for above, cost in stored["load_steps"]),
        per_owed_day=stored["per_owed_day"],
    )


def assignment_of(request: str, commissioner: str, days: Iterable[date], dates: Sequence[date]) -> Assignment:
    """A visit on these days, by resource names; days that are none of `dates` are day -1, which no rule lets pass."""
    number = {day: place for place, day in enumerate(dates)}
    return visit(request, commissioner, {number.get(day, -1) for day in days})


def drawn_of(
    request: str, commissioner: str, days: Iterable[date], dates: Sequence[date], dispatch: Dispatch
) -> Assignment:
    """A visit drawn up by hand. One of more days or fewer than are asked for is told by each of them, also in a row:
    by the first alone it would be taken for one of the right number.
    """
    found, asked = list(days), dispatch.requests.get(request)
    made = assignment_of(request, commissioner, found, dates)
    count = len(set(found))
    if made.on or asked is None or count == asked.days:
        return made
    return replace(made, on=tuple(range(made.start, made.start + count)))


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
    joined = select(AssignmentRow.request_id).join(RequestRow, RequestRow.id == AssignmentRow.request_id)
    return joined.where(register.replaced(plan))


def _requests(session: Session, plan: PlanRow, only: Only | None) -> Sequence[Any]:
    wanted = select(
        *(RequestRow.id, RequestRow.version, RequestRow.discipline, RequestRow.level, RequestRow.place),
        RequestRow.host_credit_code,
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
