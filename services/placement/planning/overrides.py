"""What the overrides of a plan, its pins and bans, cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.rules.dispatch import Assignment, Dispatch, account

LEAST = 1e-6


def override_cost(
    dispatch: Dispatch,
    plan: Iterable[Assignment],
    *,
    pins: Iterable[Assignment] = (),
    bans: Iterable[tuple[str, str]] = (),
    limits: Limits | None = None,
) -> float:
    """What `pins` and `bans` of a dispatch cost: the points a plan gains that is free of them, every visit to another
    request where it is. At least that: a plan free to move the others too may gain more.
    """
    lifted, allowed, standing_plan = frozenset(pins), frozenset(bans), tuple(plan)
    free = {pin.request for pin in lifted} | {request for request, _ in allowed}
    kept = {each.request: each for each in standing_plan if each.request not in free}
    kept |= {pin.request: pin for pin in dispatch.pins if pin not in lifted}
    around = replace(dispatch, pins=tuple(kept.values()), bans=dispatch.bans - allowed)
    found = solve(lay_out(around), limits or Limits(rounds=10, steps=160), start=standing_plan)
    gain = found.last.objective - account(dispatch, standing_plan).total
    return gain if gain > LEAST else 0.0
