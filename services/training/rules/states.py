"""The lives of an order, a class, an enrolment and a seat."""

from __future__ import annotations

from enum import StrEnum


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
    "cancel": (BEFORE_TRAINING, OrderState.CANCELLED),
    "close": ((OrderState.TRAINING,), OrderState.FULFILLED),  # or SHORTFALL: see `ended`
}

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

# states of an order that a class may be created, filed and opened for
TAKES_CLASSES = (OrderState.CONTRACTED, OrderState.TRAINING)
# states of a class in which it holds seats that are not filled
HOLDS_SEATS = (ClassState.FILED, ClassState.REVIEWED, ClassState.APPROVED, ClassState.OPEN)
# states of an enrolment in which the person is in the class
ACTIVE = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.WAITLISTED, EnrolmentState.HIRED)


def ended(headcount: int, hired: int) -> OrderState:
    """What an order that is closed has become."""
    return OrderState.FULFILLED if hired == headcount else OrderState.SHORTFALL


def unfilled(capacity: int, enrolled: int) -> int:
    """Seats a class holds and has not filled: none when the capacity was lowered below the number enrolled."""
    return max(0, capacity - enrolled)


def seats_to_fill(capacity: int, enrolled: int, waitlisted: int) -> int:
    """How many of the waitlist get a seat now."""
    return min(unfilled(capacity, enrolled), waitlisted)
