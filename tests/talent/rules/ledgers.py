"""Ledgers and terms at random, lawful and unlawful, for the properties of the clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from services.reference.clock import SHANGHAI
from services.talent.rules.ledger import Entry, EntryKind, Suspension, SuspensionKind
from services.talent.rules.limits import Basis, Extension, Limit, Span, Unit
from services.talent.rules.reading import Terms

FIRST = date(2025, 1, 6)
KINDS = (SuspensionKind.EXPERT, SuspensionKind.EXTERNAL, SuspensionKind.FORCE)  # APPLICANT and WINDOW are kept free
SPANS = st.builds(Span, st.integers(1, 12), st.sampled_from((Unit.WORKING_DAYS, Unit.DAYS)))


def at(day: date, minute: int = 12 * 60) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), SHANGHAI)


@st.composite
def terms(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit), *, stops: bool = True) -> Terms:
    unit = draw(st.sampled_from(units))
    n = draw(st.integers(1, 4 if unit is Unit.MONTHS else 30))
    extension = Extension(draw(st.integers(1, 10)), "规则") if draw(st.booleans()) else None
    promise = draw(st.integers(1, n)) if draw(st.booleans()) else None
    allowed = [SuspensionKind.APPLICANT, SuspensionKind.WINDOW]
    allowed += draw(st.lists(st.sampled_from(KINDS), unique=True)) if stops else []
    return Terms(
        limit=Limit(n, unit, draw(st.sampled_from((Basis.LAW, Basis.POLICY, Basis.SAMPLE))), "规则", extension),
        promise=promise,
        checks=draw(st.booleans()),
        suspensions=tuple(Suspension(kind, "规则", draw(st.none() | SPANS)) for kind in allowed),
    )


@st.composite
def entry(draw: st.DrawFn, number: int, kinds: tuple[EntryKind, ...]) -> Entry:
    kind = draw(st.sampled_from(kinds))
    when = at(FIRST + timedelta(days=draw(st.integers(0, 90))), draw(st.integers(0, 24 * 60 - 1)))
    stops = kind in (EntryKind.SUSPENDED, EntryKind.RESUMED)
    return Entry(
        number=number,
        kind=kind,
        at=when,
        suspension=draw(st.sampled_from(KINDS)) if stops else None,
        basis=draw(st.sampled_from(("", "依据", "依据", "依据"))),
        notice=draw(st.sampled_from(("", "告知书", "告知书", "告知书"))),
        approver=draw(st.sampled_from(("", "负责人", "负责人", "负责人"))),
        maximum=draw(st.none() | SPANS) if kind is EntryKind.SUSPENDED else None,
        items=tuple(sorted(draw(st.sets(st.sampled_from("abc"))))),
        n=draw(st.none() | st.integers(1, 12)) if kind is EntryKind.EXTENDED else None,
        target=draw(st.none() | st.integers(1, 12)) if kind is EntryKind.CORRECTED else None,
    )


@st.composite
def ledger(draw: st.DrawFn, *, corrected: bool = True, finished: bool = True) -> list[Entry]:
    """A receipt, more often than not, and up to eleven other entries on 90 days, no two of one instant."""
    left_out = [EntryKind.CORRECTED] * (not corrected) + [EntryKind.FINISHED] * (not finished)
    kinds = tuple(kind for kind in EntryKind if kind not in left_out)
    first = Entry(1, EntryKind.RECEIVED, at(FIRST + timedelta(days=draw(st.integers(0, 20)))))
    count = draw(st.integers(0, 11))
    rest = [draw(entry(number, kinds)) for number in range(2, count + 2)]
    found = [first, *rest] if draw(st.integers(0, 9)) else rest
    return list({each.at: each for each in found}.values())
