"""The lives of a commissioner, a request, a service agreement, an assignment, a visit, a plan and another placement."""

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
EXTENDABLE = (_RS.ACCEPTED, _RS.PLANNED)  # a visit may turn out to take longer; the state stays


class ServiceAgreementState(StrEnum):
    """The life of a service agreement (三方协议)."""

    DRAFT = "DRAFT"
    SIGNED = "SIGNED"
    FILED = "FILED"
    ENDED = "ENDED"
    TERMINATED = "TERMINATED"
    WITHDRAWN = "WITHDRAWN"


_AS = ServiceAgreementState
AGREED = (_AS.DRAFT, _AS.SIGNED, _AS.FILED)  # live: may still come to be in force, or is
WAS_FILED = (_AS.FILED, _AS.ENDED, _AS.TERMINATED)  # in force on the days from its first to its last
SERVICE_AGREEMENT_VERBS: dict[str, tuple[tuple[ServiceAgreementState, ...], ServiceAgreementState]] = {
    "update": ((_AS.DRAFT, _AS.SIGNED), _AS.DRAFT),
    "sign": ((_AS.DRAFT,), _AS.SIGNED),
    "file": ((_AS.SIGNED,), _AS.FILED),
    "end": ((_AS.FILED,), _AS.ENDED),
    "terminate": ((_AS.FILED,), _AS.TERMINATED),
    "withdraw": ((_AS.DRAFT, _AS.SIGNED), _AS.WITHDRAWN),
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


_DS = AssignmentState
ENDED_BEFORE = (_DS.DECLINED, _DS.CANCELLED)  # of whom another one may serve the request
ASSIGNMENT_VERBS: dict[str, tuple[tuple[AssignmentState, ...], AssignmentState]] = {
    "accept": ((_DS.ASSIGNED,), _DS.ACCEPTED),
    "decline": ((_DS.ASSIGNED,), _DS.DECLINED),
    "cancel": ((_DS.ASSIGNED, _DS.ACCEPTED, _DS.IN_SERVICE), _DS.CANCELLED),
    # a day may have a second visit, and advice may follow, until the host has rated it
    "log": ((_DS.ACCEPTED, _DS.IN_SERVICE, _DS.CONFIRMED), _DS.IN_SERVICE),
    "confirm": ((_DS.IN_SERVICE,), _DS.CONFIRMED),
    "rate": ((_DS.CONFIRMED,), _DS.RATED),
}
# where a request goes with its assignment
REQUEST_FOLLOWS: dict[AssignmentState, RequestState] = {
    _DS.ASSIGNED: _RS.PLANNED,
    _DS.IN_SERVICE: _RS.IN_SERVICE,
    _DS.CONFIRMED: _RS.CONFIRMED,
    _DS.RATED: _RS.RATED,
    _DS.DECLINED: _RS.ACCEPTED,
    _DS.CANCELLED: _RS.ACCEPTED,
}


class VisitState(StrEnum):
    """The life of a visit in the log (服务日志)."""

    LOGGED = "LOGGED"
    CONFIRMED = "CONFIRMED"
    COUNTERSIGNED = "COUNTERSIGNED"
    DISPUTED = "DISPUTED"


_VS = VisitState
VISIT_CONFIRMED = (_VS.CONFIRMED, _VS.COUNTERSIGNED)  # the host has said that it was so
VISIT_VERBS: dict[str, tuple[tuple[VisitState, ...], VisitState]] = {
    "confirm": ((_VS.LOGGED,), _VS.CONFIRMED),
    "dispute": ((_VS.LOGGED,), _VS.DISPUTED),
    "correct": ((_VS.LOGGED, _VS.DISPUTED), _VS.LOGGED),
    "countersign": ((_VS.CONFIRMED,), _VS.COUNTERSIGNED),
}


class PlanState(StrEnum):
    """The life of a plan (派驻计划)."""

    DRAFT = "DRAFT"
    REVIEWED = "REVIEWED"
    PUBLISHED = "PUBLISHED"
    DISCARDED = "DISCARDED"


_PS = PlanState
PLAN_VERBS: dict[str, tuple[tuple[PlanState, ...], PlanState]] = {
    "update": ((_PS.DRAFT,), _PS.DRAFT),
    "solve": ((_PS.DRAFT,), _PS.DRAFT),
    "review": ((_PS.DRAFT,), _PS.REVIEWED),
    "return": ((_PS.REVIEWED,), _PS.DRAFT),
    "publish": ((_PS.REVIEWED,), _PS.PUBLISHED),
    "discard": ((_PS.DRAFT, _PS.REVIEWED), _PS.DISCARDED),
}


class PlacementState(StrEnum):
    """The life of another placement (挂职、交流、实习、兼职等)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    RUNNING = "RUNNING"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"


_OS = PlacementState
PLACEMENT_VERBS: dict[str, tuple[tuple[PlacementState, ...], PlacementState]] = {
    "submit": ((_OS.DRAFT, _OS.RETURNED), _OS.SUBMITTED),
    "return": ((_OS.SUBMITTED,), _OS.RETURNED),
    "approve": ((_OS.SUBMITTED,), _OS.APPROVED),
    "begin": ((_OS.APPROVED,), _OS.RUNNING),
    "end": ((_OS.RUNNING,), _OS.ENDED),
    "cancel": ((_OS.DRAFT, _OS.SUBMITTED, _OS.RETURNED, _OS.APPROVED), _OS.CANCELLED),
}
PLACEMENT_OPEN = (_OS.DRAFT, _OS.RETURNED)  # its fields may change
PLACEMENT_TAKEN = (_OS.APPROVED, _OS.RUNNING, _OS.ENDED)  # its days are the person's
