"""A version of the catalogue tried out: a plan by it, and what it would have made of cases that were opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from liancai.talent.v1 import catalogue_pb2 as pb
from liancai.talent.v1 import clock_pb2
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.fields import read_division
from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.reference.clock import day_of
from services.reference.workdays import CalendarNotPublished, published
from services.talent.casework import clocks
from services.talent.casework.editions import Editions
from services.talent.queries import within_reach
from services.talent.rules.catalogue import Catalogue
from services.talent.rules.limits import Span, Unit
from services.talent.rules.simulation import Plan, Setting, simulate
from services.talent.tables import CaseRow, MatterRow

MOST_CASES = 10_000
LONGEST_SPAN = 366  # days
LONGEST_REMINDER = 366  # working days


def rehearse(
    session: Session,
    editions: Editions,
    edition: Catalogue,
    call: Call,
    request: pb.SimulateCatalogueRequest,
    today: date,
) -> pb.SimulateCatalogueResponse:
    """The plan that is asked for, if a day to begin is given; the cases of a span, if one is given."""
    reading = Reading()
    own = editions.pack.find("clock.reminder", call.caller.division, today)
    days = request.reminder or (own.integer() if own else None) or 0
    reminder = Span(reading.number("reminder", days, 1, LONGEST_REMINDER), Unit.WORKING_DAYS)
    answer = pb.SimulateCatalogueResponse()
    if not (request.start_date or request.open_from):
        reading.wrong("start_date", "FIELD_EITHER", other="open_from")
    begins = ends = start = date.min
    if request.open_from:
        begins, ends = reading.day("open_from", request.open_from), reading.day("open_to", request.open_to)
        if not reading.violations and not 0 <= (ends - begins).days <= LONGEST_SPAN:
            reading.wrong("open_to", "FIELD_SPAN", most=LONGEST_SPAN)
    matters = list(request.matters) or [matter.key for matter in edition.matters if not matter.optional]
    if request.start_date:
        start = reading.day("start_date", request.start_date)
        read_division(reading, "origin", request.origin, required=True)
        read_division(reading, "destination", request.destination, required=True)
        known = {matter.key for matter in edition.matters}
        for place, key in enumerate(matters):
            if key not in known:
                reading.wrong(f"matters[{place}]", "FIELD_CHOICE", allowed=", ".join(sorted(known)))
    reading.done()
    if request.start_date:
        plan = _plan(edition, matters, request.origin, request.destination, start, reminder)
        answer.plan.CopyFrom(_message(call, edition, plan))
    if request.open_from:
        _compare(session, editions, edition, call, (begins, ends), reminder, answer)
    return answer


def _plan(
    edition: Catalogue, matters: Sequence[str], origin: str, destination: str, start: date, reminder: Span
) -> Plan:
    try:
        return simulate(edition, matters, start, Setting(origin, destination, published(), reminder))
    except CalendarNotPublished as fault:
        raise Refused(fault.code, year=fault.year) from None


def _message(call: Call, edition: Catalogue, plan: Plan) -> pb.SimulateCatalogueResponse.Plan:
    return pb.SimulateCatalogueResponse.Plan(
        steps=[
            pb.SimulateCatalogueResponse.Plan.Line(
                matter=each.matter,
                step=each.step,
                title=getattr(edition.matter(each.matter).step(each.step).title, call.language),
                side=clock_pb2.Side.Value(each.side),
                bureau=each.bureau or "",
                begin_date=each.begins.isoformat(),
                end_date=each.ends.isoformat(),
                statutory_date=each.statutory.isoformat() if each.statutory else "",
                critical=f"{each.matter}.{each.step}" in plan.critical,
                remarks=[call.say(f"GIVEN_{given}") for given in each.given]
                + [clocks.assumption(call, taken) for taken in each.assumes],
            )
            for each in plan.steps
        ],
        not_required=plan.not_required,
        end_date=plan.last.isoformat(),
    )


def _compare(
    session: Session, editions: Editions, edition: Catalogue, call: Call, span: tuple[date, date], reminder: Span,
    answer: pb.SimulateCatalogueResponse,
) -> None:  # fmt: skip
    """Plans every case of a span by its own version and by this one."""
    # a receipt says the day, in the same place for every pair of divisions
    day = CaseRow.day
    wanted = (
        select(CaseRow.id, CaseRow.origin, CaseRow.destination, CaseRow.catalogue_id, CaseRow.open_time)
        .where(within_reach(call, "talent.case.read"), day.between(*span))
        .order_by(day.desc(), CaseRow.id.desc())
        .limit(MOST_CASES + 1)
    )
    cases = session.execute(wanted).all()
    answer.cut = len(cases) > MOST_CASES
    cases = cases[:MOST_CASES]
    answer.cases = len(cases)
    chosen: dict[str, list[str]] = {}
    for number, kind in session.execute(
        select(MatterRow.case_id, MatterRow.type)
        .where(MatterRow.case_id.in_([case.id for case in cases]))
        .order_by(MatterRow.case_id, MatterRow.position)
    ):
        chosen.setdefault(number, []).append(kind)
    known = {matter.key for matter in edition.matters}
    counts: dict[str, Counter[str]] = {}
    plans: dict[tuple[object, ...], Plan] = {}

    def planned(by: Catalogue, keys: tuple[str, ...], case: object, began: date) -> Plan:
        origin, destination = getattr(case, "origin"), getattr(case, "destination")  # noqa: B009
        question = (by.fingerprint, keys, origin, destination, began)
        if question not in plans:
            plans[question] = _plan(by, keys, origin, destination, began, reminder)
        return plans[question]

    for case in cases:
        keys, began = tuple(dict.fromkeys(chosen.get(case.id, []))), day_of(case.open_time)
        was = planned(editions.of(session, case.catalogue_id), keys, case, began)
        becomes = planned(edition, tuple(key for key in keys if key in known), case, began)
        for key in keys:
            counts.setdefault(key, Counter())[_verdict(key, was, becomes, known)] += 1
    for key in sorted(counts):
        answer.lines.add(matter=key, matters=counts[key].total(), **counts[key])


def _verdict(key: str, was: Plan, becomes: Plan, known: set[str]) -> str:
    """What becomes of one matter of one case."""
    if key not in known:
        return "unknown"
    before, after = was.ends.get(key), becomes.ends.get(key)
    if before is None or after is None:
        return "same" if before == after else "required_otherwise"
    return "same" if before == after else "earlier" if after < before else "later"
