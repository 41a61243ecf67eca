"""Who is where on which days: what every view of a dispatch shows, of a plan or of assignments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from liancai.placement.v1 import assignments_pb2, commissioners_pb2, plans_pb2, requests_pb2
from liancai.placement.v1.assignments_pb2_grpc import AssignmentsStub
from liancai.placement.v1.commissioners_pb2_grpc import CommissionersStub
from liancai.placement.v1.plans_pb2_grpc import PlansStub
from liancai.placement.v1.requests_pb2_grpc import RequestsStub
from liancai.reference.v1 import reference_pb2
from liancai.reference.v1.reference_pb2_grpc import ReferenceStub

from cli import show
from cli.wire import Wire

Days = tuple[date, ...]
SPAN = 400  # days that may be asked for at once


@dataclass(frozen=True)
class Stay:
    """A commissioner at a host's: `name` is the assignment, or the request while it is only planned."""

    name: str
    request: str
    commissioner: str
    who: str  # masked, or the name of a team or unit
    host_code: str
    host: str
    place: str
    what: str
    days: Days
    travel: Days = ()
    state: str = ""  # of an assignment, in the contract's word; empty while it is only planned
    pinned: bool = False

    @property
    def runs(self) -> list[tuple[date, date]]:
        """First and last of each run of calendar days at the host's."""
        return runs(self.days)

    @property
    def state_word(self) -> str:
        """Its state as people say it."""
        if not self.state:
            return ""
        kind = assignments_pb2.Assignment
        return show.text(kind(state=kind.State.Value(self.state)), "state")


def runs(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last of each run of days on end."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def of_plan(link: Wire, plan: plans_pb2.Plan, commissioner: str = "", host_code: str = "") -> list[Stay]:
    """What a plan would have, in order of commissioner and day."""
    wanted = plans_pb2.ListPlanVisitsRequest(name=plan.name, commissioner=commissioner)
    visits = list(link.pages(PlansStub, wanted, "visits", 0))
    requests = _requests(link, plan.division, [each.request for each in visits])
    people = _people(link, [each.commissioner for each in visits])
    found = (
        _stay(each, each.request, requests.get(each.request), people.get(each.commissioner, ""), pinned=each.pinned)
        for each in visits
    )
    return _in_order(each for each in found if not host_code or each.host_code == host_code)


def unserved(link: Wire, plan: plans_pb2.Plan) -> list[tuple[str, ...]]:
    """What a plan leaves unserved: host, place, what is asked, the window, why not, the request."""
    missed = list(link.pages(PlansStub, plans_pb2.ListPlanUnservedRequest(name=plan.name), "unserved", 0))
    requests = _requests(link, plan.division, [each.request for each in missed])
    found = ((requests.get(each.request, requests_pb2.Request()), each) for each in missed)
    return [
        (
            asked.host_name,
            asked.place,
            _what(asked),
            f"{asked.window_start}..{asked.window_end}" if asked.window_start else "",
            show.text(each, "cause"),
            each.request,
        )
        for asked, each in found
    ]


def of_assignments(link: Wire, wanted: assignments_pb2.ListAssignmentsRequest.Filter) -> list[Stay]:
    """What was assigned and still stands, in order of commissioner and day."""
    ended = (assignments_pb2.Assignment.DECLINED, assignments_pb2.Assignment.CANCELLED)
    request = assignments_pb2.ListAssignmentsRequest(filter=wanted)
    listed = link.pages(AssignmentsStub, request, "assignments", 0)
    standing = [each for each in listed if wanted.states or each.state not in ended]
    requests = _requests(link, "", [each.request for each in standing])
    people = _people(link, [each.commissioner for each in standing])
    return _in_order(
        _stay(
            each,
            each.name,
            requests.get(each.request),
            people.get(each.commissioner, ""),
            state=assignments_pb2.Assignment.State.Name(each.state),
        )
        for each in standing
    )


def notes_of(link: Wire, first: date, last: date) -> dict[date, reference_pb2.DayNote]:
    """What each day is: worked, weekend, holiday, made up for. Of a year not published yet nothing is known: empty."""
    found: dict[date, reference_pb2.DayNote] = {}
    while first <= last:
        end = min(last, first + timedelta(days=SPAN))
        asked = reference_pb2.ListDaysRequest(start_date=first.isoformat(), end_date=end.isoformat())
        found |= {date.fromisoformat(each.date): each for each in link.ask(ReferenceStub, asked).days}
        first = end + timedelta(days=1)
    return found


def _stay(
    visit: Any, name: str, request: requests_pb2.Request | None, who: str, state: str = "", *, pinned: bool = False
) -> Stay:
    asked = request or requests_pb2.Request()
    return Stay(
        name=name,
        request=visit.request,
        commissioner=visit.commissioner,
        who=who or visit.commissioner,
        host_code=asked.host_credit_code or getattr(visit, "host_credit_code", ""),
        host=asked.host_name or getattr(visit, "host_name", "") or visit.request,
        place=asked.place,
        what=_what(asked),
        days=_dates(visit.days),
        travel=_dates(visit.travel_days),
        state=state,
        pinned=pinned,
    )


def _what(asked: requests_pb2.Request) -> str:
    return " ".join(filter(None, (show.text(asked, "kind"), asked.discipline.code)))


def _requests(link: Wire, division: str, names: Sequence[str]) -> dict[str, requests_pb2.Request]:
    """The requests of these names that the caller may see."""
    wanted, found = set(names), dict[str, requests_pb2.Request]()
    if not wanted:
        return found
    asked = requests_pb2.ListRequestsRequest(filter=requests_pb2.ListRequestsRequest.Filter(division=division))
    for each in link.pages(RequestsStub, asked, "requests", 0):
        if each.name in wanted:
            found[each.name] = each
            if len(found) == len(wanted):
                break
    return found


def _people(link: Wire, names: Sequence[str]) -> dict[str, str]:
    """What commissioners of these names are called, masked, as far as the caller may see them."""
    wanted, found = set(names), dict[str, str]()
    if not wanted:
        return found
    asked = commissioners_pb2.ListCommissionersRequest()
    for each in link.pages(CommissionersStub, asked, "commissioners", 0):
        if each.name in wanted:
            found[each.name] = each.group_name or each.masked_name
            if len(found) == len(wanted):
                break
    return found


def _dates(words: Iterable[str]) -> Days:
    return tuple(date.fromisoformat(word) for word in words)


def _in_order(found: Iterable[Stay]) -> list[Stay]:
    return sorted(found, key=lambda each: (each.commissioner, each.days, each.name))


def by_commissioner(found: Iterable[Stay]) -> Iterator[tuple[str, list[Stay]]]:
    """Each commissioner with its stays, in order."""
    grouped: dict[str, list[Stay]] = {}
    for each in found:
        grouped.setdefault(each.commissioner, []).append(each)
    yield from grouped.items()
