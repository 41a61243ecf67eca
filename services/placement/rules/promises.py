"""Promises, which are published visits: which can still stand, what a plan changes of them, and how much that hurts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.placement.rules.checker import Violation, violations
from services.placement.rules.dispatch import Assignment, Dispatch
from services.reference.parameters import Pack

NEAR_DAYS, NEAR_WEIGHT = "dispatch.promise_near_days", "dispatch.promise_near_weight"
ACCEPTED_WEIGHT = "dispatch.promise_accepted_weight"


@dataclass(frozen=True, slots=True)
class Weights:
    """A promise weighs 1; within `near_days` more, up to `near` more on the day itself; accepted, `accepted` more."""

    near_days: int = 0
    near: float = 0.0
    accepted: float = 0.0

    @classmethod
    def of(cls, pack: Pack, division: str, on: date) -> Weights:
        """Those of a division on a day; what nobody knows weighs nothing."""

        def number(key: str) -> float:
            parameter = pack.find(key, division, on)
            value = parameter.decimal() if parameter is not None else None
            return 0.0 if value is None else float(value)

        return cls(int(number(NEAR_DAYS)), number(NEAR_WEIGHT), number(ACCEPTED_WEIGHT))

    def weight(self, first_day: date, today: date, *, accepted: bool) -> float:
        """What a promise weighs whose first day, the way included, is `first_day`."""
        left = max(0, (first_day - today).days)
        nearness = max(0.0, 1 - left / self.near_days) if self.near_days else 0.0
        return 1.0 + self.near * nearness + (self.accepted if accepted else 0.0)


@dataclass(frozen=True, slots=True)
class Differences:
    """What one plan does otherwise than another, by request."""

    moved: tuple[str, ...]  # to another commissioner
    shifted: tuple[str, ...]  # the same commissioner on other days
    dropped: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def changed(self) -> int:
        """Promises that were not kept as they were."""
        return len(self.moved) + len(self.shifted) + len(self.dropped)


def differences(before: Iterable[Assignment], after: Iterable[Assignment]) -> Differences:
    """Compares two plans."""
    old = {each.request: each for each in before}
    new = {each.request: each for each in after}
    both = sorted(old.keys() & new.keys())
    return Differences(
        moved=tuple(name for name in both if old[name].commissioner != new[name].commissioner),
        shifted=tuple(
            name for name in both if old[name] != new[name] and old[name].commissioner == new[name].commissioner
        ),
        dropped=tuple(sorted(old.keys() - new.keys())),
        added=tuple(sorted(new.keys() - old.keys())),
    )


def standing(dispatch: Dispatch, published: Iterable[Assignment], weight: Mapping[str, float]) -> list[Assignment]:
    """What of a plan can still stand; of visits that are in one another's way the heavier stay."""
    left = sorted(published)
    without_pins = replace(dispatch, pins=())
    while found := violations(without_pins, left):
        # those alone at fault go first; then, of those at fault together, the lightest
        alone = [each for each in left if violations(without_pins, [each])]
        out = set(alone) or {min(_at_fault(found[0], left), key=lambda each: (weight.get(each.request, 1.0), each))}
        left = [each for each in left if each not in out]
    pinned = {pin.request: pin for pin in dispatch.pins}
    return [each for each in left if pinned.get(each.request, each) == each]


def _at_fault(violation: Violation, plan: Iterable[Assignment]) -> list[Assignment]:
    """The visits that break a rule together: of one request, in one another's way, or over one limit."""
    if violation.code == "PD-TWICE":
        return [each for each in plan if each.request == violation.request]
    of = [each for each in plan if each.commissioner == violation.commissioner]
    if violation.code in ("PD-ONE-PLACE", "PD-MEMBER"):
        names = {violation.request, *violation.detail["others"].split(", ")}
        return [each for each in (plan if violation.code == "PD-MEMBER" else of) if each.request in names]
    return of
