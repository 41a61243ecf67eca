"""Plans beside one another: two drafts, one drawn up by hand beside the best, and what an override costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, solve
from services.placement.rules.checker import Violation, violations
from services.placement.rules.dispatch import Assignment, Dispatch, Worth, account
from services.placement.rules.promises import Differences, differences, standing

LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Terms:
    """The objective of a plan by term, in points, and how many it serves; `travel` and `load` are 0 or less."""

    served: int
    priority: int
    continuity: int
    travel: int
    load: float
    owed: float

    @property
    def total(self) -> float:
        """The objective."""
        return self.priority + self.continuity + self.travel + self.load + self.owed


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two plans of one dispatch: their terms, and what the second does otherwise."""

    before: Terms
    after: Terms
    differences: Differences


@dataclass(frozen=True, slots=True)
class Judgement:
    """A plan drawn up by hand: every `violations`; `objective` of what of it can stand, `best` of a plan that was found
    and the `bound` of all: what lies between is left on the table.
    """

    violations: tuple[Violation, ...]
    objective: float
    best: float
    bound: float

    @property
    def left(self) -> float:
        """Points left on the table, as far as a better plan was found."""
        return max(0.0, self.best - self.objective)


def terms(dispatch: Dispatch, plan: Iterable[Assignment]) -> Terms:
    """The terms of a plan."""
    of = account(dispatch, plan)
    visits = of.visits.values()
    return Terms(
        served=len(visits),
        priority=sum(each.priority for each in visits),
        continuity=sum(each.continuity for each in visits),
        travel=sum(each.travel for each in visits),
        load=-sum(of.loads.values()),
        owed=sum(of.owed.values()),
    )


def compare(dispatch: Dispatch, before: Iterable[Assignment], after: Iterable[Assignment]) -> Comparison:
    """Two drafts of one dispatch."""
    old, new = tuple(before), tuple(after)
    return Comparison(terms(dispatch, old), terms(dispatch, new), differences(old, new))


def sensitivity(
    dispatch: Dispatch, plan: Iterable[Assignment], worth: Worth, limits: Limits | None = None
) -> Comparison:
    """What other parameters of the objective would do to a plan: both counted with those that the dispatch has."""
    before = tuple(plan)
    after = solve(lay_out(replace(dispatch, worth=worth)), limits or Limits(rounds=40, steps=160), start=before)
    return compare(dispatch, before, after.assignments)


def judge(dispatch: Dispatch, plan: Iterable[Assignment], limits: Limits | None = None) -> Judgement:
    """A plan drawn up by hand, and the best that was found beside it."""
    drawn_up = tuple(plan)
    stands = standing(dispatch, drawn_up, {})
    last = solve(lay_out(dispatch), limits or Limits(rounds=40, steps=160), start=stands).last
    found = tuple(violations(dispatch, drawn_up))
    return Judgement(found, account(dispatch, stands).total, last.objective, last.bound)


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
