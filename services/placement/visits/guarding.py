"""What guards an assignment made by hand: the facts of its commissioner, told to the checker that guards plans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement.agreements import standing
from services.placement.rules import byhand, disciplines
from services.placement.rules import service_agreements as agreed
from services.placement.rules.byhand import Broken, Given
from services.placement.rules.dispatch import Commissioner, Request, available_days, distance, working_days
from services.placement.rules.registering import Kind
from services.placement.rules.states import CommissionerState
from services.placement.tables import AbsenceRow, AssignedDayRow, CommissionerRow, MemberRow, RequestRow, SkillRow
from services.platform.transaction import Tx
from services.reference.parameters import Pack
from services.reference.places import Places, plane
from services.reference.workdays import published

TRAVEL_KM, QUARTER_MOST = "dispatch.travel_day_km", "dispatch.quarter_days_most"
NO_LIMIT = 366


def dates_of(year: int) -> tuple[date, ...]:
    """The working days of a year. Raises CalendarNotPublished."""
    return working_days(published(), date(year, 1, 1), date(year, 12, 31))


def far(pack: Pack, places: Places, commissioner: CommissionerRow, request: RequestRow, on: date) -> bool:
    """Whether the way from home to host asks for a day of its own; no, where nobody knows how far or from where on."""
    parameter = pack.find(TRAVEL_KM, request.division, on)
    home, host = places.locate(commissioner.home_place), places.locate(request.place)
    least = None if parameter is None else parameter.decimal()
    if least is None or home is None or host is None:
        return False
    at = plane([home, host])
    return distance(at[home], at[host]) >= float(least)


def together(tx: Tx, commissioner: str) -> Sequence[CommissionerRow]:
    """Whoever may come to be in two places by an assignment of this one, locked in order of number.

    A person, and the teams it is in; a team, whoever is in it, and their other teams.
    """
    session = tx.session
    people = {commissioner, *_members(session, [commissioner])[commissioner]}
    teams = session.scalars(select(MemberRow.team_id).where(MemberRow.commissioner_id.in_(people))).all()
    led = session.scalars(select(CommissionerRow.id).where(CommissionerRow.leader_id.in_(people))).all()
    wanted = select(CommissionerRow).where(CommissionerRow.id.in_({*people, *teams, *led})).order_by(CommissionerRow.id)
    return session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).all()


def broken(
    session: Session,
    pack: Pack,
    rows: Sequence[CommissionerRow],
    request: RequestRow,
    commissioner: str,
    days: Sequence[date],
    *,
    travels: bool,
) -> list[Broken]:
    """Every hard rule that an assignment would break; `rows` are those of `together`, days working days of one year."""
    dates = dates_of(days[0].year)
    own = next(row for row in rows if row.id == commissioner)
    members = _members(session, [row.id for row in rows])
    people = {row.id: _another(row, members[row.id]) for row in rows}
    along = [row for row in rows if row.id in {commissioner, *members[commissioner]}]
    quarter = pack.find(QUARTER_MOST, own.division, days[0])
    most = None if quarter is None else quarter.integer()
    people[commissioner] = replace(
        _commissioner(session, own, along, request, dates), quarter_days=NO_LIMIT if most is None else most
    )
    wanted = Request(
        name=f"requests/{request.id}",
        discipline=request.discipline,
        level=request.level,
        days=request.working_days,
        earliest=bisect_left(dates, request.window_start),
        latest=bisect_right(dates, request.window_end) - 1,
        priority=request.priority,
        place=byhand.NEAR,
        refused=frozenset(request.refused_commissioners),
        split=request.may_split,
        team=request.team_needed,
    )
    others = _given(session, list(people), dates[0], dates[-1])
    return byhand.broken(dates, people, wanted, commissioner, days, others, travels=travels)


def _commissioner(
    session: Session,
    row: CommissionerRow,
    along: Sequence[CommissionerRow],
    request: RequestRow,
    dates: Sequence[date],
) -> Commissioner:
    """A commissioner as far as this request asks; free when all are who go `along`."""
    name = f"commissioners/{row.id}"
    skills = dict(
        session.execute(select(SkillRow.code, SkillRow.level).where(SkillRow.commissioner_id == row.id)).all()
    )
    away = session.execute(
        select(AbsenceRow.first_day, AbsenceRow.last_day).where(
            AbsenceRow.commissioner_id.in_([each.id for each in along])
        )
    )
    numbered = tuple(dates)
    off = {day - 1 for each in along for day in each.unavailable_weekdays}
    free = available_days(numbered, off, away.all())
    if row.state != CommissionerState.FILED or row.term_start is None or row.term_end is None:
        free = frozenset()
    else:
        free &= agreed.days_in(numbered, [(row.term_start, row.term_end)])
    spans = standing.in_force_days(
        session, [name], request.host_credit_code, request.division, numbered[0], numbered[-1]
    )[name]
    return Commissioner(
        name=row.id,
        skills={request.discipline: disciplines.held(skills, request.discipline)},
        home=byhand.NEAR,
        quarter_days=NO_LIMIT,
        year_days=row.days_a_year,
        available=free,
        in_force=agreed.days_in(numbered, spans),
        members=frozenset(each.id for each in along if each.id != row.id),
    )


def _another(row: CommissionerRow, members: Collection[str]) -> Commissioner:
    """Somebody of whom only matters who is one person with whom."""
    nothing: frozenset[int] = frozenset()
    return Commissioner(row.id, {}, byhand.NEAR, NO_LIMIT, NO_LIMIT, nothing, nothing, members=frozenset(members))


def _members(session: Session, ids: Collection[str]) -> Mapping[str, set[str]]:
    """Who is in which team, its leader too; nobody in what is no team."""
    found: dict[str, set[str]] = defaultdict(set)
    joined = select(MemberRow.team_id, MemberRow.commissioner_id).where(MemberRow.team_id.in_(ids))
    led = select(CommissionerRow.id, CommissionerRow.leader_id).where(
        CommissionerRow.id.in_(ids), CommissionerRow.kind == Kind.TEAM
    )
    for team, member in [*session.execute(joined), *session.execute(led)]:
        found[team].add(str(member))
    return found


def _given(session: Session, people: Collection[str], first: date, last: date) -> list[Given]:
    """What these people are bound to from `first` to `last`."""
    found: dict[tuple[str, str], list[date]] = defaultdict(list)
    wanted = select(AssignedDayRow).where(
        AssignedDayRow.commissioner_id.in_(people), AssignedDayRow.day.between(first, last)
    )
    for each in session.scalars(wanted.order_by(AssignedDayRow.day)):
        found[each.assignment_id, each.commissioner_id].append(each.day)
    return [Given(f"assignments/{number}", who, tuple(days)) for (number, who), days in found.items()]
