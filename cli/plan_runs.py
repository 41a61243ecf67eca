"""`liancai plan`: the jobs that work plans out, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.common.v1 import job_pb2
from liancai.placement.v1 import plans_pb2 as pb
from liancai.placement.v1.jobs_pb2_grpc import PlacementJobsStub
from liancai.placement.v1.plans_pb2_grpc import PlansStub

from cli import export, show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Mistake,
    OfCommissioner,
    Output,
    RequestId,
    argument,
    one_of,
    option,
    resource,
    whole,
)
from cli.plans import PlanName, app, number
from cli.progress import line
from cli.texts import t

__all__ = ["app"]  # others add to it
VISITS = (
    "request", "commissioner", "days", "travel_days", "priority_points", "continuity_points", "travel_points", "pinned",
)  # fmt: skip
JOBS = ("name", "state", "subject", "creator", "create_time", "end_time", "error")
ITEMS = ("place", "subject", "outcome", "code", "message")
CAUSES = "window|qualification|banned|agreement|calendar|limits|outweighed"
ENDED = (job_pb2.Job.SUCCEEDED, job_pb2.Job.FAILED, job_pb2.Job.CANCELLED)


def subject(word: str) -> str:
    """A plan or a job: "20261100001" is "plans/20261100001"."""
    return word if word.startswith("jobs/") else resource("plans")(word)


PlanOrJob = Annotated[str, argument("plan_or_job", metavar="PLAN|JOB", parser=subject)]
JobName = Annotated[str, argument("job", metavar="JOB", parser=resource("jobs"))]
Seconds = Annotated[float, option("solve_seconds", "--seconds", metavar="N", parser=number, show_default=False)]
Rounds = Annotated[int, option("solve_rounds", "--rounds", metavar="N", parser=whole, show_default=False)]
Steps = Annotated[int, option("solve_steps", "--steps", metavar="N", parser=whole, show_default=False)]
Gap = Annotated[float, option("solve_gap", "--gap", metavar="SHARE", parser=number, show_default=False)]
Seed = Annotated[int, option("solve_seed", "--seed", metavar="N", parser=whole, show_default=False)]
NoWait = Annotated[bool, option("no_wait", "--no-wait", show_default=False)]


@app.verb("solve")
def solve(
    ctx: typer.Context,
    name: PlanName,
    seconds: Seconds = 0.0,
    rounds: Rounds = 0,
    steps: Steps = 0,
    gap: Gap = 0.0,
    seed: Seed = 0,
    no_wait: NoWait = False,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Has a draft worked out, and waits for it."""
    limits = pb.SolveLimits(seconds=seconds, rounds=rounds, steps=steps, gap=gap, seed=seed)
    request = pb.SolvePlanRequest(name=name, limits=limits, etag=etag, request_id=request_id)
    follow(ctx, wire.of(ctx).ask(PlansStub, request).job, output, no_wait=no_wait)


@app.verb("watch")
def watch(ctx: typer.Context, name: PlanOrJob, output: Output = Format.table) -> None:
    """Waits for the job of a plan, and shows what came of it."""
    _wait(ctx, _job_of(ctx, name), output)


@app.verb("stop")
def stop(
    ctx: typer.Context, name: PlanOrJob, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Has the job of a plan stop; the best plan it has seen is stored."""
    request = job_pb2.CancelJobRequest(name=_job_of(ctx, name), etag=etag, request_id=request_id)
    show.one(wire.of(ctx).ask(PlacementJobsStub, request), output)


@app.verb("jobs")
def jobs(
    ctx: typer.Context,
    of: Annotated[str, option("of_plan", "--plan", metavar="PLAN", parser=resource("plans"), show_default=False)] = "",
    limit: Limit = 20,
    output: Output = Format.table,
) -> None:
    """Lists jobs, newest first."""
    request = job_pb2.ListJobsRequest(filter=job_pb2.ListJobsRequest.Filter(subject=of))
    show.rows(wire.of(ctx).pages(PlacementJobsStub, request, "jobs", limit), JOBS, output, limit)


@app.verb("broken")
def broken(ctx: typer.Context, name: JobName, limit: Limit = 100, output: Output = Format.table) -> None:
    """Lists the rules that a plan broke which a job did not store."""
    request = job_pb2.ListJobItemsRequest(name=name)
    show.rows(wire.of(ctx).pages(PlacementJobsStub, request, "items", limit), ITEMS, output, limit)


@app.verb("visits")
def visits(
    ctx: typer.Context,
    name: PlanName,
    commissioner: OfCommissioner = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Lists who goes where and when."""
    request = pb.ListPlanVisitsRequest(name=name, commissioner=commissioner)
    listed(ctx, PlansStub, request, "visits", VISITS, limit=limit, output=output, target=export, force=force)


@app.verb("unserved")
def unserved(
    ctx: typer.Context,
    name: PlanName,
    causes: Annotated[
        list[Any] | None, option("plan_cause", "--cause", metavar=CAUSES, parser=one_of(pb.PlanUnserved.Cause))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the requests that are not served, each with the reason."""
    request = pb.ListPlanUnservedRequest(name=name, causes=causes or [])
    columns = ("request", "cause")
    listed(ctx, PlansStub, request, "unserved", columns, limit=limit, output=output, target=export, force=force)


@app.verb("export")
def export_(
    ctx: typer.Context,
    name: PlanName,
    target: Annotated[Path, option("plan_target", "--output", "-o", metavar="FILE.json")],
    force: Force = False,
) -> None:
    """Writes all that a plan was worked out from, and what came of it."""
    export.check(target, force, ".json")
    link = wire.of(ctx)
    answers = link.stream(link.stub(PlansStub).ExportPlan, pb.ExportPlanRequest(name=name))
    with export.whole(target, force) as file:
        for answer in answers:
            file.write(answer.chunk)
    show.note(t("plan.written", path=target))


def _job_of(ctx: typer.Context, name: str) -> str:
    """The job itself, or the last one of a plan."""
    if name.startswith("jobs/"):
        return name
    plan = wire.of(ctx).ask(PlansStub, pb.GetPlanRequest(name=name))
    if not plan.job:
        raise Mistake(t("plan.no_job", plan=name), ctx=ctx)
    return str(plan.job)


def follow(ctx: typer.Context, job: str, output: Format, *, no_wait: bool) -> None:
    """Shows a job that was asked for, or waits for it and shows its plan."""
    if no_wait:
        show.one(wire.of(ctx).ask(PlacementJobsStub, job_pb2.GetJobRequest(name=job)), output)
    else:
        _wait(ctx, job, output)


def _wait(ctx: typer.Context, name: str, output: Format) -> None:
    """Shows how far a job is until it has ended, then the plan; a failed one is shown itself, with exit code 1."""
    link, last = wire.of(ctx), job_pb2.Job(name=name)
    with line() as told:
        while last.state not in ENDED:
            for answer in link.stream(link.stub(PlacementJobsStub).WatchJob, job_pb2.WatchJobRequest(name=name)):
                last = answer.job
                told(_how_far(last))
    if last.state == job_pb2.Job.FAILED:
        show.one(last, output)
        raise typer.Exit(1)
    show.one(link.ask(PlansStub, pb.GetPlanRequest(name=last.subject)), output)


def _how_far(job: job_pb2.Job) -> str:
    """A job in one line."""
    figures = job.progress.figures
    if "objective" not in figures:
        return t("plan.waiting", job=job.name)
    bound = f"{figures['bound']:,.0f}" if "bound" in figures else "-"
    gap = f"{100 * figures['gap']:.2f} %" if "bound" in figures else "-"
    return t(
        "plan.solving",
        objective=f"{figures['objective']:,.0f}",
        bound=bound,
        gap=gap,
        served=f"{figures['served']:.0f}",
        seconds=f"{figures['seconds']:.0f}",
    )
