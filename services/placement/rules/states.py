"""The lives of a commissioner, of a request and of a service agreement."""

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


_RS = RequestState
REQUEST_VERBS: dict[str, tuple[tuple[RequestState, ...], RequestState]] = {
    "update": ((_RS.DRAFT,), _RS.DRAFT),
    "submit": ((_RS.DRAFT,), _RS.SUBMITTED),
    "return": ((_RS.SUBMITTED,), _RS.DRAFT),
    "accept": ((_RS.SUBMITTED,), _RS.ACCEPTED),
    "cancel": ((_RS.DRAFT, _RS.SUBMITTED, _RS.ACCEPTED), _RS.CANCELLED),
    "unserved": ((_RS.ACCEPTED,), _RS.UNSERVED),
}


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
