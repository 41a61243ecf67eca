"""Why a plan leaves a request unserved: the first cause that is so, in the order in which a bureau can help it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from enum import StrEnum

from services.placement.rules.dispatch import Assignment, Commissioner, Dispatch, Request


class Cause(StrEnum):
    """A cause: the names of the contract's PlanUnserved.Cause."""

    WINDOW = "WINDOW"
    QUALIFICATION = "QUALIFICATION"
    BANNED = "BANNED"
    AGREEMENT = "AGREEMENT"
    CALENDAR = "CALENDAR"
    LIMITS = "LIMITS"
    OUTWEIGHED = "OUTWEIGHED"


def causes(
    dispatch: Dispatch, assignments: Iterable[Assignment], uncovered: Container[tuple[str, str]] = ()
) -> Iterator[tuple[str, Cause]]:
    """Each unserved request with its cause, in order of the dispatch. Bans that are `uncovered` want an agreement."""
    served = {each.request for each in assignments}
    skilled: dict[str, list[Commissioner]] = {}
    for each in dispatch.commissioners.values():
        for discipline in each.skills:
            skilled.setdefault(discipline, []).append(each)
    for name, request in dispatch.requests.items():
        if name not in served:
            yield name, _cause(dispatch, request, skilled.get(request.discipline, []), uncovered)


def _cause(
    dispatch: Dispatch, request: Request, skilled: Iterable[Commissioner], uncovered: Container[tuple[str, str]]
) -> Cause:
    """Each step keeps those whom the one before let pass: whoever is left at the end could go, but for other visits."""
    first, last = max(0, request.earliest), min(request.latest, dispatch.days - 1)
    if last - first + 1 < request.days:
        return Cause.WINDOW
    left = [
        each
        for each in skilled
        if each.skills[request.discipline] >= request.level and (each.members or not request.team)
    ]
    if not left:
        return Cause.QUALIFICATION
    pairs = {each.name: (request.name, each.name) for each in left}
    parted = {who for who, pair in pairs.items() if pair in uncovered}
    banned = {who for who, pair in pairs.items() if pair in dispatch.bans and who not in parted}
    left = [each for each in left if each.name not in request.refused | banned]
    if not left:
        return Cause.BANNED
    left = [
        each
        for each in left
        if each.name not in parted and _fits(dispatch, request, each, each.in_force, way=each.in_force)
    ]
    if not left:
        return Cause.AGREEMENT
    left = [each for each in left if _fits(dispatch, request, each, _free(each), way=_free(each))]
    if not left:
        return Cause.CALENDAR
    if all(min(each.quarter_days, each.year_days) < request.days + dispatch.lead(request, each) for each in left):
        return Cause.LIMITS
    return Cause.OUTWEIGHED


def _free(commissioner: Commissioner) -> frozenset[int]:
    return commissioner.available & commissioner.in_force


def _fits(
    dispatch: Dispatch, request: Request, commissioner: Commissioner, days: frozenset[int], *, way: frozenset[int]
) -> bool:
    """Whether the visit fits into these days of its window, the way there into `way`."""
    first, last = max(0, request.earliest), min(request.latest, dispatch.days - 1)
    lead = dispatch.lead(request, commissioner)
    if not request.split:
        return any(
            all(day in days for day in range(start, start + request.days)) and (not lead or start - 1 in way)
            for start in range(first, last - request.days + 2)
        )
    reached: set[int] = set()  # a block of days in a row has one day on the way, before its first
    for day in range(first, last + 1):
        if day in days and (not lead or day - 1 in reached or day - 1 in way):
            reached.add(day)
    return len(reached) >= request.days
