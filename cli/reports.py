"""The fill report over all orders; the only user of pandas, imported by the one command that wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liancai.training.v1 import orders_pb2 as pb

from cli.grammar import Mistake
from cli.show import text
from cli.texts import t

GROUPS = {
    "occupation": "occupation_name",
    "enterprise": "enterprise_name",
    "division": "division",
    "state": "state",
}
SEATS = ["headcount", "open", "committed", "enrolled", "hired", "lost"]


def check(by: str) -> None:
    """Mistake when there is no such grouping; before anything is asked of the server."""
    if by not in GROUPS:
        raise Mistake(t("usage.by", word=by, known=", ".join(GROUPS)))


def fill(orders: Sequence[pb.Order], ledgers: Sequence[pb.OrderLedger], by: str) -> list[dict[str, Any]]:
    """One line a group and one for all: orders, seats by where they are, shares filled and hired in percent.

    A seat is filled when a trainee holds it or was hired from it.
    """
    import pandas as pd

    frame = pd.DataFrame(
        [
            {by: text(order, GROUPS[by]), "orders": 1} | {name: getattr(ledger, name) for name in SEATS}
            for order, ledger in zip(orders, ledgers, strict=True)
        ],
        columns=[by, "orders", *SEATS],
    )
    if frame.empty:
        return []
    groups = frame.groupby(by, sort=True).sum().sort_values("headcount", ascending=False, kind="stable").reset_index()
    groups.loc[len(groups)] = {by: t("report.total")} | frame.drop(columns=by).sum().to_dict()
    seats = groups["headcount"].where(groups["headcount"] > 0)
    groups["fill_rate"] = ((groups["enrolled"] + groups["hired"]) * 100 / seats).round(1).fillna(0.0)
    groups["hire_rate"] = (groups["hired"] * 100 / seats).round(1).fillna(0.0)
    lines: list[dict[str, Any]] = groups.to_dict(orient="records")
    return lines
