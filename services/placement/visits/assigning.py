"""The one path by which assignments come to be and end: one made by hand, or a whole plan, in a handful of statements.

Requests are locked before commissioners and each in order of number, everywhere, so that nobody waits in a circle. That
nobody is in two places is held by the key of `assigned_days`, also between replicas; the locks are there to say so in
words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select

from services.placement import queries
from services.placement.rules.states import REQUEST_FOLLOWS, AssignmentState, RequestState
from services.placement.tables import AssignedDayRow, AssignmentRow, CommissionerRow, RequestRow
from services.platform.boundary import Call
from services.platform.bulk import BulkInsert
from services.platform.bulkupdate import BulkUpdate
from services.platform.errors import Refused, Violation
from services.platform.prepared import Prepared, any_of
from services.platform.transaction import Tx
from services.reference.clock import day_of

SHOWN = 20  # requests or days that a refusal names
_COLUMNS = (
    *("id", "state", "request_id", "commissioner_id", "plan", "days", "travel_days", "first_day", "last_day"),
    *("host_credit_code", "host_name", "home_unit_credit_code", "division", "partner_division"),
    *("create_time", "update_time", "version"),
)
_ASSIGN = BulkInsert(cast(Table, AssignmentRow.__table__), _COLUMNS)
_BIND = BulkInsert(cast(Table, AssignedDayRow.__table__), ("commissioner_id", "day", "assignment_id"))
_FOLLOW = BulkUpdate(cast(Table, RequestRow.__table__), ("id",), ("state", "update_time", "version"))
_request, _commissioner = RequestRow.__table__.c, CommissionerRow.__table__.c
_day = AssignedDayRow.__table__.c
_REQUESTS = Prepared(
    select(
        *(_request.id, _request.state, _request.version),
        *(_request.host_credit_code, _request.host_name, _request.division),
    )
    .where(any_of(_request.id, "ids"))
    .order_by(_request.id)
    .with_for_update()
)
_COMMISSIONERS = Prepared(
    select(_commissioner.id, _commissioner.home_unit_credit_code, _commissioner.division)
    .where(any_of(_commissioner.id, "ids"))
    .order_by(_commissioner.id)
    .with_for_update()
)
_HELD = Prepared(
    select(_day.commissioner_id, _day.day, _day.assignment_id).where(
        any_of(_day.commissioner_id, "ids"), _day.day.between(bindparam("first"), bindparam("last"))
    )
)


class Asked(NamedTuple):
    """A request while its assignment is made or ended; `number` without the collection."""

    number: str
    state: str
    version: int
    host_credit_code: str
    host_name: str
    division: str


class Sent(NamedTuple):
    """A commissioner while assigned."""

    number: str
    home_unit_credit_code: str
    division: str


@dataclass(frozen=True, slots=True)
class Booking:
    """An assignment to be made: numbers without their collection, days at the host's and on the way, in order."""

    request: str
    commissioner: str
    days: tuple[date, ...]
    travel_days: tuple[date, ...] = ()

    @property
    def bound(self) -> tuple[date, ...]:
        """The days it takes of its commissioner."""
        return tuple(sorted({*self.travel_days, *self.days}))


def create(tx: Tx, call: Call, bookings: Sequence[Booking], *, plan: str = "") -> list[str]:
    """Makes the assignments, all or none; their numbers, in order. Every name in `bookings` must be known.

    The hard rules are the caller's to check, under the locks it holds, but for two that another transaction can break
    meanwhile. Raises Refused REQUESTS_TAKEN for requests that are not accepted (any more) or stand twice, and
    ASSIGNMENT_RULES with PD-ONE-PLACE for days that somebody has given already.
    """
    requests = locked(tx, {each.request for each in bookings})
    who = {"ids": sorted({each.commissioner for each in bookings})}
    people = {row[0]: Sent(*row) for row in _COMMISSIONERS.rows(tx.connection, who)}
    _accepted(bookings, requests)
    _free(tx, bookings, people)
    numbers = queries.next_numbers(tx, f"assignments/{day_of(tx.now):%Y%m}", len(bookings))
    rows = []
    for number, booking in zip(numbers, bookings, strict=True):
        request, commissioner = requests[booking.request], people[booking.commissioner]
        partner = commissioner.division if commissioner.division != request.division else ""
        rows.append(
            (
                *(number, AssignmentState.ASSIGNED, booking.request, booking.commissioner, plan),
                *(_texts(booking.days), _texts(booking.travel_days), booking.days[0], booking.days[-1]),
                *(request.host_credit_code, request.host_name, commissioner.home_unit_credit_code),
                *(request.division, partner, tx.now, tx.now, 1),
            )
        )
    _ASSIGN(tx.connection, rows)
    _BIND(
        tx.connection,
        [
            (booking.commissioner, day, number)
            for number, booking in zip(numbers, bookings, strict=True)
            for day in booking.bound
        ],
    )
    follow(tx, call, requests, {each.request: AssignmentState.ASSIGNED for each in bookings})
    for number, booking in zip(numbers, bookings, strict=True):
        detail: dict[str, Any] = {
            "request": f"requests/{booking.request}",
            "commissioner": f"commissioners/{booking.commissioner}",
            "days": _texts(booking.days),
        }
        tx.record(call, f"assignments/{number}", event="assignment.assigned", detail={**detail, "plan": plan})
    return numbers


def locked(tx: Tx, requests: Iterable[str]) -> dict[str, Asked]:
    """Requests by number, locked in order."""
    return {row[0]: Asked(*row) for row in _REQUESTS.rows(tx.connection, {"ids": sorted(requests)})}


def end(
    tx: Tx, call: Call, row: AssignmentRow, state: AssignmentState, reason: str, *, keep: Collection[date] = ()
) -> None:
    """Declines or cancels an assignment that the caller has locked, and frees its days but for those in `keep`."""
    row.state, row.reason, row.update_time = state, reason, tx.now
    tx.session.flush()
    wanted = delete(AssignedDayRow).where(AssignedDayRow.assignment_id == row.id)
    tx.session.execute(wanted.where(AssignedDayRow.day.not_in(keep)) if keep else wanted)
    told(tx, call, row, reason=reason)


def told(tx: Tx, call: Call, row: AssignmentRow, *, reason: str = "") -> None:
    """Notes the state that an assignment has come to."""
    detail: dict[str, Any] = {"request": f"requests/{row.request_id}", "state": row.state}
    event = f"assignment.{row.state.lower()}"
    tx.record(call, f"assignments/{row.id}", event=event, reason=reason, detail=detail)


def follow(tx: Tx, call: Call, requests: Mapping[str, Asked], states: Mapping[str, AssignmentState]) -> None:
    """Takes requests, by number and locked, where their assignments go."""
    _FOLLOW(
        tx.connection,
        [(number, REQUEST_FOLLOWS[state], tx.now, requests[number].version + 1) for number, state in states.items()],
    )
    for number, state in states.items():
        target = REQUEST_FOLLOWS[state]
        tx.announce(call, f"requests/{number}", f"request.{target.lower()}", tx.now, {"state": target})


def _accepted(bookings: Sequence[Booking], requests: Mapping[str, Asked]) -> None:
    """Raises Refused REQUESTS_TAKEN unless each request waits for one commissioner."""
    seen: set[str] = set()
    taken = []
    for each in bookings:
        if requests[each.request].state != RequestState.ACCEPTED or each.request in seen:
            taken.append(each.request)
        seen.add(each.request)
    if taken:
        named = ", ".join(f"requests/{each}" for each in sorted(set(taken))[:SHOWN])
        raise Refused("REQUESTS_TAKEN", requests=named, count=len(set(taken)))


def _free(tx: Tx, bookings: Sequence[Booking], people: Mapping[str, Sent]) -> None:
    """Raises Refused ASSIGNMENT_RULES unless each day of each commissioner is given once."""
    held: dict[str, dict[date, str]] = defaultdict(dict)
    between = {"first": min(each.bound[0] for each in bookings), "last": max(each.days[-1] for each in bookings)}
    for commissioner, day, assignment in _HELD.rows(tx.connection, {"ids": list(people), **between}):
        held[commissioner][day] = f"assignments/{assignment}"
    found = []
    for place, each in enumerate(bookings):
        days = held[each.commissioner]
        if clashes := [day for day in each.bound if day in days]:
            others = ", ".join(sorted({days[day] for day in clashes}))
            values = {"others": others, "days": ", ".join(_texts(clashes))}
            found.append(Violation(f"assignments[{place}].days", "PD-ONE-PLACE", values))
        days |= dict.fromkeys(each.bound, f"requests/{each.request}")
    if found:
        raise Refused("ASSIGNMENT_RULES", violations=found[:SHOWN], count=len(found), codes="PD-ONE-PLACE")


def _texts(days: Sequence[date]) -> list[str]:
    return [day.isoformat() for day in days]
