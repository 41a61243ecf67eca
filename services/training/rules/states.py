"""The lives of an order, a class, an enrolment and a seat."""

from __future__ import annotations

from enum import StrEnum

MOST_HEADS = 100_000  # of an order or a class


class OrderState(StrEnum):
    """The life of an order (用工订单)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    VERIFIED = "VERIFIED"
    MATCHED = "MATCHED"
    CONTRACTED = "CONTRACTED"
    TRAINING = "TRAINING"
    FULFILLED = "FULFILLED"
    SHORTFALL = "SHORTFALL"
    CANCELLED = "CANCELLED"


class ClassState(StrEnum):
    """The life of a class (培训班)."""

    DRAFT = "DRAFT"
    FILED = "FILED"
    REVIEWED = "REVIEWED"  # first review passed (初审)
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class AgreementState(StrEnum):
    """The life of an agreement (培训协议)."""

    DRAFT = "DRAFT"
    SIGNED = "SIGNED"
    TERMINATED = "TERMINATED"


class InstitutionState(StrEnum):
    """Whether an institution (培训机构) may train."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class EnrolmentState(StrEnum):
    """The life of an enrolment (报名)."""

    ENROLLED = "ENROLLED"
    OFFERED = "OFFERED"  # holds a seat until it is accepted, declined or expired
    WAITLISTED = "WAITLISTED"
    WITHDRAWN = "WITHDRAWN"
    HIRED = "HIRED"
    LOST = "LOST"


class SubstitutionState(StrEnum):
    """The life of a substitution (学员替换)."""

    ASKED = "ASKED"
    DONE = "DONE"
    REFUSED = "REFUSED"
    LAPSED = "LAPSED"


class Seat(StrEnum):
    """Where one seat of an order's headcount is. At every moment each seat is in exactly one of these."""

    OPEN = "OPEN"  # in no class yet
    COMMITTED = "COMMITTED"  # held by a class, not filled
    ENROLLED = "ENROLLED"
    HIRED = "HIRED"
    LOST = "LOST"  # gone, with a reason


BEFORE_TRAINING = (
    OrderState.DRAFT,
    OrderState.SUBMITTED,
    OrderState.VERIFIED,
    OrderState.MATCHED,
    OrderState.CONTRACTED,
)

# verb: the states it may be done in, and the state it leads to
ORDER_VERBS: dict[str, tuple[tuple[OrderState, ...], OrderState]] = {
    "update": ((OrderState.DRAFT,), OrderState.DRAFT),
    "submit": ((OrderState.DRAFT,), OrderState.SUBMITTED),
    "return": ((OrderState.SUBMITTED,), OrderState.DRAFT),
    "verify": ((OrderState.SUBMITTED,), OrderState.VERIFIED),
    "match": ((OrderState.VERIFIED,), OrderState.MATCHED),
    "contract": ((OrderState.MATCHED,), OrderState.CONTRACTED),
    "train": ((OrderState.CONTRACTED, OrderState.TRAINING), OrderState.TRAINING),
    "cancel": ((*BEFORE_TRAINING, OrderState.TRAINING), OrderState.CANCELLED),  # or SHORTFALL, if somebody is hired
    "close": ((OrderState.TRAINING,), OrderState.FULFILLED),  # or SHORTFALL: see `ended`
}

# states of an order whose headcount may still change; a draft is simply edited
HEADCOUNT_CHANGES = (
    OrderState.SUBMITTED,
    OrderState.VERIFIED,
    OrderState.MATCHED,
    OrderState.CONTRACTED,
    OrderState.TRAINING,
)

CLASS_VERBS: dict[str, tuple[tuple[ClassState, ...], ClassState]] = {
    # an update leaves a draft and a returned filing what they are
    "update": ((ClassState.DRAFT, ClassState.RETURNED, ClassState.FILED, ClassState.REVIEWED), ClassState.FILED),
    "file": ((ClassState.DRAFT, ClassState.RETURNED), ClassState.FILED),
    "review": ((ClassState.FILED,), ClassState.REVIEWED),
    "return": ((ClassState.FILED, ClassState.REVIEWED), ClassState.RETURNED),
    "approve": ((ClassState.REVIEWED,), ClassState.APPROVED),
    "open": ((ClassState.APPROVED,), ClassState.OPEN),
    "close": ((ClassState.OPEN,), ClassState.CLOSED),
}

AGREEMENT_VERBS: dict[str, tuple[tuple[AgreementState, ...], AgreementState]] = {
    "update": ((AgreementState.DRAFT,), AgreementState.DRAFT),
    "sign": ((AgreementState.DRAFT,), AgreementState.SIGNED),  # with the last signature
    "terminate": ((AgreementState.SIGNED,), AgreementState.TERMINATED),
}

INSTITUTION_VERBS: dict[str, tuple[tuple[InstitutionState, ...], InstitutionState]] = {
    "suspend": ((InstitutionState.ACTIVE,), InstitutionState.SUSPENDED),
    "reinstate": ((InstitutionState.SUSPENDED,), InstitutionState.ACTIVE),
}

# states of an order that an agreement may be written for: it can no longer change who ordered, and where
TAKES_AGREEMENTS = (OrderState.VERIFIED, OrderState.MATCHED, OrderState.CONTRACTED, OrderState.TRAINING)
# states of an order that a class may be created, filed and opened for
TAKES_CLASSES = (OrderState.CONTRACTED, OrderState.TRAINING)
# states of a class in which it holds seats that are not filled
HOLDS_SEATS = (ClassState.FILED, ClassState.REVIEWED, ClassState.APPROVED, ClassState.OPEN)
# states of a class that it may still be cancelled in
BEFORE_CLOSING = (ClassState.DRAFT, ClassState.RETURNED, *HOLDS_SEATS)
# states of an enrolment in which the person is in the class
ACTIVE = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.WAITLISTED, EnrolmentState.HIRED)


def ended(headcount: int, hired: int) -> OrderState:
    """What an order that is closed has become."""
    return OrderState.FULFILLED if hired == headcount else OrderState.SHORTFALL


def unfilled(capacity: int, enrolled: int, offered: int = 0) -> int:
    """Seats a class holds and has not filled. An offer keeps its seat even when the capacity falls below it."""
    return max(offered, capacity - enrolled, 0)


def free(capacity: int, enrolled: int, offered: int) -> int:
    """Seats that somebody could take now."""
    return max(0, capacity - enrolled - offered)
