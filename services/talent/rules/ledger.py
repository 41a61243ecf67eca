"""The ledger of a clock: what happened, entry by entry, and what of it has effect.

Entries are only ever added. Their order in a list means nothing: they are read in the order of what happened (`at`), so
that an entry made late (补录) reads as if it had been made in time. A correction voids an entry; the entry that takes
its place is simply another one. An entry that breaks a rule does nothing: it is named with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.reference.clock import day_of
from services.talent.rules.limits import Span


class EntryKind(StrEnum):
    """What an entry records, in the order in which two of the same instant are read."""

    RECEIVED = "RECEIVED"  # 收件; for a step that begins with an event, the event
    GAPS = "GAPS"  # 一次性告知: everything that is missing
    SUPPLIED = "SUPPLIED"  # 补正
    ACCEPTED = "ACCEPTED"  # 受理
    SUSPENDED = "SUSPENDED"  # 中止计时
    RESUMED = "RESUMED"
    EXTENDED = "EXTENDED"  # 延长
    FINISHED = "FINISHED"  # 办结
    CORRECTED = "CORRECTED"  # 更正: voids the entry `target`


class SuspensionKind(StrEnum):
    """Why time is not counted."""

    SUPPLEMENT = "SUPPLEMENT"  # 补正: only before acceptance, by GAPS and SUPPLIED
    WINDOW = "WINDOW"  # 等待招生等窗口期
    EXTERNAL = "EXTERNAL"  # 等待其他机关, only where a rule excludes it
    EXPERT = "EXPERT"  # 听证、检验、鉴定、专家评审 (行政许可法第45条)
    APPLICANT = "APPLICANT"  # 申请人书面请求
    FORCE = "FORCE"  # 系统故障、突发事件, approved


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension that a step allows: by whose rule, and for how long at most; None where the rule says nothing."""

    kind: SuspensionKind
    source: str
    maximum: Span | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `number` counts the entries of a ledger as they were added, from 1; `at` is when it happened.

    suspension: of SUSPENDED and RESUMED. basis, notice, maximum: of SUSPENDED: the legal basis, the document that told
    the applicant how long, and how long it said. approver: of EXTENDED, and of SUSPENDED for FORCE. items: of GAPS what
    is missing, of SUPPLIED what came (empty: all). n: of EXTENDED, in the unit of the limit. target: of CORRECTED.
    """

    number: int
    kind: EntryKind
    at: datetime
    suspension: SuspensionKind | None = None
    basis: str = ""
    notice: str = ""
    approver: str = ""
    maximum: Span | None = None
    items: tuple[str, ...] = ()
    n: int | None = None
    target: int | None = None

    @property
    def day(self) -> date:
        """The Asia/Shanghai date on which it happened."""
        return day_of(self.at)


class Reason(StrEnum):
    """Why an entry has no effect. `numbered.RULES` has the rule behind each."""

    NO_TARGET = "NO_TARGET"
    BEFORE_RECEIPT = "BEFORE_RECEIPT"
    AFTER_FINISH = "AFTER_FINISH"
    TWICE = "TWICE"
    NOT_CHECKED = "NOT_CHECKED"  # the step has no check of completeness
    NO_ITEMS = "NO_ITEMS"
    LATE_NOTICE = "LATE_NOTICE"
    NOT_AT_ONCE = "NOT_AT_ONCE"
    AFTER_ACCEPTANCE = "AFTER_ACCEPTANCE"
    NOTHING_ASKED = "NOTHING_ASKED"
    LATE_ACCEPTANCE = "LATE_ACCEPTANCE"
    NOT_ALLOWED = "NOT_ALLOWED"
    NO_BASIS = "NO_BASIS"
    NO_NOTICE = "NO_NOTICE"
    NO_APPROVER = "NO_APPROVER"
    SUSPENDED_ALREADY = "SUSPENDED_ALREADY"
    NOT_SUSPENDED = "NOT_SUSPENDED"
    NOT_EXTENDABLE = "NOT_EXTENDABLE"
    OVER_MAXIMUM = "OVER_MAXIMUM"
    EXTENDED_ALREADY = "EXTENDED_ALREADY"
    LATE_EXTENSION = "LATE_EXTENSION"


@dataclass(frozen=True, slots=True)
class Void:
    """An entry without effect, and why."""

    number: int
    reason: Reason


# what a suspension has to bring beside its legal basis
WANTS_NOTICE = frozenset(
    {SuspensionKind.WINDOW, SuspensionKind.EXTERNAL, SuspensionKind.EXPERT, SuspensionKind.APPLICANT}
)
WANTS_APPROVER = frozenset({SuspensionKind.FORCE})

RANK: Mapping[str, int] = {kind: rank for rank, kind in enumerate(EntryKind)}


def in_effect(entries: Iterable[Entry]) -> tuple[list[Entry], list[Void]]:
    """The entries that no correction voids, in the order of what happened, and the corrections that correct nothing.

    A correction may void a correction; then what that had voided stands again.
    """
    ledger = {entry.number: entry for entry in entries}
    gone: set[int] = set()
    void = []
    for number in sorted(ledger, reverse=True):
        entry = ledger[number]
        if entry.kind is not EntryKind.CORRECTED or number in gone:
            continue
        if entry.target is None or entry.target not in ledger or entry.target >= number:
            void.append(Void(number, Reason.NO_TARGET))
        else:
            gone.add(entry.target)
    standing = [e for e in ledger.values() if e.number not in gone and e.kind is not EntryKind.CORRECTED]
    return sorted(standing, key=_order), void


def _order(entry: Entry) -> tuple[object, ...]:
    """By what happened and, for two of one instant, by what they say: never by when they were entered."""
    longest = (entry.maximum.unit, entry.maximum.n) if entry.maximum else ("", 0)
    return (entry.at, RANK[entry.kind], entry.suspension or "", longest, entry.items, entry.n or 0, entry.number)
