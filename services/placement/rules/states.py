"""The lives of a commissioner, of a request and of an assignment."""

from __future__ import annotations

from enum import StrEnum


class CommissionerState(StrEnum):
    """The life of a commissioner (科技特派员)."""

    APPLIED = "APPLIED"
    RECOMMENDED = "RECOMMENDED"
    VETTED = "VETTED"
    ENDORSED = "ENDORSED"
    FILED = "FILED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


_CS = CommissionerState
BEFORE_FILED = (_CS.APPLIED, _CS.RECOMMENDED, _CS.VETTED, _CS.ENDORSED)
LIVE = (*BEFORE_FILED, _CS.FILED)
# verb -> the states it may be done in, and the one it leads to
COMMISSIONER_VERBS: dict[str, tuple[tuple[CommissionerState, ...], CommissionerState]] = {
    "recommend": ((_CS.APPLIED,), _CS.RECOMMENDED),
    "vet": ((_CS.RECOMMENDED,), _CS.VETTED),
    "endorse": ((_CS.VETTED,), _CS.ENDORSED),
    "file": ((_CS.ENDORSED,), _CS.FILED),
    "refuse": (BEFORE_FILED, _CS.REFUSED),
    "withdraw": (LIVE, _CS.WITHDRAWN),
    "renew": ((_CS.FILED,), _CS.FILED),
}


class RequestState(StrEnum):
    """The life of a request (科技需求)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    CANCELLED = "CANCELLED"
    UNSERVED = "UNSERVED"
    PLANNED = "PLANNED"
    IN_SERVICE = "IN_SERVICE"
    CONFIRMED = "CONFIRMED"
    RATED = "RATED"


_RS = RequestState
REQUEST_VERBS: dict[str, tuple[tuple[RequestState, ...], RequestState]] = {
    "update": ((_RS.DRAFT,), _RS.DRAFT),
    "submit": ((_RS.DRAFT,), _RS.SUBMITTED),
    "return": ((_RS.SUBMITTED,), _RS.DRAFT),
    "accept": ((_RS.SUBMITTED,), _RS.ACCEPTED),
    "cancel": ((_RS.DRAFT, _RS.SUBMITTED, _RS.ACCEPTED, _RS.PLANNED), _RS.CANCELLED),
    "unserved": ((_RS.ACCEPTED,), _RS.UNSERVED),
}


class AssignmentState(StrEnum):
    """The life of an assignment (派驻任务)."""

    ASSIGNED = "ASSIGNED"
    ACCEPTED = "ACCEPTED"
    IN_SERVICE = "IN_SERVICE"
    CONFIRMED = "CONFIRMED"
    RATED = "RATED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"


_AS = AssignmentState
ENDED_BEFORE = (_AS.DECLINED, _AS.CANCELLED)  # of whom another one may serve the request
ASSIGNMENT_VERBS: dict[str, tuple[tuple[AssignmentState, ...], AssignmentState]] = {
    "accept": ((_AS.ASSIGNED,), _AS.ACCEPTED),
    "decline": ((_AS.ASSIGNED,), _AS.DECLINED),
    "cancel": ((_AS.ASSIGNED, _AS.ACCEPTED, _AS.IN_SERVICE), _AS.CANCELLED),
    "log": ((_AS.ACCEPTED, _AS.IN_SERVICE), _AS.IN_SERVICE),
    "confirm": ((_AS.IN_SERVICE,), _AS.CONFIRMED),
    "rate": ((_AS.CONFIRMED,), _AS.RATED),
}
# where a request goes with its assignment
REQUEST_FOLLOWS: dict[AssignmentState, RequestState] = {
    _AS.ASSIGNED: _RS.PLANNED,
    _AS.IN_SERVICE: _RS.IN_SERVICE,
    _AS.CONFIRMED: _RS.CONFIRMED,
    _AS.RATED: _RS.RATED,
    _AS.DECLINED: _RS.ACCEPTED,
    _AS.CANCELLED: _RS.ACCEPTED,
}
