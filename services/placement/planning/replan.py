"""A published plan after something happened: fewest changed promises first, then value.

A promise is a published assignment; its weight says how much it hurts to change it. What still can stand stays. What
cannot (or is freed by name) is planned again, with new requests, in the room that is left: no promise is touched for
it. Then, up to a budget, one promise after the other may move, never fall, where that serves what would else be
unserved, most points for the weight first. Each step is told with what it gained, for the bureau to choose how far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from services.placement.planning.draft import NOBODY, ByRequest, Draft
from services.placement.planning.ejection import Ejection
from services.placement.planning.layout import Layout, lay_out
from services.placement.planning.search import Limits, Stopped, Told, solve
from services.placement.rules.dispatch import Assignment, Dispatch, account
from services.placement.rules.promises import Differences, differences, standing

LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """A plan on the way: promises `changed`, their `weight`, the objective, and the request that is `served` by it.

    The first touches no promise that can stand, and serves nobody more.
    """

    changed: int
    weight: float
    objective: float
    served: str = ""


@dataclass(frozen=True, slots=True)
class Replanned:
    """The new plan; `hit` are the promises that could not stand, `steps` how each change paid."""

    assignments: tuple[Assignment, ...]
    hit: tuple[str, ...]
    differences: Differences
    steps: tuple[Step, ...]


def replan(
    dispatch: Dispatch,
    published: Iterable[Assignment],
    *,
    weight: Mapping[str, float] | None = None,
    freed: Iterable[str] = (),
    budget: int = 0,
    limits: Limits | None = None,
    told: Told = lambda _: None,
    stopped: Stopped = lambda: False,
) -> Replanned:
    """Plans again. `weight` of a promise by request (1 unless given), `freed` may change for nothing.

    `budget` is how many promises that could stand may move; `limits` are for what is planned again, of which `told`
    hears. Once `stopped` says so, what has been done until then is the answer.
    """
    promised = tuple(published)
    weights, free = weight or {}, frozenset(freed)
    kept = standing(dispatch, [each for each in promised if each.request not in free], weights)
    held = {each.request for each in kept}
    hit = tuple(sorted(each.request for each in promised if each.request not in held | free))
    fixed = {each.request: each for each in (*kept, *dispatch.pins)}
    around = replace(dispatch, pins=tuple(fixed.values()))
    found = solve(lay_out(around), limits or Limits(rounds=40, steps=160), told=told, stopped=stopped)
    plan = found.assignments
    steps = [Step(differences(promised, plan).changed, _weight(promised, plan, weights), account(dispatch, plan).total)]
    if budget > 0:
        plan = _moved(lay_out(dispatch), plan, promised, weights, budget, steps, stopped)
    return Replanned(plan, hit, differences(promised, plan), tuple(steps))


def price(dispatch: Dispatch, plan: Iterable[Assignment], promise: str, limits: Limits | None = None) -> float:
    """What keeping one promise costs: the points that a plan gains which is free of it, all others as they are."""
    standing_plan = tuple(plan)
    kept = {each.request: each for each in standing_plan if each.request != promise}
    around = replace(dispatch, pins=tuple({**kept, **{pin.request: pin for pin in dispatch.pins}}.values()))
    found = solve(lay_out(around), limits or Limits(rounds=10, steps=160), start=standing_plan)
    return max(0.0, found.last.objective - account(dispatch, standing_plan).total)


def improve(
    dispatch: Dispatch,
    plan: Iterable[Assignment],
    *,
    keep: float = 0.95,
    limits: Limits | None = None,
    told: Told = lambda _: None,
    stopped: Stopped = lambda: False,
) -> tuple[Assignment, ...]:
    """A plan drawn up by hand, made better with at least the share `keep` of its visits as they are.

    Freed are those that leave most on the table: what the best commissioner would bring less what this one does.
    Visits that break a rule are freed first, above the share, since they cannot stand.
    """
    kept = standing(dispatch, plan, {})
    layout = lay_out(dispatch)
    problem = layout.problem
    top = np.full(problem.requests, -np.inf)
    np.maximum.at(top, problem.slot_request, problem.slot_whole)
    slots = layout.slots(kept)
    served = problem.slot_request[slots]
    loss = dict(zip(served.tolist(), (top[served] - problem.slot_whole[slots]).tolist(), strict=True))
    number = {name: index for index, name in enumerate(layout.requests)}
    pinned = {pin.request for pin in dispatch.pins}
    loose = [each for each in kept if each.request not in pinned]
    loose.sort(key=lambda each: (-loss.get(number[each.request], 0.0), each))
    freed = {each.request for each in loose[: int((1 - keep) * len(kept) + LEAST)]}
    fixed = {each.request: each for each in kept if each.request not in freed}
    fixed |= {pin.request: pin for pin in dispatch.pins}
    around = lay_out(replace(dispatch, pins=tuple(fixed.values())))
    chosen = limits or Limits(rounds=40, steps=160)
    return solve(around, chosen, start=kept, told=told, stopped=stopped).assignments


def _weight(promised: Iterable[Assignment], plan: Iterable[Assignment], weights: Mapping[str, float]) -> float:
    new = set(plan)
    return sum(weights.get(each.request, 1.0) for each in promised if each not in new)


def _moved(
    layout: Layout,
    plan: tuple[Assignment, ...],
    promised: tuple[Assignment, ...],
    weights: Mapping[str, float],
    budget: int,
    steps: list[Step],
    stopped: Stopped,
) -> tuple[Assignment, ...]:
    """Lets promises move one after the other while it pays."""
    problem = layout.problem
    draft = Draft(problem, layout.slots(plan).tolist())
    ejection = Ejection(problem, ByRequest(problem))
    costs = np.zeros(problem.requests)
    number = {name: index for index, name in enumerate(layout.requests)}
    for each in set(plan) & set(promised):
        costs[number[each.request]] = weights.get(each.request, 1.0)
    left = budget
    # what is best was best when it was looked at: it is looked at again before it is done
    waiting = [(-np.inf, request) for request in np.flatnonzero(draft.slot == NOBODY).tolist()]
    while waiting and left > 0 and not stopped():
        _, request = heappop(waiting)
        move = ejection.cheapest(draft, request, costs, left)
        if move is None:
            continue
        if waiting and -move.rate > waiting[0][0]:
            heappush(waiting, (-move.rate, request))
            continue
        before = draft.slot.copy()
        if not ejection.push(draft, move.slots, none_out=True):
            continue
        changed = np.flatnonzero((before != draft.slot) & (costs > 0))
        left -= len(changed)
        costs[changed] = 0.0  # it has been changed: to change it again costs nothing more
        plan = tuple(layout.assignments(draft.slots))
        objective = account(layout.dispatch, plan).total
        told = differences(promised, plan).changed
        steps.append(Step(told, _weight(promised, plan, weights), objective, layout.requests[request]))
    return plan
