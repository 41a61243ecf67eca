"""`liancai assignment`, continued: who is where, in the terminal, as a chart and as calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import typer
from liancai.placement.v1 import assignments_pb2 as pb

from cli import export, stays, views, wire
from cli.assignments import app
from cli.export import Force
from cli.grammar import Mistake
from cli.texts import t
from cli.views import FromDay, OnlyCommissioner, OnlyHost, ToDay, View

__all__ = ["app"]  # others add to it


def _found(
    ctx: typer.Context, commissioner: str, host_code: str, from_day: str, to_day: str
) -> tuple[list[stays.Stay], tuple[date, date]]:
    """What stands of the assignments that are asked for, and the days from the first to the last."""
    if from_day and to_day and to_day < from_day:
        raise Mistake(t("usage.span"))
    wanted = pb.ListAssignmentsRequest.Filter(
        commissioner=commissioner, host_credit_code=host_code, from_day=from_day, to_day=to_day
    )
    found = stays.of_assignments(wire.of(ctx), wanted)
    views.some(found)
    return found, _span(found, from_day, to_day)


def _span(found: Sequence[stays.Stay], from_day: str, to_day: str) -> tuple[date, date]:
    days = [day for each in found for day in (*each.days, *each.travel)]
    return (
        date.fromisoformat(from_day) if from_day else min(days),
        date.fromisoformat(to_day) if to_day else max(days),
    )


@app.verb("calendar")
def calendar(
    ctx: typer.Context,
    commissioner: OnlyCommissioner = "",
    host_code: OnlyHost = "",
    from_day: FromDay = "",
    to_day: ToDay = "",
) -> None:
    """Shows who is where: the months of one commissioner, or a line for each."""
    found, span = _found(ctx, commissioner, host_code, from_day, to_day)
    views.tell(wire.of(ctx), found, *span, alone=bool(commissioner))


@app.verb("gantt")
def gantt(
    ctx: typer.Context,
    target: View,
    commissioner: OnlyCommissioner = "",
    host_code: OnlyHost = "",
    from_day: FromDay = "",
    to_day: ToDay = "",
    force: Force = False,
) -> None:
    """Writes a chart."""
    export.check(target, force, views.CHART)
    found, span = _found(ctx, commissioner, host_code, from_day, to_day)
    views.chart(wire.of(ctx), target, force, found, span, t("view.assignments"))


@app.verb("ics")
def ics(
    ctx: typer.Context,
    target: View,
    commissioner: OnlyCommissioner = "",
    host_code: OnlyHost = "",
    from_day: FromDay = "",
    to_day: ToDay = "",
    force: Force = False,
) -> None:
    """Writes a calendar file: of all, of one commissioner or of one host."""
    export.check(target, force, views.CALENDAR)
    found, _ = _found(ctx, commissioner, host_code, from_day, to_day)
    views.events(target, force, found, t("view.assignments"))
