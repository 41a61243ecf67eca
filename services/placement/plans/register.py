"""Commissioners as plans see them: when they are free and under an agreement, and how many days they may still give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from services.placement.agreements import standing
from services.placement.rules import disciplines
from services.placement.rules import service_agreements as agreements
from services.placement.rules.dispatch import Commissioner, Place, Request
from services.placement.rules.registering import Span
from services.placement.rules.states import CommissionerState, RequestState
from services.placement.tables import (
    AbsenceRow,
    AssignedDayRow,
    AssignmentRow,
    CommissionerRow,
    MemberRow,
    PlanRow,
    RequestRow,
    ServiceAgreementRow,
    SkillRow,
)
from services.platform.requests import etag_of

_COLUMNS = (
    *(CommissionerRow.id, CommissionerRow.leader_id, CommissionerRow.version, CommissionerRow.home_place),
    *(CommissionerRow.days_a_year, CommissionerRow.unavailable_weekdays),
    *(CommissionerRow.term_start, CommissionerRow.term_end),
)


class Person(NamedTuple):
    """A commissioner as read; `number` without the collection."""

    number: str
    leader: str | None
    version: int
    home_place: str
    days_a_year: int
    weekdays_off: list[int]
    term_start: date
    term_end: date


@dataclass(frozen=True, slots=True)
class Register:
    """The commissioners of a plan and whatever hangs on them, by number.

    `everybody` has those too who go along in a team, `teams` who goes along (the leader too), `bound` the days of the
    plan's year that are promised already, `signed` agreements with their etag.
    """

    chosen: list[Person]
    everybody: Mapping[str, Person]
    skills: Mapping[str, Mapping[str, int]]
    teams: Mapping[str, frozenset[str]]
    absences: Mapping[str, list[Span]]
    bound: Mapping[str, set[date]]
    signed: Mapping[str, list[tuple[agreements.Agreement, str]]]

    @property
    def versions(self) -> dict[str, str]:
        """The etag of everybody and of every agreement, by resource name."""
        people = {f"commissioners/{number}": etag_of(each.version) for number, each in self.everybody.items()}
        return people | {one.name: etag for each in self.signed.values() for one, etag in each}

    def commissioner(
        self, person: Person, dates: Sequence[date], as_of: date, levels: Iterable[str], home: Place, most: int | None
    ) -> Commissioner:
        """Somebody in the words of the rules. `levels` are the disciplines asked for, `most` the days of a quarter."""
        number, quarter = person.number, _quarter(dates[0])
        given = self.bound.get(number, set())
        available = frozenset(self._free(person, dates, as_of))
        year_days = max(0, person.days_a_year - len(given))
        in_quarter = sum(_quarter(day) == quarter for day in given)
        signed = [each for each, _ in self.signed.get(number, ())]
        held = {code: disciplines.held(self.skills.get(number, {}), code) for code in levels}
        return Commissioner(
            name=f"commissioners/{number}",
            skills={code: level for code, level in held.items() if level},
            home=home,
            quarter_days=min(year_days, len(available) if most is None else max(0, most - in_quarter)),
            year_days=year_days,
            available=available,
            in_force=frozenset(day for each in signed for day in _days(each, dates)),
            owed_days=max(0, max((each.days for each in signed), default=0) - len(given)),
            members=frozenset(f"commissioners/{one}" for one in self.teams.get(number, ())),
        )

    def uncovered(
        self,
        people: Iterable[Commissioner],
        requests: Iterable[Request],
        hosts: Mapping[str, str],
        division: str,
        dates: Sequence[date],
    ) -> Iterable[tuple[str, str]]:
        """The pairs whom no agreement lets meet on every day on which the commissioner has one with somebody else.

        `hosts` are the credit codes of the hosts by request. From an agreement with one host others have nothing.
        """
        of_host: dict[str, list[Request]] = defaultdict(list)
        for request in requests:
            of_host[hosts[request.name]].append(request)
        for each in people:
            signed = [one for one, _ in self.signed.get(each.name.partition("/")[2], ())]
            if not any(one.host for one in signed):
                continue
            for host, wanted in of_host.items():
                covered = [_days(one, dates) for one in signed if agreements.holds_for(one, host, division)]
                if not (missing := each.in_force.difference(*covered)):
                    continue
                for request in wanted:
                    window = range(request.earliest - 1, request.latest + 1)
                    if request.discipline in each.skills and any(day in window for day in missing):
                        yield request.name, each.name

    def _free(self, person: Person, dates: Sequence[date], as_of: date) -> Iterable[int]:
        along = {person.number, *self.teams.get(person.number, ())}
        teams = {team for team, members in self.teams.items() if not along.isdisjoint(members)}
        taken = {day for each in along | teams for day in self.bound.get(each, ())}
        off = {day for each in along if each in self.everybody for day in self.everybody[each].weekdays_off}
        away = [span for each in along for span in self.absences.get(each, ())]
        for number, day in enumerate(dates):
            if (
                as_of < day
                and person.term_start <= day <= person.term_end
                and day.isoweekday() not in off
                and day not in taken
                and not any(first <= day <= last for first, last in away)
            ):
                yield number


def on_register(plan: PlanRow) -> ColumnElement[bool]:
    """The commissioners of a plan: on the register on one of its days, of its side, for its hosts."""
    return and_(
        CommissionerRow.state == CommissionerState.FILED,
        CommissionerRow.division == (plan.partner_division or plan.division),
        CommissionerRow.partner_division == (plan.division if plan.partner_division else ""),
        CommissionerRow.term_start <= plan.last_day,
        CommissionerRow.term_end >= plan.first_day,
    )


def read(session: Session, plan: PlanRow, only: Collection[str] | None = None) -> Register:
    """The register of a plan, or of some of its commissioners by number."""
    wanted = select(*_COLUMNS).where(on_register(plan)).order_by(CommissionerRow.id)
    if only is not None:
        wanted = wanted.where(CommissionerRow.id.in_(only))
    chosen = [Person(*cast(Any, row)) for row in session.execute(wanted)]
    numbers = [each.number for each in chosen]
    teams = teams_of(session, numbers)
    everybody = {each.number: each for each in chosen}
    if missing := sorted({one for each in numbers for one in teams.get(each, ())} - everybody.keys()):
        rows = session.execute(select(*_COLUMNS).where(CommissionerRow.id.in_(missing)))
        everybody |= {row[0]: Person(*cast(Any, row)) for row in rows}
    skills: dict[str, dict[str, int]] = defaultdict(dict)
    held = select(SkillRow.commissioner_id, SkillRow.code, SkillRow.level)
    for number, code, level in session.execute(held.where(SkillRow.commissioner_id.in_(numbers))):
        skills[number][code] = level
    absences: dict[str, list[Span]] = defaultdict(list)
    away = select(AbsenceRow.commissioner_id, AbsenceRow.first_day, AbsenceRow.last_day).where(
        AbsenceRow.commissioner_id.in_(everybody),
        AbsenceRow.first_day <= plan.last_day,
        AbsenceRow.last_day >= plan.first_day,
    )
    for number, first, last in session.execute(away):
        absences[number].append((first, last))
    bound = _bound(session, plan, {*everybody, *teams})
    return Register(chosen, everybody, skills, teams, absences, bound, _signed(session, plan, numbers))


def teams_of(session: Session, numbers: Collection[str]) -> dict[str, frozenset[str]]:
    """The teams among these commissioners and those they are in, each with all who go along."""
    joined = select(MemberRow.team_id).where(MemberRow.commissioner_id.in_(numbers))
    wanted = select(CommissionerRow.id, CommissionerRow.leader_id).where(
        CommissionerRow.leader_id.is_not(None),
        or_(
            CommissionerRow.id.in_(numbers),
            CommissionerRow.leader_id.in_(numbers),
            CommissionerRow.id.in_(joined),
        ),
    )
    found: dict[str, set[str]] = {team: {str(leader)} for team, leader in session.execute(wanted)}
    members = select(MemberRow.team_id, MemberRow.commissioner_id).where(MemberRow.team_id.in_(found))
    for team, member in session.execute(members):
        found[team].add(member)
    return {team: frozenset(each) for team, each in found.items()}


def replaced(plan: PlanRow) -> ColumnElement[bool]:
    """The assignments of the plan that this one would change, as far as nobody has served yet, joined with requests."""
    return and_(AssignmentRow.plan == f"plans/{plan.replaces}", RequestRow.state == RequestState.PLANNED)


def _bound(session: Session, plan: PlanRow, numbers: Collection[str]) -> dict[str, set[date]]:
    """The days of the plan's year that commissioners have given, but for what the plan itself may change."""
    year = plan.first_day.year
    wanted = select(AssignedDayRow.commissioner_id, AssignedDayRow.day).where(
        AssignedDayRow.commissioner_id.in_(numbers), AssignedDayRow.day.between(date(year, 1, 1), date(year, 12, 31))
    )
    if plan.replaces:
        freed = select(AssignmentRow.id).join(RequestRow, RequestRow.id == AssignmentRow.request_id)
        wanted = wanted.where(AssignedDayRow.assignment_id.not_in(freed.where(replaced(plan))))
    found: dict[str, set[date]] = defaultdict(set)
    for number, day in session.execute(wanted):
        found[number].add(day)
    return found


def _signed(
    session: Session, plan: PlanRow, numbers: Collection[str]
) -> dict[str, list[tuple[agreements.Agreement, str]]]:
    """The agreements in force on a day of the plan with its hosts, each with its etag."""
    first, last = plan.first_day, plan.last_day
    found = standing.standing(session, [f"commissioners/{number}" for number in numbers], first, last)
    versions = select(ServiceAgreementRow.id, ServiceAgreementRow.version).where(
        ServiceAgreementRow.commissioner_id.in_(numbers), standing.in_force_between(first, last)
    )
    etags = {f"serviceAgreements/{number}": etag_of(version) for number, version in session.execute(versions)}
    return {
        name.partition("/")[2]: [(each, etags[each.name]) for each in signed if each.division == plan.division]
        for name, signed in found.items()
    }


def _days(agreement: agreements.Agreement, dates: Sequence[date]) -> frozenset[int]:
    return agreements.days_in(dates, [(agreement.first, agreement.last)])


def _quarter(day: date) -> int:
    return (day.month - 1) // 3
