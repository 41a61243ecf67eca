"""Handlers of why a plan is as it is: each question is tried on the inputs it was worked out from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import grpc
from liancai.placement.v1 import plans_pb2, reasons_pb2_grpc
from liancai.placement.v1 import reasons_pb2 as pb
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.plans import planned
from services.placement.plans.collecting import drawn_of
from services.placement.plans.reason_messages import Words
from services.placement.rules import unserved
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Assignment, account
from services.placement.rules.explain import Candidate, Planned
from services.placement.rules.pricelist import WEEK, price_list
from services.placement.rules.promises import Differences, differences, standing
from services.placement.rules.registering import Kind
from services.placement.tables import CommissionerRow, PlanRow
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound, Refused
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.reference import writing

SHOWN, MOST = 20, 1000  # candidates, unless asked otherwise, and at most
MOST_VISITS = 10_000  # of a plan drawn up by hand
MOST_VIOLATIONS = 1000  # that are told
KINDS = (
    ("moved", pb.PlanDifference.MOVED),
    ("shifted", pb.PlanDifference.SHIFTED),
    ("dropped", pb.PlanDifference.DROPPED),
    ("added", pb.PlanDifference.ADDED),
)


class PlanReasons(reasons_pb2_grpc.PlanReasonsServicer):
    """Reads only."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def ExplainAssignment(
        self, request: pb.ExplainAssignmentRequest, context: grpc.ServicerContext
    ) -> pb.ExplainAssignmentResponse:
        """Whoever goes, the second best, and all others."""
        call, reading = Call.of(context), Reading()
        name = reading.name("request", request.request, "requests")
        most = reading.number("most", request.most, 0, MOST) or SHOWN
        found = self._found(call, request.name, reading, name)
        choice = Planned(found.inputs.dispatch, found.assignments).choice(name)
        if choice.chosen is None:
            raise Refused("REQUEST_NOT_SERVED", plan=request.name, request=name)
        shown = list(choice.candidates[:most])
        words = Words(call, found, name, self._names([choice.chosen, *filter(None, [choice.second]), *shown]))
        return pb.ExplainAssignmentResponse(
            chosen=words.candidate(choice.chosen, chosen=True),
            second=words.candidate(choice.second) if choice.second else None,
            candidates=[words.candidate(each, chosen=each == choice.chosen) for each in shown],
            exclusions=words.exclusions(_counted(choice.candidates)),
            text=words.choice(choice),
        )

    def ExplainUnserved(
        self, request: pb.ExplainUnservedRequest, context: grpc.ServicerContext
    ) -> pb.ExplainUnservedResponse:
        """The cause, and what was tried and serves it."""
        call, reading = Call.of(context), Reading()
        name = reading.name("request", request.request, "requests")
        found = self._found(call, request.name, reading, name)
        dispatch = found.inputs.dispatch
        if any(each.request == name for each in found.assignments):
            raise Refused("REQUEST_SERVED", plan=request.name, request=name)
        asked = Planned(dispatch, found.assignments)
        cause = dict(unserved.causes(dispatch, found.assignments, found.inputs.uncovered))[name]
        changes = asked.changes(name)
        words = Words(call, found, name, self._names(changes))
        return pb.ExplainUnservedResponse(
            cause=plans_pb2.PlanUnserved.Cause.Value(cause),
            remedies=[words.remedy(each, asked.relaxed(each, name)[0]) for each in changes],
            exclusions=words.exclusions(_counted(asked.choice(name).candidates)),
            text=words.cause(cause),
        )

    def GetPriceList(self, request: pb.GetPriceListRequest, context: grpc.ServicerContext) -> pb.PriceList:
        """What one more expert would be worth."""
        found = self._found(Call.of(context), request.name, Reading())
        dates = found.inputs.dates
        return pb.PriceList(
            prices=[
                pb.Price(
                    discipline=each.discipline,
                    first_day=dates[each.week * WEEK].isoformat(),
                    last_day=dates[min(each.week * WEEK + WEEK, len(dates)) - 1].isoformat(),
                    points=each.points,
                )
                for each in price_list(found.inputs.dispatch, found.prices)
            ]
        )

    def ComparePlans(self, request: pb.ComparePlansRequest, context: grpc.ServicerContext) -> pb.ComparePlansResponse:
        """A page of differences, in order of request."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        first = self._found(call, request.name, Reading())
        second = self._found(call, request.other, Reading(), field="other")
        told = differences(_dated(first), _dated(second))
        found = [
            each for each in _differences(told, first, second) if page.after is None or each.request > page.after[0]
        ]
        return pb.ComparePlansResponse(
            differences=found[: page.size],
            next_page_token=self._pages.next_token(call, request, page, found, "request"),
            moved=len(told.moved),
            shifted=len(told.shifted),
            dropped=len(told.dropped),
            added=len(told.added),
            objective=account(first.inputs.dispatch, first.assignments).total,
            other_objective=account(second.inputs.dispatch, second.assignments).total,
            same_inputs=first.inputs == second.inputs,
        )

    def CheckVisits(self, request: pb.CheckVisitsRequest, context: grpc.ServicerContext) -> pb.CheckVisitsResponse:
        """Every violation, and what of the visits could stand is worth."""
        call, reading = Call.of(context), Reading()
        drawn = read_visits(reading, request.visits)
        found = self._found(call, request.name, reading)
        dispatch, dates = found.inputs.dispatch, found.inputs.dates
        visits = [drawn_of(*each, dates, dispatch) for each in drawn]
        broken = violations(dispatch, visits)
        kept = standing(dispatch, visits, {})
        words = Words(call, found, "", {})
        return pb.CheckVisitsResponse(
            violations=[words.violation(each) for each in broken[:MOST_VIOLATIONS]],
            violation_count=len(broken),
            served=len(kept),
            objective=account(dispatch, kept).total,
            planned_objective=account(dispatch, found.assignments).total,
            bound=found.priced,
        )

    def _found(
        self, call: Call, name: str, reading: Reading, request: str = "", field: str = "name"
    ) -> planned.Planned:
        """What the plan came from. NotFound for a request that was none of its inputs."""
        reading.name(field, name, "plans")
        reading.done()
        with self._database.reading() as session:
            found = planned.load(session, queries.visible(session, call, PlanRow, name))
        if request and request not in found.inputs.dispatch.requests:
            raise NotFound(request)
        return found

    def _names(self, shown: Iterable[Any]) -> dict[str, str]:
        """What those shown are called, masked."""
        numbers = {_commissioner(each).partition("/")[2] for each in shown}
        with self._database.reading() as session:
            return _called(session, numbers)


def read_visits(reading: Reading, drawn: Sequence[pb.DrawnVisit]) -> list[tuple[str, str, list[date]]]:
    """Request, commissioner and days of visits drawn up by hand; what is no name or day is told of `reading`."""
    if not drawn:
        reading.wrong("visits", "FIELD_REQUIRED")
    if len(drawn) > MOST_VISITS:
        reading.wrong("visits", "FIELD_TOO_MANY", most=MOST_VISITS)
    found = []
    for place, each in enumerate(drawn[:MOST_VISITS]):
        at = f"visits[{place}]"
        request = reading.name(f"{at}.request", each.request, "requests")
        commissioner = reading.name(f"{at}.commissioner", each.commissioner, "commissioners")
        if not each.days:
            reading.wrong(f"{at}.days", "FIELD_REQUIRED")
        days = [reading.day(f"{at}.days[{number}]", day) for number, day in enumerate(each.days)]
        found.append((request, commissioner, days))
    return found


def _called(session: Session, numbers: set[str]) -> dict[str, str]:
    """What commissioners are called: people masked, teams and units in full."""
    wanted = select(CommissionerRow.id, CommissionerRow.kind, CommissionerRow.full_name)
    rows = session.execute(wanted.where(CommissionerRow.id.in_(numbers)))
    return {
        f"commissioners/{number}": writing.mask_name(name) if kind == Kind.INDIVIDUAL else name
        for number, kind, name in rows
    }


def _commissioner(each: Any) -> str:
    """Whom a candidate or a change is about."""
    return each.commissioner if isinstance(each, Candidate) else each.visit.commissioner


def _counted(candidates: Iterable[Candidate]) -> Counter[str]:
    return Counter(each.excluded for each in candidates if each.excluded)


def _dated(found: planned.Planned) -> list[Assignment]:
    """The visits by the number of the date, so that plans of other periods compare."""
    dates, dispatch = found.inputs.dates, found.inputs.dispatch
    return [
        Assignment(each.request, each.commissioner, 0, tuple(dates[day].toordinal() for day in dispatch.days_of(each)))
        for each in found.assignments
    ]


def _differences(told: Differences, first: planned.Planned, second: planned.Planned) -> list[pb.PlanDifference]:
    one, other = ({each.request: each for each in found.assignments} for found in (first, second))

    def days(found: planned.Planned, each: Assignment | None) -> list[str]:
        return (
            [] if each is None else [found.inputs.dates[day].isoformat() for day in found.inputs.dispatch.days_of(each)]
        )

    found = [
        pb.PlanDifference(
            request=name,
            kind=kind,
            commissioner=one[name].commissioner if name in one else "",
            days=days(first, one.get(name)),
            other_commissioner=other[name].commissioner if name in other else "",
            other_days=days(second, other.get(name)),
        )
        for which, kind in KINDS
        for name in getattr(told, which)
    ]
    return sorted(found, key=lambda each: each.request)
