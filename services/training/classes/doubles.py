"""Who is in both of two classes that become one."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from services.platform.boundary import Call
from services.platform.transaction import Tx
from services.training import queries
from services.training.rules.states import ACTIVE, EnrolmentState
from services.training.tables import ClassRow, EnrolmentRow

BETTER = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.WAITLISTED)  # of two places in open classes


class Both(NamedTuple):
    """The people of two classes that become one: who moves, what they give up in the other, how many were in both."""

    moved: list[EnrolmentRow]
    given_up: Counter[str]
    doubled: int


def one_place_each(tx: Tx, call: Call, source: ClassRow, target: ClassRow, reason: str) -> Both:
    """Whoever is in both keeps the better of their two places, and leaves the other."""
    there = {row.trainee_id: row for row in queries.people_of(tx, target.id, ACTIVE)}
    moved: list[EnrolmentRow] = []
    given_up: Counter[str] = Counter()
    doubled = 0
    for row in queries.people_of(tx, source.id, ACTIVE):
        other = there.get(row.trainee_id)
        if other is None:
            moved.append(row)
            continue
        doubled += 1
        leaving = row
        if BETTER.index(EnrolmentState(row.state)) < BETTER.index(EnrolmentState(other.state)):
            leaving = other
            moved.append(row)
            given_up[other.state] += 1
        detail = {"class": f"classes/{leaving.class_id}", "from": leaving.state}
        leaving.state, leaving.reason, leaving.offer_expire_time = EnrolmentState.WITHDRAWN, reason, None
        tx.record(call, f"enrolments/{leaving.id}", event="enrolment.withdrawn", reason=reason, detail=detail)
    tx.session.flush()
    return Both(moved, given_up, doubled)
