"""What one year of a commissioner shows (年度评价依据): counted from the log, never a grade."""

from __future__ import annotations

from collections import Counter
from datetime import date

from liancai.placement.v1 import evaluations_pb2 as pb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.placement.rules import service_agreements as agreed
from services.placement.rules import serving
from services.placement.rules.registering import Span
from services.placement.rules.service_agreements import Counting, LogDay, Year
from services.placement.rules.serving import Grade
from services.placement.rules.states import VISIT_CONFIRMED, WAS_FILED, AssignmentState, CommissionerState
from services.placement.tables import (
    AssignmentRow,
    CommissionerRow,
    EvaluationRow,
    ServiceAgreementRow,
    SubsidyRow,
    TechnologyTransferRow,
    VisitRow,
)
from services.placement.visits import transfers
from services.reference.parameters import Pack
from services.reference.workdays import published

NUMBERS = (
    *(agreed.DAYS, agreed.WORKING_DAYS, agreed.UNIT, agreed.YEAR, agreed.REMOTE, agreed.REMOTE_MOST),
    *(serving.LATE, serving.UNQUALIFIED_MOST, serving.IDLE_MONTHS),
)


def inputs(session: Session, pack: Pack, row: CommissionerRow, year: int, today: date) -> pb.EvaluationInputs:
    """The year of a commissioner. Raises CalendarNotPublished where working days count and are not published."""
    counting = agreed.counting(pack, row.division, today)
    span = _span(session, counting, row, year)
    visits = session.scalars(
        select(VisitRow).where(VisitRow.commissioner_id == row.id, VisitRow.day.between(*span))
    ).all()
    confirmed = [each for each in visits if each.state in VISIT_CONFIRMED]
    counted = agreed.days_counted(
        [LogDay(each.day, each.state in VISIT_CONFIRMED, each.remote) for each in visits], span, counting, published()
    )
    found = pb.EvaluationInputs(
        commissioner=f"commissioners/{row.id}",
        year=year,
        first_day=span[0].isoformat(),
        last_day=span[1].isoformat(),
        days=len(counted.days),
        remote_days=counted.remote,
        days_least=counting.least,
        days_missing=counted.missing,
        visits=len(confirmed),
        visits_unconfirmed=len(visits) - len(confirmed),
        trainings=sum(each.category == "TRAINING" for each in confirmed),
        beneficiaries=sum(each.beneficiaries for each in confirmed),
        late_entries=sum(each.late for each in visits),
        unconfirmed=serving.unconfirmed(pack, NUMBERS, row.division, today),
        rule_pack=pack.fingerprint,
    )
    _count_assignments(session, row, span, found)
    _count_money(session, row, span, found)
    _suggest(session, pack, row, today, found)
    return found


def _span(session: Session, counting: Counting, row: CommissionerRow, year: int) -> Span:
    """The year: that of the calendar, or the one that begins in it on the day of the first agreement."""
    first = session.scalars(
        select(func.min(ServiceAgreementRow.valid_from)).where(
            ServiceAgreementRow.commissioner_id == row.id, ServiceAgreementRow.state.in_(WAS_FILED)
        )
    ).one()
    if counting.year is Year.NATURAL or first is None or first.year > year:
        return date(year, 1, 1), date(year, 12, 31)
    # of the days of a year that begins on 29 February, each year has the last of February
    day = date(year, 2, 28) if (first.month, first.day) == (2, 29) else first.replace(year=year)
    return agreed.year_of(counting, first, max(first, day))


def _count_assignments(session: Session, row: CommissionerRow, span: Span, found: pb.EvaluationInputs) -> None:
    """What hosts thought, what was declined, and which promises a bureau did not keep."""
    rows = session.execute(
        select(AssignmentRow.state, AssignmentRow.rating, AssignmentRow.disrupted).where(
            AssignmentRow.commissioner_id == row.id, AssignmentRow.first_day.between(*span)
        )
    )
    ratings: Counter[int] = Counter()
    for state, rating, disrupted in rows:
        found.declined += state == AssignmentState.DECLINED
        found.disrupted += disrupted
        if rating:
            ratings[rating] += 1
    for level, count in sorted(ratings.items()):
        found.ratings.add(level=level, count=count)


def _count_money(session: Session, row: CommissionerRow, span: Span, found: pb.EvaluationInputs) -> None:
    """Transfers, each once at its last stage, and subsidies."""
    transfer, subsidy = TechnologyTransferRow, SubsidyRow
    found.transfers, amount = session.execute(
        select(func.count(), func.sum(transfer.amount_fen)).where(
            transfer.commissioner_id == row.id,
            transfer.stage_date.between(*span),
            transfers.current(),
        )
    ).one()
    paid = session.execute(
        select(func.sum(subsidy.amount_fen)).where(subsidy.commissioner_id == row.id, subsidy.pay_date.between(*span))
    ).scalar_one()
    found.transfer_amount_fen, found.subsidy_fen = int(amount or 0), int(paid or 0)


def _suggest(session: Session, pack: Pack, row: CommissionerRow, today: date, found: pb.EvaluationInputs) -> None:
    """Reasons to think of ending the term. Nothing is ended."""
    last = session.execute(
        select(func.max(VisitRow.day)).where(VisitRow.commissioner_id == row.id)
    ).scalar_one_or_none()
    grades = session.scalars(select(EvaluationRow.grade).where(EvaluationRow.commissioner_id == row.id)).all()
    since = row.term_start if row.state == CommissionerState.FILED else None
    given = [Grade(each) for each in grades]
    for reason in serving.suggestions(pack, row.division, today, given, last, since):
        found.suggestions.append(pb.EvaluationInputs.Suggestion.Value(reason))
    found.last_visit_day = last.isoformat() if last else ""
