"""The lives of a catalogue, a case, a matter, a step and a hand-over."""

from __future__ import annotations

from enum import StrEnum


class CatalogueState(StrEnum):
    """The life of one version of the catalogue (事项目录)."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"  # frozen
    RETIRED = "RETIRED"  # a later version holds; running cases keep this one


class CaseState(StrEnum):
    """The life of a case (个案)."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    MERGED = "MERGED"  # a duplicate: what it held is in another case


class MatterState(StrEnum):
    """The life of a matter (事项)."""

    WAITING = "WAITING"  # for another matter, or for a window
    RUNNING = "RUNNING"
    DONE = "DONE"
    NOT_REQUIRED = "NOT_REQUIRED"  # 无需办理
    REFUSED = "REFUSED"  # with reasons and remedy
    WITHDRAWN = "WITHDRAWN"
    MERGED = "MERGED"


class StepState(StrEnum):
    """The life of a step (环节)."""

    PENDING = "PENDING"  # a step before it is not done
    READY = "READY"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    DONE = "DONE"
    RETURNED = "RETURNED"  # what was done is not enough: to be done again by whoever did it
    SKIPPED = "SKIPPED"


class HandoverState(StrEnum):
    """The life of a hand-over between the two sides (移交)."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"  # by the side it was offered to, with a reason
    RECALLED = "RECALLED"  # by the side that offered it


class Side(StrEnum):
    """Whose government a step is done by."""

    ORIGIN = "ORIGIN"  # 转出地
    DESTINATION = "DESTINATION"  # 转入地
    BOTH = "BOTH"
    APPLICANT = "APPLICANT"  # 申请人或用人单位


# verb: the states it may be done in, and the state it leads to
CATALOGUE_VERBS: dict[str, tuple[tuple[CatalogueState, ...], CatalogueState]] = {
    "update": ((CatalogueState.DRAFT,), CatalogueState.DRAFT),
    "publish": ((CatalogueState.DRAFT,), CatalogueState.PUBLISHED),
    "retire": ((CatalogueState.PUBLISHED,), CatalogueState.RETIRED),
}

CASE_VERBS: dict[str, tuple[tuple[CaseState, ...], CaseState]] = {
    "update": ((CaseState.OPEN,), CaseState.OPEN),
    "close": ((CaseState.OPEN,), CaseState.CLOSED),
    "reopen": ((CaseState.CLOSED,), CaseState.OPEN),
    "merge": ((CaseState.OPEN,), CaseState.MERGED),
}

MATTER_VERBS: dict[str, tuple[tuple[MatterState, ...], MatterState]] = {
    "start": ((MatterState.WAITING,), MatterState.RUNNING),
    "finish": ((MatterState.RUNNING,), MatterState.DONE),
    "waive": ((MatterState.WAITING, MatterState.RUNNING), MatterState.NOT_REQUIRED),
    "refuse": ((MatterState.RUNNING,), MatterState.REFUSED),
    "withdraw": ((MatterState.WAITING, MatterState.RUNNING), MatterState.WITHDRAWN),
    "merge": ((MatterState.WAITING, MatterState.RUNNING), MatterState.MERGED),
    "reopen": (
        (MatterState.DONE, MatterState.NOT_REQUIRED, MatterState.REFUSED, MatterState.WITHDRAWN),
        MatterState.RUNNING,
    ),
}

STEP_VERBS: dict[str, tuple[tuple[StepState, ...], StepState]] = {
    "ready": ((StepState.PENDING,), StepState.READY),
    "start": ((StepState.READY, StepState.RETURNED), StepState.RUNNING),
    "suspend": ((StepState.RUNNING,), StepState.SUSPENDED),
    "resume": ((StepState.SUSPENDED,), StepState.RUNNING),
    "complete": ((StepState.RUNNING,), StepState.DONE),
    "return": ((StepState.READY, StepState.RUNNING, StepState.DONE), StepState.RETURNED),
    # what comes before it was returned
    "wait": ((StepState.READY, StepState.RUNNING, StepState.RETURNED), StepState.PENDING),
    "skip": ((StepState.PENDING, StepState.READY, StepState.RUNNING, StepState.RETURNED), StepState.SKIPPED),
}

HANDOVER_VERBS: dict[str, tuple[tuple[HandoverState, ...], HandoverState]] = {
    "accept": ((HandoverState.OFFERED,), HandoverState.ACCEPTED),
    "return": ((HandoverState.OFFERED,), HandoverState.RETURNED),
    "recall": ((HandoverState.OFFERED,), HandoverState.RECALLED),
}

# states of a matter in which nothing more happens
MATTER_ENDED = (
    MatterState.DONE,
    MatterState.NOT_REQUIRED,
    MatterState.REFUSED,
    MatterState.WITHDRAWN,
    MatterState.MERGED,
)
# states of a step in which nothing more happens; those after it may begin
STEP_ENDED = (StepState.DONE, StepState.SKIPPED)
# states of a step that is somebody's work now: what "today" lists
STEP_OPEN = (StepState.READY, StepState.RUNNING, StepState.SUSPENDED, StepState.RETURNED)
