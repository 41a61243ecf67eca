"""Faults: what a handler raises when it refuses. Only the boundary makes a gRPC status of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong.

    `field` is its path in the request (`order.headcount`), `rule` the key of the sentence in the texts, `values` what
    fills its braces: bounds and codes, never personal data.
    """

    field: str
    rule: str
    values: dict[str, str] = dataclasses.field(default_factory=dict)


class Fault(Exception):
    """A refusal with a stable reason.

    `reason` is the ErrorInfo.reason (AIP-193), `metadata` what varies in its sentence, `violations` every field that is
    wrong at once, `details` further protobuf messages for the status. None of them may hold personal data.
    """

    code = grpc.StatusCode.FAILED_PRECONDITION

    def __init__(
        self,
        reason: str,
        *,
        violations: Sequence[Violation] = (),
        details: Sequence[Message] = (),
        **metadata: str | int,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.violations = tuple(violations)
        self.details = tuple(details)
        self.metadata = {key: str(value) for key, value in metadata.items()}


class Refused(Fault):
    """The state of things does not allow it: FAILED_PRECONDITION."""


class Invalid(Fault):
    """The request itself is wrong: INVALID_ARGUMENT, with every violation."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, *violations: Violation, reason: str = "INVALID_REQUEST", **metadata: str | int) -> None:
        super().__init__(reason, violations=violations, details=(), **metadata)


class NotFound(Fault):
    """It is not there, or not for this caller to see; the answer is the same."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, resource: str) -> None:
        super().__init__("NOT_FOUND", resource=resource)


class Exists(Fault):
    """It is there already: ALREADY_EXISTS."""

    code = grpc.StatusCode.ALREADY_EXISTS


class Stale(Fault):
    """The etag is not the current one: ABORTED, with the current one (AIP-154)."""

    code = grpc.StatusCode.ABORTED

    def __init__(self, resource: str, current: str) -> None:
        super().__init__("STALE_ETAG", resource=resource, etag=current)


class Denied(Fault):
    """The caller may not do this at all: PERMISSION_DENIED."""

    code = grpc.StatusCode.PERMISSION_DENIED

    def __init__(self, action: str) -> None:
        super().__init__("PERMISSION_DENIED", action=action)


class Unauthenticated(Fault):
    """No caller that can be believed. The answer never says which check failed."""

    code = grpc.StatusCode.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("UNAUTHENTICATED")


class TooMuch(Fault):
    """More than one request may ask for: RESOURCE_EXHAUSTED."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Damaged(Fault):
    """What is stored is not what was stored: DATA_LOSS. Nothing of it is delivered."""

    code = grpc.StatusCode.DATA_LOSS


class Pruned(Fault):
    """Events after this position are kept no longer: OUT_OF_RANGE, with the position to go on from."""

    code = grpc.StatusCode.OUT_OF_RANGE

    def __init__(self, position: int, resume: int) -> None:
        super().__init__("EVENTS_PRUNED", position=position, resume=resume)


class TooLate(Fault):
    """The caller's deadline passed before the work could begin: DEADLINE_EXCEEDED."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        super().__init__("DEADLINE_EXCEEDED")


class Unavailable(Fault):
    """The store cannot be reached now; the same request_id may be sent again: UNAVAILABLE."""

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("UNAVAILABLE")


class IssuerAway(Fault):
    """Whether a token holds cannot be told, for the issuer's keys cannot be fetched: UNAVAILABLE."""

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("ISSUER_AWAY")


class Internal(Fault):
    """A fault of ours. `incident` leads from the answer to the log line; nothing else leaves the server."""

    code = grpc.StatusCode.INTERNAL

    def __init__(self, incident: str) -> None:
        super().__init__("INTERNAL", incident=incident)
