"""Which service agreements stand when: read for many commissioners at once, decided by the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from services.placement import queries
from services.placement.rules import service_agreements as rules
from services.placement.rules.registering import Span
from services.placement.rules.states import AGREED, WAS_FILED
from services.placement.tables import ServiceAgreementRow
from services.platform.boundary import Call
from services.reference.parameters import Pack


def _wanted(*terms: ColumnElement[bool]) -> Select[str, str, str, str, date, date, int]:
    """Agreements without their texts, in order of number."""
    row = ServiceAgreementRow
    seen = (row.id, row.commissioner_id, row.host_credit_code, row.division, row.valid_from, row.last_day)
    return select(*seen, row.min_days_a_year).where(*terms).order_by(row.id)


def _agreement(row: Any) -> rules.Agreement:
    """An agreement as the rules see it, of a row or of what `_wanted` selects."""
    return rules.Agreement(
        name=f"serviceAgreements/{row.id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        host=row.host_credit_code,
        division=row.division,
        first=row.valid_from,
        last=row.last_day,
        days=row.min_days_a_year,
    )


def in_force_between(first: date, last: date) -> ColumnElement[bool]:
    """The agreements that are in force on some day from `first` to `last`."""
    return and_(
        ServiceAgreementRow.state.in_(WAS_FILED),
        ServiceAgreementRow.valid_from <= last,
        ServiceAgreementRow.last_day >= first,
    )


def standing(
    session: Session, commissioners: Collection[str], first: date, last: date
) -> Mapping[str, list[rules.Agreement]]:
    """The agreements that are in force from `first` to `last`, by name of their commissioner, whoever may see them.

    One statement. `rules.in_force` says which of them hold for a host on a day.
    """
    ids = [name.partition("/")[2] for name in commissioners]
    wanted = _wanted(ServiceAgreementRow.commissioner_id.in_(ids), in_force_between(first, last))
    found: dict[str, list[rules.Agreement]] = {name: [] for name in commissioners}
    for row in session.execute(wanted):
        found[f"commissioners/{row.commissioner_id}"].append(_agreement(row))
    return found


def in_force_days(
    session: Session, commissioners: Collection[str], host: str, division: str, first: date, last: date
) -> Mapping[str, list[Span]]:
    """The days from `first` to `last` on which each commissioner may serve a host (credit code) of a division.

    A host of "" asks for frameworks alone: days on which any host of the division may be served. One statement for all;
    `rules.days_in` makes day numbers of a plan (`Commissioner.in_force`) from the spans.
    """
    return {
        name: rules.spans_in_force(agreements, host, division, first, last)
        for name, agreements in standing(session, commissioners, first, last).items()
    }


def overlaps(
    session: Session, call: Call, pack: Pack, rows: Sequence[ServiceAgreementRow]
) -> Mapping[str, tuple[str, ...]]:
    """The full agreements that overlap with each live one of `rows`, by its id, as far as the caller may see them."""
    live = [row for row in rows if row.state in AGREED]
    if not live:
        return {}
    reach = queries.within_reach(call, ServiceAgreementRow, "placement.agreement.read")
    ids = {row.commissioner_id for row in live}
    others: dict[str, list[rules.Agreement]] = defaultdict(list)
    wanted = _wanted(ServiceAgreementRow.commissioner_id.in_(ids), ServiceAgreementRow.state.in_(AGREED), reach)
    for other in session.execute(wanted):
        others[other.commissioner_id].append(_agreement(other))
    found = {}
    for row in live:
        least = rules.counting(pack, row.partner_division or row.division, row.valid_from).least
        found[row.id] = rules.overlapping(_agreement(row), others[row.commissioner_id], least)
    return found
