"""The limits a seat is taken from beside its class and its order: an institution's heads a year, a division's budget.

A limit is a row of `quotas`; one that nobody has set does not bind. Rows are locked after classes and before people, in
the order of their ids, and move only under their condition: the second guard behind the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from sqlalchemy import Connection, Table, bindparam, or_, select, update

from services.platform.bulk import BulkInsert
from services.platform.prepared import Prepared, any_of
from services.platform.transaction import Conflict, Tx
from services.training.rules.facts import NO_FUND
from services.training.tables import QuotaMovementRow, QuotaRow

HEADS, BUDGET = "INSTITUTION_HEADS", "DIVISION_BUDGET"

_quota = QuotaRow.__table__.c
_quotas = (
    select(_quota.id, _quota.kind, _quota.granted, _quota.taken).where(any_of(_quota.id, "ids")).order_by(_quota.id)
)
QUOTAS, LOCK_QUOTAS = Prepared(_quotas), Prepared(_quotas.with_for_update())
TAKE = Prepared(
    update(QuotaRow)
    .where(
        _quota.id == bindparam("of"),
        or_(bindparam("amount") <= 0, _quota.taken + bindparam("amount") <= _quota.granted),
    )
    .values(taken=_quota.taken + bindparam("amount"))
)
_JOURNAL = BulkInsert(cast(Table, QuotaMovementRow.__table__), ("quota_id", "class_id", "amount", "record_time"))


class Subsidised(Protocol):
    """What says which limits hold for a class; the year is that of its first day."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def fund(self) -> str: ...  # noqa: D102
    @property
    def institution_credit_code(self) -> str: ...  # noqa: D102
    @property
    def division(self) -> str: ...  # noqa: D102
    @property
    def year(self) -> int: ...  # noqa: D102
    @property
    def subsidy_fen(self) -> int: ...  # noqa: D102


class Share(NamedTuple):
    """What one seat of a class takes of one limit: 1 head, or its subsidy in fen."""

    quota_id: str
    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Binding:
    """The limit that has too little left, and by how much."""

    quota: str
    kind: str
    left: int
    asked: int


@dataclass(slots=True)
class Limit:
    """A limit while seats are decided."""

    id: str
    kind: str
    granted: int
    taken: int

    @property
    def left(self) -> int:
        """What is left: nothing when it was set below what is taken."""
        return max(0, self.granted - self.taken)


Limits = dict[str, Limit]


def heads_id(credit_code: str, year: int) -> str:
    """The id of an institution's yearly limit."""
    return f"heads-{credit_code}-{year}"


def budget_id(division: str, year: int, fund: str) -> str:
    """The id of a division's budget from one fund."""
    return f"budget-{division}-{year}-{fund.lower().replace('_', '-')}"


def shares(held: Subsidised) -> tuple[Share, ...]:
    """What one seat of this class takes, and of which limits; nothing where no public money is spent."""
    if held.fund == NO_FUND:
        return ()
    year = held.year
    found = [Share(heads_id(held.institution_credit_code, year), HEADS, 1)]
    if held.subsidy_fen:
        found.append(Share(budget_id(held.division, year, held.fund), BUDGET, held.subsidy_fen))
    return tuple(found)


def read(connection: Connection, classes: Iterable[Subsidised], *, lock: bool) -> Limits:
    """The limits that are set for these classes, by id."""
    ids = sorted({share.quota_id for held in classes for share in shares(held)})
    if not ids:
        return {}
    rows = (LOCK_QUOTAS if lock else QUOTAS).rows(connection, {"ids": ids})
    return {row[0]: Limit(*row) for row in rows}


def seats_left(limits: Limits, taken_from: Iterable[Share], at_most: int) -> int:
    """How many seats of a class of these shares the limits allow, `at_most` when none of them binds."""
    for share in taken_from:
        limit = limits.get(share.quota_id)
        if limit is not None:
            at_most = min(at_most, limit.left // share.amount)
    return at_most


def binding(limits: Limits, taken_from: Iterable[Share], seats: int) -> Binding | None:
    """The first limit that has too little left for so many seats of a class of these shares."""
    for share in taken_from:
        limit = limits.get(share.quota_id)
        if limit is not None and limit.granted - limit.taken < share.amount * seats:
            return Binding(f"quotas/{limit.id}", limit.kind, limit.left, share.amount * seats)
    return None


def reserve(limits: Limits, taken_from: Iterable[Share], seats: int) -> None:
    """Counts seats in while a list is decided; `move` writes them."""
    for share in taken_from:
        if share.quota_id in limits:
            limits[share.quota_id].taken += share.amount * seats


def move(tx: Tx, held: Subsidised, seats: int, limits: Iterable[str] | None = None) -> None:
    """Takes `seats` of every limit that is set, or gives them back when negative. Conflict if one has not so much left.

    `limits` names those that are known to be set; without it they are asked for.
    """
    if seats == 0 or held.fund == NO_FUND:
        return
    known = set(read(tx.connection, [held], lock=True) if limits is None else limits)
    for share in sorted(shares(held)):
        if share.quota_id in known:
            take(tx, held.id, share.quota_id, share.amount * seats)


def shift(tx: Tx, source: Subsidised, given: int, target: Subsidised, wanted: int) -> Binding | None:
    """Takes seats for one class that another gives back: of a limit of both only the difference must be left.

    Answers with the limit that has too little left, if one has; then nothing has moved.
    """
    limits = read(tx.connection, [source, target], lock=True)
    lines = [(source.id, share, -given) for share in shares(source)]
    lines += [(target.id, share, wanted) for share in shares(target)]
    amounts: Counter[str] = Counter()
    for _, share, seats in lines:
        amounts[share.quota_id] += share.amount * seats
    for limit in limits.values():
        if amounts[limit.id] > limit.left:
            return Binding(f"quotas/{limit.id}", limit.kind, limit.left, amounts[limit.id])
    for quota_id in sorted(limits):
        if TAKE.run(tx.connection, {"of": quota_id, "amount": amounts[quota_id]}) != 1:
            raise Conflict
    for class_id, share, seats in lines:
        if seats and share.quota_id in limits:
            note(tx, class_id, share.quota_id, share.amount * seats)
    return None


def take(tx: Tx, class_id: str, quota_id: str, amount: int) -> None:
    """Moves one limit, with its line in the journal."""
    if TAKE.run(tx.connection, {"of": quota_id, "amount": amount}) != 1:
        raise Conflict
    note(tx, class_id, quota_id, amount)


def note(tx: Tx, class_id: str, quota_id: str, amount: int) -> None:
    """Writes the journal alone, for what a limit is set with."""
    tx.add(_JOURNAL, (quota_id, class_id, amount, tx.now))
