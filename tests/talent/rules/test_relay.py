from __future__ import annotations

from datetime import date

import pytest

from services.reference import workdays
from services.talent import catalogue as folder
from services.talent.rules.ledger import Entry, EntryKind, SuspensionKind
from services.talent.rules.limits import Limit
from services.talent.rules.relay import Holder, Leg, Relay, Share, relay
from services.talent.rules.states import Side
from tests.talent.rules.ledgers import at

PENSION = folder.shipped().matter("pension")
K = EntryKind
DAY = date.fromisoformat
REVIEW = [(K.RECEIVED, "2026-03-02"), (K.ACCEPTED, "2026-03-03"), (K.FINISHED, "2026-03-16")]
OUT = [(K.RECEIVED, "2026-03-18"), (K.FINISHED, "2026-04-01")]
IN = [(K.RECEIVED, "2026-04-08")]


def legs(**ledgers: list[tuple[EntryKind, str]]) -> list[Leg]:
    found = []
    for key in ("review", "out", "in"):
        step = PENSION.step(key)
        ledger = tuple(Entry(n, kind, at(DAY(day))) for n, (kind, day) in enumerate(ledgers.get(key, []), start=1))
        found.append(Leg(key, step.side, step.bureau, step.terms("371526"), ledger))
    return found


def on(
    day: str, total: Limit | None = PENSION.total, promise: int | None = None, **ledgers: list[tuple[EntryKind, str]]
) -> Relay:
    return relay(legs(**ledgers), total, promise, workdays.published(), DAY(day))


def test_who_holds_the_clock_day_by_day() -> None:
    ledgers = {"review": REVIEW, "out": OUT, "in": IN}
    assert on("2026-03-01", **ledgers).holders == ()
    assert on("2026-03-10", **ledgers).holders == (Holder("review", Side.DESTINATION, "sic"),)
    assert on("2026-03-17", **ledgers).holders == ()
    assert on("2026-03-18", **ledgers).holders == (Holder("out", Side.ORIGIN, "sic"),)
    assert on("2026-05-01", **ledgers).holders == (Holder("in", Side.DESTINATION, "sic"),)


def test_the_applicant_holds_what_he_has_to_supply() -> None:
    incomplete = relay(
        [Leg("review", Side.DESTINATION, "sic", PENSION.step("review").terms("371526"), gaps())],
        PENSION.total,
        None,
        workdays.published(),
        DAY("2026-03-20"),
    )
    assert incomplete.holders == (Holder("review", Side.APPLICANT, None),)
    assert (incomplete.started, incomplete.used, incomplete.shares) == (None, 0, ())


def gaps() -> tuple[Entry, ...]:
    return (
        Entry(1, K.RECEIVED, at(DAY("2026-03-02"))),
        Entry(2, K.GAPS, at(DAY("2026-03-04")), items=("转移申请",)),
    )


def test_what_each_bureau_has_used() -> None:
    """Review 03-03 to 03-16: 9 working days. Out 03-18 to 04-01: 10. In since 04-08: 04-09 and 04-10."""
    found = on("2026-04-10", review=REVIEW, out=OUT, **{"in": IN})
    assert found.shares == (Share(Side.DESTINATION, "sic", 11), Share(Side.ORIGIN, "sic", 10))
    assert [leg.used for leg in found.legs] == [9, 10, 2]


def test_days_nobody_holds_count_from_end_to_end_and_in_no_leg() -> None:
    """03-17, 03-18 before the letter is received, 04-02, 04-03, 04-07 and 04-08 before the money is: six."""
    found = on("2026-04-10", review=REVIEW, out=OUT, **{"in": IN})
    assert found.between == 6
    assert found.used == sum(share.working_days for share in found.shares) + found.between
    assert found.started == DAY("2026-03-03")


def test_the_limit_end_to_end_is_apart_from_each_leg() -> None:
    """45 working days from 03-03: 20 by 03-31, 41 by 04-30, then 05-06 to 05-09, a make-up Saturday."""
    found = on("2026-04-10", review=REVIEW, out=OUT, promise=30, **{"in": IN})
    assert found.statutory.day == DAY("2026-05-09")
    assert found.promised.day == workdays.published().add(DAY("2026-03-03"), 30)
    assert found.legs[2].deadline.statutory.day == DAY("2026-04-29")


def test_a_lawful_suspension_of_a_leg_stops_the_whole() -> None:
    force = Entry(11, K.SUSPENDED, at(DAY("2026-03-23")), SuspensionKind.FORCE, "停电", approver="负责人")
    resumed = Entry(12, K.RESUMED, at(DAY("2026-03-25")), SuspensionKind.FORCE)
    running = legs(review=REVIEW, out=OUT)
    running[1] = Leg("out", Side.ORIGIN, "sic", running[1].terms, (*running[1].entries, force, resumed))
    stopped = relay(running, PENSION.total, None, workdays.published(), DAY("2026-04-01"))
    free = on("2026-04-01", review=REVIEW, out=OUT)
    assert stopped.used == free.used - 2
    assert stopped.statutory.day == workdays.published().add(DAY("2026-05-09"), 2)


def test_a_relay_that_is_over_stands_still() -> None:
    ledgers = {"review": REVIEW, "out": OUT, "in": [*IN, (K.FINISHED, "2026-04-20")]}
    assert on("2026-04-20", **ledgers).used == on("2026-06-30", **ledgers).used


@pytest.mark.parametrize("total", [None, PENSION.step("check").limit])
def test_a_matter_without_a_limit_of_law_has_no_statutory_date(total: Limit | None) -> None:
    assert on("2026-04-10", total, review=REVIEW).statutory.day is None
