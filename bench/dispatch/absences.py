"""What a plan costs when people fall ill: it is planned again, and every promise that changed is counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from services.placement.planning.replan import Replanned, replan
from services.placement.planning.search import Limits
from services.placement.rules.dispatch import Assignment, Dispatch

LONG = 15  # working days


def with_absences(dispatch: Dispatch, planned: Sequence[Assignment], count: int, seed: int) -> Dispatch:
    """The dispatch when `count` commissioners who have visits are away for `LONG` working days, from some day on."""
    random = Random(seed)
    busy = sorted({each.commissioner for each in planned})
    people = dict(dispatch.commissioners)
    for name in random.sample(busy, min(count, len(busy))):
        first = random.randrange(max(1, dispatch.days - LONG))
        away = frozenset(range(first, first + LONG))
        people[name] = replace(people[name], available=people[name].available - away)
    return replace(dispatch, commissioners=people)


def again(dispatch: Dispatch, planned: Sequence[Assignment], count: int, seed: int, limits: Limits) -> str:
    """Plans again after the absences, and says what came of it in a line."""
    changed = with_absences(dispatch, planned, count, seed)
    began = time.monotonic()
    found = replan(changed, planned, limits=limits)
    seconds = time.monotonic() - began
    return _line(found, count, seconds)


def _line(found: Replanned, count: int, seconds: float) -> str:
    told, hit = found.differences, len(found.hit)
    share = f"{told.changed / hit:.2f}" if hit else "-"
    return (
        f"{count} absences: {hit} promises hit, {told.changed} changed ({share} of them; {len(told.dropped)} dropped),"
        f" {seconds:.1f} s"
    )
