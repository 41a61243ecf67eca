"""`liancai calendar`, `id`, `occupation`, `unit`: the civic vocabulary, looked up."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.reference.v1 import reference_pb2 as pb
from liancai.reference.v1.reference_pb2_grpc import ReferenceStub

from cli import show, wire
from cli.grammar import Format, InDivision, Noun, Output, argument, day, option, typed_or_read, whole

calendar = Noun("calendar")
identity = Noun("id")
occupation = Noun("occupation")
unit = Noun("unit")


def _ask(ctx: typer.Context, request: Any) -> Any:
    """One question to the reference service."""
    return wire.of(ctx).ask(ReferenceStub, request)


# a negative number of days begins like an option
@calendar.verb("add", context_settings={"ignore_unknown_options": True})
def add(
    ctx: typer.Context,
    date: Annotated[str, argument("from_day", metavar="YYYY-MM-DD", parser=day)],
    days: Annotated[int, argument("days", metavar="DAYS", parser=whole)],
    output: Output = Format.table,
) -> None:
    """Adds working days to a date."""
    show.one(_ask(ctx, pb.AddWorkdaysRequest(date=date, days=days)), output)


@calendar.verb("count")
def count(
    ctx: typer.Context,
    start: Annotated[str, argument("from_day", metavar="START", parser=day)],
    end: Annotated[str, argument("to_day", metavar="END", parser=day)],
    output: Output = Format.table,
) -> None:
    """Counts the working days after a date, up to another."""
    show.one(_ask(ctx, pb.CountWorkdaysRequest(start_date=start, end_date=end)), output)


@calendar.verb("list")
def days(
    ctx: typer.Context,
    start: Annotated[str, argument("from_day", metavar="START", parser=day)],
    end: Annotated[str, argument("to_day", metavar="END", parser=day)],
    output: Output = Format.table,
) -> None:
    """Lists the days from one date to another with what each is."""
    answer = _ask(ctx, pb.ListDaysRequest(start_date=start, end_date=end))
    show.rows(answer.days, ("date", "workday", "kind", "holiday"), output)


@identity.verb("check")
def check(
    ctx: typer.Context,
    number: Annotated[str, argument("resident_id", metavar="NUMBER|-")],
    output: Output = Format.table,
) -> None:
    """Checks a resident identity number."""
    show.one(_ask(ctx, pb.CheckResidentIdRequest(resident_id=typed_or_read(number))), output)


@identity.verb("credit-code")
def credit_code(
    ctx: typer.Context,
    code: Annotated[str, argument("credit_code", metavar="CODE")],
    output: Output = Format.table,
) -> None:
    """Checks a unified social credit code."""
    show.one(_ask(ctx, pb.CheckCreditCodeRequest(credit_code=code)), output)


@occupation.verb("search")
def search(
    ctx: typer.Context,
    text: Annotated[str, argument("occupation_text", metavar="TEXT")],
    limit: Annotated[int, option("limit_100", "--limit", metavar="N", parser=whole)] = 20,
    output: Output = Format.table,
) -> None:
    """Finds occupations by code or name."""
    found = _ask(ctx, pb.SearchOccupationsRequest(text=text, page_size=limit)).occupations
    show.rows(found, ("code", "name", "level", "green", "digital"), output, limit)


@unit.verb("list")
def list_(
    ctx: typer.Context,
    division: InDivision = "",
    output: Output = Format.table,
) -> None:
    """Lists the responsible and assisting units."""
    found = _ask(ctx, pb.ListUnitsRequest(division=division)).units
    show.rows(found, ("id", "name", "division", "named_in_plan", "confidence"), output)
