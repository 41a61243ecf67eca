"""The catalogue of matters (事项目录): one versioned document. `catalogue_file` reads it, `lint` judges it.

A matter is a graph of steps. A step has an owner (side and bureau), a limit with its basis, promises of divisions
within it, documents, suspensions it allows, fields of its result, perhaps outcomes that end the matter or skip steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NoReturn

from services.reference import divisions
from services.reference.parameters import Confidence, Title
from services.talent.rules.ledger import Suspension, SuspensionKind
from services.talent.rules.limits import Limit, Promise, Span, promised
from services.talent.rules.reading import COMPLETENESS, Terms
from services.talent.rules.states import MatterState, Side


class Applicant(StrEnum):
    """Who applies for a matter."""

    PERSON = "PERSON"
    EMPLOYER = "EMPLOYER"
    PERSON_OR_EMPLOYER = "PERSON_OR_EMPLOYER"
    GUARDIAN = "GUARDIAN"  # the matter is for a child, one matter for each


class Pool(StrEnum):
    """How wide the area is inside which nothing has to be transferred (统筹层次)."""

    COUNTY = "COUNTY"
    CITY = "CITY"
    PROVINCE = "PROVINCE"
    NATION = "NATION"


class Scope(StrEnum):
    """How far a case moves, seen from one matter."""

    SAME_POOL = "SAME_POOL"  # 同统筹区
    SAME_PROVINCE = "SAME_PROVINCE"  # 省内跨统筹区
    CROSS_PROVINCE = "CROSS_PROVINCE"  # 跨省


class DocumentRank(StrEnum):
    """What a document is for."""

    IDENTITY = "IDENTITY"
    GUARDIANSHIP = "GUARDIANSHIP"
    MAIN = "MAIN"  # 主要材料
    SECONDARY = "SECONDARY"  # 次要材料


class Needed(StrEnum):
    """When a document has to be there."""

    START = "START"  # for the application to be complete
    FINISH = "FINISH"  # for the step to be completed


class ResultType(StrEnum):
    """What a field of a result holds."""

    TEXT = "TEXT"
    DATE = "DATE"
    INTEGER = "INTEGER"
    FLAG = "FLAG"


# documents that may never be missing (鲁条例28、济南条例28: 容缺受理 is for secondary material)
NEVER_DEFERRED = (DocumentRank.IDENTITY, DocumentRank.GUARDIANSHIP)


@dataclass(frozen=True, slots=True)
class Bureau:
    """A handling bureau: `unit` is the kind of responsible unit (`services.reference.units`) it is part of, if any."""

    key: str
    title: Title
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document a step wants. `deferrable`: whether it may be promised and brought later (容缺); None: not known: no.

    `when` is the circumstance in which it is wanted, None for always.
    """

    key: str
    title: Title
    rank: DocumentRank
    needed: Needed = Needed.START
    deferrable: bool | None = False
    when: Title | None = None
    source: str = ""

    @property
    def may_wait(self) -> bool:
        """Whether the step may go on with a dated promise in its place."""
        return self.deferrable is True and self.rank not in NEVER_DEFERRED


@dataclass(frozen=True, slots=True)
class ResultField:
    """A field that closing a step fills in."""

    key: str
    title: Title
    type: ResultType = ResultType.TEXT
    required: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way a step may end. `ends` is what the matter becomes, None to go on; `skips` are steps not needed then."""

    key: str
    title: Title
    ends: MatterState | None = None
    skips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """What a matter takes in one scope: nothing, or all steps but `skips`."""

    required: bool = True
    skips: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """When a matter may be applied for in a division ('*' everywhere): month and day, both included; None: unknown."""

    division: str
    opens: tuple[int, int] | None
    closes: tuple[int, int] | None
    usual: Title | None
    excludes: Title | None
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Step:
    """A step (环节). `after` are steps of the same matter that come first. `place` is where the document has it.

    `bureau` is None only in a draft. `starts_on` is the event that starts the limit, where it is not the application.
    """

    key: str
    title: Title
    side: Side
    bureau: str | None
    limit: Limit
    after: tuple[str, ...] = ()
    promises: tuple[Promise, ...] = ()
    starts_on: Title | None = None
    documents: tuple[Document, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    result: tuple[ResultField, ...] = ()
    refuse_when: tuple[Title, ...] = ()
    place: str = field(default="", compare=False)

    @property
    def checks(self) -> bool:
        """Whether it begins with a check of completeness: only such a step may ask for what is missing."""
        return any(suspension.kind is SuspensionKind.SUPPLEMENT for suspension in self.suspensions)

    def terms(
        self, division: str, variant: str = "", plan: Span | None = None, completeness: Span = COMPLETENESS
    ) -> Terms:
        """By what its clock runs in a division. `plan` is our own span for a limit that nobody knows."""
        promise = promised(self.promises, division)
        return Terms(
            limit=self.limit,
            variant=variant,
            promise=promise.n if promise else None,
            plan=plan if self.limit.n is None else None,
            checks=self.checks,
            completeness=completeness,
            suspensions=self.suspensions,
        )


@dataclass(frozen=True)
class Matter:
    """A matter type (事项). `after` are matters that come first if the case has them. `total` is the limit end to end.

    `pool` None says that the area is not known: then no move counts as inside one.
    """

    key: str
    title: Title
    applicant: Applicant
    steps: tuple[Step, ...]
    optional: bool = False
    after: tuple[str, ...] = ()
    pool: Pool | None = None
    scopes: Mapping[Scope, Branch] = field(default_factory=dict)
    preconditions: tuple[Title, ...] = ()
    windows: tuple[Window, ...] = ()
    total: Limit | None = None
    promises: tuple[Promise, ...] = ()
    place: str = field(default="", compare=False)

    def step(self, key: str) -> Step:
        """Raises KeyError."""
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> dict[str, Step]:
        return {step.key: step for step in reversed(self.steps)}

    def branch(self, origin: str, destination: str) -> Branch:
        """What the matter takes for a move from one division to another."""
        return self.scopes.get(scope_of(self.pool, origin, destination), Branch())

    def window(self, division: str) -> Window | None:
        """The window of a division: the most specific; None when the matter has none."""
        holding = (w for w in self.windows if w.division == "*" or divisions.covers(w.division, division))
        return max(holding, key=lambda w: 0 if w.division == "*" else divisions.level(w.division), default=None)


@dataclass(frozen=True)
class Catalogue:
    """A document that was read. `fingerprint` names its text: what a case pins beside the version."""

    name: str
    version: str
    title: Title
    bureaus: tuple[Bureau, ...]
    suspensions: tuple[Suspension, ...]
    matters: tuple[Matter, ...]
    fingerprint: str = field(compare=False)

    def matter(self, key: str) -> Matter:
        """Raises KeyError."""
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> dict[str, Matter]:
        return {matter.key: matter for matter in reversed(self.matters)}

    def bureau(self, key: str) -> Bureau:
        """Raises KeyError."""
        return next((bureau for bureau in self.bureaus if bureau.key == key), None) or _missing(key)


def scope_of(pool: Pool | None, origin: str, destination: str) -> Scope:
    """How far a move goes for a matter that is pooled so widely. Divisions have six digits; raises DivisionFault."""
    for division in (origin, destination):
        divisions.level(division)
    shared = {Pool.COUNTY: 6, Pool.CITY: 4, Pool.PROVINCE: 2, Pool.NATION: 0}
    if pool is not None and origin[: shared[pool]] == destination[: shared[pool]]:
        return Scope.SAME_POOL
    return Scope.SAME_PROVINCE if origin[:2] == destination[:2] else Scope.CROSS_PROVINCE


class WindowState(StrEnum):
    """Whether a matter may be applied for on a day."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"  # the division has not said when


def window_on(window: Window | None, day: date) -> tuple[WindowState, date | None]:
    """Whether a window is open on a day and, when it is closed, the next day it opens. No window is always open."""
    if window is None:
        return WindowState.OPEN, None
    if window.opens is None or window.closes is None:
        return WindowState.UNKNOWN, None
    today = (day.month, day.day)
    over_new_year = window.closes < window.opens
    inside = (
        (today >= window.opens or today <= window.closes) if over_new_year else (window.opens <= today <= window.closes)
    )
    if inside:
        return WindowState.OPEN, None
    year = day.year if today < window.opens else day.year + 1
    return WindowState.CLOSED, date(year, *window.opens)


def _missing(key: str) -> NoReturn:
    raise KeyError(key)
