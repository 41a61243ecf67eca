"""The hand-over of a case between the two sides (移交): offered, then accepted, returned or recalled.

One side holds the case at any time. Holding passes with acceptance and with nothing else, and nobody accepts what is
not as the manifest says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.talent.rules.states import HANDOVER_VERBS, HandoverState, Side


class Refusal(StrEnum):
    """Why a hand-over does not go on."""

    NOT_HOLDER = "NOT_HOLDER"  # only the side that holds the case offers it
    OFFERED_ALREADY = "OFFERED_ALREADY"
    SAME_SIDE = "SAME_SIDE"
    NOT_OFFERED = "NOT_OFFERED"  # it was accepted, returned or recalled before
    NOT_RECEIVER = "NOT_RECEIVER"  # only the side it is offered to accepts or returns it
    NOT_SENDER = "NOT_SENDER"  # only the side that offered it recalls it
    NO_REASON = "NO_REASON"  # a return says why
    NO_SIGNATURE = "NO_SIGNATURE"
    NOT_AS_LISTED = "NOT_AS_LISTED"  # the case is no longer what the manifest says


class HandoverRefused(Exception):
    """A step that the protocol forbids."""

    def __init__(self, refusal: Refusal, differences: tuple[Discrepancy, ...] = ()) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.differences = differences  # of a case that is not as listed


@dataclass(frozen=True, slots=True)
class Manifest:
    """What goes over: the SHA-256 of each document, what is still owed, and the state of each clock, all by name."""

    documents: Mapping[str, str]
    obligations: Mapping[str, str]
    clocks: Mapping[str, str]


class Difference(StrEnum):
    """How a thing differs from the manifest."""

    MISSING = "MISSING"  # listed, and not there
    UNLISTED = "UNLISTED"  # there, and not listed
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that is not as the manifest says: `part` is documents, obligations or clocks."""

    part: str
    name: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Handover:
    """One hand-over. `offered_by` and `settled_by` are the two signatures, subjects of officers."""

    number: int
    sender: Side
    receiver: Side
    state: HandoverState
    manifest: Manifest
    offered_by: str
    settled_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Custody:
    """Who holds a case, and every hand-over it has had, in their order."""

    holder: Side
    handovers: tuple[Handover, ...] = ()

    @property
    def offered(self) -> Handover | None:
        """The hand-over that waits for an answer; there is one at most."""
        last = self.handovers[-1] if self.handovers else None
        return last if last is not None and last.state is HandoverState.OFFERED else None


def compare(manifest: Manifest, now: Manifest) -> tuple[Discrepancy, ...]:
    """What has changed since a manifest was written, in the order of documents, obligations, clocks."""
    found = []
    for part in ("documents", "obligations", "clocks"):
        listed, there = getattr(manifest, part), getattr(now, part)
        for name in sorted(listed.keys() | there.keys()):
            if name not in there:
                found.append(Discrepancy(part, name, Difference.MISSING))
            elif name not in listed:
                found.append(Discrepancy(part, name, Difference.UNLISTED))
            elif listed[name] != there[name]:
                found.append(Discrepancy(part, name, Difference.CHANGED))
    return tuple(found)


def offer(custody: Custody, by: Side, to: Side, manifest: Manifest, signed: str) -> Custody:
    """The case is offered to the other side. Raises HandoverRefused."""
    if by is not custody.holder:
        raise HandoverRefused(Refusal.NOT_HOLDER)
    if to is by:
        raise HandoverRefused(Refusal.SAME_SIDE)
    if custody.offered is not None:
        raise HandoverRefused(Refusal.OFFERED_ALREADY)
    _signed(signed)
    offered = Handover(len(custody.handovers) + 1, by, to, HandoverState.OFFERED, manifest, signed)
    return replace(custody, handovers=(*custody.handovers, offered))


def accept(custody: Custody, number: int, by: Side, now: Manifest, signed: str) -> Custody:
    """The other side takes the case, provided that it still is what the manifest says. Raises HandoverRefused."""
    waiting = _waiting(custody, number)
    if by is not waiting.receiver:
        raise HandoverRefused(Refusal.NOT_RECEIVER)
    if found := compare(waiting.manifest, now):
        raise HandoverRefused(Refusal.NOT_AS_LISTED, found)
    return replace(_settled(custody, waiting, "accept", signed), holder=by)


def give_back(custody: Custody, number: int, by: Side, reason: str, signed: str) -> Custody:
    """The other side does not take it, and says why. Raises HandoverRefused."""
    waiting = _waiting(custody, number)
    if by is not waiting.receiver:
        raise HandoverRefused(Refusal.NOT_RECEIVER)
    if not reason.strip():
        raise HandoverRefused(Refusal.NO_REASON)
    return _settled(custody, waiting, "return", signed, reason)


def recall(custody: Custody, number: int, by: Side, signed: str) -> Custody:
    """The side that offered it takes the offer back. Raises HandoverRefused."""
    waiting = _waiting(custody, number)
    if by is not waiting.sender:
        raise HandoverRefused(Refusal.NOT_SENDER)
    return _settled(custody, waiting, "recall", signed)


def _waiting(custody: Custody, number: int) -> Handover:
    waiting = custody.offered
    if waiting is None or waiting.number != number:
        raise HandoverRefused(Refusal.NOT_OFFERED)
    return waiting


def _signed(by: str) -> None:
    if not by:
        raise HandoverRefused(Refusal.NO_SIGNATURE)


def _settled(custody: Custody, waiting: Handover, verb: str, signed: str, reason: str = "") -> Custody:
    _signed(signed)
    settled = replace(waiting, state=HANDOVER_VERBS[verb][1], settled_by=signed, reason=reason)
    return replace(custody, handovers=(*custody.handovers[:-1], settled))
