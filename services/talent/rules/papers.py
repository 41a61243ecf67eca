"""Which documents (材料) a step still lacks: all of them at once, each with a stable code.

A step is accepted (受理) once its material is there, whatever somebody finds in it later; it is done once somebody has
looked at it. Secondary material may be promised for a day (容缺受理) where the catalogue says so, never the proof of an
identity or of a guardianship. Sources: 山东省优化营商环境条例第28条、济南市优化营商环境条例第28条.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.talent.rules.catalogue import Document, Needed


class DocumentState(StrEnum):
    """Where a document stands."""

    RECEIVED = "RECEIVED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


# verb -> (states it may be done in, state it leads to)
DOCUMENT_VERBS: Mapping[str, tuple[tuple[DocumentState, ...], DocumentState]] = {
    "accept": ((DocumentState.RECEIVED, DocumentState.REJECTED), DocumentState.ACCEPTED),
    "reject": ((DocumentState.RECEIVED, DocumentState.ACCEPTED), DocumentState.REJECTED),
}


class PromiseState(StrEnum):
    """Where a promise to bring a document stands, or the decision that it need not be brought."""

    OPEN = "OPEN"
    KEPT = "KEPT"
    WAIVED = "WAIVED"


class Stage(StrEnum):
    """What the material is looked at for."""

    ACCEPT = "ACCEPT"
    COMPLETE = "COMPLETE"


class Standing(StrEnum):
    """How it stands with a document that a step wants."""

    MISSING = "MISSING"
    REJECTED = "REJECTED"
    OVERDUE = "OVERDUE"  # promised for a day that is over
    PROMISED = "PROMISED"
    WAIVED = "WAIVED"
    RECEIVED = "RECEIVED"
    ACCEPTED = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Held:
    """What there is of a document: the states of the files that were brought, and what was said in their place.

    `due` is the day it is promised for, while that is open.
    """

    states: frozenset[DocumentState] = frozenset()
    due: date | None = None
    waived: bool = False


Papers = Mapping[int, Mapping[str, Held]]  # what there is of each document, by step and key


@dataclass(frozen=True, slots=True)
class Gap:
    """A document that is lacking, and why what there is does not do."""

    code: str
    document: Document
    due: date | None = None


NOTHING = Held()
_CODES = {
    Standing.MISSING: "TD-MISSING",
    Standing.REJECTED: "TD-REJECTED",
    Standing.OVERDUE: "TD-PROMISE-OVERDUE",
}


def standing(held: Held, today: date) -> Standing:
    """How it stands on a day. The best of several files counts; a promise counts to the end of its day."""
    if DocumentState.ACCEPTED in held.states:
        return Standing.ACCEPTED
    if DocumentState.RECEIVED in held.states:
        return Standing.RECEIVED
    if held.waived:
        return Standing.WAIVED
    if held.due is not None:
        return Standing.PROMISED if today <= held.due else Standing.OVERDUE
    return Standing.REJECTED if held.states else Standing.MISSING


def wanted(documents: Sequence[Document], stage: Stage) -> Iterator[Document]:
    """The documents that have to be there at a stage."""
    return (each for each in documents if stage is Stage.COMPLETE or each.needed is Needed.START)


def gap(document: Document, held: Held, stage: Stage, today: date) -> Gap | None:
    """What is lacking of one document."""
    found = standing(held, today)
    if found is Standing.RECEIVED and stage is Stage.COMPLETE:
        return Gap("TD-NOT-REVIEWED", document)
    if found is Standing.MISSING and document.when is not None:
        # whether the circumstance holds is for an officer to say
        return Gap("TD-CIRCUMSTANCE", document)
    return Gap(_CODES[found], document, held.due) if found in _CODES else None


def gaps(documents: Sequence[Document], held: Mapping[str, Held], stage: Stage, today: date) -> list[Gap]:
    """Everything that is lacking, in the order of the catalogue."""
    found = (gap(each, held.get(each.key, NOTHING), stage, today) for each in wanted(documents, stage))
    return [each for each in found if each is not None]


def may_waive(document: Document, held: Held) -> bool:
    """Whether an officer may say that it need not be brought: it is promised, or wanted in a circumstance only."""
    return held.due is not None or document.when is not None
