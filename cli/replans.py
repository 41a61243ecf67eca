"""`liancai plan`, continued: published plans planned again, and plans drawn up by hand made better."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.placement.v1 import plans_pb2
from liancai.placement.v1 import replanning_pb2 as pb
from liancai.placement.v1.replanning_pb2_grpc import ReplanningStub

from cli import drawn, show, wire
from cli.grammar import Etag, Format, Limit, Mistake, Output, RequestId, one_of, option, resource, whole
from cli.plan_reasons import Drawn, app
from cli.plan_runs import NoWait, Rounds, Seconds, Seed, Steps, follow
from cli.plans import PlanName
from cli.texts import t

__all__ = ["app"]  # others add to it
PROMISES = (
    "request", "fate", "hit", "freed", "accepted", "weight", "commissioner", "days", "new_commissioner", "new_days",
    "price",
)  # fmt: skip
FATES = "kept|moved|shifted|dropped"


def share(word: str | float) -> float:
    """A share such as 0.95."""
    try:
        if 0 < (value := float(word)) <= 1:
            return value
    except ValueError:
        pass
    raise Mistake(t("usage.share", word=word))


def _limits(seconds: float, rounds: int, steps: int, seed: int) -> plans_pb2.SolveLimits:
    return plans_pb2.SolveLimits(seconds=seconds, rounds=rounds, steps=steps, seed=seed)


@app.verb("replan")
def replan(
    ctx: typer.Context,
    name: PlanName,
    title: Annotated[str, option("plan_title", "--title", metavar="TEXT")],
    freed: Annotated[
        list[str] | None, option("freed", "--free", metavar="REQUEST", parser=resource("requests"))
    ] = None,
    budget: Annotated[int, option("change_budget", "--budget", metavar="N", parser=whole)] = 0,
    prices: Annotated[int, option("promise_prices", "--prices", metavar="N", parser=whole)] = 0,
    seconds: Seconds = 0.0,
    rounds: Rounds = 0,
    steps: Steps = 0,
    seed: Seed = 0,
    etag: Etag = "",
    *,
    no_wait: NoWait = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Plans a published plan again after something has happened: fewest changed promises first."""
    request = pb.ReplanPlanRequest(
        name=name, title=title, freed=freed or [], budget=budget, prices=prices,
        limits=_limits(seconds, rounds, steps, seed), etag=etag, request_id=request_id,
    )  # fmt: skip
    follow(ctx, wire.of(ctx).ask(ReplanningStub, request).job, output, no_wait=no_wait)


@app.verb("improve")
def improve(
    ctx: typer.Context,
    name: PlanName,
    file: Drawn,
    keep: Annotated[float, option("keep_share", "--keep", metavar="SHARE", parser=share)] = 0.95,
    seconds: Seconds = 0.0,
    rounds: Rounds = 0,
    steps: Steps = 0,
    seed: Seed = 0,
    etag: Etag = "",
    *,
    no_wait: NoWait = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Makes visits drawn up by hand better, with at least a share of them kept."""
    request = pb.ImproveVisitsRequest(
        name=name, visits=drawn.read(file), keep=keep, limits=_limits(seconds, rounds, steps, seed), etag=etag,
        request_id=request_id,
    )  # fmt: skip
    follow(ctx, wire.of(ctx).ask(ReplanningStub, request).job, output, no_wait=no_wait)


@app.verb("steps")
def steps_(ctx: typer.Context, name: PlanName, output: Output = Format.table) -> None:
    """Shows what a re-plan did, and step by step how changes paid."""
    show.one(wire.of(ctx).ask(ReplanningStub, pb.GetReplanRequest(name=name)), output)


@app.verb("promises")
def promises(
    ctx: typer.Context,
    name: PlanName,
    fates: Annotated[
        list[Any] | None, option("promise_fate", "--fate", metavar=FATES, parser=one_of(pb.ReplanPromise.Fate))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists the promises of a re-plan with what became of each."""
    request = pb.ListReplanPromisesRequest(name=name, fates=fates or [])
    show.rows(wire.of(ctx).pages(ReplanningStub, request, "promises", limit), PROMISES, output, limit)
