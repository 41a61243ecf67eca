"""Limits (时限): a number, its unit, and who says so. A number nobody knows is None and UNKNOWN, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from services.reference import divisions


class Unit(StrEnum):
    """What a limit counts in."""

    WORKING_DAYS = "WORKING_DAYS"  # 工作日, with make-up days (行政许可法第82条)
    DAYS = "DAYS"  # 日: calendar days; a last day off moves on (民法典第203条)
    MONTHS = "MONTHS"  # 月: the corresponding day, else the month's last (民法典第202条)


class Basis(StrEnum):
    """Who says so."""

    LAW = "LAW"  # read in the law or regulation
    POLICY = "POLICY"  # read in a document of policy
    SAMPLE = "SAMPLE"  # of another locality, or of a replaced text: not binding here
    INTERNAL = "INTERNAL"  # our own service level, no law
    UNKNOWN = "UNKNOWN"  # no number found: ask the bureau


# bases that make a date statutory
BINDING = (Basis.LAW, Basis.POLICY)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `n` at least 1."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Extension:
    """How much a limit may be extended (延长), once, and by whose rule. Counted in the unit of the limit."""

    n: int
    source: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a step or of a matter from end to end. `n` is None exactly when nobody knows it.

    `variants` are numbers for a circumstance that the case decides ('city': 3 for a move into a town of 371526).
    `source` is the document and article; it may be empty only for INTERNAL and UNKNOWN.
    """

    n: int | None
    unit: Unit
    basis: Basis
    source: str = ""
    extension: Extension | None = None
    variants: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def span(self, variant: str = "") -> Span | None:
        """The length in a circumstance, that of no circumstance for an unknown one; None when nobody knows it."""
        n = self.variants.get(variant, self.n)
        return None if n is None else Span(n, self.unit)

    @property
    def binding(self) -> bool:
        """Whether passing it is unlawful (超期), not only late by our own measure."""
        return self.n is not None and self.basis in BINDING


@dataclass(frozen=True, slots=True)
class Promise:
    """What a division promises (承诺时限) within a limit, in its unit. `division` is six digits, or '*': everywhere."""

    division: str
    n: int
    source: str


def promised(promises: tuple[Promise, ...], division: str) -> Promise | None:
    """The promise that holds in a division: the most specific of those that cover it."""
    holding = (p for p in promises if p.division == "*" or divisions.covers(p.division, division))
    return max(holding, key=lambda p: 0 if p.division == "*" else divisions.level(p.division), default=None)
