"""`liancai case stats`: counts over cases, each with what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from liancai.talent.v1 import statistics_pb2 as pb
from liancai.talent.v1.statistics_pb2_grpc import StatisticsStub

from cli import show, wire
from cli.case_talk import app
from cli.grammar import Format, Mistake, Output, day, moment, option
from cli.texts import t

__all__ = ["app"]  # others add to it
stats = app.kinds("stats")
THROUGHPUT = ("matter", "matters_begun", "matters_ended", "matters_done", "steps_done")
PAIRS = ("from_unit", "to_unit", "count")
CUSTODY = ("division", "side", "cases", "days_a_case", "held_seconds", "given")
LATENESS = ("matter", "done", "with_statutory", "after_statutory", "with_promised", "after_promised")
PROGRESS = ("matter", "matters", "steps")

From = Annotated[str, option("stats_from", "--from", metavar="YYYY-MM-DD[ HH:MM]")]
To = Annotated[str, option("stats_to", "--to", metavar="YYYY-MM-DD[ HH:MM]")]


def span(first: str, last: str) -> pb.StatisticsSpan:
    """A span of dates, both included; or of instants, the last of them not included."""
    if len(first) == len(last) == 10:
        return pb.StatisticsSpan(from_date=day(first), to_date=day(last))
    if 10 in (len(first), len(last)):
        raise Mistake(t("usage.stats_span"))
    return pb.StatisticsSpan(from_time=moment(first), to_time=moment(last))


def _print(ctx: typer.Context, request: Any, field: str, columns: Sequence[str], output: Format) -> None:
    """What was counted: a table below what it counts, or a line of CSV for each group."""
    found = wire.of(ctx).ask(StatisticsStub, request)
    groups = show.rows_in(found, field)
    if output is Format.csv:
        show.rows(groups, columns, output)
        show.note(found.definition)
    elif output is Format.table:
        found.ClearField(field)
        show.one(found, output)
        show.rows(groups, columns, output)
    else:
        show.one(found, output)


@stats.verb("throughput")
def throughput(ctx: typer.Context, first: From, last: To, output: Output = Format.table) -> None:
    """What was opened and finished."""
    _print(ctx, pb.GetThroughputRequest(span=span(first, last)), "groups", THROUGHPUT, output)


@stats.verb("hand-overs")
def hand_overs(ctx: typer.Context, first: From, last: To, output: Output = Format.table) -> None:
    """How work went from unit to unit."""
    _print(ctx, pb.GetHandOversRequest(span=span(first, last)), "pairs", PAIRS, output)


@stats.verb("custody")
def custody(ctx: typer.Context, first: From, last: To, output: Output = Format.table) -> None:
    """Which side held cases for how long."""
    _print(ctx, pb.GetCustodyRequest(span=span(first, last)), "groups", CUSTODY, output)


@stats.verb("lateness")
def lateness(ctx: typer.Context, first: From, last: To, output: Output = Format.table) -> None:
    """What was done in time, and what late."""
    _print(ctx, pb.GetLatenessRequest(span=span(first, last)), "groups", LATENESS, output)


@stats.verb("progress")
def progress(
    ctx: typer.Context,
    at: Annotated[str, option("stats_at", "--at", metavar="YYYY-MM-DD[ HH:MM]")],
    output: Output = Format.table,
) -> None:
    """What was being worked on."""
    dated = len(at) == 10
    request = pb.GetWorkInProgressRequest(date=day(at) if dated else "", time=None if dated else moment(at))
    _print(ctx, request, "groups", PROGRESS, output)
