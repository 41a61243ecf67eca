"""For every condition that only an import can tell: an import that has it, and one that nearly does.

A case answers every code that the import spoke in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from liancai.training.v1 import quotas_pb2
from liancai.training.v1 import rosters_pb2 as pb

from tests.office import Office, request_id, somebody
from tests.training.roster_desk import Header, bring, rows_of

FEN = 120_000
_years = itertools.count(2027)  # a budget of its own for every case

Said = set[str]
Case = Callable[[Office], Said]


def _held(office: Office, capacity: int = 10) -> str:
    return office.open_class(office.contracted().name, capacity=capacity).name


def _people(count: int) -> list[pb.RosterRow]:
    return rows_of([somebody() for _ in range(count)])


def _spoilt(count: int, spoilt: int) -> list[pb.RosterRow]:
    rows = _people(count)
    for row in rows[:spoilt]:
        row.phone = "1"
    return rows


def _plain(office: Office) -> Said:
    return bring(office, _held(office), _people(3)).said


def _twice(office: Office) -> Said:
    held, rows = _held(office), _people(3)
    bring(office, held, rows)
    return bring(office, held, rows).said


def _another_file(office: Office) -> Said:
    held = _held(office)
    bring(office, held, _people(2))
    return bring(office, held, _people(2)).said


def _threshold(count: int, spoilt: int, percent: int) -> Case:
    return lambda office: (
        bring(office, _held(office), _spoilt(count, spoilt), Header.THRESHOLD, threshold_percent=percent).said
    )


def _sharing(accept: dict[str, str]) -> Case:
    def case(office: Office) -> Said:
        rows = _people(3)
        rows[1].phone = rows[0].phone
        return bring(office, _held(office), rows, accept=accept).said

    return case


def _budget(seats: int) -> Case:
    """Three people for a class whose budget pays for so many."""

    def case(office: Office) -> Said:
        year = next(_years)
        office.quotas.SetQuota(
            quotas_pb2.SetQuotaRequest(
                kind=quotas_pb2.DIVISION_BUDGET, division="371526", year=year, fund=quotas_pb2.EMPLOYMENT_SUBSIDY,
                granted=seats * FEN, source="样例文号", request_id=request_id(),
            )
        )  # fmt: skip
        order = office.contracted(start_date=f"{year}-06-01").name
        held = office.paid_class(order, start_date=f"{year}-03-01", end_date=f"{year}-03-31", subsidy_fen=FEN).name
        return bring(office, held, [proven(row, place) for place, row in enumerate(_people(3))]).said

    return case


def proven(row: pb.RosterRow, place: int) -> pb.RosterRow:
    """The row of somebody whose category is proven."""
    row.category, row.proof_kind = "登记失业人员", "就业创业证"
    row.proof_number = row.employment_card = f"37152600180{place:05}"
    return row


OUTCOMES: dict[str, tuple[Case, Case]] = {
    "TR-FILE-SEEN": (_twice, _another_file),
    "TR-FILE-THRESHOLD": (_threshold(10, 2, 19), _threshold(10, 2, 20)),
    "TR-FILE-OVER-CAPACITY": (
        lambda office: bring(office, _held(office, 2), _people(3)).said,
        lambda office: bring(office, _held(office, 3), _people(3)).said,
    ),
    "TR-ALREADY-IN-CLASS": (_twice, _another_file),
    "TR-WAITLISTED": (lambda office: bring(office, _held(office, 2), _people(3)).said, _plain),
    "TR-NEEDS-REASON": (_sharing({}), _sharing({"TR-PHONE-SHARED": "夫妻共用"})),
    "TR-NO-QUOTA": (_budget(2), _budget(3)),
}
