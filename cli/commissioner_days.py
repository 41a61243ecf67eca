"""`liancai commissioner absences`: the days on which somebody cannot serve, from their own calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.placement.v1 import commissioners_pb2 as pb
from liancai.placement.v1.commissioners_pb2_grpc import CommissionersStub

from cli import calendars, show, wire
from cli.commissioner_lists import app
from cli.commissioners import CommissionerName
from cli.grammar import SHANGHAI, Format, Mistake, Output, RequestId, day, option
from cli.texts import t

__all__ = ["app"]

LONGEST = timedelta(days=3 * 366)  # a term
USUAL = timedelta(days=2 * 365)  # where there is no term
MOST_ABSENCES = 200  # of one commissioner
COLUMNS = ("first_day", "last_day", "calendar_days")


@app.verb("absences")
def absences(
    ctx: typer.Context,
    name: CommissionerName,
    file: Annotated[Path, option("ics", "--ics", metavar="FILE")],
    since: Annotated[str, option("ics_from", "--from", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    until: Annotated[str, option("ics_until", "--until", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    *,
    dry_run: Annotated[bool, option("ics_dry_run", "--dry-run", show_default=False)] = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Adds the busy days of a calendar to the absences; nothing but days is sent."""
    link = wire.of(ctx)
    found = link.ask(CommissionersStub, pb.GetCommissionerRequest(name=name))
    first, last = _horizon(since, until, found.term_end)
    known = [(date.fromisoformat(each.first_day), date.fromisoformat(each.last_day)) for each in found.absences]
    new = calendars.beyond(calendars.busy(file, first, last), known)
    show.rows([_line(*span) for span in new], COLUMNS, output)
    if not new:
        show.note(t("ics.nothing", first=first, last=last))
        return
    whole = calendars.merged([*known, *new])
    if len(whole) > MOST_ABSENCES:
        raise Mistake(t("ics.too_many", count=len(whole), most=MOST_ABSENCES))
    if dry_run:
        show.note(t("ics.dry_run", first=first, last=last))
        return
    spans = [pb.Absence(first_day=f"{begin}", last_day=f"{end}") for begin, end in whole]
    request = pb.SetAvailabilityRequest(
        name=name, etag=found.etag, request_id=request_id, unavailable_weekdays=found.unavailable_weekdays,
        absences=spans,
    )  # fmt: skip
    link.ask(CommissionersStub, request)
    show.note(t("ics.set", count=len(new), first=first, last=last))


def _horizon(since: str, until: str, term_end: str) -> calendars.Span:
    """From which day to which the calendar is looked at: today, to the end of the term or for two years."""
    first = date.fromisoformat(since) if since else datetime.now(SHANGHAI).date()
    last = date.fromisoformat(until or term_end) if until or term_end else first + USUAL
    if not until:
        last = min(last, first + LONGEST) if last >= first else first + USUAL
    if not first <= last <= first + LONGEST:
        raise Mistake(t("ics.horizon", first=first, last=last, days=LONGEST.days))
    return first, last


def _line(first: date, last: date) -> dict[str, Any]:
    return {"first_day": f"{first}", "last_day": f"{last}", "calendar_days": (last - first).days + 1}
